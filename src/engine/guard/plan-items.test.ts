// The items of a plan for who cannot open its file: page by page the same as the file holds, and nothing of a file that is not the plan that was sealed.
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { games, PREFIX } from '../../../test/guard/games.ts'
import { configOf, keeperWorld } from '../../../test/keeper-world.ts'
import { minutes } from '../../core/time.ts'
import type { ReconcileTask } from '../../rooms/guard/reconcile/task.ts'
import type { PlanItemsAnswer, ReconcileAnswer } from '../../views/reconciles.ts'
import { planItems } from './plan-items.ts'

const JOB = 'customer-backups'

async function world(t: TestContext) {
  const it = await games(t)
  // A key of one letter that many readers of lines take for the end of one.
  for (let n = 0; n < 40; n++) it.fake.put(`${PREFIX}t1/lost-${n}-\u2028-é`, 'x')
  const tasks: { readonly id: string; readonly task: ReconcileTask }[] = []
  const config = { ...it.config, every: minutes(10) }
  const k = await keeperWorld(t, { ...configOf([]), reconciles: [config] }, { toGuard: (message) => (message.is === 'task' && message.task.is === 'reconcile' && tasks.push({ id: message.id, task: message.task }), true) })
  Object.assign(it.context, { now: () => k.keeper.now() })
  it.fake.ahead = k.keeper.now().wall - Date.now()
  const [first] = tasks
  assert(first)
  k.keeper.guard.hear({ is: 'task-done', id: first.id, result: JSON.parse(JSON.stringify(await it.perform(config, first.task.knows))) as unknown })
  await k.settle()
  const { latest } = (await k.ask('reconcile.show', { reconcile: JOB })).body as ReconcileAnswer
  const file = latest?.path ?? ''
  assert(latest?.plan && latest.plan.totals.keep > 30, JSON.stringify(latest?.said))
  const page = async (from?: number, pageOf?: number, plan?: string) => planItems(k.keeper, { reconcile: JOB, from, plan }, pageOf)
  return { k, file, plan: latest.plan.id, page }
}

test('pages of a plan are what its file holds, whatever their size; the seal is no item', async (t) => {
  const { k, file, plan, page } = await world(t)
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -2)
  for (const size of [1, 100, 1000, 5000, 1_000_000]) {
    const got: string[] = []
    let pages = 0
    for (let from: number | null = 0; from !== null; pages++) {
      const { status, body } = await page(from, size, plan)
      assert.equal(status, 200, JSON.stringify(body))
      const { items, next } = body as PlanItemsAnswer
      got.push(...items.map((item) => JSON.stringify(item)))
      assert(next === null || next > from)
      from = next
    }
    assert.deepEqual(got, lines, `pages of ${size} bytes`)
    assert(size > 1000 || pages > 5)
  }
  const whole = (await k.ask('reconcile.items', { reconcile: JOB })).body as PlanItemsAnswer
  assert.deepEqual([whole.schema, whole.plan, whole.items.length, whole.next], ['holdfast.reconcile.items/1', plan, lines.length, null])
})

test('nothing is answered from within a line, of a plan that is gone, or of a file that is not what was sealed', async (t) => {
  const { k, file, plan, page } = await world(t)
  assert.equal((await page(7)).status, 400)
  assert.equal((await page(1_000_000_000)).status, 400)
  for (const other of ['plan_00000000000000000000000000000000', '../../../../etc/passwd', 'plan_..']) assert.equal((await page(0, undefined, other)).status, 404, other)
  assert.equal((await k.ask('reconcile.items', { reconcile: 'nobody' })).status, 404)
  assert.equal((await k.ask('reconcile.items', { reconcile: JOB, from: -1 })).status, 400)
  const last = async () => {
    for (let from = 0; ;) {
      const told = await page(from)
      const next = told.status === 200 ? (told.body as PlanItemsAnswer).next : null
      if (next === null) return told
      from = next
    }
  }
  const size = Buffer.byteLength(readFileSync(file))
  appendFileSync(file, '{"id":"plan_of_another"}\n')
  assert.equal((await last()).status, 404, 'another seal')
  truncateSync(file, size - 20)
  assert.equal((await last()).status, 404, 'its seal is not whole')
  rmSync(file)
  assert.match(JSON.stringify((await page(0, undefined, plan)).body), /are not kept/)
})
