// Base backups of a real PostgreSQL with the WAL behind them: restored in a cell to their newest commit, with nothing left of what made them a
// production server; what is wrong with the copy or with its WAL is found out, and missing segments are named.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hours } from '../src/core/time.ts'
import type { Assertion } from '../src/ports/backup.ts'
import { brief, drilling, flip } from './drilling.ts'
import { postgres, type LabServer } from './servers.ts'

const { folder, nas, drill, close } = drilling('base-backups')
const bin = (name: string): string => path.join('/usr/lib/postgresql', readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a))[0] ?? '', 'bin', name)
const ASSERT: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) = 5000 from orders' }, { is: 'newest', sql: 'select max(created_at) from orders', within: hours(1) }]
/** What a production server would do, and this one must not. */
const QUIET: Assertion = { is: 'sql', sql: `select current_setting('archive_mode') = 'off' and current_setting('archive_command') in ('', '(disabled)') and current_setting('primary_conninfo') = '' and current_setting('restore_command') = '' and current_setting('shared_preload_libraries') = '' and current_setting('max_logical_replication_workers') = '0' and not pg_is_in_recovery() and not exists (select from pg_event_trigger where evtenabled <> 'D')` }
let shop: LabServer

const as = (...argv: string[]): void => void execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...argv], { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
const sql = (text: string): void => void execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '-d', 'shop'], { input: text, cwd: '/' })
const basebackup = (to: string, ...args: string[]): void => as(bin('pg_basebackup'), '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '--checkpoint=fast', '-D', to, ...args)
const base = { engine: 'postgres', wal: 'wal/' }
const like = (good: string, name: string, change: (at: string) => void): string => {
  cpSync(nas(good), nas(name), { recursive: true })
  change(nas(name))
  return name
}

before(async () => {
  shop = await postgres()
  mkdirSync(nas('wal'))
  mkdirSync(nas('folder'))
  for (const at of [nas('wal'), nas('folder')]) execFileSync('chown', ['postgres:', at])
  appendFileSync(path.join(shop.folder, 'data/pg_hba.conf'), 'local replication postgres trust\n')
  // As on a server that would go on archiving, following and loading wherever it is started.
  sql(`alter system set archive_mode = always; alter system set archive_command = 'test ! -e ${nas('wal')}/%f && cp %p ${nas('wal')}/%f'; alter system set primary_conninfo = 'host=10.0.0.1 user=replicator';`)
  await shop.stop()
  await shop.start()
  sql(`create table orders (id serial primary key, created_at timestamptz not null default now(), note text); alter table orders owner to app; create index on orders (note);
    insert into orders (note) select repeat(md5(n::text), 10) from generate_series(1, 3000) n;
    create function loud() returns event_trigger language plpgsql as $_$ begin raise exception 'an event trigger ran'; end $_$; alter role postgres set statement_timeout = '1ms'; alter database shop set search_path = public;`)
  sql('set statement_timeout = 0; create event trigger loud on ddl_command_start execute function loud()')
  basebackup(nas('folder'), '-X', 'none', '-Fp', '--no-sync')
  writeFileSync(nas('base.tar'), execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('pg_basebackup'), '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '--checkpoint=fast', '-D', '-', '-Ft', '-X', 'fetch'], { maxBuffer: 1 << 29, cwd: '/' }))
  // Each in a segment of its own.
  for (let i = 0; i < 4; i++) sql(`set statement_timeout = 0; insert into orders (note) select repeat(md5(n::text), 10) from generate_series(1, 500) n; select pg_switch_wal()`)
  for (const end = performance.now() + 20_000; readdirSync(path.join(shop.folder, 'data/pg_wal/archive_status')).some((name) => name.endsWith('.ready')); await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'WAL was not archived')
  // So that this test may read and change what it holds.
  execFileSync('chmod', ['-R', 'a+rX', nas()])
}, { timeout: 120_000 })
after(async () => {
  await shop.close()
  close()
})

test('G-26 a base backup that would archive into production is restored to its newest commit, and does nothing of the kind', { timeout: 120_000 }, async () => {
  const archived = readdirSync(nas('wal')).length
  const report = await drill('folder/backup_manifest', { ...base, assertions: [...ASSERT, QUIET], manifest: { rows: { orders: { least: 5000, most: 5000, exact: true } } } })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions'])
  assert.match(report.held?.of ?? '', /^the cluster \d+, WAL up to 0\/[0-9A-F]+ of timeline 1, its newest commit$/)
  assert(Math.abs((report.held?.at ?? 0) - Date.now()) < 120_000, 'what would be lost is counted from the newest commit')
  const tar = await drill('base.tar', { ...base, assertions: [...ASSERT, QUIET] })
  assert.equal(brief(tar), 'passed L6:  | ')
  // By itself it holds what was there when it was made.
  const alone = await drill('base.tar', { engine: 'postgres', assertions: [{ is: 'sql', sql: 'select count(*) = 3000 from orders' }] })
  assert.equal(brief(alone), 'passed L6:  | ')
  assert.equal(readdirSync(nas('wal')).length, archived, 'nothing was archived')
})

test('G-2 a base backup that is bad fails in words, and missing WAL is named', { timeout: 240_000 }, async () => {
  const segments = readdirSync(nas('wal')).filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted()
  const label = readFileSync(nas('folder', 'backup_label'), 'utf8')
  const first = /file ([0-9A-F]{24})/.exec(label)?.[1] ?? ''
  const later = segments.filter((name) => name > first)
  const walWithout = (name: string, change: (at: string) => void): { readonly engine: string; readonly wal: string } => ({ engine: 'postgres', wal: `${like('wal', name, change)}/` })
  const largest = (at: string): string => execFileSync('sh', ['-c', 'ls -S "$1"/base/*/* | head -n 1', 'sh', at], { encoding: 'utf8' }).trim()
  const whole = readFileSync(nas('base.tar'))
  writeFileSync(nas('cut.tar'), whole.subarray(0, whole.length / 2))
  writeFileSync(nas('empty.tar'), '')
  const cases: readonly (readonly [string, Parameters<typeof drill>[1], RegExp])[] = [
    [`${like('folder', 'flipped', (at) => flip(largest(at), 0.5))}/backup_manifest`, base, /^failed L1: the base backup is not what it was when it was made \| .*checksum mismatch for file/s],
    [`${like('folder', 'short', (at) => truncateSync(largest(at), 8192))}/backup_manifest`, base, /^failed L1: the base backup is not what it was when it was made \| .*has size \d+ on disk but size \d+ in the manifest/s],
    [`${like('folder', 'lacks', (at) => rmSync(largest(at)))}/backup_manifest`, base, /^failed L1: the base backup is not what it was when it was made \| .*present in the manifest but not on disk/s],
    [`${like('folder', 'unlabelled', (at) => rmSync(path.join(at, 'backup_label')))}/backup_manifest`, base, /^failed L1: there is no backup_label in it: it is a copy of a data folder/],
    [`${like('folder', 'newer', (at) => writeFileSync(path.join(at, 'PG_VERSION'), '42\n'))}/backup_manifest`, base, /^unknown L1: this base backup is of PostgreSQL 42, and can be started by no other; here are: .*Install postgresql-42/],
    ['folder/backup_manifest', { engine: 'postgres' }, /^unknown L1: WAL that it needs lies outside of it \([0-9A-F]{24}.*\): say in which folder of this store/],
    ['folder/backup_manifest', walWithout('no-start', (at) => rmSync(path.join(at, first))), new RegExp(`^failed L1: the base backup cannot become consistent, since WAL that it needs is missing: ${first}; \\d+ segments behind it are of no use`)],
    ['folder/backup_manifest', walWithout('gap', (at) => rmSync(path.join(at, later[1] ?? ''))), new RegExp(`^failed L1: the WAL has a gap: ${later[1]} is missing; \\d+ segments? behind it`)],
    ['folder/backup_manifest', walWithout('short-wal', (at) => truncateSync(path.join(at, later[1] ?? ''), 1_000_000)), new RegExp(`^failed L1: the WAL segment ${later[1]} has 1000000 bytes, where 16777216 are right`)],
    ['folder/backup_manifest', walWithout('flipped-wal', (at) => flip(path.join(at, later[1] ?? ''), 0.0005)), /^failed L3: the WAL is damaged: recovery ended at .*, and there is WAL up to [0-9A-F]{24}, which no restore reaches \| .*(?:checksum|invalid|unexpected|contrecord)/s],
    ['cut.tar', base, /^failed L1: the archive is broken: it ends in the middle of an entry/],
    ['empty.tar', base, /^failed L0: the copy is empty/],
    ['base.tar', { ...base, assertions: [{ is: 'sql', sql: 'select count(*) > 0 from invoices' }] }, /^failed L5: .*PostgreSQL cannot answer it on what was restored \| .*relation "invoices" does not exist/s],
  ]
  for (const [key, how, pattern] of cases) assert.match(brief(await drill(key, how)), pattern, `${key} ${how.wal ?? ''}`)
})

test('G-2 packed WAL is unpacked, and a timeline that begins in it is followed', { timeout: 120_000 }, async () => {
  const packed = like('wal', 'packed', (at) => execFileSync('sh', ['-c', 'cd "$1" && gzip -- ????????????????????????', 'sh', at]))
  assert.equal(brief(await drill('folder/backup_manifest', { engine: 'postgres', wal: `${packed}/`, assertions: ASSERT })), 'passed L6:  | ')
  // A server that was promoted on the same WAL.
  const other = path.join(folder, 'promoted')
  cpSync(nas('folder'), other, { recursive: true })
  const timelined = like('wal', 'timelines', () => undefined)
  writeFileSync(path.join(other, 'postgresql.auto.conf'), `restore_command = 'cp ${nas(timelined)}/%f %p'\narchive_mode = on\narchive_command = 'cp %p ${nas(timelined)}/%f'\nlisten_addresses = ''\nunix_socket_directories = '${other}'\nfsync = off\n`)
  writeFileSync(path.join(other, 'recovery.signal'), '')
  chmodSync(other, 0o700)
  execFileSync('chown', ['-R', 'postgres:', other, nas(timelined)])
  as(bin('pg_ctl'), '-D', other, '-w', '-t', '60', '-l', path.join(other, 'log'), 'start')
  try {
    const inOther = (text: string): string => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-At', '-h', other, '-U', 'postgres', '-d', 'shop', '-c', text], { encoding: 'utf8', cwd: '/' })
    for (const end = performance.now() + 30_000; inOther('select pg_is_in_recovery()').trim() !== 'f'; await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'it was not promoted')
    execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', bin('psql'), '-q', '-h', other, '-U', 'postgres', '-d', 'shop'], { input: `set statement_timeout = 0; insert into orders (note) values ('on the new timeline'); select pg_switch_wal();`, cwd: '/' })
    for (const end = performance.now() + 20_000; !readdirSync(nas(timelined)).some((name) => /^00000002[0-9A-F]{16}$/.test(name)); await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'the new timeline was not archived')
  } finally {
    as(bin('pg_ctl'), '-D', other, '-m', 'immediate', 'stop')
  }
  execFileSync('chmod', ['-R', 'a+rX', nas(timelined)])
  const report = await drill('folder/backup_manifest', { engine: 'postgres', wal: `${timelined}/`, assertions: [{ is: 'sql', sql: `select count(*) = 5001 from orders` }] })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.match(report.held?.of ?? '', /of timeline 2, its newest commit$/)
  assert(existsSync(nas(timelined, '00000002.history')))
  renameSync(nas(timelined, '00000002.history'), nas(timelined, 'set-aside'))
  const without = await drill('folder/backup_manifest', { engine: 'postgres', wal: `${timelined}/`, assertions: [{ is: 'sql', sql: `select count(*) = 5000 from orders` }] })
  assert.equal(brief(without), 'passed L6:  | ', 'without its history a timeline leads nowhere')
})
