// `holdfast exec` with real servers that are written to all the time: with a PostgreSQL dump in the same snapshot, each count of the manifest is exactly that of the
// restored dump, on a primary and on a replica; around a MariaDB dump they bracket it. What the user may not read is said, and nothing hangs.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { compareManifest, compareNewest, type Manifest, type RunReport } from '../src/rooms/guard/sets/manifest.ts'
import type { BackupSetAnswer } from '../src/views/backups.ts'
import { freePorts, root, startHoldfast, until } from '../test/story/world.ts'
import { freePort, mariadb, postgres, type LabServer } from './servers.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
const bin = (name: string): string => path.join('/usr/lib/postgresql', readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a))[0] ?? '', 'bin', name)

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-exec-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'nas'))
  writeFileSync(path.join(folder, 'nas/.holdfast-store'), '')
  return folder
}
const config = (folder: string, manifest: string, more = ''): void => writeFileSync(path.join(folder, 'holdfast.yaml'), `version: 1\nstores: { nas: { dir: ./nas } }\nbackups:\n  shop: { engine: postgres, in: { nas: "shop-{date}.dump" }, every: 24h, manifest: ${manifest} }\n${more}`)

/** `holdfast exec` in a folder, as a timer would start it. */
function runExec(folder: string, env: Readonly<Record<string, string>>, args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(path.join(root, 'bin/holdfast'), ['exec', '--backup', 'shop', '--', ...args], { cwd: folder, env: { ...process.env, ...env, HOLDFAST_DATA: path.join(folder, 'data'), NO_COLOR: '1' } })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
    child.stdin.end()
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

/** What waits in the spool, where no server runs. */
const spooled = (folder: string): RunReport => {
  const [name = assert.fail('no report waits')] = readdirSync(path.join(folder, 'data-spool')).toSorted().toReversed()
  return (JSON.parse(readFileSync(path.join(folder, 'data-spool', name), 'utf8')) as { report: RunReport }).report
}

/** A client that goes on until the test ends. */
function writing(t: TestContext, command: readonly string[], sql: string): ChildProcess {
  const [file = '', ...args] = command
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => void child.kill('SIGKILL'))
  // It is killed while it still has something to say.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(sql)
  return child
}

const inShop = (port: number, sql: string, database = 'shop'): string => execFileSync(bin('psql'), ['-At', '-v', 'ON_ERROR_STOP=1', `postgres://app:app@127.0.0.1:${port}/${database}`, '-c', sql], { encoding: 'utf8', timeout: 30_000 }).trim()
const NEWEST = 'select max(created_at) from orders'

function shopIn(server: LabServer): void {
  inShop(server.port, `create table orders (id bigserial primary key, created_at timestamptz not null default clock_timestamp(), text text);
    create table lines (orders bigint, n int) partition by hash (orders); create table lines_0 partition of lines for values with (modulus 2, remainder 0); create table lines_1 partition of lines for values with (modulus 2, remainder 1);
    create schema audit; create table audit."odd ""name" (id int); insert into audit."odd ""name" values (1), (2);
    create table sessions (id bigserial primary key); create view seen as select * from orders; create materialized view sums as select count(*) from orders;
    insert into orders (text) select repeat('x', 200) from generate_series(1, 60000); insert into lines select id, 1 from orders; insert into sessions select from generate_series(1, 500)`)
  // A table that its user may not read.
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', 'shop', '-c', 'create table closed (id int)'], { cwd: '/' })
}

/** Every transaction writes an order with its lines, and exchanges sessions: some tables grow, some shrink and grow. */
const WRITER = `do $$ begin for i in 1..10000000 loop insert into orders (text) values ('y'); insert into lines select max(id), 1 from orders; delete from sessions where id in (select id from sessions order by id limit 3); insert into sessions select from generate_series(1, 1 + i % 5); commit; end loop; end $$`

/** What the dump holds, by restoring it. */
function restored(server: LabServer, dump: string, manifest: Manifest): { rows: Record<string, number>; newest: string } {
  const as = ['-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres']
  server.sql('drop database if exists restored')
  server.sql('create database restored')
  execFileSync(bin('pg_restore'), [...as, '--no-owner', '-d', 'restored', dump], { timeout: 60_000 })
  const ask = (sql: string): string => execFileSync(bin('psql'), [...as, '-At', 'restored', '-c', sql], { encoding: 'utf8', timeout: 30_000, env: { ...process.env, PGTZ: 'UTC' } }).trim()
  const named = manifest.tables.map(({ name }) => name)
  const quoted = (name: string): string => name.split('.').map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
  return { rows: Object.fromEntries(named.filter((name) => ask(`select to_regclass('${quoted(name).replaceAll("'", "''")}')`) !== '').map((name) => [name, Number(ask(`select count(*) from ${quoted(name)}`))])), newest: ask(NEWEST) }
}

/** Every table is exactly what was restored, and the newest row too. */
function expectExact(server: LabServer, folder: string, file: string): Manifest {
  const report = spooled(folder)
  assert.equal(report.exit, 0)
  const manifest = report.manifest ?? assert.fail(report.says)
  const back = restored(server, path.join(folder, file), manifest)
  const compared = compareManifest(manifest, back.rows)
  assert.deepEqual(compared.filter(({ found }) => found !== 'pass').map(({ table, found }) => `${table} ${found}`), ['public.closed unknown'])
  assert.deepEqual(compared.map(({ table }) => table).toSorted(), ['audit.odd "name', 'public.closed', 'public.lines_0', 'public.lines_1', 'public.orders', 'public.sessions'])
  assert.equal(compareNewest(manifest, back.newest)?.found, 'pass', `${JSON.stringify(manifest.newest)} ${back.newest}`)
  return manifest
}

const DUMP = (port: number, file: string): string[] => ['pg_dump', '--exclude-table=closed', '-Fc', '-f', file, `postgres://app:app@127.0.0.1:${port}/shop`]

test('PostgreSQL, written to meanwhile: in its snapshot the manifest is exactly the dump, on a primary and on a replica; without it, it brackets', { timeout: 300_000 }, async (t) => {
  const server = await postgres()
  t.after(() => server.close())
  shopIn(server)
  const folder = folderFor(t)
  config(folder, `{ postgres: "\${secret:db-url}", newest: "${NEWEST}" }`)
  const env = (port: number): Record<string, string> => ({ HOLDFAST_SECRET_DB_URL: `postgres://app:app@127.0.0.1:${port}/shop` })
  writing(t, [bin('psql'), `postgres://app:app@127.0.0.1:${server.port}/shop`], WRITER)
  await until('somebody writes', 10_000, () => Number(inShop(server.port, 'select count(*) from orders')) > 60_100)

  for (let round = 0; round < 3; round++) {
    const before = Number(inShop(server.port, 'select count(*) from orders'))
    const ran = await runExec(folder, env(server.port), [...DUMP(server.port, 'exact.dump'), '--snapshot={{snapshot}}'])
    assert.equal(ran.code, 0, ran.err)
    const manifest = expectExact(server, folder, 'exact.dump')
    const after = Number(inShop(server.port, 'select count(*) from orders'))
    const orders = manifest.tables.find(({ name }) => name === 'public.orders')
    assert.ok(orders && 'least' in orders && orders.least >= before && orders.most < after, 'it was written meanwhile, or this proves nothing')
    assert.deepEqual([manifest.how, manifest.server?.engine, manifest.server?.database, manifest.server?.replica], ['snapshot', 'postgres', 'shop', false])
    assert.match(`${manifest.server?.system} ${manifest.server?.oid}`, /^\d+ \d+$/)
    assert.match(JSON.stringify(manifest.tables.find(({ name }) => name === 'public.closed')), /permission denied/)
  }
  await t.test('a set that is of a check takes its address, also where secrets of the stores are not here', async (it) => {
    const own = folderFor(it)
    writeFileSync(path.join(own, 'holdfast.yaml'), `version: 1
checks: { shop-db: { postgres: "\${secret:db-url}" } }
stores:
  main: { s3: "http://127.0.0.1:18300", bucket: game-backups, read: "\${secret:s3-read}", delete: "\${secret:s3-delete}" }
  nas:  { dir: ./nas, marker: .holdfast-store }
backups:
  shop: { engine: postgres, of: shop-db, in: { main: "pg/shop-{date}.dump", nas: "pg/shop-{date}.dump" }, every: 24h, keep: { daily: 7, weekly: 4 },
          drill: { every: 7d, assert: [ { sql: "select count(*) > 0 from orders" }, { newest: "select max(created_at) from orders", within: 25h } ] } }
`)
    const ran = await runExec(own, env(server.port), [...DUMP(server.port, 'checked.dump'), '--snapshot={{snapshot}}'])
    assert.equal(ran.code, 0, ran.err)
    const manifest = spooled(own).manifest ?? assert.fail(spooled(own).says)
    assert.ok(manifest.how === 'snapshot' && compareManifest(manifest, restored(server, path.join(own, 'checked.dump'), manifest).rows).every(({ found }) => found !== 'fail'))
    const bare = await runExec(own, {}, ['true'])
    assert.equal(bare.code, 0, bare.err)
  })
  await t.test('without a snapshot the counts around it bracket the dump', async () => {
    const ran = await runExec(folder, env(server.port), [...DUMP(server.port, 'around.dump')])
    assert.equal(ran.code, 0, ran.err)
    const manifest = spooled(folder).manifest ?? assert.fail(spooled(folder).says)
    const back = restored(server, path.join(folder, 'around.dump'), manifest)
    assert.equal(manifest.how, 'bracketed')
    for (const name of ['public.orders', 'public.lines_0', 'public.lines_1']) {
      const bounds = manifest.tables.find((it) => it.name === name)
      assert.ok(bounds && 'least' in bounds && bounds.least < bounds.most, name)
      assert.equal(compareManifest({ ...manifest, tables: [bounds] }, { [name]: back.rows[name] ?? -1 })[0]?.found, 'pass', name)
    }
    assert.ok(compareManifest(manifest, back.rows).every(({ found }) => found !== 'fail'))
    assert.equal(compareNewest(manifest, back.newest)?.found, 'pass')
  })
  await t.test('a replica will do', async (it) => {
    const replica = await replicaOf(it, server)
    const ran = await runExec(folder, env(replica), [...DUMP(replica, 'replica.dump'), '--snapshot={{snapshot}}'])
    assert.equal(ran.code, 0, ran.err)
    assert.equal(expectExact(server, folder, 'replica.dump').server?.replica, true)
  })
  await t.test('a snapshot that is refused costs no backup; a server that stands still is waited for ten seconds', async () => {
    const wrong = { HOLDFAST_SECRET_DB_URL: `postgres://app:wrong-word@127.0.0.1:${server.port}/shop` }
    const ran = await runExec(folder, wrong, [...DUMP(server.port, 'alone.dump'), '--snapshot={{snapshot}}'])
    assert.deepEqual([ran.code, existsSync(path.join(folder, 'alone.dump')), spooled(folder).manifest], [0, true, undefined])
    assert.match(ran.err, /password authentication failed.*the command runs all the same/)
    assert.doesNotMatch(ran.err, /wrong-word/)
    server.freeze()
    const from = performance.now()
    const still = await runExec(folder, env(server.port), ['true'])
    server.thaw()
    assert.equal(still.code, 0)
    assert.ok(performance.now() - from < 30_000)
    assert.match(still.err, /no answer|no connection/)
  })
})

/** A hot standby of it, on a port of its own. */
async function replicaOf(t: TestContext, server: LabServer): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-replica-'))
  const as = (command: readonly string[]): string => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...command], { encoding: 'utf8', cwd: '/', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] })
  execFileSync('chown', ['postgres:', folder])
  const port = await freePort()
  appendFileSync(path.join(server.folder, 'data/pg_hba.conf'), 'local replication postgres trust\n')
  server.sql('select pg_reload_conf()')
  await sleep(500)
  as([bin('pg_basebackup'), '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-D', `${folder}/data`, '-R', '-X', 'stream', '-c', 'fast'])
  t.after(() => {
    as([bin('pg_ctl'), '-D', `${folder}/data`, '-m', 'immediate', '-w', 'stop'])
    rmSync(folder, { recursive: true, force: true })
  })
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('pg_ctl'), '-D', `${folder}/data`, '-w', '-t', '60', '-l', `${folder}/log`, '-o', `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`, 'start'], { cwd: '/', stdio: 'ignore' })
  return port
}

test('MariaDB, written to meanwhile: what is counted around a dump brackets it', { timeout: 200_000 }, async (t) => {
  const server = await mariadb()
  t.after(() => server.close())
  const client = ['mariadb', '--no-defaults', `--socket=${server.folder}/run/s.sock`, '-uroot', '-N', '-B', 'shop']
  const ask = (sql: string): string => execFileSync(client[0] ?? '', [...client.slice(1), '-e', sql], { encoding: 'utf8', timeout: 60_000 }).trim()
  ask("create table shop.orders (id bigint auto_increment primary key, created_at datetime(6) not null default now(6), text varchar(300)); create table shop.`odd name` (id int); insert into shop.`odd name` values (1); create view shop.seen as select * from shop.orders; insert into shop.orders (text) select repeat('x', 200) from seq_1_to_60000")
  const folder = folderFor(t)
  config(folder, `{ mysql: "\${secret:db-url}", newest: "${NEWEST}" }`)
  const writer = `${Array.from({ length: 2000 }, () => "insert into shop.orders (text) values ('y'); do sleep(0.001);").join('\n')}\n`
  writing(t, client, writer.repeat(20))
  await until('somebody writes', 10_000, () => Number(ask('select count(*) from shop.orders')) > 60_050)
  const ran = await runExec(folder, { HOLDFAST_SECRET_DB_URL: `mysql://app:app@127.0.0.1:${server.port}/shop` }, ['mariadb-dump', '--no-defaults', '--single-transaction', `--socket=${server.folder}/run/s.sock`, '-uroot', '--result-file=shop.sql', 'shop'])
  assert.equal(ran.code, 0, ran.err)
  const report = spooled(folder)
  const manifest = report.manifest ?? assert.fail(report.says)
  assert.deepEqual([manifest.how, manifest.server?.engine, manifest.tables.map(({ name }) => name).toSorted()], ['bracketed', 'mysql', ['odd name', 'orders']])
  assert.match(manifest.server?.version ?? '', /MariaDB/)
  ask('create database restored')
  execFileSync(client[0] ?? '', [...client.slice(1, -1), 'restored'], { input: readFileSync(path.join(folder, 'shop.sql')), timeout: 60_000 })
  const rows = Object.fromEntries(['orders', 'odd name'].map((name) => [name, Number(ask(`select count(*) from restored.\`${name}\``))]))
  assert.deepEqual(compareManifest(manifest, rows).map(({ table, found }) => `${table} ${found}`).toSorted(), ['odd name pass', 'orders pass'])
  const orders = manifest.tables.find(({ name }) => name === 'orders')
  assert.ok(orders && 'least' in orders && orders.least < orders.most, 'it was written meanwhile, or this proves nothing')
  assert.equal(compareNewest(manifest, ask('select max(created_at) from restored.orders'))?.found, 'pass')
})

test('with a Holdfast that runs: the manifest stands beside the copy, and what waited comes after it', { timeout: 200_000 }, async (t) => {
  const server = await postgres()
  t.after(() => server.close())
  shopIn(server)
  const folder = folderFor(t)
  config(folder, '{ postgres: "${secret:db-url}", tables: [orders, audit.gone] }')
  const env = { HOLDFAST_SECRET_DB_URL: `postgres://app:app@127.0.0.1:${server.port}/shop` }
  const made = await runExec(folder, env, [...DUMP(server.port, `nas/shop-${new Date().toISOString().slice(0, 10)}.dump`), '--snapshot={{snapshot}}'])
  assert.deepEqual([made.code, made.out], [0, ''])
  assert.match(made.err, /^holdfast: shop: its report waits in .*data-spool.*\n$/)
  const [port = 0] = await freePorts(1)
  const holdfast = startHoldfast(folder, port, env)
  t.after(() => holdfast.stop())
  await until('it answers', 20_000, async () => (await holdfast.cli('backups', 'show', 'shop')).code !== 7)
  const failed = await runExec(folder, env, ['sh', '-c', 'echo spoilt; exit 3'])
  assert.deepEqual([failed.code, failed.out, failed.err], [3, 'spoilt\n', ''])
  assert.deepEqual(readdirSync(path.join(folder, 'data-spool')), [])
  const shown = await until('the copy is listed with its manifest', 90_000, async () => {
    const body = JSON.parse((await holdfast.cli('backups', 'show', 'shop', '--json')).out) as BackupSetAnswer
    return body.copies?.[0]?.manifest ? body : undefined
  })
  assert.deepEqual(shown.copies?.[0]?.manifest?.rows, { least: 60_000, most: 60_000 })
  assert.deepEqual(shown.runs?.map(({ command, exit, manifest }) => [command, exit, manifest]), [['sh', 3, false], ['pg_dump', 0, true]])
})
