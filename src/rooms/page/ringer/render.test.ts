// The message that leaves: the webhook's body to the letter, links that read back, and nothing about people who are gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { incidentId, type Incident } from '../../../core/incident.ts'
import type { PageId } from '../../../core/id.ts'
import { readToken } from '../../../core/link.ts'
import { instantOf, minutes, seconds, tickOf, type Now } from '../../../core/time.ts'
import { begin, decide, step } from '../decide.ts'
import type { Plan } from '../plan.ts'
import { render, sentAt } from './render.ts'

const key = Buffer.alloc(32, 2)
const now: Now = { wall: instantOf(Date.UTC(2026, 10, 21, 1, 15)), tick: tickOf(1000), boot: 'b' }
const plan: Plan = {
  version: 'v', people: { ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'email', after: seconds(0) }] }, bo: { name: 'bo', reach: [{ channel: 'email', after: seconds(0) }] } },
  channels: { email: { kind: 'smtp', config: {} } }, rotations: {}, covers: [], fallback: ['ada'], ackLapses: minutes(30), communications: [],
  policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: minutes(5) }, { page: [{ is: 'person', name: 'bo' }], wait: minutes(5) }] } },
  site: { name: 'Acme', url: 'https://status.acme.example/', timezone: 'Europe/Berlin' },
}
const db: Incident = {
  id: incidentId('check:db', ''), number: 212, subject: 'check:db', title: 'db is down', says: 'Connection refused from 2 of 3 places.', origin: 'watch', escalate: 'default',
  since: instantOf(Date.UTC(2026, 10, 21, 1, 14)), members: ['check:db', 'check:api'],
}
const rung = decide(begin(db, plan, now), db, plan, now)
const page = 'pg_0123456789abcdef0123456789abcdef' as PageId
const given = { plan, now, key }

test('a page is exactly what receivers are promised', () => {
  const message = render({ is: 'page', page, person: 'ada', incident: db, paging: rung.paging, step: 0, round: 0, raisedAt: now.wall }, given)
  assert.ok(message)
  const { ack_url: ack = '', pass_url: pass = '', ...body } = message.body
  assert.match(new URL(body.incident.url).pathname, /^\/incidents\/inc_[0-9a-f]{32}$/, 'where the routes answer')
  assert.deepEqual(body, {
    schema: 'holdfast.page/1', id: page,
    incident: { id: db.id, number: 212, title: 'db is down', since: '2026-11-21T01:14:00.000Z', state: 'open', url: `https://status.acme.example/incidents/${db.id}` },
    subject: 'check:db', person: 'ada', step: 0, round: 0,
    text: {
      short: 'Holdfast 212: db is down since 02:14 (Connection refused from 2 of 3 places). Next Bo 02:20.',
      long: 'Connection refused from 2 of 3 places since 02:14 CET. api depends on it. Bo is paged at 02:20.',
    },
    raised_at: '2026-11-21T01:15:00.000Z', sent_at: '2026-11-21T01:15:00.000Z', event: 'page',
  })
  assert.deepEqual([message.key, message.thread, message.title, message.to], [page, db.id, 'db is down', { name: 'ada', email: 'ada@acme.example' }])
  assert.match(ack, /^https:\/\/status\.acme\.example\/a\/[\w-]+$/)
  assert.equal(pass, `${ack}/pass`)
  assert.deepEqual(readToken(key, ack.split('/a/')[1] ?? ''), { is: 'act', incident: db.id, person: 'ada' })
  assert.equal(sentAt(message, { ...now, wall: instantOf(now.wall + 60_000) }).body.sent_at, '2026-11-21T01:16:00.000Z')
})

test('what is wrong with backups is said as people say it, and does not depend on itself', () => {
  const long = (subject: string, says: string, members: readonly string[]): string | undefined => {
    const incident: Incident = { ...db, id: incidentId(subject, ''), subject, title: 'x', says, origin: 'guard', members }
    return render({ is: 'page', page, person: 'ada', incident, paging: rung.paging, step: 0, round: 0, raisedAt: now.wall }, given)?.body.text.long.replace(/ Bo is paged.*/, '')
  }
  assert.equal(long('backup:shop', 'in main: there is no copy', ['backup:shop@main', 'vanished:shop@nas']), 'In main: there is no copy since 02:14 CET.')
  assert.equal(long('reconcile:customer-backups/breaker', 'nothing was touched', ['reconcile:customer-backups@breaker', 'reconcile:customer-backups@refused']), 'Nothing was touched since 02:14 CET.')
  assert.equal(long('check:db', 'connection refused', ['check:db', 'check:api', 'backup:shop@main', 'reconcile:customer-backups@refused', 'reconcile:customer-backups@gap']), 'Connection refused since 02:14 CET. api, the backup of shop in main, the clean-up customer-backups depend on it.')
  assert.equal(long('check:db', 'connection refused', ['check:db', 'backup:shop@main']), 'Connection refused since 02:14 CET. The backup of shop in main depends on it.')
})

test('without a key there are no links; somebody who is gone gets no message', () => {
  const telling = { is: 'page', page, incident: db, paging: rung.paging, step: 0, round: 0, raisedAt: now.wall } as const
  const message = render({ ...telling, person: 'ada' }, { plan, now, key: undefined })
  assert.ok(message && !('ack_url' in message.body) && !('pass_url' in message.body))
  assert.equal(render({ ...telling, person: 'mallory' }, given), undefined)
  assert.equal(render({ ...telling, person: 'constructor' }, given), undefined)
})

test('each notice says its own, with the state and only the links that make sense', () => {
  const held = step(rung.paging, { is: 'acked', by: 'ada', via: 'link' }, db, plan, now).paging
  const tell = (notice: 'acknowledged' | 'reminder' | 'lapsed' | 'recovered' | 'reassigned', by?: string) =>
    render({ is: 'notice', notice, page, person: 'bo', incident: db, paging: held, ...(by === undefined ? {} : { by }) }, given)
  const taken = tell('acknowledged', 'ada')
  assert.deepEqual([taken?.title, taken?.body.text.long, taken?.body.incident.state, taken?.body.event, taken?.body.ack_url], ['Ada has db', 'Ada has db (212). Nobody else is paged.', 'acknowledged', 'acknowledged', undefined])
  const still = tell('reminder', 'ada')
  assert.match(still?.body.text.long ?? '', /^Still on db \(212\)\? You took it 0 ms ago\. Take it again to keep it\. Otherwise Ada in 30 min\.$/)
  assert.ok(still?.body.ack_url)
  const back = tell('recovered')
  assert.deepEqual([back?.title, back?.body.incident.state, back?.body.ack_url], ['db is back', 'resolved', undefined])
  assert.equal(tell('lapsed', 'ada')?.title, 'db rings again')
  assert.match(tell('reassigned', 'ada')?.body.text.long ?? '', /Ada handed db \(212\) over\./)
})

test('P-13 a digest counts pages and notices apart, and lists each page with its own link', () => {
  const others = ['www', 'api'].map((name, i): Incident => ({ ...db, id: incidentId(`check:${name}`, ''), number: 213 + i, subject: `check:${name}`, title: `${name} is down`, members: [`check:${name}`] }))
  const rings = [...[db, ...others].map((incident, i) => ({ incident, event: 'page', page: `pg_${i}` as PageId })), { incident: db, event: 'recovered' }]
  const message = render({ is: 'digest', page, person: 'ada', raisedAt: now.wall, rings }, given)
  assert.equal(message?.title, '3 pages at once')
  assert.match(message?.body.text.long ?? '', /^3 pages at once, and 1 notice\.\n212: db is down since 02:14: Connection refused from 2 of 3 places\.\n213: www is down/)
  assert.equal(message?.body.ack_url, undefined, 'one link cannot take several')
  const tokens = (message?.body.pages ?? []).map(({ ack_url: url }) => (url === undefined ? undefined : readToken(key, url.split('/a/')[1] ?? '')))
  assert.deepEqual(tokens.map((it) => (it?.is === 'act' ? it.incident : undefined)), [db.id, others[0]?.id, others[1]?.id, undefined])
  const single = render({ is: 'digest', page, person: 'ada', raisedAt: now.wall, rings: rings.slice(0, 1) }, given)
  assert.ok(single?.body.ack_url)
})

test('what no machine watches is quoted by its title', () => {
  const full: Incident = { ...db, subject: 'node:disk-full', title: 'The disk is full', origin: 'node' }
  assert.equal(render({ is: 'notice', notice: 'acknowledged', by: 'ada', page, person: 'bo', incident: full, paging: rung.paging }, given)?.body.text.long, 'Ada has "The disk is full" (212). Nobody else is paged.')
})
