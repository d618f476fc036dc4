// One window of a scan at work: its pieces, the longest first, and what is known of each file so far. A file whose reading failed or differs is looked
// at anew and read a second time at the end of the window; only then something is said of it. What was read goes into the journal at once.
import { lstatSync } from 'node:fs'
import { inDoubt, judge, type Seen, type Try } from '../../rooms/guard/scan/judge.ts'
import type { RangeRead, Settled } from '../../rooms/guard/scan/journal.ts'
import { rangesOf, type Entry } from '../../rooms/guard/scan/manifest.ts'
import { planOf, rangeUnit, type Unit } from '../../rooms/guard/scan/plan.ts'
import type { Asked, Said } from './gate.ts'
import type { Item, Window } from './merged.ts'
import { bytesOf, fileOf, type WalkedFile } from './walk.ts'

interface Reading {
  file: WalkedFile
  readonly former: Entry | undefined
  seen: (Seen | undefined)[]
  /** Ranges that are still to come. */
  open: number
  first?: Try
  settled?: Settled
}

export interface WindowRun {
  next(): Asked | undefined
  said(said: Said, asked: Asked): void
  /** Every path is settled. */
  readonly over: boolean
  /** In tree order, once it is over. */
  settled(): Settled[]
}

export interface WindowWants {
  readonly root: string
  readonly whole: boolean
  /** What was read before the scan was broken off, by `keyOf`. */
  readonly known: ReadonlyMap<string, RangeRead>
  readonly nextId: () => number
  readonly journal: (it: RangeRead) => void
  readonly settle: (it: Settled, file: WalkedFile) => void
}

export const keyOf = (path: string, n: number): string => `${path}\0${n}`

export function runWindow({ items }: Window, wants: WindowWants): WindowRun {
  const { root, whole } = wants
  const readings = items.flatMap((it): Reading[] => (it.is === 'file' ? [readingOf(it, wants)] : []))
  const pieces = planOf(readings.map(({ file }) => file), { whole, has: (file, n) => readings[file]?.seen[n] !== undefined })
  const again: Unit[] = []
  const under = new Map<number, Unit>()
  let [at, left] = [0, readings.length]

  const finish = (reading: Reading): void => {
    const { file, former, first } = reading
    const now: Try = { size: file.size, mtime: file.mtime, seen: reading.seen.map((it) => it ?? { is: 'moved' }) }
    const doubt = first ? [] : inDoubt(now, former)
    if (doubt.length > 0) {
      reading.first = now
      return readAgain(reading, doubt)
    }
    const judged = judge({ former, ...(first ? { first, second: now } : { first: now }) })
    const sums = now.seen.flatMap((it) => (it.is === 'read' ? [it.sum] : []))
    reading.settled = {
      path: file.path, ...judged,
      ...(sums.length === now.seen.length && judged.verdict !== 'damaged' && { entry: { path: file.path, size: file.size, mtime: file.mtime, sums } }),
      ...(former && ['damaged', 'missing', 'unreadable', 'unsteady'].includes(judged.verdict) && { former }),
    }
    left--
    wants.settle(reading.settled, file)
  }
  const readAgain = (reading: Reading, doubt: readonly number[]): void => {
    const n = readings.indexOf(reading)
    const fresh = lookAgain(root, reading.file)
    if (fresh === undefined) {
      reading.seen = reading.seen.map(() => ({ is: 'gone' }))
      return finish(reading)
    }
    const same = fresh.size === reading.file.size && fresh.mtime === reading.file.mtime && fresh.ino === reading.file.ino
    const ranges = same ? doubt : Array.from({ length: rangesOf(fresh.size, whole) }, (_, it) => it)
    reading.file = fresh
    reading.seen = same ? reading.seen.map((it, range) => (doubt.includes(range) ? undefined : it)) : ranges.map(() => undefined)
    reading.open = ranges.length
    for (const range of ranges) again.push(rangeUnit(n, range, fresh.size, whole))
  }
  const take = (file: number, n: number, seen: Seen): void => {
    const reading = readings[file]
    if (reading === undefined) return
    reading.seen[n] = seen
    if (seen.is === 'read') {
      const { path, dev, ino, size, mtime } = reading.file
      wants.journal({ path, dev: String(dev), ino: String(ino), size, mtime, n, sum: seen.sum })
    }
    if (--reading.open === 0) finish(reading)
  }
  // What was known to the last range before the scan was broken off.
  for (const reading of readings) if (reading.open === 0) finish(reading)

  return {
    next() {
      const unit = pieces[at] ?? again.shift()
      if (unit === undefined) return undefined
      if (at < pieces.length) at++
      const id = wants.nextId()
      under.set(id, unit)
      const files = (unit.is === 'batch' ? unit.files : [unit.file]).flatMap((n) => readings[n]?.file ?? [])
      return { id, files, from: unit.is === 'batch' ? 0 : unit.from, ...(unit.is === 'range' && { bytes: unit.bytes }) }
    },
    said({ id, seen }) {
      const unit = under.get(id)
      under.delete(id)
      if (unit === undefined) return
      const files = unit.is === 'batch' ? unit.files : [unit.file]
      for (const [n, it] of seen.entries()) {
        const file = files[n]
        if (file !== undefined) take(file, unit.is === 'batch' ? 0 : unit.n, it)
      }
    },
    get over() {
      return left === 0
    },
    settled() {
      const read = readings.values()
      return items.flatMap((it) => (it.is === 'settled' ? [it.it] : read.next().value?.settled ?? []))
    },
  }
}

function readingOf({ file, former }: Item & { is: 'file' }, { whole, known }: WindowWants): Reading {
  const seen = Array.from({ length: rangesOf(file.size, whole) }, (_, n): Seen | undefined => {
    const it = known.get(keyOf(file.path, n))
    const same = it !== undefined && it.dev === String(file.dev) && it.ino === String(file.ino) && it.size === file.size && it.mtime === file.mtime
    return same ? { is: 'read', sum: it.sum } : undefined
  })
  return { file, former, seen, open: seen.filter((it) => it === undefined).length }
}

/** The file as it is now; `undefined` when it is none any more. */
function lookAgain(root: string, file: WalkedFile): WalkedFile | undefined {
  try {
    const stats = lstatSync(bytesOf(root, file.path), { bigint: true, throwIfNoEntry: false })
    return stats?.isFile() === true ? fileOf(file.path, stats) : undefined
  } catch {
    // It cannot even be looked at: the second reading will say why.
    return file
  }
}
