// The calendar as other programs read it: a small reader that is as strict as RFC 5545 takes what ours writes, whatever people wrote into it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseCalendar } from '../../../test/calendar-reader.ts'
import { HOSTILE } from '../../../test/hostile.ts'
import { parseMoment } from '../../core/calendar.ts'
import { instantOf, later, hours, type Instant } from '../../core/time.ts'
import { renderCalendar, type CalendarEvent } from './icalendar.ts'

const AT = instantOf(Date.UTC(2026, 2, 20))
const event = (more: Partial<CalendarEvent> = {}): CalendarEvent => ({
  uid: 'mnt_1@holdfast', summary: 'More memory', description: 'One; then two, three\\four', from: AT, until: later(AT, hours(3)), changedAt: instantOf(AT - 5000), sequence: 0, cancelled: false, free: false, ...more,
})

test('a strict reader takes it: folded at 75 octets, escaped, nothing twice', () => {
  const long = 'Überprüfung 🚀 '.repeat(30).trim()
  const [read] = parseCalendar(renderCalendar({ name: 'Acme; status, now', events: [event({ summary: long, url: 'https://status.acme.example/#mnt_1' })] })).events
  assert.ok(read?.get('SUMMARY')?.startsWith(long.slice(0, 150)))
  assert.equal(read?.get('DESCRIPTION'), 'One; then two, three\\four')
  assert.deepEqual(['UID', 'DTSTART', 'DTEND', 'DTSTAMP', 'SEQUENCE', 'STATUS', 'TRANSP', 'URL'].map((name) => read?.get(name)), ['mnt_1@holdfast', '20260320T000000Z', '20260320T030000Z', '20260319T235955Z', '0', 'CONFIRMED', 'OPAQUE', 'https://status.acme.example/#mnt_1'])
})

test('T-4 nothing that people write becomes a line of its own', () => {
  for (const text of [...HOSTILE, 'x\r\nEND:VEVENT\r\nBEGIN:VALARM', 'a\u2028END:VEVENT', '\\n', ';,:"']) {
    const { name, events } = parseCalendar(renderCalendar({ name: text, events: [event({ uid: text, summary: text, description: text }), event({ cancelled: true, sequence: 3 })] }))
    assert.equal(typeof name, 'string')
    assert.equal(events.length, 2)
    assert.equal(events[0]?.size, 10)
    assert.deepEqual([events[1]?.get('STATUS'), events[1]?.get('SEQUENCE'), events[1]?.get('TRANSP')], ['CANCELLED', '3', 'TRANSPARENT'])
  }
})

test('times are in UTC on both sides of a change of the clocks, and a calendar without events is one', () => {
  const there = (written: string, zone: string): Instant => parseMoment(written, zone, AT) ?? assert.fail(written)
  for (const [zone, from, until, start, end] of [
    ['Europe/Berlin', '2026-03-29 01:00', '2026-03-29 04:00', '20260329T000000Z', '20260329T020000Z'],
    ['Europe/Berlin', '2026-10-25 01:00', '2026-10-25 04:00', '20261024T230000Z', '20261025T030000Z'],
    // Where clocks move by half an hour, and where the time is one that they skip.
    ['Australia/Lord_Howe', '2026-10-04 01:00', '2026-10-04 03:00', '20261003T143000Z', '20261003T160000Z'],
    ['Europe/Berlin', '2026-03-29 02:30', '2026-03-29 03:45', '20260329T013000Z', '20260329T014500Z'],
    ['America/New_York', '2026-11-01 01:30', '2026-11-01 02:30', '20261101T053000Z', '20261101T073000Z'],
  ] as const) {
    const [read] = parseCalendar(renderCalendar({ name: 'x', events: [event({ from: there(from, zone), until: there(until, zone) })] })).events
    assert.deepEqual([read?.get('DTSTART'), read?.get('DTEND')], [start, end], `${zone} ${from}`)
  }
  assert.deepEqual(parseCalendar(renderCalendar({ name: 'x', events: [] })).events, [])
  const [short] = parseCalendar(renderCalendar({ name: 'x', events: [event({ until: AT })] })).events
  assert.equal(short?.get('DTEND'), '20260320T000001Z')
})
