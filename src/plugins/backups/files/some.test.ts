import assert from 'node:assert/strict'
import test from 'node:test'
import { matchNames } from './some.ts'

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
