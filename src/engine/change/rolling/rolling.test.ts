// A rolling run from the keeper's side, as a story over hosts that are booted one after the other: each is led by two people, the next one begins when
// everything passes anew, and the first that fails, or comes back without what it serves, stops the rest.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { AGAIN, changeOf, hostNamed, manual, runWorld, type RunWorld } from '../../../../test/story/runs.ts'
import { checkOf } from '../../../../test/keeper-world.ts'
import { minutes, seconds } from '../../../core/time.ts'
import { rebuildLedger, verifyLedger } from '../../../db/verify.ts'
import type { Runbook } from '../../../rooms/change/runbook.ts'
import type { Check } from '../../../rooms/watch/check.ts'
import type { ErrorAnswer } from '../../../views/answers.ts'
import type { RollingAnswer, RollingPlanAnswer, RollingToldAnswer } from '../../../views/change/rollings.ts'

const HOSTS = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']
const book = (more: Partial<Runbook> = {}): Runbook => ({
  name: 'update', title: 'Update and reboot', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: HOSTS.slice(0, 3), serial: 1 }, preflight: [{ is: 'incidents' }], guard: [{ is: 'links' }], from: 'holdfast.yaml:9',
  steps: [manual('reboot', { takes: ['{{host}}'], until: [{ is: 'links', host: '{{host}}' }, { is: 'boots', host: '{{host}}' }, { is: 'checks', names: ['api'] }] })], ...more,
})

interface Story extends Omit<RunWorld, 'state'> {
  readonly id: string
  state(): Promise<RollingAnswer>
  lines(): Promise<readonly string[]>
  /** Hosts with how they stand, as "web-1 done". */
  hosts(): Promise<readonly string[]>
  /** The run of a host. */
  run(host: string): Promise<string>
  /** A host is booted by the book: both press, it goes, it comes back. */
  through(host: string): Promise<void>
  call(name: string): Promise<{ readonly status: number; readonly body: RollingAnswer & ErrorAnswer }>
}

async function begun(t: TestContext, runbook = book(), checks: readonly Check[] = []): Promise<Story> {
  const it = await runWorld(t, runbook, checks)
  for (const { name } of checks) for (let n = 0; n < 2; n++) await it.look(name, 'pass')
  const { status, body } = await it.ask('rollings.begin', { runbook: runbook.name, person: 'ada' })
  assert.equal(status, 200, JSON.stringify(body))
  const { rolling: id } = body as RollingAnswer
  const told = async (): Promise<RollingToldAnswer> => (await it.ask('rollings.show', { rolling: id })).body as RollingToldAnswer
  const story: Story = {
    ...it, id,
    get keeper() { return it.keeper },
    state: async () => (await told()).rolling,
    lines: async () => (await told()).told.map(({ event, host, says }) => `${event}${host === null ? '' : ` ${host}`}${says === null ? '' : `: ${says}`}`),
    hosts: async () => (await story.state()).hosts.map(({ host, state }) => `${host} ${state}`),
    run: async (host) => (await story.state()).hosts.find((one) => one.host === host)?.run ?? assert.fail(`${host} has no run`),
    async through(host) {
      assert.deepEqual(await it.press(await story.run(host), 'ada', 'bo'), [200, 200])
      for (let n = 0; n < 2; n++) await it.second()
      it.boots.set(host, AGAIN)
      for (let n = 0; n < 3; n++) await it.second()
    },
    call: async (name) => (await it.ask(name, { rolling: id, person: 'bo' })) as Awaited<ReturnType<Story['call']>>,
  }
  return story
}

test('C-3 a rolling run from its plan to its end: one host after the other, each pressed by both and seen to be done', async (t) => {
  const it = await begun(t)
  assert.deepEqual(await it.hosts(), ['web-1 at-work', 'web-2 to-come', 'web-3 to-come'])
  assert.deepEqual([(await it.ask('runs.begin', { runbook: 'update', host: 'web-3', person: 'ada' })).status, (await it.ask('rollings.begin', { runbook: 'update', person: 'ada' })).status], [409, 409], 'nobody else gets one of its hosts')
  await it.through('web-1')
  assert.deepEqual(await it.hosts(), ['web-1 done', 'web-2 at-work', 'web-3 to-come'])
  await it.through('web-2')
  await it.through('web-3')
  assert.deepEqual([(await it.state()).state, it.open()], ['done', []])
  assert.deepEqual(await it.lines(), ['planned', 'began web-1', 'done web-1', 'began web-2', 'done web-2', 'began web-3', 'done web-3', 'ended: done'])
  assert.equal(verifyLedger(it.sql).broken, undefined)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  assert.equal((await it.ask('rollings.begin', { runbook: 'update', person: 'ada' })).status, 200, 'what it had is free again')
})

test('C-20 a host that comes back without its service stops the rest: both are paged with which are done, failed and not begun', async (t) => {
  const steps = [manual('reboot', { within: seconds(30), takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }, { is: 'checks', names: ['{{host}}'] }] })]
  const it = await begun(t, book({ hosts: { names: HOSTS, serial: 1 }, steps }), [checkOf('web-1')])
  await it.press(await it.run('web-1'), 'ada', 'bo')
  await it.second()
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 33; n++) {
    await it.look('web-1', 'fail')
    await it.second()
  }
  const { state, halt, hosts } = await it.state()
  assert.deepEqual([state, halt, hosts[0]?.state, hosts[0]?.failed, hosts[0]?.stands], ['halted', 'web-1: step 1 (reboot) is not seen to be done in time', 'at-work', true, 'halted'])
  const paged = it.sql.all<{ says: string }>(`select says from page_incident where state = 'open' and subject like 'rolling:%'`).map(({ says }) => says)
  assert.match(paged.join(), /^web-1: step 1 \(reboot\) is not seen to be done in time\. No further host begins \(failed: web-1; not begun: web-2, web-3, web-4, web-5, web-6\)\. holdfast runbooks show rol_/)
  assert.equal((await it.ask('runs.abort', { run: await it.run('web-1'), person: 'bo' })).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual((await it.hosts()).slice(0, 2), ['web-1 failed', 'web-2 to-come'])
})

test('C-13 a host is done when its own service is seen to answer after its boot, whatever the others serve', async (t) => {
  const steps = [manual('reboot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }, { is: 'checks', names: ['{{host}}-ready'] }] })]
  const it = await begun(t, book({ steps }), [checkOf('web-1-ready'), checkOf('web-2-ready')])
  await it.press(await it.run('web-1'), 'ada', 'bo')
  await it.second()
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 3; n++) {
    await it.second()
    await it.look('web-2-ready', 'pass')
  }
  assert.equal((await it.hosts())[0], 'web-1 at-work', 'the service of another host')
  await it.second()
  for (let n = 0; n < 2; n++) await it.look('web-1-ready', 'pass')
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual((await it.hosts()).slice(0, 2), ['web-1 done', 'web-2 at-work'])
})

test('C-20 a failure in the middle stops the rest, and so many as may be do not; who goes on takes them as known', async (t) => {
  const deed = { config: { argv: ['true'], on: 'web-1' }, says: 'run true' }
  const steps: Runbook['steps'] = [{ ...manual('update'), act: { is: 'driver', driver: 'run', deeds: Object.fromEntries(HOSTS.map((host) => [host, deed])) } }]
  const fail = async (it: Story, host: string): Promise<void> => {
    const run = await it.run(host)
    await it.press(run, 'ada', 'bo')
    await it.second()
    const said = it.keeper.runs.acted(run, 1, 'failed', 'it ended with 1')
    await it.settle()
    await said
    await it.second()
  }
  const it = await begun(t, book({ hosts: { names: HOSTS.slice(0, 3), serial: 1, maxFailures: 1 }, steps }))
  await fail(it, 'web-1')
  assert.deepEqual([(await it.state()).state, (await it.hosts())[1]], ['going', 'web-2 to-come'], 'its run is not over yet')
  await it.ask('runs.abort', { run: await it.run('web-1'), person: 'ada' })
  for (let n = 0; n < 3; n++) await it.second()
  await fail(it, 'web-2')
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['halted', 'web-2: step 1 (update) failed'])
  await it.ask('runs.abort', { run: await it.run('web-2'), person: 'ada' })
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual(await it.hosts(), ['web-1 failed', 'web-2 failed', 'web-3 to-come'])
  assert.equal((await it.call('rollings.resume')).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([await it.hosts(), it.open()], [['web-1 failed', 'web-2 failed', 'web-3 at-work'], []])
  assert.equal((await it.call('rollings.abort')).body.state, 'aborted')
  assert.deepEqual([await it.hosts(), (await it.call('rollings.resume')).status, (await it.call('rollings.abort')).status], [['web-1 failed', 'web-2 failed', 'web-3 to-come'], 409, 200])
})

test('C-20 who goes on while the host that failed is at work is paged again when that comes to a bad end', async (t) => {
  const it = await begun(t, book({ steps: [manual('reboot', { within: seconds(30), until: [{ is: 'boots', host: '{{host}}' }] })] }))
  await it.press(await it.run('web-1'), 'ada', 'bo')
  for (let n = 0; n < 34; n++) await it.second()
  assert.equal((await it.state()).halt, 'web-1: step 1 (reboot) is not seen to be done in time')
  assert.equal((await it.call('rollings.resume')).body.state, 'going')
  assert.equal((await it.ask('runs.abort', { run: await it.run('web-1'), person: 'bo' })).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).halt, await it.hosts()], ['web-1: its run was aborted', ['web-1 failed', 'web-2 to-come', 'web-3 to-come']])
  assert.equal(it.sql.all(`select id from page_incident where state = 'open' and subject like 'rolling:%'`).length, 1)
})

test('C-3 C-16 while what an aborted run had begun may go on, no next host begins, nor a rolling run over it', async (t) => {
  const it = await begun(t, book({ hosts: { names: HOSTS.slice(0, 3), serial: 1, maxFailures: 1 } }))
  await it.press(await it.run('web-1'), 'ada', 'bo')
  for (let n = 0; n < 2; n++) await it.second()
  const run = await it.run('web-1')
  assert.equal((await it.ask('runs.abort', { run, person: 'bo' })).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).halt, await it.hosts()], [`${run} was aborted while a step of it was under way on web-1, and nobody has seen its end`, ['web-1 failed', 'web-2 to-come', 'web-3 to-come']])
  assert.equal((await it.call('rollings.abort')).status, 200)
  const other = await it.ask('rollings.begin', { runbook: 'update', person: 'ada' })
  assert.deepEqual([other.status, (other.body as ErrorAnswer).error.message.includes('was aborted while a step of it was under way on web-1')], [409, true])
  await it.leap(minutes(5))
  for (let n = 0; n < 3; n++) await it.second()
  const later = await it.ask('rollings.begin', { runbook: 'update', person: 'ada' })
  assert.equal(later.status, 200, JSON.stringify(later.body))

  const alone = await runWorld(t, book())
  const last = ((await alone.ask('runs.begin', { runbook: 'update', host: 'web-3', person: 'ada' })).body as { run: string }).run
  await alone.press(last, 'ada', 'bo')
  for (let n = 0; n < 2; n++) await alone.second()
  await alone.ask('runs.abort', { run: last, person: 'bo' })
  const over = await alone.ask('rollings.begin', { runbook: 'update', person: 'ada' })
  assert.deepEqual([over.status, (over.body as ErrorAnswer).error.message.includes('was aborted while a step of it was under way on web-3')], [409, true], 'of the last host too')
})

test('C-2 C-12 between two hosts everything is judged anew, by looks since then; what does not pass for a minute stops the rest', async (t) => {
  const it = await begun(t)
  await it.press(await it.run('web-1'), 'ada', 'bo')
  for (let n = 0; n < 2; n++) await it.second()
  it.boots.set('web-1', AGAIN)
  await it.second()
  await it.second()
  const after = it.keeper.engine.turn('page', (tx) => it.keeper.rooms.page.open(tx, { subject: 'other', title: 'Something else', says: 'x', origin: 'person', escalate: 'default', members: [] }))
  await it.settle()
  await after
  for (let n = 0; n < 50; n++) await it.second()
  assert.deepEqual([(await it.state()).state, (await it.hosts())[1]], ['going', 'web-2 to-come'], 'an incident is open')
  for (let n = 0; n < 15; n++) await it.second()
  assert.match((await it.state()).halt ?? '', /^web-2 did not begin: no incident is open: fail/)
})

test('C-5 an edit between two hosts keeps the next one from beginning, and says how those that are left are begun', async (t) => {
  const it = await begun(t)
  await it.through('web-1')
  assert.deepEqual(await it.hosts(), ['web-1 done', 'web-2 at-work', 'web-3 to-come'])
  const edited = it.keeper.configure({ ...it.keeper.config, version: '2', change: changeOf(book({ title: 'Something else' })) })
  await it.settle()
  await edited
  assert.equal((await it.ask('runs.abort', { run: await it.run('web-2'), person: 'bo' })).status, 200)
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.state()).halt, 'the run of web-2 was ended before anything of it began')
  await it.call('rollings.resume')
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.state()).halt, `the runbook, or what it stands on, was edited since it was planned for web-2; end this one (holdfast runbooks abort ${it.id}), then begin what is left host by host: holdfast runbooks run update --host web-2, then the same for web-3`)
  assert.equal((await it.call('rollings.abort')).status, 200)
  const left = await it.ask('runs.begin', { runbook: 'update', host: 'web-2', person: 'ada' })
  assert.equal(left.status, 200, JSON.stringify(left.body))
})

test('C-6 C-15 a halt of it stops everything: what is at work is halted, what nobody pressed is ended and comes again; going on takes both for each host', async (t) => {
  const it = await begun(t)
  assert.equal((await it.call('rollings.halt')).body.state, 'halted')
  assert.deepEqual([(await it.hosts())[0], (await it.state()).hosts[0]?.run], ['web-1 to-come', null])
  assert.equal((await it.call('rollings.resume')).status, 200)
  for (let n = 0; n < 3; n++) await it.second()
  const run = await it.run('web-1')
  await it.press(run, 'ada', 'bo')
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.call('rollings.halt')).status, 200)
  assert.equal((await it.state()).hosts[0]?.stands, 'halted')
  assert.equal((await it.call('rollings.resume')).body.state, 'going')
  assert.equal((await it.state()).hosts[0]?.stands, 'halted', 'the run itself goes on by the words of its two people alone')
  assert.deepEqual((await it.call('rollings.abort')).body.hosts.map(({ host, state }) => `${host} ${state}`), ['web-1 failed', 'web-2 to-come', 'web-3 to-come'])
  const other = await begun(t)
  await other.press(await other.run('web-1'), 'ada', 'bo')
  for (let n = 0; n < 2; n++) await other.second()
  assert.deepEqual([(await other.call('rollings.abort')).body.state, other.sql.all(`select id from page_incident where subject like 'rolling:%'`)], ['aborted', []], 'nobody is rung for what somebody ends')
})

test('C-3 C-5 the plan of all hosts: their order, each plan, what is to be accepted once; hosts of one rack are taken together', async (t) => {
  const it = await runWorld(t, book({ window: { days: [1], from: 0, to: 1, timezone: 'UTC' } }))
  const plan = async (more: object = {}): Promise<{ readonly status: number; readonly body: RollingPlanAnswer & ErrorAnswer }> => (await it.ask('rollings.plan', { runbook: 'update', ...more })) as Awaited<ReturnType<typeof plan>>
  const { body } = await plan()
  assert.deepEqual([body.batches.map(({ hosts }) => hosts), body.plans.map(({ host }) => host), body.accept.map(({ code }) => code), body.max_failures], [[['web-1'], ['web-2'], ['web-3']], HOSTS.slice(0, 3), ['window'], 0])
  assert.equal((await it.ask('rollings.begin', { runbook: 'update', person: 'ada' })).status, 409, 'nobody has accepted it')
  const accept = [{ code: 'window', reason: 'Agreed with the customer' }]
  assert.deepEqual([(await plan({ accept })).body.accept, (await plan({ accept: [{ code: 'odd', reason: 'Agreed with the customer' }] })).status, (await plan({ runbook: 'none' })).status], [[], 409, 404])
  assert.notEqual((await plan({ accept })).body.hash, body.hash)
  const begin = await it.ask('rollings.begin', { runbook: 'update', person: 'ada', accept })
  assert.equal(begin.status, 200, JSON.stringify(begin.body))
  const many = await runWorld(t, book({ hosts: { names: HOSTS, serial: 2 } }))
  assert.equal((await many.ask('rollings.plan', { runbook: 'update' })).status, 200, 'each of them is a domain of its own')
  const edited = many.keeper.configure({ ...many.keeper.config, version: '2', change: { ...changeOf(book({ hosts: { names: HOSTS, serial: 2 } })), hosts: HOSTS.map((host, n) => ({ ...hostNamed(host), fate: n < 2 ? { rack: 'r1' } : {} })) } })
  await many.settle()
  await edited
  const { body: racks } = (await many.ask('rollings.plan', { runbook: 'update' })) as { body: RollingPlanAnswer }
  assert.deepEqual(racks.batches, [{ domain: 'rack r1', hosts: ['web-1', 'web-2'], tolerance: null }, ...HOSTS.slice(2).map((host) => ({ domain: `host ${host}`, hosts: [host], tolerance: null }))])
  assert.notEqual(racks.plans[0]?.hash, (await many.ask('runbooks.plan', { runbook: 'update', host: 'web-1' }) as { body: { hash: string } }).body.hash, 'who agrees on one of two agrees that there are two')
})

test('C-18 a window that closes before the next host stops the rest', async (t) => {
  const it = await begun(t, book({ window: { days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 1439, timezone: 'UTC' } }))
  const run = await it.run('web-1')
  await it.ask('runs.abort', { run, person: 'ada' })
  const at = new Date(it.keeper.now().wall)
  const minute = at.getUTCHours() * 60 + at.getUTCMinutes()
  await it.leap(minutes(1439 - minute))
  await it.second()
  await it.call('rollings.resume')
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal((await it.state()).halt, 'its window has closed before web-1')
})

test('what is looked at every second, and for every word to the public, is found by an index', async (t) => {
  const { sql } = await runWorld(t, book())
  const uses = (query: string): string => sql.all<{ detail: string }>(`explain query plan ${query}`).map(({ detail }) => detail).join()
  assert.match(uses('select * from change_rolling where over = 0 order by at, id'), /change_rolling_going/)
  assert.match(uses(`select run from change_told where at >= 5 and json_extract(told, '$.event') = 'ended'`), /change_told_ended/)
})
