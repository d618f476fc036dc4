// Spools: the sorted inputs of a reconcile as files of bytes, for as long as a run takes. A record is two lengths, a key and what is known of it;
// keys only ascend, and whoever writes one that does not is refused there and then. A spool is read in blocks, and what is read is never made into a
// string or an object unless somebody asks. A file that is shorter than it was when it was written ended early; it is no input.
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { createHash, type Hash } from 'node:crypto'
import { coded } from '../../../core/fault.ts'
import { compare, sayKey, viewOf, type Cursor, type Ended } from '../../../rooms/guard/reconcile/cursor.ts'

const BLOCK = 1 << 18
const HEAD = 4
const LONGEST = 0xffff
/** Room for the key before; a longer one gets more. */
const LAST = 2048
/** A run that would write more is one that nobody meant. */
const MOST_BYTES = 64 * 1024 ** 3

/** A spool that was written to its end. */
export interface Spooled {
  readonly path: string
  readonly count: number
  readonly bytes: number
  /** Of all of it, where it was asked for. */
  readonly sha256?: string
}

/** How far a spool was written. */
export interface Stands {
  readonly count: number
  readonly bytes: number
  readonly last: Uint8Array
}

export interface SpoolWriter {
  readonly add: (key: Uint8Array, body: Uint8Array) => void
  /** Everything so far is in the file. */
  readonly stands: () => Stands
  readonly end: () => Spooled
  /** Closes and removes it. */
  readonly abandon: () => void
}

/** Writes a spool; `hashed` where it has to be known again; `from`: goes on with one behind there. Throws a fault on a key that does not ascend. */
export function writeSpool(path: string, { hashed = false, from }: { readonly hashed?: boolean; readonly from?: Stands } = {}): SpoolWriter {
  let fd: number | undefined = openSync(path, from ? 'a' : 'w', 0o600)
  if (from) ftruncateSync(fd, from.bytes)
  const hash: Hash | undefined = hashed ? createHash('sha256') : undefined
  const block = Buffer.allocUnsafe(BLOCK)
  let filled = 0
  let { bytes, count }: { bytes: number; count: number } = from ?? { bytes: 0, count: 0 }
  // A copy that is written over, so that ten million keys leave nothing to be forgotten.
  let last = Buffer.alloc(LAST)
  let lastTo = from?.last.length ?? 0
  if (lastTo > LAST) last = Buffer.alloc(LONGEST)
  if (from) last.set(from.last)
  const flush = (): void => {
    const full = block.subarray(0, filled)
    hash?.update(full)
    for (let at = 0; at < filled;) at += writeSync(fd ?? -1, block, at, filled - at)
    bytes += filled
    filled = 0
    if (bytes > MOST_BYTES) throw coded('ETOOMUCH', `more than ${MOST_BYTES / 1024 ** 3} GiB of keys: list a narrower prefix`, 'never')
  }
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    add(key, body) {
      if (key.length > LONGEST || body.length > LONGEST) throw coded('ETOOMUCH', `${sayKey(key)} is too long to be judged`, 'never')
      const ordered = count === 0 ? 1 : compare(key, 0, key.length, last, 0, lastTo)
      if (ordered <= 0) throw coded('EORDER', ordered === 0 ? `${sayKey(key)} comes twice` : `${sayKey(key)} comes after ${sayKey(last.subarray(0, lastTo))}`)
      const size = HEAD + key.length + body.length
      if (filled + size > BLOCK) flush()
      block.writeUInt16LE(key.length, filled)
      block.writeUInt16LE(body.length, filled + 2)
      block.set(key, filled + HEAD)
      block.set(body, filled + HEAD + key.length)
      filled += size
      count++
      if (key.length > last.length) last = Buffer.alloc(LONGEST)
      last.set(key)
      lastTo = key.length
    },
    stands() {
      flush()
      return { count, bytes, last: Uint8Array.from(last.subarray(0, lastTo)) }
    },
    end() {
      flush()
      close()
      return { path, count, bytes, ...(hash ? { sha256: hash.digest('hex') } : {}) }
    },
    abandon() {
      close()
      rmSync(path, { force: true })
    },
  }
}

/** Where a spool stands: its key as every cursor has it, and what is known of it right behind. */
export interface Here extends Cursor {
  bytes: Uint8Array
  view: DataView
  from: number
  to: number
  bodyFrom: number
  bodyTo: number
  /** Lets go of the file; also done at its end. */
  close: () => void
}

/** Walks over a spool. `more`: what stands beside the key; `arrive` fills it in at every key. */
export function readSpool<More extends object>({ path, bytes: size }: Pick<Spooled, 'path' | 'bytes'>, ended: Ended, more: More, arrive: (at: Here & More) => void): Here & More {
  let fd: number | undefined = openSync(path, 'r')
  let left = size
  let filled = 0
  let at = 0
  let short = false
  // Room for the longest record, whatever is left of a block.
  const block = Buffer.allocUnsafe(BLOCK + HEAD + 2 * LONGEST)
  const refill = (): void => {
    block.copyWithin(0, at, filled)
    filled -= at
    at = 0
    while (fd !== undefined && left > 0 && filled < block.length) {
      const got = readSync(fd, block, filled, Math.min(block.length - filled, left), null)
      if (got === 0) {
        short = true
        return
      }
      filled += got
      left -= got
    }
  }
  const has = (length: number): boolean => {
    if (filled - at < length && !short) refill()
    return filled - at >= length
  }
  const here: Here = {
    // No Buffer: whoever keeps a slice of it keeps a copy, and not what the next block writes there.
    bytes: new Uint8Array(block.buffer, block.byteOffset, block.length), view: viewOf(block), from: 0, to: 0, bodyFrom: 0, bodyTo: 0,
    next() {
      if (!has(HEAD)) return end(filled > at)
      const [key, body] = [block.readUInt16LE(at), block.readUInt16LE(at + 2)]
      if (!has(HEAD + key + body)) return end(true)
      here.from = at + HEAD
      here.to = here.from + key
      here.bodyFrom = here.to
      here.bodyTo = here.to + body
      at = here.bodyTo
      arrive(whole)
      return true
    },
    ended: () => (short ? { is: 'early', says: 'what was spooled is not all there any more' } : ended),
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
  const end = (cut: boolean): false => {
    short ||= cut || left > 0
    here.close()
    return false
  }
  const whole = Object.assign(here, more)
  return whole
}

/** Walks a spool to its end: whether it ends just there. */
export function endsAt(cursor: Here, { count, last }: Stands): boolean {
  let walked = 0
  let at = 0
  for (; cursor.next(); walked++) at = walked === count - 1 ? compare(cursor.bytes, cursor.from, cursor.to, last, 0, last.length) : at
  return walked === count && at === 0 && cursor.ended().is === 'whole'
}
