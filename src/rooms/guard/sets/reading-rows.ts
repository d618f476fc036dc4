// What was read when, part by part: working rows, no facts of the ledger. Lost, everything counts as unread and is read again. Beside them stands
// the reckoning by which they age.
import type { Instant, Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { PartState, Reckoning } from './rotation.ts'

export const READING_TABLES = `
create table if not exists guard_reading (set_ text not null, store text not null, key text not null, n integer not null, of_ integer not null, etag text not null, version text not null,
  from_ integer not null, bytes integer not null, since integer not null, read integer, read_at integer, sum text, fault text, says text, fails integer not null default 0, wanted integer not null default 0,
  primary key (set_, store, key, n)) strict, without rowid;
create table if not exists guard_reckoning (one integer primary key check (one = 1), passed integer not null, wall integer not null, lived integer not null) strict;
`

/** One part of one copy. `fault`: `differs` is damage, `failed` could not be read. */
export interface PartRow extends PartState {
  readonly of: number
  readonly version: string
  readonly from: number
  readonly bytes: number
  readonly readAt?: Instant
  readonly sum?: string
  readonly fault?: 'differs' | 'failed'
  readonly says: string
  readonly fails: number
  /** A person wants it read now. */
  readonly wanted: boolean
}

interface Row extends Record<string, unknown> {
  key: string; n: number; of_: number; etag: string; version: string; from_: number; bytes: number; since: number; read: number | null; read_at: number | null; sum: string | null; fault: string | null; says: string | null; fails: number; wanted: number
}

export const loadParts = (sql: Sql, set: string, store: string): PartRow[] =>
  sql.all<Row>('select key, n, of_, etag, version, from_, bytes, since, read, read_at, sum, fault, says, fails, wanted from guard_reading where set_ = ? and store = ? order by key, n', set, store).map((row) => ({
    key: row.key, n: row.n, of: row.of_, etag: row.etag, version: row.version, from: row.from_, bytes: row.bytes, since: row.since as Span, says: row.says ?? '', fails: row.fails, wanted: row.wanted === 1,
    ...(row.read !== null && { read: row.read as Span }), ...(row.read_at !== null && { readAt: row.read_at as Instant }), ...(row.sum !== null && { sum: row.sum }),
    ...((row.fault === 'differs' || row.fault === 'failed') && { fault: row.fault }),
  }))

export const addPart = (sql: Sql, set: string, store: string, it: Pick<PartRow, 'key' | 'n' | 'of' | 'etag' | 'version' | 'from' | 'bytes' | 'since'>): void =>
  void sql.run('insert into guard_reading (set_, store, key, n, of_, etag, version, from_, bytes, since) values (?,?,?,?,?,?,?,?,?,?)', set, store, it.key, it.n, it.of, it.etag, it.version, it.from, it.bytes, Math.floor(it.since))

export const dropParts = (sql: Sql, set: string, store: string, key?: string): void => void (key === undefined
  ? sql.run('delete from guard_reading where set_ = ? and store = ?', set, store)
  : sql.run('delete from guard_reading where set_ = ? and store = ? and key = ?', set, store, key))

/** It was read, and is as it was; `sum` is kept where none is known. */
export const saveRead = (sql: Sql, set: string, store: string, it: Pick<PartRow, 'key' | 'n'>, read: { readonly passed: Span; readonly at: Instant; readonly sum: string }): void =>
  void sql.run('update guard_reading set read = ?, read_at = ?, sum = coalesce(sum, ?), fault = null, says = null, fails = 0, wanted = 0 where set_ = ? and store = ? and key = ? and n = ?', Math.floor(read.passed), Math.floor(read.at), read.sum, set, store, it.key, it.n)

/** It was read, and is not as it was: the sum of before stands. */
export const saveDiffers = (sql: Sql, set: string, store: string, it: Pick<PartRow, 'key' | 'n'>, read: { readonly passed: Span; readonly at: Instant; readonly says: string }): void =>
  void sql.run(`update guard_reading set read = ?, read_at = ?, fault = 'differs', says = ?, fails = 0, wanted = 0 where set_ = ? and store = ? and key = ? and n = ?`, Math.floor(read.passed), Math.floor(read.at), read.says, set, store, it.key, it.n)

/** It could not be read, and stays as unread as it was. Damage that was found stays damage. */
export const saveFailed = (sql: Sql, set: string, store: string, it: Pick<PartRow, 'key' | 'n'>, says: string): void =>
  void sql.run(`update guard_reading set fault = case when fault = 'differs' then fault else 'failed' end, says = case when fault = 'differs' then says else ? end, fails = fails + 1, wanted = 0 where set_ = ? and store = ? and key = ? and n = ?`, says, set, store, it.key, it.n)

export const want = (sql: Sql, set: string): void => void sql.run('update guard_reading set wanted = 1 where set_ = ?', set)

export const loadReckoning = (sql: Sql): Reckoning | undefined => sql.get<{ passed: Span; wall: Instant; lived: Span }>('select passed, wall, lived from guard_reckoning')

export const saveReckoning = (sql: Sql, { passed, wall, lived }: Reckoning): void =>
  void sql.run('insert into guard_reckoning (one, passed, wall, lived) values (1,?,?,?) on conflict do update set passed = excluded.passed, wall = excluded.wall, lived = excluded.lived', Math.floor(passed), Math.floor(wall), Math.floor(lived))
