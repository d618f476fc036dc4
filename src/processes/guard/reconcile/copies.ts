// Whether what lies aside is also in the other place: nothing that is not is ever purged (G-23). Each key is looked up there by its name; what lies there
// counts when its etag is that of what was put aside. What could not be looked up is not known, and holds as absence does.
import { textOf } from '../../../rooms/guard/reconcile/cursor.ts'
import type { Since } from '../../../rooms/guard/reconcile/task.ts'
import type { Reading } from '../../../ports/store.ts'

const AT_ONCE = 8

/** What is known of single keys, and of those that lie aside whether they are in the other place as well. */
export async function withCopies(since: readonly Since[], other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<readonly Since[]> {
  const waiting = [...since.entries()]
  const made = [...since]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const [n, it] = next
      const { aside } = it.recalled
      const key = textOf(Buffer.from(it.key, 'hex'))
      if (aside === undefined || key === undefined) continue
      const found = await other.head({ key }, signal).catch(() => undefined)
      if (found !== undefined && found.is !== 'unknown') made[n] = { ...it, recalled: { ...it.recalled, copied: found.is === 'version' && found.etag === aside.etag } }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return made
}
