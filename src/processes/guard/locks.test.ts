// From a bucket to the point: a listing brings the locks of the newest copies, the hand's try-out says what they are worth, and a bucket that takes locks and then deletes
// earns nothing by them.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, ms, tickOf } from '../../core/time.ts'
import type { Listed, Reading } from '../../ports/store.ts'
import s3 from '../../plugins/stores/s3.ts'
import { createClock } from '../../ports/world/clock.ts'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import { random } from '../../ports/world/random.ts'
import { immutableFound } from '../../rooms/guard/sets/locked.ts'
import { readPattern } from '../../rooms/guard/sets/pattern.ts'
import { BUCKET, fakeS3, type Lie } from '../../../test/places/fake-s3.ts'
import { perform } from './list.ts'

const clock = createClock()
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
const soon = (): AbortSignal => AbortSignal.timeout(30_000)

test('3-2-1-1-0 a bucket that keeps its locks earns the point, and one that takes them and deletes does not', async (t) => {
  const pattern = readPattern('shop-{date}.dump')
  assert(!('says' in pattern))
  const found = async (lie?: Lie): Promise<string> => {
    const fake = await fakeS3(t)
    if (lie !== undefined) fake.lies.add(lie)
    for (let n = 1; n <= 9; n++) Object.assign(fake.put(`shop-2023-11-0${n}.dump`, `dump ${n}`), { retainUntil: clock.now().wall + 3_600_000 })
    const config = s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret', delete: 'HAND:hand-secret' })
    const reading = s3.reading(config, context)
    const listed = await perform({ store: 'main', pattern }, { reading: () => reading, now: () => ({ wall: clock.now().wall, tick: tickOf(0), boot: 'b' }), timers: { after: () => () => undefined }, folder: '/', say: () => undefined }, soon())
    assert(listed.is === 'listed')
    assert.equal(listed.locks?.length, 3, 'of a few, however many there are')
    const probed = await s3.deleting(config, context).probe(soon())
    const newest = listed.copies.toSorted((a, b) => b.modifiedAt - a.modifiedAt)[0]
    const { is, says } = immutableFound({ newest, locks: listed.locks.map((it) => ({ ...it, age: ms(0) })), tried: { identity: listed.identity, lock: probed.capabilities.lock, age: ms(0) }, identity: listed.identity }, instantOf(clock.now().wall))
    return `${is} ${says ?? ''}`.trim()
  }
  assert.equal(await found(), 'pass')
  assert.match(await found('lock-then-delete'), /^fail its locks are none: it accepted a lock and then deleted what was locked/)
  assert.match(await found('denies-lock'), /^unknown whether the newest copy is locked is not known: /)
})

test('the link that pgBackRest keeps to its newest backup is told to nobody, and any other is', async () => {
  const pattern = readPattern('repo/backup/shop/{any}')
  assert(!('says' in pattern))
  const link = (key: string): Listed => ({ is: 'odd', key, why: 'is a symbolic link; links are not followed' })
  const reading = { identify: async () => ({ kind: 'fake', id: 'one', says: 'a store' }), clock: async () => ({ is: 'unknown', says: '' }), page: async () => ({ items: [link('repo/backup/shop/latest'), link('repo/backup/shop/other'), { is: 'odd', key: 'repo/backup/x/latest', why: 'lies on another device' }] }) } as unknown as Reading
  const listed = await perform({ store: 'nas', pattern, below: 'repo/' }, { reading: () => reading, now: () => ({ wall: clock.now().wall, tick: tickOf(0), boot: 'b' }), timers: { after: () => () => undefined }, folder: '/', say: () => undefined }, soon())
  assert(listed.is === 'listed', JSON.stringify(listed))
  assert.deepEqual(listed.odd, { count: 2, shown: ['repo/backup/shop/other: is a symbolic link; links are not followed', 'repo/backup/x/latest: lies on another device'] })
})
