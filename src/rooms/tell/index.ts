// Tell: the public page is true. Turns of checks become turns of components; an outage of a component proposes a statement,
// which publishes itself after `hold` unless a person holds or edits it, and only while the outage is still seen; recovery
// closes it at once. A promised update is not forgotten: whoever writes to the public is paged before it lapses.
import { rule, want, type Gate } from '../../core/gate.ts'
import { dueIn, minutes, seconds, type Instant, type Span } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import { PROGRESS_GOOD, type ComponentStatus, type StatementProgress, type StatementStatus, type StatementUpdate } from './board.ts'
import { impactOf, isOutage, stateOf } from './components.ts'
import { MAINTENANCE_PROJECTIONS, MAINTENANCE_TABLES } from './maintenance/rows.ts'
import { plannedWork, type Planned } from './maintenance/planned.ts'
import * as rows from './rows.ts'
import { closingText, openingText, openingTitle, promiseOf, statementId, updateId, widenedText } from './statements.ts'
import type { BoardPlan } from './view.ts'

export interface TellContext {
  readonly boards: () => readonly BoardPlan[]
  readonly timezone: () => string
  readonly isHeartbeat: (check: string) => boolean
  /** Something public changed and is durable. */
  readonly changed: () => void
}

export interface Post {
  readonly board: string
  readonly statement?: string
  readonly title?: string
  readonly status: StatementStatus
  readonly text: string
  readonly nextBy?: Instant
  readonly by: string
}

export interface TellRoom extends Room {
  post(tx: Tx, it: Post): string | undefined
  hold(tx: Tx, statement: string, by: string): boolean
  /** How far what goes on behind an open statement is; gone when it is not told again, or `undefined` ends it. False where no such statement is open. */
  progress(tx: Tx, statement: string, it: Omit<StatementProgress, 'at'> | undefined): boolean
  publish(tx: Tx, statement: string, by: string): boolean
  /** Work that is announced to the public before it is done. */
  readonly planned: Planned
  /** After a configuration came into force: components are judged anew. */
  configure(tx: Tx): void
}

/** How far something is, is drawn once a minute at most; whoever tells it counts the minute by another clock. */
const TOLD_EACH: Span = seconds(50)

/** The machine speaks only while it still sees what it says. */
const toPublish: Gate<{ statuses: readonly ComponentStatus[]; held: boolean }> = {
  wants: [
    want('the outage is still seen', (e) => (e.statuses.some(isOutage) ? { is: 'pass' } : { is: 'fail', says: 'it is over' })),
    want('nobody holds it', (e) => (e.held ? { is: 'fail', says: 'a person holds it' } : { is: 'pass' })),
  ],
  onUnknown: 'hold',
}

export function tellRoom(context: TellContext): TellRoom {
  const plan = (slug: string): BoardPlan | undefined => context.boards().find((board) => board.slug === slug)
  const named = (board: BoardPlan, ids: readonly string[]): string[] => board.components.filter((it) => ids.includes(it.id)).map((it) => it.name)
  const statusOf = (tx: Tx, id: string): ComponentStatus => rows.loadComponent(tx.sql, id)?.status ?? 'degraded_performance'

  const judge = (tx: Tx, board: BoardPlan, sides: ReturnType<typeof rows.loadSides>, at: Instant): void => {
    for (const it of board.components) {
      const now = stateOf(it.checks.map((name) => ({ side: sides.get(name) ?? 'new', heartbeat: context.isHeartbeat(name) })))
      const had = rows.loadComponent(tx.sql, it.id)
      if (had && had.status === now.status && (had.unknown === 1) === now.unknown) continue
      const body: rows.ComponentTurned = {
        component: it.id, name: it.name, board: board.slug, from: had?.status ?? 'operational', to: now.status, unknown: now.unknown, at,
      }
      tx.append({ is: 'tell.turned', stream: `component:${it.id}`, body })
    }
    tx.afterwards(context.changed)
  }
  const turned = (tx: Tx, check: string, at: Instant): void => {
    const sides = rows.loadSides(tx.sql)
    for (const board of context.boards()) if (board.components.some((it) => it.checks.includes(check))) judge(tx, board, sides, at)
  }
  const affectedNow = (tx: Tx, board: BoardPlan, ids: readonly string[], from?: (id: string) => ComponentStatus): StatementUpdate['affected'] =>
    board.components.filter((it) => ids.includes(it.id)).map((it) => {
      const to = statusOf(tx, it.id)
      return { code: it.id, name: it.name, from: from?.(it.id) ?? to, to }
    })
  const say = (tx: Tx, row: rows.StatementRow, board: BoardPlan, it: { status: StatementStatus; components?: readonly string[]; body?: string; text?: string; nextBy: number | null; n?: number }): void => {
    const components = it.components ?? (JSON.parse(row.components) as string[])
    const body: rows.PostedBody = {
      id: row.id, update: updateId(row.id, tx.now.wall, it.n ?? rows.loadUpdates(tx.sql, row.id).length), status: it.status,
      impact: it.status === 'resolved' ? row.impact : impactOf(components.map((id) => statusOf(tx, id))), components,
      affected: affectedNow(tx, board, components), nextBy: it.nextBy, at: tx.now.wall,
      ...(it.body === undefined ? {} : { body: it.body }), ...(it.text === undefined ? {} : { text: it.text }),
    }
    tx.append({ is: 'tell.posted', stream: row.id, body })
    tx.unschedule('tell.publish', row.id)
    if (it.nextBy === null) tx.unschedule('tell.promise', row.id)
    else tx.schedule('tell.promise', row.id, dueIn(tx.now, Math.max(0, it.nextBy - tx.now.wall - minutes(5)) as Span))
    tx.afterwards(context.changed)
  }

  /** An outage began: propose, or widen what is already said. */
  const began = (tx: Tx, board: BoardPlan, component: { id: string; name: string }, to: ComponentStatus, at: Instant): void => {
    const active = rows.loadActive(tx.sql, board.slug).find((row) => row.origin === 'automatic')
    const zone = context.timezone()
    const promise = promiseOf((tx.now.wall + board.hold) as Instant)
    const has = active ? (JSON.parse(active.components) as string[]) : []
    if (active && has.includes(component.id) && (active.state === 'published' || active.held_by !== null)) return
    if (active?.state === 'published') {
      say(tx, active, board, { status: active.status, components: [...has, component.id], body: widenedText(component.name, zone, promise), nextBy: promise })
      return
    }
    const ids = [...new Set([...has, component.id])]
    const names = named(board, ids)
    const body: rows.ProposedBody = {
      id: active?.id ?? statementId(board.slug, component.id, at), board: board.slug, status: 'investigating', origin: 'automatic', components: ids,
      title: openingTitle(names, to === 'major_outage'), body: openingText(names, (active?.started ?? at) as Instant, zone, promise),
      impact: impactOf(ids.map((id) => statusOf(tx, id))), publishAt: active?.publish_at ?? tx.now.wall + board.hold, startedAt: active?.started ?? at, nextBy: promise,
    }
    tx.append({ is: 'tell.proposed', stream: body.id, body })
    if (!active) tx.schedule('tell.publish', body.id, dueIn(tx.now, board.hold as Span))
  }

  /** A component came back: close what speaks only of components that are well. */
  const ended = (tx: Tx, board: BoardPlan): void => {
    for (const row of rows.loadActive(tx.sql, board.slug)) {
      if (row.origin !== 'automatic') continue
      const ids = JSON.parse(row.components) as string[]
      if (ids.some((id) => statusOf(tx, id) !== 'operational')) continue
      if (row.state === 'draft') {
        tx.append({ is: 'tell.withdrawn', stream: row.id, body: { id: row.id, because: 'it was over before it was published' } })
        tx.unschedule('tell.publish', row.id)
      } else say(tx, row, board, { status: 'resolved', body: closingText(named(board, ids), tx.now.wall, context.timezone()), nextBy: null })
    }
  }
  const componentTurned = (tx: Tx, b: rows.ComponentTurned): void => {
    const board = plan(b.board)
    if (!board) return
    if (isOutage(b.to)) began(tx, board, { id: b.component, name: b.name }, b.to, b.at)
    else ended(tx, board)
  }
  const publish = (tx: Tx, id: string): void => {
    const row = rows.loadStatement(tx.sql, id)
    const board = row && plan(row.board)
    if (!row || !board || row.state !== 'draft') return
    const statuses = (JSON.parse(row.components) as string[]).map((component) => statusOf(tx, component))
    const ruling = rule(toPublish, { statuses, held: row.held_by !== null })
    tx.append({ is: 'tell.ruled', stream: id, body: { id, ruling: ruling.is, because: ruling.because } })
    if (ruling.is === 'open') say(tx, row, board, { status: row.status, body: row.body, nextBy: row.next_by })
    else if (row.held_by === null) tx.append({ is: 'tell.withdrawn', stream: id, body: { id, because: ruling.because.join('; ') } })
  }
  const promiseNears = (tx: Tx, id: string): void => {
    const row = rows.loadStatement(tx.sql, id)
    if (!row || row.resolved !== null || row.next_by === null) return
    tx.append({ is: 'tell.promiseNears', stream: id, body: { id, title: row.title, by: row.next_by, at: tx.now.wall } })
  }

  const work = plannedWork({ board: plan, timezone: context.timezone, changed: context.changed })
  return {
    name: 'tell',
    tables: rows.TABLES + MAINTENANCE_TABLES,
    projections: [...rows.PROJECTIONS, ...MAINTENANCE_PROJECTIONS],
    planned: work.planned,
    apply: {
      'watch.turned': rows.applyTurned, 'watch.removed': rows.applyRemoved, 'watch.paused': rows.applyPaused, 'watch.resumed': rows.applyRemoved, 'node.started': rows.applyStarted, 'tell.turned': rows.applyComponent,
      'tell.proposed': rows.applyProposed, 'tell.held': rows.applyHeld, 'tell.withdrawn': rows.applyWithdrawn, 'tell.posted': rows.applyPosted,
      ...work.apply,
    },
    on: {
      'watch.turned': (tx, entry) => turned(tx, (entry.body as { check: string }).check, (entry.body as { at: Instant }).at),
      'watch.paused': (tx, entry) => turned(tx, (entry.body as { check: string }).check, entry.at),
      'watch.resumed': (tx, entry) => turned(tx, (entry.body as { check: string }).check, entry.at),
      'tell.turned': (tx, entry) => componentTurned(tx, entry.body as rows.ComponentTurned),
    },
    due: {
      'tell.publish': publish, 'tell.promise': promiseNears, ...work.due,
      'tell.progressOver': (tx, statement) => {
        rows.dropProgress(tx.sql, statement)
        tx.afterwards(context.changed)
      },
    },
    post(tx, it) {
      const board = plan(it.board)
      if (!board) return undefined
      const nextBy = it.nextBy ?? null
      const text = tx.keep(it.text)
      const had = it.statement === undefined ? undefined : rows.loadStatement(tx.sql, it.statement)
      if (it.statement !== undefined && (!had || had.state === 'withdrawn')) return undefined
      if (had) {
        say(tx, had, board, { status: it.status, text, nextBy })
        return had.id
      }
      const ids = board.components.filter((component) => isOutage(statusOf(tx, component.id))).map((component) => component.id)
      const id = statementId(board.slug, `person:${it.by}`, tx.now.wall)
      const body: rows.ProposedBody = {
        id, board: board.slug, title: `#${tx.keep(it.title ?? 'Incident')}`, body: '', status: it.status, impact: impactOf(ids.map((component) => statusOf(tx, component))),
        origin: 'person', components: ids, publishAt: null, startedAt: tx.now.wall, nextBy,
      }
      tx.append({ is: 'tell.proposed', stream: id, body })
      const row = rows.loadStatement(tx.sql, id)
      if (row) say(tx, row, board, { status: it.status, text, nextBy })
      return id
    },
    hold(tx, statement, by) {
      const row = rows.loadStatement(tx.sql, statement)
      if (!row || row.state !== 'draft') return false
      tx.append({ is: 'tell.held', stream: statement, body: { id: statement, by, at: tx.now.wall } })
      tx.unschedule('tell.publish', statement)
      return true
    },
    progress(tx, statement, it) {
      const row = rows.loadStatement(tx.sql, statement)
      if (!row || row.state !== 'published' || row.resolved !== null) return false
      const had = rows.loadProgress(tx.sql, statement)
      // Whoever tells it more often is not drawn more often.
      if (it && had && tx.now.wall >= had.at && tx.now.wall - had.at < TOLD_EACH) return true
      if (it) rows.saveProgress(tx.sql, statement, { ...it, at: tx.now.wall })
      else rows.dropProgress(tx.sql, statement)
      if (it) tx.schedule('tell.progressOver', statement, dueIn(tx.now, PROGRESS_GOOD))
      else tx.unschedule('tell.progressOver', statement)
      tx.afterwards(context.changed)
      return true
    },
    publish(tx, statement, by) {
      const row = rows.loadStatement(tx.sql, statement)
      const board = row && plan(row.board)
      if (!row || !board || row.state !== 'draft') return false
      tx.append({ is: 'tell.ruled', stream: statement, body: { id: statement, ruling: 'open', because: [`${by} published it`] } })
      say(tx, row, board, { status: row.status, body: row.body, nextBy: row.next_by })
      return true
    },
    configure(tx) {
      const sides = rows.loadSides(tx.sql)
      for (const board of context.boards()) judge(tx, board, sides, tx.now.wall)
      work.configure(tx)
    },
  }
}
