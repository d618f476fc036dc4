// Whose turn it is to be drilled.
import assert from 'node:assert/strict'
import test from 'node:test'
import { GIVES_WAY, mayBegin } from './turns.ts'

test('G-2 one drill at a time; one that goes on and on keeps no other set waiting, and never more than two are at work', () => {
  assert.equal(mayBegin('shop', [], 0), true)
  const loop = { set: 'loop', began: 1000 }
  assert.equal(mayBegin('shop', [loop], 1000 + GIVES_WAY - 1), false, 'it may still end')
  assert.equal(mayBegin('shop', [loop], 1000 + GIVES_WAY), true)
  assert.equal(mayBegin('loop', [loop], 1000 + GIVES_WAY), false, 'another copy of the set that hangs has no second place')
  const shop = { set: 'shop', began: 1000 + GIVES_WAY }
  assert.equal(mayBegin('panel', [loop, shop], 1000 + GIVES_WAY), false)
  assert.equal(mayBegin('panel', [loop, shop], 1000 + 3 * GIVES_WAY), false, 'listings find a place')
  assert.equal(mayBegin('panel', [shop], 1000 + 2 * GIVES_WAY), true)
})
