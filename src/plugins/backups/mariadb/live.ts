// A MariaDB that lives: a whole dump goes into a database that did not exist; a damaged table is made anew in a database of its own beside, and put in its place by one
// RENAME TABLE, which does all of them or none. The damaged one stays under a dated name; nothing is dropped. Refused on a member of a Galera cluster and on
// a replica, and while foreign keys or triggers would break. A damaged table is read by ranges of its key, so that one bad page hides no other rows.
import { Fault } from '../../../core/fault.ts'
import { hours, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type CopyGiven, type Ran, type Step } from '../../../ports/backup.ts'
import type { Beside, Checked, Live, Meant, TableLoss } from '../../../ports/backup/live.ts'
import { headOf, unpacks } from '../../../ports/backup/packed.ts'
import { piped } from '../../../ports/backup/pipe.ts'
import { printed } from '../../../ports/backup/printed.ts'
import { ruleRows } from '../../../ports/backup/rows.ts'
import { isTar } from '../../../ports/backup/tar.ts'
import { gist, tableOut } from '../../../ports/backup/words.ts'
import { isBadCheck } from '../../../ports/examine/examiner.ts'
import { MYSQL, readDatabase, type Database } from '../../../ports/database.ts'
import { lossBetween } from './live/loss.ts'
import { meantBy } from './live/meant.ts'
import { beyondOf } from './live/rights.ts'
import { allOf, NoStatement, tableOf, type TableFacts } from './live/statements.ts'

const LONGEST: Span = hours(24)

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

/** Runs SQL in a database; texts come from here, never from a copy. */
interface MariaLink {
  readonly to: Database
  run(sql: string, database?: string): Promise<Ran>
  /** Throws a `Fault` for whatever it did not do; gives what it printed, line by line. */
  ask(sql: string, database?: string): Promise<readonly string[]>
  feed(input: AsyncIterable<Uint8Array>, database: string): Promise<Ran>
}

async function linkTo(cell: Cell, url: string): Promise<MariaLink> {
  const to = readDatabase(url, MYSQL)
  if (typeof to === 'string') throw new Fault(`that is no address of a MariaDB: ${to}`, 'never')
  if (!(await cell.look('/usr/bin')).includes('mariadb')) throw new Fault('the client of MariaDB is not installed here: install the package mariadb-client', 'never')
  const value = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const tls = to.tls === 'off' ? ['skip-ssl'] : to.tls === 'verified' ? ['ssl', 'ssl-verify-server-cert'] : ['ssl']
  const file = await cell.put('client.cnf', ['[client]', `user=${value(to.user)}`, `password=${value(to.password)}`, `host=${value(to.host)}`, `port=${to.port}`, 'protocol=tcp', ...tls, ''].join('\n'))
  const argv = (database: string): readonly string[] => ['/usr/bin/mariadb', `--defaults-file=${file}`, '--batch', '--skip-column-names', '--local-infile=0', '--default-character-set=utf8mb4', '--connect-timeout=15', '--max-allowed-packet=1G', database]
  const run: MariaLink['run'] = (sql, database = 'information_schema') => printed(cell, argv(database), { within: LONGEST, input: typedIn(sql) })
  return {
    to, run,
    feed: (input, database) => cell.run([...argv(database), '--binary-mode'], { within: LONGEST, input, take: () => undefined }),
    async ask(sql, database) {
      const ran = await run(sql, database)
      if (ran.exit === 0) return ran.out.split('\n').filter((line) => line !== '')
      throw new Fault(`MariaDB at ${to.host}:${to.port} did not do it: ${gist(ran)}`, /ERROR (?:20\d\d)\b/.test(ran.err) ? 'later' : 'never')
    },
  }
}

async function* typedIn(sql: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${sql}\n`)
}

export function liveOf(cell: Cell, url: string): Live {
  let linked: Promise<MariaLink> | undefined
  const link = (): Promise<MariaLink> => (linked ??= linkTo(cell, url))
  return {
    async rights() {
      const { to, ask } = await link()
      const lines = [...(await ask('show grants'))]
      // The grants of a role are shown to whoever has taken it on.
      for (const role of await ask('select distinct role_name from information_schema.applicable_roles')) lines.push(...(await ask(`set role ${quoted(role)}; show grants`)))
      return { who: to.user, beyond: beyondOf(lines) }
    },
    async identify() {
      const { to, ask } = await link()
      const [id = ''] = await ask('select concat_ws(\':\', @@server_id, coalesce(@@hostname, \'\'), @@datadir, @@port)')
      return { id: `${id}:${to.name}`, says: `${to.name} at ${to.host}:${to.port}` }
    },
    whole: async () => wholeInto(cell, await link()),
    beside() {
      const to = readDatabase(url, MYSQL)
      return `the database ${typeof to === 'string' ? '' : to.name}`
    },
    checks: async (copy) => checksOf(await link(), copy),
    // A database of MariaDB cannot be renamed: it has its name from the beginning.
    name: () => Promise.resolve(passed()),
    async meant(units) {
      const { to, ask } = await link()
      const meant: Meant[] = []
      for (const unit of units) meant.push(await meantBy(unit, to.name, ask))
      return meant
    },
    table: async (name, copy, stamp) => besideOf({ cell, link: await link(), name, copy, stamp }),
    swap: async (units) => swapIn(await link(), units),
  }
}

async function dumpOf(cell: Cell): Promise<ReturnType<typeof piped>> {
  const { packing, head } = await headOf(cell, cell.copy)
  if (head.subarray(0, 8).toString('latin1') === 'XBSTCK01' || isTar(head)) throw new Fault(`this copy is one of a whole server (mariadb-backup), and no dump: ${tableOut('mariadb-dump')}; or name a dump with --copy`, 'never')
  return piped(cell, unpacks(packing, cell.copy), LONGEST)
}

/** Feeds what `through` makes of the dump; every way in which that can end is a sentence. */
async function fed(cell: Cell, link: MariaLink, database: string, through: (dump: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>): Promise<Step> {
  const dump = await dumpOf(cell)
  let wrong: string | undefined
  const input = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* through(dump.bytes)
    } catch (cause) {
      if (!(cause instanceof NoStatement)) throw cause
      wrong = cause.message
    }
  }
  try {
    const ran = await link.feed(input(), database)
    if (wrong !== undefined) return failed(wrong)
    if (ran.exit !== 0) return failed('MariaDB does not take it', gist(ran))
  } finally {
    dump.stop()
  }
  const ended = await dump.ended
  return ended.exit === 0 ? passed() : failed('the copy cannot be read to its end', gist(ended))
}

async function wholeInto(cell: Cell, link: MariaLink): Promise<Step> {
  const { to, ask, run } = link
  if ((await ask(`select 1 from information_schema.schemata where schema_name = ${literal(to.name)}`)).length > 0) return failed(`the database ${to.name} is there already: name one that is not`)
  const made = await run(`create database ${quoted(to.name)}`)
  if (made.exit !== 0) return failed('MariaDB does not let it make a database', gist(made))
  const step = await fed(cell, link, to.name, allOf)
  return step.is === 'pass' ? step : { ...step, says: `the copy cannot be restored: ${step.says}; what was made of it stays as the database ${to.name}` }
}

async function checksOf({ ask, to }: MariaLink, copy: CopyGiven): Promise<readonly Checked[]> {
  const names = await ask(`select table_name from information_schema.tables where table_schema = ${literal(to.name)} and table_type = 'BASE TABLE' order by 1 limit 10000`)
  const checks: Checked[] = []
  let rows = 0
  const bounds = copy.manifest?.rows ?? {}
  for (const name of names) {
    const [count = '0'] = await ask(`select count(*) from ${quoted(to.name)}.${quoted(name)}`)
    rows += Number(count)
    const said = await ask(`check table ${quoted(to.name)}.${quoted(name)} extended`)
    if (said.some(isBad)) checks.push({ text: `CHECK TABLE ${name}`, found: 'fail', says: said.join('; ').slice(0, 500) })
    const wanted = bounds[name] ?? Object.entries(bounds).find(([it]) => it.endsWith(`.${name}`))?.[1]
    if (wanted) checks.push({ text: `rows of ${name} as the manifest says`, ...ruleRows(wanted, Number(count)) })
  }
  return [{ text: `${names.length} tables with ${rows} rows, by CHECK TABLE`, found: names.length > 0 ? 'pass' : 'fail', ...(names.length > 0 ? {} : { says: 'there is no table in it' }) }, ...checks]
}

/** A line of what the client printed. */
const isBad = (line: string): boolean => isBadCheck(line.split('\t'))

/** A line for each reason why a table cannot be replaced by a rename. */
async function whyNot({ ask, to }: MariaLink, table: string): Promise<readonly string[]> {
  const [schema, name] = [literal(to.name), literal(table)]
  const of = `table_schema = ${schema} and table_name = ${name}`
  const whys: string[] = []
  const variables = new Map((await ask(`show global variables where variable_name in ('wsrep_on', 'read_only'); show global status like 'wsrep_cluster_size'; show all slaves status`).catch(() => {
    whys.push('it cannot be known whether this server follows another one: whoever the address names needs SLAVE MONITOR on *.*')
    return ask(`show global variables where variable_name in ('wsrep_on', 'read_only'); show global status like 'wsrep_cluster_size'`)
  })).map((line) => line.split('\t', 2) as [string, string]))
  if (variables.get('wsrep_on') === 'ON' || Number(variables.get('wsrep_cluster_size') ?? 0) > 0) whys.push('this server is a member of a Galera cluster: a rename there stops all of it, and may split it')
  if (variables.get('read_only') !== undefined && variables.get('read_only') !== 'OFF') whys.push('this server is read-only: restore where it is written')
  if ([...variables.keys()].some((it) => !['wsrep_on', 'read_only', 'wsrep_cluster_size'].includes(it))) whys.push('this server follows another one: restore where it is written')
  const [kind] = await ask(`select table_type from information_schema.tables where ${of}`)
  if (kind === undefined) return [...whys, 'there is no such table']
  if (kind !== 'BASE TABLE') whys.push(`it is no plain table (${kind.toLowerCase()})`)
  const keys = await ask(`select distinct concat('the foreign key ', constraint_name, ' of ', table_name, ' holds on to it') from information_schema.key_column_usage where referenced_table_name is not null and ((${of}) or (referenced_table_schema = ${schema} and referenced_table_name = ${name}))`)
  const triggers = await ask(`select concat('the trigger ', trigger_name, ' stands on it') from information_schema.triggers where event_object_schema = ${schema} and event_object_table = ${name}`)
  return [...whys, ...keys, ...triggers]
}

const wasOf = (schema: string, table: string): string => `select concat_ws(':', create_time, engine, table_collation, (select sha2(group_concat(column_name, ' ', column_type, ' ', is_nullable, ' ', coalesce(extra, '') order by ordinal_position), 256) from information_schema.columns c where c.table_schema = t.table_schema and c.table_name = t.table_name)) from information_schema.tables t where table_schema = ${literal(schema)} and table_name = ${literal(table)}`
/** What a table is made of: two that say the same can stand for each other. */
const shapeOf = (schema: string, table: string): string => `set group_concat_max_len = 1000000; select group_concat(column_name, ' ', column_type, ' ', is_nullable, ' ', coalesce(column_default, ''), ' ', extra order by ordinal_position) from information_schema.columns where table_schema = ${literal(schema)} and table_name = ${literal(table)}; select group_concat(index_name, ' ', seq_in_index, ' ', column_name, ' ', non_unique order by index_name, seq_in_index) from information_schema.statistics where table_schema = ${literal(schema)} and table_name = ${literal(table)}`

interface Making {
  readonly cell: Cell
  readonly link: MariaLink
  readonly name: string
  readonly copy: CopyGiven
  readonly stamp: string
}

const fail = (says: string, said?: string): Step & { readonly is: 'fail' } => ({ is: 'fail', says, ...(said === undefined || said === '' ? {} : { said }) })

async function besideOf({ cell, link, name, copy, stamp }: Making): Promise<Beside | (Step & { readonly is: 'fail' | 'unknown' })> {
  const { ask, run, to } = link
  const whys = await whyNot(link, name)
  if (whys.length > 0) return fail(`it cannot be replaced by a rename: ${whys.join('; ')}. Restore the whole into a new database, and move over to that`)
  const place = `holdfast_restore_${cell.id}`
  const made = await run(`create database if not exists ${quoted(place)}`)
  if (made.exit !== 0) return fail('no place beside it could be made', gist(made))
  const left = `; what was made of it stays as ${place}.${name}`
  const facts: TableFacts = { made: false, filled: 0 }
  const filled = await fed(cell, link, place, (dump) => tableOf(dump, { database: to.name, table: name }, facts))
  if (filled.is !== 'pass') return fail(`it cannot be taken out of the copy: ${filled.says}${left}`, filled.said)
  const [shape, its] = [(await ask(shapeOf(to.name, name))).join('; '), (await ask(shapeOf(place, name))).join('; ')]
  if (shape !== its) return fail(`the table is made in another way by now than in the copy: restore the whole into a new database${left}`)
  const [was = ''] = await ask(wasOf(to.name, name))
  const said = await ask(`check table ${quoted(place)}.${quoted(name)} extended`)
  const [rows = '0'] = await ask(`select count(*) from ${quoted(place)}.${quoted(name)}`)
  const bounds = Object.entries(copy.manifest?.rows ?? {}).find(([it]) => it === name || it === `${to.name}.${name}`)?.[1]
  const checks: Checked[] = [{ text: 'CHECK TABLE', found: said.some(isBad) ? 'fail' : 'pass', ...(said.some(isBad) ? { says: said.join('; ').slice(0, 500) } : {}) }]
  if (bounds) checks.push({ text: 'rows as the manifest says', ...ruleRows(bounds, Number(rows)) })
  const lost: TableLoss = await lossBetween(link, { schema: to.name, table: name }, { schema: place, table: name })
  return { name, side: `${place}.${name}`, aside: `${name.slice(0, 30)}_damaged_${stamp}`, was, digest: await digestOf(link, place, name), rows: Number(rows), checks, lost }
}

const digestOf = async ({ ask }: MariaLink, schema: string, table: string): Promise<string> =>
  `${(await ask(`select count(*) from ${quoted(schema)}.${quoted(table)}`))[0]}:${(await ask(`checksum table ${quoted(schema)}.${quoted(table)} extended`))[0]?.split('\t')[1]}`

async function swapIn(link: MariaLink, units: Parameters<Live['swap']>[0]): Promise<Step> {
  const { ask, run, to } = link
  const renames: string[] = []
  for (const { name, side, aside, was, digest } of units) {
    const place = side.slice(0, side.indexOf('.'))
    const whys = await whyNot(link, name)
    if (whys.length > 0) return failed(`${name}, and nothing was changed: ${whys.join('; ')}`)
    if ((await ask(wasOf(to.name, name)))[0] !== was) return failed(`${name}, and nothing was changed: it is another table by now`)
    if ((await digestOf(link, place, name)) !== digest) return failed(`${name}, and nothing was changed: what was restored beside is not what was agreed on`)
    // Numbers that were given out since the copy are not given out again.
    const [next] = await ask(`select auto_increment from information_schema.tables where table_schema = ${literal(to.name)} and table_name = ${literal(name)} and auto_increment is not null`)
    if (next !== undefined && /^\d+$/.test(next)) await ask(`alter table ${quoted(place)}.${quoted(name)} auto_increment = ${next}`)
    renames.push(`${quoted(to.name)}.${quoted(name)} to ${quoted(to.name)}.${quoted(aside)}`, `${quoted(place)}.${quoted(name)} to ${quoted(to.name)}.${quoted(name)}`)
  }
  const ran = await run(`set lock_wait_timeout = 30; rename table ${renames.join(', ')}`)
  if (ran.exit === 0) return passed()
  if (/ERROR 20\d\d\b/.test(ran.err)) return open('the connection broke in the middle: look whether the tables are in their places', gist(ran))
  return failed('MariaDB refused it, and nothing was changed', gist(ran))
}
