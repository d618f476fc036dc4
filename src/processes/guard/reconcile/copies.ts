// Whether what lies aside is also in the other place: nothing that is not is ever purged (G-23). Each key is looked up there by its name; what lies there
// counts when it is the very copy whose bytes were read and found to be the same (`compare.ts`): by version, etag and size. One that was not read, or was
// written since, and what could not be looked up, is not known, and holds as absence does. A run looks at all of them; right before a purge just those few are looked at again.
import { textOf } from '../../../rooms/guard/reconcile/cursor.ts'
import type { CopyRead, CopyWanted, Rechecked, Since } from '../../../rooms/guard/reconcile/task.ts'
import type { Reading } from '../../../ports/store.ts'
import { isOf, isRead } from './compare.ts'

const AT_ONCE = 8

/** What is known of single keys, and of those that lie aside whether the same bytes are in the other place as well. */
export async function withCopies(since: readonly Since[], reads: readonly CopyRead[], other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<readonly Since[]> {
  const made = [...since]
  const known = byKey(reads)
  await fewAtOnce([...since.entries()], signal, async ([n, it]) => {
    const { aside } = it.recalled
    const found = aside && (await lookAt(it.key, other, signal))
    const copied = found && aside && sameThere(found, known.get(it.key), aside)
    if (copied !== undefined) made[n] = { ...it, recalled: { ...it.recalled, copied } }
  })
  return made
}

/** Whether each of these lies there now, as it was read; what could not be looked at, or was not read, is left out. */
export async function copiesOf(wanted: readonly CopyWanted[], reads: readonly CopyRead[], other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<Rechecked['copies']> {
  const made: Record<string, 'there' | 'not'> = {}
  const known = byKey(reads)
  await fewAtOnce(wanted, signal, async (it) => {
    const found = await lookAt(it.key, other, signal)
    const same = found && (found.is === 'version' && found.bytes !== it.bytes ? false : sameThere(found, known.get(it.key), it))
    if (same !== undefined) made[it.key] = same ? 'there' : 'not'
  })
  return made
}

const byKey = (reads: readonly CopyRead[]): ReadonlyMap<string, CopyRead> => new Map(reads.map((one) => [one.key, one]))

type Seen = Exclude<Awaited<ReturnType<Reading['head']>>, { readonly is: 'unknown' }>

/** `undefined`: nobody has read to its end what stands there now. */
function sameThere(found: Seen, read: CopyRead | undefined, aside: { readonly version: string; readonly etag: string }): boolean | undefined {
  if (found.is === 'absent') return false
  if (read === undefined || !isOf(read, aside) || !isRead(read, found) || read.found === 'going') return undefined
  return read.found === 'same'
}

/** `undefined`: not known. */
async function lookAt(hex: string, other: Pick<Reading, 'head'>, signal: AbortSignal): Promise<Seen | undefined> {
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
