// Margins as tables: each wait, each clock, each want that is not known.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DAY, thing, ZERO } from '../../../../test/guard/spool.ts'
import { days, hours, instantOf, ms, seconds, type Instant, type Span } from '../../../core/time.ts'
import type { Listed } from './cursor.ts'
import { all, beforePurge, beforeQuarantine, flagged, marginsOf, purgeAt, quarantineAt, unlocked, untagged, whyNot, type Flag, type Moment, type Quarantine } from './margins.ts'

const margins = marginsOf({ retention: days(14), oldestCopy: days(14), shrink: 1 })
const at = (wall: number, lived = wall): Moment => ({ wall: instantOf(ZERO + wall), lived: ms(1e10 + lived) })
const now = (moment: Moment, store: Instant | undefined) => ({ at: moment, store })
const thingOf = (more: Partial<Listed> = {}): Listed => thing('a', more)
const flag = (more: Partial<Flag> = {}): Flag => ({ version: 'v-a', etag: 'e-a', first: at(-3 * DAY), runs: 3, last: at(-DAY), ...more })

test('G-7 a run counts only a day after the one before, by both clocks', () => {
  const listed = thingOf()
  let mark = flagged(undefined, listed, at(0), margins)
  const runs = (): number | undefined => mark?.runs
  assert.equal(runs(), 1)
  const cases: [string, Moment, number][] = [
    ['three hours later', at(hours(3)), 1],
    ['the wall clock leaps a month: no time was lived through', at(30 * DAY, hours(4)), 1],
    ['asleep for a day: the wall clock alone says so', at(DAY, hours(5)), 1],
    ['the wall clock goes back: the time lived through alone says so', at(-DAY, 2 * DAY), 1],
    ['a day by both', at(DAY, DAY), 2],
    ['and the next', at(2 * DAY, 2 * DAY), 3],
  ]
  for (const [says, moment, count] of cases) {
    mark = flagged(mark, listed, moment, margins)
    assert.equal(runs(), count, says)
  }
})

test('G-6 another version or etag begins anew, and what has none is never flagged', () => {
  assert.equal(flagged(flag(), thingOf({ etag: 'other' }), at(0), margins)?.runs, 1)
  assert.equal(flagged(flag(), thingOf({ version: 'other' }), at(0), margins)?.runs, 1)
  assert.equal(flagged(flag(), thingOf({ version: undefined }), at(0), margins), undefined)
  assert.equal(flagged(flag(), thingOf({ etag: undefined }), at(0), margins), undefined)
})

test('G-7 G-9 before anything is put aside: age by the store\'s clock, three runs, soak by two clocks', () => {
  const cases: [string, 'pass' | 'fail' | 'unknown', Flag | undefined, Partial<Listed>, Moment, Instant | undefined][] = [
    ['all waited out', 'pass', flag(), {}, at(0), instantOf(ZERO)],
    ['two runs', 'fail', flag({ runs: 2 }), {}, at(0), instantOf(ZERO)],
    ['six days old by the store', 'fail', flag(), { modifiedAt: instantOf(ZERO - 6 * DAY) }, at(0), instantOf(ZERO)],
    ['old by our clock, which is a month ahead; young by the store\'s', 'fail', flag(), { modifiedAt: instantOf(ZERO - 30 * DAY) }, at(0), instantOf(ZERO - 25 * DAY)],
    ['seven days to the millisecond', 'pass', flag(), { modifiedAt: instantOf(ZERO - 7 * DAY) }, at(0), instantOf(ZERO)],
    ['a millisecond less', 'fail', flag(), { modifiedAt: instantOf(ZERO - 7 * DAY + 1) }, at(0), instantOf(ZERO)],
    ['dated in the future', 'unknown', flag(), { modifiedAt: instantOf(ZERO + 1) }, at(0), instantOf(ZERO)],
    ['no date', 'unknown', flag(), { modifiedAt: undefined }, at(0), instantOf(ZERO)],
    ['a date that is no number', 'unknown', flag(), { modifiedAt: instantOf(Number.NaN) }, at(0), instantOf(ZERO)],
    ['the store\'s time unknown', 'unknown', flag(), {}, at(0), undefined],
    ['no flag', 'unknown', undefined, {}, at(0), instantOf(ZERO)],
    ['soaked by the wall clock alone', 'fail', flag({ first: { wall: instantOf(ZERO - 9 * DAY), lived: at(0).lived } }), {}, at(0), instantOf(ZERO)],
    ['soaked by the time lived through alone', 'fail', flag({ first: { wall: instantOf(ZERO), lived: ms(0) } }), {}, at(0), instantOf(ZERO)],
  ]
  for (const [says, is, mark, more, moment, store] of cases) {
    const found = all(beforeQuarantine(mark, thingOf(more), { at: moment, store }, margins))
    assert.equal(found.is, is, `${says}: ${found.says}`)
    assert(found.says !== undefined && found.says.length > 10, says)
  }
})

const aside = (more: Partial<Quarantine> = {}): Quarantine => ({ version: 'v-a', etag: 'e-a', since: at(-31 * DAY), storeSince: instantOf(ZERO - 31 * DAY), ...more })
const hidden = (more: Partial<Listed> = {}): Listed => thingOf({ standing: 'hidden', ...more })

test('G-23 quarantine is the longest of 30 d, retention + 7 d, and the oldest copy of the catalogue + 7 d', () => {
  const cases: [Span, Span | 'unbound' | undefined, Span | undefined][] = [
    [days(14), 'unbound', days(30)], [days(90), 'unbound', days(97)],
    [days(14), days(3), days(30)], [days(23), days(3), days(30)], [days(24), days(3), days(31)], [days(90), days(3), days(97)],
    [days(14), days(365), days(372)], [days(14), undefined, undefined], [days(14), ms(Number.NaN), undefined],
  ]
  for (const [retention, oldestCopy, quarantine] of cases) assert.equal(marginsOf({ retention, oldestCopy, shrink: 1 }).quarantine, quarantine)
})

test('G-23 purge waits for the quarantine by three clocks, the same version, and the copy in the other place', () => {
  const cases: [string, 'pass' | 'fail' | 'unknown', Quarantine, Listed | undefined, boolean | undefined, Instant | undefined][] = [
    ['all waited out', 'pass', aside(), hidden(), true, instantOf(ZERO)],
    ['29 days', 'fail', aside({ since: at(-29 * DAY) }), hidden(), true, instantOf(ZERO)],
    ['29 days by the store', 'fail', aside({ storeSince: instantOf(ZERO - 29 * DAY) }), hidden(), true, instantOf(ZERO)],
    ['a month by the wall clock alone', 'fail', aside({ since: { wall: instantOf(ZERO - 90 * DAY), lived: at(-2 * DAY).lived } }), hidden(), true, instantOf(ZERO)],
    ['not copied', 'fail', aside(), hidden(), false, instantOf(ZERO)],
    ['nobody looked whether it is copied', 'unknown', aside(), hidden(), undefined, instantOf(ZERO)],
    ['it lives again', 'fail', aside(), thingOf(), true, instantOf(ZERO)],
    ['another version beneath', 'fail', aside(), hidden({ version: 'v2' }), true, instantOf(ZERO)],
    ['no etag', 'unknown', aside(), hidden({ etag: undefined }), true, instantOf(ZERO)],
    ['not listed', 'unknown', aside(), undefined, true, instantOf(ZERO)],
    ['the store\'s time unknown', 'unknown', aside(), hidden(), true, undefined],
  ]
  for (const [says, is, mark, listed, copied, store] of cases) assert.equal(all(beforePurge(mark, listed, copied, now(at(0), store), margins)).is, is, says)
  const unknown = marginsOf({ retention: days(14), oldestCopy: undefined, shrink: 1 })
  assert.equal(all(beforePurge(aside({ since: at(-9000 * DAY) }), hidden(), true, now(at(0), instantOf(ZERO)), unknown)).is, 'unknown', 'nobody knows how old the oldest copy is')
  assert.equal(purgeAt(aside(), unknown), undefined)
  assert.equal(purgeAt(aside(), margins), ZERO - DAY)
})

test('lab time divides the waits of the guard and lengthens or shortens nothing by mistake', () => {
  const lab = marginsOf({ retention: days(14), oldestCopy: days(1), shrink: 86_400 })
  assert.deepEqual(lab, { runs: 3, spacing: seconds(1), age: seconds(7), soak: seconds(1), quarantine: seconds(30) })
  for (const shrink of [0, 0.5, -3, Number.NaN, Number.POSITIVE_INFINITY]) assert.deepEqual(marginsOf({ retention: days(14), oldestCopy: days(14), shrink }), margins)
})

test('G-17 G-4 locks by either path and tags of the owner', () => {
  assert.deepEqual(['free', 'locked', 'unknown'].map((lock) => unlocked(lock as 'free', 'the store').is), ['pass', 'fail', 'unknown'])
  assert.deepEqual([[], ['holdfast:keep'], ['HOLD'], ['holdup'], undefined].map((tags) => untagged(tags).is), ['pass', 'fail', 'fail', 'pass', 'unknown'])
})

test('the moment that people are told is never before the margins', () => {
  const young = flag({ runs: 1, first: at(0), last: at(0) })
  assert.equal(quarantineAt(young, thingOf(), margins), ZERO + 2 * DAY)
  assert.equal(quarantineAt(flag(), thingOf({ modifiedAt: instantOf(ZERO - DAY) }), margins), ZERO + 6 * DAY)
})

test('behind “because” stands what was found, never the wish before it, which would say the contrary', () => {
  const held = { wants: 'nobody holds it', found: { is: 'fail', says: 'it is held' } } as const
  const dated = { wants: 'it has a date', found: { is: 'unknown', says: 'when it was taken is not known' } } as const
  assert.deepEqual([whyNot([dated, held]), whyNot([dated]), whyNot([{ wants: 'it counts', found: { is: 'pass' } }])], ['it is held', 'when it was taken is not known', undefined])
})
