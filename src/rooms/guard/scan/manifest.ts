// What a folder held when it was last read: one line of JSON for each file, in tree order, between a head and a seal. Names are bytes, so a name
// that is no text stands as base64. A large file has one sum for each of its ranges, so that many hands can read it and damage has a place.
// A manifest that was cut short, reordered or altered by one bit is refused as a whole: from half of it, damage would look like new files.
import { createHash } from 'node:crypto'
import { Fault } from '../../../core/fault.ts'

export const MANIFEST = 'holdfast.scanned/1'

/** A file as it was read. */
export interface Entry {
  /** Below the root, its bytes as latin1, one character a byte. */
  readonly path: string
  readonly size: number
  /** Nanoseconds since 1970, in digits. */
  readonly mtime: string
  /** SHA-256 in hex of each range, or of the whole where there is one. */
  readonly sums: readonly string[]
}

export interface Head {
  /** What was scanned, its bytes as latin1. */
  readonly root: string
  /** ISO 8601. */
  readonly began: string
  /** Each file has one sum, however large it is. */
  readonly whole: boolean
}

export interface Seal {
  readonly ended: string
  readonly files: number
  readonly bytes: number
}

const RANGE = 64 * 1024 * 1024
const MOST_RANGES = 4096

/** How long the ranges of a file of this size are: 64 MiB, doubled until at most 4,096 are enough. */
export function rangeOf(size: number, whole: boolean): number {
  if (whole) return Math.max(1, size)
  let range = RANGE
  while (Math.ceil(size / range) > MOST_RANGES) range *= 2
  return range
}

/** How many sums a file of this size has; an empty one has one. */
export const rangesOf = (size: number, whole: boolean): number => Math.max(1, Math.ceil(size / rangeOf(size, whole)))

/** Tree order: by bytes, part by part, so that what lies in a folder stands together. */
export function compareWays(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const SLASH = 47
/** What separates parts comes before all that a part can hold. */
const rank = (byte: number): number => (byte === SLASH ? 0 : byte)

/** Whether it lies in that folder; everything lies in the root, which is called ''. */
export const isIn = (path: string, folder: string): boolean => folder === '' || path.startsWith(`${folder}/`)

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as text, where they are text. */
function textOf(bytes: string): string | undefined {
  try {
    return text.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

/** The name as JSON holds it: as text, else as base64. */
export function named(path: string): { readonly path: string } | { readonly path64: string } {
  const read = textOf(path)
  return read === undefined ? { path64: Buffer.from(path, 'latin1').toString('base64') } : { path: read }
}

/** A name for people: one line, bounded, escaped where a terminal would stumble. */
export function sayPath(path: string): string {
  const flat = JSON.stringify(textOf(path) ?? path.replace(/[\u0080-\u00ff]/g, '\ufffd')).slice(1, -1)
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = flat.replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd')
  return plain.length > 300 ? `${plain.slice(0, 149)}…${plain.slice(-150)}` : plain
}

const isDigest = (it: unknown): it is string => typeof it === 'string' && /^[0-9a-f]{64}$/.test(it)
const isCount = (it: unknown): it is number => typeof it === 'number' && Number.isSafeInteger(it) && it >= 0

/** The bytes that a name in JSON stands for. `undefined`: it names nothing below a root. */
export function pathOf({ path, path64 }: { readonly path?: unknown; readonly path64?: unknown }): string | undefined {
  const bytes = typeof path === 'string' && path.isWellFormed() ? Buffer.from(path).toString('latin1')
    : typeof path64 === 'string' ? Buffer.from(path64, 'base64').toString('latin1') : ''
  return bytes === '' || bytes.includes('\0') || bytes.split('/').some((part) => part === '' || part === '.' || part === '..') ? undefined : bytes
}

/** An entry as JSON has it. */
export const entryJson = ({ path, size, mtime, sums }: Entry): object => ({ ...named(path), size, mtime, ...(sums.length === 1 ? { sha256: sums[0] } : { ranges: sums }) })

/** An entry from its JSON; `undefined` when it is none. */
export function entryFrom(it: Readonly<Record<string, unknown>>, whole: boolean): Entry | undefined {
  const path = pathOf(it)
  const { size, mtime, sha256, ranges } = it
  const sums = Array.isArray(ranges) ? ranges as readonly unknown[] : [sha256]
  if (path === undefined || !isCount(size) || typeof mtime !== 'string' || !/^-?\d{1,20}$/.test(mtime)) return undefined
  return sums.every(isDigest) && sums.length === rangesOf(size, whole) ? { path, size, mtime, sums } : undefined
}

export interface ManifestWriter {
  head(): string
  entry(entry: Entry): string
  seal(ended: string): string
}

/** Writes line by line, each with its end; the seal holds the hash of all lines before it. */
export function manifestWriter(head: Head): ManifestWriter {
  const hash = createHash('sha256')
  let [files, bytes] = [0, 0]
  let last: string | undefined
  const line = (json: string): string => {
    hash.update(json).update('\n')
    return `${json}\n`
  }
  return {
    head: () => line(JSON.stringify({ schema: MANIFEST, ...rootOf(head.root), began: head.began, whole: head.whole })),
    entry(entry) {
      if (last !== undefined && compareWays(last, entry.path) >= 0) throw new Error('entries of a manifest go up')
      last = entry.path
      files++
      bytes += entry.size
      return line(JSON.stringify(entryJson(entry)))
    },
    seal: (ended) => `${JSON.stringify({ sealed: hash.digest('hex'), ended, files, bytes })}\n`,
  }
}

const rootOf = (root: string): { readonly root?: string; readonly root64?: string } => {
  const it = named(root)
  return 'path' in it ? { root: it.path } : { root64: it.path64 }
}

export interface ManifestReader {
  /** Takes the next line, without its end. Gives the entry that it holds, if it holds one. */
  take(line: string): Entry | undefined
  /** After the last line; throws where the seal is missing. */
  end(): { readonly head: Head; readonly seal: Seal }
  readonly head: Head | undefined
}

/** Reads line by line and throws a Fault (`never`) at the first that does not belong. Only what `end` has confirmed may be believed. */
export function manifestReader(says: string): ManifestReader {
  const hash = createHash('sha256')
  let head: Head | undefined
  let seal: Seal | undefined
  let [files, bytes, lines] = [0, 0, 0]
  let last: string | undefined
  const wrong = (what: string): Fault => new Fault(`${says}, line ${lines}: ${what}. It cannot be relied on: take it from where a copy of it lies, or begin a new one under another name`, 'never')
  const taken = (it: Readonly<Record<string, unknown>>, line: string, known: Head): Entry | undefined => {
    if ('sealed' in it) {
      if (it['sealed'] !== hash.digest('hex') || it['files'] !== files || it['bytes'] !== bytes || typeof it['ended'] !== 'string') throw wrong('its seal does not fit what stands before it')
      seal = { ended: it['ended'], files, bytes }
      return undefined
    }
    hash.update(line).update('\n')
    const entry = entryFrom(it, known.whole)
    if (entry === undefined) throw wrong('it is no entry')
    if (last !== undefined && compareWays(last, entry.path) >= 0) throw wrong('it is out of order')
    last = entry.path
    files++
    bytes += entry.size
    return entry
  }
  return {
    get head() {
      return head
    },
    take(line) {
      lines++
      if (seal) throw wrong('something stands behind its seal')
      const it = objectFrom(line)
      if (it === undefined) throw wrong('it is no JSON')
      if (head) return taken(it, line, head)
      head = headFrom(it)
      if (head === undefined) throw wrong(`it does not begin as a ${MANIFEST}`)
      hash.update(line).update('\n')
      return undefined
    },
    end() {
      if (head === undefined || seal === undefined) throw wrong('it was cut short')
      return { head, seal }
    },
  }
}

export function objectFrom(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const it: unknown = JSON.parse(line)
    return typeof it === 'object' && it !== null && !Array.isArray(it) ? it as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}

function headFrom({ schema, root, root64, began, whole }: Readonly<Record<string, unknown>>): Head | undefined {
  const bytes = typeof root === 'string' ? Buffer.from(root).toString('latin1') : typeof root64 === 'string' ? Buffer.from(root64, 'base64').toString('latin1') : undefined
  return schema === MANIFEST && bytes !== undefined && typeof began === 'string' && typeof whole === 'boolean' ? { root: bytes, began, whole } : undefined
}
