// Tells the story of `grow-memory` as its owner wrote it, on these servers, and judges what it measured.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { HOSTS, type Host } from './backendless-story.ts'
import { tellIn } from './backendless.ts'
import type { Told } from './grow-memory-story.ts'

export async function tellGrowMemory(t: TestContext, servers: readonly Host[]): Promise<void> {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? process.pid)
  t.diagnostic(`seed ${seed} (HOLDFAST_TEST_SEED)`)
  const { halted, paged, waited, acknowledged } = await tellIn<Told>(t, { file: 'lab/grow-memory-story.ts', hosts: HOSTS, words: [String(seed), ...servers] })
  t.diagnostic(`cable to halted: ${halted} ms; to both paged: ${paged} ms; second press to step, most of ${5 * servers.length}: ${waited} ms; ${acknowledged} acknowledged writes, none lost`)
  assert.ok(halted <= 3000 && paged <= 10_000, `halted after ${halted} ms, paged after ${paged} ms`)
}
