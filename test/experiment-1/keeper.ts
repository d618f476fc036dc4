// A small keeper for the experiment: what it decides is durable before it leaves, in a SQLite file; it says hello, takes the
// ringer's journal in, and rings what is intended and not settled. It is the protocol and nothing else: no watch, no engine.
// The file is also the record: every page that was ever intended stands in it, and what came of it.
import { DatabaseSync } from 'node:sqlite'
import { incidentId, type Incident } from '../../src/core/incident.ts'
import { instantOf, isDue, minutes, ms, seconds, type Now } from '../../src/core/time.ts'
import { createClock } from '../../src/ports/world/clock.ts'
import { stayConnected } from '../../src/ports/wire.ts'
import { begin, decide, nextAt, step, type Decision, type PagingEvent } from '../../src/rooms/page/decide.ts'
import type { Paging } from '../../src/rooms/page/paging.ts'
import type { Plan } from '../../src/rooms/page/plan.ts'
import type { FromRinger, Journaled, ToRinger } from '../../src/rooms/page/protocol.ts'
import { render } from '../../src/rooms/page/ringer/render.ts'

const [file = '', socket = '', hookPort = ''] = process.argv.slice(2)

/** Beats of this keeper; the ringer's patience is set to match. */
export const BEAT = 100
const GAP = 1200
const MOST_OPEN = 4
const KEY = Buffer.alloc(32, 1)

export const planFor = (port: string | number): Plan => ({
  version: 'v1',
  people: { ada: { name: 'ada', reach: [{ channel: 'hook', after: ms(0) }] }, bo: { name: 'bo', reach: [{ channel: 'hook', after: ms(0) }] } },
  channels: { hook: { kind: 'webhook', config: { webhook: `http://127.0.0.1:${port}/page` } } },
  rotations: {}, covers: [], fallback: ['ada'], ackLapses: minutes(30), communications: [], site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'UTC' },
  policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: seconds(1) }, { page: [{ is: 'person', name: 'bo' }], wait: seconds(1) }] } },
})

function work(): void {
  const clock = createClock()
  const plan = planFor(hookPort)
  const db = new DatabaseSync(file)
  db.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table if not exists incident (id text primary key, n integer, body text, paging text, state text, acked_at integer);
    create table if not exists page (page text primary key, incident text, ring text, notice text, is_ text, says text);`)
  let ready = false
  let term = 0
  let calm = false
  let lastRound = clock.now().tick
  let outgoing: string[] = []
  const all = (sql: string, ...args: (string | number)[]): Record<string, string>[] => db.prepare(sql).all(...args) as Record<string, string>[]
  const run = (sql: string, ...args: (string | number)[]): void => void db.prepare(sql).run(...args)
  const tell = (message: ToRinger): boolean => link.link?.send(message) ?? false
  const hello = (): void => {
    ready = false
    tell({ is: 'hello', store: 'one', pid: process.pid })
  }

  const record = (it: Incident, decision: Decision): void => {
    run('update incident set paging = ? where id = ?', JSON.stringify(decision.paging), it.id)
    for (const move of decision.moves) {
      const [page, ring, notice] = move.is === 'ring' ? [move.ring.page, move.ring, ''] : [move.key, { page: move.key, person: move.person, channel: move.channel, step: 0, round: 0 }, move.notice]
      run(`insert into page values (?, ?, ?, ?, 'intended', '') on conflict do nothing`, page, it.id, JSON.stringify(ring), notice)
      outgoing.push(page)
    }
    if (decision.paging.phase.is === 'held') run('update incident set acked_at = ? where id = ? and acked_at is null', clock.now().wall, it.id)
    changed.add(it.id)
  }
  const changed = new Set<string>()
  const take = (id: string, event: PagingEvent): void => {
    const [row] = all(`select * from incident where id = ? and state = 'open'`, id)
    if (!row) return
    const it = JSON.parse(row['body'] ?? '') as Incident
    record(it, step(JSON.parse(row['paging'] ?? '') as Paging, event, it, plan, clock.now()))
  }
  const takeJournal = (events: readonly Journaled[]): void => {
    for (const it of events) {
      if (it.is === 'acted') take(it.incident, it.act === 'ack' ? { is: 'acked', by: it.person, via: it.via } : { is: 'passed', by: it.person })
      else if (it.is === 'rang') {
        run(`insert into page values (?, ?, ?, '', ?, ?) on conflict do update set is_ = excluded.is_, says = excluded.says`, it.page, it.incident, JSON.stringify(it), it.outcome, it.says)
        take(it.incident, { is: 'settled', page: it.page, outcome: it.outcome })
      } else if (it.is === 'stepped') {
        const [row] = all(`select body from incident where id = ? and state = 'open'`, it.incident)
        if (!row) continue
        record(JSON.parse(row['body'] ?? '') as Incident, { paging: it.paging, moves: [], says: '' })
        // What the ringer had sent off and not settled is intended here from now on (P-3).
        for (const ring of it.paging.rings) if (ring.is === 'sent') run(`insert into page values (?, ?, ?, '', 'intended', '') on conflict do nothing`, ring.page, it.incident, JSON.stringify(ring))
      }
    }
  }
  /** Everything in one transaction; what is to leave leaves after it. */
  const turn = (act: () => void): void => {
    db.exec('begin immediate')
    act()
    db.exec('commit')
    for (const id of changed) {
      const [row] = all('select * from incident where id = ?', id)
      if (row) tell({ is: 'changed', mirrored: { incident: JSON.parse(row['body'] ?? '') as Incident, paging: JSON.parse(row['paging'] ?? '') as Paging }, closed: row['state'] !== 'open' })
    }
    changed.clear()
    const pages = outgoing
    outgoing = []
    if (ready) for (const page of pages) ring(page)
  }
  const ring = (page: string): void => {
    const [row] = all(`select page.*, incident.body, incident.paging from page join incident on incident.id = page.incident where page = ? and is_ = 'intended'`, page)
    if (!row) return
    const { person, channel, step: at, round } = JSON.parse(row['ring'] ?? '') as { person: string; channel: string; step: number; round: number }
    const incident = JSON.parse(row['body'] ?? '') as Incident
    const paging = JSON.parse(row['paging'] ?? '') as Paging
    const one = { page: page as never, person, incident, paging }
    const message = row['notice'] === '' ? render({ is: 'page', ...one, step: at, round, raisedAt: incident.since }, { plan, now: clock.now(), key: KEY })
      : render({ is: 'notice', ...one, notice: row['notice'] as never }, { plan, now: clock.now(), key: KEY })
    if (message) tell({ is: 'ring', term, rings: [{ incident: incident.id, channel, message }] })
  }
  const welcome = (message: FromRinger & { is: 'welcome' }): void => {
    turn(() => takeJournal(message.journal))
    const last = message.journal.at(-1)
    if (last) tell({ is: 'taken', n: last.n })
    term = message.term
    ready = true
    tell({ is: 'plan', plan })
    tell({ is: 'mirror', open: all(`select * from incident where state = 'open'`).map((row) => ({ incident: JSON.parse(row['body'] ?? '') as Incident, paging: JSON.parse(row['paging'] ?? '') as Paging })) })
    for (const { page } of all(`select page from page where is_ = 'intended'`)) ring(page ?? '')
  }
  const link = stayConnected(socket, {
    onOpen: hello,
    onLost: () => void (ready = false),
    onMessage(raw) {
      const message = raw as unknown as FromRinger
      if (message.is === 'welcome') welcome(message)
      else if (message.is === 'refused') hello()
      else if (message.is === 'journal') {
        turn(() => takeJournal(message.events))
        tell({ is: 'taken', n: message.events.at(-1)?.n ?? 0 })
      } else {
        turn(() => {
          run(`update page set is_ = ?, says = ? where page = ? and is_ != 'accepted'`, message.outcome, message.says, message.page)
          const [row] = all('select incident from page where page = ?', message.page)
          if (row) take(row['incident'] ?? '', { is: 'settled', page: message.page, outcome: message.outcome })
        })
      }
    },
  })

  const openMore = (now: Now): void => {
    const [{ n, open } = {}] = all(`select count(*) as n, coalesce(sum(state = 'open'), 0) as open from incident`)
    if (calm || Number(open) >= MOST_OPEN || Math.floor(now.wall / 700) % 2 === 0) return
    const name = `c${n}`
    const it: Incident = { id: incidentId(`check:${name}`, ''), number: Number(n) + 1, subject: `check:${name}`, title: `${name} is down`, says: 'Connection refused', origin: 'watch', escalate: 'default', since: instantOf(now.wall), members: [`check:${name}`] }
    const paging = begin(it, plan, now)
    run(`insert into incident values (?, ?, ?, ?, 'open', null)`, it.id, it.number, JSON.stringify(it), JSON.stringify(paging))
    record(it, decide(paging, it, plan, now))
  }
  const round = (): void => {
    const now = clock.now()
    if (now.tick - lastRound > GAP) hello()
    lastRound = now.tick
    if (!ready) return
    turn(() => {
      for (const row of all(`select * from incident where state = 'open'`)) {
        const it = JSON.parse(row['body'] ?? '') as Incident
        const paging = JSON.parse(row['paging'] ?? '') as Paging
        const due = nextAt(paging)
        if (due && isDue(due, now)) record(it, decide(paging, it, plan, now))
        else if (paging.phase.is === 'held' && now.wall - paging.phase.at > 2500) {
          record(it, step(paging, { is: 'resolved' }, it, plan, now))
          run(`update incident set state = 'over' where id = ?`, it.id)
        }
      }
      openMore(now)
    })
  }
  setInterval(round, 20)
  setInterval(() => tell({ is: 'beat' }), BEAT)
  process.on('message', (message) => {
    if (message === 'calm') calm = true
  })
  process.on('disconnect', () => process.exit(0))
}

if (file !== '') work()
