// How stories of the lab are told: in parts of which each stands on the one before, and in a process of their own that prints what it measured.
import type { TestContext } from 'node:test'

/** Tells parts one after the other; after one that fails the others are not told. */
export function partsOf(t: TestContext): (says: string, act: () => Promise<void>) => Promise<void> {
  let stands = true
  return async (says, act) => {
    if (!stands) return
    stands = false
    await t.test(says, async () => {
      await act()
      stands = true
    })
  }
}

/** What a story began is ended with it, the last thing first. */
export interface Ending { after(end: () => unknown): void }

/** Tells a story as the whole of this process: prints what it measured as a line of JSON, for `tellIn`. */
export async function printStory(tell: (t: Ending) => Promise<object>): Promise<void> {
  const ends: (() => unknown)[] = []
  try {
    console.log(JSON.stringify(await tell({ after: (end) => void ends.push(end) })))
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}
