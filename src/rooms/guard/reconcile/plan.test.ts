// The plan as it is written: a million items without holding them, a hash that any change of any item turns, and keys of any bytes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../../../core/time.ts'
import { isLive, permits, planWriter, type Item, type Plan } from './plan.ts'

const item = (more: Partial<Item> = {}): Omit<Item, 'key' | 'key_hex'> => ({ act: 'quarantine', version_id: 'v', etag: 'e', bytes: 10, tenant: 't', first_flagged: instantOf(1), eligible_at: instantOf(2), why: 'old', ...more })
const head = { run: 7, reconcile: 'games', mode: 'armed' as const, binding: 'b', checks: [], refusals: [] }

function planOf(items: readonly [string, Omit<Item, 'key' | 'key_hex'>][], more: Partial<typeof head> = {}): Plan {
  const writer = planWriter(() => undefined)
  for (const [key, it] of items) writer.add(Buffer.from(key), it)
  return writer.seal({ ...head, ...more })
}

test('G-11 any change of any field of any item is another plan', () => {
  const two: [string, Omit<Item, 'key' | 'key_hex'>][] = [['a', item()], ['b', item()]]
  const changes: Partial<Item>[] = [{ act: 'purge' }, { version_id: null }, { etag: 'f' }, { bytes: 11 }, { tenant: null }, { first_flagged: null }, { eligible_at: instantOf(3) }, { why: 'older' }]
  const plans = [planOf(two), planOf([['a', item()]]), planOf([...two].reverse()), planOf([['a', item()], ['c', item()]]), planOf([['ab', item()], ['', item()]]), ...changes.map((more) => planOf([['a', item()], ['b', item(more)]])), planOf(two, { run: 8 }), planOf(two, { binding: 'c' }), planOf(two, { reconcile: 'other' })]
  assert.equal(new Set(plans.map((it) => it.hash)).size, plans.length)
  assert.equal(new Set(plans.map((it) => it.id)).size, plans.length)
  assert.equal(planOf(two).hash, planOf(two).hash)
  assert.match(planOf(two).id, /^plan_[0-9a-f]{32}$/)
})

test('a million items are written and hashed, and none is held', () => {
  let seen = 0
  const writer = planWriter(() => void seen++)
  const key = Buffer.from('customers/0000/0000000')
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1_000_000; i++) {
    key.write(String(i).padStart(7, '0'), 15)
    writer.add(key, item())
  }
  const plan = writer.seal(head)
  assert.equal(seen, 1_000_000)
  assert.deepEqual([plan.totals.quarantine, plan.totals.bytes], [1_000_000, 10_000_000])
  assert((process.memoryUsage().heapUsed - before) / 1_000_000 < 100, 'a hundred bytes an item would be too many')
})

test('G-13 a key of no text is named by its bytes', () => {
  const items: Item[] = []
  const writer = planWriter((it) => void items.push(it))
  writer.add(Buffer.from([0x61, 0xff]), item())
  writer.add(Buffer.from('a\n"b'), item())
  assert.deepEqual(items.map((it) => [it.key, it.key_hex]), [['a\ufffd', '61ff'], ['a\n"b', undefined]])
})

test('only an armed plan without a refusal may be executed', () => {
  const refusal = { id: 'floor', found: 'unknown' as const, text: 'x', evidence: [], cure: 'y' }
  assert.equal(isLive({ mode: 'armed', refusals: [] }), true)
  for (const plan of [{ mode: 'report' as const, refusals: [] }, { mode: 'latched' as const, refusals: [] }, { mode: 'armed' as const, refusals: [refusal] }]) {
    assert.equal(isLive(plan), false)
    assert.deepEqual((['purge', 'quarantine', 'release', 'keep', 'gap', 'never', 'gone'] as const).filter((act) => permits(plan, act)), ['release'])
  }
})
