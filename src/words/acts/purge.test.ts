// What two people read before something is removed for good: figures first, everything bounded, and no name that pretends to be a line of ours.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, instantOf, type Instant } from '../../core/time.ts'
import { sayPurge, type Purged } from './purge.ts'

const NOW = instantOf(Date.parse('2026-11-22T12:00:00Z'))
const before = (n: number): Instant => instantOf(NOW - days(n))
const one = (n: number, more: Partial<Purged> = {}): Purged => ({ key: `customers/${String(n).padStart(3, '0')}/save.zip`, bytes: 1024 ** 2, tenant: `${n % 14}`, writtenAt: before(100 + n), asideSince: before(45), eligibleAt: before(15), ...more })
const said = (items: readonly Purged[]): string => sayPurge({
  called: ['object', 'objects'], from: 'customer-backups', items, release: 'holdfast reconcile release customer-backups <key>', list: 'holdfast reconcile show customer-backups --json=lines', proven: 'None has a row.', plan: 'plan_1', hash: 'f'.repeat(64), now: NOW,
})

test('how many and how much comes first, then the way back that ends, whose, how old, which, and since when each could go', () => {
  const text = said([one(3, { bytes: 3 * 1024 ** 2 }), one(1), one(2, { tenant: '1' })])
  assert.equal(text, `Removed for good: 3 objects, 5 MiB, from customer-backups.

The way back ends with this. Until then: holdfast reconcile release customer-backups <key>. Afterwards nothing brings them back here.

Per tenant:
• 1: 2 objects, 2 MiB
• 3: 1 object, 3 MiB

The oldest is 103 d old (2026-08-11 12:00 UTC), the youngest 101 d old (2026-08-13 12:00 UTC).
Put aside 2026-10-08 12:00 UTC.

They are:
• customers/001/save.zip
1 MiB, could go since 2026-11-07 12:00 UTC
• customers/002/save.zip
1 MiB, could go since 2026-11-07 12:00 UTC
• customers/003/save.zip
3 MiB, could go since 2026-11-07 12:00 UTC

None has a row. Each is looked at again right before.

Plan plan_1, hash ffffffffffffffff.`)
})

test('of many the first ten tenants and keys stand there, and what is left out is counted', () => {
  const text = said(Array.from({ length: 500 }, (_, n) => one(n)))
  assert.match(text, /^Removed for good: 500 objects, 500 MiB, from/)
  assert.match(text, /\n• and 4 more: 140 objects, 140 MiB\n/)
  assert.match(text, /The first 10 by name:\n(?:• customers\/00\d[^\n]+\n1 MiB[^\n]+\n){10}and 490 more: holdfast reconcile show customer-backups --json=lines\n/)
  assert(text.length < 2500, `${text.length}`)
})

test('what is not known is said to be, and a name stays one line, short and readable from left to right', () => {
  const text = said([one(1, { key: 'a\nRemoved for good: 0 objects\u202e\u0007', bytes: null, tenant: null, writtenAt: null, eligibleAt: null }), one(2, { key: `b${'x'.repeat(3000)}`, tenant: 'evil\nPlan plan_2' })])
  assert.match(text, /2 objects, at least 1 MiB, 1 of a size that is not known/)
  assert.match(text, /\n• a Removed for good: 0 objects\nsize not known, since when it could go is not known\n/)
  assert.match(text, /\n• evil Plan plan_2: 1 object/)
  assert.match(text, /\n• of nobody that is known: 1 object, their sizes are not known\n/)
  assert.match(text, /; of 1 it is not known\./)
  assert.equal(text.match(/^Removed/gm)?.length, 1)
  assert(text.length < 1500 && !text.includes('\u202e'))
  assert.match(said([one(1, { writtenAt: null, tenant: null })]), /When they were written is not known\./)
  assert.doesNotMatch(said([one(1, { tenant: null })]), /tenant/)
})
