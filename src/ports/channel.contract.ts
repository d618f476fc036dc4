// What every channel promises, as tests that run over any of them: a message that is taken gives a receipt; the key goes along
// and is the same at a repeat, or the channel declares that the other side cannot tell; permanent and temporary failures are
// told apart; silence ends within 100 ms of the signal and is in doubt when the message had left; secrets are never spoken.
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { Fault } from '../core/fault.ts'
import { InDoubt, type AnyChannel, type Message, type SendContext } from './channel.ts'
import { createClock } from './world/clock.ts'
import { createTimers } from './world/timers.ts'
import type { Egress } from './world.ts'

/** How the other side behaves. `mute`: it takes the connection and says nothing; `hangs`: it takes the message and does not answer. */
export type Manner = 'accepts' | 'refuses' | 'busy' | 'mute' | 'hangs' | 'gone'

export interface Place {
  /** Settings that lead to it. */
  readonly config: unknown
  /** Stand in the settings and must not be said. */
  readonly secrets: readonly string[]
  /** Keys of the messages that arrived, as the other side sees them. */
  keys(): readonly string[]
  close(): Promise<void>
}

export interface Bench {
  readonly egress: Egress
  place(manner: Manner): Promise<Place>
}

/** A page as it is sent. */
export function sampleMessage(over: Partial<Message> = {}): Message {
  const key = over.key ?? 'pg_0123456789abcdef0123456789abcdef'
  return {
    key, thread: 'inc_fedcba9876543210fedcba9876543210', to: { name: 'ada', email: 'ada@acme.example', phone: '+4930123456' }, title: 'db is down',
    body: {
      schema: 'holdfast.page/1', id: key, subject: 'check:db', person: 'ada', step: 1, round: 1, event: 'page',
      incident: { id: 'inc_fedcba9876543210fedcba9876543210', number: 7, title: 'db is down', since: '2026-11-21T01:14:00.000Z', state: 'open', url: 'https://status.acme.example/incidents/7' },
      text: { short: 'Holdfast 7: db is down since 02:14.', long: 'Connection refused since 02:14 CET. api depends on it.' },
      ack_url: 'https://status.acme.example/a/token', pass_url: 'https://status.acme.example/a/token/pass', raised_at: '2026-11-21T01:14:00.000Z', sent_at: '2026-11-21T01:14:01.000Z',
    },
    ...over,
  }
}

export const contextOf = (egress: Egress, signal: AbortSignal): SendContext => ({ egress, signal, now: () => createClock().now(), timers: createTimers() })

/** Declares the suite for one channel. */
export function channelContract(channel: AnyChannel, bench: Bench): void {
  const send = async (place: Place, message = sampleMessage(), signal = AbortSignal.timeout(5000)): Promise<string> =>
    channel.send(message, channel.config.parse(place.config), contextOf(bench.egress, signal))
  const failing = async (place: Place, signal?: AbortSignal): Promise<Fault> => {
    const fault = await send(place, sampleMessage(), signal).then(() => assert.fail('it was accepted'), (cause: unknown) => cause)
    assert.ok(fault instanceof Fault, `a channel throws faults, not ${String(fault)}`)
    for (const secret of place.secrets) assert.ok(!fault.message.includes(secret), `${fault.message} contains a secret`)
    assert.ok(fault.message.length > 0 && fault.message.length < 600)
    return fault
  }
  const at = (manner: Manner, story: (place: Place) => Promise<void>) => async () => {
    const place = await bench.place(manner)
    try {
      await story(place)
    } finally {
      await place.close()
    }
  }

  test(`${channel.kind}: its examples are valid, also after a round trip, and unknown settings are refused`, () => {
    assert.ok(channel.examples.length > 0)
    for (const example of channel.examples) {
      const read: unknown = channel.config.parse(example)
      assert.deepEqual(channel.config.parse(JSON.parse(JSON.stringify(example))), read)
      assert.equal(channel.config.safeParse({ ...(example as object), no_such_setting: 1 }).success, false)
      assert.ok(Object.keys(example as object)[0] === channel.kind, 'the first key is the kind')
    }
  })
  test(`${channel.kind}: gives a receipt for what was taken, and sends the key along`, at('accepts', async (place) => {
    assert.ok((await send(place)).length > 0)
    assert.deepEqual(place.keys(), [sampleMessage().key])
  }))
  test(`${channel.kind}: a repeat carries the same key${channel.idempotent ? '' : ' (the other side may take it twice: declared)'}`, at('accepts', async (place) => {
    await send(place)
    await send(place)
    await send(place, sampleMessage({ key: 'pg_ffffffffffffffffffffffffffffffff' }))
    const [first, second, third] = place.keys()
    assert.equal(first, second)
    assert.notEqual(first, third)
  }))
  test(`${channel.kind}: a permanent refusal says so`, at('refuses', async (place) => {
    assert.equal((await failing(place)).retry, 'never')
  }))
  test(`${channel.kind}: a temporary one says that trying again can help`, at('busy', async (place) => {
    const fault = await failing(place)
    assert.equal(fault.retry, 'later')
    assert.ok(!(fault instanceof InDoubt))
  }))
  test(`${channel.kind}: nobody there is a failure, not a doubt`, at('gone', async (place) => {
    const fault = await failing(place)
    assert.equal(fault.retry, 'later')
    assert.ok(!(fault instanceof InDoubt), fault.message)
  }))
  for (const manner of ['mute', 'hangs'] as const) {
    test(`${channel.kind}: ends within 100 ms of the signal when the other side ${manner === 'mute' ? 'says nothing' : 'takes it and does not answer'}`, at(manner, async (place) => {
      const stop = new AbortController()
      let stopped = Number.NaN
      setTimeout(() => {
        stopped = performance.now()
        stop.abort()
      }, 150)
      const fault = await failing(place, stop.signal)
      assert.ok(performance.now() - stopped < 100, `ended ${performance.now() - stopped} ms after the signal: ${fault.message}`)
      assert.equal(fault.retry, 'later')
      if (manner === 'hangs') assert.ok(fault instanceof InDoubt, 'it may have gone out')
    }))
  }
  test(`${channel.kind}: a signal that has already fired sends nothing`, at('accepts', async (place) => {
    await failing(place, AbortSignal.abort())
    assert.deepEqual(place.keys(), [])
  }))
}
