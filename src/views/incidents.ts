// Incidents as people ask for them: state, owner, who is rung next, and the timeline in sentences.
import type { Entry } from '../core/ledger.ts'
import { integrationOf, nameOf } from '../core/subject.ts'
import type { Instant, Now } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { entries, saidOf, textOf } from '../db/store.ts'
import { nextPeople } from '../rooms/page/decide.ts'
import type { Plan } from '../rooms/page/plan.ts'
import { pagingOf, type IncidentRow } from '../rooms/page/rows.ts'
import { hasIt, person as called } from '../words/notification.ts'
import type { IncidentAnswer, IncidentsAnswer } from './answers.ts'

type Brief = IncidentsAnswer['incidents'][number]
const MOST_LINES = 200

/** One incident without its timeline. */
export function viewIncident(row: IncidentRow, plan: Plan, now: Now): Brief {
  const paging = pagingOf(row)
  const held = paging?.phase.is === 'held' ? paging.phase : undefined
  const next = paging && row.state === 'open' ? nextPeople(paging, plan, now) : undefined
  return {
    schema: 'holdfast.incident/1', id: row.id, number: row.number, title: row.title, says: row.says, subject: row.subject, origin: row.origin,
    state: row.state === 'resolved' ? 'resolved' : held ? 'acknowledged' : 'open', since: row.since as Instant,
    resolvedAt: (row.resolved_at ?? null) as Instant | null, members: (JSON.parse(row.members) as string[]).map(nameOf),
    heldBy: held?.by ?? null, heldSince: held?.at ?? null, lapsesAt: held?.lapsesAt.wall ?? null, next: next ?? null,
  }
}

/** With its timeline, oldest first. */
export function viewIncidentWhole(sql: Sql, row: IncidentRow, plan: Plan, now: Now): IncidentAnswer {
  const timeline: { at: Instant; is: string; says: string; by: 'machine' | 'person' }[] = []
  for (const entry of entries(sql, row.id)) {
    const line = lineOf(sql, entry)
    if (line) timeline.push({ at: entry.at, is: entry.is, ...line })
  }
  return { ...viewIncident(row, plan, now), timeline: timeline.slice(-MOST_LINES) }
}

function lineOf(sql: Sql, entry: Entry): { says: string; by: 'machine' | 'person' } | undefined {
  const b = entry.body as Record<string, string>
  const machine = (says: string): { says: string; by: 'machine' } => ({ says, by: 'machine' })
  const { by = '' } = b
  const who = (says: string): { says: string; by: 'machine' | 'person' } => ({ says, by: integrationOf(by) === undefined ? 'person' : 'machine' })
  switch (entry.is) {
    case 'incident.opened': return machine(`${saidOf(sql, b['title'] ?? '')}: ${saidOf(sql, b['says'] ?? '')}`)
    case 'incident.joined': return machine(`${nameOf(b['member'] ?? '')} fails as well: ${saidOf(sql, b['says'] ?? '')}`)
    case 'incident.found': return b['line'] ? machine(b['line']) : undefined
    case 'incident.left': return machine(`${nameOf(b['member'] ?? '')} ${b['says']}`)
    case 'incident.resolved': return by ? who(`${called(by)} resolved it: ${textOf(sql, b['reason'] ?? '')}`) : machine('resolved')
    case 'incident.updated': return who(`${called(by)}: ${textOf(sql, b['text'] ?? '')}`)
    case 'page.rang': return machine(`${b['person']} by ${b['channel']}: ${b['outcome']}${b['outcome'] === 'accepted' ? '' : ` (${b['receipt']})`}`)
    case 'page.rangByRinger': return machine(`${b['person']} by ${b['channel']}: ${b['outcome']} (the keeper was away)`)
    case 'page.told': return machine(`told ${b['person']} by ${b['channel']}: ${b['event']}`)
    case 'page.acked': return who(`${hasIt(by)} (by ${b['via'] === 'cli' ? 'command line' : b['via']})`)
    case 'page.passed': return who(`${called(by)} passed it on`)
    case 'page.assigned': return who(`${called(by)} handed it over to ${b['to']}`)
    case 'page.led': return machine(b['says'] ?? '')
    case 'page.stepped': return b['says'] ? machine(b['says']) : undefined
    default: return undefined
  }
}
