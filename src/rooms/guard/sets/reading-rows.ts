// What was read when, part by part: working rows, no facts of the ledger. Lost, everything counts as unread and is read again. Beside them stands
// the reckoning by which they age. There may be many, so questions are asked of the database, and no turn loads them all.
import type { Instant, Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { PartState, Reckoning } from './rotation.ts'

export const READING_TABLES = `
create table if not exists guard_reading (set_ text not null, store text not null, key text not null, n integer not null, of_ integer not null, etag text not null, version text not null,
  from_ integer not null, bytes integer not null, since integer not null, read integer, read_at integer, due integer not null, sum text, fault text, says text, fails integer not null default 0,
  wanted integer not null default 0, primary key (set_, store, key, n)) strict, without rowid;
create index if not exists guard_reading_due on guard_reading (set_, store, wanted, due);
create index if not exists guard_reading_base on guard_reading (set_, store, coalesce(read, since));
create index if not exists guard_reading_fault on guard_reading (set_, store, fault) where fault is not null;
create table if not exists guard_reckoning (one integer primary key check (one = 1), passed integer not null, wall integer not null, lived integer not null) strict;
`

/** One part of one copy. `due`: by the reckoning. `fault`: `differs` is damage, `failed` could not be read. */
export interface PartRow extends PartState {
  readonly of: number
  readonly version: string
  readonly from: number
  readonly bytes: number
  readonly due: Span
  readonly sum?: string
  readonly fault?: 'differs' | 'failed'
  readonly says: string
  readonly fails: number
}

interface Row extends Record<string, unknown> {
  key: string; n: number; of_: number; etag: string; version: string; from_: number; bytes: number; since: number; read: number | null; due: number; sum: string | null; fault: string | null; says: string | null; fails: number
}

const COLUMNS = 'key, n, of_, etag, version, from_, bytes, since, read, due, sum, fault, says, fails'

const partOf = (row: Row): PartRow => ({
  key: row.key, n: row.n, of: row.of_, etag: row.etag, version: row.version, from: row.from_, bytes: row.bytes, since: row.since as Span, due: row.due as Span, says: row.says ?? '', fails: row.fails,
  ...(row.read !== null && { read: row.read as Span }), ...(row.sum !== null && { sum: row.sum }), ...((row.fault === 'differs' || row.fault === 'failed') && { fault: row.fault }),
})

/** Why a part is read before its turn: it came with the newest copy, or a person wants it. */
export const WANTED = { no: 0, new: 1, now: 2 } as const

/** The copies that have rows, by their first parts. */
export const loadKnown = (sql: Sql, set: string, store: string): Map<string, { readonly etag: string; readonly version: string }> =>
  new Map(sql.all<{ key: string; etag: string; version: string }>('select key, etag, version from guard_reading where set_ = ? and store = ? and n = 0', set, store).map(({ key, etag, version }) => [key, { etag, version }]))

export function loadPart(sql: Sql, set: string, store: string, key: string, n: number): PartRow | undefined {
  const row = sql.get<Row>(`select ${COLUMNS} from guard_reading where set_ = ? and store = ? and key = ? and n = ?`, set, store, key, n)
  return row && partOf(row)
}

/** What is to be read: what a person wants, what is new, then what has been due for the longest. */
export const loadDue = (sql: Sql, set: string, store: string, passed: Span, most: number): PartRow[] =>
  [WANTED.now, WANTED.new, WANTED.no].flatMap((wanted) => sql.all<Row>(
    `select ${COLUMNS} from guard_reading where set_ = ? and store = ? and wanted = ? and due <= ? order by due limit ?`, set, store, wanted, wanted === WANTED.now ? Number.MAX_SAFE_INTEGER : Math.floor(passed), most)).slice(0, most).map(partOf)

export const sumDue = (sql: Sql, set: string, store: string, passed: Span): { readonly parts: number; readonly bytes: number } =>
  sql.get<{ parts: number; bytes: number }>('select count(*) as parts, coalesce(sum(bytes), 0) as bytes from guard_reading where set_ = ? and store = ? and (wanted = ? or due <= ?)', set, store, WANTED.now, Math.floor(passed)) ?? { parts: 0, bytes: 0 }

/** Parts with a fault, damage first; of one kind alone, where it is named. */
export const loadFaults = (sql: Sql, set: string, store: string, most: number, which: 'differs' | 'failed' | null = null): PartRow[] =>
  sql.all<Row>(`select ${COLUMNS} from guard_reading where set_ = ? and store = ? and fault is not null and fault = coalesce(?, fault) order by fault, fails desc, key, n limit ?`, set, store, which, most).map(partOf)

export const countDamaged = (sql: Sql, set: string, store: string): number =>
  sql.get<{ n: number }>(`select count(*) as n from guard_reading where set_ = ? and store = ? and fault = 'differs'`, set, store)?.n ?? 0

/** The part that was last read, or first known, the longest ago. */
export const loadOldest = (sql: Sql, set: string, store: string): { readonly key: string; readonly base: Span } | undefined =>
  sql.get<{ key: string; base: Span }>('select key, coalesce(read, since) as base from guard_reading where set_ = ? and store = ? order by coalesce(read, since) limit 1', set, store)

/** How far a copy is read, or all of them together. `at`: the oldest reading; null where there is none. */
export interface Extent {
  readonly key: string
  readonly etag: string
  readonly parts: number
  readonly unread: number
  readonly faults: number
  readonly at: Instant | null
}

const EXTENT = `count(*) as parts, sum(read_at is null) as unread, sum(fault is not null) as faults, min(read_at) as at`

export const loadExtents = (sql: Sql, set: string, store: string): Extent[] =>
  sql.all<Extent & Record<string, unknown>>(`select key, min(etag) as etag, ${EXTENT} from guard_reading where set_ = ? and store = ? group by key`, set, store)

export const loadWhole = (sql: Sql, set: string, store: string): Extent => {
  const row = sql.get<Extent & Record<string, unknown>>(`select '' as key, '' as etag, ${EXTENT} from guard_reading where set_ = ? and store = ?`, set, store)
  return row && row.parts > 0 ? row : { key: '', etag: '', parts: 0, unread: 0, faults: 0, at: null }
}

/** What the parts of a copy were when they were read: all of them, and none of them damaged; else nothing. */
export function loadSums(sql: Sql, set: string, store: string, { key, etag }: { readonly key: string; readonly etag: string }): readonly { readonly from: number; readonly bytes: number; readonly sha256: string }[] {
  const rows = sql.all<{ from_: number; bytes: number; sum: string | null; fault: string | null }>('select from_, bytes, sum, fault from guard_reading where set_ = ? and store = ? and key = ? and etag = ? order by n limit 10000', set, store, key, etag)
  const sums = rows.flatMap((row) => (row.sum === null || row.fault === 'differs' ? [] : [{ from: row.from_, bytes: row.bytes, sha256: row.sum }]))
  return sums.length === rows.length ? sums : []
}

export const addPart = (sql: Sql, set: string, store: string, it: Pick<PartRow, 'key' | 'n' | 'of' | 'etag' | 'version' | 'from' | 'bytes' | 'since' | 'due'>, wanted: number): void =>
  void sql.run('insert into guard_reading (set_, store, key, n, of_, etag, version, from_, bytes, since, due, wanted) values (?,?,?,?,?,?,?,?,?,?,?,?)', set, store, it.key, it.n, it.of, it.etag, it.version, it.from, it.bytes, Math.floor(it.since), Math.floor(it.due), wanted)

export const dropParts = (sql: Sql, set: string, store: string, key?: string): void => void (key === undefined
  ? sql.run('delete from guard_reading where set_ = ? and store = ?', set, store)
  : sql.run('delete from guard_reading where set_ = ? and store = ? and key = ?', set, store, key))

interface ReadNow {
  readonly passed: Span
  readonly at: Instant
  readonly due: Span
}

/** It was read, and is as it was; `sum` is kept where none is known. */
export const saveRead = (sql: Sql, set: string, store: string, { key, n }: Pick<PartRow, 'key' | 'n'>, { passed, at, due, sum }: ReadNow & { readonly sum: string }): void =>
  void sql.run('update guard_reading set read = ?, read_at = ?, due = ?, sum = coalesce(sum, ?), fault = null, says = null, fails = 0, wanted = 0 where set_ = ? and store = ? and key = ? and n = ?', Math.floor(passed), Math.floor(at), Math.floor(due), sum, set, store, key, n)

/** It was read, and is not as it was: the sum of before stands. */
export const saveDiffers = (sql: Sql, set: string, store: string, { key, n }: Pick<PartRow, 'key' | 'n'>, { passed, at, due, says }: ReadNow & { readonly says: string }): void =>
  void sql.run(`update guard_reading set read = ?, read_at = ?, due = ?, fault = 'differs', says = ?, fails = 0, wanted = 0 where set_ = ? and store = ? and key = ? and n = ?`, Math.floor(passed), Math.floor(at), Math.floor(due), says, set, store, key, n)

/** It could not be read, and stays as unread as it was. Damage that was found stays damage. */
export const saveFailed = (sql: Sql, set: string, store: string, { key, n }: Pick<PartRow, 'key' | 'n'>, says: string): void =>
  void sql.run(`update guard_reading set fault = case when fault = 'differs' then fault else 'failed' end, says = case when fault = 'differs' then says else ? end, fails = fails + 1, wanted = min(wanted, 1) where set_ = ? and store = ? and key = ? and n = ?`, says, set, store, key, n)

/** Nothing is due later than a round after it was last read: a promise may have become shorter. */
export const capDue = (sql: Sql, set: string, round: Span): void => void sql.run('update guard_reading set due = coalesce(read, since) + ? where set_ = ? and due > coalesce(read, since) + ?', Math.floor(round), set, Math.floor(round))

export const wantAll = (sql: Sql, set: string): void => void sql.run('update guard_reading set wanted = ? where set_ = ?', WANTED.now, set)

export const loadReckoning = (sql: Sql): Reckoning | undefined => sql.get<{ passed: Span; wall: Instant; lived: Span }>('select passed, wall, lived from guard_reckoning')

export const saveReckoning = (sql: Sql, { passed, wall, lived }: Reckoning): void =>
  void sql.run('insert into guard_reckoning (one, passed, wall, lived) values (1,?,?,?) on conflict do update set passed = excluded.passed, wall = excluded.wall, lived = excluded.lived', Math.floor(passed), Math.floor(wall), Math.floor(lived))
