// The people room's tables. What happened to whom is a projection of the ledger: roles that were granted, factors that exist. What
// is secret lies beside it in working tables: hashes of passwords, recovery codes, sessions and one-time links; sealed secrets of
// authenticators; public keys. None of it ever stands in the ledger (L-6), so a rebuild leaves it alone.
import { canonical, type Entry } from '../../core/ledger.ts'
import { isRole, type Role } from '../../core/authority/role.ts'
import type { Instant, Span } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'

export const TABLES = `
create table if not exists people_role (person text primary key, roles text not null) strict, without rowid;
create table if not exists people_configured (person text primary key, roles text not null) strict, without rowid;
create table if not exists people_known (person text primary key, at integer not null, lived integer not null) strict, without rowid;
create table if not exists people_factor (id text primary key, person text not null, kind text not null, label text not null, at integer not null, lived integer not null) strict, without rowid;
create index if not exists people_factor_of on people_factor (person);
create table if not exists people_owner (one integer primary key check (one = 1), person text not null, at integer not null) strict;
create table if not exists people_secret (factor text primary key, person text not null, kind text not null, label text not null, sealed blob not null, used integer, ready integer not null) strict, without rowid;
create table if not exists people_password (person text primary key, hash text not null, at integer not null) strict, without rowid;
create table if not exists people_recovery (hash text primary key, person text not null, used integer) strict, without rowid;
create table if not exists people_subject (subject text primary key, person text not null) strict, without rowid;
create table if not exists people_session (id text primary key, hash text not null unique, person text not null, means text not null, factor text, at integer not null, lived integer not null,
  seen integer not null, seen_lived integer not null, agent text not null, origin text not null) strict, without rowid;
create index if not exists people_session_of on people_session (person);
create table if not exists people_link (hash text primary key, what text not null, person text not null, until integer not null, lived_until integer not null) strict, without rowid;
`

export const PROJECTIONS = ['people_role', 'people_configured', 'people_known', 'people_factor', 'people_owner']

const know = (sql: Sql, person: string, at: number, lived: number): void =>
  void sql.run('insert into people_known (person, at, lived) values (?, ?, ?) on conflict do nothing', person, at, lived)

export function applyGranted(sql: Sql, entry: Entry): void {
  const { person, roles, at, lived } = entry.body as { person: string; roles: string[]; at: number; lived: number }
  know(sql, person, at, lived)
  if (roles.length === 0) sql.run('delete from people_role where person = ?', person)
  else sql.run('insert into people_role (person, roles) values (?, ?) on conflict (person) do update set roles = excluded.roles', person, canonical(roles))
}

export function applyClaimed(sql: Sql, entry: Entry): void {
  const { person, at } = entry.body as { person: string; at: number }
  sql.run('insert into people_owner (one, person, at) values (1, ?, ?) on conflict do nothing', person, at)
}

export function applyEnrolled(sql: Sql, entry: Entry): void {
  const { factor, person, kind, label, at, lived } = entry.body as { factor: string; person: string; kind: string; label: string; at: number; lived: number }
  know(sql, person, at, lived)
  sql.run('insert into people_factor (id, person, kind, label, at, lived) values (?,?,?,?,?,?) on conflict do nothing', factor, person, kind, label, at, lived)
}

export function applyRemoved(sql: Sql, entry: Entry): void {
  sql.run('delete from people_factor where id = ?', (entry.body as { factor: string }).factor)
}

export function applyKnown(sql: Sql, entry: Entry): void {
  const { person, at, lived } = entry.body as { person: string; at: number; lived: number }
  know(sql, person, at, lived)
}

export function applyConfigured(sql: Sql, entry: Entry): void {
  const { person, roles } = entry.body as { person: string; roles: string[] }
  if (roles.length === 0) sql.run('delete from people_configured where person = ?', person)
  else sql.run('insert into people_configured (person, roles) values (?, ?) on conflict (person) do update set roles = excluded.roles', person, canonical(roles))
}

export const loadConfigured = (sql: Sql): ReadonlyMap<string, Role[]> =>
  new Map(sql.all<{ person: string; roles: string }>('select person, roles from people_configured order by person').map((row) => [row.person, (JSON.parse(row.roles) as string[]).filter(isRole)]))
export const loadSignedIn = (sql: Sql): string[] => sql.all<{ person: string }>('select distinct person from people_session order by person').map((row) => row.person)

export const loadGranted = (sql: Sql, person: string): Role[] => {
  const row = sql.get<{ roles: string }>('select roles from people_role where person = ?', person)
  return row ? (JSON.parse(row.roles) as string[]).filter(isRole) : []
}
export const loadGrants = (sql: Sql): { person: string; roles: Role[] }[] =>
  sql.all<{ person: string; roles: string }>('select person, roles from people_role order by person').map((row) => ({ person: row.person, roles: (JSON.parse(row.roles) as string[]).filter(isRole) }))
export const loadOwner = (sql: Sql): string | undefined => sql.get<{ person: string }>('select person from people_owner')?.person

export interface Known { readonly at: Instant; readonly lived: Span }
export const loadKnown = (sql: Sql, person: string): Known | undefined => sql.get<Known & Record<string, unknown>>('select at, lived from people_known where person = ?', person)
export const loadKnownPeople = (sql: Sql): string[] => sql.all<{ person: string }>('select person from people_known order by person').map((row) => row.person)

export type FactorKind = 'passkey' | 'totp'
export interface FactorRow extends Record<string, unknown> { id: string; person: string; kind: FactorKind; label: string; at: Instant; lived: Span }
export const loadFactors = (sql: Sql, person: string): FactorRow[] => sql.all<FactorRow>('select * from people_factor where person = ? order by at, id', person)
export const loadFactor = (sql: Sql, id: string): FactorRow | undefined => sql.get<FactorRow>('select * from people_factor where id = ?', id)

export interface SecretRow extends Record<string, unknown> { factor: string; person: string; kind: FactorKind; label: string; sealed: Uint8Array; used: number | null; ready: number }
export const loadSecret = (sql: Sql, factor: string): SecretRow | undefined => sql.get<SecretRow>('select * from people_secret where factor = ?', factor)
export const loadSecrets = (sql: Sql, person: string, kind: FactorKind): SecretRow[] =>
  sql.all<SecretRow>('select * from people_secret where person = ? and kind = ? and ready = 1', person, kind)

export interface SessionRow extends Record<string, unknown> {
  id: string; hash: string; person: string; means: string; factor: string | null; at: number; lived: number; seen: number; seen_lived: number; agent: string; origin: string
}
export const loadSession = (sql: Sql, hash: string): SessionRow | undefined => sql.get<SessionRow>('select * from people_session where hash = ?', hash)
export const loadSessions = (sql: Sql, person: string): SessionRow[] => sql.all<SessionRow>('select * from people_session where person = ? order by seen desc, id', person)
