// Zones and days. A local time becomes an instant by one rule: where the clocks skip it, it moves forward by what was skipped;
// where they repeat it, the earlier one counts (RFC 5545's reading, Temporal's `compatible`). A day lasts from its first
// instant to the next day's first instant, so 23, 24 or 25 hours, and nothing at all where a zone skipped the date.
import assert from 'node:assert/strict'
import { Temporal } from 'temporal-polyfill'
import { instantOf, type Instant } from '../time.ts'

/** A date of some zone, `YYYY-MM-DD`. */
export type Day = string

/** A local time of a zone, to the minute. */
export interface Local {
  readonly day: Day
  readonly hour: number
  readonly minute: number
  readonly zone: string
}

/** True for a zone that has a name in the tz database; offsets such as `+02:00` are none, because they never change their clocks. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    zonedAt(instantOf(0), name)
    return true
  } catch {
    return false
  }
}

/** The instant of a local time. A skipped time moves forward, of a repeated one the earlier counts. Throws on an unknown zone or day. */
export function localInstant({ day, hour, minute, zone }: Local): Instant {
  const local = Temporal.PlainDate.from(day).toPlainDateTime(new Temporal.PlainTime(hour, minute))
  return instantOf(local.toZonedDateTime(zone).epochMilliseconds)
}

/** The date in a zone at an instant. */
export const dayOf = (at: Instant, zone: string): Day => dayAround(at, zone).day

/** The day that an instant lies in: its first instant, and the first of the day after. */
export function dayBounds(at: Instant, zone: string): { readonly start: Instant; readonly end: Instant } {
  const { start, end } = dayAround(at, zone)
  return { start, end }
}

/** The first instant of a day; of a day that the zone skipped, that of the next. */
export const dayStart = (day: Day, zone: string): Instant => instantOf(Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds)

/** The date `count` days later, or earlier when negative. */
export const addDays = (day: Day, count: number): Day => Temporal.PlainDate.from(day).add({ days: count }).toString()

/** The Monday of the week that a date lies in (ISO 8601). */
export function weekOf(day: Day): Day {
  const date = Temporal.PlainDate.from(day)
  return date.subtract({ days: date.dayOfWeek - 1 }).toString()
}

/** 1 is Monday, 7 Sunday. */
export const weekdayOf = (day: Day): number => Temporal.PlainDate.from(day).dayOfWeek

/** Wall clocks go wrong, but never by millennia: an instant outside the years 1 to 9999 is read as the nearest of them. */
const FIRST = -62_135_510_400_000
const LAST = 253_402_214_400_000

export const withinCalendar = (at: Instant): Instant => {
  assert(!Number.isNaN(at), 'an instant is a number')
  return instantOf(Math.min(LAST, Math.max(FIRST, at)))
}

export const zonedAt = (at: Instant, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(Math.floor(withinCalendar(at))).toZonedDateTimeISO(zone)

interface ZonedDay {
  readonly day: Day
  readonly start: Instant
  readonly end: Instant
}

/** Most questions are about today, so the last day of each zone is kept. */
const MOST_ZONES = 1000
const lastDays = new Map<string, ZonedDay>()

function dayAround(at: Instant, zone: string): ZonedDay {
  const known = lastDays.get(zone)
  if (known && at >= known.start && at < known.end) return known
  let day = zonedAt(at, zone).toPlainDate().toString()
  // Where clocks went back across midnight, a date comes twice; what comes after the first midnight counts to the new day.
  while (nextStart(day, zone) <= withinCalendar(at)) day = addDays(day, 1)
  const fresh = { day, start: dayStart(day, zone), end: nextStart(day, zone) }
  if (lastDays.size >= MOST_ZONES) lastDays.clear()
  lastDays.set(zone, fresh)
  return fresh
}

/** Where the zone skips a date, the next day that it has. */
function nextStart(day: Day, zone: string): Instant {
  const start = dayStart(day, zone)
  for (let ahead = 1; ; ahead++) {
    const next = dayStart(addDays(day, ahead), zone)
    if (next > start) return next
  }
}
