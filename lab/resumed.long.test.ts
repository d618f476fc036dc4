// A listing of 100,000 real objects, out of Ceph's gateway, against as many rows of a real PostgreSQL, by the guard as a real process that is killed in the
// middle, twice: it goes on behind the objects that it had, with the catalogue that it had read, and sees what one that was never killed sees. The next
// run reads all of it anew. HOLDFAST_TEST_OBJECTS makes it smaller.
import assert from 'node:assert/strict'
import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { days, dueIn, hours, minutes, ms } from '../src/core/time.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { createWire, readCredential } from '../src/plugins/stores/s3/wire.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { listen, type Link, type Wire } from '../src/ports/wire.ts'
import type { Knows, ReconcileConfig } from '../src/rooms/guard/reconcile/task.ts'
import { after as known, type Judged } from '../test/guard/games.ts'
import { folderFor, until } from '../test/story/world.ts'
import { rgw, type Rgw } from './rgw.ts'
import { postgres, type LabServer } from './servers.ts'

const OBJECTS = Number(process.env['HOLDFAST_TEST_OBJECTS'] ?? 100_000)
const AT_ONCE = 24
const BUCKET = 'many'
const PREFIX = 'customers/'
const LOST = [`${PREFIX}t1/lost`, `${PREFIX}t7/lost`]
const clock = createClock()

let [gateway, server]: [Rgw | undefined, LabServer | undefined] = [undefined, undefined]
before(async () => {
  [gateway, server] = await Promise.all([rgw(), postgres()])
}, { timeout: 180_000 })
after(async () => {
  await gateway?.close()
  await server?.close()
})

const sql = ({ port }: LabServer, text: string): string => execFileSync('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'app', '-At', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text, 'shop'], { env: { ...process.env, PGPASSWORD: 'app' }, encoding: 'utf8' })
const keyOf = (n: number): string => `${PREFIX}t${n % 50}/${String(n).padStart(7, '0')}`

/** Objects with their rows, sentinels, and two objects that have none. */
async function fill({ url, hand }: Rgw, database: LabServer): Promise<void> {
  const credential = readCredential(hand)
  assert(credential)
  const wire = createWire({ url, bucket: BUCKET, region: 'us-east-1', credential }, { egress: egressWith(), now: () => clock.now() })
  const well = async (it: Parameters<typeof wire.ask>[0]): Promise<void> => assert((await wire.ask(it, AbortSignal.timeout(60_000))).status < 300, `${it.method} ${it.key}`)
  const put = (key: string): Promise<void> => well({ method: 'PUT', key, body: 'ten bytes!', headers: { 'content-md5': createHash('md5').update('ten bytes!').digest('base64') } })
  await well({ method: 'PUT' })
  await well({ method: 'PUT', query: { versioning: '' }, body: '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>' })
  sql(database, `create table backups (object_key text primary key, locked boolean not null default false, tenant text);
    insert into backups (object_key, tenant) select '${PREFIX}t' || (i % 50) || '/' || lpad(i::text, 7, '0'), 't' || (i % 50) from generate_series(1, ${OBJECTS}) i;
    insert into backups (object_key) select '${PREFIX}' || case when i < 4 then 't' || i || '/sentinel-' else 'sentinel/' end || i from generate_series(0, 7) i; insert into backups (object_key) values ('${PREFIX}sentinel/gap')`)
  const keys = [...Array.from({ length: OBJECTS }, (_, n) => keyOf(n + 1)), ...Array.from({ length: 8 }, (_, n) => (n < 4 ? `${PREFIX}t${n}/sentinel-${n}` : `${PREFIX}sentinel/${n}`)), `${PREFIX}sentinel/orphan`, ...LOST].values()
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const key of keys) await put(key)
  }))
}

const SENTINEL = `
const fs = require('node:fs')
const at = process.argv[2]
const counter = Number(fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : '0')
fs.writeFileSync(at, String(counter + 1))
for (let i = 0; i < 8; i++) console.log(JSON.stringify({ key: process.env.HOLDFAST_PREFIX + (i < 4 ? 't' + i + '/sentinel-' : 'sentinel/') + i, is: 'row' }))
for (const is of ['orphan', 'gap']) console.log(JSON.stringify({ key: process.env.HOLDFAST_PREFIX + 'sentinel/' + is, is }))
console.log(JSON.stringify({ counter }))
`

test('G-24 a guard that is killed while it lists 100,000 objects goes on there, never with another catalogue', { timeout: 1_800_000 }, async (t) => {
  assert(gateway && server)
  const { port } = server
  await fill(gateway, server)
  const at = folderFor('resumed')
  t.after(() => fs.rmSync(at, { recursive: true, force: true }))
  fs.writeFileSync(path.join(at, 'sentinel.cjs'), SENTINEL)
  const config: ReconcileConfig = {
    name: 'many', store: 'main', prefix: PREFIX, catalogue: 'games', rows: 'select object_key as key, locked, tenant from backups', lockColumn: 'locked', sentinels: { plant: [process.execPath, 'sentinel.cjs', 'counter'], remove: ['true'] },
    every: hours(3), least: 20, retention: days(14), escalate: 'default', from: 'holdfast.yaml:1',
  }
  const heard: Wire[] = []
  const links: Link[] = []
  const keeper = await listen(path.join(at, 'keeper.sock'), { onMessage: (message, link) => {
    heard.push(message)
    if (message.is === 'hello') links.push(link)
  } })
  let guard: ChildProcess | undefined
  t.after(() => {
    guard?.kill('SIGKILL')
    keeper.close()
  })
  const start = async (): Promise<Link> => {
    const had = links.length
    guard = fork(new URL('../src/processes/guard.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
    guard.send({
      is: 'init', runtime: at, data: at, folder: at, sets: [], passwords: {}, reconciles: [config],
      stores: [{ name: 'main', kind: 's3', settings: { ...s3.config.parse({ s3: gateway?.url, bucket: BUCKET, read: gateway?.hand }), s3: gateway?.url, read: gateway?.hand } }],
      catalogues: [{ name: 'games', kind: 'postgres', settings: { postgres: `postgres://app:app@127.0.0.1:${port}/shop` }, retention: days(14) }],
    })
    return until('the guard says hello', 20_000, () => links[had])
  }
  let knows: Knows = {
    number: 1, runs: [], former: 'none', columns: 'none', memory: 'none', newest: 'none', since: [], breaker: { is: 'closed' }, follows: 0, epochLatched: false, arming: 'none', accepted: { shrink: undefined, goneGroups: [] },
    way: 'none', actsToday: 0, lastBatch: { tried: 0, failed: 0, preconditions: 0 }, shrink: 1, lease: dueIn(clock.now(), hours(2)), lived: days(400),
  }
  let tasks = 0
  const begin = (link: Link): string => {
    const id = `t${++tasks}`
    link.send({ is: 'task', id, task: { is: 'reconcile', reconcile: config.name, knows } })
    return id
  }
  const said = (id: string): string[] => heard.filter((it) => it['id'] === id && it.is === 'task-progress').map((it) => String(it['says']))
  const listed = (id: string): number => Number(/(\d+) objects/.exec(said(id).at(-1) ?? '')?.[1] ?? 0)
  const done = async (id: string): Promise<Judged> => {
    const it = await until(`task ${id} ends`, minutes(10), () => heard.find((one) => one['id'] === id && (one.is === 'task-done' || one.is === 'task-failed')))
    assert.equal(it.is, 'task-done', JSON.stringify(it))
    const result = it['result'] as Judged
    assert.equal(result.is, 'judged', JSON.stringify(result))
    knows = known({ ...knows, lease: dueIn(clock.now(), hours(2)) }, result)
    return result
  }
  const killAt = async (link: Link, objects: number): Promise<string> => {
    const id = begin(link)
    await until(`${objects} objects are listed`, minutes(10), () => listed(id) >= objects || heard.some((it) => it['id'] === id && it.is !== 'task-progress'))
    const exit = new Promise((resolve) => guard?.once('exit', resolve))
    guard?.kill('SIGKILL')
    await exit
    assert.deepEqual(heard.filter((it) => it['id'] === id && it.is !== 'task-progress'), [], 'it was over before it was killed')
    return id
  }

  const began = performance.now()
  await killAt(await start(), OBJECTS * 0.2)
  // A row that nobody had read when the run began.
  sql(server, `insert into backups (object_key, tenant) values ('${PREFIX}t0/late', 't0')`)
  const second = await killAt(await start(), OBJECTS * 0.45)
  const third = begin(await start())
  const result = await done(third)
  const from = [second, third].map((id) => Number(/going on behind (\d+) objects/.exec(said(id).join('\n'))?.[1] ?? -1))
  t.diagnostic(`went on behind ${from.join(' and ')} of ${OBJECTS} objects; ${((performance.now() - began) / 1000).toFixed(0)} s in all`)
  assert((from[0] ?? 0) >= OBJECTS * 0.1 && (from[1] ?? 0) > (from[0] ?? 0), from.join())
  assert(!said(third).includes('reading the catalogue'), 'the first catalogue is the one of the beginning')
  assert.deepEqual([result.plan.refusals.map(({ text }) => text), result.ran.objects, result.ran.before, result.ran.after], [[], OBJECTS + LOST.length, OBJECTS, OBJECTS + 1])
  assert.deepEqual(fs.readdirSync(path.join(at, 'reconcile', config.name)).filter((name) => name === 'under-way'), [], 'what was over leaves nothing')
  const keys = fs.readFileSync(result.path, 'utf8').split('\n').flatMap((line) => (line.startsWith('{"act"') || line.includes('"act":"keep"') ? [(JSON.parse(line) as { key?: string; act?: string })] : []))
  assert.deepEqual(keys.filter(({ act }) => act === 'keep').map(({ key }) => key), LOST)
  // The next run reads it all again: the row is in both catalogues now.
  const link = links.at(-1)
  assert(link)
  const next = await done(begin(link))
  assert.deepEqual([next.ran.before, next.ran.after, next.plan.totals.gaps], [OBJECTS + 1, OBJECTS + 1, 1])
  assert.equal(ms(next.ran.objects ?? 0), OBJECTS + LOST.length)
})
