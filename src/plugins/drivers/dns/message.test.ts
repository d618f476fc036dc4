// Answers of servers of names, read from bytes that anybody may have sent.
import assert from 'node:assert/strict'
import test from 'node:test'
import { question, readReply, TYPES } from './message.ts'

test('an answer to more questions than were asked is none: nobody has many thousands of names read for nothing', () => {
  const one = question(7, 'shop.acme.example.', TYPES.A)
  assert.deepEqual(readReply(one), { id: 7, rcode: 0, authoritative: false, truncated: false, answers: [], authority: [] })
  const many = Buffer.concat([one, one.subarray(12)])
  many.writeUInt16BE(2, 4)
  assert.throws(() => readReply(many), /no message of DNS/)
})
