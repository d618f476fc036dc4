// The board as data, from the tell room's tables: components with their last 90 days, and published statements. Times in
// which nobody measured count as unknown, never as up (T-8); days before measuring began are absent.
import { dayBounds, dayOf } from '../../core/calendar.ts'
import { days, type Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { saidOf } from '../../db/store.ts'
import { PROGRESS_GOOD, type Board, type BoardComponent, type Day, type Maintenance, type Statement, type StatementProgress } from './board.ts'
import { viewMaintenances } from './maintenance/rows.ts'
import * as rows from './rows.ts'

/** A board of the configuration, as this room needs it. */
export interface BoardPlan {
  readonly slug: string
  readonly name: string
  readonly address?: string
  readonly hold: number
  readonly components: readonly { readonly id: string; readonly name: string; readonly checks: readonly string[] }[]
}

const KEPT = days(90)

type Slice = { from: number; to: number; is: 'up' | 'degraded' | 'down' | 'unknown' }

function slicesOf(spans: readonly rows.SpanRow[], gaps: readonly { from_: number; until: number }[], now: number): Slice[] {
  const slices: Slice[] = []
  spans.forEach((span, i) => {
    const to = spans[i + 1]?.at ?? now
    const is = span.unknown ? 'unknown' : span.status === 'operational' ? 'up' : span.status === 'degraded_performance' ? 'degraded' : 'down'
    let at = span.at
    for (const gap of gaps) {
      if (gap.until <= at || gap.from_ >= to) continue
      if (gap.from_ > at) slices.push({ from: at, to: gap.from_, is })
      slices.push({ from: Math.max(at, gap.from_), to: Math.min(to, gap.until), is: 'unknown' })
      at = Math.min(to, gap.until)
    }
    if (at < to) slices.push({ from: at, to, is })
  })
  return slices
}

function daysOf(sql: Sql, component: string, zone: string, now: Instant): Day[] {
  const from = now - KEPT
  const slices = slicesOf(rows.loadSpans(sql, component, from), rows.loadGaps(sql, from), now)
  const found: Day[] = []
  const first = slices[0]
  if (!first) return found
  let { start, end } = dayBounds(Math.max(first.from, from) as Instant, zone)
  while (start <= now && found.length < 91) {
    const sums = { up: 0, degraded: 0, down: 0, unknown: 0 }
    for (const slice of slices) {
      const part = Math.min(slice.to, end) - Math.max(slice.from, start)
      if (part > 0) sums[slice.is] += part
    }
    found.push({ date: dayOf(start, zone), ...sums })
    ;({ start, end } = dayBounds(end, zone))
  }
  return found.slice(-90)
}

/** What is old, or of the future, is nothing; and what is over needs none. */
function progressOf(sql: Sql, { id, resolved }: rows.StatementRow, now: Instant): StatementProgress | undefined {
  const progress = resolved === null ? rows.loadProgress(sql, id) : undefined
  return progress && now >= progress.at && now - progress.at <= PROGRESS_GOOD ? progress : undefined
}

const statementOf = (sql: Sql, row: rows.StatementRow, now: Instant, progress = progressOf(sql, row, now)): Statement => ({
  id: row.id, title: saidOf(sql, row.title), status: row.status, impact: row.impact, startedAt: row.started as Instant, createdAt: row.created as Instant, updatedAt: row.updated as Instant,
  ...(row.monitoring === null ? {} : { monitoringAt: row.monitoring as Instant }),
  ...(row.resolved === null ? {} : { resolvedAt: row.resolved as Instant }),
  ...(row.next_by === null || row.resolved !== null ? {} : { nextUpdateBy: row.next_by as Instant }), ...(progress ? { progress } : {}),
  updates: rows.loadUpdates(sql, row.id), componentIds: JSON.parse(row.components) as string[],
})

/** Work that goes on explains nothing but itself: what is out, degraded or not known reads as just that. */
function underWork(component: BoardComponent, maintenances: readonly Maintenance[]): BoardComponent {
  if (component.status !== 'operational' || component.unknown || component.paused) return component
  const began = maintenances.filter((it) => it.state === 'in_progress' && it.componentIds.includes(component.id)).flatMap(({ beganAt }) => beganAt ?? [])
  return began.length === 0 ? component : { ...component, status: 'under_maintenance', since: Math.max(component.since, Math.min(...began)) as Instant }
}

/** Everything that the public may know of one board now, and nothing else (T-2). */
export function viewBoard(sql: Sql, plan: BoardPlan, site: { url: string; timezone: string }, now: Instant): Board {
  const since = (rows.measuringSince(sql) ?? now) as Instant
  const sides = rows.loadSides(sql)
  const components = plan.components.map((it): BoardComponent => {
    const paused = it.checks.length > 0 && it.checks.every((check) => sides.get(check) === 'paused')
    const row = rows.loadComponent(sql, it.id)
    return {
      id: it.id, name: it.name, status: row?.status ?? 'degraded_performance', unknown: row ? row.unknown === 1 : true, ...(paused ? { paused } : {}),
      since: (row?.since ?? since) as Instant, createdAt: (row?.created ?? since) as Instant, days: daysOf(sql, it.id, site.timezone, now),
    }
  })
  const maintenances = viewMaintenances(sql, plan.slug, now - KEPT)
  return {
    id: plan.slug, name: plan.name, url: plan.address ?? site.url, timezone: site.timezone, asOf: now, measuringSince: since, components: components.map((it) => underWork(it, maintenances)),
    statements: rows.loadPublished(sql, plan.slug, now - KEPT, 50).map((row) => statementOf(sql, row, now)),
    maintenances,
  }
}
