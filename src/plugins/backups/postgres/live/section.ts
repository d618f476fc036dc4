// One table's rows out of a dump of PostgreSQL, on their way into another table: its COPY block and nothing else. The line that begins it is made anew from names
// that were read, so that no text of a dump is run; a dump that has no such block, or two, or writes rows as INSERT, is refused.

/** Schema and table. */
export type TableName = readonly [string, string]

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const sqlName = ([schema, table]: TableName): string => `${quoted(schema)}.${quoted(table)}`
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const DOTTED = /^(?:("(?:[^"]|"")+"|[^\s".,()]+)\.)?("(?:[^"]|"")+"|[^\s".,()]+)$/
const plain = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part)

/** As people write it: `schema.table`, `table` (in public), quoted where needed. */
export function readName(text: string): TableName | undefined {
  const found = DOTTED.exec(text)
  return found?.[2] === undefined ? undefined : [found[1] === undefined ? 'public' : plain(found[1]), plain(found[2])]
}

/** For people, and read again by `readName`. */
export const sayName = ([schema, table]: TableName): string => [schema, table].map((it) => (/^[A-Za-z_][\w$]*$/.test(it) ? it : quoted(it))).join('.')

/** Why a table cannot be taken out of a dump. */
export class NoSection extends Error {}

export interface SectionFacts {
  /** As the dump names them. */
  columns: readonly string[] | undefined
}

type Inside = 'nothing' | 'ours' | 'another'

const COPY = /^COPY (\S.*?) \((.*)\) FROM stdin;$/
const LONGEST = 1024 * 1024 * 1024
const NEWLINE = 10

function columnsOf(text: string): readonly string[] | undefined {
  const parts = text === '' ? [] : text.split(/, (?=(?:[^"]*"[^"]*")*[^"]*$)/)
  const names = parts.map((part) => DOTTED.exec(part))
  return names.every((it) => it !== null && it[1] === undefined) ? names.map((it) => plain(it?.[2] ?? '')) : undefined
}

/** The block of `wanted`, leading into `into`. Fills `facts`; throws a `NoSection` at the end where there was none. */
export async function* section(dump: AsyncIterable<Uint8Array>, wanted: TableName, into: TableName, facts: SectionFacts): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  const state: { inside: Inside } = { inside: 'nothing' }
  let inserts = false
  const begins = (line: Buffer): Buffer | undefined => {
    if (line[0] !== 67 && line[0] !== 73) return undefined
    const text = line.toString('utf8')
    inserts ||= text.startsWith('INSERT INTO ')
    const found = COPY.exec(text)
    if (!found) return undefined
    const name = found[1] === undefined ? undefined : readName(found[1])
    const columns = columnsOf(found[2] ?? '')
    state.inside = name?.[0] === wanted[0] && name[1] === wanted[1] ? 'ours' : 'another'
    if (state.inside !== 'ours') return undefined
    if (facts.columns) throw new NoSection('the dump holds its rows twice')
    if (!columns) throw new NoSection('the dump names its columns in a way that is not understood')
    facts.columns = columns
    return Buffer.from(`COPY ${sqlName(into)} (${columns.map(quoted).join(', ')}) FROM stdin;\n`)
  }
  for await (const chunk of dump) {
    const all = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([rest, chunk])
    let at = 0
    let from = 0
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, at)) {
      const isEnd = end - at === 2 && all[at] === 92 && all[at + 1] === 46
      if (state.inside === 'nothing') {
        const head = begins(all.subarray(at, end))
        if (head) yield head
        from = end + 1
      } else if (isEnd) {
        if (state.inside === 'ours') yield Buffer.from(all.subarray(from, end + 1))
        state.inside = 'nothing'
        from = end + 1
      }
      at = end + 1
    }
    if (state.inside === 'ours' && at > from) yield Buffer.from(all.subarray(from, at))
    rest = Buffer.from(all.subarray(at))
    if (rest.length > LONGEST) throw new NoSection('the dump has a line that is longer than any row')
  }
  if (state.inside !== 'nothing') throw new NoSection('the dump was cut short')
  if (!facts.columns) throw new NoSection(inserts ? 'the dump writes its rows as INSERT: a single table cannot be taken out of it' : 'the dump does not hold its rows')
}

