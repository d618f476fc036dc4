// What is done to objects, and who agrees to it, for whoever asks: how far a plan has come, and what of it was held up by what.
import type { Sql } from '../db/sql.ts'
import { byHand } from '../rooms/guard/acts/index.ts'
import { asideOf } from '../rooms/guard/acts/life.ts'
import { loadActs, loadApproval, loadHeld, loadJob, loadObject, loadPlan, type ActRow, type PlanRow } from '../rooms/guard/acts/rows.ts'
import type { ApprovalAnswer } from './agreements.ts'
import type { DoneAnswer } from './done.ts'

/** What a person may accept; each is bound to what was seen. */
export const ACCEPTABLE = ['identity', 'epoch', 'schema', 'shrink', 'gone', 'lost', 'gap', 'unlock'] as const
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
  readonly held: readonly NotDone[]
  /** Those that wait and were tried, or looked at, already: what for. */
  readonly waits: readonly NotDone[]
}

export interface NotDone { readonly act: string; readonly key: string; readonly says: string }

/** What is to come back, and lies aside still. `by`: who wants it back; null where its row came back. */
export interface Returning { readonly key: string; readonly by: string | null; readonly state: 'waiting' | 'under way' | 'held'; readonly says: string }

export interface ReleaseAnswer { readonly schema: 'holdfast.release/1'; readonly reconcile: string; readonly wanted: number; readonly missing: readonly string[]; readonly plan: string }

/** Calls about what is done. People agree behind their own links alone; here they are only asked. */
export interface ActCalls {
  /** `of`: two who approve; where only two may, they are asked without being named. */
  'reconcile.ask': { args: { what: 'arm' | 'purge' | 'close-breaker'; on: string; reason?: string; of?: readonly string[]; lapses?: string; person?: string }; body: ApprovalAnswer }
  'reconcile.disarm': { args: { reconcile: string; person?: string }; body: DoneAnswer }
  /** `keys`: as text. `all`: everything that lies aside; one of the two has to be said. */
  'reconcile.release': { args: { reconcile: string; keys?: readonly string[]; all?: true; person?: string }; body: ReleaseAnswer }
  'reconcile.accept': { args: { reconcile: string; what: AcceptableWhat; seen: string; undo?: boolean; person?: string }; body: DoneAnswer }
  /** `on`: a plan, or a reconcile, which stands for its latest; or what a release says as its plan. */
  'reconcile.acts': { args: { on: string }; body: ActsAnswer }
}

const MOST_HELD = 100

/** A plan by its id, or the latest of a reconcile. */
export const planOf = (sql: Sql, on: string): PlanRow | undefined => loadPlan(sql, on) ?? loadPlan(sql, loadJob(sql, on).latest?.plan ?? '')

/** A refusal by what the ledger has of a plan. */
const becauseOf = (id: 'mode' | 'over', plan: Pick<PlanRow, 'id' | 'at'>) => (text: string, cure: string): ActsAnswer['refusals'] =>
  [{ id, found: 'fail', text, evidence: [{ subject: `plan ${plan.id}`, observer: 'ledger', at: plan.at }], cure }]

/** Why nothing of it is left to be done, where not all of it was done: what waits of older plans falls with each run, and all of a plan that was stopped. */
function whyOver(sql: Sql, { id, reconcile, mode, totals, at }: PlanRow, left: number): ActsAnswer['refusals'] {
  const planned = totals.quarantine + totals.purge + totals.release
  if (left > 0 || planned === 0 || doneOf(sql, id) >= planned) return []
  const because = becauseOf('over', { id, at })
  const { latest, breaker } = loadJob(sql, reconcile)
  if (latest !== undefined && latest.plan !== id) return because(`it is superseded by ${latest.plan}`, `What of it was not done is judged anew by each run: holdfast reconcile apply ${reconcile} sees the latest one through.`)
  if (mode !== 'armed') return []
  if (breaker.is === 'open') return because(`it was stopped: ${breaker.because.join('; ')}`, `Its breaker is open. Two people may close it after a healthy run: holdfast reconcile close-breaker ${reconcile}`)
  return because('its acts are not there any more', `The next run plans anew; one is made at once by: holdfast reconcile plan ${reconcile}`)
}

const doneOf = (sql: Sql, plan: string): number => sql.get<{ n: number }>(`select count(*) as n from guard_ended where plan = ? and ended = 'done'`, plan)?.n ?? 0

/** A plan stays what it was when it was made, whatever has been agreed on since. */
export function notArmed({ id, mode, reconcile, at }: Pick<PlanRow, 'id' | 'mode' | 'reconcile' | 'at'>, isArmed: boolean): ActsAnswer['refusals'] {
  const because = becauseOf('mode', { id, at })
  if (mode === 'armed') return []
  if (mode === 'latched') return because('its breaker is open', `Two people may close it after a healthy run: holdfast reconcile close-breaker ${reconcile} -m "why"`)
  if (isArmed) return because('it only reports: it was made while nobody had armed it', `It is armed by now, and the next run plans anew; one is made at once by: holdfast reconcile plan ${reconcile}`)
  return because('it only reports: nobody has armed it', `After three clean runs two people may arm it: holdfast reconcile arm ${reconcile}`)
}

function countsOf(sql: Sql, plan: string, isCounted: (act: ActRow) => boolean): Pick<ActsAnswer, 'waiting' | 'under_way' | 'over' | 'held' | 'waits'> & { readonly left: number } {
  const acts = loadActs(sql, plan)
  const count = (state: ActRow['state']): number => acts.filter((it) => it.state === state && isCounted(it)).length
  const says = new Map(sql.all<{ n: number; says: string }>('select n, says from guard_act where plan = ?', plan).map((row) => [row.n, row.says]))
  const notDone = (state: ActRow['state']): NotDone[] => acts.filter((it) => it.state === state && (state === 'held' || says.get(it.n) !== '')).slice(0, MOST_HELD).map(({ n, act, given }) => ({ act, key: given.item.key, says: says.get(n) ?? '' }))
  return { waiting: count('waiting'), under_way: count('begun'), over: acts.length > 0 ? count('over') : doneOf(sql, plan), held: notDone('held'), waits: notDone('waiting'), left: acts.length }
}

export function viewActs(sql: Sql, plan: PlanRow): ActsAnswer {
  const agreement = loadApproval(sql, plan.id)?.agreement ?? null
  const { left, ...counts } = countsOf(sql, plan.id, ({ act }) => agreement !== null || act !== 'purge')
  return {
    schema: 'holdfast.acts/1', plan: plan.id, hash: plan.hash, reconcile: plan.reconcile, mode: plan.mode, totals: plan.totals, agreement,
    refusals: [...plan.refusals, ...whyOver(sql, plan, left), ...notArmed(plan, loadJob(sql, plan.reconcile).arming !== undefined)], ...counts,
  }
}

/** What people want back, which is no plan of a run. */
export function viewByHand(sql: Sql, reconcile: string): ActsAnswer {
  const { left, ...counts } = countsOf(sql, byHand(reconcile), () => true)
  return {
    schema: 'holdfast.acts/1', plan: byHand(reconcile), hash: '', reconcile, mode: 'report', agreement: null, refusals: [], ...counts,
    totals: { purge: 0, quarantine: 0, release: left, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 },
  }
}

/** All that is to come back and has not, by whoever wants it. What was held and does not lie aside any more is over. */
export function returningOf(sql: Sql, reconcile: string): Returning[] {
  const plans = [byHand(reconcile), loadJob(sql, reconcile).latest?.plan ?? '']
  return plans.flatMap((plan) => sql.all<{ key: string; state: ActRow['state']; says: string }>(`select key, state, says from guard_act where plan = ? and act = 'release' and state <> 'over' order by n limit ?`, plan, MOST_HELD)
    .filter(({ key, state }) => state !== 'held' || asideOf(loadObject(sql, reconcile, key).life) !== undefined)
    .map(({ key, state, says }) => ({ key: Buffer.from(key, 'hex').toString('utf8'), by: plan === byHand(reconcile) ? (loadHeld(sql, reconcile, key)?.by_ ?? '') : null, state: STATES[state], says })))
}

const STATES = { waiting: 'waiting', begun: 'under way', held: 'held', over: 'held' } as const
