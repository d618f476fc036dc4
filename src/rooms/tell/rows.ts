// The tell room's tables: the public state of each component and its history, statements and their updates, and the times in
// which nobody measured. All but the working flag of promises are folds of the ledger.
import { canonical, type Entry } from '../../core/ledger.ts'
import type { Instant, Span } from '../../core/time.ts'
import { saidOf } from '../../db/store.ts'
import type { Sql } from '../../db/sql.ts'
import type { ComponentStatus, Statement, StatementProgress, StatementStatus, StatementUpdate } from './board.ts'
import type { PublicSide } from './components.ts'

export const TABLES = `
create table if not exists tell_check (name text primary key, side text not null) strict, without rowid;
create table if not exists tell_component (id text primary key, status text not null, unknown integer not null, since integer not null, created integer not null) strict, without rowid;
create table if not exists tell_span (component text not null, at integer not null, status text not null, unknown integer not null, primary key (component, at)) strict, without rowid;
create table if not exists tell_gap (from_ integer primary key, until integer not null) strict;
create table if not exists tell_start (one integer primary key check (one = 1), at integer not null) strict;
create table if not exists tell_statement (id text primary key, board text not null, title text not null, status text not null, impact text not null, origin text not null,
  components text not null, state text not null, body text not null, publish_at integer, held_by text, started integer not null, created integer not null,
  updated integer not null, monitoring integer, resolved integer, next_by integer) strict, without rowid;
create table if not exists tell_update (id text primary key, statement text not null, status text not null, body text not null, at integer not null, affected text not null) strict, without rowid;
create table if not exists tell_advance (statement text primary key, what text not null, checked integer not null, of_ integer, left_ integer, at integer not null) strict, without rowid;
create index if not exists tell_update_by on tell_update (statement, at);
`

export const PROJECTIONS = ['tell_check', 'tell_component', 'tell_span', 'tell_gap', 'tell_start', 'tell_statement', 'tell_update']

export interface ComponentRow extends Record<string, unknown> { id: string; status: ComponentStatus; unknown: number; since: number; created: number }
export interface SpanRow extends Record<string, unknown> { component: string; at: number; status: ComponentStatus; unknown: number }
export interface StatementRow extends Record<string, unknown> {
  id: string; board: string; title: string; status: StatementStatus; impact: Statement['impact']; origin: 'automatic' | 'person'; components: string
  state: 'draft' | 'published' | 'withdrawn'; body: string; publish_at: number | null; held_by: string | null; started: number; created: number
  updated: number; monitoring: number | null; resolved: number | null; next_by: number | null
}

export const applyTurned = (sql: Sql, entry: Entry): void => {
  const { check, to } = entry.body as { check: string; to: string }
  sql.run('insert into tell_check (name, side) values (?, ?) on conflict (name) do update set side = excluded.side', check, to)
}
export const applyPaused = (sql: Sql, entry: Entry): void => {
  sql.run(`insert into tell_check (name, side) values (?, 'paused') on conflict (name) do update set side = excluded.side`, (entry.body as { check: string }).check)
}
/** It left, or begins anew: nothing is known of it. */
export const applyRemoved = (sql: Sql, entry: Entry): void => void sql.run('delete from tell_check where name = ?', (entry.body as { check: string }).check)

export interface ComponentTurned extends Record<string, unknown> {
  readonly component: string; readonly name: string; readonly board: string; readonly from: ComponentStatus; readonly to: ComponentStatus; readonly unknown: boolean; readonly at: Instant
}
export const applyComponent = (sql: Sql, entry: Entry): void => {
  const b = entry.body as ComponentTurned
  sql.run(`insert into tell_component (id, status, unknown, since, created) values (?,?,?,?,?)
    on conflict (id) do update set status = excluded.status, unknown = excluded.unknown, since = excluded.since`, b.component, b.to, b.unknown ? 1 : 0, b.at, b.at)
  sql.run('insert into tell_span (component, at, status, unknown) values (?,?,?,?) on conflict (component, at) do update set status = excluded.status, unknown = excluded.unknown',
    b.component, b.at, b.to, b.unknown ? 1 : 0)
}

export const applyStarted = (sql: Sql, entry: Entry): void => {
  const { gap } = entry.body as { gap?: { from: number; to: number } | null }
  sql.run('insert into tell_start (one, at) values (1, ?) on conflict do nothing', entry.at)
  if (gap) sql.run('insert into tell_gap (from_, until) values (?, ?) on conflict (from_) do update set until = excluded.until', gap.from, gap.to)
}

export interface ProposedBody extends Record<string, unknown> {
  readonly id: string; readonly board: string; readonly title: string; readonly body: string; readonly status: StatementStatus; readonly impact: Statement['impact']
  readonly origin: 'automatic' | 'person'; readonly components: readonly string[]; readonly publishAt: number | null; readonly startedAt: number; readonly nextBy: number | null
}
export const applyProposed = (sql: Sql, entry: Entry): void => {
  const b = entry.body as ProposedBody
  sql.run(`insert into tell_statement (id, board, title, status, impact, origin, components, state, body, publish_at, started, created, updated, next_by)
    values (?,?,?,?,?,?,?,'draft',?,?,?,?,?,?) on conflict (id) do update set title = excluded.title, body = excluded.body, components = excluded.components, impact = excluded.impact`,
    b.id, b.board, b.title, b.status, b.impact, b.origin, canonical(b.components), b.body, b.publishAt, b.startedAt, entry.at, entry.at, b.nextBy)
}
export const applyHeld = (sql: Sql, entry: Entry): void => {
  const { id, by } = entry.body as { id: string; by: string }
  sql.run('update tell_statement set held_by = ?, publish_at = null where id = ?', by, id)
}
export const applyWithdrawn = (sql: Sql, entry: Entry): void => void sql.run(`update tell_statement set state = 'withdrawn', updated = ? where id = ?`, entry.at, (entry.body as { id: string }).id)

export interface PostedBody extends Record<string, unknown> {
  readonly id: string; readonly update: string; readonly status: StatementStatus; readonly impact: Statement['impact']; readonly components: readonly string[]
  /** The text itself where the machine wrote it; its hash where a person did. */
  readonly body?: string; readonly text?: string; readonly affected: StatementUpdate['affected']; readonly nextBy: number | null; readonly at: number
}
export const applyPosted = (sql: Sql, entry: Entry): void => {
  const b = entry.body as PostedBody
  const body = b.body ?? `#${b.text ?? ''}`
  sql.run('insert into tell_update (id, statement, status, body, at, affected) values (?,?,?,?,?,?) on conflict do nothing', b.update, b.id, b.status, body, b.at, canonical(b.affected))
  sql.run(`update tell_statement set state = 'published', status = ?, impact = ?, components = ?, updated = ?, publish_at = null, next_by = ?,
    monitoring = case when ? = 'monitoring' then coalesce(monitoring, ?) else monitoring end, resolved = case when ? = 'resolved' then ? else null end where id = ?`,
    b.status, b.impact, canonical(b.components), b.at, b.nextBy, b.status, b.at, b.status, b.at, b.id)
}

export const loadSides = (sql: Sql): Map<string, PublicSide> =>
  new Map(sql.all<{ name: string; side: PublicSide }>('select name, side from tell_check').map((row) => [row.name, row.side]))
export const loadComponent = (sql: Sql, id: string): ComponentRow | undefined => sql.get<ComponentRow>('select * from tell_component where id = ?', id)
export const loadSpans = (sql: Sql, component: string, from: number): SpanRow[] => {
  const before = sql.get<SpanRow>('select * from tell_span where component = ? and at <= ? order by at desc limit 1', component, from)
  return [...(before ? [before] : []), ...sql.all<SpanRow>('select * from tell_span where component = ? and at > ? order by at', component, from)]
}
export const loadGaps = (sql: Sql, from: number): { from_: number; until: number }[] => sql.all<{ from_: number; until: number }>('select * from tell_gap where until > ? order by from_', from)
export const measuringSince = (sql: Sql): number | undefined => sql.get<{ at: number }>('select at from tell_start')?.at

export const loadStatement = (sql: Sql, id: string): StatementRow | undefined => sql.get<StatementRow>('select * from tell_statement where id = ?', id)
/** Drafts and open ones of a board. */
export const loadActive = (sql: Sql, board: string): StatementRow[] =>
  sql.all<StatementRow>(`select * from tell_statement where board = ? and (state = 'draft' or (state = 'published' and resolved is null)) order by created`, board)
/** What the public may see: published ones, open first, then the newest. */
export const loadPublished = (sql: Sql, board: string, since: number, most: number): StatementRow[] =>
  sql.all<StatementRow>(`select * from tell_statement where board = ? and state = 'published' and (resolved is null or updated >= ?)
    order by resolved is not null, started desc limit ?`, board, since, most)

/** How far a scan is that somebody told of: a working row, gone with whoever tells it. */
export const loadProgress = (sql: Sql, statement: string): StatementProgress | undefined => {
  const row = sql.get<{ what: string; checked: number; of_: number | null; left_: number | null; at: number }>('select what, checked, of_, left_, at from tell_advance where statement = ?', statement)
  return row && { ...(row.what === 'restore' ? { what: row.what } : {}), checked: row.checked, at: row.at as Instant, ...(row.of_ === null ? {} : { of: row.of_ }), ...(row.left_ === null ? {} : { left: row.left_ as Span }) }
}
export const saveProgress = (sql: Sql, statement: string, { what, checked, of, left, at }: StatementProgress): void =>
  void sql.run('insert into tell_advance (statement, what, checked, of_, left_, at) values (?,?,?,?,?,?) on conflict (statement) do update set what = excluded.what, checked = excluded.checked, of_ = excluded.of_, left_ = excluded.left_, at = excluded.at',
    statement, what ?? 'check', Math.floor(checked), of === undefined ? null : Math.floor(of), left === undefined ? null : Math.floor(left), Math.floor(at))
export const dropProgress = (sql: Sql, statement: string): void => void sql.run('delete from tell_advance where statement = ?', statement)

interface UpdateRow extends Record<string, unknown> { id: string; status: StatementStatus; body: string; at: number; affected: string }
export const loadUpdates = (sql: Sql, statement: string): StatementUpdate[] =>
  sql.all<UpdateRow>('select * from tell_update where statement = ? order by at desc, id desc limit 100', statement).map((row) => ({
    id: row.id, status: row.status, at: row.at as Instant,
    body: saidOf(sql, row.body),
    affected: JSON.parse(row.affected) as StatementUpdate['affected'],
  }))
