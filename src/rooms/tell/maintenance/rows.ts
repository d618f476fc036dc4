// The rows of planned work: what the public was told, and what became of it. Folds of the ledger, so that a rebuild gives the same; each
// is a strict stream, so that of two who end the same work one is told that it ended.
import { canonical, type Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import { saidOf } from '../../../db/store.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Maintenance, MaintenanceState } from '../board.ts'

export const MAINTENANCE_TABLES = `
create table if not exists tell_maintenance (id text primary key, board text not null, title text not null, components text not null, from_ integer not null, until integer not null, state text not null,
  announced integer not null, updated integer not null, began integer, begun_by text, ended integer, remind integer, overdue integer, sequence integer not null, version integer not null) strict, without rowid;
create index if not exists tell_maintenance_of on tell_maintenance (board, state, from_);
create table if not exists tell_maintenance_update (id text primary key, maintenance text not null, n integer not null, state text not null, body text not null, at integer not null) strict, without rowid;
create index if not exists tell_maintenance_update_of on tell_maintenance_update (maintenance, n);
`
export const MAINTENANCE_PROJECTIONS = ['tell_maintenance', 'tell_maintenance_update']

/** A component, with the name that the public was told. */
export interface Named { readonly id: string; readonly name: string }

export interface MaintenanceRow extends Record<string, unknown> {
  id: string; board: string; title: string; components: string; from_: number; until: number; state: MaintenanceState
  announced: number; updated: number; began: number | null; begun_by: string | null; ended: number | null; remind: number | null; overdue: number | null; sequence: number; version: number
}

/** Title and text are kept beside the chain: each is the hash of what a person wrote. */
export interface AnnouncedBody extends Record<string, unknown> {
  readonly id: string; readonly update: string; readonly board: string; readonly title: string; readonly text: string; readonly components: readonly Named[]
  readonly from: number; readonly until: number; readonly remind: number | null; readonly by: string; readonly at: number
}
export const applyAnnounced = (sql: Sql, entry: Entry): void => {
  const b = entry.body as AnnouncedBody
  sql.run(`insert into tell_maintenance (id, board, title, components, from_, until, state, announced, updated, remind, sequence, version) values (?,?,?,?,?,?,'scheduled',?,?,?,0,1) on conflict do nothing`,
    b.id, b.board, `#${b.title}`, canonical(b.components), b.from, b.until, b.at, b.at, b.remind)
  sql.run(`insert into tell_maintenance_update (id, maintenance, n, state, body, at) values (?,?,0,'scheduled',?,?) on conflict do nothing`, b.update, b.id, `#${b.text}`, b.at)
}

/** `body` is what the machine wrote; `text` the hash of what a person did. */
export interface MaintainedBody extends Record<string, unknown> {
  readonly id: string; readonly update: string; readonly to: MaintenanceState; readonly body?: string; readonly text?: string; readonly by: string; readonly at: number
}
export const applyMaintained = (sql: Sql, entry: Entry): void => {
  const b = entry.body as MaintainedBody
  sql.run('insert into tell_maintenance_update (id, maintenance, n, state, body, at) values (?,?,?,?,?,?) on conflict do nothing', b.update, b.id, entry.follows ?? 0, b.to, b.body ?? `#${b.text ?? ''}`, b.at)
  sql.run(`update tell_maintenance set sequence = sequence + (state <> ?), state = ?, updated = ?, version = version + 1, began = case when ? = 'in_progress' then coalesce(began, ?) else began end,
    begun_by = case when ? = 'in_progress' then coalesce(begun_by, ?) else begun_by end, ended = case when ? in ('completed', 'ended_early', 'cancelled') then ? else null end where id = ?`, b.to, b.to, b.at, b.to, b.at, b.to, b.by, b.to, b.at, b.id)
}

/** It was told to whoever writes to the public. */
export const applyOverdue = (sql: Sql, entry: Entry): void => {
  const { id, at } = entry.body as { id: string; at: number }
  sql.run('update tell_maintenance set overdue = ?, version = version + 1 where id = ?', at, id)
}

export const loadMaintenance = (sql: Sql, id: string): MaintenanceRow | undefined => sql.get<MaintenanceRow>('select * from tell_maintenance where id = ?', id)
/** What has not ended, of a board or of all, by when it begins. */
export const loadPlanned = (sql: Sql, board?: string): MaintenanceRow[] =>
  sql.all<MaintenanceRow>(`select * from tell_maintenance where state in ('scheduled', 'in_progress') and (? is null or board = ?) order by from_, id`, board ?? null, board ?? null)
const loadEnded = (sql: Sql, board: string, since: number, most: number): MaintenanceRow[] =>
  sql.all<MaintenanceRow>(`select * from tell_maintenance where board = ? and state in ('completed', 'ended_early', 'cancelled') and ended >= ? order by ended desc, id limit ?`, board, since, most)

export const namedIn = ({ components }: Pick<MaintenanceRow, 'components'>): Named[] => JSON.parse(components) as Named[]
const titleOf = (sql: Sql, { title }: Pick<MaintenanceRow, 'title'>): string => saidOf(sql, title)

/** What was told of it last. */
export const newestOf = (sql: Sql, id: string): string => saidOf(sql, sql.get<{ body: string }>('select body from tell_maintenance_update where maintenance = ? order by n desc limit 1', id)?.body ?? '')

const MOST_UPDATES = 50
const MOST_ENDED = 50

interface UpdateRow extends Record<string, unknown> { id: string; state: MaintenanceState; body: string; at: number }
const maintenanceOf = (sql: Sql, row: MaintenanceRow): Maintenance => ({
  id: row.id, title: titleOf(sql, row), state: row.state, from: row.from_ as Instant, until: row.until as Instant, createdAt: row.announced as Instant, updatedAt: row.updated as Instant,
  ...(row.began === null ? {} : { beganAt: row.began as Instant }), ...(row.ended === null ? {} : { endedAt: row.ended as Instant }), sequence: row.sequence,
  updates: sql.all<UpdateRow>('select id, state, body, at from tell_maintenance_update where maintenance = ? order by n desc limit ?', row.id, MOST_UPDATES)
    .map((it) => ({ id: it.id, state: it.state, body: saidOf(sql, it.body), at: it.at as Instant })),
  componentIds: namedIn(row).map(({ id }) => id),
})

/** All that the public may know of a board's planned work. */
export const viewMaintenances = (sql: Sql, board: string, since: number): Maintenance[] =>
  [...loadPlanned(sql, board), ...loadEnded(sql, board, since, MOST_ENDED)].map((row) => maintenanceOf(sql, row))
