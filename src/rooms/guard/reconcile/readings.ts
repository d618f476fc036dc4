// What a run has to know before it may mark anything, as it was read: by whom, when, and possibly not at all. Nothing here has a default: what was
// not read is `undefined`, and "there was none" is a value that somebody has read too. What all of it is bound to is one hash (G-16).
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Due, Instant, Span, Stamp } from '../../../core/time.ts'
import type { GoneGroup } from './breaker.ts'

/** Something that was read. `seen` is when the reading began, by the monotonic clock. */
export interface Read<Value> {
  readonly value: Value
  readonly subject: string
  readonly observer: string
  readonly at: Instant
  readonly seen: Stamp
}

/** Who looked at what, and when: also where nothing could be read. */
export type Look = Pick<Read<unknown>, 'subject' | 'observer' | 'at'>

/** The looks that read nothing, by what they were to read. */
export type Tried = Readonly<Partial<Record<'before' | 'listing' | 'after', Look>>>

export interface CatalogueIdentity {
  /** The cluster's own identifier, and the line of history that it is on (timeline, server and state uuid). */
  readonly system: string
  readonly timeline: number
  readonly database: string
}

/** One reading of the catalogue in one snapshot. */
export interface Snapshot {
  readonly identity: CatalogueIdentity
  /** Object ids of the database and of the tables: they change when a dump is restored into the same cluster (G-19). */
  readonly oids: string
  /** How far the history of the database has come (LSN, GTID). */
  readonly position: bigint
  readonly primary: boolean | undefined
  /** Row security hides rows from those whom it does not trust. */
  readonly rowSecurity: boolean | undefined
  /** Of all tables and columns that could hold keys, from pg_catalog (G-20). */
  readonly fingerprint: string
  readonly lockColumn: boolean | undefined
  readonly began: Stamp
  readonly ended: Stamp
}

export interface StoreIdentity {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
}

/** One listing. A listing that was taken up again began when it began at first (G-24). */
export interface ListingRead {
  readonly store: StoreIdentity
  readonly began: Stamp
  readonly ended: Stamp
  /** The last page said that it is the last. */
  readonly final: boolean | undefined
  /** Beside what was counted: names that nobody can ask for. */
  readonly odd?: { readonly count: number; readonly shown: readonly string[] }
}

/** What an earlier run counted. `objects` is `undefined` where its listing was not whole. */
export interface Ran {
  readonly number: number
  readonly at: Instant
  readonly healthy: boolean
  readonly before: number | undefined
  readonly after: number | undefined
  readonly objects: number | undefined
  readonly newOrphans: number
}

/** All earlier runs of the last 30 days without a hole; `number` is this run's. */
export interface History {
  readonly number: number
  readonly runs: readonly Ran[]
}

/** What was seen when it was last found good. */
export interface Former {
  readonly identity: CatalogueIdentity
  readonly oids: string
  readonly position: bigint
  readonly fingerprint: string
  readonly store: StoreIdentity
  readonly sentinelCounter: number
}

/** What people have said, each typed, dated, and bound to what they saw. */
export interface Accepted {
  /** Rows and objects from this moment on need no more than these. */
  readonly shrink: { readonly at: Instant; readonly rows: number; readonly objects: number } | undefined
  readonly goneGroups: readonly GoneGroup[]
}

/** How this store puts things aside, as it was probed just now (G-21). */
export interface Way {
  readonly versioning: 'enabled' | 'suspended' | 'none'
  /** How long the lifecycle keeps what is no longer current; `ever` where no rule takes it away. */
  readonly noncurrent: Span | 'ever' | undefined
  readonly conditionalDelete: boolean | undefined
  /** The delete of a locked canary was refused. */
  readonly lockHolds: boolean | undefined
}

/** Two people have armed exactly this. */
export interface Arming {
  readonly binding: string
  readonly people: readonly string[]
}

export interface Readings {
  readonly before: Read<Snapshot> | undefined
  readonly listing: Read<ListingRead> | undefined
  readonly after: Read<Snapshot> | undefined
  readonly former: Read<Former | 'none'> | undefined
  readonly history: Read<History> | undefined
  /** The store's own clock, and how far it and the database's are from ours, measured with something just written. */
  readonly clocks: Read<{ readonly store: Instant; readonly storeOff: Span; readonly databaseOff: Span }> | undefined
  /** Of the newest thousand keys of the former run: how many there were, and how many are gone. `none`: no run has learned them since there were any, or since a person acknowledged that the catalogue went back. */
  readonly newest: Read<{ readonly of: number; readonly gone: number } | 'none'> | undefined
  /** What the sentinels' own rows count up with every run. */
  readonly sentinelCounter: Read<number> | undefined
  /** Closed once, the latch stays so until a person acknowledges it. */
  readonly epochLatched: Read<boolean> | undefined
  readonly lease: Read<Due> | undefined
  readonly way: Read<Way> | undefined
  readonly arming: Read<Arming | 'none'> | undefined
  readonly accepted: Read<Accepted> | undefined
  /** What the flags in memory were made under. */
  readonly flagsBinding: Read<string> | undefined
}

/** What arming, flags and approvals hold for: any change is another thing (G-16). */
export const bindingOf = (it: { readonly store: StoreIdentity; readonly catalogue: CatalogueIdentity; readonly fingerprint: string; readonly prefix: Uint8Array; readonly queries: readonly string[]; readonly limits: Readonly<Record<string, number>> }): string =>
  sha256(canonical({ ...it, prefix: Buffer.from(it.prefix).toString('hex') }))
