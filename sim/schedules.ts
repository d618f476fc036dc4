// The simulator as tests: a share of schedules from a seed on, the same seed twice with the same trace, and the counters of
// what "sometimes" happens. These are the same seeds each time, for whoever changes something; `.ci/run` adds nearly as many that
// nobody has seen yet.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Many } from './many.ts'
import { runSchedule } from './schedule.ts'

const COUNT = Number(process.env['HOLDFAST_TEST_SCHEDULES'] ?? 300)

const runShare = (it: { from: number; count: number; most: number }): Promise<Many> => new Promise((resolve, reject) => {
  const worker = new Worker(new URL('./share.ts', import.meta.url), { workerData: it })
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', (code) => reject(new Error(`the thread of the share ended with ${code}`)))
})

/** Declares the tests for `COUNT` schedules from a seed on. */
export function schedules(from: number): void {
  test(`${COUNT} schedules from seed ${from}: every invariant holds, and every kind of fault happened`, { timeout: 900_000 }, async (t) => {
    const many = await runShare({ from, count: COUNT, most: 10 })
    t.diagnostic(`${many.ran} schedules, ${many.entries} entries, ${many.attempts} pages, ${many.acks} acknowledgements, ${Math.round(many.ran / many.seconds)}/s`)
    assert.deepEqual(many.failures, [])
    if (COUNT >= 200) assert.deepEqual(many.never, [])
  })

  test('X-6: the same seed gives the same trace', async () => {
    assert.equal((await runSchedule(from)).trace(), (await runSchedule(from)).trace())
  })
}
