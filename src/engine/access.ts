// API tokens: a prefix and 256 random bits, shown once, kept as a hash, with scopes and an end. Who made and who revoked one
// stands in the ledger; the token itself never does (L-6).
import { createHash } from 'node:crypto'
import { newId } from '../core/id.ts'
import type { Instant } from '../core/time.ts'
import type { Random } from '../ports/world.ts'
import type { Room, Tx } from '../db/room.ts'
import type { Sql } from '../db/sql.ts'
import type { TokenAnswer } from '../views/answers.ts'

export const SCOPES = ['read', 'ack', 'write', 'admin'] as const

const TABLES = `create table if not exists token (id text primary key, hash text not null, name text not null, scopes text not null,
  created integer not null, expires_at integer, last_used integer, revoked integer) strict, without rowid;`

export const hashToken = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export const accessRoom: Room = { name: 'access', tables: TABLES, projections: [], apply: {} }

/** Makes a token; the secret is in the answer and nowhere else. */
export function createToken(tx: Tx, random: Random, it: { name: string; scopes: readonly string[]; expiresAt: Instant | null }): { id: string; secret: string } {
  const id = newId<'token'>('tok', tx.now.wall, random)
  const secret = `hf_${Buffer.from(random(32)).toString('base64url')}`
  tx.sql.run('insert into token (id, hash, name, scopes, created, expires_at) values (?,?,?,?,?,?)', id, hashToken(secret), it.name, JSON.stringify(it.scopes), tx.now.wall, it.expiresAt)
  tx.append({ is: 'access.tokenCreated', stream: id, body: { id, name: it.name, scopes: it.scopes, expiresAt: it.expiresAt, at: tx.now.wall } })
  return { id, secret }
}

export function revokeToken(tx: Tx, id: string): boolean {
  const had = tx.sql.run('update token set revoked = ? where id = ? and revoked is null', tx.now.wall, id)
  if (had.changes === 0) return false
  tx.append({ is: 'access.tokenRevoked', stream: id, body: { id, at: tx.now.wall } })
  return true
}

interface TokenRow extends Record<string, unknown> { id: string; name: string; scopes: string; created: number; expires_at: number | null; last_used: number | null }

export const listTokens = (sql: Sql): TokenAnswer[] =>
  sql.all<TokenRow>('select id, name, scopes, created, expires_at, last_used from token where revoked is null order by created').map((row) => ({
    id: row.id, name: row.name, scopes: JSON.parse(row.scopes) as string[], createdAt: row.created as Instant,
    expiresAt: row.expires_at as Instant | null, lastUsedAt: row.last_used as Instant | null,
  }))

export const tokensForWeb = (sql: Sql): { id: string; hash: string; name: string; scopes: string[]; expiresAt: Instant | null }[] =>
  sql.all<TokenRow & { hash: string }>('select id, hash, name, scopes, created, expires_at, last_used from token where revoked is null')
    .map((row) => ({ id: row.id, hash: row.hash, name: row.name, scopes: JSON.parse(row.scopes) as string[], expiresAt: row.expires_at as Instant | null }))
