// Every byte is asked for exactly once, however the files are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planOf } from './plan.ts'

const MIB = 1024 * 1024
const size = fc.oneof(fc.integer({ min: 0, max: 3 * MIB }), fc.integer({ min: 0, max: 3000 }).map((it) => it * MIB + 5))

test('each byte of each file is in one piece, and the longest pieces come first', () => {
  fc.assert(fc.property(fc.array(size, { maxLength: 60 }), fc.boolean(), (sizes, whole) => {
    const units = planOf(sizes.map((it) => ({ size: it })), { whole })
    const covered = sizes.map((): [number, number][] => [])
    for (const unit of units) {
      if (unit.is === 'range') covered[unit.file]?.push([unit.from, unit.from + unit.bytes])
      else for (const file of unit.files) covered[file]?.push([0, sizes[file] ?? 0])
    }
    for (const [file, ranges] of covered.entries()) {
      let at = 0
      for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
        assert.equal(from, at)
        at = to
      }
      assert(ranges.length > 0)
      assert.equal(at, sizes[file])
    }
    for (const [n, unit] of units.entries()) assert(n === 0 || unit.bytes <= (units[n - 1]?.bytes ?? 0))
    assert(units.every((it) => whole || it.bytes <= 64 * MIB))
  }))
})

test('what is known already is not asked for again', () => {
  const units = planOf([{ size: 200 * MIB }, { size: 10 }, { size: 20 }], { whole: false, has: (file, n) => (file === 0 ? n === 1 : file === 2) })
  assert.deepEqual(units.map((it) => (it.is === 'range' ? [it.file, it.n] : it.files)), [[0, 0], [0, 2], [0, 3], [1]])
})
