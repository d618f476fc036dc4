// What every probe promises, as a suite over a list of them. A probe that is not held to it may accuse a target of what was our own
// failure, hang, or show a password. The suite knows nothing of any kind: it takes a probe's own examples and puts
// worlds around it in which nothing answers, everything fails, or connections lead into a black hole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { codeOf } from '../core/fault.ts'
import type { AnyProbe, Seen } from './probe.ts'
import type { Connected, Egress } from './world.ts'
import { blackHole, egressWith, limited, serve } from './world/fixtures/loopback.ts'
import { contextWith } from './world/fixtures/looks.ts'

/** Registers the suite for each of the probes. */
export function probeContract(probes: readonly AnyProbe[]): void {
  test('kinds are unique', () => {
    assert.equal(new Set(probes.map((probe) => probe.kind)).size, probes.length)
  })
  for (const probe of probes) {
    describes(probe)
    if (probe.runs === 'passive') passive(probe)
    else looking(probe)
  }
}

function describes(probe: AnyProbe): void {
  test(`${probe.kind}: tells what it is, in words and by example`, () => {
    assert.match(probe.kind, /^[a-z][a-z0-9_]*$/)
    assert.match(probe.title, /^\S.{1,39}$/)
    assert.match(probe.does, /^[A-Z].*\.$/)
    assert(probe.examples.length > 0)
    assert.equal(Object.keys(probe.config.shape as object)[0], probe.kind, 'the first setting is the kind')
    const schema = z.toJSONSchema(probe.config, { io: 'input' })
    assert.equal(schema.additionalProperties, false, 'settings that are not known are refused')
    for (const [name, setting] of Object.entries(schema.properties ?? {})) assert(typeof setting === 'object' && setting.title, `${name} has a title`)
  })

  test(`${probe.kind}: examples are read, and read again from what was written down`, () => {
    for (const example of probe.examples) {
      const once: unknown = probe.config.parse(example)
      assert.deepEqual(probe.config.parse(JSON.parse(JSON.stringify(once))), once)
      assert.equal(probe.config.safeParse({ ...(example as object), surely_not_known: 1 }).success, false)
    }
  })
}

function passive(probe: AnyProbe): void {
  test(`${probe.kind}: is never looked at`, async () => {
    const outcome = await ending(probe, probe.examples[0], egressWith(), AbortSignal.timeout(1000))
    assert.equal(outcome.is, 'thrown')
  })
}

function looking(probe: AnyProbe): void {
  const examples = probe.examples.map((example) => ({ example, shown: JSON.stringify(example).slice(0, 60) }))

  test(`${probe.kind}: ends within 100 ms of the signal when nothing answers, and passes nothing`, async () => {
    await Promise.all(examples.map(async ({ example, shown }) => {
      const { signal, late } = limited(100)
      const { egress, used } = counting(silent)
      const outcome = await ending(probe, example, egress, signal)
      if (!used()) return
      assert(late() < 100, `${shown} ended ${Math.round(late())} ms after the signal`)
      assert.equal(outcome.is, 'thrown', `${shown}: silence is the runner’s to judge`)
    }))
  })

  test(`${probe.kind}: never passes where connections are not answered, nor on a server that takes one and says nothing`, async (t) => {
    for (const port of [await blackHole(t), await serve(t, () => undefined)]) {
      await Promise.all(examples.map(async ({ example, shown }) => {
        const { signal, late } = limited(200)
        const { egress, used, heeded } = counting(leading(port))
        const outcome = await ending(probe, example, egress, signal)
        // Who wants no more than an open connection has got what it asks for.
        if (!used() || (outcome.is === 'pass' && !heeded())) return
        assert.equal(outcome.is, 'thrown', shown)
        assert(late() < 100, `${shown} ended ${Math.round(late())} ms after the signal`)
      }))
    }
  })

  test(`${probe.kind}: X-3: a local fault is thrown, never a failure of the target`, async () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAI_AGAIN', 'ENETUNREACH', 'EADDRNOTAVAIL']) {
      for (const { example, shown } of examples) {
        const { egress, used } = counting(failing(() => Object.assign(new Error(`connect ${code}`), { code })))
        const outcome = await ending(probe, example, egress, AbortSignal.timeout(1000))
        if (!used()) continue
        assert.equal(outcome.is, 'thrown', `${shown} at ${code}`)
        if (outcome.is === 'thrown') assert.equal(codeOf(outcome.cause), code)
      }
    }
  })

  test(`${probe.kind}: a refusal fails, and no secret is ever shown, whatever the error repeats`, async () => {
    for (const { example, shown } of examples) {
      const secrets = secretsIn(probe, example)
      for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPROTO', 'EMFILE', undefined]) {
        const { egress, used } = counting(failing(() => Object.assign(new Error(`it failed: ${secrets.join(' ')}`), code && { code })))
        const outcome = await ending(probe, example, egress, AbortSignal.timeout(1000))
        if (!used()) continue
        if (code === 'ECONNREFUSED') assert.equal(outcome.is, 'fail', shown)
        assert.notEqual(outcome.is, 'pass')
        if (outcome.is !== 'thrown') for (const secret of secrets) assert(!(outcome.says ?? '').includes(secret), `${shown} shows ${secret} at ${code}`)
      }
    }
  })
}

type Outcome = Seen | { readonly is: 'thrown'; readonly cause: unknown }

async function ending(probe: AnyProbe, example: unknown, egress: Egress, signal: AbortSignal): Promise<Outcome> {
  try {
    return await probe.look(probe.config.parse(example), contextWith(egress, signal, 1000))
  } catch (cause) {
    return { is: 'thrown', cause }
  }
}

/** A way out on which nothing ever answers; it keeps its own promise and ends with the signal. */
const silent: Egress = failing(() => undefined)

/** A way out that fails at once, or only with the signal when there is no cause. */
function failing(cause: () => Error | undefined): Egress {
  const go = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      const now = cause()
      if (now) reject(now)
      else signal.addEventListener('abort', () => reject(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })))
    })
  return { resolve: (_host, signal) => go(signal), connect: ({ signal }) => go(signal), request: ({ signal }) => go(signal) }
}

/** A way out on which everything leads to this port of the machine. */
function leading(port: number): Egress {
  const real = egressWith()
  return {
    ...real,
    connect: (want) => real.connect({ ...want, host: '127.0.0.1', port }),
    request: (want) => real.request({ ...want, url: `http://127.0.0.1:${port}/` }),
  }
}

/** Tells whether a look used the way out at all (files do not), and whether it then said something or listened. */
function counting(egress: Egress): { egress: Egress; used: () => boolean; heeded: () => boolean } {
  let uses = 0
  let open: Connected | undefined
  let spoke = false
  const counted: Egress = {
    resolve(...given) {
      uses++
      return egress.resolve(...given)
    },
    async connect(want) {
      uses++
      open = await egress.connect(want)
      const { socket } = open
      socket.write = new Proxy(socket.write, {
        apply(write, of, given) {
          spoke = true
          return Reflect.apply(write, of, given) as boolean
        },
      })
      return open
    },
    request(want) {
      uses++
      return egress.request(want)
    },
  }
  return { egress: counted, used: () => uses > 0, heeded: () => !open || spoke || open.socket.listenerCount('data') > 0 }
}

/** What the settings of an example say must not be shown: values of secret settings, and of URLs the password. */
function secretsIn(probe: AnyProbe, example: unknown): string[] {
  const { properties = {} } = z.toJSONSchema(probe.config, { io: 'input' })
  const secret = Object.entries(properties).filter(([, setting]) => typeof setting === 'object' && setting['secret'] !== undefined)
  return secret.flatMap(([name]) => textsIn((example as Record<string, unknown>)[name])).map((text) => (URL.canParse(text) && new URL(text).password) || text)
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
