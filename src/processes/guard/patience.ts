// A store that does not answer, for whoever waits: the same store, which says how long nothing has come from it. A listing tries again and again, each time
// for as long as a call may take; it is the time since the last answer that counts, and not that of one call.
import { isLate, isSilence } from '../../core/fault.ts'
import { ms, sayTime, seconds, type Now, type Span, type Tick } from '../../core/time.ts'
import type { Reading } from '../../ports/store.ts'
import type { Timers } from '../../ports/world.ts'

/** It is said after so long, and as often as this while it stays so. */
export const SAYS_AFTER: Span = seconds(10)

export interface Patience {
  readonly store: string
  readonly now: () => Now
  readonly timers: Timers
  readonly say: (says: string) => void
}

/** The same half of a store; `say` hears of its silence, and nothing while it answers. */
export function patient(half: Reading, { store, now, timers, say }: Patience): Reading {
  let since: Tick | undefined
  const watched = async <T>(ask: () => Promise<T>): Promise<T> => {
    since ??= now().tick
    let cancel = (): void => undefined
    const wait = (span: Span): void => {
      cancel = timers.after(span, () => {
        const silent = ms(since === undefined ? 0 : now().tick - since)
        if (silent >= SAYS_AFTER) say(`no answer of ${store} for ${sayTime(ms(Math.floor(silent / 1000) * 1000))}`)
        wait(SAYS_AFTER)
      })
    }
    wait(ms(Math.max(1000, SAYS_AFTER - (now().tick - since))))
    try {
      const answer = await ask()
      since = undefined
      return answer
    } catch (cause) {
      // A refusal is an answer. That we were too slow ourselves to ask is neither.
      if (!isSilence(cause) && !isLate(cause)) since = undefined
      throw cause
    } finally {
      cancel()
    }
  }
  return {
    identify: (signal) => watched(() => half.identify(signal)),
    declared: (signal) => watched(() => half.declared(signal)),
    clock: (signal) => watched(() => half.clock(signal)),
    page: (want, signal) => watched(() => half.page(want, signal)),
    uploads: (want, signal) => watched(() => half.uploads(want, signal)),
    head: (place, signal) => watched(() => half.head(place, signal)),
    read: (want, signal) => watched(() => half.read(want, signal)),
    lock: (place, signal) => watched(() => half.lock(place, signal)),
    tags: (place, signal) => watched(() => half.tags(place, signal)),
  }
}
