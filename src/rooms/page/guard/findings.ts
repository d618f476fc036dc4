// What the guard found, as lines of incidents: one incident for each cause, the worst finding first in its title and its sentence. What is found later is a
// line of the incident that is open, and it reaches whoever has that: a cause that was not told in it yet, and one that has stood for a week, page again.
// Who took "late" never learns of "cannot be restored" only by looking.
import { days, hours, type Instant } from '../../../core/time.ts'
import type { Entry } from '../../../core/ledger.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { open, type Lifecycle } from '../incidents.ts'
import { loadIncident, loadOpenBySubject, loadOpenWith, type IncidentRow } from '../rows.ts'

/** Findings by incident, member and cause; `told` is when people were last rung for it. A projection. */
export const FINDING_TABLES = `
create table if not exists page_finding (incident text not null, member text not null, cause text not null, weight integer not null, title text not null, says text not null,
  told integer not null, stands integer not null, primary key (incident, member, cause)) strict, without rowid;
`

/** One thing that is wrong. `weight`: how urgent it is, against others; what may follow from an outage weighs `FOLLOWS`. */
export interface Finding {
  readonly cause: string
  readonly weight: number
  readonly title: string
  readonly says: string
}

export interface Told {
  readonly subject: string
  /** What is found wrong, where it ends by being seen; else only a person ends it. */
  readonly member?: string
  /** All that stands of it now; of what has no member, what came besides. */
  readonly findings: readonly Finding[]
  readonly escalate: string
  /** The check that is down and explains it, where there is one. */
  readonly root?: string
}

/** What follows from an outage weighs this, and so does an incident of which nothing is known. */
export const FOLLOWS = 1
/** What stands so long is told again (G-28). */
const AGAIN = days(7)
/** What ended and comes back sooner is the same trouble. */
const BACK = hours(1)
const MOST_SAID = 4
const LONGEST = 500

interface Row extends Record<string, unknown>, Finding { readonly member: string; readonly told: Instant; readonly stands: number }

interface FoundBody extends Record<string, unknown> {
  readonly id: string
  readonly member: string
  readonly findings: readonly Finding[]
  /** The causes for which people are rung now. */
  readonly paged: readonly string[]
  /** Absent where the incident has a root of its own, which keeps its name. */
  readonly title?: string
  readonly says?: string
  /** For the timeline; empty where that says it already. */
  readonly line: string
  readonly at: Instant
}

export function applyFound(sql: Sql, entry: Entry): void {
  const { id, member, findings, paged, title, says, at } = entry.body as unknown as FoundBody
  sql.run('update page_finding set stands = 0 where incident = ? and member = ?', id, member)
  for (const it of findings) {
    sql.run(`insert into page_finding (incident, member, cause, weight, title, says, told, stands) values (?,?,?,?,?,?,?,1)
      on conflict do update set weight = excluded.weight, title = excluded.title, says = excluded.says, stands = 1, told = case when ? then excluded.told else told end`,
      id, member, it.cause, it.weight, it.title, it.says, at, paged.includes(it.cause) ? 1 : 0)
  }
  if (title !== undefined && says !== undefined) sql.run('update page_incident set title = ?, says = ? where id = ?', title, says, id)
}

export const applyMemberLeft = (sql: Sql, entry: Entry): void => {
  const { id, member } = entry.body as { id: string; member: string }
  sql.run('update page_finding set stands = 0 where incident = ? and member = ?', id, member)
}

const loadFindings = (sql: Sql, incident: string): Row[] =>
  sql.all<Row>('select member, cause, weight, title, says, told, stands from page_finding where incident = ? order by weight desc, told, member, cause', incident)

/** Tells what is found: opens an incident, joins the one that is open, or adds a line to it and pages again where that is called for. */
export function tell(tx: Tx, life: Lifecycle, it: Told): void {
  const { member = '', findings, escalate, root } = it
  const known = member === '' ? [] : loadOpenWith(tx.sql, member)
  const subject = root === undefined ? it.subject : `check:${root}`
  const has = known.length > 0 ? known : [loadOpenBySubject(tx.sql, subject)].flatMap((row) => row ?? [])
  if (has.length === 0) {
    const { title, says } = root === undefined ? composed(findings) : { title: `${root} is down`, says: composed(findings).says }
    const id = open(tx, life, { subject, title, says, origin: 'guard', escalate, members: member === '' ? [] : [member] })
    append(tx, { id, member, findings, paged: findings.map(({ cause }) => cause), line: '' })
    return
  }
  if (known.length === 0 && member !== '') open(tx, life, { subject, title: '', says: composed(findings).says, origin: 'guard', escalate, members: [member] })
  for (const row of has) add(tx, life, row, { member, findings, joined: known.length === 0 && member !== '' })
}

/** An incident that is open hears of it. */
function add(tx: Tx, life: Lifecycle, row: IncidentRow, { member, findings, joined }: { readonly member: string; readonly findings: readonly Finding[]; readonly joined: boolean }): void {
  const rows = loadFindings(tx.sql, row.id)
  const standing = rows.filter(({ stands }) => stands === 1)
  // What only a person ends stands until then, beside what comes.
  const kept = member === '' ? standing.filter((one) => one.member === '' && !findings.some(({ cause }) => cause === one.cause)).map(({ cause, weight, title, says }) => ({ cause, weight, title, says })) : []
  const heaviest = Math.max(FOLLOWS, ...standing.map(({ weight }) => weight))
  const fresh = findings.filter((one) => isNew(one, rows, tx.now.wall) && (row.subject.startsWith('check:') ? one.weight > FOLLOWS : true))
  const changed = findings.filter((one) => !standing.some((had) => had.member === member && had.cause === one.cause && had.says === one.says))
  const gone = standing.filter((had) => had.member === member && member !== '' && !findings.some(({ cause }) => cause === had.cause))
  if (changed.length === 0 && gone.length === 0 && fresh.length === 0) return
  const others = standing.filter((one) => one.member !== member)
  const all = composed([...findings, ...kept, ...others])
  append(tx, {
    id: row.id, member, findings: [...findings, ...kept], paged: fresh.map(({ cause }) => cause), line: joined ? '' : composed(changed.length > 0 ? changed : findings).says,
    ...(row.subject.startsWith('check:') ? {} : { title: all.title, says: all.says }),
  })
  life.changed(tx, row.id)
  if (fresh.length > 0) life.worsened(tx, row.id, Math.max(...fresh.map(({ weight }) => weight)) > heaviest ? 'more urgent' : 'another cause')
}

/** Not told in this incident yet, or so long ago that it is told again. */
function isNew({ cause }: Finding, rows: readonly Row[], now: Instant): boolean {
  const same = rows.filter((row) => row.cause === cause)
  const last = Math.max(-Infinity, ...same.map(({ told }) => told))
  // A clock that was set back makes nobody wait.
  return now < last || now - last >= (same.some(({ stands }) => stands === 1) ? AGAIN : BACK)
}

/** A member is well again: what still stands is the incident's name from now on. */
export function renamed(tx: Tx, life: Lifecycle, id: string): void {
  const row = loadIncident(tx.sql, id)
  const standing = loadFindings(tx.sql, id).filter(({ stands }) => stands === 1)
  const [first] = standing
  if (row?.state !== 'open' || first === undefined || row.subject.startsWith('check:')) return
  const { title, says } = composed(standing)
  if (title === row.title && says === row.says) return
  const findings = standing.filter(({ member }) => member === first.member).map(({ cause, weight, title: its, says: said }) => ({ cause, weight, title: its, says: said }))
  append(tx, { id, member: first.member, findings, paged: [], title, says, line: '' })
  life.changed(tx, id)
}

const append = (tx: Tx, body: Omit<FoundBody, 'at'>): void => void tx.append({ is: 'incident.found', stream: String(body['id']), body: { ...body, at: tx.now.wall } })

/** The worst gives its name; each sentence once, the worst first. */
function composed(findings: readonly Finding[]): { readonly title: string; readonly says: string } {
  const worst = findings.toSorted((a, b) => b.weight - a.weight)
  const said = [...new Set(worst.map(({ says }) => says))]
  const more = said.length - MOST_SAID
  return { title: worst[0]?.title ?? '', says: `${said.slice(0, MOST_SAID).join('; ')}${more > 0 ? `; and ${more} more` : ''}`.slice(0, LONGEST) }
}
