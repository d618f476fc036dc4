// Going on alone. When the keeper has been silent for too long the ringer decides by itself, by the same `decide` and from the
// same plan: first it makes sure that nothing which the keeper had intended is left lying, then it goes on, ring by ring.
// In a storm it gathers as the keeper does. Everything it does stands in the journal; nothing here waits for the keeper.
import { hours, instantOf, isDue, type Instant, type Now } from '../../../core/time.ts'
import type { IncidentId } from '../../../core/id.ts'
import { decide, nextAt, step, type Decision, type Move, type PagingEvent } from '../decide.ts'
import type { Paging, Ring } from '../paging.ts'
import type { Mirrored } from '../protocol.ts'
import { tellStuck } from './alarm.ts'
import { bundle, withdraw } from './digest.ts'
import { write } from './journal.ts'
import { takeBack, type Carried, type Job } from './queue.ts'
import { render } from './render.ts'
import { giveUp, go, send } from './sending.ts'
import { bound, decideBy, isDeciding, silentFor, tellKeeper, type RingerState, type Turn } from './state.ts'

/** Takes over: from here on rings of the keeper's term are refused. */
export function standIn(turn: Turn): void {
  const { state, now, effects } = turn
  state.role = 'alone'
  state.term += 1
  state.handover = undefined
  state.decideAt = undefined
  const silent = silentFor(turn)
  write(state.journal, { is: 'stoodIn', at: now.wall, silentFor: silent })
  effects.push({ is: 'say', line: `no sign of life from the keeper for ${Math.round(silent / 1000)} s: the ringer goes on alone with ${state.open.size} open incidents` })
  const busy = new Set([...state.queue.known.values()].flatMap((job) => [job.page, ...(job.together ?? []), ...job.carries.map(({ ring }) => ring.page as string)]))
  for (const it of [...state.open.values()]) turn.rings.push(...pickUp(turn, it, busy))
  decideDue(turn)
  tellStuck(turn)
}

/** Decides whatever is due, of every open incident. */
export function decideDue(turn: Turn): void {
  const { state, now } = turn
  const { plan } = state
  if (!plan || !isDeciding(turn)) return
  if (!state.decideAt || isDue(state.decideAt, now)) {
    state.decideAt = undefined
    for (const { incident, paging } of [...state.open.values()]) {
      const due = nextAt(paging)
      if (due && isDue(due, now)) change(turn, incident.id, (it) => decide(it.paging, it.incident, plan, now))
      else decideBy(turn, due)
    }
  }
}

/** Takes an event of one incident's paging in, and makes its moves. */
export const take = (turn: Turn, id: IncidentId, event: PagingEvent): void => {
  const { plan } = turn.state
  if (plan) change(turn, id, (it) => step(it.paging, event, it.incident, plan, turn.now))
}

/** Carries out what was decided and takes in what ended, until nothing is left of either: a failure brings the next rung forward. */
export function drain(turn: Turn): void {
  const { state } = turn
  do {
    if (turn.rings.length > 0 || isDeciding(turn)) ringAll(turn, turn.rings.splice(0))
    go(turn)
    for (const { job, outcome } of turn.ended.splice(0)) {
      if (outcome !== 'accepted') tryOtherwise(turn, job)
      if (state.role === 'alone') for (const { incident, ring } of carriedBy(state, job)) take(turn, incident, { is: 'settled', page: ring.page, outcome })
    }
  } while (turn.ended.length > 0 || turn.rings.length > 0)
  go(turn)
}

/** Makes moves that are this process's to make. */
export function make(turn: Turn, { incident, paging }: Mirrored, moves: readonly Move[]): void {
  for (const move of moves) {
    if (move.is === 'ring') turn.rings.push({ incident: incident.id, ring: move.ring })
    else tellOne(turn, { incident, paging }, move)
  }
}

/** Takes back what has not gone out yet of an incident that was taken or is over; says so to whoever asked for it. */
export function quieten(turn: Turn, id: IncidentId, says: string, isMeant: (person: string) => boolean = () => true): void {
  const { state } = turn
  const taken = takeBack(state.queue, (job) => job.incident === id && job.message.body.event === 'page' && isMeant(job.person))
  for (const job of taken) giveUp(turn, job, says)
  state.storm = withdraw(state.storm, ({ incident, ring }) => incident === id && isMeant(ring.person))
}

function change(turn: Turn, id: IncidentId, judge: (it: Mirrored) => Decision): void {
  const { state, now } = turn
  const it = state.open.get(id)
  if (!it) return
  const { paging, moves } = judge(it)
  const changed: Mirrored = { incident: it.incident, paging }
  if (paging !== it.paging) {
    state.open.set(id, changed)
    write(state.journal, { is: 'stepped', at: now.wall, incident: id, paging })
  }
  decideBy(turn, nextAt(paging))
  make(turn, changed, moves)
}

/** What the keeper had sent off: its outcome is taken in where it is known here; else it is to go out, under the same id (P-3). */
function pickUp(turn: Turn, { incident, paging }: Mirrored, busy: ReadonlySet<string>): Carried[] {
  const { state } = turn
  const lost: Carried[] = []
  for (const ring of paging.rings) {
    if (ring.is !== 'sent' || busy.has(ring.page)) continue
    const known = state.outcomes.get(ring.page)
    if (known) take(turn, incident.id, { is: 'settled', page: ring.page, outcome: known.outcome })
    else lost.push({ incident: incident.id, ring })
  }
  return lost
}

function carriedBy(state: RingerState, job: Job): readonly Carried[] {
  if (job.carries.length > 0) return job.carries
  const pages = new Set([job.page, ...(job.together ?? [])])
  const of = job.together || job.incident === undefined ? [...state.open.values()] : [state.open.get(job.incident)]
  return of.flatMap((it) => (it?.paging.rings ?? []).flatMap((ring) => (it && pages.has(ring.page) ? [{ incident: it.incident.id, ring }] : [])))
}

function tryOtherwise(turn: Turn, job: Job): void {
  const [channel, ...otherwise] = job.otherwise ?? []
  if (channel === undefined) return
  const page = `${job.page}/${channel}`
  send(turn, { ...job, page, channel, otherwise, since: turn.now.tick, message: { ...job.message, key: page, body: { ...job.message.body, id: page } } })
}

/** Rings now or, in a storm, together; what was gathered alone goes out as what it is. */
function ringAll(turn: Turn, rings: readonly Carried[]): void {
  const { state, now } = turn
  const { state: storm, single, digests, nextAt: flushAt } = bundle(state.storm, rings, now)
  state.storm = storm
  decideBy(turn, flushAt)
  for (const it of single) ringOne(turn, it)
  for (const { carries, ...digest } of digests) {
    const [only] = carries
    if (only && carries.length === 1) ringOne(turn, only)
    else ringTogether(turn, digest, carries)
  }
}

function ringOne(turn: Turn, { incident: id, ring }: Carried): void {
  const { state, now } = turn
  const it = state.open.get(id)
  if (!it || !state.plan) return
  const { page, person, channel, step: at, round, why } = ring
  const message = render(
    { is: 'page', page, person, incident: it.incident, paging: it.paging, step: at, round, raisedAt: raised(ring, now), ...(why === undefined ? {} : { why }), ...(state.role === 'alone' ? { knownAt: state.knownAt } : {}) },
    { plan: state.plan, now, key: state.options.key },
  )
  if (message) send(turn, { page, incident: id, person, channel, message, by: 'ringer', since: now.tick, carries: [{ incident: id, ring }] })
}

/** When it was to go out, which may be a while ago: told by the clock that nobody sets, where it can tell. */
const raised = ({ due }: Ring, now: Now): Instant => instantOf(Math.min(now.wall, due.boot === now.boot ? now.wall - Math.max(0, now.tick - due.tick) : due.wall))

function ringTogether(turn: Turn, digest: { person: string; channel: string; key: string }, carries: readonly Carried[]): void {
  const { state, now } = turn
  const { person, channel, key } = digest
  if (!state.plan || carries.length === 0) return
  const rings = carries.flatMap(({ incident, ring }) => {
    const it = state.open.get(incident)
    return it ? [{ ...it, page: ring.page, event: 'page' }] : []
  })
  const message = render({ is: 'digest', page: key as Ring['page'], person, raisedAt: now.wall, rings }, { plan: state.plan, now, key: state.options.key })
  if (message) send(turn, { page: key, incident: undefined, person, channel, message, by: 'ringer', since: now.tick, carries })
}

function tellOne(turn: Turn, { incident, paging }: Mirrored, move: Move & { is: 'notice' }): void {
  const { state, now } = turn
  const { key, person, channel, notice, by } = move
  if (!state.plan) return
  const message = render({ is: 'notice', notice, page: key, person, incident, paging, ...(by === undefined ? {} : { by }) }, { plan: state.plan, now, key: state.options.key })
  const ring: Ring = { page: key, person, channel, step: 0, round: 0, due: { ...now }, is: 'sent' }
  if (message) send(turn, { page: key, incident: incident.id, person, channel, message, by: 'ringer', since: now.tick, carries: [{ incident: incident.id, ring }] })
}

/** Remembers an incident that is over, for a day, so that its links can say so. */
export function close(turn: Turn, it: Mirrored): void {
  const { state, now } = turn
  const { id } = it.incident
  state.open.delete(id)
  state.over.delete(id)
  state.over.set(id, { mirrored: { ...it, paging: closed(it.paging) }, at: now.tick })
  bound(state.over, MOST_OVER)
  for (const [old, { at }] of state.over) {
    if (now.tick - at < OVER_KNOWN_FOR) break
    state.over.delete(old)
  }
  quieten(turn, id, 'it was over before this was sent')
}

const MOST_OVER = 2000
const OVER_KNOWN_FOR = hours(24)
const closed = (paging: Paging): Paging => ({ ...paging, rings: [], phase: { is: 'over' } })

/** A keeper that is back from a gap and does not know that we went on: it is to say hello. */
export const wakeKeeper = (turn: Turn): void => tellKeeper(turn, { is: 'refused', term: turn.state.term, pages: [] })
