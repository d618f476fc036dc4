// A dump of MariaDB or MySQL, read as its client reads it, before the client sees it. A backslash outside of quotes is a command of the client and
// could run programs: such a dump is refused, but for the line that newer dumps begin with to forbid just that. What is learnt on the way
// says whether the dump is whole, and into which database it goes.

export interface DumpFacts {
  /** `-- Dump completed` stands at its end. */
  complete: boolean
  tables: number
  /** What it says to use, in its order; none: it goes into whatever is there. */
  readonly databases: string[]
  /** The server that it is of, by its own word: `11.4.2-MariaDB`. */
  server?: string
}

export const newFacts = (): DumpFacts => ({ complete: false, tables: 0, databases: [] })

/** Why a dump is not given to the client. */
export class Refusal extends Error {}

const NUL = 0
const NEWLINE = 10
const BANG = 33
const DOUBLE = 34
const HASH = 35
const QUOTE = 39
const STAR = 42
const SLASH = 47
const CAPITAL_M = 77
const BACKSLASH = 92
const BACKTICK = 96
const SANDBOX = /^\/\*M?!999999\\- enable the sandbox mode \*\/ *$/
const MOST_LINE = 512
const TAIL = 512
/** Of which server it is stands among its first lines. */
const HEAD = 2048

type In = 'sql' | 'string' | 'line comment' | 'comment'

/** Gives on what it reads, and fills `facts`. Throws a `Refusal`. */
export async function* sifted(dump: AsyncIterable<Uint8Array>, facts: DumpFacts): AsyncGenerator<Buffer> {
  const reader = createReader(facts)
  let tail = ''
  let head = ''
  for await (const chunk of dump) {
    for (const byte of chunk) reader.take(byte)
    if (head.length < HEAD) head += Buffer.from(chunk.subarray(0, HEAD)).toString('latin1')
    tail = (tail + Buffer.from(chunk.subarray(-TAIL)).toString('latin1')).slice(-TAIL)
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  reader.end()
  const server = /^-- Server version\s+(\d[\w.+~-]{0,60})/m.exec(head.slice(0, HEAD))?.[1]
  if (server !== undefined) facts.server = server
  facts.complete = tail.includes('-- Dump completed')
}

function createReader(facts: DumpFacts): { take(byte: number): void; end(): void } {
  let state: In = 'sql'
  let quote = 0
  let escaped = false
  let line = 1
  /** What stands outside of quotes and comments in this line, and whether a backslash is in it. */
  let words = ''
  let commanded = false
  /** The two bytes before, outside of quotes and comments. */
  let [before, earlier] = [0, 0]
  const refuse = (why: string): never => {
    throw new Refusal(`line ${line}: ${why}`)
  }
  const endLine = (): void => {
    if (commanded && !SANDBOX.test(words)) refuse(`“${words.slice(0, 60)}” is a command of the client, and a drill hands none on. A dump holds none: make it anew, or find out who changed it`)
    if (/^CREATE TABLE /i.test(words)) facts.tables++
    const used = /^USE `([^`]+)`;/i.exec(words)?.[1]
    if (used !== undefined && !facts.databases.includes(used)) facts.databases.push(used)
    words = ''
    commanded = false
  }
  const outside = (byte: number): void => {
    if (byte === NUL) refuse('a NUL stands in it')
    // A comment with an exclamation mark is run, so what is in it counts.
    const opens = earlier === SLASH && before === STAR && byte !== BANG && byte !== CAPITAL_M
    ;[earlier, before] = [before, byte]
    if (byte === NEWLINE) return endLine()
    if (words.length < MOST_LINE) words += String.fromCharCode(byte)
    if (byte === BACKSLASH) {
      commanded = true
      if (words.length >= MOST_LINE) endLine()
    } else if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) [state, quote] = ['string', byte]
    else if (byte === HASH || /--[ \t]$/.test(words)) state = 'line comment'
    else if (opens) state = 'comment'
  }
  return {
    take(byte) {
      if (state === 'sql') outside(byte)
      else if (state === 'string') {
        if (escaped) escaped = false
        else if (byte === BACKSLASH && quote !== BACKTICK) escaped = true
        else if (byte === quote) state = 'sql'
        if (quote === BACKTICK && words.length < MOST_LINE) words += String.fromCharCode(byte)
      } else if (state === 'comment') {
        if (before === STAR && byte === SLASH) state = 'sql'
        before = byte
      } else if (byte === NEWLINE) {
        state = 'sql'
        words = ''
      }
      if (byte === NEWLINE) line++
    },
    end() {
      endLine()
      if (state === 'string') refuse('it ends in the middle of a statement')
    },
  }
}
