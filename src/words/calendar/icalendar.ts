// Calendars as programs read them (RFC 5545): times in UTC, so that no reader needs our rules of zones; lines of at most 75 octets, folded between
// letters and never within one; text escaped, so that nothing that somebody wrote becomes a line of its own. The bytes change only when an
// event does. An event keeps its UID for good; SEQUENCE says which of two versions is the newer one.
import type { Instant } from '../../core/time.ts'
import { line, lines } from '../markup.ts'

export interface CalendarEvent {
  /** The same for as long as it is the same event. */
  readonly uid: string
  readonly summary: string
  readonly description: string
  readonly from: Instant
  readonly until: Instant
  /** When it was last changed; never the time of asking. */
  readonly changedAt: Instant
  readonly sequence: number
  readonly cancelled: boolean
  /** It takes nobody's time: a window that permits. */
  readonly free: boolean
  readonly url?: string
}

export interface Calendar {
  readonly name: string
  readonly events: readonly CalendarEvent[]
}

export const CALENDAR_TYPE = 'text/calendar; charset=utf-8'

const MOST_OCTETS = 75
const MOST_SUMMARY = 200
const MOST_DESCRIPTION = 4000

/** The whole file, its lines ended by CR LF. */
export function renderCalendar({ name, events }: Calendar): string {
  const called = text(line(name, MOST_SUMMARY))
  const drawn = [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Holdfast//Holdfast//EN', 'CALSCALE:GREGORIAN', 'METHOD:PUBLISH', `NAME:${called}`, `X-WR-CALNAME:${called}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT15M', 'X-PUBLISHED-TTL:PT15M', ...(events.length === 0 ? NOTHING : events.flatMap(drawEvent)), 'END:VCALENDAR',
  ]
  return drawn.map((it) => `${folded(it)}\r\n`).join('')
}

/** A calendar has at least one component; the zone of times in UTC says nothing and is one. */
const NOTHING = ['BEGIN:VTIMEZONE', 'TZID:UTC', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0000', 'TZOFFSETTO:+0000', 'END:STANDARD', 'END:VTIMEZONE']

function drawEvent(event: CalendarEvent): string[] {
  return [
    'BEGIN:VEVENT', `UID:${text(line(event.uid, MOST_SUMMARY))}`, `DTSTAMP:${utc(event.changedAt)}`, `LAST-MODIFIED:${utc(event.changedAt)}`, `SEQUENCE:${event.sequence}`,
    // What lasts for less than its grain would end where it begins.
    `DTSTART:${utc(event.from)}`, `DTEND:${utc(Math.max(event.until, event.from + 1000) as Instant)}`,
    `SUMMARY:${text(line(event.summary, MOST_SUMMARY))}`, `DESCRIPTION:${text(lines(event.description, MOST_DESCRIPTION))}`,
    `STATUS:${event.cancelled ? 'CANCELLED' : 'CONFIRMED'}`, `TRANSP:${event.free || event.cancelled ? 'TRANSPARENT' : 'OPAQUE'}`,
    ...(event.url === undefined || event.url === '' ? [] : [`URL:${line(event.url, 1000)}`]), 'END:VEVENT',
  ]
}

/** `20261124T010000Z`; its years have four digits. */
const utc = (at: Instant): string => new Date(Math.min(253_402_300_799_000, Math.max(-62_135_596_800_000, Math.floor(at)))).toISOString().replace(/[-:]|\.\d+/g, '')

const text = (written: string): string => written.replace(/[\\;,]/g, (it) => `\\${it}`).replaceAll('\n', '\\n')

/** A continuation begins with a space, which counts. */
function folded(whole: string): string {
  let drawn = ''
  let octets = 0
  for (const letter of whole) {
    const size = Buffer.byteLength(letter)
    if (octets + size > MOST_OCTETS) {
      drawn += '\r\n '
      octets = 1
    }
    drawn += letter
    octets += size
  }
  return drawn
}
