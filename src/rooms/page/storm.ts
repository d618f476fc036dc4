// Storms: the one rule that keeper and ringer follow. Per person and channel five different incidents a minute are told one by one,
// and one that was told so within the minute goes on being told so; what comes beyond is gathered, and goes out together: first
// after 2 s, then at most every 10 s. What waits goes first: nothing of an incident overtakes what was gathered of it, and no further
// incident goes by itself beside what waits. Ages are monotonic: a wall clock that is set holds nothing back.
import { ageOf, ms, seconds, type Now, type Span, type Stamp } from '../../core/time.ts'

/** Incidents a minute that one person is told of one by one by one channel. */
export const MOST_SINGLES = 5
export const SINGLES_WITHIN: Span = seconds(60)
const FIRST_DIGEST_AFTER: Span = seconds(2)
const BETWEEN_DIGESTS: Span = seconds(10)

/** What is remembered of one person and channel. */
export interface Line {
  /** Incidents that were told by themselves, and when last. */
  readonly singles: Pick<ReadonlyMap<string, Stamp>, 'get' | 'values'>
  /** Incidents of which something is gathered. */
  readonly gathered: { readonly has: (incident: string) => boolean; readonly size: number }
}

/** Of another boot's ticks nobody knows the age: forgotten. */
export const isWithin = (stamp: Stamp, span: Span, now: Now): boolean => {
  const age = ageOf(stamp, now)
  return age !== undefined && age < span
}

/** Whether what comes of this incident goes out by itself. */
export function goesAlone({ singles, gathered }: Line, incident: string, now: Now): boolean {
  const last = singles.get(incident)
  if (last && isWithin(last, SINGLES_WITHIN, now)) return !gathered.has(incident)
  if (gathered.size > 0) return false
  let lately = 0
  for (const stamp of singles.values()) if (isWithin(stamp, SINGLES_WITHIN, now)) lately++
  return lately < MOST_SINGLES
}

/** How long the first of those gathered waits; `last` is when the last digest went out. */
export function digestAfter(last: Stamp | undefined, now: Now): Span {
  const age = last && ageOf(last, now)
  return age === undefined ? FIRST_DIGEST_AFTER : ms(Math.max(FIRST_DIGEST_AFTER, BETWEEN_DIGESTS - age))
}

/** How long a digest is to be remembered. */
export const DIGEST_KNOWN_FOR: Span = BETWEEN_DIGESTS
