// Patroni is killed on the leader, and nothing holds its server back: another one is elected, and then there are two that take writes, each of them green for whoever
// asks it alone. It is seen and named, and no gate that speaks of the cluster opens, neither at the plan nor in a run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeWant, type Facts } from '../src/rooms/change/gates.ts'
import type { Want } from '../src/rooms/change/runbook.ts'
import type { Cluster, Topology } from '../src/rooms/change/topology.ts'
import { tellIn } from './backendless.ts'
import { listenTo, patroni, until } from './clusters.ts'
import { HOSTS, type Told } from './two-primaries-story.ts'

test('C-2 C-14 two writable primaries after Patroni was killed on the leader: seen, named, and no step opens', { timeout: 300_000 }, async (t) => {
  const servers = await patroni(t)
  const hosts = ['db-1', 'db-2', 'db-3']
  const pg: Cluster = { name: 'shop-db', kind: 'patroni', members: hosts, weights: {}, canary: 'holdfast.canary', dcs: 'dcs', from: '' }
  const dcs: Cluster = { name: 'dcs', kind: 'etcd', members: hosts, weights: {}, from: '' }
  const it = listenTo(t, [pg, dcs], servers.ways)
  await it.well(60_000)
  const topology: Topology = { clusters: [pg, dcs], hosts: [] }
  const facts = { now: 0, sight: () => it.sight() } as unknown as Facts
  const wants: readonly Want[] = [{ is: 'healthy' }, { is: 'members', cluster: 'shop-db', atLeast: 1 }]
  const judged = (): string[] => wants.map((want) => judgeWant(want, { topology, facts, hosts, cluster: 'shop-db', gone: new Set() }).found)
  assert.deepEqual(judged(), ['pass', 'pass'])
  const old = servers.leader()
  const since = Date.now()
  servers.patroni(old).signal('SIGKILL')
  await it.turn('its Patroni is gone', since, 30_000, new RegExp(`db-${old} Patroni (?:does not answer|refused the connection), and the server takes writes`))
  const takes = (n: number): boolean => servers.sql(n, 'select not pg_is_in_recovery()') === 't'
  await until('another one is elected beside it', 60_000, () => [1, 2, 3].some((n) => n !== old && takes(n)))
  const two = Date.now()
  assert.ok(takes(old), 'and the old one takes writes as before')
  const split = await it.turn('two take writes', since, 30_000, /^cluster:shop-db is split: .* both take writes/)
  const named = it.turns.find(({ says }) => says.startsWith('cluster:shop-db is split'))
  const other = [1, 2, 3].find((n) => n !== old && takes(n)) ?? 0
  for (const n of [old, other]) assert.match(named?.says ?? '', new RegExp(`db-${n}`), 'both are named')
  assert.deepEqual([judged(), it.tolerance()], [['fail', 'fail'], null])
  t.diagnostic(`a second primary ${two - since} ms after the kill; the split was told ${Math.max(0, since + split - two)} ms after that`)
})

test('C-2 C-13 C-14 C-15 a run that two writable primaries halted goes on when people have ended the one that was overtaken, and not before', { timeout: 600_000 }, async (t) => {
  const { elected, halted, paged, healed = 0 } = await tellIn<Told>(t, { file: 'lab/two-primaries-story.ts', hosts: HOSTS, words: ['heals'] })
  t.diagnostic(`two after ${elected} ms; halted ${halted} ms after that, both paged ${paged} ms after it; all well ${healed} ms after the old one was ended and begun again`)
  assert.ok(halted <= 3000 && paged <= 10_000, `halted after ${halted} ms, paged after ${paged} ms`)
})
