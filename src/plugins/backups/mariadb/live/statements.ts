// A dump of MariaDB, statement by statement, on its way into a place of its own. What is let through is named here, and nothing else is run: a table made and
// filled by its bare name, and the settings of the session that dumps begin with. A name that leads into another database, a setting of the server, or
// a statement that no dump holds refuses it. Of one table only its own statements are given on.

/** Why a dump is not given on. */
export class NoStatement extends Error {}

const LONGEST = 1024 * 1024 * 1024
const BEGINS = 64
const END = Buffer.from('\n')
const [NEWLINE, DOUBLE, HASH, QUOTE, STAR, MINUS, SLASH, CAPITAL_M, BACKSLASH, BACKTICK, BANG] = [10, 34, 35, 39, 42, 45, 47, 77, 92, 96, 33]

/** Statements without their ends; `DELIMITER` is understood, and comments that are not run are left out. */
export async function* statements(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let all = Buffer.alloc(0)
  let delimiter = Buffer.from(';')
  // How far the statement at the beginning of `all` was looked at, and within which quotes that was.
  let seen = { at: 0, quote: 0 }
  for await (const chunk of ended(dump)) {
    const over = chunk === END
    all = all.length === 0 ? Buffer.from(chunk) : Buffer.concat([all, chunk])
    for (;;) {
      if (seen.at === 0) all = all.subarray(skipped(all))
      // What a statement is can be told by its first bytes, once they are all there.
      if (seen.at === 0 && all.length < BEGINS && !over) break
      const line = seen.at === 0 ? /^DELIMITER +(\S+)[^\n]*\n/i.exec(all.subarray(0, BEGINS).toString('latin1')) : null
      if (line?.[1] !== undefined) {
        delimiter = Buffer.from(line[1])
        all = all.subarray(line[0].length)
        continue
      }
      seen = scanned(all, delimiter, seen)
      if (!('end' in seen)) break
      const end = Number(seen.end)
      yield Buffer.from(all.subarray(0, end))
      all = all.subarray(end + delimiter.length)
      seen = { at: 0, quote: 0 }
    }
    if (all.length > LONGEST) throw new NoStatement('it holds a statement that is longer than any row')
  }
  if (!/^(?:--[^\n]*\s*)*$/.test(all.subarray(skipped(all)).subarray(0, 4096).toString('latin1'))) throw new NoStatement('it was cut short in the middle of a statement')
}

/** With a line end of its own, so that a last comment ends. */
async function* ended(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* dump
  yield END
}

/** Past spaces, and comments that nobody runs, as far as they are there whole. */
function skipped(all: Buffer): number {
  let at = 0
  for (;;) {
    while (at < all.length && (all[at] ?? 0) <= 32) at++
    const isLine = (all[at] === MINUS && all[at + 1] === MINUS) || all[at] === HASH
    const isComment = all[at] === SLASH && all[at + 1] === STAR && all.length > at + 2 && all[at + 2] !== BANG && all[at + 2] !== CAPITAL_M
    // The line by which newer dumps forbid commands of the client; it is a comment to everybody else.
    const isSandbox = /^\/\*M?!999999\\- /.test(all.subarray(at, at + 16).toString('latin1'))
    const end = isLine || isSandbox ? all.indexOf(NEWLINE, at) : isComment ? all.indexOf('*/', at + 2) : -1
    if (end < 0) return at
    at = isLine || isSandbox ? end + 1 : end + 2
  }
}

type Seen = { at: number; quote: number } | { at: number; quote: number; end: number }

/** Where the delimiter stands outside of quotes and comments, or how far it was looked for. */
function scanned(all: Buffer, delimiter: Buffer, from: { readonly at: number; readonly quote: number }): Seen {
  let { at, quote } = from
  for (; at < all.length; at++) {
    const byte = all[at] ?? 0
    if (quote !== 0) {
      if (byte === BACKSLASH && quote !== BACKTICK) {
        // What it stands before may not be there yet.
        if (at + 1 >= all.length) break
        at++
      } else if (byte === quote) quote = 0
    } else if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) quote = byte
    else if (byte === SLASH && all[at + 1] === STAR && all[at + 2] !== BANG && all[at + 2] !== CAPITAL_M) {
      const end = all.indexOf('*/', at + 2)
      if (end < 0) break
      at = end + 1
    } else if (byte === HASH || byte === MINUS) {
      if (at + 2 >= all.length) break
      if (byte === MINUS && (all[at + 1] !== MINUS || (all[at + 2] ?? 0) > 32)) continue
      const end = all.indexOf(NEWLINE, at)
      if (end < 0) break
      at = end
    } else if (byte === delimiter[0]) {
      if (at + delimiter.length > all.length) break
      if (all.subarray(at, at + delimiter.length).equals(delimiter)) return { at, quote, end: at }
    }
  }
  return { at, quote }
}

const HEAD = 400
const SETTING = /^(?:\/\*M?!\d+ )?SET (?!.*\b(?:GLOBAL|PERSIST|PASSWORD|ROLE)\b)/is
const USE = /^USE `((?:[^`]|``)+)`$/i
const OF_TABLE = /^(?:DROP TABLE IF EXISTS|CREATE TABLE(?: IF NOT EXISTS)?|INSERT (?:IGNORE )?INTO|REPLACE INTO|\/\*!\d+ ALTER TABLE|ALTER TABLE|TRUNCATE TABLE) `((?:[^`]|``)+)`(?=[\s(]|$)/i
const OF_OTHERS = /^(?:\/\*M?!\d+ )?(?:DROP (?:VIEW|TABLE|FUNCTION|PROCEDURE|TRIGGER|EVENT|SEQUENCE)(?: IF EXISTS)? `(?:[^`]|``)+`(?!\s*\.)|CREATE(?:\*\/| (?:ALGORITHM|DEFINER|OR REPLACE|VIEW|TRIGGER|FUNCTION|PROCEDURE|EVENT|SEQUENCE)))/i
const AROUND = /^(?:COMMIT|START TRANSACTION|SELECT SETVAL|DO SETVAL)\b/i

const plain = (name: string): string => name.replaceAll('``', '`')
const headOf = (statement: Buffer): string => statement.subarray(0, HEAD).toString('utf8')

export interface TableFacts {
  /** It was made, and by how many statements it was filled. */
  made: boolean
  filled: number
}

/** The statements of one table in a database of the dump, and the settings before them. Throws a `NoStatement` where it is not in it. */
export async function* tableOf(dump: AsyncIterable<Uint8Array>, wanted: { readonly database: string; readonly table: string }, facts: TableFacts): AsyncGenerator<Buffer> {
  let used: string | undefined
  for await (const statement of statements(dump)) {
    const head = headOf(statement)
    const into = USE.exec(head)?.[1]
    if (into !== undefined) {
      used = plain(into)
      continue
    }
    if (SETTING.test(head)) {
      if (statement.length <= HEAD) yield withEnd(statement)
      continue
    }
    const found = OF_TABLE.exec(head)?.[1]
    if (found === undefined || plain(found) !== wanted.table || (used !== undefined && used !== wanted.database)) continue
    if (/^CREATE TABLE/i.test(head)) {
      if (facts.made) throw new NoStatement('the dump makes the table twice')
      if (/\b(?:DATA|INDEX) DIRECTORY\b|\bUNION\s*=|\bCONNECTION\s*=/i.test(withoutQuotes(statement.toString('utf8')))) throw new NoStatement('the table leads out of its database')
      facts.made = true
    }
    if (/^(?:INSERT|REPLACE)/i.test(head)) facts.filled++
    // Into an empty place nothing has to be dropped, locked or emptied.
    if (/^(?:CREATE|INSERT|REPLACE)/i.test(head)) yield withEnd(statement)
  }
  if (!facts.made) throw new NoStatement('the dump does not hold it')
}

/** All of one database, for a new one: without what makes, drops or uses databases. */
export async function* allOf(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const used = new Set<string>()
  for await (const statement of statements(dump)) {
    const head = headOf(statement)
    const into = USE.exec(head)?.[1]
    if (into !== undefined) {
      used.add(plain(into))
      if (used.size > 1) throw new NoStatement('the dump holds several databases: dump them one by one')
      continue
    }
    if (/^(?:\/\*!\d+ )?CREATE DATABASE\b/i.test(head) || /^(?:UN)?LOCK TABLES\b/i.test(head)) continue
    if (![SETTING, OF_TABLE, OF_OTHERS, AROUND].some((it) => it.test(head))) throw new NoStatement(`“${head.slice(0, 60).replaceAll(/\s+/g, ' ')}” is nothing that a dump of one database holds`)
    yield withEnd(statement)
  }
}

const withoutQuotes = (text: string): string => text.replaceAll(/'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`/gs, '')

/** What has a body gets an end that stands in none. */
const withEnd = (statement: Buffer): Buffer => (/^(?:\/\*M?!\d+ )?CREATE(?! TABLE)/i.test(statement.subarray(0, 40).toString('latin1'))
  ? Buffer.concat([Buffer.from('delimiter $hf$\n'), statement, Buffer.from(' $hf$\ndelimiter ;\n')]) : Buffer.concat([statement, Buffer.from(';\n')]))
