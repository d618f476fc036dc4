// Planned changes from the keeper's side: what is known of clusters, and a plan on what other rooms know: incidents, checks, copies. What nobody looks at is
// not known, and refuses.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkOf, configOf, keeperWorld, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { hours, instantOf, minutes, ms, type Now } from '../../core/time.ts'
import type { ChangeConfig } from '../../rooms/change/config.ts'
import type { Listed, ToGuard } from '../../rooms/guard/protocol.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { Runbook, Step, Want } from '../../rooms/change/runbook.ts'
import type { ClustersAnswer, PlanAnswer, RunbooksAnswer } from '../../views/change/changes.ts'
import type { InForce } from '../keeper.ts'

const book = (name: string, more: Partial<Runbook> = {}): Runbook => ({
  name, title: 'Restart', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['web-1'], serial: 1 }, preflight: [], guard: [], from: 'holdfast.yaml:9', ...more,
  steps: [{ id: 'restart', act: { is: 'manual', text: 'Restart {{host}}.' }, takes: [], until: [{ is: 'boots', host: '{{host}}' }], within: minutes(5) }],
})
const changeWith = (...runbooks: Runbook[]): ChangeConfig => ({
  hosts: ['web-1', 'db-1', 'db-2', 'db-3'].map((name) => ({ name, fate: {}, links: [{ name: 'eth0', neighbour: `sw-${name}` }], from: 'holdfast.yaml:2' })),
  clusters: [{ name: 'shop-db', kind: 'galera', members: ['db-1', 'db-2', 'db-3'], weights: {}, from: 'holdfast.yaml:6' }], runbooks,
})
const SET: BackupSet = { name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern: { text: 'shop-{day}T{time}.dump', prefix: 'shop-' } }], every: hours(48), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1' }
const world = (t: TestContext, change: ChangeConfig, more: Partial<InForce> = {}): Promise<KeeperWorld> => keeperWorld(t, { ...configOf([checkOf('api', { standsOn: ['shop-db'] })]), change, ...more })
async function plan(it: KeeperWorld, runbook: string, host = 'web-1', accept?: readonly object[]): Promise<{ status: number; body: PlanAnswer; says: string }> {
  const { status, body } = await it.ask('runbooks.plan', { runbook, host, ...(accept ? { accept } : {}) })
  return { status, body: body as PlanAnswer, says: JSON.stringify(body) }
}
const keyAt = (at: number): string => `shop-${new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}.dump`
interface Guarded { readonly world: KeeperWorld; list(copies: readonly number[]): Promise<void>; fails(says: string): Promise<void> }
/** A keeper whose guard room answers when the test says so, and is silent otherwise. */
async function guarded(t: TestContext, change: ChangeConfig): Promise<Guarded> {
  const tasks: ToGuard[] = []
  const it = await keeperWorld(t, { ...configOf([]), change, backups: [SET] }, { toGuard: (message) => (tasks.push(message), true) })
  const answer = async (result: (now: Now) => Listed): Promise<void> => {
    it.keeper.guard.ask({ is: 'list', set: 'shop', store: 'nas' })
    await it.settle()
    const task = tasks.findLast((one) => one.is === 'task' && one.task.is === 'list')
    assert(task !== undefined)
    it.keeper.guard.hear({ is: 'task-done', id: task.id, result: result(it.keeper.now()) })
    await it.settle()
  }
  return {
    world: it,
    list: (copies) => answer((now) => ({ is: 'listed', identity: 'one', copies: copies.map((at) => ({ key: keyAt(at), etag: `e${at}`, bytes: 1000, modifiedAt: instantOf(at) })), clock: { is: 'read', at: now.wall, ahead: { least: ms(-500), most: ms(1500) } } })),
    fails: (says) => answer(() => ({ is: 'not-listed', says })),
  }
}
const gates = ({ body }: { readonly body: PlanAnswer }): string[] => body.steps.flatMap((step) => step.gates.map(({ want, found }) => `${found}: ${want}`))

test('C-2 a cluster that nobody has looked at is not known; what it was built for, and what leans on it, is', async (t) => {
  const it = await world(t, changeWith())
  const { clusters: [cluster] } = (await it.ask('clusters.list', {})).body as ClustersAnswer
  assert.deepEqual([cluster?.tolerance, cluster?.designed, cluster?.says, cluster?.shared], [null, 1, 'tolerates an unknown number of further failures: nothing has been observed of it yet', []])
  assert.deepEqual(cluster?.members[0], { host: 'db-1', state: 'unknown', says: 'nobody has heard of it yet', weight: 1, fates: ['switch sw-db-1'], links: [{ link: 'eth0', neighbour: 'sw-db-1', state: 'unknown', damage: null }] })
  assert.deepEqual(cluster?.checks, [{ check: 'api', on: 'shop-db', state: 'new' }])
})

test('C-2 a plan rests on what is known: incidents and checks as they stand, and nothing that nobody looked at', async (t) => {
  const wants: readonly Want[] = [{ is: 'incidents' }, { is: 'checks', names: ['api'] }]
  const it = await world(t, changeWith(book('plain', { preflight: wants }), book('links', { preflight: [{ is: 'links' }] }), book('cluster', { guard: [{ is: 'members', cluster: 'shop-db', atLeast: 2 }] })))
  assert.deepEqual(gates(await plan(it, 'plain')), ['pass: no incident is open', 'unknown: api passes'])
  await it.look('api', 'pass')
  const good = await plan(it, 'plain')
  assert.deepEqual([good.status, gates(good), good.body.schema, good.body.accept], [200, ['pass: no incident is open', 'pass: api passes'], 'holdfast.plan/1', []])
  assert.deepEqual(Object.keys(good.body), ['schema', 'id', 'hash', 'runbook', 'host', 'tolerance', 'steps', 'accept'])
  assert.deepEqual(Object.keys(good.body.steps[0] ?? {}), ['id', 'host', 'text', 'tolerance', 'gates'])
  for (let n = 0; n < 2; n++) await it.look('api', 'fail')
  const after = await plan(it, 'plain')
  assert.deepEqual([gates(after), after.body.hash], [['fail: no incident is open', 'fail: api passes'], good.body.hash])
  assert.deepEqual(gates(await plan(it, 'links')), ['unknown: all links are up'])
  assert.deepEqual(gates(await plan(it, 'cluster')), ['unknown: at least 2 members of shop-db are healthy'])
})

test('C-11 what takes what Holdfast itself pages by is refused until a named person says why; work where it runs is, whatever it takes', async (t) => {
  const takes = (host: string): Runbook => {
    const of = book(`take-${host}`, { hosts: { names: [host], serial: 1 } })
    return { ...of, steps: of.steps.map((step) => ({ ...step, takes: ['{{host}}'] })) }
  }
  const there = (driver: string): Step['act'] => ({ is: 'driver', driver, deeds: { 'db-1': { config: { on: 'web-1' }, says: `do it by ${driver}` } } })
  const onThere = (name: string, act: Step['act'], undo: Step['act']): Runbook => {
    const of = book(name, { hosts: { names: ['db-1'], serial: 1 } })
    return { ...of, steps: of.steps.map((step) => ({ ...step, act, undo })) }
  }
  const change = changeWith(
    book('here'), takes('db-1'), takes('db-2'), book('touch', { hosts: { names: ['db-2'], serial: 1 } }),
    onThere('balance', there('haproxy'), there('haproxy')), onThere('command', there('run'), there('haproxy')), onThere('back', there('haproxy'), there('run')),
  )
  const hosts = change.hosts.map((host, n) => ({ ...host, ssh: { host: `10.77.0.${n}` } }))
  const machine = (): readonly string[] => ['10.77.0.0']
  const it = await keeperWorld(t, { ...configOf([checkOf('api')]), change: { ...change, hosts }, leads: { mail: ['10.77.0.2'] } }, { machine })
  const codes = async (name: string, host: string): Promise<unknown> => (await plan(it, name, host)).body.accept
  assert.deepEqual(await codes('here', 'web-1'), [{ code: 'paging', step: 'restart', why: 'web-1: Holdfast runs there (10.77.0.0 is this machine). While it is down nobody may hear of a surprise' }])
  assert.deepEqual(await codes('take-db-2', 'db-2'), [{ code: 'paging', step: 'restart', why: 'db-2: pages leave through it (mail). While it is down nobody may hear of a surprise' }])
  assert.deepEqual([await codes('take-db-1', 'db-1'), await codes('touch', 'db-2')], [[], []])
  assert.deepEqual(await codes('balance', 'db-1'), [], 'a balancer that runs there too stays as it is')
  for (const name of ['command', 'back']) assert.deepEqual(((await codes(name, 'db-1')) as PlanAnswer['accept']).map(({ code }) => code), ['paging'], name)
  const refused = await it.ask('runs.begin', { runbook: 'here', host: 'web-1', does: 'ada', checks: 'bo' })
  assert.deepEqual([refused.status, /t needs accepted: paging.*--accept paging=/.test(JSON.stringify(refused.body))], [409, true])
  const given = await plan(it, 'here', 'web-1', [{ code: 'paging', reason: 'A second node is up' }])
  assert.deepEqual([given.body.accept, gates(given)], [[], ['pass: Holdfast pages by nothing that is taken']])
})

test('C-5 a runbook, a host or a code that is not there is said', async (t) => {
  const it = await world(t, changeWith(book('plain')))
  assert.deepEqual([(await plan(it, 'plan')).status, (await plan(it, 'plain', 'db-1')).status], [404, 404])
  const odd = await plan(it, 'plain', 'web-1', [{ code: 'window', reason: 'It is night in Berlin' }])
  assert.deepEqual([odd.status, /HF495.*needs nothing/.test(odd.says)], [409, true])
  assert.equal((await it.ask('runbooks.plan', { runbook: 'plain', host: 'web-1', force: true })).status, 400)
})

test('C-18 a window says when it opens; a plan is drawn outside of it, and needs an acceptance', async (t) => {
  const minute = (at: number): number => Math.floor((at / 60_000) % 1440)
  const soon = minute(START + hours(1))
  const it = await world(t, changeWith(book('nightly', { window: { days: [1, 2, 3, 4, 5, 6, 7], from: soon, to: (soon + 60) % 1440, timezone: 'UTC' } })))
  const listed = async (): Promise<RunbooksAnswer['runbooks'][number] | undefined> => ((await it.ask('runbooks.list', {})).body as RunbooksAnswer).runbooks[0]
  assert.deepEqual([(await listed())?.window?.open, (await listed())?.window?.until], [false, null])
  assert.deepEqual((await plan(it, 'nightly')).body.accept.map(({ code, step }) => [code, step]), [['window', 'restart']])
  await it.leap(hours(1))
  assert.equal((await listed())?.window?.open, true)
  assert.deepEqual((await plan(it, 'nightly')).body.accept, [])
  assert.ok(!it.entries().some((entry) => entry.is.startsWith('change.')), 'nothing is begun by it')
})

test('C-2 a copy is what the guard knows of it: one that was never listed is not known', async (t) => {
  const want: Want = { is: 'backup', set: 'shop', age: hours(26), rung: 'L4' }
  const it = await world(t, changeWith(book('plain', { preflight: [want] })))
  assert.deepEqual(gates(await plan(it, 'plain')), ['unknown: a copy of shop that counts, not older than 1 d 2 h, proven up to L4'])
  const listed = await guarded(t, changeWith(book('fresh', { preflight: [{ is: 'backup', set: 'shop', age: hours(26) }] }), book('proven', { preflight: [want] })))
  assert.deepEqual(gates(await plan(listed.world, 'fresh')), ['unknown: a copy of shop that counts, not older than 1 d 2 h'])
  const at = START - hours(1)
  await listed.list([at])
  assert.deepEqual(gates(await plan(listed.world, 'fresh')), ['pass: a copy of shop that counts, not older than 1 d 2 h'])
  const unproven = await plan(listed.world, 'proven')
  assert.deepEqual([gates(unproven)[0]?.slice(0, 4), unproven.body.steps[0]?.gates[0]?.evidence[0]?.says], ['fail', `${keyAt(at)} is proven up to L1 only`])
})

test('C-2 C-12 a copy was there when its store was listed: a guard room that is silent since then, or a store that cannot be listed, leaves it unknown, however new and proven it is', async (t) => {
  const want: Want = { is: 'backup', set: 'shop' }
  const it = await guarded(t, changeWith(book('any', { preflight: [want] }), book('fresh', { preflight: [{ ...want, age: hours(26) }] })))
  const found = async (runbook: string): Promise<unknown[]> => {
    const [gate] = (await plan(it.world, runbook)).body.steps[0]?.gates ?? []
    return [gate?.found, gate?.evidence[0]?.says]
  }
  const at = START - hours(1)
  await it.list([at])
  assert.equal((await found('any'))[0], 'pass')
  // Listed every quarter of an hour: three looks, and what one may take, may go by.
  await it.world.leap(minutes(59))
  assert.equal((await found('any'))[0], 'pass')
  await it.world.leap(minutes(2))
  const cure = 'holdfast backups look shop lists it now'
  assert.deepEqual(await found('any'), ['unknown', `nas was listed 1 h 1 min ago (limit 1 h), and what lies there now is not known; ${cure}`])
  await it.list([at])
  assert.equal((await found('any'))[0], 'pass')
  await it.fails('the disk is full of errors')
  assert.deepEqual(await found('any'), ['unknown', `nas cannot be listed: the disk is full of errors; ${cure}`])
  assert.equal((await found('fresh'))[0], 'unknown')
  await it.list([])
  assert.deepEqual(await found('any'), ['fail', 'no copy of it counts'], 'it was looked for, and is gone')
  await it.list([at])
  await it.world.leap(hours(26))
  await it.list([at])
  assert.deepEqual([(await found('any'))[0], (await found('fresh'))[0]], ['pass', 'fail'])
})
