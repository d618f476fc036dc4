// Tables of buckets that are themselves the copy. What lies there, and how much lay there before, is folded from the ledger; how far a reading has come is
// a working row: lost, all of it counts as unread, and is read again.
import type { Entry } from '../../../core/ledger.ts'
import type { Instant, Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Walked } from '../protocol.ts'
import { WHOLE, type Measure, type Whole } from './judge.ts'

export const OBJECT_TABLES = `
create table if not exists guard_whole (set_ text not null, store text not null, objects integer not null, odd integer not null, bytes integer not null, modified_at integer, versioning text not null, lock text not null,
  slot integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_measure (set_ text not null, store text not null, slot integer not null, objects integer not null, bytes integer not null, primary key (set_, store, slot)) strict, without rowid;
create table if not exists guard_walk (set_ text not null, store text not null, since integer not null, hurry integer, found text, primary key (set_, store)) strict, without rowid;
`

export const OBJECT_PROJECTIONS = ['guard_whole', 'guard_measure']

/** So much history is kept. */
const KEPT = 40

/** What a whole listing of it found; only where it is another than before, or a new stretch of time has begun. */
export interface MeasuredBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly key: string; readonly objects: number; readonly odd: number; readonly bytes: number; readonly modifiedAt: number | null
  readonly versioning: string; readonly lock: string; readonly slot: number; readonly at: number
}

export const applyMeasured = (sql: Sql, entry: Entry): void => {
  const b = entry.body as MeasuredBody
  sql.run(`insert into guard_whole (set_, store, objects, odd, bytes, modified_at, versioning, lock, slot) values (?,?,?,?,?,?,?,?,?) on conflict do update set objects = excluded.objects, odd = excluded.odd,
    bytes = excluded.bytes, modified_at = excluded.modified_at, versioning = excluded.versioning, lock = excluded.lock, slot = excluded.slot`, b.set, b.store, b.objects, b.odd, b.bytes, b.modifiedAt, b.versioning, b.lock, b.slot)
  sql.run('insert into guard_measure (set_, store, slot, objects, bytes) values (?,?,?,?,?) on conflict do update set objects = excluded.objects, bytes = excluded.bytes', b.set, b.store, b.slot, b.objects, b.bytes)
  sql.run('delete from guard_measure where set_ = ? and store = ? and slot not in (select slot from guard_measure where set_ = ? and store = ? order by slot desc limit ?)', b.set, b.store, b.set, b.store, KEPT)
  if (b.objects === 0) sql.run('delete from guard_copy where set_ = ? and store = ?', b.set, b.store)
  else {
    sql.run(`insert into guard_copy (set_, store, key, version, etag, bytes, modified_at, seen_at) values (?,?,?,'',?,?,?,?)
      on conflict do update set bytes = excluded.bytes, modified_at = excluded.modified_at`, b.set, b.store, b.key, WHOLE, b.bytes, b.modifiedAt ?? 0, b.at)
  }
}

/** A person said that what lies there now is right: from here on it is measured by that. */
export const applyMeasuredAnew = (sql: Sql, entry: Entry): void => {
  const { set, store } = entry.body as { set: string; store: string }
  sql.run('delete from guard_measure where set_ = ? and store = ? and slot <> (select slot from guard_whole where set_ = ? and store = ?)', set, store, set, store)
}

export const applyWholeLeft = (sql: Sql, entry: Entry): void => {
  const { set, store } = entry.body as { set: string; store: string }
  for (const table of OBJECT_PROJECTIONS) sql.run(`delete from ${table} where set_ = ? and store = ?`, set, store)
}

interface WholeRow extends Record<string, unknown> { objects: number; odd: number; bytes: number; modified_at: number | null; versioning: string; lock: string; slot: number }

/** What lies there, and how much lay there before, the oldest first. */
export function loadWholeOf(sql: Sql, set: string, store: string): { readonly whole: Whole; readonly slot: number; readonly before: readonly Measure[] } | undefined {
  const row = sql.get<WholeRow>('select objects, odd, bytes, modified_at, versioning, lock, slot from guard_whole where set_ = ? and store = ?', set, store)
  if (!row) return undefined
  const { slot, modified_at, ...whole } = row
  const before = sql.all<{ objects: number; bytes: number }>('select objects, bytes from guard_measure where set_ = ? and store = ? and slot <> ? order by slot', set, store, slot)
  return { whole: { ...whole, ...(modified_at === null ? {} : { modifiedAt: modified_at as Instant }) }, slot, before }
}

/** How far its reading is. `hurry`: a person wants all of it read from there on, by the reckoning. */
export interface Walk {
  readonly since: Span
  readonly hurry: Span | undefined
  readonly found: (Walked & { readonly is: 'walked' }) | undefined
}

export function loadWalk(sql: Sql, set: string, store: string): Walk | undefined {
  const row = sql.get<{ since: Span; hurry: Span | null; found: string | null }>('select since, hurry, found from guard_walk where set_ = ? and store = ?', set, store)
  return row && { since: row.since, hurry: row.hurry ?? undefined, found: row.found === null ? undefined : (JSON.parse(row.found) as Walk['found']) }
}

export const saveWalk = (sql: Sql, set: string, store: string, { since, hurry, found }: Walk): void =>
  void sql.run('insert into guard_walk (set_, store, since, hurry, found) values (?,?,?,?,?) on conflict do update set since = excluded.since, hurry = excluded.hurry, found = excluded.found',
    set, store, Math.floor(since), hurry === undefined ? null : Math.floor(hurry), found === undefined ? null : JSON.stringify(found))

export const walksKept = (sql: Sql): readonly { readonly set_: string; readonly store: string }[] => sql.all<{ set_: string; store: string }>('select set_, store from guard_walk')
export const dropWalk = (sql: Sql, set: string, store: string): void => void sql.run('delete from guard_walk where set_ = ? and store = ?', set, store)
