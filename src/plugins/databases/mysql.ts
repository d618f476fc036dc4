// The driver of MySQL and MariaDB over a socket of ours. No file is ever sent, no two statements go at once, no parser is made of text. What the
// server says is shown in its own words, without credentials; what the driver trips over is said to be no protocol of MySQL.
import type { Duplex } from 'node:stream'
import type { Connection, ConnectionOptions } from 'mysql2'
import { codeOf, Fault, sentence, silence } from '../../core/fault.ts'
import { sayLimit, type Span } from '../../core/time.ts'
import { linkWords, serverWords, type Database, type Step } from '../../ports/database.ts'

export { MYSQL } from '../../ports/database.ts'

/** Loads the driver; the first look waits for it, so it comes before any clock of a connection runs. */
export const loadMysql = async (): Promise<(options: ConnectionOptions) => Connection> => (await import('mysql2')).createConnection

/** A signed-in conversation, or one that is about to be. */
export interface MysqlSession {
  readonly ready: Promise<unknown>
  /** Rows are given as they come, as arrays; the next one is read when `row` has taken it. */
  ask(sql: string, timeout: Span | undefined, row?: (row: readonly (Buffer | null)[]) => void): Promise<readonly string[]>
  leave(): void
}

const optionsFor = ({ host, port, user, password, name, tls }: Database, stream: unknown, limit: Span | undefined): ConnectionOptions => ({
  stream, host, port, user, password,
  ...(name !== '' && { database: name }),
  ...(tls !== 'off' && { ssl: { rejectUnauthorized: tls === 'verified', verifyIdentity: tls === 'verified' } }),
  connectTimeout: limit ?? 0,
  // Its parsers are then not made of text.
  disableEval: true,
  flags: ['-LOCAL_FILES', '-MULTI_STATEMENTS'],
  infileStreamFactory() {
    throw new Error('no file is ever sent')
  },
})

/** Speaks over an open socket. */
export function mysqlOver(create: (options: ConnectionOptions) => Connection, database: Database, socket: Duplex, limit: Span | undefined): MysqlSession {
  const connection = create(optionsFor(database, socket, limit))
  const lost = Promise.withResolvers<never>()
  // It may come when nobody waits any more.
  lost.promise.catch(() => undefined)
  connection.on('error', lost.reject)
  const ready = new Promise<void>((resolve) => connection.once('connect', () => resolve()))
  // When TLS fails, the driver tells first that the connection ended, and only then why.
  const why = (cause: Error): Promise<never> => Promise.reject((connection as unknown as { readonly stream: Duplex }).stream.errored ?? cause)
  return {
    ready: Promise.race([ready, lost.promise.catch(why)]),
    ask: (sql, timeout, row) => Promise.race([ask(connection, sql, timeout, row), lost.promise]),
    leave: () => connection.end(() => undefined),
  }
}

/** Rows are dropped as they come, unless somebody takes them; gives the names of the columns. */
function ask(connection: Connection, sql: string, timeout: Span | undefined, row: ((row: readonly (Buffer | null)[]) => void) | undefined): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    let columns: readonly string[] = []
    // Bytes as they came: what a column is, is the asker's to know.
    const raw = row ? { typeCast: (field: { buffer(): Buffer | null }) => field.buffer() } : {}
    const query = connection.query({ sql, rowsAsArray: true, ...raw, ...(timeout !== undefined && { timeout }) })
    // Nothing where the statement gives no rows.
    query.on('fields', (fields?: readonly { readonly name: string }[]) => void (columns = fields?.map(({ name }) => name) ?? []))
    query.on('result', (it: unknown) => {
      if (!row || !Array.isArray(it)) return
      try {
        row(it as (Buffer | null)[])
      } catch (cause) {
        reject(cause instanceof Error ? cause : new Error(String(cause)))
      }
    })
    query.on('error', reject)
    query.on('end', () => resolve(columns))
  })
}

const TIMED_OUT = new Set(['PROTOCOL_SEQUENCE_TIMEOUT', 'ETIMEDOUT'])

/** What a failure says about the server; throws on what accuses nobody. */
export function mysqlWords(cause: unknown, { missing, moment, limit }: Step, database: Database): string {
  const { errno, sqlState, sqlMessage } = Object(cause) as { errno?: unknown; sqlState?: unknown; sqlMessage?: string }
  if (typeof errno === 'number' && typeof sqlState === 'string') return `${serverWords(sqlMessage ?? '', database)} (${errno})`
  const code = codeOf(cause) ?? ''
  if (!(cause instanceof Fault) && TIMED_OUT.has(code)) throw silence(missing, limit === undefined ? undefined : sayLimit(limit))
  if (code === 'PROTOCOL_CONNECTION_LOST') return `closed the connection ${moment}`
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return 'does not offer TLS'
  if (code === 'HANDSHAKE_SSL_ERROR') return `TLS failed: ${serverWords(sentence(cause).split(';', 1)[0] ?? '', database)}`
  const says = linkWords(cause, { missing, moment })
  if (says !== undefined) return says
  // What the driver trips over: its own codes, or an exception in one of its parsers.
  if (code === '' || /^(PROTOCOL|HANDSHAKE|AUTH_SWITCH|ER|ERR)_/.test(code)) return `answered with what is not the protocol of MySQL${code && ` (${code})`}`
  throw cause
}
