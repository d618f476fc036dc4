// Whether a copy is one that nobody can change: two things that were seen, and neither is believed alone. The store said of just this copy that it is locked, by a
// lock that no credential can shorten, until a time that is still ahead; and the same store was seen to refuse the delete of a canary that was locked so. What a
// store only says of itself earns nothing: some take a lock and then delete (s3rver does).
import type { Found } from '../../../core/evidence.ts'
import { days, minutes, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Lock } from '../../../ports/store.ts'
import { sayUtc } from '../../../words/moment.ts'
import type { CopyLock } from '../protocol.ts'
import { ageOfLook } from '../rows.ts'
import type { Copy } from './judge.ts'

/** Working rows: what was looked at, and when. Nobody is held to account for a look. */
export const LOCK_TABLES = `
create table if not exists guard_lock (set_ text not null, store text not null, key text not null, etag text not null, lock text not null, wall integer not null, tick integer not null, boot text not null,
  primary key (set_, store, key)) strict, without rowid;
create table if not exists guard_tried (store text primary key, identity text not null, lock text not null, says text not null, wall integer not null, tick integer not null, boot text not null) strict, without rowid;
create table if not exists guard_tried_open (store text primary key, identity text not null, says text not null, wall integer not null, tick integer not null, boot text not null) strict, without rowid;
`

/** A lock that was read is worth so long: it is read with each listing, and one that counts cannot have been shortened meanwhile. */
export const LOCK_GOOD: Span = days(2)
/** What was seen of a store's locks is worth so long. */
export const TRIED_GOOD: Span = days(30)
/** A store whose locks would earn something is tried out after so long again. */
export const TRY_AGAIN: Span = days(7)
/** Clocks may differ by so much before a time that is ahead may be past. */
const AHEAD: Span = minutes(5)

/** A store's locks, as they were tried out. */
export interface Tried {
  readonly identity: string
  readonly lock: Found
  /** How long ago; absent where nobody can say. */
  readonly age: Span | undefined
  /** The last try-out since then that could not tell: it takes nothing back of what was seen, and adds nothing to it. */
  readonly open?: { readonly identity: string; readonly says: string; readonly at: Instant; readonly age: Span | undefined }
}

/** What was read of one copy's lock. */
export interface LockRead extends CopyLock {
  readonly age: Span | undefined
}

interface Stamped extends Record<string, unknown> { wall: number; tick: number; boot: string }

const isFresh = (age: Span | undefined, good: Span): boolean => age !== undefined && age <= good

/** Those that were read with the last listing, in place of all before. */
export function saveLocks(sql: Sql, set: string, store: string, now: Now, locks: readonly CopyLock[]): void {
  sql.run('delete from guard_lock where set_ = ? and store = ?', set, store)
  for (const { key, etag, lock } of locks) sql.run('insert into guard_lock (set_, store, key, etag, lock, wall, tick, boot) values (?,?,?,?,?,?,?,?) on conflict do nothing', set, store, key, etag, JSON.stringify(lock), Math.floor(now.wall), Math.floor(now.tick), now.boot)
}

export const loadLocks = (sql: Sql, set: string, store: string, now: Now): readonly LockRead[] =>
  sql.all<Stamped & { key: string; etag: string; lock: string }>('select key, etag, lock, wall, tick, boot from guard_lock where set_ = ? and store = ?', set, store)
    .map((row) => ({ key: row.key, etag: row.etag, lock: JSON.parse(row.lock) as Lock, age: ageOfLook(row, now) }))

/** What the delete of a locked canary came to, in the store that is called so now. What could not be told stands beside what was seen, and never in its place (X-9). */
export function saveTried(sql: Sql, store: string, now: Now, { identity, lock }: Pick<Tried, 'identity' | 'lock'>): void {
  const [says, when] = [(lock.says ?? '').slice(0, 300), [Math.floor(now.wall), Math.floor(now.tick), now.boot]]
  if (lock.is === 'unknown') {
    return void sql.run(`insert into guard_tried_open (store, identity, says, wall, tick, boot) values (?,?,?,?,?,?)
      on conflict do update set identity = excluded.identity, says = excluded.says, wall = excluded.wall, tick = excluded.tick, boot = excluded.boot`, store, identity, says, ...when)
  }
  sql.run(`insert into guard_tried (store, identity, lock, says, wall, tick, boot) values (?,?,?,?,?,?,?)
    on conflict do update set identity = excluded.identity, lock = excluded.lock, says = excluded.says, wall = excluded.wall, tick = excluded.tick, boot = excluded.boot`, store, identity, lock.is, says, ...when)
  sql.run('delete from guard_tried_open where store = ?', store)
}

export function loadTried(sql: Sql, store: string, now: Now): Tried | undefined {
  const row = sql.get<Stamped & { identity: string; lock: 'pass' | 'fail' | 'unknown'; says: string }>('select * from guard_tried where store = ?', store)
  const last = sql.get<Stamped & { identity: string; says: string }>('select * from guard_tried_open where store = ?', store)
  const untold = last && { identity: last.identity, says: last.says, at: last.wall as Instant, age: ageOfLook(last, now) }
  // An older Holdfast wrote what it could not tell over what it had seen: that says no more than the newer word.
  if (row === undefined || (untold !== undefined && row.lock === 'unknown')) return untold && { identity: untold.identity, lock: { is: 'unknown', says: untold.says }, age: untold.age }
  return { identity: row.identity, lock: row.lock === 'pass' ? { is: 'pass' } : { is: row.lock, says: row.says }, age: ageOfLook(row, now), ...(untold ? { open: untold } : {}) }
}

const no = (says: string): Found => ({ is: 'fail', says })
const open = (says: string): Found => ({ is: 'unknown', says })

/** What was seen of one place. `newest`: the newest copy that counts; `identity`: which store was listed. */
export interface Seen {
  readonly newest: Pick<Copy, 'key' | 'etag'> | undefined
  readonly locks: readonly LockRead[]
  readonly tried: Tried | undefined
  readonly identity: string | undefined
}

/** Whether the lock of the newest copy that counts says that nobody can change it, be it true or not. */
export function claimed({ newest, locks }: Pick<Seen, 'newest' | 'locks'>, now: Instant): Found {
  // Whether that is bad says whoever knows whether anybody has looked.
  if (newest === undefined) return open('there is no copy that counts')
  const read = locks.find(({ key, etag }) => key === newest.key && etag === newest.etag)
  if (read === undefined || !isFresh(read.age, LOCK_GOOD)) return open('nobody has read lately whether the newest copy is locked')
  const { lock } = read
  if (lock.is === 'unknown') return open(`whether the newest copy is locked is not known: ${lock.says}`)
  if (lock.is === 'free') return no('the newest copy is not locked')
  if (lock.until === undefined) return no('the newest copy is only under legal hold, which has no end and can be lifted at any time')
  if (lock.sealed !== true) return no('the newest copy is locked in governance mode, which whoever has the right to can lift')
  return lock.until - now > AHEAD ? { is: 'pass' } : no('the lock of the newest copy is over, or nearly')
}

/** Whether the newest copy that counts is one that nobody can change. */
export function immutableFound(seen: Seen, now: Instant): Found {
  const { tried, identity } = seen
  // One that was seen to lie: whatever it says of a lock says nothing.
  if (tried?.lock.is === 'fail' && tried.identity === identity) return no(`its locks are none: ${tried.lock.says}`)
  if (identity === undefined && seen.newest === undefined) return open('it was not listed yet')
  const found = claimed(seen, now)
  if (found.is !== 'pass') return found
  const last = tried?.open?.identity === identity ? tried?.open : undefined
  const says = last && `could not be told at ${sayUtc(last.at)}: ${last.says}`
  if (identity === undefined || tried === undefined || tried.identity !== identity || !isFresh(tried.age, TRIED_GOOD)) {
    return open(`the newest copy is said to be locked, and ${says === undefined ? 'nobody has tried out lately whether the store keeps its locks' : `whether the store keeps its locks ${says}`}`)
  }
  return tried.lock.is === 'pass' && says !== undefined ? { is: 'pass', says: `the store was seen to keep its locks; whether it still does ${says}` } : tried.lock
}

/** Whether it is worth trying a store out for it: its newest copy is said to be locked, and what is known of its locks is old. */
export function isWorthTrying(seen: Seen, now: Instant): boolean {
  const { tried, identity } = seen
  // What could not be told was tried all the same: each time leaves a canary that stays until its lock is over.
  return claimed(seen, now).is === 'pass' && ![tried, tried?.open].some((it) => it !== undefined && it.identity === identity && isFresh(it.age, TRY_AGAIN))
}
