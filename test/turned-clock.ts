// A clock that tests turn by hand: nothing happens between two turns, everything due happens in order during one. Both clocks
// and the timers of one world, for whatever takes its time from `ports/world`.
import assert from 'node:assert/strict'
import { instantOf, LONGEST_TIMER, tickOf, type Now, type Span } from '../src/core/time.ts'
import type { Clock, Timers } from '../src/ports/world.ts'

export interface TurnedClock extends Clock, Timers {
  /** Lets so many ms pass; timers fire at their times, promises settle between them. */
  turn(ms: number): Promise<void>
  /** Lets time pass without any timer firing: a stopped process, a loop that is held up. */
  freeze(ms: number): void
  readonly armed: number
}

export function turnedClock(start = 1_000_000): TurnedClock {
  let tick = start
  let count = 0
  let timers: { at: number; n: number; act: () => void }[] = []
  const now = (): Now => ({ wall: instantOf(1_800_000_000_000 + tick), tick: tickOf(tick), boot: 'boot' })
  return {
    now,
    after(span: Span, act) {
      assert(span <= LONGEST_TIMER && span >= 0, `X-4: a timer of ${span} ms`)
      const timer = { at: tick + span, n: count++, act }
      timers.push(timer)
      return () => void (timers = timers.filter((other) => other !== timer))
    },
    async turn(ms) {
      const until = tick + ms
      for (;;) {
        await settle()
        const next = timers.reduce<(typeof timers)[number] | undefined>(
          (first, timer) => (!first || timer.at < first.at || (timer.at === first.at && timer.n < first.n) ? timer : first), undefined)
        if (!next || next.at > until) break
        timers = timers.filter((other) => other !== next)
        tick = Math.max(tick, next.at)
        next.act()
      }
      tick = Math.max(tick, until)
      await settle()
    },
    freeze: (ms) => void (tick += ms),
    get armed() {
      return timers.length
    },
  }
}

/** Lets promises settle. */
export const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
