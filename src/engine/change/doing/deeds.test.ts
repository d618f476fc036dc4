// Steps that a driver does, as stories: what its doer says is heard, told and paged whatever the run is by then; what was never begun is not taken for begun, what failed
// goes on only where something can follow, and nothing is done at another place than the one that was agreed on.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { changeOf, manual } from '../../../../test/story/runs.ts'
import type { Step } from '../../../rooms/change/runbook.ts'
import type { RunTold } from '../../../views/change/runs.ts'
import { minutes } from '../../../core/time.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { loadAgreement } from '../../../rooms/people/agreement-rows.ts'
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

test('C-4 what was refused on the target before anything was begun is not a step that failed: it can begin again, and nothing is taken back of it', async (t) => {
  const it = await underWay(t)
  await settled(it, earsOf(() => it.keeper).acted(it.id, 1, { is: 'failed', says: 'run-1.2 (step stop) still goes on there', begun: false }, true))
  assert.deepEqual([(await it.state()).halt?.claim, (await it.state()).steps[0]?.state], ['the step could not begin', 'waiting'])
  assert.equal((await it.call('runs.resume')).status, 200)
})

test('C-12 what a deed brought about is looked at where names lead then: what counts is seen when all who look have forgotten them, or what they kept is too old to be used', async (t) => {
  const it = await underWay(t)
  await it.second()
  assert.deepEqual(it.forgot, [])
  const at = it.keeper.now().tick
  await acted(it, 'done', '')
  assert.deepEqual([it.forgot, loadRun(it.sql, it.id)?.acted?.at.tick], [[at], at])

  const deaf = await underWay(t)
  await deaf.second()
  deaf.names.isForgotten = false
  const since = deaf.keeper.now().tick
  await acted(deaf, 'done', '')
  assert.equal(loadRun(deaf.sql, deaf.id)?.acted?.at.tick, since + 30_000)
  for (const story of [it, deaf]) for (let n = 0; n < 5; n++) await story.second()
  assert.deepEqual([(await it.state()).steps[0]?.state, (await deaf.state()).steps[0]?.state], ['done', 'running'], 'who is not connected looks where the name led before')
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

const lost = (it: Story): Promise<void> => settled(it, it.keeper.runs.lost(it.id, 1))

test('C-4 what whoever did a step says after it was taken for lost is kept and told, makes nothing done, and voids a word for something else', async (t) => {
  const it = await underWay(t)
  await lost(it)
  assert.equal((await it.call('runs.resume', { as: 'not-done' })).status, 200)
  assert.deepEqual(await it.press('ada'), [200])
  for (let n = 0; n < 2; n++) await acted(it, 'done', 'it ended with 0')
  await it.second()
  const { state, word, asked, steps } = await it.state()
  assert.deepEqual([state, word, asked, steps[0]?.state], ['unknown', 'was done: it ended with 0', null, 'unknown'])
  assert.deepEqual((await lines(it)).slice(-2), ['acted start was done: it ended with 0', `refused what became of it is known otherwise now (it was done: it ended with 0): holdfast runbooks resume ${it.id} --was …`])
  const refused = await it.call('runs.resume')
  assert.match(refused.body.error.message, /whoever did it says now that it was done: it ended with 0/)
  assert.equal((await it.call('runs.resume', { as: 'done' })).status, 200)
  assert.match(loadAgreement(it.sql, (await it.state()).asked?.agreement ?? '')?.asked.text ?? '', /spoke up after all: it was done/)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'done')
})

test('C-4 C-14 what both had said otherwise is a surprise when its doer speaks up: before anything further begins, and after the end', async (t) => {
  const decided = async (): Promise<Story> => {
    const it = await underWay(t)
    await lost(it)
    await it.call('runs.resume', { as: 'not-done' })
    await it.press('ada', 'bo')
    await it.second()
    assert.equal((await it.state()).state, 'halted')
    return it
  }
  const it = await decided()
  await it.call('runs.resume')
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'offered')
  await acted(it, 'done', 'it ended with 0')
  assert.match((await it.state()).halt?.claim ?? '', /^both said that step 1 \(start\) was not done, and whoever did it says now that it was done: it ended with 0/)
  assert.deepEqual([(await it.state()).asked, it.open()], [null, [`run:${it.id}`]], 'what was offered is void, and both are paged')
  const over = await decided()
  await over.call('runs.abort')
  await over.second()
  assert.deepEqual(over.open(), [])
  await acted(over, 'failed', 'it ended with 1')
  assert.deepEqual(over.open(), [], 'it is as both said')
  await acted(over, 'done', 'it ended with 0')
  assert.deepEqual(over.open(), [`run:${over.id}/late`])
})

test('C-4 a step that says that it is idempotent begins again after it failed, or was lost, by two presses and never by itself; one that does not never does', async (t) => {
  const AGAIN = book({ steps: [{ ...START, idempotent: true, undo: START.act }, manual('look')], preflight: [] })
  const it = await underWay(t, AGAIN)
  await acted(it, 'failed', 'it ended with 100')
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).asked], ['halted', null])
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).filter((line) => line === 'began start')], ['offered', ['began start']], 'it waits for both')
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).filter((line) => line === 'began start').length], ['running', 2])

  const gone = await underWay(t, AGAIN)
  await lost(gone)
  assert.equal((await gone.call('runs.resume', { as: 'unknown' })).status, 200)
  await gone.press('ada', 'bo')
  await gone.second()
  assert.deepEqual([(await gone.state()).state, (await gone.state()).steps[0]?.state, (await gone.state()).undo], ['halted', 'begun', 'start'], 'it may have been done: its way back stays')

  const never = await underWay(t)
  await lost(never)
  const { status, body } = await never.call('runs.resume', { as: 'unknown' })
  assert.deepEqual([status, /idempotent/.test(body.error.message)], [409, true])
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

test('C-16 a doer is told which other runs are under way, and of one that is over, whatever it left behind, it is told nothing', async (t) => {
  const it = await underWay(t)
  const ears = earsOf(() => it.keeper)
  assert.deepEqual([ears.orderFor(it.id)?.beside, ears.orderFor(it.id)?.of], [[], 'node_test'], 'and which Holdfast it is')
  const { status, body } = await it.ask('runs.begin', { runbook: 'grow', host: 'web-2', person: 'ada' })
  assert.equal(status, 200)
  const { run } = body as { readonly run: string }
  assert.deepEqual(ears.orderFor(it.id)?.beside, [run])
  await it.ask('runs.abort', { run, person: 'bo' })
  assert.deepEqual(ears.orderFor(it.id)?.beside, [])
})
