// How work that other programs or servers do is held to a pace: each piece waits for its turn before it begins. A bucket of bytes fills evenly; a piece begins as
// soon as there is anything in it, and what it takes beyond that is waited for by the next. So pieces of any size keep the rate, over time.
import { tickOf } from '../../core/time.ts'
import { createPace } from '../../rooms/guard/scan/pace.ts'

const BEAT = 20

export interface Turns {
  /** Waits until so many bytes may be begun with; `false`: it was stopped meanwhile. */
  turn(bytes: number): Promise<boolean>
  /** What a piece took, for a scan that yields: bytes, and milliseconds. */
  saw(bytes: number, took: number): void
  close(): void
}

/** `now`: milliseconds that only go forward. */
export function createTurns({ rate, yields, signal, now = () => performance.now() }: { readonly rate: number | undefined; readonly yields: boolean; readonly signal: AbortSignal; readonly now?: () => number }): Turns {
  const pace = createPace({ rate, yields, at: tickOf(now()) })
  let left = 1
  const waiting: { readonly bytes: number; readonly go: (on: boolean) => void }[] = []
  const free = (): boolean => pace.rate === Number.POSITIVE_INFINITY
  const beat = (): void => {
    if (!free()) left = Math.min(left + pace.grant(tickOf(now())), Math.max(1, pace.rate / 4))
    for (let next = waiting[0]; next !== undefined && (free() || left > 0); next = waiting[0]) {
      waiting.shift()
      if (!free()) left -= next.bytes
      next.go(true)
    }
  }
  const stop = (): void => waiting.splice(0).forEach(({ go }) => go(false))
  const timer = setInterval(beat, BEAT)
  signal.addEventListener('abort', stop)
  return {
    turn(bytes) {
      if (signal.aborted) return Promise.resolve(false)
      return new Promise((go) => {
        waiting.push({ bytes, go })
        beat()
      })
    },
    saw: (bytes, took) => pace.saw(bytes, took),
    close() {
      clearInterval(timer)
      signal.removeEventListener('abort', stop)
      stop()
    },
  }
}
