// Planned work on the page: what goes on or should have begun stands above the components, what is to come below them, what is over at the end. Its
// state is a shape and a word; where the clock and what somebody said differ, a sentence says so.
import type { Instant } from '../../../core/time.ts'
import type { BoardWords } from '../../../words/board.ts'
import { classOf, icon } from '../../../words/look.ts'
import { html, join, line, lines, type Markup } from '../../../words/markup.ts'
import { iso, type Zone } from '../../../words/moment.ts'
import type { BoardComponent, Maintenance } from '../board.ts'
import { isPlanned, standingOf, type Standing } from './standing.ts'

/** How much is shown of each. */
export interface WorkRoom {
  readonly count: number
  readonly updates: number
  readonly body: number
}

export interface WorkPage {
  readonly maintenances: readonly Maintenance[]
  readonly components: readonly BoardComponent[]
  readonly now: Instant
  readonly stale: boolean
  readonly words: BoardWords
  readonly zone: Zone
  readonly room: WorkRoom
  /** Letters of a title, and of a component's name. */
  readonly letters: { readonly title: number; readonly name: number }
}

export interface Drawn {
  readonly current: Markup | undefined
  readonly upcoming: Markup | undefined
  readonly past: Markup | undefined
}

/** The three parts, each absent where there is nothing to say. */
export function drawWork(page: WorkPage): Drawn {
  const { words: { work } } = page
  const stands = page.maintenances.map((it) => [it, standingOf(it, page.now, page.stale)] as const)
  return {
    current: section(page, 'work', work.now, stands.filter(([it, is]) => isPlanned(it) && is !== 'upcoming').toSorted((a, b) => rankOf(a) - rankOf(b))),
    upcoming: section(page, 'planned', work.planned, stands.filter(([, is]) => is === 'upcoming')),
    past: section(page, 'done', work.past, stands.filter(([it]) => !isPlanned(it))),
  }
}

type Stands = readonly [Maintenance, Standing]

/** Where there is room for little, what was never begun does not hide what goes on. */
const rankOf = ([{ state }, is]: Stands): number => (state === 'in_progress' ? 0 : is === 'missed' ? 2 : 1)

function section(page: WorkPage, id: string, heading: string, all: readonly Stands[]): Markup | undefined {
  if (all.length === 0) return undefined
  const shown = all.slice(0, page.room.count)
  const left = all.length - shown.length
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>${shown.map(([it, is]) => (isPlanned(it) ? drawPlanned(page, it, is) : drawEnded(page, it, is)))}${left > 0 && html`<p class="s">${page.words.moreInFeed(left)}</p>`}</section>
`
}

function drawPlanned(page: WorkPage, it: Maintenance, is: Standing): Markup {
  const { words: { work, affects, unnamed }, letters, zone, now, components } = page
  const names = components.filter(({ id }) => it.componentIds.includes(id)).slice(0, page.room.updates > 1 ? 6 : 2).map(({ name }) => html`<bdi>${line(name, letters.name) || unnamed}</bdi>`)
  const shape = is === 'unknown' ? 'unknown' : 'maintenance'
  const began = it.beganAt !== undefined && html` · ${work.began(zone.moment(it.beganAt, now))}`
  return html`<article class="st ${classOf(shape)}" id="${line(it.id, 80)}"><p><b>${icon(shape)} ${work.standing[is]}</b></p><div class="t"><h3><bdi>${line(it.title, letters.title) || unnamed}</bdi></h3><p class="s">${when(page, it)}${began}${names.length > 0 && html` · ${affects} ${join(names, ', ')}`}</p>${late(page, it, is)}${drawUpdates(page, it)}</div></article>`
}

function late({ words: { work }, zone, now }: WorkPage, { from, until, state }: Maintenance, is: Standing): Markup | undefined {
  if (is !== 'not-begun' && is !== 'missed' && is !== 'overdue' && is !== 'unknown') return undefined
  return html`<p><b>${work.late(is, zone.moment(is === 'missed' || is === 'overdue' ? until : from, now), state === 'in_progress')}</b></p>`
}

/** The day once, where both lie in it. */
function when({ words: { work }, zone, now }: WorkPage, { from, until }: Maintenance): Markup {
  const isOneDay = zone.date(from) === zone.date(until)
  return html`<time datetime="${iso(from)}">${work.when(`${zone.day(from, now)}, ${zone.clock(from)}`, isOneDay ? zone.clock(until) : `${zone.day(until, now)}, ${zone.clock(until)}`, zone.name)}</time>`
}

function drawUpdates({ words, zone, now, room }: WorkPage, it: Maintenance): Markup | undefined {
  if (room.body === 0) return undefined
  const rows = it.updates.slice(0, room.updates).map((u) => html`<li><b>${words.work.step[u.state]}</b> <time class="s" datetime="${iso(u.at)}">${zone.moment(u.at, now)}</time><p class="v" dir="auto">${lines(u.body, room.body)}</p></li>`)
  const left = it.updates.length - rows.length
  return html`<ol class="e">${rows}${left > 0 && rows.length > 0 && html`<li class="s">${words.moreInFeed(left)}</li>`}</ol>`
}

function drawEnded(page: WorkPage, it: Maintenance, is: Standing): Markup {
  const { words: { work, unnamed }, letters, room } = page
  const newest = room.body > 0 ? it.updates[0] : undefined
  return html`<article class="p" id="${line(it.id, 80)}"><h3><bdi>${line(it.title, letters.title) || unnamed}</bdi></h3><p class="s">${when(page, it)} · ${work.standing[is]}</p>${newest && html`<p class="v" dir="auto">${lines(newest.body, Math.min(room.body, 400))}</p>`}</article>`
}
