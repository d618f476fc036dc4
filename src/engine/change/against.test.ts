// What may still begin when a run is halted, or its window has closed: the way back, and a step that makes more failures tolerable, each with the target typed by
// both. A halt must not leave a cluster without the member that was taken out of it. Everything else waits until all is well again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { begun, book, type Story } from '../../../test/story/led.ts'
import { manual, runWorld } from '../../../test/story/runs.ts'
import { START } from '../../../test/keeper-world.ts'
import { seconds } from '../../core/time.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import type { Cluster } from '../../rooms/change/topology.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import type { Asker } from '../../views/answers.ts'
import type { RunAnswer } from '../../views/change/runs.ts'

const names = ['web-1', 'web-2', 'web-3']
const clusters: readonly Cluster[] = [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }]
const takes = ['{{host}}']
const steps = [
  manual('stop', { takes, until: [{ is: 'stopped', host: '{{host}}' }] }), manual('memory', { takes, until: [{ is: 'links', host: '{{host}}' }] }),
  manual('start', { takes, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }], undo: { is: 'manual', text: 'Stop it again.' } }), manual('look'),
]
const runbook = (more: Partial<Runbook> = {}): Runbook => book({ hosts: { cluster: 'shop', names, serial: 1 }, keep: { cluster: 'shop', tolerate: 0 }, guard: [{ is: 'links' }], steps, ...more })
const ACCEPTED = { accept: [{ code: 'tolerance.stop', reason: 'Agreed with the customer' }] }
const typedOf = (it: Story, agreement: string | undefined): unknown => (JSON.parse(it.sql.get<{ asked: string }>('select asked from people_agreement where id = ?', agreement ?? '')?.asked ?? '{}') as { typed?: unknown }).typed

/** The run, with web-1 taken out of its cluster and its memory added. */
async function opened(it: Story): Promise<void> {
  for (const step of ['stop', 'memory']) {
    assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
    for (let n = 0; n < 2; n++) await it.second()
    if (step === 'stop') it.stopped.add('web-1')
    for (let n = 0; n < 3; n++) await it.second()
  }
  assert.deepEqual((await it.state()).steps.map(({ state }) => state), ['done', 'done', 'offered', 'waiting'])
}

test('C-15 halted, a step that makes more failures tolerable begins on the typed word of both, although the guard fails; no other does', async (t) => {
  const it = await begun(t, [], runbook(), ACCEPTED, clusters)
  await opened(it)
  const cut = { 'web-2': { carrier: 'down' } } as const
  await it.heard(cut)
  assert.deepEqual([(await it.state()).state, (await it.state()).raises, (await it.state()).asked], ['halted', 'start', null])
  for (const [step, says] of [['look', /not what comes next/], ['stop', /is done/], ['lock', /no step “lock”/]] as const) {
    const { status, body } = await it.call('runs.resume', { step })
    assert.deepEqual([status, says.test(body.title ?? JSON.stringify(body))], [409, true], JSON.stringify(body))
  }
  assert.equal((await it.call('runs.resume', { step: 'start', as: 'done' })).status, 409)
  assert.equal((await it.call('runs.resume', { step: 'start' })).status, 200)
  assert.equal(typedOf(it, (await it.state()).asked?.agreement), 'web-1')
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  for (let n = 0; n < 2; n++) await it.second(cut)
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[2]?.state, (await it.state()).halt?.subject], ['halted', 'running', 'link:web-2/eth0'])
  it.stopped.delete('web-1')
  for (let n = 0; n < 3; n++) await it.second(cut)
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[2]?.state, (await it.state()).raises], ['halted', 'done', null], 'the member is back, and the run stays halted')
  const { status, body } = await it.call('runs.resume', { step: 'look' })
  assert.deepEqual([status, /makes no further failure tolerable/.test(JSON.stringify(body))], [409, true])
})

test('C-15 C-6 when its window has closed it is halted, and the step that brings a member back is asked for with the target typed; no other is', async (t) => {
  const minute = Math.floor((START % 86_400_000) / 60_000)
  const window = { days: [1, 2, 3, 4, 5, 6, 7], from: (minute + 1430) % 1440, to: (minute + 4) % 1440, timezone: 'UTC' }
  const it = await begun(t, [], runbook({ window }), ACCEPTED, clusters)
  await opened(it)
  for (let n = 0; n < 100; n++) {
    await it.leap(seconds(4))
    await it.heard()
    await it.look('api', 'pass')
    if (n % 4 === 0) await it.second()
  }
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['halted', { subject: 'window', claim: 'has closed' }])
  assert.equal((await it.call('runs.resume', { step: 'start' })).status, 200)
  assert.equal(typedOf(it, (await it.state()).asked?.agreement), 'web-1')
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).steps[2]?.state, (await it.told()).at(-1)], ['running', 'began start'])
  it.stopped.delete('web-1')
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[2]?.state], ['halted', 'done'])
  assert.deepEqual([(await it.call('runs.resume', { step: 'look' })).status, (await it.state()).asked], [409, null], 'what makes nothing better does not begin outside of it')
})

test('C-6 C-15 a hand voids what both were asked against a halt, and what they pressed; it stays halted, and both may be asked anew', async (t) => {
  const it = await begun(t, [], runbook(), ACCEPTED, clusters)
  await opened(it)
  const cut = { 'web-2': { carrier: 'down' } } as const
  await it.heard(cut)
  for (const presses of [[], ['ada'], ['ada', 'bo']]) {
    assert.equal((await it.call('runs.resume', { step: 'start' })).status, 200)
    const agreement = (await it.state()).asked?.agreement ?? ''
    assert.deepEqual(await it.press(...presses), presses.map(() => 200))
    assert.equal((await it.call('runs.halt', { person: 'chen' })).status, 200)
    for (let n = 0; n < 3; n++) await it.second(cut)
    assert.deepEqual([(await it.state()).state, (await it.state()).steps[2]?.state, (await it.state()).asked, (await it.state()).halt?.subject], ['halted', 'waiting', null, 'link:web-2/eth0'])
    assert.equal(it.sql.get<{ phase: string }>('select phase from people_agreement where id = ?', agreement)?.phase.includes('changed'), true)
  }
  await it.second()
  assert.equal((await it.call('runs.resume')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  assert.equal((await it.call('runs.halt', { person: 'chen' })).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).asked], ['halted', null], 'nor does it go on by what both had said before')
})

test('C-15 what both typed against a halt waits for no look that does not come: what nobody has seen since is not known, and begins all the same', async (t) => {
  const it = await begun(t, [], runbook({ guard: [{ is: 'links' }, { is: 'checks', names: ['api'] }] }), ACCEPTED, clusters)
  await opened(it)
  const cut = { 'web-2': { carrier: 'down' } } as const
  await it.heard(cut)
  assert.equal((await it.call('runs.resume', { step: 'start' })).status, 200)
  await it.pass(seconds(1))
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  const unlooked = async (): Promise<unknown> => {
    await it.pass(seconds(1))
    await it.heard(cut)
    it.keeper.runs.tick()
    await it.settle()
    return (await it.state()).steps[2]?.state
  }
  for (let n = 0; n < 14; n++) assert.equal(await unlooked(), 'offered', `after ${n + 1} s a look may still come`)
  for (let n = 0; n < 2; n++) await unlooked()
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[2]?.state], ['halted', 'running'])
})

test('C-5 what a plan needs accepted is accepted by a person who may run it, under their name and not by a token; both who press read what, by whom and why', async (t) => {
  const it = await runWorld(t, runbook(), [], clusters)
  const tries: readonly (readonly [string, string, Asker, number, string])[] = [
    ['a token', 'ada', { is: 'token', id: 'tok_1', name: 'ci', scopes: ['admin'] }, 403, 'HF475'],
    ['an editor', 'ada', { is: 'person', person: 'ada', session: 'ses_1', rights: ['read', 'ack', 'write'] }, 403, 'HF475'],
    ['root, who is nobody here', 'root', { is: 'socket' }, 400, 'HF477'],
  ]
  for (const [what, person, asker, status, code] of tries) {
    for (const [call, of] of [['runs.begin', { host: 'web-1' }], ['rollings.begin', {}]] as const) {
      const came = await it.ask(call, { runbook: 'grow', ...of, person, checks: 'bo', does: 'ada', ...ACCEPTED }, asker)
      assert.deepEqual([came.status, JSON.stringify(came.body).includes(code)], [status, true], `${call} by ${what}`)
    }
  }
  const { status, body } = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada', ...ACCEPTED })
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual((body as RunAnswer).accepted, ACCEPTED.accept)
  const asked = (await it.ask('approvals.show', { id: (body as RunAnswer).asked?.agreement })).body as ApprovalAnswer
  assert.match(asked.text, /^Accepted by ada: tolerance\.stop, “Agreed with the customer”\.$/m)
})
