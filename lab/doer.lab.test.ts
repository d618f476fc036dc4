// Doers as real processes, killed at every point of a deed, without their keeper, and two of them with the same word: on a driver that writes lines into a file, so
// that what was done can be counted. However it goes, a deed is done once at most, and what became of it is said, or said not to be known.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { doerWorld, until } from '../src/processes/doer/fixtures/keeper.ts'

test('C-4 killed by SIGKILL at any point: whoever comes next does what was not begun, and of the rest says what is known', { timeout: 120_000 }, async (t) => {
  const cases = [
    { dies: 'asking', next: 'acted 1 done: wrote a line', deeds: 1 },
    { dies: 'looking', next: 'acted 1 done: wrote a line', deeds: 1 },
    { dies: 'begun', lost: true, deeds: 0 },
    { dies: 'done', lost: true, deeds: 1 },
    { dies: 'told', lost: true, next: 'acted 1 done: wrote a line', deeds: 1 },
  ] as const
  // One after another: what is not begun within 15 seconds is not begun at all.
  for (const one of cases) {
    const it = await doerWorld(t)
    it.onMessage = (message) => {
      if (one.dies !== 'told' || message.is !== 'acted') return
      it.onMessage = () => undefined
      first.kill('SIGKILL')
      return new Promise(() => undefined)
    }
    const first: ChildProcess = it.start(1, one.dies === 'told' ? undefined : one.dies)
    await new Promise((resolve) => first.once('exit', resolve))
    if ('lost' in one) {
      await until(`${one.dies}: it is lost`, () => it.heard.includes('lost 1'))
      assert.deepEqual(it.line().wanted(), [], 'nobody is sent after it')
    }
    // However it comes about that there is a second one: a keeper that begins anew gives it the order, and never the word to begin.
    if ('lost' in one) {
      it.keeperEnds()
      await it.keeperBegins()
    }
    const next = 'next' in one ? one.next : 'acted 1 unknown: it was begun before, and nobody wrote down what came of it'
    it.start(1)
    await until(`${one.dies}: ${next}, of ${it.heard.join('; ')}`, () => it.heard.includes(next))
    assert.deepEqual(it.deeds().length, one.deeds, one.dies)
  }
})

test('C-4 C-15 a keeper that is gone during the deed hears of its end when it is back; two doers of one number do it once', { timeout: 60_000 }, async (t) => {
  const it = await doerWorld(t)
  it.hold('done')
  it.start(1)
  await until('it is in its deed', () => it.deeds().length === 1)
  it.keeperEnds()
  it.release('done')
  await until('its end is written down', () => it.ended('run-1.1.json'))
  await it.keeperBegins()
  await until('the next keeper hears of it', () => it.heard.includes('acted 1 done: wrote a line') && it.heard.includes('seen 1 pass'))
  assert.deepEqual(it.deeds().length, 1)
  // A second keeper, as if there could be one, gives the same word to two of them.
  it.hold('looking')
  it.trusts = true
  it.start(2)
  it.start(2)
  await until('both look', () => it.held('looking') === 2)
  it.release('looking')
  await until('both said what came of it', () => it.heard.filter((says) => says.startsWith('acted 2')).length >= 2)
  assert.deepEqual(it.deeds().filter((line) => line.startsWith('run-1.2')).length, 1)
  assert(it.heard.includes('acted 2 done: wrote a line'))
  assert(it.heard.some((says) => says.startsWith('acted 2 unknown')))
})

test('C-6 SIGTERM: nothing more is begun; what is under way is cut off, written down and said', { timeout: 60_000 }, async (t) => {
  const it = await doerWorld(t)
  it.hold('looking')
  const first = it.start(1)
  await until('it looks', () => it.held('looking') === 1)
  await it.end(first, 'SIGTERM')
  it.release('looking')
  assert.deepEqual([it.deeds(), it.journal()], [[], []])
  assert.match(it.heard.join(), /^acted 1 failed: nothing was begun/)
  it.hold('done')
  const second = it.start(2)
  await until('it is in its deed', () => it.held('done') === 1)
  await it.end(second, 'SIGTERM')
  assert.equal(it.ended('run-1.2.json'), true)
  assert.equal(it.heard.at(-1), 'acted 2 unknown: Holdfast was stopped while it was under way')
})

test('C-4 C-16 a command goes on when its doer is killed, is not begun again by the next, and its end is seen by the marker that it left', { timeout: 60_000 }, async (t) => {
  const run = `run-l${randomBytes(4).toString('hex')}`
  const it = await doerWorld(t, run)
  t.after(() => {
    for (const folder of ['/run/holdfast-deeds', `/tmp/holdfast-deeds-${process.getuid?.()}`]) for (const n of [1, 2]) rmSync(path.join(folder, `${run}.${n}`), { recursive: true, force: true })
  })
  const file = path.join(it.folder, 'wrote')
  it.order = { driver: 'run', config: { run: ['sh', '-c', 'echo x >>"$0"', file], on: 'local' }, claims: { exit: 0 } }
  const first = it.startReal(1)
  await until('it has ended, and that is seen', () => it.heard.includes('seen 1 pass'))
  assert.deepEqual(it.heard.slice(0, 3), [`identity 1 this machine, ${it.heard[0]?.split(', ')[1]}, boot …`, 'acted 1 done: it ended with 0', 'seen 1 pass'])
  await it.end(first)
  it.order = { ...it.order, config: { run: ['sh', '-c', 'echo y >>"$0"; until [ -e "$0.go" ]; do sleep 0.05; done', file], on: 'local' } }
  const second = it.startReal(2)
  await until('it runs', () => existsSync(file) && readFileSync(file, 'utf8').includes('y'))
  await it.end(second)
  await until('it is lost', () => it.heard.includes('lost 2'))
  it.keeperEnds()
  await it.keeperBegins()
  it.startReal(2)
  await until('nobody knows', () => it.heard.includes('acted 2 unknown: it was begun before, and nobody wrote down what came of it') && it.heard.includes('seen 2 fail'))
  writeFileSync(`${file}.go`, '')
  await until('its end is seen', () => it.heard.includes('seen 2 pass'))
  assert.equal(readFileSync(file, 'utf8'), 'x\ny\n')
})
