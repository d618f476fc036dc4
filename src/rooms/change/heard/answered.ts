// What is known of one thing that somebody asked about, and what it rests on.
import type { Found } from '../../../core/evidence.ts'
import type { Instant, Stamp } from '../../../core/time.ts'
import type { Report } from '../sight.ts'

/** What an answer rests on. `at`: null where it was never looked at. */
export interface Witness {
  readonly subject: string
  readonly observer: string
  readonly at: Instant | null
  readonly says: string
}

export interface Answered {
  readonly found: Found['is']
  readonly evidence: readonly Witness[]
  /** When the oldest of the looks that it rests on began; absent where nobody looked for it, or where it is of this very moment. */
  readonly from?: Stamp
  /** Of what reports by itself: when it did so last. */
  readonly reported?: Stamp
}

/** `from`: when the look began, `at` in the clock of the site. */
export interface Said {
  readonly report: Report
  readonly from: Stamp
  readonly at: Instant
}
