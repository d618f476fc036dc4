// Shifts of a rotation: what lies between two hand-offs. A hand-off is a local time, so a shift is longer or shorter where the
// clocks change; the end of one is the very instant at which the next begins, so there is never a gap. Shifts are
// counted from the first hand-off, and backwards before it: also before its first day a rotation has somebody on call.
import assert from 'node:assert/strict'
import { Temporal } from 'temporal-polyfill'
import { days, instantOf, type Instant, type Span } from '../time.ts'
import { withinCalendar, type Day } from './zone.ts'

/** When a rotation hands over: daily, weekly, or every so many of them, at a local time. */
export interface HandOffs {
  readonly rotate: { readonly every: 'day' | 'week'; readonly times: number }
  /** `weekday` 1 (Monday) to 7; it counts where weeks are counted. */
  readonly handoff: { readonly weekday: number; readonly hour: number; readonly minute: number }
  readonly timezone: string
  /** The first hand-off is on this day, or on the first right weekday from it on. */
  readonly starts: Day
}

/** From one hand-off to the next, the end excluded. `index` 0 is the shift that begins at the first hand-off. */
export interface Shift {
  readonly index: number
  readonly from: Instant
  readonly until: Instant
}

/** The shift that an instant lies in. Exactly one for every instant; never an empty one. */
export function shiftAt(handOffs: HandOffs, at: Instant): Shift {
  const known = knownOf(handOffs)
  const moment = withinCalendar(at)
  // The clocks of a zone never moved by more than a day, so the guess is off by a shift or two at most.
  let index = Math.floor((moment - handOffAt(known, 0)) / known.length)
  while (handOffAt(known, index) > moment) index -= 1
  while (handOffAt(known, index + 1) <= moment) index += 1
  return { index, from: handOffAt(known, index), until: handOffAt(known, index + 1) }
}

/** All shifts that overlap [from, until), whole ones, oldest first; at most 10,000. */
export function shiftsOf(handOffs: HandOffs, from: Instant, until: Instant): Shift[] {
  const found: Shift[] = []
  for (let at = from; at < until && found.length < MOST_SHIFTS; ) {
    const shift = shiftAt(handOffs, at)
    found.push(shift)
    if (shift.until <= at) break
    at = shift.until
  }
  return found
}

const MOST_SHIFTS = 10_000
const MOST_KNOWN = 4096

/** What never changes of a rotation; hand-offs are computed once, since `shiftAt` is asked in storms. */
interface Known {
  readonly first: Temporal.PlainDate
  readonly time: Temporal.PlainTime
  readonly zone: string
  readonly everyDays: number
  readonly length: Span
  readonly handOffs: Map<number, Instant>
}

const known = new WeakMap<HandOffs, Known>()

function knownOf(handOffs: HandOffs): Known {
  const earlier = known.get(handOffs)
  if (earlier) return earlier
  const fresh = read(handOffs)
  known.set(handOffs, fresh)
  return fresh
}

function read({ rotate, handoff, timezone, starts }: HandOffs): Known {
  assert(Number.isInteger(rotate.times) && rotate.times >= 1 && rotate.times <= 1000, 'a rotation turns every 1 to 1000 days or weeks')
  const everyDays = rotate.times * (rotate.every === 'week' ? 7 : 1)
  const day = Temporal.PlainDate.from(starts)
  const toWeekday = rotate.every === 'week' ? (handoff.weekday - day.dayOfWeek + 7) % 7 : 0
  return {
    first: day.add({ days: toWeekday }),
    time: new Temporal.PlainTime(handoff.hour, handoff.minute),
    zone: timezone,
    everyDays,
    length: days(everyDays),
    handOffs: new Map(),
  }
}

function handOffAt(of: Known, index: number): Instant {
  const earlier = of.handOffs.get(index)
  if (earlier !== undefined) return earlier
  const local = of.first.add({ days: index * of.everyDays }).toPlainDateTime(of.time)
  const at = instantOf(local.toZonedDateTime(of.zone).epochMilliseconds)
  if (of.handOffs.size >= MOST_KNOWN) of.handOffs.clear()
  of.handOffs.set(index, at)
  return at
}
