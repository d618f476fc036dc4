// The store port: where backups lie, and what such a place must look like. It has two halves, opened with two credentials and shaped
// as two interfaces: `Reading` lists, looks and reads, and has no word for anything that changes; `Deleting` sets aside, brings back
// and removes, one version at a time, and is opened by the one process that acts. What a store can do is tried out on canaries
// (`probe`), never believed. What nobody knows is said: no answer here means "fine" because nothing was heard. A listing is taken
// page by page through `store/listing.ts`, which refuses one that repeats itself, goes backwards, ends early or contradicts itself.
import type { Readable, Writable } from 'node:stream'
import type { z } from 'zod'
import type { Found } from '../core/evidence.ts'
import type { Instant, Now, Span } from '../core/time.ts'
import type { Egress, Random } from './world.ts'
import type { SshPlace } from './world/ssh.ts'

/** What names exactly one thing in a store. `versionId` is absent where the store keeps no versions; S3's "null" is an id like others. */
export interface Place {
  readonly key: string
  readonly versionId?: string
}

/** One version of one object, as the store lists it. `modifiedAt` is by the store's clock. */
export interface Version extends Place {
  readonly is: 'version'
  /** It is what a plain read of the key gives. */
  readonly latest: boolean
  readonly etag: string
  readonly bytes: number
  readonly modifiedAt: Instant
  /** Of its bytes, in hex, where the store vouches for them so. Given by `head` alone. */
  readonly md5?: string
}

/** A delete marker: the key reads as absent, and what lies beneath is still there. */
export interface Marker extends Place {
  readonly is: 'marker'
  readonly versionId: string
  readonly latest: boolean
  readonly modifiedAt: Instant
}

/** Something that has no name by which it could be touched safely: it is counted, shown, and never acted on. */
export interface Odd {
  readonly is: 'odd'
  /** For people; not its exact name. */
  readonly key: string
  readonly why: string
}

export type Listed = Version | Marker | Odd

/** What a page is asked for: what begins with `prefix`, from a cursor of the page before, or behind a key. */
export interface PageWant {
  readonly prefix: string
  readonly cursor?: string
  readonly after?: string
  /** The last version of `after` that was seen: what comes behind that one. */
  readonly afterVersion?: string
  /** At most 1,000. */
  readonly most: number
}

export interface Page {
  readonly items: readonly Listed[]
  /** Absent: the store says that this is the end. */
  readonly next?: string
}

/** An upload in parts that has begun and not ended: what it will be called is spoken for. */
export interface Upload {
  readonly key: string
  readonly id: string
  readonly startedAt: Instant
}

export interface UploadPage {
  readonly uploads: readonly Upload[]
  readonly next?: string
}

/** Which store this is. The id changes when anything changes that could make it another one. */
export interface Identity {
  readonly kind: string
  readonly id: string
  /** For people, such as `s3 game-backups at 127.0.0.1:18300`. */
  readonly says: string
}

/** What stands at a place. `absent`: nothing, or a delete marker. `unknown`: the store does not let us see. */
export type Headed = Version | { readonly is: 'absent'; readonly marker: boolean } | { readonly is: 'unknown'; readonly says: string }

/** A range of one version; what is read is of the version that was asked for, or it is not given. */
export interface ReadWant extends Place {
  readonly etag: string
  readonly from: number
  /** At most 8 MiB. */
  readonly bytes: number
}

export type Chunk = { readonly is: 'read'; readonly bytes: Buffer } | { readonly is: 'changed' | 'absent'; readonly says: string }

/** Whether the store itself protects a version. Whoever judges takes `unknown` as locked. */
export type Lock =
  | { readonly is: 'free' }
  /** `sealed`: no credential at all can shorten it (S3's COMPLIANCE); a legal hold, or a lock in governance mode, can be lifted by whoever has the right to. */
  | { readonly is: 'locked'; readonly hold: boolean; readonly until?: Instant; readonly sealed?: true; readonly says: string }
  | { readonly is: 'unknown'; readonly says: string }

/** What its owner has written on an object: names, and `name:value` of each. Where nobody could read them, they are not none. */
export type Tags = { readonly is: 'read'; readonly tags: readonly string[] } | { readonly is: 'unknown'; readonly says: string }

/** How long the store's own rules keep what is no longer current. */
export type Keeps = { readonly is: 'for ever' } | { readonly is: 'for'; readonly span: Span } | { readonly is: 'unknown'; readonly says: string }

/** What the store says of itself; a claim, not a proof (see `Deleting.probe`). */
export interface Declared {
  /** `none`: a store of another nature, which sets aside by moving. */
  readonly versioning: 'enabled' | 'suspended' | 'off' | 'none'
  readonly lock: 'enabled' | 'off' | 'unknown'
  /** The shortest that any rule in force allows. */
  readonly noncurrent: Keeps
}

/** The store's clock, and how far it is ahead of ours: at least `least`, at most `most` (negative: behind). */
export type StoreClock =
  | { readonly is: 'read'; readonly at: Instant; readonly ahead: { readonly least: number; readonly most: number } }
  /** `untold`: not for want of an answer. Such a store tells its time only to who writes into it, and whoever acts measures it first. */
  | { readonly is: 'unknown'; readonly says: string; readonly untold?: true }

/**
 * The half that looks. Nothing in it can change a byte. Every call rejects with a `Fault` (`later`: trying again can help; `never`: a
 * person must change something, and the sentence says what) and ends within 100 ms of its signal.
 */
export interface Reading {
  identify(signal: AbortSignal): Promise<Identity>
  declared(signal: AbortSignal): Promise<Declared>
  clock(signal: AbortSignal): Promise<StoreClock>
  page(want: PageWant, signal: AbortSignal): Promise<Page>
  uploads(want: { readonly prefix: string; readonly cursor?: string }, signal: AbortSignal): Promise<UploadPage>
  head(place: Place, signal: AbortSignal): Promise<Headed>
  read(want: ReadWant, signal: AbortSignal): Promise<Chunk>
  lock(place: Place, signal: AbortSignal): Promise<Lock>
  tags(place: Place, signal: AbortSignal): Promise<Tags>
}

/** What was judged, and therefore what alone may be touched. */
export interface Judged extends Place {
  readonly etag: string
  readonly bytes: number
}

/** What was set aside, and all that is needed to bring it back or to remove it. Survives being written down. */
export interface SetAside extends Judged {
  /** The delete marker's id, or the name under which it lies. */
  readonly token: string
}

/**
 * What came of an act. `refused`: nothing was changed, and that is a success of safety. `unknown`: the request left and nobody knows; look
 * before anything else is done. `lost`: the store did something else than was asked: stop everything and call people.
 */
export type Outcome<T> =
  | { readonly is: 'done'; readonly it: T }
  | { readonly is: 'refused'; readonly why: 'changed' | 'absent' | 'locked' | 'unable'; readonly says: string }
  | { readonly is: 'unknown' | 'lost'; readonly says: string }

/** What can be found out about a store by trying it out on canaries of one's own. */
export const CAPABILITIES = ['versions', 'sets_aside', 'brings_back', 'conditional_delete', 'lock', 'hold', 'read_only', 'clock', 'purges'] as const
export type Capability = (typeof CAPABILITIES)[number]

export interface Probed {
  readonly capabilities: Readonly<Record<Capability, Found>>
  /** By the time that the store gave to something just written. */
  readonly clock: StoreClock
}

/**
 * The half that acts, for the one process that holds its credential. Each act names one version by key, id, etag and size, looks again
 * before it acts and after, and does nothing when anything differs.
 */
export interface Deleting {
  identify(signal: AbortSignal): Promise<Identity>
  /** Tries out on canaries under a reserved prefix what the store does; touches nothing else. */
  probe(signal: AbortSignal): Promise<Probed>
  quarantine(what: Judged, signal: AbortSignal): Promise<Outcome<SetAside>>
  /** Brings it back under its name; never over something that stands there by now. */
  release(what: SetAside, signal: AbortSignal): Promise<Outcome<Judged>>
  /** Removes what was set aside, for good. Nothing that stands under its name can be purged. */
  purge(what: SetAside, signal: AbortSignal): Promise<Outcome<Judged>>
}

/** A program of this system that is spoken to over its standard streams. */
export interface Spoken {
  readonly input: Writable
  readonly output: Readable
  /** The end of what it said besides, bounded. */
  said(): string
  kill(): void
}

/** Starts a program with these arguments and no shell. It ends with the process that started it. */
export type Speak = (argv: readonly [string, ...string[]]) => Spoken

export interface StoreContext {
  readonly egress: Egress
  readonly now: () => Now
  readonly random: Random
  /** Where the configuration file lies: what relative paths are relative to. */
  readonly folder: string
  /** Only where a store runs alone: it may have to speak to a program of the system. */
  readonly speak?: Speak
  /** In a lab: judges where ssh would be led, before it is started, and pins it there; rejects where it may not go. */
  readonly led?: (place: SshPlace) => Promise<SshPlace>
}

export interface Store<Config extends z.ZodObject = z.ZodObject> {
  /** The key in the configuration (`s3`). */
  readonly kind: string
  readonly title: string
  readonly does: string
  /** `shared`: calls go through egress and end with their signal. `alone`: calls may hang in the kernel and run in a child of their own. */
  readonly runs: 'shared' | 'alone'
  /** Strict object whose first key is the kind. Parsed without the deleting credential wherever nothing is deleted. */
  readonly config: Config
  readonly examples: readonly z.input<Config>[]
  /** Why nothing is ever removed for good there, by the configuration alone; absent, or nothing: it may be. */
  readonly neverRemoves?: (config: z.output<Config>) => string | undefined
  reading(config: z.output<Config>, context: StoreContext): Reading
  /** Throws a Fault (`never`) where the configuration gives no means to delete. */
  deleting(config: z.output<Config>, context: StoreContext): Deleting
}

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds stores of every configuration; each parses its own
export type AnyStore = Store<any>

/** Declares a store; only there so that its configuration's type reaches the two halves. */
export const store = <Config extends z.ZodObject>(it: Store<Config>): Store<Config> => it

/** The code of a Fault that says: what is reached is not the store, since its folder or its marker is not there. */
export const NOT_THERE = 'ENOTTHERE'

/** What Holdfast itself puts into a store begins with this: canaries, and what was set aside where there are no versions. */
export const OWN_PREFIX = '.holdfast/'

/** What `read` gives at most. */
export const MOST_CHUNK = 8 * 1024 * 1024

/** What a page holds at most. */
export const MOST_ITEMS = 1_000

/** Clocks may differ by so much before nothing is deleted any more. */
export const MOST_SKEW = 300_000

export const done = <T>(it: T): Outcome<T> => ({ is: 'done', it })
export const refusal = (why: 'changed' | 'absent' | 'locked' | 'unable', says: string): { readonly is: 'refused'; readonly why: typeof why; readonly says: string } => ({ is: 'refused', why, says })
export const lost = (says: string): { readonly is: 'lost'; readonly says: string } => ({ is: 'lost', says })
export const inDoubt = (says: string): { readonly is: 'unknown'; readonly says: string } => ({ is: 'unknown', says })
