// Keys compared eight bytes at a time give what a look at each byte gives, whatever the bytes are: zeros, signs, and numbers that are none.
import assert from 'node:assert/strict'
import test from 'node:test'
import { compare, compareViews, isSame, shared, viewOf } from './cursor.ts'

/** Eight bytes that are read as 0, -0, numbers that are none, and their neighbours. */
const ODD = ['0000000000000000', '0000000000000080', '8000000000000000', '000000000000f07f', '010000000000f07f', '000000000000f87f', '010000000000f8ff', 'ffffffffffffffff', '0100000000000000', '6162636465666768'] as const

test('G-20 keys are in the order of their bytes, wherever they lie and whatever they hold', () => {
  const pieces = ODD.map((hex) => Buffer.from(hex, 'hex'))
  const keys: Buffer[] = pieces.flatMap((a) => pieces.map((b) => Buffer.concat([a, b])))
  // Cut at every length, and with one bit changed at every place.
  for (const key of keys.slice(0, 30)) for (let n = 0; n < key.length; n++) keys.push(key.subarray(0, n), Buffer.from(key.map((byte, i) => (i === n ? byte ^ 0x80 : byte))))
  const shelf = Buffer.concat(keys.flatMap((key, i) => [Buffer.alloc(i % 8, 0xee), key]))
  const view = viewOf(shelf)
  let at = 0
  const places = keys.map((key, i) => {
    at += (i % 8) + key.length
    return { from: at - key.length, to: at }
  })
  for (const [i, a] of places.entries()) {
    for (let j = i % 7; j < places.length; j += 7) {
      const b = places[j]
      const [one, other] = [keys[i], keys[j]]
      assert(b && one && other)
      const expected = Math.sign(Buffer.compare(one, other))
      assert.equal(Math.sign(compareViews(view, a.from, a.to, view, b.from, b.to)), expected, `${one.toString('hex')} ${other.toString('hex')}`)
      assert.equal(Math.sign(compare(shelf, a.from, a.to, shelf, b.from, b.to)), expected)
      const shorter = Math.min(one.length, other.length)
      const common = one.findIndex((byte, n) => n >= shorter || byte !== other[n])
      assert.equal(shared(view, a.from, view, b.from, shorter), common === -1 ? shorter : common)
      assert.equal(isSame(view, a.from, view, b.from, shorter), Buffer.compare(one.subarray(0, shorter), other.subarray(0, shorter)) === 0)
    }
  }
})
