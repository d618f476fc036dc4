// A folder: a disk, a NAS, whatever is mounted. A marker file in it proves that it is mounted: without it nothing is listed, and nothing
// is missed. Paths may hang for good, so its calls run in a child of their own. What is set aside is moved into a corner of the same
// file system and can be moved back by hand; links are never followed, and nothing outside is ever reached.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { codeOf, Fault, sentence } from '../../core/fault.ts'
import { MOST_CHUNK, MOST_ITEMS, store, type Chunk, type Listed, type Page, type PageWant, type Reading, type ReadWant } from '../../ports/store.ts'
import { sayKey } from '../../ports/store/key.ts'
import { etagOf, grounded, locate, stand, versionOf, within, type Ground } from './dir/ground.ts'
import { createHand, NEVER } from './dir/hand.ts'
import { filesOf } from './dir/walk.ts'

const config = z.strictObject({
  dir: z.string().min(1).max(4_096).refine((text) => !text.includes('\0'), 'a path holds no NUL').meta({ title: 'Folder', description: 'from / on, or relative to the configuration file' }),
  marker: z.string().regex(/^(?!\.{1,2}$)[^/\0]{1,200}$/, 'the name of one file, such as .holdfast-store').default('.holdfast-store').meta({ title: 'Marker', description: 'a file in it that proves that it is mounted' }),
})

export default store({
  kind: 'dir',
  title: 'Folder',
  does: 'Backups in a folder; a marker file proves that it is mounted.',
  runs: 'alone',
  config,
  examples: [{ dir: '/mnt/nas/backups' }, { dir: './nas', marker: '.holdfast-store' }],
  reading: ({ dir, marker }, { folder }) => readingOf(path.resolve(folder, dir), marker),
  neverRemoves: () => NEVER,
  deleting: ({ dir, marker }, context) => createHand({ folder: path.resolve(context.folder, dir), marker }, context),
})

function readingOf(folder: string, marker: string): Reading {
  const on = <T>(signal: AbortSignal, act: (ground: Ground) => Promise<T>): Promise<T> => within(signal, () => grounded(folder, marker, act))
  const page = createPages(marker)
  return {
    identify: (signal) => within(signal, async () => (await stand(folder, marker)).identity),
    declared: (signal) => on(signal, async () => ({ versioning: 'none', lock: 'off', noncurrent: { is: 'for ever' } })),
    clock: async () => ({ is: 'unknown', says: 'a folder tells its time only to who writes into it', untold: true }),
    page: (want, signal) => on(signal, (ground) => page(ground, want)),
    uploads: (_want, signal) => on(signal, async () => ({ uploads: [] })),
    head: ({ key, versionId }, signal) => on(signal, async (ground) => {
      const found = await locate(ground, key)
      if (found.is === 'odd') return { is: 'unknown', says: found.says }
      return found.is === 'absent' || versionId !== undefined ? { is: 'absent', marker: false } : versionOf(key, found.stat)
    }),
    read: (want, signal) => on(signal, (ground) => rangeOf(ground, want)),
    lock: (_place, signal) => on(signal, async () => ({ is: 'free' })),
    tags: (_place, signal) => on(signal, async () => ({ is: 'read', tags: [] })),
  }
}

/** Pages out of one walk that goes on from page to page, or begins anew behind a key. */
function createPages(marker: string): (ground: Ground, want: PageWant) => Promise<Page> {
  let live: { readonly cursor: string; readonly prefix: string; readonly proof: string; readonly files: AsyncGenerator<Listed> } | undefined
  let pages = 0
  return async (ground, { prefix, cursor, after, most }) => {
    const goesOn = live !== undefined && live.cursor === cursor && live.prefix === prefix && live.proof === ground.proof
    const files = goesOn && live ? live.files : filesOf(ground, { marker, prefix, after: after ?? keyOf(cursor) })
    live = undefined
    const items: Listed[] = []
    while (items.length < Math.min(most, MOST_ITEMS)) {
      const { value, done } = await files.next()
      if (done === true) return { items }
      items.push(value)
    }
    // The number keeps two cursors apart between which there was nothing that has a name.
    const next = `${++pages}:${items.findLast((item) => item.is !== 'odd')?.key ?? keyOf(cursor) ?? after ?? ''}`
    live = { cursor: next, prefix, proof: ground.proof, files }
    return { items, next }
  }
}

const keyOf = (cursor: string | undefined): string | undefined => cursor?.slice(cursor.indexOf(':') + 1) || undefined

async function rangeOf(ground: Ground, { key, versionId, etag, from, bytes }: ReadWant): Promise<Chunk> {
  if (!(bytes > 0 && bytes <= MOST_CHUNK && from >= 0)) throw new Fault(`a range has 1 to ${MOST_CHUNK} bytes`, 'never')
  const found = await locate(ground, key)
  if (found.is !== 'file' || versionId !== undefined) return { is: 'absent', says: found.is === 'odd' ? found.says : `“${sayKey(key)}” is not there` }
  const changed: Chunk = { is: 'changed', says: `“${sayKey(key)}” was written since it was listed` }
  const file = await open(found.at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown): never => {
    throw new Fault(`${found.at} cannot be read (${codeOf(cause) ?? sentence(cause)})`, 'later', cause)
  })
  try {
    if (etagOf(await file.stat({ bigint: true })) !== etag) return changed
    const buffer = Buffer.alloc(bytes)
    let length = 0
    while (length < bytes) {
      const { bytesRead } = await file.read(buffer, length, bytes - length, from + length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    // Of a file that somebody wrote to meanwhile nobody knows what was read.
    return etagOf(await file.stat({ bigint: true })) === etag ? { is: 'read', bytes: buffer.subarray(0, length) } : changed
  } finally {
    await file.close()
  }
}
