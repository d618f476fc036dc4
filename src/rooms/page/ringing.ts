// Ringing: steps begin, rings go out, outcomes come in. A step begins at its moment and its rings count from there, so nothing
// drifts; one that begins late by more than its own wait counts from now, so that a node that was away rings one step
// at once and not a hundred. A person's failed channel brings their next one forward; when all of a step failed the next step
// begins at once; when the last step failed its next round comes within 30 s and rings the fallback too (P-10).
//
// The list of rings is a table by (step, person, channel), so it is bounded however long it rings: a later round replaces what
// the former one left, and a ring that still waits stays. Those that went out stand at its end, in that order.
import { dueAfter, dueIn, isDue, ms, seconds, timeTo, type Due, type Now, type Span } from '../../core/time.ts'
import type { PageId } from '../../core/id.ts'
import { ringMove, type Move } from './move.ts'
import type { Paging, Phase, Ring } from './paging.ts'
import type { Plan } from './plan.ts'
import {
  currentWait, fallbackOf, HAND_OVER, ladderOf, ownTargets, placeAfter, policyOf, reachOf, stepAt, targetsOf, waitOf, type Place, type Targets,
} from './steps.ts'

export type Ringing = Paging & { readonly phase: Extract<Phase, { is: 'ringing' }> }
export type Outcome = 'accepted' | 'failed' | 'unknown'

/** By which plan, and at what moment, something is decided. */
export interface Given {
  readonly plan: Plan
  readonly now: Now
}

export interface Rung {
  readonly paging: Ringing
  readonly moves: readonly Move[]
}

/** From when the step that begins counts, and who passed on the one before. */
export interface Cause {
  readonly start: Due
  readonly passer?: string
}

export const isRinging = (paging: Paging): paging is Ringing => paging.phase.is === 'ringing'

/** Begins the next step or round. `undefined` when the passer is the only one who could be rung. */
export function beginNext(paging: Ringing, given: Given, cause: Cause): Rung | undefined {
  const { plan } = given
  const place = placeWithout(paging, given, cause.passer)
  const step = stepAt(policyOf(plan, paging.policy), place.step)
  const targets = widened(targetsOf(step, plan, given.now.wall, cause.passer), paging, given, place)
  if (cause.passer !== undefined && targets.people.length === 0) return undefined
  const begun: Ringing = { ...paging, phase: { is: 'ringing', ...place, nextAt: dueAfter(cause.start, waitOf(step)) } }
  const rings = targets.people.flatMap((person) => ringsOf(begun, plan, { person, why: whyOf(targets, person) }, cause.start))
  return sendDue(addRings(begun, rings), given)
}

/** Takes whatever is due: rings whose time has come or whose forerunner failed, the next step when its moment came or all rings failed. */
export function goOn(paging: Ringing, given: Given): Rung {
  const sent = sendDue(paging, given)
  const next = afterFailure(sent.paging, given) ?? atItsMoment(sent.paging, given)
  return next ? { paging: next.paging, moves: [...sent.moves, ...next.moves] } : sent
}

/** Rings one person by their whole ladder, as a step outside the policy. */
export function ringOutside(paging: Ringing, given: Given, person: string): Rung {
  const others: Ringing = { ...paging, rings: paging.rings.filter((ring) => ring.step !== HAND_OVER || ring.person !== person) }
  return sendDue(addRings(others, ladderOf(others, given.plan, person, { step: HAND_OVER, round: 0 }, dueIn(given.now, ms(0)))), given)
}

/** Takes in what came of a ring. The same object when that tells nothing new: an unknown page, or one that is settled. */
export function settle(paging: Ringing, page: PageId, outcome: Outcome): Ringing {
  const ring = paging.rings.find((it) => it.page === page)
  if (!ring || !tellsMore(ring.is, outcome)) return paging
  return { ...paging, rings: paging.rings.map((it) => (it === ring ? { ...it, is: outcome } : it)), rung: rungBy(paging, ring, outcome) }
}

/**
 * From which moment a step counts that begins now because `due` came: `due` itself, so that nothing drifts; now, when the wall clock
 * ran ahead or the step is late by more than `wait`. Always written with both clocks as they are now.
 */
export function startOf(due: Due, now: Now, wait: Span): Due {
  const late = due.boot === now.boot ? now.tick - due.tick : -1
  return late >= 0 && late < wait ? dueIn(now, ms(-late)) : dueIn(now, ms(0))
}

/**
 * After a reboot only the wall clock tells how much of a wait is left, and it may have been set meanwhile: every moment to come is
 * written anew by this boot's clocks, and none lies further off than it was when it was set.
 */
export function rebased(paging: Paging, { plan, now }: Given): Paging {
  const { phase } = paging
  if (phase.is === 'over') return paging
  const rings = paging.rings.some((ring) => ring.is === 'waiting' && ring.due.boot !== now.boot)
    ? paging.rings.map((ring) => (ring.is === 'waiting' ? { ...ring, due: redue(ring.due, now, afterOf(ring, plan)) } : ring))
    : paging.rings
  const due = phase.is === 'held' ? phase.lapsesAt : phase.nextAt
  if (rings === paging.rings && due.boot === now.boot) return paging
  if (phase.is === 'ringing') return { ...paging, rings, phase: { ...phase, nextAt: redue(due, now, currentWait(phase, plan, paging.policy)) } }
  const toAsk = ms(phase.askAt.wall - phase.lapsesAt.wall)
  const lapsesAt = redue(due, now, plan.ackLapses)
  return { ...paging, rings, phase: { ...phase, lapsesAt, askAt: dueAfter(lapsesAt, toAsk) } }
}

const SOON = seconds(30)
const ALL_FAILED = 'every page of the last step failed: paging the fallback too'

/** The rings of a step: its own people's, or the fallback's, and beside them `besides`, where its own could not be reached. */
interface Widened extends Targets {
  readonly besides?: readonly string[]
}

/** Sends every waiting ring whose time has come, and puts it at the end of the list. */
function sendDue(before: Ringing, { plan, now }: Given): Rung {
  const paging = withoutGone(before, plan)
  const due = paging.rings.filter((ring) => ring.is === 'waiting' && (isDue(ring.due, now) || hasHurry(paging, ring)))
  if (due.length === 0) return { paging, moves: [] }
  const going = due.map((ring): Ring => ({ ...ring, is: 'sent' }))
  const rings = [...paging.rings.filter((ring) => !due.includes(ring)), ...going]
  return { paging: { ...paging, rings, rung: rungAfter(paging, going) }, moves: going.map(ringMove) }
}

/** Rings that wait for a person or a channel that left the plan go nowhere. */
function withoutGone(paging: Ringing, plan: Plan): Ringing {
  const isGone = (ring: Ring): boolean => ring.is === 'waiting' && !reachOf(plan, ring.person).some(({ channel }) => channel === ring.channel)
  return paging.rings.some(isGone) ? { ...paging, rings: paging.rings.filter((ring) => !isGone(ring)) } : paging
}

/**
 * True for a person's next rung when their last one failed, or nobody knows what came of it: another path is tried at once. The first
 * rung of a further round is no other path.
 */
function hasHurry(paging: Ringing, ring: Ring): boolean {
  const theirs = paging.rings.filter((it) => it.person === ring.person && it.step === ring.step)
  const last = theirs.findLast((it) => it.is !== 'waiting')
  if ((last?.is !== 'failed' && last?.is !== 'unknown') || ring.round > last.round) return false
  const next = theirs.filter((it) => it.is === 'waiting').reduce((first, it) => (it.due.tick < first.due.tick ? it : first))
  return next === ring
}

function atItsMoment(paging: Ringing, given: Given): Rung | undefined {
  const { nextAt } = paging.phase
  return isDue(nextAt, given.now) ? beginNext(paging, given, { start: startOf(nextAt, given.now, comingWait(paging, given.plan)) }) : undefined
}

/** When every ring of the step failed: the next step at once, or the last one's next round soon. `undefined` when nothing changes. */
function afterFailure(paging: Ringing, given: Given): Rung | undefined {
  if (!allFailed(paging)) return undefined
  const { phase } = paging
  const { plan, now } = given
  const repeats = !phase.fresh && placeAfter(phase, policyOf(plan, paging.policy)).round > phase.round
  if (!repeats) return beginNext(paging, given, { start: dueIn(now, ms(0)) })
  const soon = dueIn(now, ms(Math.min(comingWait(paging, plan), SOON)))
  return timeTo(soon, now) < timeTo(phase.nextAt, now) ? { paging: { ...paging, phase: { ...phase, nextAt: soon } }, moves: [] } : undefined
}

/** True when the step that runs now reached nobody: every ring of it failed, none waits or is on its way. */
function allFailed({ phase, rings }: Ringing): boolean {
  const current = rings.filter((ring) => ring.step === (phase.fresh ? HAND_OVER : phase.step))
  return current.length > 0 && current.every((ring) => ring.is === 'failed')
}

/** The wait of the step that begins next. */
function comingWait(paging: Ringing, plan: Plan): Span {
  const policy = policyOf(plan, paging.policy)
  return waitOf(stepAt(policy, placeAfter(paging.phase, policy).step))
}

/** The next place; for someone who passes it on the next that has anybody else, or the last. */
function placeWithout(paging: Ringing, { plan, now }: Given, passer: string | undefined): Place {
  const policy = policyOf(plan, paging.policy)
  const last = policy.steps.length - 1
  const place = placeAfter(paging.phase, policy)
  if (passer === undefined) return place
  const hasOthers = (step: number): boolean => ownTargets(stepAt(policy, step), plan, now.wall).some((person) => person !== passer)
  let step = place.step
  while (step < last && !hasOthers(step)) step += 1
  return { ...place, step }
}

/** A further round of a last step whose own people could not be reached rings the fallback beside them. */
function widened(targets: Targets, paging: Ringing, { plan, now }: Given, place: Place): Widened {
  const { phase } = paging
  if (targets.why !== undefined || place.round === phase.round) return targets
  const own = ownTargets(stepAt(policyOf(plan, paging.policy), place.step), plan, now.wall)
  const tried = paging.rings.filter((ring) => ring.step === phase.step && own.includes(ring.person))
  if (tried.length === 0 || tried.some((ring) => ring.is !== 'failed')) return targets
  const besides = fallbackOf(plan).filter((person) => !targets.people.includes(person))
  return { people: [...targets.people, ...besides], besides }
}

const whyOf = (targets: Widened, person: string): string | undefined => (targets.besides?.includes(person) ? ALL_FAILED : targets.why)

function ringsOf(paging: Ringing, plan: Plan, { person, why }: { person: string; why: string | undefined }, start: Due): Ring[] {
  const rings = ladderOf(paging, plan, person, paging.phase, start)
  return why === undefined ? rings : rings.map((ring) => ({ ...ring, why }))
}

const sameRow = (a: Ring, b: Ring): boolean => a.step === b.step && a.person === b.person && a.channel === b.channel

/** Adds the rings of a step that begins. A ring that still waits stays: it comes sooner than its successor would. */
function addRings(paging: Ringing, added: readonly Ring[]): Ringing {
  const awaited = (ring: Ring): boolean =>
    ring.is === 'sent' && paging.rings.some((it) => it.is === 'waiting' && it.person === ring.person && it.step === ring.step)
  const kept = paging.rings.filter((ring) => ring.is === 'waiting' || awaited(ring))
  const fresh = added.filter((ring) => !kept.some((it) => it.is === 'waiting' && sameRow(it, ring)))
  return { ...paging, rings: [...kept.filter((ring) => !fresh.some((it) => sameRow(it, ring))), ...fresh] }
}

/** Whether an outcome says more than what is known: once accepted always accepted, and after a failure only success is news. */
function tellsMore(known: Ring['is'], outcome: Outcome): boolean {
  if (known === 'accepted' || known === outcome) return false
  return known !== 'failed' || outcome === 'accepted'
}

/** Who was rung and how, after rings went out: a channel that was accepted stands, one that failed gives way. */
function rungAfter(paging: Ringing, going: readonly Ring[]): Paging['rung'] {
  let rung = paging.rung
  for (const { person, channel } of going) {
    const earlier = Object.hasOwn(rung, person) ? rung[person] : undefined
    const failed = paging.rings.some((it) => it.person === person && it.channel === earlier && it.is === 'failed')
    if (earlier === undefined || failed) rung = { ...rung, [person]: channel }
  }
  return rung
}

/** A ring that was settled went out, by whichever process sent it. The first channel that was accepted is the one to use. */
function rungBy(paging: Ringing, { person, channel }: Ring, outcome: Outcome): Paging['rung'] {
  if (!Object.hasOwn(paging.rung, person)) return { ...paging.rung, [person]: channel }
  const earlier = paging.rings.find((it) => it.person === person && it.channel === paging.rung[person])
  const isBetter = outcome === 'accepted' && earlier !== undefined && earlier.is !== 'accepted'
  return isBetter ? { ...paging.rung, [person]: channel } : paging.rung
}

const redue = (due: Due, now: Now, most: Span): Due => (due.boot === now.boot ? due : dueIn(now, ms(Math.min(timeTo(due, now), most))))

const afterOf = (ring: Ring, plan: Plan): Span => reachOf(plan, ring.person).find(({ channel }) => channel === ring.channel)?.after ?? ms(0)
