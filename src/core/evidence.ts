// Evidence: what was seen, by whom, when, and for how long it is worth something. Three values: pass, fail, unknown.
// Silence, staleness and a broken probe are unknown. Freshness is derived when read, never stored: an old "pass" is not
// a pass, and a negative age (a clock that went back, another boot) is unknown too.
import { isWithin, type Instant, type Now, type Span, type Stamp } from './time.ts'

/** A finding. `says` is one sentence for people. */
export type Found =
  | { readonly is: 'pass'; readonly says?: string }
  | { readonly is: 'fail'; readonly says: string }
  | { readonly is: 'unknown'; readonly says: string }

export type Value = Found['is']

/** One look at one subject. `seen` is the monotonic time at which the look *began*; `at` the same on the wall clock. */
export interface Observation {
  readonly subject: string
  readonly observer: string
  readonly at: Instant
  readonly seen: Stamp
  readonly goodFor: Span
  readonly found: Found
}

/** What an observation is worth now. */
export function read(seen: Observation | undefined, now: Now): Found {
  if (!seen) return { is: 'unknown', says: 'not observed yet' }
  if (!isWithin(seen.seen, now, seen.goodFor)) return { is: 'unknown', says: 'observation is too old' }
  return seen.found
}

/** At least `n` of the findings pass, and only if no completion of the unknowns could say otherwise. */
export function atLeast(n: number, findings: readonly Found[]): Value {
  const passes = findings.filter((f) => f.is === 'pass').length
  const open = findings.filter((f) => f.is === 'unknown').length
  if (passes >= n) return 'pass'
  return passes + open < n ? 'fail' : 'unknown'
}
