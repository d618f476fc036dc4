// Whether the copy that was read still lies in the other place; what could not be looked at, or was not read, is nothing.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../../../core/time.ts'
import type { CopyRead } from '../../../rooms/guard/reconcile/task.ts'
import type { Reading } from '../../../ports/store.ts'
import { copiesOf, withCopies } from './copies.ts'

const hexOf = (key: string): string => Buffer.from(key).toString('hex')
const there: Readonly<Record<string, { readonly etag: string; readonly bytes: number; readonly versionId?: string }>> = {
  same: { etag: 'e', bytes: 3 }, longer: { etag: 'e', bytes: 4 }, written: { etag: 'x', bytes: 3 }, again: { etag: 'e', bytes: 3, versionId: 'v2' }, rotten: { etag: 'e', bytes: 3 }, unread: { etag: 'e', bytes: 3 }, half: { etag: 'e', bytes: 3 }, older: { etag: 'e', bytes: 3 },
}
const other: Pick<Reading, 'head'> = {
  async head({ key }) {
    if (key === 'unseen') return { is: 'unknown', says: 'it was forbidden' }
    if (key === 'broken') throw new Error('the line broke')
    const found = there[key]
    return found ? { is: 'version', key, latest: true, modifiedAt: instantOf(0), ...found } : { is: 'absent', marker: false }
  },
}
const KEYS = ['same', 'longer', 'written', 'again', 'rotten', 'unread', 'half', 'older', 'gone', 'unseen', 'broken']
const since = { wall: instantOf(0), lived: 0 as never }
const reads: readonly CopyRead[] = KEYS.filter((key) => key !== 'unread').map((key) => ({
  key: hexOf(key), version: key === 'older' ? 'u' : 'v', etag: 'e', of: { etag: 'e', version: '', bytes: 3 }, read: 3, since, found: key === 'rotten' ? 'differs' : key === 'half' ? 'going' : 'same',
}))

test('G-23 a copy counts that was read to its end and is the same; one that was not, that was written since, or cannot be looked at is not known', async () => {
  const { signal } = new AbortController()
  const wanted = (key: string) => ({ key: hexOf(key), version: 'v', etag: 'e', bytes: 3 })
  const found = await copiesOf(KEYS.map(wanted), reads, other, signal)
  assert.deepEqual(KEYS.map((key) => found[hexOf(key)]), ['there', 'not', undefined, undefined, 'not', undefined, undefined, undefined, 'not', undefined, undefined])
  const aside = { version: 'v', etag: 'e', since, storeSince: instantOf(0) }
  const laid = await withCopies(KEYS.map((key) => ({ key: hexOf(key), recalled: { aside } })), reads, other, signal)
  assert.deepEqual(laid.map(({ recalled }) => recalled.copied), [true, undefined, undefined, undefined, false, undefined, undefined, undefined, false, undefined, undefined])
  assert.deepEqual(await copiesOf([wanted('same')], reads, other, AbortSignal.abort()), {}, 'given up is not looked at')
  assert.deepEqual(await copiesOf([wanted('same')], [], other, signal), {}, 'nobody has read it')
  assert.deepEqual(await copiesOf([{ ...wanted('same'), key: 'ff' }], reads, other, signal), {}, 'bytes that are no text name nothing there')
})
