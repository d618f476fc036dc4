// API tokens: a prefix and 256 random bits, shown once, kept as a hash, with scopes, an end, and the networks that it is taken from.
// Who made one, who revoked it and where it was refused stands in the ledger; the token itself never does (L-6). No token says who
// may what, and none approves: there is no scope for it.
import { createHash } from 'node:crypto'
import { newId } from '../core/id.ts'
import { parseNetwork } from '../ports/network.ts'
import { dueIn, minutes, ms, type Instant, type Span } from '../core/time.ts'
import type { Random } from '../ports/world.ts'
import type { Room, Tx } from '../db/room.ts'
import type { Sql } from '../db/sql.ts'
import type { TokenAnswer, ToWeb } from '../views/answers.ts'

export const SCOPES = ['read', 'ack', 'backup', 'write', 'admin'] as const

const TABLES = `create table if not exists token (id text primary key, hash text not null, name text not null, scopes text not null,
  created integer not null, expires_at integer, last_used integer, revoked integer) strict, without rowid;
-- Only of tokens that are taken from some networks alone; an older Holdfast does not know it, which is why the schema counts up.
create table if not exists token_source (id text primary key, networks text not null) strict, without rowid;`

const EXPIRE = 'access.expire'
/** How exactly the last use of a token is written down. */
const TOUCH: Span = minutes(1)
const MOST_NETWORKS = 20

export const hashToken = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** `changed`: which tokens there are is to be told anew. */
export const accessRoom = (changed: () => void = () => undefined): Room => ({
  name: 'access', tables: TABLES, projections: [], apply: {},
  due: {
    // By whichever clock says so first, and for good: a clock that is set back brings no token back.
    [EXPIRE](tx, id) {
      if (tx.sql.run('update token set revoked = ? where id = ? and revoked is null', tx.now.wall, id).changes === 0) return
      tx.append({ is: 'access.tokenExpired', stream: id, body: { id, name: nameOf(tx.sql, id), at: tx.now.wall } })
      tx.afterwards(changed)
    },
  },
})

/** Tokens whose end nothing waits for yet: those that an older Holdfast made. */
export function awaitExpiry(tx: Tx): void {
  const rows = tx.sql.all<{ id: string; expires_at: number }>(`select id, expires_at from token where revoked is null and expires_at < 9000000000000000 and id not in (select key from agenda where what = '${EXPIRE}')`)
  for (const row of rows) tx.schedule(EXPIRE, row.id, dueIn(tx.now, ms(Math.max(0, row.expires_at - tx.now.wall))))
}

export interface NewToken { readonly name: string; readonly scopes: readonly string[]; readonly expiresAt: Instant | null; /** Networks that it is taken from; none: from anywhere. */ readonly from?: readonly string[]; readonly by?: string }

/** Makes a token; the secret is in the answer and nowhere else. */
export function createToken(tx: Tx, random: Random, it: NewToken): { id: string; secret: string } {
  const id = newId<'token'>('tok', tx.now.wall, random)
  const secret = `hf_${Buffer.from(random(32)).toString('base64url')}`
  const from = it.from ?? []
  tx.sql.run('insert into token (id, hash, name, scopes, created, expires_at) values (?,?,?,?,?,?)', id, hashToken(secret), it.name, JSON.stringify(it.scopes), tx.now.wall, it.expiresAt)
  if (from.length > 0) tx.sql.run('insert into token_source (id, networks) values (?, ?)', id, JSON.stringify(from))
  if (it.expiresAt !== null) tx.schedule(EXPIRE, id, dueIn(tx.now, ms(it.expiresAt - tx.now.wall)))
  tx.append({ is: 'access.tokenCreated', stream: id, body: { id, name: it.name, scopes: it.scopes, expiresAt: it.expiresAt, from, by: it.by ?? null, at: tx.now.wall } })
  return { id, secret }
}

export function revokeToken(tx: Tx, id: string, by: string): boolean {
  const had = tx.sql.run('update token set revoked = ? where id = ? and revoked is null', tx.now.wall, id)
  if (had.changes === 0) return false
  tx.unschedule(EXPIRE, id)
  tx.append({ is: 'access.tokenRevoked', stream: id, body: { id, name: nameOf(tx.sql, id), by, at: tx.now.wall } })
  return true
}

/** It was used: written down at most once a minute. */
export function touchToken(tx: Tx, id: string): void {
  tx.sql.run('update token set last_used = ? where id = ? and (last_used is null or abs(? - last_used) >= ?)', tx.now.wall, id, tx.now.wall, TOUCH)
}

/** A token was shown that is not taken; `id` where it is one of ours. */
export function refuseToken(tx: Tx, it: { readonly id: string | null; readonly why: string; readonly origin: string }): void {
  tx.append({ is: 'access.refused', stream: it.id ?? 'token', body: { id: it.id, name: it.id === null ? null : nameOf(tx.sql, it.id), why: it.why, origin: it.origin.slice(0, 100), at: tx.now.wall } })
}

const nameOf = (sql: Sql, id: string): string | null => sql.get<{ name: string }>('select name from token where id = ?', id)?.name ?? null

/** What is wrong with networks that a token is to be taken from; `undefined` when nothing is. */
export function whyNotFrom(from: readonly string[]): string | undefined {
  if (from.length > MOST_NETWORKS) return `A token is taken from at most ${MOST_NETWORKS} networks.`
  const wrong = from.find((it) => parseNetwork(it) === undefined)
  return wrong === undefined ? undefined : `“${wrong}” is not a network.`
}

interface TokenRow extends Record<string, unknown> { id: string; hash: string; name: string; scopes: string; created: number; expires_at: number | null; last_used: number | null; networks: string | null }

const listed = (sql: Sql): TokenRow[] => sql.all<TokenRow>('select token.*, token_source.networks from token left join token_source using (id) where revoked is null order by created, id')
const fromOf = ({ networks }: TokenRow): string[] => (networks === null ? [] : (JSON.parse(networks) as string[]))

export const listTokens = (sql: Sql): TokenAnswer[] => listed(sql).map((row) => ({
  id: row.id, name: row.name, scopes: JSON.parse(row.scopes) as string[], createdAt: row.created as Instant,
  expiresAt: row.expires_at as Instant | null, lastUsedAt: row.last_used as Instant | null, from: fromOf(row),
}))

export const tokensForWeb = (sql: Sql): Extract<ToWeb, { is: 'tokens' }>['tokens'] => listed(sql).map((row) => ({
  id: row.id, hash: row.hash, name: row.name, scopes: JSON.parse(row.scopes) as string[], expiresAt: row.expires_at as Instant | null, from: fromOf(row),
}))
