// A whole repository on its way into a cell, for a copy that is nothing without it. What refers to others is listed before what it refers to, so that
// a backup that runs meanwhile leads to nothing that was not fetched; and at the end nothing may have vanished of what was listed, or
// somebody cleaned up meanwhile and nothing is said. It is fetched only when all of it is small enough. Memory: its names.
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../../core/fault.ts'
import type { Now } from '../../../core/time.ts'
import type { Repository } from '../../../ports/backup.ts'
import type { Reading } from '../../../ports/store.ts'
import { oddKey } from '../../../ports/store/key.ts'
import { walk } from '../../../ports/store/listing.ts'
import type { Copy } from '../../../rooms/guard/sets/judge.ts'
import type { OpenCell } from '../cell/cell.ts'
import { abreast } from './abreast.ts'
import { mib, same, SPARE, write, type Fetched } from './fetch.ts'

/** What is fetched at most where the configuration says nothing. */
export const MOST_BYTES = 64 * 1024 ** 3
const MOST_FILES = 300_000
const AT_ONCE = 4

export interface Gathering {
  readonly reading: Reading
  readonly repository: Repository
  readonly copy: Copy
  readonly cell: Pick<OpenCell, 'room' | 'takeIn'>
  /** Bytes. */
  readonly most: number
  readonly now: () => Now
}

/** Writes the whole repository into the cell. Throws a `Fault` for anything but that. The hash is over names and hashes, in their order. */
export async function fetchRepository(it: Gathering, signal: AbortSignal): Promise<Fetched> {
  const { reading, repository, copy, cell } = it
  const place = repository.place(copy.key)
  if (!place) throw new Fault(`“${copy.key}” is no name of a copy in a repository`, 'never')
  await same(reading, copy, 'before it was read', signal)
  const parts = await list(it, place.root, signal)
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  const room = await cell.room()
  if (room < bytes + SPARE) throw new Fault(`there is too little room on this machine to restore it: the repository has ${mib(bytes)} MiB, and ${mib(room)} MiB are free`, 'later')
  const sums = await fetchAll(it, parts, place.root, signal)
  await stillThere(it, place.root, parts, signal)
  const hash = createHash('sha256')
  for (const [i, { key }] of parts.entries()) hash.update(`${sums[i]} ${key.slice(place.root.length)}\n`)
  return { bytes, sha256: hash.digest('hex') }
}

async function list({ reading, repository, most, now }: Gathering, root: string, signal: AbortSignal): Promise<readonly Copy[]> {
  const parts: Copy[] = []
  let bytes = 0
  for (const first of [...repository.first, '']) {
    for await (const { items } of walk(reading, { prefix: root + first, now, signal })) {
      for (const item of items) {
        if (item.is !== 'version' || !item.latest || item.key.endsWith('/')) continue
        const name = item.key.slice(root.length)
        if (first === '' && repository.first.some((it) => name.startsWith(it))) continue
        if (oddKey(name) !== undefined || name.startsWith('/') || name.includes('//')) throw new Fault(`the repository holds a name that no file can have: ${JSON.stringify(name.toWellFormed()).slice(0, 120)}`, 'never')
        bytes += item.bytes
        if (bytes > most) throw new Fault(`the repository has more than ${mib(most)} MiB, and a drill of this set fetches no more: raise drill.at_most if this machine has the room, or drill it by hand`, 'never')
        if (parts.length >= MOST_FILES) throw new Fault(`the repository has more than ${MOST_FILES} files, and no more are fetched at once: restore it by hand`, 'never')
        parts.push(item)
      }
    }
  }
  return parts
}

/** Their hashes, in their order. */
async function fetchAll({ reading, cell }: Gathering, parts: readonly Copy[], root: string, signal: AbortSignal): Promise<readonly string[]> {
  const folders = new Set<string>()
  const top = await cell.takeIn()
  for (const folder of ['', ...parts.map(({ key }) => path.dirname(key.slice(root.length)))]) {
    if (folders.has(folder)) continue
    folders.add(folder)
    await mkdir(path.join(top, folder), { recursive: true, mode: 0o755 })
  }
  const sums: string[] = []
  await abreast(parts, AT_ONCE, signal, async (part, n, ends) => {
    sums[n] = await write(reading, part, path.join(await cell.takeIn(), part.key.slice(root.length)), ends)
  })
  return sums
}

async function stillThere({ reading, repository, now }: Gathering, root: string, parts: readonly Copy[], signal: AbortSignal): Promise<void> {
  for (const first of repository.first) {
    const there = new Set<string>()
    for await (const { items } of walk(reading, { prefix: root + first, now, signal })) {
      for (const item of items) if (item.is === 'version' && item.latest) there.add(`${item.etag} ${item.key}`)
    }
    const gone = parts.find(({ key, etag }) => key.startsWith(root + first) && !there.has(`${etag} ${key}`))
    if (gone) throw new Fault(`the repository was cleaned up while it was read (${gone.key} went away): nothing is said of it`, 'later')
  }
}
