// Disks for the simulator: databases in memory. Making the tables of every room costs as much as a sixth of a schedule, so a disk that a
// schedule is done with is wiped, and serves the next one with its tables as they are. A wiped disk holds no row of anything.
import assert from 'node:assert/strict'
import type { Room } from '../src/db/room.ts'
import { openSql, type Sql } from '../src/db/sql.ts'
import { prepareTables } from '../src/db/store.ts'

const free: Sql[] = []
const prepared = new WeakSet<Sql>()

/** An empty disk: new, or one that was given back. */
export function takeDisk(): Sql {
  const kept = free.pop()
  if (kept) return kept
  const sql = openSql(':memory:')
  sql.exec('pragma synchronous = off; pragma journal_mode = memory')
  return sql
}

/** Makes the tables, once for a disk: all keepers here have the same rooms. */
export function prepareDisk(sql: Sql, rooms: readonly Room[]): void {
  if (!prepared.has(sql)) prepareTables(sql, rooms)
  prepared.add(sql)
}

/** Wipes a disk for whoever takes the next one. */
export function giveDisk(sql: Sql): void {
  if (sql.inTransaction) sql.exec('rollback')
  const tables = sql.all<{ name: string }>(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`).map(({ name }) => name)
  for (const table of tables) sql.run(`delete from ${table}`)
  for (const table of tables) assert.equal(sql.get(`select 1 as one from ${table} limit 1`), undefined, `${table} was wiped`)
  free.push(sql)
}
