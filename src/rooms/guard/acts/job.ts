// One job as people and runs have left it: armed by whom and for what, its breaker, what its latest run said, what two people agreed to purge. Folded
// from a strict stream, so that of two who judged the same state one is refused. An agreement is used up by the entry that names it: once. Whatever it
// was given for is compared with what is there now: another plan, another binding, one person by two names, and nothing happens (G-11, G-16, C-17).
import type { Identity } from '../../../core/authority/agreement.ts'
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import { hours, type Due, type Instant, type Span } from '../../../core/time.ts'
import { step as stepBreaker, type Breaker, type Ladder } from '../reconcile/breaker.ts'
import type { Mode, Plan } from '../reconcile/plan.ts'
import type { Arming } from '../reconcile/readings.ts'
import { twoPeople } from './rulings.ts'

/** So many runs in a row find everything well before anybody may arm it. */
export const CLEAN_RUNS = 3
/** So long what two people agreed on may be done (G-11). */
export const APPROVAL_GOOD: Span = hours(24)

/** What is kept of the latest run. */
export interface LatestRun {
  readonly plan: string
  readonly hash: string
  readonly mode: Mode
  readonly binding: string | null
  readonly refusals: readonly { readonly id: string; readonly text: string }[]
  readonly healthy: boolean
  readonly at: Instant
}

export interface Job {
  /** Entries of its stream: what the next one has to follow. */
  readonly version: number
  readonly arming: (Arming & { readonly agreement: string; readonly at: Instant }) | undefined
  readonly breaker: Breaker
  readonly latest: LatestRun | undefined
  /** The last run that found everything well, and what it would have put aside. */
  readonly healthy: { readonly at: Instant; readonly ladder: Ladder } | undefined
  /** Runs in a row that were clean, all of one binding. */
  readonly clean: number
  /** How often it was armed, disarmed, or bound to something else so far; absent: never. Whoever is asked to arm it is asked for just this one. */
  readonly epoch?: number
  /** The last entry about an object whose outcome a run has judged. */
  readonly judged?: number
}

/** A breaker that nobody has ever seen is closed; one that stood somewhere is never guessed. */
export const NEW_JOB: Job = { version: 0, arming: undefined, breaker: { is: 'closed' }, latest: undefined, healthy: undefined, clean: 0 }

/** A job as it stood when two people were asked to arm it. */
export interface Armed { readonly reconcile: string; readonly binding: string; readonly epoch?: number }

/** What two people were asked, as it is bound to what they saw. */
export type Asked =
  /** `also`: others that are armed by the same word, all of them or none. */
  | (Armed & { readonly is: 'arm'; readonly also?: readonly Armed[] })
  | { readonly is: 'purge'; readonly reconcile: string; readonly plan: string; readonly hash: string }
  | { readonly is: 'close-breaker'; readonly reconcile: string; readonly since: Instant; readonly because: readonly string[]; readonly reason: string }

/** Of all that is agreed on. For a purge it is the plan's own. */
export const hashOfAsked = (asked: Asked): string => (asked.is === 'purge' ? asked.hash : sha256(canonical(asked)))

/** An agreement that was reached. */
export interface Agreed {
  readonly agreement: string
  readonly hash: string
  readonly people: readonly Identity[]
  /** When it was reached. */
  readonly at: Instant
}

export type Use =
  | { readonly is: 'armed'; readonly arming: NonNullable<Job['arming']> }
  | { readonly is: 'purge'; readonly plan: string; readonly until: Due }
  | { readonly is: 'closed'; readonly breaker: Breaker }
  | { readonly is: 'refused'; readonly says: string }

/** What an agreement brings about, or why nothing. `until`: the end of its worth, by both clocks. */
export function use(job: Job, asked: Asked, agreed: Agreed, until: Due): Use {
  const no = (says: string): Use => ({ is: 'refused', says })
  const two = twoPeople(agreed.people)
  if (two.is !== 'pass') return no(two.says ?? 'it takes two people')
  if (hashOfAsked(asked) !== agreed.hash) return no('they agreed to something else')
  const people = agreed.people.map(({ person }) => person)
  switch (asked.is) {
    case 'arm': {
      const why = whyVoid(job, asked) ?? whyNotArm(job, asked.binding)
      return why === undefined ? { is: 'armed', arming: { binding: asked.binding, people, agreement: agreed.agreement, at: agreed.at } } : no(why)
    }
    case 'purge': return { is: 'purge', plan: asked.plan, until }
    case 'close-breaker': {
      if (job.breaker.is !== 'open' || job.breaker.since !== asked.since) return no('it is not the breaker that they saw: it opened again since, or is not open')
      const more = job.breaker.because.filter((it) => !asked.because.includes(it))
      if (more.length > 0) return no(`it stays open for more than they saw: ${more.join('; ')}`)
      const ladder = job.healthy?.ladder ?? { count: Number.POSITIVE_INFINITY, rungs: [] }
      const closed = stepBreaker(job.breaker, { is: 'close', at: agreed.at, people, reason: asked.reason, healthyAt: job.healthy?.at, ladder })
      return closed.refused === undefined ? { is: 'closed', breaker: closed.breaker } : no(closed.refused)
    }
  }
}

/** Why those who were asked to arm it cannot any more: a word from before it was disarmed never arms it again (G-11). */
export const whyVoid = (job: Job, { epoch = 0 }: Armed): string | undefined => (epoch === (job.epoch ?? 0) ? undefined : 'it was armed, disarmed or bound to something else since they were asked')

/** The job, armed or not from here on: all who were asked before are asked for nothing any more. */
export const turned = (job: Job, arming: Job['arming']): Job => ({ ...job, arming, epoch: (job.epoch ?? 0) + 1 })

/** Why it may not be armed now; `undefined` when it may. */
export function whyNotArm(job: Job, binding: string | null | undefined): string | undefined {
  const { latest, clean, breaker } = job
  if (latest === undefined || latest.binding === null) return 'no run has read everything yet: there is nothing to arm'
  if (latest.binding !== binding) return 'something has changed since its latest run, in what it is bound to'
  if (breaker.is === 'open') return 'its breaker is open: close that first'
  if (clean < CLEAN_RUNS) return `${clean} of ${CLEAN_RUNS} clean runs in a row so far`
  return undefined
}

/** A run, as far as the job is concerned. */
export interface JobRun {
  readonly plan: Pick<Plan, 'id' | 'hash' | 'mode' | 'binding' | 'refusals'>
  readonly healthy: boolean
  /** As judged from the breaker that the run was given. */
  readonly breaker: Breaker | undefined
  readonly ladder: Ladder
  /** The last entry about an object of which it was told. */
  readonly through?: number
  readonly at: Instant
}

/** The job after a run. `current`: nothing has moved since the run was told how things stand; else what it found counts, and what it lets through does not. */
export function afterRun(job: Job, run: JobRun, current: 'current' | 'moved'): Job {
  const { plan, healthy, at } = run
  const breaker = current === 'current' ? (run.breaker ?? job.breaker) : run.breaker?.is === 'open' && job.breaker.is !== 'open' ? run.breaker : job.breaker
  const sameBinding = plan.binding !== null && job.latest?.binding === plan.binding
  const arming = job.arming !== undefined && plan.binding !== null && job.arming.binding !== plan.binding ? undefined : job.arming
  const isAnother = arming !== job.arming || (plan.binding !== null && typeof job.latest?.binding === 'string' && !sameBinding)
  return {
    ...(isAnother ? turned(job, arming) : job), breaker,
    latest: { plan: plan.id, hash: plan.hash, mode: current === 'current' ? plan.mode : 'report', binding: plan.binding, refusals: plan.refusals.map(({ id, text }) => ({ id, text })).slice(0, 50), healthy, at },
    healthy: healthy ? { at, ladder: run.ladder } : job.healthy,
    clean: healthy ? (sameBinding ? job.clean : 0) + 1 : 0,
    // A run that could not judge leaves it to the next; what it found bad is latched by the breaker from here on.
    ...(run.through !== undefined && (healthy || breaker.is === 'open') ? { judged: Math.max(run.through, job.judged ?? 0) } : {}),
  }
}

/** The job after something went wrong in the middle of a plan: disarmed where the store itself cannot be believed, and open in any case. */
export function afterHalt(job: Job, { says, lost, at }: { readonly says: string; readonly lost: boolean; readonly at: Instant }): Job {
  const breaker: Breaker = job.breaker.is === 'open' ? { ...job.breaker, because: [...new Set([...job.breaker.because, says])] } : { is: 'open', since: at, because: [says] }
  return { ...(lost ? turned(job, undefined) : job), breaker }
}
