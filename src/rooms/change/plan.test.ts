// The plan of a run, by the runbook of the documents on three nodes: what is done where, the number after each step, what refuses it and what a person may take
// upon themselves; and that whoever agrees on its hash agrees on all of it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../config/fixtures/ask.ts'
import { instantOf } from '../../core/time.ts'
import { drivers } from '../../plugins/list.gen.ts'
import { readChange, type ChangeConfig } from './config.ts'
import type { Answered, Facts } from './gates.ts'
import { isRefused, planOf, type Accepted, type Plan } from './plan.ts'
import type { Sight } from './sight.ts'

const TEXT = `hosts:
  db-1: { ssh: "root@10.77.0.1:2222", rack: r1, links: { eth0: {} } }
  db-2: { ssh: "root@10.77.0.2", rack: r2, links: { eth0: {} } }
  db-3: { ssh: "root@10.77.0.3", rack: r3, links: { eth0: {} } }
clusters:
  shop-db: { galera: [db-1, db-2, db-3] }
runbooks:
  grow:
    title: Add memory
    window: { days: [tue], from: "02:00", to: "05:00" }
    people: { does: ada, checks: bo }
    hosts: { cluster: shop-db }
    preflight: [ links.up, cluster.healthy, { backup: shop, age: 26h, rung: L4 }, incidents.none ]
    keep: { cluster: shop-db, tolerate: 0 }
    guard: [ links.up, { cluster: shop-db, at_least: 2 }, { checks: [api] } ]
    announce: { board: public, components: [API], lead: 48h }
    steps:
      - { id: drain, do: { haproxy: { backend: shop, server: "{{host}}", state: drain } }, until: { sessions: 0 } }
      - { id: stop, run: [systemctl, stop, "maria db"], on: "{{host}}", takes: ["{{host}}"], until: { stopped: "{{host}}" }, undo: { run: [systemctl, start, mariadb] } }
      - { id: memory, manual: "Open {{host}} in rack {{host.rack}}.", takes: ["{{host}}"], until: { links: "{{host}}", boots: "{{host}}" } }
      - { id: start, run: [systemctl, start, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { cluster: shop-db, synced: "{{host}}" } }
      - { id: undrain, do: { haproxy: { backend: shop, server: "{{host}}", state: ready } }, until: { server: ready } }
`
const known = new Map<string, ChangeConfig>()
function read(text: string = TEXT): ChangeConfig {
  const before = known.get(text)
  if (before) return before
  const { reading, errors } = ask(text)
  const config = readChange(reading, { checks: ['api'], backups: ['shop'], people: ['ada', 'bo'], rotations: {}, boards: { public: ['API'] }, timezone: 'UTC' }, drivers)
  assert.deepEqual(errors(), [])
  known.set(text, config)
  return config
}
const said = (found: Answered['found'], subject = 'x'): Answered => ({ found, evidence: [{ subject, observer: 'test', at: null, says: found }] })
const SEEN: Sight = { is: 'seen', total: 3, healthy: ['db-1', 'db-2', 'db-3'] }
/** A Tuesday at three. */
const OPEN = instantOf(Date.UTC(2026, 10, 24, 3))
const facts = (more: Partial<Facts> = {}): Facts => ({
  now: OPEN, sight: () => SEEN, links: (host) => said('pass', host), check: (name) => said('pass', name), backup: () => said('pass'), incidents: () => said('pass'), announced: () => said('pass'),
  boot: () => undefined, said: () => 'nobody looked', leaned: () => [], stopped: (host) => said('pass', host), synced: (_cluster, host) => said('pass', host), ...more,
})
interface Wants { readonly more?: Partial<Facts>; readonly accepted?: readonly Accepted[]; readonly text?: string; readonly host?: string }
function draw({ more = {}, accepted = [], text = TEXT, host = 'db-1' }: Wants = {}): Plan {
  const topology = read(text)
  const planned = planOf({ runbook: topology.runbooks[0] ?? assert.fail(), host, topology, facts: facts(more), accepted })
  return planned.is === 'plan' ? planned.plan : assert.fail(planned.says)
}
function refused(wants: Wants): string {
  const topology = read(wants.text)
  const planned = planOf({ runbook: topology.runbooks[0] ?? assert.fail(), host: wants.host ?? 'db-1', topology, facts: facts(wants.more), accepted: wants.accepted ?? [] })
  return planned.is === 'refused' ? planned.says : assert.fail('was drawn')
}
const wanting = (plan: Plan): string[] => plan.steps.flatMap(({ id, gates }) => gates.flatMap(({ want, found }) => (found === 'pass' ? [] : [`${id}: ${found}: ${want}`])))
const REASON = 'Agreed with the customer'

test('C-9 every value is filled in, every target with its identity', () => {
  const { steps, host, runbook } = draw()
  assert.deepEqual([runbook, host], ['grow', 'db-1'])
  assert.deepEqual(steps.map(({ id, host: where, text }) => [id, where, text]), [
    ['drain', 'db-1', 'set server db-1 of backend shop to drain (HAProxy, /run/haproxy/admin.sock; a reload forgets it)'],
    ['stop', 'db-1', 'run systemctl stop "maria db" on db-1 (root@10.77.0.1:2222)'],
    ['memory', 'db-1', 'Open db-1 in rack r1.'],
    ['start', 'db-1', 'run systemctl start mariadb on db-1 (root@10.77.0.1:2222)'],
    ['undrain', 'db-1', 'set server db-1 of backend shop to ready (HAProxy, /run/haproxy/admin.sock; a reload forgets it)'],
  ])
  assert.doesNotMatch(JSON.stringify(draw({ host: 'db-2' }).steps.map(({ text }) => text)), /db-1|r1|\{\{/)
})

test('C-1 the number is that after each step has taken what it takes: 1 now, 0 from stop until start has ended', () => {
  const { tolerance, steps, accept } = draw()
  assert.deepEqual([tolerance, ...steps.map((it) => it.tolerance)], [1, 1, 0, 0, 0, 1])
  assert.deepEqual(accept, [{ code: 'tolerance.stop', step: 'stop', why: 'shop-db tolerates no further failure while and after it' }])
  const five = TEXT.replace('clusters:', '  db-4: {}\n  db-5: {}\nclusters:').replace('[db-1, db-2, db-3]', '[db-1, db-2, db-3, db-4, db-5]').replaceAll('rack {{host.rack}}', 'it')
  const wide = draw({ text: five, more: { sight: () => ({ is: 'seen', total: 5, healthy: ['db-1', 'db-2', 'db-3', 'db-4', 'db-5'] }) } })
  assert.deepEqual([wide.tolerance, ...wide.steps.map((it) => it.tolerance), wide.accept.length], [2, 2, 1, 1, 1, 2, 0])
})

test('C-3 C-1 what fails together is counted, and what all hang on is named', () => {
  const one = draw({ text: TEXT.replace('rack: r3', 'rack: r2') })
  assert.deepEqual([one.tolerance, ...one.steps.map((it) => it.tolerance)], [0, 0, 0, 0, 0, 0])
  const all = draw({ text: TEXT.replaceAll(/rack: r\d/g, 'rack: r9') })
  assert.equal(all.tolerance, 1)
  assert.match(JSON.stringify(all.steps[0]?.gates.at(-1)), /all of it hangs on rack r9/)
})

test('C-1 a step that leaves too little, or less than the runbook keeps, is refused, whoever accepts what', () => {
  assert.equal(isRefused(draw()), false)
  const two: Partial<Facts> = { sight: () => ({ is: 'seen', total: 3, healthy: ['db-1', 'db-2'] }) }
  assert.deepEqual(draw({ more: two }).steps.map((it) => it.tolerance), [0, -1, -1, -1, 0])
  assert.equal(isRefused(draw({ more: two })), true)
  const kept = draw({ text: TEXT.replace('tolerate: 0', 'tolerate: 1') })
  assert.deepEqual(wanting(kept), ['stop', 'memory', 'start'].map((id) => `${id}: fail: shop-db tolerates at least 1 further failure while and after this step`))
})

test('X-9 C-2 what nobody has looked at is unknown, and refuses', () => {
  const blind = draw({ more: { sight: () => ({ is: 'unknown', says: 'nothing has been observed of it yet' }) } })
  assert.deepEqual([blind.tolerance, ...blind.steps.map((it) => it.tolerance), isRefused(blind)], [null, null, null, null, null, null, true])
  assert.match(JSON.stringify(blind.steps[1]?.gates.at(-1)), /with every member well it tolerates 1 further failure now, and tolerates no further failures here/)
  assert.deepEqual(wanting(draw({ more: { links: (host) => said(host === 'db-3' ? 'unknown' : 'pass') } })).length, 6)
  for (const [what, more] of Object.entries<Partial<Facts>>({ backup: { backup: () => said('unknown') }, incidents: { incidents: () => said('fail') }, checks: { check: () => said('unknown') } })) assert.equal(isRefused(draw({ more })), true, what)
  assert.equal(isRefused(draw({ more: { sight: () => ({ is: 'split', hosts: ['db-1', 'db-2'], says: 'two' }) } })), true)
})

test('C-15 the way back asks for what has to hold all the time, and not again for what had to be so before anything began', () => {
  const topology = read()
  const planned = planOf({ runbook: topology.runbooks[0] ?? assert.fail(), host: 'db-1', topology, facts: facts({ backup: () => said('fail') }), accepted: [] })
  assert(planned.is === 'plan')
  const [first, back] = [planned.gates[0] ?? [], planned.backGates[0] ?? []]
  assert.deepEqual([first.some(({ found }) => found === 'fail'), back.every(({ found }) => found === 'pass'), back.length > 0], [true, true, true])
  assert.deepEqual(back, first.slice(-back.length))
})

test('C-13 what a step takes is excused, and no link of another host', () => {
  const broken = (host: string): string[] => wanting(draw({ more: { links: (it) => said(it === host ? 'fail' : 'pass', it) } })).map((it) => it.split(':')[0] ?? '')
  assert.deepEqual(broken('db-2'), ['drain', 'drain', 'stop', 'memory', 'start', 'undrain'])
  assert.deepEqual(broken('db-1'), ['drain', 'drain', 'undrain'])
})

test('C-18 outside its window, or unannounced, it needs a named acceptance; nothing is ever started by a window', () => {
  const shut: Partial<Facts> = { now: instantOf(Date.UTC(2026, 10, 24, 6)), announced: () => said('unknown') }
  const plan = draw({ more: shut })
  assert.deepEqual(plan.accept.map(({ code, step }) => [code, step]), [['window', 'drain'], ['unannounced', 'drain'], ['tolerance.stop', 'stop']])
  assert.equal(isRefused(plan), false)
  const accepted = [{ code: 'window', reason: REASON }, { code: 'tolerance.stop', reason: REASON }]
  const some = draw({ more: shut, accepted })
  assert.deepEqual(some.accept.map(({ code }) => code), ['unannounced'])
  assert.ok(some.steps[0]?.gates.some(({ want, found, evidence }) => want === 'its window is open' && found === 'pass' && evidence[0]?.says === `accepted: ${REASON}`))
  assert.match(JSON.stringify(draw().steps[0]?.gates), /it closes in 2 h; all steps may take 50 min/)
})

test('C-5 only what is needed can be accepted, once, with a reason', () => {
  assert.match(refused({ accepted: [{ code: 'window', reason: REASON }] }), /“window” is nothing that this plan needs accepted: it needs tolerance\.stop/)
  assert.match(refused({ accepted: [{ code: 'tolerance.stop', reason: 'ok' }] }), /say why/)
  assert.match(refused({ accepted: [{ code: 'tolerance.stop', reason: REASON }, { code: 'tolerance.stop', reason: REASON }] }), /twice/)
  assert.match(refused({ host: 'db-9' }), /does not run on “db-9”/)
})

test('C-5 any edit is another plan: of a text, a word, a host, a gate, people, an acceptance; what is observed is not', () => {
  const { hash, id } = draw()
  assert.deepEqual([draw().hash, draw({ more: { incidents: () => said('fail'), now: instantOf(OPEN + 60_000) } }).hash], [hash, hash])
  assert.match(id, /^plan_[0-9a-f]{32}$/)
  const edits: readonly (readonly [string, string])[] = [
    ['Add memory', 'Add more memory'], ['"maria db"', 'mariadb'], ['Open {{host}}', 'Open  {{host}}'], ['state: drain', 'state: maint'], ['server: "{{host}}", state: ready', 'server: "{{host}}", socket: /run/h.sock, state: ready'],
    ['until: { sessions: 0 }', 'until: { sessions: 1 }'], ['until: { stopped: "{{host}}" }', 'until: { stopped: "{{host}}" }, within: 6m'], ['undo: { run: [systemctl, start, mariadb] }', 'undo: { run: [systemctl, restart, mariadb] }'],
    ['takes: ["{{host}}"], until: { links', 'takes: ["{{host}}", db-2], until: { links'], ['10.77.0.1:2222', '10.77.0.1'], ['10.77.0.2', '10.77.0.9'], ['rack: r3', 'rack: r4'], ['db-1, db-2, db-3] }', 'db-1, db-3, db-2] }'],
    ['galera: [db-1, db-2, db-3]', 'galera: [db-1, db-2, db-3], weights: { db-2: 2 }'], ['tolerate: 0', 'tolerate: 1'], ['at_least: 2', 'at_least: 1'], ['rung: L4', 'rung: L3'], ['checks: bo', 'checks: [bo, ada]'], ['lead: 48h', 'lead: 47h'], ['to: "05:00"', 'to: "05:01"'],
  ]
  const hashes = edits.map(([find, put]) => {
    assert(TEXT.includes(find), find)
    return draw({ text: TEXT.replace(find, put) }).hash
  })
  const more = [draw({ host: 'db-2' }).hash, draw({ accepted: [{ code: 'tolerance.stop', reason: REASON }] }).hash, draw({ accepted: [{ code: 'tolerance.stop', reason: `${REASON}.` }] }).hash]
  assert.equal(new Set([hash, ...hashes, ...more]).size, 1 + edits.length + more.length)
})

test('C-5 a cluster that only a gate or an \u2018until\u2019 names is part of what is agreed on, and another cluster is not', () => {
  const three = TEXT.replace('clusters:', '  ca-1: {}\n  ca-2: {}\n  ca-3: {}\nclusters:\n  first: { etcd: [ca-1] }\n  second: { etcd: [ca-2] }\n  third: { etcd: [ca-3] }\n  fourth: { etcd: [ca-3] }')
    .replace('preflight: [ links.up,', 'preflight: [ links.up, { cluster: first, at_least: 1 },').replace('guard: [ links.up,', 'guard: [ links.up, { cluster: second, at_least: 1 },').replace('until: { server: ready }', 'until: { server: ready, cluster: third, at_least: 1 }')
  const hashOf = (find = '', put = ''): string => draw({ text: three.replace(find, put) }).hash
  const edits = ['first', 'second', 'third'].map((name, n) => hashOf(`${name}: { etcd: [ca-${n + 1}] }`, `${name}: { etcd: [ca-${n + 1}, db-1] }`))
  assert.equal(new Set([hashOf(), ...edits]).size, 4)
  assert.equal(hashOf('fourth: { etcd: [ca-3] }', 'fourth: { etcd: [ca-3, ca-2] }'), hashOf())
})

test('C-5 another address or another secret of a target that a step names is another plan; another target is none', () => {
  const text = `${TEXT.replace('      - { id: undrain,', '      - { id: tell, do: { http: { target: api, path: /on } }, until: { status: 200 } }\n      - { id: undrain,')}targets:
  api: { http: { base: "http://127.0.0.1:1/v1", headers: { authorization: "\${secret:one}" } } }
  other: { http: { base: "http://127.0.0.1:2/v1" } }
`
  const hashOf = (find = '', put = ''): string => draw({ text: text.replace(find, put) }).hash
  assert.equal(new Set([hashOf(), hashOf('127.0.0.1:1', '127.0.0.1:3'), hashOf('secret:one', 'secret:two')]).size, 3)
  assert.equal(hashOf('127.0.0.1:2', '127.0.0.1:3'), hashOf())
})
