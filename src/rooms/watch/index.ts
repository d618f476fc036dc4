// Watch: looks at subjects on time, every time, and notices turns; no check is ever silently stale. The watcher (in memory)
// judges looks; this file is the room's face to the engine: what its entries mean, what falls due, what people may ask of it.
import { dueIn, type Due, type Instant, type Now, type Span } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Check } from './check.ts'
import { overdue, ping, type Closed, type Signal } from './heartbeat.ts'
import { applyRemoved, applySilenced, applyTurned, loadChecks, loadHeartbeat, PROJECTIONS, saveHeartbeat, TABLES, type HeartbeatRow, type TurnedBody } from './rows.ts'

export interface WatchContext {
  /** The checks in force. */
  readonly checks: () => ReadonlyMap<string, Check>
  /** When pings could not be received, newest last. */
  readonly closed: () => readonly Closed[]
}

export interface WatchRoom extends Room {
  /** A ping, durable with its turn. False when no such heartbeat exists. */
  ping(tx: Tx, name: string, signal: Signal, rid: string | undefined): boolean
  silence(tx: Tx, name: string, until: Instant, by: string, reason: string): void
  /** After a configuration came into force: new heartbeats wait for their first ping, removed checks leave. */
  configure(tx: Tx): void
}

const blank = (name: string): HeartbeatRow => ({ name, last_at: null, started_at: null, rid: null, state: 'new', due_at: null, excused: 0 })

const dueAtWall = (at: number, now: Now): Due => dueIn(now, Math.max(0, at - now.wall) as Span)

export function watchRoom(context: WatchContext): WatchRoom {
  const turnTo = (tx: Tx, check: Check, from: TurnedBody['from'], to: TurnedBody['to'], says: string, gap: { gap?: boolean } = {}): void => {
    if (from === to) return
    const body: TurnedBody = {
      check: check.name, from, to, says, at: tx.now.wall, root: check.name, rootSays: says, escalate: check.escalate, rootEscalate: check.escalate, ...gap,
    }
    tx.append({ is: 'watch.turned', stream: `check:${check.name}`, body })
  }
  const sideOf = (tx: Tx, name: string): TurnedBody['from'] =>
    loadChecks(tx.sql).find((row) => row.name === name)?.side ?? 'new'
  const rearm = (tx: Tx, row: HeartbeatRow): void => {
    saveHeartbeat(tx.sql, row)
    if (row.due_at === null) tx.unschedule('watch.heartbeat', row.name)
    else tx.schedule('watch.heartbeat', row.name, dueAtWall(row.due_at, tx.now))
  }
  const deadline = (tx: Tx, name: string): void => {
    const check = context.checks().get(name)
    const row = loadHeartbeat(tx.sql, name)
    if (!check || !row || row.due_at === null) return
    // The agenda fires when either clock reached the deadline; a wall clock that went back does not make it late.
    const judged = overdue(check, row, context.closed(), Math.max(tx.now.wall, row.due_at) as Instant)
    if (judged.is === 'excused') {
      rearm(tx, { ...row, due_at: judged.dueAt, excused: 1, state: 'unknown' })
      turnTo(tx, check, sideOf(tx, name), 'unknown', judged.says, { gap: true })
    } else if (judged.is === 'down') {
      rearm(tx, { ...row, due_at: null, state: 'down' })
      turnTo(tx, check, sideOf(tx, name), 'down', judged.says)
    }
  }
  return {
    name: 'watch',
    tables: TABLES,
    projections: PROJECTIONS,
    apply: { 'watch.turned': applyTurned, 'watch.silenced': applySilenced, 'watch.removed': applyRemoved },
    due: { 'watch.heartbeat': deadline },
    ping(tx, name, signal, rid) {
      const check = context.checks().get(name)
      if (!check || check.kind !== 'heartbeat') return false
      const row = loadHeartbeat(tx.sql, name) ?? blank(name)
      const pinged = ping(check, row, signal, rid, tx.now.wall)
      rearm(tx, pinged.row)
      if (pinged.turn !== 'none') turnTo(tx, check, sideOf(tx, name), pinged.turn, pinged.says)
      return true
    },
    silence(tx, name, until, by, reason) {
      tx.append({ is: 'watch.silenced', stream: `check:${name}`, body: { check: name, until, by, reason: tx.keep(reason), at: tx.now.wall } })
    },
    configure(tx) {
      const checks = context.checks()
      for (const row of loadChecks(tx.sql)) {
        if (!checks.has(row.name)) tx.append({ is: 'watch.removed', stream: `check:${row.name}`, body: { check: row.name, side: row.side, at: tx.now.wall } })
      }
      for (const check of checks.values()) {
        if (check.kind !== 'heartbeat') continue
        const row = loadHeartbeat(tx.sql, check.name)
        if (!row) saveHeartbeat(tx.sql, blank(check.name))
        else if (row.due_at !== null) tx.schedule('watch.heartbeat', check.name, dueAtWall(row.due_at, tx.now))
      }
    },
  }
}
