// A share of the schedules of runs, as a test has it.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { shareOf } from '../share.ts'

/** How many a share has. */
export const RUNS = Number(process.env['HOLDFAST_TEST_RUNS'] ?? 1000)

/** Every invariant holds in each of them, and every kind of fault happened. */
export async function hold(t: TestContext, from: number): Promise<void> {
  const many = await shareOf('runs', { from, count: RUNS, most: 10 })
  t.diagnostic(`${many.ran} runs, ${many.deeds} deeds, ${many.presses} presses, ${Math.round(many.ran / many.seconds)}/s`)
  assert.deepEqual(many.failures, [])
  if (RUNS >= 200) assert.deepEqual(many.never, [])
}
