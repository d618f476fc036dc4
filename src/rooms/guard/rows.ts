// The guard room's tables. Copies, what was proven of them, and how each set stands are folded from the ledger; when a listing was last had is
// a working row, since nobody is held to account for a look.
import { tickOf, type Instant, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Entry } from '../../core/ledger.ts'
import type { Sql } from '../../db/sql.ts'
import type { Copy, Listing, Side, Verdict } from './sets/judge.ts'

export const TABLES = `
create table if not exists guard_copy (set_ text not null, store text not null, key text not null, version text not null, etag text not null, bytes integer not null,
  modified_at integer not null, seen_at integer not null, primary key (set_, store, key)) strict, without rowid;
create table if not exists guard_proof (set_ text not null, store text not null, key text not null, etag text not null, rung integer not null, at integer not null, says text not null,
  primary key (set_, store, key, etag, rung)) strict, without rowid;
create table if not exists guard_side (set_ text not null, store text not null, side text not null, says text not null, since integer not null, primary key (set_, store)) strict, without rowid;
create table if not exists guard_listing (set_ text not null, store text not null, wall integer, tick integer, boot text, identity text, failed text,
  asked_tick integer not null, asked_boot text not null,
  primary key (set_, store)) strict, without rowid;
create table if not exists guard_down (name text primary key) strict, without rowid;
`

export const PROJECTIONS = ['guard_copy', 'guard_proof', 'guard_side', 'guard_down']

/** What entries about one copy carry. `version` is empty where the store keeps none. */
export interface CopyBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly key: string; readonly version: string; readonly etag: string; readonly bytes: number; readonly modifiedAt: number; readonly at: number
}

export const applyAppeared = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody
  sql.run(`insert into guard_copy (set_, store, key, version, etag, bytes, modified_at, seen_at) values (?,?,?,?,?,?,?,?)
    on conflict do update set version = excluded.version, etag = excluded.etag, bytes = excluded.bytes, modified_at = excluded.modified_at, seen_at = excluded.seen_at`,
    b.set, b.store, b.key, b.version, b.etag, b.bytes, b.modifiedAt, b.at)
}

/** What was proven of bytes that are gone says nothing of others under the same name: proofs are kept by the copy's etag. */
export const applyVanished = (sql: Sql, entry: Entry): void => {
  const b = entry.body as CopyBody
  sql.run('delete from guard_copy where set_ = ? and store = ? and key = ?', b.set, b.store, b.key)
  sql.run('delete from guard_proof where set_ = ? and store = ? and key = ?', b.set, b.store, b.key)
}

/** A rung of the ladder was reached by a copy, or (negative) it was lost: `says` is what was found. */
export interface ProvedBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly key: string; readonly etag: string; readonly rung: number; readonly says: string; readonly at: number
}

export const applyProved = (sql: Sql, entry: Entry): void => {
  const b = entry.body as ProvedBody
  sql.run(`insert into guard_proof (set_, store, key, etag, rung, at, says) values (?,?,?,?,?,?,?)
    on conflict do update set at = excluded.at, says = excluded.says`, b.set, b.store, b.key, b.etag, b.rung, b.at, b.says)
}

/** What was found to be bad has no rung any more. */
export const applyDisproved = (sql: Sql, entry: Entry): void => {
  const b = entry.body as ProvedBody
  sql.run('delete from guard_proof where set_ = ? and store = ? and key = ? and etag = ?', b.set, b.store, b.key, b.etag)
}

export interface TurnedBody extends Record<string, unknown> {
  readonly set: string; readonly store: string; readonly from: Side | 'new'; readonly to: Side; readonly says: string; readonly of: string; readonly root: string; readonly escalate: string; readonly at: number
  /** All that is wrong, the worst first. */
  readonly findings: readonly Verdict[]
}

export const applyTurned = (sql: Sql, entry: Entry): void => {
  const b = entry.body as TurnedBody
  sql.run(`insert into guard_side (set_, store, side, says, since) values (?,?,?,?,?)
    on conflict do update set side = excluded.side, says = excluded.says, since = excluded.since`, b.set, b.store, b.to, b.says, b.at)
}

export const applyLeft = (sql: Sql, entry: Entry): void => {
  const { set, store } = entry.body as { set: string; store: string }
  for (const table of ['guard_copy', 'guard_proof', 'guard_side', 'guard_listing']) sql.run(`delete from ${table} where set_ = ? and store = ?`, set, store)
}

export const applyWatchTurned = (sql: Sql, entry: Entry): void => {
  const { check, to } = entry.body as { check: string; to: string }
  if (to === 'down') sql.run('insert into guard_down (name) values (?) on conflict do nothing', check)
  else sql.run('delete from guard_down where name = ?', check)
}

export const applyCheckRemoved = (sql: Sql, entry: Entry): void => void sql.run('delete from guard_down where name = ?', (entry.body as { check: string }).check)

/** Whether Holdfast watches it as down. */
export const isDown = (sql: Sql, check: string): boolean => sql.get('select 1 as one from guard_down where name = ?', check) !== undefined

interface CopyRow extends Record<string, unknown> { key: string; version: string; etag: string; bytes: number; modified_at: number; seen_at: number }

export interface KnownCopy extends Copy {
  /** When it was first seen as it is. */
  readonly seenAt: Instant
}

export const loadCopies = (sql: Sql, set: string, store: string): KnownCopy[] =>
  sql.all<CopyRow>('select key, version, etag, bytes, modified_at, seen_at from guard_copy where set_ = ? and store = ? order by key', set, store).map((row) => ({
    key: row.key, etag: row.etag, bytes: row.bytes, modifiedAt: row.modified_at as Instant, seenAt: row.seen_at as Instant, ...(row.version === '' ? {} : { versionId: row.version }),
  }))

export interface Proof {
  readonly key: string
  readonly etag: string
  readonly rung: number
  readonly at: Instant
  readonly says: string
}

/** The newest proof of each rung. */
export const loadProofs = (sql: Sql, set: string, store: string): Proof[] =>
  sql.all<{ key: string; etag: string; rung: number; at: number; says: string }>('select key, etag, rung, at, says from guard_proof where set_ = ? and store = ?', set, store)
    .map((row) => ({ ...row, at: row.at as Instant }))

export interface SideRow extends Record<string, unknown> { set_: string; store: string; side: Side; says: string; since: number }
export const loadSides = (sql: Sql): SideRow[] => sql.all<SideRow>('select * from guard_side order by set_, store')
export const loadSide = (sql: Sql, set: string, store: string): SideRow | undefined => sql.get<SideRow>('select * from guard_side where set_ = ? and store = ?', set, store)

interface ListingRow extends Record<string, unknown> { wall: number | null; tick: number | null; boot: string | null; identity: string | null; failed: string | null }

export interface KnownListing extends Listing {
  readonly identity: string | undefined
}

/** Of another boot nobody knows the age by the clock that counts; the wall clock then says it, and never less than nothing. */
export function ageOfLook({ wall, tick, boot }: { readonly wall: number; readonly tick: number; readonly boot: string | null }, now: Now): Span | undefined {
  const age = boot === now.boot ? now.tick - tick : now.wall - wall
  return age < 0 ? undefined : (age as Span)
}

/** The last whole listing, how old it is, and why the last try failed where it did. */
export function loadListing(sql: Sql, set: string, store: string, now: Now): KnownListing {
  const row = sql.get<ListingRow>('select wall, tick, boot, identity, failed from guard_listing where set_ = ? and store = ?', set, store)
  const failed = typeof row?.failed === 'string' ? { failed: row.failed } : {}
  const identity = row?.identity ?? undefined
  if (row === undefined || row.wall === null || row.tick === null) return { age: undefined, identity, ...failed }
  return { at: row.wall as Instant, age: ageOfLook({ wall: row.wall, tick: row.tick, boot: row.boot }, now), identity, ...failed }
}

/** Which store the last whole listing was of. */
export const loadIdentity = (sql: Sql, set: string, store: string): string | undefined =>
  sql.get<{ identity: string | null }>('select identity from guard_listing where set_ = ? and store = ?', set, store)?.identity ?? undefined

/** When the last whole listing was had, by the clock that nobody sets. */
export function loadStamp(sql: Sql, set: string, store: string): Stamp | undefined {
  const row = sql.get<{ tick: number | null; boot: string | null }>('select tick, boot from guard_listing where set_ = ? and store = ?', set, store)
  return row && row.tick !== null && row.boot !== null ? { tick: tickOf(row.tick), boot: row.boot } : undefined
}

/** From when on an answer is awaited, by the clock that nobody sets; after a reboot anew. */
export const markAsked = ({ sql, now }: { readonly sql: Sql; readonly now: Now }, set: string, store: string): void =>
  void sql.run(`insert into guard_listing (set_, store, asked_tick, asked_boot) values (?,?,?,?)
    on conflict do update set asked_tick = excluded.asked_tick, asked_boot = excluded.asked_boot where asked_boot <> excluded.asked_boot`, set, store, Math.floor(now.tick), now.boot)

/** Since when an answer is awaited. */
export function loadAsked(sql: Sql, set: string, store: string): Stamp | undefined {
  const row = sql.get<{ asked_tick: number; asked_boot: string }>('select asked_tick, asked_boot from guard_listing where set_ = ? and store = ?', set, store)
  return row && { tick: tickOf(row.asked_tick), boot: row.asked_boot }
}

export const saveListed = (sql: Sql, set: string, store: string, now: Now, identity: string): void =>
  void sql.run(`insert into guard_listing (set_, store, wall, tick, boot, identity, failed, asked_tick, asked_boot) values (?,?,?,?,?,?,null,?,?)
    on conflict do update set wall = excluded.wall, tick = excluded.tick, boot = excluded.boot, identity = excluded.identity, failed = null`,
    set, store, Math.floor(now.wall), Math.floor(now.tick), now.boot, identity, Math.floor(now.tick), now.boot)

export const saveNotListed = (sql: Sql, set: string, store: string, now: Now, says: string): void =>
  void sql.run(`insert into guard_listing (set_, store, failed, asked_tick, asked_boot) values (?,?,?,?,?) on conflict do update set failed = excluded.failed`,
    set, store, says.slice(0, 500), Math.floor(now.tick), now.boot)
