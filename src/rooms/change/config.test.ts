// The topology and runbooks of the file: the example of the documents is read whole, and what cannot be meant is said where it stands.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../config/fixtures/ask.ts'
import { drivers } from '../../plugins/list.gen.ts'
import { readChange, type ChangeConfig, type Known } from './config.ts'
import { filledFor } from './plan.ts'
import { fatesOf, sharedByAll } from './topology.ts'
import { fill, placesIn } from './template.ts'

const KNOWN: Known = {
  checks: ['api'], backups: ['shop'], people: ['ada', 'bo', 'chen'], rotations: { primary: ['ada', 'bo'] }, boards: { public: ['API', 'Website'] }, timezone: 'Europe/Berlin',
}
const HOSTS = `hosts:
  db-1: { ssh: "root@10.77.0.1", rack: r1, links: { eth0: { neighbour: sw-1 } } }
  db-2: { ssh: "root@10.77.0.2", rack: r2, links: { eth0: { neighbour: sw-2 } } }
  db-3: { ssh: "root@10.77.0.3", rack: r3, links: { eth0: { neighbour: sw-3 } } }
clusters:
  shop-db: { galera: [db-1, db-2, db-3], as: "\${secret:galera-url}", canary: holdfast.canary }
`
const GROW = `${HOSTS}runbooks:
  grow-memory:
    title: Add memory to one database server
    window: { days: [tue, wed], from: "02:00", to: "05:00" }
    people: { does: oncall.primary, checks: [bo, chen] }
    hosts: { cluster: shop-db, serial: 1 }
    preflight: [ links.up, cluster.healthy, { backup: shop, age: 26h, rung: L4, proven: 8d }, incidents.none ]
    keep: { cluster: shop-db, tolerate: 0 }
    guard: [ links.up, { cluster: shop-db, at_least: 2 }, { checks: [api] } ]
    announce: { board: public, components: [API], lead: 48h }
    steps:
      - { id: drain, do: { haproxy: { backend: shop, server: "{{host}}", state: drain } }, until: { sessions: 0 }, within: 10m, undo: { haproxy: { backend: shop, server: "{{host}}", state: ready } } }
      - { id: stop, run: [systemctl, stop, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { stopped: "{{host}}" }, within: 5m, undo: { run: [systemctl, start, mariadb] } }
      - { id: memory, manual: "Add the memory to {{host}} in rack {{host.rack}}. Do not touch other cables.", takes: ["{{host}}"], until: { links: "{{host}}", boots: "{{host}}" }, within: 45m }
      - { id: start, run: [systemctl, start, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { cluster: shop-db, synced: "{{host}}" }, within: 30m }
      - { id: undrain, do: { haproxy: { backend: shop, server: "{{host}}", state: ready } }, until: { server: ready } }
`

function read(text: string): { config: ChangeConfig; errors: string[]; warnings: string[] } {
  const asked = ask(text, { 'galera-url': 'mysql://watch:word@any/' })
  const config = readChange(asked.reading, KNOWN, drivers)
  return { config, errors: asked.errors(), warnings: asked.warnings() }
}
/** The example with one text replaced. */
const changed = (find: string, put: string): string => {
  assert(GROW.includes(find), find)
  return GROW.replace(find, put)
}

test('the example is read whole, and no credential is in what is given back', () => {
  const { config, errors, warnings } = read(GROW)
  assert.deepEqual([errors, warnings], [[], []])
  assert.deepEqual(config.hosts[0], { name: 'db-1', ssh: { user: 'root', host: '10.77.0.1' }, look: { user: 'root', host: '10.77.0.1' }, fate: { rack: 'r1' }, links: [{ name: 'eth0', neighbour: 'sw-1' }], from: 'holdfast.yaml:2' })
  assert.deepEqual(config.clusters, [{ name: 'shop-db', kind: 'galera', members: ['db-1', 'db-2', 'db-3'], weights: {}, canary: 'holdfast.canary', from: 'holdfast.yaml:6' }])
  const [grow] = config.runbooks
  assert.deepEqual(grow?.window, { days: [2, 3], from: 120, to: 300, timezone: 'Europe/Berlin' })
  assert.deepEqual(grow.hosts, { cluster: 'shop-db', names: ['db-1', 'db-2', 'db-3'], serial: 1 })
  assert.deepEqual(grow.preflight, [{ is: 'links' }, { is: 'healthy' }, { is: 'backup', set: 'shop', age: 26 * 3_600_000, rung: 'L4', proven: 8 * 86_400_000 }, { is: 'incidents' }])
  assert.deepEqual(grow.steps.map(({ id, within }) => [id, within / 60_000]), [['drain', 10], ['stop', 5], ['memory', 45], ['start', 30], ['undrain', 10]])
  const [drain, stop] = filledFor(grow, config.hosts[1] ?? assert.fail())
  assert.deepEqual(stop, {
    id: 'stop', act: { is: 'driver', driver: 'run', config: { run: ['systemctl', 'stop', 'mariadb'], on: 'db-2' }, says: 'run systemctl stop mariadb on db-2' }, takes: ['db-2'], until: [{ is: 'stopped', host: 'db-2' }], within: 300_000,
    undo: { is: 'driver', driver: 'run', config: { run: ['systemctl', 'start', 'mariadb'], on: 'db-2' }, says: 'run systemctl start mariadb on db-2' },
  })
  assert.deepEqual(drain?.act, {
    is: 'driver', driver: 'haproxy', config: { backend: 'shop', server: 'db-2', state: 'drain', socket: '/run/haproxy/admin.sock' },
    says: 'set server db-2 of backend shop to drain (HAProxy, /run/haproxy/admin.sock; a reload forgets it)',
  })
  assert.deepEqual(drain.until, [{ is: 'driver', claims: { sessions: 0 } }])
  assert.doesNotMatch(JSON.stringify(config), /word|galera-url/)
})

test('hosts: how ssh reaches them, and nothing that ssh would take for an option', () => {
  const ssh = (text: string): unknown => {
    const { config, errors } = read(`hosts: { a: { ssh: ${JSON.stringify(text)} } }`)
    return errors.length > 0 ? errors : config.hosts[0]?.ssh
  }
  assert.deepEqual(ssh('10.0.0.1'), { host: '10.0.0.1' })
  assert.deepEqual(ssh('root@db.internal:2222'), { user: 'root', host: 'db.internal', port: 2222 })
  assert.deepEqual(ssh('root@[2001:db8::1]'), { user: 'root', host: '2001:db8::1' })
  for (const bad of ['-oProxyCommand=sh', '-oProxyCommand=sh@a', 'root@-oProxyCommand=sh', 'root@a b', 'root@a;rm -rf /', 'root@a:0', 'root@a:70000', 'a@b@c', '', 'root@', 'ssh://a/b', 'root@a\nb']) {
    assert.deepEqual((ssh(bad) as string[]).map((it) => it.slice(0, 5)), ['HF104'], JSON.stringify(bad))
  }
  assert.deepEqual(read('hosts: { a: { rack: "-r1" }, b: { rack: "{{host}}" }, c: { raks: r1 }, local: {}, "-x": {} }').errors, ['HF104 "-r1"', 'HF104 "{{host}}"', 'HF101 raks', 'HF107 local', 'HF107 "-x"'])
})

test('names lead somewhere, both ways', () => {
  assert.deepEqual(read(HOSTS.replace('[db-1, db-2, db-3]', '[db-1, db-22, db-1]')).errors, ['HF111 db-22', 'HF121 db-1'])
  assert.deepEqual(read('hosts: { a: { links: { e: { neighbour: b } } }, b: { links: { e: { neighbour: c } } } }').errors, ['HF111 b'])
  assert.deepEqual(read('hosts: { a: { links: { e: { neighbour: a } } } }').errors, ['HF104 a'])
  assert.deepEqual(read('hosts: { a: {}, b: {} }\nclusters: { c: { etcd: a } }').warnings, ['HF153 b'])
  assert.deepEqual(read('hosts: { a: {} }\nclusters: { a: { etcd: [a] } }').errors.slice(0, 1), ['HF121 a'])
  const kinds = (text: string): string[] => read(`hosts: { a: {}, b: {} }\nclusters:\n  e: { etcd: [a, b] }\n  c: ${text}\n`).errors
  assert.deepEqual(kinds('{ canary: x.y }'), ['HF110 c'])
  assert.deepEqual(kinds('{ galera: [a], etcd: [b] }'), ['HF110 etcd'])
  assert.deepEqual(kinds('{ etcd: [a], canary: x.y, weights: { a: 2 } }'), ['HF104 canary', 'HF104 weights'])
  assert.deepEqual(kinds('{ galera: [a], rest: "http://any:8008" }'), ['HF104 rest'])
  assert.deepEqual(kinds('{ patroni: [a], rest: "http://any:8008" }'), [])
  assert.deepEqual(kinds('{ galera: [a], weights: { b: 2 } }'), ['HF111 2'])
  assert.deepEqual(kinds('{ patroni: [a], dcs: e }'), [])
  assert.deepEqual(kinds('{ patroni: [a], dcs: c }'), ['HF104 c'])
  assert.deepEqual(kinds('{ patroni: [a], dcs: x }'), ['HF111 x'])
  assert.deepEqual(kinds('{ galera: [] }'), ['HF104 galera'])
  assert.deepEqual(kinds('{ galera: [a], as: "mysql://root:word@db" }'), ['HF119 "mysql://root:****@db"'])
  assert.deepEqual(read('hosts: { a: {} }\nclusters: { c: { patroni: [a], as: "${secret:galera-url}" } }').errors, ['HF104 "${secret:galera-url}"'])
})

test('what a runbook names is there', () => {
  const wrong = (find: string, put: string): string[] => read(changed(find, put)).errors
  assert.deepEqual(wrong('does: oncall.primary', 'does: oncall.primry'), ['HF111 oncall.primry'])
  assert.deepEqual(wrong('checks: [bo, chen]', 'checks: [bo, eve]'), ['HF111 eve'])
  assert.deepEqual(wrong('does: oncall.primary, checks: [bo, chen]', 'does: bo, checks: bo'), ['HF121 people'])
  assert.deepEqual(wrong('hosts: { cluster: shop-db,', 'hosts: { cluster: shop,'), ['HF111 shop'])
  assert.deepEqual(wrong('hosts: { cluster: shop-db,', 'hosts: {'), ['HF105 hosts'])
  assert.deepEqual(wrong('backup: shop, age', 'backup: shopp, age'), ['HF111 shopp'])
  assert.deepEqual(wrong('rung: L4', 'rung: L9'), ['HF104 L9'])
  assert.deepEqual(wrong('links.up, cluster.healthy', 'links.upp, cluster.healthy'), ['HF104 links.upp'])
  assert.deepEqual(wrong('{ checks: [api] }', '{ checks: [apy] }'), ['HF111 [apy]'])
  assert.deepEqual(wrong('board: public', 'board: publik'), ['HF111 publik'])
  assert.deepEqual(wrong('components: [API]', 'components: [Api]'), ['HF111 [Api]'])
  assert.deepEqual(wrong('from: "02:00"', 'from: "25:00"'), ['HF104 "25:00"'])
  assert.deepEqual(wrong('to: "05:00"', 'to: "02:00"'), ['HF116 "02:00"'])
  assert.deepEqual(wrong('serial: 1', 'serial: 1, max: 2'), ['HF101 max'])
  assert.deepEqual(wrong('id: stop,', 'id: drain,'), ['HF103 drain'])
  assert.deepEqual(wrong('cluster: shop-db, synced', 'cluster: shop-dc, synced'), ['HF111 shop-dc'])
  assert.deepEqual(wrong('synced: "{{host}}"', 'synced: db-9'), ['HF111 db-9'])
})

test('C-13 what has to be seen of each host may be a check of its own, which each of them has to have', () => {
  const PASSES = 'until: { links: "{{host}}", boots: "{{host}}" }'
  const own = (checks: readonly string[], names: string): ReturnType<typeof read> => {
    const asked = ask(changed(PASSES, PASSES.replace(' }', `, checks: ${names} }`)), { 'galera-url': 'mysql://watch:word@any/' })
    return { config: readChange(asked.reading, { ...KNOWN, checks: ['api', ...checks] }, drivers), errors: asked.errors(), warnings: asked.warnings() }
  }
  const { config, errors } = own(['db-1', 'db-2', 'db-3'], '[api, "{{host}}"]')
  assert.deepEqual(errors, [])
  const [memory] = filledFor(config.runbooks[0] ?? assert.fail(), config.hosts[1] ?? assert.fail()).slice(2)
  assert.deepEqual(memory?.until, [{ is: 'links', host: 'db-2' }, { is: 'boots', host: 'db-2' }, { is: 'checks', names: ['api', 'db-2'] }])
  assert.deepEqual(own(['db-1', 'db-2'], '["{{host}}"]').errors, ['HF111 ["{{host}}"]'])
  assert.deepEqual(own([], '["{{host}}"]').errors, ['HF111 ["{{host}}"]'], 'the first that lacks one is named')
  assert.deepEqual(own([], '["{{hots}}"]').errors, ['HF124 ["{{hots}}"]'])
  assert.deepEqual(own([], '["{{host.power}}"]').errors, ['HF124 ["{{host.power}}"]'], 'a value that a host lacks')
  assert.deepEqual(read(changed('{ checks: [api] }', '{ checks: ["{{host}}"] }')).errors, ['HF111 ["{{host}}"]'], 'what is watched all the time is the same for all hosts')
})

test('C-13 a step whose end nobody sees is an error', () => {
  const wrong = (find: string, put: string): string[] => read(changed(find, put)).errors
  assert.match(wrong('takes: ["{{host}}"], until: { links: "{{host}}", boots: "{{host}}" }, within: 45m', 'within: 45m')[0] ?? '', /^HF125 /)
  assert.match(wrong('until: { stopped: "{{host}}" }, ', '')[0] ?? '', /^HF125 /)
  assert.deepEqual(wrong('until: { server: ready }', 'until: { serve: ready }'), ['HF101 serve'])
  assert.deepEqual(wrong('until: { stopped: "{{host}}" }', 'until: { stopped: "{{host}}", sessions: 0 }'), ['HF104 sessions'])
  assert.deepEqual(wrong('until: { cluster: shop-db, synced: "{{host}}" }', 'until: { cluster: shop-db }').map((it) => it.slice(0, 5)), ['HF105'])
  assert.match(wrong('undo: { run: [systemctl, start, mariadb] }', 'undo: { }')[0] ?? '', /^HF105/)
  assert.match(wrong('{ id: stop, run: [systemctl, stop, mariadb], on: "{{host}}"', '{ id: stop, run: [systemctl, stop, mariadb]')[0] ?? '', /^HF105/)
  assert.match(wrong('{ id: stop, run: [systemctl, stop, mariadb]', '{ id: stop, manual: Stop it, run: [systemctl, stop, mariadb]')[0] ?? '', /^HF121/)
})

test('C-9 a value stands only where it is known, never adds a word, and never says which program runs', () => {
  const wrong = (find: string, put: string): string[] => read(changed(find, put)).errors.map((it) => it.slice(0, 5))
  assert.deepEqual(wrong('rack {{host.rack}}', 'rack {{host.rak}}'), ['HF124'])
  assert.deepEqual(wrong('rack {{host.rack}}', 'feed {{host.power}}'), ['HF124'])
  assert.deepEqual(wrong('rack {{host.rack}}', 'rack {{host.rack'), ['HF124'])
  assert.deepEqual(wrong('rack {{host.rack}}', 'rack {{{{host}}.rack}}'), ['HF124'])
  assert.deepEqual(wrong('[systemctl, stop, mariadb], on', '["{{host}}", stop, mariadb], on'), ['HF104'])
  assert.deepEqual(wrong('[systemctl, stop, mariadb], on', '[systemctl, "{{evil}}"], on'), ['HF124'])
  assert.deepEqual(wrong('[systemctl, stop, mariadb], on', 'systemctl stop mariadb, on'), ['HF104'])
  assert.deepEqual(wrong('mariadb], on: "{{host}}"', 'mariadb], on: "-oProxyCommand=sh"'), ['HF111'])
  assert.deepEqual(wrong('mariadb], on: "{{host}}"', 'mariadb], on: "{{host}} -v"'), ['HF111'])
  assert.deepEqual(wrong('takes: ["{{host}}"], until: { stopped', 'takes: ["--all"], until: { stopped'), ['HF111'])
  for (const evil of ['-shop', 'shop db-1; shutdown', 'shop\\nshow stat', 'shop/db-1']) assert.deepEqual(wrong('drain, do: { haproxy: { backend: shop', `drain, do: { haproxy: { backend: "${evil}"`), ['HF104'], evil)
  const values = { host: 'db-1', 'host.rack': '{{host}} $(reboot)' }
  assert.equal(fill('{{host}} in {{ host.rack }}', values), 'db-1 in {{host}} $(reboot)')
  assert.deepEqual(placesIn('a {{host}} {{ host.rack }} {{x y}}'), ['host', 'host.rack', 'x y'])
})

test('C-9 a value that does not fit where it is put in is refused when the file is read, by host', () => {
  const server = (rack: string): string[] => read(GROW.replace('rack: r2', `rack: ${JSON.stringify(rack)}`).replace('server: "{{host}}", state: drain', 'server: "{{host.rack}}", state: drain')).errors
  assert.deepEqual(server('r2'), [])
  for (const rack of ['r 2', 'r2/b', 'r2+x']) assert.deepEqual(server(rack), ['HF104 "{{host.rack}}"'], rack)
  // What could say more than its word is no value to begin with.
  for (const rack of ['r2; rm -rf /', '-oProxyCommand=sh', 'r2\nshow stat', '$(reboot)']) assert.deepEqual(server(rack)[0]?.slice(0, 5), 'HF104', rack)
  const { config } = read(GROW.replace('rack: r2', 'rack: "r 2"').replace('[systemctl, stop, mariadb]', '[systemctl, stop, "{{host.rack}}"]'))
  const [, stop] = filledFor(config.runbooks[0] ?? assert.fail(), config.hosts[1] ?? assert.fail())
  assert.deepEqual(stop?.act, { is: 'driver', driver: 'run', config: { run: ['systemctl', 'stop', 'r 2'], on: 'db-2' }, says: 'run systemctl stop "r 2" on db-2' })
})

test('a driver reads its own settings: what it lacks, what it does not know, and what another one is asked', () => {
  const wrong = (find: string, put: string): string[] => read(changed(find, put)).errors
  const drain = 'haproxy: { backend: shop, server: "{{host}}", state: drain }'
  assert.deepEqual(wrong(drain, 'haproxy: { backend: shop, state: drain }'), ['HF105 haproxy'])
  assert.deepEqual(wrong(drain, 'haproxy: { backend: shop, server: "{{host}}", stat: drain }'), ['HF105 haproxy', 'HF101 stat'])
  assert.deepEqual(wrong(drain, 'haproxy: { backend: shop, server: "{{host}}", state: gone }'), ['HF104 gone'])
  assert.deepEqual(wrong(drain, 'haproxy: drain'), ['HF104 drain'])
  assert.deepEqual(wrong(drain, 'haprox: { backend: shop }'), ['HF101 haprox'])
  assert.deepEqual(wrong(drain, `${drain}, run: [true]`), ['HF121 do'])
  assert.deepEqual(wrong('until: { sessions: 0 }', 'until: { sessions: -1 }'), ['HF104 -1'])
})

test('C-2 C-12 a cluster of databases that is asked and in which no write is tried is warned of; one that is not asked, or is none, is not', () => {
  assert.deepEqual(read(GROW.replace(', canary: holdfast.canary', '')).warnings, ['HF159 shop-db'])
  assert.deepEqual(read(GROW.replace(', as: "${secret:galera-url}", canary: holdfast.canary', '')).warnings, [])
})

test('what fails together: a rack, a feed, a switch, and the far end of a cable that no bond stands in for', () => {
  const fates = (links: string): string[] => fatesOf(read(`hosts: { a: { rack: r1, switch: sw-9, links: ${links} } }`).config.hosts[0] ?? assert.fail())
  assert.deepEqual(fates('{ eth0: { neighbour: sw-1 }, eth1: { neighbour: sw-2 } }'), ['rack r1', 'switch sw-9', 'switch sw-1', 'switch sw-2'])
  assert.deepEqual(fates('{ eth0: { neighbour: sw-1, bond: b }, eth1: { neighbour: sw-2, bond: b } }'), ['rack r1', 'switch sw-9'])
  assert.deepEqual(fates('{ eth0: { neighbour: sw-1, bond: b }, eth1: { neighbour: sw-1, bond: b } }'), ['rack r1', 'switch sw-9', 'switch sw-1'])
  const { config, warnings } = read(HOSTS.replaceAll('sw-2', 'sw-1').replaceAll('sw-3', 'sw-1'))
  assert.deepEqual([sharedByAll(config.hosts), warnings], [['switch sw-1'], ['HF158 galera']])
})

test('a cable between two hosts that are both asked has two ends; of several between the same two those count that are named', () => {
  const ends = (a: string, b: string, more = 'ssh: h'): unknown => {
    const { config, errors } = read(`hosts: { a: { ssh: h, links: ${a} }, b: { ${more}, links: ${b} } }`)
    return errors.length > 0 ? errors : config.hosts.map(({ links }) => links.map(({ end }) => end ?? '-').join())
  }
  assert.deepEqual(ends('{ e0: { neighbour: b } }', '{ e1: { neighbour: a } }'), ['e1', 'e0'])
  assert.deepEqual(ends('{ e0: { neighbour: b } }', '{ e1: { neighbour: a } }', 'rack: r1'), ['-', 'e0'], 'nobody asks b')
  assert.deepEqual(ends('{ e0: { neighbour: b }, e1: { neighbour: b } }', '{ e0: { neighbour: a }, e1: { neighbour: a } }'), ['-,-', '-,-'])
  assert.deepEqual(ends('{ e0: { neighbour: b }, e1: { neighbour: b } }', '{ e0: { neighbour: a } }'), ['-,-', '-'])
  assert.deepEqual(ends('{ e0: { neighbour: b/e1 }, e1: { neighbour: b/e0 } }', '{ e0: { neighbour: a }, e1: { neighbour: a } }'), ['e1,e0', 'e1,e0'])
  assert.deepEqual(ends('{ e0: { neighbour: b/e7 } }', '{ e1: { neighbour: a } }'), ['HF111 b/e7', 'HF111 a'])
  assert.deepEqual(ends('{ e0: { neighbour: b/e1 } }', '{ e1: { neighbour: a/e9 } }'), ['HF111 b/e1', 'HF111 a/e9'])
  assert.deepEqual(ends('{ e0: { neighbour: a/e1 } }', '{}'), ['HF104 a/e1'])
})

test('a host is reached through others by their own keys; what leads nowhere or in a circle is said', () => {
  const via = (db: string, gate: string): ReturnType<typeof read> => read(`hosts:\n  gate: { ssh: "ops@192.0.2.1:2222"${gate} }\n  db-1: { ssh: "root@10.77.0.1", ${db} }\nclusters: { kv: { etcd: [db-1] } }\n`)
  const good = via('via: gate, sudo: true', ', key: gate.key, sudo: true')
  assert.deepEqual([good.errors, good.warnings], [[], []])
  assert.deepEqual(good.config.hosts[1]?.ssh, { user: 'root', host: '10.77.0.1', sudo: true, via: { user: 'ops', host: '192.0.2.1', port: 2222, key: 'gate.key' } })
  assert.deepEqual(via('via: gat', '').errors, ['HF111 gat'])
  assert.deepEqual(via('via: gate', ', via: db-1').errors, ['HF111 db-1', 'HF111 gate'])
  assert.deepEqual(read('hosts: { a: {}, b: { ssh: "b", via: a } }').errors, ['HF111 a'])
  assert.deepEqual(read('hosts: { a: { sudo: true } }').errors, ['HF110 sudo'])
})

test('a host may be looked at by a user and keys that change nothing there; what is looked through as well', () => {
  const GATED = 'hosts:\n  gate: { ssh: "ops@192.0.2.1", key: gate.key, look: { key: look.key } }\n  db-1: { ssh: "root@10.77.0.1", key: db.key, via: gate, sudo: true, look: { user: watch, key: look.key } }\nclusters: { kv: { etcd: [db-1] } }\n'
  const { config, errors } = read(GATED)
  assert.deepEqual(errors, [])
  assert.deepEqual(config.hosts[1]?.look, { user: 'watch', host: '10.77.0.1', key: 'look.key', via: { user: 'ops', host: '192.0.2.1', key: 'look.key' } })
  assert.deepEqual(config.hosts[1]?.ssh, { user: 'root', host: '10.77.0.1', key: 'db.key', sudo: true, via: { user: 'ops', host: '192.0.2.1', key: 'gate.key' } })
  assert.deepEqual(read(GATED.replaceAll(/, look: \{[^}]*\}/g, '')).config.hosts[1]?.look?.key, 'db.key', 'else as steps are done')
  for (const bad of ['{ user: "-oProxyCommand=sh" }', '{ key: "-x" }', '{ users: a }']) assert.equal(read(`hosts: { a: { ssh: b, look: ${bad} } }`).errors.length, 1, bad)
  assert.deepEqual(read('hosts: { a: { look: { user: b } } }').errors, ['HF110 look'])
})

test('HAProxy and servers of names: what is looked at, where, and what a runbook wants to be seen there', () => {
  const FRONTS = GROW.replace('runbooks:', `  front: { haproxy: [db-1, db-2], backend: shop }
  zone: { dns: [db-2, db-3], record: WWW.acme.example, type: AAAA, as: "dns://any:5353" }
runbooks:`).replace('{ checks: [api] } ]', '{ checks: [api] }, { cluster: front, server: db-3 }, { cluster: zone, answers: ["2001:DB8:0::7"] } ]')
    .replace('until: { server: ready }', 'until: { server: ready, seen: [ { cluster: front, server: "{{host}}", state: ready, sessions: 5 } ] }')
  const { config, errors } = read(FRONTS)
  assert.deepEqual(errors, [])
  assert.deepEqual(config.clusters.slice(1).map(({ kind, backend, record }) => ({ kind, backend, record })), [{ kind: 'haproxy', backend: 'shop', record: undefined }, { kind: 'dns', backend: undefined, record: { name: 'www.acme.example.', type: 'AAAA' } }])
  const [grow] = config.runbooks
  assert.deepEqual(grow?.guard.slice(3), [{ is: 'server', cluster: 'front', server: 'db-3', state: 'ready' }, { is: 'record', cluster: 'zone', answers: ['2001:db8::7'] }])
  assert.deepEqual(filledFor(grow ?? assert.fail(), config.hosts[1] ?? assert.fail()).at(-1)?.until.at(-1), { is: 'server', cluster: 'front', server: 'db-2', state: 'ready', sessions: 5 })
  const wrong = (find: string, put: string): string[] => {
    assert(FRONTS.includes(find), find)
    return read(FRONTS.replace(find, put)).errors
  }
  assert.deepEqual(wrong(', backend: shop }', ' }'), ['HF105 front'])
  assert.deepEqual(wrong('record: WWW.acme.example, ', ''), ['HF105 zone'])
  assert.deepEqual(wrong('backend: shop }', 'backend: "shop;show info" }')[0]?.slice(0, 5), 'HF104')
  assert.deepEqual(wrong('dns://any:5353', 'udp://any:5353')[0]?.slice(0, 5), 'HF104')
  assert.deepEqual(wrong('cluster: front, server: db-3', 'cluster: shop-db, server: db-3'), ['HF104 shop-db'])
  assert.deepEqual(wrong('cluster: zone, answers', 'cluster: front, answers'), ['HF104 front'])
  assert.deepEqual(wrong('cluster: zone, answers', 'cluster: zon, answers'), ['HF111 zon'])
  assert.deepEqual(wrong('server: "{{host}}", state: ready, sessions', 'server: "{{hos}}", state: ready, sessions').map((it) => it.slice(0, 5)), ['HF124'])
  assert.deepEqual(wrong('canary: holdfast.canary', 'canary: holdfast.canary, backend: shop'), ['HF104 backend'])
})
