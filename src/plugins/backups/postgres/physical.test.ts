// Base backups with programs that answer as PostgreSQL's do: what is switched off, in which order, and what is whose fault.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { instantOf } from '../../../core/time.ts'
import type { CopyGiven, Log, Logs, Restoring } from '../../../ports/backup.ts'
import { fakeCell, type Answers, type FakeCell } from '../../../ports/backup/fixtures/cell.ts'
import postgres from '../postgres.ts'

const BIN = ['initdb', 'postgres', 'psql', 'pg_restore', 'pg_amcheck', 'pg_verifybackup', 'pg_checksums']
const AT = instantOf(1_790_000_000_000)
const RUN = `${fakeCell({}).work}/run`
const SEGMENT = '000000010000000000000002'
const LABEL = `START WAL LOCATION: 0/2000028 (file ${SEGMENT})\nCHECKPOINT LOCATION: 0/2000060\nSTART TIMELINE: 1\n`
const CONTROL = `Database system identifier:           7400000000000000001
Time of latest checkpoint:            Sat Nov 21 14:31:28 2026
max_prepared_xacts setting:           7
Bytes per WAL segment:                16777216
Data page checksum version:           1
`
const REPLAYED = '2026-11-21 14:40:00 UTC [7] LOG:  redo done at 0/2000100 system usage: CPU\n2026-11-21 14:40:00 UTC [7] LOG:  last completed transaction was at log time 2026-11-21 14:39:58.5+00\n'

interface Given {
  readonly version?: string
  readonly label?: string
  readonly wal?: string
  readonly tablespaces?: string
  readonly quiet?: string
  readonly replayed?: string
  readonly logs?: Logs
  readonly answers?: Answers
  readonly database?: string
  readonly copy?: Partial<CopyGiven>
}

function drilled({ version = '15', label = LABEL, tablespaces = '', wal = `${SEGMENT}\n`, quiet = '', replayed = REPLAYED, logs, answers, database, copy }: Given = {}): { cell: FakeCell; it: Restoring } {
  const cell = fakeCell({
    machine: { '/usr/lib/postgresql': ['15'], '/usr/lib/postgresql/15/bin': BIN },
    answers(run) {
      const own = answers?.(run)
      if (own) return own
      if (run.program === 'ls') return { out: 'PG_VERSION\nbackup_label\nbackup_manifest\n' }
      if (run.program === 'sh' && run.args[1]?.includes('backup_manifest')) return { out: [`${version}\n`, label, '{ "WAL-Ranges": [{ "End-LSN": "0/2000100" }] }\n', tablespaces, wal].join('abc123\n') }
      if (run.program === 'pg_controldata') return { out: CONTROL }
      if (run.program === 'postgres') return run.input.startsWith('select datname') ? { out: 'backend> \t 1: datname = "shop" (typeid = 19)\n', err: replayed } : { err: quiet }
      if (run.program === 'psql') return { out: run.args.some((arg) => arg.includes('pg_roles')) ? 'postgres\n' : 't\n' }
      return undefined
    },
  })
  return { cell, it: postgres.open(database === undefined ? {} : { database }, cell, { at: AT, bytes: 1000, name: 'backup_manifest', ...(logs ? { logs } : {}), ...copy }) }
}

test('G-26 nothing of a base backup runs before it is no production server any more', async () => {
  const { cell, it } = drilled()
  assert.deepEqual([await it.structure(), await it.restore(), await it.integrity()], [{ is: 'pass' }, { is: 'pass' }, { is: 'pass' }])
  const conf = cell.files.get('base.conf') ?? ''
  for (const line of ['archive_mode = off', `archive_command = ''`, `primary_conninfo = ''`, `shared_preload_libraries = ''`, `session_preload_libraries = ''`, 'max_logical_replication_workers = 0', `listen_addresses = ''`, 'max_prepared_transactions = 7']) assert(conf.includes(line), line)
  const ran = cell.runs.map(({ program, args, input }) => `${program} ${args.join(' ')} ${input}`)
  const servers = cell.runs.filter(({ program }) => program === 'postgres')
  assert(servers.length >= 3 && servers.every(({ args }) => args[0] === '--single' && args.includes('config_file=/given/base.conf')), 'recovered where no worker and no trigger runs')
  assert(servers.some(({ args, input }) => args.at(-1) === 'shop' && input.includes(`update pg_event_trigger set evtenabled = 'D'`) && input.includes('update pg_subscription set subenabled = false')))
  const prepared = ran.findIndex((text) => text.includes('rm -rf postgresql.auto.conf standby.signal'))
  assert(prepared > 0 && prepared < ran.findIndex((text) => text.startsWith('postgres ')), 'what made it a standby is gone first')
  assert.deepEqual(it.held?.(), { at: Date.parse('2026-11-21T14:39:58.5Z'), of: 'the cluster 7400000000000000001, WAL up to 0/2000100 of timeline 1, its newest commit' })
  assert.equal((await it.prove({ is: 'sql', sql: 'select true' })).is, 'pass')
  const asked = cell.runs.at(-1)
  assert.match(asked?.args.join(' ') ?? '', /-U drill_abc123 -d dbname='shop' options='-c default_transaction_read_only=on/)
})

test('G-26 an application comes as the owner of the database, where that is an ordinary role, else as one that only reads', async () => {
  const reached = async (owner: string, database?: string): Promise<Readonly<Record<string, string>> | undefined> => {
    const { it } = drilled({ ...(database === undefined ? {} : { database }), answers: ({ program, args }) => (program === 'psql' && args.join(' ').includes('datdba') ? { out: owner } : undefined) })
    await it.structure()
    await it.restore()
    return it.reach?.()
  }
  assert.deepEqual(await reached('the shop\n'), { url: `postgresql://the%20shop@/shop?host=${RUN}`, socket: RUN, user: 'the shop', database: 'shop' })
  assert.equal((await reached('', 'other'))?.['url'], `postgresql://drill_abc123@/other?host=${RUN}`)
})

test('G-26 what cannot be switched off is not started', async () => {
  const { cell, it } = drilled({ quiet: 'ERROR:  permission denied for table pg_event_trigger\n' })
  await it.structure()
  await assert.rejects(it.restore(), (cause) => cause instanceof Fault && /could not be switched off, so it is not started/.test(cause.message))
  assert(!cell.runs.some(({ program }) => program === 'pg_checksums'))
})

test('G-26 what is to live is looked over in a copy of it, and is handed over unchanged but for what would act as production', async () => {
  const state = (text: string): Answers => ({ program, args }) => (program === 'pg_controldata' ? { out: `${CONTROL}Database cluster state:               ${text}\n` } : program === 'sh' && args[1]?.includes('quiet.conf') ? undefined : program === 'sh' && args[1]?.includes('has $at') ? { out: 'has postgresql.conf\nhas pg_hba.conf\n' } : undefined)
  const { cell, it } = drilled({ copy: { lives: true }, answers: state('shut down') })
  assert.deepEqual([await it.structure(), await it.restore(), await it.integrity()], [{ is: 'pass' }, { is: 'pass' }, { is: 'pass' }])
  const at = (one: { readonly args: readonly string[] }): string | undefined => one.args[one.args.indexOf('-D') + 1]?.slice(cell.work.length)
  const singles = cell.runs.filter(({ program }) => program === 'postgres')
  assert.deepEqual(singles.map((one) => [at(one), one.input.includes('pg_event_trigger')]), [['/pg', false], ['/looked', true], ['/looked', true]], 'what changes it is done to the copy alone')
  assert.deepEqual(cell.started.map((argv) => at({ args: argv })), ['/looked'])
  assert(cell.files.get('base.conf')?.includes('wal_level = replica'), 'a log that leads over its life can be read')
  const settled = await it.settle?.('/srv/shop')
  assert(settled && 'folder' in settled && settled.folder === `${cell.work}/pg` && settled.account === 'postgres')
  assert(settled.next.join('\n').includes('pg_ctl -D /srv/shop '))
  for (const line of [`archive_mode = 'off'`, `primary_conninfo = ''`, `max_logical_replication_workers = '0'`]) assert(cell.files.get('quiet.conf')?.includes(`${line}\n`), line)
  const cut = drilled({ copy: { lives: true }, answers: state('in production') }).it
  await cut.structure()
  await cut.restore()
  assert.deepEqual(await cut.settle?.('/srv/shop').then((step) => ('is' in step ? step.is : 'settled')), 'fail')
  assert.equal(drilled().it.settle, undefined, 'a drill hands nothing over')
})

test('G-2 a state of then is what PostgreSQL stops at; where it cannot, that is said and nothing else comes back', async () => {
  const until = Date.parse('2026-11-21T14:39:00Z')
  const { cell, it } = drilled({ copy: { lives: true, until: instantOf(until) }, logs: { list: async () => [{ key: 'w', name: '000000010000000000000003', bytes: 16_777_216, modifiedAt: AT }], bring: async () => '/given/logs' } })
  assert.deepEqual([(await it.structure()).is, (await it.restore()).is], ['pass', 'pass'], 'WAL behind it is not missed')
  assert(cell.files.get('base.conf')?.includes(`recovery_target_time = '2026-11-21 14:39:00.000+00'\nrecovery_target_action = promote`))
  const early = drilled({ copy: { lives: true, until: instantOf(Date.parse('2026-11-21T14:31:27Z')) } })
  await early.it.structure()
  const step = await early.it.restore()
  assert(step.is === 'fail' && step.says.startsWith('the copy holds what was written after 2026-11-21T14:31:27'))
  assert(!early.cell.runs.some(({ program }) => program === 'postgres'))
  const said = async (err: string): Promise<string> => {
    const one = drilled({ copy: { lives: true, until: instantOf(until) }, answers: ({ program, input }) => (program === 'postgres' && input.startsWith('select datname') ? { exit: 1, err: `${REPLAYED}FATAL:  ${err}\n` } : undefined) }).it
    await one.structure()
    const step = await one.restore()
    return step.is === 'pass' ? 'pass' : `${step.is}: ${step.says}`
  }
  assert.match(await said('recovery ended before configured recovery target was reached'), /^fail: no commit is known after 2026-11-21T14:39:00\.000Z: the newest one is of 2026-11-21T14:39:58\.500Z/)
  assert.match(await said('requested recovery stop point is before consistent recovery point'), /^fail: the copy ended after 2026-11-21T14:39:00/)
})

test('G-2 WAL that ends before its names do is damage, and is told in PostgreSQL’s words', async () => {
  const logs = (...names: string[]): Logs => ({ list: async () => names.map((name): Log => ({ key: `wal/${name}`, name, bytes: 16_777_216, modifiedAt: instantOf(AT + 5) })), bring: async () => '/given/logs' })
  const replayed = `LOG:  incorrect resource manager data checksum in record at 0/2000200\n${REPLAYED}`
  const { it } = drilled({ replayed, logs: logs('000000010000000000000003', '000000010000000000000004.gz') })
  assert.equal((await it.structure()).is, 'pass')
  assert.deepEqual(await it.restore(), { is: 'fail', says: 'the WAL is damaged: recovery ended at 0/2000100, and there is WAL up to 000000010000000000000004, which no restore reaches', said: 'LOG:  incorrect resource manager data checksum in record at 0/2000200' })
  const gap = await drilled({ logs: logs('000000010000000000000004') }).it.structure()
  assert(gap.is === 'fail' && /the WAL has a gap: 000000010000000000000003 is missing; one segment behind it is of no use/.test(gap.says))
})

test('X-9 what is ours to give leaves the copy unaccused', async () => {
  const lacks = await drilled({ wal: '' }).it.structure()
  assert(lacks.is === 'unknown' && lacks.says.includes(SEGMENT))
  await assert.rejects(drilled({ version: '17' }).it.structure(), (cause) => cause instanceof Fault && /is of PostgreSQL 17, and can be started by no other; here are: 15/.test(cause.message))
  const preloaded = drilled({ answers: ({ program, input }) => (program === 'postgres' && input.startsWith('select datname') ? { exit: 1, err: 'FATAL:  resource manager with ID 128 not registered' } : undefined) })
  await preloaded.it.structure()
  assert.equal((await preloaded.it.restore()).is, 'unknown')
  const several = drilled({ answers: ({ program, input }) => (program === 'postgres' && input.startsWith('select datname') ? { out: 'datname = "a" (typeid\ndatname = "b" (typeid\n', err: REPLAYED } : undefined) })
  await several.it.structure()
  await several.it.restore()
  assert.deepEqual(await several.it.reach?.(), { socket: RUN, user: 'drill_abc123' }, 'nobody guesses which one an application is of')
  const which = await several.it.prove({ is: 'sql', sql: 'select true' })
  assert(which.is === 'unknown' && /several databases \(a, b\): say which one is asked, as database: at the set/.test(which.says))
})

test('X-9 what is not brought back here is said before anything is: tablespaces, incremental copies, a server that is to go into a database', async () => {
  const said = async (given: Given): Promise<string> => {
    const step = await drilled(given).it.structure()
    return `${step.is}: ${step.is === 'pass' ? '' : step.says}`
  }
  // A tar says where they were by this file alone: there is no link in it.
  assert.match(await said({ tablespaces: '16400 /srv/fast\n' }), /^unknown: it has tablespaces, and only clusters without any are brought back here/)
  assert.match(await said({ version: '17', label: `${LABEL}INCREMENTAL FROM LSN: 0/2000028\nINCREMENTAL FROM TLI: 1\n` }), /^unknown: it is an incremental base backup, which is nothing without those before it: keep what pg_combinebackup makes/)
  const head = Buffer.alloc(1024)
  head.write('backup_label', 0)
  head.write(`0000644\0${'0000000\0'.repeat(2)}${'00000000000\0'.repeat(2)}        0`, 100)
  head.write('ustar\x0000', 257, 'latin1')
  head.write(`${head.subarray(0, 512).reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  const cell = fakeCell({ answers: ({ program }) => (program === 'head' || program === 'cat' ? { out: head } : undefined) })
  const live = postgres.live?.(cell, 'postgres://ada@db/shop')
  await assert.rejects(async () => live?.table('orders', { at: AT, bytes: 1000 }, '1'), (cause) => cause instanceof Fault && /one of a whole server \(a base backup\), and no dump: restore it whole into a new folder with --to, start that by itself .*, and copy the table out of it with pg_dump --table/.test(cause.message))
})

test('G-2 a copy of a running data folder is no base backup', async () => {
  const step = await drilled({ label: '' }).it.structure()
  assert(step.is === 'fail' && /there is no backup_label in it/.test(step.says))
})
