// Whether a disk turns, so that one hand reads it instead of many that make it seek. What the system says of it is believed where it says no; virtual
// disks say yes whatever they are, so a yes is tried: a few blocks at places far apart, read past the cache. A disk that turns takes milliseconds for
// many of them. What cannot be tried is believed.
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { bytesOf, walk, type WalkedFile } from './walk.ts'

/** Looked at, the largest of them tried. */
const MOST_FILES = 500
const TRIED = 24
const BLOCK = 4096
/** No disk without moving parts takes so long for a quarter of them, unless it has too much to do already. */
const SLOW = 2

/** Whether the disk that a folder lies on turns. */
export const turns = (root: string, dev: bigint): boolean => saysSo(dev) && slowAt(tried(root))

/** By the milliseconds that single blocks took; nothing tried is slow. */
export const slowAt = (took: readonly number[]): boolean => took.length < TRIED / 2 || (took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.75)] ?? 0) > SLOW

function saysSo(dev: bigint): boolean {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  for (const place of ['queue', '../queue']) {
    try {
      return readFileSync(`/sys/dev/block/${major}:${minor}/${place}/rotational`, 'utf8').trim() === '1'
    } catch {
      // A partition has its queue one folder up; what is no block device has none.
    }
  }
  return false
}

/** Milliseconds of each block. */
function tried(root: string): number[] {
  const files = samplesOf(root)
  const took: number[] = []
  for (let n = 0; n < TRIED && files.length > 0; n++) {
    const file = files[n % files.length]
    if (file === undefined) continue
    // Spread over each file by the golden section: near no place that was read before.
    const blocks = Math.floor(file.size / BLOCK)
    const at = Math.floor(((n * 0.618_034) % 1) * blocks) * BLOCK
    const ms = timed(bytesOf(root, file.path), at)
    if (ms !== undefined) took.push(ms)
  }
  return took
}

function samplesOf(root: string): WalkedFile[] {
  const files: WalkedFile[] = []
  let looked = 0
  for (const it of walk(root)) {
    if (it.is === 'file' && it.size >= BLOCK) files.push(it)
    if (++looked >= MOST_FILES) break
  }
  return files.sort((a, b) => b.size - a.size).slice(0, TRIED)
}

const buffer = Buffer.allocUnsafeSlow(2 * BLOCK)
/** Where memory lies as reading past the cache wants it; found at the first try. */
let aligned = 0

/** `undefined`: it cannot be read past the cache here. */
function timed(file: Buffer, at: number): number | undefined {
  let fd: number | undefined
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | (constants.O_DIRECT ?? 0))
    for (; aligned < BLOCK; aligned += 16) {
      const began = performance.now()
      try {
        readSync(fd, buffer, aligned, BLOCK, at)
        return performance.now() - began
      } catch {
        // Not there: sixteen bytes on.
      }
    }
    return undefined
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
