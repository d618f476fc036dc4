// Planned changes in the simulator, as tests: schedules of whole runs from a seed on, with all that can go wrong, and the same seed twice with the same end.
import assert from 'node:assert/strict'
import test from 'node:test'
import { runManyRuns } from './many.ts'
import { runOf } from './schedule.ts'

const COUNT = Number(process.env['HOLDFAST_TEST_RUNS'] ?? 200)
const FROM = 500_001

test(`${COUNT} runs from seed ${FROM}: C-1 C-2 C-3 C-4 C-5 C-6 C-7 C-8 C-10 C-12 C-13 C-14 C-15 C-16 C-18 hold in every schedule, and every kind of fault happened`, { timeout: 900_000 }, async (t) => {
  const many = await runManyRuns({ from: FROM, count: COUNT, most: 10 })
  t.diagnostic(`${many.ran} runs, ${many.deeds} deeds, ${many.presses} presses, ${Math.round(many.ran / many.seconds)}/s`)
  assert.deepEqual(many.failures, [])
  if (COUNT >= 200) assert.deepEqual(many.never, [])
})

test('X-6: the same seed gives the same run', async () => {
  for (const seed of [FROM, FROM + 3]) {
    const [one, other] = [await runOf(seed), await runOf(seed)]
    assert.deepEqual(one.entries(), other.entries())
    assert.deepEqual(one.ground.log, other.ground.log)
  }
})
