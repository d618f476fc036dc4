// Checks as people ask for them: the recorded side, what the last look found, and why it is thought so; of a heartbeat also what
// it reported lately, the runs that are under way, and who paused it.
import { sayTime, type Instant, type Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { saidOf } from '../db/store.ts'
import { silencedUntil } from '../rooms/page/rows.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Standing } from '../rooms/watch/judge.ts'
import { lastTook, loadPings, loadRuns, runDue, type PingRow } from '../rooms/watch/pings.ts'
import { loadAllPaused, loadCheck, loadChecks, loadHeartbeat, loadPaused, type CheckRow, type HeartbeatRow, type PausedRow } from '../rooms/watch/rows.ts'
import type { CheckAnswer, CheckState, HeartbeatAnswer, PingAnswer } from './answers.ts'

export interface ChecksView {
  readonly sql: Sql
  readonly now: Instant
  readonly standing: (name: string) => Standing | undefined
  readonly flapping: (name: string) => boolean
  readonly pingUrl: (name: string) => string
}

/** What is recorded of one check. */
interface Recorded {
  readonly row: CheckRow | undefined
  readonly paused: PausedRow | undefined
  readonly beat: HeartbeatRow | undefined
}

function stateOf(check: Check, { row, paused, beat }: Recorded, now: Instant): CheckState {
  if (paused) return 'paused'
  const state = row?.side ?? 'new'
  if (state !== 'up' || !beat || beat.due_at === null) return state
  return now > beat.due_at - (check.grace ?? 0) ? 'late' : 'up'
}

function whyOf(check: Check, standing: Standing | undefined): string[] {
  const last = standing?.last
  if (!last) return []
  const count = last.found.is === 'fail' ? `${standing.fails} in a row, ${check.failAfter} make it down` : `${standing.passes} in a row`
  return [`this node: ${last.found.is} (${count})${last.found.says ? `: ${last.found.says}` : ''} in ${sayTime(last.took)}`]
}

function saysOf(check: Check, { row, paused }: Recorded, sql: Sql): string {
  if (paused) return `paused by ${paused.by_}${paused.reason === '' ? '' : `: ${saidOf(sql, paused.reason)}`}`
  return row ? saidOf(sql, row.says) : check.kind === 'heartbeat' ? 'no ping came yet' : 'not looked at yet'
}

function lastLookOf(standing: Standing | undefined, beat: HeartbeatRow | undefined, took: number | null): CheckAnswer['lastLook'] {
  const last = standing?.last
  if (last) return { at: last.at, took: last.took, found: last.found.is, says: last.found.says ?? '', phases: last.phases ?? null }
  return beat?.last_at ? { at: beat.last_at as Instant, took: (took ?? 0) as Span, found: beat.state === 'down' ? 'fail' : 'pass', says: 'ping', phases: null } : null
}

const pingOf = (row: PingRow): PingAnswer => ({
  at: row.at as Instant, is: row.is_, exit: row.code, rid: row.rid, took: row.took as Span | null, text: row.text, cut: row.cut === 1, from: row.from_,
})

function heartbeatOf(check: Check, { paused, beat }: Recorded, sql: Sql, pings: number | undefined): HeartbeatAnswer {
  return {
    dueAt: (beat?.due_at ?? null) as Instant | null,
    paused: paused ? { by: paused.by_, at: paused.since as Instant, reason: saidOf(sql, paused.reason) } : null,
    runs: loadRuns(sql, check.name).map((run) => ({ rid: run.rid === '' ? null : run.rid, startedAt: run.at as Instant, dueAt: runDue(check, run).wall, late: run.over === 1 })),
    lastTook: (lastTook(sql, check.name) ?? null) as Span | null,
    ...(pings === undefined ? {} : { pings: loadPings(sql, check.name, pings).map(pingOf) }),
  }
}

function viewOne(check: Check, view: ChecksView, recorded: Recorded, pings: number | undefined): CheckAnswer {
  const { sql } = view
  const standing = view.standing(check.name)
  const silence = silencedUntil(sql, check.name)
  const heartbeat = check.kind === 'heartbeat' ? heartbeatOf(check, recorded, sql, pings) : null
  return {
    schema: 'holdfast.check/1', name: check.name, kind: check.kind, state: stateOf(check, recorded, view.now),
    since: (recorded.paused?.since ?? recorded.row?.since ?? null) as Instant | null, says: saysOf(check, recorded, sql), flapping: view.flapping(check.name),
    silencedUntil: silence > view.now ? (silence as Instant) : null, lastLook: lastLookOf(standing, recorded.beat, heartbeat?.lastTook ?? null),
    every: check.every, dependsOn: check.dependsOn, from: check.from, pingUrl: heartbeat ? view.pingUrl(check.name) : null, why: whyOf(check, standing), heartbeat,
  }
}

const beatOf = (check: Check, sql: Sql): HeartbeatRow | undefined => (check.kind === 'heartbeat' ? loadHeartbeat(sql, check.name) : undefined)

/** One check, as answered to people; of a heartbeat with so many of its newest pings, where they are asked for. */
export function viewCheck(check: Check, view: ChecksView, more: { readonly pings?: number } = {}): CheckAnswer {
  const { sql } = view
  return viewOne(check, view, { row: loadCheck(sql, check.name), paused: loadPaused(sql, check.name), beat: beatOf(check, sql) }, more.pings)
}

/** All checks, failing ones first. */
export function viewChecks(checks: Iterable<Check>, view: ChecksView): CheckAnswer[] {
  const { sql } = view
  const rows = new Map(loadChecks(sql).map((row) => [row.name, row]))
  const paused = new Map(loadAllPaused(sql).map((row) => [row.name, row]))
  const order: Record<CheckState, number> = { down: 0, unknown: 1, late: 2, new: 3, paused: 4, up: 5 }
  return [...checks].map((check) => viewOne(check, view, { row: rows.get(check.name), paused: paused.get(check.name), beat: beatOf(check, sql) }, undefined))
    .sort((a, b) => order[a.state] - order[b.state] || (a.name < b.name ? -1 : 1))
}
