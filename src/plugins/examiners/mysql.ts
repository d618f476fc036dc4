// Examining MariaDB and MySQL by CHECK TABLE … EXTENDED, one table at a time on a connection. It writes no row; but a table that InnoDB finds damaged is marked so
// there, and nobody reads it any more: whoever calls this has been told. A role needs SELECT. What may not be seen is not passed: it is said.
import { Fault, isSilence, sentence } from '../../core/fault.ts'
import type { Database } from '../../ports/database.ts'
import { isBadCheck, MOST_RELATIONS, MOST_WORDS, WITHIN, type Ask, type Examiner, type Looked, type Looker, type Relation, type Talk, type Unexamined } from '../../ports/examine/examiner.ts'
import { patient, signedIn, wordsBy, type TallyContext } from '../../ports/tally/tally.ts'
import { loadMysql, mysqlOver, mysqlWords, type MysqlSession } from '../databases/mysql.ts'

const MOST_LINES = 20

type Row = readonly (string | null)[]

const examiner: Examiner = {
  async survey(database, context, signal) {
    const { ask, words, leave } = await talkTo(database, database.name, context, signal, MOST_RELATIONS + 1)
    try {
      const [[version = ''] = []] = await ask('select version()')
      const [[, uid] = []] = await ask("show global variables where variable_name in ('server_uid', 'server_uuid')")
      const which = database.name === '' ? "table_schema not in ('information_schema', 'performance_schema', 'sys')" : 'table_schema = database()'
      // A table that cannot even be opened has no engine here; that is what it is asked for then.
      const rows = await ask(`select table_schema, table_name, engine, coalesce(data_length, 0) + coalesce(index_length, 0), coalesce(create_time, ''), table_name from information_schema.tables where table_type in ('BASE TABLE', 'SEQUENCE') and ${which} limit ${MOST_RELATIONS + 1}`)
      if (rows.length > MOST_RELATIONS) throw new Fault(`there are more than ${MOST_RELATIONS} tables: give the address of one database`, 'never')
      const relations = rows.map(([schema, table, engine, bytes, made]): Relation => ({ database: schema ?? '', name: `${schema}.${table}`, kind: 'table', id: `${quoted(schema)}.${quoted(table)}`, state: `${engine}:${made}`, place: '', bytes: Number(bytes) }))
      const unknown = await hiddenOf(ask, database)
      return { server: `${/mariadb/i.test(version ?? '') ? 'MariaDB' : 'MySQL'} ${version} at ${database.host}:${database.port}`, identity: uid ?? '', databases: [...new Set(relations.map((it) => it.database))], relations, unknown, beyond: [] }
    } catch (cause) {
      throw cause instanceof Fault ? cause : new Fault(`${database.host}:${database.port}: its tables could not be listed: ${words(cause)}`, 'later')
    } finally {
      leave()
    }
  },

  async connect(database, name, context, signal): Promise<Looker> {
    const talk = await talkTo(database, name, context, signal, MOST_LINES)
    const [[id] = []] = await talk.ask('select connection_id()')
    let busy = false
    return {
      async look(relation) {
        busy = true
        const looked = await look(talk, relation)
        busy = false
        return looked
      },
      leave() {
        talk.leave()
        // The server would go on with what nobody waits for any more.
        if (busy && id) void end(database, id, context)
      },
    }
  },
}

export default examiner

const quoted = (name: string | null | undefined): string => `\`${(name ?? '').replaceAll('`', '``')}\``

async function talkTo(database: Database, name: string, context: TallyContext, signal: AbortSignal, most: number): Promise<Talk> {
  const create = await loadMysql()
  const to = { ...database, name }
  const words = (cause: unknown): string => wordsBy(mysqlWords, cause, to)
  return signedIn({
    database: to, within: WITHIN.signIn, context, signal, words, over: (socket) => mysqlOver(create, to, socket, WITHIN.signIn),
    async begin(session: MysqlSession, leave): Promise<Talk> {
      const ask: Ask = async (text, within = WITHIN.ask) => {
        const rows: Row[] = []
        await patient(session.ask(text, undefined, (row) => void (rows.length < most && rows.push(row.map((value) => value?.toString('utf8') ?? null)))), 'no answer', within, { timers: context.timers, signal })
        return rows
      }
      // Whoever waits for a lock lets everybody behind it wait.
      await ask('set session lock_wait_timeout = 5')
      return { ask, words, leave }
    },
  })
}

async function end(database: Database, id: string, context: TallyContext): Promise<void> {
  try {
    const talk = await talkTo(database, '', context, new AbortController().signal, 1)
    await talk.ask(`kill ${Number(id)}`).finally(talk.leave)
  } catch {
    // It is over already, or the server is.
  }
}

/** Tables that the role has no right to are not in any list: that there are none of those has to be known. */
async function hiddenOf(ask: Ask, { name }: Database): Promise<readonly Unexamined[]> {
  const grants = (await ask('show grants').catch((): readonly Row[] => [])).map(([line]) => line ?? '')
  const sees = (on: string): boolean => grants.some((line) => /^GRANT (?:ALL PRIVILEGES|(?:[A-Z ]+, )*SELECT\b(?! \())/.test(line) && line.includes(` ON ${on} TO `))
  // In a grant _ and % stand for any: with a backslash they stand for themselves.
  const written = [quoted(name), quoted(name.replaceAll(/[_%]/g, String.raw`\$&`))]
  if (sees('*.*') || (name !== '' && written.some((it) => sees(`${it}.*`)))) return []
  return [{ database: name || '*', says: `the role has no right to all of ${name === '' ? 'the server' : 'it'} (grant select on ${name === '' ? '*' : quoted(name)}.* to it), so there may be tables that it does not see` }]
}

/** What speaks of no damage: no right, a lock that others hold, somebody who ended it. */
const NO_DAMAGE = new Set([1044, 1045, 1142, 1143, 1205, 1213, 1227, 1317, 1370, 1969, 3024])
const GONE = new Set([1049, 1051, 1146])
/** Of engines without a log: it is in use right now. */
const IN_USE = /clients? (?:is|are) using or ha(?:s|ve)n't closed the table/i

async function look({ ask, words }: Talk, { id }: Relation): Promise<Looked> {
  try {
    return readChecked(await ask(`check table ${id} extended`, WITHIN.look))
  } catch (cause) {
    const says = words(cause).slice(0, MOST_WORDS)
    const { errno, sqlState } = Object(cause) as { errno?: unknown; sqlState?: unknown }
    if (typeof errno !== 'number' || typeof sqlState !== 'string') return { is: isSilence(cause) ? 'unknown' : 'lost', says: says || sentence(cause) }
    if (GONE.has(errno)) return { is: 'gone' }
    return { is: NO_DAMAGE.has(errno) ? 'unknown' : 'damaged', says }
  }
}

/** What CHECK TABLE answered: its last line alone says that a table is well. */
export function readChecked(rows: readonly Row[]): Looked {
  const texts = rows.map(([, , , text]) => text ?? '')
  const says = rows.filter(isBadCheck).map(([, , kind, text]) => `${kind}: ${text}`).join('; ').slice(0, MOST_WORDS)
  if (says === '') {
    if (rows.at(-1)?.[3] === 'OK') return { is: 'well' }
    return texts.some((it) => /doesn't support check/i.test(it)) ? { is: 'beyond' } : { is: 'unknown', says: texts.join('; ').slice(0, MOST_WORDS) || 'the server answered with nothing' }
  }
  if (texts.some((it) => /^Table '.*' doesn't exist$|^Unknown table/i.test(it))) return { is: 'gone' }
  if (texts.some((it) => /lock wait timeout|command denied|access denied|interrupted|deadlock/i.test(it)) || (rows.at(-1)?.[3] === 'OK' && rows.filter(isBadCheck).every(([, , , it]) => IN_USE.test(it ?? '')))) return { is: 'unknown', says }
  return { is: 'damaged', says }
}
