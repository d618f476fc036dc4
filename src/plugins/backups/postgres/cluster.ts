// A PostgreSQL cluster of foreign make, as a base backup brings it, brought to life in a cell. It was the production server, and nothing of it may go on
// being that: none of its settings is used, and WAL comes from files in the cell alone. It is recovered in single-user mode, where no worker, no trigger
// of an event and no setting of a role or database runs; there such things are switched off, before a server is started on it.
import { Fault } from '../../../core/fault.ts'
import { hours, instantOf, minutes, seconds, type Instant, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type Ran, type Step } from '../../../ports/backup.ts'
import { gist } from '../../../ports/backup/words.ts'
import { readLsn, type Lsn } from './wal.ts'
import { OWN_SCHEMA, type Tools } from './server.ts'

const LONGEST: Span = hours(24)
const MOST_DATABASES = 500

/** What `pg_controldata` says of it. */
export interface Control {
  readonly system: string
  readonly segment: number
  readonly checksums: boolean
  readonly prepared: number
  /** Of the latest checkpoint, by the clock of the source. */
  readonly at: Instant | undefined
}

export async function readControl(cell: Cell, tools: Tools, at: string): Promise<Control | Step> {
  const ran = await cell.run([`${tools.folder}/pg_controldata`, at], { within: minutes(1) })
  const values = new Map(ran.out.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
  const value = (name: string): string => values.get(name) ?? ''
  const segment = Number(value('Bytes per WAL segment'))
  if (ran.exit !== 0 || /CRC checksum does not match|byte ordering/i.test(ran.err + ran.out) || !isSize(segment)) return failed('its control file (global/pg_control) cannot be read: without it nothing can be started', gist(ran))
  const checkpoint = Date.parse(`${value('Time of latest checkpoint')} UTC`)
  return {
    system: value('Database system identifier'), segment, checksums: Number(value('Data page checksum version')) > 0, prepared: Math.min(10_000, Number(value('max_prepared_xacts setting')) || 0),
    at: Number.isNaN(checkpoint) ? undefined : instantOf(checkpoint),
  }
}

const isSize = (bytes: number): boolean => bytes >= 1024 ** 2 && bytes <= 1024 ** 3 && Number.isInteger(Math.log2(bytes))

export interface Cluster {
  readonly cell: Cell
  readonly tools: Tools
  /** Its data folder, in the cell. */
  readonly at: string
  readonly control: Control
  /** `restore_command`: how one file of WAL is had. */
  readonly fetches: string
  /** What is typed in before SQL, for the wrapper that `fetches` needs. */
  readonly secret?: string
  /** It is to live: what is written of it has to be good for that. */
  readonly lives?: boolean
  /** As of then; else to the end of its WAL. */
  readonly until?: Instant
}

/** The folder's own settings are not read at all: these are, and a file that is empty. */
const settingsOf = ({ cell, control, fetches, lives = false, until }: Cluster): string => [
  `listen_addresses = ''`, `unix_socket_directories = '${cell.work}/run'`, `hba_file = '/given/hba.conf'`, `ident_file = '/given/ident.conf'`,
  'archive_mode = off', `archive_command = ''`, `primary_conninfo = ''`, `primary_slot_name = ''`, `restore_command = '${fetches.replaceAll(`'`, `''`)}'`, 'recovery_target_timeline = latest', 'hot_standby = off',
  `shared_preload_libraries = ''`, `session_preload_libraries = ''`, `local_preload_libraries = ''`, 'max_logical_replication_workers = 0', 'max_wal_senders = 0', `wal_level = ${lives ? 'replica' : 'minimal'}`, 'autovacuum = off', 'ssl = off',
  `max_prepared_transactions = ${control.prepared}`, 'fsync = off', `full_page_writes = ${lives ? 'on' : 'off'}`, 'synchronous_commit = off', 'shared_buffers = 64MB', 'maintenance_work_mem = 128MB', 'max_wal_size = 2GB', 'max_connections = 20',
  'logging_collector = off', 'log_destination = stderr', 'log_min_messages = warning', 'jit = off', `timezone = UTC`, `log_timezone = UTC`,
  ...(until === undefined ? [] : [`recovery_target_time = '${new Date(until).toISOString().replace('T', ' ').replace('Z', '+00')}'`, 'recovery_target_action = promote']), '',
].join('\n')

/** Folders that stores without folders lose, and what made it a server of somebody's. Links in it lead nowhere that is ours. */
const PREPARE = `set -eu
cd -- "$1"
[ -z "$3" ] || { [ -f postgresql.auto.conf ] && cp -- postgresql.auto.conf "$3"; } || :
rm -rf postgresql.auto.conf standby.signal recovery.signal recovery.conf postmaster.pid postmaster.opts pg_replslot tablespace_map.old
mkdir -p pg_subtrans pg_xact pg_multixact/members pg_multixact/offsets pg_notify pg_tblspc pg_twophase pg_stat pg_stat_tmp pg_replslot pg_snapshots pg_commit_ts pg_serial pg_dynshmem pg_logical/snapshots pg_logical/mappings pg_wal/archive_status
rm -rf pg_wal/archive_status/* pg_stat_tmp/* pg_subtrans/* pg_notify/*
: >postgresql.auto.conf; : >recovery.signal
chmod -R u+rwX,go-rwx .
mkdir -p -m 0700 "$2"`

export interface Recovered {
  /** The newest commit that was replayed; absent where none was. */
  readonly commit: Instant | undefined
  /** How far it was replayed. */
  readonly reached: Lsn | undefined
  readonly databases: readonly string[]
  /** Why it stopped there, in PostgreSQL's words, where it said so. */
  readonly said: string
}

/** What stood in `postgresql.auto.conf` of what is to live. */
export const FORMER_CONF = 'postgresql.auto.conf.before'

/** Recovers it, where nothing of it runs. A `Step` where that did not go. */
export async function recover(it: Cluster): Promise<Recovered | Step> {
  const { cell, at } = it
  await cell.put('base.conf', settingsOf(it))
  await cell.put('hba.conf', 'local all all trust\n')
  await cell.put('ident.conf', '')
  const ready = await cell.run(['/bin/sh', '-c', PREPARE, 'sh', at, `${cell.work}/run`, it.lives === true ? FORMER_CONF : ''], { within: hours(1) })
  if (ready.exit !== 0) return open('the base backup could not be made ready in the cell', gist(ready))
  const ran = await single(it, 'template1', ['select datname from pg_database where datallowconn and datname <> current_database()'], ['-c', 'log_min_messages=log'])
  const newest = Date.parse(/last completed transaction was at log time (\S+ \S+)/.exec(ran.err)?.[1]?.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00') ?? '')
  const commit = Number.isNaN(newest) ? undefined : instantOf(newest)
  if (ran.exit !== 0) return refused(ran, it.until, commit)
  const databases = [...ran.out.matchAll(/datname = "(.*)"\s+\(typeid/g)].flatMap(([, name]) => (name === undefined ? [] : [name]))
  if (databases.length > MOST_DATABASES) return open(`it holds ${databases.length} databases, and a drill looks after ${MOST_DATABASES} at most`)
  return { commit, reached: readLsn(/redo done at ([0-9A-F]+\/[0-9A-F]+)/i.exec(ran.err)?.[1] ?? ''), databases, said: whyItStopped(ran.err) }
}

/** Switches off what could act in it, which changes it. A `Step` where that did not go. */
export async function quieten(it: Cluster, databases: readonly string[]): Promise<Step | undefined> {
  for (const name of ['template1', ...databases]) {
    const quiet = await single(it, name, [...QUIET, ...(name === 'template1' ? readerOf(it) : [])])
    if (quiet.exit !== 0) return refused(quiet)
    // What could not be switched off might act: rather no drill than that.
    if (/ERROR:.*(?:pg_event_trigger|pg_subscription|pg_db_role_setting|role)/.test(quiet.err)) throw new Fault(`what acts by itself in the database ${name} could not be switched off, so it is not started: ${gist(quiet)}`, 'never')
  }
  return undefined
}

/** One line each: in single-user mode a line is a statement. */
const QUIET = [
  `update pg_event_trigger set evtenabled = 'D'`, 'update pg_subscription set subenabled = false',
  `update pg_db_role_setting set setconfig = array(select it from unnest(setconfig) it where it !~* '^(session_preload_libraries|local_preload_libraries|role|session_authorization|default_transaction_read_only|statement_timeout)=')`,
  `create schema if not exists ${OWN_SCHEMA}`, `create extension if not exists amcheck schema ${OWN_SCHEMA}`,
]

/** A name that no copy knows. */
export const readerName = ({ id }: Pick<Cell, 'id'>): string => `drill_${id}`
const readerOf = ({ cell, tools }: Cluster): readonly string[] => (tools.major >= 14
  ? [`create role ${readerName(cell)} login bypassrls in role pg_read_all_data, pg_read_all_settings`]
  // Before that version nobody but a superuser reads all.
  : [`create role ${readerName(cell)} login superuser`])

function single({ cell, tools, at, secret }: Cluster, database: string, lines: readonly string[], more: readonly string[] = []): Promise<Ran> {
  const argv = [`${tools.folder}/postgres`, '--single', '-D', at, '-c', 'config_file=/given/base.conf', ...more, database]
  async function* typed(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${[...(secret === undefined ? [] : [secret]), ...lines].join('\n')}\n`)
  }
  return cell.run(secret === undefined ? argv : ['/bin/sh', '-c', 'IFS= read -r HOLDFAST_SECRET; export HOLDFAST_SECRET; exec "$@"', 'sh', ...argv], { within: LONGEST, input: typed() })
}

/** What PostgreSQL says when a page of WAL is not what it was: recovery stops there as if that were the end. */
const whyItStopped = (err: string): string => err.split('\n').filter((line) => /incorrect resource manager data checksum|invalid (?:magic|record|resource|info|block)|unexpected (?:pageaddr|timeline)|contrecord|record with incorrect/i.test(line)).slice(-2).map((line) => line.slice(0, 300)).join('\n')

function refused(ran: Ran, until?: Instant, newest?: Instant): Step {
  const said = gist(ran)
  const all = ran.err
  if (until !== undefined && /recovery ended before configured recovery target was reached/i.test(all)) return failed(`no commit is known after ${new Date(until).toISOString()}: ${newest === undefined ? 'there is none in the WAL' : `the newest one is of ${new Date(newest).toISOString()}`}. Leave out --until, and all there is comes back`, whyItStopped(all))
  if (until !== undefined && /recovery stop point is before consistent recovery point/i.test(all)) return failed(`the copy ended after ${new Date(until).toISOString()}: take one that was made before, with --copy`, said)
  if (/could not load library|could not access file|resource manager with ID \d+ not registered|must be loaded via/i.test(all)) return open('the copy needs a library that a drill does not load: nothing is preloaded, since it might act', said)
  if (/not recognized by setlocale|incompatible with operating system/i.test(all)) return open('the copy needs a locale that this machine does not have: make it with locale-gen', said)
  if (/database files are incompatible|initialized (?:by|with) PostgreSQL version/i.test(all)) return open('the PostgreSQL here is built otherwise than the one that is backed up (its version, the size of its blocks): install the same package', said)
  if (/wal_level=minimal/i.test(all)) return failed('the source wrote WAL with wal_level=minimal: nothing behind the base backup can be recovered', said)
  return failed('PostgreSQL cannot recover the base backup', said)
}

export interface LiveCluster {
  readonly alive: () => boolean
  readonly said: () => string
  /** SQL by a role that reads everything and changes nothing. */
  ask(database: string, text: string, take?: (chunk: Buffer) => void): Promise<Ran>
  /** For a program that connects as its superuser. */
  readonly reach: readonly string[]
  /** The folder of its socket, and the role that reads everything. */
  readonly socket: string
  readonly reader: string
}

/** Starts a server on what was recovered. Nothing of the copy has run so far. */
export async function live({ cell, tools, at }: Cluster): Promise<LiveCluster | Step> {
  const served = await cell.start([`${tools.folder}/postgres`, '-D', at, '-c', 'config_file=/given/base.conf', '-c', 'log_min_messages=log', '-c', 'restore_command='], { ready: /database system is ready to accept connections/, within: minutes(5) })
  if (!served.alive()) return failed('PostgreSQL recovered the base backup and cannot start on it', gist({ err: served.said(), out: '' }))
  const reader = readerName(cell)
  return {
    alive: served.alive, said: served.said, reach: ['-h', `${cell.work}/run`], socket: `${cell.work}/run`, reader,
    // What a client asks for comes before what a role or a database is set to.
    ask: (database, text, take) => cell.run([`${tools.folder}/psql`, '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', `${cell.work}/run`, '-U', reader, '-d', `dbname='${database.replaceAll(/[\\']/g, String.raw`\$&`)}' options='-c default_transaction_read_only=on -c timezone=UTC'`, '-c', text], { within: minutes(60), ...(take ? { take } : {}) }),
  }
}

/** Every page against its checksum, where the cluster has them; on one that was stopped. */
export async function checkPages({ cell, tools, at, control }: Cluster): Promise<Step> {
  if (!control.checksums || !tools.names.includes('pg_checksums')) return passed()
  const ran = await cell.run([`${tools.folder}/pg_checksums`, '--check', '-D', at], { within: LONGEST })
  return ran.exit === 0 ? passed() : failed('pages of it do not fit their checksums', gist(ran))
}

/** B-trees and heaps, by the superuser of the copy: the examination itself runs as each table's owner. */
export async function checkRelations({ cell, tools }: Cluster, { reach }: Pick<LiveCluster, 'reach'>): Promise<Step> {
  if (!tools.names.includes('pg_amcheck')) return open('pg_amcheck is not installed here (PostgreSQL 14 or newer has it): what was restored was not examined')
  const name = await cell.run([`${tools.folder}/psql`, '-X', '-q', '-A', '-t', ...reach, '-U', readerName(cell), '-d', 'template1', '-c', `select quote_ident(rolname) from pg_roles where oid = 10`], { within: seconds(60) })
  const superuser = name.out.trim().replaceAll('"', '')
  if (name.exit !== 0 || superuser === '') return open('nobody may examine what was restored', gist(name))
  const ran = await cell.run([`${tools.folder}/pg_amcheck`, ...reach, '-U', superuser, '--all', '--heapallindexed', '--no-password'], { within: LONGEST })
  if (ran.exit === 0) return passed()
  if (/amcheck is not installed|no relations to check|extension "amcheck"/i.test(ran.err + ran.out)) return open('the extension amcheck is not installed here (package postgresql-contrib): what was restored was not examined', gist(ran))
  return failed('PostgreSQL finds what was restored damaged', gist(ran))
}
