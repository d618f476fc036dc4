import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { days, hours, instantOf, later, type Instant } from '../../../core/time.ts'
import type { Judged } from '../sets/judge.ts'
import { chooseCopy, doubtOf } from './choice.ts'
import type { LastDrill } from './rows.ts'

const NOW = instantOf(1_790_000_000_000)
const ago = (n: number): Instant => later(NOW, days(0 - n))
const copyAt = (n: number, more: Partial<Judged> = {}): Judged => ({ key: `c${n}`, etag: 'e', bytes: 10, modifiedAt: ago(n), at: ago(n), counted: true, why: '', ...more })
const drillOf = (n: number, drilled: number, verdict: LastDrill['verdict'] = 'passed', more: Partial<LastDrill> = {}): LastDrill =>
  ({ key: `c${n}`, etag: 'e', at: ago(drilled), verdict, rung: 6, says: 'it broke', times: 1, ...(verdict === 'passed' ? { passedAt: ago(drilled) } : {}), ...more })

test('the newest copy and the others take turns, and each of them comes round', () => {
  const copies = [1, 2, 3, 4, 5].map((n) => copyAt(n))
  const drills = new Map<string, LastDrill>()
  const order: string[] = []
  for (let day = 30; day > 20; day--) {
    const chosen = chooseCopy(copies, [...drills.values()], { times: order.length, seed: 'shop' })
    assert(chosen)
    order.push(chosen.key)
    drills.set(chosen.key, drillOf(Number(chosen.key.slice(1)), day, 'passed', { times: (drills.get(chosen.key)?.times ?? 0) + 1 }))
  }
  assert.deepEqual(order.filter((_, i) => i % 2 === 0), ['c1', 'c1', 'c1', 'c1', 'c1'])
  assert.deepEqual(order.filter((_, i) => i % 2 === 1).slice(0, 4).toSorted(), ['c2', 'c3', 'c4', 'c5'])
  assert.equal(order[9], order[1], 'then the one drilled longest ago')
  assert.notDeepEqual(new Set(['a', 'b', 'c', 'd', 'e'].map((seed) => chooseCopy(copies, [drillOf(1, 1)], { times: 1, seed })?.key)).size, 1, 'drawn among those never drilled')
})

test('a newest copy goes first, and what does not count is not drilled', () => {
  const first = { times: 0, seed: 's' }
  assert.equal(chooseCopy([copyAt(0), copyAt(1), copyAt(2)], [drillOf(1, 1)], { times: 2, seed: 's' })?.key, 'c0')
  assert.equal(chooseCopy([copyAt(0, { counted: false }), copyAt(1)], [], first)?.key, 'c1')
  assert.equal(chooseCopy([copyAt(1), copyAt(2, { etag: 'other' }), copyAt(3)], [drillOf(2, 1), drillOf(3, 2)], { times: 1, seed: 's' })?.key, 'c2', 'another one under its name was not drilled')
  assert.equal(chooseCopy([copyAt(0, { counted: false })], [], first), undefined)
})

test('each copy has its turn: of n that stay, each within 2n drills, also while new ones come before each drill', () => {
  fc.assert(fc.property(fc.record({ kept: fc.integer({ min: 1, max: 12 }), coming: fc.integer({ min: 0, max: 1 }), seed: fc.string(), verdicts: fc.infiniteStream(fc.constantFrom('passed', 'failed', 'unknown' as const)) }), ({ kept, coming, seed, verdicts }) => {
    const drills = new Map<string, LastDrill>()
    const staying = Array.from({ length: kept }, (_, n) => copyAt(100 + n))
    const seen: string[] = []
    let born = 99
    let came: Judged[] = []
    for (let times = 0; times < 6 * kept + 2; times++) {
      for (let n = 0; n < coming; n++) came = [copyAt(born -= 0.01, { key: `new${times}-${n}` }), ...came].slice(0, coming)
      const chosen = chooseCopy([...came, ...staying], [...drills.values()], { times, seed })
      assert(chosen)
      seen.push(chosen.key)
      drills.set(chosen.key, { ...drillOf(0, 0, verdicts.next().value as LastDrill['verdict']), key: chosen.key, at: later(ago(90), hours(times + 1)) })
    }
    for (const { key } of staying) for (let from = 0; from + 2 * kept + 2 <= seen.length; from++) assert(seen.slice(from, from + 2 * kept + 2).includes(key), `${key} from ${from} in ${seen.join(' ')}`)
  }), { numRuns: 150 })
})

test('G-2 a failed drill stands against the set until another passes; an unknown one says neither', () => {
  const it = { every: days(7), now: NOW, expectedSince: ago(100), order: [] }
  assert.deepEqual(doubtOf([drillOf(2, 1, 'failed'), drillOf(1, 3)], it), { side: 'unreadable', says: 'a drill failed: it broke (c2)' })
  assert.equal(doubtOf([drillOf(1, 1), drillOf(2, 3, 'failed')], it), undefined)
  // What is wrong stands first, and a hash behind it as short as people call it: a page has few letters.
  assert.equal(doubtOf([drillOf(2, 1, 'failed', { key: `restic/snapshots/${'9f86d081'.repeat(8)}` })], it)?.says, 'a drill failed: it broke (restic/snapshots/9f86d081…)')
  assert.equal(doubtOf([drillOf(1, 1, 'unknown'), drillOf(2, 3, 'failed')], it)?.side, 'unreadable')
  assert.equal(doubtOf([drillOf(1, 1, 'unknown'), drillOf(2, 3)], it), undefined)
  // The newest copy is known not to restore: that an older one does ends nothing. A newer one that does, does.
  const order = [copyAt(1), copyAt(2), copyAt(3)]
  assert.deepEqual(doubtOf([drillOf(3, 1), drillOf(2, 2, 'failed')], { ...it, order }), { side: 'unreadable', says: 'a drill failed: it broke (c2)' })
  assert.equal(doubtOf([drillOf(1, 1), drillOf(2, 2, 'failed')], { ...it, order }), undefined)
  assert.equal(doubtOf([drillOf(1, 1, 'unknown'), drillOf(3, 2), drillOf(2, 3, 'failed')], { ...it, order })?.side, 'unreadable')
  assert.equal(doubtOf([drillOf(3, 1), drillOf(2, 2, 'failed', { etag: 'of other bytes' })], { ...it, order }), undefined)
  // What is said outlives the copy it is said of, and is no word about another.
  assert.deepEqual(doubtOf([], { ...it, order, words: { failed: drillOf(9, 1, 'failed') } }), { side: 'unreadable', says: 'a drill failed: it broke (c9, which is gone)' })
  assert.equal(doubtOf([drillOf(3, 1)], { ...it, order, words: { passed: drillOf(3, 1), newest: drillOf(0, 2, 'failed') } })?.side, 'unreadable', 'a newer one than all that is there')
  assert.equal(doubtOf([drillOf(3, 2, 'failed'), drillOf(4, 3)], { ...it, order: [copyAt(4), copyAt(3)], words: { passed: drillOf(1, 1) } }), undefined, 'what passed since is gone, and passed')
})

test('X-9 a set whose drills never pass is unproven in time, and says why', () => {
  const it = { every: days(7), now: NOW, order: [] }
  assert.equal(doubtOf([], { ...it, expectedSince: ago(13) }), undefined)
  assert.equal(doubtOf([], it), undefined)
  assert.equal(doubtOf([], { ...it, expectedSince: ago(90), words: { passed: drillOf(1, 13) } }), undefined)
  assert.equal(doubtOf([], { ...it, expectedSince: ago(90), words: { passed: drillOf(1, 15), last: drillOf(2, 1, 'unknown', { says: 'the disk is full' }) } })?.says, 'no drill has passed for 15 d: the last one could not tell, the disk is full')
  assert.deepEqual(doubtOf([], { ...it, expectedSince: ago(15) }), { side: 'unproven', says: 'no drill has ever passed' })
  assert.deepEqual(doubtOf([drillOf(1, 1, 'unknown', { says: 'no PostgreSQL is installed here' }), drillOf(2, 15)], { ...it, expectedSince: ago(90) }), { side: 'unproven', says: 'no drill has passed for 15 d: the last one could not tell, no PostgreSQL is installed here' })
  assert.equal(doubtOf([drillOf(1, 1, 'unknown', { passedAt: later(NOW, hours(-30)) })], { ...it, expectedSince: ago(90) }), undefined, 'it passed before')
})
