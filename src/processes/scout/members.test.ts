// Lines of members come and go with the configuration, each at the address of its own host; what was said last is kept for a keeper that comes back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnedClock } from '../../../test/turned-clock.ts'
import type { Egress } from '../../ports/world.ts'
import { askedMembers } from '../../rooms/change/heard/asking.ts'
import type { OfMember } from '../../rooms/change/heard/protocol.ts'
import type { Report } from '../../rooms/change/sight.ts'
import type { Topology } from '../../rooms/change/topology.ts'
import { createMembers } from './members.ts'

const host = (name: string, address?: string) => ({ name, fate: {}, links: [], from: '', ...(address === undefined ? {} : { ssh: { host: address } }) })
const topology: Topology = {
  hosts: [host('db-1', '10.77.0.1'), host('db-2', '10.77.0.2'), host('db-3')],
  clusters: [
    { name: 'shop-db', kind: 'galera', members: ['db-1', 'db-2', 'db-3'], weights: {}, canary: 'holdfast.canary', from: '' },
    { name: 'other', kind: 'etcd', members: ['db-1'], weights: {}, from: '' }, { name: 'constructor', kind: 'etcd', members: ['db-1'], weights: {}, from: '' },
  ],
}
const ways = { 'shop-db': { as: 'mysql://mon:c4n4ry@any:3306/' }, other: { as: 'https://any:2379' } }
const WELL: Report = { is: 'galera', primary: true, synced: true, ready: true, state: 'f3c1d0de', view: '7', size: 3, total: 3 }

test('the one address of a cluster becomes that of each host, and a cluster without one is asked by nobody', async () => {
  const asked = askedMembers(topology, ways)
  assert.deepEqual(asked.map(({ cluster, address, canary }) => [cluster, address, canary]), [
    ['shop-db', '10.77.0.1', 'holdfast.canary'], ['shop-db', '10.77.0.2', 'holdfast.canary'], ['shop-db', 'db-3', 'holdfast.canary'], ['other', '10.77.0.1', undefined],
  ])
  // The real languages, up to the one way out.
  const dialled: string[] = []
  const away = (to: string): Promise<never> => (dialled.push(to), Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })))
  const egress: Egress = { resolve: () => away('name'), connect: (want) => away(`${want.host}:${want.port}`), request: (want) => away(want.url) }
  const clock = turnedClock()
  const told: OfMember[] = []
  const members = createMembers({ world: clock, egress, tell: (it) => void told.push(it) })
  members.ask([...asked, { cluster: 'six', host: 'db-6', kind: 'patroni', address: 'fd00::6', as: 'postgres://mon@any/postgres' }])
  for (let n = 0; n < 200 && told.length < 5; n++) await clock.turn(1)
  members.close()
  assert.deepEqual(dialled.toSorted(), ['10.77.0.1:3306', '10.77.0.2:3306', 'db-3:3306', 'fd00::6:5432', 'http://[fd00::6]:8008/patroni', 'https://10.77.0.1:2379/health', 'https://10.77.0.1:2379/v3/cluster/member/list', 'https://10.77.0.1:2379/v3/maintenance/status'])
  assert.deepEqual(told.map((it) => (it.is === 'member' ? it.report.is : it.is)), Array.from({ length: 5 }, () => 'stopped'))
  assert.doesNotMatch(JSON.stringify(told), /c4n4ry/)
})

test('C-12 a line is begun anew only where something of it changed; a write is asked of one cluster alone', async () => {
  const clock = turnedClock()
  const begun: string[] = []
  const wrote: string[] = []
  const told: OfMember[] = []
  const members = createMembers({
    world: clock, egress: undefined as never, tell: (it) => void told.push(it),
    speak: ({ cluster, host: name }, row) => (begun.push(`${cluster}/${name} ${row}`), { look: () => Promise.resolve(WELL), write: async () => void wrote.push(`${cluster}/${name}`), says: String, close: () => void begun.push(`${cluster}/${name} closed`) }),
  })
  const asked = askedMembers(topology, ways)
  members.ask(asked)
  assert.deepEqual(begun.splice(0), ['shop-db/db-1 1000', 'shop-db/db-2 1001', 'shop-db/db-3 1002', 'other/db-1 1000'])
  await clock.turn(100)
  members.write('shop-db')
  await clock.turn(0)
  assert.deepEqual(wrote, ['shop-db/db-1', 'shop-db/db-2', 'shop-db/db-3'])
  assert.deepEqual([...members.last].map(({ is, host: name }) => `${is} ${name}`).toSorted(), ['canary db-1', 'canary db-2', 'canary db-3', 'member db-1', 'member db-1', 'member db-2', 'member db-3'])
  members.ask(asked.map((it) => (it.host === 'db-2' ? { ...it, address: '10.77.0.9' } : it)).filter(({ cluster }) => cluster !== 'other'))
  assert.deepEqual(begun, ['shop-db/db-2 closed', 'other/db-1 closed', 'shop-db/db-2 1001'])
  assert.ok([...members.last].every(({ cluster, host: name }) => cluster === 'shop-db' && name !== 'db-2'))
  members.close()
  assert.equal(clock.armed, 0)
})
