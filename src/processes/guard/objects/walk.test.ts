// Reading a bucket that is itself the copy: every object within the promise, what rots is found, what fails is tried again, and a process that is killed
// goes on behind what it had read. The store is in memory, the clock in the test's hand.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { days, hours, instantOf, ms, tickOf, type Span } from '../../../core/time.ts'
import type { Reading } from '../../../ports/store.ts'
import { compareKeys } from '../../../ports/store/key.ts'
import type { Walked } from '../../../rooms/guard/protocol.ts'
import type { GuardContext } from '../context.ts'
import { listWhole } from './listing.ts'
import { walkObjects } from './walk.ts'

const never = new AbortController().signal
const ALL_WITHIN = days(30)

interface World {
  /** Names, each with its bytes. */
  readonly objects: Map<string, { bytes: string; etag: string }>
  readonly failing: Set<string>
  /** Listed, and not there. */
  readonly phantoms: Set<string>
  /** What was read to its end, and when. */
  readonly reads: { readonly key: string; readonly at: number }[]
  at: number
  identity: string
  list(): Promise<Awaited<ReturnType<typeof listWhole>>>
  walk(hurry?: Span): Promise<Walked & { readonly is: 'walked' }>
  readonly folder: string
}

function world(t: TestContext): World {
  const folder = mkdtempSync(path.join(tmpdir(), 'walk-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const absent = (): never => assert.fail('nobody asks for it')
  const reading: Reading = {
    identify: () => Promise.resolve({ kind: 'memory', id: it.identity, says: it.identity }), declared: () => Promise.resolve({ versioning: 'enabled', lock: 'off', noncurrent: { is: 'for ever' } }),
    clock: () => Promise.resolve({ is: 'unknown', says: '' }), uploads: absent, head: absent, lock: absent, tags: absent,
    page({ prefix, cursor, after, most }) {
      const keys = [...it.objects.keys()].filter((key) => key.startsWith(prefix) && compareKeys(key, cursor ?? after ?? '') > 0).sort(compareKeys)
      const items = keys.slice(0, Math.min(most, 7)).map((key) => ({ is: 'version' as const, key, latest: true, etag: it.objects.get(key)?.etag ?? '', bytes: it.objects.get(key)?.bytes.length ?? 0, modifiedAt: instantOf(it.at) }))
      return Promise.resolve({ items, ...(keys.length > items.length && items.length > 0 ? { next: items.at(-1)?.key ?? '' } : {}) })
    },
    read({ key, etag, from, bytes }) {
      if (it.failing.has(key)) return Promise.reject(new Fault('connection reset', 'later'))
      const object = it.phantoms.has(key) ? undefined : it.objects.get(key)
      if (object?.etag !== etag) return Promise.resolve({ is: 'absent', says: 'not there' })
      it.reads.push({ key, at: it.at })
      return Promise.resolve({ is: 'read', bytes: Buffer.from(object.bytes).subarray(from, from + bytes) })
    },
  }
  const context: GuardContext = { reading: () => reading, now: () => ({ wall: instantOf(it.at), tick: tickOf(it.at), boot: 'b' }), timers: { after: () => () => undefined }, folder: '/', say: () => undefined }
  const it: World = {
    objects: new Map(), failing: new Set(), phantoms: new Set(), reads: [], at: 1_000_000, identity: 'one', folder,
    list: () => listWhole({ store: 'offsite', prefix: 'media/', key: 'media/', folder }, context, never),
    async walk(hurry) {
      const found = await walkObjects({ set: 'media', store: 'offsite', identity: 'one', passed: ms(it.at), allWithin: ALL_WITHIN, folder, ...(hurry === undefined ? {} : { hurry }) }, context, never)
      return found.is === 'walked' ? found : assert.fail(found.says)
    },
  }
  return it
}

const fill = (it: World, count: number): void => {
  for (let n = 0; n < count; n++) it.objects.set(`media/${String(n * 7919 % 9973).padStart(4, '0')}`, { bytes: `object ${n} `.repeat(1 + (n % 5)), etag: `e${n}` })
}

test('a listing is told in figures, and leaves what lies elsewhere alone', async (t) => {
  const it = world(t)
  fill(it, 40)
  it.objects.set('other/1', { bytes: 'x', etag: 'o' })
  it.objects.set('media/../up', { bytes: 'x', etag: 'o' })
  const found = await it.list()
  assert(found.is === 'listed')
  assert.deepEqual([found.whole, found.copies.length, found.copies[0]?.key], [{ objects: 41, odd: 1, versioning: 'enabled', lock: 'off' }, 1, 'media/'])
  assert.equal(found.copies[0]?.bytes, [...it.objects].filter(([key]) => key.startsWith('media/') && !key.includes('..')).reduce((sum, [, { bytes }]) => sum + bytes.length, 0))
})

test('G-2 every object is read again within the promise, also one that comes meanwhile and one day that was missed', async (t) => {
  const it = world(t)
  fill(it, 60)
  let seen = 0
  const last = new Map<string, number>()
  for (let hour = 0; hour < 24 * 66; hour += 36) {
    it.at += hours(36)
    if (hour % 72 === 0) it.objects.set(`media/new-${hour % 720}`, { bytes: 'new', etag: `n${hour % 720}` })
    if (hour % 72 === 0) await it.list()
    // Two days of every twenty nobody is there.
    if (hour % 480 >= 420) continue
    await it.walk()
    for (const { key, at } of it.reads.slice(seen)) last.set(key, at)
    seen = it.reads.length
    for (const key of it.objects.keys()) {
      if (!last.has(key)) last.set(key, it.at)
      const unread = it.at - (last.get(key) ?? 0)
      assert(unread <= ALL_WITHIN, `${key} was not read for ${unread / 86_400_000} d`)
    }
  }
  const { whole } = await it.walk()
  assert(whole !== undefined && it.at - whole.began < ALL_WITHIN)
  assert(it.reads.length < it.objects.size * 12, `nothing is read for its own sake: ${it.reads.length}`)
})

test('what rots is found, and right bytes end it; what is written anew, or gone, is no damage', async (t) => {
  const it = world(t)
  fill(it, 20)
  await it.list()
  const round = async (): Promise<Walked & { readonly is: 'walked' }> => {
    it.at += hours(1)
    return it.walk(ms(it.at))
  }
  const first = await round()
  assert.deepEqual([first.done, first.objects, first.left.objects, first.damaged, first.whole?.objects], [true, 20, 0, 0, 20])
  const [rotten = '', rewritten = '', gone = ''] = [...it.objects.keys()].sort()
  const was = it.objects.get(rotten)
  assert(was)
  it.objects.set(rotten, { ...was, bytes: was.bytes.replace('object', 'rotten') })
  it.objects.set(rewritten, { bytes: 'all new', etag: 'new' })
  it.objects.delete(gone)
  const second = await round()
  assert.deepEqual([second.damaged, second.failed, second.faults.map(({ key, is }) => `${key} ${is}`)], [1, 0, [`${rotten} differs`]])
  assert.equal(second.whole?.began, first.began, 'what is damaged proves nothing')
  await it.list()
  assert.equal((await round()).damaged, 1, 'it stays damaged')
  it.objects.set(rotten, was)
  const last = await round()
  assert.deepEqual([last.damaged, last.whole?.began, last.whole?.objects], [0, last.began, 19])
  it.objects.set(rotten, { ...was, bytes: was.bytes.replace('object', 'rotten') })
  await round()
  it.objects.delete(rotten)
  await it.list()
  assert.equal((await round()).damaged, 0, 'what is gone is no damage')
})

test('G-2 what a store goes on listing and does not have is told, until it is there or no longer listed', async (t) => {
  const it = world(t)
  fill(it, 40)
  await it.list()
  const round = async (): Promise<Walked & { readonly is: 'walked' }> => {
    it.at += hours(1)
    return it.walk(ms(it.at))
  }
  const first = await round()
  const [lost = '', removed = ''] = [...it.objects.keys()].sort()
  it.phantoms.add(lost)
  it.objects.delete(removed)
  const second = await round()
  assert.deepEqual([second.damaged, second.failed, second.faults.map(({ key, says }) => `${key}: ${says}`)], [0, 1, [`${lost}: it is listed, and is not there when it is read`]])
  assert.equal(second.whole?.began, first.began, 'a bucket without what it lists proves nothing')
  it.phantoms.clear()
  await it.list()
  const third = await round()
  assert.deepEqual([third.failed, third.whole?.began, third.whole?.objects], [0, third.began, 39])
  it.phantoms.add(lost)
  assert.equal((await round()).failed, 1)
  it.objects.delete(lost)
  await it.list()
  assert.equal((await round()).failed, 0, 'a person removed it')
})

test('what failed is tried again at the end of its round; a store that is away stops the batch and accuses no object', async (t) => {
  const it = world(t)
  fill(it, 40)
  await it.list()
  for (const key of it.objects.keys()) it.failing.add(key)
  it.at += hours(1)
  const hurry = ms(it.at)
  const away = await it.walk(hurry)
  assert.deepEqual([away.stuck, away.done, away.objects], [true, false, 0])
  it.failing.clear()
  const back = await it.walk(hurry)
  assert.deepEqual([back.done, back.failed, back.whole !== undefined], [true, 0, true])
  const [one = ''] = it.objects.keys()
  it.failing.add(one)
  it.at += hours(1)
  const failing = await it.walk(ms(it.at))
  assert.deepEqual([failing.failed, failing.done, failing.whole?.began], [1, true, back.began])
  it.at += hours(1)
  assert.equal((await it.walk(ms(it.at))).faults[0]?.times, 2)
})

test('G-10 killed between two batches it goes on behind what it read; lost or torn, all of it counts as unread', async (t) => {
  const it = world(t)
  fill(it, 60)
  await it.list()
  await it.walk()
  it.at += days(5)
  const half = await it.walk()
  assert(half.objects > 10 && half.objects < 50 && !half.done, String(half.objects))
  // What was written behind the last batch by whoever died is nothing.
  writeFileSync(path.join(it.folder, 'sums.1'), '["media/zzz","x","y"]\n["torn', { flag: 'a' })
  it.reads.length = 0
  it.at += days(7)
  const rest = await it.walk()
  assert.deepEqual([rest.done, rest.objects, it.reads.length], [true, 60, 60 - half.objects])
  truncateSync(path.join(it.folder, 'sums.1'), 3)
  it.at += hours(1)
  const anew = await it.walk()
  assert.deepEqual([anew.done, anew.objects, anew.whole], [false, 0, undefined])
  it.identity = 'two'
  await assert.rejects(it.walk(), /another store/)
})
