// One act on one object, through the half of the store that acts. Whatever is thrown on the way is an outcome that nobody knows: some of it happened, or
// none, and only a look can tell. What was put aside is reported with the store's own time of it; without that it is looked at as well, because
// a quarantine is counted by it.
import { sentence } from '../../core/fault.ts'
import type { Instant } from '../../core/time.ts'
import type { Judged, Outcome, SetAside } from '../../ports/store.ts'
import type { Ended, Order } from '../../rooms/guard/acts/protocol.ts'
import { untagged } from '../../rooms/guard/reconcile/margins.ts'
import { stackOf, type Halves } from './halves.ts'

/** Performs one order; never throws. */
export async function perform(order: Order, halves: Halves, signal: AbortSignal): Promise<Ended> {
  try {
    const kept = order.act === 'release' ? undefined : await whyKept(order.what, halves, signal)
    if (kept !== undefined) return kept
    if (order.act === 'quarantine') return await putAside(order.what, halves, signal)
    return plain(order.act === 'release' ? await halves.deleting.release(order.what, signal) : await halves.deleting.purge(order.what, signal))
  } catch (cause) {
    return { is: 'unknown', says: sentence(cause) }
  }
}

/** Its owner may have said by a tag, since it was judged, that it stays (G-4). Tags that cannot be read hold it. */
async function whyKept({ key, versionId }: Judged, { reading }: Halves, signal: AbortSignal): Promise<Ended | undefined> {
  const read = await reading.tags({ key, ...(versionId !== undefined && { versionId }) }, signal)
  const found = untagged(read.is === 'read' ? read.tags : undefined)
  return found.is === 'pass' ? undefined : { is: 'refused', why: found.is === 'fail' ? 'locked' : 'unable', says: found.says }
}

const plain = (outcome: Outcome<Judged>): Ended => (outcome.is === 'done' ? { is: 'done' } : outcome)

async function putAside(what: Judged, halves: Halves, signal: AbortSignal): Promise<Ended> {
  const outcome = await halves.deleting.quarantine(what, signal)
  if (outcome.is !== 'done') return outcome
  const storeAt = await sinceWhen(outcome.it, halves, signal)
  return storeAt === undefined ? { is: 'unknown', says: 'it was put aside, and since when could not be seen' } : { is: 'done', token: outcome.it.token, storeAt }
}

/** By the store's clock; a folder has none but the machine's, which what was just tried out on it has shown to agree. */
async function sinceWhen({ key, versionId, token }: SetAside, { reading, now }: Halves, signal: AbortSignal): Promise<Instant | undefined> {
  if (versionId === undefined) return now().wall
  return (await stackOf(reading, key, signal)).find((it) => it.is === 'marker' && it.versionId === token)?.modifiedAt
}
