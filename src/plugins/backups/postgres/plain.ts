// A plain dump of PostgreSQL, read as psql reads it, before psql sees it. Commands of psql (a backslash outside of quotes) could run programs and
// read files, so a dump that holds one is refused; only the end marker of COPY and the `\restrict` lines of newer dumps are known, and
// the latter taken out. Statements that concern the server it came from and not what it holds (owners, rights, roles, subscriptions,
// event triggers, tablespaces) are left out, as `pg_restore --no-owner --no-acl` leaves them out; what was left out is counted.

/** What was learnt of a dump on the way through. */
export interface PlainFacts {
  /** `-- PostgreSQL database dump complete` stands at its end. */
  complete: boolean
  /** Versions of the server that it was taken from, and of the pg_dump that took it. */
  server: string | undefined
  program: string | undefined
  readonly extensions: Set<string>
  tables: number
  /** Statements that were left out, by kind. */
  readonly leftOut: Map<string, number>
}

export const newFacts = (): PlainFacts => ({ complete: false, server: undefined, program: undefined, extensions: new Set(), tables: 0, leftOut: new Map() })

/** Why a dump is not given to psql. */
export class Refusal extends Error {}

/** Gives on what psql may see, and fills `facts`. Throws a `Refusal`. */
export async function* sifted(dump: AsyncIterable<Uint8Array>, facts: PlainFacts): AsyncGenerator<Buffer> {
  const sieve = createSieve(facts)
  for await (const chunk of dump) {
    const out = sieve.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    if (out.length > 0) yield out
  }
  const rest = sieve.end()
  if (rest.length > 0) yield rest
}

export interface Sieve {
  /** Takes a piece, and gives what of all pieces so far can be given on. */
  take(chunk: Buffer): Buffer
  end(): Buffer
}

/** A longer statement is given on as it comes: none that is left out is so long. */
const MOST_STATEMENT = 64 * 1024
/** What has to be seen of a line to know what it is. */
const LINE = 512
const COMPLETE = '-- PostgreSQL database dump complete'

const NUL = 0
const NEWLINE = 10
const DOUBLE = 34
const DOLLAR = 36
const QUOTE = 39
const STAR = 42
const DASH = 45
const SLASH = 47
const SEMICOLON = 59
const BACKSLASH = 92

const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^ALTER .* OWNER TO \S+$/i, 'owners'],
  [/^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) /i, 'rights'],
  [/^(?:CREATE|ALTER|DROP) (?:ROLE|USER|GROUP) /i, 'roles'],
  [/^(?:SET|RESET) SESSION AUTHORIZATION/i, 'owners'],
  [/^(?:CREATE|ALTER) SUBSCRIPTION /i, 'subscriptions'],
  [/^(?:CREATE|ALTER) PUBLICATION /i, 'publications'],
  [/^(?:CREATE|ALTER) EVENT TRIGGER /i, 'event triggers'],
  [/^(?:CREATE|ALTER) (?:SERVER|USER MAPPING) /i, 'foreign servers'],
  [/^(?:CREATE|ALTER|COMMENT ON) EXTENSION /i, 'extensions, which were made before'],
  [/^COMMENT ON (?:EVENT TRIGGER|SUBSCRIPTION|PUBLICATION|ROLE|DATABASE|SERVER) /i, 'comments on them'],
  [/^SECURITY LABEL /i, 'security labels'],
  [/^SET default_tablespace = /i, 'tablespaces'],
]

type In = 'sql' | 'string' | 'escaped string' | 'name' | 'dollar' | 'line comment' | 'comment' | 'copy'

/** The machine itself. It waits for more (`false`) wherever the next bytes could change what these mean. */
export function createSieve(facts: PlainFacts): Sieve {
  let state: In = 'sql'
  let all: Buffer = Buffer.alloc(0)
  /** Scanned up to here; given on or left out up to there. */
  let at = 0
  let begun = 0
  let last = false
  let line = 1
  let depth = 0
  let tag: Buffer = Buffer.alloc(0)
  /** The statement's words, without comments and the contents of strings. */
  let words = ''
  let long = false
  /** Within a COPY: `at` is where a line begins. */
  let fresh = false
  let tail = ''
  let out: Buffer[] = []

  const refuse = (why: string): never => {
    throw new Refusal(`line ${line}: ${why}`)
  }
  const cut = (to: number, give: boolean): void => {
    if (give) out.push(all.subarray(begun, to))
    begun = to
  }
  const statement = (to: number, give: boolean): true => {
    cut(to, give)
    at = to
    words = ''
    long = false
    return true
  }
  const note = (byte: number): void => {
    if (words.length < MOST_STATEMENT) words += String.fromCharCode(byte)
  }
  const lineFrom = (from: number): string | undefined => {
    const end = all.indexOf(NEWLINE, from)
    if (end < 0 && !last && all.length - from < LINE) return undefined
    return all.subarray(from, Math.min(end < 0 ? all.length : end, from + LINE)).toString('latin1')
  }
  const copy = (): boolean => {
    const end = endOfCopy(all, at, fresh)
    const to = end ?? (last ? all.length : Math.max(at, lineStartNear(all)))
    line += linesIn(all, at, to)
    if (to > at) fresh = all[to - 1] === NEWLINE
    cut(to, true)
    at = to
    if (end !== undefined) state = 'sql'
    else if (last) refuse('it ends in the middle of a table')
    return end !== undefined
  }
  const comment = (): boolean => {
    const text = lineFrom(at)
    if (text === undefined) return false
    const [, by, version] = /^-- Dumped (from database|by pg_dump) version (\d+(?:\.\d+)?)/.exec(text) ?? []
    if (by === 'from database') facts.server ??= version
    else if (by !== undefined) facts.program ??= version
    state = 'line comment'
    at += 2
    return true
  }
  const command = (): boolean => {
    const text = lineFrom(at)?.trimEnd()
    if (text === undefined) return false
    const alone = words.trim() === '' && (at === begun || all[at - 1] === NEWLINE)
    if (alone && /^\\(?:un)?restrict [A-Za-z0-9]+$/.test(text)) {
      cut(at, true)
      return statement(at + text.length, false)
    }
    return refuse(`“${text.slice(0, 60)}” is a command of psql, and a drill hands none on. A dump holds none as pg_dump writes it without --create: make it anew, or find out who changed it`)
  }
  const ended = (): boolean => {
    const said = words.replaceAll(/\s+/g, ' ').trim()
    if (/^COPY [^()]+(?:\([^()]*\) )?FROM stdin$/i.test(said)) {
      const end = all.indexOf(NEWLINE, at)
      if (end < 0) return last ? refuse('it ends in the middle of a table') : false
      line++
      facts.tables++
      statement(end + 1, true)
      ;[state, fresh] = ['copy', true]
      return true
    }
    if (/standard_conforming_strings/i.test(said) && !/^SET standard_conforming_strings = on$/i.test(said)) refuse('it turns standard_conforming_strings off: where its strings end cannot be told safely')
    if (/^CREATE (?:UNLOGGED )?TABLE /i.test(said)) facts.tables++
    const extension = /^CREATE EXTENSION (?:IF NOT EXISTS )?("[^"]+"|[\w-]+)/i.exec(said)?.[1]
    if (extension !== undefined) facts.extensions.add(extension.replaceAll('"', ''))
    const kind = long ? undefined : LEFT_OUT.find(([pattern]) => pattern.test(said))?.[1]
    if (kind !== undefined) facts.leftOut.set(kind, (facts.leftOut.get(kind) ?? 0) + 1)
    return statement(at + 1, kind === undefined)
  }
  const sql = (byte: number): boolean => {
    if ((byte === DASH || byte === SLASH) && at + 1 >= all.length && !last) return false
    if (byte === DASH && all[at + 1] === DASH) return comment()
    if (byte === SLASH && all[at + 1] === STAR) {
      ;[state, depth] = ['comment', 1]
      at += 2
      return true
    }
    if (byte === BACKSLASH) return command()
    if (byte === SEMICOLON) return ended()
    if (byte === DOLLAR && !isWord(all[at - 1])) {
      const text = lineFrom(at)
      if (text === undefined) return false
      const found = /^\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/.exec(text)?.[0]
      if (found !== undefined) {
        ;[state, tag] = ['dollar', Buffer.from(found, 'latin1')]
        at += found.length
        return true
      }
    }
    if (byte === QUOTE) state = (all[at - 1] === 0x45 || all[at - 1] === 0x65) && !isWord(all[at - 2]) ? 'escaped string' : 'string'
    if (byte === DOUBLE) state = 'name'
    note(byte)
    at++
    return true
  }
  /** Within quotes and comments: how far this byte, or these two, lead. */
  const inside = (byte: number): boolean => {
    const two = all[at + 1]
    const pair = state === 'comment' ? byte === STAR || byte === SLASH : state === 'escaped string' && byte === BACKSLASH
    if (pair && two === undefined && !last) return false
    if (state === 'dollar' && byte === DOLLAR) {
      if (at + tag.length > all.length && !last) return false
      if (all.subarray(at, at + tag.length).equals(tag)) {
        state = 'sql'
        at += tag.length
        return true
      }
    } else if (state === 'comment' && byte === STAR && two === SLASH) {
      if (--depth === 0) state = 'sql'
      at++
    } else if (state === 'comment' && byte === SLASH && two === STAR) {
      depth++
      at++
    } else if (state === 'escaped string' && byte === BACKSLASH) {
      if (two === NEWLINE) line++
      at++
    } else if ((state === 'name' && byte === DOUBLE) || (state.endsWith('string') && byte === QUOTE) || (state === 'line comment' && byte === NEWLINE)) {
      if (state === 'name') note(byte)
      state = 'sql'
    } else if (state === 'name') note(byte)
    at++
    return true
  }
  const scan = (): void => {
    while (at < all.length) {
      const byte = all[at] ?? 0
      const from = at
      if (state === 'copy' ? !copy() : state === 'sql' ? !sql(byte) : !inside(byte)) break
      if (byte === NEWLINE && at === from + 1) line++
      if (byte === NUL) refuse('a NUL stands in it')
      if (at - begun > MOST_STATEMENT) {
        long = true
        // What stands right before decides what a quote means.
        cut(at - 4, true)
      }
    }
  }
  const take = (chunk: Buffer): Buffer => {
    if (chunk.length > 0) tail = (tail + chunk.subarray(-LINE).toString('latin1')).slice(-LINE)
    all = begun === all.length ? chunk : Buffer.concat([all.subarray(begun), chunk])
    at -= begun
    begun = 0
    out = []
    scan()
    return out.length === 1 ? (out[0] ?? chunk) : Buffer.concat(out)
  }
  return {
    take,
    end() {
      last = true
      const given = take(Buffer.alloc(0))
      if (state === 'copy') refuse('it ends in the middle of a table')
      if (state !== 'sql' && state !== 'line comment') refuse('it ends in the middle of a statement')
      facts.complete = tail.includes(COMPLETE)
      return Buffer.concat([given, all.subarray(begun)])
    },
  }
}

const isWord = (byte: number | undefined): boolean =>
  byte !== undefined && ((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte === DOLLAR || byte >= 128)

/** Behind the line `\.` that ends a COPY. `fresh`: a line begins at `from`. */
function endOfCopy(all: Buffer, from: number, fresh: boolean): number | undefined {
  for (let at = from, begins = fresh; ; begins = true) {
    if (begins && all[at] === BACKSLASH && all[at + 1] === 0x2e) {
      if (all[at + 2] === NEWLINE) return at + 3
      if (all[at + 2] === 13 && all[at + 3] === NEWLINE) return at + 4
    }
    const next = all.indexOf('\n\\.', at)
    if (next < 0) return undefined
    at = next + 1
  }
}

/** The start of the last line that may still become the end marker. */
const lineStartNear = (all: Buffer): number => {
  const newline = all.lastIndexOf(NEWLINE)
  return newline >= all.length - 4 ? newline + 1 : all.length
}

function linesIn(all: Buffer, from: number, to: number): number {
  let n = 0
  for (let at = all.indexOf(NEWLINE, from); at >= 0 && at < to; at = all.indexOf(NEWLINE, at + 1)) n++
  return n
}
