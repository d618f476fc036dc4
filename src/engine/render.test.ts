// What leaves as a message is looked up at the moment it leaves: the counts of a digest are exact however many it tells, and what
// was taken meanwhile is not in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minutes } from '../core/time.ts'
import { configOf, keeperWorld, type KeeperWorld } from '../../test/keeper-world.ts'
import type { DigestDeed, RingDeed } from '../rooms/page/delivery.ts'
import { renderDigest, renderRing } from './render.ts'

async function alerts(w: KeeperWorld, from: number, to: number): Promise<void> {
  const events = Array.from({ length: to - from }, (_, n) => ({ via: 'pagerduty', integration: 'main', action: 'trigger', key: `disk-${from + n}`, summary: `Disk ${from + n} is full`, source: 's', severity: 'critical' }))
  assert.equal((await w.ask('triggers', { events })).status, 200)
}

test('P-13 a digest counts all that it tells, lists a hundred with links of their own, and leaves out what was taken', async (t) => {
  const w = await keeperWorld(t, configOf([]), { renderDigest: (keeper, deed) => renderDigest(keeper, deed, new Uint8Array(32)) })
  await alerts(w, 0, 240)
  const alone = w.sql.get<{ n: number }>('select count(*) as n from page_lately')?.n ?? 0
  await w.pass(minutes(1))
  const [digest] = w.rung.map(({ message }) => message.body).filter((body) => body.event === 'digest')
  assert(digest)
  const told = 240 - alone
  assert(digest.text.short.startsWith(`Holdfast: ${told} pages at once`), digest.text.short)
  assert(digest.text.long.endsWith(`And ${told - 10} more.`), digest.text.long)
  assert.equal(digest.pages?.length, 100)
  assert.equal(new Set(digest.pages?.map((it) => it.id)).size, 100, 'each page has an id of its own')
  assert.equal(new Set(digest.pages?.map((it) => it.ack_url)).size, 100)

  const deed = JSON.parse(w.sql.get<{ body: string }>(`select body from deed where what = 'page.digest'`)?.body ?? '') as DigestDeed
  const again = (): string => {
    const message = renderDigest(w.keeper, deed, new Uint8Array(32))
    return typeof message === 'string' ? message : message.title
  }
  assert.equal(again(), `${told} pages at once`)
  const event = { via: 'pagerduty', integration: 'main', summary: '', source: 's', severity: 'critical' }
  await w.ask('triggers', { events: [{ ...event, action: 'resolve', key: 'disk-239' }, { ...event, action: 'acknowledge', key: 'disk-238' }] })
  assert.equal(again(), `${told - 2} pages at once`)
  await w.ask('triggers', { events: Array.from({ length: 240 }, (_, n) => ({ ...event, action: 'resolve', key: `disk-${n}` })) })
  assert.match(again(), /taken or over/)
})

test('P-4 of several pages of one incident that all waited for a line, only the latest goes out', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  await alerts(w, 0, 1)
  const deed = JSON.parse(w.sql.get<{ body: string }>(`select body from deed where what = 'page.ring'`)?.body ?? '') as RingDeed
  const waited = ['0', '1', '2'].map((n): RingDeed => ({ ...deed, page: `pg_${n.repeat(32)}` as RingDeed['page'], channel: 'sms' }))
  for (const [at, body] of waited.entries()) w.sql.run('insert into deed (key, what, body, repeatable, is_, at) values (?,?,?,?,?,?)', body.page, 'page.ring', JSON.stringify(body), 1, 'intended', at)
  const said = (): boolean[] => waited.map((ring) => renderRing(w.keeper, ring, new Uint8Array(32)) === 'a later page about it goes out in its place')
  assert.deepEqual(said(), [true, true, false])
  w.sql.run(`update deed set body = json_set(body, '$.incident', 'another') where key = ?`, waited[2]?.page ?? '')
  assert.deepEqual(said(), [true, false, false], 'of another incident')
})
