// Reads parts of copies, as the keeper asks for them, and gives their sums. What is read is of the version that was asked for, or it is not given. A part that
// fails, or whose sum is not the one that is known, is read once more before anything is said of it. Memory is one piece of 8 MiB.
import { createHash } from 'node:crypto'
import { Fault, sentence } from '../../core/fault.ts'
import { MOST_CHUNK, type Reading } from '../../ports/store.ts'
import type { PartFound, PartWanted, Verified } from '../../rooms/guard/protocol.ts'
import type { GuardContext } from './context.ts'

export interface VerifyWants {
  readonly store: string
  readonly parts: readonly PartWanted[]
}

/** So many parts that fail one after another are the store's fault: the rest is not tried. */
const MOST_FAILED = 3

/** Never rejects for what a store does: each part has what came of it, or is not in the answer. */
export async function perform({ store, parts }: VerifyWants, context: GuardContext, signal: AbortSignal): Promise<Verified> {
  const reading = context.reading(store)
  const found: PartFound[] = []
  let failed = 0
  for (const [n, part] of parts.entries()) {
    if (signal.aborted || failed >= MOST_FAILED) break
    const { key, etag, n: part_ } = part
    const seen = await readTwice(reading, part, signal)
    failed = seen.is === 'failed' ? failed + 1 : 0
    found.push({ key, etag, n: part_, ...seen })
    context.say(`${n + 1} of ${parts.length} parts`)
  }
  return { is: 'verified', parts: found }
}

type Seen = { readonly is: 'read'; readonly sum: string } | { readonly is: 'differs'; readonly sum: string } | { readonly is: 'failed'; readonly says: string } | { readonly is: 'gone' }

/** Reads a part, and once more where the first reading leaves doubt. */
export async function readTwice(reading: Reading, part: PartWanted, signal: AbortSignal): Promise<Seen> {
  const first = await once(reading, part, signal)
  if (first.is === 'gone' || (first.is === 'read' && (part.sum === undefined || part.sum === first.sum))) return first
  const second = await once(reading, part, signal)
  if (second.is !== 'read') return second
  if (part.sum !== undefined && second.sum !== part.sum) return { is: 'differs', sum: second.sum }
  return second
}

async function once(reading: Reading, { key, versionId, etag, from, bytes }: PartWanted, signal: AbortSignal): Promise<Exclude<Seen, { is: 'differs' }>> {
  const sum = createHash('sha256')
  try {
    for (let at = 0; at < bytes;) {
      const chunk = await reading.read({ key, ...(versionId !== undefined && { versionId }), etag, from: from + at, bytes: Math.min(MOST_CHUNK, bytes - at) }, signal)
      if (chunk.is !== 'read') return { is: 'gone' }
      // Fewer bytes than the listing says that it has, of the same version: somebody is lying, or the disk is.
      if (chunk.bytes.length === 0) return { is: 'failed', says: `it ends at ${from + at} bytes, earlier than it was listed` }
      sum.update(chunk.bytes)
      at += chunk.bytes.length
    }
    return { is: 'read', sum: sum.digest('hex') }
  } catch (cause) {
    if (cause instanceof Fault) return { is: 'failed', says: sentence(cause).slice(0, 200) }
    throw cause
  }
}
