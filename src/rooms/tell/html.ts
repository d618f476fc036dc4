// The board as a page: drawn on the server, without a script, in at most 30 kB for twenty components. What has most to say
// stands on top; what does not fit is left to the feed, and the page says so. Only the fields named here leave (T-2), and
// whatever people wrote is escaped, bounded and isolated (T-4). The title states the state.
import { between, days, type Instant } from '../../core/time.ts'
import { boardWords, shapeOf, type BoardWords, type Reads } from '../../words/board.ts'
import { classOf, icon, SHAPES, tabPicture, type Shape } from '../../words/look.ts'
import { html, isolated, join, line, lines, type Markup } from '../../words/markup.ts'
import { iso, sayDate, zoneOf, type Zone } from '../../words/moment.ts'
import { DAYS_SHOWN, drawBars, historyOf, merged, type Bar, type History } from './bars.ts'
import { PROGRESS_GOOD, type Board, type Statement, type StatementUpdate } from './board.ts'
import { CALENDAR_PATH } from './maintenance/calendar.ts'
import { drawWork, type WorkRoom } from './maintenance/drawn.ts'
import { AGE_SHOWN_AFTER, readBoard, type ComponentReading, type Reading } from './reading.ts'
import { BOARD_POLICY, BOARD_STYLE } from './style.ts'

export interface BoardOptions {
  readonly now: Instant
  readonly language?: 'en'
  /** True: a server draws it at every request, so ages can be said. False: a file somewhere, which names its time and how to judge it. */
  readonly live: boolean
  /** Where the feeds and the JSON lie, seen from the page: '' beside it, or a path that ends in '/'. */
  readonly base?: string
  /** The variant that loads itself anew, and whether this is it. Nothing does so unasked: it takes the page from under a reader. */
  readonly reload?: { readonly is: 'offered' | 'on'; readonly other: string }
}

/** Bytes of a page with up to twenty components, and what each further one may add. */
export const MOST_BYTES = 30_000
const MORE_PER_COMPONENT = 1000

/** Draws the page. Never throws on what is in the board; takes a few milliseconds. */
export function renderBoard(board: Board, options: BoardOptions): string {
  const most = MOST_BYTES + Math.max(0, board.components.length - 20) * MORE_PER_COMPONENT
  const words = boardWords(options.language ?? 'en')
  const reading = readBoard(board, options.now)
  const histories = reading.components.map((c) => historyOf(c.component, board, options.now, reading.stale ? (reading.age ?? 1) : 0))
  let page = ''
  for (const room of ROOMS) {
    page = drawPage({ board, options, words, reading, histories, zone: zoneOf(board.timezone), room })
    if (Buffer.byteLength(page) <= most) break
  }
  return page
}

/** How much of each thing is shown; the first that fits is taken. */
interface Room {
  readonly name: number
  readonly title: number
  readonly open: { readonly count: number; readonly updates: number; readonly body: number }
  readonly past: { readonly count: number; readonly updates: number; readonly body: number }
  /** Planned work: of what goes on, of what is to come, and of what is over. */
  readonly work: WorkRoom
  /** Days with trouble that are spelt out, over all components. */
  readonly days: number
  /** Days to a bar: more than one only where every component had another state every day. */
  readonly perBar: number
}

const ROOMS: readonly Room[] = [
  { name: 80, title: 200, open: { count: 10, updates: 12, body: 2000 }, past: { count: 50, updates: 12, body: 1200 }, work: { count: 10, updates: 6, body: 2000 }, days: 160, perBar: 1 },
  { name: 80, title: 200, open: { count: 10, updates: 8, body: 1200 }, past: { count: 50, updates: 4, body: 600 }, work: { count: 8, updates: 3, body: 800 }, days: 100, perBar: 1 },
  { name: 80, title: 160, open: { count: 10, updates: 5, body: 800 }, past: { count: 25, updates: 1, body: 300 }, work: { count: 6, updates: 2, body: 500 }, days: 60, perBar: 1 },
  { name: 80, title: 120, open: { count: 6, updates: 3, body: 500 }, past: { count: 12, updates: 1, body: 200 }, work: { count: 4, updates: 1, body: 300 }, days: 30, perBar: 1 },
  { name: 60, title: 100, open: { count: 4, updates: 1, body: 300 }, past: { count: 6, updates: 1, body: 120 }, work: { count: 3, updates: 1, body: 160 }, days: 10, perBar: 2 },
  { name: 30, title: 60, open: { count: 3, updates: 1, body: 200 }, past: { count: 0, updates: 0, body: 0 }, work: { count: 2, updates: 1, body: 80 }, days: 0, perBar: 3 },
  { name: 16, title: 40, open: { count: 1, updates: 1, body: 120 }, past: { count: 0, updates: 0, body: 0 }, work: { count: 1, updates: 0, body: 0 }, days: 0, perBar: 5 },
]

interface Page {
  readonly board: Board
  readonly options: BoardOptions
  readonly words: BoardWords
  readonly reading: Reading
  readonly histories: readonly History[]
  readonly zone: Zone
  readonly room: Room
}

function drawPage(page: Page): string {
  const { board, options, words } = page
  const site = line(board.name, page.room.name) || words.unnamed
  const says = headline(page)
  const shape = shapeOf(says.reads)
  const base = options.base ?? ''
  const work = drawWork({ maintenances: board.maintenances, components: board.components, now: options.now, stale: page.reading.stale, words, zone: page.zone, room: page.room.work, letters: page.room })
  const reload = options.reload
  return html`<!doctype html><html lang="${words.language}"><head><meta charset="utf-8"><title>${says.text} · ${words.statusOf(isolated(site))}</title><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">${options.live ? undefined : html`<meta http-equiv="Content-Security-Policy" content="${BOARD_POLICY.replace(/; frame-ancestors[^;]*/, '')}">`}${reload?.is === 'on' && html`<meta http-equiv="refresh" content="60">`}${tabPicture(shape)}<link rel="alternate" type="application/atom+xml" title="${words.past}" href="${base}history.atom"><style>${{ markup: BOARD_STYLE }}</style></head><body>${SHAPES}
<aside class="late">${words.openedLongAgo}<a href="">${words.reload}</a></aside>
<header><p class="site"><bdi>${site}</bdi></p></header>
<main><div class="hero ${classOf(shape)}"><h1>${icon(shape)} ${says.text}</h1>${drawAge(page)}</div>
${drawOpen(page)}${work.current}${drawComponents(page)}${work.upcoming}${drawPast(page)}${work.past}</main>
<footer class="s"><p><a href="${base}history.atom">Atom</a><a href="${base}history.rss">RSS</a><a href="${base}${CALENDAR_PATH}">${words.work.calendar}</a><a href="${base}api/v2/summary.json">JSON</a>${reload && html`<a href="${reload.other}">${reload.is === 'on' ? words.byHand : words.byItself}</a>`}</p><p>${words.foot} · ${page.zone.name}</p></footer></body></html>
`.markup
}

/** What the page says first. An open incident is never "all operational". */
function headline({ words, reading, room, histories }: Page): { readonly reads: Reads; readonly text: string } {
  const { worst, components, open } = reading
  if (components.length === 0) return { reads: 'unknown', text: words.nothingShown }
  if (worst === 'operational' && open.length > 0) {
    const grave = open.some((s) => s.impact === 'major' || s.impact === 'critical')
    return { reads: grave || open.some((s) => s.impact === 'minor') ? 'degraded' : 'operational', text: words.incidentOpen }
  }
  if (worst === 'unknown' && !reading.stale && histories.every((h) => h.began === undefined && h.percent === undefined)) return { reads: worst, text: words.justBegun }
  const names = components.filter((c) => c.reads === worst).map((c) => isolated(line(c.component.name, Math.min(40, room.name)) || words.unnamed))
  return { reads: worst, text: reading.stale ? words.state.unknown : words.headline(worst, names, names.length === components.length) }
}

function drawAge({ board, options, words, reading, zone }: Page): Markup {
  const { asOf } = board
  const exact = zone.date(asOf) === zone.date(options.now) ? zone.exactClock(asOf) : `${zone.day(asOf, options.now)}, ${zone.exactClock(asOf)}`
  const ago = options.live && reading.age !== undefined && reading.age > AGE_SHOWN_AFTER ? html` · ${words.ago(reading.age)}` : undefined
  const time = html`<p class="s"><time datetime="${iso(asOf)}">${words.asOf(exact, zone.name)}</time>${ago}</p>`
  if (reading.stale) return html`<p class="t">${words.lastHeard(options.live ? reading.age : undefined, zone.moment(asOf, options.now))}</p>${time}`
  return options.live ? time : html`${time}<p class="s">${words.checkTheTime}</p>`
}

function drawOpen(page: Page): Markup | undefined {
  const { words, reading, room } = page
  if (reading.open.length === 0) return undefined
  const left = reading.open.length - room.open.count
  return html`<section aria-labelledby="open"><h2 id="open">${words.open}</h2>${reading.open.slice(0, room.open.count).map((s) => drawOpenStatement(page, s))}${left > 0 && html`<p class="s">${words.moreInFeed(left)}</p>`}</section>
`
}

const SHAPE_OF: Readonly<Record<Statement['impact'], Shape>> = { none: 'unknown', minor: 'degraded', major: 'down', critical: 'down', maintenance: 'maintenance' }

function drawOpenStatement(page: Page, statement: Statement): Markup {
  const { words, options, zone, room, board, reading } = page
  const shape = SHAPE_OF[statement.impact] ?? 'unknown'
  const names = statement.componentIds.flatMap((id) => board.components.filter((c) => c.id === id)).slice(0, room.open.updates > 1 ? 6 : 2)
    .map((c) => html`<bdi>${line(c.name, room.name) || words.unnamed}</bdi>`)
  const next = statement.nextUpdateBy
  const promise = next === undefined ? undefined
    : html`<p><b>${next < options.now ? words.nextUpdateMissed(zone.moment(next, options.now), zone.name) : words.nextUpdate(zone.moment(next, options.now), zone.name)}</b></p>`
  const { progress } = statement
  const isFresh = progress !== undefined && !reading.stale && options.now - progress.at <= PROGRESS_GOOD && options.now >= progress.at
  const checking = isFresh && html`<p>${words.progress(progress, zone.clock(progress.at), zone.name)}</p>`
  return html`<article class="st ${classOf(shape)}" id="${line(statement.id, 80)}"><div class="t"><h3><bdi>${line(statement.title, room.title) || words.unnamed}</bdi></h3><p class="s">${words.begun(zone.moment(statement.startedAt, options.now))}${names.length > 0 && html` · ${words.affects} ${join(names, ', ')}`}</p>${promise}${checking}${drawUpdates(page, statement, statement.updates.slice(0, room.open.updates), room.open.body)}</div></article>`
}

function drawUpdates(page: Page, statement: Statement, updates: readonly StatementUpdate[], body: number): Markup {
  const { words, options, zone } = page
  const rows = updates.map((u) => html`<li><b>${words.step[u.status] ?? ''}</b> <time class="s" datetime="${iso(u.at)}">${zone.moment(u.at, options.now)}</time><p class="v" dir="auto">${lines(u.body, body)}</p></li>`)
  const left = statement.updates.length - updates.length
  return html`<ol class="e">${rows}${left > 0 && updates.length > 0 && html`<li class="s">${words.moreInFeed(left)}</li>`}</ol>`
}

function drawComponents(page: Page): Markup | undefined {
  const { words, reading, histories, room } = page
  if (reading.components.length === 0) return undefined
  const each = Math.max(room.days === 0 ? 0 : 1, Math.floor(room.days / reading.components.length))
  const items = reading.components.map((component, i) => drawComponent(page, component, histories[i] as History, Math.min(10, each)))
  return html`<section aria-labelledby="components"><h2 id="components">${words.components}</h2><ul>${join(items, '\n')}</ul></section>
`
}

function drawComponent(page: Page, { component, reads, lastKnown }: ComponentReading, history: History, most: number): Markup {
  const { words, options, reading, zone, room } = page
  const { tally, percent } = history
  const parts = percent === undefined ? [] : [words.up(percent)]
  for (const is of ['down', 'degraded', 'unknown'] as const) if (tally[is] >= 1000) parts.push(words.minutes(is, tally[is]))
  const side = reading.stale ? words.lastKnown(lastKnown, options.live ? reading.age : undefined)
    : reads === 'unknown' && component.paused ? words.paused
      : reads === 'operational' || component.since < 0 ? undefined : words.since(zone.moment(component.since, options.now))
  const counts = { ok: 0, degraded: 0, down: 0, unknown: 0, none: 0 }
  for (const bar of history.bars) counts[bar.is] += 1
  const bad = history.bars.filter((bar) => bar.is !== 'ok' && bar.is !== 'none').toReversed()
  const listed = new Map(bad.slice(0, most).map((bar) => [bar, sayBar(page, bar)] as const))
  const left = bad.length - listed.size
  const began = history.bars.every((bar) => bar.is === 'none') ? words.notMeasured
    : history.began === undefined ? words.days(history.bars.length) : words.began(sayDate(history.began, zone.date(options.now)))
  return html`<li class="c"><h3><bdi>${line(component.name, room.name) || words.unnamed}</bdi></h3><p class="r ${classOf(shapeOf(reads))}">${icon(shapeOf(reads))} ${words.state[reads]}${side !== undefined && html` <span class="s ${reading.stale ? 'since last' : 'since'}">${side}</span>`}</p>${drawBars(merged(history.bars, room.perBar), words.barsSay(counts), (bar) => listed.get(bar))}<p class="a s"><span>${began}</span><span>${parts.join(' · ')}</span><span>${words.today}</span></p>${listed.size > 0 && html`<details><summary>${words.trouble(bad.length)}</summary><ul>${[...listed.values()].map((says) => html`<li>${says}</li>`)}${left > 0 && html`<li class="s">${words.moreDays(left)}</li>`}</ul></details>`}</li>`
}

function sayBar({ words, zone, options }: Page, bar: Bar): string {
  const spans = (['down', 'degraded', 'unknown'] as const).filter((is) => bar[is] >= 1000).map((is) => words.minutes(is, bar[is]))
  return `${sayDate(bar.date, zone.date(options.now))}: ${spans.length === 0 ? words.notMeasured : spans.join(', ')}`
}

function drawPast(page: Page): Markup {
  const { board, words, reading, options, zone, room } = page
  const { past, open } = reading
  const measured = Math.max(0, between(board.measuringSince, options.now))
  const none = open.length > 0 || measured > days(DAYS_SHOWN) ? words.noneResolved : words.noneSince(`${zone.day(board.measuringSince, options.now)}, ${zone.clock(board.measuringSince)}`, measured)
  const items = past.slice(0, room.past.count).map((s) => drawPastStatement(page, s))
  const left = past.length - items.length
  return html`<section aria-labelledby="past"><h2 id="past">${words.past}</h2>${past.length === 0 ? html`<p class="s">${none}</p>` : items}${left > 0 && html`<p class="s">${words.moreInFeed(left)}</p>`}</section>`
}

function drawPastStatement(page: Page, statement: Statement): Markup {
  const { words, options, zone, room } = page
  const ended = statement.resolvedAt
  const lasted = ended === undefined ? undefined : words.lasted(Math.max(0, between(statement.startedAt, ended)))
  const [newest, ...earlier] = statement.updates
  const shown = earlier.slice(0, room.past.updates - 1)
  return html`<article class="p" id="${line(statement.id, 80)}"><h3><bdi>${line(statement.title, room.title) || words.unnamed}</bdi></h3><p class="s"><time datetime="${iso(statement.startedAt)}">${zone.day(statement.startedAt, options.now)}, ${zone.clock(statement.startedAt)}</time>${lasted !== undefined && html` · ${lasted}`} · ${words.step[statement.status] ?? ''}</p>${newest && room.past.body > 0 && html`<p class="v" dir="auto">${lines(newest.body, room.past.body)}</p>`}${shown.length > 0 && html`<details><summary>${words.updates(statement.updates.length)}</summary>${drawUpdates(page, statement, [...(newest ? [newest] : []), ...shown], room.past.body)}</details>`}</article>`
}
