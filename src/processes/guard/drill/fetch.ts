// A copy on its way into a cell: read by ranges, each of the very version that was listed. One that is not the same from its first byte to its last
// was not read, and says nothing. What is written lies where the cell can only read it.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Fault } from '../../../core/fault.ts'
import { MOST_CHUNK, type Reading } from '../../../ports/store.ts'
import type { Copy } from '../../../rooms/guard/sets/judge.ts'
import type { OpenCell } from '../cell/cell.ts'

export interface Fetched {
  readonly bytes: number
  readonly sha256: string
}

/** Beyond the copy itself, so much room must be there. */
export const SPARE = 512 * 1024 * 1024

/** Writes the whole copy into the cell. Throws a `Fault` for anything but that. */
export async function fetchCopy(reading: Reading, copy: Copy, cell: Pick<OpenCell, 'room' | 'takeIn'>, signal: AbortSignal): Promise<Fetched> {
  const room = await cell.room()
  if (room < copy.bytes + SPARE) throw new Fault(`there is too little room on this machine to restore it: the copy has ${mib(copy.bytes)} MiB, and ${mib(room)} MiB are free`, 'later')
  await same(reading, copy, 'before it was read', signal)
  const sha256 = await write(reading, copy, await cell.takeIn(), signal)
  await same(reading, copy, 'while it was read', signal)
  return { bytes: copy.bytes, sha256 }
}

/** Writes one version to a new file, and gives the hash of what was written. */
export async function write(reading: Reading, copy: Copy, to: string, signal: AbortSignal): Promise<string> {
  const file = await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644)
  const hash = createHash('sha256')
  try {
    for (let from = 0; from < copy.bytes;) {
      const want = Math.min(MOST_CHUNK, copy.bytes - from)
      const chunk = await reading.read({ key: copy.key, ...(copy.versionId === undefined ? {} : { versionId: copy.versionId }), etag: copy.etag, from, bytes: want }, signal)
      if (chunk.is !== 'read') throw new Fault(`the copy ${chunk.is === 'absent' ? 'went away' : 'changed'} while it was read: ${chunk.says}`, 'later')
      if (chunk.bytes.length === 0 || chunk.bytes.length > want) throw new Fault(`the store gave ${chunk.bytes.length} bytes at ${from} where ${want} were asked for, of ${copy.bytes}`, 'later')
      hash.update(chunk.bytes)
      await file.appendFile(chunk.bytes)
      from += chunk.bytes.length
    }
    await file.chmod(0o644)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

export const mib = (bytes: number): number => Math.ceil(bytes / 1_048_576)

/** Throws a `Fault` unless the copy is the one that was listed. */
export async function same(reading: Reading, copy: Copy, when: string, signal: AbortSignal): Promise<void> {
  const found = await reading.head({ key: copy.key, ...(copy.versionId === undefined ? {} : { versionId: copy.versionId }) }, signal)
  if (found.is === 'absent') throw new Fault(`the copy went away ${when}`, 'later')
  if (found.is === 'unknown') throw new Fault(`the store does not show the copy: ${found.says}`, 'later')
  if (found.etag !== copy.etag || found.bytes !== copy.bytes) throw new Fault(`another one stands under the copy's name (it changed ${when}): it is taken when it is listed`, 'later')
}
