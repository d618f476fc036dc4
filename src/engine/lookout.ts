// Findings on their way in: to the samples, to the person who started Holdfast (the first look of each check), and to
// whoever asked for a look and waits.
import type { Samples } from '../db/samples.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Looked } from '../rooms/watch/protocol.ts'

/** So many first looks are told; who has more checks than that reads the board. */
const MOST_TOLD = 20

export interface Lookout {
  took(check: Check, looked: Looked): void
  await(check: string, act: () => void): void
}

export function createLookout(samples: Samples | undefined, say: (line: string) => void): Lookout {
  const told = new Set<string>()
  const awaiting = new Map<string, (() => void)[]>()
  const tell = (name: string, { found, took }: Looked): void => {
    if (told.has(name) || told.size >= MOST_TOLD) return
    told.add(name)
    const mark = found.is === 'pass' ? '✓' : found.is === 'fail' ? '✕' : '◌'
    say(`${mark} ${name}: ${found.is === 'pass' ? 'passes' : (found.says ?? found.is)} (${Math.round(took)} ms)`)
  }
  return {
    took(check, looked) {
      samples?.add(check.name, looked.at, looked.took, looked.found.is, looked.found.says)
      tell(check.name, looked)
      const acts = awaiting.get(check.name)
      if (!acts) return
      awaiting.delete(check.name)
      for (const act of acts) act()
    },
    await: (check, act) => void awaiting.set(check, [...(awaiting.get(check) ?? []), act]),
  }
}
