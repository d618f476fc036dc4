// Second copies are read and held against what lies aside: byte by byte, on from where the last run stopped, and no longer than it may.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { days, instantOf, later, ms, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Reading, ReadWant } from '../../../ports/store.ts'
import { marginsOf } from '../../../rooms/guard/reconcile/margins.ts'
import type { CopyRead, Since } from '../../../rooms/guard/reconcile/task.ts'
import { compareCopies, type Comparing } from './compare.ts'

const MIB = 1024 * 1024
const PAST = instantOf(1_800_000_000_000)
const margins = marginsOf({ retention: days(14), oldestCopy: 'unbound', shrink: 1 })
const hexOf = (key: string): string => Buffer.from(key).toString('hex')

function world(bodies: Readonly<Record<string, { readonly own?: Buffer; readonly other?: Buffer; readonly etag?: string }>>) {
  let at = { wall: later(PAST, days(40)), lived: days(400), tick: 0 }
  const asked: string[] = []
  const spoil = new Set<string>()
  const half = (which: 'own' | 'other', etagOf: (key: string) => string): Pick<Reading, 'head' | 'read'> => ({
    async head({ key, versionId }) {
      const body = bodies[key]?.[which]
      return body === undefined ? { is: 'absent', marker: false } : { is: 'version', key, ...(versionId !== undefined && { versionId }), latest: true, etag: etagOf(key), bytes: body.length, modifiedAt: PAST }
    },
    async read({ key, from, bytes, etag }: ReadWant) {
      asked.push(`${which} ${key} ${from}`)
      at = { ...at, tick: at.tick + 1000 }
      if (spoil.has(key)) throw new Fault('the line broke', 'later')
      const body = bodies[key]?.[which]
      if (body === undefined || etag !== etagOf(key)) return { is: 'changed', says: 'it was written since' }
      return { is: 'read', bytes: body.subarray(from, from + bytes) }
    },
  })
  const since = (lain: Span = days(31)): Since[] => Object.keys(bodies).map((key) => {
    const when = instantOf(at.wall - lain)
    return { key: hexOf(key), recalled: { aside: { version: 'v', etag: 'own', since: { wall: when, lived: ms(at.lived - lain) }, storeSince: when } } }
  })
  const comparing = (more: Partial<Comparing> = {}): Comparing => ({ own: half('own', () => 'own'), other: half('other', (key) => bodies[key]?.etag ?? 'parts-2'), now: () => ({ ...at, boot: 'b' }) as unknown as Now, lived: at.lived, margins, say: () => undefined, ...more })
  const run = (former: readonly CopyRead[] = [], more: Partial<Comparing> = {}, lain?: Span) => compareCopies(since(lain), former, comparing(more), new AbortController().signal)
  return { run, asked, spoil, pass: (wall: number, lived = wall) => void (at = { ...at, wall: (at.wall + wall) as Instant, lived: (at.lived + lived) as Span }) }
}
const bytes = (n: number, spoiled = -1): Buffer => {
  const made = Buffer.alloc(n, 7)
  if (spoiled >= 0) made[spoiled] = 8
  return made
}
const found = (reads: readonly CopyRead[]): Record<string, string> => Object.fromEntries(reads.map((it) => [Buffer.from(it.key, 'hex').toString(), it.found]))

test('G-23 a second copy is read to its last byte: one flipped bit, a shorter one and none are no copies, whatever their etag is', async () => {
  const it = world({ good: { own: bytes(5 * MIB), other: bytes(5 * MIB) }, rotten: { own: bytes(5 * MIB), other: bytes(5 * MIB, 5 * MIB - 1), etag: 'own' }, short: { own: bytes(10), other: bytes(9) }, none: { own: bytes(10) }, empty: { own: bytes(0), other: bytes(0) } })
  const { reads, said } = await it.run()
  assert.deepEqual(found(reads), { empty: 'same', good: 'same', rotten: 'differs', short: 'differs' })
  assert.match(said.join(), /of 2 objects the second copy holds other bytes than what lies aside, and they stay: “rotten”, “short”/)
  assert.equal(it.asked.filter((one) => one === `other rotten ${4 * MIB}`).length, 2, 'what differs is read once more before that is said')
  assert.deepEqual(it.asked.filter((one) => one.includes('good')).length, 6)
  it.asked.length = 0
  assert.deepEqual(found((await it.run(reads)).reads), found(reads))
  assert.deepEqual(it.asked, [], 'nothing is read twice while it is worth something')
})

test('G-23 what could not be read is not known, and what is not past its quarantine is not read', async () => {
  const it = world({ a: { own: bytes(10), other: bytes(10) }, b: { own: bytes(10), other: bytes(10) } })
  assert.deepEqual((await it.run([], {}, days(29))).reads, [])
  assert.deepEqual((await it.run([], { margins: { ...margins, quarantine: undefined } })).reads, [], 'nobody knows when it is over')
  assert.deepEqual(it.asked, [])
  it.spoil.add('a')
  const { reads, said } = await it.run()
  assert.deepEqual(found(reads), { b: 'same' })
  assert.match(said.join(), /a second copy could not be read: “a”: the line broke/)
})

test('G-23 a run reads for so long and no longer; the next goes on in the middle of the object, and not where the copy was written since', async () => {
  const it = world({ large: { own: bytes(9 * MIB), other: bytes(9 * MIB) } })
  const first = await it.run([], { readsFor: ms(3500) })
  assert.deepEqual(first.reads.map(({ found: is, read }) => [is, read]), [['going', 4 * MIB]])
  it.asked.length = 0
  const second = await it.run(first.reads)
  assert.deepEqual(it.asked.filter((one) => one.startsWith('own')).map((one) => Number(one.split(' ').at(-1)) / MIB), [4, 6, 8])
  assert.deepEqual(second.reads.map(({ found: is, read, since }) => [is, read / MIB, since]), [['same', 9, first.reads[0]?.since]])
  const written = world({ large: { own: bytes(9 * MIB), other: bytes(9 * MIB), etag: 'new' } })
  await written.run(first.reads)
  assert.equal(written.asked.filter((one) => one === 'other large 0').length, 1, 'from its beginning')
})

test('G-23 what was read is worth something for two weeks by both clocks; where that cannot be told it is read anew', async () => {
  const it = world({ a: { own: bytes(10), other: bytes(10) } })
  const { reads } = await it.run()
  const again = async (): Promise<number> => {
    it.asked.length = 0
    await it.run(reads)
    return it.asked.length
  }
  it.pass(days(6))
  assert.equal(await again(), 0)
  it.pass(0, days(2))
  assert.equal(await again(), 2, 'after a week it is read anew')
  it.pass(-Number(days(9)), 0)
  assert.equal(await again(), 2, 'a clock that went back says nothing')
  const late = world({ a: { own: bytes(10), other: bytes(10) } })
  late.spoil.add('a')
  late.pass(days(6))
  assert.deepEqual(found((await late.run(reads)).reads), { a: 'same' })
  late.pass(days(9))
  assert.deepEqual((await late.run(reads)).reads, [], 'what is two weeks old and cannot be read is not known')
})
