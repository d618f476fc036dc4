// Which acts come next, a few at a time, and when to stop in the middle. What brings back goes first and is not counted; what destroys waits for
// whatever is in doubt, goes in the order of the plan, and ends at the first sign that the world is not what the plan says: a store that did something
// else, objects that changed in a burst, more failures than one in a hundred (guard's breaker, and G-5).
import { LIMITS } from '../reconcile/breaker.ts'
import type { Act } from './life.ts'

/** So many are handed out at once: what is judged right before is done right after. */
export const BATCH = 10

/** What came of the acts of one plan so far. */
export interface Tally {
  readonly tried: number
  readonly done: number
  /** Refused by the store for its own reasons, or not known. */
  readonly failed: number
  /** What had changed since it was judged. */
  readonly changed: number
  readonly lost: number
}

export const NOTHING_YET: Tally = { tried: 0, done: 0, failed: 0, changed: 0, lost: 0 }

export type Ended = 'done' | 'changed' | 'absent' | 'locked' | 'unable' | 'unknown' | 'lost'

/** One more act that ended. A lock that held is a success of safety, and no failure (G-15). */
export const counted = (tally: Tally, ended: Ended): Tally => ({
  tried: tally.tried + 1, done: tally.done + (ended === 'done' ? 1 : 0), failed: tally.failed + (ended === 'unable' || ended === 'unknown' ? 1 : 0),
  changed: tally.changed + (ended === 'changed' || ended === 'absent' ? 1 : 0), lost: tally.lost + (ended === 'lost' ? 1 : 0),
})

/** A few failures are an accident, whatever their share. */
const FEW_FAILURES = 2

/** Why nothing more of this plan may be done; `undefined` while all is well. */
export function whyHalt({ tried, failed, changed, lost }: Tally): string | undefined {
  if (lost > 0) return 'the store did something else than was asked'
  if (changed >= LIMITS.preconditions) return `${changed} objects had changed since they were judged`
  if (failed > FEW_FAILURES && failed > LIMITS.errorShare * tried) return `${failed} of ${tried} acts failed`
  return undefined
}

/** What is left to choose from. */
export interface Left<T> {
  readonly act: Act
  readonly it: T
}

/** The next few: first all that brings back; then, when nothing is in doubt and the day's share is not used up, what destroys. */
export function next<T>(left: readonly Left<T>[], { doubts, tally, room }: { readonly doubts: number; readonly tally: Tally; readonly room: number }): readonly Left<T>[] {
  const back = left.filter(({ act }) => act === 'release').slice(0, BATCH)
  if (back.length > 0) return back
  if (doubts > 0 || whyHalt(tally) !== undefined) return []
  return left.slice(0, Math.max(0, Math.min(BATCH, room, LIMITS.actsPerRun - tally.tried)))
}
