// The driver of PostgreSQL over a socket of ours. It is given whole, sound messages only: on one that is cut short its parser would never return.
// What the server says is shown in its own words, without credentials; what the driver trips over is said to be no protocol of PostgreSQL.
import { EventEmitter, once } from 'node:events'
import type { Duplex } from 'node:stream'
import { coded, Fault, sentence, silence } from '../../core/fault.ts'
import { sayLimit, type Span } from '../../core/time.ts'
import { linkWords, serverWords, type Database, type Step } from '../../ports/database.ts'
import { MOST_BYTES } from '../../ports/dialogue.ts'

export { POSTGRES } from '../../ports/database.ts'

/** Loads the driver; the first look waits for it, so it comes before any clock of a connection runs. */
export const loadPostgres = async (): Promise<Driver> => (await import('pg')).default as unknown as Driver

/** A signed-in conversation, or one that is about to be. */
export interface PostgresSession {
  /** Signed in; rejects with whatever ended it before. */
  readonly ready: Promise<unknown>
  query(query: { readonly text: string; readonly query_timeout?: number; readonly queryMode?: 'extended'; readonly types?: unknown }): Promise<Answered>
  leave(): void
}

/** Values are texts as the server sends them, where `types` leaves them so. */
export interface Answered {
  readonly rows: readonly (readonly (string | null)[])[]
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

/** Speaks over an open socket. */
export function postgresOver({ Client, Connection }: Driver, database: Database, socket: Duplex, limit: Span | undefined): PostgresSession {
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
    query: (query) => Promise.race([client.query({ ...query, rowMode: 'array' }) as Promise<Answered>, lost.promise]),
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

/** What a failure says about the server; throws on what accuses nobody. */
export function postgresWords(cause: unknown, { missing, moment, limit }: Step, database: Database): string {
  const { name, code } = Object(cause) as { name?: string; code?: string }
  const words = serverWords(sentence(cause), database)
  // So the driver names what the server said.
  if (name === 'error') return code === undefined ? words : `${words} (${serverWords(code, database)})`
  const says = linkWords(cause, { missing, moment })
  if (says !== undefined) return says
  if ((code !== undefined && !code.startsWith('ERR_')) || !(cause instanceof Error)) throw cause
  if (TIMED_OUT.has(cause.message)) throw silence(missing, limit === undefined ? undefined : sayLimit(limit))
  if (cause.message.startsWith('Connection terminated')) return `closed the connection ${moment}`
  if (cause.message.includes('not support SSL')) return 'does not offer TLS'
  // Whatever else the driver trips over, exceptions in its parsers included. SASL: what it says of a sign-in that both sides understood differently.
  return cause.message.startsWith('SASL') ? `sign-in failed: ${words}` : NOT_POSTGRES
}

/** Of the driver, what is used here. */
export interface Driver {
  readonly Client: new (options: object) => EventEmitter & { connect(): Promise<unknown>; query(query: object): Promise<unknown>; end(): Promise<unknown> }
  readonly Connection: new (options: object) => Wired
}

export interface Wired {
  attachListeners(stream: EventEmitter): void
}
