// The files of a folder over there in the order of their keys' bytes, one folder's names in memory at a time, and pages of them. A folder that may not
// be read ends the listing with a Fault: what is behind it is not absent, it is unknown.
import { isUtf8 } from 'node:buffer'
import { Fault } from '../../../core/fault.ts'
import { MOST_ITEMS, type Listed, type Page, type PageWant } from '../../../ports/store.ts'
import { compareKeys, oddKey, sayKey } from '../../../ports/store/key.ts'
import { isOwn, strange, versionOf, within, type Ground } from './ground.ts'
import type { Entry } from './packet.ts'

const MOST_DEPTH = 100
const SLASH = Buffer.of(0x2f)

interface Want {
  readonly prefix: string
  /** What comes up to and with this key is passed over. */
  readonly after: string | undefined
}

/** The walk goes on from page to page; what it stands on is that of the page. */
interface Walk {
  ground: Ground
}

/** Pages out of one walk that goes on from page to page, or begins anew behind a key. */
export function createPages(): (ground: Ground, want: PageWant) => Promise<Page> {
  let live: { readonly cursor: string; readonly prefix: string; readonly proof: string; readonly walk: Walk; readonly files: AsyncGenerator<Listed> } | undefined
  let pages = 0
  return async (ground, { prefix, cursor, after, most }) => {
    const former = live !== undefined && live.cursor === cursor && live.prefix === prefix && live.proof === ground.proof ? live : undefined
    live = undefined
    const walk = former?.walk ?? { ground }
    walk.ground = ground
    const files = former?.files ?? filesOf(walk, { prefix, after: after ?? keyOf(cursor) })
    const items: Listed[] = []
    while (items.length < Math.min(most, MOST_ITEMS)) {
      const { value, done } = await files.next()
      if (done === true) return { items }
      items.push(value)
    }
    // The number keeps two cursors apart between which there was nothing that has a name.
    const next = `${++pages}:${items.findLast((item) => item.is !== 'odd')?.key ?? keyOf(cursor) ?? after ?? ''}`
    live = { cursor: next, prefix, proof: ground.proof, walk, files }
    return { items, next }
  }
}

const keyOf = (cursor: string | undefined): string | undefined => cursor?.slice(cursor.indexOf(':') + 1) || undefined

async function* filesOf(walk: Walk, want: Want, folder = '', depth = 0): AsyncGenerator<Listed> {
  if (depth > MOST_DEPTH) {
    yield { is: 'odd', key: sayKey(folder), why: `it lies deeper than ${MOST_DEPTH} folders` }
    return
  }
  const { remote, root, marker } = walk.ground
  const at = folder === '' ? root : within(root, folder.slice(0, -1))
  for (const { name, attrs, isFolder } of sorted(await remote.names(at))) {
    const key = `${folder}${name.toString()}`
    if (!isUtf8(name)) yield { is: 'odd', key: sayKey(key), why: 'its name is no valid UTF-8' }
    else if (isOwn(isFolder ? `${key}/` : key, marker)) continue
    else if (isFolder ? !leadsTo(`${key}/`, want) : !key.startsWith(want.prefix) || (want.after !== undefined && compareKeys(key, want.after) <= 0)) continue
    else if (!attrs) throw new Fault(`the server does not say size, owner, mode and time of “${sayKey(key)}”: the listing is not whole`, 'never')
    else {
      const why = strange(attrs, isFolder) ?? oddKey(key)
      if (why !== undefined) yield { is: 'odd', key: sayKey(key), why }
      else if (isFolder) yield* filesOf(walk, want, `${key}/`, depth + 1)
      else yield versionOf(key, attrs)
    }
  }
}

/** Whether something behind `after` that begins with `prefix` can lie in this folder. */
function leadsTo(folder: string, { prefix, after }: Want): boolean {
  if (!prefix.startsWith(folder) && !folder.startsWith(prefix)) return false
  return after === undefined || after.startsWith(folder) || compareKeys(folder, after) > 0
}

/** Sorted as the keys will be: a folder counts with its slash. */
const sorted = (entries: readonly Entry[]): readonly (Entry & { readonly isFolder: boolean })[] => entries
  .map((entry) => ({ ...entry, isFolder: entry.attrs?.kind === 'folder' }))
  .map((entry) => ({ entry, sort: entry.isFolder ? Buffer.concat([entry.name, SLASH]) : entry.name }))
  .sort((a, b) => Buffer.compare(a.sort, b.sort))
  .map(({ entry }) => entry)
