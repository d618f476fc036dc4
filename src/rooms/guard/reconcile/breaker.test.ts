// The breaker: every limit at its edge, what latches it, what closes it, and how it opens its hand again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DAY, ZERO } from '../../../../test/guard/spool.ts'
import { instantOf, ms, type Instant } from '../../../core/time.ts'
import { coolingOf, hasRoom, lets, measure, step, type Breaker, type BreakerEvent, type Ladder, type Measures } from './breaker.ts'

const calm: Measures = {
  objects: 100_000, bytes: 1e9, newOrphans: 37, newBytes: 37_000, flagged: 37, aside: 0, groups: [], acts: 10, actsToday: 0, earlier: [20, 30, 25], lastBatch: { tried: 0, failed: 0, preconditions: 0 }, resurrected: 0, goneGroups: [],
}
const group = (rowless: number, objects: number, name = 'c/7/') => ({ name, objects, rowless, gaps: 0 })

test('G-5 G-18 G-25 every limit: the last that passes, the first that trips, and what nobody knows', () => {
  assert.deepEqual(measure(calm).filter((it) => it.found.is !== 'pass'), [])
  const cases: readonly [string, Partial<Measures>, string | undefined, ('fail' | 'unknown')?][] = [
    ['100 new orphans of few', { objects: 1000, newOrphans: 100, flagged: 20, earlier: [100] }, undefined],
    ['101', { objects: 1000, newOrphans: 101, flagged: 20, earlier: [100] }, 'new-orphans'],
    ['half a per cent of many', { newOrphans: 500, earlier: [400] }, undefined],
    ['one more', { newOrphans: 501, earlier: [400] }, 'new-orphans'],
    ['one per cent of the bytes', { newBytes: 1e7 }, undefined],
    ['one byte more', { newBytes: 1e7 + 1 }, 'new-bytes'],
    ['bytes that nobody knows', { newBytes: undefined }, 'new-bytes', 'unknown'],
    ['a single one with more than a per cent of the bytes', { newOrphans: 1, newBytes: 9e8 }, 'new-bytes'],
    ['of twenty objects', { objects: 20, newOrphans: 1, flagged: 1, acts: 1, newBytes: 9e8 }, 'new-bytes'],
    ['nineteen objects are too few for a share', { objects: 19, newOrphans: 1, flagged: 1, acts: 1, newBytes: 9e8 }, undefined],
    ['three times as usual', { newOrphans: 75, earlier: [25] }, undefined],
    ['more', { newOrphans: 76, earlier: [25] }, 'surge'],
    ['earlier runs that nobody knows', { earlier: undefined }, 'surge', 'unknown'],
    ['no earlier run', { earlier: [] }, undefined],
    ['after eight quiet runs ten are none', { newOrphans: 10, earlier: Array.from({ length: 8 }, () => 0) }, undefined],
    ['eleven are a surge', { newOrphans: 11, earlier: Array.from({ length: 8 }, () => 0) }, 'surge'],
    ['only the last eight count', { newOrphans: 60, earlier: [1e6, ...Array.from({ length: 8 }, () => 1)] }, 'surge'],
    ['a fifth of a group', { groups: [group(20, 100)] }, 'group'],
    ['less', { groups: [group(19, 100)] }, undefined],
    ['a fifth of 19 objects', { groups: [group(4, 19)] }, undefined],
    ['all but one of 19', { groups: [group(18, 19)] }, undefined],
    ['all of 19', { groups: [group(19, 19)] }, 'group'],
    ['both of two', { groups: [group(2, 2)] }, 'group'],
    ['a folder with a single object', { groups: [group(1, 1)] }, undefined],
    ['all that lies in no folder', { groups: [group(19, 19, '')] }, undefined],
    ['a fifth of what lies in no folder, where that are twenty', { groups: [group(4, 20, '')] }, 'group'],
    ['all of 20', { groups: [group(20, 20)] }, 'group'],
    ['a group that a person has named as gone', { groups: [group(20, 20)], goneGroups: [{ name: 'c/7/', most: 20 }] }, undefined],
    ['another group than the named', { groups: [group(20, 20), group(20, 20, 'c/8/')], goneGroups: [{ name: 'c/7/', most: 20 }] }, 'group'],
    ['more of the named group than a person saw', { groups: [group(21, 21)], goneGroups: [{ name: 'c/7/', most: 20 }] }, 'group'],
    ['two per cent flagged and put aside', { flagged: 1500, aside: 500 }, undefined],
    ['one more', { flagged: 1500, aside: 501 }, 'standing'],
    ['ten of 95', { objects: 95, flagged: 10 }, undefined],
    ['eleven of 95', { objects: 95, flagged: 10, aside: 1 }, 'standing'],
    ['nearly a fifth of twenty', { objects: 20, flagged: 3, acts: 3, newOrphans: 0, newBytes: 0 }, undefined],
    ['a fifth of twenty', { objects: 20, flagged: 4, acts: 4, newOrphans: 0, newBytes: 0 }, 'standing'],
    ['all but one of nine', { objects: 9, flagged: 8, acts: 8, newOrphans: 8 }, undefined],
    ['all of nine', { objects: 9, flagged: 9, acts: 9, newOrphans: 9 }, 'standing'],
    ['the only one', { objects: 1, flagged: 1, acts: 1, newOrphans: 1 }, undefined],
    ['500 acts', { acts: 500 }, undefined],
    ['501 in one run', { acts: 501, objects: 1e7 }, 'per-run'],
    ['501 in one day', { acts: 400, actsToday: 101 }, 'per-day'],
    ['a day that nobody knows', { actsToday: undefined }, 'per-day', 'unknown'],
    ['ten acts in a small store', { objects: 500, acts: 10, flagged: 10 }, undefined],
    ['eleven', { objects: 600, acts: 11, flagged: 11 }, 'per-day'],
    ['one failure of a hundred', { lastBatch: { tried: 100, failed: 1, preconditions: 0 } }, undefined],
    ['two', { lastBatch: { tried: 100, failed: 2, preconditions: 0 } }, 'errors'],
    ['three that had changed meanwhile', { lastBatch: { tried: 300, failed: 3, preconditions: 3 } }, 'preconditions'],
    ['a batch of which nobody knows what came', { lastBatch: undefined }, 'errors', 'unknown'],
    ['one row that came back', { resurrected: 1 }, 'resurrected'],
  ]
  for (const [says, more, id, is] of cases) {
    const wrong = measure({ ...calm, ...more }).filter((it) => it.found.is !== 'pass' && !(it.id === 'preconditions' && id === 'errors'))
    assert.deepEqual(wrong.map((it) => [it.id, it.found.is]), id === undefined ? [] : [[id, is ?? 'fail']], says)
  }
  assert.deepEqual([1, 2].map((resurrected) => measure({ ...calm, resurrected }).flatMap(({ found }) => (found.is === 'fail' ? [found.says] : [])).join()), ['1 row that came back for what was put aside, at most 0', '2 rows that came back for what was put aside, at most 0'])
  const blind = measure({ ...calm, objects: Number.NaN, bytes: Number.NaN })
  assert(blind.every((it) => it.found.is !== 'fail') && blind.filter((it) => it.found.is === 'unknown').length >= 4, 'a listing that is none trips nothing and permits nothing')
})

test('G-5 G-18 G-25 a small store is held to the limits too: 19 of 95 objects, all of one folder, with most of the bytes', () => {
  const small: Measures = { ...calm, objects: 95, bytes: 1e6, newOrphans: 19, newBytes: 9e5, flagged: 19, acts: 19, earlier: [0, 0, 0], groups: [group(19, 19)] }
  assert.deepEqual(measure(small).flatMap(({ id, found }) => (found.is === 'fail' ? [id] : [])), ['new-bytes', 'surge', 'group', 'standing', 'per-day'])
  // What two people let through, and close the breaker for, is not too much again in the next run.
  assert.deepEqual(measure({ ...small, newOrphans: 0, newBytes: 0, flagged: 10, acts: 10, groups: [group(10, 19)] }).filter(({ found }) => found.is !== 'pass'), [])
})

const at = (days: number): Instant => instantOf(ZERO + days * DAY)
const ladder = (count: number): Ladder => ({ count, rungs: [10, 40, 160, 640].filter((most) => most <= count).map((most) => ({ most, key: Buffer.from(`k${String(most).padStart(4, '0')}`).toString('hex') })) })
const ran = (days: number, more: Partial<Extract<BreakerEvent, { is: 'ran' }>> = {}): BreakerEvent => ({ is: 'ran', at: at(days), lived: ms(days * DAY), trips: [], healthy: true, ladder: ladder(37), cooling: coolingOf(1), ...more })
const closing = (more: Partial<Extract<BreakerEvent, { is: 'close' }>> = {}): BreakerEvent => ({ is: 'close', at: at(2), people: ['ada', 'bo'], reason: 'a tenant left', healthyAt: at(1.5), ladder: ladder(37), ...more })
const open: Breaker = { is: 'open', since: at(1), because: ['too many'] }

test('once tripped it stays open: no run closes it, healthy or not', () => {
  let breaker: Breaker = step({ is: 'closed' }, ran(1, { trips: ['501 acts'], healthy: false })).breaker
  assert.deepEqual(breaker, { is: 'open', since: at(1), because: ['501 acts'] })
  for (let day = 2; day < 40; day++) breaker = step(breaker, ran(day)).breaker
  assert.deepEqual(breaker, { is: 'open', since: at(1), because: ['501 acts'] })
  assert.deepEqual(step(breaker, ran(41, { trips: ['501 acts', 'more'] })).breaker, { is: 'open', since: at(1), because: ['501 acts', 'more'] }, 'since the first; a reason once')
  assert.deepEqual(step({ is: 'closed' }, ran(1, { healthy: false })).breaker, { is: 'closed' }, 'what is not known holds, and does not latch')
})

test('two people close it with a reason, after a healthy run since', () => {
  const refused: readonly [string, Partial<Extract<BreakerEvent, { is: 'close' }>>][] = [
    ['two people', { people: ['ada'] }], ['two people', { people: ['ada', 'ada'] }], ['a reason', { reason: '  ' }], ['healthy run', { healthyAt: undefined }], ['healthy run', { healthyAt: at(1) }],
    ['healthy run', { healthyAt: at(1.5), at: at(2.6) }], ['healthy run', { healthyAt: at(3) }],
  ]
  for (const [says, more] of refused) {
    const { breaker, refused: why } = step(open, closing(more))
    assert.deepEqual(breaker, open)
    assert.match(why ?? '', new RegExp(says))
  }
  assert.match(step({ is: 'closed' }, closing()).refused ?? '', /not open/)
})

test('closed by people it is half open first: ten keys, four times as many a day after a healthy run, then all', () => {
  const half = step(open, closing({ ladder: ladder(700) })).breaker
  assert.deepEqual(half, { is: 'half', since: at(2), through: ladder(700).rungs[0]?.key, most: 10 })
  const tried = step(half, ran(2.5, { ladder: ladder(690) })).breaker
  assert.deepEqual(tried, { ...half, tried: { wall: at(2.5), lived: 2.5 * DAY } }, 'the window begins when the first ten may have gone')
  assert.deepEqual(step(half, ran(9, { ladder: ladder(690) })).breaker, { ...half, tried: { wall: at(9), lived: 9 * DAY } }, 'however late that is')
  assert.deepEqual(step(tried, ran(3.4, { ladder: ladder(690) })).breaker, tried, 'what comes back is waited for a day long')
  assert.deepEqual(step(tried, ran(9, { ladder: ladder(690), healthy: false })).breaker, tried)
  assert.deepEqual(step(tried, ran(9, { ladder: ladder(690), lived: ms(3 * DAY) })).breaker, tried, 'a clock that was set forward is no day')
  const wider: Breaker = step(tried, ran(3.5, { ladder: ladder(690) })).breaker
  assert.deepEqual(wider, { is: 'half', since: at(3.5), through: ladder(690).rungs[1]?.key, most: 40 })
  assert.equal(step(wider, ran(3.6, { trips: ['again'] })).breaker.is, 'open', 'one that came back, say')
  assert.deepEqual(step(step(wider, ran(3.6)).breaker, ran(5, { ladder: ladder(150) })).breaker, { is: 'closed' })
  assert.deepEqual(step(open, closing({ ladder: ladder(10) })).breaker, { is: 'closed' }, 'ten are all')
})

test('lab time divides the cooling-off of a half-open breaker, and nothing lengthens or ends it', () => {
  assert.deepEqual([1, 86_400, 0, -1, Number.NaN, Infinity, 0.5].map(coolingOf), [DAY, 1000, DAY, DAY, DAY, DAY, DAY])
  const tried = step(step(open, closing({ ladder: ladder(700) })).breaker, ran(2.5, { ladder: ladder(690) })).breaker
  const soon = 2.5 + 1000 / DAY
  assert.deepEqual([coolingOf(86_400), coolingOf(1)].map((cooling) => (step(tried, ran(soon, { ladder: ladder(690), cooling })).breaker as { most?: number }).most), [40, 10])
  assert.deepEqual(step(tried, ran(soon, { ladder: ladder(690), cooling: coolingOf(86_400), lived: ms(2.5 * DAY + 999) })).breaker, tried, 'by both clocks')
})

test('G-5 what it lets through: all, nothing, or what came first and was there when people saw it', () => {
  const key = (text: string): Uint8Array => Buffer.from(text)
  assert.deepEqual([lets({ is: 'closed' }, key('z'), at(9)).is, lets(open, key('a'), at(0)).is, lets(undefined, key('a'), at(0)).is], ['pass', 'fail', 'unknown'])
  const half: Breaker = { is: 'half', since: at(1), through: Buffer.from('m').toString('hex'), most: 10 }
  assert.deepEqual(['a', 'm', 'ma', 'é'].map((it) => lets(half, key(it), at(0)).is), ['pass', 'pass', 'fail', 'fail'])
  assert.deepEqual([at(0.99), at(1), at(2), undefined].map((first) => lets(half, key('a'), first).is), ['pass', 'fail', 'fail', 'unknown'], 'what was flagged later is none of the ten, though its name comes before theirs')
})

test('G-5 the first ten are ten, whatever they are called: what went since it was closed is counted', () => {
  const half = (most: number): Breaker => ({ is: 'half', since: at(1), through: 'ff', most })
  assert.deepEqual([0, 9, 10, 11, undefined].map((passed) => hasRoom(half(10), passed).is), ['pass', 'pass', 'fail', 'fail', 'unknown'])
  assert.deepEqual([[40, 49], [40, 50], [160, 209], [160, 210]].map(([most = 0, passed]) => hasRoom(half(most), passed).is), ['pass', 'fail', 'pass', 'fail'])
  assert.deepEqual([hasRoom({ is: 'closed' }, 9e9).is, hasRoom(undefined, 0).is], ['pass', 'unknown'])
})
