// The metamorphic proof of retention at its full length: 10,000 worlds of each of three seeds. `npm test` sees fewer of them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'

const WORLDS = process.env['HOLDFAST_LAB_WORLDS'] ?? '10000'
const MODEL = path.resolve(import.meta.dirname, '../src/rooms/guard/retention/uncertainty.model.test.ts')

for (const seed of ['1', '2', '3']) {
  test(`X-9 G-3 nothing that is lost lets more go, by hand or on schedule, in ${WORLDS} worlds of seed ${seed}`, { timeout: 600_000 }, () => {
    const env = { ...process.env, HOLDFAST_TEST_WORLDS: WORLDS, HOLDFAST_TEST_SEED: seed }
    // A test run inside a test run reports to the outer one.
    delete (env as Record<string, unknown>)['NODE_TEST_CONTEXT']
    const { status, stdout } = spawnSync(process.execPath, [MODEL], { env, encoding: 'utf8' })
    assert.equal(status, 0, stdout.slice(-2_000))
  })
}
