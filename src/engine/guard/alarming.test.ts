// Alarms of the guard, from what it states to who is rung: what is worse, or another cause, reaches whoever has the incident; what vanished without a rule
// pages within one scan; a silence hides no backup; all findings of a set are one incident.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { acceptGone } from '../../../test/guard/accept-gone.ts'
import { checkOf, configOf, keeperWorld, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { days, hours, instantOf, minutes, seconds } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { Listed } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import { readPattern, type Pattern } from '../../rooms/guard/sets/pattern.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { keeperMetrics } from '../../views/metrics.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'
import type { PageBody } from '../../ports/channel.ts'
import type { IncidentAnswer } from '../../views/answers.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const pattern = readPattern('shop-{date}.dump') as Pattern
const set = (more: Partial<BackupSet> = {}): BackupSet => ({ name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1', ...more })
const copyAt = (at: number, more: Partial<Copy> = {}): Copy => ({ key: `shop-${new Date(at).toISOString().slice(0, 10)}.dump`, etag: 'e1', bytes: 1000, modifiedAt: instantOf(at), ...more })
/** The copies of so many days, the newest first. */
const daily = (n: number, from = START - HOUR): Copy[] => Array.from({ length: n }, (_, i) => copyAt(from - i * DAY))

interface World extends KeeperWorld {
  list(copies: readonly Copy[], identity?: string): Promise<void>
  alarm(body: Record<string, unknown>): Promise<void>
  turned(findings: readonly (readonly [side: string, says: string])[]): Promise<void>
  /** A quarter of an hour, by the wall clock alone: another listing is due. */
  later(): Promise<void>
  rings(): number
  incident(): Promise<IncidentAnswer>
  shown(): Promise<BackupSetAnswer>
}

async function world(t: TestContext, more: Partial<BackupSet> = {}): Promise<World> {
  const tasks: { id: string; task: unknown }[] = []
  const config = { ...configOf(more.of === 'db' ? [checkOf('db', { unknownAfter: hours(24) })] : []), backups: [set(more)] }
  // A page that cannot be written down at all would ring on at once.
  const it = await keeperWorld(t, config, { render: () => ({ key: 'k', thread: 't', to: { name: 'Ada' }, title: 't', body: {} as PageBody }), toGuard: (message) => (message.is === 'task' && tasks.push(message), true) })
  const turn = async (is: string, body: Record<string, unknown>): Promise<void> => {
    void it.keeper.engine.turn('t', (tx) => void tx.append({ is, stream: 't', body: { ...body, at: tx.now.wall } }))
    await it.settle()
  }
  return Object.assign(it, {
    async list(copies: readonly Copy[], identity = 'one') {
      const task = tasks.findLast(({ task: one }) => (one as { is: string }).is === 'list')
      assert(task, 'a listing was asked for')
      const result: Listed = { is: 'listed', identity, copies, clock: { is: 'read', at: it.keeper.now().wall, ahead: { least: -500, most: 1500 } } }
      it.keeper.guard.hear({ is: 'task-done', id: task.id, result })
      await it.settle()
    },
    alarm: (body: Record<string, unknown>) => turn('guard.alarmed', { subject: 'retention:shop@nas', title: 'shop: nothing more may go', escalate: 'default', ...body }),
    turned: (findings: readonly (readonly [string, string])[]) =>
      turn('guard.turned', { set: 'shop', store: 'nas', from: 'ok', to: findings[0]?.[0] ?? 'ok', says: findings.map(([, says]) => says).join('; '), findings: findings.map(([side, says]) => ({ side, says })), of: '', root: '', escalate: 'default' }),
    async later() {
      it.step(minutes(16))
      await it.pass(seconds(1))
    },
    rings: () => it.sql.get<{ n: number }>(`select count(*) as n from deed where what = 'page.ring' and json_extract(body, '$.event') = 'page'`)?.n ?? 0,
    incident: async () => (await it.ask('incidents.show', { incident: '1' }) as unknown as { body: IncidentAnswer }).body,
    shown: async () => (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body,
  })
}

async function take(it: World): Promise<void> {
  const { id } = await it.incident()
  void it.keeper.engine.turn('ack', (tx) => void it.keeper.rooms.page.event(tx, id, { is: 'acked', by: 'ada', via: 'link' }, { by: 'ada', via: 'link' }))
  await it.settle()
}

test('G-28 another cause of what somebody has taken is told in the incident and rings them; the same cause is one incident, and rings again after a week', async (t) => {
  const it = await world(t)
  await it.alarm({ says: '14 copies could go at once', cause: 'limit', weight: 1 })
  assert.deepEqual([it.open(), it.rings()], [['retention:shop@nas'], 1])
  await take(it)
  await it.alarm({ says: '15 copies could go at once', cause: 'limit', weight: 1 })
  assert.deepEqual([it.open().length, it.rings(), (await it.incident()).state], [1, 1, 'acknowledged'], 'the same cause disturbs nobody')
  await it.alarm({ says: '3 copies are gone, and it was not Holdfast', cause: 'vanished', weight: 3 })
  const now = await it.incident()
  assert.deepEqual([it.open().length, it.rings(), now.state], [1, 2, 'open'])
  assert.match(now.says, /^3 copies are gone, and it was not Holdfast; 1[45] copies could go/)
  assert.ok(now.timeline.some(({ is, says }) => is === 'incident.found' && says.startsWith('3 copies are gone')))
  await take(it)
  await it.alarm({ says: '3 copies are gone, and it was not Holdfast', cause: 'vanished', weight: 3 })
  assert.equal(it.rings(), 2)
  it.step(days(8))
  await it.pass(seconds(1))
  await take(it)
  const before = it.rings()
  await it.alarm({ says: '3 copies are gone, and it was not Holdfast', cause: 'vanished', weight: 3 })
  assert.equal(it.rings(), before + 1, 'what stays is told again after a week')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('all findings of a set are one incident, the worst first; what is more urgent rings although it rings already, and who took less is rung', async (t) => {
  const it = await world(t)
  await it.turned([['shrunken', 'it has 3 KiB where 20 KiB are usual']])
  assert.equal(it.rings(), 1)
  await it.turned([['unreadable', 'pg_restore could not read it'], ['shrunken', 'it has 3 KiB where 20 KiB are usual']])
  const ringing = await it.incident()
  assert.deepEqual([it.open(), it.rings(), ringing.title], [['backup:shop'], 2, 'shop: backup cannot be restored'])
  assert.match(ringing.says, /^in nas: pg_restore could not read it; in nas: it has 3 KiB/)
  await take(it)
  await it.turned([['unreadable', 'pg_restore could not read it'], ['late', 'it is 2 d old']])
  assert.deepEqual([it.rings(), (await it.incident()).state], [3, 'open'])
  await it.turned([['late', 'it is 2 d old']])
  assert.equal((await it.incident()).title, 'shop: backup late', 'what is over gives no name any more')
  await it.turned([])
  assert.deepEqual([it.open(), it.rings()], [[], 3])
})

test('an unreadable copy is told while the set is shrunken already', async (t) => {
  const it = await world(t, { drill: { every: hours(24), assert: [] } })
  const copies = [copyAt(START - HOUR, { bytes: 10 }), ...daily(5, START - DAY - HOUR)]
  await it.list(copies)
  assert.equal((await it.shown()).state, 'shrunken')
  const { key, etag } = copies[1] ?? assert.fail()
  void it.keeper.engine.turn('t', (tx) => void tx.append({ is: 'guard.drilled', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key, etag, verdict: 'failed', rung: 1, says: 'pg_restore: unexpected end of file', report: {}, at: tx.now.wall } }))
  await it.settle()
  await it.later()
  await it.list(copies)
  const [place] = (await it.shown()).places
  assert.equal(place?.state, 'unreadable')
  assert.match(place?.says ?? '', /unexpected end of file.*besides, of the newest copy, it has 10 B/)
  assert.deepEqual(it.open(), ['backup:shop'])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-12 what whoever rotates a set takes away is in the ledger and pages nobody; anything more pages within one scan', async (t) => {
  const it = await world(t)
  const kept = 10
  let at = START - HOUR
  await it.list(daily(kept, at))
  for (let n = 0; n < 3; n++) {
    await it.later()
    it.step(hours(24))
    at += DAY
    await it.list(daily(kept, at))
    assert.deepEqual(it.open(), [], `one goes for one that comes: day ${n}`)
  }
  await it.later()
  await it.list(daily(kept - 1, at))
  assert.deepEqual(it.open(), [], 'who takes it away before the next one comes')
  await it.later()
  await it.list(daily(kept - 2, at))
  assert.deepEqual(it.open(), ['backup:shop'])
  assert.match((await it.incident()).says, /is gone, more than new ones came; Holdfast took none away/)
  assert.match(JSON.stringify(await acceptGone(it, 'shorter from now on')), /1 copy is gone/)
  assert.deepEqual(it.open(), [])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-12 the newest copy, the last that was proven, many at once, and other bytes under an old name page; what is back ends it', async (t) => {
  const copies = daily(10)
  const after = async (left: readonly Copy[], prove?: Copy): Promise<World> => {
    const it = await world(t)
    await it.list(copies)
    if (prove) void it.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key: prove.key, etag: prove.etag, rung: 4, says: '', at: tx.now.wall } }))
    await it.settle()
    await it.later()
    await it.list(left)
    return it
  }
  const [newest, , , , , middle, , , , oldest] = copies
  assert(newest && middle && oldest)
  const quiet = await after(copies.filter((it) => it !== oldest))
  assert.deepEqual(quiet.open(), [])
  const without = await after(copies.filter((it) => it !== newest))
  assert.match((await without.incident()).says, /the newest copy, .* is gone and no newer one came/)
  await without.later()
  await without.list(copies)
  assert.deepEqual(without.open(), [], 'a listing that did not show it yet')
  assert.match((await (await after(copies.filter((it) => it !== middle), middle)).incident()).says, /the last copy that was read or restored/)
  assert.deepEqual((await after(copies.filter((it) => it !== oldest), oldest)).open(), [], 'it was its turn, read or not')
  assert.match((await (await after(copies.slice(0, 3))).incident()).says, /and 6 more are gone, more than new ones came/)
  assert.match((await (await after(copies.map((it) => (it === oldest ? { ...it, etag: 'e2' } : it)))).incident()).says, /other bytes lie under the name of/)
  assert.deepEqual((await after(copies.map((it) => (it === newest ? { ...it, etag: 'e2', bytes: 1001 } : it)))).open(), [], 'a run that was repeated')
})

test('G-6, G-12 what lies in another store says nothing of this one: nothing is missed, nothing is forgotten, and a person may say that it moved', async (t) => {
  const it = await world(t, { every: minutes(10), grace: days(3) })
  await it.list(daily(5))
  await it.later()
  await it.list([], 'two')
  const now = await it.shown()
  assert.deepEqual([now.copies?.length, now.state, it.open()], [5, 'unknown', ['backup:shop']], 'at once: what was listed before says nothing of it')
  for (let n = 0; n < 3; n++) {
    await it.pass(seconds(90))
    await it.list([copyAt(START - HOUR, { etag: 'other' })], 'two')
  }
  assert.deepEqual([(await it.shown()).state, it.open()], ['unknown', ['backup:shop']])
  assert.match((await it.incident()).says, /another store than before/)
  assert.equal((await acceptGone(it, 'moved to the new bucket')).status, 200)
  await it.later()
  await it.list([copyAt(START - HOUR, { etag: 'other' })], 'two')
  assert.deepEqual([(await it.shown()).state, (await it.shown()).copies?.length, it.open()], ['ok', 1, []])
})

test('W-9, G-14 a source that is down excuses a late backup for as long as people hear of it: a silenced or paused one excuses nothing', async (t) => {
  const it = await world(t, { of: 'db', every: hours(1), grace: minutes(10) })
  await it.list([copyAt(START - 60_000)])
  await it.look('db', 'fail')
  await it.look('db', 'fail')
  assert.deepEqual(it.open(), ['check:db'])
  const goOn = async (): Promise<void> => {
    it.step(hours(2))
    await it.pass(seconds(70))
    await it.look('db', 'fail')
    await it.list([copyAt(START - 60_000)])
  }
  await goOn()
  assert.deepEqual(it.open(), ['check:db'])
  assert.equal((await it.ask('checks.silence', { name: 'db', for: '8h', reason: 'known' })).status, 200)
  await goOn()
  assert.deepEqual(it.open(), ['backup:shop'])
  void it.keeper.engine.turn('t', (tx) => void tx.append({ is: 'watch.paused', stream: 'check:db', body: { check: 'db', by: 'ada', reason: '', at: tx.now.wall } }))
  await it.settle()
  assert.equal(it.sql.get('select 1 as one from guard_down'), undefined, 'nobody knows whether it is down')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('an act whose outcome stays unknown for half an hour is counted and paged once, whether a hand looks or not; known, it is over', async (t) => {
  const it = await world(t)
  const life = async (to: Record<string, unknown>): Promise<void> => {
    void it.keeper.engine.turn('t', (tx) => void tx.append({ is: 'guard.intended', stream: 'obj_1', body: { reconcile: 'saves', key: '61', life: to, plan: 'plan_1', at: tx.now.wall, lived: 0 } }))
    await it.settle()
  }
  await life({ is: 'leaving', begun: { wall: START, lived: 0 } })
  it.step(minutes(20))
  await it.pass(seconds(31))
  assert.deepEqual(it.open().filter((one) => one.startsWith('reconcile')), [])
  it.step(minutes(15))
  await it.pass(seconds(1))
  assert.deepEqual(it.open().filter((one) => one.startsWith('reconcile')), ['reconcile:saves/doubt'])
  for (let n = 0; n < 3; n++) {
    it.step(minutes(6))
    await it.pass(seconds(1))
  }
  assert.equal(it.entries().filter(({ is }) => is === 'guard.alarmed').length, 1)
  assert.match(keeperMetrics(it.sql, it.keeper.watcher, it.keeper.now()), /^holdfast_acts_in_doubt 1$/m)
  await life({ is: 'aside' })
  assert.match(keeperMetrics(it.sql, it.keeper.watcher, it.keeper.now()), /^holdfast_acts_in_doubt 0$/m)
})
