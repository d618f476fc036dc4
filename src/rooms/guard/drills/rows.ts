// What drills left: of each copy its last verdict, folded from the ledger; and the last reports as they came, a working table, since the words of an
// engine may hold what a person wrote into a database and have no place in a chain that nobody can mend.
import type { Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Verdict } from './ladder.ts'
import type { DrillReport } from './report.ts'

export const TABLES = `
create table if not exists guard_drill (set_ text not null, store text not null, key text not null, etag text not null, at integer not null, verdict text not null, rung integer not null,
  says text not null, times integer not null, passed_at integer, ended text, reached integer, primary key (set_, store, key)) strict, without rowid;
create table if not exists guard_drill_report (id integer primary key, set_ text not null, store text not null, key text not null, taken integer not null, report text not null) strict;
create index if not exists guard_drill_report_by_set on guard_drill_report (set_, id);
create table if not exists guard_drill_count (set_ text not null, store text not null, times integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_report (id text primary key, seq integer not null, set_ text not null, at integer not null, text text not null) strict, without rowid;
create index if not exists guard_report_by_set on guard_report (set_, seq);
`

export const PROJECTIONS = ['guard_drill', 'guard_drill_count', 'guard_report']

/** So many reports of one set are kept. */
const MOST_REPORTS = 100

export interface DrilledBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly key: string; readonly etag: string; readonly verdict: Verdict; readonly rung: number
  /** Why it failed or is not known; never the engine's own words. */
  readonly says: string
  readonly phases: readonly { readonly name: string; readonly ms: number }[]
  readonly sha256: string
  readonly at: number
  /** `#` and the hash of the signed report, and how it is called; absent of drills before there were any. */
  readonly report?: string
  readonly reportId?: string
  /** Another one stands under its name by now, or none: nobody has what was found. */
  readonly gone?: boolean
  /** Of when the copy is, and whether no newer one was there; absent of drills before that was kept. */
  readonly of?: number
  readonly newest?: boolean
}

export const applyDrilled = (sql: Sql, entry: Entry): void => {
  const b = entry.body as DrilledBody
  applyReported(sql, entry)
  sql.run('insert into guard_drill_count (set_, store, times) values (?,?,1) on conflict do update set times = times + 1', b.set, b.store)
  if (b.gone === true) return
  // What nobody could find out takes nothing back: a copy that failed has failed until a drill of the same bytes says otherwise.
  const stands = b.verdict === 'unknown' && sql.run(`update guard_drill set times = times + 1, reached = ? where set_ = ? and store = ? and key = ? and etag = ? and verdict = 'failed'`, b.rung, b.set, b.store, b.key, b.etag).changes > 0
  if (stands) return
  const passed = b.verdict === 'passed' ? b.at : null
  // A pass that turns out to be worth nothing gives the failure back that it ended (`applyVoid`).
  sql.run(`insert into guard_drill (set_, store, key, etag, at, verdict, rung, says, times, passed_at, ended) values (?,?,?,?,?,?,?,?,1,?,null)
    on conflict do update set etag = excluded.etag, at = excluded.at, verdict = excluded.verdict, rung = excluded.rung, says = excluded.says, times = times + 1, reached = null,
      ended = case when excluded.etag <> etag or excluded.verdict = 'failed' then null when verdict = 'failed' then json_object('at', at, 'rung', rung, 'says', says, 'until', excluded.at) else ended end,
      passed_at = case when excluded.etag = etag then coalesce(excluded.passed_at, passed_at) else excluded.passed_at end`,
    b.set, b.store, b.key, b.etag, b.at, b.verdict, b.rung, b.says, passed)
}

/** What any entry about a drill carries of its signed report. `of`: the set that it is shown for; empty: it is found by its own name alone. */
export function applyReported(sql: Sql, { seq, body }: Entry, of = (body as DrilledBody).set): void {
  const { report, reportId, at } = body as Partial<DrilledBody>
  if (report === undefined || reportId === undefined || at === undefined) return
  sql.run('insert into guard_report (id, seq, set_, at, text) values (?,?,?,?,?) on conflict do nothing', reportId, seq, of, at, report)
}

/** Drills of a set that passed prove nothing: what they said is not known, and a failure that one of them ended after `since` stands again. */
export function applyVoid(sql: Sql, set: string, { says, since }: { readonly says: string; readonly since: number }): void {
  sql.run(`update guard_drill set verdict = 'failed', at = json_extract(ended, '$.at'), rung = json_extract(ended, '$.rung'), says = json_extract(ended, '$.says'), passed_at = null, ended = null
    where set_ = ? and verdict <> 'failed' and ended is not null and json_extract(ended, '$.until') > ?`, set, since)
  sql.run(`update guard_drill set verdict = 'unknown', passed_at = null, ended = null, says = ? where set_ = ? and verdict = 'passed'`, says, set)
}

export const applyVanished = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { set: string; store: string; key: string }
  sql.run('delete from guard_drill where set_ = ? and store = ? and key = ?', b.set, b.store, b.key)
}

export const applyLeft = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { set: string; store: string }
  for (const table of ['guard_drill', 'guard_drill_count']) sql.run(`delete from ${table} where set_ = ? and store = ?`, b.set, b.store)
}

/** So many drills of copies there were, also of such as are gone. */
export const countDrills = (sql: Sql, set: string, store: string): number => sql.get<{ times: number }>('select times from guard_drill_count where set_ = ? and store = ?', set, store)?.times ?? 0

export interface LastDrill {
  readonly key: string
  readonly etag: string
  readonly at: Instant
  readonly verdict: Verdict
  readonly rung: number
  readonly says: string
  readonly times: number
  readonly passedAt?: Instant
  /** Of one that failed: the rung that a later drill came to, of which nobody could tell. */
  readonly reached?: number
}

interface DrillRow extends Record<string, unknown> { key: string; etag: string; at: number; verdict: Verdict; rung: number; says: string; times: number; passed_at: number | null; reached: number | null }

/** The last drill of each copy that is still listed, the newest drill first; of one that failed the last that came to an end. */
export const loadDrills = (sql: Sql, set: string, store: string): LastDrill[] =>
  sql.all<DrillRow>('select key, etag, at, verdict, rung, says, times, passed_at, reached from guard_drill where set_ = ? and store = ? order by at desc, key', set, store)
    .map(({ passed_at, reached, ...row }) => ({ ...row, at: row.at as Instant, ...(passed_at === null ? {} : { passedAt: passed_at as Instant }), ...(reached === null ? {} : { reached }) }))

/** Why a copy is known not to restore, by its bytes: it is there, and no copy to count on. */
export function failedIn(sql: Sql, set: string, store: string): (copy: { readonly key: string; readonly etag: string }) => string | undefined {
  const failed = new Map(loadDrills(sql, set, store).flatMap(({ key, etag, verdict, says }) => (verdict === 'failed' ? [[JSON.stringify([key, etag]), `it failed its drill: ${says}`] as const] : [])))
  return ({ key, etag }) => failed.get(JSON.stringify([key, etag]))
}

/** When a copy, by its bytes, was last restored by a drill that passed and is believed; nothing where none did, or one has failed since. */
export function passedIn(sql: Sql, set: string, store: string): (copy: { readonly key: string; readonly etag: string }) => Instant | undefined {
  const passed = new Map(loadDrills(sql, set, store).flatMap(({ key, etag, verdict, passedAt }) => (verdict !== 'failed' && passedAt !== undefined ? [[JSON.stringify([key, etag]), passedAt] as const] : [])))
  return ({ key, etag }) => passed.get(JSON.stringify([key, etag]))
}

export function saveReport({ sql, now }: Pick<Tx, 'sql' | 'now'>, report: DrillReport): void {
  sql.run('insert into guard_drill_report (set_, store, key, taken, report) values (?,?,?,?,?)', report.set, report.store, report.copy, Math.floor(now.wall), JSON.stringify(report))
  // What a drill of a bucket left wrong is drawn again, however many others came to nothing since.
  sql.run(`delete from guard_drill_report where set_ = ? and id not in (select id from guard_drill_report where set_ = ? order by id desc limit ?)
    and id not in (select max(id) from guard_drill_report where set_ = ? and ${SAMPLED} group by store)`, report.set, report.set, MOST_REPORTS, report.set)
}

/** Of an honest drill that drew something. */
const SAMPLED = `json_extract(report, '$.sample') is not null and json_extract(report, '$.planted') is null`

/** What the last drill of a bucket drew, and what was wrong of it. */
export function loadLastSample(sql: Sql, set: string, store: string): DrillReport['sample'] {
  const row = sql.get<{ report: string }>(`select report from guard_drill_report where set_ = ? and store = ? and ${SAMPLED} order by id desc limit 1`, set, store)
  return row && (JSON.parse(row.report) as DrillReport).sample
}

/** A report, and when it was taken in. */
export interface TakenReport {
  readonly id: number
  readonly takenAt: Instant
  readonly report: DrillReport
}

/** The newest first. */
export const loadReports = (sql: Sql, set: string, most: number): TakenReport[] =>
  sql.all<{ id: number; taken: number; report: string }>('select id, taken, report from guard_drill_report where set_ = ? order by id desc limit ?', set, most)
    .map(({ id, taken, report }) => ({ id, takenAt: taken as Instant, report: JSON.parse(report) as DrillReport }))

/** Where a signed report is kept: the entry of its drill, and what stands for its text there. */
export interface KeptReport {
  readonly id: string
  readonly seq: number
  readonly set: string
  readonly text: string
}

type KeptRow = { id: string; seq: number; set_: string; text: string }
const keptOf = (row: KeptRow | undefined): KeptReport | undefined => row && { id: row.id, seq: row.seq, set: row.set_, text: row.text }

export const loadKept = (sql: Sql, id: string): KeptReport | undefined => keptOf(sql.get<KeptRow>('select id, seq, set_, text from guard_report where id = ?', id))

/** The newest of a set, or of all. */
export const newestKept = (sql: Sql, set?: string): KeptReport | undefined =>
  keptOf(set === undefined ? sql.get<KeptRow>(`select id, seq, set_, text from guard_report where set_ <> '' order by seq desc limit 1`) : sql.get<KeptRow>('select id, seq, set_, text from guard_report where set_ = ? order by seq desc limit 1', set))
