// Copies of mariadb-backup, made from a real MariaDB: prepared, examined and asked in a cell; one that is bad fails in words, and what would act as a
// part of somebody's cluster does not.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hours, instantOf } from '../src/core/time.ts'
import type { Assertion } from '../src/ports/backup.ts'
import { askedBy, brief, drilling, flip } from './drilling.ts'
import { restored, serving } from './restoring.ts'
import { mariadb, type LabServer } from './servers.ts'

const { nas, drill, close, folder } = drilling('mariadb-backup')
const ASSERT: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) = 2000 from orders' }, { is: 'newest', sql: 'select max(created_at) from orders', within: hours(25) }]
const QUIET: Assertion = { is: 'sql', sql: 'select @@wsrep_on = 0 and @@event_scheduler in ("OFF", "DISABLED") and @@skip_networking and @@read_only' }
const maria = { engine: 'mariadb', assertions: ASSERT }
let server: LabServer | undefined
const like = (name: string, change: (at: string) => void): string => {
  cpSync(nas('folder'), nas(name), { recursive: true })
  change(nas(name))
  return `${name}/xtrabackup_info`
}
const backup = (...args: string[]): Buffer => execFileSync('mariadb-backup', ['--no-defaults', '--backup', `--datadir=${server?.folder}/data`, '-S', `${server?.folder}/run/s.sock`, '-uroot', ...args], { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 29 })

before(async () => {
  server = await mariadb()
  server.sql(`use shop; create table orders (id int primary key auto_increment, created_at timestamp(3) not null, note text, key (note(20))) engine=innodb;
    insert into orders (created_at, note) select now(3) - interval seq minute, repeat(md5(seq), 10) from seq_1_to_2000; create table parts (id int) engine=aria; insert into parts select id from orders; create table old (id int, key (id)) engine=myisam; insert into old select id from orders;
    create event e on schedule every 1 second do delete from old; set global event_scheduler = on; flush tables orders for export; unlock tables;`)
  backup(`--target-dir=${nas('folder')}`)
  writeFileSync(nas('stream.xb'), backup('--stream=xbstream'))
  execFileSync('tar', ['-C', nas('folder'), '-czf', nas('folder.tar.gz'), '.'])
}, { timeout: 120_000 })
after(async () => {
  await server?.close()
  close()
})

test('G-26 a copy of mariadb-backup of every form passes to L6, as a server that acts for nobody', { timeout: 120_000 }, async () => {
  const report = await drill(like('good', (at) => {
    appendFileSync(path.join(at, 'backup-my.cnf'), 'wsrep_provider=/usr/lib/galera/libgalera_smm.so\nwsrep_cluster_address=gcomm://10.0.0.1\nwsrep_on=ON\nplugin_maturity=unknown\n')
    writeFileSync(path.join(at, 'grastate.dat'), 'version: 2.1\n')
  }), { ...maria, assertions: [...ASSERT, QUIET] })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions'])
  const application = askedBy(['/usr/bin/mariadb', '--no-defaults', '-S', '{{socket}}', '-u', '{{user}}', '-BNe', "insert into orders (created_at, note) values (now(), 'asked'); select concat(count(*) > 2000, ': {{url}}') from orders", '{{database}}'], '1: mysql://root@localhost/shop?socket=')
  assert.equal(brief(await drill('stream.xb', { ...maria, ...application })), 'passed L7:  | ')
  assert.equal(brief(await drill('folder.tar.gz', maria)), 'passed L6:  | ')
})

test('G-26 a copy of mariadb-backup is restored to live as a server of nobody’s cluster, with all its tables', { timeout: 120_000 }, async () => {
  const to = path.join(folder, 'restored')
  const report = await restored({ nas, folder }, like('member', (at) => writeFileSync(path.join(at, 'grastate.dat'), 'version: 2.1\n')), to, { engine: 'mariadb', server: { assert: ASSERT } })
  assert.deepEqual([report.verdict, report.says, report.engine_said], ['restored', '', ''])
  assert.equal(execFileSync('find', [to, '!', '-user', 'mysql'], { encoding: 'utf8' }), '', 'all of it belongs to the account of such servers')
  assert(!existsSync(path.join(to, 'grastate.dat')))
  const [program = '', ...words] = report.next?.[0]?.replace(/^.*?: (?=\/)/, '').replaceAll("'", '').split(' ') ?? []
  const said = await serving('mysql', [program, ...words.filter((word) => word !== '--user=mysql')], /ready for connections/, () =>
    execFileSync('mariadb', ['--no-defaults', '-S', `${to}/restored.sock`, '-uroot', '-BNe', 'select count(*) from shop.orders; select count(*) from shop.parts; select status from information_schema.events; check table shop.orders, shop.parts, shop.old extended'], { encoding: 'utf8' }))
  assert.match(said, /^2000\n2000\nENABLED\n(?:shop\.\w+\tcheck\tstatus\tOK\n){3}$/)
  assert.match((await restored({ nas, folder }, 'folder/xtrabackup_info', path.join(folder, 'later'), { engine: 'mariadb', until: instantOf(Date.now()) })).says, /holds one state alone/)
})

test('G-2 a copy of mariadb-backup that is bad fails in words, each for its own reason', { timeout: 240_000 }, async () => {
  const stream = readFileSync(nas('stream.xb'))
  writeFileSync(nas('cut.xb'), stream.subarray(0, stream.length * 0.9))
  writeFileSync(nas('empty.xb'), '')
  const any = { engine: 'mariadb' }
  const info = (from: RegExp, to: string) => (at: string): void => writeFileSync(path.join(at, 'xtrabackup_info'), readFileSync(path.join(at, 'xtrabackup_info'), 'utf8').replace(from, to))
  const cases: readonly (readonly [string, Parameters<typeof drill>[1], RegExp])[] = [
    [like('flipped', (at) => flip(path.join(at, 'shop/orders.ibd'), 0.6)), any, /^failed L(?:1|3|4): .* \| .*(?:orders|checksum|corrupt)/is],
    [like('aria', (at) => flip(path.join(at, 'shop/parts.MAD'), 0.3)), any, /^failed L4: MariaDB finds what was restored damaged \| /],
    [like('log', (at) => truncateSync(path.join(at, 'ib_logfile0'), 5_000)), any, /^failed L3: mariadb-backup cannot prepare the copy \| /],
    [like('no-end', (at) => rmSync(path.join(at, 'xtrabackup_checkpoints'))), any, /^failed L1: this is no copy of mariadb-backup, or its end is missing/],
    [like('newer', info(/^server_version = \S+/m, 'server_version = 42.1.0-MariaDB')), any, /^unknown L1: this copy is of MariaDB 42\.1\.0-MariaDB, and here is \d+\.\d+: /],
    [like('part', (at) => writeFileSync(path.join(at, 'xtrabackup_checkpoints'), 'backup_type = incremental\n')), any, /^unknown L1: it is an incremental copy, which is nothing without the one before it/],
    ['cut.xb', any, /^failed L1: (?:the stream cannot be unpacked|the end of the copy is missing|this is no copy of mariadb-backup, or its end is missing)/],
    ['empty.xb', any, /^failed L0: the copy is empty/],
    ['stream.xb', { ...any, assertions: [{ is: 'sql', sql: 'select count(*) > 0 from invoices' }] }, /^failed L5: .*MariaDB cannot answer it on what was restored \| .*shop\.invoices/s],
  ]
  for (const [key, how, pattern] of cases) assert.match(brief(await drill(key, how)), pattern, key)
})
