// The ways in which base backups and the WAL behind them are bad: what is wrong is found out, and missing segments are named. Good ones of other forms: packed WAL, a timeline that leads on.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { archiving, as, ASSERT, bin, like } from './archiving.ts'
import { brief, drilling, flip } from './drilling.ts'
import type { LabServer } from './servers.ts'

const it = drilling('base-backups-long')
const { nas, drill } = it
const base = { engine: 'postgres', wal: 'wal/' }
const largest = (at: string): string => execFileSync('sh', ['-c', 'ls -S "$1"/base/*/* | head -n 1', 'sh', at], { encoding: 'utf8' }).trim()
const walWithout = (name: string, change: (at: string) => void): { readonly engine: string; readonly wal: string } => ({ engine: 'postgres', wal: `${like(it, 'wal', name, change)}/` })
const folderWith = (name: string, change: (at: string) => void): string => `${like(it, 'folder', name, change)}/backup_manifest`
/** Segments of the archive behind the one where the backup begins, and that one. */
function segments(): { readonly first: string; readonly later: readonly string[] } {
  const first = /file ([0-9A-F]{24})/.exec(readFileSync(nas('folder', 'backup_label'), 'utf8'))?.[1] ?? ''
  return { first, later: readdirSync(nas('wal')).filter((name) => /^[0-9A-F]{24}$/.test(name) && name > first).toSorted() }
}
let shop: LabServer | undefined
before(async () => {
  shop = await archiving(it)
}, { timeout: 120_000 })
after(async () => {
  await shop?.close()
  it.close()
})

test('G-2 a base backup that is bad fails in words, and missing WAL is named', { timeout: 600_000 }, async () => {
  const { first, later } = segments()
  writeFileSync(nas('empty.tar'), '')
  const cases: readonly (readonly [string, Parameters<typeof drill>[1], RegExp])[] = [
    [folderWith('flipped', (at) => flip(largest(at), 0.5)), base, /^failed L1: the base backup is not what it was when it was made \| .*checksum mismatch for file/s],
    [folderWith('newer', (at) => writeFileSync(path.join(at, 'PG_VERSION'), '42\n')), base, /^unknown L1: this base backup is of PostgreSQL 42, and can be started by no other; here are: .*Install postgresql-42/],
    ['folder/backup_manifest', walWithout('no-start', (at) => rmSync(path.join(at, first))), new RegExp(`^failed L1: the base backup cannot become consistent, since WAL that it needs is missing: ${first}; \\d+ segments behind it are of no use`)],
    ['folder/backup_manifest', walWithout('gap', (at) => rmSync(path.join(at, later[1] ?? ''))), new RegExp(`^failed L1: the WAL has a gap: ${later[1]} is missing; \\d+ segments? behind it`)],
    ['folder/backup_manifest', walWithout('flipped-wal', (at) => flip(path.join(at, later[1] ?? ''), 0.0005)), /^failed L3: the WAL is damaged: recovery ended at .*, and there is WAL up to [0-9A-F]{24}, which no restore reaches \| .*(?:checksum|invalid|unexpected|contrecord)/s],
    ['empty.tar', base, /^failed L0: the copy is empty/],
  ]
  for (const [key, how, pattern] of cases) assert.match(brief(await drill(key, how)), pattern, `${key} ${how.wal ?? ''}`)
})

test('G-2 a base backup that is bad in yet another way fails in words', { timeout: 600_000 }, async () => {
  const { later } = segments()
  const whole = readFileSync(nas('base.tar'))
  writeFileSync(nas('cut.tar'), whole.subarray(0, whole.length / 2))
  const cases: readonly (readonly [string, Parameters<typeof drill>[1], RegExp])[] = [
    [folderWith('short', (at) => truncateSync(largest(at), 8192)), base, /^failed L1: the base backup is not what it was when it was made \| .*has size \d+ on disk but size \d+ in the manifest/s],
    [folderWith('lacks', (at) => rmSync(largest(at))), base, /^failed L1: the base backup is not what it was when it was made \| .*present in the manifest but not on disk/s],
    [folderWith('unlabelled', (at) => rmSync(path.join(at, 'backup_label'))), base, /^failed L1: there is no backup_label in it: it is a copy of a data folder/],
    ['folder/backup_manifest', { engine: 'postgres' }, /^unknown L1: WAL that it needs lies outside of it \([0-9A-F]{24}.*\): say in which folder of this store/],
    ['folder/backup_manifest', walWithout('short-wal', (at) => truncateSync(path.join(at, later[1] ?? ''), 1_000_000)), new RegExp(`^failed L1: the WAL segment ${later[1]} has 1000000 bytes, where 16777216 are right`)],
    ['cut.tar', base, /^failed L1: the archive is broken: it ends in the middle of an entry/],
    ['base.tar', { ...base, assertions: [{ is: 'sql', sql: 'select count(*) > 0 from invoices' }] }, /^failed L5: .*PostgreSQL cannot answer it on what was restored \| .*relation "invoices" does not exist/s],
  ]
  for (const [key, how, pattern] of cases) assert.match(brief(await drill(key, how)), pattern, `${key} ${how.wal ?? ''}`)
})

test('G-2 packed WAL is unpacked, and a timeline that begins in it is followed', { timeout: 600_000 }, async () => {
  const packed = like(it, 'wal', 'packed', (at) => execFileSync('sh', ['-c', 'cd "$1" && gzip -- ????????????????????????', 'sh', at]))
  assert.equal(brief(await drill('folder/backup_manifest', { engine: 'postgres', wal: `${packed}/`, assertions: ASSERT })), 'passed L6:  | ')
  // A server that was promoted on the same WAL.
  const other = path.join(it.folder, 'promoted')
  cpSync(nas('folder'), other, { recursive: true })
  const timelined = like(it, 'wal', 'timelines', () => undefined)
  writeFileSync(path.join(other, 'postgresql.auto.conf'), `restore_command = 'cp ${nas(timelined)}/%f %p'\narchive_mode = on\narchive_command = 'cp %p ${nas(timelined)}/%f'\nlisten_addresses = ''\nunix_socket_directories = '${other}'\nfsync = off\n`)
  writeFileSync(path.join(other, 'recovery.signal'), '')
  chmodSync(other, 0o700)
  execFileSync('chown', ['-R', 'postgres:', other, nas(timelined)])
  as([bin('pg_ctl'), '-D', other, '-w', '-t', '60', '-l', path.join(other, 'log'), 'start'])
  try {
    const inOther = (text: string): string => as([bin('psql'), '-qAt', '-h', other, '-U', 'postgres', '-d', 'shop'], text).toString().trim()
    for (const end = performance.now() + 30_000; inOther('select pg_is_in_recovery()') !== 'f'; await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'it was not promoted')
    inOther(`insert into orders (note) values ('on the new timeline'); select pg_switch_wal();`)
    for (const end = performance.now() + 20_000; !readdirSync(nas(timelined)).some((name) => /^00000002[0-9A-F]{16}$/.test(name)); await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'the new timeline was not archived')
  } finally {
    as([bin('pg_ctl'), '-D', other, '-m', 'immediate', 'stop'])
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
