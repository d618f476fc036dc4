// What is in a tar archive, read from its headers as they come: names, sizes, links. Every name is judged before anything is unpacked: one
// that leads out of the folder (`..`, an absolute part, a link out of it, a device) refuses the whole archive. An archive that ends
// before its end, or whose headers do not add up, says so. Contents are passed over, so its size does not matter.

export interface TarEntry {
  readonly name: string
  readonly is: 'file' | 'folder' | 'link' | 'hard link' | 'other'
  readonly bytes: number
  /** Where a link leads. */
  readonly to?: string
}

export type Contents =
  | { readonly is: 'whole'; readonly entries: number; readonly bytes: number }
  /** `refused`: it holds a name that would lead elsewhere; `broken`: it is no whole archive. */
  | { readonly is: 'refused' | 'broken'; readonly says: string }

const BLOCK = 512
/** A header of extensions: long names and the like. */
const MOST_EXTENSION = 1024 * 1024
const MOST_ENTRIES = 50_000_000
const MOST_LINKS = 1_000_000

/** Reads an archive piece by piece; `take` returns false once its fate is known. */
export interface TarReader {
  take(chunk: Uint8Array): void
  end(): Contents
}

/** `see` hears of each entry, in order. */
export function tarReader(see: (entry: TarEntry) => void): TarReader {
  let held: Buffer = Buffer.alloc(0)
  let skip = 0
  let zeros = 0
  let entries = 0
  let bytes = 0
  let wrong: Contents | undefined
  let extension: { readonly kind: string; readonly size: number } | undefined
  let sparse = false
  let next: Extended = {}
  let global: Extended = {}
  const links = new Set<string>()

  const header = (block: Buffer): void => {
    if (block.every((byte) => byte === 0)) {
      zeros++
      return
    }
    const read = readHeader(block)
    if (zeros >= 1 || typeof read === 'string') {
      wrong = { is: 'broken', says: typeof read === 'string' ? read : 'something stands behind its end' }
      return
    }
    if ('xgLK'.includes(read.type)) {
      if (read.size > MOST_EXTENSION) wrong = { is: 'broken', says: `a header of ${read.size} bytes stands in it` }
      extension = { kind: read.type, size: read.size }
      return
    }
    const name = next.path ?? global.path ?? read.name
    const size = next.size ?? read.size
    const to = next.linkpath ?? read.link
    next = {}
    const entry: TarEntry = { name, is: KINDS[read.type] ?? 'other', bytes: size, ...(read.type === '1' || read.type === '2' ? { to } : {}) }
    const odd = oddEntry(entry) ?? (links.size > 0 && behind(links, name) ? `${JSON.stringify(name.toWellFormed()).slice(0, 120)} would be written through a link` : undefined)
    if (entry.is === 'link') links.add(plainly(name))
    if (links.size > MOST_LINKS) wrong = { is: 'broken', says: `it holds more than ${MOST_LINKS} links` }
    if (entry.is === 'hard link' && size > 0) wrong = { is: 'broken', says: 'a hard link in it has contents of its own' }
    if (odd !== undefined) wrong = { is: 'refused', says: odd }
    else see(entry)
    entries++
    bytes += size
    if (entries > MOST_ENTRIES) wrong = { is: 'broken', says: `it holds more than ${MOST_ENTRIES} names` }
    sparse = read.type === 'S' && block[482] === 1
    skip = 'file' === entry.is || !(read.type in KINDS) ? Math.ceil(size / BLOCK) * BLOCK : 0
  }
  const extend = (content: Buffer, kind: string): void => {
    if (kind === 'L') next = { ...next, path: textOf(content) }
    else if (kind === 'K') next = { ...next, linkpath: textOf(content) }
    else {
      const found = readPax(content)
      if (found === undefined) wrong = { is: 'broken', says: 'a header of extensions in it makes no sense' }
      else if (kind === 'g') global = { ...global, ...found }
      else next = { ...next, ...found }
    }
  }
  /** True when something was taken from what is held. */
  const step = (): boolean => {
    if (skip > 0) {
      const some = Math.min(skip, held.length)
      held = held.subarray(some)
      skip -= some
      return some > 0
    }
    const want = extension ? Math.ceil(extension.size / BLOCK) * BLOCK : BLOCK
    if (held.length < want) return false
    const block = held.subarray(0, want)
    held = held.subarray(want)
    if (extension) {
      const { kind, size } = extension
      extension = undefined
      extend(block.subarray(0, size), kind)
    } else if (sparse) sparse = block[504] === 1
    else header(block)
    return true
  }
  return {
    take(chunk) {
      if (wrong) return
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk])
      while (!wrong && step());
    },
    end: () => wrong ?? (skip > 0 || held.length > 0 || extension !== undefined ? { is: 'broken', says: 'it ends in the middle of an entry' }
      : zeros === 0 ? { is: 'broken', says: entries === 0 ? 'it is empty' : 'its end is missing: it was cut short' } : { is: 'whole', entries, bytes }),
  }
}

/** True when this looks like the first block of a tar archive. */
export const isTar = (head: Uint8Array): boolean => head.length >= BLOCK && typeof readHeader(Buffer.from(head.subarray(0, BLOCK))) !== 'string'

interface Extended {
  readonly path?: string
  readonly linkpath?: string
  readonly size?: number
}

const KINDS: Readonly<Record<string, TarEntry['is']>> = { '0': 'file', '\0': 'file', '7': 'file', S: 'file', '5': 'folder', '2': 'link', '1': 'hard link' }

function readHeader(block: Buffer): { readonly name: string; readonly size: number; readonly type: string; readonly link: string } | string {
  const sum = readNumber(block.subarray(148, 156))
  let found = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) found += block[i] ?? 0
  if (sum !== found) return 'a header in it has a wrong checksum'
  const size = readNumber(block.subarray(124, 136))
  if (size === undefined) return 'a header in it has no size'
  const prefix = block.subarray(257, 262).toString('latin1') === 'ustar' && block[262] === 0 ? textOf(block.subarray(345, 500)) : ''
  const name = textOf(block.subarray(0, 100))
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(block[156] ?? 0), link: textOf(block.subarray(157, 257)) }
}

/** Octal, or binary with the first bit set. */
function readNumber(field: Buffer): number | undefined {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let n = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) n = n * 256 + byte
    return Number.isSafeInteger(n) ? n : undefined
  }
  const text = textOf(field).trim()
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined
}

/** Records of the form `length key=value\n`. */
function readPax(content: Buffer): Extended | undefined {
  let found: Extended = {}
  let at = 0
  while (at < content.length && content[at] !== 0) {
    const space = content.indexOf(0x20, at)
    const length = Number(content.subarray(at, space).toString('latin1'))
    const record = content.subarray(space + 1, at + length - 1).toString('utf8')
    const equals = record.indexOf('=')
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > content.length || equals < 1) return undefined
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)]
    if (key === 'path' || key === 'GNU.sparse.name') found = { ...found, path: value }
    else if (key === 'linkpath') found = { ...found, linkpath: value }
    else if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) return undefined
      found = { ...found, size: Number(value) }
    }
    at += length
  }
  return found
}

const plainly = (name: string): string => name.split('/').filter((part) => part !== '' && part !== '.').join('/')

/** True when a folder on the way to this name is a link. */
function behind(links: ReadonlySet<string>, name: string): boolean {
  const parts = plainly(name).split('/')
  return parts.some((_, i) => i > 0 && links.has(parts.slice(0, i).join('/')))
}

const textOf = (field: Buffer): string => {
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString('utf8')
}

/** Why this entry may not be unpacked; `undefined` when it may. */
export function oddEntry({ name, is, to }: TarEntry): string | undefined {
  const shown = JSON.stringify(name.toWellFormed()).slice(0, 120)
  if (name === '') return 'an entry has no name'
  if (name.startsWith('/')) return `${shown} is an absolute name`
  if (name.split('/').includes('..')) return `${shown} leads out of the folder`
  if (is === 'other') return `${shown} is neither file, folder nor link`
  if (to === undefined) return undefined
  if (to === '' || to.startsWith('/')) return `${shown} is a link to ${JSON.stringify(to).slice(0, 120)}, out of the folder`
  // A hard link names its target from the root of the archive, a symbolic one from where it stands.
  let depth = is === 'hard link' ? 0 : name.split('/').filter((part) => part !== '' && part !== '.').length - 1
  for (const part of to.split('/')) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return `${shown} is a link to ${JSON.stringify(to).slice(0, 120)}, out of the folder`
  }
  return undefined
}
