// What a drill says when it is over: to programs (`holdfast.drill/1`), to the ledger, and to whoever signs for it. It is plain data, and all of it
// was observed: a figure that was not taken is not in it.
import type { Instant } from '../../../core/time.ts'
import type { Held } from '../../../ports/backup.ts'
import type { Asserted, Phase, Verdict } from './ladder.ts'

export interface DrillReport {
  readonly schema: 'holdfast.drill/1'
  readonly set: string
  readonly store: string
  /** Its key in the store. */
  readonly copy: string
  readonly engine: string
  /** When the copy was made, and when the drill began. */
  readonly copy_at: Instant
  readonly at: Instant
  readonly verdict: Verdict
  /** The highest rung proven, 0 to 8: docs/use/drills.md. */
  readonly rung: number
  /** Unknown, and so it stays until a person changes what `says` says (another version is needed, a package): each later drill would say the same. */
  readonly refused?: true
  /** What failed or could not be known, in a sentence; empty when all is well. */
  readonly says: string
  readonly phases: readonly Phase[]
  readonly asserts: readonly Asserted[]
  /** The engine's own words, where it had any. */
  readonly engine_said: string
  /** Nothing of it is left: no process, no file. */
  readonly torn_down: boolean
  /** Of the copy, as it was read. */
  readonly bytes: number
  readonly etag: string
  readonly sha256: string
  /** Of a repository: when what the copy holds is of, by its own word, and of what it is. */
  readonly held?: Held
  /** What was done to it, so that the drill had to fail: then nothing is said of any copy. */
  readonly planted?: string
  /** With which credentials its store was read; absent: with those that read it always. */
  readonly credentials?: 'break-glass'
  /** Of a bucket that is itself the copy: how much of it was drawn, by which seed, and what is wrong of it, or failed before and is not right yet: so many by name, and how many `more`. */
  readonly sample?: { readonly objects: number; readonly bytes: number; readonly of: { readonly objects: number; readonly bytes: number }; readonly seed: string; readonly wrong: readonly string[]; readonly more?: number }
  /** Of the signed report, once it was taken in. */
  readonly report_id?: string
}
