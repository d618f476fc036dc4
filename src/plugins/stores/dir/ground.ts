// The ground that a folder of backups stands on: which folder it is, that it is mounted, and where exactly a key lies in it. The marker
// file proves the mount: an empty mount point has none, and whoever unmounts in the middle of something is noticed by its absence.
// A key leads to a plain file inside, on the same device, through real folders only; no symbolic link is ever followed.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, realpath } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import path from 'node:path'
import { coded, codeOf, Fault, sentence } from '../../../core/fault.ts'
import { instantOf } from '../../../core/time.ts'
import { NOT_THERE, OWN_PREFIX, type Identity, type Version } from '../../../ports/store.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'

export interface Ground {
  readonly root: string
  readonly device: bigint
  readonly identity: Identity
  /** The same as long as the same marker file lies there. */
  readonly proof: string
}

const MOST_MARKER = 4_096

/** Proves that the store is mounted here; throws a Fault that says what to do when it is not. */
export async function stand(folder: string, marker: string): Promise<Ground> {
  const root = await realpath(folder).catch((cause: unknown): never => {
    const says = `${folder} cannot be opened (${codeOf(cause) ?? sentence(cause)}): mount it, or mend \`dir\` in the configuration`
    throw codeOf(cause) === 'ENOENT' ? coded(NOT_THERE, says, 'later', cause) : new Fault(says, 'later', cause)
  })
  const ground = await lstat(root, { bigint: true })
  const at = path.join(root, marker)
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown): never => {
    const code = codeOf(cause)
    if (code === 'ENOENT') throw coded(NOT_THERE, `${root} holds no ${marker}: nothing is mounted there, or something else is. Mount the store`, 'later', cause)
    throw new Fault(`${at} cannot be read (${code ?? sentence(cause)}): it must be a plain file that Holdfast's user may read`, 'later', cause)
  })
  try {
    const stat = await file.stat({ bigint: true })
    if (!stat.isFile() || stat.size > MOST_MARKER) throw new Fault(`${at} is no small plain file: it proves nothing`, 'never')
    if (stat.dev !== ground.dev) throw new Fault(`${at} lies on another device than ${root}: it proves nothing`, 'never')
    const text = (await file.read({ buffer: Buffer.alloc(MOST_MARKER), position: 0 })).buffer.subarray(0, Number(stat.size)).toString('latin1')
    const id = createHash('sha256').update(JSON.stringify(['dir', root, marker, text, String(stat.ino)])).digest('hex')
    return { root, device: ground.dev, identity: { kind: 'dir', id, says: `the folder ${root}` }, proof: `${stat.dev}-${stat.ino}-${ground.ino}-${id}` }
  } finally {
    await file.close()
  }
}

/** Does something on proven ground, and proves it again afterwards: what was seen while the mount went away was not the store. */
export async function grounded<T>(folder: string, marker: string, act: (ground: Ground) => Promise<T>): Promise<T> {
  const before = await stand(folder, marker)
  const result = await act(before)
  const after = await stand(folder, marker)
  if (after.proof !== before.proof) throw new Fault(`${folder} was mounted anew, or over, in the middle of it: what was seen counts for nothing`, 'later')
  return result
}

/** A promise that is given up with the signal. The call behind it may hang on in its thread: such stores run in a child of their own. */
export async function within<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const give = (): void => reject(coded('ETIMEDOUT', 'the file system did not answer within the time limit'))
  if (signal.aborted) give()
  signal.addEventListener('abort', give, { once: true })
  try {
    return await Promise.race([promise, act()])
  } finally {
    signal.removeEventListener('abort', give)
    promise.catch(() => undefined)
  }
}

/** What lies where a key leads to. */
export type Found =
  | { readonly is: 'file'; readonly at: string; readonly stat: BigIntStats }
  | { readonly is: 'absent'; readonly at: string }
  | { readonly is: 'odd'; readonly says: string }

/** Follows a key part by part; whatever is no plain file reached through real folders of the same device is odd. */
export async function locate({ root, device }: Pick<Ground, 'root' | 'device'>, key: string): Promise<Found> {
  const why = oddKey(key) ?? (key.startsWith('/') || key.endsWith('/') || key.includes('//') ? 'its name has an empty part' : undefined)
  if (why !== undefined) return { is: 'odd', says: `“${sayKey(key)}” is never touched: ${why}` }
  const at = path.join(root, key)
  const parts = key.split('/')
  for (let n = 1; n <= parts.length; n++) {
    const here = path.join(root, ...parts.slice(0, n))
    const stat = await lstat(here, { bigint: true }).catch((cause: unknown) => {
      if (codeOf(cause) === 'ENOENT') return undefined
      throw new Fault(`${here}: ${codeOf(cause) ?? sentence(cause)}`, 'later', cause)
    })
    if (!stat) return { is: 'absent', at }
    const wrong = strange(stat, device, n < parts.length)
    if (wrong !== undefined) return { is: 'odd', says: `“${sayKey(key)}” is never touched: ${n < parts.length ? `“${sayKey(parts.slice(0, n).join('/'))}” on the way to it` : 'it'} ${wrong}` }
    if (n === parts.length) return { is: 'file', at, stat }
  }
  return { is: 'absent', at }
}

/** What keeps something from being a plain file (or folder) of this store. */
export function strange(stat: Pick<BigIntStats, 'isSymbolicLink' | 'isDirectory' | 'isFile' | 'dev'>, device: bigint, folder: boolean): string | undefined {
  if (stat.isSymbolicLink()) return 'is a symbolic link; links are not followed'
  if (stat.dev !== device) return 'lies on another device'
  if (folder ? !stat.isDirectory() : !stat.isFile()) return folder ? 'is no folder' : 'is no plain file'
  return undefined
}

/** The same as long as nobody writes to it or puts another file into its place; a rename leaves it as it is. */
export const etagOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino}-${size}-${mtimeNs}`

export const versionOf = (key: string, stat: BigIntStats): Version => ({
  is: 'version', key, latest: true, etag: etagOf(stat), bytes: Number(stat.size), modifiedAt: instantOf(Number(stat.mtimeMs)),
})

/** Holdfast's own corner of the store, and its marker: never listed, never judged. */
export const isOwn = (key: string, marker: string): boolean => key === marker || key.startsWith(OWN_PREFIX)
