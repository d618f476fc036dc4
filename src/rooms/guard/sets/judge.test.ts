// What copies are worth, and how a set stands: never better than what was seen of it.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hours, instantOf, ms, type Instant } from '../../../core/time.ts'
import { judgeCopies, judgeSet, worstFirst, type Copy, type Listing, type Verdict } from './judge.ts'
import { readPattern, type Pattern } from './pattern.ts'

const pattern = readPattern('shop-{date}.dump') as Pattern
const NOW = instantOf(Date.parse('2026-11-21T12:00:00Z'))
const DAY = 86_400_000
const DAILY = { every: hours(24), grace: hours(2) }
const FRESH: Listing = { at: NOW, age: ms(1000) }

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const copy = (ago: number, more: Partial<Copy> = {}): Copy => {
  const at = NOW - ago * DAY
  return { key: `shop-${dayOf(at)}.dump`, etag: 'e', bytes: 1000, modifiedAt: instantOf(at), ...more }
}
const verdictOf = (...given: Parameters<typeof judgeSet>): Verdict => {
  const all = judgeSet(...given)
  return worstFirst(all)[0] ?? all[0] ?? assert.fail('there is always a verdict')
}
const standing = (copies: readonly Copy[], listing = FRESH, now: Instant = NOW) => verdictOf(DAILY, judgeCopies(pattern, copies, now, () => undefined), listing, { now, patience: hours(1) })
const sayOf = (copies: readonly Copy[]): string[] => judgeCopies(pattern, copies, NOW, () => undefined).map(({ counted, flaw }) => (counted ? 'counts' : (flaw ?? '?')))

test('G-2 what never counts: empty, undated, of the future, shrunken', () => {
  const cases: readonly [string, Copy, string][] = [
    ['as it should be', copy(0), 'counts'],
    ['empty', copy(0, { bytes: 0 }), 'empty'],
    ['a day that is none', copy(0, { key: 'shop-2026-02-31.dump' }), 'undated'],
    ['the store dates it in the future', copy(0, { modifiedAt: instantOf(NOW + 400_000) }), 'future'],
    ['a little ahead', copy(0, { modifiedAt: instantOf(NOW + 200_000) }), 'counts'],
    ['its name lies in the future', copy(0, { key: `shop-${dayOf(NOW + 2 * DAY)}.dump` }), 'future'],
    ['written a week before the day of its name', copy(7, { key: `shop-${dayOf(NOW)}.dump` }), 'future'],
  ]
  for (const [what, one, says] of cases) assert.deepEqual(sayOf([one]), [says], what)
  assert.deepEqual(sayOf([copy(0, { bytes: 499 }), copy(1), copy(2), copy(3)]), ['shrunken', 'counts', 'counts', 'counts'])
  assert.deepEqual(sayOf([copy(0, { bytes: 500 }), copy(1), copy(2), copy(3)])[0], 'counts')
  assert.deepEqual(sayOf([copy(0, { bytes: 1 }), copy(1), copy(2)])[0], 'counts', 'two are no history')
  assert.ok(sayOf([...Array.from({ length: 20 }, (_, ago) => copy(ago, { bytes: 400 })), copy(20), copy(21), copy(22)]).slice(0, 20).every((it) => it === 'shrunken'), 'small ones do not become usual')
})

test('a copy that was copied later is as old as its name says', () => {
  const [moved] = judgeCopies(pattern, [copy(5, { modifiedAt: NOW })], NOW, () => undefined)
  assert.equal(moved?.at, instantOf(Date.parse(`${dayOf(NOW - 5 * DAY)}T23:59:59.999Z`)))
})

test('G-14 a set is ok, late, shrunken or missing', () => {
  assert.equal(standing([copy(0), copy(1)]).side, 'ok')
  assert.equal(standing([copy(1)]).side, 'ok', 'within grace')
  assert.deepEqual(standing([copy(1.2)]), { side: 'late', says: 'the newest copy was 1 d 4 h old when it was looked for; one is due every 1 d' })
  assert.equal(standing([]).side, 'missing')
  assert.match(standing([copy(0, { bytes: 0 })]).says, /none of 1 counts: of the newest, it is empty/)
  assert.equal(standing([copy(0, { bytes: 10 }), copy(1), copy(2), copy(3)]).side, 'shrunken')
  assert.equal(standing([copy(0, { bytes: 0 }), copy(1), copy(2)]).side, 'shrunken')
})

test('all that is wrong is told, the worst first', () => {
  const sides = (...all: [Verdict['side'], string][]): string[] => worstFirst(all.map(([side, says]) => ({ side, says }))).map(({ side }) => side)
  const old = judgeSet(DAILY, judgeCopies(pattern, [copy(1.3, { bytes: 10 }), copy(2), copy(3), copy(4)], NOW, () => undefined), FRESH, { now: NOW, patience: hours(1) })
  assert.deepEqual(old.map(({ side }) => side), ['shrunken', 'late'])
  assert.deepEqual(sides(['late', ''], ['unproven', ''], ['unreadable', 'a'], ['unreadable', 'b']), ['unreadable', 'late', 'unproven'])
  assert.deepEqual(sides(['unknown', ''], ['unproven', ''], ['unreadable', '']), ['unreadable', 'unknown'], 'nobody looked: who tried it last says nothing, what is broken stays so')
  assert.deepEqual(sides(['ok', '']), [])
})

test('X-9 a copy is late only when it was looked for after it was due', () => {
  const young = copy(1.1)
  assert.equal(standing([young], { at: NOW, age: hours(1) }).side, 'ok', 'it was not late yet')
  assert.equal(standing([copy(1.2)], { at: NOW, age: hours(1) }).side, 'late')
})

test('X-9 a listing that is old, or was not had, is unknown and accuses nobody', () => {
  for (const listing of [{ age: undefined }, { age: undefined, failed: 'refused' }, { at: NOW, age: hours(2) }] satisfies Listing[]) {
    for (const copies of [[], [copy(9)], [copy(0)]]) assert.equal(standing(copies, listing).side, 'unknown')
  }
  assert.match(standing([], { age: undefined, failed: 'refused' }).says, /cannot be listed: refused/)
})

test('X-9 no copy that is taken away, blurred or delayed makes a set look better', () => {
  const worse = { ok: 0, late: 1, shrunken: 1, missing: 2, unreadable: 2, unproven: 2, slow: 2, unknown: 3 }
  const some = fc.uniqueArray(fc.record({ ago: fc.integer({ min: 0, max: 40 }), bytes: fc.constantFrom(0, 1, 400, 1000, 1200) }), { selector: ({ ago }) => ago, maxLength: 20 })
  fc.assert(fc.property(some, fc.nat(), (given, n) => {
    const copies = given.map(({ ago, bytes }) => copy(ago, { bytes }))
    const good = judgeCopies(pattern, copies, NOW, () => undefined).filter(({ counted }) => counted)
    const newest = good[0]
    const before = standing(copies)
    // Without its newest good copy a set never stands better.
    if (newest && before.side !== 'shrunken') assert.ok(worse[standing(copies.filter(({ key }) => key !== newest.key)).side] >= worse[before.side])
    const gone = copies[n % Math.max(1, copies.length)]
    const after = standing(copies.filter((it) => it !== gone))
    if (before.side === 'missing') assert.equal(after.side, 'missing')
  }), { numRuns: 2000 })
})
