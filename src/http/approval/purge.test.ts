// The page of a purge, as two people have it on their phones: it says what is lost before anything else, and weighs no more than that of a step, however much is purged.
import assert from 'node:assert/strict'
import test from 'node:test'
import { purgePage } from '../../../test/guard/purge-page.ts'

test('the page of a purge weighs at most 12 kB, and says first how many are removed, and that the way back ends', (t) => {
  const page = purgePage(500)
  const weight = Buffer.byteLength(page)
  t.diagnostic(`${weight} bytes`)
  assert(weight <= 12_000, `${weight} bytes`)
  const order = ['Purge 500 objects of customer-backups', 'Removed for good: 500 objects, ', 'The way back ends with this.', 'Per tenant:', 'The oldest is ', 'The first 10 by name:', 'could go since ', 'and 490 more: ', 'Yes, I agree', 'No, I refuse'].map((it) => page.indexOf(it))
  assert.deepEqual(order, order.toSorted((a, b) => a - b))
  assert(!order.includes(-1), order.join())
  assert(!page.includes('<script>') && page.includes('&lt;script&gt;'), 'a key is text')
})
