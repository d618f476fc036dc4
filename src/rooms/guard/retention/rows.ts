// Retention's tables. What should be there, and what people hold, are folded from the ledger; how long something has been found superfluous is a
// working row: lost, it begins anew, and nothing goes sooner for that.
import { createHash } from 'node:crypto'
import type { Entry } from '../../../core/ledger.ts'
import { minutes, type Instant, type Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { StoreClock } from '../../../ports/store.ts'
import { asideOf, isOpen, type Life } from '../acts/life.ts'
import { loadObject } from '../acts/rows.ts'
import type { Moment } from '../reconcile/margins.ts'
import type { CopyBody } from '../rows.ts'
import { jobOf, parseJob } from './job.ts'
import { nameOf, type Known, type Mark, type Place } from './shelf.ts'

export const TABLES = `
create table if not exists guard_expected (set_ text not null, store text not null, name text not null, key text not null, version text not null, etag text not null,
  primary key (set_, store, name)) strict, without rowid;
create table if not exists guard_hold (set_ text not null, key text not null, by_ text not null, reason text not null, at integer not null, primary key (set_, key)) strict, without rowid;
create table if not exists guard_shelf (set_ text not null, store text not null, identity text not null, clock text, primary key (set_, store)) strict, without rowid;
create table if not exists guard_mark (set_ text not null, store text not null, name text not null, since text not null, mark text, primary key (set_, store, name)) strict, without rowid;
create table if not exists guard_most (set_ text not null, store text not null, most integer not null, at integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_returned (set_ text not null, store text not null, key text not null, modified_at integer, at integer not null, primary key (set_, store, key)) strict, without rowid;
create table if not exists guard_refused (set_ text not null, store text not null, why text not null, wall integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_refused_well (set_ text not null, store text not null, listed integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_evaluated (set_ text not null, store text not null, wall integer not null, found integer not null, primary key (set_, store, wall)) strict, without rowid;
`

export const PROJECTIONS = ['guard_expected', 'guard_hold', 'guard_most', 'guard_returned']

const placeOf = ({ key, version, etag }: { readonly key: string; readonly version: string; readonly etag: string }): Place => ({ key, etag, ...(version === '' ? {} : { versionId: version }) })

export const applyAppeared = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody
  sql.run('insert into guard_expected (set_, store, name, key, version, etag) values (?,?,?,?,?,?) on conflict do nothing', b.set, b.store, nameOf(placeOf(b)), b.key, b.version, b.etag)
  sql.run('delete from guard_returned where set_ = ? and store = ? and key = ?', b.set, b.store, b.key)
}

/** What whoever rotates a set takes away, or writes anew by a second run, is not missed. */
export const applyVanished = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody & { readonly by?: string }
  if (b.by === 'rotation' || b.by === 'repeat') sql.run('delete from guard_expected where set_ = ? and store = ? and name = ?', b.set, b.store, nameOf(placeOf(b)))
}

/** A person said that what vanished was meant to. */
export const applyAccepted = (sql: Sql, entry: Entry): void => {
  const { set, store, names, moved } = entry.body as { set: string; store: string; names: readonly string[]; moved?: boolean }
  // Which store it is, the next listing says.
  if (moved === true) sql.run('delete from guard_shelf where set_ = ? and store = ?', set, store)
  for (const name of names) sql.run('delete from guard_expected where set_ = ? and store = ? and name = ?', set, store, name)
}

export const applyLeft = (sql: Sql, entry: Entry): void => {
  const { set, store } = entry.body as { set: string; store: string }
  for (const table of ['guard_expected', 'guard_shelf', 'guard_mark', 'guard_evaluated', 'guard_most', 'guard_refused', 'guard_refused_well', 'guard_returned']) sql.run(`delete from ${table} where set_ = ? and store = ?`, set, store)
}

export const applyHeld = (sql: Sql, entry: Entry): void => {
  const { set, key, by, reason, at } = entry.body as { set: string; key: string; by: string; reason: string; at: number }
  sql.run('insert into guard_hold (set_, key, by_, reason, at) values (?,?,?,?,?) on conflict do update set by_ = excluded.by_, reason = excluded.reason, at = excluded.at', set, key, by, reason, at)
}

export const applyHoldEnded = (sql: Sql, entry: Entry): void => {
  const { set, key } = entry.body as { set: string; key: string }
  sql.run('delete from guard_hold where set_ = ? and key = ?', set, key)
}

/** A person has seen that so many could go at once, and said that they may. */
export const applyMost = (sql: Sql, entry: Entry): void => {
  const { set, store, most, at } = entry.body as { set: string; store: string; most: number; at: number }
  sql.run('insert into guard_most (set_, store, most, at) values (?,?,?,?) on conflict do update set most = excluded.most, at = excluded.at', set, store, most, at)
}

export const loadMost = (sql: Sql, set: string, store: string): { readonly most: number; readonly at: Instant } | undefined =>
  sql.get<{ most: number; at: Instant }>('select most, at from guard_most where set_ = ? and store = ?', set, store)

/** Why the last evaluation was refused, and when people were last told. */
export const loadRefused = (sql: Sql, set: string, store: string): { readonly why: string; readonly wall: Instant } | undefined =>
  sql.get<{ why: string; wall: Instant }>('select why, wall from guard_refused where set_ = ? and store = ?', set, store)

export const saveRefused = (sql: Sql, set: string, store: string, why: string, wall: Instant): void =>
  void sql.run('insert into guard_refused (set_, store, why, wall) values (?,?,?,?) on conflict do update set why = excluded.why, wall = excluded.wall', set, store, why, Math.floor(wall))

export const forgetRefused = (sql: Sql, set: string, store: string): void => void sql.run('delete from guard_refused where set_ = ? and store = ?', set, store)

/** Where nothing is judged any more, why it was refused last is forgotten: when it is judged again, a refusal is news. */
export function forgetRefusedBut(sql: Sql, judged: (set: string, store: string) => boolean): void {
  for (const { set_, store } of sql.all<{ set_: string; store: string }>('select set_, store from guard_refused union select set_, store from guard_refused_well')) {
    if (judged(set_, store)) continue
    forgetRefused(sql, set_, store)
    forgetWell(sql, set_, store)
  }
}

/** When the listing was by which a refused place was first found well again; nothing where the last judgement refused. */
export const loadWell = (sql: Sql, set: string, store: string): Instant | undefined => sql.get<{ listed: Instant }>('select listed from guard_refused_well where set_ = ? and store = ?', set, store)?.listed

export const saveWell = (sql: Sql, set: string, store: string, listed: Instant): void =>
  void sql.run('insert into guard_refused_well (set_, store, listed) values (?,?,?) on conflict do update set listed = excluded.listed', set, store, Math.floor(listed))

export const forgetWell = (sql: Sql, set: string, store: string): void => void sql.run('delete from guard_refused_well where set_ = ? and store = ?', set, store)

/** Keys that a person holds, in whatever store. */
export const loadHolds = (sql: Sql, set: string): ReadonlySet<string> => new Set(sql.all<{ key: string }>('select key from guard_hold where set_ = ?', set).map(({ key }) => key))

/** Who placed the hold of a copy; nothing where nobody holds it. */
export const loadHolder = (sql: Sql, set: string, key: string): string | undefined => sql.get<{ by_: string }>('select by_ from guard_hold where set_ = ? and key = ?', set, key)?.by_

/** What we have taken away ourselves, or are about to: nobody counts it as there, and nobody misses it. */
export interface Taken {
  readonly key: string
  readonly place: Place
  readonly life: Life
}

export const loadTaken = (sql: Sql, set: string, store: string): ReadonlyMap<string, Taken> => new Map(
  sql.all<{ key: string; life: string }>(`select key, life from guard_object where reconcile = ? and life_is in ('leaving', 'aside', 'returning', 'removing')`, jobOf(set, store)).flatMap((row): [string, Taken][] => {
    const life = JSON.parse(row.life) as Life
    const key = Buffer.from(row.key, 'hex').toString('utf8')
    const what = life.is === 'leaving' ? life.what : asideOf(life)
    if (what === undefined) return []
    const place: Place = { key, etag: what.etag, ...(what.versionId === undefined ? {} : { versionId: what.versionId }) }
    return [[nameOf(place), { key, place, life }]]
  }),
)

/** A listing takes no longer than this: one that was recorded later has begun after. */
const LONGEST_LISTING = minutes(65)

/** A copy that could still be brought back. `modifiedAt`: the store's word; absent where nobody took it down. */
export interface Restorable {
  readonly key: string
  readonly modifiedAt?: Instant
  /** Its store did something else than was asked, and nobody knows where it is: names just this loss, and what was said of it. */
  readonly lost?: { readonly seen: string; readonly says: string }
}

/**
 * What of a set could still be brought back, in whatever store it lies aside, or is about to; what came back and no listing has seen since; and what nobody
 * touches any more because its store did something else than was asked, unless a listing that began later showed that very version again.
 */
export const loadRestorable = (sql: Sql, set: string): readonly Restorable[] => {
  // All jobs of the set: from its name's "@" to the character after that one.
  const [from, to] = [jobOf(set, ''), `${jobOf(set, '').slice(0, -1)}A`]
  const away = sql.all<{ reconcile: string; key: string; version: number; life: string; modified_at: number | null; since: number | null; etag: string | null; listed: string | null }>(`select o.reconcile, o.key, o.version, o.life, r.modified_at, r.at as since, c.etag, c.version as listed
    from guard_object o left join guard_returned r on r.set_ = ? and r.store = substr(o.reconcile, ?) and r.key = cast(unhex(o.key) as text)
    left join guard_listing l on l.set_ = r.set_ and l.store = r.store and l.wall >= r.at + ? left join guard_copy c on c.set_ = l.set_ and c.store = l.store and c.key = r.key
    where o.reconcile >= ? and o.reconcile < ? and o.life_is in ('leaving', 'aside', 'returning', 'removing', 'lost')`, set, from.length + 1, LONGEST_LISTING, from, to).flatMap((row): Restorable[] => {
    const life = JSON.parse(row.life) as Life
    const key = Buffer.from(row.key, 'hex').toString('utf8')
    if (life.is === 'lost' && life.what !== undefined && row.etag === life.what.etag && row.listed === (life.what.versionId ?? '')) return []
    const modifiedAt = life.is === 'leaving' ? life.modifiedAt : life.is === 'lost' ? (row.modified_at ?? undefined) : asideOf(life)?.modifiedAt
    const lost = life.is === 'lost' ? { lost: { seen: lossOf(row), says: life.says } } : {}
    return [{ key, ...(modifiedAt === undefined ? {} : { modifiedAt: modifiedAt as Instant }), ...lost }]
  })
  const back = sql.all<{ key: string; modified_at: number | null }>(`select r.key, r.modified_at from guard_returned r left join guard_listing l on l.set_ = r.set_ and l.store = r.store
    where r.set_ = ? and (l.wall is null or l.wall < r.at + ?) and not exists (select 1 from guard_object o where o.reconcile = ? || r.store and o.key = lower(hex(r.key)) and o.life_is = 'lost')`, set, LONGEST_LISTING, from).map((row) => ({ key: row.key, ...(row.modified_at === null ? {} : { modifiedAt: row.modified_at as Instant }) }))
  return [...away, ...back]
}

/** Names one loss of one copy: the next of the same copy is another one. */
const lossOf = ({ reconcile, key, version, life, since }: { readonly reconcile: string; readonly key: string; readonly version: number; readonly life: string; readonly since: number | null }): string =>
  createHash('sha256').update(JSON.stringify([reconcile, key, version, life, since])).digest('hex').slice(0, 16)

/** Called before the object's own life is taken in: when what was away is back, or nobody knows where it is, how old it is would be forgotten with where it lay. */
export const applyReturned = (sql: Sql, entry: Entry): void => {
  const { reconcile, key, life, at } = entry.body as unknown as { reconcile: string; key: string; life: Life; at: number }
  const job = parseJob(reconcile)
  if (job === undefined) return
  const { life: former } = loadObject(sql, reconcile, key)
  const text = Buffer.from(key, 'hex').toString('utf8')
  if (life.is !== 'unmarked' && life.is !== 'flagged' && life.is !== 'lost') return void sql.run('delete from guard_returned where set_ = ? and store = ? and key = ?', job.set, job.store, text)
  if (!isOpen(former)) return
  const modifiedAt = former.is === 'leaving' ? former.modifiedAt : former.aside.modifiedAt
  sql.run('insert into guard_returned (set_, store, key, modified_at, at) values (?,?,?,?,?) on conflict do update set modified_at = excluded.modified_at, at = excluded.at', job.set, job.store, text, modifiedAt ?? null, at)
}

/** An act on a copy ended, or was looked at: what was removed, or taken by somebody else from where it lay aside (who is told), is missed by nobody, and what came back is new to us where a listing was without it. */
export const applyEnded = (sql: Sql, entry: Entry): void => {
  const { reconcile, key, life, act } = entry.body as unknown as { reconcile: string; key: string; life: Life; act: string }
  const job = parseJob(reconcile)
  const text = Buffer.from(key, 'hex').toString('utf8')
  if (job === undefined) return
  if (life.is === 'purged' || life.is === 'taken' || (act !== 'quarantine' && life.is === 'unmarked')) {
    sql.run(`delete from guard_expected where set_ = ? and store = ? and key = ? and not exists (select 1 from guard_copy c where c.set_ = guard_expected.set_ and c.store = guard_expected.store and c.key = guard_expected.key
      and c.version = guard_expected.version and c.etag = guard_expected.etag)`, job.set, job.store, text)
  }
}

/** What should be there, by the ledger, with since when and how often it was found superfluous. */
export function loadKnown(sql: Sql, set: string, store: string, taken: ReadonlyMap<string, Taken>): { readonly count: number; readonly copies: readonly Known[] } {
  const rows = sql.all<{ name: string; key: string; version: string; etag: string; since: string | null; mark: string | null }>(
    'select e.name, e.key, e.version, e.etag, m.since, m.mark from guard_expected e left join guard_mark m on m.set_ = e.set_ and m.store = e.store and m.name = e.name where e.set_ = ? and e.store = ?', set, store)
  const away = rows.filter(({ name }) => taken.has(name))
  const count = (sql.get<{ n: number }>('select count(*) as n from guard_expected where set_ = ? and store = ?', set, store)?.n ?? 0) - away.length
  // One that was never evaluated is known by its name alone: since when is not, and then nothing is over.
  return { count, copies: rows.filter(({ name }) => !taken.has(name)).map((row) => ({ place: placeOf(row), since: row.since === null ? NEVER : (JSON.parse(row.since) as Moment), ...(row.mark === null ? {} : { mark: JSON.parse(row.mark) as Mark }) })) }
}

/** What should be there and was not in the last listing, as it was. */
export const loadGone = (sql: Sql, set: string, store: string): readonly Place[] => {
  const taken = loadTaken(sql, set, store)
  return sql.all<{ key: string; version: string; etag: string }>(`select e.key, e.version, e.etag from guard_expected e
    where e.set_ = ? and e.store = ? and not exists (select 1 from guard_copy c where c.set_ = e.set_ and c.store = e.store and c.key = e.key and c.version = e.version and c.etag = e.etag) order by e.key`, set, store).map(placeOf).filter((it) => !taken.has(nameOf(it)))
}

/** Of what was not evaluated yet: nothing that is waited for since then is ever over. */
export const NEVER: Moment = { wall: Number.MAX_SAFE_INTEGER as Instant, lived: Number.MAX_SAFE_INTEGER as Span }

export function saveKnown(sql: Sql, set: string, store: string, copies: readonly Known[]): void {
  // What is just being set aside may turn out not to have been: its wait is not lost with a hand that died. What lies aside begins anew when it comes back.
  const leaving = [...loadTaken(sql, set, store)].filter(([, { life }]) => life.is === 'leaving').map(([name]) => name)
  sql.run('delete from guard_mark where set_ = ? and store = ? and name not in (select value from json_each(?))', set, store, JSON.stringify(leaving))
  for (const { place, since, mark } of copies) {
    sql.run('insert into guard_mark (set_, store, name, since, mark) values (?,?,?,?,?) on conflict do nothing', set, store, nameOf(place), JSON.stringify(since), mark === undefined ? null : JSON.stringify(mark))
  }
}

/** Which store it was at the first listing, and its clock at the last one. */
export const loadShelf = (sql: Sql, set: string, store: string): { readonly identity: string; readonly clock: StoreClock | undefined } | undefined => {
  const row = sql.get<{ identity: string; clock: string | null }>('select identity, clock from guard_shelf where set_ = ? and store = ?', set, store)
  return row && { identity: row.identity, clock: row.clock === null ? undefined : (JSON.parse(row.clock) as StoreClock) }
}

export const saveShelf = (sql: Sql, set: string, store: string, identity: string, clock: StoreClock): void =>
  void sql.run('insert into guard_shelf (set_, store, identity, clock) values (?,?,?,?) on conflict do update set clock = excluded.clock', set, store, identity, JSON.stringify(clock))

const MONTH = 30 * 86_400_000

/** The fewest copies that a healthy evaluation of the last 30 days found. */
export const loadFewest = (sql: Sql, set: string, store: string, wall: Instant): number | 'none' =>
  sql.get<{ n: number | null }>('select min(found) as n from guard_evaluated where set_ = ? and store = ? and wall > ?', set, store, Math.floor(wall) - MONTH)?.n ?? 'none'

export function saveEvaluated(sql: Sql, set: string, store: string, wall: Instant, found: number): void {
  sql.run('delete from guard_evaluated where set_ = ? and store = ? and wall <= ?', set, store, Math.floor(wall) - MONTH)
  sql.run('insert into guard_evaluated (set_, store, wall, found) values (?,?,?,?) on conflict do update set found = excluded.found', set, store, Math.floor(wall), found)
}
