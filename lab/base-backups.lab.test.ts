// Base backups of a real PostgreSQL with the WAL behind them: restored in a cell to their newest commit, with nothing left of what made them a
// production server. How bad ones are found out: base-backups.long.test.ts.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { archiving, as, ASSERT, bin, QUIET } from './archiving.ts'
import { askedBy, brief, drilling } from './drilling.ts'
import { restored, serving } from './restoring.ts'
import type { LabServer } from './servers.ts'

const it = drilling('base-backups')
const { nas, drill } = it
const base = { engine: 'postgres', wal: 'wal/' }
let shop: LabServer | undefined
before(async () => {
  shop = await archiving(it)
}, { timeout: 120_000 })
after(async () => {
  await shop?.close()
  it.close()
})

test('G-26 a base backup that would archive into production is restored to its newest commit, and does nothing of the kind', { timeout: 240_000 }, async () => {
  const archived = readdirSync(nas('wal')).length
  const report = await drill('folder/backup_manifest', { ...base, assertions: [...ASSERT, QUIET], manifest: { rows: { orders: { least: 5000, most: 5000, exact: true } } } })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions'])
  assert.match(report.held?.of ?? '', /^the cluster \d+, WAL up to 0\/[0-9A-F]+ of timeline 1, its newest commit$/)
  assert(Math.abs((report.held?.at ?? 0) - Date.now()) < 120_000, 'what would be lost is counted from the newest commit')
  const tar = await drill('base.tar', { ...base, assertions: [...ASSERT, QUIET], ...askedBy([bin('psql'), '{{url}}', '-XAtqc', "insert into orders (note) values ('asked') returning 'by ' || current_user || ' in ' || current_database()"], 'by app in shop') })
  assert.equal(brief(tar), 'passed L7:  | ', 'an application is the owner of the database')
  // By itself it holds what was there when it was made.
  const alone = await drill('base.tar', { engine: 'postgres', assertions: [{ is: 'sql', sql: 'select count(*) = 3000 from orders' }] })
  assert.equal(brief(alone), 'passed L6:  | ')
  assert.equal(readdirSync(nas('wal')).length, archived, 'nothing was archived')
})

test('G-26 a base backup and its WAL are restored to live, for the account of its server, with all that it was and nothing that acts as production', { timeout: 240_000 }, async () => {
  const lives = path.join(it.folder, 'lives')
  mkdirSync(lives)
  execFileSync('chown', ['postgres:', lives])
  const to = path.join(lives, 'shop')
  const archived = readdirSync(nas('wal')).length
  const given = { engine: 'postgres', server: { wal: 'wal/', assert: ASSERT } }
  const report = await restored(it, 'folder/backup_manifest', to, given)
  assert.deepEqual([report.verdict, report.says, report.engine_said], ['restored', '', ''])
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions', 'name'])
  assert(report.next?.some((line) => line.includes(`pg_ctl -D ${to} `)), report.next?.join('; '))
  assert.deepEqual(readdirSync(lives), ['shop'], 'nothing is left beside it')
  const found = execFileSync('find', [to, '!', '(', '-user', 'postgres', '-a', '(', '-type', 'd', '-perm', '700', '-o', '-type', 'f', '-perm', '600', ')', ')'], { encoding: 'utf8' })
  assert.equal(found, '', 'all of it belongs to the account that its folder belongs to, and is closed for others')
  const said = await serving('postgres', [bin('postgres'), '-D', to, '-c', `unix_socket_directories=${to}`, '-c', 'listen_addresses='], /ready to accept connections/, () =>
    as([bin('psql'), '-XAtq', '-h', to, '-U', 'postgres', '-d', 'shop', '-c', `select count(*) from orders; select current_setting('archive_mode') || current_setting('primary_conninfo') || current_setting('max_logical_replication_workers') || current_setting('wal_level') || pg_is_in_recovery(); select evtenabled from pg_event_trigger; select count(*) from pg_roles where rolname like 'drill%'; select count(*) from pg_namespace where nspname like 'holdfast%'`]).toString())
  assert.equal(said, '5000\noff0replicafalse\nO\n0\n0\n', 'its databases are as they were: what was looked over was another copy')
  assert.equal(readdirSync(nas('wal')).length, archived, 'nothing was archived')
  assert.match((await restored(it, 'folder/backup_manifest', to, given)).says, /shop is not empty: a restore writes over nothing/)
})
