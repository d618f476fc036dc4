// Proof that the memory is whole. `verify` walks the chain: every entry's hash follows from its content and the one before, the
// numbers have no hole, and every text still hashes to the name that entries know it by. `rebuild` folds the ledger into
// fresh tables and compares them with the projections, row by row; on request it puts the folded rows in their place.
import { canonical, GENESIS, hashOf } from '../core/ledger.ts'
import { sha256 } from '../core/id.ts'
import type { Room } from './room.ts'
import { openSql, type Row, type Sql } from './sql.ts'
import { copyTable, entries, fold, prepareTables, stored } from './store.ts'

export interface Verdict {
  readonly entries: number
  readonly head: string
  readonly broken?: { readonly seq: number; readonly says: string }
}

/** Walks the whole chain; says the first thing that is wrong. */
export function verifyLedger(sql: Sql): Verdict {
  let prev = GENESIS
  let seq = 0
  let hlc = 0
  for (const { seq: at, entry, body } of stored(sql)) {
    const broken = (says: string): Verdict => ({ entries: seq, head: prev, broken: { seq: at, says } })
    if (!entry) return broken('its body is not JSON')
    // The stored bytes must be the canonical ones: another spelling of the same value is a change too.
    if (canonical(entry.body) !== body) return broken('its body is not in canonical form')
    if (entry.seq !== seq + 1) return broken(`entry ${seq + 1} is missing`)
    if (entry.prev !== prev) return broken('it does not follow the entry before it')
    if (entry.hlc <= hlc) return broken('its clock went back')
    if (hashOf(entry, body) !== entry.hash) return broken('its content does not match its hash')
    prev = entry.hash
    seq = entry.seq
    hlc = entry.hlc
  }
  for (const text of sql.each<{ hash: string; body: string }>('select hash, body from text')) {
    if (sha256(text.body) !== text.hash) return { entries: seq, head: prev, broken: { seq: 0, says: `the text ${text.hash.slice(0, 12)}… does not match its hash` } }
  }
  return { entries: seq, head: prev }
}

const rowsOf = (sql: Sql, table: string): string[] =>
  sql.all<Row>(`select * from ${table}`).map((row) => canonical(row)).sort()

export interface Rebuilt { readonly entries: number; readonly differed: readonly string[] }

/** Folds the ledger into fresh tables and names the projections that differ; `replace` puts the folded rows in. */
export function rebuildLedger(sql: Sql, rooms: readonly Room[], options: { replace: boolean }): Rebuilt {
  const fresh = openSql(':memory:')
  try {
    prepareTables(fresh, rooms)
    return rebuildOver(fresh, sql, rooms, options)
  } finally {
    fresh.close()
  }
}

/** The same with fresh tables that are there already: those of `rooms`, without a row. */
export function rebuildOver(fresh: Sql, sql: Sql, rooms: readonly Room[], options: { replace: boolean }): Rebuilt {
  fresh.exec('begin')
  const count = fold(fresh, entries(sql), rooms)
  fresh.exec('commit')
  const differed: string[] = []
  for (const table of rooms.flatMap((room) => room.projections)) {
    const has = rowsOf(sql, table)
    const should = rowsOf(fresh, table)
    if (has.length === should.length && has.every((row, i) => row === should[i])) continue
    differed.push(table)
    if (options.replace) copyTable(fresh, sql, table)
  }
  return { entries: count, differed }
}
