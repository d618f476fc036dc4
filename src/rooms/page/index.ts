// Page: one human takes it, or everybody knows that nobody did. Facts become incidents (`incidents.ts`), the one pure decision
// says who is rung when (`decide.ts`), deeds carry it out (`delivery.ts`); this file is the room's face to the engine. What
// people do — take, pass on, hand over, cover, resolve — are turns of this room too.
import assert from 'node:assert/strict'
import { derivedId, type PageId } from '../../core/id.ts'
import type { Incident } from '../../core/incident.ts'
import type { Deed, Outcome } from '../../core/deed.ts'
import { dueIn, ms, type Instant } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import { begin, decide, nextAt, step, type Decision, type PagingEvent } from './decide.ts'
import { dispatch, sendDigest, type DigestDeed, type RingDeed } from './delivery.ts'
import { fromGuard } from './guard/alarms.ts'
import { applyFound, applyMemberLeft, FINDING_TABLES } from './guard/findings.ts'
import { considerPaused, considerRemoved, considerSilenced, considerTurn, endNode, open, openNode, resolve, silenceEnds, type Lifecycle, type Opening } from './incidents.ts'
import type { Paging } from './paging.ts'
import type { Cover, Plan } from './plan.ts'
import type { Journaled, Mirrored } from './protocol.ts'
import * as rows from './rows.ts'
import { fromTell } from './told/promises.ts'

export interface PageContext {
  /** The plan in force, covers included. */
  readonly plan: () => Plan
  /** An incident changed and is durable: the ringer's mirror follows. `as`: how it stands now, where that is at hand. */
  readonly changed: (id: string, as?: Mirror) => void
}

/** An incident for the ringer's mirror; `closed`: it takes it out. */
export interface Mirror {
  readonly mirrored: Mirrored
  readonly closed: boolean
}

export interface PageRoom extends Room {
  open(tx: Tx, it: Opening): string
  openNode(tx: Tx, name: string, title: string, says: string): string
  endNode(tx: Tx, name: string): void
  /** Takes an event of one incident's paging in: an acknowledgement, a pass, an outcome. */
  event(tx: Tx, id: string, event: PagingEvent, extra?: Record<string, unknown>): boolean
  resolve(tx: Tx, id: string, by: { person: string; reason: string }): 'resolved' | 'still-failing' | 'unknown'
  update(tx: Tx, id: string, text: string, by: string): boolean
  cover(tx: Tx, cover: Cover, by: string): void
  test(tx: Tx, person: string, channel: string): PageId
  /** Takes what the ringer did by itself. */
  journal(tx: Tx, events: readonly Journaled[]): void
  /** Incidents that the ringer knew and this (new) memory does not. */
  adopt(tx: Tx, known: readonly Mirrored[]): void
  mirrored(sql: Tx['sql'], id: string): Mirror | undefined
  /** A new configuration: open episodes are decided again, so that none has an empty target set (P-12). */
  configure(tx: Tx): void
}

/** The entry that records each event. */
const KINDS: Record<PagingEvent['is'], string> = {
  acked: 'page.acked', passed: 'page.passed', assigned: 'page.assigned', settled: 'page.rang', resolved: 'page.stepped', worsened: 'page.stepped', led: 'page.led',
}

export function pageRoom(context: PageContext): PageRoom {
  const record = (tx: Tx, incident: Incident, before: Paging | undefined, decision: Decision, is: string, extra: Record<string, unknown> = {}): void => {
    const changed = decision.paging !== before
    if (changed || is !== 'page.stepped') {
      tx.append({ is, stream: incident.id, body: { ...extra, incident: incident.id, paging: decision.paging, says: decision.says, at: tx.now.wall } })
    }
    for (const move of decision.moves) {
      if (move.is === 'ring') {
        const { page, person, channel, step: at, round } = move.ring
        dispatch(tx, { incident: incident.id, page, person, channel, step: at, round, event: 'page', raisedAt: tx.now.wall, ...(move.why === undefined ? {} : { why: move.why }) })
      } else {
        dispatch(tx, {
          incident: incident.id, page: move.key, person: move.person, channel: move.channel, step: 0, round: 0, event: move.notice,
          raisedAt: tx.now.wall, ...(move.by === undefined ? {} : { by: move.by }),
        })
      }
    }
    const next = nextAt(decision.paging)
    if (next) tx.schedule('page.decide', incident.id, next)
    else tx.unschedule('page.decide', incident.id)
    if (changed) tx.afterwards(() => context.changed(incident.id, { mirrored: { incident, paging: decision.paging }, closed: decision.paging.phase.is === 'over' }))
  }
  const takeUp = (tx: Tx, id: string): void => {
    const row = rows.loadIncident(tx.sql, id)
    const paging = row && rows.pagingOf(row)
    if (!row || !paging || row.state !== 'open') return
    const incident = rows.incidentOf(row)
    record(tx, incident, paging, decide(paging, incident, context.plan(), tx.now), 'page.stepped')
  }
  const event: PageRoom['event'] = (tx, id, it, extra = {}) => {
    const row = rows.loadIncident(tx.sql, id)
    const paging = row && rows.pagingOf(row)
    if (!row || !paging) return false
    const incident = { ...rows.incidentOf(row), ...(it.is === 'led' ? { escalate: it.escalate } : {}) }
    record(tx, incident, paging, step(paging, it, incident, context.plan(), tx.now), KINDS[it.is], extra)
    return true
  }
  const life: Lifecycle = {
    begin(tx, incident) {
      const paging = begin(incident, context.plan(), tx.now)
      record(tx, incident, undefined, decide(paging, incident, context.plan(), tx.now), 'page.stepped')
    },
    end: (tx, incident, by) => void event(tx, incident.id, { is: 'resolved', ...(by === undefined ? {} : { by }) }),
    changed: (tx, id) => tx.afterwards(() => context.changed(id)),
    worsened: (tx, id, why) => void event(tx, id, { is: 'worsened', why }),
  }
  const rang = (tx: Tx, deed: Deed, outcome: Outcome): void => {
    const ring = deed.body as RingDeed
    const is = outcome.is === 'done' ? 'accepted' : outcome.is
    const says = outcome.is === 'done' ? outcome.receipt : outcome.says
    if (ring.event === 'test') {
      tx.append({ is: 'page.tested', stream: ring.page, body: { page: ring.page, person: ring.person, channel: ring.channel, outcome: is, says, at: tx.now.wall } })
      return
    }
    const facts = { page: ring.page, person: ring.person, channel: ring.channel, step: ring.step, round: ring.round, outcome: is, receipt: says }
    if (ring.event === 'page') event(tx, ring.incident, { is: 'settled', page: ring.page, outcome: is }, facts)
    else tx.append({ is: 'page.told', stream: ring.incident, body: { ...facts, incident: ring.incident, event: ring.event, at: tx.now.wall } })
  }
  const digested = (tx: Tx, deed: Deed, outcome: Outcome): void => {
    const digest = deed.body as DigestDeed
    const is = outcome.is === 'done' ? 'accepted' : outcome.is
    tx.append({
      is: 'page.digestRang', stream: digest.page,
      body: { page: digest.page, person: digest.person, channel: digest.channel, outcome: is, at: tx.now.wall, rings: digest.rings.filter((r) => r.event === 'page').map((r) => [r.incident, r.page]) },
    })
    // A digest that failed is decided again for each of its incidents, soon: the next rung, the next step.
    if (is !== 'accepted') for (const { incident } of digest.rings) tx.schedule('page.decide', incident, dueIn(tx.now, ms(0)))
  }
  const room: PageRoom = {
    name: 'page',
    tables: rows.TABLES + FINDING_TABLES,
    projections: [...rows.PROJECTIONS, 'page_finding'],
    apply: {
      'incident.opened': rows.applyOpened, 'incident.joined': rows.applyJoined, 'incident.left': (sql, entry) => (rows.applyLeft(sql, entry), applyMemberLeft(sql, entry)), 'incident.found': applyFound, 'incident.resolved': rows.applyResolved,
      'page.stepped': rows.applyStepped, 'page.rang': rows.applyStepped, 'page.acked': rows.applyStepped, 'page.passed': rows.applyStepped, 'page.assigned': rows.applyStepped, 'page.led': rows.applyLed,
      'page.digestRang': rows.applyDigestRang, 'page.covered': rows.applyCovered, 'page.tested': rows.applyTested,
      'watch.turned': rows.applyTurned, 'watch.silenced': rows.applySilenced, 'page.silenceEnded': rows.applySilenceEnded, 'watch.paused': rows.applyPaused, 'watch.removed': rows.applyRemoved,
    },
    on: {
      'watch.turned': (tx, entry) => considerTurn(tx, life, entry),
      'watch.paused': (tx, entry) => considerPaused(tx, life, entry),
      'watch.removed': (tx, entry) => considerRemoved(tx, life, entry),
      'watch.silenced': (tx, entry) => considerSilenced(tx, life, entry),
      ...fromGuard(life),
      'watch.isolated': (tx, entry) => void openNode(tx, life, 'isolated', 'This node is cut off', cutOff(entry.body)),
      'watch.rejoined': (tx) => endNode(tx, life, 'isolated'),
      ...fromTell(life, context.plan),
    },
    due: { 'page.decide': takeUp, 'page.digest': sendDigest, 'page.silence-ends': (tx, check) => silenceEnds(tx, life, check) },
    settled: { 'page.ring': rang, 'page.digest': digested },
    open: (tx, it) => open(tx, life, it),
    openNode: (tx, name, title, says) => openNode(tx, life, name, title, says),
    endNode: (tx, name) => endNode(tx, life, name),
    event,
    resolve(tx, id, by) {
      const row = rows.loadIncident(tx.sql, id)
      if (!row || row.state !== 'open') return 'unknown'
      const failing = (JSON.parse(row.members) as string[]).some((member) => /^(?:check|backup):/.test(member))
      if (failing) return 'still-failing'
      return resolve(tx, life, row, by) ? 'resolved' : 'still-failing'
    },
    update(tx, id, text, by) {
      if (!rows.loadIncident(tx.sql, id)) return false
      tx.append({ is: 'incident.updated', stream: id, body: { id, text: tx.keep(text), by, at: tx.now.wall } })
      return true
    },
    cover: (tx, cover, by) => void tx.append({ is: 'page.covered', stream: `rotation:${cover.rotation}`, body: { ...cover, by, at: tx.now.wall } }),
    test(tx, person, channel) {
      const page = derivedId<'page'>('tst', person, channel, tx.now.wall)
      tx.append({ is: 'page.tested', stream: page, body: { page, person, channel, outcome: 'waiting', says: 'on its way', at: tx.now.wall } })
      dispatch(tx, { incident: page, page, person, channel, step: 0, round: 0, event: 'test', raisedAt: tx.now.wall })
      return page
    },
    journal(tx, events) {
      for (const it of events) takeJournal(tx, room, it)
    },
    adopt(tx, known) {
      for (const { incident, paging } of known) {
        if (rows.loadIncident(tx.sql, incident.id)) continue
        const number = incident.number > 0 && !rows.findIncident(tx.sql, String(incident.number)) ? incident.number : rows.nextNumber(tx.sql)
        // What the ringer remembers may have a job's own words in it: they stand beside the ledger here too.
        const says = incident.origin === 'watch' ? `#${tx.keep(incident.says)}` : incident.says
        tx.append({ is: 'incident.opened', stream: incident.id, body: { ...rows.openedBody(tx, { ...incident, number, says }), adopted: true } })
        tx.append({ is: 'page.stepped', stream: incident.id, body: { incident: incident.id, paging, says: 'taken over from the ringer', at: tx.now.wall } })
        // This memory does not know which checks were down: by evidence they join or leave again.
        tx.schedule('page.decide', incident.id, dueIn(tx.now, ms(0)))
      }
    },
    mirrored(sql, id) {
      const row = rows.loadIncident(sql, id)
      const paging = row && rows.pagingOf(row)
      return row && paging ? { mirrored: { incident: rows.incidentOf(row), paging }, closed: row.state !== 'open' } : undefined
    },
    configure(tx) {
      for (const row of rows.loadOpen(tx.sql)) tx.schedule('page.decide', row.id, dueIn(tx.now, ms(0)))
    },
  }
  return room
}

function takeJournal(tx: Tx, room: PageRoom, it: Journaled): void {
  switch (it.is) {
    case 'rang':
      // What failed brings the next rung forward, also when it ends after the hand-over.
      const facts = { page: it.page, person: it.person, channel: it.channel, step: it.step, round: it.round, outcome: it.outcome, receipt: it.says, by: 'ringer' }
      if (!room.event(tx, it.incident, { is: 'settled', page: it.page, outcome: it.outcome }, facts)) {
        tx.append({ is: 'page.rangByRinger', stream: it.incident, body: { ...it } })
      }
      if (it.outcome === 'accepted') tx.sql.run(`update deed set is_ = 'done' where key = ? and is_ = 'intended'`, it.page)
      return
    case 'acted': {
      const acted = it.act === 'ack' ? { is: 'acked' as const, by: it.person, via: it.via } : { is: 'passed' as const, by: it.person }
      if (it.incident.startsWith('tst_')) received(tx, it.incident, it.at)
      // What was told live comes again with a welcome: one press is one entry.
      else if (!rows.wasTaken(tx.sql, it)) room.event(tx, it.incident, acted, { by: it.person, via: it.via, takenAt: it.at })
      return
    }
    case 'stepped': {
      const had = rows.loadPaging(tx.sql, it.incident)
      if (!had || had.phase.is === 'over' || rows.wasStepped(tx.sql, it)) return
      // Where this side went on further meanwhile, nothing begins a second time (P-13): its pages would be those of before.
      const behind = isBefore(it.paging, had)
      if (!behind) tx.append({ is: 'page.stepped', stream: it.incident, body: { incident: it.incident, paging: it.paging, says: 'as the ringer went on alone', at: it.at } })
      // A page that the ringer had under way when it handed over is this side's to see through (P-3): the same id, so never twice.
      for (const ring of it.paging.rings) {
        if (ring.is !== 'sent') continue
        const { page, person, channel, step: at, round } = ring
        tx.intend({ key: page, what: 'page.ring', repeatable: true, body: { incident: it.incident, page, person, channel, step: at, round, event: 'page', raisedAt: it.at } })
      }
      const next = nextAt(it.paging)
      if (next && !behind) tx.schedule('page.decide', it.incident, next)
      return
    }
    case 'stoodIn':
      tx.append({ is: 'page.stoodIn', stream: 'node:ringer', body: { silentFor: it.silentFor, at: it.at } })
      return
    default:
      assert.fail('a journal has no other events')
  }
}

/** True when both ring, and the first is at an earlier step or round. */
function isBefore({ phase: a, lap }: Paging, { phase: b, lap: its }: Paging): boolean {
  if (a.is !== 'ringing' || b.is !== 'ringing' || lap !== its) return false
  return a.round < b.round || (a.round === b.round && a.step < b.step)
}

const cutOff = ({ says }: { readonly says?: string }): string => `no anchor answers${says ? ` (${says})` : ''}: silence of far targets is not counted until one does`

/** The receipt of a test page: its link was pressed. */
function received(tx: Tx, page: string, at: Instant): void {
  const test = rows.loadTest(tx.sql, page)
  if (test) tx.append({ is: 'page.tested', stream: page, body: { page, person: test.person, channel: test.channel, outcome: 'accepted', says: 'received and answered', at: test.at, receivedAt: at } })
}
