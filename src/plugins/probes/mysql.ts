// MySQL and MariaDB: connects, signs in, asks a query, and on request commits a write. A Galera cluster that has lost its quorum
// shows every status variable green and answers every read for some 6 s while writes hang: only a committed write tells. Every
// step has a name and ends with the look; the socket is destroyed then, whatever the driver thinks. At most 1 MiB is
// received. What the server says is shown in its own words, without credentials.
//
// The table for writes is the operator's to make: create table holdfast.canary (id int primary key, at datetime not null).
import type { Duplex } from 'node:stream'
import type { Connection, ConnectionOptions } from 'mysql2'
import { z } from 'zod'
import { codeOf, Fault, sentence, silence } from '../../core/fault.ts'
import { sayLimit, type Span } from '../../core/time.ts'
import { databaseText, linkWords, readDatabase, serverWords, type Database, type Dialect, type Step } from '../../ports/database.ts'
import { dialogue, questionShape, quoted, type Session } from '../../ports/dialogue.ts'
import { fail, probe, type Seen } from '../../ports/probe.ts'

const DIALECT: Dialect = {
  schemes: ['mysql', 'mariadb'],
  port: 3306,
  tlsParameter: 'ssl-mode',
  tls: { disabled: 'off', required: 'unverified', verify_ca: 'verified', verify_identity: 'verified' },
}

const config = z.strictObject({
  mysql: databaseText('Server', DIALECT),
  ...questionShape('id int primary key, at datetime'),
})

export default probe({
  kind: 'mysql',
  title: 'MySQL or MariaDB',
  does: 'Passes when a query is answered and, if asked for, a write is committed.',
  runs: 'shared',
  config,
  examples: [
    { mysql: 'mysql://app:s3cr3t-word@db.internal:3306/shop' },
    { mysql: 'mysql://app:s3cr3t-word@db.internal/shop?ssl-mode=verify_identity', query: 'select 1', write: { table: 'holdfast.canary' }, limits: { query: '500ms', write: '2s' } },
  ],

  async look(settings, context) {
    const database = readDatabase(settings.mysql, DIALECT)
    if (typeof database === 'string') throw new Error(database)
    // Before the clock of the connection runs: the first look loads it.
    const { createConnection } = await import('mysql2')
    return dialogue(database, settings, {
      open: (socket, limit) => sessionOver(createConnection(optionsFor(database, socket, limit))),
      begin: 'start transaction',
      row: (table) => `replace into ${quoted(table, '`')} (id, at) values (connection_id() % 1000, now())`,
      isConflict: (cause) => CONFLICTS.has((cause as { errno?: unknown }).errno),
      judge: (cause, step) => judge(cause, step, database),
    }, context)
  },
})

/** Deadlock, and a Galera certification that failed. */
const CONFLICTS = new Set<unknown>([1213, 1020])

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

function sessionOver(connection: Connection): Session {
  const lost = Promise.withResolvers<never>()
  // It may come when nobody waits any more.
  lost.promise.catch(() => undefined)
  connection.on('error', lost.reject)
  const ready = new Promise<void>((resolve) => connection.once('connect', () => resolve()))
  // When TLS fails, the driver tells first that the connection ended, and only then why.
  const why = (cause: Error): Promise<never> => Promise.reject((connection as unknown as { readonly stream: Duplex }).stream.errored ?? cause)
  return {
    ready: Promise.race([ready, lost.promise.catch(why)]),
    ask: (sql, timeout) => Promise.race([ask(connection, sql, timeout), lost.promise]),
    leave: () => connection.end(() => undefined),
  }
}

/** Rows are counted and dropped as they come. */
function ask(connection: Connection, sql: string, timeout: Span | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const query = connection.query({ sql, rowsAsArray: true, ...(timeout !== undefined && { timeout }) })
    query.on('result', () => undefined)
    query.on('error', reject)
    query.on('end', () => resolve())
  })
}

const TIMED_OUT = new Set(['PROTOCOL_SEQUENCE_TIMEOUT', 'ETIMEDOUT'])

function judge(cause: unknown, { missing, moment, limit }: Step, database: Database): Seen {
  const { errno, sqlState, sqlMessage } = Object(cause) as { errno?: unknown; sqlState?: unknown; sqlMessage?: string }
  if (typeof errno === 'number' && typeof sqlState === 'string') return fail(`${serverWords(sqlMessage ?? '', database)} (${errno})`)
  const code = codeOf(cause) ?? ''
  if (!(cause instanceof Fault) && TIMED_OUT.has(code)) throw silence(missing, limit === undefined ? undefined : sayLimit(limit))
  if (code === 'PROTOCOL_CONNECTION_LOST') return fail(`closed the connection ${moment}`)
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return fail('does not offer TLS')
  if (code === 'HANDSHAKE_SSL_ERROR') return fail(`TLS failed: ${serverWords(sentence(cause).split(';', 1)[0] ?? '', database)}`)
  const says = linkWords(cause, { missing, moment })
  if (says !== undefined) return fail(says)
  // What the driver trips over: its own codes, or an exception in one of its parsers.
  if (code === '' || /^(PROTOCOL|HANDSHAKE|AUTH_SWITCH|ER|ERR)_/.test(code)) return fail(`answered with what is not the protocol of MySQL${code && ` (${code})`}`)
  throw cause
}
