// What may be said of a file after one reading or two. Each row was somebody's false alarm, or somebody's silence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inDoubt, judge, type Seen, type Try, type Verdict } from './judge.ts'
import type { Entry } from './manifest.ts'

const read = (sum: string): Seen => ({ is: 'read', sum })
const failed: Seen = { is: 'failed', says: 'the disk failed to read it (EIO)' }
const moved: Seen = { is: 'moved' }
const gone: Seen = { is: 'gone' }
const tried = (...seen: Seen[]): Try => ({ size: 10, mtime: '5', seen })
const later = (...seen: Seen[]): Try => ({ size: 10, mtime: '6', seen })
const former: Entry = { path: 'a', size: 10, mtime: '5', sums: ['good'] }

const rows: readonly [says: string, Try, Try | undefined, Entry | undefined, Verdict, flickered?: true][] = [
  ['as it was', tried(read('good')), undefined, former, 'same'],
  ['not known before', tried(read('x')), undefined, undefined, 'new'],
  ['same bytes, another time', later(read('good')), undefined, former, 'touched'],
  ['other bytes, another time', later(read('x')), undefined, former, 'changed'],
  ['other bytes, same time, twice', tried(read('x')), tried(read('x')), former, 'damaged'],
  ['other bytes each time', tried(read('x')), tried(read('y')), former, 'damaged'],
  ['other size, same time', { ...tried(read('x')), size: 9 }, { ...tried(read('x')), size: 9 }, former, 'damaged'],
  ['other bytes once', tried(read('x')), tried(read('good')), former, 'same', true],
  ['failed once', tried(failed), tried(read('good')), former, 'same', true],
  ['failed once, not known before', tried(failed), tried(read('x')), undefined, 'new', true],
  ['failed twice', tried(failed), tried(failed), former, 'unreadable'],
  ['written meanwhile, once', tried(moved), later(read('x')), former, 'changed'],
  ['written meanwhile, twice', tried(moved), later(moved), former, 'unsteady'],
  ['looked damaged, and was being written', tried(read('x')), later(moved), former, 'unsteady'],
  ['looked damaged, and was being replaced', tried(read('x')), later(read('x')), former, 'changed'],
  ['went away', tried(gone), tried(gone), former, 'missing'],
  ['came and went away', tried(gone), tried(gone), undefined, 'gone'],
]

test('what is said of a file', () => {
  for (const [says, first, second, was, verdict, flickered] of rows) {
    const judged = judge({ first, ...(second && { second }), former: was })
    assert.deepEqual([judged.verdict, judged.flickered], [verdict, flickered === true], says)
    assert.equal(inDoubt(first, was).length > 0, second !== undefined, says)
  }
})

test('damage has a place, and only what is in doubt is read again', () => {
  const large: Entry = { path: 'a', size: 10, mtime: '5', sums: ['a', 'b', 'c'] }
  assert.deepEqual(inDoubt(tried(read('a'), read('x'), failed), large), [1, 2])
  assert.deepEqual(judge({ first: tried(read('a'), read('x'), failed), second: tried(read('a'), read('x'), read('c')), former: large }).ranges, [1])
})

test('nothing but two like readings of a file at rest is called damage, and one that failed is never called well', () => {
  const seen = fc.constantFrom<Seen>(read('good'), read('x'), read('y'), failed, moved, gone)
  const time = fc.constantFrom(tried, later)
  fc.assert(fc.property(seen, seen, time, time, (a, b, at, then) => {
    const [first, second] = [at(a), then(b)]
    const { verdict } = judge({ first, second, former })
    if (verdict === 'damaged') assert(b.is === 'read' && b.sum !== 'good' && second.mtime === former.mtime)
    if (verdict === 'same') assert(b.is === 'read' && b.sum === 'good' && second.mtime === former.mtime)
    if (b.is === 'failed') assert.equal(verdict, 'unreadable')
  }))
})
