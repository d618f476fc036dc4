// The plan of a rolling run: the order of its hosts, and the plan of each of them. Its hash covers both, so that whoever begins it begins just this. What a
// person has to accept is said once for all hosts that need it.
import { derivedId, sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import { planOf, type Acceptable, type Accepted, type Plan, type PlanWants, type Planned } from '../plan.ts'
import { batchesOf, domainOf } from './batches.ts'

/** As `--json` has it, `holdfast.rolling-plan/1`. */
export interface RollingPlanDrawn {
  readonly id: string
  readonly hash: string
  readonly runbook: string
  readonly max_failures: number
  /** One after the other; `domain`: what all hosts of it hang on. */
  readonly batches: readonly { readonly domain: string; readonly hosts: readonly string[] }[]
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

/** Draws the plans of all hosts; does nothing. */
export function rollingPlanOf({ runbook, accepted = [], ...around }: Omit<PlanWants, 'host' | 'kept'>): RollingPlanned {
  const batches = batchesOf(runbook.hosts, around.topology)
  const together = batches.find((batch) => batch.length > 1)
  if (together) return refused(`hosts.serial of ${runbook.name} would take ${together.join(', ')} at once, and several at once are not led yet: write serial: 1`)
  const hosts: Extract<RollingPlanned, { is: 'plan' }>['hosts'][number][] = []
  for (const host of batches.flat()) {
    const bare = planOf({ ...around, runbook, host })
    if (bare.is === 'refused') return bare
    const mine = accepted.filter(({ code }) => bare.plan.accept.some((it) => it.code === code))
    const drawn = planOf({ ...around, runbook, host, accepted: mine })
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
      batches: batches.map((batch) => ({ domain: domainOf(batch[0] ?? '', around.topology), hosts: batch })),
      accept: accept.filter(({ code }, at) => accept.findIndex((it) => it.code === code) === at),
    },
  }
}
