// A first walk over what was read, before it is judged: which objects have no row, so that their locks and tags can be asked for one by one; which of
// the objects with a row are the newest; and how many of those of the former run have lost theirs. It judges nothing, and its memory is bounded.
import { compareViews, type Cursor, type Listed, type Lock, type Rows } from '../../../rooms/guard/reconcile/cursor.ts'
import type { Sentinel } from '../../../rooms/guard/reconcile/sandwich.ts'
import type { Reading } from '../../../ports/store.ts'
import { keyAt, type Asked } from './inputs.ts'

/** So many objects are asked for by themselves in one run; the others are not known, and stay. */
export const MOST_ASKED = 5000
export const NEWEST = 1000
const AT_ONCE = 8

export interface Scouted {
  /** Objects without a row, in byte order. */
  readonly alone: readonly { readonly key: Uint8Array; readonly listed: Listed }[]
  /** Of objects with a row, those that were written last, in byte order. */
  readonly newest: readonly Uint8Array[]
}

type Objects = Cursor & { readonly standing: 'live' | 'hidden'; readonly listed: () => Listed; readonly modifiedAt: () => number }

/** Walks once over listing and both catalogues. Inputs that are not whole give less, and are refused elsewhere. `aside`: keys in hex, hidden by us, whose locks count as well. */
export function scout(listing: Objects, before: Rows, after: Rows, sentinels: readonly Sentinel[], aside: ReadonlySet<string> = new Set()): Scouted {
  const own = new Set(sentinels.map(({ key }) => Buffer.from(key).toString('hex')))
  const alone: { key: Uint8Array; listed: Listed }[] = []
  let newest: { key: Uint8Array; at: number }[] = []
  let oldest = Number.NEGATIVE_INFINITY
  const [first, second] = [follower(before), follower(after)]
  while (listing.next()) {
    if (listing.standing !== 'live') {
      if (aside.size > 0 && alone.length < MOST_ASKED && aside.has(Buffer.from(keyAt(listing)).toString('hex'))) alone.push({ key: keyAt(listing), listed: listing.listed() })
      continue
    }
    const [inFirst, inSecond] = [first.holds(listing), second.holds(listing)]
    const isWanted = inFirst && inSecond
    if (inFirst !== inSecond) continue
    const at = listing.modifiedAt()
    if (isWanted ? !(at > oldest) : alone.length >= MOST_ASKED) continue
    const key = keyAt(listing)
    if (own.has(Buffer.from(key).toString('hex'))) continue
    if (!isWanted) alone.push({ key, listed: listing.listed() })
    else if (newest.push({ key, at }) >= 2 * NEWEST) {
      newest = newest.sort((a, b) => b.at - a.at).slice(0, NEWEST)
      oldest = newest.at(-1)?.at ?? oldest
    }
  }
  const keys = newest.sort((a, b) => b.at - a.at).slice(0, NEWEST).map(({ key }) => key)
  return { alone, newest: keys.sort((a, b) => Buffer.compare(a, b)) }
}

/** How many of these keys, in byte order, are not among the rows. */
export function missing(keys: Cursor, rows: Cursor): { readonly of: number; readonly gone: number } {
  const among = follower(rows)
  let [of, gone] = [0, 0]
  while (keys.next()) {
    of++
    if (!among.holds(keys)) gone++
  }
  return { of, gone }
}

/** A cursor that goes along behind another one. */
function follower(rows: Cursor): { holds(at: Cursor): boolean } {
  let live = rows.next()
  return {
    holds(at) {
      for (;;) {
        if (!live) return false
        const step = compareViews(rows.view, rows.from, rows.to, at.view, at.from, at.to)
        if (step >= 0) return step === 0
        live = rows.next()
      }
    },
  }
}

/** Asks the store for lock and tags of each, a few at once. What it does not say, or fails to, is not known. */
export async function askFor(alone: Scouted['alone'], reading: Pick<Reading, 'lock' | 'tags'>, { locks, signal }: { readonly locks: boolean; readonly signal: AbortSignal }): Promise<ReadonlyMap<string, Asked>> {
  const asked = new Map<string, Asked>()
  const queue = [...alone]
  const one = async ({ key, listed }: Scouted['alone'][number]): Promise<void> => {
    const place = { key: Buffer.from(key).toString('utf8'), ...(listed.version === undefined ? {} : { versionId: listed.version }) }
    const [lock, tags] = await Promise.all([
      locks ? reading.lock(place, signal).then((it): Lock => it.is, (): Lock => 'unknown') : 'free' as const,
      reading.tags(place, signal).then((it) => (it.is === 'read' ? it.tags : undefined), () => undefined),
    ])
    asked.set(Buffer.from(key).toString('hex'), { lock, tags })
  }
  const worker = async (): Promise<void> => {
    for (let it = queue.pop(); it !== undefined && !signal.aborted; it = queue.pop()) await one(it)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return asked
}
