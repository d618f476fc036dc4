// Repositories of pgBackRest, encrypted, made from a real PostgreSQL: a backup is restored with the WAL behind it, and one that is bad fails in words.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hours, instantOf } from '../src/core/time.ts'
import type { Assertion } from '../src/ports/backup.ts'
import { as, bin } from './archiving.ts'
import { brief, drilling, flip } from './drilling.ts'
import { restored, serving } from './restoring.ts'
import { postgres, type LabServer } from './servers.ts'

const it = drilling('pgbackrest')
const { nas, drill } = it
const PASSWORD = 'pass of a repository'
const ASSERT: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) = 4000 from orders' }, { is: 'newest', sql: 'select max(created_at) from orders', within: hours(1) }, { is: 'sql', sql: `select current_setting('archive_mode') = 'off' and current_setting('archive_command') in ('', '(disabled)') and not pg_is_in_recovery()` }]
let shop: LabServer | undefined
const keyIn = (repository: string): string => `${repository}/backup/demo/${readdirSync(nas(repository, 'backup/demo')).find((name) => /^\d{8}-\d{6}F$/.test(name)) ?? ''}/backup.manifest`
const like = (name: string, change: (at: string) => void): string => {
  cpSync(nas('repo'), nas(name), { recursive: true, verbatimSymlinks: true })
  change(nas(name))
  return keyIn(name)
}
const largest = (folder: string): string => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)).filter((one) => statSync(one).isFile()).toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? ''
const segments = (at: string): readonly string[] => readdirSync(path.join(at, 'archive/demo'), { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9A-F]{24}-/.test(name)).toSorted().map((name) => path.join(at, 'archive/demo', name))

before(async () => {
  shop = await postgres()
  const [at, run, conf] = [`${shop.folder}/data`, `${shop.folder}/run`, `${shop.folder}/pgbackrest.conf`]
  mkdirSync(nas('repo'))
  execFileSync('chown', ['postgres:', nas('repo')])
  writeFileSync(conf, `[global]\nrepo1-path=${nas('repo')}\nrepo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=${PASSWORD}\nrepo1-retention-full=2\nlog-level-file=off\nlock-path=${run}\nstart-fast=y\n[demo]\npg1-path=${at}\npg1-socket-path=${run}\npg1-port=${shop.port}\n`)
  const sql = (text: string): void => void as([bin('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', run, '-p', `${shop?.port}`, '-U', 'postgres', '-d', 'shop'], text)
  const backrest = (...argv: string[]): void => void as(['pgbackrest', `--config=${conf}`, '--stanza=demo', ...argv])
  sql(`alter system set archive_mode = on; alter system set archive_command = 'pgbackrest --config=${conf} --stanza=demo archive-push %p'`)
  await shop.stop()
  await shop.start()
  backrest('stanza-create')
  sql('create table orders as select n id, now() created_at, repeat(md5(n::text), 20) note from generate_series(1, 3000) n')
  backrest('backup', '--type=full')
  sql('insert into orders select n, now() from generate_series(1, 500) n; select pg_switch_wal()')
  sql('insert into orders select n, now() from generate_series(1, 500) n; select pg_switch_wal()')
  for (const end = performance.now() + 30_000; readdirSync(`${at}/pg_wal/archive_status`).some((name) => name.endsWith('.ready')); await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'WAL was not archived')
  execFileSync('chmod', ['-R', 'a+rX', nas()])
}, { timeout: 180_000 })
after(async () => {
  await shop?.close()
  it.close()
})

test('G-26 a backup of pgBackRest passes to L6 with the WAL behind it, and archives nothing', { timeout: 240_000 }, async () => {
  const report = await drill(keyIn('repo'), { engine: 'pgbackrest', password: PASSWORD, assertions: ASSERT })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.match(report.held?.of ?? '', /^the cluster \d+, WAL up to 0\/[0-9A-F]+ of timeline 1, its newest commit$/)
  assert(!JSON.stringify(report).includes(PASSWORD))
})

test('G-2 a backup of pgBackRest is restored to live as of a time, encrypted as it is', { timeout: 240_000 }, async () => {
  const lives = path.join(it.folder, 'lives')
  mkdirSync(lives)
  execFileSync('chown', ['postgres:', lives])
  const to = path.join(lives, 'shop')
  const [at = 0] = as([bin('psql'), '-XAtq', '-h', `${shop?.folder}/run`, '-p', `${shop?.port}`, '-U', 'postgres', '-d', 'shop', '-c', 'select extract(epoch from max(created_at)) * 1000 from orders']).toString().split('\n').map(Number)
  const report = await restored(it, keyIn('repo'), to, { engine: 'pgbackrest', password: PASSWORD, until: instantOf(Math.floor(at)) })
  assert.deepEqual([report.verdict, report.says, report.engine_said], ['restored', '', ''])
  assert(!JSON.stringify(report).includes(PASSWORD))
  assert.throws(() => execFileSync('grep', ['-rqF', PASSWORD, to]), 'the password stands nowhere in it')
  const said = await serving('postgres', [bin('postgres'), '-D', to, '-c', `unix_socket_directories=${to}`, '-c', 'listen_addresses='], /ready to accept connections/, () =>
    as([bin('psql'), '-XAtq', '-h', to, '-U', 'postgres', '-d', 'shop', '-c', `select count(*) from orders; select current_setting('archive_mode') || pg_is_in_recovery()`]).toString())
  assert.equal(said, '3500\nofffalse\n')
})

test('G-2 a repository of pgBackRest that is bad fails in words, each for its own reason', { timeout: 240_000 }, async () => {
  const how = { engine: 'pgbackrest', password: PASSWORD }
  const cases: readonly (readonly [string, Parameters<typeof drill>[1], RegExp])[] = [
    [like('flipped', (at) => flip(largest(path.join(at, 'backup/demo', keyIn('repo').split('/')[3] ?? '')), 0.5)), how, /^failed L1: pgBackRest finds the repository damaged \| .*invalid checksum/s],
    [like('deleted', (at) => rmSync(largest(path.join(at, 'backup/demo', keyIn('repo').split('/')[3] ?? '')))), how, /^failed L1: pgBackRest finds the repository damaged \| .*file missing/s],
    [like('gap', (at) => rmSync(segments(at).at(-2) ?? '')), how, /^failed L3: the WAL has a gap: [0-9A-F]{24} is missing; one segment behind it is of no use/],
    [keyIn('repo'), { ...how, password: 'lost' }, /^failed L1: the repository does not open: the password that is configured is another one or missing/],
    [keyIn('repo'), { engine: 'pgbackrest' }, /^failed L1: the repository does not open: the password that is configured is another one or missing/],
  ]
  for (const [key, given, pattern] of cases) assert.match(brief(await drill(key, given)), pattern, key)
})
