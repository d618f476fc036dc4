// Samples while nothing can be written: whoever watches hears nothing of it, and what was measured meanwhile is written afterwards.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { instantOf, ms } from '../core/time.ts'
import { openSamples } from './samples.ts'
import { openSql } from './sql.ts'

const MINUTE = 60_000

test('L-7 a disk that takes nothing costs no look: minutes wait and are written later, failures are left out', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-samples-'))
  const file = path.join(folder, 'samples.db')
  const samples = openSamples(file)
  const other = openSql(file)
  t.after(() => {
    samples.close()
    other.close()
    rmSync(folder, { recursive: true })
  })
  const look = (minute: number, found: 'pass' | 'fail'): void => samples.add('www', instantOf(minute * MINUTE), ms(10), found, 'refused')
  // Another connection holds the file: like a full disk, nothing can be written.
  other.exec('begin immediate')
  look(1, 'pass')
  look(2, 'fail')
  look(3, 'pass')
  assert.equal(samples.flush(instantOf(4 * MINUTE), 250), 2)
  assert.deepEqual(samples.failures('www', 10), [])
  assert.deepEqual(samples.latency('www', instantOf(0)), [])
  other.exec('rollback')
  look(4, 'fail')
  assert.equal(samples.flush(instantOf(5 * MINUTE), 250), 0)
  assert.deepEqual(samples.latency('www', instantOf(0)).map(({ at, mean }) => [at / MINUTE, mean]), [[1, 10], [2, 10], [3, 10]])
  assert.deepEqual(samples.failures('www', 10).map(({ at }) => at / MINUTE), [4])
})
