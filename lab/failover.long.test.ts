// What is said of real clusters while they lose what leads them: PostgreSQL whose leader is gone until another is elected, when its TTL has passed, and Galera that loses one
// node, and then its majority. All the while what Holdfast says is held against what the servers themselves do: never is a cluster healthy of which nobody takes writes,
// and never is a number given that is too large. What was measured is printed.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { judgeWant, type Facts } from '../src/rooms/change/gates.ts'
import type { Cluster } from '../src/rooms/change/topology.ts'
import { sleep } from '../test/story/world.ts'
import { galera, listenTo, patroni, until, type Listening } from './clusters.ts'

const hosts = ['db-1', 'db-2', 'db-3']
const cluster = (kind: Cluster['kind'], name: string, more: Partial<Cluster> = {}): Cluster => ({ name, kind, members: hosts, weights: {}, from: '', ...more })

/** How the two gates stand that speak of a cluster: every member, and one at least. */
function gatesOf(it: Listening, all: readonly Cluster[]): readonly string[] {
  const facts = { now: 0, sight: (name: string) => it.sight(all.find((one) => one.name === name)) } as unknown as Facts
  return ([{ is: 'healthy' }, { is: 'members', cluster: 'shop-db', atLeast: 1 }] as const).map((want) => judgeWant(want, { topology: { clusters: all, hosts: [] }, facts, hosts, cluster: 'shop-db', gone: new Set() }).found)
}

/** Looks every 100 ms until it holds; gives how long, and what was said meanwhile, each once. */
async function watched(t: TestContext, it: Listening, all: readonly Cluster[], { what, limit, holds }: { readonly what: string; readonly limit: number; readonly holds: () => boolean }): Promise<{ readonly took: number; readonly said: readonly string[] }> {
  const began = Date.now()
  const said: string[] = []
  for (; Date.now() - began < limit; await sleep(100)) {
    const sight = it.sight()
    const now = `${sight.is}${sight.is === 'seen' ? ` ${sight.healthy.join()}` : ''}; tolerance ${it.tolerance()}; gates ${gatesOf(it, all).join()}`
    if (said.at(-1) !== now) said.push(now)
    if (!holds()) continue
    t.diagnostic(`${what}: ${Date.now() - began} ms; said ${said.join(' → ')}`)
    return { took: Date.now() - began, said }
  }
  return assert.fail(`${what}: not within ${limit} ms; said ${said.join(' → ')}`)
}

test('C-2 C-14 Patroni: its leader is gone; until another one is elected no gate opens, and then it tolerates none', { timeout: 300_000 }, async (t) => {
  const servers = await patroni(t)
  const all = [cluster('patroni', 'shop-db', { canary: 'holdfast.canary', dcs: 'dcs' }), cluster('etcd', 'dcs')]
  const it = listenTo(t, all, servers.ways)
  await it.well(60_000)
  await until('one further failure is tolerated', 20_000, () => it.tolerance() === 1)
  const old = servers.leader()
  const since = Date.now()
  servers.fall(old)
  const told = await it.turn('the leader is gone', since, 15_000, new RegExp(`^member:shop-db/db-${old} (?:does not run any more|does not answer any more)`))
  const leaderless = await it.turn('nobody leads', since, 30_000, /^cluster:shop-db (?:has nobody who leads|is not known any more)/)
  assert.deepEqual(gatesOf(it, all).includes('pass'), false, 'nobody takes writes')
  // From here on nothing is good before somebody leads, by the servers' own word.
  let elected: number | undefined
  const back = await watched(t, it, all, {
    what: 'one of the other two leads and commits', limit: 90_000, holds() {
      const [, one] = gatesOf(it, all)
      if (elected === undefined && servers.leader() > 0) elected = Date.now()
      if (one === 'pass') assert.notEqual(elected ?? (servers.leader() > 0 ? Date.now() : undefined), undefined, 'a gate opened, and nobody took writes')
      return one === 'pass' && it.tolerance() === 0
    },
  })
  assert.deepEqual(back.said.filter((one) => /tolerance 1|gates pass/.test(one)), [], 'never as if nothing had happened')
  servers.start(old)
  const whole = await it.well(120_000)
  await until('one further failure is tolerated again', 20_000, () => it.tolerance() === 1)
  t.diagnostic(`Patroni, TTL 20 s: leader gone told after ${told} ms, that nobody leads after ${leaderless} ms; another elected after ${(elected ?? since) - since} ms, known to commit ${back.took} ms after that nobody led was told; old one back as a member ${whole} ms after it was started`)
})

test('C-1 C-2 C-14 Galera: one node lost is tolerated and none more; without its majority nothing is well until people bring it back', { timeout: 300_000 }, async (t) => {
  const nodes = await galera(t)
  const all = [cluster('galera', 'shop-db', { canary: 'holdfast.canary' })]
  const it = listenTo(t, all, { 'shop-db': { as: nodes.as } })
  await it.well(30_000)
  assert.equal(it.tolerance(), 1)
  // One of three.
  let since = Date.now()
  nodes.node(3).signal('SIGKILL')
  const one = await it.turn('db-3 is gone', since, 15_000, /^member:shop-db\/db-3 does not run any more/)
  const two = await watched(t, it, all, { what: 'the other two go on, and tolerate none', limit: 30_000, holds: () => it.tolerance() === 0 && gatesOf(it, all)[1] === 'pass' })
  assert.deepEqual(gatesOf(it, all), ['fail', 'pass'])
  await nodes.node(3).over
  nodes.start(3)
  const again = await it.well(90_000)
  await until('one further failure is tolerated again', 20_000, () => it.tolerance() === 1)
  // The majority, at once.
  since = Date.now()
  for (const n of [2, 3]) nodes.node(n).signal('SIGKILL')
  const lost = await it.turn('db-1 is not Primary, or commits nothing', since, 30_000, /^member:shop-db\/db-1 (?:is not Primary|does not commit|is not Synced|is not ready)/)
  const majority = await watched(t, it, all, { what: 'it has too little left', limit: 30_000, holds: () => it.tolerance() === -1 })
  assert.deepEqual(gatesOf(it, all), ['fail', 'fail'])
  // It stays so, however long.
  for (let n = 0; n < 50; n++) {
    assert.deepEqual([it.tolerance() === -1 || it.tolerance() === null, gatesOf(it, all).includes('pass')], [true, false])
    await sleep(100)
  }
  nodes.sql(1, "set global wsrep_provider_options='pc.bootstrap=YES'")
  await Promise.all([2, 3].map((n) => nodes.node(n).over))
  for (const n of [2, 3]) nodes.start(n)
  const whole = await it.well(120_000)
  t.diagnostic(`Galera: one node gone told after ${one} ms, tolerance 0 ${two.took} ms later, whole ${again} ms after its start; majority gone told after ${lost} ms, too little left ${majority.took} ms later, whole ${whole} ms after the two were started`)
})
