// Moments as people write them to the keeper: a clock time, a date, a span. Nothing that a person plans lies farther away than a hundred years; what does could not
// be stored, or drawn as a date.
import { parseMoment } from '../core/calendar.ts'
import { days, later, parseSpan, type Instant, type Span } from '../core/time.ts'
import { zoneOf } from '../words/moment.ts'
import type { Keeper } from './keeper.ts'

export const FARTHEST: Span = days(36_525)

/** A moment as people write it: a clock time or a date, `now`, or a span from `from` on; at most a hundred years from there. */
export function momentOf(written: string, zone: string, from: Instant): Instant | undefined {
  if (written.trim() === 'now') return from
  const span = parseSpan(written)
  const at = span === undefined ? parseMoment(written, zone, from) : later(from, span)
  return at === undefined || Math.abs(at - from) > FARTHEST ? undefined : at
}

/** In the site's zone, which is named. */
export const sayMoment = (keeper: Pick<Keeper, 'config' | 'now'>, at: Instant): string => {
  const zone = zoneOf(keeper.config.site.timezone)
  return `${zone.moment(at, keeper.now().wall)} (${zone.name})`
}
