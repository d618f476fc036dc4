// How the work of a scan is cut: large files into ranges, small ones together into batches, the longest first, so that no hand is left with a
// large piece at the end while the others have nothing. A piece is what is lost when the scan is killed: at most one range or one batch.
import { rangeOf, rangesOf } from './manifest.ts'

/** A piece of work. `files` are places in the list that was planned. */
export type Unit =
  | { readonly is: 'range'; readonly file: number; readonly n: number; readonly from: number; readonly bytes: number }
  | { readonly is: 'batch'; readonly files: readonly number[]; readonly bytes: number }

/** Files up to here are read in one go. */
export const SMALL = 1024 * 1024
const BATCH_BYTES = 8 * 1024 * 1024
const BATCH_FILES = 256

/** One range of one file. */
export function rangeUnit(file: number, n: number, size: number, whole: boolean): Unit {
  const range = rangeOf(size, whole)
  return { is: 'range', file, n, from: n * range, bytes: Math.max(0, Math.min(range, size - n * range)) }
}

/**
 * Everything that has to be read, the longest first. `has` says which ranges are known already.
 */
export function planOf(files: readonly { readonly size: number }[], { whole, has = () => false }: { readonly whole: boolean; readonly has?: (file: number, n: number) => boolean }): Unit[] {
  const units: Unit[] = []
  const small: number[] = []
  for (const [file, { size }] of files.entries()) {
    if (size <= SMALL) {
      if (!has(file, 0)) small.push(file)
      continue
    }
    for (let n = 0; n < rangesOf(size, whole); n++) if (!has(file, n)) units.push(rangeUnit(file, n, size, whole))
  }
  units.push(...batchesOf(small, (file) => files[file]?.size ?? 0))
  return units.sort((a, b) => b.bytes - a.bytes)
}

/** In their own order: what lies together is read together. */
function* batchesOf(files: readonly number[], sizeOf: (file: number) => number): Generator<Unit> {
  let batch: number[] = []
  let bytes = 0
  for (const file of files) {
    const size = sizeOf(file)
    if (batch.length > 0 && (bytes + size > BATCH_BYTES || batch.length >= BATCH_FILES)) {
      yield { is: 'batch', files: batch, bytes }
      batch = []
      bytes = 0
    }
    batch.push(file)
    bytes += size
  }
  if (batch.length > 0) yield { is: 'batch', files: batch, bytes }
}
