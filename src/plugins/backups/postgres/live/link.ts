// The way to a PostgreSQL that lives: the programs of this machine, with the address that whoever restores gave. The password stands in a file that only they
// can read, and in no argument. Sessions run no settings of a user and no commands of psql but what is written here.
import { Fault } from '../../../../core/fault.ts'
import { hours, type Span } from '../../../../core/time.ts'
import type { Cell, Ran, RunWant } from '../../../../ports/backup.ts'
import { printed } from '../../../../ports/backup/printed.ts'
import { gist } from '../../../../ports/backup/words.ts'
import { POSTGRES, readDatabase, type Database } from '../../../../ports/database.ts'
import { toolsOf, type Tools } from '../server.ts'

const LONGEST: Span = hours(24)
const MODES: Readonly<Record<Database['tls'], string>> = { off: 'disable', unverified: 'require', verified: 'verify-full' }

export interface Link {
  readonly to: Database
  /** `-h … -p … -U … -d …` behind the program, with what it needs around it. */
  argv(tools: Tools, program: 'psql' | 'pg_restore', database: string): readonly string[]
  /** Runs SQL from its input; texts come from here, never from a copy. */
  run(sql: string, want?: { readonly database?: string }): Promise<Ran>
  /** The same; throws a `Fault` for whatever it did not do. Gives what it printed. */
  ask(sql: string, want?: { readonly database?: string }): Promise<string>
  /** Runs what an input gives. */
  feed(input: AsyncIterable<Uint8Array>, want?: Omit<RunWant, 'within' | 'input'> & { readonly database?: string }): Promise<Ran>
}

export async function linkTo(cell: Cell, url: string): Promise<Link> {
  const to = readDatabase(url, POSTGRES)
  if (typeof to === 'string') throw new Fault(`that is no address of a PostgreSQL: ${to}`, 'never')
  const escaped = to.password.replaceAll('\\', '\\\\').replaceAll(':', '\\:')
  const passwords = await cell.put('pgpass', `*:*:*:*:${escaped}\n`)
  const [newest] = await toolsOf(cell)
  const around = ['/usr/bin/env', `PGPASSFILE=${passwords}`, `PGSSLMODE=${MODES[to.tls]}`, 'PGCONNECT_TIMEOUT=15', 'PGAPPNAME=holdfast restore', 'PGOPTIONS=-c standard_conforming_strings=on']
  const argv: Link['argv'] = ({ folder }, program, database) => [...around, `${folder}/${program}`, '-h', to.host, '-p', `${to.port}`, '-U', to.user, '-d', `dbname=${connectText(database)}`, '--no-password']
  const psql = (database = to.name): readonly string[] => [...argv(newest, 'psql', database), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-']
  const feed: Link['feed'] = (input, { database, ...want } = {}) => cell.run(psql(database), { within: LONGEST, input, ...want })
  const run: Link['run'] = (sql, { database } = {}) => printed(cell, psql(database), { within: LONGEST, input: typedIn(sql) })
  return {
    to, argv, run, feed,
    async ask(sql, want = {}) {
      const ran = await run(sql, want)
      if (ran.exit === 0) return ran.out.trim()
      throw new Fault(`PostgreSQL at ${to.host}:${to.port} did not do it: ${gist(ran)}`, ran.exit === 2 ? 'later' : 'never')
    },
  }
}

const connectText = (name: string): string => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

async function* typedIn(sql: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${sql}\n`)
}
