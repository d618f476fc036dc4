// Members of real clusters as Holdfast hears of them: three Galera nodes, of which one is killed, one hangs, one is stopped in good order, and which are torn into two
// that both call themselves Primary.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../src/rooms/change/topology.ts'
import { addressOf, cliOn, galera, listenTo, patroni, until } from './clusters.ts'

const shop: Cluster = { name: 'shop-db', kind: 'galera', members: ['db-1', 'db-2', 'db-3'], weights: {}, canary: 'holdfast.canary', from: '' }

test('C-1 C-2 C-12 C-14 Galera: killed, hung, stopped and joined again are told in seconds, and writes are tried at each', { timeout: 180_000 }, async (t) => {
  const nodes = await galera(t)
  const it = listenTo(t, [shop], { 'shop-db': { as: nodes.as } })
  const first = await it.well(10_000)
  assert.deepEqual([it.tolerance(), it.turns], [1, []], `after ${first} ms`)
  assert.equal(nodes.sql(2, 'select count(*) from holdfast.canary'), '3', 'the table was made, with one row for each member')

  // Stopped in good order: no surprise to the others, and it is known to be stopped.
  let since = Date.now()
  nodes.node(3).signal('SIGTERM')
  await it.turn('db-3 goes', since, 20_000, /^member:shop-db\/db-3 /)
  await until('db-3 is stopped', 20_000, () => it.stopped(3) === 'pass')
  await until('the others are a whole', 10_000, () => it.tolerance() === 0 && it.found().join() === 'pass,pass,fail')
  assert.deepEqual(it.turns.filter((one) => !one.says.startsWith('member:shop-db/db-3')), [])
  nodes.start(3)
  await it.well(40_000)
  assert.deepEqual(it.turns.filter((one) => !one.says.startsWith('member:shop-db/db-3') && !one.donor), [], 'a donor says that it is one, and nothing else turned')

  // Killed: its host refuses at once.
  since = Date.now()
  nodes.node(3).signal('SIGKILL')
  const killed = await it.turn('db-3 is gone', since, 5000, /db-3 does not run any more/)
  assert.equal(it.stopped(3), 'pass')
  await until('the others go on as two', 15_000, () => it.tolerance() === 0)

  // Hung: it holds its port and says nothing. The other cannot commit, and both are told within five seconds.
  since = Date.now()
  nodes.node(2).signal('SIGSTOP')
  const hung = await it.turn('db-2 is silent', since, 5000, /db-2 does not answer any more/)
  assert.equal(it.found()[1], 'unknown')
  assert.equal(it.stopped(2), 'unknown', 'silence is no proof of it')
  await it.turn('db-1 cannot go on', since, 10_000, /db-1 (is not Primary any more|does not commit a write)/)
  assert.notEqual(it.tolerance(), 1)

  // Two who are both told to go on: each alone is green.
  nodes.sql(1, "set global wsrep_provider_options='pc.bootstrap=YES'")
  nodes.sql(1, "set global wsrep_provider_options='gmcast.isolate=1'")
  nodes.node(2).signal('SIGCONT')
  since = Date.now()
  const says = (n: number): string => nodes.sql(n, "show status like 'wsrep_cluster_status'").split('\t')[1] ?? ''
  await until('db-2 has lost its majority', 20_000, () => says(2) !== 'Primary')
  for (const n of [2, 1]) nodes.sql(n, "set global wsrep_provider_options='pc.bootstrap=YES'")
  await until('both are Primary', 10_000, () => says(1) === 'Primary' && says(2) === 'Primary')
  await it.turn('two Primaries', since, 15_000, /^cluster:shop-db is split: /).catch((cause: unknown) => assert.fail(`${String(cause)} at ${addressOf(1)}`))
  t.diagnostic(`all healthy after ${first} ms; killed ${killed} ms, hung ${hung} ms`)
})

test('R-2 C-2 C-14 Patroni and etcd: a server under a frozen Patroni, two that both take writes, and a leader that is gone', { timeout: 180_000 }, async (t) => {
  const servers = await patroni(t)
  const pg: Cluster = { name: 'shop-db', kind: 'patroni', members: ['db-1', 'db-2', 'db-3'], weights: {}, canary: 'holdfast.canary', dcs: 'dcs', from: '' }
  const it = listenTo(t, [pg, { name: 'dcs', kind: 'etcd', members: ['db-1', 'db-2', 'db-3'], weights: {}, from: '' }], servers.ways)
  const first = await it.well(30_000)
  await until('one further failure is tolerated', 10_000, () => it.tolerance() === 1)
  const leader = servers.leader()
  const other = leader === 1 ? 2 : 1
  assert.equal(servers.sql(leader, 'select count(*) from holdfast.canary'), '1', 'it is tried where writes are taken')
  assert.deepEqual(it.turns, [])

  // The whole way, with its credentials: what people see.
  const shown = await cliOn(t, servers.ways, (text) => /healthy.*healthy.*healthy.*it tolerates 1 further failure/s.test(text))
  assert.match(shown, /takes writes, 0 in step with it; timeline \d+; it commits writes/)

  // Its Patroni is frozen: its server goes on, and nobody would hold it back.
  let since = Date.now()
  servers.patroni(leader).signal('SIGSTOP')
  const frozen = await it.turn('the leader is not well', since, 6000, new RegExp(`db-${leader} Patroni does not answer, and the server takes writes`))
  // Another one is made to take writes, and its Patroni does not hold it back either.
  servers.patroni(other).signal('SIGSTOP')
  since = Date.now()
  servers.sql(other, 'select pg_promote(true, 10)')
  const split = await it.turn('two take writes', since, 6000, /^cluster:shop-db is split: .* both take writes/)
  assert.equal(it.tolerance(), null)

  // One member of the three that decide is lost, and then the majority.
  servers.etcd(3).signal('SIGKILL')
  await it.turn('a member of etcd is gone', since, 10_000, /^member:dcs\/db-3 does not run any more/)
  servers.etcd(2).signal('SIGSTOP')
  await it.turn('the last one has no majority', since, 20_000, /^member:dcs\/db-1 is not healthy any more/)
  t.diagnostic(`all healthy after ${first} ms; frozen ${frozen} ms, split ${split} ms`)
})
