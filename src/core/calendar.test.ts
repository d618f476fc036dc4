// Local times, days, cron and hand-offs, where clocks change: named cases of zones that are hard.
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  addDays, cronFault, dayBounds, dayOf, dayStart, formatTime, isoTime, isZone, localInstant, nextCron, parseIso, parseMoment, previousCron,
  shiftAt, shiftsOf, zoneOffset, type HandOffs,
} from './calendar.ts'
import { hours, instantOf, type Instant } from './time.ts'

const at = (iso: string): Instant => parseIso(iso) ?? assert.fail(`${iso} is no instant`)
const local = (day: string, hour: number, minute: number, zone: string): string => isoTime(localInstant({ day, hour, minute, zone }))
const daily = (timezone: string, hour: number, minute: number, starts: string): HandOffs =>
  ({ rotate: { every: 'day', times: 1 }, handoff: { weekday: 1, hour, minute }, timezone, starts })

test('zones are names of the tz database, never offsets', () => {
  for (const zone of ['Europe/Berlin', 'UTC', 'Australia/Lord_Howe', 'US/Eastern']) assert.ok(isZone(zone), zone)
  for (const zone of ['+02:00', '-3', '', 'Europe/Atlantis', 'CET+1', 'Europe/Berlin ']) assert.ok(!isZone(zone), zone)
})

test('a local time that is skipped moves forward, of a repeated one the earlier counts', () => {
  assert.equal(local('2026-07-01', 9, 0, 'Europe/Berlin'), '2026-07-01T07:00:00.000Z')
  assert.equal(local('2026-03-29', 2, 30, 'Europe/Berlin'), '2026-03-29T01:30:00.000Z')
  assert.equal(local('2026-10-25', 2, 30, 'Europe/Berlin'), '2026-10-25T00:30:00.000Z')
  assert.equal(local('2026-10-04', 2, 15, 'Australia/Lord_Howe'), '2026-10-03T15:45:00.000Z')
  assert.equal(local('2026-04-05', 1, 45, 'Australia/Lord_Howe'), '2026-04-04T14:45:00.000Z')
  assert.equal(local('2011-12-30', 9, 0, 'Pacific/Apia'), '2011-12-30T19:00:00.000Z')
})

test('a day has 23, 24 or 25 hours, and the days of a zone touch', () => {
  const length = (iso: string, zone: string): number => dayBounds(at(iso), zone).end - dayBounds(at(iso), zone).start
  assert.equal(length('2026-03-29T12:00:00Z', 'Europe/Berlin'), hours(23))
  assert.equal(length('2026-10-25T12:00:00Z', 'Europe/Berlin'), hours(25))
  assert.equal(length('2026-11-21T12:00:00Z', 'Europe/Berlin'), hours(24))
  assert.equal(length('2026-04-05T00:00:00Z', 'Australia/Lord_Howe'), hours(24.5))
  for (const zone of ['Europe/Berlin', 'America/Havana', 'Pacific/Apia', 'America/St_Johns', 'Africa/Cairo']) {
    let day = dayBounds(at('2011-01-01T12:00:00Z'), zone)
    for (let i = 0; i < 366; i++) {
      const next = dayBounds(day.end, zone)
      assert.equal(next.start, day.end, `${zone} ${isoTime(day.end)}`)
      assert.equal(dayStart(dayOf(day.end, zone), zone), day.end)
      assert.equal(dayOf(instantOf(next.end - 1), zone), dayOf(next.start, zone))
      day = next
    }
  }
  assert.equal(dayOf(at('2011-12-30T09:59:59Z'), 'Pacific/Apia'), '2011-12-29')
  assert.equal(dayOf(at('2011-12-30T10:00:00Z'), 'Pacific/Apia'), '2011-12-31')
  // St. John's went from 00:01 back to 23:01: whatever comes after the first midnight counts to the new day.
  const twice = at('2010-11-07T02:45:00Z')
  assert.equal(dayOf(twice, 'America/St_Johns'), '2010-11-07')
  assert.ok(dayBounds(twice, 'America/St_Johns').start <= twice && twice < dayBounds(twice, 'America/St_Johns').end)
  assert.equal(addDays('2024-02-28', 2), '2024-03-01')
})

test('a cron job in the gap of spring runs once, right after it, and in autumn once', () => {
  const coming = (expression: string, from: string, count: number): string[] => {
    const found: string[] = []
    for (let i = 0, now = at(from); i < count; i++) found.push(isoTime((now = nextCron(expression, 'Europe/Berlin', now))).slice(5, 16))
    return found
  }
  assert.deepEqual(coming('15 2 * * *', '2026-03-28T12:00:00Z', 2), ['03-29T01:00', '03-30T00:15'])
  assert.deepEqual(coming('0 2,3 * * *', '2026-03-28T12:00:00Z', 3), ['03-29T01:00', '03-30T00:00', '03-30T01:00'])
  assert.deepEqual(coming('15 2 * * *', '2026-10-24T12:00:00Z', 2), ['10-25T00:15', '10-26T01:15'])
  assert.deepEqual(coming('0 2,3 * * *', '2026-10-24T12:00:00Z', 3), ['10-25T00:00', '10-25T02:00', '10-26T01:00'])
  assert.deepEqual(coming('*/30 * * * *', '2026-10-25T00:00:00Z', 4), ['10-25T00:30', '10-25T01:00', '10-25T01:30', '10-25T02:00'])
})

test('cron: next and previous exclude the instant itself, and lead back to each other', () => {
  const noon = at('2026-05-05T12:00:00Z')
  assert.equal(nextCron('0 * * * *', 'UTC', noon), noon + hours(1))
  assert.equal(previousCron('0 * * * *', 'UTC', noon), noon - hours(1))
  for (const expression of ['15 2 * * *', '0 9 * * 1', '0 0 1 * *', '*/7 3 * * *']) {
    let now = at('2026-01-15T00:00:30Z')
    for (let i = 0; i < 60; i++) {
      const next = nextCron(expression, 'Europe/Berlin', now)
      assert.ok(next > now)
      assert.equal(nextCron(expression, 'Europe/Berlin', previousCron(expression, 'Europe/Berlin', next)), next, `${expression} ${isoTime(next)}`)
      now = next
    }
  }
})

test('cron: what is wrong is said', () => {
  assert.equal(cronFault('15 2 * * *', 'Europe/Berlin'), undefined)
  assert.match(cronFault('61 * * * *', 'UTC') ?? '', /^"61 \* \* \* \*" is not a cron expression: .*61/)
  assert.match(cronFault('* * * * * *', 'UTC') ?? '', /5 parts/)
  assert.match(cronFault('0 0 30 2 *', 'UTC') ?? '', /never comes/)
  assert.match(cronFault('', 'UTC') ?? '', /is not a cron expression/)
})

test('instants for people: as short as can be without a mistake', () => {
  const then = at('2026-11-30T08:00:00Z')
  const from = (iso: string): string => formatTime(then, 'Europe/Berlin', at(iso))
  assert.equal(formatTime(then, 'Europe/Berlin'), '30 Nov 2026 09:00 UTC+1')
  assert.equal(from('2026-11-30T22:59:00Z'), '09:00')
  assert.equal(from('2026-11-29T22:59:00Z'), 'Mon 09:00')
  assert.equal(from('2026-11-24T08:00:00Z'), 'Mon 09:00')
  assert.equal(from('2026-11-23T08:00:00Z'), '30 Nov 09:00')
  assert.equal(from('2027-01-15T08:00:00Z'), '30 Nov 2026 09:00')
  assert.equal(zoneOffset(then, 'America/St_Johns'), 'UTC-3:30')
  assert.equal(zoneOffset(then, 'UTC'), 'UTC')
})

test('moments as people type them', () => {
  const from = at('2026-11-25T12:00:00Z')
  const read = (typed: string): string | undefined => {
    const found = parseMoment(typed, 'Europe/Berlin', from)
    return found === undefined ? undefined : isoTime(found).slice(0, 16)
  }
  assert.equal(read('2026-11-30T09:00:00+01:00'), '2026-11-30T08:00')
  assert.equal(read('2026-11-30 09:00'), '2026-11-30T08:00')
  assert.equal(read('2026-11-30'), '2026-11-29T23:00')
  assert.equal(read('13:00'), '2026-11-25T12:00')
  assert.equal(read('12:59'), '2026-11-26T11:59')
  assert.equal(read('Mon 09:00'), '2026-11-30T08:00')
  assert.equal(read('wednesday 09:00'), '2026-12-02T08:00')
  for (const bad of ['', 'soon', '25:00', '2026-13-01', '2026-02-30', '9', 'Mon', '2026-11-30 9:99']) assert.equal(read(bad), undefined, bad)
})

test('P-8 a hand-off in the gap comes right after it, one in the repeated hour at its first', () => {
  const spring = shiftAt(daily('Europe/Berlin', 2, 30, '2026-03-01'), at('2026-03-29T12:00:00Z'))
  assert.deepEqual([isoTime(spring.from), isoTime(spring.until)], ['2026-03-29T01:30:00.000Z', '2026-03-30T00:30:00.000Z'])
  const autumn = shiftAt(daily('Europe/Berlin', 2, 30, '2026-03-01'), at('2026-10-25T12:00:00Z'))
  assert.deepEqual([isoTime(autumn.from), isoTime(autumn.until)], ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'])
})

test('P-8 Apia skipped a day: its shift is empty and nobody falls out', () => {
  const found = shiftsOf(daily('Pacific/Apia', 9, 0, '2011-12-28'), at('2011-12-28T19:00:00Z'), at('2012-01-01T19:00:00Z'))
  assert.deepEqual(found.map(({ index }) => index), [0, 1, 3, 4])
  for (const [i, shift] of found.entries()) assert.equal(shift.from, found[i - 1]?.until ?? shift.from)
})

test('a week begins on its weekday, from the first one on; before it the rotation counts back', () => {
  const weekly: HandOffs = { rotate: { every: 'week', times: 2 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', starts: '2026-11-25' }
  assert.deepEqual(shiftAt(weekly, at('2026-11-30T08:00:00Z')), { index: 0, from: at('2026-11-30T08:00:00Z'), until: at('2026-12-14T08:00:00Z') })
  assert.equal(shiftAt(weekly, at('2026-11-30T07:59:59.999Z')).index, -1)
  assert.equal(shiftAt(weekly, at('2020-01-01T00:00:00Z')).until - shiftAt(weekly, at('2020-01-01T00:00:00Z')).from, hours(14 * 24))
})

test('a clock that is wrong by millennia still finds a shift', () => {
  const rotation = daily('Africa/Casablanca', 9, 0, '2024-01-01')
  for (const wall of [-8.64e15, 8.64e15, 0, -1, Number.MAX_SAFE_INTEGER]) {
    const shift = shiftAt(rotation, instantOf(wall))
    assert.ok(shift.from < shift.until)
  }
  assert.throws(() => shiftAt(rotation, instantOf(Number.NaN)))
})

test('a window of shifts is bounded', () => {
  assert.equal(shiftsOf(daily('UTC', 0, 0, '2024-01-01'), at('1900-01-01T00:00:00Z'), at('2100-01-01T00:00:00Z')).length, 10_000)
})
