// The half that acts on a folder of backups. Setting aside is a rename into the store's own corner, so it either happened or did not,
// and the bytes never move; bringing back is a link that fails where something stands by now. The file is looked at before and after:
// if another one slipped in between, it goes back. Nothing is ever removed for good: that takes a second user id that owns the right (G-21),
// no process of Holdfast's takes one, and under the same id nothing would hold back whatever is wrong with the one that judges.
import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { link, lstat, mkdir, open, readFile, rename, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, Fault, isSilence, sentence } from '../../../core/fault.ts'
import { instantOf, type Instant, type Now } from '../../../core/time.ts'
import { done, inDoubt, lost, OWN_PREFIX, refusal, type Deleting, type Judged, type Outcome, type Probed, type SetAside, type StoreContext } from '../../../ports/store.ts'
import { clockFrom } from '../../../ports/store/listing.ts'
import { sayKey } from '../../../ports/store/key.ts'
import { etagOf, grounded, isOwn, locate, stand, strange, within, type Ground } from './ground.ts'

export interface Settings {
  readonly folder: string
  readonly marker: string
}

export const NEVER = 'a folder is never purged: nothing here keeps the right to remove apart from the process that judges. What was set aside lies in .holdfast/quarantine, each with its name beside it: remove it by hand'

const TOKEN = /^[0-9a-f]{32}$/

export function createHand({ folder, marker }: Settings, { random, now }: Pick<StoreContext, 'random' | 'now'>): Deleting {
  const on = <T>(signal: AbortSignal, act: (ground: Ground) => Promise<Outcome<T>>): Promise<Outcome<T>> =>
    within(signal, () => grounded(folder, marker, act)).catch((cause: unknown): Outcome<T> => {
      if (isSilence(cause)) return inDoubt(`the file system did not answer in time: look at ${folder} before anything else is done`)
      throw cause
    })
  return {
    identify: (signal) => within(signal, async () => (await stand(folder, marker)).identity),
    probe: (signal) => within(signal, () => grounded(folder, marker, (ground) => tryOut(ground, Buffer.from(random(16)).toString('hex'), now))),
    async quarantine(what, signal) {
      if (isOwn(what.key, marker)) return refusal('unable', `“${sayKey(what.key)}” is Holdfast's own`)
      return on(signal, (ground) => setAside(ground, what))
    },
    async release(what, signal) {
      if (!TOKEN.test(what.token) || isOwn(what.key, marker)) return refusal('unable', 'this names nothing that was set aside')
      return on(signal, (ground) => bringBack(ground, what))
    },
    purge: async () => refusal('unable', NEVER),
  }
}

const corner = ({ root }: Pick<Ground, 'root'>, token?: string): string => path.join(root, OWN_PREFIX, 'quarantine', ...(token === undefined ? [] : [token]))
const object = (ground: Pick<Ground, 'root'>, token: string): string => path.join(corner(ground, token), 'object')

/** Always the same for the same file under the same name: who was killed in the middle finds what was set aside again. */
const tokenOf = ({ key, etag }: Judged): string => createHash('sha256').update(JSON.stringify([key, etag])).digest('hex').slice(0, 32)

async function setAside(ground: Ground, what: Judged): Promise<Outcome<SetAside>> {
  const token = tokenOf(what)
  const found = await locate(ground, what.key)
  const aside = found.is === 'absent' ? await asideOf(ground, token) : undefined
  if (aside?.is === 'odd') return refusal('unable', aside.says)
  if (aside?.is === 'there' && etagOf(aside.stat) === what.etag && Number(aside.stat.size) === what.bytes) return done({ ...what, token })
  const wrong = differs(found, what)
  if (wrong) return wrong
  if (found.is !== 'file') return refusal('absent', `“${sayKey(what.key)}” is not there`)
  try {
    await ownFolder(ground, corner(ground, token))
    // So that a person can bring it back without Holdfast.
    await written(path.join(corner(ground, token), 'name'), `${what.key}\n`)
  } catch (cause) {
    return refusal('unable', `nothing can be set aside in ${corner(ground)} (${codeOf(cause) ?? sentence(cause)}): give the user that acts the right to write there`)
  }
  try {
    await rename(found.at, object(ground, token))
  } catch (cause) {
    await tidy(ground, token)
    return refused(cause, what.key)
  }
  const moved = await lstat(object(ground, token), { bigint: true })
  if (!moved.isFile() || etagOf(moved) !== what.etag) return undo(ground, what, token)
  // Two names of one file stay as they are when one is moved over the other: a release was cut off between them.
  const left = await lstat(found.at, { bigint: true }).catch(() => undefined)
  if (left?.ino === moved.ino && left.dev === moved.dev) await unlink(found.at)
  await synced(path.dirname(found.at))
  await synced(corner(ground, token))
  return done({ ...what, token })
}

/** Another file was put there between the look and the rename: it goes back to where it was. */
async function undo(ground: Ground, what: Judged, token: string): Promise<Outcome<SetAside>> {
  const at = path.join(ground.root, what.key)
  try {
    await place(object(ground, token), at)
  } catch (cause) {
    return lost(`“${sayKey(what.key)}” was written anew while it was set aside, and what was moved lies in ${corner(ground, token)} (${codeOf(cause) ?? sentence(cause)}): compare the two by hand`)
  }
  await tidy(ground, token)
  return refusal('changed', `“${sayKey(what.key)}” was written anew at that very moment; it stands where it stood`)
}

async function bringBack(ground: Ground, what: SetAside): Promise<Outcome<Judged>> {
  const lies = await asideOf(ground, what.token)
  const found = await locate(ground, what.key)
  const { key, etag, bytes } = what
  if (lies.is === 'odd') return refusal('unable', lies.says)
  if (lies.is === 'absent') {
    if (found.is === 'file' && etagOf(found.stat) === etag) return done({ key, etag, bytes })
    return refusal('absent', `what was “${sayKey(key)}” is not in ${corner(ground, what.token)} any more`)
  }
  const aside = lies.stat
  if (!aside.isFile() || etagOf(aside) !== etag) return refusal('changed', `what lies in ${corner(ground, what.token)} is not what was set aside`)
  if (found.is === 'odd') return refusal('unable', found.says)
  if (found.is === 'file' && found.stat.ino !== aside.ino) return refusal('changed', `something else stands at “${sayKey(key)}” by now; both are kept: move one by hand`)
  if (found.is === 'absent') {
    try {
      await mkdir(path.dirname(found.at), { recursive: true })
      await place(object(ground, what.token), found.at)
    } catch (cause) {
      return refused(cause, key)
    }
  } else await unlink(object(ground, what.token))
  await synced(path.dirname(path.join(ground.root, key)))
  await tidy(ground, what.token)
  return done({ key, etag, bytes })
}

function differs(found: Awaited<ReturnType<typeof locate>>, what: Judged): Outcome<never> | undefined {
  if (found.is === 'odd') return refusal('unable', found.says)
  if (found.is === 'absent') return refusal('absent', `“${sayKey(what.key)}” is not there`)
  if (what.versionId !== undefined) return refusal('changed', 'a folder keeps no versions: this was judged somewhere else')
  if (etagOf(found.stat) !== what.etag || Number(found.stat.size) !== what.bytes) return refusal('changed', `“${sayKey(what.key)}” is not what was judged: it was written since`)
  return undefined
}

/** Puts a file under a name that nobody has; throws EEXIST where somebody has it. */
async function place(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
    await unlink(from)
  } catch (cause) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(cause) ?? '')) throw cause
    // File systems without links, where looking first is all there is.
    if (await lstat(to).then(() => true, () => false)) throw Object.assign(new Error(`${to} is there`), { code: 'EEXIST' })
    await rename(from, to)
  }
}

function refused(cause: unknown, key: string): Outcome<never> {
  const code = codeOf(cause)
  if (code === 'EPERM') return refusal('locked', `the file system keeps “${sayKey(key)}” as it is (EPERM): it is immutable, or another user's`)
  if (code === 'EXDEV') return refusal('unable', `“${sayKey(key)}” lies on another device than the quarantine: it is not moved, since only a rename is certain`)
  if (code === 'EEXIST') return refusal('changed', `something else stands at “${sayKey(key)}” by now; nothing was overwritten`)
  if (code === 'ENOENT') return refusal('absent', `“${sayKey(key)}” is not there`)
  if (code === 'EACCES' || code === 'EROFS') return refusal('unable', `“${sayKey(key)}” may not be moved (${code}): give the user that acts the right to write there`)
  throw new Fault(`“${sayKey(key)}”: ${sentence(cause)}`, 'later', cause)
}

/** Makes a folder of the corner, part by part; one that is a link, or leads to another device, is none. */
async function ownFolder(ground: Ground, folder: string): Promise<void> {
  let at = ground.root
  for (const part of path.relative(ground.root, folder).split(path.sep)) {
    at = path.join(at, part)
    await mkdir(at, { mode: 0o700 }).catch((cause: unknown) => {
      if (codeOf(cause) !== 'EEXIST') throw cause
    })
    if (!(await isReal(ground, at))) throw new Fault(`${at} is no folder of this store`, 'never')
  }
}

const isReal = async (ground: Ground, at: string): Promise<boolean> => {
  const stat = await statOf(at)
  return stat !== undefined && strange(stat, ground.device, true) === undefined
}

/** Nothing where nothing is; what may not be looked at, or does not answer, is not known to be absent, and is thrown. */
async function statOf(at: string): Promise<BigIntStats | undefined> {
  return lstat(at, { bigint: true }).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new Fault(`${at} cannot be looked at (${codeOf(cause) ?? sentence(cause)}): give the user that acts the right to`, 'later', cause)
  })
}

type Lies = { readonly is: 'there'; readonly stat: BigIntStats } | { readonly is: 'absent' } | { readonly is: 'odd'; readonly says: string }

/** What was set aside under this name, reached through real folders only. */
async function asideOf(ground: Ground, token: string): Promise<Lies> {
  // A path that ends with a slash would be followed.
  for (const at of [path.dirname(corner(ground)), corner(ground), corner(ground, token)]) {
    const stat = await statOf(at)
    if (stat === undefined) return { is: 'absent' }
    const wrong = strange(stat, ground.device, true)
    if (wrong !== undefined) return { is: 'odd', says: `${at} ${wrong}: what was set aside cannot be reached` }
  }
  const stat = await statOf(object(ground, token))
  return stat === undefined ? { is: 'absent' } : { is: 'there', stat }
}

async function written(at: string, text: string): Promise<void> {
  if ((await readFile(at, 'utf8').catch(() => undefined)) === text) return
  const file = await open(at, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function synced(folder: string): Promise<void> {
  const file = await open(folder, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Takes away what is left of an entry of the quarantine once its object is elsewhere; a folder that is not empty stays. */
async function tidy(ground: Ground, token: string): Promise<void> {
  await unlink(path.join(corner(ground, token), 'name')).catch(() => undefined)
  await rmdir(corner(ground, token)).catch(() => undefined)
}

/** Moves a canary to and fro, and reads the store's clock off what was just written. */
async function tryOut(ground: Ground, token: string, now: () => Now): Promise<Probed> {
  const key = `${OWN_PREFIX}canary/${token}`
  await ownFolder(ground, path.join(ground.root, OWN_PREFIX, 'canary'))
  const before: Instant = now().wall
  await written(path.join(ground.root, key), `canary ${token}\n`)
  const after: Instant = now().wall
  const stat = await lstat(path.join(ground.root, key), { bigint: true })
  const aside = await setAside(ground, { key, etag: etagOf(stat), bytes: Number(stat.size) })
  const back = aside.is === 'done' ? await bringBack(ground, aside.it) : aside
  const again = await lstat(path.join(ground.root, key), { bigint: true }).catch(() => undefined)
  await unlink(path.join(ground.root, key)).catch(() => undefined)
  const said = (outcome: Outcome<unknown>): string => (outcome.is === 'done' ? '' : outcome.says)
  const none = (says: string): { is: 'fail'; says: string } => ({ is: 'fail', says })
  return {
    clock: clockFrom(instantOf(Number(stat.mtimeMs)), 1, before, after),
    capabilities: {
      versions: none('a folder keeps no versions; what is set aside is moved'),
      sets_aside: aside.is === 'done' ? { is: 'pass' } : none(said(aside)),
      brings_back: back.is === 'done' && again !== undefined && etagOf(again) === etagOf(stat) ? { is: 'pass' } : none(said(back) || 'what was brought back is not what was set aside'),
      conditional_delete: none('a folder cannot compare and move in one step; it is looked at before and after'),
      lock: none('a folder locks nothing'),
      hold: none('a folder locks nothing'),
      read_only: { is: 'unknown', says: 'what the process that reads may do here is not known to the one that acts' },
      clock: { is: 'pass' },
      purges: none(NEVER),
    },
  }
}
