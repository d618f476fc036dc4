// Planned changes in the simulator, as tests: schedules of whole runs from a seed on, with all that can go wrong, and the same seed twice with the same end.
// One of two shares of the 2,000.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hold } from './hold.ts'
import { runOf } from './schedule.ts'

const FROM = 500_001

test('C-1 C-2 C-3 C-4 C-5 C-6 C-7 C-8 C-10 C-12 C-13 C-14 C-15 C-16 C-17 C-18 C-19 C-20 hold in every schedule of the first share', { timeout: 900_000 }, (t) => hold(t, FROM))

test('X-6: the same seed gives the same run', async () => {
  for (const seed of [FROM, FROM + 3]) {
    const [one, other] = [await runOf(seed), await runOf(seed)]
    assert.deepEqual(one.entries(), other.entries())
    assert.deepEqual(one.ground.log, other.ground.log)
  }
})
