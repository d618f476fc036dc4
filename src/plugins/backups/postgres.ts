// PostgreSQL's copies. Base backups have a file of their own; here are its logical dumps: custom, tar, a directory in a tar, plain SQL; packed or not.
// Each is restored by this machine's own PostgreSQL in a cell, as a role without rights, examined by pg_amcheck and asked what its people want to know. What the copy does wrong is told
// in PostgreSQL's words; what is missing here (a version, an extension) is said as such and accuses nobody.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, minutes, seconds, type Span } from '../../core/time.ts'
import { engine, failed, open, passed, type Cell, type CopyGiven, type Restoring, type Step } from '../../ports/backup.ts'
import { eitherOf } from '../../ports/backup/either.ts'
import { headOf, unpacks, type Packing } from '../../ports/backup/packed.ts'
import { piped } from '../../ports/backup/pipe.ts'
import { isTar, tarReader } from '../../ports/backup/tar.ts'
import { gist, tableOut } from '../../ports/backup/words.ts'
import { readContents, whyOther } from './postgres/archive.ts'
import { prove, proveRows, type Asks } from './postgres/asks.ts'
import { liveOf, type Kind } from './postgres/live.ts'
import { isPhysical, restoringPhysical } from './postgres/physical.ts'
import { newFacts, Refusal, sifted } from './postgres/plain.ts'
import { fitting, restricts, DATABASE, ROLE, startServer, toolsOf, type Server, type Tools } from './postgres/server.ts'

const LONGEST: Span = hours(24)

export default engine({
  kind: 'postgres',
  title: 'PostgreSQL',
  does: 'Restores dumps of pg_dump and base backups with their WAL into a PostgreSQL of its own, examines and asks them.',
  config: z.strictObject({ database: z.string().min(1).max(63).optional() }),
  examples: [{}, { database: 'shop' }],
  asserts: ['sql', 'newest', 'references'],
  servers: true,
  folders: {
    place(key) {
      const found = /^(.*\/)(backup_manifest)$/.exec(key)
      return found?.[1] === undefined || found[2] === undefined ? undefined : { root: found[1], name: found[2] }
    },
    first: [],
    heart: '.',
  },
  open: ({ database }, cell, copy) => eitherOf(() => isPhysical(cell, copy), () => restoringPhysical(cell, copy, database), () => restoring(cell, copy, database)),
  live: (cell, url) => liveOf(cell, url, lookAtDump),
})

/** `database`: the one that the set says its copies are of; an archive knows whose it is, plain SQL does not. */
function restoring(cell: Cell, copy: CopyGiven, database: string | undefined): Restoring {
  let kind: Kind | undefined
  let server: Server | undefined
  const started = (): Server => {
    if (!server) throw new Error('nothing was restored yet')
    return server
  }
  const asks = (): Asks => ({ alive: started().alive, ask: (text, take) => started().sql(ROLE, text, { readOnly: true, ...(take ? { take } : {}) }) })
  return {
    async structure() {
      const found = await lookAt(cell)
      if ('step' in found) return found.step
      // Tables may be the same in both: nothing later would tell them apart.
      const other = found.is === 'archive' ? whyOther(found.contents, database) : undefined
      if (other !== undefined) return failed(other)
      kind = found
      return passed()
    },
    async restore() {
      if (!kind) throw new Error('its structure was not looked at yet')
      server = await startServer(cell, kind.tools, kind.is === 'archive' ? kind.contents.extensions : kind.facts.extensions)
      return kind.is === 'archive' ? restoreArchive(cell, server, kind) : restorePlain(cell, server, kind)
    },
    async integrity() {
      if (!kind?.tools.names.includes('pg_amcheck')) return open('pg_amcheck is not installed here (PostgreSQL 14 or newer has it): what was restored was not examined')
      const { folder } = kind.tools
      const ran = await cell.run([`${folder}/pg_amcheck`, ...started().reach('postgres'), '--heapallindexed', '--no-password'], { within: LONGEST })
      if (ran.exit === 0) return passed()
      if (/amcheck is not installed|no relations to check|extension "amcheck"/i.test(ran.err + ran.out)) return open('the extension amcheck is not installed here (package postgresql-contrib): what was restored was not examined', gist(ran))
      return failed('PostgreSQL finds what was restored damaged', gist(ran))
    },
    prove: (assertion) => prove(asks(), assertion, copy),
    manifest: () => proveRows(asks(), copy.manifest),
    reach: () => Promise.resolve({ url: `postgresql://${ROLE}@/${DATABASE}?host=${cell.work}/run`, socket: `${cell.work}/run`, user: ROLE, database: DATABASE }),
  }
}

async function lookAt(cell: Cell): Promise<Kind | { readonly step: Step }> {
  const tools = await toolsOf(cell)
  const { packing, head } = await headOf(cell, cell.copy)
  if (head.length === 0) return { step: failed('the copy is empty') }
  return isArchive(head) || isTar(head) ? lookAtArchive(cell, tools, packing, head) : lookAtPlain(cell, tools, packing)
}

/** What lives takes dumps alone: no one table can be taken out of a whole server, and no server be poured into a database. */
async function lookAtDump(cell: Cell): Promise<Kind | { readonly step: Step }> {
  if (await isPhysical(cell)) throw new Fault(`this copy is one of a whole server (a base backup), and no dump: ${tableOut('pg_dump --table')}; or name a dump with --copy`, 'never')
  return lookAt(cell)
}

const isArchive = (head: Buffer): boolean => head.subarray(0, 5).toString('latin1') === 'PGDMP'

async function lookAtArchive(cell: Cell, tools: readonly [Tools, ...Tools[]], packing: Packing | undefined, head: Buffer): Promise<Kind | { readonly step: Step }> {
  let file = cell.copy
  if (packing !== undefined) {
    file = `${cell.work}/copy`
    const ran = await cell.run(['/bin/sh', '-c', 'to=$1; shift; exec "$@" >"$to"', 'sh', file, ...unpacks(packing, cell.copy)], { within: LONGEST })
    if (ran.exit !== 0) return { step: failed('the copy cannot be unpacked', gist(ran)) }
  }
  if (!isArchive(head)) {
    const folder = await unpackFolder(cell, file)
    if (typeof folder !== 'string') return folder ?? lookAtContents(cell, tools, file)
    file = folder
  }
  return lookAtContents(cell, tools, file)
}

async function lookAtContents(cell: Cell, tools: readonly [Tools, ...Tools[]], file: string): Promise<Kind | { readonly step: Step }> {
  const list: Buffer[] = []
  const ran = await cell.run([`${tools[0].folder}/pg_restore`, '--list', file], { within: minutes(30), take: (chunk) => void list.push(chunk) })
  if (ran.exit !== 0) {
    if (/unsupported version/i.test(ran.err)) throw new Fault(`this archive was made by a newer pg_dump than the newest PostgreSQL here (${tools[0].major}): install that version. pg_restore says: ${gist(ran)}`, 'never')
    return { step: failed('the archive cannot be read', gist(ran)) }
  }
  const contents = readContents(Buffer.concat(list).toString('utf8'))
  if (contents.entries === 0) return { step: failed('the archive holds nothing') }
  return { is: 'archive', file, contents, tools: fitting(tools, [contents.server, contents.program]) }
}

/** A directory dump in a tar is unpacked, its names judged first; `undefined` for a tar that pg_restore reads itself. */
async function unpackFolder(cell: Cell, file: string): Promise<string | { readonly step: Step } | undefined> {
  let at: string | undefined
  let own = false
  const reader = tarReader(({ name }) => {
    if (/^(?:\.\/)*toc\.dat$/.test(name)) at ??= '.'
    else if (/(?:^|\/)toc\.dat$/.test(name)) at ??= name.slice(0, -'/toc.dat'.length)
    if (/^(?:\.\/)*restore\.sql$/.test(name)) own = true
  })
  await cell.run(['/bin/cat', '--', file], { within: LONGEST, take: (chunk) => reader.take(chunk) })
  const contents = reader.end()
  if (contents.is !== 'whole') return { step: failed(`the tar archive is no copy to restore: ${contents.says}`) }
  if (own && at === '.') return undefined
  if (at === undefined) return { step: failed('this tar archive holds no dump of pg_dump: there is no toc.dat in it') }
  const folder = `${cell.work}/dump`
  const ran = await cell.run(['/bin/sh', '-c', 'mkdir "$1" && exec tar -x --no-same-owner --no-same-permissions -C "$1" -f "$2"', 'sh', folder, file], { within: LONGEST })
  if (ran.exit !== 0) return { step: failed('the tar archive cannot be unpacked', gist(ran)) }
  return at === '.' ? folder : `${folder}/${at}`
}

async function restoreArchive(cell: Cell, server: Server, { file, contents, tools }: Kind & { is: 'archive' }): Promise<Step> {
  const list = await cell.put('contents', contents.list)
  const ran = await cell.run([`${tools.folder}/pg_restore`, ...server.reach(ROLE), '--exit-on-error', '--no-owner', '--no-acl', '--no-tablespaces', '--no-password', '--use-list', list, file], { within: LONGEST })
  return ran.exit === 0 ? passed() : restoreFailed(server, gist(ran))
}

/** Reads all of it once, as psql would, and gives it to nobody. */
async function lookAtPlain(cell: Cell, tools: readonly [Tools, ...Tools[]], packing: Packing | undefined): Promise<Kind | { readonly step: Step }> {
  const facts = newFacts()
  const dump = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const sieve = sifted(dump.bytes, facts)
    while ((await sieve.next()).done !== true);
  } catch (cause) {
    if (cause instanceof Refusal) return { step: failed(`the dump is not restored: ${cause.message}`) }
    throw cause
  } finally {
    dump.stop()
  }
  const ran = await dump.ended
  if (ran.exit !== 0) return { step: failed('the copy cannot be unpacked', gist(ran)) }
  if (facts.server === undefined && facts.tables === 0) return { step: failed('this is no dump of PostgreSQL: neither an archive of pg_dump nor plain SQL with a table in it') }
  if (!facts.complete) return { step: failed('the dump was cut short: the line “PostgreSQL database dump complete” is missing at its end') }
  return { is: 'plain', facts, packing, tools: fitting(tools, [facts.server, facts.program]) }
}

async function restorePlain(cell: Cell, server: Server, { packing, tools }: Kind & { is: 'plain' }): Promise<Step> {
  const { out } = await cell.run([`${tools.folder}/psql`, '--version'], { within: seconds(30) })
  const dump = piped(cell, unpacks(packing, cell.copy), LONGEST)
  const input = async function* (): AsyncGenerator<Uint8Array> {
    // From here on psql itself takes no command either, whatever the sieve let through.
    if (restricts(out)) yield Buffer.from(`\\restrict ${cell.id}\n`)
    yield* sifted(dump.bytes, newFacts())
  }
  try {
    const ran = await cell.run([`${tools.folder}/psql`, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', ...server.reach(ROLE), '-f', '-'], { within: LONGEST, input: input(), take: () => undefined })
    return ran.exit === 0 ? passed() : restoreFailed(server, gist(ran))
  } finally {
    dump.stop()
  }
}

/** What a role without rights may not do says nothing of the copy. */
function restoreFailed(server: Server, said: string): Step {
  if (!server.alive()) return open('the PostgreSQL to restore into ended in the middle', `${said}\n${gist({ err: server.said(), out: '' })}`)
  if (/must be (?:super)?(?:user|owner)|permission denied (?:for|to)|only superuser/i.test(said)) return open('the dump needs rights that a drill does not give: it restores as an ordinary role, so that nothing of a copy runs as superuser', said)
  const role = /role "([^"]+)" does not exist/.exec(said)?.[1]
  if (role !== undefined) return open(`the dump names the role ${role}, which is not part of it: dump it without, or restore it by hand`, said)
  return failed('the copy cannot be restored', said)
}
