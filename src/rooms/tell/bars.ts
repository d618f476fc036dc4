// Ninety days of a component, as numbers and as a picture. Time that nobody measured is never up (T-8): it is counted apart,
// stays out of the percentage, and a day that had a minute of it does not look like a good one. Bad days are taller, not only
// redder; days before measuring began are hollow. The picture is one path per state: some 200 bytes for an ordinary component.
import type { Instant } from '../../core/time.ts'
import { html, join, type Markup } from '../../words/markup.ts'
import { zoneOf } from '../../words/moment.ts'
import type { Board, BoardComponent, Day } from './board.ts'

export const DAYS_SHOWN = 90

/** What one bar shows. `none`: before measuring began. */
export type BarState = 'none' | 'ok' | 'degraded' | 'down' | 'unknown'

export interface Bar {
  /** `YYYY-MM-DD` in the board's zone. */
  readonly date: string
  readonly is: BarState
  /** Milliseconds. `unknown` includes what a day that is over lacks. */
  readonly degraded: number
  readonly down: number
  readonly unknown: number
}

/** Milliseconds over the days shown. */
export interface Tally {
  readonly up: number
  readonly degraded: number
  readonly down: number
  readonly unknown: number
}

export interface History {
  /** Ninety, oldest first; the last is today. */
  readonly bars: readonly Bar[]
  readonly tally: Tally
  /** Percent of the measured time in which it was not down; absent when nothing was measured. Never rounded up to 100. */
  readonly percent: string | undefined
  /** `YYYY-MM-DD` of the first measured day, when it lies within the days shown. */
  readonly began: string | undefined
}

const MINUTE = 60_000
/** The shortest day there is in most zones: what a day that is over has less than that was not measured. */
const SHORTEST_DAY = 23 * 60 * MINUTE

/** Reads a component's days. `now` says which day is today; `unheard` is how long nothing has been known until now. */
export function historyOf(component: BoardComponent, board: Pick<Board, 'timezone'>, now: Instant, unheard = 0): History {
  const dates = datesUntil(zoneOf(board.timezone).date(now))
  const shown = new Map(component.days.map((day) => [day.date, day] as const))
  const first = dates.findIndex((date) => shown.has(date))
  const earlier = component.days.some((day) => day.date < (dates[0] ?? ''))
  const begin = earlier ? 0 : first
  const bars = dates.map((date, i) => barOf(date, shown.get(date), begin >= 0 && i > begin, i === dates.length - 1, begin < 0 || i < begin))
  const today = bars.at(-1)
  if (today && unheard > 0 && today.is !== 'none') bars[bars.length - 1] = { ...today, is: today.is === 'ok' ? 'unknown' : today.is, unknown: today.unknown + unheard }
  const tally = { up: 0, degraded: 0, down: 0, unknown: 0 }
  for (const [i, bar] of bars.entries()) {
    tally.up += measured(shown.get(dates[i] ?? '')?.up)
    tally.degraded += bar.degraded
    tally.down += bar.down
    tally.unknown += bar.unknown
  }
  return { bars, tally, percent: percentOf(tally), began: earlier || first <= 0 ? undefined : dates[first] }
}

/** Up and degraded over all that was measured; floored, so that a second of outage never reads as 100. */
export function percentOf({ up, degraded, down }: Tally): string | undefined {
  const all = up + degraded + down
  if (all <= 0) return undefined
  if (down <= 0) return '100'
  const percent = ((up + degraded) / all) * 100
  const places = percent >= 99.99 ? 3 : 2
  // A hair is added because 99.99 in binary lies below 99.99; never enough to reach the next step.
  return Math.min(99.999, Math.floor(percent * 10 ** places + 1e-6) / 10 ** places).toFixed(places)
}

const GRAVEST: readonly BarState[] = ['down', 'degraded', 'unknown', 'ok', 'none']

/** Several days to a bar, each as grave as its gravest day: for a page on which ninety would not fit. */
export function merged(bars: readonly Bar[], days: number): readonly Bar[] {
  if (days <= 1) return bars
  return Array.from({ length: Math.ceil(bars.length / days) }, (_, i): Bar => {
    const part = bars.slice(i * days, (i + 1) * days)
    const sum = (is: 'degraded' | 'down' | 'unknown'): number => part.reduce((all, bar) => all + bar[is], 0)
    return { date: part.at(-1)?.date ?? '', is: GRAVEST.find((is) => part.some((bar) => bar.is === is)) ?? 'none', degraded: sum('degraded'), down: sum('down'), unknown: sum('unknown') }
  })
}

/** The bars; `label` says the same in a sentence. `told`: bars whose minutes are said on hovering. */
export function drawBars(bars: readonly Bar[], label: string, told: (bar: Bar) => string | undefined): Markup {
  const paths: Markup[] = []
  const level = (is: BarState): string => runsOf(bars, is).map(([from, to]) => `M${from * STEP} ${MIDDLE}H${to * STEP - GAP}`).join('')
  const none = level('none')
  if (none !== '') {
    const inner = runsOf(bars, 'none').map(([from, to]) => `M${from * STEP + 1} ${MIDDLE}H${to * STEP - GAP}`).join('')
    paths.push(html`<path class="n" d="${none}"/><path class="h" d="${inner}"/>`)
  }
  const ok = level('ok')
  if (ok !== '') paths.push(html`<path class="k" d="${ok}"/>`)
  for (const is of ['unknown', 'degraded', 'down'] as const) paths.push(...standing(bars, is, told))
  return html`<svg class="b" viewBox="0 0 ${bars.length * STEP - GAP} ${FOOT}" preserveAspectRatio="none" role="img" aria-label="${label}">${join(paths)}</svg>`
}

const STEP = 9
const GAP = 2
const FOOT = 40
const LOW = 22
const MIDDLE = FOOT - LOW / 2

const CLASSES = { unknown: 'q', degraded: 'w', down: 'f' } as const

/** Bars that stand out: those with something to say get a title, the others share one path. */
function standing(bars: readonly Bar[], is: 'unknown' | 'degraded' | 'down', told: (bar: Bar) => string | undefined): Markup[] {
  const apart: Markup[] = []
  let together = ''
  for (const [i, bar] of bars.entries()) {
    if (bar.is !== is) continue
    const d = `M${i * STEP + (STEP - GAP) / 2} ${FOOT}V${FOOT - heightOf(bar)}`
    const says = told(bar)
    if (says === undefined) together += d
    else apart.push(html`<path class="${CLASSES[is]}" d="${d}"><title>${says}</title></path>`)
  }
  return together === '' ? apart : [html`<path class="${CLASSES[is]}" d="${together}"/>`, ...apart]
}

/** An hour of outage reaches the top; a minute stands clearly above a good day. */
function heightOf(bar: Bar): number {
  if (bar.is === 'unknown') return LOW
  if (bar.is === 'degraded') return 29
  return 32 + Math.round(Math.min(8, (Math.log2(1 + bar.down / MINUTE) / Math.log2(61)) * 8))
}

/** Runs of one state, as [first, one past the last]. */
function runsOf(bars: readonly Bar[], is: BarState): [number, number][] {
  const runs: [number, number][] = []
  for (const [i, bar] of bars.entries()) {
    if (bar.is !== is) continue
    const last = runs.at(-1)
    if (last && last[1] === i) last[1] = i + 1
    else runs.push([i, i + 1])
  }
  return runs
}

function barOf(date: string, day: Day | undefined, begun: boolean, today: boolean, before: boolean): Bar {
  if (before) return { date, is: 'none', degraded: 0, down: 0, unknown: 0 }
  const [up, degraded, down, said] = [measured(day?.up), measured(day?.degraded), measured(day?.down), measured(day?.unknown)]
  // The first day began late and today is not over: what those lack is not missing.
  const lacks = begun && !today ? Math.max(0, SHORTEST_DAY - up - degraded - down - said) : 0
  const unknown = said + lacks
  const all = up + degraded + down
  const is = down > 0 ? 'down' : degraded > 0 ? 'degraded' : all === 0 || unknown >= MINUTE ? 'unknown' : 'ok'
  return { date, is, degraded, down, unknown }
}

const measured = (span: number | undefined): number => (span !== undefined && Number.isFinite(span) && span > 0 ? span : 0)

/** The last ninety calendar dates, oldest first. Noon keeps clear of every change of the clocks. */
function datesUntil(today: string): string[] {
  const noon = Date.parse(`${today}T12:00:00Z`)
  return Array.from({ length: DAYS_SHOWN }, (_, i) => new Date(noon - (DAYS_SHOWN - 1 - i) * 86_400_000).toISOString().slice(0, 10))
}
