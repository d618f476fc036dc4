// Walks through a folder in tree order, names as bytes. Links are never followed, and what another device is mounted on is not entered; both are
// said, so that what lies behind them is not taken for missing. What cannot be looked into is said too. It holds the names of the folders on its way
// and nothing else; it can begin behind any path.
import { lstatSync, readdirSync, type BigIntStats } from 'node:fs'
import { codeOf, sentence } from '../../core/fault.ts'
import { compareWays, isIn } from '../../rooms/guard/scan/manifest.ts'

export interface WalkedFile {
  readonly is: 'file'
  /** Below the root, its bytes as latin1. */
  readonly path: string
  readonly dev: bigint
  readonly ino: bigint
  readonly size: number
  /** Nanoseconds, in digits. */
  readonly mtime: string
}

/** `closed`: it could not be looked into. `elsewhere`: another device. `odd`: a link, a socket, a device or a pipe. */
export type Walked = WalkedFile | { readonly is: 'closed' | 'elsewhere' | 'odd'; readonly path: string; readonly says: string }

/** The bytes of a path below a root. */
export const bytesOf = (root: string, path: string): Buffer => Buffer.from(path === '' ? root : root === '/' ? `/${path}` : `${root}/${path}`, 'latin1')

export const fileOf = (path: string, { dev, ino, size, mtimeNs }: BigIntStats): WalkedFile => ({ is: 'file', path, dev, ino, size: Number(size), mtime: String(mtimeNs) })

/** `after`: everything up to there has been seen. Throws what the system throws where the root itself cannot be looked into. */
export function* walk(root: string, after?: string): Generator<Walked> {
  const device = lstatSync(bytesOf(root, ''), { bigint: true }).dev
  const open: { readonly folder: string; readonly names: readonly string[]; at: number }[] = [{ folder: '', names: namesIn(root, ''), at: 0 }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const name = top.names[top.at++]
    if (name === undefined) {
      open.pop()
      continue
    }
    const path = top.folder === '' ? name : `${top.folder}/${name}`
    const behind = after === undefined || compareWays(path, after) > 0
    if (!behind && !isIn(after, path)) continue
    const found = look(root, path, device)
    if (found === undefined) continue
    if (found.is !== 'folder') {
      if (behind) yield found
      continue
    }
    try {
      open.push({ folder: path, names: namesIn(root, path), at: 0 })
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT') yield { is: 'closed', path, says: sayError(cause) }
    }
  }
}

const namesIn = (root: string, folder: string): string[] =>
  readdirSync(bytesOf(root, folder), { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort()

/** `undefined`: it went away meanwhile. */
function look(root: string, path: string, device: bigint): Walked | { readonly is: 'folder' } | undefined {
  let stats: BigIntStats | undefined
  try {
    stats = lstatSync(bytesOf(root, path), { bigint: true, throwIfNoEntry: false })
  } catch (cause) {
    return { is: 'closed', path, says: sayError(cause) }
  }
  if (stats === undefined) return undefined
  if (stats.isSymbolicLink()) return { is: 'odd', path, says: 'it is a link' }
  if (stats.dev !== device) return { is: 'elsewhere', path, says: 'another device is mounted there' }
  if (stats.isDirectory()) return { is: 'folder' }
  return stats.isFile() ? fileOf(path, stats) : { is: 'odd', path, says: 'it is no file' }
}

const SAYS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied', EPERM: 'not permitted', EIO: 'the disk failed to read it (EIO)', ENAMETOOLONG: 'its path is longer than the system takes', ELOOP: 'it is a link',
  ESTALE: 'the file server no longer knows it (ESTALE)', EMFILE: 'too many files are open here (EMFILE)', ENFILE: 'too many files are open on this machine (ENFILE)',
}

/** What the system said, without the path that it repeats. */
export const sayError = (cause: unknown): string => SAYS[codeOf(cause) ?? ''] ?? codeOf(cause) ?? sentence(cause)
