import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { silence } from '../../core/fault.ts'
import { ms, tickOf, type Span } from '../../core/time.ts'
import { fail, pass, probe, unknown, type AnyProbe, type LookContext, type Seen } from '../../ports/probe.ts'
import type { Egress } from '../../ports/world.ts'
import { turnedClock, type TurnedClock } from '../../../test/turned-clock.ts'
import type { Check } from './check.ts'
import { createRunner, createStalls, look, type Alone, type LookWorld, type Sight } from './look.ts'
import type { Looked } from './protocol.ts'
import type { Turn } from './timetable.ts'

const nowhere: Egress = {
  resolve: () => Promise.reject(new Error('not here')),
  connect: () => Promise.reject(new Error('not here')),
  request: () => Promise.reject(new Error('not here')),
}
const probeThat = (act: (context: LookContext, settings: unknown) => Promise<Seen>, runs: AnyProbe['runs'] = 'shared'): AnyProbe =>
  probe({ kind: 'fake', title: 'Fake', does: 'Whatever the test says.', runs, config: z.strictObject({}), examples: [], look: (settings, context) => act(context, settings) })
const worldOn = (clock: TurnedClock): LookWorld & { stop(): void } => {
  const stalls = createStalls({ clock, timers: clock })
  return { clock, timers: clock, egress: nowhere, stalledSince: (tick) => stalls.since(tick), stop: () => stalls.stop() }
}
/** Looks once with a limit of a second, letting so much time pass. */
async function once(act: (context: LookContext) => Promise<Seen>, turn = 2_000, during: (clock: TurnedClock) => void = () => {}): Promise<Sight | undefined> {
  const clock = turnedClock()
  let sight: Sight | undefined
  void look(probeThat(act), { settings: {}, timeout: ms(1000) }, worldOn(clock)).then((it) => (sight = it))
  during(clock)
  await clock.turn(turn)
  return sight
}
const coded = (code: string, says = code): Error => Object.assign(new Error(says), { code })
const never = (): Promise<never> => new Promise(() => {})
const untilAborted = (signal: AbortSignal, cause: unknown = signal.reason): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject((cause ?? signal.reason) as Error)))

describe('what a look is worth', () => {
  test('an answer is the probe’s own word, with what was measured', async () => {
    const sight = await once(async () => pass({ phases: { connect: 1.23456, total: 3.98765 }, certDaysLeft: 12.3456 }))
    assert.deepEqual(sight, { found: { is: 'pass' }, phases: { connect: 1.23, total: 3.99 }, certDaysLeft: 12.35 })
    assert.deepEqual(await once(async () => fail('it answered 500')), { found: { is: 'fail', says: 'it answered 500' } })
    assert.deepEqual(await once(async () => unknown('not sure')), { found: { is: 'unknown', says: 'not sure' } })
  })

  test('silence is a failure that says so, and what was missing', async () => {
    assert.deepEqual(await once(({ signal }) => untilAborted(signal, silence('no first byte'))),
      { found: { is: 'fail', says: 'no answer within 1 s (no first byte)' }, silent: true })
    assert.deepEqual(await once(({ signal }) => untilAborted(signal)), { found: { is: 'fail', says: 'no answer within 1 s' }, silent: true })
    assert.deepEqual(await once(({ signal }) => untilAborted(signal, new Error('aborted'))), { found: { is: 'fail', says: 'no answer within 1 s' }, silent: true })
  })

  test('silence of one phase, and a host that the network cannot find, are silence too', async () => {
    assert.deepEqual(await once(async () => { throw silence('no connection', '300 ms') }), { found: { is: 'fail', says: 'no connection within 300 ms' }, silent: true })
    assert.equal((await once(async () => { throw coded('EHOSTUNREACH') }))?.silent, true)
  })

  test('X-3: what this machine lacks is unknown, before and after the limit', async () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EAI_AGAIN', 'ENETDOWN', 'ENETUNREACH']) {
      for (const act of [async () => { throw coded(code) }, ({ signal }: LookContext) => untilAborted(signal, new Error('wrapped', { cause: coded(code) }))]) {
        const sight = await once(act)
        assert.equal(sight?.found.is, 'unknown', code)
        assert.equal(sight?.silent, undefined)
      }
    }
  })

  test('a probe that throws, at once or later, or gives no finding accuses nobody', async () => {
    const broken: ((context: LookContext) => Promise<Seen>)[] = [
      async () => { throw new Error('cannot read properties of undefined') },
      () => { throw new Error('before the promise') },
      async () => undefined as unknown as Seen,
      async () => ({ is: 'great' }) as unknown as Seen,
      () => Promise.reject(new Error('')),
    ]
    for (const act of broken) assert.equal((await once(act))?.found.is, 'unknown')
  })

  test('a pass after the limit is no pass', async () => {
    const sight = await once(({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(pass()))))
    assert.deepEqual(sight, { found: { is: 'fail', says: 'no answer within 1 s' }, silent: true })
  })

  test('what a target says is cut short and stays one line', async () => {
    const sight = await once(async () => fail(`answered ${'x'.repeat(10_000)}\n\u0007`))
    const says = sight?.found.says ?? ''
    assert(says.length <= 256 && !says.includes('\n'))
    const hostile = await once(async () => fail('\u001b[2J\u009b31mOK\r\nwww: passes\u202e\u2028 \ud800'))
    assert.equal(hostile?.found.says, '[2J 31mOK www: passes  \ufffd')
    const cut = await once(async () => fail(`${'x'.repeat(254)}${'\u{1f525}'.repeat(9)}`))
    assert.equal(cut?.found.says, `${'x'.repeat(254)}…`)
    assert.deepEqual(await once(async () => ({ is: 'fail' }) as unknown as Seen), { found: { is: 'fail', says: 'no reason was given' } })
  })
})

describe('the hard deadline', () => {
  test('a probe that ignores its signal is given up 100 ms after the limit; its late answer is dropped', async () => {
    assert.equal(await once(never, 1_099), undefined)
    const sight = await once(never, 1_100)
    assert.equal(sight?.found.is, 'unknown')
    assert.equal(sight?.silent, undefined)
    assert.deepEqual(await once(() => new Promise((resolve) => void setTimeout(() => resolve(pass()), 50)), 5_000), sight)
  })

  test('the signal comes at the limit', async () => {
    let at = 0
    const clock = turnedClock(0)
    void look(probeThat(({ signal, now }) => new Promise((_, reject) => signal.addEventListener('abort', () => {
      at = now().tick
      reject(signal.reason as Error)
    }))), { settings: {}, timeout: ms(700) }, worldOn(clock))
    await clock.turn(800)
    assert.equal(at, 700)
  })
})

describe('X-3: a machine that was too slow cannot tell', () => {
  test('a failure during which this process was held up for more than 2 s is unknown; a pass stands', async () => {
    const held = (clock: TurnedClock): void => clock.freeze(2_600)
    const answering = (seen: Seen) => async ({ now }: LookContext): Promise<Seen> => {
      const began = now().tick
      while (now().tick < began + 2_000) await new Promise((resolve) => void setImmediate(resolve))
      return seen
    }
    assert.equal((await once(answering(fail('it answered 500')), 10, held))?.found.is, 'unknown')
    assert.equal((await once(answering(pass()), 10, held))?.found.is, 'pass')
  })

  test('silence is doubted when half of its limit went by without us', async () => {
    const sight = await once(({ signal }) => untilAborted(signal), 2_000, (clock) => clock.freeze(700))
    assert.equal(sight?.found.is, 'unknown')
    assert.match(sight?.found.says ?? '', /too slow to tell.*no answer within 1 s/)
  })

  test('a hold-up from before the look does not count', async () => {
    const clock = turnedClock()
    const world = worldOn(clock)
    await clock.turn(500)
    clock.freeze(10_000)
    await clock.turn(500)
    assert.equal(world.stalledSince(clock.now().tick), 0)
    assert(world.stalledSince(tickOf(clock.now().tick - 600)) >= 9_800)
    world.stop()
  })
})

describe('many looks', () => {
  const checkOf = (name: string, timeout: Span = ms(1000)): Check => ({
    name, kind: 'fake', settings: { name }, every: ms(10_000), timeout, failAfter: 1, recoverAfter: 1, seenFrom: 1, unknownAfter: ms(1), dependsOn: [],
    escalate: 'default', loopback: false, from: '',
  })
  const turnOf = (name: string, due: number): Turn => ({ check: checkOf(name), due: tickOf(due), edition: 1 })
  const alone: Alone = { look: () => assert.fail('not alone') }

  test('no more than the bound are under way; the others wait in order and count as late', async () => {
    const clock = turnedClock(0)
    const world = worldOn(clock)
    let most = 0
    let under = 0
    const it = probeThat(async () => {
      under += 1
      most = Math.max(most, under)
      await new Promise<void>((resolve) => void clock.after(ms(100), resolve))
      under -= 1
      return pass()
    })
    const runner = createRunner({ world, probes: new Map([['fake', it]]), alone, most: 10 })
    const results: Looked[] = []
    for (let n = 0; n < 50; n++) runner.run(turnOf(`c${n}`, 0), (looked) => results.push(looked))
    assert.equal(runner.waiting, 40)
    await clock.turn(1_000)
    assert.equal(most, 10)
    assert.deepEqual(results.map((looked) => looked.check), Array.from({ length: 50 }, (_, n) => `c${n}`))
    assert.deepEqual([...new Set(results.map((looked) => looked.late))], [0, 100, 200, 300, 400])
    assert.equal(runner.lateP99(), 400)
    assert.equal(runner.looks, 50)
    assert.equal(runner.waiting, 0)
  })

  test('X-5: a look that never ends blocks only its own check, and is not piled up', async () => {
    const clock = turnedClock(0)
    let calls = 0
    let free: (() => void) | undefined
    const it = probeThat((_, settings) => {
      calls += 1
      return (settings as { name: string }).name === 'bad' ? new Promise((resolve) => (free = () => resolve(pass()))) : Promise.resolve(pass())
    })
    const runner = createRunner({ world: worldOn(clock), probes: new Map([['fake', it]]), alone, most: 2 })
    const results: string[] = []
    const run = async (name: string): Promise<void> => {
      runner.run(turnOf(name, clock.now().tick), (looked) => results.push(`${name} ${looked.found.is}`))
      await clock.turn(1_200)
    }
    for (const name of ['bad', 'good', 'bad', 'bad', 'good']) await run(name)
    assert.deepEqual(results, ['bad unknown', 'good pass', 'bad unknown', 'bad unknown', 'good pass'])
    assert.equal(calls, 3)
    assert.equal(runner.underWay, 0)
    free?.()
    await clock.turn(0)
    await run('bad')
    assert.equal(calls, 4)
  })

  test('kinds that run alone go to the pool, also when all places are taken; an unknown kind is unknown', async () => {
    const clock = turnedClock(0)
    const pool: Alone = { look: (_, done) => done({ found: { is: 'pass' } }) }
    const probes = new Map([['fake', probeThat(({ signal }) => untilAborted(signal))], ['file', probeThat(async () => pass(), 'alone')]])
    const runner = createRunner({ world: worldOn(clock), probes, alone: pool, most: 1 })
    const results = new Map<string, Looked>()
    const run = (kind: string): void => runner.run({ ...turnOf(kind, 0), check: { ...checkOf(kind), kind } }, (looked) => results.set(kind, looked))
    run('fake')
    run('file')
    assert.equal(results.get('file')?.found.is, 'pass')
    await clock.turn(2_000)
    assert.equal(results.get('fake')?.silent, true)
    assert.equal(results.get('fake')?.took, 1_000)
    run('gopher')
    assert.match(results.get('gopher')?.found.says ?? '', /no probe of kind "gopher"/)
  })
})
