// The files of the store: opened, or begun. One that is damaged is kept aside and a new memory begins; one that is somebody else's is
// left alone. Whose a file is, and whether it is whole, is judged before anything is written into it.
import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { sentence } from '../core/fault.ts'
import { newId } from '../core/id.ts'
import type { Instant } from '../core/time.ts'
import type { Room } from '../db/room.ts'
import { openSamples, type Samples } from '../db/samples.ts'
import { damage, isDamage, openSql } from '../db/sql.ts'
import { openStore, type Store } from '../db/store.ts'
import type { Random } from '../ports/world.ts'

/** Larger databases are believed until a read says otherwise: the check would cost more time than a restart may take. */
const LARGEST_CHECKED = 256 * 1024 * 1024
/** How every file of SQLite's begins. */
export const MAGIC = 'SQLite format 3\0'

export interface Opened {
  readonly store: Store
  readonly damaged: string | undefined
}

/** Opens the store; a file that is not a database any more is kept aside, and a new memory begins. */
export function openOrBegin(data: string, rooms: readonly Room[], it: { readonly now: Instant; readonly random: Random; /** Ends the process with a sentence. */ readonly refuse: (says: string) => never }): Opened {
  const { now, random, refuse } = it
  const file = path.join(data, 'holdfast.db')
  const strange = whyNotOurs(file)
  // Whose it is nobody knows: it is not set aside like a damaged one.
  if (strange !== undefined) refuse(`${file} ${strange}. Move it away, or name another data folder with --data.`)
  const open = (): Store => {
    const store = openStore(file, rooms, newId('node', now, random))
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
    return { store: open(), damaged: undefined }
  } catch (cause) {
    if (!isDamage(cause)) throw cause
    console.error(`holdfast keeper: the database is damaged (${sentence(cause)}); it is kept, and a new memory begins`)
    const kept = `holdfast.db.damaged-${new Date(now).toISOString().replaceAll(':', '')}`
    for (const tail of ['', '-wal', '-shm']) if (existsSync(file + tail)) renameSync(file + tail, path.join(data, kept) + tail)
    return { store: open(), damaged: kept }
  }
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
