// Drills with real servers: a dump is restored by the machine's own PostgreSQL in a cell, and what is wrong with it is found out. Nothing is
// left afterwards, also when the process that drills is killed in the middle.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { hours, instantOf, seconds, type Instant } from '../src/core/time.ts'
import dir from '../src/plugins/stores/dir.ts'
import type { Assertion } from '../src/ports/backup.ts'
import type { Reading } from '../src/ports/store.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { openCell } from '../src/processes/guard/cell/cell.ts'
import { perform } from '../src/processes/guard/drill.ts'
import type { DrillReport } from '../src/rooms/guard/drills/report.ts'
import { mariadb, postgres, type LabServer } from './servers.ts'

const clock = createClock()
const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-drills-'))
const at = (name: string): string => path.join(folder, name)
const nas = at('nas')
const bin = (name: string): string => path.join('/usr/lib/postgresql', readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a))[0] ?? '', 'bin', name)
/** Whoever it is may read this repository, wherever it lies. */
const CLIMBS = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
/** What the query names lies beside the copy. */
const refers = (sql: string): Assertion => ({ is: 'references', sql, in: 'nas' })
const ASSERT: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) > 0 from orders' }, { is: 'newest', sql: 'select max(created_at) from orders', within: hours(25) }]
let shop: LabServer

/** A dump as its people make it. */
const dump = (file: string, ...args: string[]): void => dumpOf('shop', file, ...args)
const dumpOf = (database: string, file: string, ...args: string[]): void => {
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('pg_dump'), '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', ...args, database, '-f', `${shop.folder}/run/out`])
  rmSync(path.join(nas, file), { recursive: true, force: true })
  if (statSync(`${shop.folder}/run/out`).isDirectory()) execFileSync('tar', ['-C', `${shop.folder}/run/out`, '-cf', path.join(nas, file), '.'])
  else copyFileSync(`${shop.folder}/run/out`, path.join(nas, file))
  rmSync(`${shop.folder}/run/out`, { recursive: true })
}
const bytesOf = (file: string): Buffer => readFileSync(path.join(nas, file))
const put = (file: string, bytes: Uint8Array | string): void => writeFileSync(path.join(nas, file), bytes)

const reading = (): Reading => dir.reading(dir.config.parse({ dir: nas }), { egress: egressWith(), now: () => clock.now(), random, folder: '/' })
const soon = (): AbortSignal => new AbortController().signal

async function drill(file: string, { engine = 'postgres', assertions = ASSERT, when = instantOf(Date.now()), manifest, ...more }: { engine?: string; assertions?: readonly Assertion[]; when?: Instant } & Partial<Parameters<typeof perform>[0]> = {}): Promise<DrillReport> {
  const found = await reading().head({ key: file }, soon())
  assert.equal(found.is, 'version')
  assert(found.is === 'version')
  const report = await perform({ set: 'shop', store: 'nas', engine, copy: found, at: when, assert: assertions, ...(manifest ? { manifest } : {}), ...more }, { reading, now: () => clock.now(), folder: at('drill'), say: () => undefined }, soon())
  assert.equal(report.torn_down, true, report.says)
  assert.deepEqual(readdirSync(at('drill')), [])
  return report
}
const brief = ({ verdict, rung, says, engine_said }: DrillReport): string => `${verdict} L${rung}: ${says} | ${engine_said}`

before(async () => {
  mkdirSync(nas)
  chmodSync(folder, 0o755)
  writeFileSync(path.join(nas, '.holdfast-store'), '')
  shop = await postgres()
  const sql = (text: string): void => {
    execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '-d', 'shop'], { input: text })
  }
  sql(`create extension pgcrypto; create extension citext;
    create table orders (id serial primary key, created_at timestamptz not null, note text, total numeric check (total > 0)); alter table orders owner to app;
    insert into orders (created_at, note, total) select now() - n * interval '1 minute', repeat(md5(n::text), 20), n from generate_series(1, 4000) n;
    create table lines (id serial primary key, order_id int references orders, sku citext); insert into lines (order_id, sku) select id, 'a\\b' || E'\\n\\\\.' || id from orders; create index on lines (sku);
    create view big as select * from orders where total > 100; grant select on orders to app; create materialized view m as select count(*) from lines;
    create function f() returns trigger language plpgsql as $_$ begin return new; end $_$; create trigger t before insert on orders for each row execute function f();
    create function g() returns event_trigger language plpgsql as $_$ begin raise notice '%', tg_tag; end $_$; create event trigger e on ddl_command_start execute function g();
    create publication p for table orders; comment on extension pgcrypto is 'mine'; select lo_from_bytea(0, 'large'); alter default privileges grant select on tables to app;`)
}, { timeout: 120_000 })
after(async () => {
  await shop.close()
  rmSync(folder, { recursive: true, force: true })
})

test('G-26 a good dump of every form passes to L6, with its phases, and nothing is left', { timeout: 240_000 }, async () => {
  dump('good.dump', '-Fc')
  const report = await drill('good.dump', { assertions: [...ASSERT, refers(`select 'good.dump' as key from orders where id > 5;`)], manifest: { rows: { orders: { least: 4000, most: 4000, exact: true }, 'public.lines': { least: 3999, most: 4001, exact: false } } } })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions'])
  assert(report.phases.every(({ ms }) => ms >= 0) && report.phases.some(({ ms }) => ms > 100))
  assert.deepEqual(report.asserts.map(({ found }) => found), ['pass', 'pass', 'pass', 'pass', 'pass'])
  assert.equal(report.sha256, createHash('sha256').update(bytesOf('good.dump')).digest('hex'))
  assert.match(brief(await drill('good.dump', { assertions: [refers(`select case when id < 4 then 'gone/' || id when id < 800 then 'good.dump' end as key from orders`)] })), /^failed L5: .*: 3 of 799 references lead to nothing in nas: “gone\/1”, “gone\/2”, “gone\/3”/)
  dump('good.sql')
  dump('folder.tar', '-Fd')
  put('good.sql.gz', execFileSync('gzip', ['-c', path.join(nas, 'good.sql')]))
  for (const form of ['good.sql.gz', 'folder.tar']) assert.equal(brief(await drill(form)), 'passed L6:  | ', form)
})

test('G-2 a dump that is bad fails in words, each for its own reason', { timeout: 240_000 }, async () => {
  dump('good.dump', '-Fc')
  dump('good.sql')
  const [archive, text] = [bytesOf('good.dump'), bytesOf('good.sql')]
  const flipped = Buffer.from(archive)
  for (const share of [0.4, 0.5, 0.6]) flipped.writeUInt8((flipped[Math.floor(archive.length * share)] ?? 0) ^ 0x10, Math.floor(archive.length * share))
  put('truncated.dump', archive.subarray(0, archive.length * 0.7))
  put('flipped.dump', flipped)
  put('empty.dump', '')
  put('noise.dump', 'this is no dump at all\n'.repeat(1000))
  put('truncated.sql', text.subarray(0, text.length * 0.7))
  put('evil.sql', text.toString().replace('CREATE TABLE', '\\! touch /tmp/holdfast-was-here\nCREATE TABLE'))
  // As an archive of a pg_dump that nobody here has: its version stands right behind the mark.
  const newer = Buffer.from(archive)
  newer.writeUInt8(99, 6)
  put('newer.dump', newer)
  put('newer.sql', text.toString().replace(/database version 15/, 'database version 42'))
  dump('table-missing.dump', '-Fc', '--exclude-table=orders', '--exclude-table=lines', '--exclude-table=big', '--exclude-table=m')
  dump('no-rows.dump', '-Fc', '--exclude-table-data=orders')
  shop.sql('create table if not exists another (id int)')
  dumpOf('postgres', 'other.dump', '-Fc')
  const expected: readonly (readonly [string, RegExp])[] = [
    ['truncated.dump', /^failed L[13]: the (?:copy cannot be restored|archive cannot be read) \| .*(?:end of file|could not read)/],
    ['flipped.dump', /^failed L[13]: .* \| pg_restore: error/],
    ['empty.dump', /^failed L0: the copy is empty/],
    ['noise.dump', /^failed L1: this is no dump of PostgreSQL/],
    ['truncated.sql', /^failed L1: the dump (?:is not restored: line \d+: it ends in the middle|was cut short)/],
    ['evil.sql', /^failed L1: the dump is not restored: line \d+: “\\! touch \/tmp\/holdfast-was-here” is a command of psql/],
    ['newer.dump', /^unknown L1: this archive was made by a newer pg_dump than the newest PostgreSQL here \(\d+\): install that version\. pg_restore says: .*unsupported version/],
    ['newer.sql', /^unknown L1: this dump is of PostgreSQL 42, and the newest here is \d+: install postgresql-42/],
    ['table-missing.dump', /^failed L5: select count.* from orders: PostgreSQL cannot answer it on what was restored \| .*relation "orders" does not exist/s],
    ['no-rows.dump', /^failed L3: the copy cannot be restored \| .*violates foreign key constraint/s],
    ['other.dump', /^failed L5: select count.* from orders: PostgreSQL cannot answer it/],
  ]
  for (const [file, pattern] of expected) assert.match(brief(await drill(file)), pattern, file)
  assert(!existsSync('/tmp/holdfast-was-here'))
  const late = await drill('good.dump', { when: instantOf(Date.now() + hours(30)) })
  assert.match(brief(late), /^failed L5: select max\(created_at\) from orders within 25 h of the copy: the newest is of .* before the copy; 1 d 1 h is the most/)
  const short = await drill('good.dump', { manifest: { rows: { orders: { least: 5000, most: 5000, exact: true } } } })
  assert.match(brief(short), /^failed L5: orders holds 5000 rows: 1000 of 5000/)
})

test('G-2 a dump of another database with the very same tables is not taken for one of the set’s', { timeout: 120_000 }, async () => {
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '-d', 'postgres', '-c', 'create database twin template shop'])
  dumpOf('twin', 'twin.dump', '-Fc')
  dumpOf('shop', 'own.dump', '-Fc')
  const other = await drill('twin.dump', { database: 'shop' })
  assert.equal(other.verdict, 'failed', brief(other))
  assert.match(other.says, /of the database “twin”, and the set is one of “shop”/)
  assert.equal((await drill('own.dump', { database: 'shop' })).verdict, 'passed')
})

test('X-9 a restore that does not end is given up at its limit, proves nothing, accuses nobody, and leaves nothing', { timeout: 120_000 }, async () => {
  dump('endless.sql')
  put('endless.sql', bytesOf('endless.sql').toString().replace(/^-- PostgreSQL database dump complete/m, 'select pg_sleep(100000);\n$&'))
  const began = performance.now()
  const report = await drill('endless.sql', { within: seconds(8) })
  assert.match(brief(report), /^unknown L[13]: the drill did not end within 8 s and was given up while it was restored/)
  assert.ok(performance.now() - began < 60_000)
})

test('G-2 a copy of each form that is spoilt on the way fails, the store keeps it whole, and it passes again', { timeout: 240_000 }, async () => {
  const planted = async (file: string, how: Parameters<typeof drill>[1] = {}): Promise<void> => {
    const before = bytesOf(file)
    const report = await drill(file, { ...how, planted: true })
    assert.match(brief(report), /^failed L[1-4]: \S/, file)
    assert.match(report.planted ?? '', /^all behind its first \d+ bytes was cut off, of \d+$/)
    assert.deepEqual(bytesOf(file), before, 'the store was not touched')
  }
  dump('good.dump', '-Fc')
  dump('good.sql')
  dump('folder.tar', '-Fd')
  dump('archive.tar', '-Ft')
  put('good.sql.gz', execFileSync('gzip', ['-c', path.join(nas, 'good.sql')]))
  for (const file of ['good.dump', 'good.sql', 'good.sql.gz', 'folder.tar', 'archive.tar']) await planted(file)
  assert.equal(brief(await drill('good.dump')), 'passed L6:  | ')
  mkdirSync(at('small'))
  writeFileSync(path.join(at('small'), 'panel.conf'), 'listen = 443\n')
  execFileSync('tar', ['-C', at('small'), '-cf', path.join(nas, 'small.tar'), '.'])
  await planted('small.tar', { engine: 'files', assertions: [] })
})

test('L7 an application is started on what was restored and asked there; L8 the same from elsewhere with what lies behind glass', { timeout: 240_000 }, async () => {
  const folder = mkdtempSync('/var/tmp/holdfast-shop-')
  try {
    chmodSync(folder, 0o755)
    writeFileSync(path.join(folder, 'shop'), SHOP, { mode: 0o755 })
    const application = { run: [path.join(folder, 'shop'), '{{port}}', bin('psql')], env: { DATABASE_URL: '{{url}}' }, folder, ready: seconds(20) }
    const http = [{ http: 'http://127.0.0.1:{{port}}/health', status: 200, body: 'orders: 4000' }]
    dump('good.dump', '-Fc')
    const report = await drill('good.dump', { application, http })
    assert.equal(brief(report), 'passed L7:  | ')
    assert.deepEqual([report.phases.at(-1)?.name, report.asserts.at(-1)?.text, report.credentials], ['application', 'http://127.0.0.1:{{port}}/health answers 200 with "orders: 4000"', undefined])
    assert.deepEqual([(await drill('good.dump', { application, http, breakGlass: 'whole' })).rung, (await drill('good.dump', { breakGlass: 'whole' })).rung, (await drill('good.dump', { breakGlass: 'store' })).rung], [8, 8, 6])
    dump('no-orders.dump', '-Fc', '--exclude-table-data=orders', '--exclude-table-data=lines')
    const lines: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) >= 0 from lines' }]
    assert.match(brief(await drill('no-orders.dump', { assertions: lines, application, http })), /^failed L6: .*its answer does not hold "orders: 4000"/)
    assert.match(brief(await drill('no-orders.dump', { assertions: lines, application: { ...application, run: ['/usr/bin/perl', '-e', 'die "no table of prices"'] }, http })), /^failed L6: .*the application ended with \d+ before it answered \| no table of prices/)
    assert.match(brief(await drill('no-orders.dump', { assertions: lines, application: { ...application, run: ['/opt/absent/shop'] }, http })), /^unknown L6: .*\/opt\/absent\/shop cannot be run in a cell/)
    assert.match(brief(await drill('no-orders.dump', { assertions: lines, application: { ...application, run: ['/usr/bin/sleep', '60'], ready: seconds(2) }, http })), /^unknown L6: .*did not answer within 2 s/)
    assert.match(brief(await drill('good.dump', { application: { ...application, folder: '/var/tmp/holdfast-none' }, http })), /^unknown L0: \/var\/tmp\/holdfast-none is not there/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** What a shop would say of its health, by what lies in its database; it tries the world outside first. */
const SHOP = `#!/usr/bin/perl
use IO::Socket::INET;
my ($port, $psql) = @ARGV;
die "it reaches the world" if IO::Socket::INET->new(PeerAddr => '192.0.2.1', PeerPort => 80, Timeout => 1);
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 5) or die "no port: $!";
while (my $asker = $listen->accept) {
  my $asked = <$asker>;
  my $rows = qx($psql "$ENV{DATABASE_URL}" -XAtc 'select count(*) from orders' 2>&1);
  print $asker "HTTP/1.1 " . ($rows =~ /^\\d+$/ ? '200 OK' : '500 Broken') . "\\r\\n\\r\\norders: $rows";
  close $asker;
}
`

test('G-13 an archive of files passes by its hashes, and one that leads out of its folder is not unpacked', { timeout: 120_000 }, async () => {
  const tree = at('tree')
  mkdirSync(path.join(tree, 'etc'), { recursive: true })
  writeFileSync(path.join(tree, 'etc/panel.conf'), 'listen = 443\n')
  writeFileSync(path.join(tree, `${'long'.repeat(40)}`), randomBytes(300_000))
  execFileSync('ln', ['-s', '../etc/panel.conf', path.join(tree, 'etc/link')])
  execFileSync('ln', [path.join(tree, 'etc/panel.conf'), path.join(tree, 'hard')])
  const tar = (file: string, ...args: string[]): void => void execFileSync('tar', ['-C', tree, '-cf', path.join(nas, file), ...args])
  tar('good.tar', '.')
  tar('pax.tar', '--format=pax', 'etc', 'hard', 'long'.repeat(40))
  put('good.tar.gz', execFileSync('gzip', ['-c', path.join(nas, 'good.tar')]))
  put('good.tar.zst', zstdCompressSync(bytesOf('good.tar')))
  const sum = createHash('sha256').update('listen = 443\n').digest('hex')
  const files = (sha256: string): { engine: string; assertions: readonly Assertion[] } => ({ engine: 'files', assertions: [{ is: 'file', file: 'etc/panel.conf', sha256 }] })
  for (const file of ['good.tar', 'pax.tar', 'good.tar.gz', ...(existsSync('/usr/bin/zstd') ? ['good.tar.zst'] : [])]) assert.equal(brief(await drill(file, files(sum))), 'passed L6:  | ', file)
  assert.equal(brief(await drill('good.tar', { ...files('from-manifest'), manifest: { files: { 'etc/panel.conf': sum } } })), 'passed L6:  | ')
  const whole = bytesOf('good.tar')
  put('truncated.tar', whole.subarray(0, whole.length / 2))
  put('noise.dump', 'this is no archive at all\n'.repeat(1000))
  put('truncated.tar.gz', bytesOf('good.tar.gz').subarray(0, 100_000))
  tar('up.tar', '-P', '--transform=s,etc/panel.conf,../../panel.conf,', 'etc/panel.conf')
  tar('absolute.tar', '-P', '--transform=s,etc/panel.conf,/etc/cron.d/panel,', 'etc/panel.conf')
  execFileSync('ln', ['-s', '/etc/passwd', path.join(tree, 'out')])
  tar('link.tar', 'out')
  const bad: readonly (readonly [string, ReturnType<typeof files>, RegExp])[] = [
    ['good.tar', files('0'.repeat(64)), /^failed L5: etc\/panel\.conf has sha256 0{12}…: it has sha256/],
    ['good.tar', { engine: 'files', assertions: [{ is: 'file', file: 'etc/absent', sha256: sum }] }, /^failed L5: .*there is no such file in it/],
    ['good.tar', files('from-manifest'), /^unknown L5: .*no hash of etc\/panel\.conf was taken/],
    ['truncated.tar', files(sum), /^failed L1: the archive is broken: it ends in the middle of an entry/],
    ['truncated.tar.gz', files(sum), /^failed L1: the copy cannot be unpacked \| .*gzip: .*unexpected end/],
    ['up.tar', files(sum), /^failed L1: the archive is not unpacked: "\.\.\/\.\.\/panel\.conf" leads out of the folder/],
    ['absolute.tar', files(sum), /^failed L1: the archive is not unpacked: "\/etc\/cron\.d\/panel" is an absolute name/],
    ['link.tar', files(sum), /^failed L1: the archive is not unpacked: "out" is a link to "\/etc\/passwd", out of the folder/],
    ['noise.dump', files(sum), /^failed L1: this is no tar archive/],
  ]
  for (const [file, how, pattern] of bad) assert.match(brief(await drill(file, how)), pattern, file)
})

test('a dump of MariaDB passes to L6 in a MariaDB of its own, and one that is bad fails in words', { timeout: 120_000 }, async () => {
  const server = await mariadb()
  try {
    server.sql(`use shop; create table orders (id int primary key auto_increment, created_at timestamp(3) not null, note text, key (note(20))) engine=innodb;
      insert into orders (created_at, note) select now(3) - interval seq minute, concat('it''s \\\\', repeat(md5(seq), 10)) from seq_1_to_2000; create table parts (id int, foreign key (id) references orders (id)); insert into parts select id from orders;
      create view v as select * from orders; create trigger t before insert on orders for each row set new.note = trim(new.note); create event e on schedule every 1 second do delete from orders;`)
    const make = (file: string, ...args: string[]): void => {
      put(file, execFileSync('mariadb-dump', ['--no-defaults', `--socket=${server.folder}/run/s.sock`, '-uroot', '--single-transaction', '--triggers', '--routines', '--events', ...args], { maxBuffer: 1 << 28 }))
    }
    make('maria.sql', 'shop')
    make('maria-named.sql', '--databases', 'shop')
    make('maria-no-lines.sql', '--ignore-table=shop.orders', '--ignore-table=shop.v', 'shop')
    make('maria-all.sql', '--all-databases')
    put('maria.sql.gz', execFileSync('gzip', ['-c', path.join(nas, 'maria-named.sql')], { maxBuffer: 1 << 28 }))
    const text = bytesOf('maria.sql')
    put('maria-cut.sql', text.subarray(0, text.length * 0.6))
    put('maria-evil.sql', text.toString().replace('CREATE TABLE', '\\! touch /tmp/holdfast-was-here\nCREATE TABLE'))
    put('maria-broken.sql', text.toString().replace('CREATE TABLE `orders` (', 'CREATE TABLE `orders` (('))
    const how = { engine: 'mariadb', manifest: { rows: { orders: { least: 2000, most: 2000, exact: true } } } }
    const expected: readonly (readonly [string, RegExp])[] = [
      ['maria.sql', /^passed L6: {2}\| $/],
      ['maria.sql.gz', /^passed L6: {2}\| $/],
      ['maria-no-lines.sql', /^failed L[135]: .* \| .*(?:orders|1824|150)/s],
      ['maria-cut.sql', /^failed L1: the dump (?:is not restored: line \d+: it ends in the middle|was cut short)/],
      ['maria-evil.sql', /^failed L1: the dump is not restored: line \d+: “\\! touch \/tmp\/holdfast-was-here” is a command of the client/],
      ['maria-broken.sql', /^failed L3: the copy cannot be restored \| ERROR 1064 \(42000\) at line \d+: You have an error in your SQL syntax/],
      ['maria-all.sql', /^unknown L1: it is a dump of a whole server/],
    ]
    for (const [file, pattern] of expected) assert.match(brief(await drill(file, file === 'maria.sql' ? { ...how, assertions: [...ASSERT, refers("select concat('maria', '.sql') as `key` from orders where id < 1500")] } : how)), pattern, file)
    assert.match(brief(await drill('maria.sql', { ...how, planted: true })), /^failed L1: the dump /)
    assert(!existsSync('/tmp/holdfast-was-here'))
  } finally {
    await server.close()
  }
})

test('G-26 a program in a cell sees nothing of this machine, reaches nothing, and writes nowhere but into its folder', async () => {
  const { cell, close } = await openCell(at('drill'), soon())
  try {
    const said = async (...argv: string[]): Promise<string> => {
      const { out, err } = await cell.run(argv, { within: hours(1) })
      return out + err
    }
    assert.match(await said('/bin/cat', '/proc/net/dev'), /lo:/)
    assert.doesNotMatch(await said('/bin/cat', '/proc/net/dev'), /eth|ens|enp|wl|veth/)
    assert.match(await said('/bin/sh', '-c', 'id -u; cat /proc/self/status'), /^18\d{8}\n[^]*CapBnd:\s0{16}[^]*NoNewPrivs:\s1/)
    assert.match(await said('/bin/ls', '/'), /^bin\ndev\netc\ngiven\nlib[^]*proc\nsbin\ntmp\nusr\nwork\n$/)
    assert.match(await said('/bin/sh', '-c', 'for f in /x /usr/x /given/x /etc/x /dev/x; do echo no >$f; done; echo yes >x; cat x'), /^yes\n(?:.*cannot create.*\n){5}$/)
    assert.match(await said('/bin/sh', '-c', 'cd /proc; echo [0-9]*'), /^1 \d+ \d+\n$/)
    assert.match(await said('/usr/bin/unshare', '--user', '/bin/true'), /not permitted/)
    assert.match(await said('/bin/cat', path.join(nas, 'good.dump')), /No such file/)
  } finally {
    assert.equal(await close(), undefined)
  }
})

test('an ordinary user drills likewise, in namespaces that it makes itself', { timeout: 60_000 }, async () => {
  const own = at('own')
  mkdirSync(own)
  chownSync(own, 65_534, 65_534)
  chmodSync(nas, 0o755)
  dump('good.dump', '-Fc')
  chmodSync(path.join(nas, 'good.dump'), 0o644)
  const found = await reading().head({ key: 'good.dump' }, soon())
  const said = execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...CLIMBS, '--no-new-privs', process.execPath, '--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'drill-child.ts'), nas, own, JSON.stringify(found), 'once'], { encoding: 'utf8', timeout: 50_000 })
  const report = JSON.parse(said.split('\n')[1] ?? '') as DrillReport
  assert.deepEqual([brief(report), report.torn_down, readdirSync(own)], ['passed L5:  | ', true, []])
})

test('G-26 nothing outlives a killed drill: no process, and its folder goes at the next start', { timeout: 120_000 }, async () => {
  const found = await reading().head({ key: 'good.dump' }, soon())
  assert(found.is === 'version')
  for (const after of [150, 600, 1_500, 3_000]) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'drill-child.ts'), nas, at('drill'), JSON.stringify(found)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, after))
    const began = inCells()
    const over = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await over
    for (const end = performance.now() + 5_000; inCells().length > 0; await new Promise((resolve) => setTimeout(resolve, 20))) assert(performance.now() < end, `still there after ${after} ms: ${inCells().join(', ')} of ${began.join(', ')}`)
  }
  assert(readdirSync(at('drill')).length > 0, 'a killed drill leaves its folder')
  const next = await openCell(at('drill'), soon())
  assert.equal(readdirSync(at('drill')).length, 1)
  assert.equal(await next.close(), undefined)
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /holdfast-drills/)
})

/** Processes with a user id of drills, or that make cells in this test's folder. */
function inCells(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const ours = /^Uid:\s18\d{8}\s/m.test(status) || (command.includes(at('drill')) && command.includes('unshare'))
      return ours && !/^State:\sZ/m.test(status) ? [`${pid} ${command.slice(0, 80)}`] : []
    } catch {
      return []
    }
  })
}
