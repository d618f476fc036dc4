// The number that a plan rests on: by examples that people know, then over random clusters against a count that tries everything. It may be
// smaller than the truth where much can fail; it is never larger, and whatever is not known makes it no larger.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { countsOf, designed, sayTolerance, sharedOf, toleranceOf, without, type Count, type Gone } from './tolerance.ts'
import type { Cluster, Host, Topology } from './topology.ts'

const host = (name: string, fate: Host['fate'] = {}): Host => ({ name, fate, links: [], from: '' })
const cluster = (kind: Cluster['kind'], members: readonly string[], more: Partial<Cluster> = {}): Cluster => ({ name: 'shop', kind, members, weights: {}, from: '', ...more })
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const first = (n: number): string[] => NAMES.slice(0, n)
const flat: Topology = { hosts: NAMES.map((name) => host(name)), clusters: [] }
const number = (counts: readonly Count[], exact?: number): number => {
  const it = toleranceOf(counts, exact)
  return it.is === 'known' ? it.failures : it.is === 'lost' ? -1 : assert.fail(it.says)
}
const after = (counts: readonly Count[], gone: Readonly<Record<string, Gone>>): number => number(without(counts, new Map(Object.entries(gone))))
const built = (it: Cluster, topology: Topology = flat): Count[] => designed(it, topology)

test('C-1 three nodes survive one failure, and none once one of them has left in good order', () => {
  const galera = built(cluster('galera', first(3)))
  assert.deepEqual([number(galera), after(galera, { a: 'left' }), after(galera, { a: 'fell' }), after(galera, { a: 'left', b: 'left' }), after(galera, { a: 'fell', b: 'fell' })], [1, 0, 0, 0, -1])
  assert.equal(sayTolerance(toleranceOf(galera)), 'tolerates 1 further failure')
  assert.equal(sayTolerance(toleranceOf(without(galera, new Map([['a', 'left']])))), 'tolerates no further failures')
})

test('C-1 who left in good order is no part of the last view; who fell is, until it has changed', () => {
  const two = built(cluster('galera', first(2)))
  assert.deepEqual([number(two), after(two, { a: 'left' }), after(two, { a: 'fell' })], [0, 0, -1])
  const five = built(cluster('galera', first(5)))
  assert.deepEqual([number(five), after(five, { a: 'left' }), after(five, { a: 'left', b: 'left' }), after(five, { a: 'fell', b: 'fell' })], [2, 1, 1, 0])
})

test('C-1 a member weighs what it weighs, strictly more than half', () => {
  const weigh = (weights: Record<string, number>, n = 3): Count[] => built(cluster('galera', first(n), { weights }))
  assert.equal(number(weigh({ a: 3 })), 0)
  assert.equal(after(weigh({ a: 3 }), { a: 'left' }), 0)
  assert.equal(number(weigh({ a: 2 }, 4)), 1)
  assert.equal(number(weigh({ a: 0 }, 3)), 0)
  assert.equal(number(weigh({ a: 0, b: 0, c: 0 }, 3)), -1)
})

test('C-1 of etcd and Patroni the members are fixed: who left counts against', () => {
  for (const kind of ['etcd', 'patroni'] as const) {
    const three = built(cluster(kind, first(3)))
    assert.deepEqual([number(three), after(three, { a: 'left' }), after(three, { a: 'left', b: 'left' })], [1, 0, -1])
    assert.equal(number(built(cluster(kind, first(4)))), 1)
  }
})

test('C-1 two servers under Patroni fail over while the etcd that decides has its majority', () => {
  const topology: Topology = { hosts: flat.hosts, clusters: [cluster('etcd', ['e', 'f', 'g'], { name: 'dcs' })] }
  const servers = built(cluster('patroni', ['a', 'b'], { dcs: 'dcs' }), topology)
  assert.deepEqual([number(servers), after(servers, { a: 'left' }), after(servers, { e: 'left' }), after(servers, { e: 'left', f: 'left' })], [1, 0, 0, -1])
  const beside = built(cluster('patroni', ['a', 'b'], { dcs: 'dcs' }), { ...topology, hosts: [host('a', { rack: 'r1' }), host('b', { rack: 'r2' }), host('e', { rack: 'r1' }), host('f', { rack: 'r1' }), host('g', { rack: 'r3' })] })
  assert.equal(number(beside), 0, 'the rack of a takes the majority of etcd with it')
})

test('C-3 a rack or a switch that dies takes all of its members', () => {
  const at = (...racks: string[]): Topology => ({ hosts: racks.map((rack, n) => host(NAMES[n] ?? '', { rack })), clusters: [] })
  assert.equal(number(built(cluster('galera', first(3)), at('r1', 'r2', 'r2'))), 0)
  assert.equal(number(built(cluster('galera', first(5)), at('r1', 'r1', 'r2', 'r2', 'r3'))), 1)
  assert.equal(number(built(cluster('galera', first(5)), at('r1', 'r1', 'r1', 'r2', 'r3'))), 0)
  const shared = at('r1', 'r1', 'r1')
  assert.equal(number(built(cluster('galera', first(3)), shared)), 1)
  assert.deepEqual(sharedOf(cluster('galera', first(3)), shared), ['rack r1'], 'what all hang on is named beside the number')
})

test('C-2 who is not known to be well is not counted on, and still counts in the whole', () => {
  const known = (healthy: readonly string[]): Count[] => countsOf(cluster('galera', first(3)), flat, () => ({ total: 3, healthy }))
  assert.deepEqual([number(known(first(3))), number(known(first(2))), number(known(first(1)))], [1, 0, -1])
})

interface World { readonly topology: Topology; readonly cluster: Cluster; readonly healthy: readonly string[]; readonly total: number }

const worlds: fc.Arbitrary<World> = fc.record({
  kind: fc.constantFrom('galera', 'etcd', 'patroni' as const), size: fc.integer({ min: 1, max: 6 }),
  racks: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 7, maxLength: 7 }), feeds: fc.array(fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }), { minLength: 7, maxLength: 7 }),
  weights: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 7, maxLength: 7 }), well: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), more: fc.integer({ min: 0, max: 2 }),
}).map(({ kind, size, racks, feeds, weights, well, more }) => {
  const members = first(size)
  const hosts = members.map((name, n) => host(name, { rack: `r${racks[n]}`, ...(feeds[n] === undefined ? {} : { power: `p${feeds[n]}` }) }))
  const of = cluster(kind, members, { weights: Object.fromEntries(members.map((name, n) => [name, weights[n] ?? 1])) })
  const total = kind === 'galera' ? members.reduce((sum, _, n) => sum + (weights[n] ?? 1), more) : size
  return { topology: { hosts, clusters: [] }, cluster: of, healthy: members.filter((_, n) => well[n]), total }
})
const countsFor = ({ topology, cluster: of, healthy, total }: World): Count[] => countsOf(of, topology, () => ({ total, healthy }))

/** The truth, by trying every choice of what fails: written anew from the rule, and sharing nothing with what it judges. */
function truth({ topology, cluster: of, healthy, total }: World): number {
  const shared = sharedOf(of, topology)
  const things = new Map<string, string[]>()
  for (const { name, fate } of topology.hosts) {
    for (const thing of [`host ${name}`, ...Object.entries(fate).map(([kind, at]) => `${kind} ${at}`)]) if (!shared.includes(thing)) things.set(thing, [...(things.get(thing) ?? []), name])
  }
  const units = [...things.values()].filter((hosts) => hosts.some((it) => healthy.includes(it)))
  let least = Number.POSITIVE_INFINITY
  for (let mask = 0; mask < 2 ** units.length; mask++) {
    const dead = units.filter((_, n) => (mask >> n) % 2 === 1)
    const weight = healthy.filter((it) => !dead.flat().includes(it)).reduce((sum, it) => sum + (of.kind === 'galera' ? (of.weights[it] ?? 1) : 1), 0)
    if (weight * 2 <= total) least = Math.min(least, dead.length)
  }
  return Math.min(least, units.length + 1) - 1
}

test('C-1 C-3 over random clusters the number is the truth; with much that may fail it is never more', () => {
  fc.assert(fc.property(worlds, (world) => {
    const said = number(countsFor(world))
    assert.equal(said, truth(world))
    assert(number(countsFor(world), 0) <= said)
  }), { numRuns: 150 })
})

test('X-9 C-1 whatever is known of a member no more, goes or hangs together makes the number no larger', () => {
  fc.assert(fc.property(worlds, fc.nat(6), (world, n) => {
    const said = number(countsFor(world))
    const [one] = world.healthy.slice(n % Math.max(1, world.healthy.length))
    if (one === undefined) return
    assert(number(countsFor({ ...world, healthy: world.healthy.filter((it) => it !== one) })) <= said, 'a member of which nothing is known')
    assert(number(without(countsFor(world), new Map([[one, 'fell']]))) <= said, 'a member that fell')
    assert(number(without(countsFor(world), new Map([[one, 'left']]))) >= number(without(countsFor(world), new Map([[one, 'fell']]))), 'to leave in good order is never worse')
    const [x, y, ...rest] = world.topology.hosts
    if (!x || !y || rest.length === 0) return
    const tied = { ...world, topology: { ...world.topology, hosts: [{ ...x, fate: { ...x.fate, switch: 's' } }, { ...y, fate: { ...y.fate, switch: 's' } }, ...rest] } }
    assert(number(countsFor(tied)) <= said, 'a switch that two of them hang on')
  }), { numRuns: 400 })
})
