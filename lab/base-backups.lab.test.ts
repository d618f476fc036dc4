// Base backups of a real PostgreSQL with the WAL behind them: restored in a cell to their newest commit, with nothing left of what made them a
// production server; what is wrong with the copy or with its WAL is found out, and missing segments are named. The rest of it: base-backups.long.test.ts.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { archiving, ASSERT, like, QUIET } from './archiving.ts'
import { brief, drilling, flip } from './drilling.ts'
import type { LabServer } from './servers.ts'

const it = drilling('base-backups')
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

test('G-26 a base backup that would archive into production is restored to its newest commit, and does nothing of the kind', { timeout: 240_000 }, async () => {
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
