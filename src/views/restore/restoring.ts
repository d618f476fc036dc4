// The words between a command that restores and what does the work for it, on the machine and with the credentials of whoever calls: a whole copy into
// something new, damaged units beside what lives, and the swap that two people agreed on.
import type { Instant } from '../../core/time.ts'
import type { Assertion } from '../../ports/backup.ts'
import type { DamagedUnit } from '../../ports/backup/live.ts'
import type { StorePlace } from '../../rooms/guard/config.ts'
import type { RestoreReport } from '../../rooms/guard/restore/report.ts'
import type { Progress } from '../../rooms/guard/scan/pace.ts'
import type { Swap } from '../../rooms/guard/restore/swap.ts'
import type { RestoreBegunAnswer } from './restores.ts'

/** Where it leads. `says` is for people, without a credential. */
export type Target = { readonly is: 'folder'; readonly folder: string } | { readonly is: 'database'; readonly url: string; readonly says: string }

export interface Restoring {
  readonly begun: RestoreBegunAnswer
  readonly store: StorePlace
  /** Where the configuration lies. */
  readonly home: string
  /** The data are a lab's: no public address is reached. */
  readonly lab: boolean
  readonly password?: string | undefined
  /** Where it works, when it does not lead into a folder. */
  readonly scratch: string
  /** Somebody said that a dump may be run with the rights of a superuser; where nobody did it is refused. */
  readonly asSuperuser?: boolean
  readonly say: (text: string) => void
  /** How much of the copy has come. */
  readonly progress?: (it: Progress) => void
  readonly signal: AbortSignal
}

export interface WholeWants extends Restoring {
  readonly to: Target
  /** Of copies of a whole server, as the configuration says it: where its log lies in the same store, which database is asked, and what. */
  readonly server?: { readonly wal?: string; readonly database?: string; readonly assert: readonly Assertion[] }
  /** Of copies of files: these alone, and folders with all that is in them, by their whole names in the copy. */
  readonly paths?: readonly string[] | undefined
  /** Its state as of then, where there is a log. */
  readonly until?: Instant | undefined
}

export interface DamagedWants extends Restoring {
  /** What lives there, and is damaged. */
  readonly at: Target
  readonly units: readonly DamagedUnit[]
  /** Of files: under which name the folder stands in the copy; found out where it is not said. */
  readonly below?: string | undefined
  /** Of files: what a scan compares with, where there is one. */
  readonly manifest?: string | undefined
}

/** What was restored beside, and how it would be put in place; nothing that lives was touched. */
export interface BesideReport {
  readonly report: RestoreReport
  readonly swap?: Swap
  /** What is not restored, and what to do about it. */
  readonly others: readonly string[]
}

export interface SwapWants {
  readonly swap: Swap
  readonly engine: string
  readonly at: Target
  readonly scratch: string
  readonly signal: AbortSignal
}

export interface SwapReport {
  readonly verdict: RestoreReport['verdict']
  readonly says: string
  readonly swapped: readonly string[]
  readonly engine_said: string
}

export interface RestoreTools {
  /** Why nothing can be restored into that folder. */
  whyNotInto(folder: string): Promise<string | undefined>
  whole(wants: WholeWants): Promise<RestoreReport>
  beside(wants: DamagedWants): Promise<BesideReport>
  swap(wants: SwapWants): Promise<SwapReport>
}
