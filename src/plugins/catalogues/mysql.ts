// A catalogue in MySQL or MariaDB: one transaction, repeatable read, read only, with a consistent snapshot, on the primary. Who it is, how far its
// history has come, which tables the query names, which columns could hold keys, how many rows there are, and the rows as they come. A replica, a
// server that is read only, one that does not let us see which it is, an error or a deadline at any moment: then there is no catalogue.
import { z } from 'zod'
import { between, instantOf, type Span } from '../../core/time.ts'
import { catalogue, inner, lockOf, MOST_COLUMNS, orderly, unread, type CatalogueContext, type CatalogueRead, type CatalogueTake, type CatalogueWant, type Counted } from '../../ports/catalogue.ts'
import { conversation, type Wait } from '../../ports/catalogue/conversation.ts'
import { databaseText, readDatabase, type Step } from '../../ports/database.ts'
import { loadMysql, MYSQL, mysqlOver, mysqlWords, type MysqlSession } from '../databases/mysql.ts'

const config = z.strictObject({ mysql: databaseText('Server', MYSQL) })

export default catalogue({
  kind: 'mysql',
  title: 'MySQL or MariaDB',
  does: 'Rows of a query, read in one snapshot of the primary.',
  config,
  examples: [{ mysql: 'mysql://reader:s3cr3t-word@db.internal/games' }, { mysql: 'mysql://reader:s3cr3t-word@db.internal/games?ssl-mode=verify_identity' }],

  async read(settings, want, take, context, signal) {
    const database = readDatabase(settings.mysql, MYSQL)
    if (typeof database === 'string') throw unread(database, 'never')
    if (database.name === '') throw unread('the address names no database: write mysql://user:password@host/database', 'never')
    const driver = await loadMysql()
    const words = (cause: unknown, step: Step): string => mysqlWords(cause, step, database)
    return conversation({ database, limits: want.limits, context, signal, words }, async (socket, wait) => {
      const session = mysqlOver(driver, database, socket, want.limits.connect)
      try {
        await wait({ missing: 'no answer to the sign-in', moment: 'during the sign-in', limit: want.limits.connect }, () => session.ready)
        return await readAll(session, want, take, context, wait)
      } finally {
        session.leave()
      }
    })
  },
})

interface Asked {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}
type Ask = (text: string, what?: string, row?: (row: readonly (Buffer | null)[]) => void) => Promise<Asked>

/** So many rows of a question of our own are kept. */
const MOST_KEPT = MOST_COLUMNS + 1

async function readAll(session: MysqlSession, want: CatalogueWant, take: CatalogueTake, context: CatalogueContext, wait: Wait): Promise<CatalogueRead> {
  const { statement, lock } = want.limits
  const ours = (statement + 5000) as Span
  const ask: Ask = async (text, what = 'a statement', row) => {
    const rows: (string | null)[][] = []
    const keep = (it: readonly (Buffer | null)[]): void => void (rows.length < MOST_KEPT && rows.push(it.map((value) => value?.toString('utf8') ?? null)))
    const columns = await wait({ missing: `no answer to ${what}`, moment: `before it answered ${what}`, limit: ours }, () => session.ask(text, undefined, row ?? keep))
    return { columns, rows }
  }
  const [version = ''] = one(await ask('select version()'))
  const isMaria = version?.includes('MariaDB') === true
  const seconds = (span: number): number => Math.max(1, Math.ceil(span / 1000))
  for (const it of [
    isMaria ? `max_statement_time = ${statement / 1000}` : `max_execution_time = ${statement}`, `lock_wait_timeout = ${seconds(lock)}`, `innodb_lock_wait_timeout = ${seconds(lock)}`, "time_zone = '+00:00'", 'net_write_timeout = 600',
  ]) await ask(`set session ${it}`)
  await ask("set names utf8mb4 collate 'utf8mb4_bin'")
  await ask('set session transaction isolation level repeatable read')
  await ask('start transaction with consistent snapshot, read only')
  const who = await identify(ask)
  const clock = await clockOf(ask, context)
  const shape = await columnsIn(ask, want.rows, 'rows')
  const has = (column: string): string | undefined => (shape.includes(column) ? `given.${quoted(column)}` : undefined)
  const columns = await columnsOf(ask)
  const oids = await tablesOf(ask, want)
  const lockColumn = has(want.lockColumn)
  const rows = await stream(ask, { what: 'the rows', query: want.rows, prefix: want.prefix, only: want.only, lock: lockColumn, tenant: has('tenant') }, (part) => take.rows(part))
  if (want.intents !== undefined) await columnsIn(ask, want.intents, 'intents')
  const intents = want.intents === undefined ? { rows: 0, keys: 0 } : await stream(ask, { what: 'the uploads under way', query: want.intents, prefix: want.prefix, only: want.only }, (part) => take.intents(part.map(({ key }) => key)))
  await ask('commit')
  return { ...who, ...clock, oids, primary: true, rowSecurity: false, columns, lockColumn: lockColumn !== undefined, rows, intents }
}

const one = ({ rows }: Asked): readonly (string | null)[] => rows[0] ?? []
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const text = (value: string): string => `x'${Buffer.from(value).toString('hex')}'`

async function identify(ask: Ask): Promise<Pick<CatalogueRead, 'system' | 'timeline' | 'database' | 'position'>> {
  const [readOnly, database] = one(await ask('select @@global.read_only, database()'))
  if (readOnly !== '0') throw unread('it takes no writes (read_only is on): it is a replica, or what it says may be old', 'never')
  const variables = new Map((await ask("show global variables where variable_name in ('server_uuid', 'server_uid', 'server_id', 'wsrep_on')")).rows.map(([name = '', value]) => [name?.toLowerCase() ?? '', value ?? '']))
  const status = new Map((await ask("show global status where variable_name in ('Innodb_lsn_current', 'Innodb_redo_log_current_lsn', 'wsrep_cluster_state_uuid', 'wsrep_last_committed')")).rows.map(([name = '', value]) => [name?.toLowerCase() ?? '', value ?? '']))
  const galera = variables.get('wsrep_on') === 'ON' ? status.get('wsrep_cluster_state_uuid') : undefined
  if (galera === undefined) {
    const replicas = await ask('show slave status', 'whether it is a replica').catch((cause: unknown) => {
      throw unread(`it does not say whether it is a replica: grant this user REPLICATION CLIENT (MariaDB: SLAVE MONITOR); ${cause instanceof Error ? cause.message : 'refused'}`, 'never')
    })
    if (replicas.rows.length > 0) throw unread('it is a replica, and what it says may be old: give the address of the primary', 'never')
  }
  // One member of a Galera cluster is as good as another: what they share is who it is.
  const own = variables.get('server_uuid') ?? variables.get('server_uid')
  const system = galera ?? own
  const position = galera === undefined ? (status.get('innodb_lsn_current') ?? status.get('innodb_redo_log_current_lsn')) : status.get('wsrep_last_committed')
  if (!system || !database || !position || !/^\d+$/.test(position)) throw unread('it does not say who it is: it has neither server_uuid nor server_uid, or no log position', 'never')
  return { system, timeline: 0, database, position: BigInt(position) }
}

async function clockOf(ask: Ask, { now }: CatalogueContext): Promise<Pick<CatalogueRead, 'at' | 'ahead'>> {
  const before = now().wall
  const [said] = one(await ask('select cast(unix_timestamp(now(3)) * 1000 as unsigned)', 'the question what time it is'))
  const at = instantOf(Number(said))
  if (!Number.isSafeInteger(at) || at === 0) throw unread('it does not say what time it is')
  return { at, ahead: { least: between(now().wall, at), most: between(before, at) + 1 } }
}

async function columnsIn(ask: Ask, query: string, where: string): Promise<readonly string[]> {
  const { columns } = await ask(`select * from ${inner(query)} as given limit 0`, `the query ${where}`)
  if (!columns.includes('key')) throw unread(`the query ${where} gives no column “key”: write “select … as \`key\`”`, 'never')
  return columns
}

const TYPES = "('char','varchar','tinytext','text','mediumtext','longtext','binary','varbinary','tinyblob','blob','mediumblob','longblob','json','uuid','inet6','set')"

async function columnsOf(ask: Ask): Promise<readonly string[]> {
  const { rows } = await ask(`select concat(c.table_schema, '.', c.table_name, '.', c.column_name, ' ', c.data_type) from information_schema.columns c join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
where t.table_type = 'BASE TABLE' and c.table_schema = database() and c.data_type in ${TYPES} order by 1 limit ${MOST_COLUMNS + 1}`, 'which columns it has')
  if (rows.length > MOST_COLUMNS) throw unread(`it has more than ${MOST_COLUMNS} columns that could hold keys`, 'never')
  return rows.map(([it]) => it ?? '').sort()
}

/** Tables that the queries name, with the moment at which each was made: a dump that is restored makes them anew. */
async function tablesOf(ask: Ask, { rows, intents = '' }: CatalogueWant): Promise<string> {
  const words = [...new Set(`${rows} ${intents}`.match(/[\p{L}\p{N}_$]+/gu) ?? [])].slice(0, 500)
  if (words.length === 0) return ''
  const { rows: found } = await ask(`select concat(table_name, '=', coalesce(unix_timestamp(create_time), 0)) from information_schema.tables where table_schema = database() and table_name in (${words.map(text).join(', ')}) order by 1`)
  return found.map(([it]) => it ?? '').join(',')
}

interface Stream {
  readonly what: string
  readonly query: string
  readonly prefix: Uint8Array
  readonly only: readonly Uint8Array[] | undefined
  readonly lock?: string | undefined
  readonly tenant?: string | undefined
}

/** Counts, then takes the rows as they come; what came must be what was counted. */
async function stream(ask: Ask, { what, query, prefix, only, lock, tenant }: Stream, give: Parameters<typeof orderly>[0]): Promise<Counted> {
  const under = prefix.length === 0 ? 'k is not null' : `left(k, ${prefix.length}) = x'${Buffer.from(prefix).toString('hex')}'`
  const said = (column: string | undefined): string => (column === undefined ? 'null' : `convert(${column} using utf8mb4)`)
  const those = only === undefined ? '' : ` and k in (${only.map((it) => `x'${Buffer.from(it).toString('hex')}'`).join(', ') || 'null'})`
  const keyed = `(select cast(convert(given.\`key\` using utf8mb4) as binary) as k, ${said(lock)} as l, left(${said(tenant)}, 200) as t from ${inner(query)} as given) as keyed where ${under}${those}`
  const [rows, keys] = one(await ask(`select count(*), count(distinct k) from ${keyed}`, `the count of ${what}`)).map(Number)
  const counted: Counted = { rows: rows ?? Number.NaN, keys: keys ?? Number.NaN }
  const taken = orderly(give, what)
  await ask(`select k, l, t from ${keyed} order by k`, what, ([k, l, t]) => {
    if (!k) throw unread('it gives a row without a key')
    taken.add({ key: k, lock: lockOf(l?.toString('utf8')), tenant: t?.toString('utf8') })
  })
  taken.end(counted)
  return counted
}
