// The watch room's tables. `watch_check` is the last turn of each check, `watch_horizon` has a row while this node is cut off (projections); silences and pauses are facts of the
// moment with their author; heartbeats, their runs and pings are working rows.
import type { Entry } from '../../core/ledger.ts'
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Side } from './judge.ts'
import { TABLES as PING_TABLES } from './pings.ts'

export const TABLES = `
create table if not exists watch_check (name text primary key, side text not null, since integer not null, says text not null, root text not null) strict, without rowid;
create table if not exists watch_silence (name text primary key, until integer not null, by_ text not null, reason text not null, at integer not null) strict, without rowid;
create table if not exists watch_paused (name text primary key, since integer not null, by_ text not null, reason text not null) strict, without rowid;
create table if not exists watch_horizon (since integer primary key) strict;
create table if not exists watch_heartbeat (name text primary key, last_at integer, state text not null, due_at integer, excused integer not null default 0) strict, without rowid;
${PING_TABLES}`

export const PROJECTIONS = ['watch_check', 'watch_silence', 'watch_paused', 'watch_horizon']

export interface CheckRow extends Record<string, unknown> {
  name: string; side: Side; since: number; says: string; root: string
}

/** `reason` as it stands in the entry: `#` and a hash, or empty. */
export interface PausedRow extends Record<string, unknown> {
  name: string; since: number; by_: string; reason: string
}

export interface HeartbeatRow extends Record<string, unknown> {
  name: string; last_at: number | null; state: string; due_at: number | null; excused: number
}

/** `watch.turned`: one check went from one side to another, and what its probable root is. */
export interface TurnedBody extends Record<string, unknown> {
  readonly check: string
  readonly from: Side
  readonly to: Exclude<Side, 'new'>
  readonly says: string
  /** The deepest failing thing that it leans on; itself when none. A check by its name, a host or a cluster as its incident is named (`cluster:shop-db`). */
  readonly root: string
  readonly rootSays: string
  readonly at: Instant
  readonly escalate: string
  readonly rootEscalate: string
  /** The deadline of a heartbeat passed while nobody could ping us. */
  readonly gap?: boolean
}

export const applyTurned = (sql: Sql, entry: Entry): void => {
  const body = entry.body as TurnedBody
  sql.run(`insert into watch_check (name, side, since, says, root) values (?,?,?,?,?)
    on conflict (name) do update set side = excluded.side, since = excluded.since, says = excluded.says, root = excluded.root`,
    body.check, body.to, body.at, body.says, body.root)
}

export const applyIsolated = (sql: Sql, entry: Entry): void => void sql.run('insert into watch_horizon (since) values (?) on conflict do nothing', entry.at)
export const applyRejoined = (sql: Sql): void => void sql.run('delete from watch_horizon')
/** This node is cut off, by what was recorded last. */
export const loadIsolated = (sql: Sql): boolean => sql.get('select since from watch_horizon limit 1') !== undefined

export const applySilenced = (sql: Sql, entry: Entry): void => {
  const { check, until, by, reason } = entry.body as { check: string; until: number; by: string; reason: string }
  sql.run(`insert into watch_silence (name, until, by_, reason, at) values (?,?,?,?,?)
    on conflict (name) do update set until = excluded.until, by_ = excluded.by_, reason = excluded.reason, at = excluded.at`,
    check, until, by, reason, entry.at)
}

/** `watch.paused`: nobody judges it until it is resumed; what was known of it is over. */
export interface PausedBody extends Record<string, unknown> {
  readonly check: string
  readonly by: string
  /** Free text: `#` and its hash, or empty. */
  readonly reason: string
  readonly at: Instant
}

export const applyPaused = (sql: Sql, entry: Entry): void => {
  const { check, by, reason, at } = entry.body as PausedBody
  sql.run('insert into watch_paused (name, since, by_, reason) values (?,?,?,?) on conflict (name) do nothing', check, at, by, reason)
  sql.run('delete from watch_check where name = ?', check)
}

/** `watch.resumed`: from here on it is new, until it reports. */
export const applyResumed = (sql: Sql, entry: Entry): void => void sql.run('delete from watch_paused where name = ?', (entry.body as { check: string }).check)

/** A check that left the configuration: its row goes, its entries stay. */
export const applyRemoved = (sql: Sql, entry: Entry): void => {
  const { check } = entry.body as { check: string }
  sql.run('delete from watch_check where name = ?', check)
  sql.run('delete from watch_silence where name = ?', check)
  sql.run('delete from watch_paused where name = ?', check)
}

export const loadCheck = (sql: Sql, name: string): CheckRow | undefined => sql.get<CheckRow>('select * from watch_check where name = ?', name)
export const loadChecks = (sql: Sql): CheckRow[] => sql.all<CheckRow>('select * from watch_check order by name')
export const loadPaused = (sql: Sql, name: string): PausedRow | undefined => sql.get<PausedRow>('select * from watch_paused where name = ?', name)
export const loadAllPaused = (sql: Sql): PausedRow[] => sql.all<PausedRow>('select * from watch_paused order by name')
export const loadHeartbeat = (sql: Sql, name: string): HeartbeatRow | undefined => sql.get<HeartbeatRow>('select * from watch_heartbeat where name = ?', name)
export const loadHeartbeats = (sql: Sql): HeartbeatRow[] => sql.all<HeartbeatRow>('select * from watch_heartbeat order by name')

export const saveHeartbeat = (sql: Sql, row: HeartbeatRow): void => {
  sql.run(`insert into watch_heartbeat (name, last_at, state, due_at, excused) values (?,?,?,?,?)
    on conflict (name) do update set last_at = excluded.last_at, state = excluded.state, due_at = excluded.due_at, excused = excluded.excused`,
    row.name, row.last_at, row.state, row.due_at, row.excused)
}
