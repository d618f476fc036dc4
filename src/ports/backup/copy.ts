// A copy as an engine is given it, and what a step with it found.
import type { Found } from '../../core/evidence.ts'
import type { Instant } from '../../core/time.ts'
import type { Bounds } from './rows.ts'

/** What was written down when the copy was made. */
export interface Manifest {
  readonly files?: Readonly<Record<string, string>>
  /** Rows by table: `schema.table`, or what its engine calls it. */
  readonly rows?: Readonly<Record<string, Bounds>>
}

/** Of some keys, those that a store does not hold; or why nobody could know. */
export type Resolved = { readonly is: 'looked'; readonly missing: readonly string[] } | { readonly is: 'unknown'; readonly says: string }

/** Asks a store whether it holds these keys. */
export type Resolve = (store: string, keys: readonly string[]) => Promise<Resolved>

export interface CopyGiven {
  /** When it was made, as far as anybody knows. */
  readonly at: Instant
  readonly bytes: number
  readonly manifest?: Manifest
  /** Of a copy in a repository: what it is called there. `Cell.copy` is the repository's folder then. */
  readonly name?: string
  /** When it was begun to be read. */
  readonly readAt?: Instant
  /** For a program's input, and never for its arguments or a file. */
  readonly password?: string
  /** It is restored to live, and not for a drill: owners and rights come back too, as far as whoever restores may give them. */
  readonly lives?: boolean
  /** Of a whole server with a log: its state as of then, and not the newest one. */
  readonly until?: Instant
  /** What a database wrote behind its copies, where the configuration says that it lies in the same store. */
  readonly logs?: Logs
  /** For what a restored database refers to elsewhere. */
  readonly resolve?: Resolve
}

/** One file of a database's log, as its store lists it. */
export interface Log {
  readonly key: string
  /** Its name without folders. */
  readonly name: string
  readonly bytes: number
  readonly modifiedAt: Instant
}

/** The archive of a database's log, beside its copies. Both calls throw a `Fault` for what is not the copy's doing. */
export interface Logs {
  /** All of them, from a whole listing. */
  list(): Promise<readonly Log[]>
  /** Puts them into the cell, by their names without folders, and gives their folder there. Once. */
  bring(wanted: readonly Log[]): Promise<string>
}

/** What a step found, and the engine's own words where it said something. `at`: the newest row's time, where that was asked for. */
export type Step = Found & { readonly said?: string; readonly at?: Instant; /** Of what is unknown: it stays so until a person changes what it says. */ readonly refused?: true }
