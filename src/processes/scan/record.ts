// The files beside a scan: the manifest that it compares with, and its journal. The manifest is read once to be believed and once to be compared with,
// a line at a time; a new one takes its place by one rename. One scan at a time holds a manifest, by a lock that ends with its process. Nothing of
// this may lie in what is scanned.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import { BUSY, openSql, resultCode, type Sql } from '../../db/sql.ts'
import { charterFrom, goesOn, rangeFrom, settledFrom, writeCharter, writeRange, writeSettled, type Charter, type RangeRead, type Settled } from '../../rooms/guard/scan/journal.ts'
import { compareWays, manifestReader, manifestWriter, type Entry, type Head, type Seal } from '../../rooms/guard/scan/manifest.ts'
import { linesOf, lineWriter, type LineWriter } from './lines.ts'

export interface Known {
  readonly head: Head
  readonly seal: Seal
  /** Names exactly this manifest. */
  readonly id: string
}

/** Reads a manifest to its end and believes it, or throws; `undefined` where there is none. */
export function knownFrom(file: string): Known | undefined {
  if (!existsSync(file)) return undefined
  const reader = manifestReader(file)
  let last = ''
  for (const { text } of linesOf(file)) {
    reader.take(text)
    last = text
  }
  return { ...reader.end(), id: last }
}

/** Its entries behind a path, one at a time. */
export function* entriesOf(file: string, after?: string): Generator<Entry> {
  const reader = manifestReader(file)
  for (const { text } of linesOf(file)) {
    const entry = reader.take(text)
    if (entry && (after === undefined || compareWays(entry.path, after) > 0)) yield entry
  }
}

/** Throws where a manifest, or a journal, would lie in what is scanned: a scan writes nothing there. */
export function keepApart(manifest: string, root: string): void {
  const folder = realpathSync(path.dirname(path.resolve(manifest)))
  if (folder === root || folder.startsWith(root === '/' ? '/' : `${root}/`)) throw new Fault(`${manifest} would lie in ${root}, and nothing is written into what is scanned: name a place outside of it`, 'never')
}

export interface Journal {
  /** The scan that it is of; `began` is that of the first start. */
  readonly charter: Charter
  /** The last path that is settled, where it goes on. */
  readonly after: string | undefined
  /** What was read of the files behind that. */
  readonly read: readonly RangeRead[]
  /** What was settled before, in order. */
  settled(): Generator<Settled>
  range(it: RangeRead): void
  /** Everything up to here is settled: it is on the disk afterwards. */
  settle(them: readonly Settled[]): void
  flush(): void
  /** Closes it and leaves it for the next start. */
  close(): void
  /** Closes it and takes it away: the scan is over. */
  remove(): void
}

/** Held until it is closed, or the process ends. */
export const lockOf = (file: string): { close(): void } => {
  const at = `${file}.lock`
  let sql: Sql | undefined
  try {
    sql = openSql(at)
    sql.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (cause) {
    sql?.close()
    if (resultCode(cause) === BUSY) throw new Fault(`Another scan is under way with ${file}: wait for it, or name another file`, 'later', cause)
    throw cause
  }
  const held = sql
  return {
    close() {
      rmSync(at, { force: true })
      held.close()
    },
  }
}

/** Opens the journal beside a manifest: the one that was left, where it is of this very scan, else a new one. */
export function openJournal(manifest: string, wanted: Charter, now: number): Journal {
  mkdirSync(path.dirname(path.resolve(manifest)), { recursive: true, mode: 0o700 })
  const lock = lockOf(manifest)
  const [doneAt, openAt] = [`${manifest}.done`, `${manifest}.open`]
  const left = takenUp(doneAt, openAt, wanted, now)
  const charter = left?.charter ?? wanted
  if (left === undefined) for (const at of [doneAt, openAt]) rmSync(at, { force: true })
  const done = lineWriter(doneAt, 'a')
  let open: LineWriter = lineWriter(openAt, 'a')
  if (left === undefined) {
    done.write(writeCharter(wanted))
    done.sync()
  }
  const close = (): void => {
    done.close()
    open.close()
    lock.close()
  }
  return {
    charter, after: left?.after, read: left?.read ?? [], close,
    * settled() {
      done.flush()
      for (const { text } of linesOf(doneAt)) {
        const it = settledFrom(text, charter.whole)
        if (it) yield it
      }
    },
    range: (it) => open.write(writeRange(it)),
    flush: () => open.flush(),
    settle(them) {
      for (const it of them) done.write(writeSettled(it))
      done.sync()
      open.close()
      open = lineWriter(openAt, 'w')
    },
    remove() {
      for (const at of [doneAt, openAt]) rmSync(at, { force: true })
      close()
    },
  }
}

/** What a scan that was broken off left, with torn ends cut off. */
function takenUp(doneAt: string, openAt: string, wanted: Charter, now: number): Pick<Journal, 'charter' | 'after' | 'read'> | undefined {
  if (!existsSync(doneAt)) return undefined
  let charter: Charter | undefined
  let after: string | undefined
  let sound = 0
  for (const { text, end } of linesOf(doneAt)) {
    if (charter === undefined) {
      charter = charterFrom(text)
      if (!goesOn(charter, wanted, now)) return undefined
    } else {
      const it = settledFrom(text, wanted.whole)
      if (it === undefined || (after !== undefined && compareWays(after, it.path) > 0)) break
      after = it.path
    }
    sound = end
  }
  if (charter === undefined) return undefined
  truncateSync(doneAt, sound)
  return { charter, after, read: existsSync(openAt) ? readingsIn(openAt) : [] }
}

function readingsIn(file: string): RangeRead[] {
  const read: RangeRead[] = []
  let sound = 0
  for (const { text, end } of linesOf(file)) {
    const it = rangeFrom(text)
    if (it === undefined) break
    read.push(it)
    sound = end
  }
  truncateSync(file, sound)
  return read
}

/** Writes the manifest anew from what was settled, in one rename. What is damaged keeps the sums of when it was well. */
export function writeManifest(file: string, journal: Journal, ended: string): Seal {
  const { root, began, whole } = journal.charter
  const writer = manifestWriter({ root, began, whole })
  const fresh = `${file}.new`
  const out = lineWriter(fresh, 'w')
  out.write(writer.head())
  for (const { verdict, entry, former } of journal.settled()) {
    const kept = verdict === 'missing' || verdict === 'gone' ? undefined : former ?? entry
    if (kept) out.write(writer.entry(kept))
  }
  out.write(writer.seal(ended))
  out.sync()
  out.close()
  renameSync(fresh, file)
  const folder = openSync(path.dirname(path.resolve(file)), 'r')
  fsyncSync(folder)
  closeSync(folder)
  const known = knownFrom(file)
  if (known === undefined) throw new Fault(`${file} was written and is gone`, 'later')
  return known.seal
}
