// Tokens at the door: from which addresses one is taken, whom the notes about it reach, and how often.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../core/time.ts'
import { hash, NOW } from '../../test/web-world.ts'
import type { TokenNote } from '../views/answers.ts'
import { accessBook, clientOf, type Door } from './access.ts'

const SECRET = 'hf_a-token-of-some-length'
const from = (address: string): Door => ({ via: 'tcp', address })
const headersOf = (more: Record<string, string> = {}, secret = SECRET): Headers => new Headers({ authorization: `Bearer ${secret}`, ...more })

function bookWith(networks: readonly string[]) {
  const notes: TokenNote[] = []
  const book = accessBook((note) => void notes.push(note))
  book.learn([{ id: 'tok_1', hash: hash(SECRET), name: 'ci', scopes: ['read'], expiresAt: null, from: networks }])
  return { book, notes }
}

test('a token is taken from its networks alone; behind a proxy on this machine, from what the proxy saw last', () => {
  const { book } = bookWith(['10.0.0.0/8', '2001:db8::/32'])
  const status = (address: string, more: Record<string, string> = {}): number => {
    const entrance = book.enter('read', from(address), headersOf(more), NOW)
    return entrance.is === 'in' ? 200 : entrance.status
  }
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::7']) assert.equal(status(address), 200, address)
  for (const address of ['11.0.0.1', '127.0.0.1', '::1', '2001:db9::7', '']) assert.equal(status(address), 403, address)
  assert.equal(status('203.0.113.9', { 'x-forwarded-for': '10.1.2.3' }), 403, 'a stranger says where they are')
  assert.equal(status('127.0.0.1', { 'x-forwarded-for': '10.1.2.3' }), 200)
  assert.equal(status('127.0.0.1', { 'x-forwarded-for': '10.1.2.3, 203.0.113.9' }), 403, 'what came before the proxy was said by the client')
  for (const said of ['', 'unknown', '10.1.2.3:80', '10.1.2.3,', '<script>']) assert.equal(status('127.0.0.1', { 'x-forwarded-for': said }), 403, said)
  const broken = bookWith(['not a network'])
  assert.equal(broken.book.enter('read', from('10.1.2.3'), headersOf(), NOW).is, 'out', 'a list that cannot be read lets nobody in')
})

test('the socket is this machine, and needs no token', () => {
  assert.equal(clientOf({ via: 'socket', address: '' }, new Headers({ 'x-forwarded-for': '10.1.2.3' })), 'this machine')
})

test('use and refusal are told once a minute for each token and reason, and never with the token', () => {
  const { book, notes } = bookWith(['10.0.0.0/8'])
  const at = (seconds: number) => instantOf(NOW + seconds * 1000)
  const enter = (address: string, seconds: number, secret = SECRET, needs: 'read' | 'write' = 'read'): void => void book.enter(needs, from(address), headersOf({}, secret), at(seconds))
  for (let n = 0; n < 59; n++) {
    enter('10.0.0.1', n)
    enter('203.0.113.9', n)
    enter('203.0.113.9', n, `hf_guess-${n}`)
    enter('10.0.0.1', n, SECRET, 'write')
  }
  assert.deepEqual(notes.map(({ is, id, why }) => [is, id, why]), [
    ['used', 'tok_1', undefined], ['refused', 'tok_1', 'not from where it is taken'], ['refused', null, 'unknown, revoked or expired'], ['refused', 'tok_1', 'it has not the scope write'],
  ])
  enter('10.0.0.1', 61)
  assert.equal(notes.length, 5)
  assert.ok(!JSON.stringify(notes).includes('hf_'))
})
