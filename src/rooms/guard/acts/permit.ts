// Plans that are made because somebody said so, rather than by a run: kept with their acts sealed, and with the word that permits them, in one entry. What was
// permitted before and waits gives way to it. A plan that two people are only asked about is kept in the same way, and waits for their word.
import type { Identity } from '../../../core/authority/agreement.ts'
import { dueIn, type Due } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Ladder } from '../reconcile/breaker.ts'
import { APPROVAL_GOOD, type Job } from './job.ts'
import { digestOf, dropActs, keptPlans, loadActs, loadApproval, loadJob, loadPlan, saveActs, type ActRow, type PlanRow } from './rows.ts'

/** Writes an entry of a job's stream. */
export type Write = (tx: Tx, is: string, reconcile: string, before: Job, after: Job, more?: Readonly<Record<string, unknown>>) => Job

export interface Permit {
  readonly plan: Omit<PlanRow, 'digest'>
  readonly acts: readonly Pick<ActRow, 'act' | 'key' | 'given'>[]
  readonly by: string
  /** Whoever permits it by this; left out where others are asked. */
  readonly word?: Identity
}

/** Keeps a plan; gives it as it was sealed. */
export function permit(tx: Tx, { plan: made, acts, by, word }: Permit, write: Write): PlanRow {
  const { id, reconcile, hash } = made
  const job = loadJob(tx.sql, reconcile)
  const until: Due = dueIn(tx.now, APPROVAL_GOOD)
  for (const kept of keptPlans(tx.sql)) if (kept.reconcile === reconcile && isPast(tx, kept.plan, acts[0]?.act ?? 'quarantine')) dropActs(tx.sql, kept.plan)
  const plan: PlanRow = { ...made, digest: digestOf(acts) }
  saveActs(tx.sql, id, acts)
  const latest = { plan: id, hash, mode: plan.mode, binding: plan.binding, refusals: [], healthy: true, at: tx.now.wall }
  const approval = word && { plan: id, agreement: `by:${by}`, hash, people: [word], until }
  write(tx, word === undefined ? 'guard.planned' : 'guard.permitted', reconcile, job, { ...job, latest }, { plan, by, count: acts.length, ...(approval && { approval }) })
  return plan
}

/** Whether its acts are of no use any more: another one of its kind takes its place, or its time is over. */
function isPast(tx: Tx, id: string, act: ActRow['act']): boolean {
  const plan = loadPlan(tx.sql, id)
  const acts = loadActs(tx.sql, id)
  if (plan === undefined || tx.now.wall >= (plan.purgeUntil ?? plan.goodUntil).wall) return true
  const isAsked = acts.some((it) => it.act === 'purge' && it.state === 'waiting') && loadApproval(tx.sql, id) === undefined
  return !isAsked && acts.every((it) => it.state !== 'begun') && acts.some((it) => it.act === act)
}

/** All was found well, with these that would be touched: what a breaker waits for before people may close it. */
export function well(tx: Tx, reconcile: string, ladder: Ladder, write: Write): void {
  const job = loadJob(tx.sql, reconcile)
  write(tx, 'guard.well', reconcile, job, { ...job, healthy: { at: tx.now.wall, ladder } })
}
