// The store under power cuts: at least 5,000 different folders that a cut could leave behind, each opened as a start opens
// it; no confirmed entry is lost, nothing is damaged (X-1, L-1). The same search must find a store that does not wait for the disk.
// HOLDFAST_TEST_SEED repeats a run; HOLDFAST_TEST_IMAGES asks for more.
import assert from 'node:assert/strict'
import test from 'node:test'
import { explore, hasStrace } from '../test/powercut/explore.ts'

const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const wanted = Number(process.env['HOLDFAST_TEST_IMAGES'] ?? 5000)

test('strace is there', () => assert(hasStrace(), 'Install the Debian package strace.'))

test(`power cuts lose no confirmed entry (seed ${seed})`, (t) => {
  const random = Math.max(3, Math.ceil(wanted / 1200))
  let sum = 0
  for (const work of ['key', 'first', 'batches', 'checkpoints', 'large']) {
    const explored = explore(work, seed, { random })
    t.diagnostic(`${work}: ${explored.ops} operations, ${explored.images} images, ${explored.acked} confirmed, ${explored.wrong} wrong`)
    assert(explored.acked > 0)
    assert.equal(explored.wrong, 0, explored.says.join('\n'))
    sum += explored.images
  }
  t.diagnostic(`seed ${seed}: ${sum} different images`)
  assert(sum >= wanted, `${sum} images, ${wanted} wanted`)
})

test('a store that does not wait for the disk is found out', () => {
  const explored = explore('first', seed, { random: 1, mutant: 'synchronous-off' })
  assert(explored.wrong > 0)
  assert.match(explored.says.join('\n'), /was confirmed, the newest is/)
})
