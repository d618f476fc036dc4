// Base backups of PostgreSQL: what pg_basebackup makes, as one tar or as a folder, and the WAL that was archived behind it. Its files are held against
// its own manifest, its WAL against the names that must be there; then it is recovered to the end of its WAL, with nothing of what made it a production
// server, examined page by page and table by table, and asked. The newest commit that came back is what a restore would have lost nothing after.
import { Fault } from '../../../core/fault.ts'
import { hours, minutes, type Instant, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type CopyGiven, type Held, type Log, type Ran, type Restoring, type Settled, type Step } from '../../../ports/backup.ts'
import { headOf, unpacks } from '../../../ports/backup/packed.ts'
import { piped } from '../../../ports/backup/pipe.ts'
import { isTar, tarReader } from '../../../ports/backup/tar.ts'
import { twinOf } from '../../../ports/backup/twin.ts'
import { gist } from '../../../ports/backup/words.ts'
import { prove, proveRows, type Asks } from './asks.ts'
import { checkPages, checkRelations, live, quieten, readControl, recover, type Cluster, type Control, type LiveCluster, type Recovered } from './cluster.ts'
import { toolsOf } from './server.ts'
import { settle } from './settle.ts'
import { chainOf, isHistory, isSegment, nameOf, plainName, readHistory, readLsn, sayGap, segmentOf, type Chain, type Left, type Needs } from './wal.ts'

const LONGEST: Span = hours(24)

/** True for a folder of pg_basebackup, and for a tar in which a data folder lies rather than a dump. Reads no further than it must. */
export async function isPhysical(cell: Cell, copy?: Pick<CopyGiven, 'name'>): Promise<boolean> {
  if (copy?.name !== undefined) return true
  const { packing, head } = await headOf(cell, cell.copy)
  if (!isTar(head)) return false
  let found: boolean | undefined
  const reader = tarReader(({ name }) => {
    if (/(?:^|\/)(?:toc\.dat|\d+\.dat(?:\.\w+)?)$/.test(name)) found ??= false
    else if (/(?:^|\/)(?:PG_VERSION|backup_label|backup_manifest|global\/pg_control|base\/\d+\/\d+)$/.test(name)) found ??= true
  })
  const archive = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    for await (const chunk of archive.bytes) {
      reader.take(chunk)
      if (found !== undefined) return found
    }
    return false
  } finally {
    archive.stop()
    await archive.ended.catch(() => undefined)
  }
}

/** A cluster that lies in the cell, and what was found out about its WAL. */
export interface Found extends Cluster {
  readonly needs: Needs
  readonly chain: Chain
  /** The newest WAL was archived at. */
  readonly archivedAt: Instant | undefined
}

/** What its structure says; `lay` then puts it where it can be recovered, as far as it is not there yet. */
export interface Looked {
  lay(): Promise<Found | Step>
}

/** `database`: where assertions are asked. */
export const restoringPhysical = (cell: Cell, copy: CopyGiven, database: string | undefined): Restoring => restoringCluster(copy, database, async () => {
  const looked = await lookAt(cell, copy)
  return 'is' in looked ? looked : { lay: () => Promise.resolve(looked) }
})

/** The way of every copy of a whole cluster, however it is kept. */
export function restoringCluster(copy: CopyGiven, database: string | undefined, look: () => Promise<Looked | Step>): Restoring {
  let looked: Looked | undefined
  let found: Found | undefined
  let recovered: Recovered | undefined
  let server: LiveCluster | undefined
  let pages: Step = passed()
  const started = (): LiveCluster => {
    if (!server) throw new Error('nothing was restored yet')
    return server
  }
  const named = (): string | Step => database ?? theOnly(recovered?.databases ?? [])
  const asks = (): Asks | Step => {
    const name = named()
    if (typeof name !== 'string') return name
    return { alive: started().alive, ask: (text, take) => started().ask(name, text, take) }
  }
  return {
    async structure() {
      const seen = await look()
      if ('is' in seen) return seen
      looked = seen
      return passed()
    },
    async restore() {
      if (!looked) throw new Error('its structure was not looked at yet')
      const laid = await looked.lay()
      if ('is' in laid) return laid
      // What was committed before its checkpoint is in it, whatever time is wanted: PostgreSQL itself would not mind.
      if (copy.until !== undefined && !((laid.control.at ?? Infinity) <= copy.until)) return failed(`the copy holds what was written after ${new Date(copy.until).toISOString()}: take one that was made before, with --copy`)
      found = { ...laid, ...(copy.lives ? { lives: true } : {}), ...(copy.until === undefined ? {} : { until: copy.until }) }
      const came = await recover(found)
      if ('is' in came) return came
      recovered = came
      const short = copy.until === undefined ? stoppedShort(found, came) : undefined
      if (short) return short
      const shown = copy.lives ? await twinned(found) : found
      if ('is' in shown) return shown
      const loud = await quieten(shown, came.databases)
      if (loud) return loud
      pages = await checkPages(found)
      const lives = await live(shown)
      if ('is' in lives) return lives
      server = lives
      return passed()
    },
    async integrity() {
      if (!found) throw new Error('nothing was restored yet')
      return pages.is === 'pass' ? checkRelations(found, started()) : pages
    },
    async prove(assertion) {
      const to = asks()
      return 'is' in to ? to : prove(to, assertion, { ...copy, at: latest(latest(copy.at, found?.archivedAt), recovered?.commit) })
    },
    ...(copy.lives ? { settle: async (to: string): Promise<Settled | Step> => (found ? settle(found, to) : failed('nothing was restored yet')) } : {}),
    async manifest() {
      if (Object.keys(copy.manifest?.rows ?? {}).length === 0) return []
      const to = asks()
      return 'is' in to ? [{ text: 'what the manifest says', step: to }] : proveRows(to, copy.manifest)
    },
    reach: () => reachOf(started(), named()),
    held: () => (recovered && found ? heldBy(found, recovered, copy.at) : undefined),
  }
}

async function twinned(it: Found): Promise<Found | Step> {
  const at = `${it.cell.work}/looked`
  return (await twinOf(it.cell, it.at, at)) ?? { ...it, at }
}

/** An application is the database's owner, where that is an ordinary role that may connect; else it may only read. */
async function reachOf(server: LiveCluster, database: string | Step): Promise<Readonly<Record<string, string>>> {
  const { socket, reader } = server
  if (typeof database !== 'string') return { socket, user: reader }
  const owner = await server.ask(database, 'select rolname from pg_roles r join pg_database d on d.datdba = r.oid where d.datname = current_database() and r.rolcanlogin and not r.rolsuper')
  const user = (owner.exit === 0 ? owner.out.replace(/\n$/, '') : '') || reader
  return { url: `postgresql://${encodeURIComponent(user)}@/${encodeURIComponent(database)}?host=${socket}`, socket, user, database }
}

const latest = (a: Instant, b: Instant | undefined): Instant => (b !== undefined && b > a ? b : a)

function theOnly(databases: readonly string[]): string | Step {
  const own = databases.filter((name) => name !== 'postgres' && name !== 'template0')
  const [only] = own
  if (only !== undefined && own.length === 1) return only
  return own.length === 0 ? 'postgres' : open(`the copy holds several databases (${own.slice(0, 5).join(', ')}): say which one is asked, as database: at the set`)
}

function heldBy({ control, chain, needs }: Found, { commit, reached }: Recovered, at: Instant): Held {
  const until = reached === undefined ? (chain.wanted.at(-1) ?? nameOf({ timeline: needs.timeline, n: needs.start.at / BigInt(needs.size) }, needs.size)) : reached.says
  return { at: commit ?? control.at ?? at, of: `the cluster ${control.system}, WAL up to ${until} of timeline ${chain.timeline}${commit === undefined ? ', no commit in it' : ', its newest commit'}` }
}

/** Recovery ends where WAL makes no sense, as if it ended there: when more of it is there, that is damage. */
function stoppedShort({ chain, needs }: Found, { reached, said }: Recovered): Step | undefined {
  const last = chain.wanted.at(-1)
  const n = last === undefined ? undefined : segmentOf(last, needs.size)?.n
  if (n === undefined || last === undefined) return undefined
  const at = (reached ?? needs.start).at / BigInt(needs.size)
  return at >= n ? undefined : failed(`the WAL is damaged: recovery ended at ${(reached ?? needs.start).says}, and there is WAL up to ${last}, which no restore reaches`, said)
}

async function lookAt(cell: Cell, copy: CopyGiven): Promise<Found | Step> {
  const all = await toolsOf(cell)
  const at = `${cell.work}/pg`
  const placed = await place(cell, copy, at)
  if (placed) return placed
  const facts = await factsOf(cell, at)
  const version = facts.version.trim()
  if (!/^\d{1,2}$/.test(version)) return failed('this is no base backup of PostgreSQL: there is no PG_VERSION in it')
  if (/^INCREMENTAL FROM LSN:/m.test(facts.label)) return open('it is an incremental base backup, which is nothing without those before it: keep what pg_combinebackup makes of them, or drill and restore the full one')
  const tools = all.find(({ major }) => major === Number(version))
  if (!tools) throw new Fault(`this base backup is of PostgreSQL ${version}, and can be started by no other; here are: ${all.map(({ major }) => major).join(', ')}. Install postgresql-${version} (its server is never started as a service by Holdfast)`, 'never')
  const control = await readControl(cell, tools, at)
  if ('is' in control) return control
  const needs = needsOf(facts, control)
  if ('is' in needs) return needs
  if (facts.tablespaces.trim() !== '') return open(TABLESPACES)
  const wal = await gatherWal(cell, copy, { at, needs, own: facts.wal.split('\n') })
  if ('is' in wal) return wal
  if (facts.manifest === '') return open('it has no backup_manifest to hold its files against: make it without --no-manifest, and keep that file with it')
  if (!tools.names.includes('pg_verifybackup')) throw new Fault('pg_verifybackup is not installed here: install the package postgresql-client', 'never')
  const ran = await cell.run([`${tools.folder}/pg_verifybackup`, `--wal-directory=${cell.work}/wal`, at], { within: LONGEST })
  if (ran.exit !== 0) return failed('the base backup is not what it was when it was made', gist(ran))
  return { cell, tools, at, control, needs, fetches: `test -f ${cell.work}/wal/%f && cp ${cell.work}/wal/%f %p`, ...wal }
}

const TABLESPACES = 'it has tablespaces, and only clusters without any are brought back here: do it by hand'

interface Facts {
  readonly version: string
  readonly label: string
  /** The end of it, where the WAL that it needs is named. */
  readonly manifest: string
  readonly tablespaces: string
  /** Names of the WAL that it brings along. */
  readonly wal: string
}

/** All in one program, since each takes a cell of its own. Parts are set apart by a line that none of them holds. */
const FACTS = `cd -- "$1" || exit 1
head -c 64 PG_VERSION; echo; echo "$2"
head -c 8192 backup_label; echo; echo "$2"
tail -c 8192 backup_manifest; echo; echo "$2"
ls -1 pg_tblspc | head -n 5; head -c 4096 tablespace_map; echo; echo "$2"
ls -1 pg_wal; echo "$2"`

export async function factsOf(cell: Cell, at: string): Promise<Facts> {
  const [version = '', label = '', manifest = '', tablespaces = '', wal = ''] = (await textOf(cell, ['/bin/sh', '-c', FACTS, 'sh', at, cell.id])).split(`${cell.id}\n`)
  return { version, label, manifest: manifest.trim(), tablespaces, wal }
}

/** Lays the data folder out in the cell. A `Step` where that did not go. */
async function place(cell: Cell, copy: CopyGiven, at: string): Promise<Step | undefined> {
  if (copy.name === undefined) return unpackTar(cell, cell.copy, at)
  const names = (await cell.run(['/bin/ls', '-1', '--', cell.copy], { within: minutes(5) })).out.split('\n')
  const tar = names.find((name) => /^base\.tar(?:\.\w+)?$/.test(name))
  if (tar === undefined) {
    const copied = await cell.run(['/bin/cp', '-r', '--', cell.copy, at], { within: LONGEST })
    return copied.exit === 0 ? undefined : open('the base backup could not be copied in the cell', gist(copied))
  }
  const other = names.find((name) => /^\d+\.tar(?:\.\w+)?$/.test(name))
  if (other !== undefined) return open(TABLESPACES)
  const wrong = await unpackTar(cell, `${cell.copy}/${tar}`, at)
  if (wrong) return wrong
  const wal = names.find((name) => /^pg_wal\.tar(?:\.\w+)?$/.test(name))
  const wrongWal = wal === undefined ? undefined : await unpackTar(cell, `${cell.copy}/${wal}`, `${at}/pg_wal`)
  if (wrongWal) return wrongWal
  const copied = await cell.run(['/bin/cp', '--', `${cell.copy}/backup_manifest`, at], { within: minutes(10) })
  return copied.exit === 0 ? undefined : open('its manifest could not be copied in the cell', gist(copied))
}

/** Every name in it is judged before anything is unpacked. A data folder may lie one folder down. */
async function unpackTar(cell: Cell, file: string, to: string): Promise<Step | undefined> {
  const { packing, head } = await headOf(cell, file)
  if (head.length === 0) return failed('the copy is empty')
  let strip = 0
  let tablespace = false
  const reader = tarReader(({ name }) => {
    const top = /^(?:\.\/+)*((?:[^/]+\/+)?)PG_VERSION$/.exec(name)
    if (top) strip = (top[1] === '' ? 0 : 1) + (name.startsWith('./') ? 1 : 0)
  })
  const archive = piped(cell, unpacks(packing, file), LONGEST)
  for await (const chunk of archive.bytes) reader.take(chunk)
  const ran = await archive.ended
  if (ran.exit !== 0) return failed('the copy cannot be unpacked', gist(ran))
  const contents = reader.end()
  tablespace = contents.is === 'refused' && contents.says.includes('pg_tblspc/')
  if (tablespace) return open(TABLESPACES)
  if (contents.is !== 'whole') return failed(`the archive is ${contents.is === 'refused' ? 'not unpacked' : 'broken'}: ${contents.says}`)
  const done = await cell.run(['/bin/sh', '-c', 'to=$1 strip=$2; shift 2; mkdir -p -m 0700 "$to" && "$@" | tar -x --no-same-owner --no-same-permissions --strip-components="$strip" -C "$to" -f -', 'sh', to, `${strip}`, ...unpacks(packing, file)], { within: LONGEST })
  return done.exit === 0 ? undefined : failed('the archive cannot be unpacked', gist(done))
}

/** From its label, which says where it begins, and its manifest, which says where it ends. */
export function needsOf({ label, manifest }: Facts, control: Control): Needs | Step {
  const start = readLsn(/^START WAL LOCATION: (\S+)/m.exec(label)?.[1] ?? '')
  if (!start) return failed('there is no backup_label in it: it is a copy of a data folder that was taken while the server wrote, and no base backup. Make it with pg_basebackup')
  const timeline = Number(/^START TIMELINE: (\d+)$/m.exec(label)?.[1] ?? 1)
  const end = [...manifest.matchAll(/"End-LSN":\s*"([0-9A-F]+\/[0-9A-F]+)"/gi)].flatMap(([, text]) => readLsn(text ?? '') ?? []).at(-1)
  return { timeline, start, size: control.segment, ...(end === undefined ? {} : { end }) }
}

/** The WAL that it brings along and the one that was archived, side by side in one folder of the cell; judged by names first. */
async function gatherWal(cell: Cell, copy: CopyGiven, { at, needs, own: listed }: { readonly at: string; readonly needs: Needs; readonly own: readonly string[] }): Promise<{ readonly chain: Chain; readonly archivedAt: Instant | undefined } | Step> {
  const own = listed.filter((name) => isSegment(name) && plainName(name) === name)
  const archived = new Map<string, Log>()
  for (const log of (await copy.logs?.list()) ?? []) if (isSegment(log.name) || isHistory(log.name)) archived.set(plainName(log.name), log)
  const histories = [...archived].filter(([name]) => isHistory(name))
  const names = new Set([...own, ...[...archived.keys()].filter((name) => isSegment(name))])
  const straight = chainOf(needs, names, new Map())
  if (straight.fatal && copy.logs === undefined) return open(`WAL that it needs lies outside of it (${straight.missing.slice(0, 3).join(', ')}): say in which folder of this store, as wal: { its-name: folder }; or make it with pg_basebackup -X fetch`)
  // Histories are small, and say which segments count: they are fetched with all that could be.
  const wanted = [...archived].filter(([name]) => isHistory(name) || (!own.includes(name) && (segmentOf(name, needs.size)?.n ?? -1n) >= needs.start.at / BigInt(needs.size)))
  const fetched = copy.logs && wanted.length > 0 ? await copy.logs.bring(wanted.map(([, log]) => log)) : undefined
  const laid = await cell.run(['/bin/sh', '-c', LAY, 'sh', `${at}/pg_wal`, `${cell.work}/wal`, fetched ?? ''], { within: LONGEST })
  if (laid.exit !== 0) return failed('WAL cannot be unpacked', gist(laid))
  const known = new Map<number, readonly Left[]>()
  for (const [name] of histories) known.set(Number.parseInt(name.slice(0, 8), 16), readHistory(await textOf(cell, ['/bin/cat', '--', `${cell.work}/wal/${name}`])))
  const chain = chainOf(needs, names, known)
  if (chain.gap > 0) return failed(sayGap(chain))
  const short = await shortOf(cell, chain, needs)
  if (short) return short
  const times = chain.wanted.flatMap((name) => archived.get(name)?.modifiedAt ?? [])
  return { chain, archivedAt: times.length === 0 ? undefined : (Math.max(...times) as Instant) }
}

const MOST_LISTED = 8 * 1024 * 1024

/** All that a program says, as long as that is sensible. */
export async function textOf(cell: Cell, argv: readonly string[]): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  await cell.run(argv, { within: minutes(10), take(chunk) {
    bytes += chunk.length
    if (bytes <= MOST_LISTED) chunks.push(chunk)
  } })
  return Buffer.concat(chunks).toString('utf8')
}

/** Own ones are copied, since recovery writes there; archived ones are unpacked by how they begin, never by their names alone. */
const LAY = `set -e
mkdir -- "$2"
for at in "$1"/????????????????????????; do [ -f "$at" ] && cp -- "$at" "$2/"; done
[ -n "$3" ] || exit 0
cd -- "$3"
for at in *; do
  case $at in
    *.gz) gzip -dc -- "$at" >"$2/\${at%.gz}" ;; *.zst) zstd -dcq -- "$at" >"$2/\${at%.zst}" ;; *.lz4) lz4 -dcq -- "$at" >"$2/\${at%.lz4}" ;;
    *.xz) xz -dc -- "$at" >"$2/\${at%.xz}" ;; *.bz2) bzip2 -dc -- "$at" >"$2/\${at%.bz2}" ;; *) ln -s -- "$3/$at" "$2/$at" ;;
  esac || { echo "$at cannot be unpacked" >&2; exit 1; }
done`

/** A segment has one size; one that was cut short ends recovery as if there were no more. */
async function shortOf(cell: Cell, chain: Chain, needs: Needs): Promise<Step | undefined> {
  const ran: Ran = await cell.run(['/bin/sh', '-c', 'cd -- "$1" && find -L . -type f -name "????????????????????????" ! -size "$2"c -printf "%f %s\\n" | sort | head -n 5', 'sh', `${cell.work}/wal`, `${needs.size}`], { within: minutes(30) })
  const odd = ran.out.split('\n').map((line) => line.split(' ')).find(([name]) => name !== undefined && chain.wanted.includes(name))
  return odd === undefined ? undefined : failed(`the WAL segment ${odd[0]} has ${odd[1]} bytes, where ${needs.size} are right: it was cut short, or is no WAL`)
}
