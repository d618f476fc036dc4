// What a restore says when it is over: to people, to programs (`holdfast.restore/1`) and, in short, to the ledger. Every figure in it was taken.
import type { Instant } from '../../../core/time.ts'
import type { RestorePhase } from './restores.ts'
import type { RestoreVerdict } from './rows.ts'

export interface RestoreReport {
  readonly schema: 'holdfast.restore/1'
  readonly restore: string
  readonly set: string
  readonly store: string
  readonly copy: string
  readonly copy_at: Instant
  /** Whether the copy was verified before. */
  readonly verified: boolean
  readonly to: string
  readonly verdict: RestoreVerdict
  readonly says: string
  readonly phases: readonly RestorePhase[]
  /** What was checked of what came of it. */
  readonly checks: readonly { readonly text: string; readonly found: 'pass' | 'fail' | 'unknown'; readonly says?: string }[]
  readonly engine_said: string
  /** Of a whole server: of when its newest state is, and what a person does next. */
  readonly held?: { readonly at: Instant; readonly of: string }
  readonly next?: readonly string[]
  readonly bytes: number
  readonly sha256: string
}
