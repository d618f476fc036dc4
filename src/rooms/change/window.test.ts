// Windows by the clocks of their zone: on their days, over midnight, and where clocks jump.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf, hours, type Instant } from '../../core/time.ts'
import { permitOf } from './window.ts'
import type { Window } from './runbook.ts'

const at = (text: string): Instant => instantOf(Date.parse(text))
const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
const window = (days: readonly number[], from: string, to: string, timezone = 'Europe/Berlin'): Window => ({ days, from: minutesOf(from), to: minutesOf(to), timezone })
const said = (it: Window, text: string): string => {
  const permit = permitOf(it, at(text))
  return permit.is === 'open' ? `open until ${new Date(permit.until).toISOString()}` : permit.opens === undefined ? 'shut' : `shut until ${new Date(permit.opens).toISOString()}`
}

test('C-18 a window permits on its days, from its first minute to before its last', () => {
  const it = window([2, 3], '02:00', '05:00')
  // 2026-11-24 is a Tuesday; Berlin is one hour ahead.
  assert.equal(said(it, '2026-11-24T00:59:59.999Z'), 'shut until 2026-11-24T01:00:00.000Z')
  assert.equal(said(it, '2026-11-24T01:00:00Z'), 'open until 2026-11-24T04:00:00.000Z')
  assert.equal(said(it, '2026-11-24T03:59:59Z'), 'open until 2026-11-24T04:00:00.000Z')
  assert.equal(said(it, '2026-11-24T04:00:00Z'), 'shut until 2026-11-25T01:00:00.000Z')
  assert.equal(said(it, '2026-11-25T12:00:00Z'), 'shut until 2026-12-01T01:00:00.000Z')
})

test('C-18 one that closes after midnight belongs to the day on which it opened', () => {
  const it = window([5], '22:00', '04:00')
  assert.equal(said(it, '2026-11-28T02:30:00Z'), 'open until 2026-11-28T03:00:00.000Z', 'Saturday night, opened on Friday')
  assert.equal(said(it, '2026-11-27T02:30:00Z'), 'shut until 2026-11-27T21:00:00.000Z', 'the night to Friday is not its night')
})

test('C-18 where clocks jump: what is skipped is not there, what is repeated is longer', () => {
  // Clocks in Berlin go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
  assert.equal(said(window([7], '02:00', '03:00'), '2026-03-29T01:00:00Z').startsWith('shut until 2026-04-05'), true)
  assert.equal(said(window([7], '01:00', '04:00'), '2026-03-29T00:30:00Z'), 'open until 2026-03-29T02:00:00.000Z')
  assert.equal(said(window([7], '01:00', '04:00'), '2026-10-25T01:30:00Z'), 'open until 2026-10-25T03:00:00.000Z')
})

test('C-18 at every moment of a year it is open just where the clock on the wall says so', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']
  fc.assert(fc.property(fc.constantFrom(...zones), fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 365 * 24 }), (timezone, days, from, to, hour) => {
    if (from === to) return
    const now = (Date.parse('2026-01-01T00:30:00Z') + hour * hours(1)) as Instant
    const parts = new Map(formatOf(timezone, { weekday: 'short', hour: '2-digit', hourCycle: 'h23' }).formatToParts(now).map(({ type, value }) => [type, value]))
    const day = 1 + ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.get('weekday') ?? '')
    const local = Number(parts.get('hour'))
    const opened = to > from ? (local >= from && local < to ? day : undefined) : local >= from ? day : local < to ? (day + 5) % 7 + 1 : undefined
    // In the hours around a jump the calendar's rule holds, and not that of the clock on the wall.
    const isJump = [-3, -2, -1, 0, 1, 2, 3].some((n) => offset(now + n * hours(1), timezone) !== offset(now, timezone))
    if (!isJump) assert.equal(permitOf({ days, from: from * 60, to: to * 60, timezone }, now).is === 'open', opened !== undefined && days.includes(opened))
  }), { numRuns: 150 })
})

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = timeZone + JSON.stringify(options)
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone, ...options })
  formats.set(key, known)
  return known
}
const offset = (instant: number, timezone: string): string => formatOf(timezone, { timeZoneName: 'longOffset' }).formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? ''
