// What Holdfast answers about retention that is carried out: what of a plan is done, waits or was held, copy by copy; and plans that are refused. Read from the
// tables of the acts; nothing here judges anew.
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { loadActs, loadApproval, loadJob, type ActRow, type PlanRow } from '../../rooms/guard/acts/rows.ts'
import { armedFound, type Refusal } from '../../rooms/guard/reconcile/plan.ts'
import { parseJob } from '../../rooms/guard/retention/job.ts'
import type { ReleaseAnswer } from '../acts.ts'
import type { ApprovalAnswer } from '../agreements.ts'
import type { DoneAnswer } from '../done.ts'

/** One copy of a plan that is carried out. */
export interface KeptAct {
  readonly act: 'quarantine' | 'purge' | 'release'
  readonly copy: string
  readonly bytes: number | null
  readonly state: 'waiting' | 'under way' | 'done' | 'held'
  /** What became of it, or holds it up. */
  readonly says: string
}

export interface AppliedAnswer {
  readonly schema: 'holdfast.retention.acts/1'
  /** As it is kept; asked for by this it says how far it is. */
  readonly plan: string
  readonly hash: string
  readonly set: string
  readonly store: string
  /** Whose word permits it; none yet where two people are asked. */
  readonly permitted_by: readonly string[]
  readonly waiting: number
  readonly under_way: number
  readonly done: number
  readonly held: number
  /** Why nothing more of it is done; null while all is well. */
  readonly stopped: string | null
  /** What it waits for, where that is known. */
  readonly waits_for: string | null
  readonly acts: readonly KeptAct[]
}

export interface RefusalAnswer {
  readonly schema: 'holdfast.refusal/1'
  readonly code: string
  readonly plan: string
  readonly reasons: readonly { readonly id: string; readonly found: 'fail' | 'unknown'; readonly text: string; readonly evidence: readonly { readonly subject: string; readonly observer: string; readonly at: number }[]; readonly cure: string }[]
}

/** Nothing of it is done. What no look stands for is what the keeper has of the plan by now. */
export const refusalOf = (code: string, plan: string, reasons: readonly Refusal[], at: Instant): RefusalAnswer =>
  ({ schema: 'holdfast.refusal/1', code, plan, reasons: reasons.map(({ id, found, text, evidence, cure }) => ({ id, found, text, evidence: evidence.length > 0 ? evidence : [{ subject: plan, observer: 'keeper', at }], cure })) })

/** A reason for which nothing is done. */
export const because = (id: string, text: string, cure: string): Refusal => ({ id, found: 'fail', text, evidence: [], cure })

export interface ArmCalls {
  /** Asks two people to let copies go on schedule: of a set, in one of its stores, or of every set. */
  'backups.arm': { args: { set?: string; store?: string; of?: readonly string[]; lapses?: string; person?: string }; body: ApprovalAnswer | RefusalAnswer }
  /** From now on it only reports. */
  'backups.disarm': { args: { set?: string; store?: string; person?: string }; body: DoneAnswer }
}

export interface KeepCalls extends ArmCalls {
  /** By its id, which is the hash of what a person saw: carries it out, or says how far one is that was permitted. */
  'backups.apply': { args: { plan: string; person?: string }; body: AppliedAnswer | RefusalAnswer }
  /** Asks two people to remove for good what a list names. */
  'backups.purge': { args: { plan: string; of?: readonly string[]; lapses?: string; person?: string }; body: ApprovalAnswer | RefusalAnswer }
  /** `copies`: keys; `all`: everything that lies aside. One of both has to be said. What came back is held. */
  'backups.release': { args: { set: string; store?: string; copies?: readonly string[]; all?: true; person?: string }; body: ReleaseAnswer }
}

/** Whose word it is: of a run on schedule, of those who armed it. */
function permittedBy(sql: Sql, { id, reconcile, binding, totals }: PlanRow): readonly string[] {
  const approval = loadApproval(sql, id)
  if (approval !== undefined) return approval.people.map(({ person }) => person)
  const { arming } = loadJob(sql, reconcile)
  return totals.purge === 0 && armedFound(arming, binding).is === 'pass' ? (arming?.people ?? []) : []
}

const STATES: Readonly<Record<ActRow['state'], KeptAct['state']>> = { waiting: 'waiting', begun: 'under way', over: 'done', held: 'held' }

/** What became of each copy of a plan. `waitsFor`: what stands in the way of the hand itself. */
export function viewApplied(sql: Sql, plan: PlanRow, waitsFor: string | undefined): AppliedAnswer {
  const of = parseJob(plan.reconcile)
  const says = new Map(sql.all<{ n: number; says: string }>('select n, says from guard_act where plan = ?', plan.id).map((row) => [row.n, row.says]))
  const rows = loadActs(sql, plan.id)
  const acts = rows.map((it): KeptAct => {
    const why = says.get(it.n) ?? ''
    // An act that ended with something to say changed nothing.
    return { act: it.act, copy: it.given.item.key, bytes: it.given.item.bytes, state: it.state === 'over' && why !== '' ? 'held' : STATES[it.state], says: why }
  })
  const count = (state: KeptAct['state']): number => acts.filter((it) => it.state === state).length
  const planned = plan.totals.quarantine + plan.totals.purge
  const { breaker } = loadJob(sql, plan.reconcile)
  const stopped = rows.length < planned ? (breaker.is === 'open' ? breaker.because.join('; ') : 'a later plan took its place') : null
  return {
    schema: 'holdfast.retention.acts/1', plan: plan.id, hash: plan.hash, set: of?.set ?? '', store: plan.store, permitted_by: permittedBy(sql, plan),
    waiting: count('waiting'), under_way: count('under way'), done: count('done'), held: count('held'), stopped, waits_for: count('waiting') > 0 ? (waitsFor ?? null) : null, acts,
  }
}
