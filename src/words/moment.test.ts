import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../core/time.ts'
import { iso, sayAge, sayRunning, saySpan, zoneOf } from './moment.ts'

const at = (text: string) => instantOf(Date.parse(text))

test('a moment of today is a clock time; others carry their day, other years their year', () => {
  const berlin = zoneOf('Europe/Berlin')
  const now = at('2026-11-21T01:31:50Z')
  assert.equal(berlin.moment(at('2026-11-21T01:14:09Z'), now), '02:14')
  assert.equal(berlin.moment(at('2026-11-20T22:59:59Z'), now), '20 Nov, 23:59')
  assert.equal(berlin.moment(at('2025-03-02T11:00:00Z'), now), '2 Mar 2025, 12:00')
  assert.equal(berlin.exactClock(now), '02:31:50')
  assert.equal(berlin.date(now), '2026-11-21')
})

test('midnight is 00:00, and both changes of the clocks read right', () => {
  const berlin = zoneOf('Europe/Berlin')
  assert.equal(berlin.clock(at('2026-11-20T23:00:00Z')), '00:00')
  assert.equal(berlin.clock(at('2026-03-29T01:30:00Z')), '03:30')
  assert.equal(berlin.clock(at('2026-10-25T00:30:00Z')), '02:30')
  assert.equal(berlin.clock(at('2026-10-25T01:30:00Z')), '02:30')
})

test('a zone that does not exist reads in UTC and says so', () => {
  assert.equal(zoneOf('Mars/Olympus').name, 'UTC')
  assert.equal(zoneOf('Mars/Olympus').clock(at('2026-11-21T01:31:50Z')), '01:31')
})

test('spans are never rounded up', () => {
  assert.equal(saySpan(999), 'under 1 s')
  assert.equal(saySpan(59_999), '59 s')
  assert.equal(saySpan(119_999), '1 min')
  assert.equal(saySpan(117 * 60_000), '1 h 57 min')
  assert.equal(saySpan(51 * 3_600_000), '2 d 3 h')
  assert.equal(sayAge(117 * 60_000), '1 h')
  assert.equal(sayAge(0), 'under 1 s')
  assert.equal(sayRunning(143_000), '2 min 23 s')
  assert.equal(sayRunning(17 * 60_000 + 4000), '17 min')
})

test('an instant beyond what a date can hold does not throw', () => {
  assert.equal(iso(instantOf(Number.MAX_SAFE_INTEGER)), '+275760-09-13T00:00:00.000Z')
})
