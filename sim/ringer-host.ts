// One ringer in the simulator: the production machine, whose memory dies with it. Its sends go to a provider that accepts, fails,
// answers too late or never; its line to the keeper comes and goes.
import type { Due, Now } from '../src/core/time.ts'
import { timeTo } from '../src/core/time.ts'
import type { Plan } from '../src/rooms/page/plan.ts'
import type { AskRinger, FromRinger, RingerSays, ToRinger } from '../src/rooms/page/protocol.ts'
import { newRinger, step, USUAL, type RingerEffect, type RingerEvent, type RingerState } from '../src/rooms/page/ringer/ringer.ts'
import type { Time } from './clock.ts'

export type Send = Extract<RingerEffect, { is: 'send' }>

export interface RingerHost {
  readonly state: RingerState | undefined
  readonly alive: boolean
  start(): void
  crash(): void
  freeze(): void
  thaw(): void
  hear(from: number, message: ToRinger): void
  lost(from: number): void
  ask(question: AskRinger): Promise<RingerSays>
}

export interface RingerHostOptions {
  readonly time: Time
  readonly key: Uint8Array
  readonly plan: Plan
  readonly toKeeper: (link: number, message: FromRinger) => void
  /** Carries a message; calls back with what came of it, or never. */
  readonly carry: (send: Send, settled: (outcome: 'accepted' | 'failed' | 'unknown', says: string) => void) => void
}

export function ringerHost(options: RingerHostOptions): RingerHost {
  const { time } = options
  let life = 0
  let state: RingerState | undefined
  let frozen = false
  let inbox: RingerEvent[] = []
  let wake: { cancel(): void } | undefined
  let asks = 0
  const waiting = new Map<number, (says: RingerSays) => void>()
  const now = (): Now => time.now()

  const take = (event: RingerEvent): void => {
    if (!state) return
    if (frozen) {
      inbox.push(event)
      return
    }
    const stepped = step(state, event, now())
    state = stepped.state
    for (const effect of stepped.effects) perform(effect)
  }
  const wakeAt = (at: Due): void => {
    wake?.cancel()
    const of = life
    wake = time.after(timeTo(at, now()), () => void (of === life && take({ is: 'wake' })))
  }
  const perform = (effect: RingerEffect): void => {
    const of = life
    if (effect.is === 'send') options.carry(effect, (outcome, says) => void (of === life && take({ is: 'settled', page: effect.page, outcome, says, took: 1 })))
    else if (effect.is === 'tell') options.toKeeper(effect.to, effect.message)
    else if (effect.is === 'reply') {
      waiting.get(effect.ask)?.(effect.says)
      waiting.delete(effect.ask)
    } else if (effect.is === 'wake') wakeAt(effect.at)
  }
  return {
    get state() {
      return state
    },
    get alive() {
      return state !== undefined
    },
    start() {
      if (state) return
      life++
      frozen = false
      inbox = []
      state = newRinger({ key: options.key, ...USUAL }, now())
      take({ is: 'plan', plan: options.plan })
    },
    crash() {
      life++
      state = undefined
      frozen = false
      waiting.clear()
      wake?.cancel()
    },
    freeze: () => void (frozen = state !== undefined),
    thaw() {
      if (!frozen) return
      frozen = false
      for (const event of inbox.splice(0)) take(event)
      take({ is: 'wake' })
    },
    hear: (from, message) => take({ is: 'heard', from, message }),
    lost: (from) => take({ is: 'lost', from }),
    ask: (question) => new Promise((resolve) => {
      if (!state) return
      const ask = ++asks
      waiting.set(ask, resolve)
      take({ is: 'asked', ask, question })
    }),
  }
}
