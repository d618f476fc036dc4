// The line to the doers, by a clock that the test turns: `go` once, to one, under a lease; and nobody who is gone is waited for.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, minutes, ms, seconds, tickOf, type Now, type Span, type Stamp } from '../../../core/time.ts'
import type { Acted } from '../../../ports/driver/driver.ts'
import type { Order, ToDoer } from '../../../rooms/change/runs/doing.ts'
import { BEGIN_WITHIN, createDoerLine, type Begun, type DoerLine } from './doer-line.ts'

const RUN = 'run-1'
const DONE: Acted = { is: 'done', says: 'done' }
const orderOf = ({ run, token }: Begun): Order => ({ run, of: 'node_test', token, step: 'stop', back: false, driver: 'haproxy', config: { target: 'front' }, doors: {}, within: minutes(5), rehearse: false })

function world(...under: Begun[]) {
  let tick = 1000
  let waiting: readonly Begun[] = under
  const heard: string[] = []
  const it = {
    heard,
    answer: 'go',
    /** Before an answer of the ledger is given. */
    meanwhile: (): void => undefined,
    broken: false,
    halted: false,
    wall: 0,
    now: (): Now => ({ wall: instantOf(it.wall), tick: tickOf(tick), boot: 'boot' }),
    stamp: (): Stamp => ({ tick: tickOf(tick), boot: 'boot' }),
    pass(span: Span): void {
      tick += span
    },
    wait(...begun: Begun[]): void {
      waiting = begun
    },
    line: undefined as unknown as DoerLine,
    /** A keeper that has just begun, over the same ledger. */
    restart(): void {
      it.line = createDoerLine({
        now: it.now,
        waiting: () => waiting,
        orderFor: (run) => waiting.filter((one) => one.run === run).map(orderOf)[0],
        isHalted: () => it.halted,
        async identity(run, token, identity) {
          heard.push(`identity ${run}.${token} ${identity}`)
          it.meanwhile()
          return it.answer
        },
        acted: async (run, token, acted, isBegun) => void heard.push(`acted ${run}.${token} ${acted.is}: ${acted.says}${isBegun ? '' : ' (not begun)'}`),
        seen: async (run, token, found) => void heard.push(`seen ${run}.${token} ${found.is}`),
        async lost(run, token) {
          if (it.broken) throw new Error('the ledger is full')
          heard.push(`lost ${run}.${token}`)
        },
      })
      it.line.start()
    },
    order: (link: object, run = RUN): Promise<ToDoer> => it.line.hear({ is: 'order', run }, link),
    renew: (link: object, token = 1): Promise<ToDoer> => it.line.hear({ is: 'renew', run: RUN, token }, link),
    identity: (link: object, token = 1): Promise<ToDoer> => it.line.hear({ is: 'identity', run: RUN, token, identity: 'host a' }, link),
    acted: (link: object, acted: Acted = DONE, token = 1): Promise<ToDoer> => it.line.hear({ is: 'acted', run: RUN, token, acted }, link),
    seen: (link: object, token = 1): Promise<ToDoer> => it.line.hear({ is: 'seen', run: RUN, token, found: { is: 'pass' }, from: it.stamp() }, link),
  }
  it.restart()
  return it
}

const [a, b] = [{}, {}]
const is = async (told: Promise<ToDoer>): Promise<string> => (await told).is

test('a deed from its order to what is seen of it', async () => {
  const it = world()
  assert.deepEqual(it.line.wanted(), [])
  assert.equal(await is(it.order(a)), 'no')
  it.wait({ run: RUN, token: 1 })
  assert.deepEqual(it.line.wanted(), [{ run: RUN, token: 1, driver: 'haproxy', target: 'front' }])
  const told = await it.order(a)
  assert.deepEqual([told.is, told.is === 'order' && told.order.token, told.is === 'order' && told.for], ['order', 1, seconds(20)])
  assert.equal(await is(it.identity(a)), 'go')
  it.pass(seconds(15))
  assert.equal(await is(it.renew(a)), 'lease')
  it.pass(seconds(15))
  assert.equal(await is(it.acted(a)), 'written')
  assert.equal(await is(it.seen(a)), 'written')
  it.wait()
  assert.equal(await is(it.renew(a)), 'no', 'it is over')
  assert.deepEqual(it.line.wanted(), [])
  it.line.gone(a)
  assert.deepEqual(it.heard, ['identity run-1.1 host a', 'acted run-1.1 done: done', 'seen run-1.1 pass'])
})

test('that a doer is wanted, or none any more, is news once', () => {
  const it = world()
  assert.equal(it.line.news(), undefined)
  it.wait({ run: RUN, token: 1 })
  assert.deepEqual(it.line.news(), it.line.wanted())
  assert.equal(it.line.news(), undefined)
  it.wait({ run: RUN, token: 2 })
  assert.deepEqual(it.line.news()?.map(({ token }) => token), [2])
  it.wait()
  assert.deepEqual([it.line.news(), it.line.news()], [[], undefined])
})

test('C-4 go is said once under one token, to whoever holds it then, and to nobody after that', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  assert.deepEqual([await is(it.order(b)), await is(it.identity(b)), await is(it.renew(b))], ['no', 'no', 'no'], 'while one has it nobody else does')
  assert.equal(await is(it.identity(a)), 'go')
  assert.equal(await is(it.identity(a)), 'no')
  it.line.gone(a)
  assert.deepEqual(it.heard.at(-1), 'lost run-1.1')
  assert.deepEqual([await is(it.order(b)), await is(it.identity(b)), await is(it.renew(a))], ['no', 'no', 'no'])
  assert.deepEqual(it.line.wanted(), [])
})

test('C-4 before go nothing was begun: another doer may come, for a while', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  it.line.gone(a)
  assert.deepEqual(it.heard, [])
  assert.deepEqual(it.line.wanted(), [{ run: RUN, token: 1, driver: 'haproxy', target: 'front' }])
  assert.equal(await is(it.order(b)), 'order')
  assert.equal(await is(it.identity(a)), 'no')
  assert.equal(await is(it.identity(b)), 'go')
})

test('C-2 C-6 where nobody comes in time nothing is begun any more, and that is said', async () => {
  for (const comes of [false, true]) {
    const it = world()
    it.wait({ run: RUN, token: 1 })
    if (comes) await it.order(a)
    else it.line.tick()
    it.pass(ms(BEGIN_WITHIN))
    it.line.tick()
    it.line.tick()
    assert.deepEqual(it.heard, ['acted run-1.1 failed: nobody could do it in time: nothing was begun (not begun)'])
    assert.deepEqual([await is(it.identity(a)), await is(it.order(b)), it.line.wanted()], ['no', 'no', []])
  }
})

test('C-7 a doer that slept over its lease is told nothing but no, whatever the wall clock says', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  assert.equal(await is(it.identity(a)), 'go')
  it.wall = -3_600_000
  it.pass(seconds(20))
  // Not even a turn of the clock was needed to find that out.
  assert.equal(await is(it.renew(a)), 'no')
  assert.deepEqual(it.heard.slice(1), ['lost run-1.1'])
  assert.equal(await is(it.acted(a)), 'written', 'what it did before is heard')
  assert.deepEqual(it.heard.slice(2), ['acted run-1.1 done: done'])
})

test('C-7 go is not said when the lease ended while the ledger was asked', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  it.meanwhile = () => it.pass(seconds(21))
  assert.equal(await is(it.identity(a)), 'no')
  it.meanwhile = () => undefined
  it.line.tick()
  assert.deepEqual(it.heard, ['identity run-1.1 host a', 'acted run-1.1 failed: nobody could do it in time: nothing was begun (not begun)'])
})

test('what the ledger refuses is not begun, and said to be so', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  it.answer = 'the run was halted'
  assert.deepEqual(await it.identity(a), { is: 'no', says: 'the run was halted' })
  assert.deepEqual(it.heard.slice(1), ['acted run-1.1 failed: nothing was begun: the run was halted (not begun)'])
  assert.equal(await is(it.order(b)), 'no')
})

test('C-4 what failed before go was not begun, and what failed after it may have been', async () => {
  for (const [told, says] of [[false, 'acted run-1.1 failed: no (not begun)'], [true, 'acted run-1.1 failed: no']] as const) {
    const it = world()
    it.wait({ run: RUN, token: 1 })
    await it.order(a)
    if (told) await it.identity(a)
    await it.acted(a, { is: 'failed', says: 'no' })
    assert.equal(it.heard.at(-1), says)
  }
})

test('C-7 an older token does nothing, and what it says is told under its own number', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  it.wait({ run: RUN, token: 2 })
  assert.deepEqual([await is(it.identity(a)), await is(it.renew(a)), await is(it.acted(a, { is: 'failed', says: 'no' }))], ['no', 'no', 'written'])
  assert.deepEqual(it.heard, ['acted run-1.1 failed: no'])
  assert.equal((await it.order(b)).is, 'order')
  assert.equal(await is(it.identity(b, 2)), 'go')
})

test('C-4 after a restart of the keeper nothing is begun that was under way, and who does it has a lease\'s time to speak up', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  it.restart()
  it.pass(seconds(10))
  it.line.tick()
  assert.deepEqual(it.heard, [])
  assert.equal(await is(it.renew(a)), 'lease', 'it is there')
  assert.equal(await is(it.identity(a)), 'no')
  it.pass(seconds(15))
  it.line.tick()
  assert.equal(await is(it.acted(a)), 'written')
  it.line.gone(a)
  assert.deepEqual(it.heard, ['acted run-1.1 done: done'])
  assert.equal(await is(it.order(b)), 'order', 'the next one looks on')
  assert.equal(await is(it.identity(b)), 'no')
})

test('C-4 C-19 a deed that nobody speaks of after a restart is lost after one lease; the next doer may only say what it found written', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  it.restart()
  assert.equal(await is(it.order(b)), 'order')
  assert.equal(await is(it.identity(b)), 'no')
  it.line.gone(b)
  assert.deepEqual(it.heard, ['lost run-1.1'])
  it.heard.length = 0
  it.restart()
  it.pass(seconds(20))
  it.line.tick()
  assert.deepEqual(it.heard, ['lost run-1.1'])
})

test('C-15 what is under way when the run ends keeps its lease to its end', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  await it.identity(a)
  it.wait()
  for (let n = 0; n < 10; n++) {
    it.pass(seconds(10))
    it.line.tick()
    assert.equal(await is(it.renew(a)), 'lease')
    assert.equal(it.line.wanted().length, 1)
  }
  await it.acted(a)
  assert.equal(await is(it.renew(a)), 'no')
  assert.deepEqual(it.line.wanted(), [])
})

test('that a doer is lost is said until it is heard', async () => {
  const it = world()
  it.wait({ run: RUN, token: 1 })
  await it.order(a)
  await it.identity(a)
  it.broken = true
  it.line.gone(a)
  await new Promise((go) => setImmediate(go))
  it.broken = false
  it.pass(seconds(20))
  it.line.tick()
  assert.deepEqual(it.heard.slice(1), ['lost run-1.1'])
})

test('where no run is, nothing is done', async () => {
  const { line } = world()
  line.tick()
  assert.deepEqual(line.wanted(), [])
  assert.equal((await line.hear({ is: 'order', run: RUN }, a)).is, 'no')
})
