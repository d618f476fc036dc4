// Examining PostgreSQL by the extension amcheck: what pg_amcheck asks, over connections of ours. Tables (also the system's, and what lies out of line) are looked at
// by ranges of pages, B-trees whole and against their tables. A role needs nothing but the right to call its functions, and the session writes nothing. Whatever
// keeps a relation from being looked at is unknown; only what the server calls corrupted is.
import { Fault, isSilence, sentence } from '../../core/fault.ts'
import type { Database } from '../../ports/database.ts'
import { MOST_RELATIONS, MOST_WORDS, WITHIN, type Ask, type Examiner, type Looked, type Looker, type Range, type Relation, type Talk, type Unexamined } from '../../ports/examine/examiner.ts'
import { patient, signedIn, wordsBy, type TallyContext } from '../../ports/tally/tally.ts'
import { loadPostgres, postgresOver, postgresWords, type PostgresSession } from '../databases/postgres.ts'

/** Whoever waits for a lock lets everybody behind it wait. */
const LOCK = 5000
const RAW = { getTypeParser: () => (text: string) => text }
/** So many places are told of one range. */
const MOST_PLACES = 10

const examiner: Examiner = {
  async survey(database, context, signal) {
    const first = await talkTo(database, database.name || 'postgres', context, signal)
    try {
      const [[version = '', system = ''] = []] = await first.ask("select current_setting('server_version'), current_database()")
      const identity = await first.ask('select system_identifier::text from pg_control_system()').then((rows) => rows[0]?.[0] ?? '', () => '')
      const names = database.name === '' ? (await first.ask("select datname::text from pg_database where datallowconn and not datistemplate and datconnlimit <> -2 order by 1")).flatMap(([name]) => (name ? [name] : [])) : [system ?? '']
      const found = { relations: [] as Relation[], unknown: [] as Unexamined[], beyond: new Map<string, number>() }
      for (const name of names) await surveyOne(database, name, found, context, signal)
      return { server: `PostgreSQL ${version} at ${database.host}:${database.port}`, identity, databases: names, ...found, beyond: [...found.beyond].map(([what, count]) => ({ what, count })) }
    } finally {
      first.leave()
    }
  },

  async connect(database, name, context, signal): Promise<Looker> {
    const talk = await talkTo(database, name, context, signal)
    try {
      const home = await amcheckOf(talk.ask)
      if (home === undefined) throw new Fault(`${name}: the extension amcheck is not there any more`, 'never')
      return { look: (relation, range) => look(talk, home, relation, range), leave: talk.leave }
    } catch (cause) {
      talk.leave()
      throw cause
    }
  },
}

export default examiner

async function talkTo(database: Database, name: string, context: TallyContext, signal: AbortSignal): Promise<Talk> {
  const driver = await loadPostgres()
  const to = { ...database, name }
  const words = (cause: unknown): string => wordsBy(postgresWords, cause, to)
  return signedIn({
    database: to, within: WITHIN.signIn, context, signal, words, over: (socket) => postgresOver(driver, to, socket, WITHIN.signIn),
    async begin(session: PostgresSession, leave): Promise<Talk> {
      const ask: Ask = async (text, within = WITHIN.ask) => (await patient(session.query({ text, queryMode: 'extended', types: RAW }), 'no answer', within, { timers: context.timers, signal })).rows
      for (const it of ['default_transaction_read_only = on', 'search_path = pg_catalog', `lock_timeout = ${LOCK}`, `statement_timeout = ${WITHIN.look}`, 'idle_session_timeout = 0', 'jit = off']) await ask(`set ${it}`).catch(unlessUnknown)
      // A look that nobody waits for any more ends within a second.
      await ask('set client_connection_check_interval = 1000').catch(unlessUnknown)
      return { ask, words, leave }
    },
  })
}

/** A setting that an older server does not have. */
const unlessUnknown = (cause: unknown): void => {
  if (codeIn(cause) !== '42704' && codeIn(cause) !== '22023') throw cause
}

const codeIn = (cause: unknown): string => {
  const { name, code } = Object(cause) as { name?: unknown; code?: unknown }
  return name === 'error' && typeof code === 'string' ? code : ''
}

interface Home {
  readonly schema: string
  /** Since 1.1 an index is compared with its table. */
  readonly compares: boolean
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

async function amcheckOf(ask: Ask): Promise<Home | undefined> {
  const [[schema, version] = []] = await ask("select n.nspname::text, e.extversion from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'amcheck'")
  return schema ? { schema: quoted(schema), compares: version !== '1.0' } : undefined
}

interface Found {
  readonly relations: Relation[]
  readonly unknown: Unexamined[]
  readonly beyond: Map<string, number>
}

async function surveyOne(database: Database, name: string, found: Found, context: TallyContext, signal: AbortSignal): Promise<void> {
  const unknown = (says: string): void => void found.unknown.push({ database: name, says })
  let talk: Talk
  try {
    talk = await talkTo(database, name, context, signal)
  } catch (cause) {
    return unknown(sentence(cause))
  }
  try {
    const home = await amcheckOf(talk.ask)
    if (home === undefined) return unknown('the extension amcheck is not installed in this database: create extension amcheck (package postgresql-contrib)')
    const may = new Map((await talk.ask(`select p.proname::text, bool_or(has_function_privilege(p.oid, 'execute'))::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'amcheck') and p.proname in ('bt_index_check', 'verify_heapam') and has_schema_privilege(n.oid, 'usage') group by 1`)).map(([it, yes]) => [it, yes === 'true']))
    for (const [it, what] of [['verify_heapam', 'tables'], ['bt_index_check', 'indexes']] as const) {
      if (may.get(it) === true) continue
      unknown(`${what} were not looked at: ${may.has(it) ? `the role may not call it: grant execute on all functions in schema … to it, where … is that of amcheck (${home.schema})` : `amcheck has no ${it} that this role can see (PostgreSQL 14 or newer; alter extension amcheck update; grant usage on schema ${home.schema})`}`)
    }
    await relationsOf(talk, { name, heaps: may.get('verify_heapam') === true, trees: may.get('bt_index_check') === true }, found)
  } catch (cause) {
    unknown(`its relations could not be listed: ${talk.words(cause)}`)
  } finally {
    talk.leave()
  }
}

/** Temporary ones are others', and nothing unlogged lies on a replica. A sequence is looked at since PostgreSQL 16. */
const LIST = (sized: boolean): string => `select c.oid::text, c.relfilenode::text, n.nspname || '.' || c.relname, c.relkind::text, coalesce(a.amname, 'heap')::text,
coalesce(nullif(c.reltablespace, 0), d.dattablespace)::text, (${sized ? 'pg_relation_size(c.oid)' : `c.relpages::bigint * current_setting('block_size')::int`})::text, t.relname::text,
(${sized ? 'pg_relation_size(i.indrelid)' : `t.relpages::bigint * current_setting('block_size')::int`})::text, (i.indisvalid and i.indisready and i.indislive)::text, current_setting('block_size')
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_database d on d.datname = current_database() left join pg_am a on a.oid = c.relam left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
where c.relpersistence <> 't' and not (c.relpersistence = 'u' and pg_is_in_recovery()) and (c.relkind in ('r', 'm', 't', 'i') or (c.relkind = 'S' and current_setting('server_version_num')::int >= 160000)) limit ${MOST_RELATIONS + 1}`

async function relationsOf({ ask }: Talk, { name, heaps, trees }: { readonly name: string; readonly heaps: boolean; readonly trees: boolean }, found: Found): Promise<void> {
  // The size waits for whoever holds a table for himself; the statistics do not.
  const rows = await ask(LIST(true)).catch((cause: unknown) => {
    if (codeIn(cause) === '55P03') return ask(LIST(false))
    throw cause
  })
  const beyond = (what: string): void => void found.beyond.set(what, (found.beyond.get(what) ?? 0) + 1)
  for (const [id = '', state, relation, kind, method, place, bytes, of, tableBytes, valid, page] of rows) {
    if (found.relations.length >= MOST_RELATIONS) throw new Fault(`there are more than ${MOST_RELATIONS} relations: give the address of one database`, 'never')
    const isIndex = kind === 'i'
    if (isIndex && valid !== 'true') beyond('indexes that are not valid')
    else if (isIndex && method !== 'btree') beyond(`indexes of the kind ${method}`)
    else if (!isIndex && method !== 'heap') beyond(`tables of the kind ${method}`)
    else if (isIndex ? trees : heaps) {
      found.relations.push({
        database: name, name: relation ?? '', kind: isIndex ? 'btree' : 'heap', ...(isIndex && of ? { of } : {}), id: id ?? '', state: `${state}`, place: place ?? '', bytes: Number(bytes) + (isIndex ? Number(tableBytes) : 0), ...(isIndex ? {} : { page: Number(page) }),
      })
    }
  }
}

async function look(talk: Talk, home: Home, relation: Relation, range: Range): Promise<Looked> {
  const { ask, words } = talk
  try {
    if (relation.kind === 'btree') {
      await ask(`select ${home.schema}.bt_index_check(${relation.id}::regclass${home.compares ? ', true' : ''})`, WITHIN.look)
      return { is: 'well' }
    }
    const rows = await ask(checkHeap(home, relation, range), WITHIN.look)
    if (rows.length === 0) return { is: 'well' }
    const places = rows.slice(0, MOST_PLACES).map(([block, item, says]) => `page ${block}${item === null ? '' : `, item ${item}`}: ${says}`)
    return { is: 'damaged', says: `${places.join('; ')}${rows.length > MOST_PLACES ? '; and more' : ''}`.slice(0, MOST_WORDS) }
  } catch (cause) {
    const code = codeIn(cause)
    if (code === '') return isSilence(cause) ? { is: 'unknown', says: words(cause).slice(0, MOST_WORDS) } : { is: 'lost', says: words(cause).slice(0, MOST_WORDS) }
    const says = words(cause).slice(0, MOST_WORDS)
    // Corrupted, by its own word, or not to be read from its disk.
    if (code.startsWith('57P0')) return { is: 'lost', says }
    if (code === 'XX001' || code === 'XX002' || code === '58030') return { is: 'damaged', says }
    const there = await ask(`select 1 from pg_class where oid = ${relation.id}`).catch(() => [[]])
    return there.length === 0 ? { is: 'gone' } : { is: 'unknown', says }
  }
}

/** A table that has become shorter meanwhile is looked at as far as it goes. */
const checkHeap = ({ schema }: Home, { id }: Relation, { from, to }: Range): string =>
  `select v.blkno::text, v.offnum::text, v.msg from (select pg_relation_size(${id}::regclass) / current_setting('block_size')::bigint as pages) s cross join lateral ${schema}.verify_heapam(relation => ${id}::regclass, on_error_stop => false, check_toast => true, skip => 'none', startblock => ${from}, endblock => ${to === undefined ? 's.pages - 1' : `least(${to - 1}, s.pages - 1)`}) v where s.pages > ${from} limit ${MOST_PLACES + 1}`
