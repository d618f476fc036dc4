// Two words: lists of 128 different ones each, and the same code for the same thing for ever.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { LISTS, twoWords } from './two-words.ts'

test('128 different words in each list, of letters only', () => {
  for (const list of LISTS) {
    assert.equal(new Set(list).size, 128)
    for (const word of list) assert.match(word, /^[a-z]{3,9}$/)
  }
})

test('the same hash has the same words, and hashes are spread over them', () => {
  assert.equal(twoWords('0a1b2c3d'), 'humble peach')
  const seen = new Set(Array.from({ length: 2000 }, (_, n) => twoWords(createHash('sha256').update(String(n)).digest('hex'))))
  assert.ok(seen.size > 1850, `${seen.size} of 2000`)
  assert.match(twoWords('not a hash'), /^[a-z]+ [a-z]+$/)
})
