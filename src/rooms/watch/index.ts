// Watch: looks at subjects on time, every time, and notices turns; no check is ever silently stale. The watcher (in memory)
// judges looks, `reports.ts` judges what heartbeats report; this file is the room's face to the engine: what its entries mean,
// what falls due, what people may ask of it.
import type { Instant } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Ping } from './pings.ts'
import { reportsOf, type ReportsContext } from './reports.ts'
import { applyIsolated, applyPaused, applyRejoined, applyRemoved, applyResumed, applySilenced, applyTurned, loadAllPaused, loadChecks, PROJECTIONS, TABLES } from './rows.ts'

export type WatchContext = ReportsContext

export interface WatchRoom extends Room {
  /** A ping, durable with its turn. False when no such heartbeat exists. */
  ping(tx: Tx, ping: Ping): boolean
  silence(tx: Tx, name: string, until: Instant, by: string, reason: string): void
  /** A heartbeat is not judged until it reports or is resumed. False when it is paused already. */
  pause(tx: Tx, name: string, by: string, reason: string): boolean
  /** It is judged again, from now on. False when it is not paused. */
  resume(tx: Tx, name: string, by: string): boolean
  /** After a configuration came into force: new heartbeats wait for their first ping, removed checks leave. */
  configure(tx: Tx): void
}

export function watchRoom(context: WatchContext): WatchRoom {
  const reports = reportsOf(context)
  return {
    name: 'watch',
    tables: TABLES,
    projections: PROJECTIONS,
    apply: {
      'watch.turned': applyTurned, 'watch.silenced': applySilenced, 'watch.paused': applyPaused, 'watch.resumed': applyResumed, 'watch.removed': applyRemoved,
      'watch.isolated': applyIsolated, 'watch.rejoined': applyRejoined,
    },
    due: reports.due,
    ping: (tx, ping) => reports.take(tx, ping),
    silence(tx, name, until, by, reason) {
      tx.append({ is: 'watch.silenced', stream: `check:${name}`, body: { check: name, until, by, reason: tx.keep(reason), at: tx.now.wall } })
    },
    pause: (tx, name, by, reason) => reports.pause(tx, name, by, reason),
    resume: (tx, name, by) => reports.resume(tx, name, by),
    configure(tx) {
      const checks = context.checks()
      const known = [...loadChecks(tx.sql), ...loadAllPaused(tx.sql).map(({ name }) => ({ name, side: 'new' }))]
      for (const { name, side } of known) {
        if (!checks.has(name)) tx.append({ is: 'watch.removed', stream: `check:${name}`, body: { check: name, side, at: tx.now.wall } })
      }
      reports.configure(tx)
    },
  }
}
