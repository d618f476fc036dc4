// A catalogue in PostgreSQL: one transaction, repeatable read and read only, on the primary, for all that is read: who it is, how far its history has
// come, which tables the query touches, which columns could hold keys, how many rows there are, and the rows by a cursor. Row security is off, so that
// it fails where it would hide rows. A replica, a cluster that is read only, an error or a deadline at any moment: then there is no catalogue.
import { z } from 'zod'
import { between, instantOf, type Span } from '../../core/time.ts'
import { catalogue, inner, lockOf, MOST_COLUMNS, orderly, unread, type CatalogueContext, type CatalogueRead, type CatalogueTake, type CatalogueWant, type Counted } from '../../ports/catalogue.ts'
import { conversation, type Wait } from '../../ports/catalogue/conversation.ts'
import { databaseText, readDatabase, type Step } from '../../ports/database.ts'
import { loadPostgres, POSTGRES, postgresOver, postgresWords, type Answered, type PostgresSession } from '../databases/postgres.ts'

const config = z.strictObject({ postgres: databaseText('Server', POSTGRES) })

/** Rows that are fetched at once. */
const PART = 4000
/** Texts as the server sends them. */
const RAW = { getTypeParser: () => (text: string) => text }
const BYTEA = '17'

export default catalogue({
  kind: 'postgres',
  title: 'PostgreSQL',
  does: 'Rows of a query, read in one snapshot of the primary.',
  config,
  examples: [{ postgres: 'postgres://reader:s3cr3t-word@db.internal/games' }, { postgres: 'postgres://reader:s3cr3t-word@db.internal/games?sslmode=verify-full' }],

  async read(settings, want, take, context, signal) {
    const database = readDatabase(settings.postgres, POSTGRES)
    if (typeof database === 'string') throw unread(database, 'never')
    const driver = await loadPostgres()
    const words = (cause: unknown, step: Step): string => postgresWords(cause, step, database)
    return conversation({ database, limits: want.limits, context, signal, words }, async (socket, wait) => {
      const session = postgresOver(driver, database, socket, want.limits.connect)
      try {
        await wait({ missing: 'no answer to the sign-in', moment: 'during the sign-in', limit: want.limits.connect }, () => session.ready)
        return await readAll(session, want, take, context, wait)
      } finally {
        session.leave()
      }
    })
  },
})

type Ask = (text: string, what?: string) => Promise<Answered>

async function readAll(session: PostgresSession, want: CatalogueWant, take: CatalogueTake, context: CatalogueContext, wait: Wait): Promise<CatalogueRead> {
  const { statement, lock } = want.limits
  // The server gives up first, so that it is its own words that are told.
  const ours = (statement + 5000) as Span
  const ask: Ask = (text, what = 'a statement') => wait({ missing: `no answer to ${what}`, moment: `before it answered ${what}`, limit: ours }, () => session.query({ text, queryMode: 'extended', types: RAW }))
  await ask('begin transaction isolation level repeatable read read only')
  for (const it of [
    'row_security = off', `statement_timeout = ${statement}`, `lock_timeout = ${lock}`, 'idle_in_transaction_session_timeout = 0', "client_encoding = 'UTF8'", "bytea_output = 'hex'", "timezone = 'UTC'",
  ]) await ask(`set local ${it}`)
  const who = await identify(ask)
  const clock = await clockOf(ask, context)
  const shape = await shapeOf(ask, want)
  const tables = await tablesOf(ask, want)
  const columns = await columnsOf(ask)
  const rows = await stream(ask, { what: 'the rows', query: want.rows, key: shape.key, prefix: want.prefix, only: want.only, lock: shape.lock, tenant: shape.tenant }, (part) => take.rows(part))
  const intents = want.intents === undefined ? { rows: 0, keys: 0 } : await stream(ask, { what: 'the uploads under way', query: want.intents, key: await keyOf(ask, want.intents, 'intents'), prefix: want.prefix, only: want.only }, (part) => take.intents(part.map(({ key }) => key)))
  await ask('commit')
  return { ...who, ...clock, oids: `${who.oid};${tables}`, primary: true, rowSecurity: false, columns, lockColumn: shape.lock !== undefined, rows, intents }
}

const one = ({ rows }: Answered): readonly (string | null)[] => rows[0] ?? []

async function identify(ask: Ask): Promise<Pick<CatalogueRead, 'system' | 'timeline' | 'database' | 'position'> & { readonly oid: string }> {
  const [recovering, readOnly] = one(await ask("select pg_is_in_recovery()::text, current_setting('default_transaction_read_only')"))
  if (recovering !== 'false') throw unread('it is a replica, and what it says may be old: give the address of the primary', 'never')
  if (readOnly !== 'off') throw unread('it takes no writes (default_transaction_read_only is on): what it says may be old', 'never')
  const [system, line, database, oid, position] = one(await ask(
    "select (select system_identifier from pg_control_system())::text, substring(pg_walfile_name(pg_current_wal_lsn()) from 1 for 8), current_database()::text, (select oid from pg_database where datname = current_database())::text, (pg_current_wal_lsn() - '0/0'::pg_lsn)::text",
    'the question who it is',
  ))
  if (!system || !line || !database || !oid || !position || !/^\d+$/.test(position)) throw unread('it does not say who it is')
  return { system, timeline: Number.parseInt(line, 16), database, oid, position: BigInt(position) }
}

async function clockOf(ask: Ask, { now }: CatalogueContext): Promise<Pick<CatalogueRead, 'at' | 'ahead'>> {
  const before = now().wall
  const [said] = one(await ask('select (extract(epoch from clock_timestamp()) * 1000)::bigint::text', 'the question what time it is'))
  const at = instantOf(Number(said))
  if (!Number.isSafeInteger(at)) throw unread('it does not say what time it is')
  return { at, ahead: { least: between(now().wall, at), most: between(before, at) + 1 } }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The key of a query as bytes; nothing but text, uuid and bytea names an object. */
async function keyOf(ask: Ask, query: string, where: string): Promise<string> {
  const { fields } = await ask(`select * from ${inner(query)} as given limit 0`, `the query ${where}`)
  const field = fields.find(({ name }) => name === 'key')
  if (field === undefined) throw unread(`the query ${where} gives no column “key”: write “select … as key”`, 'never')
  const [name, category] = one(await ask(`select typname::text, typcategory::text from pg_type where oid = ${field.dataTypeID}`))
  if (String(field.dataTypeID) === BYTEA) return 'given.key'
  if (category !== 'S' && name !== 'uuid') throw unread(`“key” of the query ${where} is of type ${name ?? 'unknown'}: an object is named by a text`, 'never')
  return "convert_to(given.key::text, 'UTF8')"
}

async function shapeOf(ask: Ask, want: CatalogueWant): Promise<{ readonly key: string; readonly lock: string | undefined; readonly tenant: string | undefined }> {
  const key = await keyOf(ask, want.rows, 'rows')
  const { fields } = await ask(`select * from ${inner(want.rows)} as given limit 0`)
  const has = (column: string): string | undefined => (fields.some(({ name }) => name === column) ? `given.${quoted(column)}::text` : undefined)
  return { key, lock: has(want.lockColumn), tenant: has('tenant') }
}

/** The object ids of all tables that the queries touch; a partition counts as its whole. */
async function tablesOf(ask: Ask, { rows, intents }: CatalogueWant): Promise<string> {
  const names = new Map<string, readonly [schema: string, table: string]>()
  for (const query of [rows, ...(intents === undefined ? [] : [intents])]) {
    const [plan] = one(await ask(`explain (verbose, costs off, format json) select * from ${inner(query)} as given`, 'which tables are touched'))
    collect(JSON.parse(plan ?? 'null'), names)
  }
  const found: string[] = []
  for (const [schema, table] of names.values()) {
    const [name, oid] = one(await ask(`with it as (select coalesce(pg_partition_root(c.oid), c.oid) as root from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${text(schema)} and c.relname = ${text(table)}) select root::regclass::text, root::oid::text from it`))
    if (oid) found.push(`${name}=${oid}`)
  }
  return [...new Set(found)].sort().join(',')
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

function collect(plan: unknown, into: Map<string, readonly [string, string]>): void {
  if (typeof plan !== 'object' || plan === null) return
  const { 'Relation Name': table, Schema: schema } = plan as { 'Relation Name'?: unknown; Schema?: unknown }
  if (typeof table === 'string' && typeof schema === 'string') into.set(`${schema}.${table}`, [schema, table])
  for (const value of Object.values(plan)) collect(value, into)
}

/** From pg_catalog, which hides no table for want of a grant. Partitions come and go, their whole stays. */
async function columnsOf(ask: Ask): Promise<readonly string[]> {
  const { rows } = await ask(`select n.nspname || '.' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, null) as it
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f') and not c.relispartition and c.relpersistence <> 't'
and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and coalesce(e.typcategory, t.typcategory) in ('S', 'U', 'C')
order by 1 limit ${MOST_COLUMNS + 1}`, 'which columns it has')
  if (rows.length > MOST_COLUMNS) throw unread(`it has more than ${MOST_COLUMNS} columns that could hold keys`, 'never')
  return rows.map(([it]) => it ?? '').sort()
}

interface Stream {
  readonly what: string
  readonly query: string
  readonly key: string
  readonly prefix: Uint8Array
  readonly only: readonly Uint8Array[] | undefined
  readonly lock?: string | undefined
  readonly tenant?: string | undefined
}

/** Counts, then fetches part by part; what came must be what was counted. */
async function stream(ask: Ask, { what, query, key, prefix, only, lock, tenant }: Stream, give: Parameters<typeof orderly>[0]): Promise<Counted> {
  const under = prefix.length === 0 ? 'k is not null' : `substring(k from 1 for ${prefix.length}) = decode('${Buffer.from(prefix).toString('hex')}', 'hex')`
  const those = only === undefined ? '' : ` and k in (${only.map((it) => `decode('${Buffer.from(it).toString('hex')}', 'hex')`).join(', ') || 'null'})`
  const keyed = `(select ${key} as k, ${lock ?? 'null::text'} as l, left(${tenant ?? 'null::text'}, 200) as t from ${inner(query)} as given) as keyed where ${under}${those}`
  const [rows, keys] = one(await ask(`select count(*)::text, count(distinct k)::text from ${keyed}`, `the count of ${what}`)).map(Number)
  const counted: Counted = { rows: rows ?? Number.NaN, keys: keys ?? Number.NaN }
  const taken = orderly(give, what)
  await ask(`declare holdfast_cursor no scroll cursor for select k, l, t from ${keyed} order by k`, what)
  for (;;) {
    const { rows: part } = await ask(`fetch forward ${PART} from holdfast_cursor`, what)
    for (const [k, l, t] of part) taken.add({ key: bytesOf(k), lock: lockOf(l), tenant: t ?? undefined })
    if (part.length < PART) break
  }
  await ask('close holdfast_cursor')
  taken.end(counted)
  return counted
}

function bytesOf(hex: string | null | undefined): Uint8Array {
  if (!hex?.startsWith('\\x')) throw unread('it gives keys in another shape than was asked for')
  return Buffer.from(hex.slice(2), 'hex')
}
