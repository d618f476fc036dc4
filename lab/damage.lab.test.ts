// Story 4 with real servers: bytes are flipped in files, in pages of PostgreSQL and in tables of MariaDB; a scan finds them, only they are restored, beside what lives
// first, and put in place by renames; all else keeps its bytes, what is damaged stays, and what is lost is listed.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { instantOf } from '../src/core/time.ts'
import type { DamagedUnit } from '../src/ports/backup/live.ts'
import { openReading } from '../src/processes/restore/fetch.ts'
import { restoreTools } from '../src/processes/restore/tools.ts'
import { scanPages } from '../src/processes/scan/pages.ts'
import { scan } from '../src/processes/scan/scan.ts'
import { readDamage, readInnochecksum } from '../src/rooms/guard/restore/damage.ts'
import type { RestoreReport } from '../src/rooms/guard/restore/report.ts'
import type { StorePlace } from '../src/rooms/guard/config.ts'
import type { Settled } from '../src/rooms/guard/scan/journal.ts'
import { named } from '../src/rooms/guard/scan/manifest.ts'
import type { RestoreBegunAnswer } from '../src/views/restore/restores.ts'
import type { BesideReport, Target } from '../src/views/restore/restoring.ts'
import { mariadb, postgres, type LabServer } from './servers.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-damage-'))
const at = (name: string): string => path.join(folder, name)
const store: StorePlace = { name: 'nas', kind: 'dir', settings: { dir: at('nas'), marker: '.holdfast-store' } }
const never = new AbortController().signal
let count = 0

before(() => {
  mkdirSync(at('nas'))
  writeFileSync(at('nas/.holdfast-store'), '')
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** As the server would answer for a verified copy. */
async function begun(engine: string, key: string, more: Partial<RestoreBegunAnswer> = {}): Promise<RestoreBegunAnswer> {
  const { reading, close } = openReading(store, '/', true)
  try {
    const found = await reading.head({ key }, never)
    assert(found.is === 'version')
    return {
      schema: 'holdfast.restore-begun/1', id: `restore_${createHash('sha256').update(`${count++}`).digest('hex').slice(0, 32)}`, set: 'shop', engine, store: 'nas', copy: { key, version_id: null, etag: found.etag, bytes: found.bytes, modified_at: found.modifiedAt },
      at: instantOf(Date.now()), rung: 6, proven_at: null, verified: true, says: '', sha256: createHash('sha256').update(readFileSync(at(`nas/${key}`))).digest('hex'), parts: [], manifest: null, ...more,
    }
  } finally {
    close()
  }
}

const common = { store, home: '/', lab: true, scratch: at('scratch'), say: (): void => undefined, signal: never }
const beside = async (engine: string, key: string, to: Target, units: readonly DamagedUnit[], more: { manifest?: string; asSuperuser?: boolean; begun?: Partial<RestoreBegunAnswer> } = {}): Promise<BesideReport> =>
  restoreTools.beside({ ...common, asSuperuser: more.asSuperuser ?? false, begun: await begun(engine, key, more.begun), at: to, units, ...(more.manifest === undefined ? {} : { manifest: more.manifest }) })
const swapOf = ({ swap, report, others }: BesideReport): NonNullable<BesideReport['swap']> => swap ?? assert.fail(`${report.says} ${others.join('; ')}`)
const put = (to: Target, engine: string, it: BesideReport) => restoreTools.swap({ swap: swapOf(it), engine, at: to, scratch: at('scratch'), signal: never })

/** Other bytes, and the time of before: as a disk does it. */
function flip(file: string, where: number, bytes = 'rot'): void {
  const { atime, mtime } = statSync(file)
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.from(bytes), 0, bytes.length, where)
  closeSync(fd)
  utimesSync(file, atime, mtime)
}
const hashes = (root: string): Record<string, string> => Object.fromEntries(readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((it) => statSync(path.join(root, it)).isFile()).map((it) => [it, createHash('sha256').update(readFileSync(path.join(root, it))).digest('hex')]))
const tools = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)[0] ?? ''
const asPostgres = (...args: string[]): Buffer => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...args], { cwd: '/' })

test('story 4: of 200 files only the damaged and the missing are restored, all else keeps its bytes, and what is lost is listed', { timeout: 120_000 }, async () => {
  const live = at('live')
  mkdirSync(path.join(live, 'sub'), { recursive: true })
  for (let n = 0; n < 200; n++) writeFileSync(path.join(live, n % 2 === 0 ? `${n}` : `sub/ä ${n}`), `${n}\n`.repeat(2000))
  for (const name of readdirSync(live, { recursive: true, encoding: 'utf8' })) utimesSync(path.join(live, name), 1_700_000_000, 1_700_000_000)
  execFileSync('tar', ['-C', folder, '--zstd', '-cf', at('nas/panel.tar.zst'), 'live'])
  writeFileSync(path.join(live, '4'), 'written after the copy was made')
  utimesSync(path.join(live, '4'), 1_700_001_000, 1_700_001_000)
  const looked = async (): Promise<{ damage: ReturnType<typeof readDamage>; all: string[] }> => {
    const found: Settled[] = []
    const report = await scan({ folder: live, manifest: at('live.manifest'), signal: never, found: (it) => found.push(it) })
    return { damage: readDamage({ schema: 'holdfast.scan/1', ...report, findings: found.map(({ path: name, verdict }) => ({ ...named(name), verdict })) }), all: found.map(({ path: name, verdict }) => `${verdict} ${Buffer.from(name, 'latin1').toString()}`) }
  }
  await looked()
  for (const name of ['sub/ä 7', '90', '4']) flip(path.join(live, name), 11)
  rmSync(path.join(live, 'sub/ä 9'))
  writeFileSync(path.join(live, '12'), 'somebody wrote this')
  const before = hashes(live)
  const { damage } = await looked()
  assert(typeof damage !== 'string')
  const units = damage.paths.map((it): DamagedUnit => ({ is: 'file', path: it }))
  const to: Target = { is: 'folder', folder: live }
  const made = await beside('files', 'panel.tar.zst', to, units, { manifest: damage.manifest ?? assert.fail(), begun: { at: instantOf(1_700_000_500_000) } })
  assert.deepEqual(swapOf(made).units.map(({ name }) => name).toSorted(), ['4', '90', 'sub/ä 7', 'sub/ä 9'])
  const lost = new Map(swapOf(made).units.map((unit) => [unit.name, unit]))
  assert.match(lost.get('4')?.lost ?? '', /what was written since is only in the damaged one/)
  assert.deepEqual(['90', 'sub/ä 7', 'sub/ä 9'].map((name) => [lost.get(name)?.lost, lost.get(name)?.checked]), Array.from({ length: 3 }, () => ['', 'it is byte for byte what the scan knew']))
  assert.deepEqual(Object.entries(before).filter(([name, hash]) => hashes(live)[name] !== hash), [], 'nothing that lives was touched so far')
  const done = await put(to, 'files', made)
  assert.deepEqual([done.verdict, done.swapped.toSorted()], ['swapped', ['4', '90', 'sub/ä 7', 'sub/ä 9']])
  const after = hashes(live)
  const replaced = new Set(done.swapped)
  assert.deepEqual(Object.entries(before).filter(([name, hash]) => !replaced.has(name) && after[name] !== hash), [], 'all else is untouched byte for byte')
  for (const { name, aside, was } of swapOf(made).units) {
    if (was !== 'absent') assert.equal(after[aside], before[name], 'the damaged one stays')
    assert.equal(after[name], createHash('sha256').update(`${name.replace('sub/ä ', '')}\n`.repeat(2000)).digest('hex'))
  }
  const { all } = await looked()
  assert.deepEqual(all.filter((it) => /^(damaged|missing|unreadable)/.test(it)), [])
})

/** Tables as the database itself writes them out, with every row. */
const rest = (server: LabServer, ...tables: string[]): string => asPostgres(`${tools}/pg_dump`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', ...tables.flatMap((it) => ['-t', it]), 'shop').toString().replaceAll(/^\\(?:un)?restrict .*$/gm, '')

test('story 4: G-27 pages of PostgreSQL are found by a scan of the stopped cluster, only their table is restored, and all others keep every row', { timeout: 180_000 }, async () => {
  const server = await postgres()
  try {
    const sql = (text: string): string => asPostgres(`${tools}/psql`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-d', 'shop', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', text).toString().trim()
    await server.stop()
    asPostgres(`${tools}/pg_checksums`, '--enable', '--no-sync', '-D', `${server.folder}/data`)
    await server.start()
    sql(`create table orders (id serial primary key, note text, at timestamptz not null default now(), n int generated always as identity); alter table orders owner to app; grant select on orders to public; comment on table orders is 'mine'; create index orders_note on orders (left(note, 9));
      insert into orders (note, at) select repeat(md5(i::text), 5), '2026-01-01'::timestamptz + i * interval '1 min' from generate_series(1, 20000) i;
      create table other (id int primary key, words text); insert into other select i, md5(i::text) from generate_series(1, 5000) i; create table held (id serial primary key, other int references other)`)
    asPostgres(`${tools}/pg_dump`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-Fc', '-f', `${server.folder}/run/shop.dump`, 'shop')
    cpSync(`${server.folder}/run/shop.dump`, at('nas/shop.dump'))
    sql(`insert into orders (note, at) select 'new', '2026-03-01'::timestamptz + i * interval '1 min' from generate_series(1, 30) i`)
    for (const text of ['alter role app createdb', 'alter database shop owner to app', 'create role teller login', 'grant pg_execute_server_program to teller', 'create extension amcheck', 'checkpoint']) sql(text)
    const [relation, index] = [sql("select pg_relation_filepath('orders')"), sql("select pg_relation_filepath('orders_note')")]
    await server.stop()
    for (const [file, page] of [[relation, 3], [relation, 200], [index, 4]] as const) flip(`${server.folder}/data/${file}`, page * 8192 + 5000)
    const report = await scanPages({ folder: `${server.folder}/data`, signal: never })
    await server.start()
    assert.equal(report.bad.length, 3)
    const damage = readDamage({ schema: 'holdfast.pages/1', ...report })
    assert(typeof damage !== 'string')
    writeFileSync(path.join(server.folder, 'data/pg_hba.conf'), 'local all postgres trust\nhost all postgres,teller 127.0.0.1/32 trust\nhost all app 127.0.0.1/32 scram-sha-256\n')
    server.sql('select pg_reload_conf()')
    const to: Target & { readonly is: 'database' } = { is: 'database', url: `postgres://app:app@127.0.0.1:${server.port}/shop`, says: 'shop' }
    const units = damage.paths.map((it): DamagedUnit => ({ is: 'file', path: it }))
    const others = rest(server, 'other', 'held')
    const made = await beside('postgres', 'shop.dump', to, units, { begun: { manifest: { rows: { 'public.orders': { least: 20000, most: 20000, exact: true } }, files: {} } } })
    assert.match(`${made.others.join('; ')} ${made.report.says}`, /the index orders_note is damaged, and its table is not: REINDEX INDEX orders_note/)
    const [unit, ...more] = swapOf(made).units
    assert(unit !== undefined && more.length === 0)
    assert.equal(unit.name, 'public.orders')
    assert.match(unit.checked, /^20000 rows restored, rows as the manifest says, /)
    assert.match(unit.lost, /^30 rows that could still be read in the damaged one \(20001, 20002, .*…\); what stood in the part that cannot be read \(2 of \d+ pages: 3, 200\)/)
    assert.match(unit.lost, /the newest that could be read is of 2026-03-01T00:30:00.000Z, the newest restored of 2026-01-14T21:20:00.000Z/)
    assert.throws(() => sql('select count(note) from orders'), 'what lives was not touched so far')
    const done = await put(to, 'postgres', made)
    assert.deepEqual(done, { verdict: 'swapped', says: '', swapped: ['public.orders'], engine_said: '' })
    assert.equal(rest(server, 'other', 'held'), others, 'all other tables are as they were')
    assert.deepEqual([sql('select count(*) from orders'), sql(`select count(*) from ${unit.aside} where ctid < '(3,0)'`) !== '0', sql("select obj_description('orders'::regclass, 'pg_class') || tableowner from pg_tables where tablename = 'orders' and schemaname = 'public'")], ['20000', true, 'mineapp'])
    assert.equal(sql("select has_table_privilege('app', 'orders', 'insert') and relacl::text like '%=r/app%' from pg_class where oid = 'orders'::regclass"), 't')
    assert.equal(sql("insert into orders (note) values ('after') returning id || ' ' || n"), '20031 20031', 'sequences go on where they were')
    assert.match(sql('explain select 1 from orders where id = 5'), /orders_pkey/)
    const again = await restoreTools.swap({ swap: swapOf(made), engine: 'postgres', at: to, scratch: at('scratch'), signal: never })
    assert.deepEqual([again.verdict, /HF|another table|does not exist/.test(again.says + again.engine_said)], ['refused', true])
    const whole = { ...common, begun: await begun('postgres', 'shop.dump'), to: { ...to, url: to.url.replace(/shop$/, 'anew') } }
    const anew = await restoreTools.whole(whole)
    assert.deepEqual([anew.verdict, anew.checks[0]?.text], ['restored', '3 tables with 25000 rows can be read'], anew.says + anew.engine_said)
    assert.match((await restoreTools.whole({ ...whole, begun: await begun('postgres', 'shop.dump') })).says, /the database anew is there already/)
    // A dump is run by nobody who may run programs of that machine, before anything is fetched, unless that was said.
    for (const [user, says] of [['postgres', /^postgres is a superuser, so what the dump says could run commands/], ['teller', /^teller may act as pg_execute_server_program, so/], ['nobody', /did not say by whose rights the dump would run there/]] as const) {
      const mighty: Target & { readonly is: 'database' } = { ...to, url: to.url.replace('app:app', user) }
      const reports: readonly RestoreReport[] = [await restoreTools.whole({ ...whole, begun: await begun('postgres', 'shop.dump'), to: { ...mighty, url: mighty.url.replace(/shop$/, 'mine') } }), (await beside('postgres', 'shop.dump', mighty, [{ is: 'table', name: 'orders' }])).report]
      for (const report of reports) assert.deepEqual([report.verdict, says.test(report.says), /--as-superuser/.test(report.says), report.bytes, report.phases], ['refused', true, user !== 'nobody', 0, []], report.says)
    }
    const mine = await restoreTools.whole({ ...whole, begun: await begun('postgres', 'shop.dump'), asSuperuser: true, to: { ...to, url: to.url.replace('app:app', 'postgres').replace(/shop$/, 'mine') } })
    assert.equal(mine.verdict, 'restored', mine.says + mine.engine_said)
    // What a rename would break is refused in words, and nothing is made.
    const refused = await beside('postgres', 'shop.dump', to, [{ is: 'table', name: 'other' }, { is: 'table', name: 'none' }])
    assert.match(refused.others.join('; '), /public\.other is not restored: it cannot be replaced by a rename: the foreign key held_other_fkey of held holds on to it.*public\.none is not restored: .*there is no such table/)
    assert.equal(refused.swap, undefined)
  } finally {
    await server.close()
  }
})

test('story 4: G-27 a table of MariaDB with flipped bytes is found on the stopped server, it alone is restored, and all others keep every row', { timeout: 180_000 }, async () => {
  const server = await mariadb()
  try {
    const dump = (...tables: string[]): string => execFileSync('mariadb-dump', ['--no-defaults', `--socket=${server.folder}/run/s.sock`, '-uroot', '--skip-dump-date', '--triggers', 'shop', ...tables], { maxBuffer: 1 << 28 }).toString()
    server.sql(`create user ada@'127.0.0.1' identified by 'it''s "ada"'; grant all on *.* to ada@'127.0.0.1'; create user bo@'127.0.0.1' identified by 'bo'; grant all on shop.* to bo@'127.0.0.1'; grant all on \`holdfast\\_restore\\_%\`.* to bo@'127.0.0.1'; grant process, slave monitor on *.* to bo@'127.0.0.1'; create user dull@'127.0.0.1' identified by 'dull'; grant all on shop.* to dull@'127.0.0.1'; create role mighty; grant file on *.* to mighty; create user chen@'127.0.0.1' identified by 'chen'; grant mighty to chen@'127.0.0.1'; create role harmless; grant harmless to bo@'127.0.0.1'; use shop;
      create table orders (id int primary key auto_increment, note varchar(300), at datetime, key (at)) comment 'mine'; insert into orders (note, at) select concat(repeat(md5(seq), 5), ';\\'\\\\\n-- x'), '2026-01-01' + interval seq minute from seq_1_to_20000;
      create table other (id int primary key, words text); insert into other select seq, md5(seq) from seq_1_to_3000; create table held (id int primary key, other int, foreign key (other) references other (id)); create view latest as select * from orders where id > 19000;
      create table \`ordérs-x\` (id int primary key, t text, fulltext key (t)); insert into \`ordérs-x\` values (1, 'hello world')`)
    writeFileSync(at('nas/shop.sql'), dump())
    server.sql("use shop; insert into orders (id, note, at) select 20000 + seq, 'new', '2026-03-01' + interval seq minute from seq_1_to_30")
    await server.stop()
    const files = readdirSync(`${server.folder}/data/shop`).filter((it) => it.endsWith('.ibd'))
    flip(`${server.folder}/data/shop/orders.ibd`, 200 * 16384 + 5000)
    const said = execFileSync('sh', ['-c', 'for it in "$1"/shop/*.ibd; do innochecksum "$it" 2>&1 || echo "$it"; done', 'sh', `${server.folder}/data`]).toString()
    const bad = readInnochecksum(said)
    assert(typeof bad !== 'string', said)
    assert.deepEqual(bad.paths.map((it) => path.basename(it)), ['orders.ibd'])
    await server.start()
    const as = (user: string, word = user): Target & { readonly is: 'database' } => ({ is: 'database', url: `mysql://${user}:${encodeURIComponent(word)}@127.0.0.1:${server.port}/shop`, says: 'shop' })
    const [to, ada] = [as('bo'), as('ada', 'it\'s "ada"')]
    const others = dump('other', 'held')
    const made = await beside('mariadb', 'shop.sql', to, bad.paths.map((it) => ({ is: 'file', path: it })), { begun: { manifest: { rows: { orders: { least: 20000, most: 20000, exact: true } }, files: {} } } })
    const [unit, ...more] = swapOf(made).units
    assert(unit !== undefined && more.length === 0)
    assert.match(unit.checked, /^20000 rows restored, CHECK TABLE, rows as the manifest says$/)
    assert.match(unit.lost, /^30 rows that could still be read in the damaged one \(20001, 20002, .*…\); what stood in the part that cannot be read \(id \d+ to \d+\), as far as it is newer than the copy; the newest that could be read is of 2026-03-01 00:30:00, the newest restored of 2026-01-14 21:20:00$/)
    assert.throws(() => server.sql('select count(note) from shop.orders'), 'what lives was not touched so far')
    const done = await put(to, 'mariadb', made)
    assert.deepEqual(done, { verdict: 'swapped', says: '', swapped: ['orders'], engine_said: '' })
    assert.equal(dump('other', 'held'), others, 'all other tables are as they were')
    assert.deepEqual([server.sql('select count(*) from shop.orders').trim(), server.sql('select count(*) from shop.latest').trim(), server.sql(`select count(*) from shop.${unit.aside} where id < 100`).trim()], ['20000', '1000', '99'])
    const wrote = server.sql("insert into shop.orders (note) values ('after'); select max(id) from shop.orders; check table shop.orders extended")
    assert(Number(wrote.split('\n')[0]) > 20030, wrote)
    assert.match(wrote, /^shop\.orders\tcheck\tstatus\tOK$/m, 'numbers go on where they were')
    const again = await restoreTools.swap({ swap: swapOf(made), engine: 'mariadb', at: to, scratch: at('scratch'), signal: never })
    assert.equal(again.verdict === 'refused' || again.verdict === 'unknown', true, JSON.stringify(again))
    // The server reads the names of its files; of some it knows the table by a number, and some are of none.
    const odd = files.filter((it) => /^(?:FTS_\w+_CONFIG|ord@.*)\.ibd$/.test(it))
    assert.equal(odd.length, 2)
    const meant = await beside('mariadb', 'shop.sql', to, [...odd.map((it) => `shop/${it}`), 'ibdata1', 'shop/#sql-alter-1.ibd', 'mysql/gtid_slave_pos.ibd', 'lone.ibd'].map((it) => ({ is: 'file', path: it })))
    assert.deepEqual(swapOf(meant).units.map(({ name }) => name), ['ordérs-x'])
    for (const says of [/ibdata1 is of the whole server/, /#sql-alter-1\.ibd is what an ALTER TABLE left/, /belongs to the database mysql/, /lone\.ibd does not say of which database/]) assert.match(meant.others.join('; '), says)
    const refused = await beside('mariadb', 'shop.sql', to, [{ is: 'table', name: 'other' }, { is: 'table', name: 'latest' }])
    // A dump is run by nobody who may touch files of that machine, unless that was said.
    for (const [target, says] of [[ada, /^ada has ALL PRIVILEGES on the whole server, so/], [as('chen'), /^chen has FILE on the whole server, so/]] as const) {
      const { report } = await beside('mariadb', 'shop.sql', target, [{ is: 'table', name: 'other' }])
      assert.deepEqual([report.verdict, says.test(report.says), report.bytes], ['refused', true, 0], report.says)
    }
    assert.match(refused.others.join('; '), /other is not restored: .*the foreign key held_ibfk_1 of held holds on to it.*latest is not restored: .*no plain table \(view\)/)
    const blind = await beside('mariadb', 'shop.sql', as('dull'), [{ is: 'table', name: 'orders' }])
    assert.match(blind.report.says, /it cannot be known whether this server follows another one: .* SLAVE MONITOR/)
    // The whole, into a database that is not there yet; and never into one that is.
    const whole = { ...common, asSuperuser: true, begun: await begun('mariadb', 'shop.sql'), to: { ...ada, url: ada.url.replace(/shop$/, 'anew') } }
    const report = await restoreTools.whole(whole)
    assert.deepEqual([report.verdict, report.phases.map(({ name }) => name), report.checks[0]?.text], ['restored', ['fetch', 'restore', 'checks', 'name'], '4 tables with 23001 rows, by CHECK TABLE'], report.says + report.engine_said)
    assert.match((await restoreTools.whole({ ...whole, begun: await begun('mariadb', 'shop.sql') })).says, /the database anew is there already/)
    assert.equal(server.sql('checksum table anew.other, shop.other').trim().split('\n').map((line) => line.split('\t')[1]).filter((it, _, all) => it === all[0]).length, 2)
  } finally {
    await server.close()
  }
})
