// T-8: time that nobody measured is counted apart, never as up.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { boardOf, componentOf, daysOf, NOW } from '../../../test/boards.ts'
import { DAYS_SHOWN, drawBars, historyOf, percentOf } from './bars.ts'
import type { Day } from './board.ts'

const MINUTE = 60_000
const historyWith = (days: readonly Day[]) => historyOf(componentOf('API', 'operational', { days }), boardOf([]), NOW)

test('the last bar is today in the site’s zone, and there are ninety', () => {
  const { bars } = historyWith(daysOf(90))
  assert.equal(bars.length, DAYS_SHOWN)
  assert.equal(bars.at(-1)?.date, '2026-11-21', '01:31 UTC is the 21st in Berlin')
  assert.equal(bars[0]?.date, '2026-08-24')
})

test('days before measuring began are hollow, and said', () => {
  const { bars, began } = historyWith(daysOf(3))
  assert.deepEqual(bars.slice(-4).map((bar) => bar.is), ['none', 'ok', 'ok', 'ok'])
  assert.equal(began, '2026-11-19')
  assert.equal(historyWith(daysOf(90)).began, undefined)
})

test('a fresh installation claims nothing', () => {
  const { bars, percent, tally } = historyWith([])
  assert.ok(bars.every((bar) => bar.is === 'none'))
  assert.equal(percent, undefined)
  assert.deepEqual(tally, { up: 0, degraded: 0, down: 0, unknown: 0 })
})

test('a day that is missing in the middle is unknown, and so is the rest of a day that is over', () => {
  const days = daysOf(5).filter((_, i) => i !== 2).map((day, i) => (i === 1 ? { ...day, up: 6 * 60 * MINUTE } : day))
  const { bars, tally } = historyWith(days)
  assert.deepEqual(bars.slice(-5).map((bar) => bar.is), ['ok', 'unknown', 'unknown', 'ok', 'ok'])
  assert.equal(tally.unknown, (23 + 17) * 60 * MINUTE)
})

test('today and the first day may be short without lacking anything', () => {
  const days = daysOf(4).map((day, i) => (i === 0 ? { ...day, up: 60 * MINUTE } : day))
  assert.equal(historyWith(days).tally.unknown, 0)
})

test('a minute of not knowing marks the day; a few seconds do not', () => {
  const marked = (unknown: number) => historyWith(daysOf(3).map((day, i) => (i === 1 ? { ...day, unknown } : day))).bars.at(-2)?.is
  assert.equal(marked(MINUTE), 'unknown')
  assert.equal(marked(20_000), 'ok')
})

test('unknown time changes no percentage; down is the gravest state of a day', () => {
  const { percent, tally, bars } = historyWith(daysOf(2, { 1: { down: 14.4, unknown: 300, degraded: 30 } }))
  const up = tally.up + tally.degraded
  assert.equal(percent, (Math.floor((up / (up + tally.down)) * 10_000) / 100).toFixed(2))
  assert.equal(tally.unknown, 300 * MINUTE)
  assert.equal(bars.at(-2)?.is, 'down')
})

test('a second of outage is never 100 %, and an outage of everything is 0.00 %', () => {
  const span = 90 * 86_400_000
  assert.equal(percentOf({ up: span, degraded: 0, down: 0, unknown: 0 }), '100')
  assert.equal(percentOf({ up: span, degraded: 0, down: 1, unknown: 0 }), '99.999')
  assert.equal(percentOf({ up: span - 300_000, degraded: 0, down: 300_000, unknown: 0 }), '99.996')
  assert.equal(percentOf({ up: 9990, degraded: 0, down: 10, unknown: 0 }), '99.90')
  assert.equal(percentOf({ up: 0, degraded: 0, down: 5, unknown: 5 }), '0.00')
  assert.equal(percentOf({ up: 0, degraded: 0, down: 0, unknown: 5 }), undefined)
})

test('more not-knowing never looks better', () => {
  const minutes = fc.integer({ min: 0, max: 600 })
  fc.assert(fc.property(minutes, minutes, minutes, fc.integer({ min: 0, max: 400 }), (down, degraded, unknown, blurred) => {
    const before = historyWith(daysOf(2, { 1: { down, degraded, unknown } }))
    const after = historyWith(daysOf(2, { 1: { down, degraded, unknown: unknown + blurred } }))
    assert.ok(after.tally.up <= before.tally.up)
    assert.ok(Number(after.percent) <= Number(before.percent))
    if (before.bars.at(-2)?.is !== 'ok') assert.notEqual(after.bars.at(-2)?.is, 'ok')
  }), { numRuns: 200 })
})

test('numbers that are none are nothing', () => {
  const { tally } = historyWith([{ date: '2026-11-21', up: Number.NaN, degraded: -5, down: Number.POSITIVE_INFINITY, unknown: 0 }])
  assert.deepEqual(tally, { up: 0, degraded: 0, down: 0, unknown: 0 })
})

test('bad days are taller; the worst ninety days stay small', () => {
  const draw = (days: readonly Day[]) => drawBars(historyWith(days).bars, 'label', () => undefined).markup
  const top = (drawn: string) => Math.min(...[...drawn.matchAll(/V(\d+)/g)].map(([, y]) => Number(y)))
  assert.ok(top(draw(daysOf(90, { 5: { down: 90 } }))) < top(draw(daysOf(90, { 5: { down: 1 } }))))
  assert.ok(top(draw(daysOf(90, { 5: { down: 1 } }))) < top(draw(daysOf(90, { 5: { degraded: 600 } }))))
  const worst = draw(daysOf(90, Object.fromEntries(Array.from({ length: 90 }, (_, i) => [i, [{}, { down: i }, { degraded: 2 }, { unknown: 9 }][i % 4] ?? {}]))))
  assert.ok(worst.length < 1400, `${worst.length} bytes`)
  assert.ok(draw(daysOf(84, { 3: { down: 4 } })).length < 420)
})
