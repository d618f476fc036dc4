// A thin layer over SQLite: prepared statements, kept by their text; rows as plain objects. This is the only file that knows
// `node:sqlite`. One connection writes; whoever only reads opens its own, read-only.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { codeOf } from '../core/fault.ts'

export type SqlValue = SQLInputValue
export type Row = Record<string, unknown>

export interface Sql {
  run(sql: string, ...values: SqlValue[]): { changes: number }
  get<R extends Row>(sql: string, ...values: SqlValue[]): R | undefined
  all<R extends Row>(sql: string, ...values: SqlValue[]): R[]
  /** Rows one by one, for what may be long. */
  each<R extends Row>(sql: string, ...values: SqlValue[]): IterableIterator<R>
  exec(sql: string): void
  /** False when SQLite rolled the whole transaction back by itself (disk full, I/O error). */
  readonly inTransaction: boolean
  close(): void
}

/** The oldest SQLite that is trusted: earlier ones could corrupt a WAL database when two connections reset it at once. */
const OLDEST = [3, 51, 3] as const

/** Such a number could be written, but never be read again: its row would break every question that meets it. */
const isTooLarge = (value: SqlValue): boolean => typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER

/** Opens a database file (or ':memory:'). Throws what SQLite throws. */
export function openSql(path: string, options: { readOnly?: boolean } = {}): Sql {
  const db = new DatabaseSync(path, { readOnly: options.readOnly ?? false, timeout: 0 })
  const version = String((db.prepare('select sqlite_version() as v').get() as { v: string }).v)
  const [a = 0, b = 0, c = 0] = version.split('.').map(Number)
  if (a < OLDEST[0] || (a === OLDEST[0] && (b < OLDEST[1] || (b === OLDEST[1] && c < OLDEST[2])))) {
    db.close()
    throw new Error(`SQLite ${version} is too old: ${OLDEST.join('.')} or newer is needed. Use the Node that comes with Holdfast's packages.`)
  }
  const kept = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    let statement = kept.get(sql)
    if (!statement) {
      statement = db.prepare(sql)
      kept.set(sql, statement)
    }
    return statement
  }
  return {
    run(sql, ...values) {
      if (values.some(isTooLarge)) throw new RangeError('a number is too large to be stored')
      return { changes: Number(prepare(sql).run(...values).changes) }
    },
    get: <R extends Row>(sql: string, ...values: SqlValue[]) => prepare(sql).get(...values) as R | undefined,
    all: <R extends Row>(sql: string, ...values: SqlValue[]) => prepare(sql).all(...values) as R[],
    each: <R extends Row>(sql: string, ...values: SqlValue[]) => prepare(sql).iterate(...values) as IterableIterator<R>,
    exec: (sql) => db.exec(sql),
    get inTransaction() {
      return db.isTransaction
    },
    close() {
      kept.clear()
      db.close()
    },
  }
}

/** SQLite's result code of an error (5 BUSY, 10 IOERR, 11 CORRUPT, 13 FULL, 26 NOTADB), without its extension bits. */
export function resultCode(cause: unknown): number | undefined {
  if (codeOf(cause) !== 'ERR_SQLITE_ERROR') return undefined
  const code = (cause as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

export const FULL = 13
export const IOERR = 10
export const READONLY = 8
export const CANTOPEN = 14
export const BUSY = 5
/** The file is not what it was: its content cannot be believed. */
export const isDamage = (cause: unknown): boolean => [11, 26].includes(resultCode(cause) ?? 0)

/** The same, found by ourselves. */
export const damage = (says: string): Error => Object.assign(new Error(says), { code: 'ERR_SQLITE_ERROR', errcode: 11 })
