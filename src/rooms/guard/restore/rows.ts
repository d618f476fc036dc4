// Restores as facts: begun by whom, of which copy and where to; put in place by which agreement; how it ended. Each is a strict stream of its own, so that
// what was agreed on is begun once. A restore that began and never ended stays visible as that.
import type { Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'

export const RESTORE_TABLES = `
create table if not exists guard_restore (id text primary key, version integer not null, set_ text not null, store text not null, key text not null, etag text not null, verified integer not null, to_ text not null, by_ text not null, at integer not null,
  hash text, agreement text, swapping_at integer, verdict text, says text, ended_at integer) strict, without rowid;
create index if not exists guard_restore_by_set on guard_restore (set_, at);
`

export const RESTORE_PROJECTIONS = ['guard_restore']

export const restoreStream = (id: string): string => `restore:${id}`

export interface RestoringBody extends Record<string, unknown> {
  readonly id: string; readonly set: string; readonly store: string; readonly key: string; readonly etag: string; readonly verified: boolean
  /** Where to, for people; never with a credential. */
  readonly to: string
  readonly by: string; readonly at: number
  /** Whoever began it said that the dump may be run with the rights of a superuser. */
  readonly as_superuser?: true
}

export const applyRestoring = (sql: Sql, entry: Entry): void => {
  const b = entry.body as RestoringBody
  sql.run('insert into guard_restore (id, version, set_, store, key, etag, verified, to_, by_, at) values (?,1,?,?,?,?,?,?,?,?)', b.id, b.set, b.store, b.key, b.etag, b.verified ? 1 : 0, b.to, b.by, b.at)
}

/** `hash` is of the swap that they are asked to agree to. */
export const applySwapAsked = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { id: string; hash: string; agreement: string }
  sql.run('update guard_restore set version = version + 1, hash = ?, agreement = ? where id = ?', b.hash, b.agreement, b.id)
}

export const applySwapping = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { id: string; at: number }
  sql.run('update guard_restore set version = version + 1, swapping_at = ? where id = ?', b.at, b.id)
}

export type RestoreVerdict = 'restored' | 'swapped' | 'failed' | 'refused' | 'unknown'

export const applyRestored = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { id: string; verdict: RestoreVerdict; says: string; at: number }
  sql.run('update guard_restore set version = version + 1, verdict = ?, says = ?, ended_at = ? where id = ?', b.verdict, b.says, b.at, b.id)
}

export interface RestoreRow {
  readonly id: string
  readonly version: number
  readonly set: string
  readonly store: string
  readonly key: string
  readonly etag: string
  readonly verified: boolean
  readonly to: string
  readonly by: string
  readonly at: Instant
  readonly hash: string | null
  readonly agreement: string | null
  readonly swappingAt: Instant | null
  readonly verdict: RestoreVerdict | null
  readonly says: string | null
  readonly endedAt: Instant | null
}

interface Row extends Record<string, unknown> {
  id: string; version: number; set_: string; store: string; key: string; etag: string; verified: number; to_: string; by_: string; at: Instant
  hash: string | null; agreement: string | null; swapping_at: Instant | null; verdict: RestoreVerdict | null; says: string | null; ended_at: Instant | null
}

const rowOf = ({ set_, to_, by_, swapping_at, ended_at, verified, ...row }: Row): RestoreRow => ({ ...row, set: set_, to: to_, by: by_, verified: verified === 1, swappingAt: swapping_at, endedAt: ended_at })

export function loadRestore(sql: Sql, id: string): RestoreRow | undefined {
  const row = sql.get<Row>('select * from guard_restore where id = ?', id)
  return row && rowOf(row)
}

/** The newest first. */
export const loadRestores = (sql: Sql, set: string, most: number): RestoreRow[] => sql.all<Row>('select * from guard_restore where set_ = ? order by at desc, id desc limit ?', set, most).map(rowOf)
