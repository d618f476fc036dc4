// Continuity of WAL by names: gaps are named, timelines are followed, and nothing of another timeline fills a hole.
import assert from 'node:assert/strict'
import test from 'node:test'
import { chainOf, isSegment, nameOf, readHistory, readLsn, sayGap, segmentOf, type Needs } from './wal.ts'

const SIZE = 16 * 1024 * 1024
const lsn = (text: string): NonNullable<ReturnType<typeof readLsn>> => {
  const found = readLsn(text)
  assert(found)
  return found
}
const seg = (n: number, timeline = 1): string => nameOf({ timeline, n: BigInt(n) }, SIZE)
const names = (...all: string[]): ReadonlySet<string> => new Set(all)
const NEEDS: Needs = { timeline: 1, start: lsn('0/2000028'), end: lsn('0/3000100'), size: SIZE }
const NONE = new Map()

test('names of segments go there and back, over the end of a log too', () => {
  assert.equal(seg(2), '000000010000000000000002')
  assert.equal(seg(0x1_00), '000000010000000100000000')
  assert.deepEqual(segmentOf('0000000A00000001000000FF', SIZE), { timeline: 10, n: 0x1ffn })
  assert.equal(nameOf({ timeline: 1, n: 5n }, 1024 ** 3), '000000010000000100000001')
  for (const odd of ['000000010000000000000002.partial', '00000002.history', '000000010000000000000002.00000028.backup', 'x']) assert.equal(segmentOf(odd, SIZE), undefined)
  assert(isSegment('000000010000000000000002.gz') && !isSegment('000000010000000000000002.gpg'))
  assert.equal(readLsn('nonsense'), undefined)
})

test('G-2 WAL without a gap is wanted whole, and a gap is named with what lies behind it', () => {
  const whole = chainOf(NEEDS, names(seg(1), seg(2), seg(3), seg(4)), NONE)
  assert.deepEqual([whole.wanted, whole.gap, whole.fatal], [[seg(2), seg(3), seg(4)], 0, false])
  const hole = chainOf(NEEDS, names(seg(2), seg(3), seg(5), seg(6)), NONE)
  assert.deepEqual([hole.wanted, hole.missing, hole.behind, hole.fatal], [[seg(2), seg(3)], [seg(4)], 2, false])
  assert.equal(sayGap(hole), `the WAL has a gap: ${seg(4)} is missing; 2 segments behind it are of no use`)
})

test('G-2 WAL that the backup itself needs makes it worthless when it is missing', () => {
  const lost = chainOf(NEEDS, names(seg(2)), NONE)
  assert.deepEqual([lost.missing, lost.fatal], [[seg(3)], true])
  assert.match(sayGap(lost), /^the base backup cannot become consistent, since WAL that it needs is missing: 000000010000000000000003$/)
  assert.equal(chainOf({ ...NEEDS, end: lsn('0/3000000') }, names(seg(2)), NONE).gap, 0, 'an end right at a segment needs none of it')
  assert.match(sayGap(chainOf(NEEDS, names(seg(40)), NONE)), /0000000B and 28 more/)
})

test('G-2 the newest timeline that leads from the backup is followed, and no other fills a hole', () => {
  const histories = new Map([[2, readHistory('1\t0/5000100\tno recovery target specified\n')], [3, readHistory('1\t0/1000000\tbefore it\n')]])
  const led = chainOf(NEEDS, names(seg(2), seg(3), seg(4), seg(5, 2), seg(6, 2)), histories)
  assert.deepEqual([led.wanted, led.timeline, led.gap], [[seg(2), seg(3), seg(4), seg(5, 2), seg(6, 2)], 2, 0])
  const strange = chainOf(NEEDS, names(seg(2), seg(3), seg(4, 2), seg(5, 2)), histories)
  assert.deepEqual(strange.missing, [seg(4)])
  const far = chainOf(NEEDS, names(seg(2), seg(3), seg(4), seg(5, 2), seg(6, 4)), new Map([[4, readHistory('1\t0/5000100\tx\n2\t0/6000000\ty\n')]]))
  assert.deepEqual([far.wanted.at(-1), far.timeline], [seg(6, 4), 4])
})
