// The configuration as a whole: what a team writes is accepted, twenty mistakes are twenty findings, and no secret gets out.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { channels, probes } from '../config/fixtures/plugins.ts'
import { readGiven, starter } from '../config/starter.ts'
import { canonical } from '../core/ledger.ts'
import * as plugins from '../plugins/list.gen.ts'
import type { AnyChannel } from '../ports/channel.ts'
import type { AnyProbe } from '../ports/probe.ts'
import { fileSchema, loadConfig, withoutCredentials, type Accepted, type LoadWants } from './accepted.ts'

const fixtures = join(import.meta.dirname, '../config/fixtures')
const CANARY = 'mysql://app:c4n4ry@127.0.0.1:3316/shop'
const env = { HOLDFAST_SECRET_DB_URL: CANARY }

async function accept(wants: Partial<LoadWants>): Promise<Accepted> {
  const loaded = await loadConfig({ env, probes, channels, ...wants })
  assert.ok(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
  return loaded.config
}

async function refuse(wants: Partial<LoadWants>): Promise<{ findings: string[]; rendered: string }> {
  const loaded = await loadConfig({ env, probes, channels, ...wants })
  assert.ok(loaded.is === 'refused', 'was accepted')
  return { findings: loaded.findings.map(({ code, line, column }) => `${line}:${column} ${code}`), rendered: loaded.rendered }
}

async function inFolder(files: Readonly<Record<string, string>>, act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-config-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a small hosting team is accepted, with the one thing that is still missing', async () => {
  const config = await accept({ file: join(fixtures, 'acceptance.yaml') })
  assert.deepEqual(config.warnings.map(({ code }) => code), ['HF154'])
  assert.deepEqual(config.checks.map(({ name, kind, every, timeout, failAfter, recoverAfter, dependsOn, loopback }) => [name, kind, every, timeout, failAfter, recoverAfter, dependsOn, loopback]), [
    ['www', 'http', 2000, 1000, 2, 2, [], true], ['db', 'mysql', 2000, 1000, 2, 2, [], true],
    ['api', 'http', 2000, 1000, 2, 2, ['db'], true], ['job', 'heartbeat', 20_000, 1000, 2, 2, [], false],
  ])
  assert.deepEqual(config.checks[1]?.settings, { mysql: CANARY, query: 'select 1' })
  assert.deepEqual(config.plan.policies['default']?.steps, [
    { page: [{ is: 'rotation', name: 'primary' }], wait: 6000 }, { page: [{ is: 'person', name: 'bo' }], wait: 6000 },
    { page: [{ is: 'person', name: 'ada' }, { is: 'person', name: 'bo' }], wait: 10_000 },
  ])
  assert.deepEqual([config.plan.covers, config.plan.version, config.plan.site], [[], config.version, config.site])
  assert.deepEqual(config.boards[0]?.publish, [join(fixtures, 'public')])
  assert.deepEqual(config.boards[0]?.components.map(({ name, checks }) => [name, checks]), [['Website', ['www']], ['API', ['api', 'db']], ['Jobs', ['job']]])
})

test('the plugins that are installed read the same files', async () => {
  const real: { probes: readonly AnyProbe[]; channels: readonly AnyChannel[] } = plugins
  const lacking = <Of extends { kind: string }>(own: readonly Of[], others: readonly Of[]): Of[] => [...own, ...others.filter(({ kind }) => own.every((one) => one.kind !== kind))]
  const installed = { probes: lacking(real.probes, probes), channels: lacking(real.channels, channels) }
  const config = await accept({ ...installed, file: join(fixtures, 'acceptance.yaml') })
  assert.deepEqual(config.warnings.map(({ code }) => code), ['HF154'])
  assert.equal(config.version, (await accept({ file: join(fixtures, 'acceptance.yaml') })).version)
  assert.ok(JSON.stringify(fileSchema(installed)).includes('younger_than'))
  assert.ok((await refuse({ ...installed, file: join(fixtures, 'mistakes.yaml'), env: {} })).findings.length === 21)
})

test('the sample of the manual is accepted', async () => {
  const secrets = { HOLDFAST_SECRET_SMTP_URL: 'smtp://relay', HOLDFAST_SECRET_TWILIO_TOKEN: 'x'.repeat(32), HOLDFAST_SECRET_PG_URL: 'postgres://db/x' }
  const config = await accept({ file: join(fixtures, 'sample.yaml'), env: secrets })
  assert.deepEqual(config.warnings.map(({ code, path }) => [code, path]), [['HF157', 'defaults.check.seen_from'], ['HF151', 'checks.invoices']])
  assert.equal(config.plan.policies['urgent']?.steps[0]?.wait, 120_000)
})

test('21 mistakes at once are 21 findings, each at its place, in order', async () => {
  const { findings, rendered } = await refuse({ file: join(fixtures, 'mistakes.yaml'), env: {} })
  assert.deepEqual(findings, [
    '2:73 HF116', '5:12 HF101', '7:50 HF111', '8:18 HF113', '10:19 HF106', '12:16 HF104', '13:17 HF117', '14:65 HF104', '14:93 HF111', '15:3 HF103',
    '16:3 HF120', '17:15 HF101', '17:45 HF101', '18:22 HF110', '19:33 HF112', '20:49 HF111', '22:22 HF116', '25:7 HF115', '26:21 HF111', '27:1 HF101', '29:26 HF111',
  ])
  assert.equal(rendered.match(/^error\[/gm)?.length, findings.length)
  assert.match(rendered, new RegExp(`\\n${findings.length} problems in .*mistakes\\.yaml\\. Holdfast does not start with it; one that runs keeps the configuration that it has\\.$`))
})

test('a file that is not there, or is none, is told', async () => {
  assert.deepEqual((await refuse({ file: '/nowhere/holdfast.yaml' })).findings, ['0:0 HF100'])
  assert.deepEqual((await refuse({ file: fixtures })).findings, ['0:0 HF100'])
})

test('conf.d is read in order, names its own files, and cannot say a thing twice', async () => {
  const files = {
    'holdfast.yaml': 'version: 1\nchecks: { a: { tcp: "a:1", depends_on: b } }\n',
    'conf.d/20-b.yaml': 'checks: { b: { tcp: "b:1" } }\n',
    'conf.d/10-people.yaml': 'version: 1\npeople: { ada: { reach: hook } }\nchannels: { hook: { webhook: "http://h/" } }\n',
    'conf.d/old.yml': 'version: 9\n', 'conf.d/.hidden.yaml': 'version: 9\n', 'conf.d/README': 'x',
  }
  await inFolder(files, async (folder) => {
    const config = await accept({ file: join(folder, 'holdfast.yaml') })
    assert.deepEqual(config.checks.map(({ name, from }) => [name, from.replace(folder, '')]), [['a', '/holdfast.yaml:2'], ['b', '/conf.d/20-b.yaml:1']])
    assert.deepEqual(config.warnings.map(({ code }) => code), ['HF154', 'HF155'])
    await writeFile(join(folder, 'conf.d/30-c.yaml'), 'checks:\n  c: { tpc: "c:1" }\n  a: { tcp: "x:1" }\n')
    const { findings, rendered } = await refuse({ file: join(folder, 'holdfast.yaml') })
    assert.deepEqual(findings, ['2:8 HF101', '3:3 HF103'])
    assert.match(rendered, /--> .*\/conf\.d\/30-c\.yaml:2:8 {3}\(checks\.c\.tpc\)/)
    await writeFile(join(folder, 'conf.d/30-c.yaml'), 'checks:\n\tc: { tcp: "c:1" }\n')
    assert.deepEqual((await refuse({ file: join(folder, 'holdfast.yaml') })).findings, ['2:1 HF102'])
  })
})

test('each file in runbooks is a runbook, called as the file, or a part of the configuration like another', async () => {
  const people = 'people: { ada: {}, bo: {} }\nhosts: { web-1: {}, web-2: {} }\nchecks: { web: { tcp: "a:1", depends_on: web-1 } }\n'
  const book = (host: string): string => `title: Restart\npeople: { does: ada, checks: bo }\nhosts: { names: ${host} }\nsteps: [ { id: it, manual: Restart it., until: { boots: "{{host}}" } } ]\n`
  await inFolder({ 'holdfast.yaml': `version: 1\n${people}`, 'runbooks/restart.yaml': book('web-1'), 'runbooks/more.yaml': `runbooks:\n  again:\n${book('web-2').replace(/^/gm, '    ').trimEnd()}\n`, 'runbooks/x.yml': 'a: b' }, async (folder) => {
    const config = await accept({ file: join(folder, 'holdfast.yaml') })
    assert.deepEqual(config.change.runbooks.map(({ name, from }) => [name, from.replace(folder, '')]), [['again', '/runbooks/more.yaml:2'], ['restart', '/runbooks/restart.yaml:1']])
    assert.deepEqual([config.checks[0]?.dependsOn, config.checks[0]?.standsOn], [[], ['web-1']])
    assert.ok(config.warnings.some(({ code, file }) => code === 'HF155' && file.endsWith('x.yml')))
    await writeFile(join(folder, 'runbooks/restart.yaml'), book('web-3'))
    const { findings, rendered } = await refuse({ file: join(folder, 'holdfast.yaml') })
    assert.deepEqual(findings, ['3:17 HF111'])
    assert.match(rendered, /--> .*\/runbooks\/restart\.yaml:3:17 {3}\(runbooks\.restart\.hosts\.names\)/)
    await writeFile(join(folder, 'runbooks/restart.yaml'), book('web-1'))
    await writeFile(join(folder, 'runbooks/again.yaml'), book('web-1'))
    assert.match((await refuse({ file: join(folder, 'holdfast.yaml') })).rendered, /“again” stands twice in runbooks/)
  })
  assert.deepEqual((await refuse({ text: `version: 1\n${people.replace('on: web-1', 'on: wbe-1')}` })).findings, ['4:42 HF111'])
  assert.match((await refuse({ text: `version: 1\n${people.replace('checks: { web:', 'checks: { web-1: { tcp: "a:1" }, web:')}` })).rendered, /leans on “web-1”, which is a check, and a host or cluster too/)
})

test('addresses of the command line count as written', async () => {
  const text = 'version: 1\nchecks: { example-com: { http: "https://example.com" } }\ndefaults: { check: { every: 5s } }\n'
  const config = await accept({ text, urls: ['https://example.com/', 'example.com/other'] })
  assert.deepEqual(config.checks.map(({ name, settings, every, from }) => [name, (settings as { http: string }).http, every, from]),
    [['example-com', 'https://example.com', 5000, 'holdfast.yaml:2'], ['example-com-2', 'https://example.com/other', 5000, 'command line']])
  assert.notEqual(config.version, (await accept({ text })).version)
  assert.deepEqual((await accept({ text: 'version: 1\n', urls: ['http://localhost:1'] })).checks.map(({ loopback }) => loopback), [true])
  const bad = await refuse({ text: 'version: 1\n', urls: ['ftp://x', 'https://u:hunter2@x.example', 'ok.example'] })
  assert.deepEqual(bad.findings, ['1:1 HF123', '1:1 HF123'])
  assert.doesNotMatch(bad.rendered, /hunter2/)
})

test('the first file is accepted, with and without addresses, and says who is missing', async () => {
  for (const urls of [[], ['https://example.com/a?b=c#d', 'https://example.com/b', 'https://other.example']]) {
    const taken = new Set<string>()
    const given = urls.flatMap((url) => {
      const read = readGiven(url, taken)
      if (!('name' in read)) return []
      taken.add(read.name)
      return [read]
    })
    const text = starter({ given, port: 7400, timezone: 'Europe/Berlin' })
    const config = await accept({ text })
    assert.deepEqual(config.checks.map(({ name }) => name), [...taken])
    assert.deepEqual(config.boards[0]?.components.map(({ checks }) => checks[0]), [...taken])
    assert.deepEqual(config.warnings.map(({ code, says }) => [code, says]), [['HF150', 'Nobody would be paged yet: add people']])
    // An address that stands in the file already is not watched twice.
    assert.equal((await accept({ text, urls })).version, config.version)
  }
})

test('references between rooms are judged: policies of checks and integrations', async () => {
  const people = 'version: 1\npeople: { ada: { reach: hook } }\nchannels: { hook: { webhook: "http://h/" } }\n'
  const key = { HOLDFAST_SECRET_K: 'k'.repeat(32) }
  const { findings } = await refuse({ env: key, text: `${people}defaults: { check: { escalate: nope } }\nchecks: { a: { tcp: "a:1" }, b: { tcp: "b:1", escalate: default } }\ningest: { pagerduty: { key: "\${secret:k}", escalate: urgent } }\n` })
  assert.deepEqual(findings, ['4:32 HF111', '6:54 HF111'])
  const unused = await accept({ text: `${people}escalation: { urgent: [{ page: ada }] }\n` })
  assert.deepEqual(unused.warnings.map(({ code }) => code), ['HF154', 'HF153'])
})

test('secrets stand in no finding, no canonical form, no version', async () => {
  const text = 'version: 1\nchecks: { db: { mysql: "${secret:db-url}" }, web: { http: "http://x/", headers: { authorization: "Bearer ${secret:db-url}" } } }\n'
  const config = await accept({ text })
  assert.ok(JSON.stringify(config.checks).includes('c4n4ry'))
  assert.doesNotMatch(JSON.stringify([config.canonical, config.warnings]), /c4n4ry/)
  assert.equal((await accept({ text, env: { HOLDFAST_SECRET_DB_URL: 'mysql://other/x' } })).version, config.version)
  // A probe that repeats what it was given, a value in the wrong form, a place that shows it.
  const bad = [
    'checks: { db: { postgres: "${secret:db-url}", query: "" } }', 'checks: { db: { tcp: "${secret:db-url}" } }', 'checks: { db: { http: "${secret:db-url}" } }',
    'checks: { a: { tcp: "x:1", every: "${secret:db-url}" } }', 'checks: { a: { tcp: "x:1", depends_on: "${secret:db-url}" } }', 'site: { name: "${secret:db-url}" }',
    'checks: { a: { heartbeat: true, schedule: "${secret:db-url}" } }', 'channels: { x: { smtp: "${secret:db-url}", from: 1 } }', 'checks: { a: { tcp: "x:1", escalate: "${secret:db-url}" } }',
  ]
  for (const line of bad) assert.doesNotMatch((await refuse({ text: `version: 1\n${line}\n` })).rendered, /c4n4ry|3316/, line)
})

test('secrets that are written out are refused and masked', async () => {
  const bad = [
    'checks: { db: { mysql: "mysql://app:c4n4ry@db/x" } }', 'checks: { w: { http: "http://x/", headers: { authorization: c4n4ry }, oops: 1 } }',
    'channels: { h: { webhook: "http://x/", secret: c4n4ry4ever } }\nchecks: { a: { oops: "http://u:c4n4ry@x" } }', 'ingest: { pagerduty: { key: c4n4ry } }',
  ]
  for (const line of bad) {
    const { findings, rendered } = await refuse({ text: `version: 1\n${line}\n` })
    assert.ok(findings.some((finding) => finding.endsWith('HF119')), line)
    assert.doesNotMatch(rendered, /c4n4ry/, rendered)
  }
})

test('headers and bodies may be written out; only what carries credentials is a secret', async () => {
  const check = (settings: string): string => `version: 1\nchecks: { w: { http: "https://acme.example/", ${settings} } }\n`
  const own = { probes: plugins.probes, channels: plugins.channels }
  for (const settings of ['headers: { accept: application/json, host: shop.example }', 'method: POST, body: "{\\"dry\\":true}"', 'headers: { authorization: "Bearer ${secret:db-url}" }']) {
    await accept({ text: check(settings), ...own })
  }
  const refused = [
    'headers: { accept: text/html, authorization: c4n4ry }', 'headers: { Cookie: c4n4ry }', 'headers: { x-api-key: c4n4ry }', 'headers: { x-my-token: "https://c4n4ry" }',
    'headers: { x-custom: Bearer c4n4ry }', 'method: POST, body: "{\\"password\\":\\"c4n4ry\\"}"', 'headers: { origin: "https://ada:c4n4ry@acme.example" }',
  ]
  for (const settings of refused) {
    const { findings, rendered } = await refuse({ text: check(settings), ...own })
    assert.deepEqual(findings.map((finding) => finding.slice(-5)), ['HF119'], settings)
    assert.doesNotMatch(rendered, /c4n4ry/, rendered)
  }
})

test('the password of a repository stands beside the sets, for one process alone', async () => {
  const text = 'version: 1\nstores: { nas: { dir: ./nas } }\nbackups: { repo: { engine: restic, in: { nas: restic }, password: "${secret:restic}", every: 6h, drill: { at_most: 20 GiB } }, constructor: { engine: borg, in: { nas: borg }, every: 6h } }\n'
  const config = await accept({ text, env: { HOLDFAST_SECRET_RESTIC: 'c4n4ry' }, ...plugins })
  assert.deepEqual(config.passwords, { repo: 'c4n4ry' })
  assert.equal(config.backups[0]?.drill?.atMost, 20 * 1024 ** 3)
  assert.doesNotMatch(JSON.stringify([config.backups, config.canonical, config.version, config.warnings, withoutCredentials(config)]), /c4n4ry/)
  const bad = await refuse({ text: text.replace('"${secret:restic}"', 'c4n4ry').replace('20 GiB', 'much'), ...plugins })
  assert.deepEqual(bad.findings.map((it) => it.slice(-5)).toSorted(), ['HF104', 'HF119'])
  assert.doesNotMatch(bad.rendered, /c4n4ry/)
})

test('how members of clusters are asked is for the process that asks them, and for no other', async () => {
  const text = 'version: 1\nhosts: { a: {}, b: {} }\nclusters: { c: { galera: [a, b], as: "${secret:galera}", canary: holdfast.canary }, p: { patroni: a, as: "${secret:pg}", rest: "https://any:8009" }, e: { etcd: [a, b] } }\n'
  const config = await accept({ text, env: { HOLDFAST_SECRET_GALERA: 'mysql://mon:c4n4ry@any/', HOLDFAST_SECRET_PG: 'postgres://mon:c4n4ry@any/postgres' }, ...plugins })
  assert.deepEqual(config.ways, { c: { as: 'mysql://mon:c4n4ry@any/' }, p: { as: 'postgres://mon:c4n4ry@any/postgres', rest: 'https://any:8009' } })
  assert.doesNotMatch(JSON.stringify([config.change, config.canonical, config.version, config.warnings, withoutCredentials(config)]), /c4n4ry/)
})

const TARGETS = `version: 1
people: { ada: {}, bo: {} }
hosts: { web-1: { ssh: "root@10.0.0.1" } }
targets: { acme: { dns: { powerdns: "http://127.0.0.1:8081", key: "\${secret:dns}", authoritative: ["127.0.0.1:53"] } } }
runbooks:
  move: { title: Move it, people: { does: ada, checks: bo }, hosts: { names: [web-1] }, steps: [ { id: dns, do: { dns: { target: acme, zone: example.com, name: "www.example.com", to: ["{{host.address}}"] } }, until: { everywhere: true } } ] }
`

test('what a driver needs to act stands apart from what is planned, shown and kept: for the one process that acts', async () => {
  const config = await accept({ text: TARGETS, env: { HOLDFAST_SECRET_DNS: 'c4n4ry' }, ...plugins })
  assert.deepEqual(config.targets, [{ name: 'acme', kind: 'dns', settings: { powerdns: 'http://127.0.0.1:8081', key: 'c4n4ry', authoritative: ['127.0.0.1:53'] } }])
  const act = config.change.runbooks[0]?.steps[0]?.act
  assert(act?.is === 'driver')
  // Whatever is agreed on is agreed on for this target as it is written, and its secret is no part of that.
  const { place = '', ...deed } = act.deeds['web-1'] ?? assert.fail()
  const other = await accept({ text: TARGETS, env: { HOLDFAST_SECRET_DNS: 'another-word' }, ...plugins })
  assert.deepEqual([/^[0-9a-f]{64}$/.test(place), JSON.stringify(other.change.runbooks).includes(place)], [true, true])
  assert.deepEqual([act.driver, deed], ['dns', {
    config: { target: 'acme', zone: 'example.com', name: 'www.example.com', type: 'A', to: ['10.0.0.1'], ttl: 300 },
    says: 'let www.example.com. A say 10.0.0.1, TTL 300 s (zone example.com., acme; at every authoritative server, then its old TTL is waited for)',
  }])
  assert.doesNotMatch(JSON.stringify([config.change, config.canonical, config.version, config.warnings, withoutCredentials(config)]), /c4n4ry/)
  const env = { HOLDFAST_SECRET_DNS: 'c4n4ry' }
  const wrong = async (find: string, put: string): Promise<string[]> => {
    const { findings, rendered } = await refuse({ text: TARGETS.replace(find, () => put), env, ...plugins })
    assert.doesNotMatch(rendered, /c4n4ry/)
    return findings.map((it) => it.slice(-5))
  }
  assert.deepEqual(await wrong('target: acme', 'target: acmee'), ['HF111'])
  assert.deepEqual(await wrong('key: "${secret:dns}"', 'key: c4n4ry-word'), ['HF119'])
  assert.deepEqual(await wrong('key: "${secret:dns}", ', ''), ['HF104'])
  assert.deepEqual(await wrong('zone: example.com', 'zone: "${secret:dns}"'), ['HF119', 'HF104'])
  assert.deepEqual(await wrong('{ dns: { powerdns', '{ haproxy: { powerdns'), ['HF110', 'HF111'])
})

const GLASS = `version: 1
stores: { far: { s3: "https://s3.example.com", bucket: far, read: "\${secret:s3-read}", break_glass: "\${secret:glass}", offsite: true }, nas: { dir: ./nas } }
backups: { shop: { engine: postgres, in: { far: "s-{date}.dump", nas: "s-{date}.dump" }, every: 24h, rto: 4h, drill: { from: far,
  application: { run: [/opt/shop/bin/shop, "--port={{port}}"], env: { DATABASE_URL: "{{url}}" }, folder: /opt/shop }, assert: [ { sql: "select true" }, { http: "http://127.0.0.1:{{port}}/health", body: ok } ] } } }
`

test('L8 what lies behind glass is given to one process alone, and is another credential than the daily one', async () => {
  const env = { HOLDFAST_SECRET_S3_READ: 'DAILY:c4n4ry-read', HOLDFAST_SECRET_GLASS: 'GLASS:c4n4ry-glass' }
  const config = await accept({ text: GLASS, env, ...plugins })
  assert.deepEqual(config.breakGlass, { stores: { far: 'GLASS:c4n4ry-glass' }, sets: {} })
  assert.doesNotMatch(JSON.stringify([config.stores, config.backups, config.canonical, config.warnings, withoutCredentials(config)]), /c4n4ry-glass/)
  const { drill, rto } = config.backups[0] ?? {}
  assert.deepEqual([rto, drill?.from, drill?.assert, drill?.http, drill?.application?.ready, drill?.application?.folder], [14_400_000, 'far', [{ is: 'sql', sql: 'select true' }], [{ http: 'http://127.0.0.1:{{port}}/health', status: 200, body: 'ok' }], 30_000, '/opt/shop'])
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['"${secret:glass}"', '"${secret:s3-read}"', /is the credential that reads every day/], ['offsite: true', 'offsite: false', /not off-site/], [', break_glass: "${secret:glass}"', '', /has no break_glass credential/],
    ['from: far', 'from: nas', /not off-site/], ['from: far', 'from: moon', /where no copy of the set lies/], ['{ dir: ./nas }', '{ dir: ./nas, break_glass: "${secret:glass}" }', /has no credentials/],
    [', { http: "http://127.0.0.1:{{port}}/health", body: ok }', '', /asks it nothing/], ['http://127.0.0.1:{{port}}/health', 'http://example.com/health', /an address on 127\.0\.0\.1/],
    ['folder: /opt/shop', 'folder: /etc', /holds more than an application/], ['"{{url}}"', '"${secret:glass}"', /names a secret: a copy that is restored could read it/], ['from: far,', 'from: far, secret: "${secret:glass}",', /is the password of a repository/],
  ]
  for (const [from, to, says] of wrong) {
    assert(GLASS.includes(from), from)
    const { rendered } = await refuse({ text: GLASS.replace(from, to), env, ...plugins })
    assert.match(rendered, says)
    assert.doesNotMatch(rendered, /c4n4ry/)
  }
})

test('the canonical form is the same whatever the order of names, comments and notation', async () => {
  const first = await accept({ file: join(fixtures, 'acceptance.yaml') })
  const written = withComponents(first.canonical) as Record<string, unknown>
  await fc.assert(fc.asyncProperty(fc.infiniteStream(fc.nat(1_000_000)), async (numbers) => {
    const text = stringify(shuffled(written, () => numbers.next().value as number, []))
    const config = await accept({ text, file: join(fixtures, 'acceptance.yaml') })
    assert.equal(canonical(config.canonical), canonical(first.canonical))
    assert.equal(config.version, first.version)
  }), { numRuns: 40 })
})

test('what depends on the order of the file is part of the version: components, and ladders by default', async () => {
  const board = (components: string): string => `version: 1\nchecks: { a: { tcp: "a:1" }, b: { tcp: "b:1" } }\nstatus_pages: { p: { components: { ${components} } } }\n`
  assert.notEqual((await accept({ text: board('A: a, B: b') })).version, (await accept({ text: board('B: b, A: a') })).version)
  const ladder = (channels: string): string => `version: 1\nchannels: { ${channels} }\npeople: { ada: {} }\n`
  assert.notEqual((await accept({ text: ladder('x: { ntfy: "http://x" }, y: { ntfy: "http://y" }') })).version, (await accept({ text: ladder('y: { ntfy: "http://y" }, x: { ntfy: "http://x" }') })).version)
})

test('the schema for editors knows every setting, and says what is secret', async () => {
  const schema = fileSchema({ probes, channels }) as { properties: Record<string, unknown>; additionalProperties: boolean; $schema: string }
  assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#')
  assert.equal(schema.additionalProperties, false)
  assert.deepEqual(Object.keys(schema.properties).sort(), ['ack_lapses', 'backups', 'catalogues', 'channels', 'checks', 'clusters', 'communications', 'dead_man', 'defaults', 'escalation', 'fallback', 'horizon', 'hosts', 'ingest', 'oncall', 'people', 'reconcile', 'runbooks', 'sign_in', 'site', 'status_pages', 'stores', 'targets', 'version'])
  const text = JSON.stringify(schema)
  for (const word of ['depends_on', 'unknown_after', 'mysql', 'faster_than', 'webhook', 'schedule', 'handoff', 'components', '"secret":true', '"required":["version"]']) assert.ok(text.includes(word), word)
})

test('hostile files cost bounded time and never throw', async () => {
  const hostile = [
    '__proto__: { x: 1 }\nversion: 1', 'version: 1\nchecks: { __proto__: { tcp: "a:1" } }', 'version: 1\nchecks: { constructor: { depends_on: [toString] } }\nfallback: [constructor, __proto__]',
    `version: 1\nchecks: { a: { tcp: "${'x'.repeat(500_000)}" } }`, `version: 1\nchecks: { ${'y'.repeat(900)}: 1 }`, 'version: 1\npeople: { ada: { reach: [1, ~, {}, []] } }', 'version: 1\nescalation: { default: [1, ~, [], { page: { a: 1 } }] }',
    'version: 1\noncall: { constructor: { rotate: {}, people: {} } }', 'version: 1\nstatus_pages: { x: [], y: 1, z: { components: { A: {} }, publish: [1] } }', 'version: 1\ningest: { pagerduty: [1] }\nhorizon: 5\ndefaults: []\nsite: []\ndead_man: x',
    'version: 1\nchecks: { "a\u2028b": 1, "\u202egnp": 2 }', 'version: 1\n? { a: 1 }\n: 2', '%YAML 9.9\n---\nversion: 1\nx: 1',
  ]
  for (const text of hostile) {
    const { findings, rendered } = await refuse({ text })
    assert.ok(findings.length > 0 && rendered.length < 20_000, text.slice(0, 80))
    assert.doesNotMatch(rendered, /[\u2028\u202e]|undefined|\[object/)
  }
  await fc.assert(fc.asyncProperty(fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '{', '}', '[', ']', '"', '&a', '*a', '<<', '\t', '#', '|', '>', '1', 'checks', 'tcp', 'people', '${secret:x}', ',', '?', '!', '%', '@'), maxLength: 60 }), async (text) => {
    await refuse({ text })
  }), { numRuns: 300 })
})

/** Lists of pairs, as pages and components stand in the canonical form, back into maps. */
function withComponents(form: unknown): unknown {
  const pages = (form as { status_pages: [string, { components: [string, unknown][] }][] }).status_pages
  return { ...(form as object), status_pages: Object.fromEntries(pages.map(([name, page]) => [name, { ...page, components: Object.fromEntries(page.components) }])) }
}

/** The same maps with their names in another order; components keep theirs, for the public sees it. */
function shuffled(value: unknown, next: () => number, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => shuffled(one, next, [...path, '']))
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([name, inner]): [string, unknown] => [name, shuffled(inner, next, [...path, name])])
  if (path.at(-1) === 'components') return Object.fromEntries(fields)
  return Object.fromEntries(fields.map((field) => ({ field, at: next() })).sort((a, b) => a.at - b.at).map(({ field }) => field))
}

test('a base backup has its WAL in its own store, and what is a folder is never removed', async () => {
  const text = (set: string): string => `version: 1\nstores: { nas: { dir: ./nas } }\nbackups: { server: { in: { nas: "pg/{date}/backup_manifest" }, every: 24h, ${set} } }\n`
  const config = await accept({ text: text('engine: postgres, wal: { nas: pg/wal/ }, database: shop'), ...plugins })
  assert.deepEqual([config.backups[0]?.in[0]?.wal, config.backups[0]?.database], ['pg/wal/', 'shop'])
  const bad: readonly (readonly [string, RegExp])[] = [
    ['engine: postgres, wal: { other: pg/wal }', /names “other”, where no copy of this set lies/],
    ['engine: postgres, wal: { nas: ../wal }', /“\.\.\/wal” is no folder in a store/],
    ['engine: mariadb, wal: { nas: pg/wal }', /WAL lies behind base backups of PostgreSQL alone/],
    ['engine: files, database: shop', /a copy made by files holds no databases/],
    ['engine: postgres, keep: { daily: 7 }', /its copies in “nas” are folders, and of a folder nothing is removed/],
  ]
  for (const [set, pattern] of bad) {
    const { findings, rendered } = await refuse({ text: text(set), ...plugins })
    assert.deepEqual(findings.map((it) => it.slice(-5)), ['HF104'], rendered)
    assert.match(rendered, pattern)
  }
})

test('what a restored database refers to lies in a store that there is, and only databases refer', async () => {
  const text = (engine: string, store: string): string => `version: 1\nstores: { nas: { dir: ./nas }, second: { dir: ./second } }\nbackups: { shop: { engine: ${engine}, in: { nas: "a-{date}" }, every: 24h, drill: { assert: [ { references: "select k as key from t", in: ${store} } ] } } }\n`
  const config = await accept({ text: text('postgres', 'second'), ...plugins })
  assert.deepEqual(config.backups[0]?.drill?.assert, [{ is: 'references', sql: 'select k as key from t', in: 'second' }])
  assert.match((await refuse({ text: text('postgres', 'secnd'), ...plugins })).rendered, /refers to “secnd”, and there is no such store[^]*did you mean “second”/)
  assert.match((await refuse({ text: text('files', 'second'), ...plugins })).rendered, /holds no database/)
})

test('a bucket that is itself the copy is named by its folder, or by a slash for all that lies there, and nothing of it goes by a rule', async () => {
  const text = (name: string, more = ''): string => `version: 1\nstores: { nas: { dir: ./nas } }\nbackups: { media: { engine: objects, in: { nas: "${name}" }, every: 24h${more} } }\n`
  const lies = async (name: string): Promise<unknown> => {
    const { objects, pattern } = (await accept({ text: text(name), ...plugins })).backups[0]?.in[0] ?? assert.fail(name)
    return [objects, pattern.text]
  }
  assert.deepEqual([await lies('media/'), await lies('/')], [['media/', 'media/'], ['', '/']])
  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['media', '', /named by its folder, such as media\//], ['media/{date}/', '', /named by its folder/], ['../media/', '', /holds no/], ['media/', ', keep: { daily: 7 }', /what lies in “nas” is one copy/],
  ]
  for (const [name, more, pattern] of bad) {
    const { rendered } = await refuse({ text: text(name, more), ...plugins })
    assert.match(rendered, pattern)
  }
})
