// What stands in a damaged table of MariaDB and not in the restored one. Rows are read by ranges of a whole-numbered primary key, halved wherever one cannot be read, so
// that a bad page hides only its own rows. It is never examined by CHECK TABLE: a table that this finds damaged cannot be read any more until the server
// starts again. Where the key is of another kind, all or nothing is read.
import type { Ran } from '../../../../ports/backup.ts'
import type { TableLoss } from '../../../../ports/backup/live.ts'
import { gist } from '../../../../ports/backup/words.ts'

interface Place { readonly schema: string; readonly table: string }
interface Reader {
  ask(sql: string): Promise<readonly string[]>
  run(sql: string): Promise<Ran>
}

/** So many questions are asked of a damaged table. */
const MOST_ASKED = 600
const SHOWN = 20

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
const named = ({ schema, table }: Place): string => `${quoted(schema)}.${quoted(table)}`

interface Sum {
  rows: number
  missing: number
  newest: string | null
  keys: string[]
  /** Ranges of keys that could not be read. */
  unread: string[]
  asked: number
}

export async function lossBetween(link: Reader, live: Place, side: Place): Promise<TableLoss> {
  const of = `table_schema = ${literal(live.schema)} and table_name = ${literal(live.table)}`
  const keys = await link.ask(`select column_name from information_schema.statistics where ${of} and index_name = 'PRIMARY' order by seq_in_index`)
  const times = await link.ask(`select column_name from information_schema.columns where ${of} and data_type in ('datetime', 'timestamp', 'date') order by ordinal_position`)
  const whole = keys.length === 1 && (await link.ask(`select 1 from information_schema.columns where ${of} and column_name = ${literal(keys[0] ?? '')} and data_type in ('tinyint', 'smallint', 'mediumint', 'int', 'bigint')`)).length > 0
  const newest = times.length === 0 ? 'null' : times.length === 1 ? `o.${quoted(times[0] ?? '')}` : `greatest(${times.map((it) => `coalesce(o.${quoted(it)}, 0)`).join(', ')})`
  const there = keys.length === 0 ? 'true' : `exists (select 1 from ${named(side)} s where ${keys.map((it) => `s.${quoted(it)} = o.${quoted(it)}`).join(' and ')})`
  const key = keys.length === 0 ? "''" : `concat_ws(', ', ${keys.map((it) => `o.${quoted(it)}`).join(', ')})`
  // Another index may be damaged where the rows are not, and the other way round.
  const from = `${named(live)} o${keys.length === 0 ? '' : ' force index (primary)'}`
  const sum: Sum = { rows: 0, missing: 0, newest: null, keys: [], unread: [], asked: 0 }
  const look = async (where: string): Promise<string | undefined> => {
    sum.asked++
    const ran = await link.run(`set time_zone = '+00:00'; select count(*), sum(not ${there}), max(${newest}) from ${from} ${where};`)
    if (ran.exit !== 0) return gist(ran)
    const [rows = '0', missing = '0', last = 'NULL'] = ran.out.trim().split('\t')
    sum.rows += Number(rows)
    sum.missing += Number(missing === 'NULL' ? 0 : missing)
    if (last !== 'NULL' && (sum.newest === null || last > sum.newest)) sum.newest = last
    if (Number(missing) > 0 && sum.keys.length < SHOWN) sum.keys.push(...await link.ask(`select ${key} from ${from} ${where}${where === '' ? ' where' : ' and'} not ${there} limit ${SHOWN - sum.keys.length}`).catch(() => []))
    return undefined
  }
  const first = await look('')
  const [restored = 'NULL'] = await link.ask(`set time_zone = '+00:00'; select max(${newest}) from ${named(side)} o`)
  const told = (readable: TableLoss['readable'], unread: string): TableLoss => ({
    readable, rows: readable === 'none' ? null : sum.rows, unread, missing: readable === 'none' || keys.length === 0 ? null : sum.missing, keys: sum.keys, newest: { damaged: sum.newest, restored: restored === 'NULL' ? null : restored },
  })
  if (first === undefined) return told('all', '')
  if (!whole) return told('none', first)
  const column = `o.${quoted(keys[0] ?? '')}`
  const bounds = await boundsOf(link, live, quoted(keys[0] ?? ''))
  if (bounds === undefined) return told('none', first)
  await byRanges(bounds, sum, (from, to) => look(`where ${column} between ${from} and ${to}`))
  return sum.rows === 0 ? told('none', first) : told('part', `${keys[0]} ${sum.unread.slice(0, 5).join(', ')}${sum.unread.length > 5 ? ', …' : ''}`)
}

/** Both ends of the key, each from the leaf that it stands on. */
async function boundsOf({ run }: Reader, live: Place, key: string): Promise<readonly [bigint, bigint] | undefined> {
  const ends: bigint[] = []
  for (const order of ['asc', 'desc']) {
    const ran = await run(`select ${key} from ${named(live)} order by ${key} ${order} limit 1`)
    if (ran.exit !== 0 || !/^-?\d+\s*$/.test(ran.out)) return undefined
    ends.push(BigInt(ran.out.trim()))
  }
  const [from, to] = ends
  return from === undefined || to === undefined ? undefined : [from, to]
}

/** Halves what cannot be read until it is small; ranges side by side are said as one. */
export async function byRanges([from, to]: readonly [bigint, bigint], sum: Pick<Sum, 'unread' | 'asked'>, look: (from: bigint, to: bigint) => Promise<string | undefined>): Promise<void> {
  const bad: [bigint, bigint][] = []
  const waiting: [bigint, bigint][] = [[from, to]]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [a, b] = next
    const wrong = a === from && b === to ? 'known' : await look(a, b)
    if (wrong === undefined) continue
    if (a === b || sum.asked >= MOST_ASKED) {
      const before = bad.at(-1)
      if (before && before[1] + 1n === a) before[1] = b
      else bad.push([a, b])
      continue
    }
    const middle = a + (b - a) / 2n
    waiting.push([middle + 1n, b], [a, middle])
  }
  sum.unread.push(...bad.map(([a, b]) => (a === b ? `${a}` : `${a} to ${b}`)))
}
