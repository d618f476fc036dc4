// Counting in PostgreSQL: one REPEATABLE READ, READ ONLY transaction, on a primary or a replica, whose snapshot pg_dump can be given (--snapshot). It is held
// until the end, so that whoever was given its name finds it. Each count stands behind a savepoint: one that is refused, or takes too long, leaves
// the snapshot and the others as they are. Rows that a policy would hide are an error, not fewer rows.
import { Fault } from '../../core/fault.ts'
import type { Span } from '../../core/time.ts'
import { readDatabase, type Database } from '../../ports/database.ts'
import { AFTER_SERVER, countTables, MOST_TABLES, newestRow, patient, signedIn, wordsBy, type ServerSeen, type Snapshot, type TallyContext, type Tallying, type TallyManners, type TallyWant } from '../../ports/tally/tally.ts'
import { loadPostgres, POSTGRES, postgresOver, postgresWords, type PostgresSession } from '../databases/postgres.ts'

/** Values as the server writes them. */
const RAW = { getTypeParser: () => (text: string) => text }

const tallying: Tallying = {
  async open(url, { share, within }, context, signal) {
    const database = readDatabase(url, POSTGRES)
    if (typeof database === 'string') throw new Fault(database, 'never')
    const driver = await loadPostgres()
    return signedIn({
      database, within, context, signal, words: (cause) => wordsOf(cause, database),
      over: (socket) => postgresOver(driver, database, socket, within),
      begin: (session, leave) => begin({ manners: mannersOf(session, database, context, signal), share, within, context, leave }),
    })
  },
}

export default tallying

const wordsOf = (cause: unknown, database: Database): string => wordsBy(postgresWords, cause, database)

interface Beginning {
  readonly manners: TallyManners
  readonly share: boolean
  readonly within: Span
  readonly context: TallyContext
  readonly leave: () => void
}

async function begin({ manners, share, within, context, leave }: Beginning): Promise<Snapshot> {
  const ask = (text: string, what: string): Promise<readonly (readonly (string | null)[])[]> => manners.ask(text, what, within)
  await ask('begin transaction isolation level repeatable read read only', 'the beginning of a transaction')
  for (const it of ['row_security = off', `statement_timeout = ${within}`, 'lock_timeout = 0', 'idle_in_transaction_session_timeout = 0', "datestyle = 'ISO'", "timezone = 'UTC'", "client_encoding = 'UTF8'"]) await ask(`set local ${it}`, 'a setting')
  const [id] = share ? (await ask('select pg_export_snapshot()', 'the name of the snapshot'))[0] ?? [] : []
  // Where none is shared, the first question takes it.
  const server = await serverOf(manners, within)
  const at = context.now().wall
  return {
    ...(typeof id === 'string' ? { id } : {}), leave,
    async count(want) {
      const { tables, leftOut } = await tablesOf(manners, want)
      const counting = { manners, want, now: context.now }
      // The newest row first: it is one statement, and the tables may take all of the time.
      const newest = await newestRow(counting)
      return { at, server, tables: await countTables(counting, tables), leftOut, ...(newest ? { newest } : {}) }
    },
  }
}

function mannersOf(session: PostgresSession, database: Database, { timers }: TallyContext, signal: AbortSignal): TallyManners {
  const ask: TallyManners['ask'] = async (text, what, within) => (await patient(session.query({ text, queryMode: 'extended', types: RAW }), `no answer to ${what}`, within, { timers, signal })).rows
  const plain = async (text: string): Promise<void> => void (await ask(text, 'a statement', AFTER_SERVER))
  return {
    ask,
    limit: (span) => plain(`set local statement_timeout = ${span}`),
    begin: () => plain('savepoint holdfast_count'),
    undo: () => plain('rollback to savepoint holdfast_count'),
    isServers: (cause) => (cause as { name?: unknown } | null)?.name === 'error',
    words: (cause) => wordsOf(cause, database),
    quoted: (parts) => parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.'),
  }
}

async function serverOf(manners: TallyManners, within: Span): Promise<ServerSeen> {
  const [row = []] = await manners.ask(
    "select current_setting('server_version'), current_database()::text, (select oid from pg_database where datname = current_database())::text, pg_is_in_recovery()::text", 'the question who it is', within)
  const [version, database, oid, replica] = row
  await manners.begin()
  // Some services keep it from their users.
  const [[system = ''] = []] = await manners.ask('select system_identifier::text from pg_control_system()', 'its system identifier', within).catch(async (cause: unknown) => {
    if (!manners.isServers(cause)) throw cause
    await manners.undo()
    return []
  })
  return { version: version ?? '', database: database ?? '', oid: oid ?? '', system: system ?? '', replica: replica === 'true' }
}

interface Tables {
  readonly tables: readonly { readonly name: string; readonly parts: readonly [schema: string, table: string] }[]
  readonly leftOut: number
}

/** What a dump holds the rows of: no views, no foreign tables, nothing temporary, none of an extension; a partitioned table by its partitions. */
const DUMPED = `from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`

async function tablesOf(manners: TallyManners, want: TallyWant): Promise<Tables> {
  if (want.tables) return { tables: want.tables.map((name) => ({ name: name.includes('.') ? name : `public.${name}`, parts: partsOf(name) })), leftOut: 0 }
  const rows = await manners.ask(`select n.nspname::text, c.relname::text, count(*) over () ${DUMPED} order by c.relpages, 1, 2 limit ${MOST_TABLES}`, 'which tables there are', want.statement)
  const tables = rows.map(([schema, table]) => ({ name: `${schema}.${table}`, parts: [schema ?? '', table ?? ''] as const }))
  return { tables, leftOut: Math.max(0, Number(rows[0]?.[2] ?? 0) - tables.length) }
}

function partsOf(name: string): readonly [schema: string, table: string] {
  const [first = '', second] = name.split('.', 2)
  return second === undefined ? ['public', first] : [first, second]
}
