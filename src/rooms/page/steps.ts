// Whom a step rings. A step names rotations and people; here they become persons who can be rung now, each once, and each with
// their ladder of channels. Whoever left the configuration is left out. When nobody is left the fallback is rung, and the
// ring says why; when the fallback is empty too, everybody. As long as the plan holds one person, no step is empty (P-9, P-12).
import assert from 'node:assert/strict'
import { dueAfter, instantOf, minutes, ms, type Due, type Instant, type Now, type Span } from '../../core/time.ts'
import { person } from '../../words/notification.ts'
import { coversOf, onCall } from './oncall.ts'
import { pageId, type Paging, type Phase, type Ring } from './paging.ts'
import { first, firstIn, type Plan, type Policy, type Reach, type Step, type Target } from './plan.ts'

/** The step of a hand-over: outside the policy, so that its pages have ids of their own. */
export const HAND_OVER = -1

export interface Targets {
  readonly people: readonly string[]
  /** Why the fallback is rung; absent when the step's own targets are. */
  readonly why?: string
}

/** Where a policy stands: which step, and how often it went round at its end. */
export interface Place {
  readonly step: number
  readonly round: number
}

/** A name in a record that came from outside; `constructor` is a name like any other. */
export const named = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** The policy that pages: the one named, else `default`, else the first, else one step that rings the fallback. */
export function policyOf(plan: Plan, name: string): Policy {
  const policy = named(plan.policies, name) ?? together(plan, name) ?? named(plan.policies, 'default') ?? Object.values(plan.policies)[0]
  return policy && policy.steps.length > 0 ? policy : FALLBACK_ONLY
}

/** Several people at once, by a name that says who: those of them who are still there. */
function together(plan: Plan, name: string): Policy | undefined {
  const people = firstIn(name).filter((it) => Object.hasOwn(plan.people, it))
  return people.length > 0 ? first(plan, name, people) : undefined
}

/** The step at a place; a policy that became shorter ends with its last step. */
export function stepAt(policy: Policy, step: number): Step {
  const found = policy.steps[Math.max(0, Math.min(step, policy.steps.length - 1))]
  assert(found, 'a policy has a step')
  return found
}

/** A step's wait, at least a second: a step that waits for nothing would ring without pause. */
export const waitOf = (step: Step): Span => ms(Math.max(1000, step.wait))

/** How long the step that runs now may wait. */
export const currentWait = (phase: Extract<Phase, { is: 'ringing' }>, plan: Plan, policy: string): Span => waitOf(stepAt(policyOf(plan, policy), phase.step))

/**
 * The place that comes next. Places only ever grow by (round, step), also when the policy is changed underneath, so no page of a lap
 * has the id of another.
 */
export function placeAfter(phase: Extract<Phase, { is: 'ringing' }>, policy: Policy): Place {
  const last = policy.steps.length - 1
  if (phase.fresh) return { step: Math.min(phase.step, last), round: phase.round }
  if (phase.step < last) return { step: phase.step + 1, round: phase.round }
  return { step: last, round: phase.round + 1 }
}

/** How a person is rung: each channel once, where a ladder names one twice its first place counts. */
export function reachOf(plan: Plan, person: string): readonly Reach[] {
  const reach = named(plan.people, person)?.reach ?? []
  return reach.filter(({ channel }, i) => reach.findIndex((rung) => rung.channel === channel) === i)
}

export const canBeRung = (plan: Plan, person: string): boolean => (named(plan.people, person)?.reach.length ?? 0) > 0

/** The persons that a step itself names, as it stands at an instant; empty when none of them can be rung. */
export const ownTargets = (step: Step, plan: Plan, at: Instant): readonly string[] =>
  once(step.page.flatMap((target) => personOf(target, plan, at) ?? []))

/** The persons that a step rings at an instant, without the one who passed it on: its own, or the fallback with the reason. */
export function targetsOf(step: Step, plan: Plan, at: Instant, passer?: string): Targets {
  const people = ownTargets(step, plan, at).filter((person) => person !== passer)
  if (people.length > 0) return { people }
  const fallback = fallbackOf(plan).filter((person) => person !== passer)
  return { people: fallback, why: `${lacks(step, plan, at, passer)}: paging the fallback` }
}

/** Who is rung where a step has no target: those that the plan names, or everybody. */
export function fallbackOf(plan: Plan): readonly string[] {
  const fallback = once(plan.fallback.filter((person) => canBeRung(plan, person)))
  return fallback.length > 0 ? fallback : Object.keys(plan.people).filter((person) => canBeRung(plan, person))
}

/** One person's rings of one step, due by their ladder from its start. */
export function ladderOf(paging: Paging, plan: Plan, person: string, place: Place, start: Due): Ring[] {
  return reachOf(plan, person).map(({ channel, after }) => ({
    page: pageId(paging.incident, paging.lap, place.step, place.round, person, channel),
    person,
    channel,
    step: place.step,
    round: place.round,
    due: dueAfter(start, after),
    is: 'waiting',
  }))
}

/** Who is rung next, and when, as it stands now; while somebody holds it: who is rung if they let it lapse. */
export function nextPeople(paging: Paging, plan: Plan, now: Now): { people: string[]; at: Instant } | undefined {
  const { phase } = paging
  if (phase.is === 'over') return undefined
  const policy = policyOf(plan, paging.policy)
  const due = phase.is === 'held' ? phase.lapsesAt : phase.nextAt
  const place = phase.is === 'held' ? { step: 0, round: 0 } : placeAfter(phase, policy)
  const at = wallOf(due, now)
  const { people } = targetsOf(stepAt(policy, place.step), plan, at)
  // Ticks have fractions; what people and programs read has none.
  return people.length > 0 ? { people: [...people], at: instantOf(Math.round(at)) } : undefined
}

/** A person's name as people read it. */
export const called = person

/** Names in a sentence: "Ada", "Ada and Bo", "Ada, Bo and 3 more". */
export function calledAll(people: readonly string[]): string {
  const names = people.map(called)
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
  if (names.length < 2) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

const FALLBACK_ONLY: Policy = { name: '', steps: [{ page: [], wait: minutes(2) }] }

const once = (people: readonly string[]): readonly string[] => [...new Set(people)]

/** When a moment comes on the wall clock as it is now; the wall clock may have been set since it was written down. */
const wallOf = (due: Due, now: Now): Instant =>
  (due.boot === now.boot ? now.wall + Math.max(0, due.tick - now.tick) : Math.max(now.wall, due.wall)) as Instant

function personOf(target: Target, plan: Plan, at: Instant): string | undefined {
  const person = target.is === 'person' ? target.name : onCallIn(target.name, plan, at)
  return person !== undefined && canBeRung(plan, person) ? person : undefined
}

function onCallIn(name: string, plan: Plan, at: Instant): string | undefined {
  const rotation = named(plan.rotations, name)
  return rotation && onCall(rotation, coversOf(plan), at)?.person
}

function lacks(step: Step, plan: Plan, at: Instant, passer: string | undefined): string {
  if (step.page.length === 0) return 'the step names nobody'
  return [...new Set(step.page.map((target) => lackOf(target, plan, at, passer)))].join(', ')
}

function lackOf(target: Target, plan: Plan, at: Instant, passer: string | undefined): string {
  const person = target.is === 'person' ? target.name : onCallIn(target.name, plan, at)
  if (person === undefined) return `nobody is on call in oncall.${target.name}`
  return person === passer ? `${called(person)} passed it on` : `${called(person)} cannot be paged any more`
}
