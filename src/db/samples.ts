// Samples: what looks measured, apart from the ledger (their loss of a last second is allowed: synchronous=NORMAL). Passes fold
// into roll-ups per minute, hour and day as they arrive; only failures are kept raw, the first of a row and then one a
// minute. Flushing is done in small shares, so that no page waits for it. What cannot be written (the disk is full) is written
// later, or not at all: no failure in here reaches whoever watches.
import type { Instant, Span } from '../core/time.ts'
import type { Value } from '../core/evidence.ts'
import { openSql, type Sql } from './sql.ts'

const TABLES = `
create table if not exists name (id integer primary key, name text not null unique) strict;
create table if not exists minute (at integer not null, check_ integer not null, pass integer not null, fail integer not null, unknown integer not null, sum integer not null, most integer not null, primary key (at, check_)) strict, without rowid;
create table if not exists hour (at integer not null, check_ integer not null, pass integer not null, fail integer not null, unknown integer not null, sum integer not null, most integer not null, primary key (at, check_)) strict, without rowid;
create table if not exists day (at integer not null, check_ integer not null, pass integer not null, fail integer not null, unknown integer not null, sum integer not null, most integer not null, primary key (at, check_)) strict, without rowid;
create table if not exists failure (check_ integer not null, at integer not null, took integer not null, found text not null, says text not null, primary key (check_, at)) strict, without rowid;
`
const SIZES = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
/** How long each size is kept, in its own units. */
const KEPT = { minute: 2880, hour: 24 * 92, day: 3660 } as const
const FAILURES_KEPT = 200
/** Finished minutes that wait for the disk; the oldest give way. */
const MOST_WAITING = 20_000

interface Sum { pass: number; fail: number; unknown: number; sum: number; most: number }
const none = (): Sum => ({ pass: 0, fail: 0, unknown: 0, sum: 0, most: 0 })

export interface Samples {
  add(check: string, at: Instant, took: Span, found: Value, says: string | undefined): void
  /** Writes up to `most` finished roll-ups; returns how many are left. */
  flush(now: Instant, most: number): number
  latency(check: string, since: Instant): { at: Instant; mean: number; most: number }[]
  failures(check: string, most: number): { at: Instant; took: Span; found: string; says: string }[]
  close(): void
}

/** Opens the samples at `path`; a damaged file is no reason to stop: the caller moves it away and tries again. */
export function openSamples(path: string): Samples {
  const sql = openSql(path)
  sql.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 200; pragma journal_size_limit = 1048576')
  sql.exec(TABLES)
  return samplesOver(sql)
}

function samplesOver(sql: Sql): Samples {
  const ids = new Map<string, number>()
  const open = new Map<string, { at: number; sum: Sum }>()
  const done: { check: string; at: number; sum: Sum }[] = []
  const streak = new Map<string, { n: number; lastAt: number }>()
  let lastSwept = 0

  /** False when it could not be written; then nothing of it was. */
  const attempt = (act: () => void): boolean => {
    try {
      sql.exec('begin')
      act()
      sql.exec('commit')
      return true
    } catch {
      if (sql.inTransaction) sql.exec('rollback')
      // What was undone may have been a name.
      ids.clear()
      return false
    }
  }
  const idOf = (check: string): number => {
    const has = ids.get(check)
    if (has !== undefined) return has
    sql.run('insert into name (name) values (?) on conflict do nothing', check)
    const id = sql.get<{ id: number }>('select id from name where name = ?', check)?.id ?? 0
    ids.set(check, id)
    return id
  }
  const known = (check: string): number => ids.get(check) ?? sql.get<{ id: number }>('select id from name where name = ?', check)?.id ?? 0
  const count = (check: string, at: number, took: number, found: Value): void => {
    const minute = Math.floor(at / SIZES.minute)
    let current = open.get(check)
    if (!current || current.at !== minute) {
      if (current) done.push({ check, at: current.at, sum: current.sum })
      current = { at: minute, sum: none() }
      open.set(check, current)
    }
    current.sum[found]++
    current.sum.sum += took
    if (took > current.sum.most) current.sum.most = took
  }
  const keepFailure = (check: string, at: number, took: number, found: Value, says: string): void => {
    const row = streak.get(check) ?? { n: 0, lastAt: 0 }
    row.n++
    if (row.n <= 5 || at - row.lastAt >= 60_000) {
      row.lastAt = at
      attempt(() => {
        const id = idOf(check)
        sql.run('insert into failure (check_, at, took, found, says) values (?,?,?,?,?) on conflict do nothing', id, at, took, found, says)
        sql.run('delete from failure where check_ = ? and at < (select min(at) from (select at from failure where check_ = ? order by at desc limit ?))', id, id, FAILURES_KEPT)
      })
    }
    streak.set(check, row)
  }
  const write = (it: (typeof done)[number]): void => {
    const { pass, fail, unknown, sum, most } = it.sum
    // Hour and day grow with every minute, so that a crash takes no more than the open minute with it.
    for (const size of ['minute', 'hour', 'day'] as const) sql.run(`insert into ${size} (at, check_, pass, fail, unknown, sum, most) values (?,?,?,?,?,?,?) on conflict (at, check_) do update set
      pass = pass + excluded.pass, fail = fail + excluded.fail, unknown = unknown + excluded.unknown, sum = sum + excluded.sum, most = max(most, excluded.most)`,
      Math.floor((it.at * SIZES.minute) / SIZES[size]), idOf(it.check), pass, fail, unknown, Math.round(sum), Math.round(most))
  }
  const sweep = (now: number): void => {
    for (const size of ['minute', 'hour', 'day'] as const) sql.run(`delete from ${size} where at < ?`, Math.floor(now / SIZES[size]) - KEPT[size])
  }
  return {
    add(check, at, took, found, says) {
      count(check, at, took, found)
      if (found === 'pass') streak.delete(check)
      else keepFailure(check, Math.round(at), Math.round(took), found, says ?? '')
    },
    flush(now, most) {
      if (done.length === 0) return 0
      const share = done.slice(0, most)
      if (attempt(() => share.forEach(write))) done.splice(0, share.length)
      else done.splice(0, Math.max(0, done.length - MOST_WAITING))
      if (now - lastSwept > SIZES.hour) {
        lastSwept = now
        attempt(() => sweep(now))
      }
      return done.length
    },
    latency: (check, since) => sql.all<{ at: number; sum: number; n: number; most: number }>(
      'select at, sum, pass + fail + unknown as n, most from minute where check_ = ? and at >= ? order by at', known(check), Math.floor(since / SIZES.minute))
      .map((row) => ({ at: (row.at * SIZES.minute) as Instant, mean: row.sum / Math.max(1, row.n), most: row.most })),
    failures: (check, most) => sql.all<{ at: number; took: number; found: string; says: string }>(
      'select at, took, found, says from failure where check_ = ? order by at desc limit ?', known(check), most)
      .map((row) => ({ at: row.at as Instant, took: row.took as Span, found: row.found, says: row.says })),
    close() {
      for (const [check, it] of open) done.push({ check, at: it.at, sum: it.sum })
      attempt(() => done.splice(0).forEach(write))
      sql.close()
    },
  }
}
