// What is seen from outside, of real servers: HAProxy whose server is drained with a connection that lingers, and two authoritative servers of one zone, PowerDNS and BIND,
// of which one is changed before the other. Gates open on what all of them show, and on nothing less.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { tellLocally } from '../src/processes/doer/local-socket.ts'
import { createMembers } from '../src/processes/scout/members.ts'
import { createMembersHeard, type MembersHeard } from '../src/rooms/change/heard/members-heard.ts'
import { judgeFronted } from '../src/rooms/change/heard/fronts.ts'
import type { AskedMember } from '../src/rooms/change/heard/protocol.ts'
import type { Fronted } from '../src/rooms/change/runbook.ts'
import type { Cluster } from '../src/rooms/change/topology.ts'
import { until } from './clusters.ts'
import { balancer, bind, powerdns } from './driving.ts'

const world = { ...createClock(), ...createTimers() }

interface Seen {
  readonly heard: MembersHeard
  judged(want: Fronted): string
  says(host: string): string
}

/** Asked every second, by the very parts that the scout is made of. */
function seen(t: TestContext, cluster: Cluster, asked: readonly AskedMember[]): Seen {
  const heard = createMembersHeard()
  const members = createMembers({ world, egress: egressWith(), tell: (message) => void heard.hear(message, cluster) })
  t.after(() => members.close())
  members.ask(asked)
  const topology = { hosts: [], clusters: [cluster] }
  return {
    heard, judged: (want) => judgeFronted(want, { topology, facts: { said: (_name, host) => heard.said(cluster, host, world.now()) } }).found,
    says: (host) => heard.member(cluster, host, world.now()).evidence[0]?.says ?? '',
  }
}

async function holding(t: TestContext): Promise<number> {
  const peers = new Set<net.Socket>()
  const server = net.createServer((peer) => void peers.add(peer.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    peers.forEach((it) => it.destroy())
  })
  return (server.address() as net.AddressInfo).port
}

test('C-2 C-12 HAProxy: a drained server counts as drained when its last session has gone, as every second shows', { timeout: 60_000 }, async (t) => {
  const it = await balancer(t, [await holding(t), await holding(t)])
  const cluster: Cluster = { name: 'front', kind: 'haproxy', members: ['lb-1'], weights: {}, backend: 'shop', from: '' }
  const { judged, says } = seen(t, cluster, [{ cluster: 'front', host: 'lb-1', kind: 'haproxy', address: '127.0.0.1', as: it.stats, backend: 'shop' }])
  const [ready, drained] = [{ is: 'server', cluster: 'front', server: 'db-1', state: 'ready' }, { is: 'server', cluster: 'front', server: 'db-1', state: 'drain', sessions: 0 }] as const
  assert.deepEqual([judged(ready), judged(drained)], ['unknown', 'unknown'], 'nobody has looked')
  await until('db-1 is ready', 10_000, () => judged(ready) === 'pass')
  const clients = [1, 2].map(() => net.connect(it.port, '127.0.0.1'))
  t.after(() => clients.forEach((client) => client.destroy()))
  await until('each server has a session', 10_000, () => says('lb-1') === 'db-1 ready, 1 session; db-2 ready, 1 session', () => says('lb-1'))
  const told = await tellLocally({ path: it.socket, text: 'set server shop/db-1 state drain\n', mostBytes: 1000, signal: new AbortController().signal })
  assert.equal(told.is, 'answered')
  await until('it is drained, with one that lingers', 10_000, () => judged(ready) === 'fail' && says('lb-1').startsWith('db-1 drain, 1 session'), () => says('lb-1'))
  assert.equal(judged(drained), 'fail')
  clients.forEach((client) => client.destroy())
  t.diagnostic(`drained seen ${await until('the last one has gone', 10_000, () => judged(drained) === 'pass', () => says('lb-1'))} ms after the last session ended`)
  await it.restart()
  await until('a restart forgets it', 15_000, () => judged(ready) === 'pass')
})

test('C-2 DNS: an answer counts when every authoritative server gives it; while they contradict each other nothing is known', { timeout: 60_000 }, async (t) => {
  const [one, two] = [await powerdns(t, 'api-key'), await bind(t)]
  const cluster: Cluster = { name: 'zone', kind: 'dns', members: ['ns-1', 'ns-2'], weights: {}, record: { name: 'www.example.test.', type: 'A' }, from: '' }
  const asked = [one, two].map(({ at }, n): AskedMember => ({ cluster: 'zone', host: `ns-${n + 1}`, kind: 'dns', address: '127.0.0.1', as: `dns://any:${at.split(':')[1] ?? ''}`, record: { name: 'www.example.test.', type: 'A' } }))
  const { heard, judged, says } = seen(t, cluster, asked)
  const [before, after] = ['192.0.2.1', '192.0.2.9'].map((it): Fronted => ({ is: 'record', cluster: 'zone', answers: [it] })) as [Fronted, Fronted]
  await until('both say so', 10_000, () => judged(before) === 'pass', () => `${says('ns-1')}; ${says('ns-2')}`)
  assert.match(says('ns-2'), /^says 192\.0\.2\.1, TTL 2 s, serial 1$/)
  const rrsets = [{ name: 'www.example.test.', type: 'A', ttl: 2, changetype: 'REPLACE', records: [{ content: '192.0.2.9', disabled: false }] }]
  const changed = await fetch(`${one.api}/api/v1/servers/localhost/zones/example.test.`, { method: 'PATCH', headers: { 'x-api-key': 'api-key', 'content-type': 'application/json' }, body: JSON.stringify({ rrsets }) })
  assert.equal(changed.status, 204)
  await until('they contradict each other', 10_000, () => heard.sight(cluster, world.now()).is === 'unknown' && judged(before) === 'fail')
  assert.equal(judged(after), 'fail')
  execFileSync('nsupdate', ['-y', two.tsig], { input: `server ${two.at.replace(':', ' ')}\nupdate delete www.example.test. A\nupdate add www.example.test. 2 A 192.0.2.9\nsend\n`, timeout: 10_000 })
  t.diagnostic(`all agree ${await until('both say the new one', 10_000, () => judged(after) === 'pass', () => `${says('ns-1')}; ${says('ns-2')}`)} ms after the second was changed`)
})
