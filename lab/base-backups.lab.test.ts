// Base backups of a real PostgreSQL with the WAL behind them: restored in a cell to their newest commit, with nothing left of what made them a
// production server. How bad ones are found out: base-backups.long.test.ts.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { archiving, ASSERT, bin, QUIET } from './archiving.ts'
import { askedBy, brief, drilling } from './drilling.ts'
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
