// Carrying a message out of the house: the one place that calls a channel and catches what it throws. Whatever happens
// becomes an outcome within the time limit: accepted, failed (it did not arrive), or unknown (it may have). A channel that
// does not end when told to is not waited for.
import { Fault, sentence } from '../../../core/fault.ts'
import { ms } from '../../../core/time.ts'
import { InDoubt, type AnyChannel } from '../../../ports/channel.ts'
import type { World } from '../../../ports/world.ts'
import type { Outcome, RingerEffect } from './state.ts'

export interface Carried {
  readonly outcome: Outcome
  /** A receipt, or why not: one sentence without secrets. */
  readonly says: string
  /** In ms. */
  readonly took: number
}

export type Carrier = (send: RingerEffect & { is: 'send' }) => Promise<Carried>

/** How long a channel may take to end after it was told to. */
const TO_END = ms(250)

/** Sends by the channels that are installed. Never rejects. */
export function createCarrier(channels: readonly AnyChannel[], { clock, timers, egress }: Omit<World, 'random'>): Carrier {
  const byKind = new Map(channels.map((channel) => [channel.kind, channel]))
  const settingsOf = new WeakMap<object, unknown>()
  /** A plan's settings are read once. */
  const read = (channel: AnyChannel, config: unknown): unknown => {
    if (typeof config !== 'object' || config === null) return channel.config.parse(config)
    const known = settingsOf.get(config)
    if (known !== undefined) return known
    const settings: unknown = channel.config.parse(config)
    settingsOf.set(config, settings)
    return settings
  }

  return async ({ kind, config, message, within }) => {
    const began = clock.now().tick
    const settled = (outcome: Outcome, says: string): Carried => ({ outcome, says: sentence(says), took: Math.round(clock.now().tick - began) })
    const channel = byKind.get(kind)
    if (!channel) return settled('failed', `no channel of the kind "${kind}" is installed`)
    const stop = new AbortController()
    const cancel: (() => void)[] = []
    const limit = new Promise<Carried>((resolve) => {
      cancel.push(timers.after(within, () => stop.abort(new Fault('no answer in time'))))
      cancel.push(timers.after(ms(within + TO_END), () => resolve(settled('unknown', 'the channel did not end in time'))))
    })
    const sent = (async (): Promise<Carried> => {
      try {
        const receipt = await channel.send(message, read(channel, config), { egress, signal: stop.signal, now: () => clock.now(), timers })
        return settled('accepted', receipt)
      } catch (cause) {
        // A fault that is sure of itself says that it did not arrive; anything else may have happened after it left.
        return settled(cause instanceof Fault && !(cause instanceof InDoubt) ? 'failed' : 'unknown', sentence(cause))
      }
    })()
    const carried = await Promise.race([sent, limit])
    for (const end of cancel) end()
    return carried
  }
}
