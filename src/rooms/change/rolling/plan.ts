// The plan of a rolling run: the order of its hosts, and the plan of each of them. Its hash covers both, so that whoever begins it begins just this. What a
// person has to accept is said once for all hosts that need it.
import { derivedId, sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import { besideOf, planOf, type Acceptable, type Accepted, type Beside, type Plan, type PlanWants, type Planned } from '../plan.ts'
import { batchesOf, domainOf } from './batches.ts'

/** As `--json` has it, `holdfast.rolling-plan/1`. */
export interface RollingPlanDrawn {
  readonly id: string
  readonly hash: string
  readonly runbook: string
  readonly max_failures: number
  /**
   * One after the other, the hosts of each at the same time; `domain`: what all hosts of it hang on, `tolerance`: further failures that are tolerated when all is down that
   * goes with it, as in a plan.
   */
  readonly batches: readonly { readonly domain: string; readonly hosts: readonly string[]; readonly tolerance: number | null }[]
  /** In the order of the hosts. */
  readonly plans: readonly Plan[]
  /** What is still to be accepted, by any of them. */
  readonly accept: readonly Acceptable[]
}

export type RollingPlanned = {
  readonly is: 'plan'
  readonly plan: RollingPlanDrawn
  /** Of each host, in order: its plan, and what of the words given it needs. */
  readonly hosts: readonly { readonly drawn: Extract<Planned, { is: 'plan' }>; readonly accepted: readonly Accepted[] }[]
} | Extract<Planned, { is: 'refused' }>

const refused = (says: string): Extract<Planned, { is: 'refused' }> => ({ is: 'refused', why: 'not-accepted', says })

/** What goes beside a host of a batch. */
export const besideIn = (batch: readonly string[], host: string, { runbook, topology }: Pick<PlanWants, 'runbook' | 'topology'>): Beside | undefined => besideOf(runbook, batch.filter((it) => it !== host), topology)

/** The least that is tolerated at any step of them; of what is not known, nobody knows. */
function leastOf(plans: readonly Plan[]): number | null {
  const all = plans.flatMap(({ steps }) => steps.map(({ tolerance }) => tolerance))
  return all.reduce((least, it) => (least === null || it === null ? null : Math.min(least, it)), all[0] ?? null)
}

/** Draws the plans of all hosts; does nothing. */
export function rollingPlanOf({ runbook, accepted = [], ...around }: Omit<PlanWants, 'beside' | 'host' | 'kept' | 'siblings'>): RollingPlanned {
  const batches = batchesOf(runbook.hosts, around.topology)
  const hosts: Extract<RollingPlanned, { is: 'plan' }>['hosts'][number][] = []
  for (const { host, batch } of batches.flatMap((all) => all.map((it) => ({ host: it, batch: all })))) {
    const wants = { ...around, runbook, host, beside: besideIn(batch, host, { runbook, topology: around.topology }) }
    const bare = planOf(wants)
    if (bare.is === 'refused') return bare
    const mine = accepted.filter(({ code }) => bare.plan.accept.some((it) => it.code === code))
    const drawn = planOf({ ...wants, accepted: mine })
    if (drawn.is === 'refused') return drawn
    hosts.push({ drawn, accepted: mine })
  }
  const odd = accepted.find((it) => !hosts.some((host) => host.accepted.includes(it)))
  if (odd) return refused(`“${odd.code.slice(0, 80)}” is nothing that the plan of any host needs accepted`)
  const plans = hosts.map(({ drawn }) => drawn.plan)
  const maxFailures = runbook.hosts.maxFailures ?? 0
  const hash = sha256(canonical({ schema: 'holdfast.rolling-plan/1', runbook: runbook.name, batches, maxFailures, plans: plans.map((it) => it.hash) }))
  const accept = plans.flatMap((it) => it.accept)
  return {
    is: 'plan', hosts,
    plan: {
      id: derivedId('plan', hash), hash, runbook: runbook.name, max_failures: maxFailures, plans,
      batches: batches.map((batch) => ({ domain: domainOf(batch[0] ?? '', around.topology), hosts: batch, tolerance: leastOf(plans.filter(({ host }) => batch.includes(host))) })),
      accept: accept.filter(({ code }, at) => accept.findIndex((it) => it.code === code) === at),
    },
  }
}
