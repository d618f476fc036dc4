// What a reconcile remembers from run to run, folded from its entries: who catalogue and store were when they were last found good, which files the last
// run left behind and by which hash, the runs of thirty days, and which causes stand. What people have accepted is read beside it, by what they saw.
import { canonical, type Entry } from '../../../core/ledger.ts'
import { days, type Instant, type Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import { asides, loadAccepted, markHeld, newlyHeld, type AcceptedRow } from '../acts/rows.ts'
import { goneOf } from './breaker.ts'
import type { Plan } from './plan.ts'
import type { Accepted, Ran } from './readings.ts'
import { isGood, wentBack, type FormerWritten, type Kept, type ReconcileResult, type SeenNow, type Since } from './task.ts'

export const TABLES = `
create table if not exists guard_reconcile (reconcile text primary key, state text not null) strict, without rowid;
create table if not exists guard_reconcile_run (reconcile text not null, number integer not null, at integer not null, ran text not null, primary key (reconcile, number)) strict, without rowid;
create table if not exists guard_cause (reconcile text not null, cause text not null, says text not null, since integer not null, told integer not null, primary key (reconcile, cause)) strict, without rowid;
`

export const PROJECTIONS = ['guard_reconcile', 'guard_reconcile_run', 'guard_cause']

/** Runs are remembered so long, and the newest one beyond. */
const REMEMBERED: Span = days(30)
/** What was done and said of single keys since the last run; more are a reason to stop. */
export const MOST_SINCE = 5000

type Judged = ReconcileResult & { readonly is: 'judged' }

/** One run as it is recorded: all but the acts, which have a place of their own. */
export type RunBody = { readonly reconcile: string; readonly result: Omit<Judged, 'acts' | 'ladder'> | { readonly failed: string }; readonly held?: number; readonly at: Instant }

/** How things stand after the last run. */
export interface State {
  readonly number: number
  readonly former: FormerWritten | 'none'
  readonly memory: Kept | 'none'
  readonly newest: Kept | 'none'
  readonly columns: Kept | 'none'
  /** What was read of second copies. */
  readonly copies?: Kept
  readonly flagsBinding?: string
  readonly epochLatched: boolean
  /** What the last run saw, good or not. */
  readonly seen?: SeenNow
  readonly latest?: Latest
}

/** The last run, for people. */
export interface Latest {
  readonly at: Instant
  readonly plan?: Plan
  readonly path?: string
  readonly summary?: Judged['summary']
  readonly schema?: Judged['schema']
  readonly odd?: Judged['odd']
  readonly said: readonly string[]
  readonly healthy: boolean
  readonly ran?: Ran
}

const NEW: State = { number: 1, former: 'none', memory: 'none', newest: 'none', columns: 'none', epochLatched: false }

export function loadState(sql: Sql, reconcile: string): State {
  const row = sql.get<{ state: string }>('select state from guard_reconcile where reconcile = ?', reconcile)
  return row ? (JSON.parse(row.state) as State) : NEW
}

export const loadRuns = (sql: Sql, reconcile: string): Ran[] =>
  sql.all<{ ran: string }>('select ran from guard_reconcile_run where reconcile = ? order by number', reconcile).map(({ ran }) => JSON.parse(ran) as Ran)

export const loadCauses = (sql: Sql, reconcile: string): { cause: string; says: string; since: number; told: number }[] =>
  sql.all<{ cause: string; says: string; since: number; told: number }>('select cause, says, since, told from guard_cause where reconcile = ? order by cause', reconcile)

/** Every reconcile that was ever run here. */
export const loadNames = (sql: Sql): string[] => sql.all<{ reconcile: string }>('select reconcile from guard_reconcile order by reconcile').map(({ reconcile }) => reconcile)

/** What a run leaves behind; one that was never judged is remembered as one that read nothing. */
export function applyReconciled(sql: Sql, entry: Entry): void {
  const { reconcile, result, held, at } = entry.body as unknown as RunBody
  const was = settled(loadState(sql, reconcile), loadAccepted(sql, reconcile))
  const state = 'failed' in result ? { ...was, latest: { at, said: [result.failed], healthy: false } } : after(was, result, at)
  // Before anything was ever found good there is no history that a hole could be in.
  const counts = was.former !== 'none' || state.former !== 'none'
  const ran: Ran = 'failed' in result ? { number: was.number, at, healthy: false, before: undefined, after: undefined, objects: undefined, newOrphans: 0 } : result.ran
  if (counts) {
    sql.run('insert into guard_reconcile_run (reconcile, number, at, ran) values (?,?,?,?) on conflict (reconcile, number) do update set at = excluded.at, ran = excluded.ran', reconcile, was.number, at, canonical(ran))
    sql.run('delete from guard_reconcile_run where reconcile = ? and number < (select max(number) from guard_reconcile_run where reconcile = ? and at <= ?)', reconcile, reconcile, at - REMEMBERED)
  }
  // What was accepted was accepted of what was seen then: a run takes it in once, and a later change is told anew (G-17, G-19).
  sql.run(`delete from guard_accepted where reconcile = ? and what in ('identity', 'epoch', 'schema')`, reconcile)
  if (!('failed' in result) && result.memory) sql.run(`delete from guard_accepted where reconcile = ? and what = 'unlock'`, reconcile)
  if (!('failed' in result) && result.memory && held !== undefined) markHeld(sql, reconcile, held)
  const next: State = { ...state, number: counts ? was.number + 1 : was.number }
  sql.run('insert into guard_reconcile (reconcile, state) values (?,?) on conflict (reconcile) do update set state = excluded.state', reconcile, canonical(next))
}

function after(was: State, result: Omit<Judged, 'acts' | 'ladder'>, at: Instant): State {
  const { plan, seen, memory, newest, columns, copies, healthy, path, summary, schema, odd, said, ran } = result
  const good = isGood(plan) && seen !== undefined
  return {
    ...was, ...(copies ? { copies } : {}), ...(good ? { former: seen } : {}), ...(seen ? { seen } : {}), ...(memory ? { memory } : {}), ...(newest ? { newest } : {}), ...(columns ? { columns } : {}),
    ...(healthy && plan.binding !== null ? { flagsBinding: plan.binding } : {}), epochLatched: was.epochLatched || wentBack(plan),
    latest: { at, plan, path, summary, schema, odd, said, healthy, ran },
  }
}

/** What was accepted by a person, by what they saw: a later change is another thing. */
export const seenText = (seen: SeenNow): { readonly schema: string; readonly epoch: string; readonly identity: string } => ({
  schema: seen.fingerprint, epoch: `${seen.oids}@${seen.position}`, identity: `${seen.identity.database}@${seen.identity.system}/${seen.identity.timeline}@${seen.store.region}`,
})

/** The state as people have left it: what they accepted of the last run stands as what former runs saw. */
export function settled(state: State, accepted: readonly AcceptedRow[]): State {
  const { seen, former } = state
  if (seen === undefined || former === 'none') return state
  const texts = seenText(seen)
  const said = (what: keyof typeof texts): boolean => accepted.some((it) => it.what === what && it.seen === texts[what])
  let now = state
  if (said('identity')) now = { ...now, former: seen, epochLatched: false }
  // Which rows were the newest before it went back is no measure of what is there now: the next run that is full learns them anew.
  if (said('epoch')) now = { ...now, former: { ...seen, identity: former.identity, store: former.store, fingerprint: former.fingerprint }, epochLatched: false, newest: 'none' }
  if (said('schema') && now.former !== 'none') now = { ...now, former: { ...now.former, fingerprint: seen.fingerprint } }
  return now
}

/** Shrinks and groups that are gone. */
export function acceptedOf(rows: readonly AcceptedRow[]): Accepted {
  const shrink = rows.findLast((it) => it.what === 'shrink' && /^\d+ rows, \d+ objects$/.test(it.seen))
  const [rowsLeft = 0, objects = 0] = shrink?.seen.match(/\d+/g)?.map(Number) ?? []
  return { shrink: shrink && { at: shrink.at, rows: rowsLeft, objects }, goneGroups: rows.flatMap((it) => (it.what === 'gone' ? (goneOf(it.seen) ?? []) : [])) }
}

/**
 * What was done and said of single keys; `undefined` where it is more than a run is told of. What people brought back is locked for its memory from then
 * on, some of it in a later run where it is much; `held`: how far this one is told.
 */
export function sinceOf(sql: Sql, reconcile: string, rows: readonly AcceptedRow[]): { readonly since: readonly Since[]; readonly held: number } | undefined {
  const since = new Map<string, Since>()
  const lay = (key: string, more: Partial<Since>): void => void since.set(key, { key, ...since.get(key), ...more, recalled: { ...since.get(key)?.recalled, ...more.recalled } })
  for (const { key, aside: { version, etag, since: from, storeSince } } of asides(sql, reconcile)) {
    lay(key, { recalled: { aside: { version, etag, since: from, storeSince } } })
    if (since.size > MOST_SINCE) return undefined
  }
  for (const { what, seen } of rows) {
    if (what === 'gap') lay(seen, { recalled: { gapAccepted: true } })
    if (what === 'unlock') lay(seen, { unlocked: true })
  }
  if (since.size > MOST_SINCE) return undefined
  const { keys, through } = newlyHeld(sql, reconcile, MOST_SINCE - since.size)
  for (const { key, by } of keys) lay(key, { recalled: { lock: 'locked', broughtBy: by } })
  return { since: [...since.values()], held: through }
}

export interface CauseBody extends Record<string, unknown> {
  readonly reconcile: string
  readonly cause: string
  readonly to: 'stands' | 'over'
  readonly says: string
  /** The check that is down and explains it; empty where there is none. */
  readonly root: string
  readonly escalate: string
  readonly at: number
  /** What makes it another cause than before for whoever has taken the incident. */
  readonly because: readonly string[]
}

export function applyCause(sql: Sql, entry: Entry): void {
  const b = entry.body as CauseBody
  if (b.to === 'over') sql.run('delete from guard_cause where reconcile = ? and cause = ?', b.reconcile, b.cause)
  else sql.run('insert into guard_cause (reconcile, cause, says, since, told) values (?,?,?,?,?) on conflict (reconcile, cause) do update set says = excluded.says, told = excluded.told', b.reconcile, b.cause, b.says, b.at, b.at)
}

/** It was taken out of the configuration: nothing pages for it any more; what it remembers stays for when it comes back. */
export const applyReconcileLeft = (sql: Sql, entry: Entry): void => void sql.run('delete from guard_cause where reconcile = ?', (entry.body as { reconcile: string }).reconcile)
