// A set of backups: what makes its copies, in which stores they lie and by which names, how often a new one is due, and what is asked of them.
// Plain data without a secret, read from the configuration.
import type { Span } from '../../../core/time.ts'
import type { Assertion } from '../../../ports/backup.ts'
import type { Application, HttpAsk } from '../drills/application.ts'
import type { Pattern } from './pattern.ts'

/** Where copies of a set lie: a store by its name, and what they are called there. */
export interface Lies {
  readonly store: string
  /** Where a person says that this store stands. */
  readonly offsite?: boolean
  readonly domain?: string
  /** The configuration gives no credential that could take anything away there. */
  readonly readOnly?: true
  /** Why nothing is ever removed for good in this store. */
  readonly neverRemoves?: string
  readonly pattern: Pattern
  /** Of a repository: everything below this belongs to all of its copies together. */
  readonly repository?: string
  /** Of a bucket that is itself the copy: what its objects begin with; empty for all of it. */
  readonly objects?: string
  /** Of base backups: where in this store the log behind them is archived, with a slash at its end. */
  readonly wal?: string
}

export type { Assertion }

export interface Keep {
  readonly last?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
  readonly within?: Span
}

export interface BackupSet {
  readonly name: string
  readonly engine: string
  /** What it is a copy of: the name of a check, where one is called so. */
  readonly of?: string
  /** Of copies of a whole server: which of its databases is asked. */
  readonly database?: string
  readonly in: readonly Lies[]
  /** A newer copy is due after so long. */
  readonly every: Span
  /** And is late after so much more. */
  readonly grace: Span
  readonly escalate: string
  readonly keep?: Keep
  /** What must remain before one may go by `keep`, and in whose calendar it counts. */
  readonly retention?: { readonly zone: string; readonly keepVerified: number; readonly locations: number; readonly verifiedWithin: Span }
  /** `within`: so long one may take. `atMost`: bytes of a repository that it fetches. `from`: the store that is read with what lies behind glass. */
  readonly drill?: { readonly every: Span; readonly within?: Span; readonly assert: readonly Assertion[]; readonly atMost?: number; readonly application?: Application; readonly http?: readonly HttpAsk[]; readonly from?: string }
  /** So long a restore of today's size may take. */
  readonly rto?: Span
  /** Every byte is read within so long. */
  readonly verify?: { readonly allWithin: Span }
  /** `holdfast.yaml:12`. */
  readonly from: string
}

/** A copy that is a folder is named by the file in it that is written last. */
export const IN_FOLDER = /(?:^|\/)(?:backup_manifest|xtrabackup_info|mariadb_backup_info)$/

/** How often its listings are taken: often enough to see a copy that is late, and never all the time. Where millions of objects may lie, more seldom. */
export const lookEvery = ({ every, in: lies }: Pick<BackupSet, 'every' | 'in'>): Span => Math.min(lies.some(({ objects }) => objects !== undefined) ? 21_600_000 : 900_000, Math.max(60_000, Math.floor(every / 12))) as Span
