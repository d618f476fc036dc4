// What a heartbeat reports, as it is kept: the newest pings with their texts, and the runs that began and did not end yet. These
// are working rows, as durable as the turn that wrote them and never rebuilt. What jobs write is free text: it stands here, and
// where a page speaks of it, only its hash stands in the ledger. Everything is bounded, per ping, per check, and in runs at once.
import type { Due, Instant, Now, Span, Tick } from '../../core/time.ts'
import { ageOf } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Check } from './check.ts'

export const TABLES = `
create table if not exists watch_run (name text not null, rid text not null, at integer not null, tick integer not null, boot text not null,
  over integer not null default 0, primary key (name, rid)) strict, without rowid;
create table if not exists watch_ping (name text not null, n integer not null, at integer not null, is_ text not null, code integer, rid text, took integer,
  text text not null, cut integer not null, from_ text, primary key (name, n)) strict;
`

/** So many pings of a check are kept, the newest. */
export const PINGS_KEPT = 100
/** So many runs of a check are timed at once; one more is taken in as any ping, and not timed. */
export const MOST_RUNS = 100
/** A run that did not end in time is remembered so long, so that its late end still has a duration. */
const RUN_KEPT = 72 * 3_600_000

export type Signal = { readonly is: 'success' | 'start' | 'fail' | 'log' } | { readonly is: 'exit'; readonly code: number }

/** One ping, as it came in. */
export interface Ping {
  readonly check: string
  readonly signal: Signal
  /** Which run it speaks of, where runs overlap. */
  readonly rid?: string
  readonly text?: string
  /** There was more text than is kept. */
  readonly cut?: boolean
  /** The address it came from. */
  readonly from?: string
}

export interface RunRow extends Record<string, unknown> {
  name: string
  /** Empty where the run was not named. */
  rid: string
  at: number
  tick: number
  boot: string
  /** 1: its time passed; it is judged no more. */
  over: number
}

export interface PingRow extends Record<string, unknown> {
  name: string; n: number; at: number; is_: Signal['is']; code: number | null; rid: string | null; took: number | null; text: string; cut: number; from_: string | null
}

/** When a run that did not end has failed: the grace after its start, by both clocks. */
export function runDue(check: Check, run: RunRow): Due {
  const grace = check.grace ?? 0
  return { wall: (run.at + grace) as Instant, tick: (run.tick + grace) as Tick, boot: run.boot }
}

/** How long it ran: by the monotonic clock, else (after a reboot) by the wall clock. */
export const tookOf = (run: RunRow, now: Now): Span =>
  Math.round(ageOf({ tick: run.tick as Tick, boot: run.boot }, now) ?? Math.max(0, now.wall - run.at)) as Span

/** Oldest first. */
export const loadRuns = (sql: Sql, name: string): RunRow[] => sql.all<RunRow>('select * from watch_run where name = ? order by at, rid', name)
export const loadRun = (sql: Sql, name: string, rid: string): RunRow | undefined => sql.get<RunRow>('select * from watch_run where name = ? and rid = ?', name, rid)

/** A run begins; the same one again begins anew. False when too many are under way already. */
export function beginRun(sql: Sql, name: string, rid: string, now: Now): boolean {
  const others = (): number => sql.get<{ n: number }>('select count(*) as n from watch_run where name = ? and rid <> ?', name, rid)?.n ?? 0
  sql.run('delete from watch_run where name = ? and over = 1 and at < ?', name, now.wall - RUN_KEPT)
  if (others() >= MOST_RUNS) sql.run('delete from watch_run where name = ? and rid = (select rid from watch_run where name = ? and over = 1 order by at, rid limit 1)', name, name)
  if (others() >= MOST_RUNS) return false
  sql.run(`insert into watch_run (name, rid, at, tick, boot, over) values (?,?,?,?,?,0)
    on conflict (name, rid) do update set at = excluded.at, tick = excluded.tick, boot = excluded.boot, over = 0`, name, rid, now.wall, Math.floor(now.tick), now.boot)
  return true
}

export const runIsOver = (sql: Sql, run: RunRow): void => void sql.run('update watch_run set over = 1 where name = ? and rid = ?', run.name, run.rid)
export const dropRun = (sql: Sql, run: RunRow): void => void sql.run('delete from watch_run where name = ? and rid = ?', run.name, run.rid)

/** Keeps a ping, and lets the oldest beyond the bound go. */
export function keepPing(sql: Sql, ping: Ping, at: Instant, took: Span | undefined): void {
  const n = (sql.get<{ n: number | null }>('select max(n) as n from watch_ping where name = ?', ping.check)?.n ?? 0) + 1
  sql.run('insert into watch_ping (name, n, at, is_, code, rid, took, text, cut, from_) values (?,?,?,?,?,?,?,?,?,?)',
    ping.check, n, at, ping.signal.is, ping.signal.is === 'exit' ? ping.signal.code : null, ping.rid ?? null, took ?? null, ping.text ?? '', ping.cut === true ? 1 : 0, ping.from ?? null)
  sql.run('delete from watch_ping where name = ? and n <= ?', ping.check, n - PINGS_KEPT)
}

/** The newest, newest first. */
export const loadPings = (sql: Sql, name: string, most: number): PingRow[] =>
  sql.all<PingRow>('select * from watch_ping where name = ? order by n desc limit ?', name, most)

/** How long the newest measured run took. */
export const lastTook = (sql: Sql, name: string): number | undefined =>
  sql.get<{ took: number }>('select took from watch_ping where name = ? and took is not null order by n desc limit 1', name)?.took

/** A check that is gone leaves no texts behind. */
export function dropPings(sql: Sql, name: string): void {
  sql.run('delete from watch_ping where name = ?', name)
  sql.run('delete from watch_run where name = ?', name)
}
