// One account of a cluster out of what its members say, as real ones said it: green on both sides of a tear, green while writes hang, green with no
// identity. What is not agreed on is unknown, and two who lead are named.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf, seconds, tickOf, type Now } from '../../core/time.ts'
import { knownCounts, sightOf as look, type Heard, type Report, type Sight } from './sight.ts'
import { sayTolerance, toleranceOf } from './tolerance.ts'
import type { Cluster, ClusterKind } from './topology.ts'

const now: Now = { wall: instantOf(1_795_000_000_000), tick: tickOf(100_000), boot: 'boot' }
/** Without what is said beside the account itself. */
function sightOf(...of: Parameters<typeof look>): Sight {
  const seen: { from?: unknown; lacks?: unknown; weights?: unknown } & Sight = { ...look(...of) }
  delete seen.from
  delete seen.weights
  delete seen.lacks
  return seen
}
const STATE = 'f3c1d0de-c0de-11f0-9b1e-7a1f2b3c4d5e'
const of = (kind: ClusterKind, members = ['a', 'b', 'c']): Cluster => ({ name: 'shop', kind, members, weights: {}, from: '' })
const heard = (host: string, report: Report, old = 1): Heard => ({ host, at: { tick: tickOf(now.tick - seconds(old)), boot: 'boot' }, report })
const node = (host: string, more: Partial<Extract<Report, { is: 'galera' }>> = {}, old = 1): Heard =>
  heard(host, { is: 'galera', primary: true, synced: true, ready: true, state: STATE, view: '7', size: 3, total: 3, weight: 1, ...more }, old)
const torn = (host: string): Heard => node(host, { primary: false, synced: false, ready: false, view: '18446744073709551615', size: 1, total: 1 })
/** It does not say what it weighs itself. */
const wordless = (host: string, total: number): Heard => heard(host, { is: 'galera', primary: true, synced: true, ready: true, state: STATE, view: '7', size: 3, total })
const galera = (...all: Heard[]): Sight => sightOf(of('galera'), all, now)

test('C-2 three that agree are seen; what is older than ten seconds, or of another boot, says nothing of now', () => {
  assert.deepEqual(galera(node('a'), node('b'), node('c')), { is: 'seen', total: 3, healthy: ['a', 'b', 'c'] })
  assert.deepEqual(galera(node('a'), node('b', {}, 11), node('c')), { is: 'seen', total: 3, healthy: ['a', 'c'], unheard: ['b'] })
  assert.deepEqual(galera(node('a'), { ...node('b'), at: { tick: tickOf(1), boot: 'another' } }), { is: 'seen', total: 3, healthy: ['a'], unheard: ['b', 'c'] })
  assert.deepEqual(galera(), { is: 'unknown', says: 'nothing has been observed of it yet' })
  assert.deepEqual(galera(node('a', {}, 11), node('b', {}, 60)), { is: 'unknown', says: 'what was observed of it is too old' })
  assert.equal(galera({ ...node('a'), at: { tick: tickOf(now.tick + 1000), boot: 'boot' } }).is, 'unknown')
})

test('C-1 a node that joins, gives or waits is in the view and is not counted on', () => {
  assert.deepEqual(galera(node('a'), node('b', { synced: false }), node('c', { ready: false })), { is: 'seen', total: 3, healthy: ['a'] })
  const pair = { size: 2, total: 2, view: '8' }
  assert.deepEqual(galera(node('b', pair), node('c', pair)), { is: 'seen', total: 2, healthy: ['b', 'c'], unheard: ['a'] }, 'one has left in good order')
  assert.deepEqual(galera(torn('a'), node('b', pair), node('c', pair)), { is: 'seen', total: 2, healthy: ['b', 'c'] })
})

test('C-2 no Primary: known to be lost when all say so, and unknown when somebody was not heard', () => {
  assert.deepEqual(galera(torn('a'), torn('b'), torn('c')), { is: 'seen', total: 1, healthy: [] })
  assert.equal(galera(torn('b'), torn('c')).is, 'unknown')
})

test('C-1 C-2 a member is counted by its own word of what it weighs; what does not add up is not counted', () => {
  const cluster = of('galera')
  const tolerance = (weights: Cluster['weights'], ...all: Heard[]): string => {
    const it = { ...cluster, weights }
    const counts = knownCounts(it, { hosts: [], clusters: [it] }, () => look(it, all, now))
    return typeof counts === 'string' ? counts : sayTolerance(toleranceOf(counts))
  }
  const two = (host: string, weight: number): Heard => node(host, { total: 2, weight })
  // Real nodes of the weights 0, 1, 1: any of the two that weigh something takes the majority with it, whatever the configuration says.
  assert.equal(tolerance({}, two('a', 0), two('b', 1), two('c', 1)), 'tolerates no further failures')
  assert.equal(tolerance({ a: 7 }, two('a', 0), two('b', 1), two('c', 1)), 'tolerates no further failures')
  assert.equal(tolerance({}, node('a'), node('b'), node('c')), 'tolerates 1 further failure')
  // What cannot be read is what the configuration says, where that fits in.
  assert.equal(tolerance({ a: 0 }, ...['a', 'b', 'c'].map((it) => wordless(it, 2))), 'tolerates no further failures')
  assert.equal(tolerance({}, ...['a', 'b', 'c'].map((it) => wordless(it, 2))), 'the weights of a, b, c add up to 3, and the cluster says that all of it weighs 2')
  assert.equal(tolerance({}, two('a', 1), two('b', 1), two('c', 1)), 'the weights of a, b, c add up to 3, and the cluster says that all of it weighs 2')
  assert.equal(tolerance({}, node('a'), wordless('b', 3)), 'what b weighs is not known, and not all who belong to it were heard')
  assert.equal(tolerance({}, two('a', 2), two('b', 1)), 'the weights of a, b add up to 3, and the cluster says that all of it weighs 2')
  // Who is not heard weighs the rest, and is counted among those that are left never.
  assert.equal(tolerance({}, node('a', { total: 5, weight: 2 }), node('b', { total: 5, weight: 2 })), 'tolerates no further failures')
})

test('R-2 two Primaries of size 1, with the same state and the same view, are two', () => {
  const lone = { size: 1, total: 1, view: '2' }
  const found = galera(node('b', lone), node('c', lone))
  assert.deepEqual(found, { is: 'split', hosts: ['b', 'c'], says: 'b and c are Primary, and not of one cluster' })
  assert.equal(galera(node('a', { state: 'a1111111-c0de-11f0-9b1e-7a1f2b3c4d5e' }), node('b'), node('c')).is, 'split')
  assert.equal(galera(node('b', lone), node('c', { ...lone, view: '3' })).is, 'split')
})

test('C-2 views that differ are a view that changes; a state without identity is no state', () => {
  assert.match((galera(node('a'), node('b', { view: '8', size: 2, total: 2 }), node('c', { view: '8', size: 2, total: 2 })) as { says: string }).says, /the view is changing/)
  assert.equal(galera(node('a'), node('b', { total: 4 })).is, 'unknown')
  assert.equal(galera(...['a', 'b', 'c'].map((it) => node(it, { state: '00000000-0000-0000-0000-000000000000' }))).is, 'unknown')
})

test('R-2 two writable PostgreSQL primaries are two; etcd that does not agree on its leader is unknown', () => {
  const server = (host: string, leads: boolean, running = true): Heard => ({ ...heard(host, { is: 'patroni', leads, running }), followed: now })
  const patroni = (...all: Heard[]): Sight => sightOf(of('patroni'), all, now)
  assert.deepEqual(patroni(server('a', true), server('b', false), server('c', false, false)), { is: 'seen', total: 3, healthy: ['a', 'b'] })
  const written = (more: object): Sight => sightOf({ ...of('patroni'), canary: 'holdfast.canary' }, [{ ...server('a', true), ...more }, server('b', false), server('c', false)], now)
  assert.deepEqual(written({ wrote: now }), { is: 'seen', total: 3, healthy: ['a', 'b', 'c'] })
  assert.deepEqual(written({}), { is: 'seen', total: 3, healthy: [], unheard: ['a', 'b', 'c'] }, 'C-12: nobody is well who follows one that is not known to commit')
  assert.deepEqual(written({ wrong: 'it was not committed in time' }), { is: 'seen', total: 3, healthy: [] })
  assert.deepEqual(patroni(server('a', true), server('b', true)), { is: 'split', hosts: ['a', 'b'], says: 'a and b both take writes' })
  assert.equal(patroni(server('b', false)).is, 'unknown')
  const member = (host: string, leader: string, healthy = true): Heard => heard(host, { is: 'etcd', healthy, leader })
  const etcd = (...all: Heard[]): Sight => sightOf(of('etcd'), all, now)
  assert.deepEqual(etcd(member('a', 'x'), member('b', 'x'), member('c', '', false)), { is: 'seen', total: 3, healthy: ['a', 'b'] })
  assert.equal(etcd(...[2, 3].map((size, n): Heard => heard('ab'[n] ?? '', { is: 'etcd', healthy: true, leader: 'x', size }))).is, 'unknown')
  assert.equal(etcd(member('a', 'x'), member('b', 'y')).is, 'unknown')
  assert.equal(sightOf(of('etcd'), [node('a'), node('b')], now).is, 'unknown', 'what another kind says is no word of it')
})

test('C-1 C-2 a server that does not follow the one that leads is no survivor, and is named; whether it does, unknown, is no good news', () => {
  const cluster = of('patroni')
  const at = (old: number) => ({ tick: tickOf(now.tick - seconds(old)), boot: 'boot' })
  const leader = { ...heard('a', { is: 'patroni', leads: true, running: true }), followed: at(1) }
  const with2 = (more: Partial<Heard>): Sight => sightOf(cluster, [leader, { ...heard('b', { is: 'patroni', leads: false, running: true }), ...more }, { ...heard('c', { is: 'patroni', leads: false, running: true }), followed: at(1) }], now)
  const [well, amiss] = [{ is: 'seen', total: 3, healthy: ['a', 'b', 'c'] }, { is: 'seen', total: 3, healthy: ['a', 'c'], amiss: [{ host: 'b', says: 'it does not stream' }] }]
  const strays = (old: number) => ({ since: at(old), says: 'it does not stream' })
  assert.deepEqual(with2({ followed: at(1) }), well)
  assert.deepEqual(with2({ followed: at(11), strays: strays(10) }), well, 'for ten seconds what it once did is good')
  assert.deepEqual(with2({ followed: at(12), strays: strays(11) }), amiss)
  assert.deepEqual(with2({ strays: strays(1) }), amiss, 'it was never seen to follow')
  for (const none of [{}, { followed: at(11) }]) assert.deepEqual(with2(none), { is: 'seen', total: 3, healthy: ['a', 'c'], unheard: ['b'] })
  const counts = knownCounts(cluster, { hosts: [], clusters: [cluster] }, () => with2({ strays: strays(1) }))
  assert.ok(typeof counts !== 'string' && sayTolerance(toleranceOf(counts)) === 'tolerates no further failures')
})

test('X-9 C-2 who is heard no more, or too late, is counted on no more, and nobody else instead', () => {
  const report = fc.record({ primary: fc.boolean(), synced: fc.boolean(), ready: fc.boolean(), view: fc.constantFrom('7', '8'), size: fc.integer({ min: 1, max: 3 }), total: fc.integer({ min: 1, max: 4 }) })
  fc.assert(fc.property(fc.tuple(report, report, report), fc.nat(2), ([a, b, c], lost) => {
    const all = [node('a', a), node('b', b), node('c', c)]
    const before = galera(...all)
    const then = galera(...all.map((it, n) => (n === lost ? { ...it, at: { ...it.at, tick: tickOf(0) } } : it)))
    if (then.is !== 'seen') return
    assert(!then.healthy.includes(all[lost]?.host ?? ''))
    // Where two were seen or nobody could know, one voice less may leave an account; it rests on what is left alone.
    if (before.is === 'seen') assert(then.healthy.every((host) => before.healthy.includes(host)) && (then.healthy.length === 0 || then.total >= before.total))
  }), { numRuns: 500 })
})

test('C-2 C-12 where writes are tried, nobody is well without one that was committed lately; where none is tried, that is said', () => {
  const cluster: Cluster = { ...of('galera'), canary: 'holdfast.canary' }
  const at = (old: number) => ({ tick: tickOf(now.tick - seconds(old)), boot: 'boot' })
  const weights = new Map(['a', 'b', 'c'].map((it) => [it, 1]))
  const all = (more: Partial<Heard>): Sight => look(cluster, [node('a'), { ...node('b'), wrote: at(2) }, { ...node('c'), wrote: at(2) }].map((it) => (it.host === 'a' ? { ...it, ...more } : it)), now)
  assert.deepEqual(all({ wrote: at(6) }), { is: 'seen', total: 3, healthy: ['a', 'b', 'c'], weights, from: at(6) }, 'it rests on the oldest of the writes too')
  assert.deepEqual(all({}), { is: 'seen', total: 3, healthy: ['b', 'c'], unheard: ['a'], weights, from: at(2) })
  assert.deepEqual(all({ wrote: at(7) }), { is: 'seen', total: 3, healthy: ['b', 'c'], unheard: ['a'], weights, from: at(2) })
  assert.deepEqual(all({ wrote: at(3), wrong: 'it hangs' }), { is: 'seen', total: 3, healthy: ['b', 'c'], weights, from: at(2) })
  // All variables are green for 6 s after a cable was pulled.
  assert.deepEqual(look(cluster, ['a', 'b', 'c'].map((it) => ({ ...node(it), wrote: at(5), wrong: 'it hangs' })), now), { is: 'seen', total: 3, healthy: [], weights, from: at(1) })
  assert.match((look(of('galera'), [node('a'), node('b'), node('c')], now) as { lacks?: string }).lacks ?? '', /no write is tried/)
})

test('R-2 C-14 a view that changes is no split: neither while one joins, nor for leaders that hand over', () => {
  const [old, young] = [{ view: '8', size: 2, total: 2 }, { view: '9', size: 3, total: 3 }]
  for (const order of [[old, old, young], [old, young, young], [young, old, young], [young, young, old]]) assert.equal(galera(...order.map((it, n) => node('abc'[n] ?? '', it))).is, 'unknown')
  const at = (ms: number) => ({ tick: tickOf(now.tick - ms), boot: 'boot' })
  const leader = (host: string, last: number, since: number): Heard => ({ host, at: at(last), since: at(since), report: { is: 'patroni', running: true, leads: true } })
  const two = (a: Heard, b: Heard): string => look(of('patroni'), [a, b], now).is
  assert.equal(two(leader('a', 900, 60_000), leader('b', 100, 100)), 'unknown', 'a was last asked before b rose')
  assert.equal(two(leader('a', 50, 60_000), leader('b', 100, 100)), 'split')
  assert.equal(two(leader('a', 900, 60_000), leader('b', 100, 1000)), 'split')
})

test('C-2 whose Patroni and server contradict each other is not known; a host that refuses was heard', () => {
  const server = (host: string, more: object): Heard => ({ ...heard(host, { is: 'patroni', running: true, leads: false, ...more }), followed: now })
  const found = sightOf(of('patroni'), [server('a', { leads: true }), server('b', { odd: 'Patroni says that it leads, and the server that it follows' }), heard('c', { is: 'stopped', says: 'refused the connection' })], now)
  assert.deepEqual(found, { is: 'seen', total: 3, healthy: ['a'], unheard: ['b'] })
  assert.deepEqual(galera(torn('a'), torn('b'), heard('c', { is: 'stopped', says: 'refused the connection' })), { is: 'seen', total: 1, healthy: [] })
})
