// What one run leaves to the next, as files of the data folder: locks once seen, flags, what was put aside; the newest keys; the columns of the schema; how far second copies were read.
// A file is known again by hash, length and count, which the keeper holds; one that is not what it was is not there, and then nothing is known.
// The next memory is the former one with what this run says laid over it: a lock is never lost by it, a flag is only made by a run that counts.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { coded } from '../../../core/fault.ts'
import { compare } from '../../../rooms/guard/reconcile/cursor.ts'
import type { Remembering } from '../../../rooms/guard/reconcile/run.ts'
import type { Recalled } from '../../../rooms/guard/reconcile/sandwich.ts'
import type { CopyRead, Kept, Since } from '../../../rooms/guard/reconcile/task.ts'
import { keyAt, keyBody, memoryFrom, recalledBody } from './inputs.ts'
import { writeSpool, type Spooled, type SpoolWriter } from './spool.ts'

const BLOCK = 1 << 20

/** The file, if it is what it was. */
export function find(folder: string, kept: Kept | 'none'): Spooled | undefined {
  if (kept === 'none') return undefined
  const file = path.join(folder, path.basename(kept.file))
  try {
    if (statSync(file).size !== kept.bytes || hashOf(file) !== kept.sha256) return undefined
    return { path: file, count: kept.count, bytes: kept.bytes, sha256: kept.sha256 }
  } catch {
    return undefined
  }
}

/** Of a whole file. */
export function hashOf(file: string): string {
  const hash = createHash('sha256')
  const fd = openSync(file, 'r')
  const block = Buffer.allocUnsafe(BLOCK)
  try {
    for (let got = readSync(fd, block, 0, BLOCK, null); got > 0; got = readSync(fd, block, 0, BLOCK, null)) hash.update(block.subarray(0, got))
    return hash.digest('hex')
  } finally {
    closeSync(fd)
  }
}

/** An empty memory, for the very first run. */
export const empty = (folder: string, name: string): Spooled => writeSpool(path.join(folder, name), { hashed: true }).end()

/** Removes what no run leans on any more: everything but these. */
export function tidy(folder: string, keep: readonly (Kept | 'none' | undefined)[]): void {
  const names = new Set(keep.flatMap((it) => (it === 'none' || it === undefined ? [] : [path.basename(it.file)])))
  for (const name of readdirSync(folder)) if (/\.(memory|newest|columns|copies)$/.test(name) && !names.has(name)) rmSync(path.join(folder, name), { force: true })
}

/** The former memory with what was done and said since laid over it: what a run begins with. What lies aside is told anew each time: what is not told of lies aside no more, and so is a gap that was accepted. */
export function begin(from: Spooled | undefined, since: readonly Since[], file: string): Spooled {
  const over = since.map(({ key, recalled, unlocked }) => ({ key: Buffer.from(key, 'hex'), recalled, unlocked })).sort((a, b) => Buffer.compare(a.key, b.key))
  const writer = writeSpool(file)
  lay(from, over.map(({ key, recalled, unlocked }) => ({ key, over: (had) => ({ ...(unlocked ? free(had) : (had ?? { lock: 'none' as const })), ...recalled }) })), writer, ({ aside: _aside, copied: _copied, gapAccepted: _gapAccepted, ...rest }) => rest)
  return writer.end()
}

/** A person has unlocked it, whoever had locked it. */
function free({ broughtBy: _broughtBy, ...had }: Recalled = { lock: 'none' }): Recalled {
  return { ...had, lock: 'none' }
}

interface Layer {
  readonly key: Uint8Array
  readonly over: (had: Recalled | undefined) => Recalled
}

/** Two sorted lists as one; what is worth nothing is left out. */
function lay(from: Spooled | undefined, layers: Iterable<Layer>, writer: SpoolWriter, beside: (had: Recalled) => Recalled = (had) => had): void {
  const memory = from && memoryFrom(from, { is: 'whole', count: from.count })
  let live = memory?.next() ?? false
  let count = live ? 1 : 0
  const put = (key: Uint8Array, recalled: Recalled): void => void (isWorth(recalled) && writer.add(key, recalledBody(recalled)))
  const advance = (): void => {
    live = memory?.next() ?? false
    if (live) count++
  }
  for (const { key, over } of layers) {
    let had: Recalled | undefined
    for (; live && memory; advance()) {
      const step = compare(memory.bytes, memory.from, memory.to, key, 0, key.length)
      if (step > 0) break
      if (step < 0) put(keyAt(memory), beside(memory.recalled()))
      else had = beside(memory.recalled())
    }
    put(key, over(had))
  }
  for (; live && memory; advance()) put(keyAt(memory), beside(memory.recalled()))
  if (from && count !== from.count) throw coded('EMEMORY', 'what former runs remember is not all there any more')
}

/** A key of which nothing is known but that it was free once is forgotten. */
const isWorth = ({ lock, flag, aside, copied, gapAccepted }: Recalled): boolean =>
  lock === 'locked' || lock === 'unknown' || flag !== undefined || aside !== undefined || copied !== undefined || gapAccepted !== undefined

/** What this run says of keys, in byte order as it is found, kept until it is known whether it counts. */
export function notes(file: string): { add(it: Remembering): void; end(): Spooled } {
  const writer = writeSpool(file)
  return {
    add: ({ key, recalled, when }) => writer.add(key, recalledBody({ ...recalled, ...(when === 'counted' ? { counted: true } : {}) })),
    end: () => writer.end(),
  }
}

/** The memory of the next run: what this one began with, and what it says; flags only if it counts. */
export function next(began: Spooled, noted: Spooled, counts: boolean, folder: string, name: string): Kept {
  const writer = writeSpool(path.join(folder, name), { hashed: true })
  lay(began, layersOf(noted, counts), writer)
  return keptOf(writer.end())
}

function* layersOf(noted: Spooled, counts: boolean): Generator<Layer> {
  const cursor = memoryFrom(noted, { is: 'whole', count: noted.count })
  while (cursor.next()) {
    const { counted, ...recalled } = cursor.recalled() as Recalled & { counted?: true }
    const lock = recalled.lock
    // Whatever the run is worth, a lock that was seen stays.
    yield { key: keyAt(cursor), over: (had) => (counted === undefined || counts ? recalled : { ...(had ?? { lock }), lock: had === undefined || had.lock === 'none' || had.lock === 'free' ? lock : had.lock }) }
  }
}

export const keptOf = ({ path: file, sha256 = '', count, bytes }: Spooled): Kept => ({ file: path.basename(file), sha256, count, bytes })

/** A list of keys in byte order. */
export function keepKeys(keys: readonly Uint8Array[], folder: string, name: string): Kept {
  const writer = writeSpool(path.join(folder, name), { hashed: true })
  for (const key of keys) writer.add(key, keyBody)
  return keptOf(writer.end())
}

/** Lines of text, so that people can be told which are new and which are gone. */
export function keepLines(lines: readonly string[], folder: string, name: string): Kept {
  const bytes = Buffer.from(lines.join('\n'))
  writeFileSync(path.join(folder, name), bytes, { mode: 0o600 })
  return { file: name, sha256: createHash('sha256').update(bytes).digest('hex'), count: lines.length, bytes: bytes.length }
}

export function linesOf(folder: string, kept: Kept | 'none'): readonly string[] | undefined {
  const found = find(folder, kept)
  return found && readFileSync(found.path, 'utf8').split('\n')
}

/** What was read of second copies; a file that is not what it was says nothing of any. */
export const readsOf = (folder: string, kept: Kept | undefined): readonly CopyRead[] =>
  (linesOf(folder, kept ?? 'none') ?? []).filter((line) => line !== '').map((line) => JSON.parse(line) as CopyRead)

export const keepReads = (reads: readonly CopyRead[], folder: string, name: string): Kept => keepLines(reads.map((one) => JSON.stringify(one)), folder, name)
