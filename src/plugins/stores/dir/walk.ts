// The files of a folder in the order of their keys' bytes, one folder's names in memory at a time. A folder that may not be read
// ends the listing with a fault: what is behind it is not absent, it is unknown.
import { lstat, readdir } from 'node:fs/promises'
import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { codeOf, Fault, sentence } from '../../../core/fault.ts'
import type { Listed } from '../../../ports/store.ts'
import { compareKeys, oddKey, sayKey } from '../../../ports/store/key.ts'
import { isOwn, strange, versionOf, type Ground } from './ground.ts'

const MOST_NAMES = 1_000_000
const MOST_DEPTH = 100
const SLASH = Buffer.from('/')

interface Want {
  readonly marker: string
  readonly prefix: string
  /** What comes up to and with this key is passed over. */
  readonly after: string | undefined
}

/** Everything behind `after` that begins with `prefix`. */
export async function* filesOf(ground: Ground, want: Want, folder = '', depth = 0): AsyncGenerator<Listed> {
  if (depth > MOST_DEPTH) {
    yield { is: 'odd', key: sayKey(folder), why: `it lies deeper than ${MOST_DEPTH} folders` }
    return
  }
  for (const { name, isFolder } of await namesOf(path.join(ground.root, folder))) {
    if (!isUtf8(name)) {
      yield { is: 'odd', key: sayKey(`${folder}${name.toString()}`), why: 'its name is no valid UTF-8' }
      continue
    }
    const key = `${folder}${name.toString()}`
    if (isOwn(isFolder ? `${key}/` : key, want.marker)) continue
    if (isFolder ? !leadsTo(`${key}/`, want) : !key.startsWith(want.prefix) || (want.after !== undefined && compareKeys(key, want.after) <= 0)) continue
    yield* entry(ground, want, key, isFolder, depth)
  }
}

async function* entry(ground: Ground, want: Want, key: string, isFolder: boolean, depth: number): AsyncGenerator<Listed> {
  const stat = await lstat(path.join(ground.root, key), { bigint: true }).catch((cause: unknown) => {
    // It went away since its name was read, as files do.
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new Fault(`${path.join(ground.root, key)} cannot be looked at (${codeOf(cause) ?? sentence(cause)}): the listing is not whole`, 'later', cause)
  })
  if (!stat) return
  const why = strange(stat, ground.device, isFolder) ?? oddKey(key)
  if (why !== undefined) yield { is: 'odd', key: sayKey(key), why }
  else if (isFolder) yield* filesOf(ground, want, `${key}/`, depth + 1)
  else yield versionOf(key, stat)
}

/** Whether something behind `after` that begins with `prefix` can lie in this folder. */
function leadsTo(folder: string, { prefix, after }: Want): boolean {
  if (!prefix.startsWith(folder) && !folder.startsWith(prefix)) return false
  return after === undefined || after.startsWith(folder) || compareKeys(folder, after) > 0
}

/** Sorted as the keys will be: a folder counts with its slash. */
async function namesOf(folder: string): Promise<readonly { readonly name: Buffer; readonly isFolder: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch((cause: unknown): never => {
    const code = codeOf(cause)
    throw new Fault(`${folder} cannot be read (${code ?? sentence(cause)}): ${code === 'EACCES' ? 'give Holdfast’s user the right to read it; until then ' : ''}nothing is known of what lies in it`, 'later', cause)
  })
  if (entries.length > MOST_NAMES) throw new Fault(`${folder} holds ${entries.length} names; more than ${MOST_NAMES} in one folder are not listed: spread them over folders`, 'never')
  return entries
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory(), sort: entry.isDirectory() ? Buffer.concat([entry.name, SLASH]) : entry.name }))
    .sort((a, b) => Buffer.compare(a.sort, b.sort))
}
