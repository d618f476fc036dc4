// Windows as a calendar: for those who may read, by the clocks of each zone, and with the same name for the same day.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseCalendar } from '../../../test/calendar-reader.ts'
import { pushAll, TOKENS, webWorld } from '../../../test/web-world.ts'
import { openSql } from '../../db/sql.ts'
import { prepareTables } from '../../db/store.ts'
import { hours, instantOf, later } from '../../core/time.ts'
import type { Runbook, Window } from '../../rooms/change/runbook.ts'
import { viewWindows } from '../../views/board/windows.ts'
import { drawWindows } from './windows.ts'

const book = (window: Window): Runbook => ({ name: 'grow-memory', title: 'Add memory; slowly', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['db-1'], serial: 1 }, preflight: [], guard: [], steps: [], from: 'x', window })

test('C-18 windows of each night, in UTC on both sides of a change of the clocks; they take nobody’s time', (t) => {
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  prepareTables(sql, [])
  const of = (now: string, window: Partial<Window>): readonly ReadonlyMap<string, string>[] =>
    parseCalendar(drawWindows(viewWindows([book({ days: [7], from: 120, to: 300, timezone: 'Europe/Berlin', ...window })], sql, instantOf(Date.parse(now))), 'Acme')).events
  const autumn = of('2026-10-14T12:00:00Z', {})
  assert.deepEqual(autumn.slice(0, 3).map((it) => [it.get('UID'), it.get('DTSTART'), it.get('DTEND')]), [
    ['window-grow-memory-2026-10-18@holdfast', '20261018T000000Z', '20261018T030000Z'], ['window-grow-memory-2026-10-25@holdfast', '20261025T000000Z', '20261025T040000Z'], ['window-grow-memory-2026-11-01@holdfast', '20261101T010000Z', '20261101T040000Z'],
  ])
  assert.deepEqual([autumn[0]?.get('SUMMARY'), autumn[0]?.get('TRANSP'), autumn[0]?.get('STATUS')], ['Window: Add memory; slowly (grow-memory)', 'TRANSPARENT', 'CONFIRMED'])
  assert.deepEqual(of('2026-03-25T12:00:00Z', {}).slice(0, 2).map((it) => [it.get('DTSTART'), it.get('DTEND')]), [['20260329T010000Z', '20260329T030000Z'], ['20260405T000000Z', '20260405T030000Z']])
  // One that is open since yesterday is still one; one whose whole time is skipped is none.
  assert.equal(of('2026-11-23T00:30:00Z', { days: [7], from: 1380, to: 180 })[0]?.get('DTSTART'), '20261122T220000Z')
  assert.equal(of('2026-03-25T12:00:00Z', { from: 120, to: 180 })[0]?.get('DTSTART'), '20260405T000000Z')
})

test('it is no public file: a token that may read gets it', async () => {
  const at = instantOf(Date.UTC(2026, 10, 24, 1))
  const world = webWorld({ call: () => ({ is: 'answered', status: 200, body: { schema: 'holdfast.windows/1', windows: [{ runbook: 'r', title: 'R', day: '2026-11-24', from: at, until: later(at, hours(1)) }], since: at, version: 7 } }) })
  pushAll(world)
  const path = '/api/v1/windows.ics'
  assert.equal((await world.get(path)).status, 401)
  assert.equal((await world.get(path, { headers: { authorization: `Bearer ${TOKENS.ack}` } })).status, 403)
  const reply = await world.get(path, { headers: { authorization: `Bearer ${TOKENS.read}` } })
  assert.equal(reply.headers.get('content-type'), 'text/calendar; charset=utf-8')
  assert.equal(parseCalendar(await reply.text()).events[0]?.get('SEQUENCE'), '7')
  assert.equal((await world.get('/calendar.ics')).status, 200)
  parseCalendar(await (await world.get('/s/public/calendar.ics')).text())
})
