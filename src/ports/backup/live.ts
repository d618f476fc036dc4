// A database server that lives, reached with the credentials of whoever restores: a whole copy goes into a database that did not exist, a damaged table
// is restored beside the living one, looked over, and put in its place by renames. Nothing is dropped, nothing that exists is written over, and what a
// rename would break is refused in words before anything is made.
import type { Found } from '../../core/evidence.ts'
import type { CopyGiven, Step } from './copy.ts'

export interface Checked {
  readonly text: string
  readonly found: Found['is']
  readonly says?: string
}

/** Which server and which database, by its own word. */
export interface LivePlace {
  /** The same for the same database alone. */
  readonly id: string
  /** For people, without a credential. */
  readonly says: string
}

/** What is damaged: a table by its name, or files of the server's own by their paths below its data folder. */
export type DamagedUnit = { readonly is: 'table'; readonly name: string } | { readonly is: 'file'; readonly path: string }

/** What to do with a damaged file: its table is restored, or there is a better cure, or none here. */
export type Meant = { readonly is: 'table'; readonly name: string } | { readonly is: 'other'; readonly says: string }

/** What was there in the damaged one and is not in the restored one, as far as it can be read. */
export interface TableLoss {
  /** `none`: nothing of the damaged table could be read. */
  readonly readable: 'all' | 'part' | 'none'
  readonly rows: number | null
  readonly unread: string
  /** Rows whose primary key was read and is not in the restored one; null where there is none to tell by. */
  readonly missing: number | null
  readonly keys: readonly string[]
  /** The newest time in any column that holds one. */
  readonly newest: { readonly damaged: string | null; readonly restored: string | null }
}

/** A table as it was restored beside. */
export interface Beside {
  readonly name: string
  readonly side: string
  readonly aside: string
  readonly was: string
  readonly digest: string
  readonly rows: number
  readonly checks: readonly Checked[]
  readonly lost: TableLoss
}

/** By whose rights everything is done there. */
export interface Rights {
  /** Whoever the address names. */
  readonly who: string
  /** What it may do beyond its databases, each as what follows the name in a sentence; empty: nothing that is known of. */
  readonly beyond: readonly string[]
}

export interface Live {
  /** Asks the server; throws a `Fault` where it does not say. `into`: a database that is to be made, or the one that lives. */
  rights(into: 'new' | 'living'): Promise<Rights>
  identify(): Promise<LivePlace>
  /** Restores all of it into a new database, under a name of its own at first. A fault or a refusal leaves that, and says so. */
  whole(copy: CopyGiven): Promise<Step>
  /** Of what `whole` made: rows against the manifest, and that all can be read. */
  checks(copy: CopyGiven): Promise<readonly Checked[]>
  /** Under which name it lies meanwhile. */
  beside(): string
  /** Gives it the name that was asked for; refused where that is taken by now. */
  name(): Promise<Step>
  /** What is meant by damaged files of the server. */
  meant(units: readonly DamagedUnit[]): Promise<readonly Meant[]>
  /** Restores one table beside the living one. `stamp` names where the damaged one will stay. A refusal is a fail, and nothing was made. */
  table(name: string, copy: CopyGiven, stamp: string): Promise<Beside | (Step & { readonly is: 'fail' | 'unknown' })>
  /** Puts it in place: all of them or none, as far as the engine can. Refused where what lives, or what was restored, is not what it was. */
  swap(units: readonly Pick<Beside, 'name' | 'side' | 'aside' | 'was' | 'digest'>[]): Promise<Step>
}
