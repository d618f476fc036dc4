// Deciding about the paging of one incident: what is due now, and what an event changes. It is pure, and the same function runs in
// the keeper and in the ringer, so that both come to the same pages from the same plan. While nobody has it there is always
// a next moment: `nextAt` is undefined only when the incident is over. Moments are judged by either clock, so a clock that was
// set may bring a page early and never late. Only a person's act takes an incident: no outcome of a page ever does (P-5).
import assert from 'node:assert/strict'
import { dueAfter, dueIn, earliest, isDue, minutes, ms, sayTime, type Due, type Instant, type Now, type Span } from '../../core/time.ts'
import { formatTime } from '../../core/calendar.ts'
import { never } from '../../core/fault.ts'
import type { Incident } from '../../core/incident.ts'
import { hasIt, hasItSince } from '../../words/notification.ts'
import { tell, tellEverywhere, tellRung, unchanged, type Decision, type Move, type PagingEvent } from './move.ts'
import type { Paging, Phase } from './paging.ts'
import type { Plan } from './plan.ts'
import { beginNext, goOn, isRinging, rebased, ringOutside, settle, startOf, type Given, type Ringing, type Rung } from './ringing.ts'
import { called, calledAll, canBeRung, HAND_OVER, policyOf, stepAt, waitOf } from './steps.ts'

export type { Decision, Move, Notice, PagingEvent } from './move.ts'
export { nextPeople } from './steps.ts'

type EventOf<Is> = Extract<PagingEvent, { is: Is }>
type Held = Paging & { readonly phase: Extract<Phase, { is: 'held' }> }

/** The paging of an incident that has just been opened; `decide` rings its first step at once. */
export function begin(incident: Incident, plan: Plan, now: Now): Paging {
  const { name } = policyOf(plan, incident.escalate)
  const phase: Phase = { is: 'ringing', step: 0, round: 0, nextAt: dueIn(now, ms(0)), fresh: true }
  return { incident: incident.id, policy: name, phase, rings: [], rung: {}, lap: 0 }
}

/** Takes everything that is due. When nothing is, the same paging comes back, without moves. */
export function decide(paging: Paging, incident: Incident, plan: Plan, now: Now): Decision {
  assert.equal(paging.incident, incident.id, 'a paging belongs to its incident')
  const standing = rebased(paging, { plan, now })
  if (isRinging(standing)) return ringOn(standing, { plan, now })
  if (isHeld(standing)) return holdOn(standing, incident, { plan, now })
  return unchanged(standing, 'nothing is due: it is over')
}

/** What an event changes. Events that come twice, or too late, change nothing and say so. */
export function step(paging: Paging, event: PagingEvent, incident: Incident, plan: Plan, now: Now): Decision {
  assert.equal(paging.incident, incident.id, 'a paging belongs to its incident')
  const given = { plan, now }
  const standing = rebased(paging, given)
  if (standing.phase.is === 'over') return unchanged(standing, 'nothing changed: it is over')
  switch (event.is) {
    case 'acked': return acked(standing, event, given)
    case 'passed': return passed(standing, event, given)
    case 'assigned': return assigned(standing, event, given)
    case 'settled': return settled(standing, event, given)
    case 'resolved': return resolved(standing, event, given)
    case 'led': return led(standing, event, given)
    case 'worsened': return worsened(standing, event, given)
    default: return never(event)
  }
}

/** When `decide` wants to be called next, by either clock; undefined only when it is over. */
export function nextAt(paging: Paging): Due | undefined {
  const { phase, rings } = paging
  if (phase.is === 'over') return undefined
  if (phase.is === 'held') return phase.asked ? phase.lapsesAt : phase.askAt
  // Each clock for itself: due by either clock when any of them is due by either clock.
  return rings.filter((ring) => ring.is === 'waiting').reduce((first, { due }) => earliest(first, due), phase.nextAt)
}

const isHeld = (paging: Paging): paging is Held => paging.phase.is === 'held'

function ringOn(paging: Ringing, given: Given): Decision {
  const rung = goOn(paging, given)
  if (rung.moves.length === 0 && rung.paging === paging) return unchanged(paging, `nothing is due: ${sayWhere(paging, given.plan)}`)
  return { ...rung, says: sayRung(rung, given.plan) }
}

function holdOn(paging: Held, incident: Incident, given: Given): Decision {
  const { by, at, askAt, lapsesAt, asked } = paging.phase
  if (isDue(lapsesAt, given.now)) return lapse(paging, incident, given)
  if (asked || !isDue(askAt, given.now)) return unchanged(paging, `nothing is due: ${sayHolder(paging, given)}`)
  const moves = tellEverywhere({ paging, plan: given.plan, notice: 'reminder', by }, by)
  const asking: Held = { ...paging, phase: { ...paging.phase, asked: true } }
  if (moves.length === 0) return { paging: asking, moves, says: `nobody to ask: ${sayHolder(paging, given)}` }
  return { paging: asking, moves, says: `asked ${called(by)}, who took it ${sayTime(ms(Math.max(0, given.now.wall - at)))} ago, whether they still have it` }
}

/** Nobody confirmed it: it rings again from the first step, under new page ids. */
function lapse(paging: Held, incident: Incident, given: Given): Decision {
  const { by, lapsesAt } = paging.phase
  const anew = restarted(paging, lapsesAt)
  const start = startOf(lapsesAt, given.now, firstWait(paging, given.plan))
  const rung = beginNext(anew, given, { start }) ?? { paging: anew, moves: [] }
  const isRung = rung.moves.some((move) => personOf(move) === by)
  const told = isRung ? [] : tell({ paging: anew, plan: given.plan, notice: 'lapsed', by }, by)
  return {
    paging: rung.paging,
    moves: [...rung.moves, ...told],
    says: `${called(by)} did not confirm "${incident.title}" in time: ${sayRung(rung, given.plan)}`,
  }
}

function acked(paging: Paging, { by, via }: EventOf<'acked'>, given: Given): Decision {
  const holder = isHeld(paging) ? paging.phase : undefined
  if (isHeld(paging) && holder?.by !== by) return unchanged(paging, sayHolder(paging, given))
  const held: Held = { ...paging, rings: [], lap: paging.lap + 1, phase: holding(by, holder?.at ?? given.now.wall, given) }
  const moves = holder ? [] : tellRung({ paging: held, plan: given.plan, notice: 'acknowledged', by }, [], [by])
  return { paging: held, moves, says: `${holder ? `${called(by)} still has it` : hasIt(by)} (by ${via}) until ${sayMoment(held.phase.lapsesAt.wall, given)}` }
}

/** Whoever passes it on is not rung by the step that begins for it; everybody else who is being rung stays so. */
function passed(paging: Paging, { by }: EventOf<'passed'>, given: Given): Decision {
  if (isHeld(paging)) return paging.phase.by === by ? givenBack(paging, by, given) : unchanged(paging, sayHolder(paging, given))
  assert(isRinging(paging), 'what is neither held nor over rings')
  const theirs = paging.rings.filter((ring) => ring.person === by)
  if (theirs.length === 0) return unchanged(paging, `nothing changed: ${called(by)} is not being rung; ${sayWhere(paging, given.plan)}`)
  const without: Ringing = { ...paging, rings: paging.rings.filter((ring) => ring.person !== by) }
  const isTheirTurn = theirs.some((ring) => ring.step === HAND_OVER || ring.step === paging.phase.step)
  if (!isTheirTurn) return { paging: without, moves: [], says: `${called(by)} passed it on; it had gone on before: ${sayWhere(paging, given.plan)}` }
  return passedOn(without, by, given)
}

/** The holder cannot go on: it rings again from the first step that has anybody else. */
const givenBack = (paging: Held, by: string, given: Given): Decision =>
  passedOn(restarted(paging, dueIn(given.now, firstWait(paging, given.plan))), by, given)

function passedOn(paging: Ringing, passer: string, given: Given): Decision {
  const rung = beginNext(paging, given, { start: dueIn(given.now, ms(0)), passer })
  if (!rung) return { paging, moves: [], says: `${called(passer)} passed it on and there is nobody else: it rings again` }
  return { ...rung, says: `${called(passer)} passed it on: ${sayRung(rung, given.plan)}` }
}

/** Nobody has it until the new person takes it: they are rung now, and the policy goes on if they do not. */
function assigned(paging: Paging, { to, by }: EventOf<'assigned'>, given: Given): Decision {
  const { plan, now } = given
  if (!canBeRung(plan, to)) return unchanged(paging, `nothing changed: ${called(to)} cannot be paged`)
  if (isHeld(paging) && paging.phase.by === to) return unchanged(paging, sayHolder(paging, given))
  const former = isHeld(paging) ? paging.phase.by : undefined
  const open = isRinging(paging) ? { ...paging, lap: paging.lap + 1 } : restarted(paging, dueIn(now, firstWait(paging, plan)))
  const rung = ringOutside(open, given, to)
  const told = former === undefined || former === by ? [] : tell({ paging: open, plan, notice: 'reassigned', by }, former)
  return { paging: rung.paging, moves: [...rung.moves, ...told], says: `${called(by)} handed it over: paging ${called(to)}` }
}

function settled(paging: Paging, { page, outcome }: EventOf<'settled'>, given: Given): Decision {
  if (!isRinging(paging)) return unchanged(paging, 'nothing changed: that page no longer matters')
  const ring = paging.rings.find((it) => it.page === page)
  const after = settle(paging, page, outcome)
  if (!ring || after === paging) return unchanged(paging, `nothing changed: ${page} does not matter any more, or is settled`)
  const rung = goOn(after, given)
  const next = rung.moves.length > 0 ? `; ${sayRung(rung, given.plan)}` : ''
  return { ...rung, says: `${called(ring.person)} by ${ring.channel}: ${outcome}${next}` }
}

function resolved(paging: Paging, event: EventOf<'resolved'>, { plan }: Given): Decision {
  const by = isHeld(paging) ? paging.phase.by : undefined
  const over: Paging = { ...paging, rings: [], phase: { is: 'over' } }
  const moves = tellRung({ paging: over, plan, notice: 'recovered', ...(event.by === undefined ? {} : { by: event.by }) }, by === undefined ? [] : [by], [])
  return { paging: over, moves, says: moves.length > 0 ? `it is over: telling ${calledAll(moves.map(personOf))}` : 'it is over: nobody was rung' }
}

/** Whoever has it took something less: they are rung now, and the policy goes on if they do not take this too. While it rings, what is more urgent rings all anew who were rung. */
function worsened(paging: Paging, { why }: EventOf<'worsened'>, given: Given): Decision {
  const { plan, now } = given
  if (isHeld(paging)) {
    const { by } = paging.phase
    if (!canBeRung(plan, by)) return { ...beginAnew(paging, given), says: `${why} was found, and ${called(by)}, who has it, cannot be paged: it rings again` }
    const rung = ringOutside(restarted(paging, dueIn(now, firstWait(paging, plan))), given, by)
    return { ...rung, says: `${why} was found: paging ${called(by)}, who had it` }
  }
  const people = Object.keys(paging.rung).filter((person) => canBeRung(plan, person))
  if (!isRinging(paging) || why !== 'more urgent' || people.length === 0) return unchanged(paging, `nothing changed: ${why} was found while it rings`)
  let rung: Rung = { paging: { ...paging, lap: paging.lap + 1 }, moves: [] }
  for (const person of people) {
    const next = ringOutside(rung.paging, given, person)
    rung = { paging: next.paging, moves: [...rung.moves, ...next.moves] }
  }
  return { ...rung, says: `${why} was found: paging ${calledAll(people)} anew` }
}

/** Whoever has it and stays has it still; otherwise those who lead it now are rung at once, by their own policy. */
function led(paging: Paging, { escalate, leaves }: EventOf<'led'>, given: Given): Decision {
  const theirs: Paging = { ...paging, policy: policyOf(given.plan, escalate).name }
  if (isHeld(theirs) && theirs.phase.by !== leaves) return { paging: theirs, moves: [], says: `${called(leaves)} leads it no more: ${sayHolder(theirs, given)}` }
  const rung = beginAnew(theirs, given)
  return { ...rung, says: `${called(leaves)} leads it no more: ${sayRung(rung, given.plan)}` }
}

function beginAnew(paging: Paging, given: Given): Rung {
  const anew = restarted(paging, dueIn(given.now, ms(0)))
  return beginNext(anew, given, { start: dueIn(given.now, ms(0)) }) ?? { paging: anew, moves: [] }
}

/** The holder is asked while there is time left to answer: a sixth of the whole, at most 5 min. */
function holding(by: string, at: Instant, { plan, now }: Given): Held['phase'] {
  const lapsesAt = dueIn(now, plan.ackLapses)
  const lead = Math.round(Math.min(minutes(5), plan.ackLapses / 6))
  return { is: 'held', by, at, askAt: dueAfter(lapsesAt, ms(-lead)), lapsesAt, asked: false }
}

/** Rings again from the first step, which begins at `nextAt`; a new lap gives its pages new ids. */
const restarted = (paging: Paging, nextAt: Due): Ringing => ({
  ...paging, rings: [], lap: paging.lap + 1, phase: { is: 'ringing', step: 0, round: 0, nextAt, fresh: true },
})

const firstWait = (paging: Paging, plan: Plan): Span => waitOf(stepAt(policyOf(plan, paging.policy), 0))

const personOf = (move: Move): string => (move.is === 'ring' ? move.ring.person : move.person)

const sayMoment = (at: Instant, { plan, now }: Given): string => formatTime(at, plan.site.timezone, now.wall)

const sayHolder = ({ phase }: Held, given: Given): string => hasItSince(phase.by, sayMoment(phase.at, given))

function sayWhere({ phase, policy }: Ringing, plan: Plan): string {
  const { length } = policyOf(plan, policy).steps
  const round = phase.round === 0 ? '' : `, round ${phase.round + 1}`
  return `${phase.fresh ? 'before' : 'ringing'} step ${phase.step + 1} of ${length}${round}`
}

function sayRung({ paging, moves }: Rung, plan: Plan): string {
  const whys = [...new Set(moves.flatMap((move) => (move.is === 'ring' ? (move.why ?? []) : [])))]
  const because = whys.length > 0 ? ` (${whys.join('; ')})` : ''
  return `${sayWhere(paging, plan)}, ${sayWhom([...new Set(moves.map(personOf))], plan)}${because}`
}

function sayWhom(people: readonly string[], plan: Plan): string {
  if (people.length > 0) return `paging ${calledAll(people)}`
  return Object.keys(plan.people).some((person) => canBeRung(plan, person)) ? 'paging nobody new' : 'but nobody can be paged: add people'
}
