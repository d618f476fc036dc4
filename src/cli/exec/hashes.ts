// SHA-256 of the files that a set names, before and after its command. Links are followed, since archives are made of what people name; what is no
// plain file, cannot be read, or is not read in time says so. One that changed meanwhile has no hash: nobody knows which of both is in the copy.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { codeOf } from '../../core/fault.ts'
import type { HashedFile } from '../../rooms/guard/sets/manifest.ts'

/** Each of them; until `signal`, the rest is said not to have been read. */
export async function hashFiles(files: readonly string[], signal: AbortSignal): Promise<readonly HashedFile[]> {
  const found: HashedFile[] = []
  for (const path of files) found.push(signal.aborted ? { path, says: LATE } : await Promise.race([hash(path, signal), ended(path, signal)]))
  return found
}

const LATE = 'the time for reading was over'

/** A disk that hangs must not keep the backup from being made. */
const ended = (path: string, signal: AbortSignal): Promise<HashedFile> => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ path, says: LATE }), { once: true }))

async function hash(path: string, signal: AbortSignal): Promise<HashedFile> {
  try {
    // A pipe would wait for whoever writes into it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await file.stat()).isFile()) return { path, says: 'it is no plain file' }
      const sum = createHash('sha256')
      const buffer = Buffer.allocUnsafe(1024 * 1024)
      for (let bytes = 0; ;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes)
        if (bytesRead === 0) return { path, sha256: sum.digest('hex'), bytes }
        if (signal.aborted) return { path, says: LATE }
        sum.update(buffer.subarray(0, bytesRead))
        bytes += bytesRead
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    return { path, says: `it cannot be read: ${codeOf(cause) ?? 'unknown reason'}` }
  }
}

/** What holds for a file around the command. */
export const unchanged = (before: readonly HashedFile[], after: readonly HashedFile[]): HashedFile[] =>
  before.map((first, i): HashedFile => {
    const last = after[i]
    if ('says' in first || last === undefined) return first
    if ('says' in last) return last
    return first.sha256 === last.sha256 ? last : { path: first.path, says: 'it changed while the command ran' }
  })
