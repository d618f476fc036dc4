// What is said of a plan that was made before anybody armed it, to whoever would have it done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notArmed } from './acts.ts'

test('a plan stays what it was when it was made, and nobody who has armed it since is told that nobody has', () => {
  const of = (mode: 'report' | 'armed' | 'latched') => ({ mode, reconcile: 'uploads' })
  assert.deepEqual(notArmed(of('armed'), true), [])
  assert.match(notArmed(of('report'), false)[0]?.text ?? '', /nobody has armed it$/)
  const [since] = notArmed(of('report'), true)
  assert.match(since?.text ?? '', /was made while nobody had armed it/)
  assert.match(since?.cure ?? '', /armed by now.*holdfast reconcile plan uploads/)
  assert.match(notArmed(of('latched'), true)[0]?.text ?? '', /breaker is open/)
})
