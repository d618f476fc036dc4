// A scan: every byte of every file below a folder is read, by several threads, and compared with the manifest of how it was; without one, a manifest is
// made. It writes nothing into what it scans. Killed at any moment it goes on where it was, and reads again at most what was in flight. It holds one
// window of names, not the folder. Progress is said twice a second, and says what is known and what is only reckoned.
import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { codeOf, Fault } from '../../core/fault.ts'
import { tickOf } from '../../core/time.ts'
import type { Charter, Settled } from '../../rooms/guard/scan/journal.ts'
import { emptyTally, isTrouble, type Tally } from '../../rooms/guard/scan/judge.ts'
import { sayPath } from '../../rooms/guard/scan/manifest.ts'
import { createPace, createProgress, type Total } from '../../rooms/guard/scan/pace.ts'
import type { ScanReport, ScanWants } from '../../rooms/guard/scan/scan.ts'
import { createGate } from './gate.ts'
import { merged, type Window } from './merged.ts'
import { createReaders, readersFor } from './readers.ts'
import { entriesOf, keepApart, knownFrom, openJournal, writeManifest, type Journal, type Known } from './record.ts'
import { sayError, walk, type Walked } from './walk.ts'
import { keyOf, runWindow, type WindowRun } from './window.ts'

const tick = () => tickOf(performance.now())

/** The folder that is really meant, its bytes as latin1. */
export function rootOf(folder: string): string {
  try {
    const root = realpathSync(Buffer.from(path.resolve(folder)), { encoding: 'buffer' })
    if (!statSync(root).isDirectory()) throw new Fault(`${folder} is no folder: name the folder that it lies in`, 'never')
    return root.toString('latin1')
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault(`${folder} cannot be scanned: ${codeOf(cause) === 'ENOENT' ? 'there is no such folder' : sayError(cause)}`, 'never', cause)
  }
}

/** Scans a folder. Throws a Fault where it cannot begin, or must not. */
export async function scan(wants: ScanWants): Promise<ScanReport> {
  const root = rootOf(wants.folder)
  const { manifest } = wants
  if (manifest === undefined) return run(wants, { root, known: undefined, journal: undefined })
  keepApart(manifest, Buffer.from(root, 'latin1').toString())
  const known = knownFrom(manifest)
  if (known && known.head.root !== root) throw new Fault(`${manifest} is of ${sayPath(known.head.root)}, not of ${sayPath(root)}: name another manifest`, 'never')
  const now = Date.now()
  const charter: Charter = { root, began: new Date(now).toISOString(), whole: known?.head.whole ?? wants.whole === true, against: known?.id ?? '' }
  const journal = openJournal(manifest, charter, now)
  let over = false
  try {
    const report = await run(wants, { root, known, journal })
    over = report.is === 'ended'
    const writes = over && (known === undefined || wants.update === true)
    if (writes) writeManifest(manifest, journal, new Date().toISOString())
    return { ...report, wrote: !writes ? 'nothing' : known === undefined ? 'made' : 'updated' }
  } finally {
    if (over) journal.remove()
    else journal.close()
  }
}

interface Ground {
  readonly root: string
  readonly known: Known | undefined
  readonly journal: Journal | undefined
}

async function run(wants: ScanWants, ground: Ground): Promise<ScanReport> {
  const { root, known, journal } = ground
  const began = tick()
  if (known && known.seal.files > 0 && walk(root).next().done === true) return emptyOf(wants, ground, known.seal.files)
  const count = startOf(journal, known === undefined, wants)
  const whole = journal?.charter.whole ?? wants.whole === true
  const gate = createGate()
  const pace = createPace({ rate: wants.rate, yields: wants.yields === true, at: began })
  gate.grant(pace.grant(began))
  const ways = createWays(ground, { manifest: wants.manifest, whole, before: count })
  const read = new Map((journal?.read ?? []).map((it) => [keyOf(it.path, it.n), it]))
  let ids = 0
  let now: WindowRun | undefined
  let ended: () => void = () => undefined
  let failed: (cause: Fault) => void = () => undefined
  const readers = createReaders({ root, gate: gate.memory }, readersFor(root), {
    next: () => (wants.signal.aborted ? undefined : now?.next()),
    said(said, asked) {
      pace.saw(asked.bytes ?? asked.files.reduce((sum, it) => sum + it.size, 0), said.took)
      now?.said(said, asked)
      if (now?.over === true) ended()
    },
    failed: (cause) => failed(cause),
  })
  const stop = (): void => {
    gate.stop()
    ended()
  }
  wants.signal.addEventListener('abort', stop)
  const told = createProgress(began)
  const beat = (): void => {
    gate.grant(pace.grant(tick()))
    count.read += gate.read()
  }
  const timers = [setInterval(beat, 20), setInterval(() => {
    journal?.flush()
    wants.progress?.(told(tick(), { files: count.files, bytes: count.bytes, total: ways.total(), readNow: count.read }))
  }, 500)]
  try {
    let window = await ways.next()
    while (window !== undefined && !wants.signal.aborted) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      ;[ended, failed] = [resolve, reject]
      now = runWindow(window, { root, whole, known: read, nextId: () => ++ids, journal: (it) => journal?.range(it), settle: (_, file) => count.took(file.size) })
      count.odd += window.odd
      readers.wake()
      if (now.over) resolve()
      // The next one is put together while this one is read.
      const [following] = await Promise.all([ways.next(), promise])
      if (wants.signal.aborted && !now.over) break
      const settled = now.settled()
      journal?.settle(settled)
      for (const it of settled) count.settle(it)
      read.clear()
      window = following
    }
    beat()
    return reportOf(wants, ground, { count, began, ended: window === undefined })
  } finally {
    for (const timer of timers) clearInterval(timer)
    wants.signal.removeEventListener('abort', stop)
    gate.stop()
    await readers.close()
  }
}

/** An empty folder that was full: rather a disk that is not mounted than so many files gone. */
const emptyOf = (wants: ScanWants, ground: Ground, files: number): ScanReport => ({
  ...reportOf(wants, ground, { count: startOf(undefined, false, wants), began: tick(), ended: false }), is: 'halted',
  says: `nothing is there, and the manifest knows ${files} files: is it mounted? If all of them are really gone, remove the manifest`,
})

const reportOf = ({ manifest }: ScanWants, { root, known, journal }: Ground, { count, began, ended }: { count: Count; began: number; ended: boolean }): ScanReport => ({
  is: ended ? 'ended' : 'stopped', root: sayPath(root), manifest, wrote: 'nothing', compared: known !== undefined, resumed: journal?.after !== undefined || (journal?.read.length ?? 0) > 0,
  files: count.files, bytes: count.bytes, read: count.read, tally: count.tally, flickered: count.flickered, odd: count.odd, tookMs: Math.round(performance.now() - began),
})

interface Count {
  files: number
  bytes: number
  read: number
  flickered: number
  odd: number
  readonly tally: Tally
  took(bytes: number): void
  settle(it: Settled): void
}

/** Counts, with what was settled before a scan was broken off. */
function startOf(journal: Journal | undefined, first: boolean, { found }: ScanWants): Count {
  const tally = emptyTally()
  const count: Count = {
    files: 0, bytes: 0, read: 0, flickered: 0, odd: 0, tally,
    took(bytes) {
      count.files++
      count.bytes += bytes
    },
    settle(it) {
      tally[it.verdict]++
      if (it.flickered) count.flickered++
      if (it.flickered || (first ? isTrouble(it.verdict) : it.verdict !== 'same')) found?.(it)
    },
  }
  if (journal?.after === undefined) return count
  for (const it of journal.settled()) {
    count.settle(it)
    if (it.entry) count.took(it.entry.size)
  }
  return count
}

interface Ways {
  next(): Promise<Window | undefined>
  total(): Total
}

/** The walk does not keep the thread from its other work for longer. */
const SLICE = 5

/** Both sides in windows. */
function createWays({ root, known, journal }: Ground, { manifest, whole, before }: { readonly manifest: string | undefined; readonly whole: boolean; readonly before: { readonly files: number; readonly bytes: number } }): Ways {
  let { files, bytes } = before
  let all = false
  const walked = function* (): Generator<Walked | undefined> {
    let last = performance.now()
    for (const it of walk(root, journal?.after)) {
      if (it.is === 'file') {
        files++
        bytes += it.size
      }
      yield it
      if (performance.now() - last < SLICE) continue
      yield undefined
      last = performance.now()
    }
  }
  const former = known && manifest !== undefined ? entriesOf(manifest, journal?.after) : [].values()
  const windows = merged(walked(), former, whole)
  return {
    async next() {
      for (;;) {
        const { value, done } = windows.next()
        if (value !== undefined) return value
        if (done === true) {
          all = true
          return undefined
        }
        await new Promise((resolve) => void setImmediate(resolve))
      }
    },
    total: () => (all ? { is: 'known', bytes, files } : known ? { is: 'as last time', bytes: known.seal.bytes, files: known.seal.files } : { is: 'at least', bytes, files }),
  }
}
