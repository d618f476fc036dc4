// The threads that read. Each always has one piece more than it works at, so that none waits for news. While they spend their time waiting for the
// disk rather than adding up, there are more of them, up to a bound; a disk that turns has one. A thread that dies fails what it had in hand, and
// another takes its place; when that goes on, the scan ends.
import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Fault, sentence } from '../../core/fault.ts'
import { turns } from './disk.ts'
import type { Asked, ReaderGiven, Said } from './gate.ts'
import { bytesOf } from './walk.ts'

const PROGRAM = new URL('./reader.ts', import.meta.url)
const AHEAD = 2
const MOST = 16
const MOST_DEATHS = 3
/** Less of their time than this spent adding up: the disk is what is waited for. */
const BUSY_SHARE = 0.7
/** Judged each time that so many milliseconds of reading have come together. */
const JUDGED_AFTER = 400

export interface Readers {
  /** Something may be there to be taken. */
  wake(): void
  readonly count: number
  close(): Promise<void>
}

export interface Employer {
  /** The next piece, if there is one. */
  next(): Asked | undefined
  said(said: Said, asked: Asked): void
  /** They cannot go on. */
  failed(cause: Fault): void
}

/** How many to begin with, and how many at most: one on a disk that turns. */
export function readersFor(root: string): { readonly first: number; readonly most: number } {
  const cores = availableParallelism()
  return turns(root, statSync(bytesOf(root, ''), { bigint: true }).dev) ? { first: 1, most: 1 } : { first: cores, most: Math.min(MOST, cores * 4) }
}

interface Reader {
  readonly worker: Worker
  readonly has: Map<number, Asked>
}

export function createReaders(given: ReaderGiven, { first, most }: { readonly first: number; readonly most: number }, employer: Employer): Readers {
  const readers = new Set<Reader>()
  let [took, cpu, deaths] = [0, 0, 0]
  let closed = false
  const feed = (reader: Reader): void => {
    while (!closed && reader.has.size < AHEAD) {
      const asked = employer.next()
      if (asked === undefined) return
      reader.has.set(asked.id, asked)
      reader.worker.postMessage(asked)
    }
  }
  const wake = (): void => {
    for (const reader of readers) feed(reader)
  }
  const measure = (said: Said): void => {
    took += said.took
    cpu += said.cpu
    if (took < JUDGED_AFTER) return
    // Twice as many each time: whoever waits for a disk finds out soon how many it bears.
    const more = cpu / took < BUSY_SHARE ? Math.min(readers.size, most - readers.size) : 0
    for (let n = 0; n < more; n++) hire()
    took = 0
    cpu = 0
  }
  const bury = (reader: Reader, cause: unknown): void => {
    if (closed || !readers.delete(reader)) return
    for (const asked of reader.has.values()) employer.said({ id: asked.id, took: 0, cpu: 0, seen: asked.files.map(() => ({ is: 'failed', says: `the thread that read it ended: ${sentence(cause)}` })) }, asked)
    if (++deaths > MOST_DEATHS) employer.failed(new Fault(`The threads that read keep ending: ${sentence(cause)}`, 'later', cause))
    else hire()
  }
  const hire = (): void => {
    const reader: Reader = { worker: new Worker(PROGRAM, { workerData: given, execArgv: ['--disable-warning=ExperimentalWarning'], resourceLimits: { maxOldGenerationSizeMb: 64 } }), has: new Map() }
    readers.add(reader)
    reader.worker.on('message', (said: Said) => {
      const asked = reader.has.get(said.id)
      if (closed || asked === undefined) return
      reader.has.delete(said.id)
      feed(reader)
      employer.said(said, asked)
      // What was said may have left something to be read again, and others may be idle.
      wake()
      measure(said)
    })
    reader.worker.on('error', (cause) => bury(reader, cause))
    reader.worker.on('exit', (code) => bury(reader, `it left with ${code}`))
    feed(reader)
  }
  for (let n = 0; n < first; n++) hire()
  return {
    get count() {
      return readers.size
    },
    wake,
    async close() {
      closed = true
      await Promise.all([...readers].map(({ worker }) => worker.terminate()))
    },
  }
}
