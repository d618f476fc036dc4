// What pgBackRest says, judged: it ends well whatever it finds, so only its words count.
import assert from 'node:assert/strict'
import test from 'node:test'
import { faultsIn, readHoldings } from './pgbackrest.ts'

const GOOD = [{ name: 'demo', status: { code: 0, message: 'ok' }, repo: [{ status: { code: 0, message: 'ok' } }], db: [{ id: 1, version: '15' }], backup: [{ label: '20261121-152646F', error: false, database: { id: 1 }, timestamp: { stop: 1_795_274_818 }, lsn: { stop: '0/2000100' } }] }]
const IT = { stanza: 'demo', label: '20261121-152646F' }
const says = (found: ReturnType<typeof readHoldings>): string => ('is' in found && found.is !== 'pass' ? `${found.is}: ${found.says}` : 'held')

test('G-2 a backup that is not held, is of a damaged server, or cannot be opened is told apart', () => {
  const read = readHoldings(`enter it: ${JSON.stringify(GOOD)}`, IT)
  assert('label' in read && read.version === '15' && read.at === 1_795_274_818_000 && read.end?.says === '0/2000100')
  assert.match(says(readHoldings(JSON.stringify(GOOD), { ...IT, label: '20261122-000000F' })), /^fail: the repository holds no backup 20261122-000000F any more/)
  assert.match(says(readHoldings(JSON.stringify(GOOD).replace('"error":false', '"error":true'), IT)), /^fail: pgBackRest found pages that do not fit their checksums when it made this backup/)
  const closed = JSON.stringify([{ ...GOOD[0], backup: [], repo: [{ status: { code: 99, message: "[FormatError] unable to load info file '/given/copy/backup/demo/backup.info'" } }] }])
  assert.match(says(readHoldings(closed, IT)), /^fail: the repository does not open/)
  assert.match(says(readHoldings('[{"repo":[{"message":"[FormatError] key/value found at \u0001\u0002', IT)), /^fail: the repository does not open/)
  assert.match(says(readHoldings('nothing', IT)), /^fail: pgBackRest does not say/)
})

test('G-2 a verification that ends well and finds damage is damage', () => {
  const said = (out: string, exit = 0): string => {
    const found = faultsIn({ exit, out, err: '' })
    return found === undefined ? 'well' : found.is === 'pass' ? 'pass' : `${found.is}: ${found.says} | ${found.said ?? ''}`
  }
  assert.equal(said('2026-11-21 15:27:41.625 P00   INFO: verify command begin 2.45\n2026-11-21 15:27:41.625 P00   INFO: verify command end: completed successfully (2262ms)\n'), 'well')
  assert.match(said(`2026-11-21 15:27:42.551 P01   INFO: invalid checksum '20261121-152646F/pg_data/base/1/2838.gz'\n2026-11-21 15:27:42.679 P00   INFO: stanza: demo\n     status: error\n     backup: 20261121-152646F, status: invalid, total files checked: 965\n`), /^fail: pgBackRest finds the repository damaged \| invalid checksum '20261121-152646F/)
  assert.match(said(`P00   INFO: stanza: demo\n   status: error\n     No usable backup.info file\n`), /^fail: .*No usable backup\.info/)
  assert.match(said('ERROR: [055]: unable to open missing file', 55), /^fail: /)
})
