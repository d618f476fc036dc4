// Copies of mariadb-backup with programs that answer as MariaDB's do: what of their settings is used, what is examined, and what accuses nobody.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { instantOf } from '../../../core/time.ts'
import type { Cell, Restoring } from '../../../ports/backup.ts'
import { fakeCell, type Answers, type FakeCell } from '../../../ports/backup/fixtures/cell.ts'
import mariadb from '../mariadb.ts'
import { judgeCheck } from './physical.ts'

const BIN = ['mariadb', 'mariadb-check', 'mariadb-backup', 'mbstream', 'innochecksum', 'mariadb-install-db']
const CHECKPOINTS = 'backup_type = full-backuped\nto_lsn = 242649\n'
const INFO = 'server_version = 10.11.19-MariaDB-0+deb12u1\n'
const CNF = '[mysqld]\ninnodb_page_size=16384\ninnodb_data_file_path=ibdata1:12M:autoextend\nwsrep_on=ON\nwsrep_provider=/usr/lib/galera/libgalera_smm.so\nserver_id=7\n'

function drilled({ checkpoints = CHECKPOINTS, info = INFO, cnf = CNF, packed = '', pages = '', answers }: { checkpoints?: string; info?: string; cnf?: string; packed?: string; pages?: string; answers?: Answers } = {}): { cell: FakeCell; started: string[][]; it: Restoring } {
  const cell = fakeCell({
    machine: { '/usr/bin': BIN, '/usr/sbin': ['mariadbd'] }, ready: 'ready for connections',
    answers(run) {
      const own = answers?.(run)
      if (own) return own
      if (run.program === 'sh' && run.args[1]?.includes('xtrabackup_checkpoints ||')) return { out: [checkpoints, info, cnf, packed].join('abc123\n') }
      if (run.program === 'sh' && run.args[1]?.includes('--version')) return { out: 'mariadb-backup based on MariaDB server 10.11.19-MariaDB Linux (x86_64)\n' }
      if (run.program === 'sh' && run.args[1]?.includes('innochecksum')) return { out: pages }
      if (run.program === 'mariadb-backup') return { err: '[00] 2026-11-21 15:15:29 completed OK!\n' }
      if (run.program === 'mariadb') return { out: run.args.join(' ').includes('schemata') ? 'mysql\nshop\nsys\n' : '1\n' }
      return undefined
    },
  })
  const started: string[][] = []
  const seen: Cell = { ...cell, start: (argv, want) => {
    started.push([...argv])
    return cell.start(argv, want)
  } }
  return { cell, started, it: mariadb.open({}, seen, { at: instantOf(1_790_000_000_000), bytes: 1000, name: 'xtrabackup_info' }) }
}

test('G-26 a copy of a member of a cluster is started as nobody’s member, without plugins, events or its settings', async () => {
  const { cell, started, it } = drilled()
  assert.deepEqual([await it.structure(), await it.restore(), await it.integrity()].map((step) => step.is), ['pass', 'pass', 'pass'])
  assert.equal(cell.files.get('layout.cnf'), '[mysqld]\ninnodb_page_size=16384\ninnodb_data_file_path=ibdata1:12M:autoextend\n')
  const [argv = []] = started
  for (const wanted of ['--no-defaults', '--skip-grant-tables', '--wsrep-on=OFF', '--wsrep-provider=none', '--event-scheduler=OFF', '--skip-slave-start', '--skip-networking', '--read-only', '--innodb-page-size=16384']) assert(argv.includes(wanted), wanted)
  assert(!argv.join(' ').includes('galera'))
  assert.equal((await it.prove({ is: 'sql', sql: 'select true' })).is, 'pass')
  assert.equal(cell.runs.at(-1)?.args.at(-1), 'shop', 'the only database of people is asked')
})

test('G-26 what is to live is looked over in a copy of it, and would join nobody’s cluster', async () => {
  const cell = fakeCell({ machine: { '/usr/bin': BIN, '/usr/sbin': ['mariadbd'] }, ready: 'ready for connections', answers: (run) => drilled().cell.answer(run) })
  const it = mariadb.open({}, cell, { at: instantOf(1_790_000_000_000), bytes: 1000, name: 'xtrabackup_info', lives: true })
  assert.deepEqual([await it.structure(), await it.restore(), await it.integrity()].map((step) => step.is), ['pass', 'pass', 'pass'])
  assert.deepEqual(cell.started.map((argv) => argv.find((word) => word.startsWith('--datadir='))), [`--datadir=${cell.work}/looked`])
  const settled = await it.settle?.('/srv/shop')
  assert(settled && 'folder' in settled && settled.folder === `${cell.work}/db`)
  assert.match(settled.next[0] ?? '', /--datadir=\/srv\/shop .*--wsrep-on=OFF '--innodb-page-size=16384'/)
  assert(cell.runs.at(-1)?.args[1]?.includes('grastate.dat'))
})

test('G-2 pages that fit no checksum, and tables that their engine finds damaged, fail a copy', async () => {
  const { it } = drilled({ pages: './shop/orders.ibd is damaged:\nFail: page::4 invalid\n' })
  assert.equal((await it.structure()).is, 'pass')
  assert.equal((await it.restore()).is, 'pass')
  assert.deepEqual(await it.integrity(), { is: 'fail', says: 'pages of it do not fit their checksums', said: './shop/orders.ibd is damaged:\nFail: page::4 invalid' })
  assert.equal(judgeCheck({ exit: 0, out: 'shop.orders OK\n', err: '' }).is, 'pass')
  assert.equal(judgeCheck({ exit: 0, out: `shop.far\nError    : Unknown storage engine 'SPIDER'\nstatus   : Operation failed\n`, err: '' }).is, 'unknown')
  assert.equal(judgeCheck({ exit: 0, out: `shop.far\nError    : Unknown storage engine 'SPIDER'\nshop.parts\nerror    : Got error 176\n`, err: '' }).is, 'fail')
})

test('X-9 what is no whole copy of this version is not taken for one, and accused only of what it did', async () => {
  const said = async (given: Parameters<typeof drilled>[0]): Promise<string> => {
    const step = await drilled(given).it.structure()
    return step.is === 'pass' ? 'pass' : `${step.is}: ${step.says}`
  }
  assert.match(await said({ checkpoints: '' }), /^fail: this is no copy of mariadb-backup, or its end is missing/)
  assert.match(await said({ info: '' }), /^fail: the end of the copy is missing/)
  assert.match(await said({ checkpoints: 'backup_type = incremental\n' }), /^unknown: it is an incremental copy/)
  assert.match(await said({ packed: './shop/orders.ibd.qp\n' }), /^unknown: its files are packed with qpress/)
  assert.match(await said({ cnf: 'plugin_load_add=file_key_management\n' }), /^unknown: its tables are encrypted/)
  await assert.rejects(said({ info: 'server_version = 11.4.2-MariaDB\n' }), (cause) => cause instanceof Fault && /is of MariaDB 11\.4\.2-MariaDB, and here is 10\.11: /.test(cause.message))
})
