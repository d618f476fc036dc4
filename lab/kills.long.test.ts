// SIGKILL of watchdog, keeper, guard and hand in every phase of a clean-up of whole processes, over a real PostgreSQL and a real RADOS gateway, with
// all the waits that are real. They die at places that are spread over each phase, before a request was sent and before its answer was
// seen. At every request of the hand: hand-kills.long.test.ts. HOLDFAST_TEST_KILLS says how many clean-ups are told.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { until } from '../test/story/world.ts'
import { live, LOST, phase, planned, ripe, type Kill, type Phases, type Prepared, type Told } from './kills.ts'
import { labDatabase, type Nodecraft } from './nodecraft.ts'
import { rgw } from './rgw.ts'

const STORIES = Number(process.env['HOLDFAST_TEST_KILLS'] ?? 24)
/** Most of the time all of them wait. */
const AT_ONCE = 4

let prepared: Prepared
before(async () => {
  prepared = { gateway: await rgw(), database: await labDatabase() }
}, { timeout: 300_000 })
after(async () => {
  await prepared?.gateway.close()
  await prepared?.database.close()
})

test('the guard is killed at requests all over its run: the run is made again, and finds the same', { timeout: 1_500_000 }, async (t) => {
  const it = await ripe(prepared, 'kills-guard')
  try {
    const before = [await it.objects(), it.rows()]
    const run = async (kill?: Kill): Promise<{ asked: number; killed: boolean }> => phase(it, kill, async () => {
      const plan = await until('a run comes to its end', 60_000, () => planned(it))
      assert.deepEqual([plan.reasons, plan.items.map(({ key }) => key).sort()], [[], LOST], plan.text)
    })
    const { asked } = await run()
    // One that dies again and again is waited for longer each time.
    const places = Array.from({ length: Math.min(asked, STORIES) }, (_, n) => 1 + Math.floor((n * asked) / Math.min(asked, STORIES)))
    const began = performance.now()
    let kills = 0
    for (const [n, at] of places.entries()) if ((await run({ who: 'guard', when: n % 2 === 0 ? 'before' : 'after', at })).killed) kills++
    t.diagnostic(`${kills} kills at ${asked} requests, ${((performance.now() - began) / 1000).toFixed(0)} s`)
    assert.equal(kills, places.length)
    assert.deepEqual([await it.objects(), it.rows()], before)
  } finally {
    await it.close()
  }
})

test('watchdog, keeper, guard or hand is killed in every phase of a clean-up: the end is the same', { timeout: 3_400_000 }, async (t) => {
  const undisturbed = await told('kills-0', {})
  assert.deepEqual(undisturbed.end, { breaker: 'closed', armed_by: ['ada', 'bo'], rows: true, others: true, lost: [1, 0, 0, 0, 0, 0] })
  const { aside, back, purge } = undisturbed.asked
  const who = ['hand', 'keeper', 'hand', 'watchdog', 'keeper', 'guard'] as const
  /** Spread over a phase: each story begins elsewhere. */
  const killOf = (n: number, requests: number): Kill => ({ who: who[n % who.length] ?? 'hand', when: n % 2 === 0 ? 'after' : 'before', at: 1 + Math.floor(((n * 0.618_034) % 1) * requests) })
  const stories = Array.from({ length: STORIES }, (_, n): Phases => ({ aside: killOf(n, aside), back: killOf(n + 1, back), purge: killOf(n + 2, purge) }))
  const left = stories.entries()
  const wrong: string[] = []
  let kills = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [n, phases] of left) {
      const began = performance.now()
      const it = await told(`kills-${n + 1}`, phases).catch((cause: unknown) => String(cause))
      const says = `${JSON.stringify(phases)}, ${((performance.now() - began) / 1000).toFixed(0)} s`
      if (typeof it === 'string') wrong.push(`${says}: ${it}`)
      else if (JSON.stringify(it.end) !== JSON.stringify(undisturbed.end)) wrong.push(`${says}: ${JSON.stringify(it.end)}`)
      else kills += it.killed
      t.diagnostic(says)
    }
  }))
  t.diagnostic(`${kills} kills in ${STORIES} clean-ups; undisturbed: ${aside}, ${back} and ${purge} requests`)
  assert.deepEqual(wrong, [])
  assert(kills >= STORIES, `only ${kills} kills`)
})

let starts: Promise<unknown> = Promise.resolve()
/** One begins after the other: a start is what costs most. */
const begun = (name: string): Promise<Nodecraft> => {
  const next = starts.then(() => ripe(prepared, name))
  starts = next.catch(() => undefined)
  return next
}

async function told(name: string, phases: Phases): Promise<Told> {
  const it = await begun(name)
  try {
    return await live(it, phases)
  } finally {
    await it.close()
  }
}
