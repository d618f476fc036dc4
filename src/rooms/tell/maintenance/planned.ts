// Planned work as the public is told of it: announced with its times, reminded of, begun, completed, ended early or cancelled. What the board says of it is what
// somebody did: it begins by a run or by hand, and never because the clock says so; the same with its end (T-7). When its time is over and
// nobody said that it ended, whoever writes to the public is paged, as for an update that was promised. Each is a strict stream.
import { formatTime } from '../../../core/calendar.ts'
import { derivedId } from '../../../core/id.ts'
import { days, dueIn, hours, later, minutes, ms, sayTime, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { MaintenanceState } from '../board.ts'
import type { BoardPlan } from '../view.ts'
import { isPlanned } from './standing.ts'
import { applyAnnounced, applyMaintained, applyOverdue, loadMaintenance, loadPlanned, namedIn, type AnnouncedBody, type MaintainedBody, type MaintenanceRow } from './rows.ts'

export interface Announcement {
  readonly board: string
  readonly title: string
  readonly text: string
  /** As the configuration names them. */
  readonly components: readonly string[]
  readonly from: Instant
  readonly until: Instant
  readonly by: string
  /** How long before it begins the public is to know; the reminder comes at half of it, where that is less than a day. */
  readonly lead?: Span
}

export type Announced =
  | { readonly is: 'announced'; readonly id: string; readonly remind: Instant | undefined }
  | { readonly is: 'refused'; readonly why: 'board' | 'component' | 'time' | 'many'; readonly says: string; readonly help?: string }

/** `text`: what a person wrote, kept beside the chain; `says`: what the machine says in its place; else a sentence that stands here. */
export interface Told { readonly by: string; readonly text?: string; readonly says?: string }
/** Why not, in words; `undefined` where it was done. */
export type Refusal = string | undefined

/** What may be done about planned work. Nothing here is done by the clock. */
export interface Planned {
  announce(tx: Tx, it: Announcement): Announced
  begin(tx: Tx, id: string, told: Told): Refusal
  /** A further word while it goes on: that it is halted, or takes longer. */
  note(tx: Tx, id: string, told: Told & ({ readonly text: string } | { readonly says: string })): Refusal
  complete(tx: Tx, id: string, told: Told): Refusal
  /** What has not begun is cancelled; what goes on ends early, and is never said not to have taken place. */
  cancel(tx: Tx, id: string, told: Told): Refusal
}

/** Announced work that did not end, on one board. */
const MOST = 50
const LONGEST = days(31)
const FARTHEST = days(400)
/** After its end, so long is waited for somebody to say that it ended. */
export const GRACE = minutes(15)

/** A day before; sooner where half of the lead is less; an hour before, where it was announced too late for that; else not at all. */
export function remindAt(from: Instant, now: Instant, lead?: Span): Instant | undefined {
  const before = Math.min(hours(24), lead === undefined ? hours(24) : lead / 2)
  const wanted = [before, hours(1)].find((it) => it <= before && from - it - now >= Math.min(it, hours(1)))
  return wanted === undefined ? undefined : (Math.floor(from - wanted) as Instant)
}

export interface PlannedContext {
  readonly board: (slug: string) => BoardPlan | undefined
  readonly timezone: () => string
  readonly changed: () => void
}

/** The part of the room that is about planned work: what may be asked of it, and what it answers to. */
export function plannedWork(context: PlannedContext): { readonly planned: Planned; readonly apply: Room['apply']; readonly due: NonNullable<Room['due']>; readonly configure: (tx: Tx) => void } {
  const say = (at: number): string => formatTime(at as Instant, context.timezone())
  const move = (tx: Tx, row: MaintenanceRow, to: MaintenanceState, { by, text, says }: Told, body: string): undefined => {
    const entry: MaintainedBody = {
      id: row.id, update: derivedId('mu', row.id, row.version), to, by, at: tx.now.wall, ...(text === undefined ? { body: says ?? body } : { text: tx.keep(text) }),
    }
    tx.append({ is: 'tell.maintained', stream: row.id, follows: row.version, body: entry })
    if (to !== 'scheduled') tx.unschedule('tell.remind', row.id)
    if (to !== 'scheduled' && to !== 'in_progress') tx.unschedule('tell.overdue', row.id)
    tx.afterwards(context.changed)
  }
  const withRow = (tx: Tx, id: string, may: readonly MaintenanceState[], act: (row: MaintenanceRow) => undefined): Refusal => {
    const row = loadMaintenance(tx.sql, id)
    if (!row) return `no planned work is called “${id.slice(0, 80)}”`
    return may.includes(row.state) ? act(row) : `it is ${SAID[row.state]}`
  }
  const awaiting = (tx: Tx, row: Pick<MaintenanceRow, 'id' | 'until' | 'remind' | 'state'>): void => {
    const until = (at: number): Span => ms(Math.max(0, at - tx.now.wall))
    if (row.remind !== null && row.state === 'scheduled' && row.remind > tx.now.wall) tx.schedule('tell.remind', row.id, dueIn(tx.now, until(row.remind)))
    tx.schedule('tell.overdue', row.id, dueIn(tx.now, until(later(row.until as Instant, GRACE))))
  }
  const remind = (tx: Tx, id: string): void => {
    const row = loadMaintenance(tx.sql, id)
    if (row?.state !== 'scheduled' || row.remind === null || tx.now.wall >= row.from_) return
    // A wall clock that was set back: it is due by the other one, and too early.
    if (tx.now.wall < row.remind) return awaiting(tx, row)
    move(tx, row, 'scheduled', { by: 'holdfast' }, `A reminder: this is to begin on ${say(row.from_)} and to end by ${say(row.until)}.`)
  }
  const overdue = (tx: Tx, id: string): void => {
    const row = loadMaintenance(tx.sql, id)
    // Of a board that is gone nobody reads anything.
    if (!row || !isPlanned(row) || row.overdue !== null || !context.board(row.board)) return
    if (tx.now.wall < row.until + GRACE) return awaiting(tx, row)
    tx.append({ is: 'tell.overdue', stream: id, follows: row.version, body: { id, components: namedIn(row).map(({ name }) => name), until: row.until, begun: row.state === 'in_progress', at: tx.now.wall } })
    tx.afterwards(context.changed)
  }
  return {
    apply: { 'tell.announced': applyAnnounced, 'tell.maintained': applyMaintained, 'tell.overdue': applyOverdue },
    due: { 'tell.remind': remind, 'tell.overdue': overdue },
    configure(tx) {
      for (const row of loadPlanned(tx.sql)) if (row.overdue === null) awaiting(tx, row)
    },
    planned: {
      announce: (tx, it) => announce(tx, it, context, awaiting),
      begin: (tx, id, told) => withRow(tx, id, ['scheduled'], (row) =>
        move(tx, row, 'in_progress', told, tx.now.wall < row.until ? `The work has begun. It is to end by ${say(row.until)}.` : `The work has begun later than announced: it was to end by ${say(row.until)}.`)),
      note: (tx, id, told) => withRow(tx, id, ['in_progress'], (row) => move(tx, row, 'in_progress', told, '')),
      complete: (tx, id, told) => withRow(tx, id, ['in_progress'], (row) => move(tx, row, 'completed', told, 'The work is completed.')),
      cancel: (tx, id, told) => withRow(tx, id, ['scheduled', 'in_progress'], (row) =>
        row.state === 'scheduled' ? move(tx, row, 'cancelled', told, 'This work does not take place at the time that was announced.') : move(tx, row, 'ended_early', told, ENDED_EARLY)),
    },
  }
}

export const ENDED_EARLY = 'The work ended early: not all of it was done.'
const SAID: Readonly<Record<MaintenanceState, string>> = { scheduled: 'not begun yet', in_progress: 'begun already', completed: 'completed', ended_early: 'over: it ended early', cancelled: 'cancelled' }

function announce(tx: Tx, it: Announcement, context: PlannedContext, awaiting: (tx: Tx, row: Pick<MaintenanceRow, 'id' | 'until' | 'remind' | 'state'>) => void): Announced {
  const board = context.board(it.board)
  if (!board) return { is: 'refused', why: 'board', says: `there is no status page “${it.board.slice(0, 80)}”` }
  const named = [...new Set(it.components)].map((name) => [name, board.components.find((one) => one.name === name)] as const)
  const [strange] = named.filter(([, found]) => !found)
  const known = `its components: ${board.components.map(({ name }) => name).slice(0, 20).join(', ') || 'none'}`
  if (strange) return { is: 'refused', why: 'component', says: `${board.slug} shows no component “${strange[0].slice(0, 80)}”`, help: known }
  if (named.length === 0) return { is: 'refused', why: 'component', says: 'say which components it is about', help: known }
  const wrong = whyNotThen(it, tx.now.wall)
  if (wrong !== undefined) return { is: 'refused', why: 'time', says: wrong }
  const open = loadPlanned(tx.sql, board.slug)
  if (open.length >= MOST) return { is: 'refused', why: 'many', says: `${open.length} are announced on ${board.slug} and have not ended`, help: 'complete or cancel those that are over: holdfast board show' }
  // Numbered: two that are announced in one moment are two.
  const id = derivedId('mnt', board.slug, tx.now.wall, it.from, it.title, open.length)
  const remind = remindAt(it.from, tx.now.wall, it.lead)
  const body: AnnouncedBody = {
    id, update: derivedId('mu', id, 0), board: board.slug, title: tx.keep(it.title), text: tx.keep(it.text), components: named.flatMap(([, one]) => (one ? [{ id: one.id, name: one.name }] : [])),
    from: it.from, until: it.until, remind: remind ?? null, by: it.by, at: tx.now.wall,
  }
  tx.append({ is: 'tell.announced', stream: id, follows: 0, body })
  awaiting(tx, { id, until: it.until, remind: remind ?? null, state: 'scheduled' })
  tx.afterwards(context.changed)
  return { is: 'announced', id, remind }
}

function whyNotThen({ from, until, lead }: Announcement, now: Instant): string | undefined {
  if (from <= now) return 'it begins in the past: work that goes on already is a statement (board post)'
  if (lead !== undefined && from - now < lead) return `it begins in ${sayTime(ms(from - now))}: too soon for a lead of ${sayTime(lead)}`
  if (from - now > FARTHEST) return 'it begins more than 400 days from now'
  if (until <= from) return 'it ends before it begins'
  return until - from > LONGEST ? 'it takes longer than 31 days: announce its parts' : undefined
}
