// What is sealed opens in its place only, unchanged only, and under its key only.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { keyFor, seal, unseal } from './seal.ts'

const key = keyFor(randomBytes(32), 'people')
const random = (bytes: number): Uint8Array => randomBytes(bytes)

test('it opens in its place, and the sealed bytes hold nothing of it', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 100 }), fc.string(), (secret, place) => {
    const sealed = seal(key, place, secret, random)
    assert.deepEqual(Buffer.from(unseal(key, place, sealed) ?? []), Buffer.from(secret))
    assert.equal(Buffer.from(sealed).indexOf(Buffer.from(secret)), -1)
    assert.equal(unseal(key, `${place}x`, sealed), undefined)
    assert.equal(unseal(keyFor(randomBytes(32), 'people'), place, sealed), undefined)
  }))
})

test('one changed, missing or added byte, wherever: it does not open', () => {
  const sealed = seal(key, 'a', Buffer.from('12345678901234567890'), random)
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(unseal(key, 'a', changed), undefined)
    assert.equal(unseal(key, 'a', sealed.subarray(0, at)), undefined)
  }
  assert.equal(unseal(key, 'a', Buffer.concat([sealed, Buffer.from([0])])), undefined)
})

test('keys of different purposes are different', () => {
  const node = randomBytes(32)
  assert.notDeepEqual(keyFor(node, 'people'), keyFor(node, 'link'))
  assert.deepEqual(keyFor(node, 'people'), keyFor(node, 'people'))
})
