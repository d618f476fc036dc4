// Whether a run may be left to itself: two people agree once, to all of it, and then it goes on in its window without them. Only what can be taken back by itself, leaves room for a
// further failure at every moment, and needs nobody's hands. Nothing can be accepted beforehand for it: whoever would have to answer for it is asleep.
import type { Facts, GateAnswer } from '../gates.ts'
import type { Plan, Planned } from '../plan.ts'
import { knownCounts } from '../sight.ts'
import { numberOf, toleranceOf, without, type Gone } from '../tolerance.ts'
import { clusterOf, type Topology } from '../topology.ts'
import type { FilledRunbook } from '../runbook.ts'
import { permitOf } from '../window.ts'
import type { Instant } from '../../../core/time.ts'

type Drawn = Extract<Planned, { is: 'plan' }>

/** Why a step, or (`null`) all of it, may not go on by itself. */
export interface Unfit {
  readonly step: string | null
  readonly why: string
}

/** What is judged at the moment in which a step begins, and not before. */
const LATER = ['window', 'unannounced']

/** None: it may. */
export function unfitIn({ plan, runbook, accepted }: { readonly plan: Plan; readonly runbook: FilledRunbook; readonly accepted: readonly { readonly code: string }[] }): Unfit[] {
  const whole = (why: string): Unfit => ({ step: null, why })
  const unfit = [
    ...(runbook.unattended ? [] : [whole('the runbook does not say that it may go on by itself (unattended: true)')]),
    ...(runbook.window ? [] : [whole('it has no window: somebody has to say when')]),
    ...(accepted.length > 0 ? [whole('nothing is accepted beforehand for a run without people')] : []),
  ]
  for (const [at, { id, act, undo }] of runbook.steps.entries()) {
    const tolerance = plan.steps[at]?.tolerance ?? null
    const whys = [
      ...(act.is === 'manual' ? ['a person does it'] : []),
      ...(undo === undefined ? ['it has no way back'] : undo.is === 'manual' ? ['its way back is gone by a person'] : []),
      ...(tolerance === null ? ['how many further failures are tolerated after it is not known'] : tolerance < 1 ? ['no further failure is tolerated while and after it'] : []),
    ]
    unfit.push(...whys.map((why) => ({ step: id, why })))
  }
  return unfit
}

export const sayUnfit = (all: readonly Unfit[]): string => all.map(({ step, why }) => (step === null ? why : `${step}: ${why}`)).join('; ')

/** What a step that begins by itself wants beside what it wants anyway. */
export function gatesAlone({ steps, accept }: Plan, at: number): GateAnswer[] {
  const tolerance = steps[at]?.tolerance ?? null
  const told = accept.find(({ code }) => code === 'unannounced')
  return [
    { want: 'one further failure is tolerated while and after this step', found: tolerance === null ? 'unknown' : tolerance >= 1 ? 'pass' : 'fail', evidence: [] },
    ...(told ? [{ want: 'it is announced', found: 'fail' as const, evidence: [{ subject: 'announcement', observer: 'the board', at: null, says: told.why }] }] : []),
  ]
}

/**
 * What a way back that goes by itself wants whatever else fails (C-1): that each cluster of the run is one, and that enough is left while its hosts are away again: of its own cluster, and of
 * every other one that has a member among them, or is decided for by one that has. Less than the runbook keeps is no bar where the way back makes it no less than it is. Both said that it goes although not all is known.
 */
export function gatesBack({ plan, runbook: { keep, hosts }, gone }: Pick<Drawn, 'gone' | 'plan'> & { readonly runbook: Pick<FilledRunbook, 'hosts' | 'keep'> }, at: number, { sight, clusters, topology }: Pick<Facts, 'sight'> & { readonly clusters: readonly string[]; readonly topology: Topology }): GateAnswer[] {
  const own = keep?.cluster ?? hosts.cluster
  const [now, after] = [plan.tolerance, plan.steps[at]?.tolerance ?? null]
  const isLess = after !== null && (after < 0 || (now !== null && after < now && after < (keep?.tolerate ?? 0)))
  const away = gone[at] ?? new Map<string, Gone>()
  const takenFrom = topology.clusters.filter((it) => [it, clusterOf(topology, it.dcs ?? '')].some((of) => of?.members.some((host) => away.has(host)) === true))
  /** Absent: nothing is taken from it; null: not known. */
  const leftOf = (name: string): number | null | undefined => {
    const cluster = takenFrom.find((it) => it.name === name)
    if (name === own || !cluster) return name === own ? after : undefined
    const counts = knownCounts(cluster, topology, sight)
    return typeof counts === 'string' ? null : numberOf(toleranceOf(without(counts, away)))
  }
  return [...new Set([...(own === undefined ? [] : [own]), ...clusters, ...takenFrom.map(({ name }) => name)])].map((name): GateAnswer => {
    const [seen, left] = [sight(name), leftOf(name)]
    const found = seen.is === 'split' || (name === own ? isLess : typeof left === 'number' && left < 0) ? 'fail' : seen.is === 'unknown' || (seen.is === 'seen' && seen.uncounted !== undefined) || (name !== own && left === null) ? 'unknown' : 'pass'
    const says = seen.is !== 'seen' ? seen.says : left === undefined ? '' : left === null ? 'what would be left is not known' : left < 0 ? 'too few are left' : `${left} further ${left === 1 ? 'failure is' : 'failures are'} tolerated meanwhile`
    return { want: `${name} is one, and can spare what this way back takes`, found, evidence: [{ subject: name, observer: 'its members', at: null, says }], ...(seen.from ? { from: seen.from } : {}) }
  })
}

/** What it needs accepted that is not judged when it begins. */
export const acceptBefore = (accept: Plan['accept']): Plan['accept'] => accept.filter(({ code }) => !LATER.includes(code))

/** When it would go: the time for which its window is open now, or the next one. */
export function timeFor({ window }: Pick<FilledRunbook, 'window'>, now: Instant): { readonly from: Instant; readonly until: Instant } | undefined {
  const permit = window && permitOf(window, now)
  if (!window || !permit) return undefined
  if (permit.is === 'open') return { from: now, until: permit.until }
  const then = permit.opens === undefined ? undefined : permitOf(window, permit.opens)
  return permit.opens !== undefined && then?.is === 'open' ? { from: permit.opens, until: then.until } : undefined
}
