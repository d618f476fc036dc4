// Steps that a driver does, as stories: what its doer says is heard, told and paged whatever the run is by then; what was never begun is not taken for begun, what failed
// goes on only where something can follow, and nothing is done at another place than the one that was agreed on.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { begun, book, type Story } from '../../../test/story/led.ts'
import { changeOf, manual } from '../../../test/story/runs.ts'
import type { Step } from '../../rooms/change/runbook.ts'
import type { RunTold } from '../../views/change/runs.ts'
import { minutes } from '../../core/time.ts'
import { earsOf } from './ears.ts'

const deeds = Object.fromEntries(['web-1', 'web-2'].map((host) => [host, { config: { argv: ['true'], on: host }, says: 'run true' }]))
const START: Step = { id: 'start', act: { is: 'driver', driver: 'run', deeds }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5) }
const BOOK = book({ steps: [START, manual('look')], preflight: [] })

/** Both have pressed, and the deed is under way. */
async function underWay(t: TestContext, runbook = BOOK): Promise<Story> {
  const it = await begun(t, [], runbook)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'running')
  return it
}
const settled = async <Came>(it: Story, came: Promise<Came>): Promise<Came> => {
  await it.settle()
  return came
}
const acted = (it: Story, is: 'done' | 'failed' | 'unknown', says: string, isBegun = true): Promise<void> => settled(it, earsOf(() => it.keeper).acted(it.id, 1, { is, says }, isBegun))
const lines = async (it: Story): Promise<readonly string[]> => ((await it.ask('runs.show', { run: it.id })).body as RunTold).told.map(({ event, step, says }) => [event, step, says].filter((it) => it !== null).join(' '))

test('C-4 C-15 what was never begun can begin again after a halt; what failed cannot, and who wants to go on hears that nothing could follow', async (t) => {
  const it = await underWay(t)
  await acted(it, 'failed', 'nothing was begun: ssh could not connect', false)
  assert.deepEqual([(await it.state()).state, (await it.state()).halt?.claim, (await it.state()).steps[0]?.state], ['halted', 'the step could not begin', 'waiting'])
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).at(-1), it.open()], ['offered', 'offered start', []])

  const failed = await underWay(t)
  await acted(failed, 'failed', 'it ended with 100')
  assert.equal((await failed.state()).steps[0]?.state, 'begun')
  const { status, body } = await failed.call('runs.resume')
  assert.deepEqual([status, body.error.message.startsWith('Nothing could follow: '), failed.open()], [409, true, [`run:${failed.id}`]], 'and its page stays')
})

test('C-15 a step that fails after a halt is paged and told with its cause', async (t) => {
  const it = await underWay(t)
  await it.heard({ 'web-2': { carrier: 'down' } })
  assert.equal((await it.state()).state, 'halted')
  await acted(it, 'failed', 'apt-get ended with 100')
  const says = it.sql.all<{ says: string }>(`select says from page_incident where state = 'open' and subject = ?`, `run:${it.id}/failed`)[0]?.says ?? ''
  assert.match(says, /^Step 1 \(start\), on web-1, failed: apt-get ended with 100\. It was halted before\./)
  assert.deepEqual((await lines(it)).at(-1), 'halted start apt-get ended with 100')
})

test('C-6 what became of a step of an aborted run is written down and told, once; after it another run may begin there', async (t) => {
  const it = await underWay(t)
  await settled(it, it.keeper.doers.hear({ is: 'order', run: it.id }, it))
  await it.call('runs.abort', { person: 'bo' })
  const again = async (): Promise<number> => (await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).status
  assert.equal(await again(), 409)
  for (let n = 0; n < 2; n++) await acted(it, 'failed', 'it ended with 1')
  assert.deepEqual((await lines(it)).slice(-2), ['ended aborted', 'acted start failed: it ended with 1'])
  assert.equal(await again(), 200)

  const unknown = await underWay(t)
  await unknown.call('runs.abort', { person: 'bo' })
  await acted(unknown, 'unknown', 'the connection broke')
  assert.equal((await lines(unknown)).at(-1), 'acted start is not known to be done: the connection broke')
  assert.equal((await unknown.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).status, 409)
})

test('C-5 C-9 an edit between the ruling and the deed keeps it from beginning: what is done is done where both agreed', async (t) => {
  const it = await underWay(t)
  const ears = earsOf(() => it.keeper)
  const change = changeOf(BOOK)
  const moved = { ...change, hosts: change.hosts.map((host) => (host.name === 'web-1' ? { ...host, ssh: { host: '10.77.0.99', sudo: true } } : host)) }
  await settled(it, it.keeper.configure({ ...it.keeper.config, version: '2', change: moved }))
  assert.match(await settled(it, ears.identity(it.id, 1, 'web-1')), /was edited since it was planned/)
  await settled(it, it.keeper.configure({ ...it.keeper.config, version: '3', change }))
  assert.equal(await settled(it, ears.identity(it.id, 1, 'web-1')), 'go')
})

test('C-6 what an aborted run had begun may go on over a boot of this machine too: no other run begins there before its time is over', async (t) => {
  const it = await underWay(t)
  await it.call('runs.abort', { person: 'bo' })
  it.sql.run(`update change_run set stands = replace(stands, '"boot":"boot"', '"boot":"the one before"')`)
  const again = async (): Promise<number> => (await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).status
  assert.equal(await again(), 409)
  await it.leap(minutes(5))
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal(await again(), 200)
})
