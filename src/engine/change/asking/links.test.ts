// What programs are sent of a run: the link of each of its people, and what came before a surprise. A run is pressed by links alone, so whoever carries them has to know of which run,
// step and host they are, whatever is asked.
import assert from 'node:assert/strict'
import test from 'node:test'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { AGAIN, manual } from '../../../../test/story/runs.ts'
import { minutes } from '../../../core/time.ts'
import type { Step } from '../../../rooms/change/runbook.ts'
import type { ApprovalLinkAnswer } from '../../../views/agreements.ts'
import type { RunTold } from '../../../views/change/runs.ts'
import { earsOf } from '../doing/ears.ts'

const linksOf = (it: Story): unknown[][] => it.rung.flatMap(({ message: { approve } }) => (approve?.schema === 'holdfast.step/1' && approve.run === it.id ? [[approve.what, approve.step, approve.host, approve.person, approve.role, approve.url.includes('/approve/')]] : []))
const both = (what: string, step: string): unknown[][] => [[what, step, 'web-1', 'ada', 'does', true], [what, step, 'web-1', 'bo', 'checks', true]]

test('C-5 what both are asked after a halt, and of a step of which nobody knows, goes out with its run, step and host, as the step itself did', async (t) => {
  const it = await begun(t)
  assert.deepEqual(linksOf(it), both('change.step', 'memory'))
  await it.press('ada', 'bo')
  await it.second()
  await it.second({ 'web-1': { carrier: 'down' } })
  await it.second({ 'web-1': { carrier: 'up', downs: 2, boot: AGAIN } })
  assert.equal((await it.call('runs.resume')).status, 200)
  assert.deepEqual(linksOf(it).slice(2), both('change.resume', 'look'), 'the next one: the first is done')

  const deeds = { 'web-1': { config: { argv: ['true'], on: 'web-1' }, says: 'run true' } }
  const start: Step = { id: 'start', act: { is: 'driver', driver: 'run', deeds }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5) }
  const driven = await begun(t, [], book({ hosts: { names: ['web-1'], serial: 1 }, steps: [start, manual('look')], preflight: [] }))
  await driven.press('ada', 'bo')
  await driven.second()
  const told = earsOf(() => driven.keeper).lost(driven.id, 1)
  await driven.settle()
  await told
  assert.equal((await driven.call('runs.resume', { as: 'done' })).status, 200)
  assert.deepEqual(linksOf(driven).slice(2), both('change.decide', 'start'))
})

test('C-14 a surprise between two steps is told with the step that began last, and how long before', async (t) => {
  const it = await begun(t)
  const cause = async (): Promise<unknown[]> => ((await it.ask('runs.show', { run: it.id })).body as RunTold).told.flatMap(({ cause: of }) => (of ? [[of.after_step, of.after_ms === null ? null : Math.round(of.after_ms / 1000)]] : []))
  await it.press('ada', 'bo')
  await it.second()
  await it.second({ 'web-1': { boot: AGAIN } })
  it.boots.set('web-1', AGAIN)
  assert.deepEqual([(await it.state()).steps[0]?.state, await cause()], ['done', []])
  for (let n = 0; n < 3; n++) await it.second()
  await it.press('ada')
  await it.second({ 'web-2': { carrier: 'down' } })
  assert.deepEqual([(await it.state()).halt?.claim, await cause()], ['lost carrier', [['memory', 5]]])
})

test('C-15 whoever opens the link of a step again reads how the run stands: what is under way, that it is halted and why, how far it is', async (t) => {
  const it = await begun(t)
  const agreement = (await it.state()).asked?.agreement
  const says = async (): Promise<unknown> => {
    const { outcome } = (await it.ask('approvals.look', { token: it.keeper.linkFor({ is: 'approve', agreement: agreement as never, person: 'ada' }) }, { is: 'open' })).body as ApprovalLinkAnswer
    return outcome && [outcome.isHalted, outcome.says]
  }
  assert.equal(await says(), null)
  await it.press('ada', 'bo')
  assert.equal(await says(), null, 'it waits for looks')
  await it.second()
  assert.deepEqual(await says(), [false, 'Step 1 (memory), on web-1, is under way.'])
  await it.second({ 'web-2': { carrier: 'down' } })
  assert.deepEqual(await says(), [true, 'The run is halted: link:web-2/eth0 lost carrier. Step 1 (memory), on web-1, is under way: it is not killed, and nothing more begins.'])
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 3; n++) await it.second({ 'web-2': { downs: 2 } })
  assert.deepEqual(await says(), [true, 'The run is halted: link:web-2/eth0 lost carrier. 1 of 2 steps is done; nothing is under way, and nothing more begins.'])
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  for (let n = 0; n < 2; n++) await it.second({ 'web-2': { downs: 2 } })
  assert.deepEqual(await says(), [false, '1 of 2 steps is done.'])
})

test('C-5 a step that cannot be undone is begun by nobody who has not typed its host, also where a person does it; one that can be, and a rehearsal, ask for nothing', async (t) => {
  const typed = async (it: Story): Promise<unknown> => (JSON.parse(it.sql.get<{ asked: string }>('select asked from people_agreement where id = ?', (await it.state()).asked?.agreement ?? '')?.asked ?? '{}') as { typed?: unknown }).typed
  const by = (steps: readonly Step[], wants: object = {}): Promise<Story> => begun(t, [], book({ steps, preflight: [] }), wants)
  const look = manual('look')
  assert.equal(await typed(await by([look])), 'web-1')
  assert.equal(await typed(await by([{ ...look, undo: { is: 'manual', text: 'Take it back.' } }])), undefined)
  assert.equal(await typed(await by([look], { rehearse: true })), undefined)
})
