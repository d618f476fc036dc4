// The page room's tables: incidents and the paging of each (projections of the ledger), covers and silences that people
// entered, and the working rows of digests.
import type { IncidentId } from '../../core/id.ts'
import type { Incident, Origin } from '../../core/incident.ts'
import { canonical, type Entry } from '../../core/ledger.ts'
import { nameOf } from '../../core/subject.ts'
import type { Instant } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { keepParts, saidOfAll } from '../../db/store.ts'
import type { Paging } from './paging.ts'
import type { Cover } from './plan.ts'

export const TABLES = `
create table if not exists page_incident (id text not null primary key, number integer not null, subject text not null, title text not null, says text not null,
  origin text not null, escalate text not null, since integer not null, members text not null, state text not null, resolved_at integer, ended text, paging text) strict;
create index if not exists page_incident_open on page_incident (subject) where state = 'open';
create index if not exists page_incident_number on page_incident (number);
create table if not exists page_last (subject text primary key, ended text not null) strict, without rowid;
create table if not exists page_count (one integer primary key check (one = 1), number integer not null) strict;
create table if not exists page_cover (seq integer primary key, rotation text not null, person text not null, from_ integer not null, until integer not null) strict;
create table if not exists page_silence (name text primary key, until integer not null) strict, without rowid;
create table if not exists page_down (name text primary key, side text not null, root text not null, says text not null, escalate text not null) strict, without rowid;
create table if not exists page_test (page text primary key, person text not null, channel text not null, outcome text not null, says text not null,
  at integer not null, received_at integer) strict, without rowid;
create table if not exists page_lately (person text not null, channel text not null, incident text not null, tick integer not null, boot text not null,
  primary key (person, channel, incident)) strict, without rowid;
create table if not exists page_digest_at (person text not null, channel text not null, tick integer not null, boot text not null, primary key (person, channel)) strict, without rowid;
create table if not exists page_gathering (seq integer primary key, incident text not null, person text not null, channel text not null, page text not null,
  event text not null, at integer not null, rest text not null, unique (incident, person, channel, page)) strict;
create index if not exists page_gathering_of on page_gathering (person, channel);
`

export const PROJECTIONS = ['page_incident', 'page_last', 'page_count', 'page_cover', 'page_silence', 'page_down', 'page_test']

export interface IncidentRow extends Record<string, unknown> {
  id: string; number: number; subject: string; title: string; says: string; origin: Origin; escalate: string; since: number; members: string
  state: 'open' | 'resolved'; resolved_at: number | null; ended: string | null; paging: string | null
}

export const incidentOf = (row: IncidentRow): Incident => ({
  id: row.id as IncidentId, number: row.number, subject: row.subject, title: row.title, says: row.says, origin: row.origin,
  escalate: row.escalate, since: row.since as Instant, members: JSON.parse(row.members) as string[],
})

/** As it stands in the ledger. */
export type OpenedBody = Incident & Record<string, unknown>

/** The entry's body: what people and other services wrote is kept beside the ledger, its hash in it. */
export function openedBody(tx: Tx, it: Incident): OpenedBody {
  const isFree = it.origin === 'person' || it.origin === 'ingest'
  return isFree ? { ...it, ...keepParts(tx, { title: it.title, says: it.says }) } : { ...it }
}

export const applyOpened = (sql: Sql, entry: Entry): void => {
  const b = entry.body as OpenedBody
  sql.run(`insert into page_incident (id, number, subject, title, says, origin, escalate, since, members, state) values (?,?,?,?,?,?,?,?,?,'open')
    on conflict (id) do nothing`, b.id, b.number, b.subject, b.title, b.says, b.origin, b.escalate, b.since, canonical(b.members))
  sql.run('insert into page_count (one, number) values (1, ?) on conflict (one) do update set number = max(number, excluded.number)', b.number)
}

const setMembers = (sql: Sql, id: string, change: (members: string[]) => string[]): void => {
  const row = sql.get<{ members: string }>('select members from page_incident where id = ?', id)
  if (row) sql.run('update page_incident set members = ? where id = ?', canonical(change(JSON.parse(row.members) as string[])), id)
}

export const applyJoined = (sql: Sql, entry: Entry): void => {
  const { id, member } = entry.body as { id: string; member: string }
  setMembers(sql, id, (members) => (members.includes(member) ? members : [...members, member]))
}

export const applyLeft = (sql: Sql, entry: Entry): void => {
  const { id, member } = entry.body as { id: string; member: string }
  setMembers(sql, id, (members) => members.filter((name) => name !== member))
}

export const applyResolved = (sql: Sql, entry: Entry): void => {
  const { id, at, subject } = entry.body as { id: string; at: number; subject: string }
  sql.run(`update page_incident set state = 'resolved', resolved_at = ?, ended = ? where id = ?`, at, entry.hash, id)
  sql.run('insert into page_last (subject, ended) values (?, ?) on conflict (subject) do update set ended = excluded.ended', subject, entry.hash)
}

export const applyStepped = (sql: Sql, entry: Entry): void => {
  const { paging } = entry.body as unknown as { paging: Paging }
  sql.run('update page_incident set paging = ? where id = ?', canonical(paging), paging.incident)
}

/** Others are rung for it from then on. */
export const applyLed = (sql: Sql, entry: Entry): void => {
  const { incident, escalate } = entry.body as { incident: string; escalate: string }
  applyStepped(sql, entry)
  sql.run('update page_incident set escalate = ? where id = ?', escalate, incident)
}

/** One digest carried many rings: each of them has its outcome. */
export const applyDigestRang = (sql: Sql, entry: Entry): void => {
  const { outcome, rings } = entry.body as { outcome: 'accepted' | 'failed' | 'unknown'; rings: [string, string][] }
  for (const [incident, page] of rings) {
    const paging = loadPaging(sql, incident)
    if (!paging) continue
    const changed: Paging = { ...paging, rings: paging.rings.map((ring) => (ring.page === page ? { ...ring, is: outcome } : ring)) }
    sql.run('update page_incident set paging = ? where id = ?', canonical(changed), incident)
  }
}

export const applyCovered = (sql: Sql, entry: Entry): void => {
  const { rotation, person, from, until } = entry.body as unknown as Cover
  sql.run('insert into page_cover (seq, rotation, person, from_, until) values (?,?,?,?,?)', entry.seq, rotation, person, from, until)
}

export const applySilenced = (sql: Sql, entry: Entry): void => {
  const { check, until } = entry.body as { check: string; until: number }
  sql.run('insert into page_silence (name, until) values (?, ?) on conflict (name) do update set until = excluded.until', check, until)
}

export const applySilenceEnded = (sql: Sql, entry: Entry): void => void sql.run('delete from page_silence where name = ?', (entry.body as { check: string }).check)

export const applyTurned = (sql: Sql, entry: Entry): void => {
  const { check, to, root, says, escalate } = entry.body as { check: string; to: string; root: string; says: string; escalate: string }
  if (to === 'up') sql.run('delete from page_down where name = ?', check)
  else sql.run(`insert into page_down (name, side, root, says, escalate) values (?,?,?,?,?) on conflict (name) do update set side = excluded.side, root = excluded.root,
    says = excluded.says, escalate = excluded.escalate`, check, to, root, says, escalate)
}

export const applyRemoved = (sql: Sql, entry: Entry): void => {
  const { check } = entry.body as { check: string }
  sql.run('delete from page_down where name = ?', check)
  sql.run('delete from page_silence where name = ?', check)
}

/** Nobody judges it while it is paused. */
export const applyPaused = (sql: Sql, entry: Entry): void => void sql.run('delete from page_down where name = ?', (entry.body as { check: string }).check)

export const applyTested = (sql: Sql, entry: Entry): void => {
  const b = entry.body as { page: string; person: string; channel: string; outcome: string; says: string; at: number; receivedAt?: number }
  sql.run(`insert into page_test (page, person, channel, outcome, says, at, received_at) values (?,?,?,?,?,?,?)
    on conflict (page) do update set outcome = excluded.outcome, says = excluded.says, received_at = coalesce(excluded.received_at, received_at)`,
    b.page, b.person, b.channel, b.outcome, b.says, b.at, b.receivedAt ?? null)
}

/** Title and words as they were said. Both stand in one text where people or other services wrote them: it is read once. */
function said(sql: Sql, row: IncidentRow): IncidentRow {
  const [title, says] = saidOfAll(sql, [row.title, row.says])
  row.title = title as string
  row.says = says as string
  return row
}
const one = (sql: Sql, query: string, by: string | number): IncidentRow | undefined => {
  const row = sql.get<IncidentRow>(`select * from page_incident where ${query}`, by)
  return row && said(sql, row)
}
const several = (sql: Sql, query: string, ...by: (string | number)[]): IncidentRow[] =>
  sql.all<IncidentRow>(`select * from page_incident ${query}`, ...by).map((row) => said(sql, row))

export const loadIncident = (sql: Sql, id: string): IncidentRow | undefined => one(sql, 'id = ?', id)
export const loadOpen = (sql: Sql): IncidentRow[] => several(sql, `where state = 'open' order by number`)
export const loadOpenBySubject = (sql: Sql, subject: string): IncidentRow | undefined => one(sql, `subject = ? and state = 'open'`, subject)
/** Open incidents that a check or the node itself is a member of; alerts of others have no members that turn. */
export const loadOpenWith = (sql: Sql, member: string): IncidentRow[] =>
  several(sql, `where state = 'open' and origin <> 'ingest' and exists (select 1 from json_each(members) where value = ?) order by number`, member)
export const loadRecent = (sql: Sql, most: number): IncidentRow[] => several(sql, 'order by number desc limit ?', most)
/** By number ("212") or by id; an open one by its subject or title too. */
export const findIncident = (sql: Sql, named: string): IncidentRow | undefined =>
  /^\d+$/.test(named) ? one(sql, 'number = ?', Number(named))
    : loadIncident(sql, named) ?? loadOpen(sql).find((row) => [row.subject, nameOf(row.subject), row.title].includes(named))

/** Its paging, once that began. */
export const pagingOf = ({ paging }: { readonly paging: string | null }): Paging | undefined => (paging === null ? undefined : (JSON.parse(paging) as Paging))
export const loadPaging = (sql: Sql, id: string): Paging | undefined => {
  const row = sql.get<{ paging: string | null }>('select paging from page_incident where id = ?', id)
  return row && pagingOf(row)
}
/** Where the paging of each of these stands, in one look: `null` before it began. What is no incident is not in it. */
export const loadPhases = (sql: Sql, ids: readonly string[]): ReadonlyMap<string, string | null> =>
  new Map(sql.all<{ id: string; phase: string | null }>(`select id, json_extract(paging, '$.phase.is') as phase from page_incident where id in (select value from json_each(?))`, JSON.stringify(ids))
    .map(({ id, phase }) => [id, phase]))
export const lastEnded = (sql: Sql, subject: string): string => sql.get<{ ended: string }>('select ended from page_last where subject = ?', subject)?.ended ?? ''
export const nextNumber = (sql: Sql): number => (sql.get<{ number: number }>('select number from page_count where one = 1')?.number ?? 0) + 1

export const loadCovers = (sql: Sql, now: Instant): Cover[] =>
  sql.all<{ rotation: string; person: string; from_: number; until: number }>('select rotation, person, from_, until from page_cover where until > ? order by seq', now)
    .map((row) => ({ rotation: row.rotation, person: row.person, from: row.from_ as Instant, until: row.until as Instant }))

export const silencedUntil = (sql: Sql, name: string): number => sql.get<{ until: number }>('select until from page_silence where name = ?', name)?.until ?? 0

export interface DownRow extends Record<string, unknown> { name: string; side: string; root: string; says: string; escalate: string }
export const loadDown = (sql: Sql, name: string): DownRow | undefined => sql.get<DownRow>('select * from page_down where name = ?', name)

export interface TestRow extends Record<string, unknown> {
  page: string; person: string; channel: string; outcome: 'accepted' | 'failed' | 'unknown' | 'waiting'; says: string; at: number; received_at: number | null
}
/** The newest test pages, newest first. */
export const loadNewestTests = (sql: Sql, most: number): string[] =>
  sql.all<{ page: string }>('select page from page_test order by at desc, page limit ?', most).map((row) => row.page)
export const loadTest = (sql: Sql, page: string): TestRow | undefined => sql.get<TestRow>('select * from page_test where page = ?', page)

/** True when this very act of a person is in the ledger already. */
export const wasTaken = (sql: Sql, it: { incident: string; person: string; at: Instant; act: 'ack' | 'pass' }): boolean =>
  sql.get(`select 1 as one from entry where stream = ? and is_ = ? and json_extract(body, '$.takenAt') = ? and json_extract(body, '$.by') = ?`,
    it.incident, it.act === 'ack' ? 'page.acked' : 'page.passed', it.at, it.person) !== undefined

/** True when this very step of the ringer's is in the ledger already: a journal that comes again must not undo what came after it. */
export const wasStepped = (sql: Sql, it: { incident: string; paging: Paging; at: Instant }): boolean =>
  sql.get(`select 1 as one from entry where stream = ? and is_ = 'page.stepped' and json_extract(body, '$.at') = ? and json_extract(body, '$.paging') = ?`,
    it.incident, it.at, canonical(it.paging)) !== undefined
