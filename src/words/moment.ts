// Moments and spans as people read them: in the site's zone, which a page always names once. A moment of today is a clock
// time; others carry their date; other years their year. Spans have at most two units and are never rounded up.
import type { Instant } from '../core/time.ts'

/** How one zone writes moments. */
export interface Zone {
  /** The IANA name; `UTC` when the one asked for does not exist here. */
  readonly name: string
  /** `02:31` */
  clock(at: Instant): string
  /** `02:31:50` */
  exactClock(at: Instant): string
  /** `12 Nov`, or `12 Nov 2025` when `now` is in another year. */
  day(at: Instant, now: Instant): string
  /** `2025-11-12` */
  date(at: Instant): string
  /** The clock time; with its day when that is not today. */
  moment(at: Instant, now: Instant): string
}

const zones = new Map<string, Zone>()

/** The zone of that name. Kept: building its formats costs more than using them. */
export function zoneOf(name: string): Zone {
  const known = zones.get(name)
  if (known) return known
  // A handful per installation; the bound is for whatever else comes.
  if (zones.size > 50) zones.clear()
  const zone = built(name)
  zones.set(name, zone)
  return zone
}

function built(asked: string): Zone {
  const name = exists(asked) ? asked : 'UTC'
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat('en-GB', { timeZone: name, ...options })
  const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const exact = format({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  const parts = format({ year: 'numeric', month: '2-digit', day: '2-digit' })
  const date = (at: Instant): string => parts.format(within(at)).split('/').toReversed().join('-')
  const day = (at: Instant, now: Instant): string => sayDate(date(at), date(now))
  return {
    name,
    clock: (at) => clock.format(within(at)),
    exactClock: (at) => exact.format(within(at)),
    day,
    date,
    moment: (at, now) => (date(at) === date(now) ? clock.format(within(at)) : `${day(at, now)}, ${clock.format(within(at))}`),
  }
}

function exists(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en-GB', { timeZone: name }))
  } catch {
    return false
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `2025-11-12` as `12 Nov`; with its year when `today` is in another one. */
export function sayDate(date: string, today: string): string {
  const [year = '', month = '', day = ''] = date.split('-')
  const short = `${Number(day)} ${MONTHS[Number(month) - 1] ?? month}`
  return today.startsWith(`${year}-`) ? short : `${short} ${year}`
}

const UNITS: readonly (readonly [number, string])[] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']]

/** `1 h 57 min`, `2 d 3 h`, `40 s`: the two largest units, seconds only below a minute. */
export function saySpan(span: number): string {
  if (span < 1000) return 'under 1 s'
  const first = UNITS.findIndex(([size]) => span >= size)
  const [size, name] = UNITS[first] ?? [1000, 's']
  const [smaller, its] = UNITS[first + 1] ?? [0, '']
  const rest = smaller === 0 || its === 's' ? 0 : Math.floor((span % size) / smaller)
  return `${Math.floor(span / size)} ${name}${rest > 0 ? ` ${rest} ${its}` : ''}`
}

/** `2 min 23 s`: as `saySpan`, with seconds while it is young; for a clock that people watch. */
export function sayRunning(span: number): string {
  const minutes = Math.floor(span / 60_000)
  const seconds = Math.floor((span % 60_000) / 1000)
  return minutes > 0 && minutes < 10 && seconds > 0 ? `${minutes} min ${seconds} s` : saySpan(span)
}

/** `12 min`, `3 h`, `5 d`: one unit, for an age. */
export const sayAge = (span: number): string => saySpan(span).split(' ').slice(0, span < 1000 ? 3 : 2).join(' ')

/** The moment for machines, to the millisecond. */
export const iso = (at: Instant): string => new Date(within(at)).toISOString()

/** `2026-11-21 03:00 UTC`, for a sentence that stays: it is read on another day, and in other zones. */
export const sayUtc = (at: Instant): string => `${iso(at).slice(0, 16).replace('T', ' ')} UTC`

/** The nearest instant that a date can hold: a broken one must not stop a page from being drawn. */
const within = (at: Instant): number => (Number.isFinite(at) ? Math.min(8.64e15, Math.max(-8.64e15, at)) : 0)
