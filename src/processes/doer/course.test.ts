// The course of one deed by a clock and timers that the test turns, over a driver that counts: every gap in the lease, every answer of the keeper, every journal
// that may be found. The processes themselves are killed and frozen in doer.test.ts and in the lab.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { coded, Fault } from '../../core/fault.ts'
import { instantOf, minutes, ms, seconds, tickOf, type Now, type Span } from '../../core/time.ts'
import { driver, type Acted, type DriverContext, type Told } from '../../ports/driver/driver.ts'
import { HALTED, type Once, type Ran, type Recalled } from '../../ports/driver/commands.ts'
import type { FromDoer, Order, ToDoer } from '../../rooms/change/runs/doing.ts'
import { course, type CoursePorts } from './course.ts'
import { journalIn, type Former, type Journal } from './journal.ts'
import { tenureFrom } from './tenure.ts'

const LEASE = seconds(20)
const of = { run: 'run-1', token: 3 }

interface World {
  /** What the keeper was told, and what the driver did, in order. */
  readonly told: string[]
  readonly order: { -readonly [key in keyof Order]: Order[key] }
  /** Of the keeper; `undefined`: it is away. */
  answer: (message: FromDoer) => ToDoer | undefined | Promise<ToDoer | undefined>
  identify: () => Promise<string>
  act: (context: DriverContext, once: Once) => Promise<Acted>
  /** Whether what is awaited is so. */
  isSo: boolean
  line: number
  journal: Journal
  /** What the journal has of it. */
  readonly written: () => Former
  readonly stop: AbortController
  /** The clock goes on and timers ring in their time. */
  pass(span: Span): Promise<void>
  /** The clock goes on, and nothing else does, as for a process that is frozen. */
  freeze(span: Span): void
  /** How far the wall clock is turned while it is frozen; absent: as far as time goes on. */
  wallTurns: Span | undefined
  run(): Promise<void>
}

/** As files are, but that nothing has to be waited for. */
function memory(): Journal & { written(): Former } {
  let written: Former = { is: 'none' }
  return {
    written: () => written,
    read: async () => written,
    async begin() {
      if (written.is === 'begun') return 'there'
      written = { is: 'begun' }
      return 'begun'
    },
    end: async (_, acted) => void (written = { is: 'begun', acted }),
  }
}

function world(): World {
  const own = memory()
  let [tick, wall] = [1000, 1_700_000_000_000]
  let timers: { readonly at: number; readonly act: () => void }[] = []
  const now = (): Now => ({ tick: tickOf(tick), wall: instantOf(wall), boot: 'boot' })
  const still = async (): Promise<void> => {
    for (let n = 0; n < 3; n++) await new Promise((go) => void setImmediate(go))
  }
  const note = (says: string): void => void it.told.push(says)
  const fake = driver({
    kind: 'fake', title: 'Fake', does: 'notes', config: z.strictObject({ what: z.string(), on_halt: z.literal('kill').optional() }), claims: z.strictObject({ written: z.boolean().optional() }), examples: [],
    say: ({ what }) => `writes ${what}`,
    async observe(_config, claims) {
      const from = { tick: tickOf(tick), boot: 'boot' }
      if (claims === undefined) return { identity: await it.identify(), found: { is: 'pass' }, from }
      note('looks')
      return { identity: 'a', found: it.isSo ? { is: 'pass' } : { is: 'fail', says: 'not yet' }, from }
    },
    async act(_config, once, context) {
      note(`acts ${once.name}${once.of === 'node_test' ? '' : `, of ${once.of}`} until ${once.notAfter.tick}; journal ${own.written().is}`)
      return it.act(context, once)
    },
  })
  const egress = { resolve: async () => [], connect: () => Promise.reject(new Fault('none')), request: async ({ url }: { url: string }) => {
    if (url === 'refused:') throw coded('ECONNREFUSED', 'nobody listens')
    note('SENT')
    return { status: 200, headers: {}, body: Buffer.alloc(0), truncated: false, phases: { total: 0 }, addressClass: 'loopback' as const }
  } }
  const local = async (): Promise<Told> => (note('SENT'), { is: 'answered', text: '' })
  const commands = { identify: async () => 'a', recall: async (): Promise<Recalled> => ({ is: 'none' }), run: async ({ argv }: { argv: readonly string[] }): Promise<Ran> => {
    if (argv[0] === 'refused') return { is: 'refused', why: 'unreachable', says: 'no' }
    note('RAN')
    return { is: 'ended', output: { tail: '', bytes: 0, exit: 0 } }
  } }
  const ports: CoursePorts = {
    now, drivers: [fake], journal: undefined as unknown as Journal, line: () => it.line,
    timers: { after(span, act) {
      const timer = { at: tick + span, act }
      timers.push(timer)
      return () => void (timers = timers.filter((one) => one !== timer))
    } },
    async ask(message) {
      note(message.is === 'acted' ? `acted ${message.acted.is}: ${message.acted.says}` : message.is === 'seen' ? `seen ${message.found.is}` : message.is === 'identity' ? `identity ${message.identity}` : message.is)
      const answer = await it.answer(message)
      if (answer === undefined) throw new Fault('the keeper is away')
      return answer
    },
    contextOf: (_order, signal) => ({ egress, commands, local, signal, now, timers: ports.timers }),
  }
  const it: World = {
    told: [], isSo: true, line: 1, stop: new AbortController(), journal: own, written: own.written,
    order: { ...of, of: 'node_test', step: 'stop', back: false, driver: 'fake', config: { what: 'it' }, claims: { written: true }, doors: {}, within: minutes(5), rehearse: false },
    answer: (message) => (message.is === 'order' ? { is: 'order', order: it.order, for: LEASE } : message.is === 'renew' ? { is: 'lease', for: LEASE } : message.is === 'identity' ? { is: 'go' } : { is: 'written' }),
    identify: async () => 'host a',
    act: async () => ({ is: 'done', says: 'did it' }),
    async pass(span) {
      await still()
      const end = tick + span
      for (;;) {
        const next = timers.toSorted((one, other) => one.at - other.at)[0]
        if (!next || next.at > end) break
        timers = timers.filter((one) => one !== next)
        wall += Math.max(0, next.at - tick)
        tick = Math.max(tick, next.at)
        next.act()
        await still()
      }
      wall += end - tick
      tick = end
      await still()
    },
    wallTurns: undefined,
    freeze: (span) => void ([tick, wall] = [tick + span, wall + (it.wallTurns ?? span)]),
    run: () => course(of, { ...ports, journal: it.journal }, it.stop.signal),
  }
  return it
}

/** Until nobody wants to know: told so once what happens has happened. */
async function through(it: World, span: Span = seconds(3)): Promise<string[]> {
  const over = it.run()
  await it.pass(span)
  it.stop.abort()
  await it.pass(seconds(3))
  await over
  return it.told
}

const sent = ({ told }: World): number => told.filter((says) => says === 'SENT' || says === 'RAN').length
const request = ({ egress, signal }: DriverContext) => egress.request({ url: 'fake:', signal })
const doneBy = async (context: DriverContext): Promise<Acted> => {
  await request(context)
  return { is: 'done', says: 'did it' }
}
const begun = (it: World): Promise<'begun' | 'there'> => it.journal.begin({ ...of, step: 'stop', back: false, driver: 'fake', rehearse: false, identity: 'a', at: instantOf(1) })

test('C-4 it is asked for, looked at, written down, done, said and looked after, in this order', async () => {
  const it = world()
  it.act = doneBy
  const told = await through(it)
  assert.deepEqual(told.slice(0, 7), ['order', 'identity host a', 'acts run-1.3 until 21000; journal begun', 'SENT', 'acted done: did it', 'looks', 'seen pass'])
  assert.deepEqual(told.filter((says) => says === 'looks').length, 4, 'at once, and every second')
  assert.deepEqual(it.written(), { is: 'begun', acted: { is: 'done', says: 'did it' } })
})

test('C-6 it goes on looking while somebody wants to know, and no longer', async () => {
  const it = world()
  it.isSo = false
  const over = it.run()
  await it.pass(seconds(60))
  assert.equal(it.told.filter((says) => says === 'seen fail').length > 50, true)
  it.answer = () => ({ is: 'no', says: 'it is over' })
  await it.pass(seconds(4))
  await over
})

test('C-4 a journal that is there says that it was begun: it is never begun again', async () => {
  const cases: readonly { readonly name: string; readonly leave: (it: World) => Promise<unknown>; readonly says: string }[] = [
    { name: 'begun', leave: begun, says: 'acted unknown: it was begun before, and nobody wrote down what came of it' },
    { name: 'ended', leave: async (it) => (await begun(it), it.journal.end(of, { is: 'done', says: 'did it before' })), says: 'acted done: did it before' },
  ]
  for (const { name, leave, says } of cases) {
    const it = world()
    it.act = doneBy
    await leave(it)
    const told = await through(it)
    assert.deepEqual(told.slice(0, 2), ['order', says], name)
    assert.equal(sent(it), 0, name)
  }
})

test('C-4 of two that begin at one moment one does it', async () => {
  const [one, other] = [world(), world()]
  one.act = other.act = doneBy
  other.journal = one.journal
  await Promise.all([through(one), through(other)])
  assert.equal(sent(one) + sent(other), 1)
  assert.deepEqual([...one.told, ...other.told].filter((says) => says.startsWith('acted')).map((says) => says.slice(0, says.indexOf(':'))).toSorted(), ['acted done', 'acted unknown'])
})

test('C-4 C-6 whatever goes wrong before it means that nothing was begun, and is said', async () => {
  const cases: readonly { readonly name: string; readonly change: (it: World) => void; readonly says: RegExp }[] = [
    { name: 'a driver that is not there', change: (it) => (it.order.driver = 'other'), says: /no driver is called “other”/ },
    { name: 'settings of another driver', change: (it) => (it.order.config = { where: 1 }), says: /its settings are not those of Fake/ },
    { name: 'claims of another driver', change: (it) => (it.order.claims = { gone: 1 }), says: /its settings are not those of Fake/ },
    { name: 'a thing that cannot be asked', change: (it) => (it.identify = () => Promise.reject(new Fault('its host key changed'))), says: /its host key changed/ },
    { name: 'a thing that does not answer', change: (it) => (it.identify = () => new Promise(() => undefined)), says: /no answer within 10 s/ },
    { name: 'a keeper that goes away before the word', change: (it) => {
      const { answer } = it
      it.answer = (message) => (message.is === 'identity' ? undefined : answer(message))
    }, says: /the keeper is away/ },
    { name: 'a disk that is full', change: (it) => {
      it.journal = { ...it.journal, begin: () => Promise.reject(coded('ENOSPC', 'no room on the disk')) }
    }, says: /no room on the disk/ },
    { name: 'a name that leads elsewhere', change: (it) => (it.journal = { ...it.journal, read: () => journalIn('/nowhere').read({ run: '../run', token: 1 }) }), says: /cannot be called/ },
  ]
  for (const { name, change, says } of cases) {
    const it = world()
    it.act = doneBy
    change(it)
    const told = await through(it, seconds(12))
    assert.equal(sent(it), 0, name)
    assert.match(told.find((line) => line.startsWith('acted')) ?? '', says, name)
    assert.match(told.find((line) => line.startsWith('acted')) ?? '', /^acted failed: nothing was begun/, name)
    assert(!told.includes('looks'), name)
  }
})

test('C-4 C-6 after the word no nobody begins it under that number, and that is said', async () => {
  const it = world()
  const { answer } = it
  it.answer = (message) => (message.is === 'identity' ? { is: 'no', says: 'the run was halted' } : answer(message))
  const told = await through(it)
  assert.deepEqual(told.slice(0, 3), ['order', 'identity host a', 'acted failed: nothing was begun: the run was halted'])
  assert.deepEqual([sent(it), it.written()], [0, { is: 'begun', acted: { is: 'failed', says: 'nothing was begun: the run was halted' } }])
})

test('C-15 a halt leaves what is under way alone, and ends what says that it is to be killed then, with that reason', async () => {
  for (const kills of [false, true]) {
    const it = world()
    const { answer } = it
    let reason: unknown
    it.order.config = { what: 'it', ...(kills ? { on_halt: 'kill' } : {}) }
    it.act = ({ signal }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
        resolve({ is: 'unknown', says: 'cut off' })
      }, { once: true })
    })
    it.answer = (message) => (message.is === 'renew' ? { is: 'lease', for: LEASE, halted: true } : answer(message))
    const over = it.run()
    await it.pass(seconds(10))
    assert.deepEqual([reason, it.told.filter((line) => line.startsWith('acted'))], kills ? [HALTED, ['acted unknown: cut off']] : [undefined, []])
    it.stop.abort()
    await it.pass(seconds(5))
    await over
  }
})

test('C-6 C-15 a deed that still dials when the run is halted is kept from leaving within a second; one that has left goes on', async () => {
  for (const halted of [true, false]) {
    const it = world()
    const { promise: there, resolve: connect } = Promise.withResolvers<undefined>()
    it.act = async (context, once) => {
      await there
      if (once.mayLeave?.() === false) return { is: 'failed', says: 'it was halted before it left' }
      return doneBy(context)
    }
    const over = it.run()
    await it.pass(ms(2600))
    const { answer } = it
    it.answer = (message) => (message.is === 'renew' ? { is: 'lease', for: LEASE, ...(halted ? { halted: true as const } : {}) } : answer(message))
    await it.pass(seconds(1))
    connect(undefined)
    await it.pass(seconds(1))
    assert.deepEqual([sent(it), it.told.find((says) => says.startsWith('acted'))?.split(':')[0]], halted ? [0, 'acted failed'] : [1, 'acted done'])
    it.stop.abort()
    await it.pass(seconds(1))
    await over
  }
})

test('C-2 C-7 what takes too long is not begun, however often its lease was renewed', async () => {
  const it = world()
  const { journal } = it
  it.act = doneBy
  it.journal = { ...journal, begin: (beginning) => new Promise((resolve) => void delays.push(() => resolve(journal.begin(beginning)))) }
  const delays: (() => void)[] = []
  const over = it.run()
  await it.pass(seconds(25))
  delays[0]?.()
  await it.pass(seconds(1))
  it.stop.abort()
  await it.pass(seconds(1))
  await over
  assert.equal(sent(it), 0)
  assert(it.told.some((says) => says.startsWith('acted failed: nothing was begun')))
})

test('a disk that hangs keeps nobody from hearing what came of it', async () => {
  const it = world()
  it.journal = { ...it.journal, end: () => new Promise(() => undefined) }
  assert((await through(it, seconds(7))).includes('acted done: did it'))
})

test('C-15 the word no, and an order for another number, end it without a deed', async () => {
  for (const change of [
    (it: World) => void (it.order.token = 4),
    (it: World) => void (it.answer = () => ({ is: 'no', says: 'another doer has it' })),
  ]) {
    const it = world()
    change(it)
    const told = await through(it, seconds(5))
    assert(told.every((says) => ['order', 'identity host a'].includes(says)), told.join())
  }
})

test('C-7 frozen for longer than its lease at any point before the deed, and thawed, it begins nothing', async () => {
  const points: readonly { readonly name: string; readonly freeze: (it: World) => void }[] = [
    { name: 'while it is given the order', freeze: (it) => {
      const { answer } = it
      it.answer = (message) => {
        if (message.is === 'order') it.freeze(seconds(21))
        return answer(message)
      }
    } },
    { name: 'while it looks which thing it is', freeze: (it) => (it.identify = async () => {
      it.freeze(seconds(21))
      return 'host a'
    }) },
    { name: 'while it is told to go', freeze: (it) => {
      const { answer } = it
      it.answer = (message) => {
        if (message.is === 'identity') it.freeze(seconds(16))
        return answer(message)
      }
    } },
    { name: 'while it writes down that it begins', freeze: (it) => {
      const { journal } = it
      it.journal = { ...journal, async begin(beginning) {
        const made = await journal.begin(beginning)
        it.freeze(seconds(21))
        return made
      } }
    } },
  ]
  for (const { name, freeze } of points) {
    for (const wall of [undefined, ms(-3_600_000)]) {
      const it = world()
      it.act = doneBy
      it.wallTurns = wall
      freeze(it)
      const told = await through(it)
      assert.deepEqual([sent(it), told.some((says) => says.startsWith('acts'))], [0, false], `${name}: ${told.join('; ')}`)
      assert.match(told.find((says) => says.startsWith('acted')) ?? '', /^acted failed: nothing was begun/, name)
    }
  }
})

test('C-7 frozen in the middle of the deed, and given a new lease as it wakes up, it sends nothing more', async () => {
  for (const way of ['request', 'command', 'socket'] as const) {
    const it = world()
    const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>()
    it.act = async (context) => {
      await request(context)
      await thawed
      if (way === 'request') await request(context)
      else if (way === 'socket') await context.local({ path: '/a', text: 'b', mostBytes: 1, signal: context.signal })
      else {
        const ran = await context.commands.run({ argv: ['stop'], on: 'db-1', within: seconds(5), once: { name: 'run-1.3', notAfter: { tick: tickOf(1e9), boot: 'boot' } } }, context.signal)
        if (ran.is === 'refused') throw new Fault(ran.says)
      }
      return { is: 'done', says: 'did it' }
    }
    const over = it.run()
    await it.pass(ms(10))
    assert.equal(sent(it), 1)
    it.freeze(seconds(25))
    // The keeper's next answer comes before anything else is looked at.
    await it.pass(seconds(0.5))
    thaw()
    await it.pass(seconds(3))
    it.stop.abort()
    await it.pass(seconds(2))
    await over
    assert.equal(sent(it), 1, way)
    assert.match(it.told.find((says) => says.startsWith('acted')) ?? '', /^acted unknown: it broke off after something was sent: the lease is over/, way)
  }
})

test('C-4 what threw before anything left was not done; after it nobody knows', async () => {
  const cases: readonly { readonly act: World['act']; readonly says: string }[] = [
    { act: () => {
      throw new Fault('no such thing')
    }, says: 'acted failed: nothing was sent: no such thing' },
    { act: () => Promise.reject(new Fault('no such server')), says: 'acted failed: nothing was sent: no such server' },
    { act: ({ egress, signal }) => egress.request({ url: 'refused:', signal }) as never, says: 'acted failed: nothing was sent: nobody listens' },
    { act: async (context) => (await request(context), Promise.reject(new Fault('a bug'))), says: 'acted unknown: it broke off after something was sent: a bug' },
    { act: async ({ commands, signal }) => (await commands.run({ argv: ['refused'], on: 'db-1', within: seconds(5), once: { name: 'a', notAfter: { tick: tickOf(1), boot: '' } } }, signal), Promise.reject(new Fault('no'))), says: 'acted failed: nothing was sent: no' },
    { act: async ({ commands, signal }) => (await commands.run({ argv: ['ls'], on: 'db-1', within: seconds(5) }, signal), Promise.reject(new Fault('no'))), says: 'acted failed: nothing was sent: no' },
    { act: async ({ commands, signal }) => (await commands.run({ argv: ['stop'], on: 'db-1', within: seconds(5), once: { name: 'a', notAfter: { tick: tickOf(1), boot: '' } } }, signal), Promise.reject(new Fault('no'))), says: 'acted unknown: it broke off after something was sent: no' },
  ]
  for (const { act, says } of cases) {
    const it = world()
    it.act = act
    assert.equal((await through(it)).find((line) => line.startsWith('acted')), says)
  }
})

test('C-4 a deed that does not end within its time is told to, and then not known', async () => {
  for (const listens of [true, false]) {
    const it = world()
    it.order.within = seconds(30)
    it.act = ({ signal }) => new Promise((resolve) => listens && signal.addEventListener('abort', () => resolve({ is: 'unknown', says: 'the program goes on' })))
    const told = await through(it, seconds(33))
    assert.equal(told.find((says) => says.startsWith('acted')), listens ? 'acted unknown: the program goes on' : 'acted unknown: its time was over while it was under way')
    assert.equal(told.filter((says) => says.startsWith('acts')).length, 1)
  }
})

test('C-15 C-19 a keeper that is away cuts a deed off only when the lease is over, and hears of its end when it is back', async () => {
  const it = world()
  const { promise: ended, resolve: end } = Promise.withResolvers<Acted>()
  it.act = () => ended
  const over = it.run()
  await it.pass(seconds(5))
  const { answer } = it
  it.answer = () => undefined
  await it.pass(seconds(10))
  end({ is: 'done', says: 'did it' })
  await it.pass(seconds(60))
  assert.deepEqual(it.written(), { is: 'begun', acted: { is: 'done', says: 'did it' } })
  it.told.length = 0
  it.answer = answer
  it.line = 2
  await it.pass(seconds(3))
  assert(it.told.includes('acted done: did it'))
  assert(it.told.includes('seen pass'), 'and looks on')
  it.stop.abort()
  await it.pass(seconds(1))
  await over
  const other = world()
  other.act = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ is: 'unknown', says: 'cut off' })))
  const ends = other.run()
  await other.pass(seconds(1))
  other.answer = () => undefined
  await other.pass(seconds(18))
  assert.deepEqual(other.written(), { is: 'begun' })
  await other.pass(seconds(3))
  assert.deepEqual(other.written(), { is: 'begun', acted: { is: 'unknown', says: 'cut off' } })
  await other.pass(minutes(11))
  await ends
})

test('C-6 told to end it begins nothing; what is under way has a moment, and what came of it is written down', async () => {
  const before = world()
  before.identify = async () => {
    before.stop.abort()
    return 'host a'
  }
  before.act = doneBy
  await through(before)
  assert.deepEqual([sent(before), before.told.some((says) => says.startsWith('acts'))], [0, false])
  const during = world()
  during.act = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ is: 'unknown', says: 'cut off' })))
  const over = during.run()
  await during.pass(seconds(1))
  during.stop.abort()
  await during.pass(seconds(1))
  await over
  assert.deepEqual(during.written(), { is: 'begun', acted: { is: 'unknown', says: 'cut off' } })
  assert(during.told.includes('acted unknown: cut off'))
})

test('a rehearsal is everything but the deed', async () => {
  const it = world()
  it.order.rehearse = true
  it.act = doneBy
  const told = await through(it)
  assert.deepEqual([sent(it), told[1], told[2]], [0, 'identity host a', 'acted done: rehearsed, and not done: writes it'])
  assert(told.includes('looks'))
})

test('C-7 a lease with a gap in it is over for ever, and counts from before it was asked for', () => {
  let tick = 0
  const now = (): Now => ({ tick: tickOf(tick), wall: instantOf(0), boot: 'boot' })
  const asked = now()
  tick = 5000
  const tenure = tenureFrom(now, asked, LEASE)
  assert.deepEqual([tenure.mayBegin(), tenure.holds()], [true, true])
  tick = 14_001
  assert.deepEqual([tenure.mayBegin(), tenure.isUnbroken()], [false, true], 'too little is left')
  tenure.extend(now(), LEASE)
  assert.equal(tenure.mayBegin(), true)
  tick = 40_000
  tenure.extend(now(), LEASE)
  assert.deepEqual([tenure.mayBegin(), tenure.isUnbroken(), tenure.holds()], [false, false, true])
})
