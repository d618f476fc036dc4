// What is known of hosts, under clocks: what is old, was never said, or is dated by a wrong clock is unknown.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantOf, tickOf, type Now } from '../../../core/time.ts'
import { createHostsHeard } from './hosts-heard.ts'
import type { Sent } from './protocol.ts'
import type { Host } from '../topology.ts'

const WALL = 1_795_000_000_000
const at = (ms: number, set = 0): Now => ({ wall: instantOf(WALL + ms + set), tick: tickOf(1000 + ms), boot: 'boot' })
const host: Host = { name: 'db-2', fate: {}, links: [{ name: 'eth0' }, { name: 'eth1' }], from: 'holdfast.yaml:2' }
const account = (more: Partial<Sent> = {}): Sent => ({
  question: 1, boot: '58c1dbd2-296e-4f28-bb18-25fae3b55a7b', clock: WALL / 1000, links: [['eth0', { carrier: 'up', downs: 0, speed: 1000 }], ['eth1', { carrier: 'up', downs: 0 }]], ...more,
})
const asked = (ms: number) => ({ tick: tickOf(1000 + ms), boot: 'boot' })

test('C-2 an answer is good for ten seconds from its question on, and for another boot of this machine it is none', () => {
  const heard = createHostsHeard()
  assert.equal(heard.links(host, at(0)).found, 'unknown')
  heard.hear({ is: 'account', host: 'db-2', asked: asked(0), account: account() }, host)
  for (const [ms, found] of [[0, 'pass'], [10_000, 'pass'], [10_001, 'unknown'], [-1, 'unknown']] as const) assert.equal(heard.links(host, at(ms)).found, found, String(ms))
  assert.equal(heard.links(host, { ...at(0), boot: 'another' }).found, 'unknown')
  assert.equal(heard.boot('db-2', at(5000))?.boot, '58c1dbd2-296e-4f28-bb18-25fae3b55a7b')
  // The wall clock of this machine ages nothing; a host whose own clock is far off dates nothing that is believed.
  assert.equal(heard.links(host, at(5000, 30_000)).found, 'pass')
  assert.equal(heard.links(host, at(5000, 90_000)).found, 'unknown')
})

test('X-9 a host that went silent is unknown for the reason that is known, and one cable that fails outweighs what is not known', () => {
  const heard = createHostsHeard()
  heard.hear({ is: 'account', host: 'db-2', asked: asked(0), account: account() }, host)
  heard.hear({ is: 'silent', host: 'db-2', at: asked(4000), says: 'it does not answer' }, host)
  assert.equal(heard.links(host, at(4000)).found, 'pass', 'what it said four seconds ago still holds')
  const later = heard.links(host, at(11_000))
  assert.deepEqual([later.found, later.evidence[0]?.says], ['unknown', 'db-2: it does not answer'])
  heard.hear({ is: 'account', host: 'db-2', asked: asked(12_000), account: account({ links: [['eth0', { carrier: 'unknown' }], ['eth1', { carrier: 'down' }]] }) }, host)
  assert.deepEqual([heard.links(host, at(12_000)).found, heard.link(host, 'eth0', at(12_000)).found, heard.link(host, 'eth1', at(12_000)).found], ['fail', 'unknown', 'fail'])
  assert.equal(heard.links({ ...host, links: [] }, at(12_000)).found, 'unknown')
  heard.keep(['other'])
  assert.equal(heard.links(host, at(12_000)).found, 'unknown')
})

test('C-2 X-9 a cable of which both hosts are asked is up when both say so, down when either does, and not known while one of them is silent', () => {
  const [a, b] = ['a', 'b'].map((name, n): Host => ({ name, fate: {}, links: [{ name: `eth${n}`, neighbour: n === 0 ? 'b' : 'a', end: `eth${1 - n}` }], from: 'holdfast.yaml:2' }))
  assert.ok(a && b)
  const heard = createHostsHeard()
  const hear = (of: Host, ms: number, carrier: 'up' | 'down' | 'unknown', downs = 0) => heard.hear({ is: 'account', host: of.name, asked: asked(ms), account: account({ links: [[of.links[0]?.name ?? '', { carrier, downs }]] }) }, of)
  hear(a, 0, 'up')
  const lonely = heard.links(a, at(0))
  assert.deepEqual([lonely.found, lonely.evidence.map(({ subject, observer, says }) => [subject, observer, says])], ['unknown', [['link:a/eth0', 'host:b', 'its other end, b/eth1: b: nobody has heard of it yet'], ['link:a/eth0', 'host:a', 'eth0 is up']]])
  assert.equal(heard.links(a, at(0), new Set(['b'])).found, 'pass', 'nobody asks one that is taken')
  hear(b, 1000, 'up')
  const both = heard.link(a, 'eth0', at(1000))
  assert.deepEqual([both.found, both.from, both.evidence.map(({ observer }) => observer)], ['pass', asked(0), ['host:a', 'host:b']], 'it is as old as the older of two looks')
  assert.deepEqual(hear(b, 2000, 'down', 1), [{ subject: 'link:b/eth1', claim: 'lost carrier (its other end is a/eth0)', far: 'a' }])
  const down = heard.link(a, 'eth0', at(2000))
  assert.deepEqual([down.found, down.evidence[0]?.says], ['fail', 'its other end, b/eth1: eth1 has no carrier'])
  assert.equal(heard.link(a, 'eth0', at(10_500)).found, 'fail', 'and that is so though its own host is silent')
  hear(b, 11_000, 'up', 1)
  assert.equal(heard.link(a, 'eth0', at(11_000)).found, 'unknown', 'what the other end says makes nothing good of which its own host says nothing')
})

test('C-14 what turned between two answers is told, for the cables of the configuration alone', () => {
  const heard = createHostsHeard()
  const hear = (ms: number, more: Partial<Sent>) => heard.hear({ is: 'account', host: 'db-2', asked: asked(ms), account: account(more) }, host).map(({ subject, claim }) => `${subject} ${claim}`)
  assert.deepEqual(hear(0, {}), [])
  assert.deepEqual(hear(1000, { links: [['eth0', { carrier: 'up', downs: 1, speed: 1000 }], ['eth1', { carrier: 'up', downs: 0 }], ['veth9', { carrier: 'down' }]] }), ['link:db-2/eth0 lost carrier once and has it again'])
  assert.deepEqual(hear(2000, { boot: '00000000-0000-4000-8000-000000000000' }), ['host:db-2 was booted again'])
})

test('C-14 frames that are damaged are told beside the cable for ten minutes, and make nothing fail and nothing turn', () => {
  const heard = createHostsHeard()
  const hear = (ms: number, errors: number | undefined, boot = account().boot) => heard.hear({ is: 'account', host: 'db-2', asked: asked(ms), account: account({ boot, clock: (WALL + ms) / 1000, links: [['eth0', { carrier: 'up', downs: 0, ...(errors === undefined ? {} : { errors }) }], ['eth1', { carrier: 'up', downs: 0 }]] }) }, host)
  const says = (ms: number) => [heard.link(host, 'eth0', at(ms)).found, heard.link(host, 'eth0', at(ms)).evidence[0]?.says]
  hear(0, 40)
  assert.deepEqual(says(0), ['pass', 'eth0 is up'], 'what was counted before anybody looked is of no known time')
  assert.deepEqual(hear(1000, 41), [])
  assert.deepEqual(says(1000), ['pass', 'eth0 is up; 1 damaged or lost frame in the last 1 s'])
  hear(120_000, 52)
  assert.deepEqual([says(120_000), heard.damage('db-2', 'eth1', at(120_000))], [['pass', 'eth0 is up; 12 damaged or lost frames in the last 2 min'], undefined])
  hear(721_000, 52)
  assert.deepEqual(says(721_000), ['pass', 'eth0 is up'])
  hear(722_000, 60, '00000000-0000-4000-8000-000000000000')
  assert.deepEqual(says(722_000), ['pass', 'eth0 is up'], 'counters of another boot are none to hold it against')
})

test('C-14 what was heard before a restart is held against the first word after it, and says nothing of now', () => {
  const heard = createHostsHeard()
  const links: Sent['links'] = [['eth0', { carrier: 'up', downs: 4, errors: 9 }], ['eth1', { carrier: 'up', downs: 0 }], ['veth9', { carrier: 'up' }]]
  heard.hear({ is: 'account', host: 'db-2', asked: asked(0), account: account({ links }) }, host)
  const baseline = heard.baseline(host)
  assert.deepEqual(baseline?.links, [['eth0', { carrier: 'up', downs: 4 }], ['eth1', { carrier: 'up', downs: 0 }]], 'of the cables of the configuration, without what counts up all the time')
  const bonded: Host = { ...host, links: [{ name: 'bond0' }] }
  heard.hear({ is: 'account', host: 'db-2', asked: asked(0), account: account({ links: [...links, ['bond0', { carrier: 'up', bond: { members: ['eth0', 'eth1'] } }]] }) }, bonded)
  assert.deepEqual(heard.baseline(bonded)?.links.map(([name]) => name), ['bond0', 'eth0', 'eth1'], 'and what stands in a bond')
  heard.hear({ is: 'account', host: 'db-2', asked: asked(0), account: account({ links }) }, host)
  const anew = createHostsHeard()
  assert.equal(anew.baseline(host), undefined)
  anew.recall('db-2', baseline ?? assert.fail())
  assert.deepEqual([anew.links(host, at(0)).found, anew.links(host, at(0)).evidence[0]?.says, anew.boot('db-2', at(0)), anew.asked('db-2', at(0))], ['unknown', 'db-2: nobody has heard of it yet', undefined, undefined])
  anew.hear({ is: 'silent', host: 'db-2', at: asked(1000), says: 'it does not answer' }, host)
  assert.equal(anew.links(host, at(1000)).evidence[0]?.says, 'db-2: it does not answer')
  const turns = anew.hear({ is: 'account', host: 'db-2', asked: asked(2000), account: account({ links: [['eth0', { carrier: 'up', downs: 5 }], ['eth1', { carrier: 'up', downs: 0 }]] }) }, host)
  assert.deepEqual(turns, [{ subject: 'link:db-2/eth0', claim: 'lost carrier once and has it again' }])
  anew.recall('db-2', baseline)
  assert.deepEqual(anew.hear({ is: 'account', host: 'db-2', asked: asked(3000), account: account({ links: [['eth0', { carrier: 'up', downs: 5 }], ['eth1', { carrier: 'up', downs: 0 }]] }) }, host), [], 'what was heard meanwhile counts')
})
