// The half that acts on a folder over there. Setting aside is a rename into the store's own corner, which SFTP refuses where something stands; so is
// bringing back. What is moved is looked at before and after, and goes back if it is another thing. A conversation that breaks off in the middle of
// an act leaves it in doubt, and says so. Nothing is removed for good unless another user than the one who reads owns the quarantine alone (G-21).
import { createHash } from 'node:crypto'
import { codeOf, Fault, isSilence, sentence } from '../../../core/fault.ts'
import { instantOf, type Now } from '../../../core/time.ts'
import { done, inDoubt, lost, OWN_PREFIX, refusal, type Deleting, type Judged, type Outcome, type Probed, type SetAside, type StoreContext } from '../../../ports/store.ts'
import { sayKey } from '../../../ports/store/key.ts'
import { clockFrom } from '../../../ports/store/listing.ts'
import { etagOf, grounded, isOwn, locate, stand, strange, within, type Found, type Ground, type Site } from './ground.ts'
import { STATUS, type Attrs } from './packet.ts'
import { createRemote, refusedBy } from './remote.ts'
import type { Line } from './session.ts'

export interface Acting {
  readonly site: Site
  readonly line: Line
  /** Another user than the one who reads acts here. */
  readonly apart: boolean
}

export const NOT_APART = 'a folder is purged only where a second user owns that right: let another user act (`delete`) than the one who reads (`read`); until then remove by hand what was set aside'
const TOKEN = /^[0-9a-f]{32}$/

export function createHand({ site, line, apart }: Acting, { random, now }: Pick<StoreContext, 'random' | 'now'>): Deleting {
  const remote = (signal: AbortSignal) => createRemote(line, signal)
  const on = <T>(signal: AbortSignal, act: (ground: Ground) => Promise<Outcome<T>>): Promise<Outcome<T>> =>
    grounded(remote(signal), site, act).catch((cause: unknown): Outcome<T> => {
      if (isSilence(cause) || ['ECONNRESET', 'EPROTO'].includes(codeOf(cause) ?? '')) return inDoubt(`${sentence(cause)}: look at ${site.address.folder} at ${site.address.host} before anything else is done`)
      throw cause
    })
  const named = (what: SetAside): boolean => TOKEN.test(what.token) && isTouchable(what.key, site.marker)
  const none = refusal('unable', 'this names nothing that was set aside')
  return {
    identify: async (signal) => (await stand(remote(signal), site)).identity,
    probe: (signal) => grounded(remote(signal), site, (ground) => tryOut(ground, Buffer.from(random(16)).toString('hex'), { now, apart })),
    quarantine: async (what, signal) => (isTouchable(what.key, site.marker) ? on(signal, (ground) => setAside(ground, what)) : refusal('unable', `“${sayKey(what.key)}” is Holdfast's own, or no name to act on`)),
    release: async (what, signal) => (named(what) ? on(signal, (ground) => bringBack(ground, what)) : none),
    purge: async (what, signal) => (named(what) ? on(signal, (ground) => remove(ground, what, apart)) : none),
  }
}

/** A name on more than one line is listed, and never acted on: in no log, and in no hand of a person, it is one name. */
const isTouchable = (key: string, marker: string): boolean => !isOwn(key, marker) && !/\p{Cc}/u.test(key)

const corner = ({ root }: Pick<Ground, 'root'>, ...parts: readonly string[]): string => within(root, OWN_PREFIX.slice(0, -1), 'quarantine', ...parts)

/** Always the same for the same file under the same name: who was killed in the middle finds what was set aside again. */
const tokenOf = ({ key, etag }: Judged): string => createHash('sha256').update(JSON.stringify([key, etag])).digest('hex').slice(0, 32)

async function setAside(ground: Ground, what: Judged): Promise<Outcome<SetAside>> {
  const { remote } = ground
  const token = tokenOf(what)
  const [found, aside] = [await locate(ground, what.key), await asideOf(ground, token)]
  if (found.is === 'absent' && aside && etagOf(aside) === what.etag && aside.bytes === what.bytes) return done({ ...what, token })
  const wrong = differs(found, what)
  if (wrong) return wrong
  if (found.is !== 'file') return refusal('absent', `“${sayKey(what.key)}” is not there`)
  if (aside) return refusal('changed', `“${sayKey(what.key)}” stands in its place and in ${corner(ground, token)}: compare the two, and remove one by hand`)
  try {
    await ownFolder(ground, ['quarantine', token])
    // So that a person can bring it back without Holdfast.
    await written(ground, corner(ground, token, 'name'), `${what.key}\n`)
  } catch (cause) {
    if (refusedBy(cause) === undefined && !(cause instanceof Fault && cause.retry === 'never')) throw cause
    return refusal('unable', `nothing can be set aside in ${corner(ground)} (${sentence(cause)}): give the user that acts the right to write there`)
  }
  try {
    await remote.rename(found.at, corner(ground, token, 'object'))
  } catch (cause) {
    await tidy(ground, token)
    return refusedFor(cause, what.key)
  }
  const [moved, left] = [await remote.lstat(corner(ground, token, 'object')), await remote.lstat(found.at)]
  if (moved?.kind !== 'file' || etagOf(moved) !== what.etag) return undo(ground, what, token)
  if (left) return lost(`“${sayKey(what.key)}” was moved to ${corner(ground, token)}, and something stands in its place again: compare the two by hand`)
  return done({ ...what, token })
}

/** Another file was put there between the look and the rename: it goes back to where it was. */
async function undo(ground: Ground, what: Judged, token: string): Promise<Outcome<SetAside>> {
  try {
    await ground.remote.rename(corner(ground, token, 'object'), within(ground.root, what.key))
  } catch (cause) {
    return lost(`“${sayKey(what.key)}” was written anew while it was set aside, and what was moved lies in ${corner(ground, token)} (${sentence(cause)}): compare the two by hand`)
  }
  await tidy(ground, token)
  return refusal('changed', `“${sayKey(what.key)}” was written anew at that very moment; it stands where it stood`)
}

async function bringBack(ground: Ground, what: SetAside): Promise<Outcome<Judged>> {
  const { key, etag, bytes } = what
  const [aside, found] = [await asideOf(ground, what.token), await locate(ground, key)]
  if (!aside) {
    if (found.is === 'file' && etagOf(found.attrs) === etag) return done({ key, etag, bytes })
    return refusal('absent', `what was “${sayKey(key)}” is not in ${corner(ground, what.token)} any more`)
  }
  if (aside.kind !== 'file' || etagOf(aside) !== etag) return refusal('changed', `what lies in ${corner(ground, what.token)} is not what was set aside`)
  if (found.is === 'odd') return refusal('unable', found.says)
  if (found.is === 'file') return refusal('changed', `something stands at “${sayKey(key)}” by now; both are kept: move one by hand`)
  try {
    await folders(ground, key.split('/').slice(0, -1))
    await ground.remote.rename(corner(ground, what.token, 'object'), found.at)
  } catch (cause) {
    return refusedFor(cause, key)
  }
  const back = await ground.remote.lstat(found.at)
  if (!back || etagOf(back) !== etag) return lost(`“${sayKey(key)}” was brought back, and is not what was set aside: look at it by hand`)
  await tidy(ground, what.token)
  return done({ key, etag, bytes })
}

async function remove(ground: Ground, what: SetAside, apart: boolean): Promise<Outcome<Judged>> {
  const { key, etag, bytes } = what
  const aside = await asideOf(ground, what.token)
  if (!aside) return refusal('absent', `nothing lies in ${corner(ground, what.token)}`)
  const unfit = await mayPurge(ground, what.token, apart)
  if (unfit !== undefined) return refusal('unable', unfit)
  const name = await textAt(ground, corner(ground, what.token, 'name'))
  if (aside.kind !== 'file' || etagOf(aside) !== etag || aside.bytes !== bytes || name !== `${key}\n`) return refusal('changed', `what lies in ${corner(ground, what.token)} is not what was set aside`)
  try {
    await ground.remote.remove(corner(ground, what.token, 'object'))
  } catch (cause) {
    return refusedFor(cause, key)
  }
  await tidy(ground, what.token)
  return done({ key, etag, bytes })
}

/** Why nothing may be removed for good here; `undefined` when it may. */
async function mayPurge(ground: Ground, token: string, apart: boolean): Promise<string | undefined> {
  if (!apart) return NOT_APART
  const [folder, name] = [await ground.remote.lstat(corner(ground)), await ground.remote.lstat(corner(ground, token, 'name'))]
  if (folder?.kind !== 'folder' || !name) return 'nothing was ever set aside here'
  return folder.uid === name.uid && (folder.mode & 0o022) === 0 ? undefined : `${corner(ground)} must belong to the user that acts and be writable for nobody else: chown it, and chmod go-w`
}

function differs(found: Found, what: Judged): Outcome<never> | undefined {
  if (found.is === 'odd') return refusal('unable', found.says)
  if (found.is === 'absent') return refusal('absent', `“${sayKey(what.key)}” is not there`)
  if (what.versionId !== undefined) return refusal('changed', 'a folder keeps no versions: this was judged somewhere else')
  return etagOf(found.attrs) === what.etag && found.attrs.bytes === what.bytes ? undefined : refusal('changed', `“${sayKey(what.key)}” is not what was judged: it was written since`)
}

function refusedFor(cause: unknown, key: string): Outcome<never> {
  const status = refusedBy(cause)
  if (status === undefined) throw cause
  if (status === STATUS.absent) return refusal('absent', `“${sayKey(key)}” is not there`)
  if (status === STATUS.denied) return refusal('unable', `“${sayKey(key)}” may not be moved (permission denied): it is immutable, or the user that acts has no right to write there`)
  return refusal('changed', `“${sayKey(key)}” was not moved (${sentence(cause)}): something may stand there by now; nothing was overwritten`)
}

/** Makes folders of the corner, part by part; one that is a link is none. */
const ownFolder = (ground: Ground, parts: readonly string[]): Promise<void> => folders(ground, [OWN_PREFIX.slice(0, -1), ...parts])

async function folders({ remote, root }: Ground, parts: readonly string[]): Promise<void> {
  for (let n = 1; n <= parts.length; n++) {
    const at = within(root, ...parts.slice(0, n))
    const there = await remote.lstat(at)
    if (!there) await remote.mkdir(at)
    else if (strange(there, true) !== undefined) throw new Fault(`${at} ${strange(there, true)}`, 'never')
  }
}

/** What was set aside under this name, reached through real folders only. */
async function asideOf(ground: Ground, token: string): Promise<Attrs | undefined> {
  const found = await locate(ground, `${OWN_PREFIX}quarantine/${token}/object`)
  if (found.is === 'odd') throw new Fault(found.says, 'never')
  return found.is === 'file' ? found.attrs : undefined
}

const textAt = ({ remote }: Ground, at: string): Promise<string | undefined> =>
  remote.reading(at, async ({ kind, bytes }, range) => (kind === 'file' && bytes <= 4_096 ? (await range(0, bytes)).toString() : undefined))

async function written(ground: Ground, at: string, text: string): Promise<void> {
  const there = await ground.remote.lstat(at)
  if (there && there.kind !== 'file') throw new Fault(`${at} is no plain file`, 'never')
  if (there && (await textAt(ground, at)) === text) return
  if (there) await ground.remote.remove(at)
  await ground.remote.write(at, text)
}

/** Takes away what is left of an entry of the quarantine once its object is elsewhere; a folder that is not empty stays. */
async function tidy({ remote, root }: Ground, token: string): Promise<void> {
  await remote.remove(corner({ root }, token, 'name')).catch(() => undefined)
  await remote.rmdir(corner({ root }, token)).catch(() => undefined)
}

/** Moves a canary to and fro, and reads the store's clock off what was just written. */
async function tryOut(ground: Ground, token: string, { now, apart }: { now: () => Now; apart: boolean }): Promise<Probed> {
  const key = `${OWN_PREFIX}canary/${token}`
  const at = within(ground.root, key)
  await ownFolder(ground, ['canary'])
  const before = now().wall
  await ground.remote.write(at, `canary ${token}\n`)
  const after = now().wall
  const attrs = await ground.remote.lstat(at)
  if (!attrs) throw new Fault(`${at} was written, and is not there`, 'later')
  const aside = await setAside(ground, { key, etag: etagOf(attrs), bytes: attrs.bytes })
  const unfit = aside.is === 'done' ? await mayPurge(ground, aside.it.token, apart) : 'nothing can be set aside'
  const back = aside.is === 'done' ? await bringBack(ground, aside.it) : aside
  const again = await ground.remote.lstat(at)
  await ground.remote.remove(at).catch(() => undefined)
  const none = (says: string): { is: 'fail'; says: string } => ({ is: 'fail', says })
  const said = (outcome: Outcome<unknown>): string => (outcome.is === 'done' ? '' : outcome.says)
  return {
    clock: clockFrom(instantOf(attrs.mtime * 1000), 1_000, before, after),
    capabilities: {
      versions: none('a folder keeps no versions; what is set aside is moved'),
      sets_aside: aside.is === 'done' ? { is: 'pass' } : none(said(aside)),
      brings_back: back.is === 'done' && again !== undefined && etagOf(again) === etagOf(attrs) ? { is: 'pass' } : none(said(back) || 'what was brought back is not what was set aside'),
      conditional_delete: none('a folder cannot compare and move in one step; it is looked at before and after'),
      lock: none('a folder locks nothing'),
      hold: none('a folder locks nothing'),
      read_only: { is: 'unknown', says: 'what the user that reads may do over there is not known to the one that acts' },
      clock: { is: 'pass' },
      purges: unfit === undefined ? { is: 'pass' } : none(unfit),
    },
  }
}
