// Statuspage v2: the shape that clients read, written down here once more; T-1, T-2 and T-8's "unknown" in it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import * as boards from '../../../test/boards.ts'
import { canaries, planted } from '../../../test/canary.ts'
import { HOSTILE } from '../../../test/hostile.ts'
import type { Board, ComponentStatus } from './board.ts'
import { renderStatuspage, STATUSPAGE_PATHS, type StatuspagePath } from './statuspage.ts'

const { NOW, at } = boards
const when = z.iso.datetime({ precision: 3 })
const state = z.enum(['operational', 'degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance'])
const page = z.strictObject({ id: z.string().min(1), name: z.string(), url: z.string(), time_zone: z.string(), updated_at: when })
const component = z.strictObject({
  id: z.string(), name: z.string(), status: state, created_at: when, updated_at: when, position: z.int().min(1), description: z.null(), showcase: z.literal(true),
  start_date: z.iso.date(), group_id: z.null(), page_id: z.string(), group: z.literal(false), only_show_if_degraded: z.literal(false),
  holdfast_state: z.literal('unknown').optional(), holdfast_paused: z.literal(true).optional(), holdfast_last_known: z.union([state, z.literal('unknown')]).optional(),
})
const step = z.enum(['investigating', 'identified', 'monitoring', 'resolved', 'postmortem'])
const incident = z.strictObject({
  id: z.string(), name: z.string(), status: step, created_at: when, updated_at: when, monitoring_at: when.nullable(), resolved_at: when.nullable(), started_at: when,
  impact: z.enum(['none', 'minor', 'major', 'critical', 'maintenance']), shortlink: z.string(), page_id: z.string(), components: z.array(component),
  incident_updates: z.array(z.strictObject({
    id: z.string(), status: step, body: z.string(), incident_id: z.string(), created_at: when, updated_at: when, display_at: when, deliver_notifications: z.boolean(),
    affected_components: z.array(z.strictObject({ code: z.string(), name: z.string(), old_status: state, new_status: state })),
  })),
})
const status = z.strictObject({ indicator: z.enum(['none', 'minor', 'major', 'critical', 'maintenance']), description: z.string(), holdfast_state: z.literal('unknown').optional() })
const none = z.tuple([])
const SHAPES: Readonly<Record<StatuspagePath, z.ZodType>> = {
  'api/v2/summary.json': z.strictObject({ page, components: z.array(component), incidents: z.array(incident), scheduled_maintenances: none, status }),
  'api/v2/status.json': z.strictObject({ page, status }),
  'api/v2/components.json': z.strictObject({ page, components: z.array(component) }),
  'api/v2/incidents.json': z.strictObject({ page, incidents: z.array(incident) }),
  'api/v2/incidents/unresolved.json': z.strictObject({ page, incidents: z.array(incident) }),
  'api/v2/scheduled-maintenances.json': z.strictObject({ page, scheduled_maintenances: none }),
  'api/v2/scheduled-maintenances/upcoming.json': z.strictObject({ page, scheduled_maintenances: none }),
  'api/v2/scheduled-maintenances/active.json': z.strictObject({ page, scheduled_maintenances: none }),
}

interface Summary {
  readonly status: { readonly indicator: string; readonly description: string; readonly holdfast_state?: string }
  readonly components: readonly { readonly status: string; readonly holdfast_state?: string; readonly holdfast_last_known?: string }[]
  readonly incidents: readonly { readonly id: string }[]
}
const summaryOf = (board: Board, now = NOW): Summary => JSON.parse(renderStatuspage(board, now)['api/v2/summary.json']) as Summary
const statusWith = (...states: readonly ComponentStatus[]): string => {
  const { status: it } = summaryOf(boards.boardOf(states.map((s, i) => boards.componentOf(`c${i}`, s))))
  return `${it.indicator}: ${it.description}`
}

test('all eight bodies have the shape, in every state and with whatever text', () => {
  const updates = [{ id: 'upd_1', status: 'investigating' as const, body: 'x', at: NOW, affected: [{ code: 'cmp_1', name: 'API', from: 'operational' as const, to: 'major_outage' as const }] }]
  const texts = HOSTILE.map((text): Board => ({ ...boards.majorOutage, name: text, url: text, statements: boards.majorOutage.statements.map((s) => ({ ...s, title: text, updates: updates.map((u) => ({ ...u, body: text })) })) }))
  for (const board of [boards.allWell, boards.majorOutage, boards.partly, boards.notKnown, boards.stale, boards.fresh, boards.large, boards.boardOf([]), ...texts]) {
    const bodies = renderStatuspage(board, NOW)
    assert.deepEqual(Object.keys(bodies), [...STATUSPAGE_PATHS])
    for (const path of STATUSPAGE_PATHS) SHAPES[path].parse(JSON.parse(bodies[path]))
  }
})

test('a small board, byte for byte', () => {
  const board = boards.boardOf([boards.componentOf('API', 'degraded_performance', { id: 'cmp_1', unknown: true })], { id: 'public' })
  assert.equal(renderStatuspage(board, NOW)['api/v2/summary.json'], '{"page":{"id":"public","name":"Acme Hosting","url":"https://status.acme.example/","time_zone":"Europe/Berlin","updated_at":"2026-11-21T01:31:48.000Z"},"components":[{"id":"cmp_1","name":"API","status":"degraded_performance","created_at":"2026-08-29T01:31:50.000Z","updated_at":"2026-11-21T01:14:50.000Z","position":1,"description":null,"showcase":true,"start_date":"2026-08-29","group_id":null,"page_id":"public","group":false,"only_show_if_degraded":false,"holdfast_state":"unknown"}],"incidents":[],"scheduled_maintenances":[],"status":{"indicator":"minor","description":"Degraded System Service","holdfast_state":"unknown"}}')
})

test('the top-level status follows Statuspage’s own rules', () => {
  assert.equal(statusWith('operational', 'operational'), 'none: All Systems Operational')
  assert.equal(statusWith('operational', 'degraded_performance'), 'minor: Partially Degraded Service')
  assert.equal(statusWith('degraded_performance', 'degraded_performance'), 'minor: Degraded System Service')
  assert.equal(statusWith('operational', 'partial_outage'), 'minor: Minor Service Outage')
  assert.equal(statusWith('partial_outage', 'partial_outage'), 'major: Partial System Outage')
  assert.equal(statusWith('operational', 'major_outage'), 'major: Partial System Outage')
  assert.equal(statusWith('major_outage', 'major_outage'), 'critical: Major System Outage')
  assert.equal(statusWith('operational', 'under_maintenance'), 'maintenance: Service Under Maintenance')
  assert.equal(statusWith(), 'minor: Not Known: nothing is measured', 'nothing measured is no good news')
})

test('an open incident raises the status to its impact; incidents that are over do not stand in the summary', () => {
  const { status: it, incidents } = summaryOf(boards.openButWell)
  assert.deepEqual([it.indicator, it.description], ['major', 'Partial System Outage'])
  assert.equal(incidents.length, 1)
  const all = JSON.parse(renderStatuspage(boards.openButWell, NOW)['api/v2/incidents.json']) as Summary
  assert.equal(all.incidents.length, 3)
})

test('T-1: after five minutes every component is unknown, with what was known last, and the status says since when', () => {
  const { status: it, components } = summaryOf(boards.stale)
  assert.deepEqual(it, { indicator: 'minor', description: 'Not Known: last heard of at 2026-11-21T01:19:50.000Z', holdfast_state: 'unknown' })
  for (const c of components) assert.deepEqual([c.status, c.holdfast_state, c.holdfast_last_known], ['degraded_performance', 'unknown', 'operational'])
  const young = summaryOf({ ...boards.allWell, asOf: at(-299_000) })
  assert.deepEqual(young.components.map((c) => [c.status, c.holdfast_state]), [['operational', undefined], ['operational', undefined], ['operational', undefined]])
})

test('however much is written, no body exceeds two megabytes', () => {
  const updates = Array.from({ length: 100 }, (_, n) => ({ id: `upd_${n}`, status: 'investigating' as const, body: '"'.repeat(25_000), at: NOW, affected: [] }))
  const statements = Array.from({ length: 50 }, (_, n) => ({ ...boards.openStatement([]), id: `stm_${n}`, updates }))
  for (const body of Object.values(renderStatuspage({ ...boards.allWell, statements }, NOW))) assert.ok(Buffer.byteLength(body) < 2_000_000, `${Buffer.byteLength(body)} bytes`)
})

test('T-2: fields that nobody listed never come out', () => {
  for (const board of [boards.majorOutage, boards.stale]) for (const body of Object.values(renderStatuspage(planted(board), NOW))) assert.deepEqual(canaries(body), [])
})

test('what is not an http address is not given on as one', () => {
  assert.doesNotMatch(renderStatuspage({ ...boards.majorOutage, url: 'javascript:alert(1)' }, NOW)['api/v2/summary.json'], /javascript/)
})
