// What keeper and guard process say to each other. The keeper gives tasks, each a long read that changes nothing; the process answers each once.
// A task that is not answered says nothing, and whoever waits for it takes that for unknown.
import type { Instant, Span } from '../../core/time.ts'
import type { Manifest } from '../../ports/backup.ts'
import type { Lock, StoreClock } from '../../ports/store.ts'
import type { DrillReport } from './drills/report.ts'
import type { Whole } from './objects/judge.ts'
import type { ReconcileResult, ReconcileTask, RecheckTask, Rechecked } from './reconcile/task.ts'
import type { Copy } from './sets/judge.ts'

/** The listing of one set in one store: its copies; or, of a repository, everything in it. */
export interface ListTask {
  readonly is: 'list'
  readonly what?: 'everything'
  readonly set: string
  readonly store: string
}

/** The drill of one copy. `at`: when it was made, as late as can be believed. */
export interface DrillTask {
  readonly is: 'drill'
  readonly set: string
  readonly store: string
  readonly copy: Copy
  readonly at: Instant
  /** So long it may take, from when it begins. */
  readonly within: Span
  /** What its source held when it was made, where that was taken down. */
  readonly manifest?: Manifest
  /** Who asked for it; absent: it was due. */
  readonly by?: string
  /** It is spoilt in the cell first: the drill has to fail. */
  readonly planted?: true
  /** Of a bucket that is itself the copy: which store was listed, what draws among its objects, and keys of those that failed before (`more`: so many beside them, which the same seed draws). */
  readonly whole?: { readonly identity: string; readonly seed: string; readonly again: readonly string[]; readonly more?: number }
}

/** One part of one copy, to be read. `sum`: SHA-256 in hex of when it was first read. */
export interface PartWanted {
  readonly key: string
  readonly versionId?: string
  readonly etag: string
  readonly n: number
  readonly from: number
  readonly bytes: number
  readonly sum?: string
}

/** Bytes of one set in one store, to be read. */
export interface VerifyTask {
  readonly is: 'verify'
  readonly set: string
  readonly store: string
  readonly parts: readonly PartWanted[]
}

/** Objects of a bucket that is itself the copy, to be read as far as they are due. `passed`: by the reckoning. `hurry`: all of it, in a round that began no earlier. */
export interface WalkTask {
  readonly is: 'walk'
  readonly set: string
  readonly store: string
  /** Which store it was when it was listed. */
  readonly identity: string
  readonly passed: Span
  readonly allWithin: Span
  readonly hurry?: Span
}

export type Task = ListTask | VerifyTask | WalkTask | DrillTask | ReconcileTask | RecheckTask

/**
 * What came of a part, the second time where the first left doubt. `differs`: other bytes than at first, under the same etag. `gone`: that version is
 * not there any more.
 */
export type PartFound = { readonly key: string; readonly etag: string; readonly n: number } & (
  | { readonly is: 'read'; readonly sum: string }
  | { readonly is: 'differs'; readonly sum: string }
  | { readonly is: 'failed'; readonly says: string }
  | { readonly is: 'gone' })

/** Parts that are not in it were not read. */
export type Verified = { readonly is: 'verified'; readonly parts: readonly PartFound[] } | { readonly is: 'not-verified'; readonly says: string }

/** Something wrong with one object. */
export interface WalkFault {
  readonly key: string
  readonly etag: string
  readonly is: 'differs' | 'failed'
  readonly says: string
  /** So often in a row. */
  readonly times: number
}

/** How far a round through all objects is. `left`: what is due now and was not read. `whole`: the last round that left nothing out, and found nothing wrong. */
export type Walked =
  | {
    readonly is: 'walked'
    readonly began: Span
    readonly done: boolean
    readonly objects: number
    readonly bytes: number
    readonly of: { readonly objects: number; readonly bytes: number }
    readonly left: { readonly objects: number; readonly bytes: number }
    readonly whole?: { readonly began: Span; readonly at: Instant; readonly objects: number }
    readonly damaged: number
    readonly failed: number
    /** The first of them. */
    readonly faults: readonly WalkFault[]
    /** The store let too much fail in a row: it is tried again later. */
    readonly stuck: boolean
  }
  | { readonly is: 'not-walked'; readonly says: string }

/** Things without a name by which they could be touched: so many, and the first of them in words. */
export interface Odd {
  readonly count: number
  readonly shown: readonly string[]
}

/** What the store says of the lock of one copy: a claim, that is worth something only where the store was seen to keep its locks. */
export interface CopyLock {
  readonly key: string
  readonly etag: string
  readonly lock: Lock
}

/** A listing that was whole, or why there is none. `identity`: which store it was. */
export type Listed =
  | { readonly is: 'listed'; readonly identity: string; readonly copies: readonly Copy[]; readonly clock: StoreClock; /** Of a bucket that is itself the copy. */ readonly whole?: Omit<Whole, 'bytes' | 'modifiedAt'>; /** What lies there too, and has no name that anybody could ask for. */ readonly odd?: Odd; /** Of the newest copies. */ readonly locks?: readonly CopyLock[] }
  | { readonly is: 'not-listed'; readonly says: string; /** What is reached there is not the store: its folder or its marker is gone, or it became another one. What was listed before says nothing any more. */ readonly lost?: boolean }

export type ResultOf<T extends Task> = T extends ListTask ? Listed : T extends VerifyTask ? Verified : T extends WalkTask ? Walked : T extends DrillTask ? DrillReport : T extends ReconcileTask ? ReconcileResult : T extends RecheckTask ? Rechecked : never

export type ToGuard =
  | { readonly is: 'task'; readonly id: string; readonly task: Task }
  /** Nobody waits for it any more. */
  | { readonly is: 'drop'; readonly id: string }

export type FromGuard =
  /** A drill waits for its turn, and that came. */
  | { readonly is: 'task-begun'; readonly id: string }
  | { readonly is: 'task-done'; readonly id: string; readonly result: unknown }
  /** It could not be done at all, such as: no store is called so. */
  | { readonly is: 'task-failed'; readonly id: string; readonly says: string }
  | { readonly is: 'task-progress'; readonly id: string; readonly says: string }
