// Real servers that look over their own relations: an index that lost rows while every checksum of its pages fits, a damaged page, a table of MariaDB; with a role
// that may do nothing else, and with one that may not even that. What is said is held against pg_amcheck and mariadb-check.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openExamining } from '../src/processes/scan/relations/open.ts'
import { scanRelations } from '../src/processes/scan/relations/relations.ts'
import { scanPages } from '../src/processes/scan/pages.ts'
import { mariadb, postgres } from './servers.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-relations-'))
const examining = openExamining()
after(() => {
  examining.close()
  rmSync(folder, { recursive: true, force: true })
})
const never = new AbortController().signal
const tools = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)[0] ?? ''
const asPostgres = (...args: string[]): string => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...args], { cwd: '/', encoding: 'utf8' })
const flip = (file: string, where: number): void => {
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.from('damage'), 0, 6, where)
  closeSync(fd)
}

test('story 4: G-2 an index that lost rows is found by its server, relation by relation, where every checksum fits; what nobody may look at is unknown', { timeout: 240_000 }, async () => {
  const server = await postgres()
  try {
    const sql = (text: string): string => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', `${tools}/psql`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-d', 'shop', '-At', '-v', 'ON_ERROR_STOP=1', '-c', text], { cwd: '/', encoding: 'utf8' }).trim()
    const url = (user: string): string => `postgres://${user}:${user}@127.0.0.1:${server.port}/shop`
    const look = (user: string, more: Partial<Parameters<typeof scanRelations>[0]> = {}) => scanRelations({ url: url(user), connections: 2, signal: never, ...more }, examining)
    writeFileSync(`${server.folder}/data/pg_hba.conf`, 'local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
    sql("create role looker login password 'looker'; create role nobody login password 'nobody'; select pg_reload_conf()")
    sql("create table orders (id serial primary key, note text, payload text); create index orders_note on orders (note); insert into orders (note, payload) select md5(n::text), repeat(md5(n::text), 20) from generate_series(1, 120000) n; create table small (id int primary key, doc jsonb); create index small_doc on small using gin (doc); insert into small select n, '{}' from generate_series(1, 100) n; checkpoint")
    // Without the extension nothing is known, and that is said once.
    const bare = await look('looker')
    assert.deepEqual([bare.is, bare.relations, bare.damaged, bare.unknown.map(({ says }) => says.slice(0, 36))], ['ended', 0, [], ['the extension amcheck is not install']])
    sql('create schema checks; create extension amcheck schema checks; grant usage on schema checks to looker; grant execute on all functions in schema checks to looker')
    // A role without the right learns of nothing, and says so of tables and of indexes.
    const refused = await look('nobody')
    assert.deepEqual([refused.relations, refused.unknown.map(({ says }) => /^(tables|indexes) were not looked at/.exec(says)?.[1])], [0, ['tables', 'indexes']])
    const well = await look('looker')
    assert.deepEqual([well.is, well.damaged, well.unknown, well.relations, well.beyond], ['ended', [], [], well.of, [{ what: 'indexes of the kind gin', count: 1 }]])
    assert(well.of > 100, 'the catalogue of the system too')
    assert.equal(sql('select has_table_privilege(\'looker\', \'orders\', \'select\')'), 'f', 'and it needed no right to a single row')

    const [index, heap] = [sql("select pg_relation_filepath('orders_note')"), sql("select pg_relation_filepath('orders')")]
    await server.stop()
    asPostgres(`${tools}/pg_checksums`, '--enable', '-D', `${server.folder}/data`)
    await server.start()
    sql('checkpoint')
    await server.stop()
    copyFileSync(`${server.folder}/data/${index}`, path.join(folder, 'index'))
    await server.start()
    sql("update orders set note = 'new ' || id where id > 119000; checkpoint")
    await server.stop()
    // An index as it was an hour ago, as a snapshot that was not one brings it: every page of it fits its checksum.
    writeFileSync(`${server.folder}/data/${index}`, readFileSync(path.join(folder, 'index')))
    const pages = await scanPages({ folder: `${server.folder}/data`, signal: never })
    assert.deepEqual([pages.checksums, pages.bad], [true, []], 'no page says so')
    // And a page of the table itself, which its checksum does tell.
    flip(`${server.folder}/data/${heap}`, 9000 * 8192 + 5000)
    assert.deepEqual((await scanPages({ folder: `${server.folder}/data`, signal: never })).bad.map(({ path: at, block }) => `${at} ${block}`), [`${heap} 9000`])
    // The pages themselves, broken off at a rate and gone on with.
    const kept = path.join(folder, 'pages')
    const ends = new AbortController()
    const some = await scanPages({ folder: `${server.folder}/data`, rate: 60_000_000, journal: kept, signal: ends.signal, progress: ({ bytes }) => void (bytes > 60_000_000 && ends.abort()) })
    const rest = await scanPages({ folder: `${server.folder}/data`, journal: kept, signal: never })
    assert.deepEqual([some.is, rest.is, rest.resumed, rest.pages, rest.files, rest.checksums, rest.bad.length], ['stopped', 'ended', true, pages.pages, pages.files, true, 1])
    await server.start()
    const hurt = await look('looker', { connections: 3 })
    assert.deepEqual([hurt.is, hurt.unknown], ['ended', []])
    const named = [...new Set(hurt.damaged.map(({ relation }) => relation))].toSorted()
    const said = spawnSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', `${tools}/pg_amcheck`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-d', 'shop', '--heapallindexed'], { cwd: '/', encoding: 'utf8' }).stdout
    const theirs = [...new Set([...said.matchAll(/(?:heap table|btree index) "shop\.([\w.]+)"/g)].map(([, it]) => it ?? ''))].toSorted()
    assert.deepEqual(named, theirs, 'the same that pg_amcheck names')
    assert(named.includes('public.orders_note') && named.includes('public.orders'), named.join())
    const found = hurt.damaged.find(({ relation }) => relation === 'public.orders')
    // Only the range in which it lies; the next one was looked at.
    assert.deepEqual([found?.kind, found?.pages], ['heap', { from: 8192, to: null }])
    assert.match(found?.says ?? '', /invalid page in block 9000/)
    assert.match(hurt.damaged.find(({ relation }) => relation === 'public.orders_note')?.says ?? '', /orders_note|invalid page in block 9000/)

    // Broken off and gone on with: what was found well is not asked again, what is damaged is.
    const journal = path.join(folder, 'journal')
    const stop = new AbortController()
    const half = await look('looker', { journal, connections: 1, rate: 200_000_000, signal: stop.signal, progress: ({ files }) => void (files > 60 && stop.abort()) })
    assert.deepEqual([half.is, half.resumed], ['stopped', false])
    const on = await look('looker', { journal })
    assert.deepEqual([on.is, on.resumed, on.relations, [...new Set(on.damaged.map(({ relation }) => relation))].toSorted()], ['ended', true, hurt.relations, named])
    assert(!existsSync(journal))
    // A table that somebody holds for himself is waited for a moment, and is unknown.
    const holder = spawn('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', `${tools}/psql`, '-h', `${server.folder}/run`, '-p', `${server.port}`, '-U', 'postgres', '-d', 'shop', '-qAt', '-c', "begin; lock table small in access exclusive mode; select 'held'; select pg_sleep(60)"], { cwd: '/', stdio: ['ignore', 'ignore', 'ignore'] })
    while (sql("select count(*) from pg_locks where relation = 'small'::regclass and mode = 'AccessExclusiveLock' and granted") === '0') await new Promise((resolve) => void setTimeout(resolve, 50))
    const held = await look('looker')
    holder.kill('SIGKILL')
    assert.deepEqual([held.is, held.unknown.map(({ relation }) => relation ?? '').toSorted(), held.unknown.every(({ says }) => /lock timeout/.test(says))], ['ended', ['public.small', 'public.small_pkey'], true], JSON.stringify(held.unknown))
    // The server ends in the middle: nothing is said of the rest.
    let stopped: Promise<void> | undefined
    const halted = await look('looker', { connections: 1, rate: 20_000_000, progress: () => void (stopped ??= server.stop()) })
    await stopped
    assert.equal(halted.is, 'halted', JSON.stringify(halted).slice(0, 500))
    assert(halted.relations < halted.of && halted.says !== undefined)
  } finally {
    await server.close()
  }
})

test('story 4: a damaged table of MariaDB is found by CHECK TABLE over a connection, the others are well, and tables that a role cannot see are not passed', { timeout: 180_000 }, async () => {
  const server = await mariadb()
  try {
    server.sql(`create user looker@'127.0.0.1' identified by 'looker'; grant select on *.* to looker@'127.0.0.1'; create user part@'127.0.0.1' identified by 'part'; use shop;
      create table orders (id int primary key, note varchar(300), key (note)); insert into orders select seq, repeat(md5(seq), 5) from seq_1_to_20000; create table small (id int primary key) engine=myisam; insert into small values (1); create table mem (id int) engine=memory; grant select on shop.small to part@'127.0.0.1'`)
    const look = (user: string, name = 'shop', more: Partial<Parameters<typeof scanRelations>[0]> = {}) => scanRelations({ url: `mysql://${user}:${user}@127.0.0.1:${server.port}/${name}`, connections: 2, signal: never, ...more }, examining)
    const well = await look('looker')
    assert.deepEqual([well.is, well.of, well.relations, well.damaged, well.unknown, well.beyond], ['ended', 3, 3, [], [], [{ what: 'tables of engines without CHECK TABLE', count: 1 }]])
    const part = await look('part')
    assert.deepEqual([part.of, part.damaged, part.unknown.map(({ database }) => database)], [1, [], ['shop']])
    const all = await look('looker', '')
    assert(all.databases.includes('mysql') && all.of > 20 && all.unknown.length === 0 && all.damaged.length === 0, JSON.stringify(all).slice(0, 600))
    server.sql('set global innodb_fast_shutdown = 0')
    await server.stop()
    flip(`${server.folder}/data/shop/orders.ibd`, 200 * 16_384 + 5000)
    await server.start()
    const hurt = await look('looker')
    assert.deepEqual([hurt.is, hurt.unknown, hurt.damaged.map(({ relation }) => relation)], ['ended', [], ['shop.orders']], JSON.stringify(hurt))
    assert.match(hurt.damaged[0]?.says ?? '', /corrupt|page|index/i)
    const theirs = spawnSync('mariadb-check', ['--no-defaults', `--socket=${server.folder}/run/s.sock`, '-uroot', '--check', '--extended', 'shop'], { encoding: 'utf8' })
    assert.match(theirs.stdout, /shop\.orders\n(?:.*\n)*?(?:error|Warning)/i)
  } finally {
    await server.close()
  }
})
