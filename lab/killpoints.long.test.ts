// The same kills as in killpoints.lab.test.ts, at every single system call of the commit path, none left out.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasStrace, killEverywhere } from '../test/powercut/explore.ts'

test('strace is there', () => assert(hasStrace(), 'Install the Debian package strace.'))

for (const { work, least } of [{ work: 'first', least: 60 }, { work: 'batches', least: 200 }, { work: 'checkpoints', least: 300 }]) {
  test(`a kill at every call of "${work}" loses nothing that was confirmed`, (t) => {
    const killed = killEverywhere(work, { stride: 1, first: 1 })
    t.diagnostic(`${killed.points} kills, ${killed.wrong} wrong`)
    assert.equal(killed.wrong, 0, killed.says.join('\n'))
    assert(killed.points >= least, `only ${killed.points} kills`)
  })
}
