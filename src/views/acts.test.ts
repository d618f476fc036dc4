// What is said of plans and of what is to come back: what was not done is never called done, and says why.
import assert from 'node:assert/strict'
import test from 'node:test'
import { actsWorld, hexOf, JOB, type ActsWorld } from '../../test/guard/acts-world.ts'
import { days, hours } from '../core/time.ts'
import { loadPlan } from '../rooms/guard/acts/rows.ts'
import { returningOf, viewActs, viewByHand, type ActsAnswer } from './acts.ts'

/** Armed, with two orphans that have waited out everything and are planned to be put aside. */
async function planned(): Promise<{ readonly world: ActsWorld; readonly plan: string }> {
  const world = actsWorld()
  for (const key of ['c/orphan', 'c/other']) world.store.put(key)
  world.pass(days(8))
  for (let n = 0; n < 3; n++) {
    world.run()
    world.pass(hours(24.5))
  }
  world.arm()
  return { world, plan: world.run() }
}

function view(world: ActsWorld, id: string): ActsAnswer {
  const plan = loadPlan(world.room.sql, id)
  assert(plan)
  return viewActs(world.room.sql, plan)
}

test('G-11 a plan of which not all was done, and of which nothing waits any more, is refused: superseded by a later one, or stopped', async () => {
  const { world, plan } = await planned()
  assert.deepEqual([view(world, plan).refusals, view(world, plan).waiting], [[], 2])
  const later = world.run()
  assert.deepEqual(view(world, plan).refusals.map(({ text }) => text), [`it is superseded by ${later}`])
  world.room.turn((tx) => world.acts.halt(tx, JOB, { says: '3 objects had changed since they were judged', lost: false, plan: later }))
  assert.deepEqual(view(world, later).refusals.map(({ text }) => text), ['it was stopped: 3 objects had changed since they were judged'])
  const done = await planned()
  await done.world.work()
  done.world.run()
  const said = view(done.world, done.plan)
  assert.deepEqual([said.refusals, said.over, said.waiting], [[], 2, 0], 'all of it was done, and a later run changes nothing of that')
})

test('what people and rows want back is listed until it is back: what waits with what for, what was held with why, and by whom it is wanted', async () => {
  const { world } = await planned()
  await world.work()
  const bring = (by: string, ...keys: string[]): unknown => world.room.turn((tx) => world.acts.bring(tx, JOB, keys.map(hexOf), by).wanted)
  assert.equal(bring('ada', 'c/orphan'), 1)
  assert.equal(bring('bo', 'c/orphan'), 1, 'already asked for, and not twice')
  assert.deepEqual(returningOf(world.room.sql, JOB), [{ key: 'c/orphan', by: 'ada', state: 'waiting', says: '' }])
  const { release } = world.store.deleting
  world.store.deleting.release = () => Promise.resolve({ is: 'refused', why: 'changed', says: 'it was written since' })
  await world.work()
  const held = { key: 'c/orphan', by: 'ada', state: 'held', says: 'it was written since' }
  assert.deepEqual(returningOf(world.room.sql, JOB), [held])
  assert.deepEqual(viewByHand(world.room.sql, JOB).held, [{ act: 'release', key: 'c/orphan', says: 'it was written since' }])
  world.store.deleting.release = release
  bring('bo', 'c/other')
  assert.deepEqual(await world.work(), ['release c/other done'])
  assert.deepEqual([returningOf(world.room.sql, JOB), viewByHand(world.room.sql, JOB).over], [[held], 1], 'what was held before is not forgotten')
  bring('bo', 'c/orphan')
  await world.work()
  assert.deepEqual(returningOf(world.room.sql, JOB), [])
})
