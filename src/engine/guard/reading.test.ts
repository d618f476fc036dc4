// From a promise to a page: copies are read part by part as the rotation says, what was read is proven, what rotted pages, and what nobody could read
// is said to be unknown. A store of bytes in the test's hand answers the tasks.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, type KeeperWorld } from '../../../test/keeper-world.ts'
import { days, hours, instantOf, seconds } from '../../core/time.ts'
import type { PartFound, PartWanted, ToGuard, Verified } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'

const HOUR = 3_600_000
const PART = 64 * 1024 * 1024
const set: BackupSet = { name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern: { text: 'shop-{date}.dump', prefix: 'shop-' } }], every: hours(24 * 365), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1', verify: { allWithin: days(30) } }
const copyOf = (day: number, more: Partial<Copy> = {}): Copy => ({ key: `shop-2026-11-${String(day).padStart(2, '0')}.dump`, etag: `e${day}`, bytes: 3 * PART, modifiedAt: instantOf(Date.parse(`2026-11-${String(day).padStart(2, '0')}T02:00:00Z`)), ...more })

interface World extends KeeperWorld {
  /** Parts that were read since this was last asked. */
  read(): string[]
  readonly rotten: Set<string>
  readonly failing: Set<string>
  list(...copies: Copy[]): Promise<void>
  on(span: number): Promise<void>
  shown(): Promise<BackupSetAnswer>
  away: boolean
  /** What lies in a repository beside its copies. */
  packs: readonly Copy[]
}

async function world(t: TestContext, given: BackupSet = set): Promise<World> {
  const tasks: (ToGuard & { is: 'task' })[] = []
  const it = await keeperWorld(t, { ...configOf([]), backups: [given] }, { toGuard: (message) => (message.is === 'task' && tasks.push(message), true) })
  const read: string[] = []
  let copies: readonly Copy[] = []
  const [rotten, failing] = [new Set<string>(), new Set<string>()]
  const found = ({ key, etag, n, sum }: PartWanted): PartFound => {
    const at = `${key}#${n}`
    read.push(at)
    if (failing.has(at)) return { key, etag, n, is: 'failed', says: 'connection reset' }
    const now = createHash('sha256').update(rotten.has(at) ? `${at} rotten` : at).digest('hex')
    return { key, etag, n, ...(sum === undefined || sum === now ? { is: 'read', sum: now } : { is: 'differs', sum: now }) }
  }
  const work = async (): Promise<void> => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const result = task.task.is === 'list' ? { is: 'listed', identity: 'one', clock: { is: 'unknown', says: '' }, copies: task.task.what === 'everything' ? [...copies, ...self.packs] : copies }
        : self.away || task.task.is !== 'verify' ? { is: 'not-verified', says: 'connection refused' } satisfies Verified : { is: 'verified', parts: task.task.parts.map(found) } satisfies Verified
      it.keeper.guard.hear({ is: 'task-done', id: task.id, result })
      await it.settle()
    }
  }
  const self: World = Object.assign(it, {
    rotten, failing, away: false, packs: [] as readonly Copy[],
    read: () => read.splice(0, read.length).toSorted(),
    async list(...now: Copy[]) {
      copies = now
      await work()
      await self.on(2 * HOUR)
    },
    async on(span: number) {
      for (let left = span, n = 0; left > 0; n++) {
        // Asleep for a while: quicker than to live through it.
        const stride = n < 2 ? hours(1) : hours(6)
        left -= stride
        it.step(stride)
        await it.pass(seconds(1))
        await work()
      }
    },
    shown: async () => (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body,
  })
  await it.pass(seconds(30))
  return self
}

test('G-2 the newest copy is read as soon as it is there, and that is a proof; every part is read again within the promise', async (t) => {
  const it = await world(t)
  await it.list(copyOf(17), copyOf(16))
  assert.deepEqual(it.read().filter((at) => at.startsWith('shop-2026-11-17')), ['shop-2026-11-17.dump#0', 'shop-2026-11-17.dump#1', 'shop-2026-11-17.dump#2'])
  const [newest, older] = (await it.shown()).copies ?? []
  assert.deepEqual([newest?.rung, older?.rung], [2, 1])
  const never = async (): Promise<number | null | undefined> => (await it.shown()).places[0]?.reading?.never_read
  assert.equal(await never(), 3, 'what nobody has read yet is not said to be read')
  const counts = new Map<string, number>()
  for (let day = 0; day < 30; day++) {
    await it.on(24 * HOUR)
    for (const at of it.read()) counts.set(at, (counts.get(at) ?? 0) + 1)
    const isWhole = [0, 1, 2].every((n) => counts.has(`shop-2026-11-16.dump#${n}`))
    assert.equal((await it.shown()).copies?.[1]?.rung, isWhole ? 2 : 1, 'proven when the last part was read, not the first')
  }
  assert.deepEqual([...counts.keys()].toSorted(), [16, 17].flatMap((day) => [0, 1, 2].map((n) => `shop-2026-11-${day}.dump#${n}`)))
  assert([...counts.values()].every((n) => n <= 2))
  const after = await it.shown()
  assert.deepEqual(after.copies?.map(({ rung }) => rung), [2, 2])
  assert.equal(await never(), 0)
  const oldest = after.places[0]?.reading?.oldest_unread
  assert(typeof oldest === 'number' && it.keeper.now().wall - oldest <= days(30))
  assert.deepEqual(it.open(), [])
})

test('what rotted under the same name and version pages, counts no more, and loses its proof; right bytes end it', async (t) => {
  const it = await world(t)
  await it.list(copyOf(17))
  assert.deepEqual((await it.shown()).copies?.map(({ rung, counted }) => [rung, counted]), [[2, true]])
  it.rotten.add('shop-2026-11-17.dump#1')
  await it.on(31 * 24 * HOUR)
  const damaged = await it.shown()
  assert.deepEqual([it.open(), damaged.state, damaged.places[0]?.reading?.damaged], [['backup:shop'], 'unreadable', 1])
  assert.match(damaged.places[0]?.says ?? '', /^damaged: its bytes at 64–128 MiB are not those of when it was first read \(shop-2026-11-17\.dump\)$/)
  assert.deepEqual(damaged.copies?.map(({ rung, counted }) => [rung, counted]), [[0, false]])
  assert.equal(it.entries().filter(({ is }) => is === 'guard.disproved').length, 1, 'said once')
  it.rotten.clear()
  assert.equal((await it.ask('backups.verify', { set: 'shop', all: true })).status, 200)
  await it.on(2 * HOUR)
  assert.deepEqual([it.open(), (await it.shown()).copies?.map(({ rung }) => rung)], [[], [2]])
})

test('X-9 what cannot be read is not known: nothing is proven, nobody is accused, and a broken promise is told', async (t) => {
  const it = await world(t)
  it.failing.add('shop-2026-11-17.dump#2')
  await it.list(copyOf(17))
  await it.on(2 * HOUR)
  const once = await it.shown()
  assert.deepEqual([once.state, it.open(), once.copies?.map(({ rung, counted }) => [rung, counted])], ['unknown', ['backup:shop'], [[1, true]]])
  assert.match(once.places[0]?.says ?? '', /could not be read, \d+ times: connection reset/)
  assert.deepEqual([once.places[0]?.reading?.never_read, once.places[0]?.reading?.failing], [1, 'connection reset'])
  it.failing.clear()
  await it.on(2 * HOUR)
  assert.deepEqual([it.open(), (await it.shown()).copies?.map(({ rung }) => rung)], [[], [2]])
  it.away = true
  await it.on(29 * 24 * HOUR)
  assert.deepEqual(it.open(), [])
  await it.on(2 * 24 * HOUR)
  assert.deepEqual(it.open(), ['backup:shop'])
  assert.match((await it.shown()).places[0]?.says ?? '', /not all of it was read for 30 d.* \(shop-2026-11-17\.dump\)/)
  it.away = false
  await it.on(2 * HOUR)
  assert.deepEqual(it.open(), [])
})

test('another copy under the same name is read anew; without a promise nothing is read', async (t) => {
  const it = await world(t)
  await it.list(copyOf(17))
  it.read()
  await it.list(copyOf(17, { etag: 'other' }))
  assert.equal(it.read().length, 3)
  const { verify, ...rest } = set
  assert(verify)
  void it.keeper.configure({ ...it.keeper.config, backups: [rest] })
  await it.settle()
  await it.on(40 * 24 * HOUR)
  assert.deepEqual(it.read(), [])
  assert.deepEqual((await it.ask('backups.verify', { set: 'shop' })).status, 409)
  assert.equal((await it.shown()).places[0]?.reading, null)
})


test('of a repository everything is read, for all of its copies together; one rotten pack takes the proof of each', async (t) => {
  const it = await world(t, { ...set, name: 'shop', engine: 'restic', in: [{ store: 'nas', pattern: { text: 'restic/snapshots/{any}', prefix: 'restic/snapshots/' }, repository: 'restic/' }] })
  const pack = (n: number): Copy => ({ key: `restic/data/p${n}`, etag: `p${n}`, bytes: 1000 + n, modifiedAt: instantOf(1) })
  const snapshot = (n: number): Copy => ({ key: `restic/snapshots/s${n}`, etag: `s${n}`, bytes: 300, modifiedAt: copyOf(17).modifiedAt })
  it.packs = Array.from({ length: 2100 }, (_, n) => pack(n))
  await it.list(snapshot(1))
  assert.equal((await it.shown()).places[0]?.reading?.parts, 2101)
  await it.on(23 * 24 * HOUR)
  assert.deepEqual((await it.shown()).copies?.map(({ rung }) => rung), [2])
  assert.deepEqual(it.open(), [])
  it.read()
  it.packs = [...it.packs, pack(9000)]
  await it.list(snapshot(1), snapshot(2))
  assert(it.read().includes('restic/data/p9000#0'), 'what is new is read at once')
  assert.deepEqual((await it.shown()).copies?.map(({ rung }) => rung), [2, 2])
  it.rotten.add('restic/data/p7#0')
  assert.equal((await it.ask('backups.verify', { set: 'shop', all: true })).status, 200)
  await it.on(HOUR)
  const damaged = await it.shown()
  assert.deepEqual([damaged.state, damaged.copies?.map(({ rung, counted }) => [rung, counted])], ['unreadable', [[0, false], [0, false]]])
  assert.match(damaged.places[0]?.says ?? '', /^damaged: its bytes are not those of when it was first read \(restic\/data\/p7\)$/)
})
