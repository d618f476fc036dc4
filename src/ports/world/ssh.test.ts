// What ssh says when it goes, as people read it: who is meant, and where nobody knows that, who may be.
import assert from 'node:assert/strict'
import test from 'node:test'
import { whyGone } from './ssh.ts'

test('of a host that is reached through another one it is not said which of them did not let us in', () => {
  const said = 'ops@10.77.0.9: Permission denied (publickey).'
  assert.deepEqual(whyGone(said, 'db-1'), { is: 'refused', says: 'db-1 does not let this key in (ops@10.77.0.9: Permission denied (publickey).)' })
  assert.deepEqual(whyGone(said, 'db-1', { host: '10.77.0.9', via: { host: 'gate' } }), { is: 'refused', says: 'db-1 (or what it is reached through: 10.77.0.9, gate) does not let this key in (ops@10.77.0.9: Permission denied (publickey).)' })
  assert.match(whyGone('Host key verification failed.', 'db-1', { host: 'gate' }).says, /^db-1 \(or what it is reached through: gate\) is not proven to be itself/)
})
