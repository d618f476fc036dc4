// `holdfast backups scan`: reads every byte of a folder of this machine and says what rotted since it was last read, without a server. A set is scanned in
// the folders where it lies; what lies in a bucket is for `verify`. How far it is goes to stderr. An interrupt leaves it where the next start goes on.
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { Fault, sentence } from '../../core/fault.ts'
import type { Settled } from '../../rooms/guard/scan/journal.ts'
import { isTrouble, VERDICTS, type Verdict } from '../../rooms/guard/scan/judge.ts'
import { named, rangeOf, sayPath } from '../../rooms/guard/scan/manifest.ts'
import { lanesOf, together } from '../../rooms/guard/scan/devices.ts'
import { parseRate, type Progress } from '../../rooms/guard/scan/pace.ts'
import type { PagesReport, ScanReport } from '../../rooms/guard/scan/scan.ts'
import { loadConfig } from '../../views/accepted.ts'
import { saySize } from '../../words/size.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { plain, type Shape } from '../output.ts'
import { configWants, textOption, type Command, type Options, type Session } from '../session.ts'
import { tellerOf, type Teller } from '../telling.ts'

const MOST_FOUND = 10_000
const MIB = 1024 * 1024

const SHAPES: Readonly<Record<Verdict, Shape>> = {
  same: 'ok', new: 'ok', touched: 'ok', changed: 'degraded', gone: 'ok', damaged: 'down', missing: 'down', unreadable: 'down', unsteady: 'unknown', unseen: 'unknown',
}

interface Target { readonly folder: string; readonly manifest: string | undefined }

/** A folder; or the folders in which the copies of a set lie. */
async function targetsOf(session: Session, given: string, manifest: string | undefined): Promise<Target[]> {
  if (given.includes('/') || existsSync(given)) return [{ folder: given, manifest }]
  const loaded = await loadConfig(await configWants(session, session.config))
  if (loaded.is === 'refused') throw usage(`There is no folder “${plain(given)}”, and ${session.config} cannot be read for a set of that name.`, 'holdfast validate')
  const { backups, stores } = loaded.config
  const set = backups.find(({ name }) => name === given)
  if (!set) throw usage(`There is no folder “${plain(given)}”, and no set of backups is called so.`, `Sets: ${backups.map(({ name }) => name).join(', ') || 'none'}`)
  const targets = set.in.flatMap(({ store, pattern, repository }): Target[] => {
    const place = stores.find(({ name }) => name === store)
    if (place?.kind !== 'dir') return []
    const { dir, marker } = place.settings
    const root = path.resolve(path.dirname(session.config), String(dir))
    if (!existsSync(path.join(root, String(marker)))) throw new Failure(`${root} does not hold its marker ${String(marker)}: the store “${store}” is not mounted, or is another one.`, { exit: EXIT.down, code: 'HF-C020' })
    // What stands for a copy of a repository is a few bytes; its data lie beside.
    const folder = path.join(root, repository ?? pattern.prefix.slice(0, pattern.prefix.lastIndexOf('/') + 1))
    return [{ folder, manifest: manifest === undefined ? undefined : `${manifest}.${store}` }]
  })
  if (targets.length === 0) throw usage(`“${given}” lies in no folder of this machine: a scan reads folders.`)
  return targets
}

/** Where in the file, for people. */
function sayRanges({ ranges = [], former }: Settled): string {
  if (former === undefined || former.sums.length < 2 || ranges.length === 0) return ''
  const range = rangeOf(former.size, false)
  const told = ranges.slice(0, 5).map((n) => `${(n * range) / MIB}–${Math.ceil(Math.min(former.size, (n + 1) * range) / MIB)} MiB`)
  return ` (${told.join(', ')}${ranges.length > 5 ? `, and ${ranges.length - 5} more places` : ''})`
}

const sayFound = (it: Settled): string => `${it.says ?? ''}${sayRanges(it)}${it.flickered ? `${it.says === undefined ? '' : '; '}read wrong once and right the second time: look after the disk and the memory` : ''}`

function found({ path: at, verdict, flickered, says, ranges, former }: Settled): object {
  const range = former === undefined ? 0 : rangeOf(former.size, former.sums.length === 1)
  return {
    ...named(at), verdict, ...(flickered && { flickered }), ...(says !== undefined && { says }),
    ...(ranges && former && { ranges: ranges.map((n) => ({ from: n * range, bytes: Math.min(range, former.size - n * range) })) }),
  }
}

const rateOf = (options: Options): number | undefined => {
  const text = textOption(options, 'rate')
  const rate = text === undefined ? undefined : parseRate(text)
  if (text !== undefined && rate === undefined) throw usage(`“${text}” is not a rate: write 50MB/s or 200MiB/s.`)
  return rate
}

async function scanOne(session: Session, { folder, manifest }: Target, options: Options, { signal, tell }: { readonly signal: AbortSignal; readonly tell: (it: Progress) => void }): Promise<number> {
  const { out } = session
  const all: object[] = []
  let beyond = 0
  const report = await session.outside.scan({
    folder, manifest, update: options['update'] === true, whole: options['whole'] === true, yields: options['yield'] === true, rate: rateOf(options), signal, progress: tell,
    found(it) {
      if (!out.json) return out.table([[out.shape(SHAPES[it.verdict]), it.verdict.padEnd(10), sayPath(it.path), sayFound(it)]])
      if (all.length < MOST_FOUND) all.push(found(it))
      else beyond++
    },
  }).catch((cause: unknown) => {
    throw cause instanceof Fault ? new Failure(`${sentence(cause)}.`, { exit: EXIT.failed, code: 'HF-C021' }) : cause
  })
  const { tookMs, ...rest } = report
  out.answer({ schema: 'holdfast.scan/1', ...rest, manifest: manifest ?? null, took_ms: tookMs, ...(beyond > 0 && { more: beyond }), findings: all }, () => draw(session, report))
  if (report.is === 'stopped') return EXIT.interrupted
  const isWell = report.is === 'ended' && report.flickered === 0 && VERDICTS.every((it) => !isTrouble(it) || report.tally[it] === 0)
  return isWell ? EXIT.fine : EXIT.down
}

const deviceOf = ({ folder }: Target): bigint | undefined => statSync(folder, { bigint: true, throwIfNoEntry: false })?.dev

/** Devices side by side, each with its own threads and its own pace; what lies on one device one after another. One that cannot begin ends none of the others. */
async function byDevices(session: Session, targets: readonly Target[], options: Options, { signal, teller }: { readonly signal: AbortSignal; readonly teller: Teller }): Promise<number> {
  const now = new Map<number, Progress>()
  const lanes = lanesOf(targets, deviceOf)
  const ended = await Promise.allSettled(lanes.map(async (lane, n) => {
    const tell = (it: Progress): void => {
      now.set(n, it)
      teller.tell(together([...now.values()]))
    }
    let worst: number = EXIT.fine
    for (const target of lane) if (!signal.aborted) worst = Math.max(worst, await scanOne(session, target, options, { signal, tell }))
    now.delete(n)
    return worst
  }))
  const failed = ended.flatMap((it) => (it.status === 'rejected' ? [it.reason as unknown] : []))
  if (failed.length > 0) throw failed[0]
  return Math.max(...ended.map((it) => (it.status === 'fulfilled' ? it.value : EXIT.failed)))
}

function draw({ out }: Session, { is, says, root, files, bytes, read, tookMs, tally, compared, wrote, manifest, odd }: ScanReport): void {
  if (is === 'halted') return out.data(out.paint('down', `✕ ${root}: ${says}`))
  const parts = VERDICTS.filter((it) => tally[it] > 0 && (compared || isTrouble(it))).map((it) => `${tally[it]} ${it}`)
  out.data(`${root}: ${files} files, ${saySize(bytes)}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}. Read ${saySize(read)} in ${Math.round(tookMs / 1000)} s${odd > 0 ? `; ${odd} links and the like were not followed` : ''}.`)
  if (is === 'stopped') out.talk(manifest === undefined ? 'Stopped; without a manifest it begins anew.' : 'Stopped; the same command goes on where it was.')
  else if (manifest === undefined) out.talk('Without a manifest it is only known what can be read: name one with --manifest, outside of the folder, and the next scan finds what changed by itself.')
  else if (wrote !== 'nothing') out.talk(`${wrote === 'made' ? 'The manifest was made' : 'The manifest was updated'}: ${manifest}`)
}

async function pagesOf(session: Session, folder: string, options: Options, { signal, teller }: { readonly signal: AbortSignal; readonly teller: Teller }): Promise<number> {
  const { out } = session
  const report = await session.outside.scanPages({ folder, yields: options['yield'] === true, rate: rateOf(options), journal: textOption(options, 'journal'), signal, progress: (it) => teller.tell(it) }).catch((cause: unknown) => {
    throw cause instanceof Fault ? new Failure(`${sentence(cause)}.`, { exit: EXIT.failed, code: 'HF-C021' }) : cause
  })
  const { tookMs, ...rest } = report
  out.answer({ schema: 'holdfast.pages/1', ...rest, took_ms: tookMs }, () => drawPages(session, report))
  if (report.is === 'stopped') {
    out.talk(sayStopped(options))
    return EXIT.interrupted
  }
  return report.bad.length + report.unread.length + report.flickered > 0 || !report.checksums ? EXIT.down : EXIT.fine
}

const sayStopped = (options: Options): string => (options['journal'] === undefined ? 'Stopped; without a --journal it begins anew.' : 'Stopped; the same command goes on where it was.')

const FLAWS: Readonly<Record<PagesReport['bad'][number]['flaw'], string>> = {
  checksum: 'its bytes do not fit its checksum', unsummed: 'it has no checksum, and the others do', header: 'its header cannot be', torn: 'the file ends within it',
}

function drawPages({ out }: Session, { root, files, pages, bytes, bad, unread, checksums, flickered, tookMs }: PagesReport): void {
  out.table(bad.map(({ path: at, block, flaw }) => [out.shape('down'), at, `page ${block}`, FLAWS[flaw]]))
  out.table(unread.map(({ path: at, says }) => [out.shape('unknown'), at, says]))
  out.data(`${root}: ${pages} pages in ${files} files, ${saySize(bytes)}: ${bad.length === 0 ? 'none is bad' : `${bad.length} bad`}. Read in ${Math.round(tookMs / 1000)} s.`)
  if (flickered > 0) out.data('Some read wrong once and right the second time: look after the disk and the memory.')
  if (!checksums) out.data('This cluster keeps no checksums, so only headers were judged: pg_checksums --enable, while it is stopped, adds them.')
}

export const scan: Command = async (session, [given = ''], options) => {
  const manifest = textOption(options, 'manifest')
  if (options['pages'] === true && manifest !== undefined) throw usage('Pages carry their own checksums: --pages takes no --manifest. What --journal names lets it go on where it was.')
  const asks = options['tables'] === true || /^(?:@|[a-z]+:\/\/)/.test(given)
  if (asks && (options['pages'] === true || manifest !== undefined || options['update'] === true || options['whole'] === true)) throw usage('A server is asked over connections to look over its own tables: --pages, --manifest, --update and --whole are for folders.')
  if (!asks && (options['mayMark'] === true || options['connections'] !== undefined)) throw usage('--connections and --may-mark are for servers: name a set with --tables, or @file with the address of one.')
  if (!asks && options['pages'] !== true && textOption(options, 'journal') !== undefined) throw usage('A scan of files keeps where it was beside its --manifest: --journal is for --pages, and for servers.')
  const teller = tellerOf(session, textOption(options, 'tell'))
  if (options['update'] === true && manifest === undefined) throw usage('Without --manifest there is nothing to update.')
  const stop = new AbortController()
  const interrupted = (): void => stop.abort()
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    if (asks) return await (await import('./guard/relations.ts')).relations(session, given, options, { signal: stop.signal, teller, rate: rateOf(options), stopped: sayStopped(options) })
    if (options['pages'] === true) return await pagesOf(session, given, options, { signal: stop.signal, teller })
    return await byDevices(session, await targetsOf(session, given, manifest), options, { signal: stop.signal, teller })
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    await teller.over()
  }
}
