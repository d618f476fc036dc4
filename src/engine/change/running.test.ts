// A run from the keeper's side, as a story over a keeper whose clock the test turns: both press, fresh looks rule, a step is seen to be done; a surprise stops
// it wherever it stands, pages both, and voids what was offered; going on takes both and fresh looks; nothing is done by anybody's word alone.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf } from '../../../test/keeper-world.ts'
import { begun, book, STEPS, type Story } from '../../../test/story/led.ts'
import { AGAIN, changeOf, manual } from '../../../test/story/runs.ts'
import { minutes, seconds, stampOf } from '../../core/time.ts'
import { rebuildLedger, verifyLedger } from '../../db/verify.ts'
import type { Step } from '../../rooms/change/runbook.ts'
import type { Cluster } from '../../rooms/change/topology.ts'
import { earsOf } from './doing/ears.ts'
import { loadAgreement } from '../../rooms/people/agreement-rows.ts'

const deeds = Object.fromEntries(['web-1', 'web-2'].map((host) => [host, { config: { argv: ['true'], on: host }, says: 'run true' }]))

test('C-12 C-13 a run from its first press to its end: pressed by both, ruled by looks that began after, done when it was seen', async (t) => {
  const it = await begun(t)
  assert.deepEqual([(await it.state()).state, (await it.state()).does, (await it.state()).checks], ['offered', 'ada', 'bo'])
  const links = it.rung.flatMap(({ message: { approve } }) => (approve?.schema === 'holdfast.step/1' ? [approve] : []))
  assert.deepEqual(links.map(({ run, step, host, person, role }) => [run, step, host, person, role]), [[it.id, 'memory', 'web-1', 'ada', 'does'], [it.id, 'memory', 'web-1', 'bo', 'checks']])
  assert.deepEqual([links[0]?.words, links[0]?.hash, links[0]?.url === links[1]?.url], [links[1]?.words, links[1]?.hash, false])
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  assert.equal((await it.state()).state, 'pressed')
  it.keeper.runs.tick()
  await it.settle()
  assert.equal((await it.state()).state, 'pressed', 'nothing was looked at since the second press')
  await it.second()
  await it.second()
  assert.equal((await it.state()).state, 'running', 'its cables carry, and it was not booted again')
  // It goes down, as it is expected to; nobody's word ends it, and neither does the boot alone.
  for (let n = 0; n < 5; n++) await it.second({ 'web-1': 'silent' })
  await it.second({ 'web-1': { boot: AGAIN, carrier: 'down' } })
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['running', null], 'up again, and its cable is not')
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).steps[0]?.state, 'done')
})

test('C-13 C-18 a cable is never excused, not even that of the host that a step takes', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  await it.heard({ 'web-1': { carrier: 'down' } })
  assert.equal((await it.state()).halt?.subject, 'link:web-1/eth0')
})

test('C-4 C-13 done is seen, the next step is offered to both, and the last one ends it; every line of it is told, and the ledger can be rebuilt', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).steps[0]?.state, 'done')
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).state, 'offered')
  await it.press('bo', 'ada')
  for (let n = 0; n < 3; n++) await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).state, 'done')
  assert.deepEqual(await it.told(), ['planned', 'offered memory', 'pressed memory', 'pressed memory', 'began memory', 'done memory', 'offered look', 'pressed look', 'pressed look', 'began look', 'done look', 'ended'])
  assert.deepEqual([verifyLedger(it.sql).broken, it.open()], [undefined, []])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('C-14 C-8 a surprise halts it at once, pages both with what changed and after which step, and voids what was offered', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  await it.heard({ 'web-2': { carrier: 'down' } })
  const { state, halt } = await it.state()
  assert.deepEqual([state, halt?.subject, halt?.claim], ['halted', 'link:web-2/eth0', 'lost carrier'])
  await it.pass(seconds(2))
  const rung = it.entries().filter(({ is, body }) => is === 'page.rang' && (body['paging'] as { policy?: string }).policy === '~ada+bo').map(({ body }) => body['person'])
  assert.deepEqual(new Set(rung), new Set(['ada', 'bo']))
  const [incident] = it.sql.all<{ title: string; says: string }>(`select title, says from page_incident where state = 'open'`)
  assert.match(`${incident?.title}: ${incident?.says}`, /^Stopped: Add memory: link:web-2\/eth0 lost carrier less than 1 s after step 1 \(memory\) began\. .*nothing more begins, and nothing is killed/)
  assert.equal(it.open().length, 1)
})

test('C-14 a blip between steps is a surprise too; before the first press it is none, and a press on it is refused', async (t) => {
  const it = await begun(t)
  await it.heard({ 'web-2': { carrier: 'down' } })
  assert.deepEqual([(await it.state()).state, await it.press('ada')], ['offered', [409]])
  await it.heard({ 'web-2': { downs: 2 } })
  assert.deepEqual([(await it.state()).halt, await it.press('ada')], [null, [200]])
  const asked = (await it.state()).asked?.agreement ?? ''
  await it.heard({ 'web-2': { downs: 3 } })
  assert.equal(it.sql.get<{ phase_is: string }>('select phase_is from people_agreement where id = ?', asked)?.phase_is, 'changed')
  assert.deepEqual([(await it.state()).halt?.claim, (await it.state()).asked], ['lost carrier once and has it again', null], 'the word that ada gave is void')
})

test('C-15 after a halt both go on, and only by looks that begin after they have said so', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  await it.heard({ 'web-2': { carrier: 'down' } })
  assert.equal((await it.call('runs.resume')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second({ 'web-2': { carrier: 'down' } })
  assert.deepEqual([(await it.state()).state, (await it.told()).includes('resumed memory')], ['halted', false], 'it still fails')
  await it.heard({ 'web-2': { downs: 2 } })
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  await it.second({ 'web-2': { downs: 2 } })
  assert.deepEqual([(await it.state()).state, it.open()], ['running', []])
})

test('C-2 C-14 what is not known any more halts it: silence of a host that no step takes', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  for (let n = 0; n < 12; n++) await it.second({ 'web-2': 'silent' })
  assert.match((await it.state()).halt?.claim ?? '', /not known any more/)
})

test('C-8 C-13 an incident that is opened meanwhile halts it, whatever it is of; one of what the step takes does not', async (t) => {
  const it = await begun(t, [checkOf('other'), checkOf('node', { standsOn: ['web-1'] })])
  await it.press('ada', 'bo')
  await it.second()
  for (let n = 0; n < 2; n++) await it.look('node', 'fail')
  await it.second()
  assert.deepEqual([(await it.state()).state, it.open()], ['running', ['check:node']])
  for (let n = 0; n < 2; n++) await it.look('other', 'fail')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).halt?.claim], ['halted', 'was opened: other is down'])
})

test('C-2 C-14 a host that says nothing any more halts it, also where the guard asks nothing of it', async (t) => {
  const it = await begun(t, [], book({ guard: [] }))
  await it.press('ada', 'bo')
  await it.second()
  for (let n = 0; n < 12; n++) await it.second({ 'web-2': 'silent' })
  assert.deepEqual([(await it.state()).halt?.subject, (await it.state()).halt?.claim], ['link:web-2/eth0', 'is not known any more: nothing is heard of web-2'])
})

test('C-5 an edit of the runbook voids the step that both pressed, and says so', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  const config = it.keeper.config
  const edited = it.keeper.configure({ ...config, version: '2', change: changeOf(book({ steps: [...STEPS, manual('more')] })) })
  await it.settle()
  await edited
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).at(-1)], ['waiting', 'refused memory'])
})

test('C-15 C-5 an edit shuts no way back: what both agreed on stands in the run', async (t) => {
  const step: Step = { id: 'drain', act: { is: 'driver', driver: 'run', deeds }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5), undo: { is: 'driver', driver: 'run', deeds } }
  const it = await begun(t, [], book({ steps: [step, manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  const acted = it.keeper.runs.acted(it.id, 1, 'done', '')
  await it.settle()
  await acted
  await it.second()
  const edited = it.keeper.configure({ ...it.keeper.config, version: '2', change: { ...changeOf(book()), runbooks: [] } })
  await it.settle()
  await edited
  assert.deepEqual(await it.press('ada'), [409], 'and nothing further begins')
  assert.equal((await it.call('runs.undo')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).at(-1)], ['running', 'began drain'])
})

test('C-6 C-15 either stops it; one run of a host at a time; one person is not two', async (t) => {
  const it = await begun(t)
  const second = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'bo' })
  assert.deepEqual([second.status, JSON.stringify(second.body).includes('is under way there')], [409, true])
  assert.deepEqual(await it.press('ada', 'ada'), [200, 403])
  assert.equal((await it.call('runs.abort', { person: 'bo' })).body.state, 'aborted')
  assert.equal((await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada', does: 'ada', checks: 'ada' })).status, 409)
  assert.equal((await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).status, 200)
})

test('C-4 what a doer said outlives a restart of the keeper; what became of a deed that nobody speaks for is not known, and both say it', async (t) => {
  const deed = { config: { argv: ['true'], on: 'web-1' }, says: 'run true on web-1' }
  const step: Step = { id: 'restart', act: { is: 'driver', driver: 'run', deeds: { 'web-1': deed, 'web-2': deed } }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5) }
  const it = await begun(t, [], book({ steps: [step, manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  await it.second()
  assert.deepEqual([(await it.state()).state, it.keeper.doers.wanted()], ['running', [{ run: it.id, token: 1, driver: 'run' }]], 'that everything passes does not make a deed that nobody did')
  const said = it.keeper.runs.acted(it.id, 1, 'done', 'it ended with 0')
  await it.settle()
  await said
  await it.restart(it.keeper.config)
  await it.heard()
  await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'done')

  const lost = await begun(t, [], book({ steps: [step, manual('look')] }))
  await lost.press('ada', 'bo')
  await lost.second()
  const gone = lost.keeper.runs.lost(lost.id, 1)
  await lost.settle()
  await gone
  assert.deepEqual([(await lost.state()).state, (await lost.state()).halt?.claim], ['unknown', 'whoever did the step is gone'])
  assert.equal((await lost.call('runs.resume')).status, 409, 'first somebody has to look')
  assert.equal((await lost.call('runs.resume', { as: 'not-done' })).status, 200)
  await lost.press('ada', 'bo')
  await lost.second()
  assert.deepEqual([(await lost.state()).state, (await lost.state()).steps[0]?.state], ['halted', 'waiting'])
})

test('C-18 a rehearsal is gone through step by step, excuses nothing, and waits for nothing that only a deed would bring about', async (t) => {
  const it = await begun(t, [], book(), { rehearse: true })
  for (let n = 0; n < 2; n++) {
    await it.press('ada', 'bo')
    await it.second()
    await it.second()
  }
  assert.deepEqual([(await it.state()).state, (await it.told()).filter((line) => line.startsWith('done'))], ['done', ['done memory', 'done look']])
  const other = await begun(t, [checkOf('node', { standsOn: ['web-1'] })], book(), { rehearse: true })
  await other.press('ada', 'bo')
  for (let n = 0; n < 2; n++) await other.second()
  for (let n = 0; n < 2; n++) await other.look('node', 'fail')
  await other.second()
  assert.equal((await other.state()).state, 'halted', 'nobody takes web-1 down: what fails there is a surprise')
})

test('C-15 halted, the way back of a driver can be gone: both type the host, and its doer is given the word', async (t) => {
  const deed = { config: { argv: ['true'], on: 'web-1' }, says: 'run true on web-1' }
  const deeds = { 'web-1': deed, 'web-2': deed }
  const step: Step = { id: 'drain', act: { is: 'driver', driver: 'run', deeds }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5), undo: { is: 'driver', driver: 'run', deeds } }
  const it = await begun(t, [], book({ steps: [step, manual('look')] }))
  const ears = earsOf(() => it.keeper)
  const word = async (token: number): Promise<string> => {
    const said = ears.identity(it.id, token, 'this machine')
    await it.settle()
    return said
  }
  await it.press('ada', 'bo')
  await it.second()
  assert.equal(await word(1), 'go')
  const acted = it.keeper.runs.acted(it.id, 1, 'done', '')
  await it.settle()
  await acted
  await it.second()
  await it.heard({ 'web-2': { carrier: 'down' } })
  assert.equal((await it.call('runs.undo')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second({ 'web-2': { carrier: 'down' } })
  assert.deepEqual([(await it.state()).state, await word(1), await word(2)], ['halted', 'it is not under way any more', 'go'])
})

test('C-5 C-15 a word that is taken back is no word; and whoever stops by the link of a step that has begun stops the run', async (t) => {
  const it = await begun(t)
  const say = async (agreement: string, act: 'no' | 'stop'): Promise<void> => {
    const { hash } = JSON.parse(it.sql.get<{ asked: string }>('select asked from people_agreement where id = ?', agreement)?.asked ?? '{}') as { hash: string }
    const pressed = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: agreement, person: 'bo', act, hash, prove: () => undefined }))
    await it.settle()
    await pressed
  }
  const agreement = async (): Promise<string> => (await it.state()).asked?.agreement ?? ''
  await it.press('ada', 'bo')
  await say(await agreement(), 'no')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).at(-1)], ['waiting', 'refused memory'])
  assert.equal((await it.call('runs.resume')).status, 200)
  const link = await agreement()
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'running')
  await say(link, 'stop')
  assert.equal((await it.state()).state, 'aborted')
  const next = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })
  assert.deepEqual([next.status, JSON.stringify(next.body).includes('nobody has seen its end')], [409, true], 'C-16 what was begun may still go on')
})

/** So many times five seconds, in which all is well but what nobody looks at. */
const wait = async (it: Story, times: number): Promise<void> => {
  for (let n = 0; n < times; n++) {
    await it.leap(seconds(5))
    await it.heard()
    await it.look('api', 'pass')
  }
}

test('a step that takes too long pages both, and nothing further begins: both may say what became of what nobody can see', async (t) => {
  const it = await begun(t, [checkOf('node', { unknownAfter: minutes(600) })], book({ steps: [manual('memory', { until: [{ is: 'checks', names: ['node'] }] }), manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  await wait(it, 62)
  await it.second()
  assert.deepEqual([(await it.state()).state, it.open().map((subject) => subject.replace(it.id, 'run'))], ['running', ['run:run/overrun']])
  assert.equal((await it.call('runs.resume', { as: 'done' })).status, 200)
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).steps[0]?.state, (await it.state()).state, it.open()], ['done', 'offered', []], 'and what comes next is offered')
})

test('C-12 “done” is not said against what is seen: neither when it is asked for, nor when both have pressed', async (t) => {
  const steps = [manual('work', { takes: ['{{host}}'], until: [{ is: 'checks', names: ['data'] }] }), manual('look')]
  const it = await begun(t, [checkOf('data', { standsOn: ['web-1'], unknownAfter: minutes(600) })], book({ steps }))
  await it.press('ada', 'bo')
  await it.second()
  const early = await it.call('runs.resume', { as: 'done' })
  assert.deepEqual([early.status, /nobody has to say that it is done/.test(early.body.error.message)], [409, true])
  await wait(it, 62)
  assert.equal((await it.call('runs.resume', { as: 'done' })).status, 200, 'nobody has looked')
  for (let n = 0; n < 2; n++) await it.look('data', 'fail', { says: 'refused the connection' })
  await it.look('data', 'fail', { says: 'answered 404' })
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).steps[0]?.state, (await it.state()).asked], ['running', null], 'it was seen before both had pressed')
  const { status, body } = await it.call('runs.resume', { as: 'done' })
  assert.deepEqual([status, /seen not to be done: data: answered 404/.test(body.error.message)], [409, true], 'by the words of the newest look')
  for (let n = 0; n < 2; n++) await it.look('data', 'pass')
  await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'done', 'what is seen is enough')
})

test('C-12 “done” is not said against what only its driver sees either', async (t) => {
  const step: Step = { id: 'drain', act: { is: 'driver', driver: 'run', deeds }, takes: [], until: [{ is: 'driver', claims: { 'web-1': { sessions: 0 }, 'web-2': { sessions: 0 } } }], within: seconds(2), undo: { is: 'driver', driver: 'run', deeds } }
  const it = await begun(t, [], book({ steps: [step, manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  const acted = it.keeper.runs.acted(it.id, 1, 'done', '')
  await it.settle()
  await acted
  await wait(it, 1)
  assert.equal((await it.call('runs.resume', { as: 'done' })).status, 200, 'it has not looked')
  it.keeper.runs.seen(it.id, 1, 'fail', stampOf(it.keeper.now()))
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'running')
  it.keeper.runs.seen(it.id, 1, 'fail', stampOf(it.keeper.now()))
  const { status, body } = await it.call('runs.resume', { as: 'done' })
  assert.deepEqual([status, /seen not to be done: sessions: not so, as its driver sees it/.test(body.error.message)], [409, true], body.error.message)
  await wait(it, 2)
  assert.equal((await it.call('runs.resume', { as: 'done' })).status, 200, 'what it saw long ago is not known any more')
})

test('C-13 a step that boots a host is done by what was looked at after the boot: what passed while the machine shut down does not count', async (t) => {
  const steps = [manual('reboot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }, { is: 'checks', names: ['node'] }] }), manual('look')]
  const it = await begun(t, [checkOf('node', { standsOn: ['web-1'] })], book({ guard: [], preflight: [], steps }))
  await it.press('ada', 'bo')
  await it.second()
  await it.look('node', 'pass')
  for (let n = 0; n < 3; n++) await it.second({ 'web-1': 'silent' })
  it.asked.length = 0
  for (let n = 0; n < 3; n++) await it.second({ 'web-1': { boot: AGAIN } })
  assert.deepEqual([(await it.state()).state, it.asked], ['running', ['node']], 'it is asked for at once, and nobody has looked yet')
  await it.look('node', 'fail')
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).state, 'running')
  await it.look('node', 'pass')
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).steps[0]?.state, 'done')
})

test('C-13 a member that was taken is away until a step has seen it back, between steps too: a cluster may lack it, and nobody else', async (t) => {
  const names = ['web-1', 'web-2', 'web-3']
  const takes = ['{{host}}']
  const steps = [manual('stop', { takes, until: [{ is: 'stopped', host: '{{host}}' }] }), manual('start', { takes, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }] }), manual('look')]
  const runbook = book({ hosts: { cluster: 'shop', names, serial: 1 }, guard: [{ is: 'healthy' }], steps })
  const clusters: readonly Cluster[] = [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }]
  const it = await begun(t, [], runbook, { accept: [{ code: 'tolerance.stop', reason: 'Agreed with the customer' }] }, clusters)
  const step = async (host: string, is: 'stopped' | 'back'): Promise<unknown> => {
    assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
    for (let n = 0; n < 2; n++) await it.second()
    it.stopped[is === 'stopped' ? 'add' : 'delete'](host)
    for (let n = 0; n < 5; n++) await it.second()
    const { state, halt, steps: stands } = await it.state()
    return [state, halt, stands.map((one) => one.state)]
  }
  assert.deepEqual(await step('web-1', 'stopped'), ['offered', null, ['done', 'offered', 'waiting']])
  assert.deepEqual(await step('web-1', 'back'), ['offered', null, ['done', 'done', 'offered']])
  // No word of it turned: it is missed by the guard alone, once it was seen back.
  const missed = async (story: Story, host: string): Promise<string> => {
    story.keeper.members.hear({ is: 'member', cluster: 'shop', host, asked: { tick: story.keeper.now().tick, boot: 'boot' }, report: { is: 'stopped', says: 'its host refused the connection' } }, clusters[0])
    story.keeper.runs.tick()
    await story.settle()
    return (await story.state()).halt?.claim ?? ''
  }
  assert.match(await missed(it, 'web-1'), /^fails: 2 of 3 are healthy: web-2, web-3/)

  const other = await begun(t, [], { ...runbook, keep: { cluster: 'shop', tolerate: 0 } }, { accept: [{ code: 'tolerance.stop', reason: 'Agreed with the customer' }] }, clusters)
  await other.press('ada', 'bo')
  for (let n = 0; n < 2; n++) await other.second()
  other.stopped.add('web-1')
  for (let n = 0; n < 3; n++) await other.second()
  assert.deepEqual([(await other.state()).state, (await other.state()).steps[0]?.state], ['offered', 'done'])
  assert.match(await missed(other, 'web-2'), /^fails: 1 of 3 are healthy: web-3/)
})

test('C-4 a word that both gave counts for what was known when they gave it: what is heard in the same breath voids it', async (t) => {
  const deed = { config: { argv: ['true'], on: 'web-1' }, says: 'run true on web-1' }
  const step: Step = { ...manual('drain'), act: { is: 'driver', driver: 'run', deeds: { 'web-1': deed, 'web-2': deed } } }
  const it = await begun(t, [], book({ steps: [step, manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  const lost = it.keeper.runs.lost(it.id, 1)
  await it.settle()
  await lost
  assert.equal((await it.call('runs.resume', { as: 'not-done' })).status, 200)
  await it.press('ada', 'bo')
  const said = it.keeper.runs.acted(it.id, 1, 'done', 'it ended with 0')
  it.keeper.runs.tick()
  await it.settle()
  await said
  await it.second()
  const { state, asked, steps } = await it.state()
  assert.deepEqual([state, asked, steps[0]?.state, (await it.told()).filter((line) => line.startsWith('decided'))], ['unknown', null, 'unknown', []])
})

test('C-5 C-15 whoever asks whether to go on voids the way back that both had pressed', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 2; n++) await it.second()
  await it.heard({ 'web-2': { carrier: 'down' } })
  assert.equal((await it.call('runs.undo')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  assert.equal((await it.call('runs.resume')).status, 200)
  for (let n = 0; n < 2; n++) await it.second({ 'web-2': { carrier: 'down' } })
  const { state, asked } = await it.state()
  assert.deepEqual([state, asked?.purpose, (await it.told()).filter((line) => line === 'began memory').length], ['halted', 'resume', 1])
})

test('C-1 C-5 what a step needs accepted since it was planned, and nobody has, refuses the press for it', async (t) => {
  const names = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5']
  const stop = manual('stop', { takes: ['{{host}}'], until: [{ is: 'stopped', host: '{{host}}' }] })
  const it = await begun(t, [], book({ hosts: { cluster: 'shop', names, serial: 1 }, keep: { cluster: 'shop', tolerate: 0 }, preflight: [], guard: [{ is: 'links' }], steps: [stop, manual('look')] }), {}, [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }])
  it.stopped.add('web-5')
  await it.second()
  assert.deepEqual(await it.press('ada'), [409])
  assert.match(it.keeper.runs.mayPress((await it.state()).asked?.agreement ?? '') ?? '', /tolerance.stop is accepted: fail .*--accept tolerance.stop=REASON/)
  it.stopped.delete('web-5')
  await it.second()
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  it.stopped.add('web-5')
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).steps[0]?.state, (await it.told()).some((line) => line.startsWith('began'))], ['waiting', false], 'nor does it begin by what was seen after both had pressed')
})

test('C-1 C-5 C-11 what is owed only after the first step that it concerns has begun refuses the press for one that would take more; one that takes nothing more than is away goes on', async (t) => {
  const stopped = async (many: number, takes: readonly string[]): Promise<Story> => {
    const names = Array.from({ length: many }, (_, n) => `web-${n + 1}`)
    const steps = [manual('stop', { takes: ['{{host}}'], until: [{ is: 'stopped', host: '{{host}}' }] }), manual('work', { takes, until: [{ is: 'boots', host: 'web-2' }] }), manual('start', { takes, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }] })]
    const it = await begun(t, [], book({ hosts: { cluster: 'shop', names, serial: 1 }, keep: { cluster: 'shop', tolerate: 0 }, preflight: [], guard: [], steps }), {}, [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }])
    assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
    await it.second()
    it.stopped.add('web-1')
    for (let n = 0; n < 3; n++) await it.second()
    assert.equal((await it.state()).steps[0]?.state, 'done')
    return it
  }
  const why = async (it: Story): Promise<string> => it.keeper.runs.mayPress((await it.state()).asked?.agreement ?? '') ?? ''
  const text = async (it: Story): Promise<string> => loadAgreement(it.sql, (await it.state()).asked?.agreement ?? '')?.asked.text ?? ''
  const loses = async (it: Story): Promise<void> => {
    assert.match(await text(it), /Afterwards 1 further failure is tolerated\.\n/)
    assert.equal(await why(it), '')
    it.stopped.add('web-5')
    for (let n = 0; n < 2; n++) await it.second()
    assert.equal((await it.state()).state, 'halted')
    assert.equal((await it.call('runs.resume')).status, 200)
    await it.press('ada', 'bo')
    for (let n = 0; n < 2; n++) await it.second()
    assert.match(await text(it), /Afterwards 0 further failures are tolerated\. When it was planned: 1\./)
  }

  const more = await stopped(7, ['{{host}}', 'web-4'])
  await loses(more)
  assert.match(await why(more), /tolerance\.work is accepted: fail .*--accept tolerance\.work=REASON/)
  more.stopped.delete('web-5')
  for (let n = 0; n < 2; n++) await more.second()
  assert.equal(await why(more), '')

  for (const takes of [['{{host}}'], []]) {
    const same = await stopped(5, takes)
    await loses(same)
    assert.deepEqual([await why(same), await same.press('ada', 'bo')], ['', [200, 200]], 'web-1 is away already')
    for (let n = 0; n < 2; n++) await same.second()
    assert.equal((await same.told()).at(-1), 'began work')
  }

  const paged = await stopped(5, ['{{host}}'])
  await paged.restart({ ...paged.keeper.config, leads: { mail: ['web-1'] } })
  for (let n = 0; n < 2; n++) await paged.second()
  assert.match(await why(paged), /paging is accepted: fail .*pages leave through it \(mail\)/)
})

test('C-1 a step that brings a member back owes nothing for what was lost meanwhile', async (t) => {
  const names = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5']
  const takes = ['{{host}}']
  const steps = [manual('stop', { takes, until: [{ is: 'stopped', host: '{{host}}' }] }), manual('start', { takes, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }] })]
  const it = await begun(t, [], book({ hosts: { cluster: 'shop', names, serial: 1 }, keep: { cluster: 'shop', tolerate: 0 }, preflight: [], guard: [], steps }), {}, [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }])
  await it.press('ada', 'bo')
  await it.second()
  for (const host of ['web-1', 'web-5']) it.stopped.add(host)
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).state, await it.press('ada')], ['offered', [200]])
})
