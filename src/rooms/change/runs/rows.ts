// The tables of runs, all of them projections: each entry of a run's stream carries where it stands from then on, and what of it is told.
import { canonical, type Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import { forgetBaseline } from './baseline.ts'
import type { Asked, Began, Despite, Lost, Parties, RunPlan, RunRow, Told } from './record.ts'
import type { Run } from './run.ts'

export const TABLES = `
create table if not exists change_run (id text primary key, version integer not null, at integer not null, over integer not null, plan text not null, steps text not null, stands text not null) strict, without rowid;
create index if not exists change_run_going on change_run (over) where over = 0;
create table if not exists change_told (run text not null, n integer not null, at integer not null, told text not null, primary key (run, n)) strict, without rowid;
create index if not exists change_told_ended on change_told (at) where json_extract(told, '$.event') = 'ended';
create table if not exists change_asked (agreement text primary key, run text not null) strict, without rowid;
`
export const PROJECTIONS = ['change_run', 'change_told', 'change_asked']

/** Where a run stands; `steps` and `id` of it never change. */
export interface Stands {
  readonly run: Omit<Run, 'id' | 'steps'>
  readonly asked?: Asked
  readonly boots: Readonly<Record<string, string>>
  readonly acted?: NonNullable<RunRow['acted']>
  readonly lost?: Lost
  readonly parties?: Parties
  readonly despite?: readonly Despite[]
}

export interface BeganBody { readonly id: string; readonly plan: RunPlan; readonly steps: Run['steps']; readonly stands: Stands; readonly told: readonly Told[]; readonly at: Instant }
export interface MovedBody { readonly id: string; readonly stands: Stands; readonly told: readonly Told[]; readonly at: Instant }

export function applyBegan(sql: Sql, { body }: Entry): void {
  const { id, plan, steps, stands, told, at } = body as unknown as BeganBody
  sql.run('insert into change_run (id, version, at, over, plan, steps, stands) values (?,1,?,0,?,?,?)', id, at, canonical(plan), canonical(steps), canonical(stands))
  tell(sql, { id, told, at })
}

export function applyMoved(sql: Sql, { body }: Entry): void {
  const { id, stands, told, at } = body as unknown as MovedBody
  sql.run('update change_run set version = version + 1, stands = ?, over = ? where id = ?', canonical(stands), stands.run.phase.is === 'over' ? 1 : 0, id)
  if (stands.run.phase.is === 'over') forgetBaseline(sql, id)
  if (stands.asked) sql.run('insert or ignore into change_asked (agreement, run) values (?,?)', stands.asked.agreement, id)
  tell(sql, { id, told, at })
}

function tell(sql: Sql, { id, told, at }: Pick<MovedBody, 'id' | 'told' | 'at'>): void {
  const from = sql.get<{ n: number }>('select count(*) as n from change_told where run = ?', id)?.n ?? 0
  for (const [n, one] of told.entries()) sql.run('insert into change_told (run, n, at, told) values (?,?,?,?)', id, from + n, at, canonical(one))
}

interface Row extends Record<string, unknown> { id: string; version: number; stands: string }
/** What never changes of a run. */
interface Fixed { readonly plan: RunPlan; readonly steps: Run['steps'] }

/** It is read once, however often a run is looked at. */
const known = new WeakMap<Sql, Map<string, Fixed>>()
const MOST_KNOWN = 64

function fixedOf(sql: Sql, id: string): Fixed {
  const of = known.get(sql) ?? new Map<string, Fixed>()
  known.set(sql, of)
  const had = of.get(id)
  if (had) return had
  if (of.size >= MOST_KNOWN) of.clear()
  const { plan = '', steps = '' } = sql.get<{ plan: string; steps: string }>('select plan, steps from change_run where id = ?', id) ?? {}
  const made: Fixed = { plan: JSON.parse(plan) as RunPlan, steps: JSON.parse(steps) as Run['steps'] }
  of.set(id, made)
  return made
}

function rowOf(sql: Sql, { id, version, stands }: Row): RunRow {
  const { run, asked, boots, acted, lost, parties, despite } = JSON.parse(stands) as Stands
  const { plan, steps } = fixedOf(sql, id)
  return { plan: parties ? { ...plan, ...parties } : plan, version, boots, run: { ...run, id, steps }, ...(asked ? { asked } : {}), ...(acted === undefined ? {} : { acted }), ...(lost === undefined ? {} : { lost }), ...(parties === undefined ? {} : { parties }), ...(despite === undefined ? {} : { despite }) }
}

const rows = (sql: Sql, which: string, ...given: readonly (string | number)[]): RunRow[] => sql.all<Row>(`select id, version, stands from change_run ${which}`, ...given).map((row) => rowOf(sql, row))

export const loadRun = (sql: Sql, id: string): RunRow | undefined => rows(sql, 'where id = ?', id)[0]

/** Those that are not over. */
export const loadGoing = (sql: Sql): RunRow[] => rows(sql, 'where over = 0 order by at, id')
export const loadRuns = (sql: Sql, most: number): RunRow[] => rows(sql, 'order by at desc, id desc limit ?', most)
/** Those that ended at `since` or later. */
export const loadRunsOver = (sql: Sql, since: Instant): RunRow[] =>
  rows(sql, `where over = 1 and id in (select run from change_told where at >= ? and json_extract(told, '$.event') = 'ended') order by at, id`, since)
export const runAsked = (sql: Sql, agreement: string): RunRow | undefined => {
  const it = sql.get<{ run: string }>('select run from change_asked where agreement = ?', agreement)
  return it && loadRun(sql, it.run)
}

/** All that its people were ever asked for. */
export const agreementsOf = (sql: Sql, run: string): string[] => sql.all<{ agreement: string }>('select agreement from change_asked where run = ?', run).map(({ agreement }) => agreement)

export interface ToldRow { readonly n: number; readonly at: Instant; readonly told: Told }
export const loadTold = (sql: Sql, run: string, after: number, most: number): ToldRow[] =>
  sql.all<{ n: number; at: Instant; told: string }>('select n, at, told from change_told where run = ? and n > ? order by n limit ?', run, after, most).map(({ n, at, told }) => ({ n, at, told: JSON.parse(told) as Told }))

export const isTold = (sql: Sql, run: string, event: Told['event']): boolean => sql.get(`select 1 from change_told where run = ? and json_extract(told, '$.event') = ?`, run, event) !== undefined

export const lastBeganAt = (sql: Sql, run: string): Instant => (sql.get<{ at: number | null }>(`select max(at) as at from change_told where run = ? and json_extract(told, '$.event') = 'began'`, run)?.at ?? 0) as Instant

/** The step, or the way back of it, that began last. */
export function lastBegan(sql: Sql, run: string): Began | undefined {
  const row = sql.get<{ at: number; told: string }>(`select at, told from change_told where run = ? and json_extract(told, '$.event') = 'began' order by n desc limit 1`, run)
  const step = row && (JSON.parse(row.told) as Told).step
  return row && typeof step === 'string' ? { step, at: row.at as Instant } : undefined
}

/** When somebody pressed first: what was there before halts nothing. 0: nobody has. */
export const firstPressAt = (sql: Sql, run: string): Instant =>
  (sql.get<{ at: number | null }>(`select min(at) as at from change_told where run = ?1 and json_extract(told, '$.event') = 'pressed'`, run)?.at ?? 0) as Instant

/** When the last line was told by which nothing had halted it: what was there by then was seen, and let it go on. */
export const lastWellAt = (sql: Sql, run: string): Instant => {
  const of = (query: string): number | null => sql.get<{ at: number | null }>(`select max(at) as at from change_told where run = ?1 and ${query}`, run)?.at ?? null
  const IS = `json_extract(told, '$.event') =`
  const halted = sql.get<{ n: number | null }>(`select min(n) as n from change_told where run = ?1 and ${IS} 'halted' and n > (select coalesce(max(n), -1) from change_told where run = ?1 and ${IS} 'resumed')`, run)?.n ?? null
  return (of(halted === null ? 'n >= 0' : `n < ${halted}`) ?? 0) as Instant
}

export const standsOf = ({ run: { id: _id, steps: _steps, ...run }, asked, boots, acted, lost, parties, despite }: Omit<RunRow, 'plan' | 'version'>): Stands =>
  ({ run, boots, ...(asked ? { asked } : {}), ...(acted === undefined ? {} : { acted }), ...(lost === undefined ? {} : { lost }), ...(parties === undefined ? {} : { parties }), ...(despite === undefined ? {} : { despite }) })
