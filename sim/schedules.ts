// The simulator as tests: a share of schedules from a seed on, the same seed twice with the same trace, and the counters of
// what "sometimes" happens. These are the same seeds each time, for whoever changes something; `.ci/run` adds some that
// nobody has seen yet.
import assert from 'node:assert/strict'
import test from 'node:test'
import { runSchedule } from './schedule.ts'
import { shareOf } from './share.ts'

const COUNT = Number(process.env['HOLDFAST_TEST_SCHEDULES'] ?? 500)

/** Declares the tests for `COUNT` schedules from a seed on. */
export function schedules(from: number): void {
  test(`${COUNT} schedules from seed ${from}: every invariant holds, and every kind of fault happened`, { timeout: 900_000 }, async (t) => {
    const many = await shareOf('schedules', { from, count: COUNT, most: 10 })
    t.diagnostic(`${many.ran} schedules, ${many.entries} entries, ${many.attempts} pages, ${many.acks} acknowledgements, ${Math.round(many.ran / many.seconds)}/s`)
    assert.deepEqual(many.failures, [])
    if (COUNT >= 200) assert.deepEqual(many.never, [])
  })

  test('X-6: the same seed gives the same trace', async () => {
    assert.equal((await runSchedule(from)).trace(), (await runSchedule(from)).trace())
  })
}
