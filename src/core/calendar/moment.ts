// Instants as people and machines write them. For people the shortest form that cannot be mistaken from where they stand: the
// time today, the weekday within a week, the date otherwise; always in a named zone. For machines ISO 8601 in UTC.
import { Temporal } from 'temporal-polyfill'
import { instantOf, type Instant } from '../time.ts'
import { addDays, dayOf, dayStart, localInstant, withinCalendar, zonedAt } from './zone.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * An instant for people. Seen from `seenAt`: "02:14" on the same day, "Mon 09:00" within six days, "30 Nov 09:00" within
 * the year, else with the year. Without it everything is named: "30 Nov 2026 09:00 UTC+1".
 */
export function formatTime(at: Instant, zone: string, seenAt?: Instant): string {
  const there = zonedAt(at, zone)
  const time = `${two(there.hour)}:${two(there.minute)}`
  const date = `${there.day} ${MONTHS[there.month - 1]}`
  if (seenAt === undefined) return `${date} ${there.year} ${time} ${zoneOffset(at, zone)}`
  const here = zonedAt(seenAt, zone)
  const apart = Math.abs(here.toPlainDate().until(there.toPlainDate(), { largestUnit: 'days' }).days)
  if (apart === 0) return time
  if (apart <= 6) return `${WEEKDAYS[there.dayOfWeek - 1]} ${time}`
  return there.year === here.year ? `${date} ${time}` : `${date} ${there.year} ${time}`
}

/** How far a zone is from UTC at an instant: "UTC", "UTC+1", "UTC-3:30". */
export function zoneOffset(at: Instant, zone: string): string {
  const minutesAway = Math.round(zonedAt(at, zone).offsetNanoseconds / 60_000_000_000)
  if (minutesAway === 0) return 'UTC'
  const size = Math.abs(minutesAway)
  const rest = size % 60
  return `UTC${minutesAway < 0 ? '-' : '+'}${Math.floor(size / 60)}${rest === 0 ? '' : `:${two(rest)}`}`
}

/** ISO 8601 in UTC, with milliseconds: "2026-11-30T08:00:00.000Z". */
export const isoTime = (at: Instant): string =>
  Temporal.Instant.fromEpochMilliseconds(Math.floor(withinCalendar(at))).toString({ fractionalSecondDigits: 3 })

/** Reads ISO 8601 with an offset or `Z`; `undefined` when it is something else. */
export function parseIso(text: string): Instant | undefined {
  try {
    return instantOf(Temporal.Instant.from(text).epochMilliseconds)
  } catch {
    return undefined
  }
}

/**
 * Reads what a person types for a moment in `zone`: ISO 8601 with an offset, "2026-11-30", "2026-11-30 09:00", and, the next such
 * moment from `from` on, "09:00" and "Mon 09:00". `undefined` when it is none of them.
 */
export function parseMoment(text: string, zone: string, from: Instant): Instant | undefined {
  const typed = text.trim()
  try {
    return parseIso(typed) ?? parseDate(typed, zone) ?? parseNext(typed, zone, from)
  } catch {
    return undefined
  }
}

function parseDate(typed: string, zone: string): Instant | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d?):(\d\d))?$/.exec(typed)
  if (!parts?.[1]) return undefined
  if (parts[2] === undefined) return dayStart(parts[1], zone)
  return localInstant({ day: parts[1], hour: Number(parts[2]), minute: Number(parts[3]), zone })
}

function parseNext(typed: string, zone: string, from: Instant): Instant | undefined {
  const parts = /^(?:(mon|tue|wed|thu|fri|sat|sun)[a-z]* +)?(\d\d?):(\d\d)$/i.exec(typed)
  if (!parts) return undefined
  const wanted = parts[1] === undefined ? undefined : WEEKDAYS.findIndex((name) => name.toLowerCase() === parts[1]?.toLowerCase()) + 1
  for (let ahead = 0; ahead <= 8; ahead++) {
    const day = addDays(dayOf(from, zone), ahead)
    if (wanted !== undefined && Temporal.PlainDate.from(day).dayOfWeek !== wanted) continue
    const at = localInstant({ day, hour: Number(parts[2]), minute: Number(parts[3]), zone })
    if (at >= from) return at
  }
  return undefined
}

const two = (n: number): string => String(n).padStart(2, '0')
