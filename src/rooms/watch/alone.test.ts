import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { ms } from '../../core/time.ts'
import { turnedClock, type TurnedClock } from '../../../test/turned-clock.ts'
import { createAlonePool, type AlonePool, type ChildEvents, type Stuck, type Task } from './alone.ts'
import type { Check } from './check.ts'
import type { Sight } from './look.ts'

interface FakeChild {
  readonly pid: number
  readonly events: ChildEvents
  readonly tasks: Task[]
  killed: boolean
  abandoned: boolean
  /** Lets it end, when it was killed. */
  end(): void
}

let clock: TurnedClock
let children: FakeChild[]
let pool: AlonePool
let told: string[]
/** What the child does with a look; undefined: nothing, ever. */
let answers: (task: Task) => Sight | undefined
let wedged: (task: Task | undefined) => boolean
let starts: boolean
/** How long an answer takes. */
let takes: number

const target = (task: Task | undefined): string => String(task?.settings)
const checkOf = (name: string): Check => ({
  name, kind: 'file', settings: name, every: ms(10_000), timeout: ms(1000), failAfter: 1, recoverAfter: 1, seenFrom: 1, unknownAfter: ms(1), dependsOn: [],
  escalate: 'default', loopback: false, from: '',
})
const say = (is: string) => ({ check, pid }: Stuck): void => void told.push(`${is} ${check} ${pid}`)

beforeEach(() => {
  clock = turnedClock()
  children = []
  told = []
  starts = true
  takes = 5
  answers = (task) => (target(task).startsWith('good') ? { found: { is: 'pass' } } : undefined)
  wedged = (task) => target(task).startsWith('wedge')
  pool = createAlonePool({
    clock, timers: clock, onStuck: say('stuck'), onUnstuck: say('unstuck'),
    spawn(events) {
      const child: FakeChild = { pid: 100 + children.length, events, tasks: [], killed: false, abandoned: false, end: () => events.gone('killed') }
      children.push(child)
      clock.after(ms(100), () => (starts ? events.ready() : events.gone('EAGAIN')))
      return {
        pid: child.pid,
        send(task) {
          child.tasks.push(task)
          const sight = answers(task)
          if (sight) clock.after(ms(takes), () => void (child.killed || events.seen(sight)))
        },
        kill() {
          child.killed = true
          if (!wedged(child.tasks.at(-1))) clock.after(ms(2), () => events.gone('killed'))
        },
        abandon: () => void (child.abandoned = true),
      }
    },
  })
})

async function look(name: string, turn = 5_000): Promise<Sight | undefined> {
  let sight: Sight | undefined
  pool.look(checkOf(name), (it) => {
    assert.equal(sight, undefined, 'a look ends once')
    sight = it
  })
  await clock.turn(turn)
  return sight
}

describe('a look alone', () => {
  test('children are kept warm: the second look starts none', async () => {
    pool.warm()
    await clock.turn(200)
    for (let n = 0; n < 5; n++) assert.equal((await look('good', 50))?.found.is, 'pass')
    assert.equal(children.length, 1)
  })

  test('one child does for many quick looks', async () => {
    const sights: Sight[] = []
    for (let n = 0; n < 15; n++) pool.look(checkOf(`good${n}`), (sight) => sights.push(sight))
    await clock.turn(200)
    assert.deepEqual([sights.length, children.length], [15, 2])
  })

  test('slow looks go side by side up to the bound; idle children beyond one end later', async () => {
    const sights: Sight[] = []
    takes = 200
    for (let n = 0; n < 20; n++) pool.look(checkOf(`good${n}`), (sight) => sights.push(sight))
    await clock.turn(2_000)
    assert.deepEqual([sights.length, children.length], [20, 8])
    assert(sights.every((sight) => sight.found.is === 'pass'))
    await clock.turn(120_000)
    assert.equal(children.filter((child) => !child.killed).length, 1)
  })

  test('a child that dies under its look: unknown, and the next look has another', async () => {
    answers = () => undefined
    const done: Sight[] = []
    pool.look(checkOf('good'), (sight) => done.push(sight))
    await clock.turn(150)
    children[0]?.events.gone('it ended with code 7')
    assert.match(done[0]?.found.says ?? '', /ended: it ended with code 7/)
    answers = () => ({ found: { is: 'pass' } })
    assert.equal((await look('good'))?.found.is, 'pass')
    assert.deepEqual(told, [])
  })

  test('no child can be started: unknown, says why, and is not tried without end', async () => {
    starts = false
    const sight = await look('good')
    assert.match(sight?.found.says ?? '', /no process could be started for this look: EAGAIN/)
    assert.equal(children.length, 1)
  })
})

describe('what hangs', () => {
  test('is unknown at its hard deadline, its child killed and replaced', async () => {
    pool.warm()
    await clock.turn(200)
    assert.equal(await look('hangs', 1_099), undefined)
    assert.equal(children[0]?.killed, false)
    await clock.turn(4_000)
    assert.equal(children.length, 2)
    const again = await look('hangs', 1_101)
    assert.match(again?.found.says ?? '', /no answer within 1 s; the process of this look was killed/)
    assert.equal((await look('good'))?.found.is, 'pass')
    assert.deepEqual(told, [], 'what ends when it is killed is not stuck')
  })

  test('what does not die within a second is abandoned and told; further looks of its check are unknown at once', async () => {
    assert.equal((await look('wedge', 1_250))?.found.is, 'unknown')
    assert.match((await look('wedge', 0))?.found.says ?? '', /former look was killed and has not ended yet \(process 100\)/)
    await clock.turn(1_000)
    assert.deepEqual(told, ['stuck wedge 100'])
    assert.equal(children[0]?.abandoned, true)
    assert.match((await look('wedge', 0))?.found.says ?? '', /former look still hangs in the kernel \(process 100\)/)
    assert.equal((await look('good'))?.found.is, 'pass')
    assert.equal(children.length, 2)
    children[0]?.end()
    assert.deepEqual(told, ['stuck wedge 100', 'unstuck wedge 100'])
    assert.equal((await look('wedge', 1_250))?.found.is, 'unknown')
    assert.equal(children[1]?.killed, true, 'the check has its chance again')
  })

  test('X-5: abandoned children are bounded; beyond the bound looks are unknown and say why', async () => {
    for (let n = 0; n < 60; n++) pool.look(checkOf(`wedge${n}`), () => {})
    await clock.turn(60_000)
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 60; n++) pool.look(checkOf(`wedge${n}`), () => {})
      await clock.turn(20_000)
    }
    assert.equal(children.length, 24)
    assert.equal(pool.stuck.length, 24)
    assert.match((await look('good'))?.found.says ?? '', /no process was free for this look within 1 s: 0 of 8 are busy, 24 killed and not ended/)
    for (const child of children) child.end()
    assert.equal(pool.stuck.length, 0)
    assert.equal((await look('good'))?.found.is, 'pass')
  })

  test('a child that never gets ready is given up, without accusing a check', async () => {
    starts = true
    const quiet = createAlonePool({
      clock, timers: clock, onStuck: say('stuck'), onUnstuck: say('unstuck'),
      spawn: () => ({ pid: 1, send: () => assert.fail('not ready'), kill: () => {}, abandon: () => {} }),
    })
    const done: Sight[] = []
    quiet.look(checkOf('a'), (sight) => done.push(sight))
    await clock.turn(30_000)
    assert.match(done[0]?.found.says ?? '', /no process was free/)
    assert.deepEqual(told, [])
  })

  test('closing kills all and starts none', async () => {
    pool.look(checkOf('wedge'), () => {})
    await clock.turn(200)
    pool.close()
    await clock.turn(60_000)
    assert(children.every((child) => child.killed))
    assert.equal(children.length, 1)
  })
})
