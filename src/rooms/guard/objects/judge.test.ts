// A bucket that is itself the copy: far less than usual, nothing new for too long, nothing at all, and what nobody saw.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hours, instantOf, ms, type Instant } from '../../../core/time.ts'
import type { Listing } from '../sets/judge.ts'
import { asCopy, judgeWhole, slotOf, whyShrunken, type Measure, type Whole } from './judge.ts'

const NOW = instantOf(Date.parse('2026-11-21T12:00:00Z'))
const DAILY = { every: hours(24), grace: hours(2) }
const FRESH: Listing = { at: NOW, age: ms(0) }
const usual: readonly Measure[] = Array.from({ length: 5 }, (_, n) => ({ objects: 1000 + n, bytes: 1_000_000 + n }))
const wholeOf = (more: Partial<Whole> = {}): Whole => ({ objects: 1010, bytes: 1_010_000, odd: 0, modifiedAt: instantOf(NOW - hours(3)), versioning: 'enabled', lock: 'off', ...more })
const standing = (whole: Whole, before: readonly Measure[] = usual, listing = FRESH): string[] => judgeWhole(DAILY, { copy: asCopy('media/', whole, before), whole }, listing, { now: NOW, patience: hours(4) }).map(({ side }) => side)

test('G-2 a bucket that is itself the copy counts by what lies there against its history, and by its newest write', () => {
  const undated: Whole = { objects: 1010, bytes: 1_010_000, odd: 0, versioning: 'enabled', lock: 'off' }
  const cases: readonly [string, Whole, string[]][] = [
    ['as it should be', wholeOf(), ['ok']],
    ['half of the objects are gone', wholeOf({ objects: 400 }), ['shrunken']],
    ['the objects are there, and hold little', wholeOf({ bytes: 400_000 }), ['shrunken']],
    ['nothing came for two days', wholeOf({ modifiedAt: instantOf(NOW - hours(48)) }), ['late']],
    ['both', wholeOf({ objects: 400, modifiedAt: instantOf(NOW - hours(48)) }), ['shrunken', 'late']],
    ['nothing lies there', wholeOf({ objects: 0, bytes: 0 }), ['missing']],
    ['all of it is empty', wholeOf({ bytes: 0 }), ['shrunken']],
    ['all of it is dated in the future', undated, ['missing']],
  ]
  for (const [what, whole, sides] of cases) assert.deepEqual(standing(whole), sides, what)
  assert.deepEqual(standing(wholeOf({ objects: 400 }), usual.slice(0, 2)), ['ok'], 'two are no history')
})

test('G-14 what was not listed lately accuses nobody, whatever was known', () => {
  for (const listing of [{ age: undefined }, { at: NOW, age: hours(5) }, { age: undefined, failed: 'connection refused' }] as const) assert.deepEqual(standing(wholeOf({ objects: 1 }), usual, listing), ['unknown'])
})

test('what had shrunk is no history: it stays shrunken, however long it stays so', () => {
  const small: Measure = { objects: 400, bytes: 400_000 }
  const before = [...usual, ...Array.from({ length: 40 }, () => small)]
  assert.match(whyShrunken(small, before) ?? '', /holds 400 objects where 1,002 objects are usual/)
})

test('a slow leak is measured against the days, however often it is looked at', () => {
  const at = (hour: number): Instant => instantOf(NOW + hour * 3_600_000)
  assert.equal(slotOf({ every: hours(24) }, at(0)), slotOf({ every: hours(24) }, at(11)))
  assert.notEqual(slotOf({ every: hours(24) }, at(0)), slotOf({ every: hours(24) }, at(24)))
  assert.equal(slotOf({ every: hours(24 * 30) }, at(0)), slotOf({ every: hours(24) }, at(0)), 'a day at most')
  assert.equal(slotOf({ every: ms(60_000) }, at(0)), slotOf({ every: ms(60_000) }, instantOf(NOW + 60_000)), 'an hour at least')
})
