// What the planner and its readers share: the words between them, and a few numbers in common memory, by which reading is paced and stopped within
// one block, and by which it is known how far it is.
import type { Seen } from '../../rooms/guard/scan/judge.ts'
import type { PagesSeen } from '../../rooms/guard/scan/pages.ts'

/** Places in the common memory. `granted`: KiB. `held`: 1 where reading waits for what is granted. Behind them, of 64 bits: the bytes that were read. */
export const GATE = { granted: 0, stopped: 1, held: 2 } as const
export const READ_AT = 16

export interface ReaderGiven {
  readonly root: string
  readonly gate: SharedArrayBuffer
}

export interface AskedFile {
  readonly path: string
  readonly dev: bigint
  readonly ino: bigint
  readonly size: number
  readonly mtime: string
}

/** Several files are read whole, from 0; `bytes` stands where one file is read in part. */
export interface Asked {
  readonly id: number
  readonly files: readonly AskedFile[]
  readonly from: number
  readonly bytes?: number
  /** Its pages are looked at, too: the number of the first in that range. */
  readonly block?: number
}

/** Fewer seen than asked for: it was stopped. Milliseconds by the clock and of the thread's own work. */
export interface Said {
  readonly id: number
  readonly seen: readonly Seen[]
  readonly took: number
  readonly cpu: number
  readonly pages?: PagesSeen
}

export interface Gate {
  readonly memory: SharedArrayBuffer
  /** More bytes may be read; infinitely many from now on. */
  grant(bytes: number): void
  stop(): void
  /** Bytes that were read since it was last asked. */
  read(): number
}

const KIB = 1024
/** What may lie granted and unused: more is no pace. */
const MOST_GRANTED = 1024 * 1024

export function createGate(): Gate {
  const memory = new SharedArrayBuffer(24)
  const numbers = new Int32Array(memory)
  const read = new BigInt64Array(memory, READ_AT)
  Atomics.store(numbers, GATE.held, 1)
  let spare = 0
  return {
    memory,
    grant(bytes) {
      if (bytes === Number.POSITIVE_INFINITY) Atomics.store(numbers, GATE.held, 0)
      else {
        spare += bytes / KIB
        const kib = Math.floor(Math.min(spare, MOST_GRANTED - Atomics.load(numbers, GATE.granted)))
        spare -= Math.floor(spare)
        if (kib <= 0) return
        Atomics.add(numbers, GATE.granted, kib)
      }
      Atomics.notify(numbers, GATE.granted)
    },
    stop() {
      Atomics.store(numbers, GATE.stopped, 1)
      Atomics.notify(numbers, GATE.granted)
    },
    read: () => Number(Atomics.exchange(read, 0, 0n)),
  }
}
