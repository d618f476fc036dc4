// Copies of mariadb-backup: a whole server, as a folder, a tar or an xbstream. They are prepared by the program that made them, every page is held
// against its checksum while nothing writes, and a server starts on them that loads no plugin, knows no cluster, follows nobody and runs no event. None
// of the settings that came along is used but those that say how InnoDB's files are laid out.
import { Fault } from '../../../core/fault.ts'
import { hours, minutes, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type CopyGiven, type Restoring, type Served, type Settled, type Step } from '../../../ports/backup.ts'
import { readArchive } from '../../../ports/backup/archive.ts'
import { headOf, unpacks } from '../../../ports/backup/packed.ts'
import { isTar } from '../../../ports/backup/tar.ts'
import { twinOf } from '../../../ports/backup/twin.ts'
import { gist } from '../../../ports/backup/words.ts'
import { asksOf, prove, proveRows, reachOf, type Asks } from './asks.ts'

const LONGEST: Span = hours(24)
const USER = 'root'
const XBSTREAM = 'XBSTCK01'
const SYSTEM = ['mysql', 'information_schema', 'performance_schema', 'sys']
/** How InnoDB lays out its files. Anything else that stands beside it is somebody's server. */
const LAYOUT = /^(innodb_(?:checksum_algorithm|data_file_path|log_file_size|log_files_in_group|page_size|undo_tablespaces|compression_level))\s*=\s*([\w:.;-]{1,200})$/

export async function isPhysical(cell: Cell, copy: CopyGiven): Promise<boolean> {
  if (copy.name !== undefined) return true
  const { head } = await headOf(cell, cell.copy)
  return isTar(head) || head.subarray(0, XBSTREAM.length).toString('latin1') === XBSTREAM
}

interface Found {
  readonly at: string
  readonly layout: readonly string[]
}

/** `database`: where assertions are asked. */
export function restoringPhysical(cell: Cell, copy: CopyGiven, database: string | undefined): Restoring {
  let found: Found | undefined
  let server: Served | undefined
  let pages: Step = passed()
  let asked: string | Step | undefined
  const started = (): Served => {
    if (!server) throw new Error('nothing was restored yet')
    return server
  }
  const named = async (): Promise<string | Step> => (asked ??= await whereToAsk(cell, started(), database))
  const asks = async (): Promise<Asks | Step> => {
    const name = await named()
    return typeof name === 'string' ? asksOf(cell, started(), { user: USER, database: name }) : name
  }
  return {
    async structure() {
      if (copy.until !== undefined) return failed('a copy of mariadb-backup holds one state alone, the one of when it ended: leave out --until')
      const looked = await lookAt(cell, copy)
      if ('is' in looked) return looked
      found = looked
      return passed()
    },
    async restore() {
      if (!found) throw new Error('its structure was not looked at yet')
      const prepared = await cell.run(['/usr/bin/mariadb-backup', '--prepare', `--target-dir=${found.at}`, '--use-memory=128M', '--tmpdir=/tmp'], { within: LONGEST })
      if (prepared.exit !== 0 || !/completed OK!\s*$/.test(prepared.err + prepared.out)) return failed('mariadb-backup cannot prepare the copy', wordsOf(prepared))
      pages = await checkPages(cell, found)
      const shown = { ...found, at: copy.lives ? `${cell.work}/looked` : found.at }
      const wrong = copy.lives ? await twinOf(cell, found.at, shown.at) : undefined
      if (wrong) return wrong
      const served = await startOn(cell, shown)
      if ('is' in served) return served
      server = served
      return passed()
    },
    async integrity() {
      if (pages.is !== 'pass') return pages
      const ran = await cell.run(['/usr/bin/mariadb-check', '--no-defaults', ...reachOf(cell, USER), '--check', '--extended', '--all-databases'], { within: LONGEST })
      return server?.alive() === true ? judgeCheck(ran) : open('the MariaDB that it was restored into ended', gist(ran))
    },
    async prove(assertion) {
      const to = await asks()
      return 'is' in to ? to : prove(to, assertion, copy)
    },
    async manifest() {
      if (Object.keys(copy.manifest?.rows ?? {}).length === 0) return []
      const to = await asks()
      return 'is' in to ? [{ text: 'what the manifest says', step: to }] : proveRows(to, copy.manifest)
    },
    ...(copy.lives ? { settle: async (to: string): Promise<Settled | Step> => (found ? settle(cell, found, to) : failed('nothing was restored yet')) } : {}),
    // Without grants everybody may do everything, by whatever name.
    async reach() {
      const name = await named()
      const socket = `${cell.work}/run/s`
      return typeof name === 'string' ? { url: `mysql://${USER}@localhost/${encodeURIComponent(name)}?socket=${socket}`, socket, user: USER, database: name } : { socket, user: USER }
    },
  }
}

async function whereToAsk(cell: Cell, server: Served, database: string | undefined): Promise<string | Step> {
  if (database !== undefined) return database
  const ran = await asksOf(cell, server, { user: USER, database: 'mysql' }).ask('select schema_name from information_schema.schemata')
  if (ran.exit !== 0) return open('the restored server does not say which databases it holds', gist(ran))
  const own = ran.out.split('\n').filter((name) => name !== '' && !SYSTEM.includes(name))
  const [only] = own
  if (only !== undefined && own.length === 1) return only
  return open(own.length === 0 ? 'the copy holds no database of people: say which one is asked, as database: at the set' : `the copy holds several databases (${own.slice(0, 5).join(', ')}): say which one is asked, as database: at the set`)
}

/** A table of an engine that is not loaded was not examined; that is no damage. */
export function judgeCheck({ exit, out, err }: { readonly exit: number | null; readonly out: string; readonly err: string }): Step {
  const wrong = out.split('\n').filter((line) => /^(?:error|warning)\s*:/i.test(line.trim()) || /\bcorrupt/i.test(line))
  const strange = wrong.filter((line) => /unknown (?:storage )?engine|plugin .* is not loaded/i.test(line))
  if (wrong.length > strange.length || (exit !== 0 && wrong.length === 0)) return failed('MariaDB finds what was restored damaged', gist({ out: wrong.join('\n') || out, err }))
  return strange.length === 0 ? passed() : open('tables of engines that a drill does not load were not examined', strange.slice(0, 3).join('\n'))
}

async function lookAt(cell: Cell, copy: CopyGiven): Promise<Found | Step> {
  const [bin, sbin] = [await cell.look('/usr/bin'), await cell.look('/usr/sbin')]
  const lacks = ['mariadb', 'mariadb-check', 'mariadb-backup', 'mbstream', 'innochecksum'].filter((name) => !bin.includes(name)).concat(sbin.includes('mariadbd') ? [] : ['mariadbd'])
  if (lacks.length > 0) throw new Fault(`${lacks.join(', ')} ${lacks.length === 1 ? 'is' : 'are'} not installed here, so nothing can be restored: install the packages mariadb-server and mariadb-backup, of the version of the server that is backed up`, 'never')
  const at = `${cell.work}/db`
  const wrong = await place(cell, copy, at)
  if (wrong) return wrong
  const [checkpoints = '', info = '', cnf = '', packed = ''] = (await cell.run(['/bin/sh', '-c', FACTS, 'sh', at, cell.id], { within: minutes(10) })).out.split(`${cell.id}\n`)
  const kind = /^backup_type\s*=\s*(\S+)/m.exec(checkpoints)?.[1]
  if (kind === undefined) return failed('this is no copy of mariadb-backup, or its end is missing: there is no xtrabackup_checkpoints in it')
  const version = /^server_version\s*=\s*((\d+\.\d+)\S*)/m.exec(info)
  if (!version) return failed('the end of the copy is missing: there is no xtrabackup_info in it, which is written last')
  if (!kind.startsWith('full-')) return open(`it is ${kind === 'incremental' ? 'an incremental copy, which is nothing without the one before it' : kind}: drill the full one`)
  if (packed.trim() !== '') return open('its files are packed with qpress (--compress): pack the whole stream instead, such as with zstd')
  if (/plugin[-_]load|encrypt/i.test(cnf)) return open('its tables are encrypted by a plugin, and a drill has no key of it: drill it by hand')
  const here = /MariaDB server (\d+\.\d+)/.exec((await cell.run(['/bin/sh', '-c', 'exec /usr/bin/mariadb-backup --version 2>&1'], { within: minutes(1) })).out)?.[1]
  if (here !== version[2]) throw new Fault(`this copy is of MariaDB ${version[1]}, and here is ${here ?? 'none that says its version'}: a copy of mariadb-backup is prepared by its own version alone. Install that one`, 'never')
  const layout = cnf.split('\n').flatMap((line) => (LAYOUT.test(line.trim()) ? [line.trim()] : []))
  const settings = await cell.put('layout.cnf', `[mysqld]\n${layout.join('\n')}\n`)
  const put = await cell.run(['/bin/sh', '-c', 'cp -- "$1" "$2/backup-my.cnf"', 'sh', settings, at], { within: minutes(1) })
  return put.exit === 0 ? { at, layout } : open('its settings could not be replaced in the cell', gist(put))
}

/** Newer versions call the same files otherwise. */
const FACTS = `cd -- "$1" || exit 1
head -c 4096 xtrabackup_checkpoints || head -c 4096 mariadb_backup_checkpoints; echo; echo "$2"
head -c 8192 xtrabackup_info || head -c 8192 mariadb_backup_info; echo; echo "$2"
head -c 4096 backup-my.cnf; echo; echo "$2"
find . -name '*.qp' | head -n 1; echo "$2"`

/** Lays it out in the cell. A `Step` where that did not go. */
async function place(cell: Cell, copy: CopyGiven, at: string): Promise<Step | undefined> {
  if (copy.name !== undefined) {
    const copied = await cell.run(['/bin/sh', '-c', 'cp -r -- "$1" "$2" && chmod -R u+rwX "$2"', 'sh', cell.copy, at], { within: LONGEST })
    return copied.exit === 0 ? undefined : open('the copy could not be laid out in the cell', gist(copied))
  }
  const { packing, head } = await headOf(cell, cell.copy)
  if (!isTar(head)) {
    const ran = await cell.run(['/bin/sh', '-c', 'to=$1; shift; mkdir -- "$to" && { "$@" || echo "cannot be unpacked" >&2; } | mbstream -x -C "$to"', 'sh', at, ...unpacks(packing, cell.copy)], { within: LONGEST })
    return ran.exit === 0 && !/cannot be unpacked/.test(ran.err) ? undefined : failed('the stream cannot be unpacked: it was cut short, or bytes of it have changed', gist(ran))
  }
  let strip = 0
  const entries = await readArchive(cell, packing, LONGEST, ({ name }) => {
    const top = /^(?:\.\/+)*((?:[^/]+\/+)?)(?:xtrabackup|mariadb_backup)_checkpoints$/.exec(name)
    if (top) strip = (top[1] === '' ? 0 : 1) + (name.startsWith('./') ? 1 : 0)
  })
  if (typeof entries !== 'number') return entries
  const done = await cell.run(['/bin/sh', '-c', 'to=$1 strip=$2; shift 2; mkdir -- "$to" && "$@" | tar -x --no-same-owner --no-same-permissions --strip-components="$strip" -C "$to" -f - && chmod -R u+rwX "$to"', 'sh', at, `${strip}`, ...unpacks(packing, cell.copy)], { within: LONGEST })
  return done.exit === 0 ? undefined : failed('the archive cannot be unpacked', gist(done))
}

/** In the second and third extent of the system tablespace InnoDB keeps copies of others, which fit no checksum of their own there. */
const CHECK = `cd -- "$1" || exit 3
find . -name '*.ibd' -o -name 'undo0*' | while IFS= read -r at; do
  innochecksum "$at" >"$2" 2>&1 || { echo "$at is damaged:"; head -n 2 "$2"; }
done
[ -f ibdata1 ] || exit 0
for part in "-e $(($3 - 1))" "-s $(($3 * 3))"; do innochecksum $part ibdata1 >"$2" 2>&1 || { echo "ibdata1 is damaged:"; head -n 2 "$2"; }; done`

/** Every page of InnoDB against its checksum, while no server writes. */
async function checkPages(cell: Cell, { at, layout }: Found): Promise<Step> {
  const size = Number(layout.flatMap((line) => /^innodb_page_size\s*=\s*(\d+)$/.exec(line)?.[1] ?? []).at(-1) ?? 16_384)
  const ran = await cell.run(['/bin/sh', '-c', CHECK, 'sh', at, `${cell.work}/said`, `${Math.max(64, Math.floor(1_048_576 / size))}`], { within: LONGEST })
  if (ran.exit !== 0) return open('its pages could not be looked at', gist(ran))
  return ran.out.trim() === '' ? passed() : failed('pages of it do not fit their checksums', ran.out.trim().split('\n').slice(0, 6).join('\n'))
}

/** Without grants it loads no plugin and no function either, whatever its tables name. */
const SETTINGS = [
  '--skip-grant-tables', '--skip-networking', '--skip-log-bin', '--skip-slave-start', '--event-scheduler=OFF', '--wsrep-on=OFF', '--wsrep-provider=none', '--local-infile=0', '--performance-schema=OFF', '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--max-allowed-packet=1G', '--tmpdir=/tmp', '--default-time-zone=+00:00', '--read-only',
]

/** What would make it a member, or a replica, of somebody's; names that mariadb-backup itself does not take along. */
const FORMER = ['grastate.dat', 'gvwstate.dat', 'galera.cache', 'master.info', 'master-*.info', 'multi-master.info', 'relay-log.info', 'relay-log-*.info', 'auto.cnf']

/** Ready to lie at `to`. The prepared files are as mariadb-backup left them: what was started was a copy of them. */
async function settle(cell: Cell, { at, layout }: Found, to: string): Promise<Settled | Step> {
  const ran = await cell.run(['/bin/sh', '-c', `cd -- "$1" && rm -f -- ${FORMER.join(' ')}`, 'sh', at], { within: minutes(5) })
  if (ran.exit !== 0) return open('what was restored could not be made ready', gist(ran))
  return {
    folder: at, account: 'mysql',
    next: [
      `start it by itself, reached over its socket alone: /usr/sbin/mariadbd --no-defaults --user=mysql --datadir=${to} --socket=${to}/restored.sock --pid-file=${to}/restored.pid --skip-networking --skip-slave-start --event-scheduler=OFF --wsrep-on=OFF${layoutOf(layout).map((it) => ` '${it}'`).join('')}`,
      `when it is what you want: datadir=${to} in the settings of a server of this machine${layout.length === 0 ? '' : ', with what is needed of innodb_… above'}. Started as a member of a Galera cluster it would take over the data of the others`,
      `where the binary log of its source went on from: ${to}/xtrabackup_binlog_info, where that is there`,
    ],
  }
}

const layoutOf = (layout: readonly string[]): readonly string[] => layout.filter((line) => /^innodb_(?:data_file_path|page_size|undo_tablespaces|checksum_algorithm)\b/.test(line)).map((line) => `--${line.replace(/\s*=\s*/, '=').replaceAll('_', '-')}`)

async function startOn(cell: Cell, { at, layout }: Found): Promise<Served | Step> {
  await cell.run(['/bin/mkdir', '-m', '0700', `${cell.work}/run`, `${cell.work}/none`], { within: minutes(1) })
  const served = await cell.start(['/usr/sbin/mariadbd', '--no-defaults', `--datadir=${at}`, `--socket=${cell.work}/run/s`, `--pid-file=${cell.work}/run/pid`, `--secure-file-priv=${cell.work}/none`, ...layoutOf(layout), ...SETTINGS], { ready: /ready for connections/, within: minutes(10) })
  return served.alive() ? served : failed('MariaDB cannot start on the prepared copy', wordsOf({ err: served.said(), out: '' }))
}

/** Without notes and times, which stand before every line. */
const wordsOf = ({ err, out }: { readonly err: string; readonly out: string }): string => gist({ out: '', err: `${err}\n${out}`.split('\n').filter((line) => /error|fail|corrupt|cannot|unable|missing/i.test(line)).slice(-6).map((line) => line.replace(/^(?:\[\d+\] )?\d{4}-\d\d-\d\d +[\d:]+ (?:\d+ )?/, '')).join('\n') })
