// A rolling run that takes the hosts of a rack together, from the keeper's side: each has its own run and its own words, what one takes is no surprise to the
// other and everything else is, and whatever halts one of them halts all.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { AGAIN, manual, runWorld, type RunWorld } from '../../../../test/story/runs.ts'
import { seconds } from '../../../core/time.ts'
import { checkOf } from '../../../../test/keeper-world.ts'
import { rebuildLedger, verifyLedger } from '../../../db/verify.ts'
import type { RunPlan, RunRow } from '../../../rooms/change/runs/record.ts'
import type { Runbook } from '../../../rooms/change/runbook.ts'
import type { RollingAnswer } from '../../../views/change/rollings.ts'
import { askFor } from '../words.ts'

const HOSTS = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']
const RACKS = { 'web-1': 'r1', 'web-2': 'r1', 'web-3': 'r1', 'web-4': 'r2', 'web-5': 'r2', 'web-6': 'r2' }
const boot = manual('boot', { takes: ['{{host}}'], until: [{ is: 'links', host: '{{host}}' }, { is: 'boots', host: '{{host}}' }] })
const book = (hosts: Partial<Runbook['hosts']> = {}, more: Partial<Runbook> = {}): Runbook => ({
  name: 'update', title: 'Update and reboot', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: HOSTS.slice(0, 4), serial: 2, ...hosts }, preflight: [{ is: 'links' }], guard: [{ is: 'links' }], from: 'holdfast.yaml:9', steps: [boot], ...more,
})

interface Story extends Omit<RunWorld, 'state'> {
  readonly id: string
  rolling(): Promise<RollingAnswer>
  hosts(): Promise<readonly string[]>
  run(host: string): Promise<string>
  /** How the run of a host stands, and why it is halted. */
  stands(host: string): Promise<readonly (string | null)[]>
  seconds(n: number, more?: Parameters<RunWorld['second']>[0]): Promise<void>
  both(...hosts: readonly string[]): Promise<void>
}

async function begun(t: TestContext, runbook = book(), checks: readonly string[] = [], racks: Readonly<Record<string, string>> = RACKS): Promise<Story> {
  const it = await runWorld(t, runbook, checks.map((name) => ({ ...checkOf(name), standsOn: [name] })), [], racks)
  for (const name of checks) for (let n = 0; n < 2; n++) await it.look(name, 'pass')
  const { status, body } = await it.ask('rollings.begin', { runbook: runbook.name, person: 'ada' })
  assert.equal(status, 200, JSON.stringify(body))
  const { rolling: id } = body as RollingAnswer
  const story: Story = {
    ...it, id,
    get keeper() { return it.keeper },
    rolling: async () => ((await it.ask('rollings.show', { rolling: id })).body as { rolling: RollingAnswer }).rolling,
    hosts: async () => (await story.rolling()).hosts.map(({ host, state }) => `${host} ${state}`),
    run: async (host) => (await story.rolling()).hosts.find((one) => one.host === host)?.run ?? assert.fail(`${host} has no run`),
    async stands(host) {
      const { state, halt } = await it.state(await story.run(host))
      return [state, halt === null ? null : `${halt.subject} ${halt.claim}`]
    },
    async seconds(n, more) {
      for (let at = 0; at < n; at++) await it.second(more)
    },
    async both(...hosts) {
      for (const host of hosts) assert.deepEqual(await it.press(await story.run(host), 'ada', 'bo'), [200, 200], host)
    },
  }
  await story.seconds(3)
  return story
}

test('C-3 C-5 hosts of one rack are at work at the same time, each by words of its own, and the next rack only when both have come to their end', async (t) => {
  const it = await begun(t)
  assert.deepEqual(await it.hosts(), ['web-1 at-work', 'web-2 at-work', 'web-3 to-come', 'web-4 to-come'])
  const asked = it.sql.all<{ asked: string }>('select asked from people_agreement').map((one) => (JSON.parse(one.asked) as { text: string; hash: string }))
  assert.equal(new Set(asked.map(({ hash }) => hash)).size, 2)
  await it.both('web-1')
  await it.seconds(2)
  assert.deepEqual([(await it.stands('web-1'))[0], (await it.stands('web-2'))[0]], ['running', 'offered'], 'the words for one are none for the other')
  await it.both('web-2')
  await it.seconds(2)
  it.boots.set('web-1', AGAIN)
  await it.seconds(3)
  assert.deepEqual([await it.hosts(), it.open()], [['web-1 done', 'web-2 at-work', 'web-3 to-come', 'web-4 to-come'], []])
  it.boots.set('web-2', AGAIN)
  await it.seconds(4)
  assert.deepEqual(await it.hosts(), ['web-1 done', 'web-2 done', 'web-3 at-work', 'web-4 to-come'], 'web-4 is in another rack')
  for (const host of ['web-3', 'web-4']) {
    await it.both(host)
    await it.seconds(2)
    it.boots.set(host, AGAIN)
    await it.seconds(4)
  }
  assert.deepEqual([(await it.rolling()).state, it.open()], ['done', []])
  assert.equal(verifyLedger(it.sql).broken, undefined)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('C-13 what a step of one takes is no surprise to the other, which may begin meanwhile; after it was seen to be done everything is one', async (t) => {
  const it = await begun(t)
  await it.both('web-1')
  await it.seconds(2)
  await it.both('web-2')
  await it.seconds(12, { 'web-1': 'silent' })
  assert.deepEqual([await it.stands('web-1'), await it.stands('web-2')], [['running', null], ['running', null]])
  it.boots.set('web-1', AGAIN)
  await it.seconds(4)
  assert.deepEqual((await it.hosts()).slice(0, 2), ['web-1 done', 'web-2 at-work'])
  await it.seconds(12, { 'web-1': 'silent' })
  assert.deepEqual([(await it.stands('web-2'))[0], (await it.rolling()).state], ['halted', 'halted'])
  assert.match((await it.rolling()).halt ?? '', /^web-2 is halted: link:web-1\/eth0 is not known any more: nothing is heard of web-1/)
})

test('C-13 C-8 before the step of one begins nothing of it is excused by the other, and a host that no step takes never is', async (t) => {
  const it = await begun(t)
  await it.both('web-1')
  await it.seconds(2)
  await it.seconds(12, { 'web-2': 'silent' })
  assert.match((await it.stands('web-1'))[1] ?? '', /web-2/, 'it is offered, and nobody has pressed')
  const other = await begun(t)
  await other.both('web-1', 'web-2')
  await other.seconds(2)
  await other.seconds(12, { 'web-3': 'silent' })
  assert.deepEqual([(await other.stands('web-1'))[0], (await other.stands('web-2'))[0]], ['halted', 'halted'])
})

test('C-13 the cable of a host that the other takes is excused by neither', async (t) => {
  const it = await begun(t)
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  await it.seconds(1, { 'web-1': { carrier: 'down', downs: 2 } })
  assert.deepEqual([(await it.stands('web-1'))[0], (await it.stands('web-2'))[0]], ['halted', 'halted'])
  assert.match((await it.stands('web-2'))[1] ?? '', /link:web-1\/eth0|was stopped: web-1 is halted: link:web-1\/eth0/)
})

test('C-13 an incident of what the other takes is excused, and one of anything else is not', async (t) => {
  const it = await begun(t, book(), ['web-1', 'web-4'])
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  for (let n = 0; n < 3; n++) await it.look('web-1', 'fail')
  await it.seconds(2)
  assert.deepEqual([it.open().length, (await it.stands('web-2'))[0]], [1, 'running'])
  for (let n = 0; n < 3; n++) await it.look('web-4', 'fail')
  await it.seconds(2)
  assert.deepEqual([(await it.stands('web-1'))[0], (await it.stands('web-2'))[0], (await it.rolling()).state], ['halted', 'halted', 'halted'])
})

test('C-13 where no incident is wanted before it, one of what the other takes keeps nobody from beginning, and any other does', async (t) => {
  const it = await begun(t, book({}, { preflight: [{ is: 'links' }, { is: 'incidents' }] }), ['web-1', 'web-3'])
  await it.both('web-1')
  await it.seconds(2)
  for (let n = 0; n < 2; n++) await it.look('web-1', 'fail')
  await it.seconds(1)
  assert.deepEqual([await it.stands('web-1'), it.open()], [['running', null], ['check:web-1']])
  await it.both('web-2')
  await it.seconds(2)
  assert.deepEqual(await it.stands('web-2'), ['running', null])
  const other = await begun(t, book({}, { preflight: [{ is: 'links' }, { is: 'incidents' }] }), ['web-1', 'web-3'])
  for (let n = 0; n < 2; n++) await other.look('web-3', 'fail')
  await other.seconds(1)
  assert.deepEqual(await other.press(await other.run('web-2'), 'ada'), [409])
})

test('C-8 C-6 whatever halts one of them halts all, in the same breath: what was offered is void, what nobody pressed comes again, and both hear which', async (t) => {
  const it = await begun(t, book({ serial: 3 }, { guard: [{ is: 'checks', names: ['api'] }], steps: [manual('look', { until: [{ is: 'boots', host: '{{host}}' }] }), boot] }))
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  assert.equal((await it.ask('runs.halt', { run: await it.run('web-1'), person: 'bo' })).status, 200)
  assert.deepEqual([await it.hosts(), (await it.rolling()).halt], [['web-1 at-work', 'web-2 at-work', 'web-3 to-come', 'web-4 to-come'], 'web-1 is halted: run bo halted it'])
  assert.deepEqual(await it.stands('web-2'), ['halted', `${it.id} was stopped: web-1 is halted: run bo halted it`])
  const says = it.sql.all<{ says: string }>(`select says from page_incident where state = 'open' and subject like 'rolling:%'`).map((one) => one.says).join()
  assert.match(says, /^web-1 is halted: run bo halted it\. No further host begins, and what is at work is halted \(at work: web-1, web-2; not begun: web-3, web-4\)/)
  await it.seconds(3)
  assert.equal((await it.ask('rollings.resume', { rolling: it.id, person: 'bo' })).status, 200)
  await it.seconds(70)
  assert.deepEqual([(await it.rolling()).state, (await it.hosts())[2]], ['going', 'web-3 to-come'], 'nothing begins beside one that is halted, however long that takes')
  for (const host of ['web-1', 'web-2']) {
    assert.equal((await it.ask('runs.resume', { run: await it.run(host), person: 'bo' })).status, 200)
    await it.both(host)
    await it.seconds(3)
  }
  await it.seconds(4)
  assert.deepEqual([(await it.hosts())[2], (await it.stands('web-1'))[1], (await it.stands('web-2'))[1]], ['web-3 at-work', null, null])
})

test('C-8 what halts one halts the others again that had gone on while the rolling run stands, however many there are', async (t) => {
  const many = Array.from({ length: 12 }, (_, n) => `db-${n}`)
  const it = await begun(t, book({ names: many, serial: 12 }, { preflight: [], guard: [{ is: 'checks', names: ['api'] }] }), [], Object.fromEntries(many.map((host) => [host, 'r1'])))
  await it.seconds(12)
  await it.both(...many)
  const states = async (): Promise<readonly string[]> => [...new Set((await it.rolling()).hosts.map(({ stands }) => stands ?? 'none'))].toSorted()
  assert.equal((await it.ask('runs.halt', { run: await it.run('db-7'), person: 'bo' })).status, 200)
  assert.deepEqual(await states(), ['halted'])
  for (const host of ['db-1', 'db-2']) {
    assert.equal((await it.ask('runs.resume', { run: await it.run(host), person: 'bo' })).status, 200)
    await it.both(host)
  }
  await it.seconds(3)
  assert.deepEqual([(await it.stands('db-1'))[1], (await it.stands('db-2'))[1], (await it.rolling()).state], [null, null, 'halted'])
  assert.equal((await it.ask('runs.halt', { run: await it.run('db-2'), person: 'ada' })).status, 200)
  assert.deepEqual([await it.stands('db-1'), await states()], [['halted', `${it.id} was stopped: db-2 is halted: run ada halted it`], ['halted']])
  assert.equal(it.sql.all(`select id from page_incident where state = 'open' and subject = 'run:${await it.run('db-1')}'`).length, 1, 'both hear of it')
})

test('C-8 C-17 what halts all of a batch rings whoever leads each of them now', async (t) => {
  const it = await begun(t, book({}, { people: { does: ['ada', 'chen'], checks: ['bo'] } }))
  const two = await it.run('web-2')
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  assert.equal((await it.ask('runs.handOver', { run: two, from: 'ada', to: 'chen', reason: 'ada goes off call at six', person: 'bo' })).status, 200)
  assert.deepEqual(await it.press(two, 'chen', 'bo'), [200, 200])
  await it.seconds(1)
  await it.seconds(1, { 'web-3': { carrier: 'down' } })
  assert.deepEqual([(await it.stands('web-1'))[0], (await it.stands('web-2'))[0]], ['halted', 'halted'])
  assert.equal(it.sql.get<{ escalate: string }>(`select escalate from page_incident where state = 'open' and subject = ?`, `run:${two}`)?.escalate, '~chen+bo')
})

test('C-8 who halted the rolling run by hand, and halts one of its hosts later, halts all again', async (t) => {
  const it = await begun(t)
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  assert.equal((await it.ask('rollings.halt', { rolling: it.id, person: 'bo' })).status, 200)
  assert.deepEqual(await it.stands('web-2'), ['halted', `${it.id} bo halted it`])
  for (const host of ['web-1', 'web-2']) {
    assert.equal((await it.ask('runs.resume', { run: await it.run(host), person: 'bo' })).status, 200)
    await it.both(host)
  }
  await it.seconds(3)
  assert.deepEqual([(await it.stands('web-1'))[1], (await it.stands('web-2'))[1], (await it.rolling()).state], [null, null, 'halted'])
  assert.equal((await it.ask('runs.halt', { run: await it.run('web-1'), person: 'bo' })).status, 200)
  assert.deepEqual(await it.stands('web-2'), ['halted', `${it.id} was stopped: web-1 is halted: run bo halted it`])
})

test('C-2 C-12 that a host of the batch before was halted makes no evidence older, and its wait is not that of the next host', async (t) => {
  const it = await begun(t, book({ serial: 3 }, { guard: [{ is: 'checks', names: ['api'] }] }))
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  assert.equal((await it.ask('runs.halt', { run: await it.run('web-1'), person: 'bo' })).status, 200)
  await it.seconds(1)
  assert.equal((await it.ask('rollings.resume', { rolling: it.id, person: 'bo' })).status, 200)
  await it.seconds(2)
  for (const host of ['web-1', 'web-2']) {
    assert.equal((await it.ask('runs.resume', { run: await it.run(host), person: 'bo' })).status, 200)
    await it.both(host)
  }
  await it.seconds(5)
  await it.both('web-3')
  await it.seconds(3)
  for (const host of ['web-1', 'web-2', 'web-3']) it.boots.set(host, AGAIN)
  for (let n = 0; n < 5; n++) {
    await it.pass(seconds(1))
    await it.heard()
    it.keeper.runs.tick()
    await it.settle()
  }
  assert.deepEqual([await it.hosts(), (await it.rolling()).state], [['web-1 done', 'web-2 done', 'web-3 done', 'web-4 to-come'], 'going'], 'nobody has looked at api since')
  await it.seconds(2)
  assert.equal((await it.hosts())[3], 'web-4 at-work')
})

test('C-20 failures are counted over all of a batch: so many as may be stop no other host, and one more stops every one', async (t) => {
  const deed = { config: { argv: ['true'], on: 'web-1' }, says: 'run true' }
  const steps: Runbook['steps'] = [{ ...manual('update'), act: { is: 'driver', driver: 'run', deeds: Object.fromEntries(HOSTS.map((host) => [host, deed])) } }]
  const it = await begun(t, book({ names: HOSTS, serial: '50%', maxFailures: 1 }, { steps, preflight: [] }))
  assert.deepEqual((await it.hosts()).slice(2, 4), ['web-3 at-work', 'web-4 to-come'])
  await it.both('web-1', 'web-2', 'web-3')
  await it.seconds(2)
  const fail = async (host: string): Promise<void> => {
    const said = it.keeper.runs.acted(await it.run(host), 1, 'failed', 'it ended with 1')
    await it.settle()
    await said
  }
  await fail('web-1')
  assert.deepEqual([(await it.rolling()).state, (await it.stands('web-1'))[0], (await it.stands('web-2'))[0]], ['going', 'halted', 'running'])
  await fail('web-2')
  assert.deepEqual([(await it.rolling()).halt, (await it.stands('web-3'))[0]], ['web-2: step 1 (update) failed', 'halted'], 'in the same breath')
  assert.deepEqual((await it.rolling()).hosts.map(({ failed }) => failed), [true, true, false, false, false, false])
})

test('C-3 of one rolling run each host has one run, and nobody else gets one of them', async (t) => {
  const it = await begun(t)
  const said = await Promise.all(['web-1', 'web-2', 'web-4'].map(async (host) => (await it.ask('runs.begin', { runbook: 'update', host, person: 'ada' })).status))
  assert.deepEqual(said, [409, 409, 409])
  const { plan = '' } = it.sql.get<{ plan: string }>('select plan from change_run order by at, id limit 1') ?? {}
  const begin = async (more: object): Promise<string> => {
    const came = it.keeper.engine.turn('again', (tx) => it.keeper.rooms.change.begin(tx, { ...(JSON.parse(plan) as RunPlan), id: 'run_again', ...more }, []))
    await it.settle()
    const begun = await came
    return typeof begun === 'string' ? begun : 'it began'
  }
  for (const more of [{}, { rolling: 'rol_other' }]) assert.match(await begin(more), /is under way there/)
})

test('C-5 whoever is asked for a step of one reads what is at work beside it', () => {
  const plan = { id: 'run_1', host: 'web-1', rehearse: false, accepted: [], texts: [{ host: 'web-1', text: 'Boot web-1.', tolerance: null }], runbook: { title: 'Update', steps: [boot], hosts: { names: HOSTS, serial: 2 } }, beside: { hosts: ['web-2'], takes: {} }, does: 'ada', checks: 'bo', by: 'ada', hash: 'x' }
  const { text } = askFor({ plan, run: { steps: [] } } as unknown as RunRow, { step: 0, back: false }, undefined, null)
  assert.match(text, /^Update, on web-1 \(run_1\)\.\nAt work at the same time: web-2\. Whatever halts one of them halts all\.\nStep 1 of 1/)
})

test('C-8 C-13 what went down with a host that is back is no surprise to the other of its batch while it recovers, and the next batch waits for it', async (t) => {
  const it = await begun(t, book({}, { preflight: [{ is: 'links' }, { is: 'incidents' }], guard: [{ is: 'links' }, { is: 'incidents' }] }), ['web-1'])
  await it.both('web-1', 'web-2')
  await it.seconds(2)
  for (let n = 0; n < 2; n++) await it.look('web-1', 'fail')
  it.boots.set('web-1', AGAIN)
  await it.seconds(4)
  assert.deepEqual([(await it.hosts()).slice(0, 2), await it.stands('web-2'), it.open()], [['web-1 done', 'web-2 at-work'], ['running', null], ['check:web-1']])
  it.boots.set('web-2', AGAIN)
  await it.seconds(4)
  for (let n = 0; n < 11; n++) {
    await it.leap(seconds(5))
    await it.look('web-1', 'fail')
    await it.seconds(1)
  }
  assert.deepEqual([await it.hosts(), (await it.rolling()).state], [['web-1 done', 'web-2 done', 'web-3 to-come', 'web-4 to-come'], 'going'], 'for more than a minute')
  for (let n = 0; n < 2; n++) await it.look('web-1', 'pass')
  await it.seconds(4)
  assert.deepEqual([(await it.hosts())[2], it.open()], ['web-3 at-work', []])
})
