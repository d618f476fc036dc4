// What is kept of a rolling run beside where it stands (rolling.ts), and its tables, all of them projections. The order of the hosts and the hash of
// each host's plan are fixed when it begins: an edit in the middle of it keeps the next host from beginning (C-5).
import { canonical, type Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Accepted } from '../plan.ts'
import type { Rolling, RollingEvent } from './rolling.ts'

/** Never changes in the life of a rolling run. */
export interface RollingPlan {
  readonly id: string
  readonly runbook: string
  readonly title: string
  /** Of the order and of all plans. */
  readonly hash: string
  /** What all of its runs have for themselves, between them too. */
  readonly claims: readonly string[]
  /** Of each host: the plan that was drawn, and what of it was accepted. */
  readonly plans: Readonly<Record<string, { readonly hash: string; readonly accepted: readonly Accepted[] }>>
  readonly by: string
  /** Of all its runs. */
  readonly does: string
  readonly checks: string
  readonly rehearse: boolean
  readonly at: Instant
}

export interface RollingRow {
  readonly plan: RollingPlan
  readonly rolling: Rolling
  readonly version: number
}

export const ROLLING_EVENTS = ['planned', 'began', 'failed', 'done', 'undone', 'aborted', 'halted', 'resumed', 'ended'] as const

/** One line of what happened. */
export interface RollingTold {
  readonly event: (typeof ROLLING_EVENTS)[number]
  readonly host: string | null
  /** The run that it is about. */
  readonly run: string | null
  readonly by?: string
  readonly says?: string
}

/** What of an event is told; `after` is another object than `before` where anything changed. */
export function toldOf(before: Rolling, event: RollingEvent, after: Rolling, by: string | undefined): RollingTold[] {
  const who = by === undefined ? {} : { by }
  const host = 'host' in event ? event.host : null
  const stage = host === null ? undefined : after.stages[host]?.is === 'to-come' ? before.stages[host] : after.stages[host]
  const it = { host, run: stage && stage.is !== 'to-come' ? stage.run : null, ...who }
  const told: RollingTold[] = []
  switch (event.is) {
    case 'begun': told.push({ ...it, event: 'began' }); break
    case 'failed': told.push({ ...it, event: 'failed', says: event.says }); break
    case 'ended': told.push({ ...it, event: event.how }); break
    case 'resumed': told.push({ ...it, event: 'resumed' }); break
    case 'stopped': told.push({ ...it, event: 'aborted' }); break
    case 'halted': break
  }
  if (after.halt !== undefined && before.halt === undefined) told.push({ ...it, event: 'halted', says: after.halt })
  if (after.over !== undefined) told.push({ event: 'ended', host: null, run: null, says: after.over })
  return told
}

export const ROLLING_TABLES = `
create table if not exists change_rolling (id text primary key, version integer not null, over integer not null, at integer not null, plan text not null, stands text not null) strict, without rowid;
create index if not exists change_rolling_going on change_rolling (over) where over = 0;
create table if not exists change_rolling_told (rolling text not null, n integer not null, at integer not null, told text not null, primary key (rolling, n)) strict, without rowid;
`
export const ROLLING_PROJECTIONS = ['change_rolling', 'change_rolling_told']

/** Both entries of the stream carry where it stands from then on; the first the plan as well. */
export interface RolledBody { readonly id: string; readonly plan?: RollingPlan; readonly stands: Rolling; readonly told: readonly RollingTold[]; readonly at: Instant }

export function applyRolled(sql: Sql, { body }: Entry): void {
  const { id, plan, stands, told, at } = body as unknown as RolledBody
  if (plan) sql.run('insert into change_rolling (id, version, over, at, plan, stands) values (?,1,0,?,?,?)', id, at, canonical(plan), canonical(stands))
  else sql.run('update change_rolling set version = version + 1, over = ?, stands = ? where id = ?', stands.over === undefined ? 0 : 1, canonical(stands), id)
  const from = sql.get<{ n: number }>('select count(*) as n from change_rolling_told where rolling = ?', id)?.n ?? 0
  for (const [n, one] of told.entries()) sql.run('insert into change_rolling_told (rolling, n, at, told) values (?,?,?,?)', id, from + n, at, canonical(one))
}

interface Row extends Record<string, unknown> { version: number; plan: string; stands: string }
const rowOf = ({ version, plan, stands }: Row): RollingRow => ({ version, plan: JSON.parse(plan) as RollingPlan, rolling: JSON.parse(stands) as Rolling })

export function loadRolling(sql: Sql, id: string): RollingRow | undefined {
  const row = sql.get<Row>('select * from change_rolling where id = ?', id)
  return row && rowOf(row)
}

/** Those that are not over. */
export const loadGoingRollings = (sql: Sql): RollingRow[] => sql.all<Row>('select * from change_rolling where over = 0 order by at, id').map(rowOf)

export interface RollingToldRow { readonly n: number; readonly at: Instant; readonly told: RollingTold }
export const loadRollingTold = (sql: Sql, id: string, after: number, most: number): RollingToldRow[] =>
  sql.all<{ n: number; at: Instant; told: string }>('select n, at, told from change_rolling_told where rolling = ? and n > ? order by n limit ?', id, after, most).map(({ n, at, told }) => ({ n, at, told: JSON.parse(told) as RollingTold }))
