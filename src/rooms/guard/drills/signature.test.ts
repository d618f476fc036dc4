import assert from 'node:assert/strict'
import test from 'node:test'
import { keyFor } from '../../../core/seal.ts'
import { isSigned, signerOf } from './signature.ts'

test('a text is signed by one key, and neither another text nor another key passes for it', () => {
  const [ours, others] = [signerOf(keyFor(new Uint8Array(32).fill(1), 'reports')), signerOf(keyFor(new Uint8Array(32).fill(2), 'reports'))]
  const signed = ours.sign('a report')
  assert.deepEqual([signed.algorithm, signed.key, isSigned('a report', signed)], ['ed25519', ours.key, true])
  assert.deepEqual(signerOf(keyFor(new Uint8Array(32).fill(1), 'reports')).sign('a report'), signed, 'the same key gives the same signature')
  for (const [text, of] of [['a Report', signed], ['a report', { ...signed, key: others.key }], ['a report', others.sign('b')], ['a report', { ...signed, value: 'AA' }], ['a report', { ...signed, key: '' }], ['a report', { ...signed, key: Buffer.alloc(32, 255).toString('base64url') }]] as const) assert.equal(isSigned(text, of), false)
})

test('known bytes: the first vector of RFC 8032', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
  const it = signerOf(seed)
  assert.equal(Buffer.from(it.key, 'base64url').toString('hex'), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  assert.equal(Buffer.from(it.sign('').value, 'base64url').toString('hex'), 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b')
})
