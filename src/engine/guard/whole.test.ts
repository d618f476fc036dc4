// A bucket that is itself the copy, from its listing to a page: how much lies there, how old the newest write is, how far it is read; and a person who
// says that less is right.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, type KeeperWorld } from '../../../test/keeper-world.ts'
import { days, hours, instantOf, minutes, seconds, type Instant } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { DrillReport } from '../../rooms/guard/drills/report.ts'
import { loadReports, saveReport } from '../../rooms/guard/drills/rows.ts'
import type { DrillTask, Listed, ToGuard, Walked, WalkTask } from '../../rooms/guard/protocol.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { BackupPlaceAnswer, BackupSetAnswer } from '../../views/backups.ts'

const set: BackupSet = { name: 'media', engine: 'objects', in: [{ store: 'offsite', pattern: { text: 'media/', prefix: 'media/' }, objects: 'media/' }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1', verify: { allWithin: days(10) } }

interface World extends KeeperWorld {
  objects: number
  newest: Instant
  walked: Partial<Walked & { readonly is: 'walked' }>
  readonly walks: WalkTask[]
  drilled: Partial<DrillReport>
  readonly drills: DrillTask[]
  on(span: number): Promise<void>
  place(): Promise<BackupPlaceAnswer>
}

async function world(t: TestContext, given: BackupSet = set): Promise<World> {
  // An answer comes before its time is over, and after it was asked for.
  const toGuard = (message: ToGuard): boolean => {
    if (message.is === 'task') setImmediate(() => it.keeper.guard.hear({ is: 'task-done', id: message.id, result: answer(message) }))
    return true
  }
  const it = await keeperWorld(t, { ...configOf([]), backups: [given] }, { toGuard })
  const answer = (task: ToGuard & { is: 'task' }): Listed | Walked | DrillReport => {
    if (task.task.is === 'drill') {
      self.drills.push(task.task)
      return reportOf(task.task, self.drilled)
    }
    if (task.task.is === 'list') {
      return { is: 'listed', identity: 'one', clock: { is: 'unknown', says: '' }, whole: { objects: self.objects, odd: 0, versioning: 'enabled', lock: 'off' }, copies: self.objects === 0 ? [] : [{ key: 'media/', etag: 'whole', bytes: self.objects * 1000, modifiedAt: self.newest }] }
    }
    assert(task.task.is === 'walk')
    self.walks.push(task.task)
    const size = { objects: self.objects, bytes: self.objects * 1000 }
    return { is: 'walked', began: task.task.passed, done: true, ...size, of: size, left: { objects: 0, bytes: 0 }, damaged: 0, failed: 0, faults: [], stuck: false, ...self.walked }
  }
  const self: World = Object.assign(it, {
    objects: 1000, newest: instantOf(0), walked: {}, walks: [] as WalkTask[], drilled: {}, drills: [] as DrillTask[],
    async on(span: number) {
      // Asleep for a while: quicker than to live through it.
      for (let left = span; left > 0; left -= hours(6)) {
        it.step(hours(Math.min(6, left / hours(1))))
        await it.pass(seconds(1))
        await new Promise((resolve) => void setImmediate(resolve))
        await it.settle()
      }
    },
    async place() {
      const [place] = ((await it.ask('backups.show', { set: 'media' })).body as BackupSetAnswer).places
      return place ?? assert.fail('it lies somewhere')
    },
  })
  self.newest = it.keeper.now().wall
  await it.pass(seconds(30))
  return self
}

const reportOf = ({ set: name, store, copy, at }: DrillTask, more: Partial<DrillReport>): DrillReport => ({
  schema: 'holdfast.drill/1', set: name, store, copy: copy.key, engine: 'objects', copy_at: at, at, verdict: 'passed', rung: 1, says: '3 of 1,000 objects', phases: [], asserts: [], engine_said: '', torn_down: true, bytes: 1000, etag: copy.etag, sha256: '', ...more,
})

const fresh = (it: World): void => void (it.newest = it.keeper.now().wall)

test('G-2 a bucket is listed, measured and judged; what shrinks, stands still or is emptied is told, and a person may say that less is right', async (t) => {
  const it = await world(t)
  for (let day = 0; day < 5; day++) {
    fresh(it)
    it.objects += 10
    await it.on(days(1))
  }
  const first = await it.place()
  assert.deepEqual([first.state, first.copies, first.whole?.objects, first.whole?.versioning, first.newest?.bytes], ['ok', 1, 1050, 'enabled', 1_050_000])
  const measured = it.entries().filter(({ is }) => is === 'guard.measured').length
  assert(measured >= 5 && measured <= 12, `an entry where it changed, or a day is over: ${measured}`)
  fresh(it)
  it.objects = 300
  await it.on(hours(12))
  const small = await it.place()
  assert.deepEqual([small.state, small.newest], ['shrunken', null])
  assert.match(small.says, /300 objects where 1,0\d0 objects are usual/)
  assert(it.entries().some(({ is, body }) => is === 'guard.turned' && (body as { to: string }).to === 'shrunken'))
  assert.match(JSON.stringify((await it.ask('backups.acceptGone', { set: 'media', store: 'offsite', reason: 'the old year was moved', person: 'ada' })).body), /measured by what lies there now/)
  assert.equal((await it.place()).state, 'ok')
  fresh(it)
  await it.on(days(2))
  assert.equal((await it.place()).state, 'late')
  it.objects = 0
  await it.on(hours(12))
  assert.deepEqual([(await it.place()).state, (await it.place()).copies], ['missing', 0])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 every object is read: proven as of when its round began, damage pages and voids the proof, a promise that no round has kept is unproven', async (t) => {
  const it = await world(t)
  await it.on(days(1))
  const at = it.keeper.now().wall
  fresh(it)
  it.walked = { whole: { began: it.walks[0]?.passed ?? assert.fail('it is read'), at, objects: 1000 } }
  await it.on(hours(12))
  const proven = await it.place()
  assert.deepEqual([proven.newest?.rung, proven.newest?.proven_at, proven.reading?.oldest_unread, proven.reading?.parts], [2, at, at, 1000])
  await it.pass(seconds(2))
  const asked = (await it.ask('backups.verify', { set: 'media', all: true })).body as BackupSetAnswer
  assert.equal(asked.places[0]?.reading?.due, 1000, 'asked for, and not begun')
  await it.on(hours(1))
  assert(it.walks.some(({ hurry }) => hurry !== undefined))
  assert.equal((await it.place()).reading?.due, 0)
  it.walked = { ...it.walked, damaged: 2, faults: [{ key: 'media/a', etag: 'e', is: 'differs', says: 'its bytes are not those of when it was first read', times: 1 }] }
  fresh(it)
  await it.on(hours(12))
  const rotten = await it.place()
  assert.equal(rotten.state, 'unreadable')
  assert.match(rotten.says, /media\/a is damaged: .*, and so are 1 more/)
  assert(it.entries().some(({ is }) => is === 'guard.disproved'))
  it.walked = { ...it.walked, damaged: 0, faults: [] }
  for (let day = 0; day < 11; day++) {
    fresh(it)
    await it.on(days(1))
  }
  assert.equal((await it.place()).state, 'unproven')
  assert.match((await it.place()).says, /nobody read all of its objects/)
})

test('X-9 how long a part took says nothing of how long the whole takes: nobody is paged by it; a drill of all of it says it', async (t) => {
  const it = await world(t, { ...set, rto: hours(1), drill: { every: days(300), assert: [] } })
  await it.on(hours(1))
  const sample = { objects: 10, bytes: 1e4, of: { objects: 1000, bytes: 1e6 }, seed: 's', wrong: [] }
  const drill = async (more: Partial<DrillReport>): Promise<readonly unknown[]> => {
    it.drilled = { phases: [{ name: 'fetch', ms: minutes(5) }], bytes: 1e4, ...more }
    await it.ask('backups.drill', { set: 'media' })
    await new Promise((resolve) => void setImmediate(resolve))
    await it.settle()
    return [((await it.ask('backups.show', { set: 'media' })).body as BackupSetAnswer).rto?.p95, (await it.place()).state]
  }
  assert.deepEqual(await drill({ sample }), [undefined, 'ok'])
  assert.deepEqual(await drill({ bytes: 1e6, sample: { ...sample, objects: 1000, bytes: 1e6 } }), [minutes(5), 'ok'])
})

test('G-2 what a drill of a bucket found wrong is drawn again until it is right: one that draws others does not end it', async (t) => {
  const it = await world(t, { ...set, drill: { every: days(300), assert: [] } })
  await it.on(hours(1))
  it.drills.length = 0
  const drill = async (more: Partial<DrillReport>): Promise<readonly unknown[]> => {
    it.drilled = more
    const { status } = await it.ask('backups.drill', { set: 'media' })
    assert.equal(status, 200)
    await new Promise((resolve) => void setImmediate(resolve))
    await it.settle()
    const { whole } = it.drills.at(-1) ?? assert.fail('a drill was asked for')
    return [whole?.again, (await it.place()).state]
  }
  const sample = { objects: 3, bytes: 30, of: { objects: 1000, bytes: 1e6 }, seed: 's' }
  assert.deepEqual(await drill({ sample: { ...sample, wrong: [] } }), [[], 'ok'])
  assert.equal(it.drills[0]?.whole?.identity, 'one')
  assert.deepEqual(await drill({ verdict: 'failed', says: 'bytes', sample: { ...sample, wrong: ['media/7'] } }), [[], 'unreadable'])
  assert.deepEqual(await drill({ verdict: 'unknown', says: 'the store is away' }), [['media/7'], 'unreadable'])
  assert.deepEqual(await drill({ sample: { ...sample, wrong: [] } }), [['media/7'], 'ok'])
  assert.deepEqual(await drill({ sample: { ...sample, wrong: [] } }), [[], 'ok'])
  assert.equal(new Set(it.drills.map(({ whole }) => whole?.seed)).size, it.drills.length, 'each draws anew')
  await drill({ verdict: 'failed', says: 'bytes', sample: { ...sample, seed: 'many', wrong: ['media/7'], more: 200 } })
  await drill({ sample: { ...sample, wrong: [] } })
  assert.equal(it.drills.at(-1)?.whole?.seed, 'many', 'of more than could be named the same is drawn again')
  await drill({ verdict: 'unknown', says: 'some went', sample: { ...sample, wrong: ['media/8'] } })
  await drill({ verdict: 'unknown', says: 'the store is away' })
  assert.deepEqual(it.drills.at(-1)?.whole?.again, ['media/8'], 'what an unknown drill left open stays open')
  // Of another store, or of nothing at all: so many that none before them is kept for its own sake.
  const [report] = loadReports(it.sql, 'media', 1)
  assert(report)
  void it.keeper.engine.turn('report', (tx) => { for (let n = 0; n < 101; n++) saveReport(tx, report.report) })
  await it.settle()
  await drill({ sample: { ...sample, wrong: [] } })
  assert.deepEqual(it.drills.at(-1)?.whole?.again, ['media/8'], 'nor does it go with what came to nothing since')
  const [copy] = ((await it.ask('backups.show', { set: 'media' })).body as BackupSetAnswer).copies ?? []
  assert.equal(copy?.rung, 1, 'a part proves no rung of the whole')
  await it.ask('backups.drill', { set: 'media', planted: true })
  await new Promise((resolve) => void setImmediate(resolve))
  assert.equal(it.drills.at(-1)?.planted, true, 'what passed is spoilt, though no rung of the whole was proven')
})
