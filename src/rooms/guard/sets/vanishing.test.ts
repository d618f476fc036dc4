// When other bytes under a copy's name are its run, repeated, and when they are something that a person has to hear of.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hours, instantOf } from '../../../core/time.ts'
import { judgeCopies, type Copy, type Judged } from './judge.ts'
import { readPattern } from './pattern.ts'
import { repeatedIn, type Repeat } from './vanishing.ts'

const NOON = Date.parse('2026-11-21T12:00:00Z')
const pattern = readPattern('pg/shop-{date}.dump')
assert(!('says' in pattern))
const copy = (day: number, more: Partial<Copy> = {}): Copy => ({ key: `pg/shop-2026-11-${day}.dump`, etag: 'e1', bytes: 1000, modifiedAt: instantOf(Date.parse(`2026-11-${day}T02:00:00Z`)), ...more })
const judged = (copies: readonly Copy[]): readonly Judged[] => judgeCopies(pattern, copies, instantOf(NOON), () => undefined)
const days = [17, 18, 19, 20]
const at = (hour: number): Copy['modifiedAt'] => instantOf(Date.parse('2026-11-21T00:00:00Z') + hours(hour))
const repeated = (today: Partial<Copy>, is: Partial<Copy>, { dated = true, now = NOON, besides = days, every = 24, proven = [], former }: { readonly dated?: boolean; readonly now?: number; readonly besides?: readonly number[]; readonly every?: number; readonly proven?: readonly string[]; readonly former?: Repeat } = {}): string | undefined =>
  repeatedIn({ before: judged([...besides.map((day) => copy(day)), copy(21, today)]), listed: judged([...besides.map((day) => copy(day)), copy(21, { etag: 'e2', ...is })]), proven: new Set(proven), former, dated, every: hours(every), now: instantOf(now) })

test('G-12 a younger copy under the dated name of the newest one, within the time of one run, is its run repeated', () => {
  assert.equal(repeated({}, { modifiedAt: at(9) }), copy(21).key)
  assert.equal(repeated({}, { modifiedAt: at(9), bytes: 600 }), copy(21).key)
  assert.equal(repeated({ bytes: 10 }, { modifiedAt: at(9) }), copy(21).key, 'what did not count yet was not written to its end')
  assert.equal(repeated({ bytes: 0 }, { modifiedAt: at(9) }), copy(21).key)
})

test('G-12 what is older, a fraction, of another day, of a name without a date, or long past is not', () => {
  assert.equal(repeated({}, {}), undefined, 'no younger than it was')
  assert.equal(repeated({}, { modifiedAt: at(1) }), undefined)
  assert.equal(repeated({}, { modifiedAt: at(9), bytes: 300 }), undefined, 'it does not count')
  assert.equal(repeated({}, { modifiedAt: at(9), bytes: 300 }, { besides: [] }), undefined, 'where there is no history it is a fraction of what it was')
  assert.equal(repeated({}, { modifiedAt: at(9) }, { dated: false }), undefined)
  assert.equal(repeated({}, { modifiedAt: at(9) }, { now: NOON + hours(24) }), undefined)
  const before = judged([...days, 21].map((day) => copy(day)))
  const rewritten = (...left: readonly number[]): string | undefined =>
    repeatedIn({ before, listed: judged([...left.map((day) => copy(day)), copy(20, { etag: 'e2', modifiedAt: at(9) })]), proven: new Set(), former: undefined, dated: true, every: hours(48), now: instantOf(NOON) })
  assert.deepEqual([rewritten(17, 18, 19, 21), rewritten(17, 18, 19)], [undefined, undefined], 'the day before, whether the newest is there or gone')
})

test('G-12 a copy that was proven, or written anew before, is no run repeated, nor is a second one in 30 days, nor one of yesterday', () => {
  const former = (key: string, days: number): Repeat => ({ key, at: instantOf(NOON - hours(24 * days)) })
  const younger = { modifiedAt: at(9) }
  assert.equal(repeated({}, younger, { proven: [copy(20).key], former: former(copy(17).key, 31) }), copy(21).key, 'of another copy')
  assert.equal(repeated({}, younger, { proven: [copy(21).key] }), undefined)
  assert.equal(repeated({}, younger, { former: former(copy(17).key, 29) }), undefined)
  assert.equal(repeated({}, younger, { former: former(copy(17).key, -1) }), undefined, 'a clock that was set back allows nothing')
  assert.equal(repeated({}, younger, { former: former(copy(21).key, 31) }), undefined, 'its own repeat')
  assert.equal(repeated({}, younger, { every: 24 * 7 }), copy(21).key)
  assert.equal(repeated({}, younger, { every: 24 * 7, now: NOON + hours(24) }), undefined, 'a day is enough, however seldom a copy is made')
})
