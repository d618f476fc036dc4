// Reconciles from the keeper's side: when they run, what a run is told of the ones before it, what is recorded of it, who is paged, and for how long.
// The runs are real ones, over a bucket that is served and a catalogue in memory.
import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { add, games, PREFIX, type Games } from '../../../test/guard/games.ts'
import { approver } from '../../../test/guard/keep-world.ts'
import type { PageBody } from '../../ports/channel.ts'
import { checkOf, configOf, keeperWorld, plan, type KeeperWorld } from '../../../test/keeper-world.ts'
import { days, instantOf, minutes } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { ToGuard } from '../../rooms/guard/protocol.ts'
import type { ReconcileConfig, ReconcileTask } from '../../rooms/guard/reconcile/task.ts'
import { readPattern } from '../../rooms/guard/sets/pattern.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { ReconcileAnswer } from '../../views/reconciles.ts'

interface World extends KeeperWorld {
  readonly games: Games
  readonly tasks: ToGuard[]
  /** The newest run that was given. */
  task(): ReconcileTask & { readonly id: string }
  /** Makes that run, and gives its result back. */
  answer(): Promise<void>
  shown(): Promise<ReconcileAnswer>
}

async function world(t: TestContext, more: Partial<ReconcileConfig> = {}, people: typeof plan.people = plan.people): Promise<World> {
  const it = await games(t)
  const tasks: ToGuard[] = []
  const config = { ...it.config, every: minutes(10), ...more }
  const keeper = await keeperWorld(t, { ...configOf(more.of === undefined ? [] : [checkOf(more.of)]), plan: { ...plan, people }, reconciles: [config] }, { render: () => ({ key: 'k', thread: 't', to: { name: 'Ada' }, title: 't', body: {} as PageBody }), toGuard: (message) => (tasks.push(message), true) })
  keeper.patience.seconds = 15
  // One clock for both: what the keeper gives is good by the time that the run reads.
  Object.assign(it.context, { now: () => keeper.keeper.now() })
  Object.assign(it.fake, { ahead: keeper.keeper.now().wall - Date.now() })
  const task = () => {
    const found = tasks.findLast((one) => one.is === 'task' && one.task.is === 'reconcile')
    assert(found?.is === 'task' && found.task.is === 'reconcile', 'a run was given')
    return { ...found.task, id: found.id }
  }
  return Object.assign(keeper, {
    games: it, tasks, task,
    async answer() {
      it.fake.ahead = keeper.keeper.now().wall - Date.now()
      // As the planting of a run does: one sentinel is as new as anything.
      add(it, `${PREFIX}t0/sentinel-0`)
      const { knows, id } = task()
      const result = await it.perform(config, knows)
      keeper.keeper.guard.hear({ is: 'task-done', id, result: JSON.parse(JSON.stringify(result)) as unknown })
      await keeper.settle()
    },
    shown: async () => (await keeper.ask('reconcile.show', { reconcile: 'customer-backups' }) as unknown as { body: ReconcileAnswer }).body,
  })
}
const given = (it: World): number => it.tasks.filter((one) => one.is === 'task' && one.task.is === 'reconcile').length
const same = (it: World): void => assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])

test('a run at once and then on time, each told what the ones before it left; nothing of it is lost when the ledger is folded anew', async (t) => {
  const it = await world(t)
  it.games.fake.put(`${PREFIX}t1/lost`, 'x')
  assert.deepEqual([given(it), it.task().knows.former, it.task().knows.number], [1, 'none', 1])
  await it.answer()
  assert.deepEqual(it.open(), [])
  const { latest } = await it.shown()
  assert.deepEqual([latest?.healthy, latest?.plan?.mode, latest?.plan?.totals.keep, latest?.plan?.refusals], [true, 'report', 1, []])
  assert.equal((await it.shown()).late, false)
  await it.pass(minutes(9))
  assert.equal(given(it), 1)
  await it.pass(minutes(2))
  assert.equal(given(it), 2)
  await it.pass(minutes(5))
  assert.equal((await it.shown()).late, true, 'X-3 a run is worth no more than was promised: ten minutes, and five')
  const { knows } = it.task()
  assert.deepEqual([knows.number, knows.runs.length, knows.follows], [2, 1, 1])
  assert(knows.former !== 'none' && knows.memory !== 'none' && knows.newest !== 'none' && knows.flagsBinding !== undefined)
  await it.answer()
  assert.equal((await it.shown()).clean_runs, 2)
  same(it)
})

test('G-28 a refusal pages once, in its own words, and ends with the first run that finds nothing of it', async (t) => {
  const it = await world(t)
  await it.answer()
  it.games.facts.columns = ['public.backups.object_key text', 'public.backups.new_key text']
  for (let i = 0; i < 3; i++) {
    await it.pass(minutes(10))
    await it.answer()
    assert.deepEqual(it.open(), ['reconcile:customer-backups/refused'])
  }
  const shown = await it.shown()
  assert.deepEqual(shown.acceptable.map(({ what }) => what), ['schema'])
  assert.deepEqual(shown.latest?.columns, { added: ['public.backups.new_key text'], removed: [] })
  assert.match(shown.causes[0]?.says ?? '', /its tables or columns have changed/)
  // A person has looked: what they saw is what stands from here on.
  const [{ what, seen } = { what: 'schema', seen: '' }] = shown.acceptable
  void it.keeper.engine.turn('accept', (tx) => void it.keeper.rooms.guard.acts.accept(tx, 'customer-backups', { what, seen, by: 'ada' }))
  await it.settle()
  await it.pass(minutes(10))
  await it.answer()
  assert.deepEqual([it.open(), (await it.shown()).latest?.plan?.refusals], [[], []])
  same(it)
})

test('G-19 a catalogue that went back in time stays refused until a person acknowledges what they saw', async (t) => {
  const it = await world(t)
  await it.answer()
  it.games.facts.oids = 'restored'
  await it.pass(minutes(10))
  await it.answer()
  delete it.games.facts.oids
  await it.pass(minutes(10))
  await it.answer()
  const { acceptable } = await it.shown()
  assert.deepEqual(acceptable.map((one) => one.what), ['epoch'])
  const accept = (seen: string): void => void it.keeper.engine.turn('accept', (tx) => void it.keeper.rooms.guard.acts.accept(tx, 'customer-backups', { what: 'epoch', seen, by: 'ada' }))
  accept('something else')
  await it.settle()
  assert.equal(it.keeper.rooms.guard.reconciles.task(it.sql, it.keeper.now(), 'customer-backups') instanceof Object && (await it.shown()).acceptable.length, 1, 'what they did not see is not accepted')
  accept(acceptable[0]?.seen ?? '')
  await it.settle()
  await it.pass(minutes(10))
  await it.answer()
  assert.deepEqual(it.open(), [])
  same(it)
})

test('G-19 a first run that is refused for want of rows, and a person who acknowledges that rows are gone, both lead out again', async (t) => {
  const it = await world(t, { least: 55 })
  const [...keys] = it.games.rows.keys()
  const some = keys.filter((key) => /00[0-9]$/.test(key))
  const drop = (dropped: readonly string[]): void => {
    for (const key of dropped) it.games.rows.delete(key)
    for (const key of dropped) it.games.fake.objects.delete(key)
  }
  drop(some)
  await it.answer()
  const refused = async (): Promise<readonly string[]> => (await it.shown()).latest?.plan?.refusals.map(({ id, found }) => `${id} ${found}`) ?? []
  assert.deepEqual(await refused(), ['floor fail'])
  for (const key of some) add(it.games, key)
  const again = async (): Promise<readonly string[]> => {
    await it.pass(minutes(10))
    await it.answer()
    return refused()
  }
  assert.deepEqual(await again(), [], 'what the first run could not learn is no reason to refuse the next')
  // The newest rows are gone, as with a dump of before, and somebody puts up with it.
  const late = Array.from({ length: 20 }, (_, n) => `${PREFIX}t9/${n}`)
  for (const key of late) add(it.games, key)
  assert.deepEqual(await again(), [])
  drop(late)
  assert.deepEqual((await again()).filter((one) => one.startsWith('epoch')), ['epoch fail'])
  for (const what of ['epoch', 'shrink']) {
    const seen = (await it.shown()).acceptable.find((one) => one.what === what)?.seen ?? assert.fail(`${what} can be accepted`)
    assert.equal((await it.ask('reconcile.accept', { reconcile: 'customer-backups', what, seen, person: 'ada' })).status, 200)
  }
  assert.deepEqual(await again(), [])
  const { knows } = it.task()
  assert.equal(knows.newest, 'none')
  await it.pass(minutes(10))
  assert.notEqual(it.task().knows.newest, 'none', 'they are learned anew')
  same(it)
})

test('G-19 a list of the newest keys that is lost refuses every run until a person has looked, and then is learned anew', async (t) => {
  const it = await world(t)
  await it.answer()
  const folder = it.games.context.kept('customer-backups')
  for (const name of readdirSync(folder)) if (name.endsWith('.newest')) rmSync(path.join(folder, name))
  const again = async (): Promise<readonly string[]> => {
    await it.pass(minutes(10))
    await it.answer()
    return (await it.shown()).latest?.plan?.refusals.map(({ id, found }) => `${id} ${found}`) ?? []
  }
  assert.deepEqual([await again(), await again()], [['epoch unknown'], ['epoch unknown']])
  const [{ what, seen } = assert.fail('it can be accepted')] = (await it.shown()).acceptable
  assert.equal((await it.ask('reconcile.accept', { reconcile: 'customer-backups', what, seen, person: 'ada' })).status, 200)
  assert.deepEqual([await again(), await again()], [[], []])
  same(it)
})

test('G-23 a copy of the catalogue that its store lost is accepted by name, by a person, for just that loss, and by the next run it keeps nothing', async (t) => {
  const it = await world(t)
  const sets = it.keeper.config as unknown as { backups?: BackupSet[] }
  const pattern = readPattern('pg/{any}.dump')
  assert(!('says' in pattern))
  const [config] = it.keeper.config.reconciles ?? []
  assert(config !== undefined)
  Object.assign(config, { of: 'games-db' })
  Object.assign(sets, { backups: [{ name: 'games', of: 'games-db', engine: 'postgres', every: days(1), in: [{ store: 'main', pattern }] } as unknown as BackupSet] })
  it.sql.run(`insert into guard_object (reconcile, key, version, life_is, life, plan) values ('keep:games@main', ?, 3, 'lost', '{"is":"lost","says":"it destroyed what it was to hide"}', '')`, Buffer.from('pg/one.dump').toString('hex'))
  const lost = async (): Promise<readonly string[]> => (await it.shown()).acceptable.flatMap(({ what, seen, says }) => (what === 'lost' && says.includes('pg/one.dump') ? [seen] : []))
  const [seen = assert.fail('it can be accepted')] = await lost()
  const accept = (more: object = {}) => it.ask('reconcile.accept', { reconcile: 'customer-backups', what: 'lost', seen, person: 'ada', ...more })
  assert.equal((await accept({ seen: 'ffffffffffffffff' })).status, 409, 'what they did not see')
  assert.equal((await accept({ person: 'ghost' })).status, 400, 'by nobody')
  assert.equal((await accept()).status, 200)
  assert.deepEqual([await lost(), (await it.shown()).accepted.map(({ what, by }) => [what, by])], [[], [['lost', 'ada']]])
  assert.equal((await accept({ undo: true })).status, 200)
  assert.deepEqual(await lost(), [seen])
})

test('G-25 what a person accepts of a key or a tenant is bound to what they saw, stands where it can be seen, and ends by their word or after 90 days', async (t) => {
  const it = await world(t)
  await it.answer()
  it.games.rows.set(`${PREFIX}t1/gap`, {})
  const again = async (): Promise<readonly string[]> => {
    await it.pass(minutes(10))
    await it.answer()
    return it.open()
  }
  const accept = (more: Record<string, unknown>) => it.ask('reconcile.accept', { reconcile: 'customer-backups', what: 'gap', seen: `${PREFIX}t1/gap`, person: 'ada', ...more })
  assert.deepEqual(await again(), ['reconcile:customer-backups/gap'])
  assert.equal((await accept({})).status, 200)
  assert.deepEqual(await again(), [])
  const [accepted] = (await it.shown()).accepted
  assert.deepEqual([accepted?.what, accepted?.seen, accepted?.by, (accepted?.lapses ?? 0) - (accepted?.at ?? 0)], ['gap', `${PREFIX}t1/gap`, 'ada', days(90)])
  const sinceAt = (wait: number) => {
    const made = it.keeper.rooms.guard.reconciles.task(it.sql, { ...it.keeper.now(), wall: instantOf(it.keeper.now().wall + wait) }, 'customer-backups')
    return typeof made === 'string' ? assert.fail(made) : made.knows.since.length
  }
  assert.deepEqual([sinceAt(0), sinceAt(days(91))], [1, 0])
  assert.equal((await accept({ undo: true, seen: 'another' })).status, 409)
  assert.equal((await accept({ undo: true })).status, 200)
  assert.deepEqual([await again(), (await it.shown()).accepted], [['reconcile:customer-backups/gap'], []])
  assert.equal((await accept({ what: 'gone', seen: 't1' })).status, 409, 'no run saw it')
  same(it)
})

test('before anything was found good, a refused run is no history; a run that nobody answers is told', async (t) => {
  const it = await world(t)
  it.games.onRead = () => { throw new Error('connection refused') }
  await it.answer()
  assert.deepEqual([it.open(), (await it.shown()).latest?.said], [['reconcile:customer-backups/refused'], ['connection refused']])
  await it.pass(minutes(10))
  assert.deepEqual([it.task().knows.number, it.task().knows.former], [1, 'none'])
  it.games.onRead = () => undefined
  await it.answer()
  assert.deepEqual(it.open(), [])
  await it.pass(minutes(10))
  await it.pass(minutes(100))
  assert.deepEqual(it.open(), ['reconcile:customer-backups/refused'])
  // The next one was given before the former was given up: what it was told of the past is not the past any more.
  assert.equal(it.task().knows.runs.length, 1)
  await it.answer()
  assert.deepEqual([it.open(), (await it.shown()).latest?.said], [['reconcile:customer-backups/refused'], ['another run came between']])
  await it.pass(minutes(11))
  assert.deepEqual(it.task().knows.runs.map(({ number, healthy }) => [number, healthy]), [[1, true], [2, false], [3, false]])
  await it.answer()
  assert.deepEqual(it.open(), [])
  same(it)
})

test('while its database is watched as down no run is made, and nobody is accused a second time', async (t) => {
  const it = await world(t, { of: 'db' })
  await it.answer()
  for (let n = 0; n < 2; n++) await it.look('db', 'fail')
  const before = given(it)
  const open = it.open()
  await it.pass(minutes(25))
  assert.deepEqual([given(it), it.open()], [before, open])
  const refused = await it.ask('reconcile.run', { reconcile: 'customer-backups' })
  assert.equal(refused.status, 409)
  assert.match(JSON.stringify(refused), /db is down: nothing is compared with a database that does not answer/)
})

test('G-28 G-5 when two close a breaker its incident ends; opened again, for another cause or the same, it is another one and rings anew', async (t) => {
  const it = await world(t, {}, { ada: approver('ada'), bo: approver('bo') })
  const again = async (): Promise<void> => {
    await it.pass(minutes(10))
    await it.answer()
  }
  const opened = (subject: string): number => it.entries().filter(({ is, body }) => is === 'incident.opened' && body['subject'] === subject).length
  const rings = (): number => it.sql.get<{ n: number }>(`select count(*) as n from deed where what = 'page.ring' and json_extract(body, '$.event') = 'page'`)?.n ?? 0
  const trip = async (says: string): Promise<void> => {
    void it.keeper.engine.turn('halt', (tx) => it.keeper.rooms.guard.acts.halt(tx, 'customer-backups', { says, lost: false }))
    await it.settle()
    await again()
  }
  const close = async (): Promise<void> => {
    const asked = await it.ask('reconcile.ask', { what: 'close-breaker', on: 'customer-backups', reason: 'somebody restored a row by hand', of: ['ada', 'bo'] })
    assert.equal(asked.status, 200, JSON.stringify(asked.body))
    const { stream: id } = it.entries().findLast(({ is }) => is === 'agreement.asked') ?? { stream: '' }
    const assents = ['ada', 'bo'].map((person) => ({ as: 'approves', identity: { person, addresses: [`${person}@acme.example`], phones: [], subjects: [], factors: [`f-${person}`] } }))
    void it.keeper.engine.turn('agree', (tx) => void tx.append({ is: 'agreement.pressed', stream: `${id}/presses`, body: { id, phase: { is: 'agreed' }, assents, at: tx.now.wall } }))
    await it.settle()
  }
  await it.answer()
  for (let n = 0; n < 2; n++) await again()
  const both = ['reconcile:customer-backups/halted', 'reconcile:customer-backups/breaker']
  for (const n of [1, 2]) {
    const before = rings()
    await trip('1 row that came back for what was put aside, at most 0')
    assert.deepEqual([it.open().toSorted(), both.map(opened)], [both.toSorted(), [n, n]])
    assert(rings() > before, `time ${n} rings`)
    await again()
    await close()
    assert.deepEqual(it.open(), [], 'whoever closed it has looked')
  }
  const before = rings()
  for (let n = 0; n < 10; n++) it.games.fake.put(`${PREFIX}t1/lost${n}`, 'x')
  await again()
  assert.deepEqual([it.open(), both.map(opened)], [['reconcile:customer-backups/breaker'], [2, 3]])
  assert(rings() > before, 'another cause rings')
  const shown = await it.shown()
  assert.match(shown.causes[0]?.says ?? '', /10 of 3\d objects in customers\/t1\/ have no row/)
  const cure = shown.latest?.plan?.refusals.find(({ id }) => id === 'limit:group')?.cure ?? ''
  const [, seen = ''] = cure.match(/holdfast reconcile accept customer-backups gone "([^"]+)"; .* holdfast reconcile close-breaker customer-backups/) ?? []
  assert.equal((await it.ask('reconcile.accept', { reconcile: 'customer-backups', what: 'gone', seen, person: 'ada' })).status, 200, cure)
  await again()
  await close()
  assert.deepEqual(it.open(), [], 'the printed cure leads out')
  same(it)
})
