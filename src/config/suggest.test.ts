// "Did you mean …?" helps with slips and stays silent otherwise.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distance, helpFor, suggest } from './suggest.ts'

test('a slip of the fingers is recognised, a transposition is one of them', () => {
  const known = ['tcp', 'http', 'every', 'depends_on', 'timeout']
  for (const [slip, meant] of [['tpc', 'tcp'], ['evry', 'every'], ['depend_on', 'depends_on'], ['Timeout', 'timeout'], ['htpp', 'http']] as const) {
    assert.equal(suggest(slip, known), meant)
  }
})

test('what differs in more than a third of the word is no slip', () => {
  for (const word of ['ftp', 'xy', 'interval', '', 'a'.repeat(5000)]) assert.equal(suggest(word, ['tcp', 'http', 'every']), undefined)
  assert.equal(helpFor('ftp', ['tcp', 'http'], 'kind'), 'one of: tcp, http')
  assert.equal(helpFor('ada', [], 'person'), 'there is no person yet')
})

test('the distance is a symmetric count, and stops at its limit', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(fc.property(word, word, fc.integer({ min: 1, max: 5 }), (a, b, limit) => {
    const whole = distance(a, b, 100)
    assert.equal(whole, distance(b, a, 100))
    assert.equal(whole === 0, a === b)
    assert.ok(whole <= Math.max(a.length, b.length))
    assert.equal(distance(a, b, limit), Math.min(whole, limit))
  }), { numRuns: 2000 })
})
