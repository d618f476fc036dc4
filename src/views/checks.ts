// Checks as people ask for them: the recorded side, what the last look found, and why it is thought so.
import { sayTime, type Instant, type Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Standing } from '../rooms/watch/judge.ts'
import { loadChecks, loadHeartbeat, loadSilence, type CheckRow } from '../rooms/watch/rows.ts'
import type { CheckAnswer, CheckState } from './answers.ts'

export interface ChecksView {
  readonly sql: Sql
  readonly now: Instant
  readonly standing: (name: string) => Standing | undefined
  readonly flapping: (name: string) => boolean
  readonly pingUrl: (name: string) => string
}

const STATES: Record<string, CheckState> = { new: 'new', up: 'up', down: 'down', unknown: 'unknown' }

function stateOf(check: Check, row: CheckRow | undefined, view: ChecksView): CheckState {
  const state = STATES[row?.side ?? 'new'] ?? 'unknown'
  if (check.kind !== 'heartbeat' || state !== 'up') return state
  const due = loadHeartbeat(view.sql, check.name)?.due_at
  return due !== null && due !== undefined && view.now > due - (check.grace ?? 0) ? 'late' : 'up'
}

function whyOf(check: Check, standing: Standing | undefined): string[] {
  const last = standing?.last
  if (!last) return []
  const count = last.found.is === 'fail' ? `${standing.fails} in a row, ${check.failAfter} make it down` : `${standing.passes} in a row`
  return [`this node: ${last.found.is} (${count})${last.found.says ? `: ${last.found.says}` : ''} in ${sayTime(last.took)}`]
}

/** One check, as answered to people. */
export function viewCheck(check: Check, view: ChecksView, row = loadChecks(view.sql).find((it) => it.name === check.name)): CheckAnswer {
  const standing = view.standing(check.name)
  const last = standing?.last
  const beat = check.kind === 'heartbeat' ? loadHeartbeat(view.sql, check.name) : undefined
  const silence = loadSilence(view.sql, check.name)
  return {
    schema: 'holdfast.check/1', name: check.name, kind: check.kind, state: stateOf(check, row, view), since: (row?.since ?? null) as Instant | null,
    says: row?.says ?? (check.kind === 'heartbeat' ? 'no ping came yet' : 'not looked at yet'), flapping: view.flapping(check.name),
    silencedUntil: silence && silence.until > view.now ? (silence.until as Instant) : null,
    lastLook: last
      ? { at: last.at, took: last.took, found: last.found.is, says: last.found.says ?? '', phases: last.phases ?? null }
      : beat?.last_at ? { at: beat.last_at as Instant, took: 0 as Span, found: beat.state === 'down' ? 'fail' : 'pass', says: 'ping', phases: null } : null,
    every: check.every, dependsOn: check.dependsOn, from: check.from, pingUrl: check.kind === 'heartbeat' ? view.pingUrl(check.name) : null, why: whyOf(check, standing),
  }
}

/** All checks, failing ones first. */
export function viewChecks(checks: Iterable<Check>, view: ChecksView): CheckAnswer[] {
  const rows = new Map(loadChecks(view.sql).map((row) => [row.name, row]))
  const order: Record<CheckState, number> = { down: 0, unknown: 1, late: 2, new: 3, paused: 4, up: 5 }
  return [...checks].map((check) => viewCheck(check, view, rows.get(check.name)))
    .sort((a, b) => order[a.state] - order[b.state] || (a.name < b.name ? -1 : 1))
}
