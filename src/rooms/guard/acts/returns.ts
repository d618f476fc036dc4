// What is to come back, and does not yet: its store could not be reached, or is another one for now. It waits, and is tried again after a minute, and each
// time after twice as long; nothing else of its plan waits for it. It is never given up: only a person, or the next run, says that it is not wanted back.
import { isWithin, minutes, type Now, type Span } from '../../../core/time.ts'
import type { StoreSeen } from './rulings.ts'

const FIRST: Span = minutes(1)
const LONGEST: Span = minutes(60)
/** A store that was seen to be another one is tried out anew after this long, while anything is to come back to it. */
export const ASTRAY_FOR: Span = minutes(1)

export interface Returns {
  /** One that was tried did not come back. Gives how often in a row. */
  failed(reconcile: string): number
  came(reconcile: string): void
  /** Whether it was tried too short a time ago. */
  rests(reconcile: string): boolean
  /** Everything may be tried at once. */
  forget(): void
}

export function createReturns(now: () => Now): Returns {
  const failures = new Map<string, { readonly at: Now; readonly times: number }>()
  return {
    failed(reconcile) {
      const times = (failures.get(reconcile)?.times ?? 0) + 1
      failures.set(reconcile, { at: now(), times })
      return times
    },
    came: (reconcile) => void failures.delete(reconcile),
    rests(reconcile) {
      const last = failures.get(reconcile)
      return last !== undefined && isWithin(last.at, now(), Math.min(LONGEST, FIRST * 2 ** Math.min(10, last.times - 1)) as Span)
    },
    forget: () => failures.clear(),
  }
}

/** Whether the store was lately seen to be another than the one in which this lies aside. */
export const isAstray = (seen: StoreSeen | undefined, identity: string, now: Now, within: Span): boolean => seen !== undefined && identity !== '' && seen.identity !== identity && isWithin(seen.seen, now, within)
