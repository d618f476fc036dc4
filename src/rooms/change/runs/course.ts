// What a run that goes on is held against: the ruling for a step, by looks that began after both had pressed (C-12), and whether what a step should bring
// about is so. Judged by what the plan was judged by, anew: the same gates over the same runbook, with the facts of now. Pure.
import { isSince, stampOf, type Instant, type Now, type Stamp } from '../../../core/time.ts'
import { judgeFronted } from '../heard/fronts.ts'
import { judgeWant, worstOf, type Answered, type Facts, type GateAnswer, type Siblings, type Witness } from '../gates.ts'
import type { FilledClaim, Runbook, Want } from '../runbook.ts'
import { besideOf, planOf, writtenFor, type Acceptable, type Plan, type Planned } from '../plan.ts'
import type { Topology } from '../topology.ts'
import { permitOf } from '../window.ts'
import type { RunPlan, RunRow } from './record.ts'
import { silencedBy, type Leg, type Run } from './run.ts'
import { gatesAlone, gatesBack } from './unattended.ts'

export type Ruling =
  /** Something has not been looked at since. */
  | { readonly is: 'early'; readonly says: string }
  | { readonly is: 'changed'; readonly says: string }
  /** `isBarred`: a way back that would go by itself does not, also where not everything has to pass (C-1). */
  | { readonly is: 'ruled'; readonly found: Answered['found']; readonly from: Stamp; readonly window: 'open' | 'shut'; readonly says: string; readonly isBarred: boolean }

export interface Course {
  readonly row: RunRow
  readonly topology: Topology
  /** As the configuration has it now; absent: it is there no more. */
  readonly runbook: Runbook | undefined
  readonly facts: Facts
  readonly now: Now
  /** Of hosts that the same rolling run works on at the same time: what is down of them. */
  readonly siblings?: Siblings
}

/** What of it does not pass, in a line. */
export const sayAgainst = (gates: readonly GateAnswer[]): string =>
  [...new Set(gates.flatMap(({ found, want, evidence }) => (found === 'pass' ? [] : [`${want}: ${found} (${sayWitness(evidence.find((it) => it.says !== ''))})`])))].slice(0, 3).join('; ')
const sayWitness = (it: Witness | undefined): string => (it ? `${it.subject}: ${it.says}` : 'nobody looked')

/**
 * By which runbook a leg is judged. The way back stays open after an edit (C-15): what was agreed on stands in the run. Not where a target is part of it: what that is now
 * only the configuration says.
 */
function runbookFor({ row: { plan: { runbook: agreed, host } }, runbook }: Pick<Course, 'row' | 'runbook'>, { step, back }: Leg): Runbook | undefined {
  const undo = agreed.steps[step]?.undo
  return back && !(undo?.is === 'driver' && undo.place !== undefined) ? writtenFor(agreed, host) : runbook
}

/** The plan, as it is by the configuration of now; a sentence where that is not what both agreed on (C-5). */
export function drawnAnew(course: Omit<Course, 'now'>, leg: Leg): Extract<Planned, { is: 'plan' }> | string {
  const { step } = leg
  const { row: { plan }, topology, facts, siblings } = course
  const runbook = runbookFor(course, leg)
  if (!runbook) return `the runbook ${plan.runbook.name} is not in the configuration any more`
  // What was agreed on is filled in for its own host alone, and says nothing of the others.
  const beside = plan.beside && runbook === course.runbook ? besideOf(runbook, plan.beside.hosts, topology) : plan.beside
  const drawn = planOf({ runbook, host: plan.host, topology, facts, accepted: plan.accepted, kept: true, from: step, beside, siblings })
  if (drawn.is === 'refused') return drawn.says
  if (drawn.plan.hash !== plan.hash) return 'the runbook, or what it stands on, was edited since it was planned: begin a new run'
  return drawn
}

/** Whether its window is shut, and nobody took that upon themselves. */
export const isShut = ({ runbook: { window }, accepted }: Pick<RunPlan, 'accepted' | 'runbook'>, now: Instant): boolean =>
  window !== undefined && permitOf(window, now).is === 'shut' && !accepted.some(({ code }) => code === 'window')

/** Whether anything is left of it that a shut window keeps from beginning. */
export const isLeft = ({ steps, done, phase }: Run): boolean => {
  const way = phase.is === 'running' || phase.is === 'unknown' ? phase.way : undefined
  return way?.back === true || steps.some((_, at) => !done.includes(at) && at !== way?.step)
}

/** What a step needs accepted by now, and nobody has: it did not when it was planned, or was to go by itself then. Its window is judged beside it. */
function owedFor({ accept, steps }: Plan, row: RunRow, at: number): GateAnswer[] {
  const { id = '' } = row.plan.runbook.steps[at] ?? {}
  const asked = accept.filter(({ code, step }) => code !== 'window' && step === id)
  const lost = lessThanPlanned(row, at, steps[at]?.tolerance ?? null)
  const owed = [...asked, ...(lost !== undefined && !asked.some((it) => it.code === lost.code) ? [lost] : [])]
  return owed.map(({ code, why }) => ({ want: `${code} is accepted`, found: 'fail', evidence: [{ subject: code, observer: 'the plan', at: null, says: `${why}; a new run takes --accept ${code}=REASON` }] }))
}

/**
 * A step that would take more than is away already, where no further failure is tolerated with that, and when it was planned one was: what was lost since is nobody's word. What takes nothing more
 * makes nothing worse, and may be what ends it; a step that was planned so was accepted so, or with the one before it.
 */
function lessThanPlanned(row: RunRow, at: number, tolerance: number | null): Acceptable | undefined {
  const { plan: { runbook: { steps }, texts, accepted, rehearse }, run } = row
  const [step, planned] = [steps[at], texts[at]?.tolerance ?? null]
  if (!step || rehearse || tolerance !== 0 || planned === null || planned < 1 || run.steps[at]?.raises === true) return undefined
  const away = awayIn(row)
  if (step.takes.every((host) => away.has(host))) return undefined
  const code = `tolerance.${step.id}`
  return accepted.some((it) => it.code === code) ? undefined : { code, step: step.id, why: `no further failure is tolerated any more while and after it, and ${planned} ${planned === 1 ? 'was' : 'were'} when it was planned` }
}

/** Whether a leg may begin now, `at` being the second press. `isLast`: what has not been looked at since is waited for no longer, and not known; what failed by then fails. */
export function rulingFor(course: Course, leg: Leg, at: Stamp, isLast = false): Ruling {
  const { row, now, topology, facts } = course
  const { plan } = row
  const drawn = drawnAnew(course, leg)
  if (typeof drawn === 'string') return { is: 'changed', says: drawn }
  const { trust } = row.run
  const alone = trust !== undefined && !leg.back ? gatesAlone(drawn.plan, leg.step) : []
  const bars = trust !== undefined && leg.back ? gatesBack(drawn, leg.step, { sight: facts.sight, topology, clusters: plan.claims.filter((name) => topology.clusters.some((it) => it.name === name)) }) : []
  const owed = leg.back ? [] : owedFor(drawn.plan, row, leg.step)
  const isStale = ({ from }: GateAnswer): boolean => from !== undefined && !isSince(from, at)
  const judged = [...bars, ...((leg.back ? drawn.backGates : drawn.gates)[leg.step] ?? []), ...alone, ...owed]
  const gates = isLast ? judged.map((it): GateAnswer => (isStale(it) ? { ...it, found: it.found === 'fail' ? 'fail' : 'unknown', from: stampOf(now) } : it)) : judged
  const stale = gates.filter(isStale)
  if (stale.length > 0) return { is: 'early', says: `not looked at since both pressed: ${stale.map(({ want }) => want).slice(0, 3).join('; ')}` }
  const all = worstOf(gates)
  const found = gates.length === 0 ? 'pass' : all.found
  return { is: 'ruled', found, from: all.from ?? stampOf(now), window: isShut(plan, now.wall) ? 'shut' : 'open', says: sayAgainst(gates), isBarred: bars.some((it) => it.found === 'fail') }
}

/**
 * Hosts that a step took, between two steps too, until one has seen them back: a host that was seen to stop, when it is a member again; any other, when the
 * `until` of a step that takes it has held.
 */
export function awayIn({ plan: { runbook }, run }: Pick<RunRow, 'plan' | 'run'>): ReadonlySet<string> {
  const [away, left] = [new Set<string>(), new Set<string>()]
  for (const step of run.begun) {
    const takes = run.steps[step]?.takes ?? []
    for (const host of takes) away.add(host)
    if (!run.done.includes(step)) continue
    const until = runbook.steps[step]?.until ?? []
    for (const claim of until) if (claim.is === 'stopped') left.add(claim.host)
    for (const claim of until) {
      if (claim.is !== 'synced') continue
      left.delete(claim.host)
      away.delete(claim.host)
    }
    for (const host of takes) if (!left.has(host)) away.delete(host)
  }
  return new Set([...away, ...silencedBy(run)])
}

/**
 * What is watched all the time, as it is now. What the step under way takes is excused; between steps nothing is, but that a cluster of which all are to be healthy
 * may lack the members that are away. Every other want is as strict as ever: whoever writes how many members there have to be means it.
 */
export function guardOf({ row, topology, facts, siblings }: Pick<Course, 'facts' | 'row' | 'siblings' | 'topology'>): readonly { readonly want: Want; readonly judged: GateAnswer }[] {
  const { guard, hosts } = row.plan.runbook
  const [gone, away] = [new Set(silencedBy(row.run)), awayIn(row)]
  return guard.map((want) => ({ want, judged: judgeWant(want, { topology, facts, hosts: hosts.names, cluster: hosts.cluster, gone: want.is === 'healthy' ? away : gone, joins: gone.size > 0, ...(siblings ? { siblings } : {}) }) }))
}

/** Whether one claim holds by a look that began at or after `since`. Claims of a driver are seen by whoever did the step: absent here. */
export function claimHolds(claim: FilledClaim, { row: { boots, run }, topology, facts, siblings }: Pick<Course, 'row' | 'topology' | 'facts' | 'siblings'>, since: Stamp): Answered | undefined {
  const gone = new Set([...silencedBy(run), ...(siblings?.taken ?? [])])
  const seen = ((): Answered | undefined => {
    switch (claim.is) {
      case 'links': return facts.links(claim.host, gone)
      case 'boots': {
        const links = facts.links(claim.host, gone)
        const has = facts.boot(claim.host)
        const found = has === undefined || boots[claim.host] === undefined ? 'unknown' : has.boot === boots[claim.host] ? 'fail' : 'pass'
        return { found, evidence: links.evidence, ...(has ? { from: has.from } : {}) }
      }
      case 'stopped': return facts.stopped(claim.host)
      case 'synced': return facts.synced(claim.cluster, claim.host)
      case 'members': {
        const sight = facts.sight(claim.cluster)
        return { found: sight.is === 'unknown' ? 'unknown' : sight.is === 'seen' && sight.healthy.length >= claim.atLeast ? 'pass' : 'fail', evidence: [], ...(sight.from ? { from: sight.from } : {}) }
      }
      case 'checks': return worstOf(claim.names.map((name) => facts.check(name)).map((it) => (it.from === undefined && it.reported !== undefined ? { ...it, from: it.reported } : it)))
      case 'server': case 'record': return judgeFronted(claim, { topology, facts })
      case 'driver': return undefined
    }
  })()
  if (seen === undefined) return undefined
  return seen.from !== undefined && !isSince(seen.from, since) ? { ...seen, found: 'unknown' } : seen
}
