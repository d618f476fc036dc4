// The rules against calendars: what each keeps, in which zone, across changes of the clocks, and with dates that no sane store has.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseIso } from '../../../core/calendar.ts'
import { days, hours, type Instant } from '../../../core/time.ts'
import { sortInto, type Keep } from './slots.ts'

function instant(text: string): Instant {
  const at = parseIso(text)
  assert(at !== undefined, text)
  return at
}
const dated = (...texts: readonly string[]): { name: string; at: Instant }[] => texts.map((text) => ({ name: text, at: instant(text) }))
/** What stays, newest first. */
function stays(texts: readonly string[], keep: Keep, { zone = 'UTC', pushes = (_name: string): boolean => true, fewer = 0 } = {}): string[] {
  const kept = sortInto(dated(...texts), { keep, zone, pushes: ({ name }) => pushes(name), fewer })
  return [...kept].filter(([, reasons]) => reasons.length > 0).map(([{ name }]) => name)
}
/** One a day at three in the morning, the newest first. */
const nightly = (from: string, count: number): string[] => Array.from({ length: count }, (_, n) => new Date(instant(from) - n * days(1)).toISOString().replace('.000', ''))

const TABLE: readonly { says: string; of: readonly string[]; keep: Keep; zone?: string; stay: readonly string[] }[] = [
  { says: 'the last two', of: nightly('2026-03-10T03:00:00Z', 5), keep: { last: 2 }, stay: nightly('2026-03-10T03:00:00Z', 2) },
  { says: 'the newest of each of two days', of: ['2026-03-10T03:00:00Z', '2026-03-10T02:00:00Z', '2026-03-09T23:59:59Z', '2026-03-09T00:00:00Z', '2026-03-08T03:00:00Z'], keep: { daily: 2 }, stay: ['2026-03-10T03:00:00Z', '2026-03-09T23:59:59Z'] },
  { says: 'days are those of the zone', of: ['2026-03-10T03:00:00Z', '2026-03-09T23:30:00Z', '2026-03-09T22:30:00Z'], keep: { daily: 2 }, zone: 'Europe/Berlin', stay: ['2026-03-10T03:00:00Z', '2026-03-09T22:30:00Z'] },
  { says: 'days without a copy take no slot', of: ['2026-03-10T03:00:00Z', '2026-03-01T03:00:00Z', '2026-02-01T03:00:00Z'], keep: { daily: 2 }, stay: ['2026-03-10T03:00:00Z', '2026-03-01T03:00:00Z'] },
  { says: 'weeks begin on Monday', of: ['2026-03-09T03:00:00Z', '2026-03-08T03:00:00Z', '2026-03-02T03:00:00Z', '2026-03-01T03:00:00Z'], keep: { weekly: 3 }, stay: ['2026-03-09T03:00:00Z', '2026-03-08T03:00:00Z', '2026-03-01T03:00:00Z'] },
  { says: 'a week across the turn of the year is one week', of: ['2027-01-03T03:00:00Z', '2026-12-28T03:00:00Z', '2026-12-27T03:00:00Z'], keep: { weekly: 2 }, stay: ['2027-01-03T03:00:00Z', '2026-12-27T03:00:00Z'] },
  { says: 'months, with a leap day', of: ['2028-03-01T00:00:00Z', '2028-02-29T23:00:00Z', '2028-02-28T03:00:00Z', '2028-01-31T03:00:00Z'], keep: { monthly: 3 }, stay: ['2028-03-01T00:00:00Z', '2028-02-29T23:00:00Z', '2028-01-31T03:00:00Z'] },
  { says: 'years of the zone', of: ['2026-12-31T12:00:00Z', '2026-12-31T09:00:00Z', '2025-06-01T00:00:00Z'], keep: { yearly: 2 }, zone: 'Pacific/Kiritimati', stay: ['2026-12-31T12:00:00Z', '2026-12-31T09:00:00Z'] },
  { says: 'within counts back from the newest, its edge included', of: ['2026-03-10T03:00:00Z', '2026-03-08T03:00:00Z', '2026-03-08T02:59:59Z'], keep: { within: days(2) }, stay: ['2026-03-10T03:00:00Z', '2026-03-08T03:00:00Z'] },
  { says: 'what any rule keeps stays', of: nightly('2026-03-10T03:00:00Z', 20), keep: { daily: 3, weekly: 2 }, stay: [...nightly('2026-03-10T03:00:00Z', 3)] },
  { says: 'a day of 25 hours is one day', of: ['2026-10-25T22:59:59Z', '2026-10-24T22:00:00Z', '2026-10-24T21:59:59Z'], keep: { daily: 2 }, zone: 'Europe/Berlin', stay: ['2026-10-25T22:59:59Z', '2026-10-24T21:59:59Z'] },
  { says: 'a day of 23 hours is one day', of: ['2026-03-29T21:59:59Z', '2026-03-28T23:00:00Z', '2026-03-28T22:59:59Z'], keep: { daily: 2 }, zone: 'Europe/Berlin', stay: ['2026-03-29T21:59:59Z', '2026-03-28T22:59:59Z'] },
  { says: 'clocks that change by half an hour', of: ['2026-04-04T15:30:00Z', '2026-04-04T13:15:00Z', '2026-04-04T12:59:59Z'], keep: { daily: 2 }, zone: 'Australia/Lord_Howe', stay: ['2026-04-04T15:30:00Z', '2026-04-04T12:59:59Z'] },
  { says: 'a date that the zone skipped', of: ['2011-12-30T12:00:00Z', '2011-12-30T09:00:00Z', '2011-12-29T12:00:00Z'], keep: { daily: 3 }, zone: 'Pacific/Apia', stay: ['2011-12-30T12:00:00Z', '2011-12-30T09:00:00Z'] },
  { says: 'the beginning of time, and its end', of: ['9999-12-31T23:00:00Z', '2038-01-19T03:14:08Z', '1970-01-01T00:00:00Z'], keep: { yearly: 3 }, stay: ['9999-12-31T23:00:00Z', '2038-01-19T03:14:08Z', '1970-01-01T00:00:00Z'] },
  { says: 'no rule keeps nothing', of: nightly('2026-03-10T03:00:00Z', 3), keep: {}, stay: [] },
]

for (const { says, of, keep, zone, stay } of TABLE) {
  test(`retention: ${says}`, () => {
    if (says !== 'what any rule keeps stays') assert.deepEqual(stays(of, keep, zone === undefined ? {} : { zone }), stay)
    // Tuesday the 10th; the week before ends with Sunday the 8th, which a day keeps already.
    else assert.deepEqual(stays(of, keep), [...stay])
    assert.deepEqual(stays([...of].reverse(), keep, zone === undefined ? {} : { zone }), stays(of, keep, zone === undefined ? {} : { zone }), 'in whatever order they come')
  })
}

test('a year of nights by seven days, four weeks, six months', () => {
  const all = nightly('2026-11-20T03:00:00Z', 365)
  const kept = stays(all, { daily: 7, weekly: 4, monthly: 6 })
  assert.deepEqual(kept, [
    ...nightly('2026-11-20T03:00:00Z', 7), '2026-11-08T03:00:00Z', '2026-11-01T03:00:00Z',
    '2026-10-31T03:00:00Z', '2026-09-30T03:00:00Z', '2026-08-31T03:00:00Z', '2026-07-31T03:00:00Z', '2026-06-30T03:00:00Z',
  ])
})

test('what may not push is kept where there is room for it, and makes no room narrower', () => {
  const of = nightly('2026-03-10T03:00:00Z', 6)
  const [, second = '', third = ''] = of
  const weak = new Set([second, third])
  assert.deepEqual(stays(of, { daily: 2 }, { pushes: (name) => !weak.has(name) }), of.slice(0, 4))
  assert.deepEqual(stays(of, { last: 2 }, { pushes: () => false }), of, 'nothing pushes: all stay')
  assert.deepEqual(stays(of, { within: hours(1) }, { pushes: () => false }), of)
  assert.deepEqual(stays(of, { daily: 3 }, { fewer: 2 }), of.slice(0, 1))
})

test('what a rule keeps only since nothing may push it out says that, and is never the first of two', () => {
  const of = dated(...nightly('2026-11-16T03:00:00Z', 4))
  const words = (pushes: (name: string) => boolean): string[] => [...sortInto(of, { keep: { daily: 2, last: 1 }, zone: 'UTC', pushes: ({ name }) => pushes(name) }).values()].map((reasons) => reasons.join('; '))
  assert.deepEqual(words(() => false), [
    'last: 1 of 1; daily: the newest of 2026-11-16 (1 of 2)',
    'last: it is not among the newest 1, but no newer one is known well enough to let it go; daily: the newest of 2026-11-15 (2 of 2)',
    ...Array.from({ length: 2 }, () => 'last: it is not among the newest 1, but no newer one is known well enough to let it go; daily: it is not among the newest 2, but no newer one is known well enough to let it go'),
  ])
  assert.equal(words((name) => name.startsWith('2026-11-16'))[2], 'daily: it is not among the newest 2, but only 1 newer one is known well enough to let it go')
})

test('of two of one moment the same one stays, whichever comes first', () => {
  const [a, b] = [{ name: 'a', at: instant('2026-03-10T03:00:00Z') }, { name: 'b', at: instant('2026-03-10T03:00:00Z') }]
  for (const all of [[a, b], [b, a]]) {
    const kept = sortInto(all, { keep: { daily: 1 }, zone: 'UTC', pushes: () => true })
    assert.deepEqual([kept.get(a)?.length, kept.get(b)?.length], [0, 1])
  }
})

test('each rule that keeps says so in words', () => {
  const kept = sortInto(dated('2026-03-10T03:00:00Z'), { keep: { last: 2, daily: 7, weekly: 4, monthly: 1, yearly: 1, within: days(2) }, zone: 'UTC', pushes: () => true })
  assert.deepEqual([...kept.values()], [[
    'last: 1 of 2', 'daily: the newest of 2026-03-10 (1 of 7)', 'weekly: the newest of the week from 2026-03-09 (1 of 4)', 'monthly: the newest of 2026-03 (1 of 1)', 'yearly: the newest of 2026 (1 of 1)', 'within 2 d of the newest',
  ]])
})
