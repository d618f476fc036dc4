// SIGKILL at every request of the hand, none left out: once before it is sent, once before its answer is seen; and at every one of them the keeper, or both,
// dies. Whoever comes next goes on, and what lies in the bucket and stands in the ledger at the end is what it is when nobody dies.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
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
