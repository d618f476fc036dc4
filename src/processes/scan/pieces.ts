// What was looked at of a scan by pieces (pages, relations of a server), so that one that was killed goes on where it was: one file of lines, each with a check
// of its own, beneath a charter that says of which scan it is. Only what was found well is taken over; anything else is looked at again. What a crash left torn is
// cut off. One scan at a time holds it.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import { charterFrom, checkedLine, goesOn, openedLine, writeCharter, type Charter } from '../../rooms/guard/scan/journal.ts'
import { linesOf, lineWriter } from './lines.ts'
import { keepApart, lockOf } from './record.ts'

/** A journal of more is no plan that fits into memory. */
const MOST_PIECES = 4_000_000

export interface Pieces {
  /** Something was taken over from a scan that was broken off. */
  readonly resumed: boolean
  /** When the scan was begun for the first time. */
  readonly began: string
  /** What was noted of a piece that was found well, and is that very piece: `key` says all that would make it another one. */
  known(key: string): number | undefined
  /** It was found well; a number is noted with it. */
  well(key: string, noted?: number): void
  flush(): void
  /** Closes it and leaves it for the next start. */
  close(): void
  /** Closes it and takes it away: the scan is over. */
  remove(): void
}

/** Of no file: nothing is kept. */
export const NO_PIECES: Pieces = { resumed: false, began: '', known: () => undefined, well: () => undefined, flush: () => undefined, close: () => undefined, remove: () => undefined }

/** `of`: what is scanned, and how. `against`: what shows that it is still the same. `folder`: in which nothing may be written. `now`: milliseconds. */
export function openPieces(file: string | undefined, { of: root, against, folder, now }: { readonly of: string; readonly against: string; readonly folder?: string; readonly now: number }): Pieces {
  if (file === undefined) return NO_PIECES
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 })
  if (folder !== undefined) keepApart(file, folder)
  const wanted: Charter = { root: Buffer.from(root).toString('latin1'), began: new Date(now).toISOString(), whole: false, against }
  const lock = lockOf(file)
  try {
    const left = takenUp(file, wanted, now)
    if (left === undefined) rmSync(file, { force: true })
    const out = lineWriter(file, 'a')
    if (left === undefined) {
      out.write(writeCharter(wanted))
      out.flush()
    }
    const close = (): void => {
      out.close()
      lock.close()
    }
    return {
      resumed: (left?.known.size ?? 0) > 0, began: left?.charter.began ?? wanted.began, close,
      known: (key) => left?.known.get(shortOf(key)),
      well: (key, noted = 0) => out.write(checkedLine({ well: shortOf(key), noted })),
      flush: () => out.flush(),
      remove() {
        rmSync(file, { force: true })
        close()
      },
    }
  } catch (cause) {
    lock.close()
    throw cause
  }
}

const shortOf = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, 22)

const noJournal = (file: string): Fault => new Fault(`${file} is no journal of a scan: name another file, or remove it`, 'never')

/** `undefined`: there is none, or it is of another scan, or too old. What is no journal of ours is not written over. */
function takenUp(file: string, wanted: Charter, now: number): { readonly charter: Charter; readonly known: ReadonlyMap<string, number> } | undefined {
  if (!existsSync(file)) return undefined
  let charter: Charter | undefined
  const known = new Map<string, number>()
  let sound = 0
  for (const { text, end } of linesOf(file)) {
    if (charter === undefined) {
      charter = charterFrom(text)
      if (charter === undefined) throw noJournal(file)
      if (!goesOn(charter, wanted, now)) return undefined
    } else {
      const { well, noted } = openedLine(text) ?? {}
      if (typeof well !== 'string' || typeof noted !== 'number') break
      known.set(well, noted)
      if (known.size > MOST_PIECES) throw new Fault(`${file} names more than ${MOST_PIECES} pieces: remove it, and the scan begins anew`, 'never')
    }
    sound = end
  }
  if (charter === undefined && statSync(file).size > 0) throw noJournal(file)
  if (charter === undefined) return undefined
  truncateSync(file, sound)
  return { charter, known }
}
