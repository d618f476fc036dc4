// The archive of a database's log in a store, for a drill of a copy that lies in the same one: listed whole, and what the engine wants of it put into
// the cell beside the copy. Names are taken without their folders, as archivers sort them into some; where one is there twice the newest counts.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../../core/fault.ts'
import type { Now } from '../../../core/time.ts'
import type { Log, Logs } from '../../../ports/backup.ts'
import type { Reading } from '../../../ports/store.ts'
import { walk } from '../../../ports/store/listing.ts'
import type { Copy } from '../../../rooms/guard/sets/judge.ts'
import type { OpenCell } from '../cell/cell.ts'
import { mib, SPARE, write } from './fetch.ts'

const MOST_FILES = 1_000_000
const AT_ONCE = 4
/** Everything that is called otherwise is no file of a log. */
const NAME = /^[0-9A-Za-z][0-9A-Za-z._-]{0,100}$/

export interface LogsGiven {
  readonly reading: Reading
  /** The folder, with a slash at its end. */
  readonly below: string
  readonly cell: Pick<OpenCell, 'room' | 'takeIn'>
  /** Bytes. */
  readonly most: number
  readonly now: () => Now
}

export function logsOf({ reading, below, cell, most, now }: LogsGiven, signal: AbortSignal): Logs {
  const copies = new Map<string, Copy>()
  return {
    async list() {
      const found = new Map<string, Log>()
      for await (const { items } of walk(reading, { prefix: below, now, signal })) {
        for (const item of items) {
          if (item.is !== 'version' || !item.latest) continue
          const name = path.posix.basename(item.key)
          const had = found.get(name)
          if (!NAME.test(name) || (had && had.modifiedAt >= item.modifiedAt)) continue
          if (found.size >= MOST_FILES) throw new Fault(`more than ${MOST_FILES} files lie below “${below}”: a drill reads no longer log`, 'never')
          found.set(name, { key: item.key, name, bytes: item.bytes, modifiedAt: item.modifiedAt })
          copies.set(item.key, item)
        }
      }
      return [...found.values()]
    },
    async bring(wanted) {
      const bytes = wanted.reduce((sum, it) => sum + it.bytes, 0)
      if (bytes > most) throw new Fault(`the log behind this copy has ${mib(bytes)} MiB, and a drill of this set fetches ${mib(most)} MiB at most: raise drill.at_most if this machine has the room, or make copies more often`, 'never')
      const room = await cell.room()
      // What is packed takes more when it is laid out.
      if (room < bytes * 2 + SPARE) throw new Fault(`there is too little room on this machine to restore it: the log behind it has ${mib(bytes)} MiB, and ${mib(room)} MiB are free`, 'later')
      await mkdir(path.join(path.dirname(await cell.takeIn()), 'logs'), { mode: 0o755 })
      let next = 0
      const one = async (): Promise<void> => {
        for (let i = next++; i < wanted.length; i = next++) {
          const it = wanted[i]
          const copy = it && copies.get(it.key)
          if (!it || !copy) throw new Fault('a file of the log is wanted that was not listed', 'never')
          await write(reading, copy, path.join(path.dirname(await cell.takeIn()), 'logs', it.name), signal)
        }
      }
      // All are waited for: nothing may still be written when the cell is removed.
      const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, one))
      const wrong = ended.find((it) => it.status === 'rejected')
      if (wrong) throw wrong.reason instanceof Error ? wrong.reason : new Fault(String(wrong.reason), 'later')
      return '/given/logs'
    },
  }
}
