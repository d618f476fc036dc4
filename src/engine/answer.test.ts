// What is said when an act threw: true of a disk that refused, and true of a mistake of ours. Invariant X-1.
import assert from 'node:assert/strict'
import test from 'node:test'
import { notDurable } from './answer.ts'

const said = (cause: unknown): { status: number; code: string; message: string; help: string } => {
  const { status, body } = notDurable(cause)
  return { status, ...(body as { error: { code: string; message: string; help: string } }).error }
}

test('a store that refused is the store; a mistake of ours is not called a disk', (t) => {
  const logged = t.mock.method(console, 'error', () => undefined)
  const full = said(Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }))
  assert.deepEqual([full.status, full.code], [503, 'HF503'])
  assert.match(full.message, /could not be made durable: .*disk is full/)
  assert.equal(said(new Error('the store is closed')).status, 503)
  assert.equal(logged.mock.callCount(), 0)
  for (const mistake of [new TypeError("Cannot read properties of undefined (reading 'secret-thing')"), new RangeError('a number is too large to be stored'), new assert.AssertionError({ message: 'the ringer knows it' }), 'thrown']) {
    const ours = said(mistake)
    assert.deepEqual([ours.status, ours.code], [500, 'HF500'])
    assert.match(`${ours.message}; ${ours.help}`, /a mistake of ours; look whether it was done before you try again/)
    assert.doesNotMatch(JSON.stringify(ours), /secret-thing|durable|disk/)
  }
  assert.equal(logged.mock.callCount(), 4, 'whoever runs it sees what it was')
})
