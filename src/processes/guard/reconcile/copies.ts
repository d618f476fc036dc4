// Whether what lies aside is also in the other place: nothing that is not is ever purged (G-23). Each key is looked up there by its name; what lies there
// counts when its etag is that of what was put aside. What could not be looked up is not known, and holds as absence does. A run looks at all of them;
// right before a purge just those few are looked at again, and then their size has to be right as well.
import { textOf } from '../../../rooms/guard/reconcile/cursor.ts'
import type { CopyWanted, Rechecked, Since } from '../../../rooms/guard/reconcile/task.ts'
import type { Reading } from '../../../ports/store.ts'

const AT_ONCE = 8

/** What is known of single keys, and of those that lie aside whether they are in the other place as well. */
export async function withCopies(since: readonly Since[], other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<readonly Since[]> {
  const made = [...since]
  await fewAtOnce([...since.entries()], signal, async ([n, it]) => {
    const { aside } = it.recalled
    const found = aside && (await lookAt(it.key, other, signal))
    if (found !== undefined && aside !== undefined) made[n] = { ...it, recalled: { ...it.recalled, copied: found.is === 'version' && found.etag === aside.etag } }
  })
  return made
}

/** Whether each of these lies there now, the same by etag and size; what could not be looked at is left out. */
export async function copiesOf(wanted: readonly CopyWanted[], other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<Rechecked['copies']> {
  const made: Record<string, 'there' | 'not'> = {}
  await fewAtOnce(wanted, signal, async ({ key, etag, bytes }) => {
    const found = await lookAt(key, other, signal)
    if (found !== undefined) made[key] = found.is === 'version' && found.etag === etag && found.bytes === bytes ? 'there' : 'not'
  })
  return made
}

/** `undefined`: not known. */
async function lookAt(hex: string, other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<Exclude<Awaited<ReturnType<Reading['head']>>, { readonly is: 'unknown' }> | undefined> {
  const key = textOf(Buffer.from(hex, 'hex'))
  const found = key === undefined ? undefined : await other.head({ key }, signal).catch(() => undefined)
  return found === undefined || found.is === 'unknown' ? undefined : found
}

async function fewAtOnce<T>(all: readonly T[], signal: AbortSignal, act: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) await act(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
