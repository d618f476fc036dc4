// Passwords: argon2id, one form of each letter, nobody's takes as long as somebody's, and what is first tried is not taken.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { Crowded, hashPassword, isPassword, LONGEST, whyWeak } from './password.ts'

const random = (bytes: number): Uint8Array => randomBytes(bytes)

test('a password opens its hash and no other; the hash tells its figures', async () => {
  const hash = await hashPassword('amber otter on the roof', random)
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await isPassword('amber otter on the roof', hash), true)
  assert.equal(await isPassword('amber otter on the roo', hash), false)
  assert.notEqual(await hashPassword('amber otter on the roof', random), hash, 'each with a salt of its own')
})

test('the same letters typed otherwise are the same; nobody has a password, not even the empty tag', async () => {
  const hash = await hashPassword('Größe und Gewicht', random)
  assert.equal(await isPassword('Gro\u0308ße und Gewicht', hash), true)
  assert.equal(await isPassword('anything at all', undefined), false)
  assert.equal(await isPassword('', undefined), false)
  assert.equal(await isPassword('anything at all', 'not a hash'), false)
})

test('more than can be computed is refused, and what was taken in is answered', async () => {
  const hash = await hashPassword('amber otter on the roof', random)
  const all = await Promise.allSettled(Array.from({ length: 80 }, () => isPassword('amber otter on the roof', hash)))
  const refused = all.filter((it) => it.status === 'rejected')
  assert.ok(refused.length > 0 && refused.every((it) => it.reason instanceof Crowded))
  assert.ok(all.filter((it) => it.status === 'fulfilled').every((it) => it.value))
})

test('weak ones are not taken, and it is said why', () => {
  for (const [password, why] of [
    ['short', /at least 12/], ['😀😀😀😀😀😀😀😀😀😀😀', /at least 12/], ['a'.repeat(LONGEST + 1), /at most/], ['aaaaaaaaaaaab', /repeats/], ['Password1234!', /first that are tried/], ['123456789012', /first that are tried/], ['ada-ada-2024', /repeats|little more/], ['Holdfast2026!', /first that are tried/],
  ] as const) assert.match(whyWeak(password, ['ada', 'ada@acme.example']) ?? '', why, password)
  assert.equal(whyWeak('amber otter on the roof', ['ada']), undefined)
  assert.equal(whyWeak('дом у реки зимой', ['ada']), undefined)
})
