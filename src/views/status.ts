// The one sentence on top, and what stands behind it.
import { formatTime } from '../core/calendar.ts'
import { sayTime, type Instant, type Now, type Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { coversOf, onCall, shifts } from '../rooms/page/oncall.ts'
import type { Plan } from '../rooms/page/plan.ts'
import { loadOpen } from '../rooms/page/rows.ts'
import { hasIt, person } from '../words/notification.ts'
import type { CheckAnswer, OncallAnswer, StatusAnswer } from './answers.ts'
import { viewIncident } from './incidents.ts'
import { NOTHING_WATCHED } from './missing.ts'

export interface StatusView {
  readonly sql: Sql
  readonly now: Now
  readonly plan: Plan
  readonly checks: readonly CheckAnswer[]
  readonly missing: readonly string[]
  readonly board: string
}

function whoIsOn(plan: Plan, at: Instant, zone: string): string {
  const rotation = Object.values(plan.rotations)[0]
  if (!rotation) return Object.keys(plan.people).length === 0 ? 'Nobody would be paged yet: add people.' : ''
  const on = onCall(rotation, coversOf(plan), at)
  return on ? `${person(on.person)} is on call until ${formatTime(on.until, zone, at)}.` : ''
}

function sayFine({ checks, missing }: Pick<StatusView, 'checks' | 'missing'>): string {
  const all = checks.length
  const fine = checks.filter((check) => check.state === 'up').length
  const paused = checks.filter((check) => check.state === 'paused').map((check) => check.name)
  if (all === 0) return missing.includes(NOTHING_WATCHED) ? 'Nothing is watched yet.' : 'Nothing is wrong; there are no checks (holdfast backups list says how the backups stand).'
  const first = fine < all ? `${fine} of ${all} checks fine` : all === 1 ? 'The one check is fine' : `All ${all} checks fine`
  return paused.length === 0 ? `${first}.` : `${first}, ${paused.length === 1 ? paused.join('') : paused.length} paused.`
}

function sentence(view: StatusView, incidents: StatusAnswer['incidents']): string {
  const first = incidents[0]
  const who = whoIsOn(view.plan, view.now.wall, view.plan.site.timezone)
  if (!first) {
    return `${sayFine(view)} ${who}`.trim()
  }
  const owner = first.heldBy === null ? 'nobody has it yet' : hasIt(first.heldBy)
  const more = incidents.length > 1 ? `, and ${incidents.length - 1} more` : ''
  return `${first.title} ${sayTime((view.now.wall - first.since) as Span)} — ${owner}${more}.`
}

/** What `holdfast status` says. */
export function viewStatus(view: StatusView): StatusAnswer {
  const incidents = loadOpen(view.sql).slice(0, 100).map((row) => viewIncident(row, view.plan, view.now))
  const counts = { up: 0, down: 0, unknown: 0, late: 0, new: 0, paused: 0 }
  for (const check of view.checks) counts[check.state]++
  return {
    schema: 'holdfast.status/1', says: sentence(view, incidents), down: counts.down > 0 || counts.unknown > 0 || incidents.length > 0, counts, incidents,
    missing: view.missing, board: view.board, at: view.now.wall,
  }
}

/** Who is on call, and the shifts of the coming days. */
export function viewOncall(plan: Plan, now: Instant, span: Span): OncallAnswer {
  const rotations = Object.values(plan.rotations).map((rotation) => {
    const on = onCall(rotation, coversOf(plan), now)
    return {
      name: rotation.name, now: on?.person ?? '', until: on?.until ?? null,
      shifts: shifts(rotation, coversOf(plan), now, (now + span) as Instant).map((it) => ({ person: it.person, from: it.from, until: it.until, cover: it.cover })),
    }
  })
  return { schema: 'holdfast.oncall/1', rotations, nobody: Object.keys(plan.people).length === 0 }
}
