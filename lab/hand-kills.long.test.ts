// SIGKILL at every request of the hand, none left out: once before it is sent, once before its answer is seen; and at every one of them the keeper, or both,
// dies. Between the requests it is killed by the kernel at system calls, drawn by the seed. Whoever comes next goes on, and what lies in the bucket and stands in the ledger at the end is what it is when nobody dies.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { hasStrace } from '../test/powercut/explore.ts'
import { diceOf } from '../test/powercut/images.ts'
import { stageOver, tell, type Kill, type Stage, type Told } from './hand-kills.ts'
import { rgw } from './rgw.ts'

/** So many are told at once, each on a bucket of its own: most of the time they wait. */
const AT_ONCE = 3

let stages: readonly Stage[] = []
let undisturbed: Told
before(async () => {
  const gateway = await rgw()
  stages = await Promise.all(Array.from({ length: AT_ONCE }, () => stageOver(gateway)))
  const [first] = stages
  assert(first)
  undisturbed = await tell(first)
}, { timeout: 300_000 })
after(async () => {
  await Promise.all(stages.map((stage) => stage.close()))
  await stages[0]?.gateway.close()
})

for (const [says, of] of [
  ['the hand is killed before a request is sent', () => ({ who: 'hand', when: 'before' })],
  ['the hand is killed before it sees an answer', () => ({ who: 'hand', when: 'after' })],
  ['the keeper dies while a request is under way, or the keeper and the hand', (at) => ({ who: at % 2 === 0 ? 'keeper' : 'both', when: 'after' })],
] satisfies readonly [string, (at: number) => Omit<Kill, 'at'>][]) {
  test(`${says}: at every request the end is the same`, { timeout: 3_000_000 }, async (t) => {
    const began = performance.now()
    const places = undisturbed.asked.map((_, n) => n + 1).values()
    const wrong: string[] = []
    let kills = 0
    await Promise.all(stages.map(async (stage) => {
      for (const at of places) {
        const kill: Kill = { ...of(at), at }
        const what = `${kill.who} ${kill.when} ${at} (${undisturbed.asked[at - 1]})`
        const told = await tell(stage, kill).catch((cause: unknown) => String(cause))
        if (typeof told !== 'string' && told.killed) kills++
        if (typeof told === 'string' || !told.killed) wrong.push(`${what}: ${typeof told === 'string' ? told : 'nobody died'}`)
        else if (JSON.stringify(told.end) !== JSON.stringify(undisturbed.end)) wrong.push(`${what}: ${JSON.stringify(told.end)}`)
      }
    }))
    t.diagnostic(`${kills} of ${undisturbed.asked.length} requests, ${((performance.now() - began) / 1000).toFixed(0)} s`)
    assert.deepEqual(wrong, [])
  })
}

const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const CALLS = Number(process.env['HOLDFAST_TEST_CALLS'] ?? 60)
/** Seldom more of one thread between two requests. */
const FARTHEST = 120

test('the hand is killed at system calls between its requests: the end is the same', { timeout: 3_000_000 }, async (t) => {
  assert(hasStrace(), 'Install the Debian package strace.')
  const began = performance.now()
  const draw = diceOf(seed)
  const kills = Array.from({ length: CALLS }, (): Kill => ({ who: 'hand', when: 'after', at: 1 + Math.floor(draw() * undisturbed.asked.length), calls: 1 + Math.floor(draw() ** 2 * FARTHEST) })).values()
  const wrong: string[] = []
  let killed = 0
  await Promise.all(stages.map(async (stage) => {
    for (const kill of kills) {
      const told = await tell(stage, kill).catch((cause: unknown) => String(cause))
      if (typeof told !== 'string' && told.killed) killed++
      if (typeof told === 'string' || JSON.stringify(told.end) !== JSON.stringify(undisturbed.end)) wrong.push(`call ${kill.calls} from request ${kill.at} (${undisturbed.asked[kill.at - 1]}) on: ${typeof told === 'string' ? told : JSON.stringify(told.end)}`)
    }
  }))
  t.diagnostic(`${killed} kills in ${CALLS} clean-ups by seed ${seed}, ${((performance.now() - began) / 1000).toFixed(0)} s`)
  assert.deepEqual(wrong, [])
  // Of the last requests so many calls do not follow.
  assert(killed >= CALLS / 2, `only ${killed} kills`)
})
