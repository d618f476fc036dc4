import assert from 'node:assert/strict'
import test from 'node:test'
import { listingOf, matchNames } from './names.ts'

const match = (names: readonly string[], wanted: readonly string[], below?: string): unknown => {
  const it = matchNames(names, wanted, below)
  return it instanceof Map ? Object.fromEntries(it) : it
}

test('story 4: files are found below the one folder of the copy that holds them all, and asked for where there are two', () => {
  const names = ['./live/a', './live/sub/a', './live/sub/b', './old/sub/b', 'xb']
  assert.deepEqual(match(names, ['sub/b', 'a']), { 'sub/b': './live/sub/b', a: './live/a' })
  assert.deepEqual(match(names, ['sub/b'], 'old'), { 'sub/b': './old/sub/b' })
  assert.deepEqual(match(names, ['sub/b'], './live/'), { 'sub/b': './live/sub/b' })
  assert.deepEqual(match(names, ['sub/b'], ''), {})
  assert.match(JSON.stringify(match(names, ['sub/b'])), /below “live\/” and “old\/”: say which is meant with --below/)
  assert.deepEqual(match(names, ['b', 'gone'], 'live/sub'), { b: './live/sub/b' })
  assert.deepEqual(match(names, ['gone']), {})
})

test('names of a listing are found however it is cut, and what is no plain file, or no sense, is none', () => {
  const nodes = [{ type: 'file', path: '/etc/ä f' }, { type: 'dir', path: '/etc/a' }, { type: 'file', path: '/etc/b' }, { type: 'file', path: 7 }, { type: 'file', path: '/srv/etc/a' }]
  const text = Buffer.from(`enter it:\n${nodes.map((it) => JSON.stringify(it)).join('\n')}\n{"type":\n`)
  for (const step of [1, 3, 1000]) {
    const listing = listingOf(['etc/ä f', 'a'], ({ type, path }) => (type === 'file' ? path : undefined))
    for (let at = 0; at < text.length; at += step) listing.take(text.subarray(at, at + step))
    assert.deepEqual(listing.names(), ['/etc/ä f', '/srv/etc/a'])
  }
})
