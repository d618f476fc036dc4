// `holdfast backups restore`: brings a copy back into something new, or only what is damaged into what lives. The server rules which copy, records that it began
// and how it ended, and asks the two people; the work is done here, on this machine, with the credentials of whoever calls. Nothing that exists is
// written over: what is damaged is restored beside, and swapped in by renames once two people have agreed to just that.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { instantOf, sayTime, type Instant, type Span } from '../../../core/time.ts'
import { MYSQL, POSTGRES, readDatabase } from '../../../ports/database.ts'
import type { DamagedUnit } from '../../../ports/backup/live.ts'
import { tableOut } from '../../../ports/backup/words.ts'
import { isLabFolder } from '../../../ports/world/lab/mark.ts'
import { readDamage, readInnochecksum, type Damage } from '../../../rooms/guard/restore/damage.ts'
import type { RestoreReport } from '../../../rooms/guard/restore/report.ts'
import { hashOfSwap, swapSchema, type Swap } from '../../../rooms/guard/restore/swap.ts'
import type { BackupSet } from '../../../rooms/guard/sets/set.ts'
import { loadConfig } from '../../../views/accepted.ts'
import type { ApprovalAnswer } from '../../../views/agreements.ts'
import type { DoneAnswer } from '../../../views/done.ts'
import type { RestoreBegunAnswer } from '../../../views/restore/restores.ts'
import type { Restoring, RestoreTools, SwapReport, Target } from '../../../views/restore/restoring.ts'
import { saySize } from '../../../words/size.ts'
import { EXIT, Failure, usage } from '../../failure.ts'
import { plain, type Cell } from '../../output.ts'
import { ask, configWants, segment, textOption, type Command, type Options, type Session } from '../../session.ts'
import { tellerOf } from '../../telling.ts'
import { draw, exitOf as exitOfApproval, sayUnreached, waited } from '../approvals.ts'

const SHOWN = 20
/** Engines whose copies may have a log behind them. */
const WITH_LOGS: readonly string[] = ['postgres', 'pgbackrest']

/** The configuration, as far as a restore needs it; with the secrets that whoever calls can read. */
async function configured(session: Session, name: string) {
  const loaded = await loadConfig(await configWants(session, session.config))
  if (loaded.is === 'refused') throw usage(`${session.config} cannot be used here: a restore opens the store itself, by what is written there.`, 'holdfast validate')
  const { backups, stores, passwords } = loaded.config
  const set = backups.find((it) => it.name === name)
  if (!set) throw usage(`No set of backups is called “${name}”.`, `Sets: ${backups.map((it) => it.name).join(', ') || 'none'}`)
  return { set, stores, passwords }
}

const fileOf = (text: string): string => {
  try {
    return readFileSync(text, 'utf8')
  } catch (cause) {
    throw usage(`${text} cannot be read: ${(cause as Error).message}`)
  }
}

/** A folder, an address, or `@file` with an address in it, so that no list of processes shows a password. */
function targetOf(given: string, { engine }: BackupSet): Target {
  const text = given.startsWith('@') ? fileOf(given.slice(1)).trim() : given
  if (!/^[a-z]+:\/\//.test(text)) return { is: 'folder', folder: path.resolve(text) }
  const read = readDatabase(text, engine === 'mariadb' ? MYSQL : POSTGRES)
  if (typeof read === 'string') throw usage(`That is no address of a database: ${read}`)
  if (read.name === '') throw usage('The address names no database.', 'write it like postgres://user@host/name')
  return { is: 'database', url: text, says: `${read.name} at ${read.host}:${read.port}` }
}

/** With its zone, so that nobody restores another hour than was meant. */
function untilOf(options: Options): Instant | undefined {
  const text = textOption(options, 'until')
  if (text === undefined) return undefined
  const at = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(at)) throw usage(`“${text.slice(0, 60)}” is no time with its zone.`, 'write it like 2026-11-21T14:30:00Z, or …+01:00')
  return instantOf(at)
}

async function begun(session: Session, set: string, to: Target, options: Options): Promise<RestoreBegunAnswer> {
  const [store, copy] = [textOption(options, 'store'), textOption(options, 'copy')]
  return ask<RestoreBegunAnswer>(session, 'POST', `/backups/${segment(set)}/restore`, {
    ...(options['until'] === undefined ? {} : { until: untilOf(options) }), ...(options['asSuperuser'] === true && to.is === 'database' ? { as_superuser: true } : {}),
    to: (to.is === 'folder' ? to.folder : to.says).slice(0, 300), person: session.person.name, ...(store === undefined ? {} : { store }), ...(copy === undefined ? {} : { copy }),
  })
}

/** What came of it is noted; that it cannot be is said, and changes nothing of what was done. */
async function ended(session: Session, id: string, it: Pick<RestoreReport, 'verdict' | 'says'> & Partial<Pick<RestoreReport, 'phases' | 'sha256'>> & { readonly swapped?: readonly string[] }): Promise<void> {
  try {
    const { verdict, says, phases, sha256, swapped } = it
    await ask<DoneAnswer>(session, 'POST', `/restores/${segment(id)}/end`, { verdict, says: says.slice(0, 2000), ...(phases ? { phases } : {}), ...(sha256 ? { sha256 } : {}), ...(swapped ? { swapped } : {}), person: session.person.name })
  } catch (cause) {
    session.out.complain(`How it ended could not be noted: ${cause instanceof Error ? plain(cause.message) : String(cause)}`)
  }
}

const exitOf = (verdict: RestoreReport['verdict']): number => (verdict === 'restored' || verdict === 'swapped' ? EXIT.fine : verdict === 'refused' ? EXIT.refused : EXIT.down)

function drawReport({ out }: Session, it: RestoreReport): void {
  out.table([
    ['Verdict', [it.verdict === 'restored' || it.verdict === 'swapped' ? 'strong' : 'down', it.verdict]], ...(it.says === '' ? [] : [['Because', plain(it.says)] as Cell[]]), ['Copy', `${it.copy} in ${it.store}`], ['Made at', out.moment(it.copy_at)], ...(it.held ? [['Holds', `${plain(it.held.of)}: ${out.moment(it.held.at)}`] as Cell[]] : []),
    ['Verified', it.verified ? 'yes' : 'NO: nobody had proven this copy before'], ['To', plain(it.to)], ['Read', saySize(it.bytes)], ...it.phases.map(({ name, ms }): Cell[] => [name, sayTime(ms as Span)]),
    ['Together', sayTime(it.phases.reduce((sum, { ms }) => sum + ms, 0) as Span)],
  ])
  out.table(it.checks.slice(0, SHOWN).map(({ text, found, says }): Cell[] => [out.shape(found === 'pass' ? 'ok' : found === 'fail' ? 'down' : 'unknown'), plain(text), plain(says ?? '')]))
  for (const line of it.engine_said === '' ? [] : it.engine_said.split('\n')) out.data(`  ${plain(line)}`)
  for (const line of it.next ?? []) out.data(`next: ${plain(line)}`)
}

interface At {
  readonly session: Session
  readonly set: BackupSet
  readonly tools: RestoreTools
  readonly options: Options
  /** What every restore is given, once it is known which copy. */
  readonly given: (begun: RestoreBegunAnswer) => Restoring
}

async function whole({ session, set, tools, options, given }: At, to: Target): Promise<number> {
  const paths = filesOf(options, set, undefined)
  if (paths.length > 0 && to.is !== 'folder') throw usage('Files go into a folder.')
  const why = to.is === 'folder' ? await tools.whyNotInto(to.folder) : undefined
  if (why !== undefined) throw new Failure(`${why}.`, { exit: EXIT.refused, code: 'HF-C050', help: 'name a folder that is not there yet, or an empty one' })
  const start = await begun(session, set.name, to, options)
  if (start.says !== '') session.out.talk(`${start.says.slice(0, 1).toUpperCase()}${plain(start.says.slice(1))}.`)
  const wal = set.in.find(({ store }) => store === start.store)?.wal
  const server = { assert: set.drill?.assert ?? [], ...(set.database === undefined ? {} : { database: set.database }), ...(wal === undefined ? {} : { wal }) }
  const report = await tools.whole({ ...given(start), to, server, until: untilOf(options), ...(paths.length === 0 ? {} : { paths }) })
  await ended(session, start.id, report)
  session.out.answer(report, () => drawReport(session, report))
  return exitOf(report.verdict)
}

const FILES: readonly string[] = ['files', 'restic', 'borg']
const holdsFiles = ({ engine }: Pick<BackupSet, 'engine'>): boolean => FILES.includes(engine)

/** Names of files that people wrote. `root`: the folder that lives, below which they are; without one they are whole names in the copy. */
export function filesOf(options: Options, set: Pick<BackupSet, 'engine'>, root: string | undefined): readonly string[] {
  const names = Array.isArray(options['file']) ? options['file'].map(String) : []
  if (names.length > 0 && !holdsFiles(set)) throw usage(`A copy made by ${set.engine} is not one of files.`, `--file is for sets of ${FILES.join(', ')}`)
  return names.map((name) => {
    const below = root === undefined ? name : name.startsWith(`${path.resolve(root)}/`) ? name.slice(path.resolve(root).length + 1) : name
    if (root !== undefined && below.startsWith('/')) throw usage(`${name} does not lie in ${root}.`)
    const parts = below.replace(/^\/+|\/+$/g, '').split('/')
    if (parts.some((part) => part === '' || part === '.' || part === '..')) throw usage(`“${name}” is no plain name of a file.`)
    return parts.join('/')
  })
}

function readReport(file: string, text: string, { engine }: BackupSet): Damage | string {
  try {
    return readDamage(JSON.parse(text))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    if (engine === 'mariadb') return readInnochecksum(text)
    throw usage(`${file} is no JSON: make it with holdfast backups scan … --json`)
  }
}

function damageOf(options: Options, set: BackupSet): Damage {
  const tables = Array.isArray(options['table']) ? options['table'].map(String) : []
  const files = filesOf(options, set, textOption(options, 'in')).map((it) => Buffer.from(it).toString('latin1'))
  const file = textOption(options, 'damaged')
  if (holdsFiles(set) && tables.length > 0) throw usage(`${set.name} holds files, and no tables that could be taken out one by one.`, `if the data folder of a server lies in it: ${tableOut('pg_dump --table, or mariadb-dump')}`)
  if (file === undefined) return { root: '', manifest: undefined, paths: [...files, ...tables] }
  const read = readReport(file, fileOf(file), set)
  if (typeof read === 'string') throw new Failure(`${file}: ${read}.`, { exit: EXIT.refused, code: 'HF-C051', help: `holdfast backups scan … --json > ${path.basename(file)}` })
  return { ...read, paths: [...read.paths, ...files, ...tables] }
}

function unitsOf({ paths, root }: Damage, set: BackupSet): DamagedUnit[] {
  return paths.map((it) => (holdsFiles(set) || (root !== '' && it.includes('/')) ? { is: 'file', path: it } : { is: 'table', name: it }))
}

async function damaged(at: At, tool: { readonly into: string | undefined }): Promise<number> {
  const { session, set, tools, options, given } = at
  const damage = damageOf(options, set)
  if (damage.paths.length === 0) {
    session.out.answer({ schema: 'holdfast.beside/1', units: [] }, () => session.out.talk('Nothing is damaged by that report: nothing is restored.'))
    return EXIT.fine
  }
  const into = tool.into ?? (holdsFiles(set) && damage.root !== '' ? damage.root : undefined)
  if (into === undefined) throw usage(holdsFiles(set) ? 'In which folder are they damaged?' : 'In which database are they damaged?', holdsFiles(set) ? '--in /srv/panel; or --to a new folder' : '--in postgres://user@host/name, or --in @file with that in it')
  const to = targetOf(into, set)
  const start = await begun(session, set.name, to, options)
  if (start.says !== '') session.out.talk(`${start.says.slice(0, 1).toUpperCase()}${plain(start.says.slice(1))}.`)
  const below = textOption(options, 'below')
  const { report, swap, others } = await tools.beside({ ...given(start), at: to, units: unitsOf(damage, set), below, manifest: damage.manifest })
  for (const other of others) session.out.talk(plain(other))
  if (swap === undefined) {
    await ended(session, start.id, report)
    session.out.answer(report, () => drawReport(session, report))
    return exitOf(report.verdict)
  }
  const plan = `${textOption(options, 'damaged') ?? path.resolve(set.name)}.${start.id}.swap.json`
  writeFileSync(plan, `${JSON.stringify(swap)}\n`, { flag: 'wx', mode: 0o600 })
  if (!session.out.json) drawReport(session, report)
  drawSwap(session, swap)
  const exit = await agreed(at, { swap, to, plan, phases: report.phases })
  // What could not be restored is still damaged.
  return exit === EXIT.fine && report.says !== '' ? EXIT.down : exit
}

function drawSwap({ out }: Session, { units, place }: Swap): void {
  if (out.json) return
  out.data()
  out.data(out.paint('strong', `${units.length} ${units.length === 1 ? 'unit' : 'units'} to put in place in ${plain(place)}; everything else stays as it is`))
  out.table(units.slice(0, SHOWN).map(({ name, checked, lost, aside }): Cell[] => [plain(name), plain(checked), lost === '' ? 'nothing lost' : `lost: ${plain(lost)}`, `the damaged one stays as ${plain(aside)}`]))
  if (units.length > SHOWN) out.data(`… and ${units.length - SHOWN} more`)
}

interface Planned {
  readonly swap: Swap
  readonly to: Target
  readonly plan: string
  readonly phases: RestoreReport['phases']
}

/** Asks two people, waits for them, and swaps. */
async function agreed(at: At, it: Planned): Promise<number> {
  const { session, options } = at
  const { out } = session
  const lapses = textOption(options, 'lapses')
  const of = Array.isArray(options['of']) ? { of: options['of'].map(String) } : {}
  const asked = await ask<ApprovalAnswer>(session, 'POST', `/restores/${segment(it.swap.restore)}/ask`, { swap: it.swap, ...of, ...(lapses === undefined ? {} : { lapses }), person: session.person.name })
  const wait = options['wait'] !== false
  out.talk(`${asked.id} is asked of ${asked.parties.map(({ person }) => person).join(' and ')}. Code: ${plain(asked.words)}. ${wait ? `Waiting until both have said it, one refuses, or it lapses at ${out.moment(asked.lapsesAt)}.` : `When both have said it: holdfast backups restore ${it.swap.set} --swap ${it.plan}`}`)
  sayUnreached(session, asked)
  const body = wait ? await waited(session, asked) : asked
  const exit = wait ? exitOfApproval(body) : EXIT.pending
  if (exit === EXIT.fine) return swapped(at, it)
  out.answer(body, () => {
    out.data(plain(body.id))
    draw(out, body)
  })
  if (wait && body.state !== 'open') await ended(session, it.swap.restore, { verdict: 'refused', says: `nobody let it: ${body.state}`, phases: it.phases })
  return exit
}

async function swapped({ session, set, tools }: At, { swap, to, phases }: Planned): Promise<number> {
  await ask<DoneAnswer>(session, 'POST', `/restores/${segment(swap.restore)}/swap`, { hash: hashOfSwap(swap), person: session.person.name })
  const began = session.now()
  const done = await tools.swap({ swap, engine: set.engine, at: to, scratch: scratchOf(session), signal: new AbortController().signal })
  await ended(session, swap.restore, { ...done, phases: [...phases, { name: 'swap', ms: Math.max(0, session.now() - began) }] })
  session.out.answer({ schema: 'holdfast.swapped/1', restore: swap.restore, ...done }, () => drawSwapped(session, swap, done))
  return exitOf(done.verdict)
}

function drawSwapped({ out }: Session, { units }: Swap, { verdict, says, swapped: names, engine_said }: SwapReport): void {
  out.data(out.paint(verdict === 'swapped' ? 'strong' : 'down', verdict === 'swapped' ? `${names.length} put in place; nothing was removed` : `${verdict}: ${plain(says)}`))
  if (verdict !== 'swapped' && names.length > 0) out.data(`${names.length} were put in place before: ${names.slice(0, SHOWN).map(plain).join(', ')}`)
  const stay = units.filter(({ name }) => names.includes(name)).slice(0, SHOWN)
  out.table(stay.map(({ name, aside }): Cell[] => [plain(name), `the damaged one is ${plain(aside)}`]))
  for (const line of engine_said === '' ? [] : engine_said.split('\n')) out.data(`  ${plain(line)}`)
}

const scratchOf = ({ data }: Session): string => `${data}-restore`

async function goOn(at: At, file: string, into: string | undefined): Promise<number> {
  const read = swapSchema.safeParse(JSON.parse(fileOf(file)))
  if (!read.success || read.data.set !== at.set.name) throw usage(`${file} is no swap of ${at.set.name}.`)
  if (into === undefined && !holdsFiles(at.set)) throw usage('In which database are they damaged?', '--in postgres://user@host/name, or --in @file with that in it')
  return swapped(at, { swap: read.data, to: targetOf(into ?? read.data.place, at.set), plan: file, phases: [] })
}

export const restore: Command = async (session, [name = ''], options) => {
  const [to, report, into, plan] = ['to', 'damaged', 'in', 'swap'].map((it) => textOption(options, it))
  const isDamaged = report !== undefined || Array.isArray(options['table']) || (to === undefined && Array.isArray(options['file']))
  if ([to !== undefined, isDamaged, plan !== undefined].filter(Boolean).length !== 1) throw usage('Where to? Name one of --to, --damaged and --swap.', 'holdfast backups restore shop --to /restored/shop')
  const { set, stores, passwords } = await configured(session, name)
  const tools = await session.outside.restoring?.()
  if (!tools) throw usage('Nothing can be restored here.')
  const stop = new AbortController()
  const interrupted = (): void => stop.abort()
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  const teller = tellerOf(session, textOption(options, 'tell'), 'restore')
  const given = (start: RestoreBegunAnswer): Restoring => {
    const store = stores.find((it) => it.name === start.store)
    if (!store) throw usage(`${session.config} knows no store “${start.store}”, and the server does: they read different files.`)
    return { begun: start, store, home: path.dirname(path.resolve(session.config)), lab: isLabFolder(session.data), password: passwords[set.name], scratch: scratchOf(session), asSuperuser: options['asSuperuser'] === true, say: (text) => session.out.talk(plain(text)), progress: (it) => teller.tell(it), signal: stop.signal }
  }
  const at: At = { session, set, tools, options, given }
  try {
    const target = to === undefined ? undefined : targetOf(to, set)
    if (options['until'] !== undefined && (target?.is !== 'folder' || !WITH_LOGS.includes(set.engine))) throw usage('--until is for copies of a whole server with its log, --to a folder: base backups of PostgreSQL, and pgBackRest.')
    if (target) return await whole(at, target)
    return plan === undefined ? await damaged(at, { into }) : await goOn(at, plan, into)
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    await teller.over()
  }
}
