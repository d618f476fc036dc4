// The board in the JSON that Statuspage v2 speaks, all eight bodies, so that clients which people already run read it
// unchanged. What that format cannot say, it is given: `holdfast_state: "unknown"` beside a component that nobody can vouch
// for. An old board says "unknown" of everything (T-1), with what was known last. Every field is named here; no other leaves (T-2).
import type { Instant } from '../../core/time.ts'
import { line, lines, webAddress } from '../../words/markup.ts'
import { iso, zoneOf } from '../../words/moment.ts'
import type { Board, Maintenance, Statement, StatementUpdate } from './board.ts'
import { isPlanned, standingOf, type Standing } from './maintenance/standing.ts'
import { readBoard, roomPerBody, type ComponentReading, type Reading } from './reading.ts'

/** The paths, seen from the board's root. */
export const STATUSPAGE_PATHS = [
  'api/v2/summary.json', 'api/v2/status.json', 'api/v2/components.json', 'api/v2/incidents.json', 'api/v2/incidents/unresolved.json',
  'api/v2/scheduled-maintenances.json', 'api/v2/scheduled-maintenances/upcoming.json', 'api/v2/scheduled-maintenances/active.json',
] as const
export type StatuspagePath = (typeof STATUSPAGE_PATHS)[number]

export type Indicator = 'none' | 'minor' | 'major' | 'critical' | 'maintenance'

const MOST_NAME = 200
const BODIES = { most: 10_000, whole: 250_000 }
const MOST_UPDATES = 50

/** All eight bodies, as they stand at `now`. */
export function renderStatuspage(board: Board, now: Instant): Readonly<Record<StatuspagePath, string>> {
  const reading = readBoard(board, now)
  const page = pageOf(board)
  const components = componentsOf(board, reading)
  const status = statusOf(reading, board)
  const room = roomPerBody([...board.statements, ...board.maintenances], MOST_UPDATES, BODIES)
  const incidents = board.statements.map((s) => incidentOf(board, s, components, room))
  const unresolved = reading.open.map((s) => incidentOf(board, s, components, room))
  const works = board.maintenances.map((it) => [it, maintenanceOf(board, it, { components, room, standing: standingOf(it, now, reading.stale) })] as const)
  const worksThat = (are: (it: Maintenance) => boolean): unknown[] => works.filter(([it]) => are(it)).map(([, drawn]) => drawn)
  const body = (more: Readonly<Record<string, unknown>>): string => JSON.stringify({ page, ...more })
  return {
    'api/v2/summary.json': body({ components, incidents: unresolved, scheduled_maintenances: worksThat(isPlanned), status }),
    'api/v2/status.json': body({ status }),
    'api/v2/components.json': body({ components }),
    'api/v2/incidents.json': body({ incidents }),
    'api/v2/incidents/unresolved.json': body({ incidents: unresolved }),
    'api/v2/scheduled-maintenances.json': body({ scheduled_maintenances: worksThat(() => true) }),
    'api/v2/scheduled-maintenances/upcoming.json': body({ scheduled_maintenances: worksThat(({ state }) => state === 'scheduled') }),
    'api/v2/scheduled-maintenances/active.json': body({ scheduled_maintenances: worksThat(({ state }) => state === 'in_progress') }),
  }
}

interface Status {
  readonly indicator: Indicator
  readonly description: string
  readonly holdfast_state?: 'unknown'
}

const RANK: readonly Indicator[] = ['none', 'maintenance', 'minor', 'major', 'critical']

/** The whole page in one word and one sentence, by Statuspage's own rules; an open incident raises it to its impact. */
export function statusOf(reading: Reading, board: Pick<Board, 'asOf'>): Status {
  if (reading.stale) return { indicator: 'minor', description: `Not Known: last heard of at ${iso(board.asOf)}`, holdfast_state: 'unknown' }
  if (reading.components.length === 0 && reading.open.length === 0) return { indicator: 'minor', description: 'Not Known: nothing is measured', holdfast_state: 'unknown' }
  const ofComponents = statusOfComponents(reading.components)
  const unknown = reading.components.some((c) => c.reads === 'unknown') ? { holdfast_state: 'unknown' } as const : {}
  const impact = reading.open.map((s) => s.impact).reduce((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a), 'none' as Indicator)
  if (RANK.indexOf(impact) <= RANK.indexOf(ofComponents.indicator)) return { ...ofComponents, ...unknown }
  return { indicator: impact, description: DESCRIPTIONS[impact], ...unknown }
}

const DESCRIPTIONS: Readonly<Record<Indicator, string>> = {
  none: 'All Systems Operational', maintenance: 'Service Under Maintenance', minor: 'Minor Service Outage', major: 'Partial System Outage', critical: 'Major System Outage',
}

function statusOfComponents(components: readonly ComponentReading[]): Status {
  const count = (...reads: readonly ComponentReading['reads'][]): number => components.filter((c) => reads.includes(c.reads)).length
  const all = components.length
  if (all > 0 && count('down') === all) return { indicator: 'critical', description: DESCRIPTIONS.critical }
  if (count('down') > 0 || (all > 0 && count('partial') === all)) return { indicator: 'major', description: DESCRIPTIONS.major }
  if (count('partial') > 0) return { indicator: 'minor', description: DESCRIPTIONS.minor }
  const degraded = count('degraded', 'unknown')
  if (degraded > 0) return { indicator: 'minor', description: degraded === all ? 'Degraded System Service' : 'Partially Degraded Service' }
  if (count('maintenance') > 0) return { indicator: 'maintenance', description: DESCRIPTIONS.maintenance }
  return { indicator: 'none', description: DESCRIPTIONS.none }
}

const pageOf = (board: Board): Readonly<Record<string, string>> => ({
  id: board.id, name: line(board.name, MOST_NAME), url: webAddress(board.url), time_zone: zoneOf(board.timezone).name, updated_at: iso(board.asOf),
})

type Component = Readonly<Record<string, unknown>> & { readonly id: string }

function componentsOf(board: Board, reading: Reading): Component[] {
  return reading.components.map(({ component, reads, lastKnown }, i) => ({
    id: component.id,
    name: line(component.name, MOST_NAME),
    status: reads === 'unknown' ? 'degraded_performance' : component.status,
    created_at: iso(component.createdAt),
    updated_at: iso(component.since),
    position: i + 1,
    description: null,
    showcase: true,
    start_date: zoneOf(board.timezone).date(component.createdAt),
    group_id: null,
    page_id: board.id,
    group: false,
    only_show_if_degraded: false,
    ...(reads === 'unknown' ? { holdfast_state: 'unknown' } : {}),
    ...(reads === 'unknown' && component.paused && !reading.stale ? { holdfast_paused: true } : {}),
    ...(reading.stale ? { holdfast_last_known: lastKnown === 'unknown' ? 'unknown' : component.status } : {}),
  }))
}

const orNull = (at: Instant | undefined): string | null => (at === undefined ? null : iso(at))

function incidentOf(board: Board, statement: Statement, components: readonly Component[], room: number): Readonly<Record<string, unknown>> {
  return {
    id: statement.id,
    name: line(statement.title, MOST_NAME),
    status: statement.status,
    created_at: iso(statement.createdAt),
    updated_at: iso(statement.updatedAt),
    monitoring_at: orNull(statement.monitoringAt),
    resolved_at: orNull(statement.resolvedAt),
    started_at: iso(statement.startedAt),
    impact: statement.impact,
    shortlink: statementAddress(board, statement),
    page_id: board.id,
    incident_updates: statement.updates.slice(0, MOST_UPDATES).map((u) => updateOf(statement, u, room)),
    components: components.filter((c) => statement.componentIds.includes(c.id)),
  }
}

function updateOf(statement: Statement, update: StatementUpdate, room: number): Readonly<Record<string, unknown>> {
  const at = iso(update.at)
  return {
    id: update.id,
    status: update.status,
    body: lines(update.body, room),
    incident_id: statement.id,
    created_at: at,
    updated_at: at,
    display_at: at,
    affected_components: update.affected.map(({ code, name, from, to }) => ({ code, name: line(name, MOST_NAME), old_status: from, new_status: to })),
    deliver_notifications: true,
  }
}

/** What Statuspage's own words for planned work cannot say. */
const WORK_STATES: Readonly<Partial<Record<Standing, string>>> = { 'not-begun': 'not_begun', missed: 'not_begun', overdue: 'overdue', ended_early: 'ended_early', cancelled: 'cancelled', unknown: 'unknown' }
/** There is no word for what was cancelled, or ended early: it is over, and says beside it how. */
const statusOfWork = (state: Maintenance['state']): string => (state === 'cancelled' || state === 'ended_early' ? 'completed' : state)

function maintenanceOf(board: Board, it: Maintenance, { components, room, standing }: { readonly components: readonly Component[]; readonly room: number; readonly standing: Standing }): Readonly<Record<string, unknown>> {
  return {
    id: it.id,
    name: line(it.title, MOST_NAME),
    status: statusOfWork(it.state),
    created_at: iso(it.createdAt),
    updated_at: iso(it.updatedAt),
    monitoring_at: null,
    resolved_at: orNull(it.endedAt),
    started_at: orNull(it.beganAt),
    impact: 'maintenance',
    shortlink: statementAddress(board, it),
    page_id: board.id,
    incident_updates: it.updates.slice(0, MOST_UPDATES).map((u) => {
      const at = iso(u.at)
      return { id: u.id, status: statusOfWork(u.state), body: lines(u.body, room), incident_id: it.id, created_at: at, updated_at: at, display_at: at, affected_components: [], deliver_notifications: true }
    }),
    components: components.filter((c) => it.componentIds.includes(c.id)),
    scheduled_for: iso(it.from),
    scheduled_until: iso(it.until),
    ...(WORK_STATES[standing] === undefined ? {} : { holdfast_state: WORK_STATES[standing] }),
  }
}

/** Where the board tells this statement, or planned work; feeds, calendars and JSON point there. */
export const statementAddress = (board: Pick<Board, 'url'>, statement: Pick<Statement, 'id'>): string => {
  const address = webAddress(board.url)
  return address === '' ? '' : `${address}#${encodeURIComponent(statement.id.toWellFormed())}`
}
