// The configuration in force, as the keeper needs it, and the anchors of the horizon as checks that nobody sees.
import type { Provider } from '../config/node.ts'
import type { Span } from '../core/time.ts'
import { parseJob } from '../rooms/guard/retention/job.ts'
import type { ReconcileConfig } from '../rooms/guard/reconcile/task.ts'
import type { ChangeConfig } from '../rooms/change/config.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import type { Plan } from '../rooms/page/plan.ts'
import type { BoardPlan } from '../rooms/tell/view.ts'
import type { Check } from '../rooms/watch/check.ts'

export interface InForce {
  readonly version: string
  readonly canonical: unknown
  readonly site: { readonly name: string; readonly url: string; readonly timezone: string }
  readonly checks: readonly Check[]
  readonly plan: Plan
  readonly boards: readonly BoardPlan[]
  readonly horizon: { readonly anchors: readonly string[] }
  readonly ingest: readonly { readonly via: string; readonly name: string; readonly key: string; readonly escalate: string }[]
  readonly backups?: readonly BackupSet[]
  readonly reconciles?: readonly ReconcileConfig[]
  /** Lab time: the waits of a clean-up are divided by it, and the time until somebody new may approve; nothing else is. Absent outside a lab. */
  readonly shrink?: number
  readonly change?: ChangeConfig
  /** By the name of each channel: the hosts that its messages are handed to. */
  readonly leads?: Readonly<Record<string, readonly string[]>>
  readonly deadMan?: unknown
  readonly signIn?: { readonly oidc: Provider }
}

/** The anchors, looked at often and without a place on any board. */
export const anchorChecks = (config: InForce): Check[] => config.horizon.anchors.map((anchor) => {
  const http = /^https?:\/\//.test(anchor)
  return {
    name: `~${anchor}`, kind: http ? 'http' : 'tcp', settings: http ? { http: anchor } : { tcp: anchor }, every: 5000 as Span, timeout: 3000 as Span,
    failAfter: 2, recoverAfter: 1, seenFrom: 1, unknownAfter: 120_000 as Span, dependsOn: [], escalate: 'default', loopback: false, from: 'horizon.anchors',
  }
})

/** Sets of backups by their names. */
export const setsIn = ({ backups }: InForce): ReadonlyMap<string, BackupSet> => new Map((backups ?? []).map((set) => [set.name, set]))

/** Reconciles by their names. */
export const reconcilesIn = ({ reconciles }: InForce): ReadonlyMap<string, ReconcileConfig> => new Map((reconciles ?? []).map((it) => [it.name, it]))

/** Where a job acts: a reconcile, or a set of backups in one of its stores. Nothing where it is no longer configured. */
export function storeOf(config: InForce, job: string): string | undefined {
  const of = parseJob(job)
  if (of === undefined) return reconcilesIn(config).get(job)?.store
  return setsIn(config).get(of.set)?.in.some(({ store }) => store === of.store) === true ? of.store : undefined
}
