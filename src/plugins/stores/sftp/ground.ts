// The ground that a folder on another machine stands on: which folder it is, that its marker lies there, and where exactly a key leads. As with a folder
// of our own, the marker proves the mount; links are never followed, and what is no plain file, reached through real folders, is shown and not touched.
// What SFTP does not tell is not known: devices, inodes, times finer than a second. A file of one size that is written twice within one second
// looks unchanged, which the minimum ages of every plan are far above.
import { createHash } from 'node:crypto'
import { coded, Fault } from '../../../core/fault.ts'
import { instantOf } from '../../../core/time.ts'
import { NOT_THERE, OWN_PREFIX, type Identity, type Version } from '../../../ports/store.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'
import type { Attrs } from './packet.ts'
import type { Remote } from './remote.ts'
import type { Address } from './ssh.ts'

export interface Site {
  readonly address: Address
  readonly marker: string
}

export interface Ground {
  readonly remote: Remote
  readonly root: string
  readonly marker: string
  readonly identity: Identity
  /** The same as long as the same marker lies there. */
  readonly proof: string
}

const MOST_MARKER = 4_096

/** Proves that the store is there; throws a Fault that says what to do when it is not. */
export async function stand(remote: Remote, { address, marker }: Site): Promise<Ground> {
  const says = `the folder ${address.folder} at ${address.host}`
  const root = (await remote.realpath(address.folder)).replace(/(?<=.)\/+$/, '')
  const folder = await remote.lstat(root)
  if (folder?.kind !== 'folder') throw coded(NOT_THERE, `${says} is not there: mount it, or mend \`sftp\` in the configuration`)
  const at = within(root, marker)
  const attrs = await remote.lstat(at)
  if (!attrs) throw coded(NOT_THERE, `${says} holds no ${marker}: nothing is mounted there, or something else is. Mount the store`)
  if (attrs.kind !== 'file' || attrs.bytes > MOST_MARKER) throw new Fault(`${at} at ${address.host} is no small plain file: it proves nothing`, 'never')
  const text = await remote.reading(at, (_, range) => range(0, attrs.bytes))
  if (text?.length !== attrs.bytes) throw new Fault(`${at} at ${address.host} changes while it is read: it proves nothing`, 'later')
  const id = createHash('sha256').update(JSON.stringify(['sftp', address.host, address.port, root, marker, text.toString('latin1')])).digest('hex')
  return { remote, root, marker, identity: { kind: 'sftp', id, says }, proof: `${id}-${attrs.mtime}-${attrs.uid}` }
}

/** Does something on proven ground, and proves it again afterwards: what was seen while the mount went away was not the store. */
export async function grounded<T>(remote: Remote, site: Site, act: (ground: Ground) => Promise<T>): Promise<T> {
  const before = await stand(remote, site)
  const result = await act(before)
  const after = await stand(remote, site)
  if (after.proof !== before.proof) throw new Fault(`${before.identity.says} was mounted anew, or over, in the middle of it: what was seen counts for nothing`, 'later')
  return result
}

export const within = (root: string, ...parts: readonly string[]): string => [root === '/' ? '' : root, ...parts].join('/')

export type Found =
  | { readonly is: 'file'; readonly at: string; readonly attrs: Attrs }
  | { readonly is: 'absent'; readonly at: string }
  | { readonly is: 'odd'; readonly says: string }

/** Follows a key part by part. */
export async function locate({ remote, root }: Pick<Ground, 'remote' | 'root'>, key: string): Promise<Found> {
  const why = oddKey(key) ?? (key.startsWith('/') || key.endsWith('/') || key.includes('//') ? 'its name has an empty part' : undefined)
  if (why !== undefined) return { is: 'odd', says: `“${sayKey(key)}” is never touched: ${why}` }
  const parts = key.split('/')
  const at = within(root, key)
  for (let n = 1; n <= parts.length; n++) {
    const attrs = await remote.lstat(within(root, ...parts.slice(0, n)))
    if (!attrs) return { is: 'absent', at }
    const wrong = strange(attrs, n < parts.length)
    if (wrong !== undefined) return { is: 'odd', says: `“${sayKey(key)}” is never touched: ${n < parts.length ? `“${sayKey(parts.slice(0, n).join('/'))}” on the way to it` : 'it'} ${wrong}` }
    if (n === parts.length) return { is: 'file', at, attrs }
  }
  return { is: 'absent', at }
}

/** What keeps something from being a plain file, or a folder, of this store. */
export function strange({ kind }: Attrs, folder: boolean): string | undefined {
  if (kind === 'link') return 'is a symbolic link; links are not followed'
  if (kind === (folder ? 'folder' : 'file')) return undefined
  return folder ? 'is no folder' : 'is no plain file'
}

export const etagOf = ({ bytes, mtime }: Attrs): string => `${bytes}-${mtime}`

export const versionOf = (key: string, attrs: Attrs): Version => ({ is: 'version', key, latest: true, etag: etagOf(attrs), bytes: attrs.bytes, modifiedAt: instantOf(attrs.mtime * 1000) })

/** Holdfast's own corner of the store, and its marker: never listed, never judged. */
export const isOwn = (key: string, marker: string): boolean => key === marker || key.startsWith(OWN_PREFIX)
