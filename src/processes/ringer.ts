// The ringer process: every page leaves from here. No disk, no database; all it needs is imported and started before the first
// page, so that a disk that hangs later does not silence it. Only wiring: what is rung when the keeper is silent, and what an
// acknowledgement means, stands in `page/ringer`; how a message leaves, in the channels.
import path from 'node:path'
import { sentence } from '../core/fault.ts'
import { days, ms, seconds, timeTo, type Span } from '../core/time.ts'
import { channels } from '../plugins/list.gen.ts'
import { listen, type Link, type Wire } from '../ports/wire.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { createTimers } from '../ports/world/timers.ts'
import { leadsTo, type AnyChannel } from '../ports/channel.ts'
import type { Plan } from '../rooms/page/plan.ts'
import type { AskRinger, RingerSays, ToRinger } from '../rooms/page/protocol.ts'
import { createCarrier } from '../rooms/page/ringer/carry.ts'
import { newRinger, step, USUAL, type RingerEffect, type RingerEvent } from '../rooms/page/ringer/ringer.ts'
import { attachParent, toParent } from './parent.ts'

interface Init {
  readonly is: 'init'
  readonly runtime: string
  /** The node's key, base64; absent: links cannot be honoured, pages still go out. */
  readonly key?: string
  /** So that somebody can be paged even if the keeper never comes. */
  readonly plan?: Plan
  /** The ports that Holdfast itself listens on. */
  readonly ports?: readonly number[]
  readonly lab?: boolean
  /** Shorter patience, in ms; only tests are that impatient. */
  readonly silence?: number
  readonly confirm?: number
  readonly sending?: number
}

/** Names of relays and webhooks are asked for in advance, and used that long when the resolver is gone. */
const NAMES_EVERY = seconds(60)
const NAMES_GOOD_FOR = days(7)
const NAME_WITHIN = 5000

const ASKS: ReadonlySet<string> = new Set<AskRinger['is']>(['show', 'act'])

const installed: readonly AnyChannel[] = channels
const clock = createClock()
const timers = createTimers()
const resolver = createResolver({ clock, timers, keepLastGood: NAMES_GOOD_FOR })
let steps = 0
let take: (event: RingerEvent) => void = () => undefined
let ended: () => void = () => undefined
let listenAgain: (runtime: string) => Promise<void> = () => Promise.resolve()

async function run(init: Init): Promise<void> {
  const egress = createEgress({ clock, timers, resolver, ownPorts: init.ports ?? [], lab: init.lab === true })
  const carry = createCarrier(installed, { clock, timers, egress })
  const links = new Map<number, Link>()
  const numbers = new WeakMap<Link, number>()
  const waiting = new Map<number, (says: RingerSays) => void>()
  const span = (given: number | undefined, usual: Span): Span => (given === undefined ? usual : ms(given))
  let count = 0
  let cancelWake = (): void => undefined
  let state = newRinger({
    key: init.key === undefined ? undefined : Buffer.from(init.key, 'base64'),
    silence: span(init.silence, USUAL.silence), confirm: span(init.confirm, USUAL.confirm), sending: span(init.sending, USUAL.sending),
  }, clock.now())

  const perform = (effect: RingerEffect): void => {
    switch (effect.is) {
      case 'send':
        void carry(effect).then(({ outcome, says, took }) => take({ is: 'settled', page: effect.page, outcome, says, took }))
        return
      case 'tell': {
        const link = links.get(effect.to)
        if (link && !link.send(effect.message)) link.close()
        return
      }
      case 'reply':
        waiting.get(effect.ask)?.(effect.says)
        waiting.delete(effect.ask)
        return
      case 'wake':
        cancelWake()
        cancelWake = timers.after(timeTo(effect.at, clock.now()), () => take({ is: 'wake' }))
        return
      case 'done': return ended()
      case 'say': return toParent({ is: 'say', line: effect.line })
    }
  }
  take = (event) => {
    steps++
    const stepped = step(state, event, clock.now())
    state = stepped.state
    for (const effect of stepped.effects) perform(effect)
  }
  const numberOf = (link: Link): number => {
    const known = numbers.get(link) ?? ++count
    numbers.set(link, known)
    links.set(known, link)
    return known
  }

  const socketIn = (runtime: string): string => path.join(runtime, 'ringer.sock')
  const listening = await listen(socketIn(init.runtime), {
    onOpen: (link) => void numberOf(link),
    onLost(link) {
      const from = numberOf(link)
      links.delete(from)
      take({ is: 'lost', from })
    },
    onMessage(message, link) {
      if (!ASKS.has(message.is)) return take({ is: 'heard', from: numberOf(link), message: message as unknown as ToRinger })
      const ask = ++count
      return new Promise<Wire>((resolve) => {
        waiting.set(ask, (says) => resolve(says))
        take({ is: 'asked', ask, question: message as unknown as AskRinger })
      })
    },
  })
  listenAgain = (runtime) => listening.again(socketIn(runtime))
  if (init.plan) take({ is: 'plan', plan: init.plan })
  take({ is: 'wake' })
  keepNames(() => hostsOf(state.plan))
  toParent({ is: 'ready' })
}

/** The hosts that pages will go to. */
function hostsOf(plan: Plan | undefined): readonly string[] {
  return Object.values(plan?.channels ?? {}).flatMap((it) => leadsTo(it, installed))
}

/** Asks for names before they are needed: the first time at once, so that the resolver runs before any disk can hang. */
function keepNames(hosts: () => readonly string[]): void {
  for (const host of new Set(['localhost', ...hosts()])) resolver.resolve(host, AbortSignal.timeout(NAME_WITHIN)).catch(() => undefined)
  timers.after(NAMES_EVERY, () => keepNames(hosts))
}

attachParent({
  onMessage(message) {
    if (message.is === 'init') {
      void run(message as unknown as Init).catch((cause: unknown) => toParent({ is: 'fatal', says: `the ringer cannot listen: ${sentence(cause)}`, exit: 1 }))
    } else if (message.is === 'plan' || message.is === 'config') {
      if (typeof message['plan'] === 'object') take({ is: 'plan', plan: message['plan'] as Plan })
    } else if (message.is === 'listen') void listenAgain(String(message['runtime'])).catch((cause: unknown) => toParent({ is: 'say', line: `the ringer cannot listen: ${sentence(cause)}` }))
    else if (message.is === 'page-all') take({ is: 'page-all', title: String(message['title']), says: String(message['says']) })
  },
  onStop: () =>
    new Promise<void>((resolve) => {
      ended = resolve
      take({ is: 'stop' })
      if (steps === 0) resolve()
    }),
  // It is woken at least once a second, also when nothing happens.
  progress: () => steps,
})
