// How long one drill may take. A restore need not fail to be of no use: it may also never end, by a lock, a loop, a statement that waits; and whoever drills
// has few places. What drills of the set have taken says what is long, else the size of the copy does; a person may say otherwise. One that is given up proves
// nothing, and nothing against the copy: its verdict is unknown. Pure.
import { hours, minutes, ms, type Span } from '../../../core/time.ts'
import type { Rto } from '../sets/score.ts'

/** No drill takes longer, whatever history says. */
export const LONGEST_DRILL: Span = hours(12)
const SHORTEST: Span = minutes(30)
/** So many times as long as the slowest of the last drills, stretched to today's size. */
const TIMES = 4
/** Where none was timed: as slow as a restore over a poor line, in bytes per millisecond (2 MiB/s). */
const SLOW = (2 * 1024 * 1024) / 1000

export interface LimitWants {
  /** What a person wrote. */
  readonly configured?: Span | undefined
  /** What the drills of the set took. */
  readonly rto: Rto
  /** How large the copy is; absent where a listing does not say how much is fetched: of repositories, whole servers with their log, and buckets. */
  readonly bytes?: number | undefined
}

/** At least half an hour, at most twelve; what is configured stands as it is. */
export function limitOf({ configured, rto, bytes }: LimitWants): Span {
  if (configured !== undefined) return configured
  const expected = rto.is === 'known' ? rto.whole.p95 * TIMES : bytes === undefined ? LONGEST_DRILL : SHORTEST + bytes / SLOW
  return ms(Math.ceil(Math.min(LONGEST_DRILL, Math.max(SHORTEST, expected))))
}
