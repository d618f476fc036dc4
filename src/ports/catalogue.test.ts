// What every catalogue promises, whatever database it is of: order, each key once, counts that agree, and a lock that is never read as less than it says.
import assert from 'node:assert/strict'
import test from 'node:test'
import { inner, lockOf, orderly, type CatalogueRow, type RowLock } from './catalogue.ts'

const row = (key: string, lock: RowLock = 'free', tenant?: string): CatalogueRow => ({ key: Buffer.from(key), lock, tenant })

function given(rows: readonly CatalogueRow[], counted = { rows: rows.length, keys: new Set(rows.map(({ key }) => Buffer.from(key).toString())).size }): [string, RowLock, string | undefined][] {
  const all: CatalogueRow[] = []
  const taken = orderly((part) => void all.push(...part), 'the rows')
  for (const it of rows) taken.add(it)
  taken.end(counted)
  return all.map(({ key, lock, tenant }) => [Buffer.from(key).toString(), lock, tenant])
}

test('G-17 rows that name one key are one row with the strictest lock', () => {
  assert.deepEqual(given([row('a', 'locked', 't'), row('a', 'free', 't'), row('b', 'unknown', 't'), row('b', 'free', 'u'), row('c', 'free'), row('c', 'locked')]), [['a', 'locked', 't'], ['b', 'unknown', undefined], ['c', 'locked', undefined]])
})

test('G-17 what a lock column says: only a plain no is free', () => {
  for (const free of ['f', 'false', 'FALSE', '0', 'no', 'off', '\0']) assert.equal(lockOf(free), 'free', JSON.stringify(free))
  for (const locked of ['t', 'true', '1', 'yes', 'on', '\u0001']) assert.equal(lockOf(locked), 'locked', JSON.stringify(locked))
  for (const neither of [null, undefined, '', ' ', 'null', '2', '-1', '2026-11-21', 'maybe', 'unlocked']) assert.equal(lockOf(neither), 'unknown', JSON.stringify(neither))
})

test('G-20 rows out of the order of their bytes, too many or too few, or with a key that nothing can have, are none', () => {
  assert.throws(() => given([row('b'), row('a')]), /do not come in the order of their bytes/)
  // U+FF5E before U+1F600 as bytes, after it as UTF-16.
  assert.equal(given([row('～'), row('😀')]).length, 2)
  assert.throws(() => given([row('😀'), row('～')]), /order of their bytes/)
  assert.throws(() => given([row('a')], { rows: 2, keys: 2 }), /1 came with 1 keys, and the database counts 2/)
  assert.throws(() => given([row('a'), row('a')], { rows: 2, keys: 2 }), /2 came with 1 keys/)
  assert.throws(() => given([row('x'.repeat(1025))]), /1025 bytes/)
  assert.equal(given(Array.from({ length: 4500 }, (_, i) => row(String(i).padStart(6, '0')))).length, 4500)
})

test('a query stands inside another one, remarks and semicolons and all', () => {
  assert.equal(inner(' select 1 ;\n'), '(\nselect 1\n)')
  assert(inner('select 1 -- all of it').endsWith('it\n)'), 'a remark at its end does not swallow what comes behind')
})
