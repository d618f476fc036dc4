// What a room is to the engine: tables of its own, the folds that fill them (`apply`), what it does when a fact appears (`on`),
// what it does when something is due (`due`), and what it does when a deed of its own was settled. Rooms meet only in the ledger.
//
// `apply` writes projections and nothing else: no clock, no randomness, no calendar, so that a rebuild from the ledger gives
// the same rows. Everything else (agenda, deeds, working tables) is written by `on`, `due` and commands, inside a turn.
import type { Deed, Outcome } from '../core/deed.ts'
import type { Entry, NewEntry } from '../core/ledger.ts'
import type { Due, Now } from '../core/time.ts'
import type { Sql } from './sql.ts'

/** One turn's hold on the store. It ends with the turn: commits with its batch, or not at all. */
export interface Tx {
  readonly now: Now
  readonly sql: Sql
  /** Appends to the ledger, applies it to the projections, and runs the rooms' answers to it (to a depth of 8). Throws when a strict stream has moved on. */
  append(entry: NewEntry): Entry
  /** Makes something due; the same (what, key) again moves it. */
  schedule(what: string, key: string, due: Due): void
  unschedule(what: string, key: string): void
  /** Intends a deed: durable with this batch, performed only after it. The same key again is one deed. */
  intend(deed: Deed): void
  /** Keeps free text of people beside the chain; the hash goes into the entry. */
  keep(text: string): string
  /** Runs once the batch is durable; never when it fails. */
  afterwards(act: () => void): void
}

export interface Room {
  readonly name: string
  /** `create table if not exists …` of projections and working tables. */
  readonly tables: string
  /** Tables that are derived from the ledger alone. */
  readonly projections: readonly string[]
  readonly apply: Readonly<Record<string, (sql: Sql, entry: Entry) => void>>
  readonly on?: Readonly<Record<string, (tx: Tx, entry: Entry) => void>>
  readonly due?: Readonly<Record<string, (tx: Tx, key: string) => void>>
  /** Deeds that this room intends, by `what`. */
  readonly settled?: Readonly<Record<string, (tx: Tx, deed: Deed, outcome: Outcome) => void>>
}
