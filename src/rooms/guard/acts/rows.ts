// The tables of what is done to objects: jobs, plans, lives, and what came of each act. All but the acts that wait are projections: each entry of a job's
// stream carries the job as it is from then on, each entry of an object's stream its life. The acts of a plan lie beside the ledger, and their digest in
// it: acts that were changed, or lost by a rebuild, are not what was sealed, and nothing of them is done.
import { createHash } from 'node:crypto'
import type { Identity } from '../../../core/authority/agreement.ts'
import { derivedId } from '../../../core/id.ts'
import { canonical, type Entry } from '../../../core/ledger.ts'
import { days, hours, later, type Due, type Instant, type Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Lock } from '../reconcile/cursor.ts'
import type { Flag, Margins } from '../reconcile/margins.ts'
import type { Item, Plan, Totals } from '../reconcile/plan.ts'
import { counted, NOTHING_YET, type Ended, type Tally } from './batch.ts'
import { NEW_JOB, type Asked, type Job } from './job.ts'
import { asideOf, isOpen, type Act, type Aside, type Life } from './life.ts'
import type { Approval } from './rulings.ts'

export const TABLES = `
create table if not exists guard_job (reconcile text primary key, version integer not null, job text not null, closed_seq integer not null) strict, without rowid;
create table if not exists guard_asked (agreement text primary key, asked text not null) strict, without rowid;
create table if not exists guard_used (agreement text primary key, reconcile text not null, at integer not null) strict, without rowid;
create table if not exists guard_approval (plan text primary key, approval text not null) strict, without rowid;
create table if not exists guard_accepted (reconcile text not null, what text not null, seen text not null, by_ text not null, at integer not null, primary key (reconcile, what, seen)) strict, without rowid;
create table if not exists guard_plan (id text primary key, reconcile text not null, at integer not null, plan text not null) strict, without rowid;
create index if not exists guard_plan_of on guard_plan (reconcile, at);
create table if not exists guard_object (reconcile text not null, key text not null, version integer not null, life_is text not null, life text not null, plan text not null, primary key (reconcile, key)) strict, without rowid;
create index if not exists guard_object_open on guard_object (reconcile, life_is) where life_is in ('leaving', 'returning', 'removing');
create table if not exists guard_held (reconcile text not null, key text not null, version integer not null, state text not null, by_ text not null, at integer not null, primary key (reconcile, key)) strict, without rowid;
create index if not exists guard_held_new on guard_held (reconcile, version) where state = 'new';
create table if not exists guard_ended (reconcile text not null, plan text not null, act text not null, ended text not null, at integer not null, lived integer not null, seq integer not null) strict;
create index if not exists guard_ended_at on guard_ended (reconcile, at);
create index if not exists guard_ended_of on guard_ended (plan);
create index if not exists guard_ended_since on guard_ended (reconcile, seq);
create table if not exists guard_act (plan text not null, n integer not null, act text not null, key text not null, given text not null, state text not null, says text not null, primary key (plan, n)) strict, without rowid;
create index if not exists guard_act_waiting on guard_act (plan, state);
`

export const PROJECTIONS = ['guard_job', 'guard_asked', 'guard_used', 'guard_approval', 'guard_accepted', 'guard_plan', 'guard_object', 'guard_held', 'guard_ended']

/** Plans and outcomes older than this are of no use to anybody but the ledger. */
const KEPT: Span = days(31)
const DAY: Span = hours(24)

/** An act of a plan, with what the run knew of its key. */
export interface Given {
  readonly item: Item
  readonly flag?: Flag
  readonly lock: Lock | 'none'
  readonly copied?: boolean
  readonly modifiedAt?: Instant
}

/** What is kept of a plan whose acts may be done. */
export interface PlanRow {
  readonly id: string
  readonly reconcile: string
  readonly hash: string
  readonly mode: Plan['mode']
  readonly binding: string | null
  readonly refusals: Plan['refusals']
  readonly totals: Totals
  /** Of the acts, in their order. */
  readonly digest: string
  /** As the configuration calls it, and as it said of itself. */
  readonly store: string
  readonly identity: string
  readonly margins: Margins
  /** For what puts aside: as long as what the run read is worth something. */
  readonly goodUntil: Due
  /** For a purge, which waits for people; absent where nothing is to be purged. */
  readonly purgeUntil?: Due
  /** What may be destroyed in one day here. */
  readonly perDay: number
  readonly at: Instant
}

export interface ActRow {
  readonly n: number
  readonly act: Act
  /** Bytes, in hex. */
  readonly key: string
  readonly given: Given
  readonly state: 'waiting' | 'begun' | 'over' | 'held'
}

export interface ObjectRow {
  readonly reconcile: string
  readonly key: string
  readonly version: number
  readonly life: Life
  readonly plan: string
}

/** Of what two people saw, in the order in which it would be done. */
export function digestOf(acts: readonly Pick<ActRow, 'act' | 'key' | 'given'>[]): string {
  const hash = createHash('sha256')
  for (const { act, key, given } of acts) {
    const text = canonical([act, key, given])
    hash.update(`${Buffer.byteLength(text)}:`).update(text)
  }
  return hash.digest('hex')
}

/** The strict stream of one object. */
export const objectStream = (reconcile: string, key: string): string => derivedId('obj', reconcile, key)
export const jobStream = (reconcile: string): string => `reconcile:${reconcile}`

// What entries do.

interface JobBody { readonly reconcile: string; readonly job: Omit<Job, 'version'>; readonly agreement?: string; readonly approval?: Approval & { readonly plan: string }; readonly plan?: PlanRow; readonly accepted?: { what: string; seen: string; by: string; undo?: boolean }; readonly held?: { readonly keys: readonly string[]; readonly by: string }; readonly at: Instant }

/** Of every entry of a job's stream: how it stands from here on, and the agreement that is used up by it. */
export function applyJob(sql: Sql, entry: Entry): void {
  const { reconcile, job, agreement, approval, plan, accepted, held, at } = entry.body as unknown as JobBody
  const closed = entry.is === 'guard.breakerClosed' ? entry.seq : 0
  sql.run('insert into guard_job (reconcile, version, job, closed_seq) values (?,?,?,?) on conflict (reconcile) do update set version = excluded.version, job = excluded.job, closed_seq = max(closed_seq, excluded.closed_seq)', reconcile, (entry.follows ?? 0) + 1, canonical(job), closed)
  // A second entry that names the same agreement breaks here: it is refused, and so is its whole turn.
  if (agreement !== undefined) sql.run('insert into guard_used (agreement, reconcile, at) values (?,?,?)', agreement, reconcile, at)
  if (approval !== undefined) sql.run('insert into guard_approval (plan, approval) values (?,?) on conflict (plan) do update set approval = excluded.approval', approval.plan, canonical(approval))
  if (accepted?.undo === true) sql.run('delete from guard_accepted where reconcile = ? and what = ? and seen = ?', reconcile, accepted.what, accepted.seen)
  else if (accepted !== undefined) sql.run('insert into guard_accepted (reconcile, what, seen, by_, at) values (?,?,?,?,?) on conflict (reconcile, what, seen) do update set by_ = excluded.by_, at = excluded.at', reconcile, accepted.what, accepted.seen, accepted.by, at)
  // Brought back by a person it stays, until a person says otherwise.
  for (const key of held?.keys ?? []) sql.run(`insert into guard_held (reconcile, key, version, state, by_, at) values (?,?,?,'new',?,?) on conflict (reconcile, key) do update set version = excluded.version, state = 'new', by_ = excluded.by_, at = excluded.at`, reconcile, key, (entry.follows ?? 0) + 1, held?.by ?? '', at)
  if (accepted?.what === 'unlock') sql.run(`update guard_held set state = 'lifted' where reconcile = ? and key = ?`, reconcile, accepted.seen)
  if (plan !== undefined) {
    sql.run('insert into guard_plan (id, reconcile, at, plan) values (?,?,?,?) on conflict (id) do nothing', plan.id, reconcile, plan.at, canonical(plan))
    sql.run('delete from guard_plan where reconcile = ? and at < ?', reconcile, plan.at - KEPT)
  }
}

export function applyAsked(sql: Sql, entry: Entry): void {
  const { agreement, asked } = entry.body as unknown as { agreement: string; asked: Asked }
  sql.run('insert into guard_asked (agreement, asked) values (?,?)', agreement, canonical(asked))
}

interface ObjectBody { readonly reconcile: string; readonly key: string; readonly life: Life; readonly plan: string; readonly ended?: Ended; readonly act?: Act; readonly at: Instant; readonly lived: number }

/** Of every entry of an object's stream. */
export function applyObject(sql: Sql, entry: Entry): void {
  const { reconcile, key, life, plan, ended, act, at, lived } = entry.body as unknown as ObjectBody
  sql.run('insert into guard_object (reconcile, key, version, life_is, life, plan) values (?,?,?,?,?,?) on conflict (reconcile, key) do update set version = excluded.version, life_is = excluded.life_is, life = excluded.life, plan = excluded.plan',
    reconcile, key, (entry.follows ?? 0) + 1, life.is, canonical(life), plan)
  if (ended === undefined || act === undefined) return
  sql.run('insert into guard_ended (reconcile, plan, act, ended, at, lived, seq) values (?,?,?,?,?,?,?)', reconcile, plan, act, ended, at, lived, entry.seq)
  // By both clocks: one step of the wall clock forgets nothing. And what a half-open breaker counts stays for as long as it is half open.
  sql.run(`delete from guard_ended where reconcile = ? and at < ? and lived < ? and not exists
    (select 1 from guard_job j where j.reconcile = guard_ended.reconcile and guard_ended.seq > j.closed_seq and json_extract(j.job, '$.breaker.is') = 'half')`, reconcile, at - KEPT, lived - KEPT)
}

// What is asked of the tables.

export function loadJob(sql: Sql, reconcile: string): Job {
  const row = sql.get<{ version: number; job: string }>('select version, job from guard_job where reconcile = ?', reconcile)
  return row ? { ...NEW_JOB, ...(JSON.parse(row.job) as Omit<Job, 'version'>), version: row.version } : NEW_JOB
}

/** The jobs that people have armed, with what they armed. */
export const armedJobs = (sql: Sql): { readonly reconcile: string; readonly binding: string }[] =>
  sql.all<{ reconcile: string; binding: string }>(`select reconcile, json_extract(job, '$.arming.binding') as binding from guard_job where json_extract(job, '$.arming.binding') is not null order by reconcile`)

export const loadAsked = (sql: Sql, agreement: string): Asked | undefined => {
  const row = sql.get<{ asked: string }>('select asked from guard_asked where agreement = ?', agreement)
  return row && (JSON.parse(row.asked) as Asked)
}

/** So many agreements go on at a time, at most. */
const MOST_ASKED = 100
/** Agreements by which a job could still be armed, alone or with others, the newest first; some of them may have lapsed, or been refused. */
export const askedToArm = (sql: Sql, reconcile: string): string[] =>
  sql.all<{ agreement: string }>(`select agreement from guard_asked where json_extract(asked, '$.is') = 'arm' and agreement not in (select agreement from guard_used)
    and (json_extract(asked, '$.reconcile') = ? or exists (select 1 from json_each(asked, '$.also') where json_extract(value, '$.reconcile') = ?)) order by agreement desc limit ?`, reconcile, reconcile, MOST_ASKED).map(({ agreement }) => agreement)

export const isUsed = (sql: Sql, agreement: string): boolean => sql.get('select 1 as x from guard_used where agreement = ?', agreement) !== undefined

export function loadApproval(sql: Sql, plan: string): Approval | undefined {
  const row = sql.get<{ approval: string }>('select approval from guard_approval where plan = ?', plan)
  return row && (JSON.parse(row.approval) as Approval & { people: Identity[] })
}

export function loadPlan(sql: Sql, id: string): PlanRow | undefined {
  const row = sql.get<{ plan: string }>('select plan from guard_plan where id = ?', id)
  return row && (JSON.parse(row.plan) as PlanRow)
}

/** That of the latest run; for what a person brings back, its store. */
export function latestPlan(sql: Sql, reconcile: string): PlanRow | undefined {
  const { latest } = loadJob(sql, reconcile)
  return latest && loadPlan(sql, latest.plan)
}

interface Waiting extends Record<string, unknown> { n: number; act: Act; key: string; given: string; state: ActRow['state'] }

/** The acts of a plan, in its order. */
export const loadActs = (sql: Sql, plan: string): ActRow[] =>
  sql.all<Waiting>('select n, act, key, given, state from guard_act where plan = ? order by n', plan).map(({ n, act, key, given, state }) => ({ n, act, key, state, given: JSON.parse(given) as Given }))

interface Kept extends Record<string, unknown> { plan: string; reconcile: string | null }
const keptWhere = (where: string): string => `select a.plan as plan, p.reconcile as reconcile from (select distinct plan from guard_act ${where}) a left join guard_plan p on p.id = a.plan order by p.at desc, a.plan`

/** All plans whose acts are kept, the newest first. */
export const keptPlans = (sql: Sql): Kept[] => sql.all<Kept>(keptWhere(''))

/** Those with acts that may be waiting for a hand: a purge waits for people first. */
export const waitingPlans = (sql: Sql): Kept[] => sql.all<Kept>(keptWhere(`where state = 'waiting' and (act <> 'purge' or plan in (select plan from guard_approval))`))

export function saveActs(sql: Sql, plan: string, acts: readonly Pick<ActRow, 'act' | 'key' | 'given'>[], from = 0): void {
  for (const [n, { act, key, given }] of acts.entries()) sql.run(`insert into guard_act (plan, n, act, key, given, state, says) values (?,?,?,?,?,'waiting','')`, plan, from + n, act, key, canonical(given))
}

export const moveAct = (sql: Sql, plan: string, n: number, state: ActRow['state'], says = ''): void => void sql.run('update guard_act set state = ?, says = ? where plan = ? and n = ?', state, says.slice(0, 500), plan, n)

/** Forgets acts of plans that nothing can be done with any more. */
export const dropActs = (sql: Sql, plan: string): void => void sql.run('delete from guard_act where plan = ?', plan)

export function loadObject(sql: Sql, reconcile: string, key: string): ObjectRow {
  const row = sql.get<{ version: number; life: string; plan: string }>('select version, life, plan from guard_object where reconcile = ? and key = ?', reconcile, key)
  return row ? { reconcile, key, version: row.version, life: JSON.parse(row.life) as Life, plan: row.plan } : { reconcile, key, version: 0, life: { is: 'unmarked' }, plan: '' }
}

/** What was begun and of which nobody knows the outcome, in the order of keys. */
export const openObjects = (sql: Sql, most: number): ObjectRow[] =>
  sql.all<{ reconcile: string; key: string; version: number; life: string; plan: string }>(`select reconcile, key, version, life, plan from guard_object where life_is in ('leaving', 'returning', 'removing') order by reconcile, key limit ?`, most)
    .map((row) => ({ ...row, life: JSON.parse(row.life) as Life }))
    .filter(({ life }) => isOpen(life))

/** Whether anything of a job was begun and not heard of again. */
export const hasOpen = (sql: Sql, reconcile: string): boolean => sql.get(`select 1 as x from guard_object where reconcile = ? and life_is in ('leaving', 'returning', 'removing') limit 1`, reconcile) !== undefined

/** Everything of one job that lies aside, in the order of keys: what a run is told of. */
export function* asides(sql: Sql, reconcile: string): IterableIterator<{ readonly key: string; readonly aside: Aside }> {
  for (const { key, life } of sql.each<{ key: string; life: string }>(`select key, life from guard_object where reconcile = ? and life_is in ('aside', 'returning', 'removing') order by key`, reconcile)) {
    const aside = asideOf(JSON.parse(life) as Life)
    if (aside) yield { key, aside }
  }
}

/** Acts that destroyed something within the last day by either clock: whichever says more. */
export const actsToday = (sql: Sql, reconcile: string, now: { readonly wall: Instant; readonly lived: Span }): number =>
  sql.get<{ n: number }>(`select count(*) as n from guard_ended where reconcile = ? and act <> 'release' and ended = 'done' and (at > ? or lived > ?)`, reconcile, now.wall - DAY, now.lived - DAY)?.n ?? 0

/** What was put aside of a job since two people closed its breaker last, with what is on its way: by the order of entries, which no clock changes. */
export function passedSince(sql: Sql, reconcile: string): number {
  const closed = sql.get<{ seq: number }>('select closed_seq as seq from guard_job where reconcile = ?', reconcile)?.seq ?? 0
  const went = sql.get<{ n: number }>(`select count(*) as n from guard_ended where reconcile = ? and seq > ? and act = 'quarantine' and ended in ('done', 'lost')`, reconcile, closed)?.n ?? 0
  // In the words of the index, or every object of the job is read.
  return went + (sql.get<{ n: number }>(`select count(*) as n from guard_object where reconcile = ? and life_is in ('leaving', 'returning', 'removing') and life_is = 'leaving'`, reconcile)?.n ?? 0)
}

/** What came of the acts of one plan so far. */
export const tallyOf = (sql: Sql, plan: string, after = 0): Tally =>
  sql.all<{ ended: Ended }>(`select ended from guard_ended where plan = ? and act <> 'release' and seq > ? order by seq`, plan, after).reduce((tally, { ended }) => counted(tally, ended), NOTHING_YET)

/**
 * Of the newest plan that anything was done with, what came of it since a run judged that last: what the breaker of the next run is told. What tripped
 * it once is latched by it, and would keep it open for ever if it were told again. `through`: the last entry that is counted.
 */
export function lastBatch(sql: Sql, reconcile: string, judged = 0): LastBatch {
  const last = sql.get<{ plan: string; seq: number }>(`select plan, seq from guard_ended where reconcile = ? and act <> 'release' and seq > ? order by seq desc limit 1`, reconcile, judged)
  if (last === undefined) return { tried: 0, failed: 0, preconditions: 0, through: judged }
  const { tried, failed, lost, changed } = tallyOf(sql, last.plan, judged)
  return { tried, failed: failed + lost, preconditions: changed, through: last.seq }
}

export interface LastBatch { readonly tried: number; readonly failed: number; readonly preconditions: number; readonly through: number }

export interface HeldRow extends Record<string, unknown> { readonly key: string; readonly version: number; readonly state: 'new' | 'told' | 'lifted'; readonly by_: string }

/** What a person has said of this key by bringing it back. */
export const loadHeld = (sql: Sql, reconcile: string, key: string): HeldRow | undefined => sql.get<HeldRow>('select key, version, state, by_ from guard_held where reconcile = ? and key = ?', reconcile, key)

/** What was brought back by people since a run was told, the oldest first, no more than `most`. `through`: the last version of the job of which all is in it. */
export function newlyHeld(sql: Sql, reconcile: string, most: number): { readonly keys: readonly { readonly key: string; readonly by: string }[]; readonly through: number } {
  const rows = sql.all<{ key: string; version: number; by_: string }>(`select key, version, by_ from guard_held where reconcile = ? and state = 'new' order by version, key limit ?`, reconcile, most + 1)
  const cut = rows.length > most ? (rows.at(-1)?.version ?? 0) : Number.POSITIVE_INFINITY
  const whole = rows.filter(({ version }) => version < cut)
  return { keys: whole.map(({ key, by_: by }) => ({ key, by })), through: whole.at(-1)?.version ?? 0 }
}

/** A run has taken them in: from here on its memory knows of them. */
export const markHeld = (sql: Sql, reconcile: string, through: number): void => void sql.run(`update guard_held set state = 'told' where reconcile = ? and state = 'new' and version <= ?`, reconcile, through)

/** The newest plan whose run saw its store: which one that was. */
export function identityOfStore(sql: Sql, reconcile: string): string | undefined {
  for (const { plan } of sql.each<{ plan: string }>('select plan from guard_plan where reconcile = ? order by at desc', reconcile)) {
    const { identity } = JSON.parse(plan) as PlanRow
    if (identity !== '') return identity
  }
  return undefined
}

export interface AcceptedRow extends Record<string, unknown> { readonly what: string; readonly seen: string; readonly by_: string; readonly at: Instant }

/** What was accepted once and for all lapses: who still means it says it again. */
export const ACCEPTED_FOR: Span = days(90)
const LAPSING: readonly string[] = ['gap', 'gone']

export const lapsesAt = ({ what, at }: Pick<AcceptedRow, 'what' | 'at'>): Instant | undefined => (LAPSING.includes(what) ? later(at, ACCEPTED_FOR) : undefined)

/** Those that hold now. */
export const standingOf = (rows: readonly AcceptedRow[], now: Instant): AcceptedRow[] => rows.filter((row) => (lapsesAt(row) ?? Infinity) > now)

/** What people have accepted, the oldest first. */
export const loadAccepted = (sql: Sql, reconcile: string): AcceptedRow[] => sql.all<AcceptedRow>('select what, seen, by_, at from guard_accepted where reconcile = ? order by at, what, seen', reconcile)
