// A thread that reads: it gets a range of a file, or a batch of small files, and gives their sums. A file is opened without following a link and
// without waiting for anybody, must be the one that the walk saw, and must still be that one afterwards, else its bytes are nobody's. Two buffers live
// as long as the thread. Before each block it asks the gate, which the one who plans fills and shuts. It never opens a file for writing.
import { createHash, hash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { codeOf } from '../../core/fault.ts'
import type { Seen } from '../../rooms/guard/scan/judge.ts'
import { lookAtPages, PAGE_BYTES, type PagesSeen } from '../../rooms/guard/scan/pages.ts'
import { bytesOf, sayError } from './walk.ts'
import { GATE, READ_AT, type Asked, type AskedFile, type ReaderGiven, type Said } from './gate.ts'

const KIB = 1024
const SMALL = KIB * KIB
/** So many bad pages of one range are named. */
const MOST_BAD = 1000
const BLOCK = 256 * KIB
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
// Reading leaves no trace, where the system lets us: only the owner may ask for that.
const SILENT = FLAGS | (constants.O_NOATIME ?? 0)

const { root, gate: memory } = workerData as ReaderGiven
const gate = new Int32Array(memory)
const read = new BigInt64Array(memory, READ_AT)
const buffer = Buffer.allocUnsafeSlow(SMALL)

const STOPPED = new Error('stopped')

/** Waits until so many bytes may be read. */
function pass(bytes: number): void {
  while (Atomics.load(gate, GATE.held) === 1 && Atomics.load(gate, GATE.granted) <= 0) {
    if (Atomics.load(gate, GATE.stopped) === 1) throw STOPPED
    Atomics.wait(gate, GATE.granted, Atomics.load(gate, GATE.granted), 50)
  }
  if (Atomics.load(gate, GATE.stopped) === 1) throw STOPPED
  if (Atomics.load(gate, GATE.held) === 1) Atomics.sub(gate, GATE.granted, Math.ceil(bytes / KIB))
  Atomics.add(read, 0, BigInt(bytes))
}

function open(path: string): number {
  const at = bytesOf(root, path)
  try {
    return openSync(at, SILENT)
  } catch (cause) {
    if (codeOf(cause) !== 'EPERM') throw cause
    return openSync(at, FLAGS)
  }
}

const isIt = (file: AskedFile, stats: BigIntStats): boolean =>
  stats.ino === file.ino && stats.dev === file.dev && Number(stats.size) === file.size && String(stats.mtimeNs) === file.mtime && stats.isFile()

/** Bytes read from there into the buffer; fewer only at the end of the file. */
function fill(fd: number, from: number, bytes: number): number {
  let filled = 0
  while (filled < bytes) {
    const got = readSync(fd, buffer, filled, bytes - filled, from + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}

/** The pages of a range, judged; nothing where the file is shorter than it was. */
function pagesOf(fd: number, from: number, bytes: number, block: number): PagesSeen | undefined {
  let seen: PagesSeen = { pages: 0, summed: 0, bad: [] }
  for (let at = 0; at < bytes; at += SMALL) {
    const piece = Math.min(SMALL, bytes - at)
    pass(piece)
    if (fill(fd, from + at, piece) !== piece) return undefined
    const more = lookAtPages(buffer.subarray(0, piece), block + at / PAGE_BYTES)
    seen = { pages: seen.pages + more.pages, summed: seen.summed + more.summed, bad: [...seen.bad, ...more.bad].slice(0, MOST_BAD) }
  }
  return seen
}

/** The sum, or nothing where the file is shorter than it was. */
function sumOf(fd: number, from: number, bytes: number): string | undefined {
  if (bytes <= SMALL) {
    pass(bytes)
    return fill(fd, from, bytes) === bytes ? hash('sha256', buffer.subarray(0, bytes), 'hex') : undefined
  }
  const sum = createHash('sha256')
  for (let at = 0; at < bytes; at += BLOCK) {
    const block = Math.min(BLOCK, bytes - at)
    pass(block)
    if (fill(fd, from + at, block) !== block) return undefined
    sum.update(block === BLOCK ? whole : buffer.subarray(0, block))
  }
  return sum.digest('hex')
}
const whole = buffer.subarray(0, BLOCK)

function see(file: AskedFile, sum: (fd: number) => string | undefined): Seen {
  let fd: number | undefined
  try {
    fd = open(file.path)
    if (!isIt(file, fstatSync(fd, { bigint: true }))) return { is: 'moved' }
    const read = sum(fd)
    return read !== undefined && isIt(file, fstatSync(fd, { bigint: true })) ? { is: 'read', sum: read } : { is: 'moved' }
  } catch (cause) {
    if (cause === STOPPED) throw cause
    const code = codeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'gone' }
    return code === 'ELOOP' || code === 'ENXIO' ? { is: 'moved' } : { is: 'failed', says: sayError(cause) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

parentPort?.on('message', ({ id, files, from, bytes, block }: Asked) => {
  const [began, cpu] = [performance.now(), process.threadCpuUsage()]
  const seen: Seen[] = []
  let pages: PagesSeen | undefined
  const sumFor = (file: AskedFile) => (fd: number): string | undefined => {
    const length = bytes ?? file.size
    if (block === undefined) return sumOf(fd, from, length)
    pages = pagesOf(fd, from, length, block)
    return pages && ''
  }
  try {
    for (const file of files) seen.push(see(file, sumFor(file)))
  } catch (cause) {
    if (cause !== STOPPED) throw cause
  }
  const spent = process.threadCpuUsage(cpu)
  parentPort?.postMessage({ id, seen, took: performance.now() - began, cpu: (spent.user + spent.system) / 1000, ...(pages && { pages }) } satisfies Said)
})
