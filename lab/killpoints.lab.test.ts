// A kill at system calls of the commit path, one after the other, every few of them by the seed (killpoints.long.test.ts leaves none out): at each write, sync, truncation and unlink the writer is
// ended by SIGKILL, and what it left behind is opened as a start opens it. Every confirmed entry is there, and new ones follow.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasStrace, killEverywhere } from '../test/powercut/explore.ts'

const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test('strace is there', () => assert(hasStrace(), 'Install the Debian package strace.'))

const works: readonly { work: string; stride: number; least: number }[] = [
  { work: 'key', stride: 1, least: 4 },
  { work: 'first', stride: 2, least: 60 },
  { work: 'batches', stride: 4, least: 60 },
  { work: 'checkpoints', stride: 8, least: 40 },
]

for (const { work, stride, least } of works) {
  const first = 1 + (seed % stride)
  test(`a kill at every ${stride === 1 ? '' : `${stride}th `}call of "${work}" loses nothing that was confirmed (from ${first})`, (t) => {
    const killed = killEverywhere(work, { stride, first })
    t.diagnostic(`${killed.points} kills, ${killed.wrong} wrong`)
    assert.equal(killed.wrong, 0, killed.says.join('\n'))
    assert(killed.points >= least, `only ${killed.points} kills`)
  })
}
