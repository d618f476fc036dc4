// How long a doer may go on: its lease, by the clock that nobody sets, from the moment before it was asked for. A gap in it is for ever: who slept over the
// end of a lease begins nothing with the next one, and sends nothing more of what it was in the middle of (C-7). Looking at the clock
// finds that out, never a timer that was frozen with everything else.
import { heldSince, LEAST_LEFT, leftOf } from '../../core/authority/lease.ts'
import type { Now, Span, Stamp } from '../../core/time.ts'

export interface Tenure {
  /** Whether it has a lease now, and had one ever since the first. */
  isUnbroken(): boolean
  /** Whether a deed may be begun: with enough left of an unbroken lease. */
  mayBegin(): boolean
  /** `asked`: the moment before the question. */
  extend(asked: Now, span: Span): void
  /** Whether it has a lease now. */
  holds(): boolean
  /** When the one that it has now ends. */
  until(): Stamp
}

/** From its first lease on. */
export function tenureFrom(now: () => Now, asked: Now, span: Span): Tenure {
  let until: Stamp = heldSince(asked, { term: 0, for: span }).until
  let broken = false
  const isUnbroken = (): boolean => {
    broken ||= leftOf(until, now()) === 0
    return !broken
  }
  return {
    isUnbroken,
    mayBegin: () => isUnbroken() && leftOf(until, now()) >= LEAST_LEFT,
    extend(since, more) {
      isUnbroken()
      until = heldSince(since, { term: 0, for: more }).until
    },
    holds: () => leftOf(until, now()) > 0,
    until: () => until,
  }
}
