// What a reconcile run is given by the keeper, and what it gives back. All that former runs left behind comes with the task: the run itself has no
// memory but files whose hashes the keeper holds. Plain data, so that it can be written down; what is per key stays in the files.
import type { Due, Instant, Span } from '../../../core/time.ts'
import type { Breaker, Ladder } from './breaker.ts'
import type { Moment } from './margins.ts'
import type { Item, Plan } from './plan.ts'
import type { Accepted, Arming, CatalogueIdentity, Former, Ran, Way } from './readings.ts'
import type { Given, Page } from './run.ts'
import type { Recalled } from './sandwich.ts'

/** One `reconcile:` of the configuration, without any secret. */
export interface ReconcileConfig {
  readonly name: string
  readonly store: string
  readonly prefix: string
  readonly catalogue: string
  readonly rows: string
  readonly intents?: string
  readonly lockColumn: string
  readonly sentinels: { readonly plant: readonly string[]; readonly remove: readonly string[] }
  readonly every: Span
  readonly copiesIn?: string
  /** Why nothing is ever removed for good in its store. */
  readonly neverRemoves?: string
  readonly least: number
  /** How long the database's own backups go back, as declared; and how old the oldest is that is known. */
  readonly retention: Span
  readonly escalate: string
  /** `holdfast.yaml:12`. */
  readonly from: string
  /** The check that watches the catalogue's database. */
  readonly of?: string
  /** All checks that look at this very database: a set of backups of any of them holds copies of the catalogue. */
  readonly watchedBy?: readonly string[]
}

/** A file that a run has left behind, and by what it is known again. */
export interface Kept {
  readonly file: string
  readonly sha256: string
  readonly count: number
  readonly bytes: number
}

/** As `Former`, with the position as a text. */
export type FormerWritten = Omit<Former, 'position'> & { readonly position: string }

/** What was done and said of one key since the run that wrote the memory; stands above it. */
export interface Since {
  readonly key: string
  readonly recalled: Partial<Recalled>
  /** A person has unlocked this key. */
  readonly unlocked?: true
}

/** How far the copy in the other place was held against what lies aside, byte by byte. */
export interface CopyRead {
  /** Bytes, in hex. */
  readonly key: string
  /** Of what lies aside. */
  readonly version: string
  readonly etag: string
  /** The copy that was read; `version` is empty where its store keeps none. */
  readonly of: { readonly etag: string; readonly version: string; readonly bytes: number }
  /** So many bytes were the same. */
  readonly read: number
  /** When the first of them was read. */
  readonly since: Moment
  readonly found: 'going' | 'same' | 'differs'
}

/** All that the keeper knows when a run begins. */
export interface Knows {
  readonly number: number
  readonly runs: readonly Ran[]
  readonly former: FormerWritten | 'none'
  readonly columns: Kept | 'none'
  readonly memory: Kept | 'none'
  readonly newest: Kept | 'none'
  /** What was read of second copies; absent: nothing. */
  readonly copies?: Kept
  readonly since: readonly Since[]
  /** Absent: no run has made any. */
  readonly flagsBinding?: string
  readonly breaker: Breaker
  /** How the job of it stood: what people and runs have said since makes a plan worth less. */
  readonly follows: number
  readonly epochLatched: boolean
  readonly arming: Arming | 'none'
  readonly accepted: Accepted
  readonly way: Way | 'none'
  readonly actsToday: number
  /** `through`: the last entry of it. */
  readonly lastBatch: { readonly tried: number; readonly failed: number; readonly preconditions: number; readonly through?: number }
  /** The last version of the job whose held keys are among `since`. */
  readonly held?: number
  /** Absent: not known. */
  readonly oldestCopy?: Span | 'unbound'
  /** Why it is not, with the copy or the store that it hangs on. */
  readonly oldestUnknown?: string
  readonly shrink: number
  readonly lease: Due
  readonly lived: Span
}

export interface ReconcileTask {
  readonly is: 'reconcile'
  readonly reconcile: string
  readonly knows: Knows
}

/** How much of one kind a plan holds. */
export interface Weight {
  readonly count: number
  readonly bytes: number
}

/** An act that the plan would have done, with what it rests on. */
export interface PlannedAct {
  readonly act: 'quarantine' | 'purge' | 'release'
  /** Bytes, in hex. */
  readonly key: string
  readonly given: Given & { readonly item: Item }
}

/** A plan for people: what it comes to, without its items. */
export interface Summary {
  readonly acts: Readonly<Record<string, Weight>>
  /** Of what would be put aside, purged or is kept for now: the largest groups first, and the rest as one. */
  readonly tenants: readonly (Weight & { readonly tenant: string })[]
  readonly oldest: Instant | null
}

/** What of the world was seen by a run, for the next one and for whoever accepts it. */
export interface SeenNow {
  readonly identity: CatalogueIdentity
  readonly oids: string
  readonly position: string
  readonly fingerprint: string
  readonly store: FormerWritten['store']
  readonly sentinelCounter: number
}

/** Whether single keys have a row now, or are spoken for by an upload. */
export interface RecheckTask {
  readonly is: 'recheck'
  readonly reconcile: string
  /** Bytes, in hex. */
  readonly keys: readonly string[]
  /** The catalogue as the last good run saw it: another one, or one that went back, knows nothing of these keys (G-16, G-19). */
  readonly former: Pick<FormerWritten, 'identity' | 'oids' | 'position' | 'fingerprint'> | 'none'
  /** Of what is to be purged: what has to lie in the place of the second copies. */
  readonly copies: readonly CopyWanted[]
  /** What the last run had read of them; absent: nothing. */
  readonly read?: Kept
}

/** By its key (bytes, in hex) and by what it was when it was put aside. */
export interface CopyWanted {
  readonly key: string
  readonly version: string
  readonly etag: string
  readonly bytes: number
}

/** By key. A copy that could not be looked at, or of which nobody has read what stands there, is not in it, and unknown. */
export interface Rechecked {
  readonly rows: Readonly<Record<string, 'none' | 'present'>>
  readonly copies: Readonly<Record<string, 'there' | 'not'>>
}

export type ReconcileResult =
  | {
    readonly is: 'judged'
    readonly at: Instant
    readonly plan: Plan
    /** Where the plan lies, items and all. */
    readonly path: string
    readonly summary: Summary
    /** The first of what may be done; far more than the breaker lets through. */
    readonly acts: readonly PlannedAct[]
    readonly objects: number
    readonly healthy: boolean
    readonly breaker: Breaker
    readonly ladder: Ladder
    readonly ran: Ran
    readonly pages: readonly Page[]
    /** Absent where catalogue or store were not read. */
    readonly seen?: SeenNow
    /** What it left behind; absent: what was stays in force. */
    readonly memory?: Kept
    readonly newest?: Kept
    readonly columns?: Kept
    readonly copies?: Kept
    /** Columns that came and went since the approved schema, shortened. */
    readonly schema: { readonly added: readonly string[]; readonly removed: readonly string[] }
    /** Things in the store that nobody can name safely. */
    readonly odd: { readonly count: number; readonly shown: readonly string[] }
    /** What stood in the way, in the words of whoever said it. */
    readonly said: readonly string[]
  }
  | { readonly is: 'failed'; readonly says: string }

/** Whether what was seen may stand as what former runs saw: the three checks that compare with it pass. */
export const isGood = ({ checks }: Pick<Plan, 'checks'>): boolean => ['identity', 'epoch', 'schema'].every((id) => checks.some((it) => it.id === id && it.found === 'pass'))

/** Whether the catalogue went back in time: then it stays so until a person acknowledges it. */
export const wentBack = ({ checks }: Pick<Plan, 'checks'>): boolean => checks.some((it) => it.id === 'epoch' && it.found === 'fail')
