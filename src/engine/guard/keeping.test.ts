// Retention carried out, from the plan that a person read to the copy that two people removed; and what holds each step up.
import assert from 'node:assert/strict'
import test from 'node:test'
import { keepWorld, keyOf, setOf, type KeepWorld } from '../../../test/guard/keep-world.ts'
import { minutes, seconds } from '../../core/time.ts'
import { oldestOf } from '../../rooms/guard/reconcile/duty.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'

const idsOf = (body: Record<string, unknown>): string[] => ((body['reasons'] ?? []) as { id: string }[]).map(({ id }) => id)
const actsOf = (body: Record<string, unknown>): string[] => ((body['acts'] ?? []) as { copy: string; state: string }[]).map(({ copy, state }) => `${copy} ${state}`)
const nights = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => keyOf(from + n))

async function ready(t: Parameters<typeof keepWorld>[0], ...more: [] | [Parameters<typeof keepWorld>[1]]): Promise<KeepWorld> {
  const it = await keepWorld(t, ...more)
  await it.ripen()
  return it
}

test('G-7 G-11 a plan is applied by its id: what it names is set aside, comes back with a hold, and is removed by two after a month; nobody misses it (G-12)', async (t) => {
  const it = await ready(t)
  const plan = await it.plan()
  assert.deepEqual([plan.refusals, plan.totals.quarantine], [[], 2])
  await it.leap(seconds(3))
  assert.equal((await it.plan()).id, plan.id, 'the same judgement is the same plan')
  const body = await it.apply(plan.id)
  assert.deepEqual([body['waiting'], body['permitted_by']], [2, ['ada']])
  assert.deepEqual(await it.work(), nights(7, 8).toReversed().map((key) => `quarantine ${key} done`).toSorted().toReversed())
  assert.deepEqual(it.standing(), nights(0, 6))
  assert.deepEqual(actsOf(await it.apply(String(body['plan']))), nights(7, 8).map((key) => `${key} done`))
  await it.list()
  const restore = JSON.stringify((await it.ask('backups.restore', { set: 'shop', to: 'a folder', copy: keyOf(7) })).body)
  assert.match(restore, /lies aside in main[^]*holdfast backups release shop /)
  assert.match(JSON.stringify((await it.ask('backups.restore', { set: 'shop', to: 'a folder', copy: 'other' })).body), /no copy is called/)
  const { aside } = (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body
  assert.deepEqual([aside?.count, aside?.shown.map(({ copy, store, removable }) => [copy, store, removable])], [2, nights(7, 8).toSorted().map((key) => [key, 'main', false])], 'what lies aside is told where people look')
  assert(aside?.shown.every(({ since, eligible_at, why }) => eligible_at !== null && eligible_at > since && why.startsWith('set aside; not yet: ')))
  const after = await it.plan()
  assert.deepEqual([after.refusals, after.totals.quarantine, after.aside.totals], [[], 0, { purge: 0, aside: 2, bytes: 0 }], 'G-12 nobody misses what we took away ourselves')
  assert.deepEqual(await it.work(), [], 'once')
  const { body: back } = await it.ask('backups.release', { set: 'shop', copies: [keyOf(7), 'other'], person: 'bo' }) as { body: { wanted: number; missing: string[] } }
  assert.deepEqual([back.wanted, back.missing], [1, ['other']])
  assert.deepEqual(await it.work(), [`release ${keyOf(7)} done`])
  await it.ripen()
  const held = await it.plan()
  assert.deepEqual([held.refusals, held.totals.quarantine, held.items.find(({ key }) => key === keyOf(7))?.why], [[], 0, 'never, because it is held'])
  await it.leap(seconds(33))
  await it.list()
  const purge = (await it.plan()).aside
  assert.deepEqual([purge.totals.purge, purge.items.map(({ key }) => key)], [1, [keyOf(8)]])
  // Also by the plan that has nothing else: it waits for two, and no word of one does it.
  for (const id of [purge.id, (await it.plan()).id]) {
    const waits = await it.apply(id)
    assert.deepEqual([waits['plan'], waits['waiting'], waits['permitted_by'], actsOf(waits)], [purge.id, 1, [], [`${keyOf(8)} waiting`]])
  }
  assert.deepEqual(await it.work(), [], 'C-17 one person sets aside, and removes nothing')
  const asked = await it.ask('backups.purge', { plan: purge.id, of: ['ada', 'bo'], person: 'ada' }) as { status: number; body: { state?: string; typed?: string; text?: string } }
  assert.deepEqual([asked.status, asked.body.state, asked.body.typed], [200, 'open', 'shop'])
  assert.deepEqual(await it.work(), [], 'C-17 two people are asked, and neither has said it')
  assert.deepEqual(actsOf(await it.apply(purge.id)), [`${keyOf(8)} waiting`])
  await it.agree()
  // Nobody is asked for what two have said: by either plan it is theirs that is seen through.
  for (const id of [purge.id, (await it.plan()).id]) {
    const theirs = await it.apply(id)
    assert.deepEqual([theirs['permitted_by'], theirs['waiting'], actsOf(theirs), JSON.stringify(theirs).includes('holdfast backups purge')], [['ada', 'bo'], 1, [`${keyOf(8)} waiting`], false])
  }
  assert.deepEqual(await it.work(), [`purge ${keyOf(8)} done`])
  await it.list()
  const last = await it.plan()
  assert.deepEqual([last.refusals, last.aside.items, it.standing()], [[], [], nights(0, 7)])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-23 what a plan of retention sets aside of the catalogue’s copies still counts as one that could come back, until it is removed', async (t) => {
  const sets = [setOf({ of: 'games-db' })]
  const it = await ready(t, sets)
  const oldest = (): unknown => oldestOf(it.sql, it.keeper.now(), { of: 'games-db' }, sets).oldestCopy
  const age = (night: number): number => it.keeper.now().wall - Date.parse(keyOf(night).slice(5, 15))
  assert.equal(oldest(), age(8))
  await it.apply((await it.plan()).id)
  assert.equal((await it.work()).length, 2)
  await it.list()
  assert.deepEqual([it.standing().at(-1), oldest()], [keyOf(6), age(8)])
  const [life] = it.sql.all<{ life: string }>(`select life from guard_object where life_is = 'aside' order by key limit 1`)
  assert.equal(typeof (JSON.parse(life?.life ?? '{}') as { aside?: { modifiedAt?: number } }).aside?.modifiedAt, 'number', 'one without a date in its name is as old as the store says')
  await it.leap(seconds(33))
  await it.list()
  const { aside } = await it.plan()
  await it.ask('backups.purge', { plan: aside.id, of: ['ada', 'bo'], person: 'ada' })
  await it.agree()
  assert.equal((await it.work()).length, 2)
  await it.list()
  assert.equal(oldest(), age(6))
})

test('G-23 a copy of the catalogue that was just brought back counts before any listing has seen it', async (t) => {
  const sets = [setOf({ of: 'games-db' })]
  const it = await ready(t, sets)
  const oldest = (): unknown => oldestOf(it.sql, it.keeper.now(), { of: 'games-db' }, sets).oldestCopy
  const age = (night: number): number => it.keeper.now().wall - Date.parse(keyOf(night).slice(5, 15))
  await it.apply((await it.plan()).id)
  await it.work()
  await it.list()
  assert.deepEqual([it.standing().at(-1), oldest()], [keyOf(6), age(8)])
  await it.ask('backups.release', { set: 'shop', all: true, person: 'bo' })
  await it.work()
  assert.equal(oldest(), age(8), 'it stands, and no listing says so')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  await it.leap(minutes(1))
  await it.list()
  assert.deepEqual([it.standing().at(-1), oldest()], [keyOf(8), age(8)])
  assert.equal(it.sql.get('select count(*) as n from guard_returned')?.['n'], 0, 'listed it is one like the others')
})

test('C-17 nobody who is not known lets copies go, nor brings them back: what stands in the record is somebody', async (t) => {
  const it = await ready(t)
  const { id } = await it.plan()
  const answered = async (call: string, args: object): Promise<unknown[]> => {
    const { status, body } = await it.ask(call, args) as { status: number; body: { code?: string; title?: string; help?: string } }
    return [status, JSON.stringify(body).includes('HF477'), JSON.stringify(body).includes('ada, bo')]
  }
  for (const person of ['ghost', 'root', '']) assert.deepEqual(await answered('backups.apply', { plan: id, person }), [400, true, true], person)
  assert.deepEqual(await answered('backups.apply', { plan: id }), [400, true, true], 'whoever is root at a machine is nobody')
  assert.deepEqual([await it.work(), it.standing()], [[], nights(0, 8)])
  await it.apply(id)
  await it.work()
  for (const person of ['ghost', '']) assert.deepEqual(await answered('backups.release', { set: 'shop', all: true, person }), [400, true, true], person)
  assert.deepEqual([await it.work(), it.standing()], [[], nights(0, 6)])
  assert.deepEqual(await answered('backups.release', { set: 'shop', all: true, person: 'bo' }), [200, false, false])
  assert.deepEqual(it.entries().filter(({ body }) => JSON.stringify(body).includes('ghost')), [])
})

test('G-11 a plan that is not what it would be now is refused: another copy, another rule, another hash', async (t) => {
  const it = await ready(t)
  const { id } = await it.plan()
  assert.deepEqual(idsOf(await it.apply(`plan_${'0'.repeat(32)}`)), ['plan'])
  assert.equal((await it.ask('backups.apply', { plan: 'shop' })).status, 404)
  assert.equal((await it.ask('backups.apply', { plan: id }, { is: 'token', name: 'ci', scopes: ['admin'] } as never)).status, 403, 'no token lets anything go')
  it.add(-1)
  await it.list()
  assert.deepEqual(idsOf(await it.apply(id)), ['plan'])
  const other = await ready(t)
  const seen = (await other.plan()).id
  void other.keeper.configure({ ...other.keeper.config, backups: [setOf({ keep: { daily: 8 } })] })
  await other.settle()
  assert.deepEqual(idsOf(await other.apply(seen)), ['plan'])
  assert.deepEqual(await other.work(), [])
})

test('G-1 G-6 G-10 what was permitted is judged again right before: a witness lost, a hold, other bytes, a store that cannot be listed, each holds it', async (t) => {
  const holds: readonly [string, RegExp, (it: KeepWorld) => Promise<void>][] = [
    ['a hold', /it is held/, async (it) => void await it.ask('backups.hold', { set: 'shop', copy: keyOf(8), reason: 'wait' })],
    ['other bytes', /it is not what lies there now|is gone or changed/, async (it) => {
      it.add(8)
      await it.list()
    }],
    ['somebody takes one away', /is gone or changed/, async (it) => {
      it.store.stacks.delete(keyOf(0))
      await it.list()
    }],
    ['nothing newer is verified any more', /newer/, async (it) => {
      it.sql.run('delete from guard_proof')
      await it.list({ proven: false })
    }],
    ['another bucket', /another store than before|another one/, async (it) => {
      it.store.identity = 'store-2'
      await it.list()
    }],
  ]
  for (const [name, says, change] of holds) {
    const it = await ready(t)
    const body = await it.apply((await it.plan()).id)
    await change(it)
    const did = await it.work()
    assert.ok(!did.some((one) => one.includes(keyOf(8))), `${name}: ${did.join()}`)
    assert.match(JSON.stringify(await it.apply(String(body['plan']))), says, name)
  }
  const blind = await ready(t)
  const { id } = await blind.plan()
  const body = await blind.apply(id)
  await blind.leap(minutes(6))
  assert.deepEqual(await blind.work(), [], 'it waits for a listing of the last minutes')
  await blind.list({ says: 'connection refused' })
  assert.deepEqual(await blind.work(), [])
  assert.equal((await blind.apply(String(body['plan'])))['waiting'], 2, 'and is not given up')
  await blind.list()
  assert.equal((await blind.work()).length, 2)
})

test('G-8 a hand that dies before or after an act leaves one end, whoever comes next', async (t) => {
  for (const when of ['before', 'after'] as const) for (const at of [1, 2]) {
    const it = await ready(t)
    await it.apply((await it.plan()).id)
    await it.work({ at, when })
    for (let n = 0; n < 3; n++) {
      await it.leap(minutes(1.5))
      await it.list()
      await it.work()
    }
    assert.deepEqual(it.standing(), nights(0, 6), `${when} ${at}`)
    assert.deepEqual(it.store.events.map(({ is }) => is), ['aside', 'aside'])
    assert.deepEqual((await it.plan()).refusals, [])
  }
})

test('G-5 more than the limits is refused whole; a store without a credential and a repository give up nothing', async (t) => {
  const many = await keepWorld(t, [setOf({ keep: { daily: 3 } })], 12)
  await many.ripen()
  assert.deepEqual(idsOf(await many.apply((await many.plan()).id)), ['limit'])
  const lies = setOf().in[0]
  assert(lies)
  const bare = await ready(t, [setOf({ in: [{ ...lies, readOnly: true }] })])
  assert.deepEqual(idsOf(await bare.apply((await bare.plan()).id)), ['delete'])
  const repository = await ready(t, [setOf({ engine: 'restic', in: [{ ...lies, repository: 'shop-' }] })])
  assert.deepEqual(idsOf(await repository.apply((await repository.plan()).id)), ['repository'])
  for (const it of [many, bare, repository]) assert.deepEqual(await it.work(), [])
})

test('G-11 what waits for two people is refused where their word would be: an open breaker, a store that gives no credential for it', async (t) => {
  const it = await ready(t)
  await it.apply((await it.plan()).id)
  assert.equal((await it.work()).length, 2)
  await it.leap(seconds(33))
  await it.list()
  const { aside } = await it.plan()
  const waits = await it.apply(aside.id)
  assert.deepEqual([waits['waiting'], waits['schema']], [2, 'holdfast.retention.acts/1'])
  const [lies] = setOf().in
  assert(lies)
  void it.keeper.configure({ ...it.keeper.config, backups: [setOf({ in: [{ ...lies, readOnly: true }] })] })
  await it.settle()
  const purge = await it.ask('backups.purge', { plan: aside.id, of: ['ada', 'bo'], person: 'ada' }) as { body: Record<string, unknown> }
  assert.deepEqual([idsOf(await it.apply(aside.id)), idsOf(purge.body)], [['delete'], ['delete']])
  void it.keeper.configure({ ...it.keeper.config, backups: [setOf()] })
  await it.settle()
  const job = 'keep:shop@main'
  it.sql.run(`update guard_job set job = json_set(job, '$.breaker', json('{"is":"open","because":["one was lost"]}')) where reconcile = ?`, job)
  assert.deepEqual(idsOf(await it.apply(aside.id)), ['breaker'])
})

test('G-21 where nothing is ever removed nobody is asked to agree to it: the refusal says why, and what to do', async (t) => {
  const lies = setOf().in[0]
  assert(lies)
  const it = await ready(t, [setOf({ in: [{ ...lies, neverRemoves: 'a folder is never purged' }] })])
  await it.apply((await it.plan()).id)
  assert.equal((await it.work()).length, 2)
  await it.leap(seconds(33))
  await it.list()
  const { aside } = await it.plan()
  assert.deepEqual([aside.totals.purge, aside.totals.aside], [0, 2])
  assert.match(aside.items[0]?.why ?? '', /never purged/)
  const { body } = await it.ask('backups.purge', { plan: aside.id, of: ['ada', 'bo'], person: 'ada' })
  assert.deepEqual(idsOf(body as Record<string, unknown>), ['purges'])
  assert.match(JSON.stringify(body), /by hand, or bring it back/)
  assert(!it.entries().some(({ is }) => is === 'agreement.asked'))
})

test('G-21 what was taken by hand from where it lay aside is told as that: no breaker opens, and nobody misses it', async (t) => {
  const it = await ready(t)
  await it.apply((await it.plan()).id)
  await it.work()
  for (const [, stack] of it.store.stacks) if (stack[0]?.is === 'marker') it.store.stacks.delete(stack[0].key)
  await it.list()
  // As a folder would have set it aside.
  it.sql.run(`update guard_object set life = json_remove(life, '$.aside.versionId')`)
  assert.deepEqual([(await it.ask('backups.release', { set: 'shop', person: 'bo' })).status, (await it.ask('backups.release', { set: 'shop', all: true, copies: ['x'], person: 'bo' })).status], [400, 400], 'nothing named is not everything')
  await it.ask('backups.release', { set: 'shop', all: true, person: 'bo' })
  assert.deepEqual((await it.work()).toSorted(), nights(7, 8).map((key) => `release ${key} refused`).toSorted())
  const told = it.entries().find(({ is }) => is === 'guard.alarmed')?.body as { title: string; says: string } | undefined
  assert.match(told?.title ?? '', /What lay aside of shop@main was taken away/)
  assert.match(told?.says ?? '', /somebody else removed it, Holdfast did not/)
  assert(!it.entries().some(({ is }) => is === 'guard.halted'))
  await it.list()
  assert.deepEqual((await it.plan()).refusals, [])
})

test('G-11 a plan whose acts were edited after it was permitted is done by nobody, and people hear of it', async (t) => {
  const it = await ready(t)
  const body = await it.apply((await it.plan()).id)
  it.sql.run(`update guard_act set given = replace(given, 'no rule keeps it', 'it may')`)
  assert.deepEqual(await it.work(), [])
  assert.match(JSON.stringify(await it.apply(String(body['plan']))), /"stopped":/)
  assert.match(it.open().join(), /edited/)
})

test('G-9 G-10 a store whose clock is off, or that does not keep what is aside, gives up nothing', async (t) => {
  for (const capability of ['clock', 'sets_aside', 'brings_back', 'read_only'] as const) {
    const it = await ready(t)
    const body = await it.apply((await it.plan()).id)
    it.store.capabilities = { [capability]: { is: 'fail', says: 'it lies' } }
    assert.deepEqual(await it.work(), [], capability)
    assert.match(JSON.stringify(await it.apply(String(body['plan']))), /it lies/)
  }
})

test('G-4 a hold is ended by whoever placed it, or by somebody who may run what destroys; a token ends its own alone, speaks in nobody\'s name and accepts nothing', async (t) => {
  const it = await ready(t)
  const [ci, other] = ['ci', 'other'].map((name) => ({ is: 'token', id: `tok_${name}`, name, scopes: ['write', 'admin'] }) as const)
  const person = (name: string, ...rights: ('write' | 'run')[]) => ({ is: 'person', person: name, session: 'ses_1', rights: ['read', ...rights] }) as const
  const hold = async (asker: Parameters<KeepWorld['ask']>[2], end = false): Promise<number> => (await it.ask('backups.hold', { set: 'shop', copy: keyOf(8), person: 'ada', ...(end ? { end } : { reason: 'before the migration' }) }, asker)).status
  const ends: readonly [Parameters<KeepWorld['ask']>[2], Parameters<KeepWorld['ask']>[2], number][] = [
    [person('ada', 'write'), ci, 403], [person('ada', 'write'), person('bo', 'write'), 403], [person('ada', 'write'), person('bo', 'write', 'run'), 200], [person('ada', 'write'), person('ada', 'write'), 200],
    [person('ada', 'write'), { is: 'socket' }, 200], [ci, other, 403], [ci, person('bo', 'write'), 403], [ci, ci, 200], [{ is: 'socket' }, ci, 403],
  ]
  for (const [places, lets, status] of ends) {
    assert.equal(await hold(places), 200)
    assert.equal(await hold(lets, true), status, JSON.stringify([places, lets]))
    assert.equal((await it.plan()).totals.quarantine, status === 200 ? 2 : 1)
    if (status !== 200) assert.equal(await hold({ is: 'socket' }, true), 200)
  }
  assert.deepEqual(it.entries().filter(({ is }) => is === 'guard.held').map(({ body }) => body['by']).slice(4, 6), ['ada', 'token ci'])
  for (const [call, more] of [['backups.acceptGone', {}], ['backups.acceptMost', { most: 30 }]] as const) assert.equal((await it.ask(call, { set: 'shop', store: 'main', reason: 'it is right', person: 'ada', ...more }, ci)).status, 403)
  const { entries } = (await it.ask('people.audit', {})).body as { entries: { says: string }[] }
  assert.ok(entries.some(({ says }) => says === `token ci holds ${keyOf(8)} of shop: no rule makes it go`) && entries.some(({ says }) => says === `bo ended the hold of ${keyOf(8)} of shop`), JSON.stringify(entries))
})

test('G-1 G-7 copies in two places ripen in both, whichever is listed first; a place that is not listed any more stops both, and is told at once where that refuses', async (t) => {
  const [lies] = setOf().in
  const gates = setOf().retention
  assert(lies && gates)
  const it = await keepWorld(t, [setOf({ in: [lies, { ...lies, store: 'nas' }], retention: { ...gates, locations: 2 } })])
  for (let n = 0; n < 5; n++) {
    await it.list({ store: 'main' })
    await it.leap(seconds(2))
    await it.list({ store: 'nas' })
    await it.leap(minutes(15))
  }
  await it.list({ store: 'main' })
  await it.leap(seconds(2))
  await it.list({ store: 'nas' })
  for (const store of ['main', 'nas']) assert.equal((await it.plan(store)).totals.quarantine, 2, store)
  const alone = await keepWorld(t, [setOf({ in: [lies, { ...lies, store: 'nas' }], retention: { ...gates, locations: 2 } })], 20)
  await alone.list({ store: 'main' })
  assert.equal(alone.entries().filter(({ is }) => is === 'guard.alarmed').length, 1, 'X-9 told at once')
  for (let n = 0; n < 5; n++) {
    await alone.list({ store: 'main' })
    await alone.leap(minutes(15))
  }
  assert.equal((await alone.plan('main')).totals.quarantine, 0)
})

test('G-28 “the store cannot be acted on” ends by itself as soon as it was tried out; what is said later begins anew, whoever was told before', async (t) => {
  const it = await ready(t)
  const link = {}
  const unfit = async (): Promise<void> => {
    void it.keeper.hand.hear({ is: 'unfit', term: 1, store: 'main', says: 'the canary could not be written' }, link)
    await it.settle()
  }
  await unfit()
  assert.deepEqual(it.open(), [], 'nothing is done there: nobody is kept from anything')
  await it.apply((await it.plan()).id)
  await unfit()
  assert.deepEqual(it.open(), ['store:main/unfit'])
  assert.match(it.sql.get<{ says: string }>('select says from page_incident')?.says ?? '', /tried out again before each act; once that succeeds, this is over/)
  await it.leap(minutes(2))
  await it.list()
  assert.equal((await it.work()).length, 2)
  assert.deepEqual(it.open(), [])
  await it.ask('backups.release', { set: 'shop', all: true, person: 'bo' })
  await unfit()
  assert.deepEqual(it.open(), ['store:main/unfit'], 'within the hour too')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})
