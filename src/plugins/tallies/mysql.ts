// Counting in MySQL and MariaDB: one consistent snapshot, read only. No other connection can be given it, so what is counted around a dump brackets it:
// once before, once after. A statement that is refused, or takes too long, ends alone. Tables that keep no versions (MyISAM, Aria) show
// whatever they hold at that moment.
import { Fault } from '../../core/fault.ts'
import type { Span } from '../../core/time.ts'
import { readDatabase, type Database } from '../../ports/database.ts'
import { countTables, MOST_TABLES, newestRow, patient, signedIn, wordsBy, type ServerSeen, type Snapshot, type TallyContext, type Tallying, type TallyManners, type TallyWant } from '../../ports/tally/tally.ts'
import { loadMysql, MYSQL, mysqlOver, mysqlWords, type MysqlSession } from '../databases/mysql.ts'

/** So many rows of an answer are kept. */
const MOST_ROWS = MOST_TABLES + 1

const tallying: Tallying = {
  async open(url, { share, within }, context, signal) {
    const database = readDatabase(url, MYSQL)
    if (typeof database === 'string') throw new Fault(database, 'never')
    if (share) throw new Fault('MySQL and MariaDB have no snapshot that another program could be given', 'never')
    const create = await loadMysql()
    return signedIn({
      database, within, context, signal, words: (cause) => wordsOf(cause, database),
      over: (socket) => mysqlOver(create, database, socket, within),
      begin: (session, leave) => begin({ session, database, within, context, signal, leave }),
    })
  },
}

export default tallying

const wordsOf = (cause: unknown, database: Database): string => wordsBy(mysqlWords, cause, database)

interface Beginning {
  readonly session: MysqlSession
  readonly database: Database
  readonly within: Span
  readonly context: TallyContext
  readonly signal: AbortSignal
  readonly leave: () => void
}

async function begin({ session, database, within, context, signal, leave }: Beginning): Promise<Snapshot> {
  const { timers, now } = context
  const ask: TallyManners['ask'] = async (text, what, span) => {
    const rows: (string | null)[][] = []
    await patient(session.ask(text, undefined, (row) => void (rows.length < MOST_ROWS && rows.push(row.map((value) => value?.toString('utf8') ?? null)))), `no answer to ${what}`, span, { timers, signal })
    return rows
  }
  const [[version = ''] = []] = await ask('select version()', 'its version', within)
  const isMaria = version?.includes('MariaDB') === true
  const limit = async (span: Span): Promise<void> => void (await ask(`set session ${isMaria ? `max_statement_time = ${span / 1000}` : `max_execution_time = ${span}`}`, 'a setting', within))
  await limit(within)
  for (const it of ["time_zone = '+00:00'", 'transaction isolation level repeatable read', 'transaction read only']) await ask(`set session ${it}`, 'a setting', within)
  await ask('start transaction with consistent snapshot', 'the beginning of a transaction', within)
  const at = now().wall
  const server = await serverOf(ask, version ?? '', within)
  const manners: TallyManners = {
    ask, limit, begin: () => Promise.resolve(), undo: () => Promise.resolve(),
    isServers: (cause) => typeof (cause as { errno?: unknown } | null)?.errno === 'number' && typeof (cause as { sqlState?: unknown } | null)?.sqlState === 'string',
    words: (cause) => wordsOf(cause, database),
    quoted: (parts) => parts.map((part) => `\`${part.replaceAll('`', '``')}\``).join('.'),
  }
  return {
    leave,
    async count(want) {
      const { tables, leftOut } = await tablesOf(manners, want, database.name)
      const counting = { manners, want, now }
      // The newest row first: it is one statement, and the tables may take all of the time.
      const newest = await newestRow(counting)
      return { at, server, tables: await countTables(counting, tables), leftOut, ...(newest ? { newest } : {}) }
    },
  }
}

async function serverOf(ask: TallyManners['ask'], version: string, within: Span): Promise<ServerSeen> {
  const [[database, readOnly] = []] = await ask('select database(), @@global.read_only', 'the question who it is', within)
  const rows = await ask("show global variables where variable_name in ('server_uuid', 'server_uid')", 'its name', within)
  return { version, database: database ?? '', oid: '', system: rows[0]?.[1] ?? '', replica: readOnly === '1' }
}

interface Tables {
  readonly tables: readonly { readonly name: string; readonly parts: readonly string[] }[]
  readonly leftOut: number
}

const OWN = "('mysql', 'information_schema', 'performance_schema', 'sys')"

/** Those of the database that the address names, by their names alone; where it names none, all, as database.table. */
async function tablesOf(manners: TallyManners, want: TallyWant, database: string): Promise<Tables> {
  if (want.tables) return { tables: want.tables.map((name) => ({ name, parts: name.split('.') })), leftOut: 0 }
  const these = database === '' ? `table_schema not in ${OWN}` : 'table_schema = database()'
  const rows = await manners.ask(`select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' and ${these} order by coalesce(data_length, 0), 1, 2 limit ${MOST_ROWS}`, 'which tables there are', want.statement)
  const [[all = null] = []] = await manners.ask(`select count(*) from information_schema.tables where table_type = 'BASE TABLE' and ${these}`, 'how many tables there are', want.statement)
  const tables = rows.slice(0, MOST_TABLES).map(([schema, table]) => ({ name: database === '' ? `${schema}.${table}` : table ?? '', parts: [schema ?? '', table ?? ''] }))
  return { tables, leftOut: Math.max(0, Number(all ?? 0) - tables.length) }
}
