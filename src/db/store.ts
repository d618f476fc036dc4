// The store of one node: ledger, agenda, deeds and the rooms' tables, in one SQLite file (WAL, synchronous=FULL, one writer).
// A batch of turns is one transaction and one fsync. A turn that throws is undone alone (SAVEPOINT). Nothing is confirmed
// before its COMMIT returned; after a COMMIT failed, this handle confirms nothing any more.
import assert from 'node:assert/strict'
import type { Deed } from '../core/deed.ts'
import { Fault } from '../core/fault.ts'
import { canonical, GENESIS, hashOf, type Entry, type NewEntry } from '../core/ledger.ts'
import { sha256 } from '../core/id.ts'
import type { Due, Instant, Now } from '../core/time.ts'
import type { Room, Tx } from './room.ts'
import { openSql, type Row, type Sql } from './sql.ts'

/** Answers to an entry may append, and so on: this deep and no deeper. */
const DEEPEST = 8

const TABLES = `
create table if not exists entry (seq integer primary key, node text not null, at integer not null, hlc integer not null,
  is_ text not null, stream text not null, follows integer, body text not null, prev text not null, hash text not null) strict;
create index if not exists entry_by_stream on entry (stream, seq);
create table if not exists text (hash text primary key, body text not null) strict, without rowid;
create table if not exists strict_stream (stream text primary key, version integer not null) strict, without rowid;
create table if not exists agenda (what text not null, key text not null, wall integer not null, tick integer not null, boot text not null,
  failed integer not null default 0, primary key (what, key)) strict, without rowid;
create index if not exists agenda_by_wall on agenda (wall);
create index if not exists agenda_by_tick on agenda (boot, tick);
create table if not exists deed (key text primary key, what text not null, body text not null, repeatable integer not null,
  is_ text not null, at integer not null) strict, without rowid;
create index if not exists deed_open on deed (is_, at) where is_ = 'intended';
create table if not exists set_aside (what text not null, key text not null, says text not null, at integer not null, primary key (what, key)) strict, without rowid;
create table if not exists meta (key text primary key, value text not null) strict, without rowid;
`

export interface Store {
  readonly sql: Sql
  readonly node: string
  readonly rooms: readonly Room[]
  readonly head: { readonly seq: number; readonly hash: string }
  begin(): void
  commit(): void
  rollback(): void
  /** Lets `act` read many things as they stand together: one look at the file instead of one for each question. */
  reading(act: () => void): void
  /** Runs `act` as one turn inside the open batch; undone alone when it throws. */
  turn<T>(name: string, now: Now, act: (tx: Tx) => T): TurnResult<T>
  meta(key: string): string | undefined
  setMeta(key: string, value: string): void
  close(): void
}

export type TurnResult<T> =
  | { readonly is: 'done'; readonly value: T; readonly deeds: readonly Deed[]; readonly afterwards: readonly (() => void)[] }
  /** `batchLost`: SQLite undid the whole transaction (disk full, I/O error). */
  | { readonly is: 'failed'; readonly cause: unknown; readonly batchLost: boolean }

interface Head {
  seq: number
  hash: string
  hlc: number
}

/** A strict stream had moved on: the caller judged an older version. */
export class Moved extends Error {
  constructor(stream: string, has: number, follows: number) {
    super(`${stream} is at version ${has}, not ${follows}: look again before you decide`)
    this.name = 'Moved'
  }
}

function readHead(sql: Sql): Head {
  const row = sql.get<{ seq: number; hash: string; hlc: number }>('select seq, hash, hlc from entry order by seq desc limit 1')
  return row ? { seq: row.seq, hash: row.hash, hlc: row.hlc } : { seq: 0, hash: GENESIS, hlc: 0 }
}

/** So many entries or rows are a few milliseconds. */
const EACH = 64

/** What the tables look like; a version that changes them so that this one would misread them counts it up. */
const SCHEMA = 6

/** How far a folding is: so many entries of so many, and a little more where its rows are taken over. Called every few rows. */
export type Folding = (done: number, of: number) => void

/** Prepares tables on a connection: used by the store, by rebuild, and by the simulator. Refuses what a newer Holdfast wrote; folds anew what an older one did, and says that it gets forward. */
export function prepareTables(sql: Sql, rooms: readonly Room[], folding?: Folding): void {
  const has = sql.get<{ user_version: number }>('pragma user_version')?.user_version ?? 0
  if (has > SCHEMA) throw new Fault(`the data were written by a newer Holdfast (schema ${has}; this one knows ${SCHEMA}): start that one again, or name other data with --data`, 'never')
  sql.exec('savepoint prepared')
  const isOlder = has > 0 && has < SCHEMA
  if (isOlder) for (const table of rooms.flatMap((room) => room.projections)) sql.exec(`drop table if exists ${table}`)
  if (has < SCHEMA) sql.exec(`pragma user_version = ${SCHEMA}`)
  sql.exec(TABLES)
  for (const room of rooms) sql.exec(room.tables)
  if (isOlder) foldAside(sql, rooms, folding)
  sql.exec('release prepared')
}

/** Folds the ledger into tables of its own and takes over the projections alone: what an old entry says of the working tables was long ago. */
function foldAside(sql: Sql, rooms: readonly Room[], folding?: Folding): void {
  const aside = openSql(':memory:')
  const of = readHead(sql).seq
  let steps = 0
  // A long memory takes minutes, in which this process does nothing else: whoever waits for it is to see that it gets forward.
  const step = (): void => {
    if (steps++ % EACH === 0) folding?.(steps, of)
  }
  try {
    prepareTables(aside, rooms)
    aside.exec('begin')
    fold(aside, entries(sql), rooms, step)
    aside.exec('commit')
    for (const table of rooms.flatMap((room) => room.projections)) copyTable(aside, sql, table, step)
  } finally {
    aside.close()
  }
}

/** Puts the rows of a table in the place of those of another one. */
export function copyTable(from: Sql, to: Sql, table: string, step?: () => void): void {
  to.exec('savepoint copied')
  to.run(`delete from ${table}`)
  for (const row of from.each<Row>(`select * from ${table}`)) {
    step?.()
    const names = Object.keys(row)
    to.run(`insert into ${table} (${names.join(',')}) values (${names.map(() => '?').join(',')})`, ...names.map((name) => row[name] as string | number | null))
  }
  to.exec('release copied')
}

/** Folds entries into the rooms' projections. Returns how many there were. `step` is called at each. */
export function fold(into: Sql, from: Iterable<Entry>, rooms: readonly Room[], step?: () => void): number {
  let count = 0
  for (const entry of from) {
    count++
    step?.()
    for (const room of rooms) room.apply[entry.is]?.(into, entry)
  }
  return count
}

/** Opens (or makes) the store at `path`. Throws what SQLite throws when the file is not a database or cannot be read. */
export function openStore(path: string, rooms: readonly Room[], node: string, { folding }: { readonly folding?: Folding } = {}): Store {
  const sql = openSql(path)
  // The switch exists for the crash tests alone: they prove that they would notice a store that does not wait for the disk.
  const synchronous = process.env['HOLDFAST_MUTANT'] === 'synchronous-off' ? 'off' : 'full'
  sql.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma wal_autocheckpoint = 8000; pragma cache_size = -16000; pragma temp_store = memory`)
  prepareTables(sql, rooms, folding)
  sql.run('insert into meta (key, value) values (?, ?) on conflict do nothing', 'node', node)
  return storeOver(sql, rooms)
}

/** The store over an open connection whose tables stand. */
export function storeOver(sql: Sql, rooms: readonly Room[]): Store {
  const node = sql.get<{ value: string }>('select value from meta where key = ?', 'node')?.value
  assert(node !== undefined, 'the store knows its node')
  let head = readHead(sql)
  let before: Head = head

  const append = (tx: Tx, entry: NewEntry, depth: number, run: (tx: Tx, made: Entry, depth: number) => void): Entry => {
    assert(depth <= DEEPEST, `answers to ${entry.is} go deeper than ${DEEPEST}: two rooms answer each other in a circle`)
    if (entry.follows !== undefined) follow(sql, entry.stream, entry.follows)
    const body = canonical(entry.body)
    const hlc = Math.max(head.hlc + 1, tx.now.wall * 1000)
    const bare: Omit<Entry, 'hash'> = { ...entry, seq: head.seq + 1, node, at: tx.now.wall, hlc, prev: head.hash }
    const made: Entry = { ...bare, hash: hashOf(bare, body) }
    sql.run('insert into entry (seq, node, at, hlc, is_, stream, follows, body, prev, hash) values (?,?,?,?,?,?,?,?,?,?)',
      made.seq, node, made.at, hlc, made.is, made.stream, made.follows ?? null, body, made.prev, made.hash)
    head = { seq: made.seq, hash: made.hash, hlc }
    for (const room of rooms) room.apply[made.is]?.(sql, made)
    run(tx, made, depth)
    return made
  }

  const turn = <T>(name: string, now: Now, act: (tx: Tx) => T): TurnResult<T> => {
    const deeds: Deed[] = []
    const afterwards: (() => void)[] = []
    const start = head
    let depth = 0
    const answers = (tx: Tx, made: Entry): void => {
      depth++
      for (const room of rooms) room.on?.[made.is]?.(tx, made)
      depth--
    }
    const tx: Tx = {
      now,
      sql,
      append: (entry) => append(tx, entry, depth, answers),
      schedule: (what, key, due) => schedule(sql, what, key, due),
      unschedule: (what, key) => void sql.run('delete from agenda where what = ? and key = ?', what, key),
      intend(deed) {
        const made = sql.run('insert into deed (key, what, body, repeatable, is_, at) values (?,?,?,?,?,?) on conflict do nothing',
          deed.key, deed.what, JSON.stringify(deed.body), deed.repeatable ? 1 : 0, 'intended', now.wall)
        if (made.changes > 0) deeds.push(deed)
      },
      keep(text) {
        const hash = sha256(text)
        sql.run('insert into text (hash, body) values (?, ?) on conflict do nothing', hash, text)
        return hash
      },
      afterwards: (effect) => void afterwards.push(effect),
    }
    sql.run('savepoint turn')
    try {
      const value = act(tx)
      sql.run('release turn')
      return { is: 'done', value, deeds, afterwards }
    } catch (cause) {
      head = start
      if (!sql.inTransaction) return { is: 'failed', cause, batchLost: true }
      sql.run('rollback to turn')
      sql.run('release turn')
      return { is: 'failed', cause: cause instanceof Error ? cause : new Error(`${name}: ${String(cause)}`), batchLost: false }
    }
  }

  return {
    sql,
    node,
    rooms,
    get head() {
      return head
    },
    begin() {
      before = head
      sql.run('begin immediate')
    },
    commit() {
      sql.run('commit')
      before = head
    },
    rollback() {
      head = before
      if (sql.inTransaction) sql.exec('rollback')
    },
    reading(act) {
      sql.run('begin')
      try {
        act()
      } finally {
        if (sql.inTransaction) sql.run('commit')
      }
    },
    turn,
    meta: (key) => sql.get<{ value: string }>('select value from meta where key = ?', key)?.value,
    setMeta: (key, value) => void sql.run('insert into meta (key, value) values (?, ?) on conflict (key) do update set value = excluded.value', key, value),
    close: () => sql.close(),
  }
}

function follow(sql: Sql, stream: string, follows: number): void {
  const has = sql.get<{ version: number }>('select version from strict_stream where stream = ?', stream)?.version ?? 0
  if (has !== follows) throw new Moved(stream, has, follows)
  sql.run('insert into strict_stream (stream, version) values (?, ?) on conflict (stream) do update set version = excluded.version', stream, follows + 1)
}

function schedule(sql: Sql, what: string, key: string, due: Due): void {
  // SQLite's integers are exact here: times are whole milliseconds.
  sql.run(`insert into agenda (what, key, wall, tick, boot) values (?,?,?,?,?)
    on conflict (what, key) do update set wall = excluded.wall, tick = excluded.tick, boot = excluded.boot, failed = 0`,
    what, key, Math.ceil(due.wall), Math.ceil(due.tick), due.boot)
}

export interface DueRow {
  readonly what: string
  readonly key: string
  readonly failed: number
}

/** What is due by either clock, earliest first. Two queries, since each has its index. */
export function dueNow(sql: Sql, now: Now, most: number): DueRow[] {
  const byWall = sql.all<{ what: string; key: string; failed: number; wall: number }>(
    'select what, key, failed, wall from agenda where wall <= ? order by wall, what, key limit ?', Math.floor(now.wall), most)
  const byTick = sql.all<{ what: string; key: string; failed: number; wall: number }>(
    'select what, key, failed, wall from agenda where boot = ? and tick <= ? order by tick, what, key limit ?', now.boot, Math.floor(now.tick), most)
  const seen = new Set(byWall.map((row) => `${row.what} ${row.key}`))
  return [...byWall, ...byTick.filter((row) => !seen.has(`${row.what} ${row.key}`))].slice(0, most)
}

/** The earliest moment at which something will be due; `undefined` when nothing is planned. */
export function nextDue(sql: Sql, boot: string): { wall: number; tick: number } | undefined {
  const at = sql.get<{ wall: number | null; tick: number | null }>('select (select min(wall) from agenda) as wall, (select min(tick) from agenda where boot = ?) as tick', boot)
  return at === undefined || at.wall === null ? undefined : { wall: at.wall, tick: at.tick ?? Number.POSITIVE_INFINITY }
}

/** An entry as it is stored. */
export interface EntryRow extends Record<string, unknown> {
  seq: number; node: string; at: number; hlc: number; is_: string; stream: string; follows: number | null; body: string; prev: string; hash: string
}

export const entryOf = (row: EntryRow): Entry => ({
  seq: row.seq, node: row.node, at: row.at as Instant, hlc: row.hlc, is: row.is_, stream: row.stream,
  ...(row.follows === null ? {} : { follows: row.follows }),
  body: JSON.parse(row.body) as Record<string, unknown>, prev: row.prev, hash: row.hash,
})

/** All entries in order, each with the bytes of its body as they are stored; an entry whose body is not JSON has none. */
export function* stored(sql: Sql): IterableIterator<{ seq: number; body: string; entry: Entry | undefined }> {
  for (const row of sql.each<EntryRow>('select * from entry order by seq')) {
    let entry: Entry | undefined
    try {
      entry = entryOf(row)
    } catch {
      // Told by whoever reads it.
    }
    yield { seq: row.seq, body: row.body, entry }
  }
}

/** All entries in order, or those of one stream. */
export function* entries(sql: Sql, stream?: string): IterableIterator<Entry> {
  const rows = stream === undefined
    ? sql.each<EntryRow>('select * from entry order by seq')
    : sql.each<EntryRow>('select * from entry where stream = ? order by seq', stream)
  for (const row of rows) yield entryOf(row)
}

export const textOf = (sql: Sql, hash: string): string =>
  sql.get<{ body: string }>('select body from text where hash = ?', hash)?.body ?? ''

const KEPT = /^#[0-9a-f]{64}(?:\.[a-z]+)?$/

/** What stands in an entry as it is said: free text stands there as `#` and its hash, and is empty when it was taken out of the side table. */
export const saidOf = (sql: Sql, said: string): string => saidOfAll(sql, [said])[0] as string

/** The same of several that were probably kept as one: each text is read once. */
export function saidOfAll(sql: Sql, all: readonly string[]): string[] {
  const read = new Map<string, { text: string; parts?: Readonly<Record<string, string>> }>()
  return all.map((said) => {
    if (!said.startsWith('#') || !KEPT.test(said)) return said
    const hash = said.slice(1, 65)
    const has = read.get(hash) ?? { text: textOf(sql, hash) }
    read.set(hash, has)
    if (said.length === 65 || has.text === '') return has.text
    has.parts ??= JSON.parse(has.text) as Record<string, string>
    return has.parts[said.slice(66)] ?? ''
  })
}

/** Keeps several texts that belong together as one, and gives what stands for each in the entry: read by `saidOf`, taken out together. */
export function keepParts<Part extends string>(tx: Tx, parts: Readonly<Record<Part, string>>): Record<Part, string> {
  const hash = tx.keep(canonical(parts))
  return Object.fromEntries(Object.keys(parts).map((part) => [part, `#${hash}.${part}`])) as Record<Part, string>
}
