// A bucket that is itself the copy, from its listing to a page: how much lies there, how old the newest write is, how far it is read; and a person who
// says that less is right.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, type KeeperWorld } from '../../../test/keeper-world.ts'
import { days, hours, instantOf, seconds, type Instant } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import type { Listed, ToGuard, Walked, WalkTask } from '../../rooms/guard/protocol.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { BackupPlaceAnswer, BackupSetAnswer } from '../../views/backups.ts'

const set: BackupSet = { name: 'media', engine: 'objects', in: [{ store: 'offsite', pattern: { text: 'media/', prefix: 'media/' }, objects: 'media/' }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1', verify: { allWithin: days(10) } }

interface World extends KeeperWorld {
  objects: number
  newest: Instant
  walked: Partial<Walked & { readonly is: 'walked' }>
  readonly walks: WalkTask[]
  on(span: number): Promise<void>
  place(): Promise<BackupPlaceAnswer>
}

async function world(t: TestContext): Promise<World> {
  // An answer comes before its time is over, and after it was asked for.
  const toGuard = (message: ToGuard): boolean => {
    if (message.is === 'task') setImmediate(() => it.keeper.guard.hear({ is: 'task-done', id: message.id, result: answer(message) }))
    return true
  }
  const it = await keeperWorld(t, { ...configOf([]), backups: [set] }, { toGuard })
  const answer = (task: ToGuard & { is: 'task' }): Listed | Walked => {
    if (task.task.is === 'list') {
      return { is: 'listed', identity: 'one', clock: { is: 'unknown', says: '' }, whole: { objects: self.objects, odd: 0, versioning: 'enabled', lock: 'off' }, copies: self.objects === 0 ? [] : [{ key: 'media/', etag: 'whole', bytes: self.objects * 1000, modifiedAt: self.newest }] }
    }
    assert(task.task.is === 'walk')
    self.walks.push(task.task)
    const size = { objects: self.objects, bytes: self.objects * 1000 }
    return { is: 'walked', began: task.task.passed, done: true, ...size, of: size, left: { objects: 0, bytes: 0 }, damaged: 0, failed: 0, faults: [], stuck: false, ...self.walked }
  }
  const self: World = Object.assign(it, {
    objects: 1000, newest: instantOf(0), walked: {}, walks: [] as WalkTask[],
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
