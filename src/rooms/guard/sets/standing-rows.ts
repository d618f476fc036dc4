// How sets stand and what went away of them, as rows: all that is found wrong with each, what vanished without anybody's word, and which checks are silenced.
// How many copies whoever rotates them may take away is a working row: lost, it begins at the least. So is what the last listing held that nobody can ask for, and that a
// store is another one, or not there at all.
import { canonical, type Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Odd } from '../protocol.ts'
import type { CopyBody } from '../rows.ts'
import type { Verdict } from './judge.ts'
import type { Repeat } from './vanishing.ts'

export const STANDING_TABLES = `
create table if not exists guard_finding (set_ text not null, store text not null, findings text not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_missed (set_ text not null, store text not null, says text not null, since integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_repeat (set_ text not null, store text not null, key text not null, at integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_silence (name text primary key, until integer not null) strict, without rowid;
create table if not exists guard_rotation (set_ text not null, store text not null, credit integer not null, odd text, primary key (set_, store)) strict, without rowid;
create table if not exists guard_lost (set_ text not null, store text not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_odd (set_ text not null, store text not null, count integer not null, shown text not null, primary key (set_, store)) strict, without rowid;
`

export const STANDING_PROJECTIONS = ['guard_finding', 'guard_missed', 'guard_repeat', 'guard_silence']

export const applyFindings = (sql: Sql, entry: Entry): void => {
  const { set, store, findings } = entry.body as { set: string; store: string; findings?: readonly Verdict[] }
  sql.run('insert into guard_finding (set_, store, findings) values (?,?,?) on conflict do update set findings = excluded.findings', set, store, canonical(findings ?? []))
}

/** What is reached in its place is not the store that was listed: what that listing found says nothing of now. */
export function saveLost(sql: Sql, set: string, store: string, { lost }: { readonly lost: boolean }): void {
  if (lost) sql.run('insert into guard_lost (set_, store) values (?,?) on conflict do nothing', set, store)
  else sql.run('delete from guard_lost where set_ = ? and store = ?', set, store)
}

export const isLost = (sql: Sql, set: string, store: string): boolean => sql.get('select 1 as one from guard_lost where set_ = ? and store = ?', set, store) !== undefined

/** What the last whole listing held that has no name to be asked for by. */
export function saveOdd(sql: Sql, set: string, store: string, odd: Odd | undefined): void {
  if (odd === undefined) sql.run('delete from guard_odd where set_ = ? and store = ?', set, store)
  else sql.run('insert into guard_odd (set_, store, count, shown) values (?,?,?,?) on conflict do update set count = excluded.count, shown = excluded.shown', set, store, odd.count, JSON.stringify(odd.shown))
}

export function loadOdd(sql: Sql, set: string, store: string): Odd | undefined {
  const row = sql.get<{ count: number; shown: string }>('select count, shown from guard_odd where set_ = ? and store = ?', set, store)
  return row && { count: row.count, shown: JSON.parse(row.shown) as string[] }
}

/** All that is wrong with a set in a store, the worst first; empty where it is as it should be, or was judged before this was kept. */
export const loadFindings = (sql: Sql, set: string, store: string): readonly Verdict[] => {
  const row = sql.get<{ findings: string }>('select findings from guard_finding where set_ = ? and store = ?', set, store)
  return row ? (JSON.parse(row.findings) as Verdict[]) : []
}

/** Copies vanished that nobody took away by a rule, or all of them are there again, or a person said that it was meant. */
export interface MissedBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly to: 'stands' | 'over'; readonly says: string; readonly key: string; readonly escalate: string; readonly at: number
}

export const applyMissed = (sql: Sql, entry: Entry): void => {
  const b = entry.body as MissedBody
  if (b.to === 'over') sql.run('delete from guard_missed where set_ = ? and store = ?', b.set, b.store)
  else sql.run('insert into guard_missed (set_, store, says, since) values (?,?,?,?) on conflict do update set says = excluded.says', b.set, b.store, b.says, b.at)
}

export const loadMissed = (sql: Sql, set: string, store: string): { readonly says: string; readonly since: Instant } | undefined =>
  sql.get<{ says: string; since: Instant }>('select says, since from guard_missed where set_ = ? and store = ?', set, store)

/** A copy whose run was repeated: the last one of each store is what the next one is measured by. */
export const applyRepeated = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody & { readonly by?: string }
  if (b.by === 'repeat') sql.run('insert into guard_repeat (set_, store, key, at) values (?,?,?,?) on conflict do update set key = excluded.key, at = excluded.at', b.set, b.store, b.key, b.at)
}

/** The last copy whose run was repeated; nothing where there was none. */
export const loadRepeat = (sql: Sql, set: string, store: string): Repeat | undefined => sql.get<{ key: string; at: Instant }>('select key, at from guard_repeat where set_ = ? and store = ?', set, store)

export const applyStandingLeft = (sql: Sql, entry: Entry): void => {
  const { set, store } = entry.body as { set: string; store: string }
  for (const table of ['guard_finding', 'guard_missed', 'guard_repeat', 'guard_rotation', 'guard_odd', 'guard_lost', 'guard_lock']) sql.run(`delete from ${table} where set_ = ? and store = ?`, set, store)
}

export const applySilenced = (sql: Sql, entry: Entry): void => {
  const { check, until } = entry.body as { check: string; until: number }
  sql.run('insert into guard_silence (name, until) values (?, ?) on conflict (name) do update set until = excluded.until', check, until)
}

export const applySilenceEnded = (sql: Sql, entry: Entry): void => void sql.run('delete from guard_silence where name = ?', (entry.body as { check: string }).check)

/** Nobody is told of its outage: then that explains nothing to anybody. */
export const isSilenced = (sql: Sql, check: string, now: Instant): boolean => (sql.get<{ until: number }>('select until from guard_silence where name = ?', check)?.until ?? 0) > now

/** What whoever rotates a set may still take away; with it, while a listing is being recorded, what was odd about it ('' for nothing). */
export interface Rotation {
  readonly credit: number
  readonly odd: string | undefined
}

export const loadRotation = (sql: Sql, set: string, store: string): Rotation | undefined => {
  const row = sql.get<{ credit: number; odd: string | null }>('select credit, odd from guard_rotation where set_ = ? and store = ?', set, store)
  return row && { credit: row.credit, odd: row.odd ?? undefined }
}

export const saveRotation = (sql: Sql, set: string, store: string, { credit, odd }: Rotation): void =>
  void sql.run('insert into guard_rotation (set_, store, credit, odd) values (?,?,?,?) on conflict do update set credit = excluded.credit, odd = excluded.odd', set, store, credit, odd ?? null)
