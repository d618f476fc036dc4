// What two people agree on is what they read: nothing of a word stays out of sight.
import assert from 'node:assert/strict'
import test from 'node:test'
import { spelled } from './word.ts'

test('C-9 nothing of a word stays out of sight, and of what is cut its sum is told', () => {
  const table: readonly (readonly [string, string])[] = [
    ['systemctl', 'systemctl'], ['/usr/bin/x-1', '/usr/bin/x-1'], ['', '""'], ['a b', '"a b"'], ["it's", `"it's"`], ['ü', '"ü"'], ['a\nb', '"a\\nb"'],
    ['rm\u202etxt', '"rm\\u202etxt"'], ['a\u200bb', '"a\\u200bb"'], ['a\u00a0b', '"a\\u00a0b"'], ['\u{e0041}', '"\\udb40\\udc41"'], ['a\u2028b', '"a\\u2028b"'], ['\ufeff', '"\\ufeff"'], ['\u007f', '"\\u007f"'], ['\ud800', '"\\ud800"'], ['\ufe0f', '"\\ufe0f"'],
  ]
  for (const [text, said] of table) assert.equal(spelled(text), said)
  const [one, other] = [`${'x'.repeat(300)}a`, `${'x'.repeat(300)}b`].map((it) => spelled(it, 200))
  assert.notEqual(one, other)
  assert.match(one ?? '', /^"x{200}"… \(301 bytes in all, SHA-256 [0-9a-f]{64}\)$/)
})
