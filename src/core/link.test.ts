// P-5: a link acts only for the incident and the person that it was made for, under the key that made it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { derivedId, type AgreementId, type IncidentId, type PageId } from './id.ts'
import { makeToken, pingId, readToken, type Permit } from './link.ts'

const key = Buffer.alloc(32, 7)
const other = Buffer.alloc(32, 8)
const incident = derivedId<'incident'>('inc', 'check:db', '')

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => Buffer.byteLength(text) <= 200 && Buffer.from(text).toString() === text)
const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const permit: fc.Arbitrary<Permit> = fc.oneof(
  fc.record({ is: fc.constant('act' as const), incident: hex.map((id) => `inc_${id}` as IncidentId), person: name }, { noNullPrototype: true }),
  fc.record({ is: fc.constant('received' as const), page: hex.map((id) => `tst_${id}` as PageId), person: name }, { noNullPrototype: true }),
  fc.record({ is: fc.constant('approve' as const), agreement: hex.map((id) => `agr_${id}` as AgreementId), person: name }, { noNullPrototype: true }),
)

test('P-5 a token reads back as what it permits, and only under its own key', () => {
  fc.assert(
    fc.property(permit, (it) => {
      const token = makeToken(key, it)
      assert.match(token, /^[\w-]+$/)
      assert.deepEqual(readToken(key, token), it)
      assert.equal(readToken(other, token), undefined)
    }),
    { numRuns: 500 },
  )
})

test('P-5 no other permit has the same token', () => {
  fc.assert(
    fc.property(permit, permit, (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b))
      assert.notEqual(makeToken(key, a), makeToken(key, b))
    }),
    { numRuns: 500 },
  )
})

test('P-5 changing, cutting or lengthening any part of a token makes it worthless', () => {
  const token = makeToken(key, { is: 'act', incident, person: 'ada' })
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (let at = 0; at < token.length; at++) {
    for (const letter of alphabet) {
      if (letter === token[at]) continue
      assert.equal(readToken(key, token.slice(0, at) + letter + token.slice(at + 1)), undefined, `changed at ${at}`)
    }
    assert.equal(readToken(key, token.slice(0, at)), undefined)
    assert.equal(readToken(key, token.slice(at + 1)), undefined)
  }
  for (const more of ['A', '=', '==', '%', '.', '\n', ' ', '+', '/']) {
    assert.equal(readToken(key, token + more), undefined)
    assert.equal(readToken(key, more + token), undefined)
  }
})

test('P-5 garbage is refused and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 500 }), fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b).toString('base64url'))), (text) => {
      assert.equal(readToken(key, text), undefined)
    }),
    { numRuns: 3000 },
  )
  assert.equal(readToken(key, 'A'.repeat(1_000_000)), undefined)
})

test('an id that is none, or a name that does not fit, cannot stand in a link', () => {
  assert.throws(() => makeToken(key, { is: 'act', incident: 'inc_xyz' as IncidentId, person: 'ada' }))
  assert.throws(() => makeToken(key, { is: 'act', incident, person: '' }))
  assert.throws(() => makeToken(key, { is: 'act', incident, person: 'a'.repeat(201) }))
})

test('a ping address is a UUID, the same for the same check and key only', () => {
  assert.match(pingId(key, 'job'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(pingId(key, 'job'), pingId(key, 'job'))
  assert.notEqual(pingId(key, 'job'), pingId(key, 'job2'))
  assert.notEqual(pingId(key, 'job'), pingId(other, 'job'))
})
