// What every HAProxy and every authoritative server has to say before a gate opens: read from their own words, held against what is wanted, and never better than
// the worst of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantOf, tickOf, type Now, type Stamp } from '../../../core/time.ts'
import type { Fronted } from '../runbook.ts'
import { sightOf, type Heard, type Report } from '../sight.ts'
import { countsOf, designed, numberOf, toleranceOf } from '../tolerance.ts'
import type { Cluster, Topology } from '../topology.ts'
import type { Said } from './answered.ts'
import { readHaproxy } from './front-words.ts'
import { judgeFronted, sayFronted } from './fronts.ts'

const CSV = `# pxname,svname,qcur,qmax,scur,smax,slim,stot,status,weight,
front,FRONTEND,,,3,9,2000,80,OPEN,,
shop,db-1,1,2,4,9,,30,UP,1,
shop,db-2,0,0,2,9,,30,DRAIN,1,
shop,db-3,0,0,0,9,,30,MAINT (via shop/db-1),1,
shop,db-4,0,0,0,9,,30,DOWN 1/2,1,
shop,db-5,0,0,7,9,,30,no check,1,
shop,BACKEND,0,2,6,9,200,90,UP,2,
mail,db-1,0,0,0,9,,30,DOWN,1,
`
/** What it says where it is no statistics; nothing where it could be read. */
const saidOf = (read: ReturnType<typeof readHaproxy>): string => (typeof read === 'string' ? read : '')
const at = (tick: number): Stamp => ({ tick: tickOf(tick), boot: 'boot' })
const now: Now = { ...at(10_000), wall: instantOf(1_795_000_000_000) }

test('what HAProxy says of a backend is read by the names of its columns, and what nobody can read is not known', () => {
  const servers = readHaproxy(CSV, 'shop')
  assert.deepEqual(servers, { is: 'haproxy', servers: [
    { name: 'db-1', sessions: 5, state: 'ready', up: true }, { name: 'db-2', sessions: 2, state: 'drain', up: true }, { name: 'db-3', sessions: 0, state: 'maint', up: false },
    { name: 'db-4', sessions: 0, state: 'down', up: false }, { name: 'db-5', sessions: 7, state: 'ready', up: true },
  ] })
  assert.equal(readHaproxy(CSV, 'other'), 'it has no backend other')
  for (const text of ['', '<html>', CSV.replace('scur', 'now'), CSV.slice(1)]) assert.match(saidOf(readHaproxy(text, 'shop')), /not the statistics/)
  for (const [from, to] of [['UP,1', 'UPWARD,1'], ['UP,1', ',1'], ['1,2,4,9', '1,2,many,9'], ['1,2,4,9', 'x,2,4,9']] as const) assert.match(saidOf(readHaproxy(CSV.replace(from, to), 'shop')), /nobody can read/)
})

const topology = (cluster: Cluster): Topology => ({ hosts: cluster.members.map((name) => ({ name, fate: {}, links: [], from: '' })), clusters: [cluster] })
const balancers: Cluster = { name: 'front', kind: 'haproxy', members: ['lb-1', 'lb-2'], weights: {}, backend: 'shop', from: '' }
const names: Cluster = { name: 'zone', kind: 'dns', members: ['ns-1', 'ns-2'], weights: {}, record: { name: 'www.acme.example.', type: 'A' }, from: '' }
const server = (state: 'ready' | 'drain' | 'maint' | 'down', sessions: number, up = true): Report => ({ is: 'haproxy', servers: [{ name: 'db-1', state, up, sessions }] })
const says = (...values: string[]): Report => ({ is: 'dns', values, serial: 7 })
/** How a want stands when members say this. */
const judged = (cluster: Cluster, want: Fronted, said: Readonly<Record<string, Report>>) =>
  judgeFronted(want, { topology: topology(cluster), facts: { said: (_cluster, host): Said | string => (said[host] ? { report: said[host], from: at(host.endsWith('1') ? 9000 : 9500), at: now.wall } : 'nobody has heard of it yet') } })

test('C-2 C-12 a server stands as it is wanted only where every HAProxy says so; one that was not heard leaves it open, and the oldest look counts', () => {
  const ready: Fronted = { is: 'server', cluster: 'front', server: 'db-1', state: 'ready' }
  const of = (want: Fronted, one: Report, other?: Report) => judged(balancers, want, { 'lb-1': one, ...(other ? { 'lb-2': other } : {}) })
  assert.deepEqual([of(ready, server('ready', 3), server('ready', 1)).found, of(ready, server('ready', 3)).found, of(ready, server('ready', 3), server('drain', 1)).found, of(ready, server('ready', 0, false), server('ready', 1)).found], ['pass', 'unknown', 'fail', 'fail'])
  assert.deepEqual(of(ready, server('ready', 3), server('ready', 1)).from, at(9000))
  assert.equal(of(ready, server('ready', 3), { is: 'stopped', says: 'its host refused the connection' }).found, 'fail')
  assert.match(of(ready, server('ready', 3), server('drain', 1)).evidence[0]?.says ?? '', /db-1 drain, 1 session$/, 'what is against it comes first')
  const drained: Fronted = { is: 'server', cluster: 'front', server: 'db-1', sessions: 0 }
  assert.deepEqual([of(drained, server('drain', 0), server('maint', 0, false)).found, of(drained, server('drain', 0), server('drain', 1)).found, of(drained, server('ready', 0), server('drain', 0)).found], ['pass', 'fail', 'fail'], 'one that still takes connections has none by chance')
  assert.match(of({ ...ready, server: 'db-9' }, server('ready', 0), server('ready', 0)).evidence[0]?.says ?? '', /no server db-9/)
  assert.equal(sayFronted({ ...drained, state: 'drain' }), 'db-1 is drain and left with at most 0 sessions in every HAProxy of front')
})

test('X-9 of a server that is down HAProxy does not say whether it is drained: it is not ready, takes nobody, and nothing more is known', () => {
  const of = (want: Partial<Extract<Fronted, { is: 'server' }>>, sessions: number) => judged(balancers, { is: 'server', cluster: 'front', server: 'db-1', ...want }, { 'lb-1': server('down', sessions, false), 'lb-2': server('drain', 0) })
  assert.deepEqual([of({ state: 'ready' }, 0).found, of({ state: 'drain' }, 0).found, of({ state: 'maint' }, 0).found], ['fail', 'unknown', 'fail'])
  assert.deepEqual([of({ sessions: 0 }, 0).found, of({ sessions: 0 }, 1).found, of({ state: 'drain', sessions: 0 }, 1).found], ['pass', 'fail', 'fail'])
  assert.equal(of({ state: 'drain' }, 0).evidence[0]?.says, 'db-1 down; whether drained is not said, 0 sessions')
})

test('X-9 what a server of names says at length is told in part', () => {
  const long = judged(names, { is: 'record', cluster: 'zone', answers: ['x'] }, { 'ns-1': says('y'.repeat(60_000)), 'ns-2': says('x') })
  assert.equal(long.evidence[0]?.says, `it says ${'y'.repeat(300)}`)
})

test('C-2 every authoritative server answers exactly so, or the gate is shut', () => {
  const want: Fronted = { is: 'record', cluster: 'zone', answers: ['192.0.2.1', '192.0.2.2'] }
  const of = (one: Report, other?: Report): string => judged(names, want, { 'ns-1': one, ...(other ? { 'ns-2': other } : {}) }).found
  const both = says('192.0.2.1', '192.0.2.2')
  assert.deepEqual([of(both, both), of(both), of(both, says('192.0.2.1')), of(both, says('192.0.2.1', '192.0.2.2', '192.0.2.3')), of(says()), of(both, { is: 'stopped', says: 'refused' })], ['pass', 'unknown', 'fail', 'fail', 'fail', 'fail'])
})

test('C-1 C-2 balancers and servers of names as clusters: one is enough, those that contradict each other are not known', () => {
  const heard = (host: string, report: Report): Heard => ({ host, report, at: at(9000) })
  const tolerated = (cluster: Cluster, ...all: Heard[]): number | null => {
    const sight = sightOf(cluster, all, now)
    return sight.is === 'seen' ? numberOf(toleranceOf(countsOf(cluster, topology(cluster), () => sight))) : null
  }
  assert.deepEqual([
    tolerated(balancers, heard('lb-1', server('ready', 0)), heard('lb-2', server('ready', 0))), tolerated(balancers, heard('lb-1', server('ready', 0)), heard('lb-2', server('ready', 0, false))),
    tolerated(balancers, heard('lb-1', server('ready', 0))), tolerated(balancers, heard('lb-1', server('maint', 0)), heard('lb-2', server('drain', 0))),
  ], [1, 0, 0, -1])
  assert.deepEqual([tolerated(names, heard('ns-1', says('a')), heard('ns-2', says('a'))), tolerated(names, heard('ns-1', says('a')), heard('ns-2', says('b'))), tolerated(names, heard('ns-1', says()), heard('ns-2', says()))], [1, null, -1])
  assert.equal(numberOf(toleranceOf(designed(names, topology(names)))), 1)
  const sight = sightOf(names, [heard('ns-1', says('a')), heard('ns-2', says())], now)
  assert.equal(sight.is === 'unknown' ? sight.says : '', 'they do not agree: ns-1 says a; ns-2 says nothing')
})
