// Virtual time and seeded chance. Events run in the order of their time, then of their making; nothing else moves the clock.
// The wall clock may be stepped apart from the monotonic one; a reboot begins a new boot.
import { instantOf, tickOf, type Now } from '../src/core/time.ts'

/** A small, well-mixed generator (splitmix32): same seed, same stream. */
export function chance(seed: number): { next(): number; int(below: number): number; pick<T>(of: readonly T[]): T; yes(odds: number): boolean; bytes(n: number): Uint8Array } {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
  return {
    next,
    int: (below) => Math.floor(next() * below),
    pick: (of) => of[Math.floor(next() * of.length)] as never,
    yes: (odds) => next() < odds,
    bytes: (n) => Uint8Array.from({ length: n }, () => Math.floor(next() * 256)),
  }
}
export type Chance = ReturnType<typeof chance>

export interface Time {
  now(): Now
  readonly at: number
  /** Runs `act` after `span` ms of monotonic time. */
  after(span: number, act: () => void): { cancel(): void }
  /** Steps the wall clock alone. */
  step(by: number): void
  /** The machine boots: what was known by the clock that nobody sets is known no more. That clock goes on here, which is the harder case: only its boot tells. */
  boot(): void
  /** Runs the next event; false when there is none before `until`. */
  next(until: number): boolean
}

interface Planned { at: number; n: number; act: () => void; off: boolean }

export function virtualTime(start: number): Time {
  let at = 0
  let skew = 0
  let boots = 0
  let n = 0
  const heap: Planned[] = []
  const before = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.n < b.n)
  const push = (it: Planned): void => {
    heap.push(it)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!before(heap[i] as Planned, heap[parent] as Planned)) break
      ;[heap[i], heap[parent]] = [heap[parent] as Planned, heap[i] as Planned]
      i = parent
    }
  }
  const pop = (): Planned => {
    const top = heap[0] as Planned
    const last = heap.pop() as Planned
    if (heap.length > 0) {
      heap[0] = last
      for (let i = 0; ; ) {
        const left = 2 * i + 1
        let least = i
        if (left < heap.length && before(heap[left] as Planned, heap[least] as Planned)) least = left
        if (left + 1 < heap.length && before(heap[left + 1] as Planned, heap[least] as Planned)) least = left + 1
        if (least === i) break
        ;[heap[i], heap[least]] = [heap[least] as Planned, heap[i] as Planned]
        i = least
      }
    }
    return top
  }
  return {
    now: () => ({ wall: instantOf(Math.floor(start + at + skew)), tick: tickOf(at), boot: boots === 0 ? 'sim' : `sim-${boots}` }),
    get at() {
      return at
    },
    after(span, act) {
      // On a grid of microseconds, and never zero: a rest of rounding must not stop the clock.
      const it: Planned = { at: Math.max(at + (span > 0 ? 0.001 : 0), Math.round((at + span) * 1000) / 1000), n: n++, act, off: false }
      push(it)
      return { cancel: () => void (it.off = true) }
    },
    step: (by) => void (skew += by),
    boot: () => void boots++,
    next(until) {
      while (heap.length > 0 && (heap[0] as Planned).at <= until) {
        const it = pop()
        if (it.off) continue
        at = it.at
        it.act()
        return true
      }
      at = Math.max(at, until)
      return false
    },
  }
}
