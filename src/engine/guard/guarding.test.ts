// Backups from listing to page: what the process finds becomes what people are told, and silence of the process becomes "not known".
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { acceptGone } from '../../../test/guard/accept-gone.ts'
import { checkOf, configOf, keeperWorld, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import type { Found } from '../../core/evidence.ts'
import { hours, instantOf, minutes } from '../../core/time.ts'
import type { InForce } from '../in-force.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { Listed, ToGuard } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import type { Pattern } from '../../rooms/guard/sets/pattern.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { backupMetrics } from '../../views/guard/metrics.ts'
import type { BackupsAnswer, BackupSetAnswer, RetentionAnswer } from '../../views/backups.ts'

const HOUR = 3_600_000
const pattern: Pattern = { text: 'shop-{day}T{time}.dump', prefix: 'shop-' }
const set = (more: Partial<BackupSet> = {}): BackupSet => ({ name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1', ...more })
const copyAt = (at: number, more: Partial<Copy> = {}): Copy =>
  ({ key: `shop-${new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}.dump`, etag: 'e1', bytes: 1000, modifiedAt: instantOf(at), ...more })

async function world(t: TestContext, sets: readonly BackupSet[] = [set()], more: Partial<InForce> = {}): Promise<KeeperWorld & { tasks: ToGuard[]; answer: (result: Listed, store?: string) => Promise<void>; list: (...copies: Copy[]) => Promise<void> }> {
  const tasks: ToGuard[] = []
  const config = { ...configOf(sets.some(({ of }) => of === 'db') ? [checkOf('db', { unknownAfter: hours(24) })] : []), backups: sets, ...more }
  const it = await keeperWorld(t, config, { toGuard: (message) => (tasks.push(message), true) })
  const answer = async (result: Listed, store = 'nas'): Promise<void> => {
    const task = tasks.findLast((one) => one.is === 'task' && one.task.is === 'list' && one.task.store === store)
    assert(task !== undefined, 'a task was given')
    it.keeper.guard.hear({ is: 'task-done', id: task.id, result })
    await it.settle()
  }
  return Object.assign(it, { tasks, answer, list: (...copies: Copy[]) => answer({ is: 'listed', identity: 'one', copies, clock: { is: 'read', at: it.keeper.now().wall, ahead: { least: -500, most: 1500 } } }) })
}
const kinds = (it: KeeperWorld): string[] => it.entries().filter(({ is }) => is.startsWith('guard.')).map(({ is, body }) => `${is.slice(6)} ${(body as { to?: string; key?: string }).to ?? (body as { key?: string }).key ?? ''}`.trim())
const shown = async (it: KeeperWorld): Promise<BackupSetAnswer> => (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body

test('G-14 a set is listed at once; what is good is quiet, what gets late pages, what comes ends it', async (t) => {
  const it = await world(t, [set({ every: hours(1), grace: minutes(10) })])
  assert.deepEqual(it.tasks.map((one) => one.is === 'task' && one.task), [{ is: 'list', set: 'shop', store: 'nas' }])
  assert.equal((await shown(it)).state, 'new')
  const old = copyAt(START - HOUR / 2)
  await it.list(old)
  assert.deepEqual([it.open(), (await shown(it)).state], [[], 'ok'])
  assert.deepEqual(kinds(it), [`appeared ${old.key}`, 'turned ok'])
  for (let n = 0; n < 7; n++) {
    assert.deepEqual(it.open(), [])
    await it.pass(minutes(5))
    await it.list(old)
  }
  await it.pass(minutes(10))
  await it.list(old)
  assert.deepEqual(it.open(), ['backup:shop'])
  assert.equal((await it.ask('incidents.resolve', { incident: '1', reason: 'not now' })).status, 409, 'nobody can talk it away')
  await it.pass(minutes(5))
  await it.list(old, copyAt(START + HOUR * 0.6))
  assert.deepEqual([it.open(), (await shown(it)).state], [[], 'ok'])
  assert.match(backupMetrics(it.sql, it.keeper.config.backups ?? [], it.keeper.now()), /^holdfast_backup_ok\{set="shop",store="nas"\} 1$/m)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('3-2-1-1-0 a lock that is read is worth nothing until the hand has seen the store keep one; it is called for that', async (t) => {
  const it = await world(t)
  const copy = copyAt(START - HOUR)
  const list = (): Promise<void> => it.answer({ is: 'listed', identity: 'one', copies: [copy], clock: { is: 'unknown', says: '' }, locks: [{ key: copy.key, etag: copy.etag, lock: { is: 'locked', hold: false, until: instantOf(START + 200 * HOUR), sealed: true, says: '' } }] })
  const point = async (): Promise<unknown> => (await shown(it)).score?.points.find(({ id }) => id === 'immutable')?.found
  const tried = async (lock: Found): Promise<void> => {
    const said = it.keeper.hand.hear({
      is: 'probed', term: 1, store: 'nas', identity: 'one', clock: { is: 'unknown', says: '' }, moves: false, keeps: pass, way: { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true },
      capabilities: { versions: pass, sets_aside: pass, brings_back: pass, conditional_delete: pass, lock, hold: lock, read_only: pass, clock: pass, purges: pass },
    }, it)
    await it.settle()
    await said
  }
  const pass: Found = { is: 'pass' }
  assert.deepEqual(it.keeper.hand.wanted(), [])
  await list()
  assert.equal(await point(), 'unknown', 'what a store only says of itself earns nothing')
  await it.pass(minutes(11))
  assert.deepEqual(it.keeper.hand.wanted(), ['nas'], 'the hand is called to try it out')
  await tried(pass)
  assert.equal(await point(), 'pass')
  assert.match((await shown(it)).score?.says ?? '', /^2-.-.-1-/)
  await it.pass(hours(1))
  assert.deepEqual(it.keeper.hand.wanted(), [], 'and not again')
  await tried({ is: 'fail', says: 'it accepted a lock and then deleted what was locked' })
  assert.equal(await point(), 'fail')
})

test('X-9, W-1 a process that never answers, or a store that cannot be listed, makes a set unknown: people hear it, nobody is accused', async (t) => {
  const often = [set({ every: hours(1) })]
  const silent = await world(t, often)
  await silent.pass(minutes(18))
  assert.doesNotMatch(backupMetrics(silent.sql, silent.keeper.config.backups ?? [], silent.keeper.now()), /^holdfast_backup_ok\{/m)
  assert.deepEqual(silent.open(), [])
  await silent.pass(minutes(8))
  assert.deepEqual([silent.open(), (await shown(silent)).state], [['backup:shop'], 'unknown'])
  const back = await world(t, often)
  back.step(hours(-20))
  await back.pass(minutes(26))
  assert.deepEqual(back.open(), ['backup:shop'], 'X-7 a clock that is set back hides nothing')
  const cut = await world(t)
  await cut.list(copyAt(START - HOUR))
  for (let n = 0; n < 6; n++) {
    await cut.pass(minutes(15))
    await cut.answer({ is: 'not-listed', says: 'connection refused' })
  }
  const now = await shown(cut)
  assert.deepEqual([cut.open(), now.state, now.copies?.length], [['backup:shop'], 'unknown', 1])
  assert.match(now.places[0]?.says ?? '', /cannot be listed: connection refused/)
  await cut.pass(minutes(15))
  await cut.list(copyAt(START - HOUR))
  assert.deepEqual(cut.open(), [])
})

test('X-9 a store that is not there any more is unknown at once, says until when it was, and is looked at again within a minute', async (t) => {
  const it = await world(t)
  const gone: Listed = { is: 'not-listed', says: '/mnt/nas holds no .holdfast-store: nothing is mounted there, or something else is. Mount the store', lost: true }
  await it.answer(gone)
  assert.match((await shown(it)).places[0]?.says ?? '', /Mount the store; where it is new, make its marker there, once$/)
  await it.pass(minutes(2))
  await it.list(copyAt(START - HOUR))
  const until = new Date(it.keeper.now().wall).toISOString().slice(11, 16)
  assert.deepEqual([(await shown(it)).state, it.open()], ['ok', []])
  await it.pass(minutes(15))
  const asked = (): number => new Set(it.tasks.flatMap((one) => (one.is === 'task' && one.task.is === 'list' ? [one.id] : []))).size
  await it.answer(gone)
  const before = asked()
  const { state, copies, places } = await shown(it)
  assert.deepEqual([state, copies?.length, it.open()], ['unknown', 1, ['backup:shop']])
  assert.match(places[0]?.says ?? '', new RegExp(`^it cannot be listed: /mnt/nas holds no .holdfast-store: .*Mount the store; it was there until 20\\S+ ${until} UTC$`), 'and nobody is told how another one would pass for it')
  await it.pass(minutes(1.5))
  assert.equal(asked(), before + 1)
  await it.answer({ is: 'not-listed', says: 'connection refused' })
  assert.equal((await shown(it)).state, 'unknown', 'one that was lost and now does not answer has not come back')
  await it.pass(minutes(5.5))
  await it.answer(gone)
  await it.pass(minutes(1.5))
  await it.list(copyAt(START - HOUR))
  assert.deepEqual([(await shown(it)).state, it.open()], ['ok', []])
  await it.pass(minutes(15))
  await it.answer({ is: 'not-listed', says: 'connection refused' })
  assert.equal((await shown(it)).state, 'ok', 'what was seen a quarter of an hour ago is still worth something')
  const then = asked()
  await it.pass(minutes(5.5))
  assert.equal(asked(), then + 1, 'and it is tried again soon')
})

test('G-12 what vanishes, and what stands under another\'s name, is in the ledger, and its proofs are gone with it', async (t) => {
  const it = await world(t)
  const [old, young] = [copyAt(START - 20 * HOUR), copyAt(START - HOUR)]
  await it.list(old, young)
  void it.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key: old.key, etag: old.etag, rung: 5, says: '', at: tx.now.wall } }))
  await it.settle()
  assert.deepEqual((await shown(it)).copies?.map(({ rung }) => rung), [1, 5])
  await it.pass(minutes(15))
  await it.list({ ...old, etag: 'e2' })
  assert.deepEqual(kinds(it).slice(-3), [`vanished ${old.key}`, `appeared ${old.key}`, `vanished ${young.key}`])
  assert.deepEqual((await shown(it)).copies?.map(({ rung }) => rung), [1])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('story 6: what is due while its source is down accuses nobody; it is told once the source is back', async (t) => {
  const it = await world(t, [set({ of: 'db', every: hours(1), grace: minutes(10) })])
  await it.list(copyAt(START - 60_000))
  await it.look('db', 'fail')
  await it.look('db', 'fail')
  assert.deepEqual(it.open(), ['check:db'])
  for (let n = 0; n < 30; n++) {
    await it.pass(minutes(5))
    await it.look('db', 'fail')
    await it.list(copyAt(START - 60_000))
  }
  assert.deepEqual(it.open(), ['check:db'])
  await it.look('db', 'pass')
  await it.look('db', 'pass')
  await it.pass(minutes(5))
  await it.list(copyAt(START - 60_000))
  assert.deepEqual(it.open(), ['backup:shop'])
})

test('a set that leaves the configuration leaves its incident, and is not asked for any more', async (t) => {
  const it = await world(t)
  await it.list()
  assert.deepEqual(it.open(), ['backup:shop'])
  const before = it.tasks.length
  void it.keeper.configure({ ...it.keeper.config, backups: [] })
  await it.settle()
  await it.pass(minutes(40))
  assert.deepEqual([it.open(), it.tasks.length], [[], before])
  assert.deepEqual((await it.ask('backups.list', {}) as unknown as { body: BackupsAnswer }).body.sets, [])
  assert.equal((await it.ask('backups.show', { set: 'shop' })).status, 404)
})

test('a task that is not answered is dropped, and one for a keeper before this one is nobody\'s', async (t) => {
  const it = await world(t)
  const [first] = it.tasks
  it.keeper.guard.hear({ is: 'task-done', id: 'another', result: { is: 'listed', identity: 'x', copies: [], clock: { is: 'unknown', says: '' } } })
  await it.settle()
  assert.equal((await shown(it)).state, 'new')
  await it.pass(minutes(66))
  assert.deepEqual(it.tasks.find(({ is }) => is === 'drop'), { is: 'drop', id: first?.id })
  const again = it.tasks.length
  it.keeper.guard.opened()
  assert.ok(it.tasks.slice(again).every(({ is }) => is === 'task'))
})

test('G-1 G-7 G-12 what could go is marked, waits, and stands in a plan that says why; a hold keeps it, and what vanished refuses the plan until a person accepts it', async (t) => {
  const it = await world(t, [set({ keep: { daily: 2 } })], { shrink: 86_400 })
  const copies = [0, 1, 2, 3].map((days) => copyAt(START - HOUR - days * 24 * HOUR))
  const planned = async (): Promise<RetentionAnswer['plans'][number]> => {
    const { plans } = (await it.ask('backups.plan', { set: 'shop' }) as unknown as { body: RetentionAnswer }).body
    assert(plans[0])
    return plans[0]
  }
  const again = async (...left: Copy[]): Promise<void> => {
    await it.pass(minutes(15))
    await it.list(...left)
  }
  const going = async (): Promise<string[]> => (await planned()).items.filter(({ act }) => act === 'quarantine').map(({ key }) => key)
  await it.list(...copies)
  for (let n = 0; n < 3; n++) await again(...copies)
  assert.deepEqual(await going(), [], 'G-2 nobody ever read them')
  for (const { key, etag } of copies) void it.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key, etag, rung: 2, says: '', at: tx.now.wall } }))
  await it.settle()
  await again(...copies)
  assert.deepEqual(await going(), [], 'G-7 found superfluous once')
  for (let n = 0; n < 2; n++) await again(...copies)
  const [, , old, oldest] = copies.map(({ key }) => key)
  assert.deepEqual(await going(), [old, oldest])
  assert.equal((await it.ask('backups.hold', { set: 'shop', copy: oldest, reason: 'before the migration' })).status, 200)
  assert.deepEqual(await going(), [old])
  assert.equal((await it.ask('backups.hold', { set: 'shop', copy: 'none', reason: 'x' })).status, 404)
  assert.equal((await it.ask('backups.hold', { set: 'shop', copy: oldest, end: true })).status, 200)
  assert.equal((await it.ask('backups.hold', { set: 'shop', copy: oldest, end: true })).status, 409)
  const left = copies.filter(({ key }) => key !== copies[1]?.key)
  await again(...left)
  const refused = await planned()
  assert.deepEqual([refused.refusals.map(({ id }) => id), refused.refusals[0]?.text.includes(copies[1]?.key ?? '?')], [['vanished'], true])
  assert.deepEqual(it.sql.all<{ subject: string }>(`select json_extract(body, '$.subject') as subject from entry where is_ = 'guard.alarmed'`).map(({ subject }) => subject), ['retention:shop@nas'], 'G-28 people hear of it once')
  await again(...left)
  assert.equal(it.sql.get<{ n: number }>(`select count(*) as n from entry where is_ = 'guard.alarmed'`)?.n, 1)
  assert.match(JSON.stringify(await acceptGone(it, 'moved')), /1 copy is gone/)
  for (let n = 0; n < 3; n++) await again(...left)
  assert.deepEqual([(await planned()).refusals, await going()], [[], [oldest]])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  assert.deepEqual((await it.ask('backups.plan', { set: 'shop', store: 'moon' })).status, 404)
})

test('G-12 a run of today that is repeated stops nothing, once in a month; what was proven or is held is not written anew without a person’s word', async (t) => {
  const copies = [0, 1, 2, 3].map((days) => copyAt(START - HOUR - days * 24 * HOUR))
  const [today] = copies
  assert(today)
  const rest = copies.slice(1)
  const story = async (): Promise<KeeperWorld & { again(etag: string, more?: Partial<Copy>): Promise<{ readonly refused: string[]; readonly today: number | undefined }> }> => {
    const it = await world(t, [set({ keep: { daily: 2 } })], { shrink: 86_400 })
    await it.list(...copies)
    return Object.assign(it, {
      again: async (etag: string, more: Partial<Copy> = {}) => {
        await it.pass(minutes(15))
        await it.list({ ...today, etag, modifiedAt: it.keeper.now().wall, ...more }, ...rest)
        const { plans } = (await it.ask('backups.plan', { set: 'shop' }) as unknown as { body: RetentionAnswer }).body
        return { refused: plans[0]?.refusals.map(({ id }) => id) ?? [], today: (await shown(it)).copies?.[0]?.rung }
      },
    })
  }
  const once = await story()
  assert.deepEqual(await once.again('e2', { bytes: 900 }), { refused: [], today: 1 })
  assert.match(JSON.stringify(once.entries().findLast(({ is }) => is === 'guard.vanished')?.body), /its run was repeated/, 'it stands in the ledger')
  assert.deepEqual(once.open(), [])
  assert.deepEqual((await once.again('e3')).refused, ['vanished'], 'a second time within a month is a person’s to judge')
  assert.match(JSON.stringify(once.entries().findLast(({ is }) => is === 'guard.alarmed')?.body), /holdfast backups accept-gone/, 'which names the act that opens it')
  assert.deepEqual(rebuildLedger(once.sql, once.keeper.store.rooms, { replace: false }).differed, [])
  const proven = await story()
  void proven.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key: today.key, etag: today.etag, rung: 2, says: '', at: tx.now.wall } }))
  await proven.settle()
  assert.deepEqual((await proven.again('e2')).refused, ['vanished'], 'what was read whole')
  const held = await story()
  assert.equal((await held.ask('backups.hold', { set: 'shop', copy: today.key, reason: 'before the migration' })).status, 200)
  assert.deepEqual((await held.again('e2')).refused, ['vanished'], 'what is held')
})

test('G-5 more than goes at once refuses the plan and pages, until a person says for a day that so many may', async (t) => {
  const it = await world(t, [set({ keep: { daily: 2 } })], { shrink: 86_400 })
  const copies = Array.from({ length: 16 }, (_, days) => copyAt(START - HOUR - days * 24 * HOUR))
  const refused = async (): Promise<string[]> => (await it.ask('backups.plan', { set: 'shop' }) as unknown as { body: RetentionAnswer }).body.plans.flatMap(({ refusals }) => refusals.map(({ text }) => text))
  const alarms = (): string[] => it.sql.all<{ says: string }>(`select json_extract(body, '$.says') as says from entry where is_ = 'guard.alarmed'`).map(({ says }) => says)
  await it.list(...copies)
  assert.deepEqual(await refused(), ['nas: 14 copies could go at once, at most 2'])
  assert.deepEqual(alarms(), ['nothing of shop is set aside in nas: nas: 14 copies could go at once, at most 2. If so much may go, a person accepts the number, for a day: holdfast backups accept-most shop nas <number> -m "why"'], 'the page names the cure')
  assert.equal((await it.ask('backups.acceptMost', { set: 'shop', store: 'moon', most: 14, reason: 'x' })).status, 404)
  assert.match(JSON.stringify(await it.ask('backups.acceptMost', { set: 'shop', store: 'nas', most: 14, reason: 'keep is shorter from today on', person: 'ada' })), /accepted that up to 14 copies/)
  assert.deepEqual(await refused(), [])
  assert.equal(alarms().length, 1)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('L-3 a set of many copies is taken in by many turns, and counts only when all of it is', async (t) => {
  const it = await world(t)
  const many = Array.from({ length: 1000 }, (_, n) => copyAt(START - HOUR - n * 60_000))
  const task = it.tasks[0]
  assert(task)
  it.keeper.guard.hear({ is: 'task-done', id: task.id, result: { is: 'listed', identity: 'one', copies: many, clock: { is: 'unknown', says: '' } } })
  it.keeper.cycle()
  assert.equal(it.sql.get<{ n: number }>('select count(*) as n from guard_copy')?.n, 300)
  assert.equal((await shown(it)).state, 'new')
  await it.settle()
  assert.deepEqual([(await shown(it)).copies?.length, (await shown(it)).state], [1000, 'ok'])
  await it.pass(minutes(15))
  await it.list(...many.slice(0, 10))
  await it.settle()
  assert.equal((await shown(it)).copies?.length, 10)
})

test('G-10 what nobody can ask for by its name is told, and what stood when a store was last seen is told as that', async (t) => {
  const it = await world(t)
  await it.answer({ is: 'listed', identity: 'one', copies: [copyAt(START - 30 * HOUR)], clock: { is: 'unknown', says: '' }, odd: { count: 2, shown: ['shop-/../up: its name has a part that is “.” or “..”'] } })
  const at = it.keeper.now().wall
  const [place] = (await shown(it)).places
  assert.deepEqual([place?.odd?.count, place?.unseen, place?.listed_at, place?.state], [2, null, Math.floor(at), 'late'])
  await it.pass(minutes(20))
  await it.answer({ is: 'not-listed', says: 'connection refused' })
  const [now] = (await shown(it)).places
  assert.deepEqual([now?.unseen, now?.listed_at, now?.odd?.count], ['connection refused', Math.floor(at), 2])
  await it.pass(minutes(20))
  await it.list(copyAt(START - 30 * HOUR))
  const [back] = (await shown(it)).places
  assert.deepEqual([back?.unseen, back?.odd], [null, null])
})
