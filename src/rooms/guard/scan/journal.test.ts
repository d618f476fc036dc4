// What a scan that was killed left is taken up only where it is sound, and only by the same scan.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { charterFrom, goesOn, rangeFrom, settledFrom, writeCharter, writeRange, writeSettled, type Charter, type RangeRead, type Settled } from './journal.ts'

const charter: Charter = { root: '/srv/\xff', began: '2026-11-21T00:00:00.000Z', whole: false, against: 'seal' }
const sum = 'ab'.repeat(32)
const entry = { path: 'a/\xe4', size: 3, mtime: '17', sums: [sum] }
const settled: Settled = { path: 'a/\xe4', verdict: 'damaged', flickered: false, says: 'it differs', ranges: [0], former: entry }
const range: RangeRead = { path: 'a/\xe4', dev: '64768', ino: '12', size: 3, mtime: '17', n: 0, sum }

test('lines come back as they were, and a torn one comes back as nothing', () => {
  const cases = [[writeCharter(charter), charterFrom, charter], [writeSettled(settled), (it: string) => settledFrom(it, false), settled], [writeRange(range), rangeFrom, range]] as const
  for (const [line, from, was] of cases) {
    const text = line.trimEnd()
    assert.deepEqual(from(text), was)
    for (let n = 0; n < text.length; n++) {
      assert.equal(from(text.slice(0, n)), undefined)
      assert.equal(from(`${text.slice(0, n)}${text[n] === '0' ? '1' : '0'}${text.slice(n + 1)}`), undefined)
    }
  }
})

test('another scan, another manifest, or a moment that cannot be: it begins anew', () => {
  const now = Date.parse(charter.began)
  assert(goesOn(charter, charter, now + 1000))
  for (const other of [{ root: '/srv' }, { whole: true }, { against: 'other' }]) assert(!goesOn(charter, { ...charter, ...other }, now + 1000))
  assert(!goesOn(charter, charter, now + 8 * 86_400_000), 'too old')
  assert(!goesOn(charter, charter, now - 1), 'from the future')
  assert(!goesOn(undefined, charter, now))
})
