// SFTP as bytes, version 3 (draft-ietf-secsh-filexfer-02), and only what a store needs of it. Whoever answers is not trusted: every length is checked
// against what is there, numbers beyond what can be counted are refused, a packet that has something left over at its end is none.
import { coded, type Fault } from '../../../core/fault.ts'

export const ASK = { init: 1, open: 3, close: 4, read: 5, write: 6, lstat: 7, fstat: 8, setstat: 9, opendir: 11, readdir: 12, remove: 13, mkdir: 14, rmdir: 15, realpath: 16, rename: 18, extended: 200 } as const
const SAYS = { version: 2, status: 101, handle: 102, data: 103, name: 104, attrs: 105 } as const
export const STATUS = { ok: 0, eof: 1, absent: 2, denied: 3 } as const
export const OPEN = { read: 1, write: 2, create: 8, truncate: 16, exclusive: 32 } as const

/** The longest packet that OpenSSH ever sends. */
export const MOST_PACKET = 256 * 1024

export interface Attrs {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly mode: number
  readonly uid: number
  readonly bytes: number
  /** Whole seconds since 1970. */
  readonly mtime: number
}

export interface Entry {
  readonly name: Buffer
  readonly attrs: Attrs | undefined
}

export type Reply =
  | { readonly is: 'status'; readonly code: number; readonly says: string }
  | { readonly is: 'handle' | 'data'; readonly bytes: Buffer }
  | { readonly is: 'name'; readonly entries: readonly Entry[] }
  /** `undefined`: it does not say all that a store must know of a file. */
  | { readonly is: 'attrs'; readonly attrs: Attrs | undefined }

export interface Hello {
  readonly version: number
  readonly extensions: ReadonlyMap<string, string>
}

/** Something else than SFTP came. */
export const malformed = (says: string): Fault => coded('EPROTO', `the server does not speak SFTP as it should: ${says}`)

export const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}

export const u64 = (n: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(n))
  return bytes
}

/** Bytes with their length before them. */
export const sized = (it: string | Buffer): Buffer => {
  const bytes = typeof it === 'string' ? Buffer.from(it, 'utf8') : it
  return Buffer.concat([u32(bytes.length), bytes])
}

/** No attributes: the server's own choice. */
export const NO_ATTRS = u32(0)
export const modeAttrs = (mode: number): Buffer => Buffer.concat([u32(4), u32(mode)])

/** A packet with its length. */
export const packet = (type: number, ...parts: readonly Buffer[]): Buffer => sized(Buffer.concat([Buffer.from([type]), ...parts]))

/** Reads a packet's body, which is all there. */
function over(bytes: Buffer) {
  let at = 0
  const take = (n: number): Buffer => {
    if (n > bytes.length - at) throw malformed('a packet is shorter than it says')
    at += n
    return bytes.subarray(at - n, at)
  }
  const reader = {
    left: () => bytes.length - at,
    u8: () => take(1).readUInt8(),
    u32: () => take(4).readUInt32BE(),
    u64: () => {
      const n = take(8).readBigUInt64BE()
      if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a file is larger than anything')
      return Number(n)
    },
    sized: () => take(reader.u32()),
    end<T>(value: T): T {
      if (at !== bytes.length) throw malformed('a packet is longer than it says')
      return value
    },
  }
  return reader
}
type Reader = ReturnType<typeof over>

const HAS = { bytes: 1, owner: 2, mode: 4, times: 8, more: 0x8000_0000 } as const
const KINDS: Readonly<Record<number, Attrs['kind']>> = { 0o100000: 'file', 0o040000: 'folder', 0o120000: 'link' }

function attrsFrom(reader: Reader): Attrs | undefined {
  const has = reader.u32()
  if ((has & ~(HAS.bytes | HAS.owner | HAS.mode | HAS.times | HAS.more)) !== 0) throw malformed('a file has attributes of another version')
  const bytes = (has & HAS.bytes) === 0 ? undefined : reader.u64()
  const uid = (has & HAS.owner) === 0 ? undefined : [reader.u32(), reader.u32()][0]
  const mode = (has & HAS.mode) === 0 ? undefined : reader.u32()
  const mtime = (has & HAS.times) === 0 ? undefined : [reader.u32(), reader.u32()][1]
  if ((has & HAS.more) !== 0) for (let n = reader.u32(); n > 0; n--) {
    reader.sized()
    reader.sized()
  }
  if (bytes === undefined || uid === undefined || mode === undefined || mtime === undefined) return undefined
  return { kind: KINDS[mode & 0o170000] ?? 'other', mode, uid, bytes, mtime }
}

/** The first packet of a server. */
export function helloFrom(body: Buffer): Hello {
  const reader = over(body)
  if (reader.u8() !== SAYS.version) throw malformed('it does not say which version it speaks')
  const version = reader.u32()
  const extensions = new Map<string, string>()
  while (reader.left() > 0) extensions.set(reader.sized().toString('latin1'), reader.sized().toString('latin1'))
  return { version, extensions }
}

/** An answer, and to which question. */
export function replyFrom(body: Buffer): { readonly id: number; readonly reply: Reply } {
  const reader = over(body)
  const type = reader.u8()
  const id = reader.u32()
  switch (type) {
    case SAYS.status: {
      const code = reader.u32()
      const says = reader.left() === 0 ? '' : reader.sized().toString()
      if (reader.left() > 0) reader.sized()
      return reader.end({ id, reply: { is: 'status', code, says } })
    }
    case SAYS.handle: case SAYS.data: return reader.end({ id, reply: { is: type === SAYS.data ? 'data' : 'handle', bytes: Buffer.from(reader.sized()) } })
    case SAYS.attrs: return reader.end({ id, reply: { is: 'attrs', attrs: attrsFrom(reader) } })
    case SAYS.name: {
      const entries: Entry[] = []
      for (let n = reader.u32(); n > 0; n--) {
        const name = Buffer.from(reader.sized())
        reader.sized()
        entries.push({ name, attrs: attrsFrom(reader) })
      }
      return reader.end({ id, reply: { is: 'name', entries } })
    }
    default: throw malformed(`its answer is of no kind (${type})`)
  }
}
