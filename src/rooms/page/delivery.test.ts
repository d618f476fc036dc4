// The page room over a store in memory: storms as the keeper sees them (P-13), what is spared of them (P-7, P-14), and that what
// people write stands beside the ledger and not in it.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { IncidentId } from '../../core/id.ts'
import { instantOf, minutes, ms, tickOf, type Now } from '../../core/time.ts'
import { entries } from '../../db/store.ts'
import { rebuildLedger, verifyLedger } from '../../db/verify.ts'
import { sparedRing, type RingDeed } from './delivery.ts'
import { pageRoom } from './index.ts'
import type { Plan } from './plan.ts'
import type { Journaled } from './protocol.ts'
import { loadIncident, loadOpen, loadPaging } from './rows.ts'
import { roomWorld } from '../../../test/room-world.ts'

const plan: Plan = {
  version: '1', people: { ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'mail', after: ms(0) }] } }, channels: { mail: { kind: 'smtp', config: {} } },
  rotations: {}, covers: [], policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: minutes(5) }] } },
  fallback: ['ada'], ackLapses: minutes(30), site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'UTC' }, communications: [],
}

function world(t: { after(act: () => void): void }) {
  let at = 1_000_000
  const now = (): Now => ({ wall: instantOf(1_700_000_000_000 + at), tick: tickOf(at), boot: 'boot' })
  const room = pageRoom({ plan: () => plan, changed: () => undefined })
  const { sql, store, turn } = roomWorld(room, now)
  t.after(() => sql.close())
  const open = (name: string, says = 'refused'): string =>
    turn((tx) => room.open(tx, { subject: `service:pagerduty/main/${name}`, title: `${name} fills`, says, origin: 'ingest', escalate: 'default', members: [] }))
  const deeds = (): { key: string; what: string; rings: string[] }[] =>
    sql.all<{ key: string; what: string; body: string }>('select key, what, body from deed')
      .map(({ key, what, body }) => ({ key, what, rings: what === 'page.digest' ? (JSON.parse(body) as { rings: { incident: string }[] }).rings.map(({ incident }) => incident) : [(JSON.parse(body) as { incident: string }).incident] }))
  return {
    sql, room, store, turn, open, deeds,
    pass: (span: number) => void (at += span),
    /** Does what the agenda has by now. */
    run() {
      for (const row of sql.all<{ what: string; key: string }>('select what, key from agenda where tick <= ?', at)) {
        turn((tx) => {
          tx.unschedule(row.what, row.key)
          room.due?.[row.what]?.(tx, row.key)
        })
      }
    },
  }
}

test('P-13 five incidents a minute are told one by one, the rest together after 2 s; counts are exact', (t) => {
  const it = world(t)
  const ids = Array.from({ length: 20 }, (_, i) => it.open(`disk-${i}`))
  assert.deepEqual(it.deeds().map(({ what }) => what), Array.from({ length: 5 }, () => 'page.ring'))
  it.pass(1999)
  it.run()
  assert.equal(it.deeds().length, 5)
  it.pass(1)
  it.run()
  const digest = it.deeds().filter(({ what }) => what === 'page.digest')
  assert.equal(digest.length, 1)
  assert.deepEqual(it.deeds().flatMap(({ rings }) => rings).sort(), [...ids].sort())
})

test('P-13 what was gathered alone goes out as what it is', (t) => {
  const it = world(t)
  const ids = Array.from({ length: 6 }, (_, i) => it.open(`disk-${i}`))
  it.pass(2000)
  it.run()
  assert.deepEqual(it.deeds().map(({ what }) => what), Array.from({ length: 6 }, () => 'page.ring'))
  assert.deepEqual(it.deeds().flatMap(({ rings }) => rings).sort(), [...ids].sort())
})

test('P-7 P-14 what somebody took, or is over, before the digest left is spared, and the ledger says so', (t) => {
  const it = world(t)
  const ids = Array.from({ length: 10 }, (_, i) => it.open(`disk-${i}`))
  const [taken, ended] = [ids[7] ?? '', ids[8] ?? '']
  it.turn((tx) => it.room.event(tx, taken, { is: 'acked', by: 'ada', via: 'cli' }, { by: 'ada', via: 'cli' }))
  it.turn((tx) => it.room.resolve(tx, ended, { person: 'ada', reason: 'mended' }))
  it.pass(2000)
  it.run()
  const digest = it.deeds().find(({ what }) => what === 'page.digest')
  assert.deepEqual([...new Set(digest?.rings.filter((id) => id !== ended))].sort(), [ids[5] ?? '', ids[6] ?? '', ids[9] ?? ''].sort())
  const spared = [...entries(it.sql)].find(({ is }) => is === 'page.spared')
  assert.deepEqual((spared?.body as { pages?: string[] } | undefined)?.pages?.length, 2)
})

test('X-7 a reboot or a wall clock that is set holds no digest back', (t) => {
  const it = world(t)
  for (let i = 0; i < 8; i++) it.open(`disk-${i}`)
  const waits = it.sql.all<{ tick: number }>(`select tick from agenda where what = 'page.digest'`)
  assert.equal(waits.length, 1)
  it.pass(2000)
  it.run()
  // The next digest of this person keeps its distance; it is counted by ticks.
  it.open('later')
  const next = it.sql.get<{ tick: number }>(`select tick from agenda where what = 'page.digest'`)
  assert.equal((next?.tick ?? 0) - (waits[0]?.tick ?? 0), 10_000)
})

test('what other services and people write is kept beside the ledger: the entry has its hash, and a text that was taken out is gone', (t) => {
  const it = world(t)
  const id = it.open('db', 'ada@acme.example cannot log in')
  const opened = [...entries(it.sql, id)].find(({ is }) => is === 'incident.opened')
  assert.match(String(opened?.body['title']), /^#[0-9a-f]{64}\.title$/)
  assert.doesNotMatch(JSON.stringify([...entries(it.sql)].map(({ body }) => body)), /cannot log in/)
  assert.equal(loadIncident(it.sql, id)?.says, 'ada@acme.example cannot log in')
  assert.equal(loadOpen(it.sql)[0]?.title, 'db fills')
  assert.deepEqual(rebuildLedger(it.sql, it.store.rooms, { replace: false }).differed, [])
  it.sql.run('delete from text')
  assert.equal(verifyLedger(it.sql).broken, undefined)
  assert.equal(loadIncident(it.sql, id)?.says, '')
})

test('P-7 a journal of the ringer that comes twice does not undo what came after it', (t) => {
  const it = world(t)
  const id = it.open('db') as IncidentId
  const paging = loadPaging(it.sql, id)
  assert(paging?.phase.is === 'ringing')
  const at = instantOf(1_700_000_001_000)
  const stepped: Journaled = { n: 1, is: 'stepped', at, incident: id, paging: { ...paging, phase: { ...paging.phase, step: 0, round: 3 } } }
  const acted: Journaled = { n: 2, is: 'acted', act: 'ack', at, incident: id, person: 'ada', via: 'link' }
  it.turn((tx) => it.room.journal(tx, [stepped]))
  it.turn((tx) => it.room.journal(tx, [acted]))
  it.turn((tx) => it.room.journal(tx, [stepped, acted]))
  assert.equal(loadPaging(it.sql, id)?.phase.is, 'held')
  assert.equal([...entries(it.sql, id)].filter(({ is }) => is === 'page.acked').length, 1)
})

test('P-13 a journal of the ringer that is behind takes no step back: nothing begins a second time', (t) => {
  const it = world(t)
  const id = it.open('db') as IncidentId
  const paging = loadPaging(it.sql, id)
  assert(paging?.phase.is === 'ringing')
  const at = (n: number, step: number): Journaled => ({ n, is: 'stepped', at: instantOf(1_700_000_001_000 + n), incident: id, paging: { ...paging, phase: { ...paging.phase, step, round: 0 } as typeof paging.phase } })
  const step = (): unknown => (loadPaging(it.sql, id)?.phase as { step?: number } | undefined)?.step
  it.turn((tx) => it.room.journal(tx, [at(1, 2)]))
  assert.equal(step(), 2)
  it.turn((tx) => it.room.journal(tx, [at(2, 1)]))
  assert.equal(step(), 2)
})

test('P-14, P-4 what had to wait and is old by then does not go out: it is over, somebody has it, or a later page says it', (t) => {
  const it = world(t)
  const id = it.open('db')
  const ringing = loadPaging(it.sql, id)
  assert(ringing?.phase.is === 'ringing')
  const [ring] = ringing.rings
  assert(ring)
  const deed: RingDeed = { incident: id, page: ring.page, person: ring.person, channel: ring.channel, step: 0, round: 0, event: 'page', raisedAt: instantOf(0) }
  const older: RingDeed = { ...deed, page: 'pg_00000000000000000000000000000000' as RingDeed['page'] }
  const none = (): boolean => false
  assert.equal(sparedRing(deed, ringing, none), undefined)
  assert.equal(sparedRing(deed, ringing, () => true), undefined, 'it is the latest that was decided')
  assert.equal(sparedRing(older, ringing, none), 'a later page about it goes out in its place')
  assert.equal(sparedRing({ ...older, channel: 'hook' }, ringing, none), undefined, 'nothing says it by that channel')
  assert.equal(sparedRing({ ...older, channel: 'hook' }, ringing, () => true), 'a later page about it goes out in its place', 'it waits as well')
  assert.equal(sparedRing(older, { ...ringing, rings: [{ ...ring, is: 'waiting' }] }, none), undefined, 'the later one is not on its way yet')
  it.turn((tx) => it.room.event(tx, id, { is: 'acked', by: 'ada', via: 'cli' }, { by: 'ada', via: 'cli' }))
  assert.equal(sparedRing(deed, loadPaging(it.sql, id) ?? ringing, none), 'Ada has it')
  it.turn((tx) => it.room.resolve(tx, id, { person: 'ada', reason: 'mended' }))
  assert.equal(sparedRing(deed, loadPaging(it.sql, id) ?? ringing, none), 'it was over before this was sent')
  assert.equal(sparedRing({ ...deed, event: 'recovered' }, loadPaging(it.sql, id) ?? ringing, none), undefined, 'the end is told')
})
