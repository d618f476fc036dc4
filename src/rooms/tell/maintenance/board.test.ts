// Planned work on the board: in the page, in Statuspage's JSON, in the feeds. It never hides what fails, and it never says that something began or ended
// because the clock says so.
import assert from 'node:assert/strict'
import test from 'node:test'
import * as boards from '../../../../test/boards.ts'
import type { Instant } from '../../../core/time.ts'
import type { Board } from '../board.ts'
import { renderFeeds } from '../feeds.ts'
import { renderBoard } from '../html.ts'
import { renderStatuspage, type StatuspagePath } from '../statuspage.ts'
import { standingOf } from './standing.ts'

const { NOW, at } = boards
const HOUR = 3_600_000
const page = (board: Board, now: Instant = NOW): string => renderBoard(board, { now, live: true })
const plain = (markup: string): string => markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
const partOf = (drawn: string, id: string): string => plain(new RegExp(`<h2 id="${id}">[\\s\\S]*?</section>`).exec(drawn)?.[0] ?? '')
interface Work { readonly id: string; readonly name: string; readonly status: string; readonly scheduled_for: string; readonly scheduled_until: string; readonly started_at: string | null; readonly holdfast_state?: string; readonly impact: string; readonly components: readonly { readonly name: string; readonly status: string }[]; readonly incident_updates: readonly { readonly status: string }[] }
const worksAt = (board: Board, path: StatuspagePath, now: Instant = NOW): Work[] => (JSON.parse(renderStatuspage(board, now)[path]) as { scheduled_maintenances: Work[] }).scheduled_maintenances

test('T-7 work begins and ends by somebody, and never because its time has come', () => {
  const work = { from: at(-HOUR), until: at(HOUR) }
  assert.deepEqual([-2 * HOUR, 0, 2 * HOUR].map((ms) => standingOf({ ...work, state: 'scheduled' }, at(ms), false)), ['upcoming', 'not-begun', 'missed'])
  assert.deepEqual([-2 * HOUR, 0, 2 * HOUR].map((ms) => standingOf({ ...work, state: 'in_progress' }, at(ms), false)), ['active', 'active', 'overdue'])
  const now = partOf(page(boards.atWork), 'work')
  assert.match(now, /In progress More memory for the database .*affects API/)
  assert.match(now, /Not begun A new switch in rack 1 .*It was due to begin at 01:31 and has not begun\./)
  assert.match(partOf(page(boards.atWork, at(4 * HOUR)), 'work') + partOf(page({ ...boards.atWork, asOf: at(4 * HOUR) }, at(4 * HOUR)), 'work'), /In progress, overdue .*It was due to end by 05:01 and is not completed\..*Never begun .*It was due to end by 05:31 and never began\./)
})

test('T-1 what was never begun does not hide what goes on, however much of it there is', () => {
  const never = Array.from({ length: 40 }, (_, n) => boards.workOf(100 + n, `Forgotten ${n}`, 'scheduled', { from: -400, lasts: 1, of: [] }))
  const drawn = partOf(page({ ...boards.atWork, maintenances: [...never, ...boards.atWork.maintenances] }), 'work')
  assert.match(drawn, /^ Planned work, now In progress More memory for the database .*Not begun A new switch in rack 1 .*Never begun Forgotten 0 /)
  assert.doesNotMatch(drawn, /Forgotten 39/)
})

test('T-2 what ended early is neither completed nor cancelled, in the page and in the JSON', () => {
  const board = { ...boards.atWork, maintenances: [boards.workOf(7, 'Half a move', 'ended_early', { from: -4, lasts: 2, of: [] })] }
  assert.match(partOf(page(board), 'done'), /Half a move .* · Ended early/)
  assert.deepEqual(worksAt(board, 'api/v2/scheduled-maintenances.json').map(({ status, holdfast_state: state }) => [status, state]), [['completed', 'ended_early']])
  assert.deepEqual(worksAt(board, 'api/v2/scheduled-maintenances/active.json'), [])
})

test('T-1 an old board cannot say whether work has begun, and says so', () => {
  const old = page({ ...boards.atWork, asOf: at(-1.2 * HOUR) })
  assert.match(partOf(old, 'work'), /Not known A new switch in rack 1 .*It was due to begin at 01:31; whether it has begun is not known\./)
  assert.doesNotMatch(partOf(old, 'work'), /has not begun|> In progress/)
  assert.deepEqual(worksAt({ ...boards.atWork, asOf: at(-1.2 * HOUR) }, 'api/v2/summary.json').map((it) => it.holdfast_state), ['unknown', 'unknown', undefined])
})

test('T-1 a component that is down while it is worked on is down', () => {
  const drawn = page(boards.downAtWork)
  assert.match(drawn, /<title>API: major outage/)
  assert.match(partOf(drawn, 'components'), /API Down/)
  assert.match(partOf(drawn, 'work'), /In progress More memory/)
  const status = JSON.parse(renderStatuspage(boards.downAtWork, NOW)['api/v2/status.json']) as { status: { indicator: string } }
  assert.equal(status.status.indicator, 'major')
})

test('the page says in shape and word what goes on, what is to come, and what is over', () => {
  const drawn = page(boards.atWork)
  assert.match(drawn, /<title>API: under maintenance · Acme Hosting status/)
  assert.match(drawn, /<article class="st m" id="mnt_0{31}1"><p><b><svg class="i" aria-hidden="true"><use href="#i-m"\/><\/svg> In progress<\/b>/)
  assert.match(partOf(drawn, 'planned'), /Planned Upgrade of the web servers 24 Nov, 02:01 to 05:01 \(Europe\/Berlin\) · affects Website , API/)
  assert.match(partOf(drawn, 'done'), /New certificates .* · Completed .*Move to the new data centre .* · Cancelled/)
  assert.ok(drawn.indexOf('id="work"') < drawn.indexOf('id="components"') && drawn.indexOf('id="components"') < drawn.indexOf('id="planned"'))
  assert.doesNotMatch(page(boards.allWell), /id="(work|planned|done)"/)
})

test('Statuspage has each where its clients look for it; what is cancelled is in no list of what is to come', () => {
  const ids = (path: StatuspagePath): number[] => worksAt(boards.atWork, path).map(({ id }) => Number(id.slice(-1)))
  assert.deepEqual(ids('api/v2/scheduled-maintenances.json'), [1, 2, 3, 4, 5])
  assert.deepEqual(ids('api/v2/scheduled-maintenances/upcoming.json'), [2, 3])
  assert.deepEqual(ids('api/v2/scheduled-maintenances/active.json'), [1])
  assert.deepEqual(ids('api/v2/summary.json'), [1, 2, 3])
  const all = worksAt(boards.atWork, 'api/v2/scheduled-maintenances.json')
  assert.deepEqual(all.map(({ status, holdfast_state: state }) => [status, state]), [['in_progress', undefined], ['scheduled', 'not_begun'], ['scheduled', undefined], ['completed', undefined], ['completed', 'cancelled']])
  const [first, second] = all
  assert.equal(first?.impact, 'maintenance')
  assert.deepEqual([first?.scheduled_for, first?.scheduled_until, first?.started_at, second?.started_at], ['2026-11-21T01:01:50.000Z', '2026-11-21T04:01:50.000Z', '2026-11-21T01:01:50.000Z', null])
  assert.deepEqual(first?.components.map(({ name, status }) => [name, status]), [['API', 'under_maintenance']])
  assert.deepEqual(first?.incident_updates.map(({ status }) => status), ['in_progress', 'scheduled'])
  const status = JSON.parse(renderStatuspage(boards.atWork, NOW)['api/v2/status.json']) as { status: { indicator: string; description: string } }
  assert.deepEqual(status.status, { indicator: 'maintenance', description: 'Service Under Maintenance' })
})

test('the feeds tell of it, and change only when it does', () => {
  const feeds = renderFeeds(boards.atWork)
  for (const feed of Object.values(feeds)) {
    assert.match(feed, /More memory for the database/)
    assert.match(feed, /In progress: 2026-11-21 02:01 to 2026-11-21 05:01 \(Europe\/Berlin\)/)
    assert.match(feed, /Cancelled: 2026/)
  }
  assert.deepEqual(renderFeeds({ ...boards.atWork, asOf: at(5 * HOUR) }), feeds)
})
