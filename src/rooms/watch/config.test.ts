// Checks out of the file: what is filled in, what is bounded, and how each mistake is told.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../config/fixtures/ask.ts'
import { probes } from '../../config/fixtures/plugins.ts'
import type { Check } from './check.ts'
import { looksAtItself, readWatch, type WatchConfig } from './config.ts'

function read(text: string, values?: Record<string, string>): WatchConfig & { errors: string[]; check: Check | undefined } {
  const asked = ask(text, values)
  const config = readWatch(asked.reading, probes, 'Europe/Berlin')
  return { ...config, errors: asked.errors(), check: config.checks[0] }
}

/** Errors of one check called x. */
const errorsOf = (settings: string): string[] => read(`checks: { x: { ${settings} } }`).errors

test('what a check does not say comes from the defaults, then from the standard', () => {
  const { check } = read('checks: { x: { tcp: "db:5432" } }')
  assert.deepEqual(check, {
    name: 'x', kind: 'tcp', settings: { tcp: 'db:5432' }, every: 30_000, timeout: 10_000, failAfter: 3, recoverAfter: 2, seenFrom: 1, unknownAfter: 120_000,
    dependsOn: [], escalate: 'default', loopback: false, from: 'holdfast.yaml:1',
  })
  const defaults = 'defaults:\n  check: { every: 1m, fail_after: 5, escalate: urgent, unknown_after: 5 min }\nchecks:\n  x: { tcp: "db:5432", fail_after: 1 }\n'
  const { every, failAfter, escalate, unknownAfter, from } = read(defaults).check ?? assert.fail()
  assert.deepEqual({ every, failAfter, escalate, unknownAfter, from }, { every: 60_000, failAfter: 1, escalate: 'urgent', unknownAfter: 300_000, from: 'holdfast.yaml:4' })
})

test('W-2: more observers than there are is a warning where it is written, and one sees alone', () => {
  const warned = (text: string): string[] => {
    const asked = ask(text)
    readWatch(asked.reading, probes, 'Europe/Berlin')
    assert.deepEqual(asked.errors(), [])
    return asked.warnings()
  }
  assert.deepEqual(warned('defaults: { check: { seen_from: 1 } }\nchecks: { x: { tcp: "db:1", seen_from: 1 }, y: { tcp: "db:1" } }'), [])
  assert.deepEqual(warned('defaults: { check: { seen_from: 2 } }\nchecks: { x: { tcp: "db:1" }, y: { tcp: "db:1", seen_from: 3 }, z: { tcp: "db:1", seen_from: 1 } }'), ['HF157 2', 'HF157 3'])
  assert.equal(warned(`checks: { ${Array.from({ length: 6 }, (_, i) => `c${i}: { tcp: "db:1", seen_from: 2 }`).join(', ')} }`).length, 1)
})

test('looks never overlap: a limit that is written must fit, one from the defaults gives way', () => {
  assert.equal(read('checks: { x: { tcp: "db:1", every: 5s } }').check?.timeout, 5000)
  assert.equal(read('defaults: { check: { timeout: 20s } }\nchecks: { x: { tcp: "db:1", every: 5s } }').check?.timeout, 5000)
  assert.deepEqual(errorsOf('tcp: "db:1", every: 5s, timeout: 6s'), ['HF106 6s'])
  assert.deepEqual(read('defaults: { check: { every: 1s, timeout: 2s } }').errors, ['HF106 2s'])
})

test('X-4: every time is bounded and carries its unit', () => {
  for (const every of ['999ms', '25d', '30', '"30"', 'soon', '-5s', '1e9d', '99999999999999999999d', '""']) assert.deepEqual(errorsOf(`tcp: "db:1", every: ${every}`), [`HF106 ${every}`])
  assert.deepEqual(errorsOf('tcp: "db:1", unknown_after: 25h, timeout: 50ms'), ['HF106 25h', 'HF106 50ms'])
  assert.deepEqual(errorsOf('tcp: "db:1", fail_after: 0, recover_after: 1.5, seen_from: "2"'), ['HF104 0', 'HF104 1.5', 'HF104 "2"'])
})

test('W-3: a heartbeat has a period or a calendar of its own, never the pace of looks', () => {
  const heartbeat = (settings: string): Check | undefined => read(`defaults: { check: { every: 2s } }\nchecks: { x: { heartbeat: true, ${settings} } }`).check
  assert.deepEqual([heartbeat('every: 20s')?.every, heartbeat('every: 20s')?.grace], [20_000, 60_000])
  const nightly = heartbeat('schedule: "15 2 * * *", grace: 20m')
  assert.deepEqual([nightly?.every, nightly?.schedule, nightly?.timezone, nightly?.grace], [86_400_000, '15 2 * * *', 'Europe/Berlin', 1_200_000])
  assert.equal(heartbeat('schedule: "0 9 * * *", timezone: Asia/Tokyo')?.timezone, 'Asia/Tokyo')
  assert.deepEqual(errorsOf('heartbeat: true'), ['HF120 x'])
  assert.deepEqual(errorsOf('heartbeat: true, every: 1m, schedule: "* * * * *"'), ['HF120 schedule'])
  assert.deepEqual(errorsOf('heartbeat: true, every: 1m, timezone: UTC'), ['HF120 timezone'])
  for (const cron of ['61 * * * *', 'hello', '* * * * * *', '0 0 31 2 *', '']) assert.deepEqual(errorsOf(`heartbeat: true, schedule: "${cron}"`), [`HF116 "${cron}"`])
  assert.deepEqual(errorsOf('heartbeat: no, every: 1m'), ['HF104 no'])
  assert.deepEqual(errorsOf('tcp: "db:1", grace: 5m'), ['HF101 grace'])
})

test('a check has exactly one kind, and a slip in it is one finding', () => {
  assert.deepEqual(errorsOf('every: 1m'), ['HF110 x'])
  assert.deepEqual(errorsOf('ftp: "x"'), ['HF110 ftp'])
  assert.deepEqual(errorsOf('tcp: "a:1", http: "http://a"'), ['HF110 http'])
  assert.deepEqual(errorsOf('tpc: "a:1", evry: 5 min'), ['HF101 tpc', 'HF101 evry'])
  assert.deepEqual(errorsOf('htpp: "http://a", expect: { status: 200 }'), ['HF101 htpp'])
  assert.deepEqual(read('checks: { x: ~, y: 5, z: [a] }').errors, ['HF104 ~', 'HF104 5', 'HF104 [a]'])
  assert.deepEqual(read('checks: [a, b]').errors, ['HF104 [a, b]'])
  assert.deepEqual(read('checks:\n').errors, [])
})

test('what a probe says about its own settings stands at the setting', () => {
  assert.deepEqual(errorsOf('http: "file:///etc/passwd"'), ['HF104 "file:///etc/passwd"'])
  assert.deepEqual(errorsOf('http: "http://a", expect: { status: 99, body: ok, sttus: 1 }'), ['HF104 99', 'HF101 sttus'])
  assert.deepEqual(errorsOf('http: "http://a", expect: { status: [200, x] }'), ['HF104 x'])
  assert.deepEqual(errorsOf('http: "http://a", expect: { status: yes }'), ['HF104 yes'])
  assert.deepEqual(errorsOf('http: "http://a", verify: no'), ['HF104 no'])
})

test('names are names', () => {
  const { errors, names } = read('checks: { "": { tcp: "a:1" }, "a b": { tcp: "a:1" }, "007": { tcp: "a:1" }, ok-1.b_c: { tcp: "a:1" }, constructor: { tcp: "a:1" } }')
  assert.deepEqual(errors.map((line) => line.slice(0, 5)), ['HF107', 'HF107', 'HF107'])
  assert.deepEqual(names, ['ok-1.b_c', 'constructor'])
})

test('dependencies exist, and go round in no circle', () => {
  const lean = (text: string): string[] => read(`checks:\n${text.split('; ').map((line) => `  ${line}`).join('\n')}\n`).errors
  assert.deepEqual(lean('a: { tcp: "x:1", depends_on: [b, c] }; b: { tcp: "x:1", depends_on: c }; c: { tcp: "x:1" }'), [])
  assert.deepEqual(lean('a: { tcp: "x:1", depends_on: [bb, toString] }; b: { tcp: "x:1" }'), ['HF111 bb', 'HF111 toString'])
  assert.deepEqual(lean('a: { tcp: "x:1", depends_on: [a] }'), ['HF112 a'])
  assert.deepEqual(lean('a: { tcp: "x:1", depends_on: [b] }; b: { tcp: "x:1", depends_on: [c] }; c: { tcp: "x:1", depends_on: [b, d] }; d: { tcp: "x:1", depends_on: [c] }'),
    ['HF112 c', 'HF112 d'])
})

test('a chain of 2,000 dependencies costs no stack', () => {
  const chain = Array.from({ length: 2000 }, (_, n) => `  c${n}: { tcp: "x:1", depends_on: c${(n + 1) % 2000} }`).join('\n')
  assert.deepEqual(read(`checks:\n${chain}\n`).errors.length, 1)
})

test('W-6: targets on this machine are recognised in every form', () => {
  for (const target of ['http://localhost:8080/x', 'http://127.0.0.1', 'http://127.1', 'http://0x7f.1/', 'http://2130706433', 'https://[::1]:7/', 'http://[::ffff:127.0.0.1]/', 'localhost:5432', '127.0.0.1:22', '[::1]:22', 'mysql://app:app@127.0.0.1:3316/shop', 'postgres:///db', '/run/x.sock', 'http://app.localhost/', { host: 'localhost', port: 1 }, { url: 'http://127.0.0.1' }]) {
    assert.equal(looksAtItself(target), true, JSON.stringify(target))
  }
  for (const target of ['http://example.com', 'https://10.0.0.1/', 'db.internal:5432', 'http://localhost.example.com', 'mysql://127.0.0.1@db/shop', 'http://a/?x=localhost', '[2001:db8::1]:22', { host: 'db' }]) {
    assert.equal(looksAtItself(target), false, JSON.stringify(target))
  }
  assert.equal(read('checks: { x: { file: /var/x } }').check?.loopback, true)
  assert.equal(read('checks: { x: { heartbeat: true, every: 1m } }').check?.loopback, false)
  assert.equal(read('checks: { x: { mysql: "${secret:u}" } }', { u: 'mysql://localhost/x' }).check?.loopback, true)
})

test('anchors are places that can be looked at', () => {
  assert.deepEqual(read('horizon: { anchors: ["1.1.1.1:53", "https://example.com", "[2001:db8::1]:53"] }').horizon.anchors.length, 3)
  assert.deepEqual(read('horizon:\n').horizon.anchors, [])
  assert.deepEqual(read('horizon: { anchors: [] }').errors, ['HF104 []'])
  assert.deepEqual(read('horizon: { anchors: ["1.1.1.1", "ftp://x", "x:70000", 53] }').errors.map((line) => line.slice(0, 5)), ['HF104', 'HF104', 'HF104', 'HF104'])
})
