// What Holdfast itself pages by, as far as it is written: the machine it runs on, where its channels lead, the way in, the way to others.
import assert from 'node:assert/strict'
import test from 'node:test'
import { leanedOnBy, type OwnWay } from './own-way.ts'
import type { Host, Topology } from './topology.ts'

const host = (name: string, more: Partial<Host> = {}): Host => ({ name, fate: {}, links: [], from: 'holdfast.yaml:1', ...more })
const GATE = { host: '10.77.0.7', user: 'root' }
const TOPOLOGY: Topology = {
  clusters: [],
  hosts: [
    host('watch-1', { ssh: { host: '10.77.0.9' }, links: [{ name: 'eth0', neighbour: 'router-1' }] }), host('relay', { ssh: { host: 'Mail.Acme.example.' } }), host('hook', { ssh: { host: '::ffff:10.77.0.8' } }),
    host('gate', { ssh: GATE }), host('db-1', { ssh: { host: '10.77.0.1' } }), host('db-2', { ssh: { host: '10.77.0.9', via: GATE } }), host('db-3', { ssh: { host: '10.0.0.3', via: { host: '10.0.0.2', via: GATE } } }),
    host('router-1'), host('here', { ssh: { host: 'localhost', port: 2222 } }), host('front', { ssh: { host: 'holdfast.acme.example' } }), host('bare'),
  ],
}
const WAY: OwnWay = { machine: ['watch-9', '127.0.0.1', '10.77.0.9', 'fe80::1'], site: 'holdfast.acme.example', channels: { mail: ['mail.acme.example'], hook: ['10.77.0.8'], local: ['127.0.0.1'] } }
const says = (name: string, way: Partial<OwnWay> = {}): string[] => leanedOnBy(name, TOPOLOGY, { ...WAY, ...way }).map((it) => `${it.is}: ${it.says}`)

test('C-11 the machine that Holdfast runs on, and what it pages, is answered and looks through, is known by addresses and names as they are written', () => {
  assert.deepEqual(says('watch-1'), ['here: Holdfast runs there (10.77.0.9 is this machine)'])
  assert.deepEqual(says('bare', { machine: ['BARE'] }), ['here: Holdfast runs there (bare is this machine)'])
  assert.deepEqual(says('here'), ['here: Holdfast runs there (localhost is this machine)'])
  assert.deepEqual(says('relay'), ['way: pages leave through it (mail)'])
  assert.deepEqual(says('hook'), ['way: pages leave through it (hook)'], 'in whatever form the address is written')
  assert.deepEqual(says('front'), ['way: people answer through it (site.url is holdfast.acme.example)'])
  assert.deepEqual(says('gate'), ['way: db-2, db-3 are reached through it'], 'through another one too')
  assert.deepEqual(says('router-1'), ['way: watch-1, where Holdfast runs, hangs on it'])
})

test('C-11 what is not known to be Holdfast\'s own is not said to be', () => {
  assert.deepEqual(says('db-1'), [])
  assert.deepEqual(says('db-2'), [], 'behind a jump host an address is one of another network')
  assert.deepEqual(says('nobody'), [])
  assert.deepEqual(says('front', { site: '127.0.0.1' }), [])
  assert.deepEqual(says('router-1', { machine: [] }), [])
})
