// The files of the store: opened, or begun, and watched. One that is damaged is kept aside and a new memory begins; one that is
// somebody else's is left alone. Whose a file is, and whether it is whole, is judged before anything is written into it. What is
// taken away from under a running store is written anew from what the store still holds: nothing confirmed is lost in silence.
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, sentence } from '../core/fault.ts'
import { newId } from '../core/id.ts'
import type { Instant } from '../core/time.ts'
import type { Room } from '../db/room.ts'
import { openSamples, type Samples } from '../db/samples.ts'
import { damage, isDamage, openSql } from '../db/sql.ts'
import { openStore, type Folding, type Store } from '../db/store.ts'
import type { Damaged } from '../engine/keeper.ts'
import type { Random } from '../ports/world.ts'

/** Larger databases are believed until a read says otherwise: the check would cost more time than a restart may take. */
const LARGEST_CHECKED = 256 * 1024 * 1024
/** How every file of SQLite's begins. */
export const MAGIC = 'SQLite format 3\0'

export interface Opened {
  readonly store: Store
  readonly damaged: Damaged | undefined
}

/** Opens the store; a file that is not a database any more is kept aside, and a new memory begins. */
export function openOrBegin(data: string, rooms: readonly Room[], it: { readonly now: Instant; readonly random: Random; /** Ends the process with a sentence. */ readonly refuse: (says: string) => never; readonly folding?: Folding }): Opened {
  const { now, random, refuse, folding } = it
  const file = path.join(data, 'holdfast.db')
  const strange = whyNotOurs(file)
  // Whose it is nobody knows: it is not set aside like a damaged one.
  if (strange !== undefined) refuse(`${file} ${strange}. Move it away, or name another data folder with --data.`)
  const stamp = new Date(now).toISOString().replaceAll(':', '')
  const open = (): Store => {
    const store = openStore(file, rooms, newId('node', now, random), { ...(folding && { folding }) })
    if (statSync(file).size <= LARGEST_CHECKED) {
      const said = store.sql.get<{ quick_check: string }>('pragma quick_check(1)')?.quick_check
      if (said !== 'ok') throw damage(said ?? 'it cannot be checked')
    }
    if (store.meta('store') === undefined) store.setMeta('store', newId('store', now, random))
    return store
  }
  try {
    // A complete log beside an overwritten file would let SQLite open it as if nothing had happened, until the first read
    // of a page that the log does not have.
    if (!isDatabase(file)) throw damage('its first bytes are not those of a database')
    if (isGone(data, file)) {
      console.error('holdfast keeper: the database is gone; a new memory begins')
      setAside(file, `${file}.gone-${stamp}`)
      return { store: open(), damaged: { kept: undefined, says: 'the database is gone from the data folder; a new one was begun, and earlier history is not in it' } }
    }
    const kept = takeReplaced(file, stamp)
    const store = open()
    // Another memory: the ringer hands over what was open, which this file may not know.
    if (kept !== undefined) store.setMeta('store', newId('store', now, random))
    return { store, damaged: kept === undefined ? undefined : { kept, says: `the database was replaced while Holdfast ran; it goes on with the new file, and what it had until then was kept as ${kept}` } }
  } catch (cause) {
    if (!isDamage(cause)) throw cause
    console.error(`holdfast keeper: the database is damaged (${sentence(cause)}); it is kept, and a new memory begins`)
    const kept = `holdfast.db.damaged-${stamp}`
    setAside(file, path.join(data, kept))
    return { store: open(), damaged: { kept, says: `the database could not be read; it was kept as ${kept} and a new one begun` } }
  }
}

const setAside = (file: string, kept: string): void => {
  for (const tail of ['', '-wal', '-shm']) if (existsSync(file + tail)) renameSync(file + tail, kept + tail)
}

/** True when there was a store here, and its file is not there any more: a log without its file, or what only a store that ran leaves. */
const isGone = (data: string, file: string): boolean => !existsSync(file) && (existsSync(`${file}-wal`) || existsSync(path.join(data, 'reserve')))

/** What a predecessor saved of the store whose name was given to another file; the name under which it is kept. */
function takeReplaced(file: string, stamp: string): string | undefined {
  if (!existsSync(`${file}.replaced`)) return undefined
  renameSync(`${file}.replaced`, `${file}.replaced-${stamp}`)
  return `${path.basename(file)}.replaced-${stamp}`
}

/** Why the file cannot be a store of Holdfast's although nothing is wrong with it; `undefined` when it is one, is not there, or cannot be read. */
function whyNotOurs(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  if (statSync(file).isDirectory()) return 'is a folder, not a database'
  if (!isDatabase(file)) return undefined
  try {
    const sql = openSql(file, { readOnly: true })
    try {
      const tables = sql.all<{ name: string }>(`select name from sqlite_master where type = 'table' limit 1000`).map(({ name }) => name)
      return tables.length > 0 && !['entry', 'meta'].every((name) => tables.includes(name)) ? `is a database of something else (its tables: ${tables.slice(0, 3).join(', ')})` : undefined
    } finally {
      sql.close()
    }
  } catch {
    // Damaged, or without room for what reading needs: judged when it is opened to be written.
    return undefined
  }
}

/** True when the file is absent, empty, or begins as SQLite's files do. */
function isDatabase(file: string): boolean {
  if (!existsSync(file) || statSync(file).size === 0) return true
  const handle = openSync(file, 'r')
  try {
    const head = Buffer.alloc(MAGIC.length)
    readSync(handle, head, 0, head.length, 0)
    return head.toString('latin1') === MAGIC
  } finally {
    closeSync(handle)
  }
}

export type Loss = 'overwritten' | 'gone' | 'replaced' | 'log gone'

/**
 * Looks whether the file of an open store is still the one that it writes into. SQLite itself would not notice: it goes on writing
 * into a file without a name, and confirms what no successor will ever read.
 */
export function watchFile(file: string): () => Promise<Loss | undefined> {
  // Opened once, and never closed: closing any descriptor of a file gives up the locks that SQLite holds on it in this process.
  // Whoever then looks into the database with a tool of SQLite's, and leaves, removes the log that is being written.
  const opened = openSync(file, 'r')
  const own = fstatSync(opened)
  const isOwn = (found: Stats | undefined): boolean => found !== undefined && found.ino === own.ino && found.dev === own.dev
  const head = Buffer.alloc(MAGIC.length)
  let log: number | undefined
  return async () => {
    const [found, foundLog] = [await look(file), await look(`${file}-wal`)]
    if (found === 'unknown' || foundLog === 'unknown') return undefined
    if (!isOwn(found)) return found === undefined ? 'gone' : 'replaced'
    const read = readSync(opened, head, 0, head.length, 0)
    if (read === head.length && head.toString('latin1') !== MAGIC) return 'overwritten'
    if (log !== undefined && foundLog?.ino !== log) return 'log gone'
    log = foundLog?.ino
    return undefined
  }
}

/** A disk that says nothing, or fails, tells nothing about what is there. */
const look = (file: string): Promise<Stats | undefined | 'unknown'> => stat(file).catch((cause: unknown) => (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '') ? undefined : 'unknown'))

/** Writes down what an open store holds and its folder does not any more; gives what people are told. The process ends after it. */
export function rescue(store: Store, file: string, key: Uint8Array, loss: Exclude<Loss, 'overwritten'>): { readonly title: string; readonly says: string } {
  const title = loss === 'replaced' ? 'the database was replaced' : 'the database was taken away'
  const what = loss === 'log gone' ? `The log of the database (${file}-wal) was removed` : loss === 'gone' ? `The database (${file}) was removed` : `The database (${file}) was replaced by another file`
  try {
    const then = loss === 'log gone' ? foldLog(store) : loss === 'gone' ? putBack(store, file, key) : keepBeside(store, file)
    return { title, says: `${what} while Holdfast ran. ${then} Find out who did it: nobody but Holdfast may touch its data folder while it runs.` }
  } catch (cause) {
    return { title, says: `${what} while Holdfast ran, and what Holdfast still had could not be written (${sentence(cause)}): history is lost. What is open goes on being paged.` }
  }
}

function foldLog({ sql }: Store): string {
  sql.exec('pragma wal_checkpoint(truncate)')
  return 'What was in it was written into the database; nothing is lost.'
}

function putBack({ sql }: Store, file: string, key: Uint8Array): string {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  copyOut(sql, `${file}.rescue`)
  const keyFile = path.join(path.dirname(file), 'node.key')
  if (!existsSync(keyFile)) writeFileSync(keyFile, key, { mode: 0o600 })
  // Its content is in the copy; beside another file it would be taken for that one's.
  for (const tail of ['-wal', '-shm']) rmSync(file + tail, { force: true })
  renameSync(`${file}.rescue`, file)
  return 'It was written anew from what Holdfast still held; nothing is lost.'
}

function keepBeside({ sql }: Store, file: string): string {
  copyOut(sql, `${file}.replaced`)
  for (const tail of ['-wal', '-shm']) rmSync(file + tail, { force: true })
  return `Holdfast goes on with the new file; what it had until then is kept beside it (${path.basename(file)}.replaced-…).`
}

function copyOut(sql: Store['sql'], to: string): void {
  rmSync(to, { force: true })
  sql.exec(`vacuum into '${to.replaceAll("'", "''")}'`)
}

/** Samples are kept apart; `undefined` where there is no room for them. */
export function openSamplesAt(data: string): Samples | undefined {
  const file = path.join(data, 'samples.db')
  try {
    return openSamples(file)
  } catch (cause) {
    // Samples are not worth a stop: without room nothing is measured, a damaged file is put aside, and measuring begins anew.
    if (!isDamage(cause)) return undefined
    for (const tail of ['', '-wal', '-shm']) if (existsSync(file + tail)) renameSync(file + tail, `${file}.damaged${tail}`)
    return openSamples(file)
  }
}
