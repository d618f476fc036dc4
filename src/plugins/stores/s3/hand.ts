// The half of an S3 that acts. Setting aside is a delete marker, and only where versioning is on at that moment: what is suspended would
// destroy. Each delete is good for 30 s by the store's own clock, so a process that was frozen cannot delete later (G-22). After every
// act the versions of that key are listed again and compared with those before: exactly what was meant may differ, all else is `lost`.
import { coded, isSilence, sentence } from '../../../core/fault.ts'
import type { Instant } from '../../../core/time.ts'
import { done, inDoubt, lost, MOST_ITEMS, OWN_PREFIX, refusal, type Deleting, type Judged, type Listed, type Marker, type Outcome, type Place, type SetAside, type StoreContext, type Version } from '../../../ports/store.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'
import { unsound } from '../../../ports/store/listing.ts'
import { tryOut } from './canary.ts'
import { createLook, head, lockOf, versioning } from './look.ts'
import { readPage } from './pages.ts'
import { mayHaveArrived, type Told, type Wire } from './wire.ts'

const LAPSES_AFTER = 30

export type Stack = readonly (Version | Marker)[]

export function createHand(wire: Wire, reader: Wire | undefined, context: Pick<StoreContext, 'now' | 'random'>): Deleting {
  const guarded = async <T>(what: Judged, act: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const odd = oddKey(what.key)
    if (odd !== undefined) return refusal('unable', `“${sayKey(what.key)}” is never touched: ${odd}`)
    if (what.key.startsWith(OWN_PREFIX)) return refusal('unable', `“${sayKey(what.key)}” is Holdfast's own`)
    return act()
  }
  return {
    identify: (signal) => createLook(wire, context).identify(signal),
    probe: (signal) => tryOut(wire, reader, context, signal),
    quarantine: (what, signal) => guarded(what, () => setAside(wire, what, signal)),
    release: (what, signal) => guarded(what, () => bringBack(wire, what, signal)),
    purge: (what, signal) => guarded(what, () => remove(wire, what, signal)),
  }
}

/** All versions and markers of exactly this key, the newest first. */
export async function stackOf(wire: Wire, key: string, signal: AbortSignal): Promise<{ stack: Stack; at: Instant | undefined }> {
  const told = await wire.ask({ method: 'GET', query: { versions: '', prefix: key, 'max-keys': String(MOST_ITEMS) } }, signal)
  if (told.status !== 200) throw wire.faultOf(told, `the versions of “${sayKey(key)}”`)
  const { items, next } = readPage(told.body, { bucket: wire.bucket, prefix: key, most: MOST_ITEMS })
  const stack = items.filter((item: Listed): item is Version | Marker => item.is !== 'odd' && item.key === key)
  if (next !== undefined && stack.length === items.length) throw coded('ETOOMUCH', `“${sayKey(key)}” has more than ${MOST_ITEMS} versions: it is left alone`, 'never')
  if (stack.some((it, n) => it.latest !== (n === 0))) throw unsound(`of “${sayKey(key)}” it does not give the newest version first`)
  return { stack, at: told.at }
}

/** A delete that lapses. `unknown`: it may have arrived. */
export async function erase(wire: Wire, place: Place, from: Instant | undefined, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Told | { readonly is: 'unknown'; readonly says: string }> {
  if (from === undefined) throw coded('ENOCLOCK', `${wire.host} does not say what time it is: no delete can be limited, and none is sent`, 'never')
  const query = place.versionId === undefined ? {} : { versionId: place.versionId }
  try {
    return await wire.ask({ method: 'DELETE', key: place.key, query, headers, lapses: { after: LAPSES_AFTER, from } }, signal)
  } catch (cause) {
    if (!mayHaveArrived(cause) && !isSilence(cause)) throw cause
    return inDoubt(`the delete of “${sayKey(place.key)}” left, and no answer came (${sentence(cause)})`)
  }
}

async function setAside(wire: Wire, what: Judged, signal: AbortSignal): Promise<Outcome<SetAside>> {
  const { key, versionId, etag, bytes } = what
  const state = await versioning(wire, signal)
  if (state !== 'enabled') return refusal('unable', `versioning of bucket ${wire.bucket} is ${state}: a delete would destroy, so this store is only reported on; enable versioning`)
  if (versionId === undefined || versionId === 'null') return refusal('unable', `“${sayKey(key)}” was judged without a version of its own`)
  const protection = await lockOf(wire, { key, versionId }, signal)
  if (protection.is !== 'free') return refusal('locked', `“${sayKey(key)}” stays: ${protection.says}`)
  const { stack: before, at } = await stackOf(wire, key, signal)
  const top = before[0]
  if (!top || top.is === 'marker') return refusal('absent', `“${sayKey(key)}” is not there`)
  if (!isSame(top, what)) return refusal('changed', `“${sayKey(key)}” is not what was judged: it was written since`)
  const told = await erase(wire, { key }, at, signal, { 'if-match': `"${etag}"` })
  if ('is' in told) return told
  if (told.status === 412 || told.status === 409) return refusal('changed', `“${sayKey(key)}” was written in that very moment`)
  if (told.status === 403) return refusal('locked', `${wire.host} refused: “${sayKey(key)}” stays (${told.code})`)
  if (told.status !== 204 && told.status !== 200) throw wire.faultOf(told, `to set “${sayKey(key)}” aside`)
  const { stack: after } = await stackOf(wire, key, signal).catch((cause: unknown) => ({ stack: sentence(cause) }))
  if (typeof after === 'string') return inDoubt(`“${sayKey(key)}” was set aside, and then nothing could be seen: ${after}`)
  const token = told.headers['x-amz-version-id']
  if (!after.some((it) => isSame(it, what))) return lost(`the delete marker of “${sayKey(key)}” destroyed what it was to hide: nothing lies beneath it`)
  if (told.headers['x-amz-delete-marker'] !== 'true' || token === undefined || !after.some((it) => it.is === 'marker' && it.versionId === token)) {
    return lost(`${wire.host} deleted “${sayKey(key)}” and left no delete marker that is its own`)
  }
  const own = after.findIndex((it) => it.versionId === token)
  const beneath = after[own + 1]
  if (own === 0 && beneath && isSame(beneath, what)) return done({ key, versionId, etag, bytes, token })
  // Somebody wrote in that very moment: what is hidden is newer than what was judged, or hides nothing at all.
  const undone = await erase(wire, { key, versionId: token }, at, signal)
  if ('is' in undone || undone.status >= 300) return lost(`“${sayKey(key)}” was written while it was set aside, and the delete marker ${token} could not be removed: remove it by hand`)
  return refusal('changed', `“${sayKey(key)}” was written while it was set aside; the delete marker was removed again`)
}

async function bringBack(wire: Wire, what: SetAside, signal: AbortSignal): Promise<Outcome<Judged>> {
  const { key, etag, bytes, versionId, token } = what
  const judged: Judged = { key, etag, bytes, ...(versionId !== undefined && { versionId }) }
  const { stack, at } = await stackOf(wire, key, signal)
  const top = stack[0]
  if (top && isSame(top, what)) return done(judged)
  if (!stack.some((it) => isSame(it, what))) return refusal('absent', `the version of “${sayKey(key)}” that was set aside is not there any more`)
  if (top?.is === 'version') return refusal('changed', `something else stands at “${sayKey(key)}” by now; both are kept`)
  if (top?.versionId !== token || !stack[1] || !isSame(stack[1], what)) return refusal('changed', `“${sayKey(key)}” was deleted by somebody else too: bring it back by hand if that was wrong`)
  const told = await erase(wire, { key, versionId: token }, at, signal)
  if ('is' in told) return told
  if (told.status !== 204 && told.status !== 200) throw wire.faultOf(told, `to bring “${sayKey(key)}” back`)
  const found = await head(wire, { key }, signal)
  if (found.is === 'version' && isSame(found, what)) return done(judged)
  return inDoubt(`the delete marker of “${sayKey(key)}” was removed, and it is not seen yet`)
}

async function remove(wire: Wire, what: SetAside, signal: AbortSignal): Promise<Outcome<Judged>> {
  const { key, etag, bytes, versionId, token } = what
  if (versionId === undefined || versionId === 'null') return refusal('unable', 'only a version that has an id of its own can be purged')
  const { stack: before, at } = await stackOf(wire, key, signal)
  if (!before.some((it) => it.versionId === versionId)) {
    // Who removed it was killed before its delete marker, which hides nothing any more, was removed too.
    if (before.length === 1 && before[0]?.is === 'marker' && before[0].versionId === token) await erase(wire, { key, versionId: token }, at, signal)
    return refusal('absent', `the version of “${sayKey(key)}” that was set aside is not there any more`)
  }
  if (!before.some((it) => isSame(it, what))) return refusal('changed', `the version of “${sayKey(key)}” is not what was set aside`)
  if (before[0]?.is !== 'marker' || before[0].versionId !== token || !before[1] || !isSame(before[1], what)) return refusal('changed', `“${sayKey(key)}” is not set aside: its delete marker does not stand right above it`)
  const protection = await lockOf(wire, { key, versionId }, signal)
  if (protection.is !== 'free') return refusal('locked', `“${sayKey(key)}” stays: ${protection.says}`)
  const told = await erase(wire, { key, versionId }, at, signal)
  if ('is' in told) return told
  if (told.status === 403) return refusal('locked', `${wire.host} refused: “${sayKey(key)}” stays (${told.code})`)
  if (told.status !== 204 && told.status !== 200) throw wire.faultOf(told, `to purge “${sayKey(key)}”`)
  const { stack: after } = await stackOf(wire, key, signal).catch((cause: unknown) => ({ stack: sentence(cause) }))
  if (typeof after === 'string') return inDoubt(`“${sayKey(key)}” was purged, and then nothing could be seen: ${after}`)
  const missing = before.filter((it) => !after.some((one) => one.versionId === it.versionId))
  if (missing.length === 0) return refusal('unable', `${wire.host} said that it removed “${sayKey(key)}”, and it still stands`)
  if (missing.length !== 1 || missing[0]?.versionId !== versionId) return lost(`${wire.host} removed other versions of “${sayKey(key)}” than the one that was named`)
  // A marker above nothing hides nothing; above older versions it must stay, or they would come to light.
  if (after.length === 1 && after[0]?.is === 'marker' && after[0].versionId === token) await erase(wire, { key, versionId: token }, at, signal)
  return done({ key, versionId, etag, bytes })
}

const isSame = (it: Version | Marker, what: Judged): boolean =>
  it.is === 'version' && it.key === what.key && it.versionId === what.versionId && it.etag === what.etag && it.bytes === what.bytes
