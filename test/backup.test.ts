// A backup that is taken while the ledger is written is whole: its chain verifies, its key is the node's.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { instantOf, tickOf } from '../src/core/time.ts'
import { openSql } from '../src/db/sql.ts'
import { openStore } from '../src/db/store.ts'
import { verifyLedger } from '../src/db/verify.ts'
import { loadNodeKey } from '../src/processes/node-key.ts'
import { countRoom } from './powercut/count-room.ts'

const script = path.join(import.meta.dirname, '../scripts/backup.ts')

test('a running store is copied whole, with the key', async (t) => {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-backup-'))
  t.after(() => fs.rmSync(at, { recursive: true }))
  const data = path.join(at, 'data')
  fs.mkdirSync(data)
  const key = await loadNodeKey(data)
  const store = openStore(path.join(data, 'holdfast.db'), [countRoom], 'node_backup')
  const append = (turns: number): void => {
    store.begin()
    for (let n = 0; n < turns; n++) store.turn('t', { wall: instantOf(1), tick: tickOf(1), boot: 'b' }, (tx) => tx.append({ is: 'count.counted', stream: 's', body: { text: 'x'.repeat(2000) } }))
    store.commit()
  }
  append(10_000)
  // Without a pause, so that whoever copies in steps would begin anew for ever.
  let copying = true
  const writing = (async () => {
    while (copying) {
      append(1)
      await new Promise(setImmediate)
    }
  })()
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script, data, path.join(at, 'to')], { timeout: 120_000 }).finally(() => void (copying = false))
  await writing
  const made = stdout.trim()
  assert(made.startsWith(path.join(at, 'to')))
  assert.deepEqual(fs.readFileSync(path.join(made, 'node.key')), key)
  const copy = openSql(path.join(made, 'holdfast.db'), { readOnly: true })
  const verdict = verifyLedger(copy)
  copy.close()
  store.close()
  assert.equal(verdict.broken, undefined)
  assert(verdict.entries >= 10_000)
  const none = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', script, at, at], { encoding: 'utf8' })
  assert.equal(none.status, 2)
  assert.match(none.stderr, /no database of Holdfast/)
})
