// PostgreSQL: connects, signs in, asks a query, and on request commits a write (a primary whose synchronous standby is gone answers
// every read and hangs in every commit). Every step has a name and ends with the look; the socket is destroyed then, whatever
// the driver thinks. At most 1 MiB is received, and the driver is given whole, sound messages only: on one that is
// cut short its parser would never return. What the server says is shown in its own words, without credentials.
//
// The table for writes is the operator's to make: create table holdfast.canary (id int primary key, at timestamptz not null).
import { EventEmitter, once } from 'node:events'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { coded, codeOf, Fault, sentence, silence } from '../../core/fault.ts'
import { sayLimit, type Span } from '../../core/time.ts'
import { databaseText, linkWords, readDatabase, serverWords, type Database, type Dialect, type Step } from '../../ports/database.ts'
import { dialogue, MOST_BYTES, questionShape, quoted, type Session } from '../../ports/dialogue.ts'
import { fail, probe, type Seen } from '../../ports/probe.ts'

const DIALECT: Dialect = {
  schemes: ['postgres', 'postgresql'],
  port: 5432,
  tlsParameter: 'sslmode',
  tls: { disable: 'off', require: 'unverified', 'verify-ca': 'verified', 'verify-full': 'verified' },
}

const config = z.strictObject({
  postgres: databaseText('Server', DIALECT),
  ...questionShape('id int primary key, at timestamptz'),
})

export default probe({
  kind: 'postgres',
  title: 'PostgreSQL',
  does: 'Passes when a query is answered and, if asked for, a write is committed.',
  runs: 'shared',
  config,
  examples: [
    { postgres: 'postgres://app:s3cr3t-word@db.internal:5432/shop' },
    { postgres: 'postgres://app:s3cr3t-word@db.internal/shop?sslmode=verify-full', query: 'select 1', write: { table: 'holdfast.canary' }, limits: { query: '500ms', write: '2s' } },
  ],

  async look(settings, context) {
    const database = readDatabase(settings.postgres, DIALECT)
    if (typeof database === 'string') throw new Error(database)
    // Before the clock of the connection runs: the first look loads it.
    const driver = (await import('pg')).default as unknown as Driver
    return dialogue(database, settings, {
      open: (socket, limit) => sessionOver(driver, database, socket, limit),
      begin: 'begin',
      row: (table) => `insert into ${quoted(table, '"')} (id, at) values (pg_backend_pid() % 1000, now()) on conflict (id) do update set at = excluded.at`,
      isConflict: (cause) => CONFLICTS.has(codeOf(cause) ?? ''),
      judge: (cause, step) => judge(cause, step, database),
    }, context)
  },
})

/** Serialization failure and deadlock. */
const CONFLICTS = new Set(['40001', '40P01'])

function sessionOver({ Client, Connection }: Driver, database: Database, socket: Duplex, limit: Span | undefined): Session {
  const { host, port, user, password, name, tls } = database
  const ssl = tls === 'off' ? false : { rejectUnauthorized: tls === 'verified' }
  const connection = new Connection({ stream: openAlready(socket), ssl })
  const lost = Promise.withResolvers<never>()
  // It may come when nobody waits any more.
  lost.promise.catch(() => undefined)
  let secured: Duplex | undefined
  guard(connection, socket, (stream) => {
    if (stream !== socket) secured = (stream as Duplex).once('error', lost.reject)
  })
  const client = new Client({
    connection, host, port, user, ssl,
    // A function, so that it never looks for a password file.
    password: () => password,
    database: name || user,
    application_name: 'holdfast',
    connectionTimeoutMillis: limit ?? 0,
  })
  client.on('error', lost.reject)
  // When TLS fails, the driver tells first that the connection ended, and only then why.
  const why = async (cause: unknown): Promise<never> => {
    if (secured && !secured.closed) await once(secured, 'close')
    throw cause
  }
  return {
    ready: Promise.race([client.connect().catch(why), lost.promise]),
    ask: (text, query_timeout) => Promise.race([client.query({ text, rowMode: 'array', ...(query_timeout !== undefined && { query_timeout }) }), lost.promise]),
    leave: () => void client.end().catch(() => undefined),
  }
}

/** The driver wants to connect by itself; this socket is connected, and says so when it is asked. */
function openAlready(socket: Duplex): Duplex {
  const quiet = (): void => undefined
  return Object.assign(socket, {
    connect: () => process.nextTick(() => socket.emit('connect')),
    setNoDelay: quiet, setKeepAlive: quiet, ref: quiet, unref: quiet,
  })
}

/** Puts a check between what arrives (decrypted, under TLS) and the driver's parser; what fails it ends the connection. */
function guard(connection: Wired, socket: Duplex, attached: (stream: EventEmitter) => void): void {
  const attach = connection.attachListeners.bind(connection)
  connection.attachListeners = (stream) => {
    const sound = new EventEmitter()
    const take = messages((whole) => void sound.emit('data', whole))
    stream.on('data', (chunk: Buffer) => {
      try {
        take(chunk)
      } catch (cause) {
        socket.destroy(cause instanceof Fault ? cause : coded('EPROTO', NOT_POSTGRES, 'later', cause))
      }
    })
    attach(sound)
    attached(stream)
  }
}

const NOT_POSTGRES = 'answered with what is not the protocol of PostgreSQL'
const [ERROR, NOTICE] = [0x45, 0x4e]
/** No message of PostgreSQL is longer; what looks like one is text. */
const LONGEST = 2 ** 30
/** What a conversation may begin with: a request to sign in, an error, a notice, a negotiation of the version. */
const FIRST = new Set([0x52, ERROR, NOTICE, 0x76])
const LONGEST_FIRST = 64 * 1024

/** Collects whole messages (one byte of type, four of length) and passes them on once each is known to be sound. */
function messages(pass: (whole: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer[] = []
  let size = 0
  let wanted = 5
  let begun = false
  return (chunk) => {
    held.push(chunk)
    size += chunk.length
    if (size < wanted) return
    const all = Buffer.concat(held, size)
    let at = 0
    for (wanted = 5; size - at >= 5; ) {
      const length = all.readUInt32BE(at + 1)
      if (length < 4 || length > (begun ? LONGEST : LONGEST_FIRST) || !(begun || FIRST.has(all[at] ?? 0))) throw coded('EPROTO', NOT_POSTGRES)
      if (length > MOST_BYTES) throw coded('EPROTO', `sent more than ${MOST_BYTES / 1024} KiB`)
      const end = at + 1 + length
      if (end > size) {
        wanted = end - at
        break
      }
      if ((all[at] === ERROR || all[at] === NOTICE) && !listsFields(all.subarray(at + 5, end))) throw coded('EPROTO', NOT_POSTGRES)
      at = end
      begun = true
    }
    held = at < size ? [all.subarray(at)] : []
    size -= at
    if (at > 0) pass(all.subarray(0, at))
  }
}

/** Errors and notices are fields, each a letter and a text that ends with 0, then a 0: without it the driver would look for it for ever. */
function listsFields(body: Buffer): boolean {
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end < 0) return false
    at = end + 1
  }
  return at === body.length - 1
}

const TIMED_OUT = new Set(['timeout expired', 'Query read timeout'])

function judge(cause: unknown, { missing, moment, limit }: Step, database: Database): Seen {
  const { name, code } = Object(cause) as { name?: string; code?: string }
  const words = serverWords(sentence(cause), database)
  // So the driver names what the server said.
  if (name === 'error') return fail(code === undefined ? words : `${words} (${serverWords(code, database)})`)
  const says = linkWords(cause, { missing, moment })
  if (says !== undefined) return fail(says)
  if ((code !== undefined && !code.startsWith('ERR_')) || !(cause instanceof Error)) throw cause
  if (TIMED_OUT.has(cause.message)) throw silence(missing, limit === undefined ? undefined : sayLimit(limit))
  if (cause.message.startsWith('Connection terminated')) return fail(`closed the connection ${moment}`)
  if (cause.message.includes('not support SSL')) return fail('does not offer TLS')
  // Whatever else the driver trips over, exceptions in its parsers included. SASL: what it says of a sign-in that both sides understood differently.
  return fail(cause.message.startsWith('SASL') ? `sign-in failed: ${words}` : NOT_POSTGRES)
}

/** Of the driver, what is used here. */
interface Driver {
  readonly Client: new (options: object) => EventEmitter & { connect(): Promise<unknown>; query(query: object): Promise<unknown>; end(): Promise<unknown> }
  readonly Connection: new (options: object) => Wired
}

interface Wired {
  attachListeners(stream: EventEmitter): void
}
