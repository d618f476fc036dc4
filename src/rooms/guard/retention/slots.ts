// Slots: which copies the rules of a set keep. Each rule keeps the newest copy of each of its newest periods: days, weeks from Monday on, months and
// years of the set's zone. A copy is kept by a rule as long as fewer than so many periods after its own hold a copy that may push it out. Who may push
// is said by the caller, so that what nobody knows well enough pushes nothing out; a copy that is taken away, or known less well, only ever keeps
// others longer, and a copy that is added never pushes out a newer one (G-3).
import { dayOf, weekOf } from '../../../core/calendar.ts'
import { between, sayTime, type Instant, type Span } from '../../../core/time.ts'

export interface Keep {
  readonly last?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
  /** Back from the newest copy that counts, not from now: where no new ones come, none go. */
  readonly within?: Span
}

/** A copy that has a date. `name` orders those of one moment. */
export interface Dated {
  readonly name: string
  readonly at: Instant
}

export interface Sorting<One extends Dated> {
  readonly keep: Keep
  readonly zone: string
  /** Whether its being there may push others out. */
  readonly pushes: (one: One) => boolean
  /** So many fewer slots in each rule, for those that have no date and could stand anywhere. */
  readonly fewer?: number
  /** Where `within` counts back from at the earliest. */
  readonly anchor?: Instant
}

/** Newest first. */
export const byDate = (a: Dated, b: Dated): number => b.at - a.at || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0)

const PERIODS = ['daily', 'weekly', 'monthly', 'yearly'] as const
type Period = (typeof PERIODS)[number]

/** For each copy the rules that keep it, in words; an empty list where none does. */
export function sortInto<One extends Dated>(all: readonly One[], { keep, zone, pushes, fewer = 0, anchor }: Sorting<One>): Map<One, readonly string[]> {
  const kept = new Map<One, readonly string[]>()
  const taken = noPeriods()
  // All that came before it, whether they may push or not: only by these is one the second of two.
  const seen = noPeriods()
  let pushing = 0
  let newest = anchor
  for (const one of [...all].sort(byDate)) {
    const reasons: string[] = []
    const last = room(keep.last, fewer)
    if (pushing < last) reasons.push(kept.size < last ? `last: ${kept.size + 1} of ${keep.last}` : sayPushed('last', last, pushing))
    const periods = periodsOf(one.at, zone)
    for (const period of PERIODS) {
      const [slots, before, of, most] = [taken[period], seen[period], periods[period], room(keep[period], fewer)]
      if (!slots.has(of) && slots.size < most) reasons.push(!before.has(of) && before.size < most ? `${period}: the newest of ${sayPeriod(period, of)} (${before.size + 1} of ${keep[period]})` : sayPushed(period, most, slots.size))
      before.add(of)
    }
    if (keep.within !== undefined && (newest === undefined || between(one.at, newest) <= keep.within)) reasons.push(`within ${sayTime(keep.within)} of the newest`)
    kept.set(one, reasons)
    if (!pushes(one)) continue
    pushing++
    newest ??= one.at
    for (const period of PERIODS) taken[period].add(periods[period])
  }
  return kept
}

const noPeriods = (): Readonly<Record<Period, Set<string>>> => ({ daily: new Set(), weekly: new Set(), monthly: new Set(), yearly: new Set() })

/** One that the rule itself would not keep: too few of those that would take its place may. */
const sayPushed = (rule: string, most: number, pushing: number): string =>
  `${rule}: it is not among the newest ${most}, but ${pushing === 0 ? 'no newer one is' : `only ${pushing} newer ${pushing === 1 ? 'one is' : 'ones are'}`} known well enough to let it go`

const room = (slots: number | undefined, fewer: number): number => Math.max(0, (slots ?? 0) - fewer)

/** The same copies are asked about again and again, and a date in a zone never changes. */
const MOST_KNOWN = 20_000
const known = new Map<string, Readonly<Record<Period, string>>>()

function periodsOf(at: Instant, zone: string): Readonly<Record<Period, string>> {
  const asked = `${at} ${zone}`
  const answer = known.get(asked)
  if (answer) return answer
  const day = dayOf(at, zone)
  const fresh = { daily: day, weekly: weekOf(day), monthly: day.slice(0, -3), yearly: day.slice(0, -6) }
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(asked, fresh)
  return fresh
}

const sayPeriod = (period: Period, of: string): string => (period === 'weekly' ? `the week from ${of}` : of)
