// How facts become incidents: one incident per probable root, what fails because of it stands under it, and it closes when
// every member of it has turned up by fresh passes, or a person says so where no machine can see it.
import { rule, want, type Gate } from '../../core/gate.ts'
import { incidentId, type Incident, type Origin } from '../../core/incident.ts'
import { nameOf } from '../../core/subject.ts'
import { dueIn, type Instant, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Entry } from '../../core/ledger.ts'
import { incidentOf, lastEnded, loadDown, loadIncident, loadOpenBySubject, loadOpenWith, nextNumber, openedBody, silencedUntil, type IncidentRow } from './rows.ts'

export interface Opening {
  readonly subject: string
  readonly title: string
  readonly says: string
  readonly origin: Origin
  readonly escalate: string
  readonly members: readonly string[]
  readonly since?: Instant
  /** What was seen of the member itself, where that is not what was seen of the root. */
  readonly memberSays?: string
}

/** What happens to an incident's paging when it opens or ends; given by the room. */
export interface Lifecycle {
  readonly begin: (tx: Tx, incident: Incident) => void
  /** `by`: the person on whose word it ended. */
  readonly end: (tx: Tx, incident: Incident, by?: string) => void
  readonly changed: (tx: Tx, id: string) => void
  /** Something else was found of it, or something worse. */
  readonly worsened: (tx: Tx, id: string, why: 'more urgent' | 'another cause') => void
}

/** Opens an incident for a subject, or joins the members to the open one. Returns its id. */
export function open(tx: Tx, life: Lifecycle, it: Opening): string {
  const has = loadOpenBySubject(tx.sql, it.subject)
  if (has) {
    const members = JSON.parse(has.members) as string[]
    for (const member of it.members) {
      if (members.includes(member)) continue
      tx.append({ is: 'incident.joined', stream: has.id, body: { id: has.id, member, says: it.memberSays ?? it.says, at: tx.now.wall } })
      life.changed(tx, has.id)
    }
    return has.id
  }
  const id = incidentId(it.subject, lastEnded(tx.sql, it.subject))
  const { subject, title, says, origin, escalate, members } = it
  const incident = { id, number: nextNumber(tx.sql), subject, title, says, origin, escalate, since: it.since ?? tx.now.wall, members }
  tx.append({ is: 'incident.opened', stream: id, body: openedBody(tx, incident) })
  life.begin(tx, incident)
  return id
}

interface Closing {
  readonly members: readonly string[]
  readonly by: string | undefined
}

/** An incident ends on evidence or on a person's word; what is not known keeps it open. */
const toResolve: Gate<Closing> = {
  wants: [
    want('nothing of it fails any more, seen by fresh passes, or a person resolved it', (e) =>
      e.by !== undefined ? { is: 'pass', says: `${e.by} resolved it` }
        : e.members.length === 0 ? { is: 'pass' } : { is: 'fail', says: `${e.members.map(nameOf).join(', ')} did not come back` }),
  ],
  onUnknown: 'hold',
}

/** Ends an incident when its gate opens; says whether it did. */
export function resolve(tx: Tx, life: Lifecycle, row: IncidentRow, by?: { person: string; reason: string }): boolean {
  const ruling = rule(toResolve, { members: JSON.parse(row.members) as string[], by: by?.person })
  if (ruling.is === 'shut') return false
  tx.append({
    is: 'incident.resolved', stream: row.id,
    body: { id: row.id, subject: row.subject, at: tx.now.wall, because: ruling.because, ...(by ? { by: by.person, reason: tx.keep(by.reason) } : {}) },
  })
  life.end(tx, incidentOf({ ...row, state: 'resolved' }), by?.person)
  return true
}

const openWith = (tx: Tx, member: string): IncidentRow[] => loadOpenWith(tx.sql, member)

/** It fails no more: what nothing else fails in ends. */
export function leave(tx: Tx, life: Lifecycle, member: string, why: string, from = openWith(tx, member)): void {
  for (const row of from) {
    tx.append({ is: 'incident.left', stream: row.id, body: { id: row.id, member, says: why, at: tx.now.wall } })
    const now = loadIncident(tx.sql, row.id)
    if (now && !resolve(tx, life, now)) life.changed(tx, row.id)
  }
}

/** What nobody can see while this node is cut off stands under the one incident that says so (W-6). */
const CUT_OFF = 'node:isolated'

/** A check turned: open, join, leave or close. */
export function considerTurn(tx: Tx, life: Lifecycle, entry: Entry): void {
  const b = entry.body as { check: string; to: string; root: string; says: string; rootSays: string; escalate: string; rootEscalate: string; at: Instant; gap?: boolean; cutOff?: boolean }
  const member = `check:${b.check}`
  if (b.to === 'up') {
    leave(tx, life, member, 'turned up')
    return
  }
  if (silencedUntil(tx.sql, b.check) > tx.now.wall) return
  if (b.to === 'unknown') {
    if (openWith(tx, member).length > 0) return
    const gap = b.gap === true
    if (b.cutOff === true && loadOpenBySubject(tx.sql, CUT_OFF)) {
      open(tx, life, { subject: CUT_OFF, title: '', says: `${b.check}: ${b.says}`, origin: 'node', escalate: b.escalate, members: [member] })
      return
    }
    open(tx, life, {
      subject: gap ? 'node:gap' : member, title: gap ? 'Pings may have been missed' : `${b.check}: not known`, says: `${b.check}: ${b.says}`,
      origin: gap ? 'node' : 'watch', escalate: b.escalate, members: [member],
    })
    return
  }
  leave(tx, life, member, 'is known to be down now', openWith(tx, member).filter((row) => row.subject === 'node:gap' || row.subject === CUT_OFF))
  openDown(tx, life, { check: b.check, root: b.root, says: b.rootSays, memberSays: b.says, escalate: b.root === b.check ? b.escalate : b.rootEscalate, since: b.at })
}

interface Down {
  readonly check: string
  /** A check, or what is none as its incident is named: `cluster:shop-db`. */
  readonly root: string
  readonly says: string
  readonly memberSays: string
  readonly escalate: string
  readonly since: Instant
}

function openDown(tx: Tx, life: Lifecycle, { check, root, says, memberSays, escalate, since }: Down): void {
  const member = `check:${check}`
  const under = openWith(tx, member)
  const named = root.includes(':') ? root : `check:${root}`
  // What a cluster or a host has in common has no escalation of its own: whoever joined an incident that others are rung for would ring nobody.
  const has = root.includes(':') ? loadOpenBySubject(tx.sql, root) : undefined
  const isOther = has !== undefined && has.escalate !== escalate
  const subject = isOther ? member : named
  if (under.length > 0 && (root === check || under.some((row) => row.subject === subject || row.subject === named))) return
  const seen = isOther ? `${memberSays}; it leans on ${nameOf(root)}, which is down: ${says}` : says
  open(tx, life, { subject, title: `${nameOf(subject)} is down`, says: seen, origin: 'watch', escalate, members: [member], since, memberSays })
}

/** A person silenced it: nobody is rung for it any more, also where an incident of it is open. The silence ends by both clocks; the one made later counts. */
export function considerSilenced(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { check, until, by } = entry.body as { check: string; until: Instant; by: string }
  tx.schedule('page.silence-ends', check, dueIn(tx.now, Math.max(0, until - tx.now.wall) as Span))
  leaveUnseen(tx, life, `check:${check}`, check, 'was silenced', by)
}

/** A silence ended, by whichever clock came first: what is still down is paged now (W-9). */
export function silenceEnds(tx: Tx, life: Lifecycle, check: string): void {
  tx.append({ is: 'page.silenceEnded', stream: `check:${check}`, body: { check, at: tx.now.wall } })
  const down = loadDown(tx.sql, check)
  if (!down) return
  if (down.side === 'down') openDown(tx, life, { check, root: down.root, says: down.says, memberSays: down.says, escalate: down.escalate, since: tx.now.wall })
  else open(tx, life, { subject: `check:${check}`, title: `${check}: not known`, says: down.says, origin: 'watch', escalate: down.escalate, members: [`check:${check}`] })
}

/** A check is judged no more: it leaves its incidents in the open, and what thereby ends was not seen to come back (W-11). */
export function leaveUnseen(tx: Tx, life: Lifecycle, member: string, called: string, says: string, by: string): void {
  for (const row of openWith(tx, member)) {
    tx.append({ is: 'incident.left', stream: row.id, body: { id: row.id, member, says, at: tx.now.wall } })
    const now = loadIncident(tx.sql, row.id)
    const ended = now?.members === '[]' && resolve(tx, life, now, { person: by, reason: `${called} ${says}`.trim() })
    if (!ended) life.changed(tx, row.id)
  }
}

/** A person paused it. */
export function considerPaused(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { check, by } = entry.body as { check: string; by: string }
  leaveUnseen(tx, life, `check:${check}`, check, 'was paused', by)
}

/** It was taken out of the configuration. */
export function considerRemoved(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { check } = entry.body as { check: string }
  leaveUnseen(tx, life, `check:${check}`, check, 'was taken out of the configuration', 'the configuration')
}

/** Something about this node itself: opened and ended by name. */
export const openNode = (tx: Tx, life: Lifecycle, name: string, title: string, says: string, escalate = 'default'): string =>
  open(tx, life, { subject: `node:${name}`, title, says, origin: 'node', escalate, members: [`node:${name}`] })

export function endNode(tx: Tx, life: Lifecycle, name: string): void {
  const row = loadOpenBySubject(tx.sql, `node:${name}`)
  if (row) leave(tx, life, `node:${name}`, 'is over', [row])
}
