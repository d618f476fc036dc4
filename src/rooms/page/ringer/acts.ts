// What people do: look at what a link is about, take it, pass it on, confirm a test page. An act counts at once: what has not
// gone out yet is taken back. The keeper records it, and its answer is awaited for a moment; where none comes the person hears
// "taken, not yet recorded", those who were rung before are told from here, and the journal keeps it. Looking changes nothing
// (P-5); acts that come twice, or second, change nothing and are told how it stands, which is a success.
import { readToken, type Permit } from '../../../core/link.ts'
import { nameOf } from '../../../core/subject.ts'
import { instantOf, laterTick, type Tick } from '../../../core/time.ts'
import type { IncidentId } from '../../../core/id.ts'
import { nextPeople, step, type PagingEvent } from '../decide.ts'
import type { Act, AskRinger, LinkView, Mirrored, RingerSays } from '../protocol.ts'
import { called, canBeRung, HAND_OVER } from '../steps.ts'
import { make, quieten, take } from './alone.ts'
import { write } from './journal.ts'
import { bound, isDeciding, keeperLeads, type Pending, type Turn } from './state.ts'

const MOST_PENDING = 10_000
const MOST_RECEIVED = 1000

type No = RingerSays & { is: 'no' }

/** Whom an act is of, and about what. */
interface Who {
  readonly person: string
  readonly incident: IncidentId
  readonly it: Mirrored | undefined
}

/** Answers a question, now or when the keeper has recorded it. */
export function ask(turn: Turn, id: number, question: AskRinger): void {
  const reply = (says: RingerSays): void => void turn.effects.push({ is: 'reply', ask: id, says })
  const permit = permitOf(turn, question.token)
  if (question.token !== undefined && !permit) return reply(no('unknown-link', 'This link is not one of ours, or it was made under another key.'))
  if (permit?.is === 'received') return confirm(turn, id, question, permit)
  const who = question.is === 'show' ? whoOf(turn, permit, {}) : whoOf(turn, permit, question)
  if ('why' in who) return reply(who)
  if (question.is === 'show') return reply({ is: 'shown', view: viewOf(turn, who) })
  act(turn, id, question, who)
}

/** The keeper made everything up to `n` durable: whoever waits for it hears so, and what is to be told is its to tell. */
export function recorded(turn: Turn, n: number): void {
  for (const pending of turn.state.pending.filter((it) => it.n <= n)) {
    remove(turn, pending)
    answer(turn, pending, true)
  }
}

/** Acts that the keeper did not record in time are answered and told from here. */
export function takeOverdue(turn: Turn): void {
  const { state, now } = turn
  for (const pending of state.pending.filter((it) => it.until <= now.tick)) goWithout(turn, pending)
}

/** When the next of them is overdue. */
export const overdueAt = ({ state }: Turn): Tick | undefined =>
  state.pending.reduce<Tick | undefined>((first, it) => (it.ask === undefined && it.moves.length === 0 ? first : first === undefined || it.until < first ? it.until : first), undefined)

/** Lays what people did here, and the keeper does not know yet, over what it says of an incident. */
export function rebasePending(turn: Turn, id: IncidentId): void {
  const { state, now } = turn
  for (const pending of state.pending) {
    const it = state.open.get(id)
    if (pending.incident !== id || !it || !state.plan) continue
    const { paging, moves } = step(it.paging, eventOf(pending), it.incident, state.plan, now)
    state.open.set(id, { incident: it.incident, paging })
    if (pending.moves.length > 0) pending.moves = moves
  }
}

function act(turn: Turn, id: number, question: AskRinger & { is: 'act' }, who: Who): void {
  const { state, now, effects } = turn
  const { person, incident, it } = who
  // Too late is no error: there is nothing to take any more, and the answer shows that.
  if (it?.paging.phase.is === 'over') return void effects.push({ is: 'reply', ask: id, says: { is: 'did', view: viewOf(turn, who), recorded: true } })
  const event = eventOf({ act: question.act, person, via: question.via })
  const decision = it && state.plan ? step(it.paging, event, it.incident, state.plan, now) : undefined
  if (it && decision?.paging === it.paging) {
    const isRecorded = !state.pending.some((other) => other.incident === incident)
    return void effects.push({ is: 'reply', ask: id, says: { is: 'did', view: viewOf(turn, who), recorded: isRecorded } })
  }
  const alone = isDeciding(turn)
  const { n } = write(state.journal, { is: 'acted', at: now.wall, incident, act: question.act, person, via: question.via })
  const pending: Pending = {
    n, incident, act: question.act, person, via: question.via, ask: id, moves: alone ? [] : (decision?.moves ?? []),
    until: keeperLeads(turn) ? laterTick(now.tick, state.options.confirm) : now.tick,
  }
  wait(turn, pending)
  quieten(turn, incident, `${called(person)} ${question.act === 'ack' ? 'took it' : 'passed it on'} before this was sent`, question.act === 'ack' ? undefined : (rung) => rung === person)
  if (alone) take(turn, incident, event)
  else if (it && decision) state.open.set(incident, { incident: it.incident, paging: decision.paging })
  if (pending.until <= now.tick) goWithout(turn, pending)
}

/** Nobody answers for the keeper: the person hears so, and those who were rung hear who has it. */
function goWithout(turn: Turn, pending: Pending): void {
  answer(turn, pending, false)
  const { moves } = pending
  pending.moves = []
  const it = turn.state.open.get(pending.incident)
  if (it && moves.length > 0) make(turn, it, moves)
}

function answer(turn: Turn, pending: Pending, isRecorded: boolean): void {
  if (pending.ask === undefined) return
  const it = turn.state.open.get(pending.incident) ?? turn.state.over.get(pending.incident)?.mirrored
  const view = pending.incident.startsWith('tst_') ? testView(turn, pending.incident, pending.person) : viewOf(turn, { ...pending, it })
  turn.effects.push({ is: 'reply', ask: pending.ask, says: { is: 'did', view, recorded: isRecorded } })
  pending.ask = undefined
}

/** Bounded: of too many that wait the oldest is answered as not recorded. */
function wait(turn: Turn, pending: Pending): void {
  const { state } = turn
  state.pending.push(pending)
  const oldest = state.pending.length > MOST_PENDING ? state.pending.shift() : undefined
  if (oldest) answer(turn, oldest, false)
}

function remove({ state }: Turn, pending: Pending): void {
  const at = state.pending.indexOf(pending)
  if (at >= 0) state.pending.splice(at, 1)
}

/** The receipt of a test page. */
function confirm(turn: Turn, id: number, question: AskRinger, { page, person }: Permit & { is: 'received' }): void {
  const { state, now, effects } = turn
  const stream = page as string as IncidentId
  const view = (): LinkView => testView(turn, stream, person)
  if (question.is === 'show') return void effects.push({ is: 'reply', ask: id, says: { is: 'shown', view: view() } })
  if (state.received.has(page) || question.act === 'pass') return void effects.push({ is: 'reply', ask: id, says: { is: 'did', view: view(), recorded: true } })
  state.received.set(page, now.wall)
  bound(state.received, MOST_RECEIVED)
  const { n } = write(state.journal, { is: 'acted', at: now.wall, incident: stream, act: 'ack', person, via: question.via })
  const pending: Pending = { n, incident: stream, act: 'ack', person, via: question.via, ask: id, moves: [], until: keeperLeads(turn) ? laterTick(now.tick, state.options.confirm) : now.tick }
  wait(turn, pending)
  if (pending.until <= now.tick) goWithout(turn, pending)
}

function permitOf({ state }: Turn, token: string | undefined): Permit | undefined {
  return token === undefined || !state.options.key ? undefined : readToken(state.options.key, token)
}

const no = (why: No['why'], says: string): No => ({ is: 'no', why, says })

const eventOf = ({ act, person, via }: { act: Act; person: string; via: string }): PagingEvent =>
  act === 'ack' ? { is: 'acked', by: person, via } : { is: 'passed', by: person }

function whoOf(turn: Turn, permit: Permit | undefined, named: { incident?: string; person?: string }): Who | No {
  const { state } = turn
  const person = permit?.person ?? named.person
  if (person === undefined) return no('unknown-person', 'Say who you are: name a person of the configuration.')
  if (state.plan && !canBeRung(state.plan, person)) return no('unknown-person', `${called(person)} is not among the people who can be paged.`)
  const wanted = permit?.is === 'act' ? permit.incident : named.incident
  const it = wanted === undefined ? onlyOpen(turn) : find(turn, wanted)
  if (it) return { person, incident: it.incident.id, it }
  // A ringer that has just started knows nothing yet; a link that proves itself is honoured all the same.
  if (permit?.is === 'act' && !state.hasMirror) return { person, incident: permit.incident, it: undefined }
  if (permit) return no('closed', 'This incident is over: there is nothing to take.')
  const open = [...state.open.values()].map(({ incident }) => `${incident.number} ${incident.title}`)
  return no('unknown-incident', open.length === 0 ? 'Nothing is open.' : `Which one? Open: ${open.slice(0, 10).join(', ')}.`)
}

/** The one that is meant when none is named: the only open one, or the only one that rings. */
function onlyOpen({ state }: Turn): Mirrored | undefined {
  const open = [...state.open.values()]
  const ringing = open.filter(({ paging }) => paging.phase.is === 'ringing')
  return open.length === 1 ? open[0] : ringing.length === 1 ? ringing[0] : undefined
}

/** By id, number, subject, the subject's bare name, or title. */
function find({ state }: Turn, wanted: string): Mirrored | undefined {
  const direct = state.open.get(wanted as IncidentId) ?? state.over.get(wanted as IncidentId)?.mirrored
  if (direct) return direct
  return [...state.open.values()].find(({ incident }) => [String(incident.number), incident.subject, nameOf(incident.subject), incident.title].includes(wanted))
}

function viewOf({ state, now }: Turn, { person, incident, it }: Who): LinkView {
  const timezone = state.plan?.site.timezone ?? 'UTC'
  if (!it) return { incident: { id: incident, number: 0, title: 'An incident', says: 'Holdfast has just started and does not know its details yet.', since: now.wall }, person, state: 'ringing', timezone }
  const { id, number, title, says, since } = it.incident
  const { phase } = it.paging
  const next = state.plan ? nextPeople(it.paging, state.plan, now) : undefined
  return {
    incident: { id, number, title, says, since }, person, state: phase.is, timezone, ...(next ? { next } : {}),
    ...(phase.is === 'ringing' ? { rung: [...new Set(it.paging.rings.filter((ring) => ring.step === phase.step || ring.step === HAND_OVER).map((ring) => ring.person))] } : {}),
    ...(phase.is === 'held' ? { heldBy: phase.by, heldSince: phase.at, lapsesAt: phase.lapsesAt.wall } : {}),
  }
}

function testView({ state, now }: Turn, page: IncidentId, person: string): LinkView {
  const at = state.received.get(page)
  return {
    incident: { id: page, number: 0, title: 'Test page', says: at === undefined ? 'Confirm that this test page reached you. Nothing is wrong.' : 'This test page reached you: that is recorded.', since: instantOf(at ?? now.wall) },
    person, state: at === undefined ? 'ringing' : 'held', timezone: state.plan?.site.timezone ?? 'UTC', ...(at === undefined ? {} : { heldBy: person, heldSince: at }),
  }
}
