// A PostgreSQL of our own in the cell: made by initdb of this machine's packages, listening on a Unix socket there and nowhere else, with
// nothing in its settings that could reach out or run a foreign library. What is restored belongs to an ordinary role without rights;
// the superuser prepares the empty database and runs the engine's own examination, and nothing that a copy brought along.
import { Fault } from '../../../core/fault.ts'
import { minutes, seconds } from '../../../core/time.ts'
import type { Cell, Ran, Served } from '../../../ports/backup.ts'
import { gist } from '../../../ports/backup/words.ts'

/** One major version of PostgreSQL on this machine. */
export interface Tools {
  readonly major: number
  readonly folder: string
  readonly names: readonly string[]
}

const PLACES: readonly { readonly folder: string; readonly name: RegExp; readonly bin: (name: string) => string }[] = [
  { folder: '/usr/lib/postgresql', name: /^(\d{1,2})$/, bin: (name) => `/usr/lib/postgresql/${name}/bin` },
  { folder: '/usr', name: /^pgsql-(\d{1,2})$/, bin: (name) => `/usr/${name}/bin` },
]
const WANTED = ['initdb', 'postgres', 'psql', 'pg_restore']
/** Older ones get no mending any more, and know too little to be safe with. */
const OLDEST = 13

/** Every whole installation, the newest first. Throws a `Fault` where there is none. */
export async function toolsOf(cell: Cell): Promise<readonly [Tools, ...Tools[]]> {
  const found: Tools[] = []
  for (const { folder, name, bin } of PLACES) {
    for (const entry of await cell.look(folder)) {
      const major = Number(name.exec(entry)?.[1])
      if (!(major >= OLDEST)) continue
      const names = await cell.look(bin(entry))
      if (WANTED.every((it) => names.includes(it))) found.push({ major, folder: bin(entry), names })
    }
  }
  const [newest, ...others] = found.toSorted((a, b) => b.major - a.major)
  if (!newest) throw new Fault(`no PostgreSQL (${OLDEST} or newer) is installed here, so nothing can be restored: install the packages postgresql and postgresql-client, as new as the server that is backed up`, 'never')
  return [newest, ...others]
}

/** The oldest installation that is as new as what made the dump: what a person would restore it with. */
export function fitting(tools: readonly [Tools, ...Tools[]], versions: readonly (string | undefined)[]): Tools {
  const needed = Math.max(OLDEST, ...versions.map((version) => Number.parseInt(version ?? '0', 10)))
  const fits = tools.filter(({ major }) => major >= needed).at(-1)
  if (!fits) throw new Fault(`this dump is of PostgreSQL ${needed}, and the newest here is ${tools[0].major}: install postgresql-${needed} (its server is never started as a service by Holdfast)`, 'never')
  return fits
}

/** The role that everything restored belongs to, and the database it lies in. */
export const ROLE = 'drill'
export const DATABASE = 'drill'
/** Where what the examination needs lies, apart from what is restored. */
export const OWN_SCHEMA = 'holdfast_drill'

export interface Server {
  /** Runs SQL as whoever: the texts come from us or from the configuration, never from a copy. Not with a backslash at its start. */
  sql(who: 'postgres' | typeof ROLE, text: string, want?: { readonly readOnly: true; readonly take?: (chunk: Buffer) => void }): Promise<Ran>
  /** `-h … -U …` and so on, for a program that connects as `who`. */
  reach(who: 'postgres' | typeof ROLE): readonly string[]
  readonly alive: () => boolean
  readonly said: () => string
}

const SETTINGS = [
  'listen_addresses=', 'archive_mode=off', 'archive_command=', 'restore_command=', 'primary_conninfo=', 'shared_preload_libraries=', 'session_preload_libraries=', 'local_preload_libraries=',
  'max_logical_replication_workers=0', 'max_wal_senders=0', 'wal_level=minimal', 'fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'shared_buffers=64MB', 'maintenance_work_mem=128MB',
  'max_wal_size=2GB', 'logging_collector=off', 'log_destination=stderr', 'jit=off', 'max_connections=20', 'timezone=UTC',
]

/** Starts it with an empty database, extensions made. Throws a `Fault` for what this machine lacks. */
export async function startServer(cell: Cell, tools: Tools, extensions: Iterable<string>): Promise<Server> {
  const at = `${cell.work}/pg`
  const made = await cell.run([`${tools.folder}/initdb`, '-D', at, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'], { within: minutes(5) })
  if (made.exit !== 0) throw new Fault(`no PostgreSQL could be made to restore into: ${gist(made)}`, 'later')
  await cell.run(['/bin/mkdir', '-m', '0700', `${cell.work}/run`], { within: seconds(30) })
  const settings = [...SETTINGS, `unix_socket_directories=${cell.work}/run`].flatMap((it) => ['-c', it])
  const served: Served = await cell.start([`${tools.folder}/postgres`, '-D', at, ...settings], { ready: /database system is ready to accept connections/, within: minutes(2) })
  if (!served.alive()) throw new Fault(`the PostgreSQL to restore into did not start: ${gist({ err: served.said(), out: '' })}`, 'later')
  const server = serverOf(cell, tools, served)
  const well = async (database: string, ...texts: readonly string[]): Promise<void> => {
    const ran = await cell.run([...psql(tools), ...connect(cell, 'postgres', database), ...texts.flatMap((text) => ['-c', text])], { within: minutes(5) })
    if (ran.exit === 0) return
    const missing = /extension "([^"]+)" is not available|could not open extension control file ".*\/([^/]+)\.control"/.exec(ran.err)
    if (missing) throw new Fault(`this dump needs the extension ${missing[1] ?? missing[2]}, which is not installed here for PostgreSQL ${tools.major}: install its package`, 'never')
    throw new Fault(`the PostgreSQL to restore into could not be prepared: ${gist(ran)}`, 'later')
  }
  await well('postgres', `create role ${ROLE} login nosuperuser nocreatedb nocreaterole noreplication`, `create database ${DATABASE} owner ${ROLE} template template0`)
  // Before anything foreign lies there, so that nothing of it runs as superuser.
  const wanted = [...extensions].filter((name) => name !== 'plpgsql').map((name) => `create extension if not exists "${name.replaceAll('"', '""')}" cascade`)
  await well(DATABASE, `alter schema public owner to ${ROLE}`, `create schema ${OWN_SCHEMA}`, ...wanted, `do $$ begin create extension if not exists amcheck schema ${OWN_SCHEMA}; exception when others then null; end $$`)
  return server
}

const psql = (tools: Tools): readonly string[] => [`${tools.folder}/psql`, '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1']
const connect = (cell: Cell, who: string, database: string): readonly string[] => ['-h', `${cell.work}/run`, '-U', who, '-d', database]

function serverOf(cell: Cell, tools: Tools, served: Served): Server {
  return {
    reach: (who) => connect(cell, who, DATABASE),
    sql: (who, text, want) => cell.run([...psql(tools), '-h', `${cell.work}/run`, '-U', who, '-d', `dbname=${DATABASE}${want?.readOnly ? ` options='-c default_transaction_read_only=on'` : ''}`, '-c', text], { within: minutes(60), ...(want?.take ? { take: want.take } : {}) }),
    alive: served.alive, said: served.said,
  }
}

/** The first version of each major that has `\restrict`, the lock on psql's own commands. */
const RESTRICTS: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 }

/** True when this psql can be told to take no command of its own. `version`: what `psql --version` says. */
export function restricts(version: string): boolean {
  const [, major, minor] = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(version) ?? []
  if (major === undefined) return false
  const least = RESTRICTS[Number(major)]
  return Number(major) >= 18 || (least !== undefined && Number(minor ?? 0) >= least)
}
