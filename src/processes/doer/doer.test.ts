// Real processes on a driver that writes lines into a file: a deed is done once, whoever dies or sleeps, and what came of it is known or said to be unknown.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds } from '../../core/time.ts'
import { doerWorld, until } from './fixtures/keeper.ts'

test('C-4 C-7 a deed is done once and looked after; frozen past its lease and thawed in the middle of the next, it does nothing', { timeout: 60_000 }, async (t) => {
  const it = await doerWorld(t)
  const child = it.start()
  await until('it was seen', () => it.heard.includes('seen 1 pass'))
  assert.deepEqual(it.heard.slice(0, 3), ['identity 1 file …', 'acted 1 done: wrote a line', 'seen 1 pass'])
  assert.deepEqual([it.deeds(), it.journal()], [['run-1.1 a line'], ['run-1.1.json']])
  await it.end(child)
  it.hold('begun')
  const next = it.start(2)
  await until('it is in its deed', () => it.held('begun') === 1)
  next.kill('SIGSTOP')
  it.pass(seconds(25))
  await until('it is lost', () => it.heard.includes('lost 2'))
  it.release('begun')
  next.kill('SIGCONT')
  await until('it says so', () => it.heard.some((says) => says.startsWith('acted 2')))
  assert.match(it.heard.at(-1) ?? '', /^acted 2 failed: nothing was sent: the lease is over/)
  assert.deepEqual(it.deeds(), ['run-1.1 a line'])
})
