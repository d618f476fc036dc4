// Whether the same bytes lie in the other place: by etag for a run, by etag and size right before a purge; what could not be looked at is nothing.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../../../core/time.ts'
import type { Reading } from '../../../ports/store.ts'
import { copiesOf, withCopies } from './copies.ts'

const hexOf = (key: string): string => Buffer.from(key).toString('hex')
const there: Readonly<Record<string, { readonly etag: string; readonly bytes: number }>> = { same: { etag: 'e', bytes: 3 }, longer: { etag: 'e', bytes: 4 }, other: { etag: 'x', bytes: 3 } }
const other: Pick<Reading, 'head'> = {
  async head({ key }) {
    if (key === 'unseen') return { is: 'unknown', says: 'it was forbidden' }
    if (key === 'broken') throw new Error('the line broke')
    const found = there[key]
    return found ? { is: 'version', key, latest: true, modifiedAt: instantOf(0), ...found } : { is: 'absent', marker: false }
  },
}
const KEYS = ['same', 'longer', 'other', 'gone', 'unseen', 'broken']

test('G-23 a copy counts with the same etag and size; one that cannot be looked at is not known', async () => {
  const signal = new AbortController().signal
  const found = await copiesOf(KEYS.map((key) => ({ key: hexOf(key), etag: 'e', bytes: 3 })), other, signal)
  assert.deepEqual(KEYS.map((key) => found[hexOf(key)]), ['there', 'not', 'not', 'not', undefined, undefined])
  const aside = { version: 'v', etag: 'e', since: { wall: instantOf(0), lived: 0 as never }, storeSince: instantOf(0) }
  const since = await withCopies(KEYS.map((key) => ({ key: hexOf(key), recalled: { aside } })), other, signal)
  assert.deepEqual(since.map(({ recalled }) => recalled.copied), [true, true, false, false, undefined, undefined])
  assert.deepEqual(await copiesOf([{ key: hexOf('same'), etag: 'e', bytes: 3 }], other, AbortSignal.abort()), {}, 'given up is not looked at')
  assert.deepEqual(await copiesOf([{ key: 'ff', etag: 'e', bytes: 3 }], other, signal), {}, 'bytes that are no text name nothing there')
})
