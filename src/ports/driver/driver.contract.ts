// What every driver promises, as suites: one over all drivers there are, by their words and into a black hole, and one over a driver with something real, or
// nearly so, to act on. A driver that is not held to it may change something while it looks, say that something was done that nobody saw, or tell a
// secret.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { coded, silence } from '../../core/fault.ts'
import { laterTick, ms, seconds, type Span } from '../../core/time.ts'
import { createClock } from '../world/clock.ts'
import { createTimers } from '../world/timers.ts'
import type { Commands, Once } from './commands.ts'
import type { Acted, AnyDriver, DriverContext, Observed } from './driver.ts'

const world = { ...createClock(), ...createTimers() }

/** A beginning that is good for so long. */
export const once = (name: string, within: Span = seconds(30)): Once => {
  const { tick, boot } = world.now()
  return { name, notAfter: { tick: laterTick(tick, within), boot } }
}

const never = <T>(signal: AbortSignal, then: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => signal.addEventListener('abort', () => void then().then(resolve, reject), { once: true }))

/** Takes everything, and answers nothing. */
export function blackHole(signal: AbortSignal): DriverContext & { readonly sent: string[] } {
  const sent: string[] = []
  const commands: Commands = {
    run: ({ argv }, aborted) => never(aborted, async () => {
      sent.push(argv.join(' '))
      return { is: 'unknown', says: 'the connection was lost' }
    }),
    recall: (_once, _on, aborted) => never(aborted, async () => Promise.reject(silence('no answer'))),
    identify: (_on, aborted) => never(aborted, async () => Promise.reject(silence('no answer'))),
  }
  return {
    sent, signal, commands, timers: world, now: () => world.now(),
    local: ({ text, signal: aborted }) => never(aborted, async () => {
      sent.push(text)
      return { is: 'lost', says: 'no answer' }
    }),
    egress: {
      resolve: (_host, aborted) => never(aborted, async () => Promise.reject(coded('EAI_AGAIN', 'no answer'))),
      connect: ({ signal: aborted }) => never(aborted, async () => Promise.reject(silence('no connection'))),
      request: ({ url, method = 'GET', signal: aborted }) => never(aborted, async () => {
        if (method !== 'GET') sent.push(url)
        return Promise.reject(silence('no first byte'))
      }),
    },
  }
}

/** Settings of a target that fits its schema, by what each driver shows; a canary stands where a secret does. */
export const CANARY = 'c4n4ry-c4n4ry-c4n4ry'

/** Over all drivers there are. `targets`: settings of one, by kind. */
export function driverPromises(drivers: readonly AnyDriver[], targets: Readonly<Record<string, unknown>>): void {
  test('no two drivers await something of the same name', () => {
    const all = drivers.flatMap((it) => Object.keys(it.claims.shape))
    assert.deepEqual(all, [...new Set(all)])
  })
  for (const driver of drivers) {
    describes(driver, targets)
    hole(driver, targets)
  }
}

const targetOf = (driver: AnyDriver, targets: Readonly<Record<string, unknown>>): { target?: Record<string, unknown> } => (driver.target ? { target: driver.target.parse(targets[driver.kind]) } : {})

function describes(driver: AnyDriver, targets: Readonly<Record<string, unknown>>): void {
  test(`${driver.kind}: tells what it is, in words and by example`, () => {
    assert.match(driver.kind, /^[a-z][a-z0-9]*$/)
    assert.match(driver.title, /^\S.{1,39}$/)
    assert.match(driver.does, /^[A-Z].*\.$/)
    assert(driver.examples.length > 0)
    for (const [what, schema] of [['settings', driver.config], ['claims', driver.claims], ['target', driver.target]] as const) {
      if (!schema) continue
      const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      assert.equal(json.additionalProperties, false, `${what} that are not known are refused`)
      for (const [name, setting] of Object.entries(json.properties ?? {})) assert(typeof setting === 'object' && setting.description, `${what}: ${name} says what it is`)
    }
    assert.deepEqual(driver.claims.parse({}), {}, 'every claim is optional')
    assert.equal('target' in driver.config.shape, driver.target !== undefined, 'a step names the target, where there is one')
    for (const example of driver.examples) {
      const read = driver.config.parse(example)
      assert.deepEqual(driver.config.parse(JSON.parse(JSON.stringify(read))), read)
      assert.match(driver.say(read), /^[^\n]{5,}$/, 'one line')
    }
    assert.doesNotMatch(JSON.stringify(driver.examples), new RegExp(CANARY))
    targetOf(driver, targets)
  })
}

function hole(driver: AnyDriver, targets: Readonly<Record<string, unknown>>): void {
  test(`${driver.kind}: C-4 from a black hole nothing is done and nothing is so; it ends within a second of its signal, and tells no secret`, async () => {
    for (const example of driver.examples) {
      const config = driver.config.parse(example)
      for (const deed of ['act', 'observe'] as const) {
        const end = new AbortController()
        const context = { ...blackHole(end.signal), ...targetOf(driver, targets), begun: { name: 'run-1.1' } }
        const going = (deed === 'act' ? driver.act(config, once('run-1.1'), context) : driver.observe(config, {}, context)).catch((cause: unknown) => cause)
        await new Promise((resolve) => setTimeout(resolve, 20))
        end.abort()
        const late = world.after(ms(1000), () => assert.fail(`${driver.kind} goes on`))
        const came = (await going) as Acted | Observed | Error
        late()
        assert.doesNotMatch(JSON.stringify(came instanceof Error ? came.message : came), new RegExp(CANARY))
        if (came instanceof Error) continue
        if ('found' in came) assert.notEqual(came.found.is, 'pass')
        else assert.ok(came.is === 'unknown' || (came.is === 'failed' && context.sent.length === 0), `${came.is}: ${came.says}`)
      }
    }
  })
}

/** Something to act on, and what can be seen of it from the outside. */
export interface Laid {
  readonly config: unknown
  readonly claims: unknown
  readonly target?: unknown
  readonly context: Omit<DriverContext, 'signal' | 'target'>
  /** All that it could change. */
  readonly state: () => Promise<unknown>
  readonly secrets?: readonly string[]
}

/** Over one driver with something to act on, laid out anew for each promise. */
export function driverContract(name: string, driver: AnyDriver, lay: (t: TestContext) => Promise<Laid>): void {
  const set = async (t: TestContext): Promise<Laid & { readonly settings: Record<string, unknown>; readonly wanted: Record<string, unknown>; readonly with: (signal?: AbortSignal) => DriverContext; heard(said: unknown): void }> => {
    const laid = await lay(t)
    const open = new AbortController()
    return {
      ...laid, settings: driver.config.parse(laid.config), wanted: driver.claims.parse(laid.claims),
      with: (signal = open.signal) => ({ ...laid.context, signal, ...(driver.target ? { target: driver.target.parse(laid.target) } : {}) }),
      heard(said) {
        const text = said instanceof Error ? said.message : JSON.stringify(said)
        for (const secret of laid.secrets ?? []) assert.ok(!text.includes(secret), 'a secret is told')
      },
    }
  }
  test(`${name}: to say and to look changes nothing, and what is not so yet is not so`, async (t) => {
    const it = await set(t)
    const before = await it.state()
    it.heard(driver.say(it.settings))
    const bare = await driver.observe(it.settings, undefined, it.with())
    const seen = await driver.observe(it.settings, it.wanted, it.with())
    it.heard([bare, seen])
    assert.equal(seen.found.is, 'fail', seen.found.says)
    assert.match(seen.identity, /\S{3}/)
    assert.equal(seen.identity, bare.identity)
    assert.deepEqual(await it.state(), before)
  })
  test(`${name}: what it did is seen by looking`, async (t) => {
    const it = await set(t)
    const before = await it.state()
    const acted = await driver.act(it.settings, once('run-c1.1'), it.with())
    it.heard(acted)
    assert.equal(acted.is, 'done', acted.says)
    assert.notDeepEqual(await it.state(), before)
    let seen = await driver.observe(it.settings, it.wanted, it.with())
    for (let n = 0; n < 100 && seen.found.is !== 'pass'; n++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      seen = await driver.observe(it.settings, it.wanted, it.with())
    }
    it.heard(seen)
    assert.equal(seen.found.is, 'pass', seen.found.says)
  })
  test(`${name}: C-16 C-6 past its not-after, or with its signal over, nothing is sent`, async (t) => {
    const it = await set(t)
    const before = await it.state()
    const over = new AbortController()
    over.abort()
    for (const [when, signal] of [[once('run-c2.1', ms(-1)), undefined], [{ ...once('run-c2.2'), notAfter: { ...once('x').notAfter, boot: 'another boot' } }, undefined], [once('run-c2.3'), over.signal]] as const) {
      const came = await driver.act(it.settings, when, it.with(signal)).catch((cause: unknown) => cause)
      it.heard(came)
      assert.ok(came instanceof Error || (came as Acted).is === 'failed', JSON.stringify(came))
    }
    assert.deepEqual(await it.state(), before)
  })
}
