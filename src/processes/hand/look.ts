// What became of an act whose outcome nobody knows: looked at, never repeated. Where there are versions, all of that one key are listed, and a delete
// marker that stands right above the judged version is taken for our own, whoever died before they could say so. It was not there when the act was
// judged; if somebody else made it since, what lies beneath is remembered all the same, and can be brought back: no clock is asked which of the two
// it was, because a clock that was wrong would leave something hidden that nobody knows of. A folder finds what it set aside by a name that is
// always the same. What cannot be seen stays in doubt.
import { sentence } from '../../core/fault.ts'
import type { Judged, Marker, Version } from '../../ports/store.ts'
import type { Looked } from '../../rooms/guard/acts/life.ts'
import type { Doubt } from '../../rooms/guard/acts/protocol.ts'
import { stackOf, type Halves } from './halves.ts'

export type Sight = Looked | { readonly is: 'unseen'; readonly says: string }

/** Looks at one doubt. */
export async function look(doubt: Doubt, halves: Halves, signal: AbortSignal): Promise<Sight> {
  try {
    return doubt.what.versionId === undefined ? await inFolder(doubt, halves, signal) : await amongVersions(doubt, halves, signal)
  } catch (cause) {
    return { is: 'unseen', says: sentence(cause) }
  }
}

const isSame = (it: Version | Marker, what: Judged): boolean => it.is === 'version' && it.versionId === what.versionId && it.etag === what.etag && it.bytes === what.bytes

async function amongVersions({ act, what, token }: Doubt, { reading, deleting }: Halves, signal: AbortSignal): Promise<Sight> {
  const stack = await stackOf(reading, what.key, signal)
  const at = stack.findIndex((it) => isSame(it, what))
  if (at < 0) {
    if (stack.some((it) => it.versionId === what.versionId)) return { is: 'other' }
    // A delete marker above nothing is all that is left of a purge: it goes too. Nothing else can, since the version is not there.
    if (act === 'purge' && token !== undefined && stack.length === 1 && stack[0]?.versionId === token) await deleting.purge({ ...what, token }, signal)
    return { is: 'gone' }
  }
  if (at === 0) return { is: 'standing' }
  const above = stack[at - 1]
  // What was hidden by our marker and no longer is, has been brought back, whatever was written over it since.
  if (act !== 'quarantine' && !stack.some((it) => it.versionId === token)) return { is: 'standing' }
  if (above?.is !== 'marker' || stack.slice(0, at).some((it) => it.is === 'version')) return { is: 'other' }
  const isOurs = act === 'quarantine' || above.versionId === token
  return isOurs ? { is: 'aside', token: above.versionId, storeAt: above.modifiedAt } : { is: 'other' }
}

async function inFolder({ what }: Doubt, { reading, deleting, now }: Halves, signal: AbortSignal): Promise<Sight> {
  const found = await reading.head({ key: what.key }, signal)
  if (found.is === 'unknown') return { is: 'unseen', says: found.says }
  if (found.is === 'version') return found.etag === what.etag && found.bytes === what.bytes ? { is: 'standing' } : { is: 'other' }
  // Nothing stands there, so this moves nothing: it says under which name it lies aside, or that it does not.
  const aside = await deleting.quarantine({ key: what.key, etag: what.etag, bytes: what.bytes }, signal)
  if (aside.is === 'done') return { is: 'aside', token: aside.it.token, storeAt: now().wall }
  return aside.is === 'refused' && aside.why === 'absent' ? { is: 'gone' } : { is: 'unseen', says: aside.says }
}
