// G-7 … G-23 over random histories: runs, hands that die at any moment, clocks that are set, time that nobody lived through, writers and rows that come
// back, people who agree or pretend to. The planner asks for everything; the truth is kept beside it, and each act on the store is held against that.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { actsWorld, hexOf, JOB, type ActsWorld, type Death } from '../../../../test/guard/acts-world.ts'
import { days, hours, minutes, type Instant } from '../../../core/time.ts'
import { asideOf } from './life.ts'
import { loadActs, loadJob, openObjects } from './rows.ts'

const KEYS = ['c/a', 'c/b', 'c/d'] as const
const RUNS = Number(process.env['HOLDFAST_TEST_MODELS'] ?? 120)

/** What is true, whatever anybody believes: since when a version has had no row without a break, and what two people really agreed to. */
interface Truth {
  readonly rowless: Map<string, Instant>
  readonly written: Map<string, Instant>
  readonly agreed: Set<string>
  /** Time lived through, without a break, since the object had no row. */
  readonly livedRowless: Map<string, number>
  /** Keys of which the other place has no copy any more; those that a person brought back and nobody has unlocked. */
  readonly uncopied: Set<string>
  readonly held: Set<string>
  seen: number
}

interface Real { readonly world: ActsWorld; readonly truth: Truth }
type Command = fc.AsyncCommand<object, Real>

const command = (says: string, run: (real: Real) => void | Promise<unknown>): Command => ({
  check: () => true,
  toString: () => says,
  async run(_model, real) {
    await run(real)
    judge(real)
  },
})

function lose(truth: Truth, world: ActsWorld, key: string): void {
  truth.rowless.set(key, world.truth())
  truth.livedRowless.set(key, world.lived())
}

/** Every act on the store since the last look, held against the truth. */
function judge({ world, truth }: Real): void {
  for (const event of world.store.events.slice(truth.seen)) {
    const { is, key, versionId, at } = event
    if (is === 'back') continue
    const since = truth.rowless.get(key)
    assert(since !== undefined && !world.rows.has(key), `${is} ${key}: it has a row`)
    const lived = world.lived() - (truth.livedRowless.get(key) ?? Number.POSITIVE_INFINITY)
    if (is === 'aside') {
      assert(at - (truth.written.get(versionId) ?? at) >= days(7), `${key} was put aside younger than its age`)
      assert(at - since >= hours(24) && lived >= hours(24), `${key} was put aside before it had soaked`)
      assert(!truth.held.has(key), `${key} was put aside, and a person had brought it back`)
    } else {
      const aside = world.store.events.find((it) => it.is === 'aside' && it.versionId === versionId)
      assert(aside !== undefined, `${key} was removed and never put aside`)
      assert(at - aside.at >= days(30), `${key} was removed after ${(at - aside.at) / days(1)} d of quarantine`)
      assert(truth.agreed.has(versionId), `${key} was removed, and no two people agreed to that`)
      assert(!truth.uncopied.has(key), `${key} was removed, and the other place has no copy`)
    }
  }
  truth.seen = world.store.events.length
  // Nothing hangs in the air: what is hidden is remembered, or in doubt.
  for (const key of KEYS) {
    const stack = world.store.stacks.get(key)
    const life = world.life(key)
    // Above older versions the delete marker stays when what was judged is gone: they do not come to light.
    if (stack?.[0]?.is === 'marker') assert(['aside', 'leaving', 'returning', 'removing', 'purged'].includes(life.is), `${key} is hidden and ${life.is}`)
    assert.notEqual(life.is, 'lost', `${key}: ${'says' in life ? life.says : ''}`)
  }
}

/** Most of what is interesting begins where something has waited out everything. */
async function ripen({ world, truth }: Real, until: string): Promise<void> {
  for (const it of KEYS) {
    truth.written.set(world.store.put(it).versionId ?? '', world.truth())
    lose(truth, world, it)
  }
  world.pass(days(8))
  for (let n = 0; n < 4; n++) {
    world.run()
    world.pass(hours(24.5))
  }
  world.arm()
  world.run()
  if (until === 'ripe') return
  await world.work()
  judge({ world, truth })
  world.pass(days(31))
}

const key = fc.constantFrom(...KEYS)

const COMMANDS = [
  key.map((it) => command(`write ${it}`, ({ world, truth }) => {
    const version = world.store.put(it)
    truth.written.set(version.versionId ?? '', world.truth())
    if (!world.rows.has(it)) lose(truth, world, it)
  })),
  // A row that no run ever saw begins no new soak; that it holds each act is another test.
  key.map((it) => command(`row of ${it} comes, and is seen`, ({ world }) => {
    world.rows.add(it)
    world.run()
  })),
  key.map((it) => command(`row of ${it} comes`, ({ world, truth }) => {
    if (!truth.rowless.has(it)) world.rows.add(it)
  })),
  key.map((it) => command(`row of ${it} goes`, ({ world, truth }) => {
    if (world.rows.delete(it)) lose(truth, world, it)
  })),
  // Much of what is interesting takes days: whoever waits, waits with runs.
  fc.integer({ min: 1, max: 9 }).map((n) => command(`${n} days with runs`, ({ world }) => {
    for (let i = 0; i < n; i++) {
      world.run()
      world.pass(hours(24.2))
    }
  })),
  fc.constant(command('a month passes', ({ world }) => world.pass(days(31)))),
  fc.integer({ min: 1, max: 40 }).map((n) => command(`${n} days that nobody lived through`, ({ world }) => world.away(days(n)))),
  fc.integer({ min: -40, max: 40 }).map((n) => command(`the clock is set by ${n} days`, ({ world }) => world.step(n * days(1)))),
  fc.constant(command('the clock is right', ({ world }) => world.heal())),
  fc.constant(command('run and arm', ({ world }) => {
    for (let i = 0; i < 3; i++) world.run()
    world.arm()
    world.run()
  })),
  fc.constant(command('run without health', ({ world }) => void world.run({ healthy: false }))),
  fc.constant(command('another schema', ({ world }) => void world.run({ binding: 'other' }))),
  fc.tuple(fc.constantFrom<Death>('never', 'before', 'after'), fc.integer({ min: 1, max: 3 })).map(([death, at]) => command(`work (${death} ${at})`, async ({ world }) => {
    await world.work(death, at)
    if (death === 'never') return
    world.pass(minutes(2))
    world.restart()
  })),
  fc.constantFrom(['ada', 'bo'], ['ada', 'ada'], ['bo']).map((people) => command(`purge agreed by ${people.join()}`, ({ world, truth }) => {
    const plan = world.run()
    world.purge(plan, people)
    if (new Set(people).size < 2) return
    for (const { act, given } of loadActs(world.room.sql, plan)) if (act === 'purge') truth.agreed.add(given.item.version_id ?? '')
  })),
  key.map((it) => command(`bring back ${it}`, ({ world, truth }) => {
    if (world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf(it)], 'ada')).wanted > 0) truth.held.add(it)
  })),
  key.map((it) => command(`unlock ${it}`, ({ world, truth }) => {
    world.room.turn((tx) => world.acts.accept(tx, JOB, { what: 'unlock', seen: hexOf(it), by: 'bo' }))
    truth.held.delete(it)
  })),
  fc.tuple(key, fc.boolean()).map(([it, there]) => command(`the copy of ${it} ${there ? 'comes back' : 'goes'}`, ({ truth }) => void (there ? truth.uncopied.delete(it) : truth.uncopied.add(it)))),
]

test('G-6 G-7 G-8 G-11 G-23 whatever happens in whatever order, nothing is put aside too early, nothing removed unagreed, and nothing lost', async () => {
  let [aside, gone, back] = [0, 0, 0]
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.constantFrom('new', 'ripe', 'spent'), fc.commands(COMMANDS, { maxCommands: 40, size: 'max' }), async (honest, from, commands) => {
    const truth: Truth = { rowless: new Map(), written: new Map(), agreed: new Set(), livedRowless: new Map(), uncopied: new Set(), held: new Set(), seen: 0 }
    const world = actsWorld({ honest, copies: async (wanted) => Object.fromEntries(wanted.map(({ key: hex }) => [hex, truth.uncopied.has(Buffer.from(hex, 'hex').toString()) ? 'not' as const : 'there' as const])) })
    if (from !== 'new') await ripen({ world, truth }, from)
    await fc.asyncModelRun(() => ({ model: {}, real: { world, truth } }), commands)
    // In the end all is quiet: nothing is in doubt, and what has a row stands.
    world.heal()
    for (let i = 0; i < 3; i++) {
      world.pass(minutes(2))
      world.run()
      await world.work()
    }
    judge({ world, truth })
    assert.deepEqual(openObjects(world.room.sql, 9), [])
    for (const it of KEYS) {
      const life = world.life(it)
      const stack = world.store.stacks.get(it)
      if (world.rows.has(it) && stack !== undefined) assert.equal(stack[0]?.is, 'version', `${it} has a row, and does not stand`)
      if (life.is === 'aside') assert(stack?.some((one) => one.versionId === asideOf(life)?.token), `${it} is thought to lie aside`)
      assert(loadJob(world.room.sql, JOB).version >= 0)
    }
    for (const event of world.store.events) {
      if (event.is === 'aside') aside++
      else if (event.is === 'gone') gone++
      else back++
    }
  }), { numRuns: RUNS, ...(process.env['HOLDFAST_TEST_SEED'] === undefined ? {} : { seed: Number(process.env['HOLDFAST_TEST_SEED']) }) })
  assert(aside > 0 && back + gone > 0, `the histories lead somewhere: ${aside} put aside, ${back} brought back, ${gone} removed`)
})
