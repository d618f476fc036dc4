// How planned work stands at a moment. Whether it began and ended is what somebody said, and never what the clock says: work whose time has come and that
// nobody began has not begun. An old board cannot say which of both it is, and says that it is not known (T-1).
import type { Instant } from '../../../core/time.ts'
import type { Maintenance } from '../board.ts'

export type Standing =
  | 'upcoming'
  /** Its time has come, and it has not begun. */
  | 'not-begun'
  /** Its time is over, and it never began. */
  | 'missed'
  | 'active'
  /** It goes on, and its time is over. */
  | 'overdue'
  | 'completed'
  /** It had begun, and somebody ended it before it was done. */
  | 'ended_early'
  | 'cancelled' | 'unknown'

/** `stale`: the board is so old that nothing is known any more. */
export function standingOf({ state, from, until }: Pick<Maintenance, 'state' | 'from' | 'until'>, now: Instant, stale: boolean): Standing {
  if (state === 'completed' || state === 'ended_early' || state === 'cancelled') return state
  if (stale && (state === 'in_progress' || now >= from)) return 'unknown'
  if (state === 'in_progress') return now < until ? 'active' : 'overdue'
  return now < from ? 'upcoming' : now < until ? 'not-begun' : 'missed'
}

export const isPlanned = ({ state }: Pick<Maintenance, 'state'>): boolean => state === 'scheduled' || state === 'in_progress'
