// The keeper's side of the line. A keeper says hello and gets the journal; what it wants rung is refused until it has made that
// durable, and whenever it speaks in an older term. Its mirror replaces ours, but for what people did here and it does not
// know yet: that is laid over what it says. Only the keeper that said hello last is heard.
import { never } from '../../../core/fault.ts'
import { dueIn, isDue, laterTick, ms } from '../../../core/time.ts'
import type { IncidentId } from '../../../core/id.ts'
import type { Mirrored, ToRinger } from '../protocol.ts'
import { called } from '../steps.ts'
import { close, wakeKeeper } from './alone.ts'
import { CALM } from './digest.ts'
import { rebasePending, recorded } from './acts.ts'
import { all, forget, lastOf, write } from './journal.ts'
import { takeBack } from './queue.ts'
import { giveUp, send } from './sending.ts'
import { decideBy, tellKeeper, type Turn } from './state.ts'

/** Takes a message of a keeper in. */
export function hear(turn: Turn, from: number, message: ToRinger): void {
  const { state, now, effects } = turn
  if (message.is === 'hello') return greet(turn, from, message.store)
  if (from !== state.keeper) {
    // A keeper of old, or one that forgot its manners: its rings have no term of ours.
    if (message.is === 'ring') effects.push({ is: 'tell', to: from, message: { is: 'refused', term: state.term, pages: pagesOf(message) } })
    return
  }
  switch (message.is) {
    case 'plan':
      state.plan = message.plan
      state.planIsKeepers = true
      return
    case 'mirror': return mirror(turn, message.open)
    case 'led':
      state.led = message.led
      return
    case 'changed': return changed(turn, message.mirrored, message.closed)
    case 'ring': return ring(turn, message)
    case 'taken': return taken(turn, message.n)
    case 'beat':
      state.heardAt = now.tick
      state.knownAt = now.wall
      if (state.role === 'alone' && !state.handover) wakeKeeper(turn)
      return
    default: return never(message)
  }
}

function greet(turn: Turn, from: number, store: string): void {
  const { state, now } = turn
  state.keeper = from
  state.heardAt = now.tick
  state.knownAt = now.wall
  state.term += 1
  const isNew = state.store !== store
  if (state.store !== undefined && isNew) {
    // The node has a new memory: what is open is handed over like anything else that is not durable yet.
    for (const { incident, paging } of state.open.values()) write(state.journal, { is: 'stepped', at: now.wall, incident: incident.id, paging })
  }
  tellKeeper(turn, { is: 'welcome', term: state.term, store: state.store, journal: all(state.journal), open: isNew ? [...state.open.values()] : [] })
  state.journalTold = lastOf(state.journal)
  state.handover = { store, upTo: state.journalTold, until: laterTick(now.tick, state.options.confirm) }
  if (state.journal.events.size === 0) takeUp(turn)
}

/** The keeper has everything: it decides from here on. */
function takeUp(turn: Turn): void {
  const { state, effects } = turn
  if (!state.handover) return
  if (state.role === 'alone') {
    effects.push({ is: 'say', line: 'the keeper is back and has taken the journal in: it decides again' })
    giveBack(turn)
  }
  state.store = state.handover.store
  state.handover = undefined
  state.role = 'following'
  state.decideAt = undefined
}

/** What was decided here and did not go out yet is the keeper's now: it stands in its ledger as intended, and would go out twice (P-3, L-1). */
function giveBack({ state }: Turn): void {
  takeBack(state.queue, ({ by, message }) => by === 'ringer' && (message.body.event === 'page' || message.body.event === 'digest'))
  state.storm = CALM
}

function taken(turn: Turn, n: number): void {
  const { state } = turn
  forget(state.journal, n)
  recorded(turn, n)
  if (state.handover && n >= state.handover.upTo) takeUp(turn)
}

const pagesOf = ({ rings }: ToRinger & { is: 'ring' }) => rings.map(({ message }) => message.key as never)

function ring(turn: Turn, message: ToRinger & { is: 'ring' }): void {
  const { state, now } = turn
  if (message.term !== state.term || state.handover) {
    return tellKeeper(turn, { is: 'refused', term: state.term, pages: pagesOf(message) })
  }
  for (const { incident, channel, message: it, carries: together } of message.rings) {
    const job = { page: it.key, incident, person: it.body.person, channel, message: it, by: 'keeper' as const, since: now.tick, carries: [], ...(together ? { together } : {}) }
    const spared = it.body.event === 'page' ? isSpared(turn, incident) : undefined
    if (spared !== undefined) giveUp(turn, job, spared)
    else send(turn, job)
  }
}

/** Why a page need not go out any more: decided before somebody took it, or before it was over (P-7, P-14). */
function isSpared({ state, now }: Turn, incident: IncidentId): string | undefined {
  const untaken = state.pending.find((act) => act.incident === incident && act.act === 'ack')
  if (untaken) return `${called(untaken.person)} took it before this was sent`
  const phase = state.open.get(incident)?.paging.phase
  if (phase?.is === 'held' && !isDue(phase.lapsesAt, now)) return `${called(phase.by)} has it`
  return phase === undefined && state.over.has(incident) ? 'it was over before this was sent' : undefined
}

function mirror(turn: Turn, open: readonly Mirrored[]): void {
  const { state } = turn
  state.hasMirror = true
  const theirs = new Set(open.map(({ incident }) => incident.id))
  for (const it of open) {
    if (!state.handover || !state.open.has(it.incident.id)) changed(turn, it, false)
  }
  // Before it took the journal in, what is not among its own may just not be known to it yet.
  if (!state.handover) for (const it of [...state.open.values()]) if (!theirs.has(it.incident.id)) close(turn, it)
}

function changed(turn: Turn, mirrored: Mirrored, isClosed: boolean): void {
  const { state, now } = turn
  const { id } = mirrored.incident
  if (isClosed) return close(turn, mirrored)
  // What we went on from alone is newer than what a keeper says that has not read the journal.
  if (state.handover && state.journal.stepped.has(id)) return
  state.over.delete(id)
  state.open.set(id, mirrored)
  rebasePending(turn, id)
  if (state.role === 'alone') decideBy(turn, dueIn(now, ms(0)))
}
