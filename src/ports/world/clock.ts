// The real clocks. The tick is CLOCK_MONOTONIC, which every process of the machine shares, in milliseconds with fractions;
// the boot id says which boot it belongs to, so that a stored tick is never compared across a reboot. Both clocks are
// read together and neither is ever corrected by the other.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { instantOf, tickOf } from '../../core/time.ts'
import type { Clock } from '../world.ts'

let known: string | undefined

/** The name of this boot: the kernel's where it has one, else random, so that no stored tick is trusted. */
export function bootId(): string {
  if (known !== undefined) return known
  try {
    known = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux: ticks of other processes then read as an age that nobody knows, unless the parent hands its boot id on.
    known = ''
  }
  return (known ||= randomUUID())
}

/** The machine's clocks. `boot` is for systems whose kernel names no boot: what the parent process uses. */
export function createClock(boot: string = bootId()): Clock {
  const start = startOf()
  return { now: () => ({ wall: instantOf(Date.now()), tick: tickOf(start + performance.now()), boot }) }
}

/**
 * The same clock, counted from the start of this process: reading it so costs a fraction. The two are read side by side, several times, and the pair that lay
 * closest together counts: the first use of one of them takes milliseconds, and a process may be put to sleep between them. Off by that much for as long as it
 * lives, what another process stamped would be of the future, and not known.
 */
function startOf(): number {
  const pairs = Array.from({ length: PAIRS }, () => {
    const before = performance.now()
    const [s, ns] = process.hrtime()
    const apart = performance.now() - before
    return { apart, start: s * 1000 + ns / 1e6 - before - apart / 2 }
  })
  return pairs.reduce((best, it) => (it.apart < best.apart ? it : best)).start
}

const PAIRS = 8
