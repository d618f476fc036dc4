// The real timers. The runtime fires a timer beyond 2³¹−1 ms at once, so a longer span is walked in stages. Cancelling
// is always allowed, also after it fired.
import assert from 'node:assert/strict'
import { LONGEST_TIMER } from '../../core/time.ts'
import type { Timers } from '../world.ts'

export function createTimers(): Timers {
  return {
    after(span, act) {
      assert(!Number.isNaN(span), 'a timer needs a span')
      let left = Math.max(0, span)
      let timer: NodeJS.Timeout
      const walk = (): void => {
        const stage = Math.min(left, LONGEST_TIMER)
        left -= stage
        timer = setTimeout(left > 0 ? walk : act, stage)
      }
      walk()
      return () => clearTimeout(timer)
    },
  }
}
