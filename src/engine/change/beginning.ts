// How a run begins, of one host or of the next host of a rolling run: what it has for itself, and that the plan which was drawn is what is written down. Nothing is done by it: both are asked for the first step.
import { Fault } from '../../core/fault.ts'
import { newId } from '../../core/id.ts'
import type { Instant } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { isRefused, type Acceptable, type Accepted, type Plan, type Planned } from '../../rooms/change/plan.ts'
import type { FilledStep, Runbook } from '../../rooms/change/runbook.ts'
import { legHash, type RunPlan, type RunRow } from '../../rooms/change/runs/record.ts'
import type { RunStep } from '../../rooms/change/runs/run.ts'
import type { Topology } from '../../rooms/change/topology.ts'
import { no, type Answer } from '../answer.ts'
import { offerLeg } from './asking/offers.ts'
import { askWhole } from './asking/unattended.ts'
import type { ChangeKeeper } from './grounds.ts'

/** What planned work that begins needs of the keeper. */
export interface BeginKeeper extends ChangeKeeper { readonly random: (n: number) => Uint8Array }

/** What is to begin, drawn and judged. */
export interface Beginning {
  readonly runbook: Runbook
  readonly drawn: Extract<Planned, { is: 'plan' }>
  readonly topology: Topology
  readonly accepted: readonly Accepted[]
  readonly by: string
  readonly does: string
  readonly checks: string
  readonly rehearse: boolean
  readonly rolling?: string
  /** It is to go by itself then. */
  readonly alone?: { readonly from: Instant; readonly until: Instant }
}

export const refusedFor = (says: string, help?: string): Answer => no(409, 'HF496', `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`, help)

/** Why none of these plans may begin; `undefined` where nothing is in the way. */
export function refusalOf(plans: readonly Plan[], accept: readonly Acceptable[]): Answer | undefined {
  if (accept.length > 0) return refusedFor(`it needs accepted: ${accept.map(({ code, why }) => `${code} (${why})`).join('; ')}`, accept.map(({ code }) => `--accept ${code}=…`).join(' '))
  const plan = plans.find((it) => isRefused(it))
  if (!plan) return undefined
  const open = plan.steps.flatMap(({ gates }) => gates.flatMap(({ want, found }) => (found === 'pass' ? [] : `${want} (${found})`)))
  return refusedFor(`not everything that it wants is known and so: ${open.slice(0, 5).join('; ')}`, `holdfast runbooks plan ${plan.runbook} --host ${plan.host} shows what each gate knows and lacks`)
}

/** Writes the run down, and asks both for its first step; throws a fault where either cannot be, and then nothing of the turn stays. */
export function beginRun(keeper: ChangeKeeper, tx: Tx, id: string, it: Beginning): RunRow {
  const { runbook, drawn, topology, accepted, by, does, checks, rehearse, rolling, alone } = it
  const { plan, backs, beside } = drawn
  const run: RunPlan = {
    id, host: plan.host, claims: claimsOf(runbook, plan.host, topology), runbook: drawn.runbook, hash: plan.hash, accepted, by, does, checks, rehearse, at: tx.now.wall, ...(rolling === undefined ? {} : { rolling }), ...(beside ? { beside } : {}),
    texts: plan.steps.map(({ host, text, tolerance }, n) => ({ host, text, tolerance, ...(backs[n] === undefined ? {} : { back: backs[n] }) })),
  }
  const steps = plan.steps.map((step, n): RunStep => ({
    id: step.id, hash: legHash(run, { step: n, back: false }), takes: rehearse ? [] : (drawn.runbook.steps[n]?.takes ?? []), idempotent: drawn.runbook.steps[n]?.idempotent === true,
    raises: isRaising(drawn.runbook.steps, n),
    ...(backs[n] === undefined ? {} : { undo: legHash(run, { step: n, back: true }) }),
  }))
  const row = keeper.rooms.change.begin(tx, run, steps)
  const offered = typeof row === 'string' ? row : alone ? askWhole(keeper, tx, id, alone) : offerLeg(keeper, tx, id, { step: 0, back: false })
  // Of a run whose first step cannot be offered nothing stays: it would keep others from what it claims.
  if (typeof offered === 'string') throw new Fault(offered, 'never')
  return offered
}

/** Whether it brings a member back that the run took: a step's own tolerance counts the worst of it, so it is the step after it that shows a higher one. */
function isRaising(steps: readonly FilledStep[], n: number): boolean {
  const taken = new Set(steps.slice(0, n + 1).flatMap(({ takes }) => takes))
  return steps[n]?.until.some((claim) => claim.is === 'synced' && taken.has(claim.host)) === true
}

export const newRunId = ({ now, random }: Pick<BeginKeeper, 'now' | 'random'>): string => newId<'run'>('run', now().wall, random)

/** What a turn came to, or the sentence of the fault that it ended with. */
export const orFault = <Came>(came: Promise<Came>): Promise<Came | string> => came.catch((cause: unknown) => {
  if (cause instanceof Fault) return cause.message
  throw cause
})

/** What is seen of a cluster from outside, as one run at a time may have it: nothing that turns there is its own. */
const outside = (cluster: string): string => `outside:${cluster}`

/**
 * What one run at a time may have: the host, and every cluster that it is a member of or that the runbook speaks of; of balancers and servers of names that it only
 * looks at, that no other run works there meanwhile.
 */
export function claimsOf({ hosts, keep, preflight, guard, steps }: Runbook, host: string, { clusters }: Topology): string[] {
  const spoken = clusters.filter((it) => it.members.includes(host) || it.name === hosts.cluster || it.name === keep?.cluster).map((it) => it.name)
  // What decides who leads in one of them, and what it decides for, goes with it.
  const tied = clusters.filter((it) => clusters.some(({ name: of, dcs }) => (spoken.includes(of) && dcs === it.name) || (of === it.name && dcs !== undefined && spoken.includes(dcs)))).map((it) => it.name)
  const seen = [...preflight, ...guard, ...steps.flatMap(({ until }) => until)].flatMap((it) => (it.is === 'server' || it.is === 'record' ? [it.cluster] : []))
  const fronts = clusters.filter(({ name, kind }) => (kind === 'haproxy' || kind === 'dns') && spoken.includes(name)).map(({ name }) => name)
  return [...new Set([host, ...spoken, ...tied, ...[...seen, ...fronts].map(outside)])]
}
