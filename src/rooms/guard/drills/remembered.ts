// What drills said of a set in a store, beyond the life of the copies they said it of: a copy goes, by rotation or by `keep`, and what its restore found is
// still the last that anybody knows. It speaks for or against the set alone; what is proven of a copy ends with that copy and is kept elsewhere (rows.ts).
// Folded from the ledger.
import type { Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import { loadCopies, type CopyBody } from '../rows.ts'
import type { Verdict } from './ladder.ts'
import { loadDrills, type DrilledBody } from './rows.ts'

export const TABLES = `
create table if not exists guard_drill_word (set_ text not null, store text not null, word text not null, key text not null, etag text not null, copy_at integer, at integer not null,
  verdict text not null, says text not null, ended_at integer, primary key (set_, store, word)) strict, without rowid;
create table if not exists guard_seen (set_ text not null, store text not null, at integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_drill_wanted (set_ text not null, store text not null, at integer not null, primary key (set_, store)) strict, without rowid;
`

/** Not among them: since when drills are wanted, which is in no ledger. */
export const PROJECTIONS = ['guard_drill_word', 'guard_seen']

/** One drill, of a copy that may be gone. */
export interface Word {
  readonly key: string
  readonly etag: string
  readonly at: Instant
  readonly verdict: Verdict
  readonly says: string
}

/** Of all drills of a set in one store, whatever became of their copies. */
export interface Words {
  /** The last, also where it could not tell. */
  readonly last?: Word
  /** The last that failed; absent once any has passed since. */
  readonly failed?: Word
  /** The last that passed and is believed. */
  readonly passed?: Word
  /** What came of the newest copy of which a drill could tell: what an older copy shows later ends nothing. */
  readonly newest?: Word
}

/** `ended`: the failure that a pass has ended, kept for the case that the pass is worth nothing. */
type Which = keyof Words | 'ended'

export function applyRemembered(sql: Sql, entry: Entry): void {
  const b = entry.body as DrilledBody
  // The set has left the store meanwhile: nothing is asked of it any more.
  if (b.gone === true && seenAt(sql, b.set, b.store) === undefined) return
  const keep = (word: Which): unknown => sql.run(`insert into guard_drill_word (set_, store, word, key, etag, copy_at, at, verdict, says) values (?,?,?,?,?,?,?,?,?)
    on conflict do update set key = excluded.key, etag = excluded.etag, copy_at = excluded.copy_at, at = excluded.at, verdict = excluded.verdict, says = excluded.says`,
    b.set, b.store, word, b.key, b.etag, b.of ?? null, b.at, b.verdict, b.says)
  keep('last')
  if (b.verdict === 'unknown') return
  if (isNewest(sql, b)) keep('newest')
  keep(b.verdict)
  if (b.verdict !== 'passed') return
  sql.run(`insert into guard_drill_word (set_, store, word, key, etag, copy_at, at, verdict, says, ended_at) select set_, store, 'ended', key, etag, copy_at, at, verdict, says, ? from guard_drill_word where set_ = ? and store = ? and word = 'failed'
    on conflict do update set key = excluded.key, etag = excluded.etag, copy_at = excluded.copy_at, at = excluded.at, says = excluded.says, ended_at = excluded.ended_at`, b.at, b.set, b.store)
  sql.run(`delete from guard_drill_word where set_ = ? and store = ? and word = 'failed'`, b.set, b.store)
}

/** Not older than the newest one drilled, or the newest that was there at all: then that one is gone. */
function isNewest(sql: Sql, { set, store, key, etag, of: at, newest }: DrilledBody): boolean {
  const had = sql.get<{ key: string; etag: string; copy_at: number | null }>(`select key, etag, copy_at from guard_drill_word where set_ = ? and store = ? and word = 'newest'`, set, store)
  return newest === true || had === undefined || had.copy_at === null || at === undefined || at >= had.copy_at || (key === had.key && etag === had.etag)
}

/** The first copy of the set in a store; that it goes does not make the set younger. */
export const applySeen = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody & { readonly objects?: number }
  // An empty bucket is no copy of anything.
  if (b.objects === 0) return
  sql.run('insert into guard_seen (set_, store, at) values (?,?,?) on conflict do nothing', b.set, b.store, b.at)
}

const seenAt = (sql: Sql, set: string, store: string): number | undefined => sql.get<{ at: number }>('select at from guard_seen where set_ = ? and store = ?', set, store)?.at

export function applyForgotten(sql: Sql, entry: Entry): void {
  const b = entry.body as { set: string; store: string }
  for (const table of ['guard_drill_word', 'guard_seen']) sql.run(`delete from ${table} where set_ = ? and store = ?`, b.set, b.store)
}

/** What drills that cannot fail have passed is not known; a failure that they ended after `since` stands again. */
export function applyVoid(sql: Sql, set: string, { says, since }: { readonly says: string; readonly since: number }): void {
  sql.run(`insert into guard_drill_word (set_, store, word, key, etag, copy_at, at, verdict, says) select set_, store, 'failed', key, etag, copy_at, at, verdict, says from guard_drill_word where set_ = ? and word = 'ended' and ended_at > ? on conflict do nothing`, set, since)
  sql.run(`delete from guard_drill_word where set_ = ? and word = 'ended'`, set)
  sql.run(`delete from guard_drill_word where set_ = ? and word = 'passed'`, set)
  sql.run(`update guard_drill_word set verdict = 'unknown', says = ? where set_ = ? and verdict = 'passed'`, says, set)
}

export function loadWords(sql: Sql, set: string, store: string): Words {
  const rows = sql.all<{ word: Which; key: string; etag: string; at: number; verdict: Verdict; says: string }>('select word, key, etag, at, verdict, says from guard_drill_word where set_ = ? and store = ?', set, store)
  return Object.fromEntries(rows.flatMap(({ word, at, ...rest }) => (word === 'ended' ? [] : [[word, { ...rest, at: at as Instant }]])))
}

/** The last drill of a set that passed, in any of these stores, and whether its copy is gone; proof of nothing but that it passed. */
export function lastPassed(sql: Sql, set: string, stores: readonly string[]): (Word & { readonly store: string; readonly gone: boolean }) | undefined {
  const all = stores.flatMap((store) => {
    const { passed } = loadWords(sql, set, store)
    return passed ? [{ ...passed, store, gone: !loadCopies(sql, set, store).some(({ key, etag }) => key === passed.key && etag === passed.etag) }] : []
  })
  return all.toSorted((a, b) => b.at - a.at)[0]
}

/** What is said last of a set in a store: a failure that none has passed since stands before what nobody could tell. `gone`: of a copy that is not there any more. */
export function lastWord(sql: Sql, set: string, store: string): (Word & { readonly gone: boolean }) | undefined {
  const there = loadDrills(sql, set, store)
  const { failed, last } = loadWords(sql, set, store)
  const word = failed ?? [last, there[0]].flatMap((it) => it ?? []).toSorted((a, b) => b.at - a.at)[0]
  return word && { ...word, gone: !there.some(({ key, etag }) => key === word.key && etag === word.etag) }
}

/** Since when a restore might have been expected: copies were seen, and drills wanted; absent where either is not. */
export function expectedSince(sql: Sql, set: string, store: string): Instant | undefined {
  const seen = seenAt(sql, set, store)
  const wanted = sql.get<{ at: number }>('select at from guard_drill_wanted where set_ = ? and store = ?', set, store)?.at
  return seen === undefined || wanted === undefined ? undefined : (Math.max(seen, wanted) as Instant)
}

/** Where drills are wanted from now on. `drilled`: there were some before; then their time goes on. */
export function wantDrills(sql: Sql, places: readonly { readonly set: string; readonly store: string; readonly drilled: boolean }[], now: Instant): void {
  const wanted = new Set(places.map(({ set, store }) => JSON.stringify([set, store])))
  for (const { set_, store } of sql.all<{ set_: string; store: string }>('select set_, store from guard_drill_wanted')) {
    if (!wanted.has(JSON.stringify([set_, store]))) sql.run('delete from guard_drill_wanted where set_ = ? and store = ?', set_, store)
  }
  for (const { set, store, drilled } of places) sql.run('insert into guard_drill_wanted (set_, store, at) values (?,?,?) on conflict do nothing', set, store, drilled ? 0 : Math.floor(now))
}
