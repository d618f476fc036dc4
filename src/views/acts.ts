// What is done to objects, and who agrees to it, for whoever asks: how far a plan has come, and what of it was held up by what.
import type { Sql } from '../db/sql.ts'
import { loadActs, loadApproval, loadJob, loadPlan, type ActRow, type PlanRow } from '../rooms/guard/acts/rows.ts'
import type { ApprovalAnswer } from './agreements.ts'
import type { DoneAnswer } from './done.ts'

/** What a person may accept; each is bound to what was seen. */
export const ACCEPTABLE = ['identity', 'epoch', 'schema', 'shrink', 'gone', 'gap', 'unlock'] as const
export type AcceptableWhat = (typeof ACCEPTABLE)[number]

export interface ActsAnswer {
  readonly schema: 'holdfast.acts/1'
  readonly plan: string
  readonly hash: string
  readonly reconcile: string
  readonly mode: PlanRow['mode']
  /** Why nothing of it is done; empty where something may be. */
  readonly refusals: PlanRow['refusals']
  readonly totals: PlanRow['totals']
  /** The agreement on its purge. */
  readonly agreement: string | null
  readonly waiting: number
  readonly under_way: number
  readonly over: number
  /** Those that were not done, and why. */
  readonly held: readonly { readonly act: string; readonly key: string; readonly says: string }[]
}

export interface ReleaseAnswer { readonly schema: 'holdfast.release/1'; readonly reconcile: string; readonly wanted: number; readonly missing: readonly string[]; readonly plan: string }

/** Calls about what is done. People agree behind their own links alone; here they are only asked. */
export interface ActCalls {
  /** `of`: two who approve; where only two may, they are asked without being named. */
  'reconcile.ask': { args: { what: 'arm' | 'purge' | 'close-breaker'; on: string; reason?: string; of?: readonly string[]; lapses?: string; person?: string }; body: ApprovalAnswer }
  'reconcile.disarm': { args: { reconcile: string; person?: string }; body: DoneAnswer }
  /** `keys`: as text. `all`: everything that lies aside; one of the two has to be said. */
  'reconcile.release': { args: { reconcile: string; keys?: readonly string[]; all?: true; person?: string }; body: ReleaseAnswer }
  'reconcile.accept': { args: { reconcile: string; what: AcceptableWhat; seen: string; undo?: boolean; person?: string }; body: DoneAnswer }
  /** `on`: a plan, or a reconcile, which stands for its latest. */
  'reconcile.acts': { args: { on: string }; body: ActsAnswer }
}

const MOST_HELD = 100

/** A plan by its id, or the latest of a reconcile. */
export const planOf = (sql: Sql, on: string): PlanRow | undefined => loadPlan(sql, on) ?? loadPlan(sql, loadJob(sql, on).latest?.plan ?? '')

/** A plan stays what it was when it was made, whatever has been agreed on since. */
export function notArmed({ mode, reconcile }: Pick<PlanRow, 'mode' | 'reconcile'>, isArmed: boolean): ActsAnswer['refusals'] {
  const because = (text: string, cure: string): ActsAnswer['refusals'] => [{ id: 'mode', found: 'fail', text, evidence: [], cure }]
  if (mode === 'armed') return []
  if (mode === 'latched') return because('its breaker is open', 'Two people may close it after a healthy run: holdfast reconcile close-breaker')
  if (isArmed) return because('it only reports: it was made while nobody had armed it', `It is armed by now, and the next run plans anew; one is made at once by: holdfast reconcile plan ${reconcile}`)
  return because('it only reports: nobody has armed it', 'After three clean runs two people may arm it: holdfast reconcile arm')
}

export function viewActs(sql: Sql, plan: PlanRow): ActsAnswer {
  const acts = loadActs(sql, plan.id)
  const agreement = loadApproval(sql, plan.id)?.agreement ?? null
  const count = (state: ActRow['state']): number => acts.filter((it) => it.state === state && (agreement !== null || it.act !== 'purge')).length
  const says = new Map(sql.all<{ n: number; says: string }>('select n, says from guard_act where plan = ?', plan.id).map((row) => [row.n, row.says]))
  return {
    schema: 'holdfast.acts/1', plan: plan.id, hash: plan.hash, reconcile: plan.reconcile, mode: plan.mode, totals: plan.totals, agreement,
    refusals: [...plan.refusals, ...notArmed(plan, loadJob(sql, plan.reconcile).arming !== undefined)],
    waiting: count('waiting'), under_way: count('begun'), over: count('over'),
    held: acts.filter(({ state }) => state === 'held').slice(0, MOST_HELD).map(({ n, act, given }) => ({ act, key: given.item.key, says: says.get(n) ?? '' })),
  }
}
