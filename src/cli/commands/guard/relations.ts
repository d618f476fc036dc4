// `holdfast backups scan` of a server: it looks over its own tables and indexes over connections, and what it says of them is said here. The address comes out of
// a file, or out of the configuration, by the name of a set: no list of processes ever shows a password.
import { readFileSync } from 'node:fs'
import { Fault, sentence } from '../../../core/fault.ts'
import { dialectOf, MYSQL, readDatabase } from '../../../ports/database.ts'
import { MOST_CONNECTIONS, type Finding, type RelationsReport } from '../../../rooms/guard/scan/relations.ts'
import { loadConfig } from '../../../views/accepted.ts'
import { saySize } from '../../../words/size.ts'
import { EXIT, Failure, usage } from '../../failure.ts'
import { plain } from '../../output.ts'
import { configWants, textOption, type Options, type Session } from '../../session.ts'
import type { Teller } from '../../telling.ts'

const CONNECTIONS = 2

/** Where the server is: in a file, in the configuration of a set; or an address without a password. */
async function addressOf(session: Session, given: string): Promise<string> {
  if (given.startsWith('@')) {
    try {
      return readFileSync(given.slice(1), 'utf8').trim()
    } catch (cause) {
      throw usage(`${plain(given.slice(1))} cannot be read: ${sentence(cause)}`)
    }
  }
  if (given.includes('://')) {
    const read = readDatabase(given, dialectOf(given))
    if (typeof read !== 'string' && read.password !== '') throw usage('An address with a password stands in every list of processes.', 'write it into a file that nobody else reads, and name that: @file')
    return given
  }
  // The machine that scans has the secrets of that set, and need not have others.
  const loaded = await loadConfig({ ...await configWants(session, session.config), secretsOf: given })
  if (loaded.is === 'refused') throw usage(`${session.config} cannot be read for the database of “${plain(given)}”: ${plain(loaded.findings[0]?.says ?? '').slice(0, 300)}`, 'holdfast validate')
  const { backups, manifests } = loaded.config
  if (!backups.some(({ name }) => name === given)) throw usage(`No set of backups is called “${plain(given)}”.`, `Sets: ${backups.map(({ name }) => name).join(', ') || 'none'}`)
  const url = manifests.find(({ set }) => set === given)?.database?.url
  if (url === undefined) throw usage(`${session.config} names no database of “${given}”.`, 'write manifest: { postgres: "${secret:…}" }, let the set be of a check of it whose secret is on this machine, or name @file with its address')
  return url
}

function connectionsOf(options: Options): number {
  const text = textOption(options, 'connections')
  if (text === undefined) return CONNECTIONS
  if (!/^\d{1,2}$/.test(text) || Number(text) < 1 || Number(text) > MOST_CONNECTIONS) throw usage(`“${text.slice(0, 20)}” is no number of connections: 1 to ${MOST_CONNECTIONS}.`)
  return Number(text)
}

const sayPages = ({ pages }: Finding): string => (pages === undefined || (pages.from === 0 && pages.to === null) ? '' : `pages ${pages.from} to ${pages.to === null ? 'its end' : pages.to - 1}: `)

function draw({ out }: Session, it: RelationsReport): void {
  const { damaged, unknown, beyond } = it
  out.table(damaged.map((found) => [out.shape('down'), `${plain(found.database)}: ${plain(found.relation)}`, found.of === undefined ? found.kind === 'btree' ? 'index' : 'table' : `index of ${plain(found.of)}`, plain(`${sayPages(found)}${found.says}`)]))
  out.table(unknown.map(({ database, relation, says }) => [out.shape('unknown'), `${plain(database)}${relation === undefined ? '' : `: ${plain(relation)}`}`, plain(says)]))
  out.data(`${plain(it.server)}: ${it.relations} of ${it.of} relations in ${it.databases.length} databases, ${saySize(it.bytes)}: ${damaged.length === 0 ? 'none is damaged' : `${new Set(damaged.map(({ database, relation }) => `${database}\0${relation}`)).size} damaged`}${unknown.length > 0 ? `, ${unknown.length} times not known` : ''}${it.gone > 0 ? `, ${it.gone} went meanwhile` : ''}. In ${Math.round(it.tookMs / 1000)} s.`)
  if (beyond.length > 0) out.data(`Its program does not look at ${beyond.map(({ what, count }) => `${count} ${what}`).join(', ')}: --pages does, where they carry checksums.`)
  if (it.flickered > 0) out.data('Some were damaged once and well the second time: look after the disk and the memory.')
}

/** Has a server look over its relations, and says what it says. */
export async function relations(session: Session, given: string, options: Options, { signal, teller, rate, stopped }: { readonly signal: AbortSignal; readonly teller: Teller; readonly rate: number | undefined; /** What is said where it was stopped. */ readonly stopped: string }): Promise<number> {
  const { out, outside } = session
  const connections = connectionsOf(options)
  const url = await addressOf(session, given)
  const isMaria = dialectOf(url) === MYSQL
  if (isMaria && options['mayMark'] !== true) throw new Failure('A table that CHECK TABLE finds damaged is marked by it, and nobody reads it any more until it was rebuilt.', { exit: EXIT.refused, code: 'HF-C024', help: 'let it look at a restored copy; --may-mark says that it may be this server' })
  if (outside.scanRelations === undefined) throw new Fault('no server can be asked from here', 'never')
  const report = await outside.scanRelations({ url, connections, rate, yields: options['yield'] === true, journal: textOption(options, 'journal'), signal, progress: (it) => teller.tell(it) }).catch((cause: unknown) => {
    throw cause instanceof Fault ? new Failure(`${sentence(cause)}.`, { exit: EXIT.failed, code: 'HF-C021' }) : cause
  })
  const { tookMs, ...rest } = report
  out.answer({ schema: 'holdfast.relations/1', ...rest, took_ms: tookMs }, () => draw(session, report))
  if (report.is === 'stopped') {
    out.talk(stopped)
    return EXIT.interrupted
  }
  if (report.is === 'halted') {
    out.talk(`It could not go on, and nothing is said of the rest: ${plain(report.says ?? '')}`)
    return EXIT.down
  }
  return report.damaged.length + report.unknown.length + report.flickered > 0 ? EXIT.down : EXIT.fine
}
