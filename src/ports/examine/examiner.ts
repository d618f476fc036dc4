// The port of examining: a server that is asked, over connections, to look over its own relations: what pg_amcheck asks, and CHECK TABLE. It names them first,
// and looks at one, or at a range of one, at a time. What could not be looked at is unknown and says why; it is never well. Nothing is written.
import { hours, seconds, type Span } from '../../core/time.ts'
import type { Database } from '../database.ts'
import type { TallyContext } from '../tally/tally.ts'

export interface Relation {
  readonly database: string
  /** "schema.table", as people know it. */
  readonly name: string
  readonly kind: 'heap' | 'btree' | 'table'
  /** Of an index: the table that it is of. */
  readonly of?: string
  /** By which the server is asked for it. */
  readonly id: string
  /** Another one where it was made anew since. */
  readonly state: string
  /** What lies on one device: a tablespace. */
  readonly place: string
  /** What has to be read to look at it. */
  readonly bytes: number
  /** Of what can be looked at by ranges: bytes of one page. */
  readonly page?: number
}

/** Pages `from` to before `to`; without `to` to its end. */
export interface Range {
  readonly from: number
  readonly to?: number
}

/** What was not looked at, and why nobody can know. Without a `relation` it is said of all of the database. */
export interface Unexamined {
  readonly database: string
  readonly relation?: string
  readonly says: string
}

/** What a server holds. */
export interface Survey {
  /** "PostgreSQL 17.2 at db.internal:5432" */
  readonly server: string
  /** Names this very server, as far as it says. */
  readonly identity: string
  readonly databases: readonly string[]
  readonly relations: readonly Relation[]
  readonly unknown: readonly Unexamined[]
  /** What its own program does not look at: how many of what. */
  readonly beyond: readonly { readonly what: string; readonly count: number }[]
}

/** `gone`: there is no such relation, or range, any more. `lost`: the connection ended. `beyond`: the server has no way to look at such a one. */
export type Looked =
  | { readonly is: 'well' | 'gone' | 'beyond' }
  /** In the server's own words. */
  | { readonly is: 'damaged' | 'unknown' | 'lost'; readonly says: string }

/** One connection to one database. */
export interface Looker {
  look(relation: Relation, range: Range): Promise<Looked>
  leave(): void
}

/** Asks in the server's own language, and gives its rows as texts. */
export type Ask = (text: string, within?: Span) => Promise<readonly (readonly (string | null)[])[]>

/** A connection, signed in. */
export interface Talk {
  readonly ask: Ask
  /** What went wrong, for people, without credentials. */
  readonly words: (cause: unknown) => string
  readonly leave: () => void
}

/** So long signing in may take, a question, and one look: a table or an index may be large. */
export const WITHIN: { readonly signIn: Span; readonly ask: Span; readonly look: Span } = { signIn: seconds(20), ask: seconds(120), look: hours(24) }

export interface Examiner {
  /** All databases that the role may see where the address names none. Rejects with a sentence, without credentials. */
  survey(database: Database, context: TallyContext, signal: AbortSignal): Promise<Survey>
  /** Connects to the database of a relation. Rejects with a sentence, without credentials. */
  connect(database: Database, name: string, context: TallyContext, signal: AbortSignal): Promise<Looker>
}

/** Of more there is no list that could be held. */
export const MOST_RELATIONS = 1_000_000
/** Longer answers are cut. */
export const MOST_WORDS = 500

/** A line of CHECK TABLE: "note" and the good end are none. Fields: table, operation, kind, text. */
export const isBadCheck = ([, , kind, text]: readonly (string | null | undefined)[]): boolean => {
  const of = (kind ?? '').toLowerCase()
  return of === 'error' || of === 'warning' || (of === 'status' && text?.trim() !== 'OK')
}
