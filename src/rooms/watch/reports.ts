// What heartbeats bring about: a ping is kept and judged in one turn, a deadline that is reached is judged in another, and a
// person may pause a heartbeat, which then is not judged until it reports again or is resumed. Deadlines of runs stand in the
// agenda one by one, by both clocks, from the moment at which the run began: no restart moves them (W-3).
import { dueIn, type Due, type Instant, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Check } from './check.ts'
import { deadlineAfter, endedBy, excerptOf, meaningOf, overdue, overrun, ping, type Closed, type Overdue } from './heartbeat.ts'
import type { Side } from './judge.ts'
import { beginRun, dropPings, dropRun, keepPing, loadRun, loadRuns, runDue, runIsOver, tookOf, type Ping, type RunRow } from './pings.ts'
import { loadAllPaused, loadCheck, loadHeartbeat, loadHeartbeats, loadPaused, saveHeartbeat, type HeartbeatRow, type PausedBody, type TurnedBody } from './rows.ts'

export interface ReportsContext {
  /** The checks in force. */
  readonly checks: () => ReadonlyMap<string, Check>
  /** When pings could not be received, newest last. */
  readonly closed: () => readonly Closed[]
  /** A heartbeat has another side, durably. */
  readonly moved: (check: string, side: Side) => void
}

export interface Reports {
  /** Takes a ping in, durable with its turn. False when no such heartbeat exists. */
  take(tx: Tx, ping: Ping): boolean
  /** False when it is paused already. */
  pause(tx: Tx, check: string, by: string, reason: string): boolean
  /** False when it is not paused. */
  resume(tx: Tx, check: string, by: string): boolean
  /** A configuration came into force: deadlines that stand are due at their time, whatever happened meanwhile. */
  configure(tx: Tx): void
  readonly due: Readonly<Record<string, (tx: Tx, key: string) => void>>
}

/** Who resumed a check that reported while it was paused. */
export const BY_ITSELF = 'its own report'

const DEADLINE = 'watch.heartbeat'
const RUN = 'watch.run'

const blank = (name: string): HeartbeatRow => ({ name, last_at: null, state: 'new', due_at: null, excused: 0 })
const rowOf = (tx: Tx, name: string): HeartbeatRow => loadHeartbeat(tx.sql, name) ?? blank(name)
const sideOf = (tx: Tx, name: string): Side => loadCheck(tx.sql, name)?.side ?? 'new'
const dueAtWall = (at: number, now: Now): Due => dueIn(now, Math.max(0, at - now.wall) as Span)

/** Names have no spaces, so the first one ends the name. */
const runKey = (run: RunRow): string => `${run.name} ${run.rid}`

function rearm(tx: Tx, row: HeartbeatRow): void {
  saveHeartbeat(tx.sql, row)
  if (row.due_at === null) tx.unschedule(DEADLINE, row.name)
  else tx.schedule(DEADLINE, row.name, dueAtWall(row.due_at, tx.now))
}

export function reportsOf(context: ReportsContext): Reports {
  const beat = (name: string): Check | undefined => {
    const check = context.checks().get(name)
    return check?.kind === 'heartbeat' ? check : undefined
  }
  return {
    take(tx, it) {
      const check = beat(it.check)
      if (!check) return false
      const meaning = meaningOf(it.signal)
      if (meaning !== 'log') unpause(tx, check.name, BY_ITSELF)
      if (meaning === 'good' || meaning === 'bad') end(tx, context, check, it)
      else keepPing(tx.sql, it, tx.now.wall, undefined)
      if (meaning === 'start') begin(tx, check, it.rid ?? '')
      return true
    },
    pause(tx, name, by, reason) {
      if (loadPaused(tx.sql, name)) return false
      const body: PausedBody = { check: name, by, reason: reason === '' ? '' : `#${tx.keep(reason)}`, at: tx.now.wall }
      tx.append({ is: 'watch.paused', stream: `check:${name}`, body })
      endRuns(tx, loadRuns(tx.sql, name))
      rearm(tx, { ...rowOf(tx, name), due_at: null, excused: 0 })
      tx.afterwards(() => context.moved(name, 'new'))
      return true
    },
    resume(tx, name, by) {
      if (!unpause(tx, name, by)) return false
      const check = beat(name)
      const row = rowOf(tx, name)
      // One that has reported before is expected again from now on: a job that did not outlive the pause is noticed.
      if (check && row.last_at !== null) rearm(tx, { ...row, due_at: deadlineAfter(check, tx.now.wall).due })
      return true
    },
    configure(tx) {
      for (const check of context.checks().values()) if (check.kind === 'heartbeat') keepDeadlines(tx, check)
      for (const { name } of loadHeartbeats(tx.sql)) if (!beat(name)) forget(tx, name)
      // What is no heartbeat any more is looked at again.
      for (const { name } of loadAllPaused(tx.sql)) if (context.checks().has(name) && !beat(name)) unpause(tx, name, 'the configuration')
    },
    due: {
      [DEADLINE]: (tx, name) => {
        const check = beat(name)
        if (check) missed(tx, context, check)
      },
      [RUN]: (tx, key) => {
        const at = key.indexOf(' ')
        const check = beat(key.slice(0, at))
        if (check) ranTooLong(tx, context, check, key.slice(at + 1))
      },
    },
  }
}

function unpause(tx: Tx, name: string, by: string): boolean {
  if (!loadPaused(tx.sql, name)) return false
  tx.append({ is: 'watch.resumed', stream: `check:${name}`, body: { check: name, by, at: tx.now.wall } })
  return true
}

function begin(tx: Tx, check: Check, rid: string): void {
  if (!beginRun(tx.sql, check.name, rid, tx.now)) return
  const run = loadRun(tx.sql, check.name, rid)
  if (run) tx.schedule(RUN, runKey(run), runDue(check, run))
}

function end(tx: Tx, context: ReportsContext, check: Check, it: Ping): void {
  const ended = endedBy(loadRuns(tx.sql, check.name), it.rid)
  const measured = ended.find((run) => run.rid === (it.rid ?? ''))
  const took = measured && tookOf(measured, tx.now)
  endRuns(tx, ended)
  keepPing(tx.sql, it, tx.now.wall, took)
  const { row, turn, says } = ping(check, rowOf(tx, check.name), it.signal, tx.now.wall, took)
  rearm(tx, row)
  if (turn === 'none') return
  const excerpt = turn === 'down' ? excerptOf(it.text) : ''
  // What a job wrote is free text: it stands beside the ledger.
  turnTo(tx, context, check, { to: turn, says: excerpt === '' ? says : `#${tx.keep(`${says}: “${excerpt}”`)}` })
}

function endRuns(tx: Tx, runs: readonly RunRow[]): void {
  for (const run of runs) {
    dropRun(tx.sql, run)
    tx.unschedule(RUN, runKey(run))
  }
}

/** What stands is due at its time; a check that is new here waits for its first ping. */
function keepDeadlines(tx: Tx, check: Check): void {
  const row = loadHeartbeat(tx.sql, check.name)
  if (!row) saveHeartbeat(tx.sql, blank(check.name))
  else if (row.due_at !== null) tx.schedule(DEADLINE, check.name, dueAtWall(row.due_at, tx.now))
  for (const run of loadRuns(tx.sql, check.name)) if (run.over === 0) tx.schedule(RUN, runKey(run), runDue(check, run))
}

/** A check that left, or became another kind, leaves no texts and no runs behind. */
function forget(tx: Tx, name: string): void {
  endRuns(tx, loadRuns(tx.sql, name))
  dropPings(tx.sql, name)
}

function missed(tx: Tx, context: ReportsContext, check: Check): void {
  const row = loadHeartbeat(tx.sql, check.name)
  if (!row || row.due_at === null) return
  // The agenda fires when either clock reached the deadline; a wall clock that went back does not make it late.
  const judged = overdue(check, row, context.closed(), Math.max(tx.now.wall, row.due_at) as Instant)
  if (judged.is !== 'not-yet') judge(tx, context, check, judged)
}

function ranTooLong(tx: Tx, context: ReportsContext, check: Check, rid: string): void {
  const run = loadRun(tx.sql, check.name, rid)
  if (!run || run.over === 1) return
  runIsOver(tx.sql, run)
  // Who is down stays so until a success.
  if (sideOf(tx, check.name) !== 'down') judge(tx, context, check, overrun(check, run, context.closed()))
}

function judge(tx: Tx, context: ReportsContext, check: Check, judged: Exclude<Overdue, { is: 'not-yet' }>): void {
  const row = rowOf(tx, check.name)
  if (judged.is === 'excused') {
    rearm(tx, { ...row, due_at: judged.dueAt, excused: 1, state: 'unknown' })
    turnTo(tx, context, check, { to: 'unknown', says: judged.says, gap: true })
  } else {
    rearm(tx, { ...row, due_at: null, state: 'down' })
    turnTo(tx, context, check, { to: 'down', says: judged.says })
  }
}

function turnTo(tx: Tx, context: ReportsContext, check: Check, it: Pick<TurnedBody, 'to' | 'says'> & { readonly gap?: boolean }): void {
  const from = sideOf(tx, check.name)
  if (from === it.to) return
  const { name, escalate } = check
  const body: TurnedBody = { check: name, from, at: tx.now.wall, root: name, rootSays: it.says, escalate, rootEscalate: escalate, to: it.to, says: it.says, ...(it.gap ? { gap: true } : {}) }
  tx.append({ is: 'watch.turned', stream: `check:${name}`, body })
  tx.afterwards(() => context.moved(name, it.to))
}
