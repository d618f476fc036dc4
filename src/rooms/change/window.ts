// Windows: when a run is permitted to go. A window permits and never starts anything (C-18); it opens on its days by the clocks of its zone and may
// close on the day after. Where clocks skip the hour in which it would open or close, the calendar's rule holds (core/calendar): a window that
// lies wholly in a skipped hour never opens that day.
import { addDays, dayOf, localInstant, weekdayOf, type Day } from '../../core/calendar.ts'
import type { Instant } from '../../core/time.ts'
import type { Window } from './runbook.ts'

export type Permit =
  | { readonly is: 'open'; readonly until: Instant }
  | { readonly is: 'shut'; /** When it opens next, in the coming fortnight. */ readonly opens?: Instant }

/** Whether it is open at a moment. */
export function permitOf(window: Window, at: Instant): Permit {
  const today = dayOf(at, window.timezone)
  const timesAfter = (days: number): Times | undefined => {
    const day = addDays(today, days)
    return window.days.includes(weekdayOf(day)) ? timesOf(window, day) : undefined
  }
  // What is open now was opened today or yesterday.
  const open = [timesAfter(-1), timesAfter(0)].flatMap((it) => (it && it.from <= at && at < it.to ? [it.to] : []))
  if (open.length > 0) return { is: 'open', until: Math.max(...open) as Instant }
  for (let n = 0; n < 15; n++) {
    const next = timesAfter(n)
    if (next && next.from > at && next.from < next.to) return { is: 'shut', opens: next.from }
  }
  return { is: 'shut' }
}

interface Times { readonly from: Instant; readonly to: Instant }

/** Every time that it opens on the days from `first` to `last`; a year of them at most. */
export function openingsOf(window: Window, { first, last }: { readonly first: Day; readonly last: Day }): { readonly day: Day; readonly from: Instant; readonly to: Instant }[] {
  const found: { readonly day: Day; readonly from: Instant; readonly to: Instant }[] = []
  for (let [day, n] = [first, 0]; day <= last && n < 366; day = addDays(day, 1), n++) {
    const times = window.days.includes(weekdayOf(day)) ? timesOf(window, day) : undefined
    if (times && times.from < times.to) found.push({ day, ...times })
  }
  return found
}

function timesOf({ from, to, timezone: zone }: Window, day: Day): Times {
  const at = (on: Day, minutes: number): Instant => localInstant({ day: on, hour: Math.floor(minutes / 60), minute: minutes % 60, zone })
  return { from: at(day, from), to: at(to < from ? addDays(day, 1) : day, to) }
}
