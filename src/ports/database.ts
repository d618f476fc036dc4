// Databases as probes name them: one URL that carries host, port, user, password, database and how TLS is spoken. Nothing else is
// read, no file and no environment, and a parameter that is not known is refused rather than passed over. What a server says
// is shown without the credentials that it may repeat.
import { z } from 'zod'
import { codeOf, isOurs, isSilence, sentence, silence } from '../core/fault.ts'
import { sayLimit, type Span } from '../core/time.ts'
import { refusal } from './refusal.ts'
import { readHost } from './target.ts'

export interface Database {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Empty: none was named. */
  readonly name: string
  readonly tls: 'off' | 'unverified' | 'verified'
}

/** How URLs of one kind of database are written. */
export interface Dialect {
  readonly schemes: readonly string[]
  readonly port: number
  /** The parameter that says how TLS is spoken, and its values. */
  readonly tlsParameter: string
  readonly tls: Readonly<Record<string, Database['tls']>>
}

/** PostgreSQL, as its own clients write it. */
export const POSTGRES: Dialect = {
  schemes: ['postgres', 'postgresql'],
  port: 5432,
  tlsParameter: 'sslmode',
  tls: { disable: 'off', require: 'unverified', 'verify-ca': 'verified', 'verify-full': 'verified' },
}

/** MySQL and MariaDB. */
export const MYSQL: Dialect = {
  schemes: ['mysql', 'mariadb'],
  port: 3306,
  tlsParameter: 'ssl-mode',
  tls: { disabled: 'off', required: 'unverified', verify_ca: 'verified', verify_identity: 'verified' },
}

/** Whose address it is by its scheme; PostgreSQL's where it is neither's, so that reading it says what is wrong. */
export const dialectOf = (text: string): Dialect => (MYSQL.schemes.some((scheme) => text.startsWith(`${scheme}://`)) ? MYSQL : POSTGRES)

/** Reads such a URL; a text says what is wrong with it, without repeating it: it holds a password. */
export function readDatabase(text: string, { schemes, port, tlsParameter, tls }: Dialect): Database | string {
  const shape = `write it like ${schemes[0]}://user:password@host:${port}/database`
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text.length > 4096 || /[\u0000-\u0020\u007f\\]/.test(text)) return `an address contains no spaces, line breaks or backslashes; ${shape}`
  if (!schemes.some((scheme) => text.startsWith(`${scheme}://`)) || !URL.canParse(text)) return shape
  const url = new URL(text)
  const host = readHost(url.hostname)
  if (host === undefined) return `the host is missing or is none; ${shape}`
  if (url.port === '0') return `0 is not a port; ${shape}`
  if (/\/.*\//.test(url.pathname)) return `a database has one name; ${shape}`
  const parts = [url.username, url.password, url.pathname.slice(1)].map(decoded)
  if (parts.includes(undefined)) return `a “%” has to be written as %25; ${shape}`
  const [user = '', password = '', name = ''] = parts
  if (user === '') return `the user is missing; ${shape}`
  let how: Database['tls'] = 'off'
  for (const [parameter, value] of url.searchParams) {
    if (parameter !== tlsParameter) return `“${parameter.slice(0, 40)}” is not known here; only ${tlsParameter} is`
    const meant = tls[value.toLowerCase()]
    if (meant === undefined) return `${tlsParameter} is one of ${Object.keys(tls).join(', ')}`
    how = meant
  }
  return { host, port: url.port === '' ? port : Number(url.port), user, password, name, tls: how }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** A setting that holds such a URL. */
export const databaseText = (title: string, dialect: Dialect): z.ZodString =>
  z
    .string()
    .superRefine((text, context) => {
      const read = readDatabase(text, dialect)
      if (typeof read === 'string') context.addIssue({ code: 'custom', message: read })
    })
    .meta({ title, secret: true, examples: [`${dialect.schemes[0]}://user:password@db.internal:${dialect.port}/shop`] })

/** The name of a table, "schema.table" or "table", of characters that need no quoting. */
export const tableText = (title: string): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$/, 'write it as schema.table, of letters, digits and _')
    .meta({ title, examples: ['holdfast.canary'] })

/** One sentence of the server's own words, without the credentials. */
export function serverWords(words: string, { password }: Database): string {
  const flat = sentence(words)
  let shown = flat
  // Shorter ones would take half of the sentence with them and are no secret.
  if (password.length > 2) for (const secret of [password, encodeURIComponent(password)]) shown = shown.replaceAll(secret, '***')
  return shown
}

/** A step of a look, as it is named when it ends badly. */
export interface Step {
  /** "no answer to the query" */
  readonly missing: string
  /** "before it answered the query" */
  readonly moment: string
  readonly limit?: Span | undefined
}

/**
 * Waits for one step. The time limit of the whole look ends it at once, whatever the driver does; then it is silence, and the
 * step says about what. The limit of the step itself is the driver's to watch.
 */
export function step<Of>(of: Promise<Of>, { missing }: Step, { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: Span }): Promise<Of> {
  const { promise, resolve, reject } = Promise.withResolvers<Of>()
  const onAbort = (): void => reject(silence(missing, sayLimit(timeout)))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  of.then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}

const CERTIFICATE_CODES = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/

/** What a failure of the connection under a driver says about the server; `undefined` when it accuses nobody. */
export function linkWords(cause: unknown, { moment }: Step): string | undefined {
  if (isOurs(cause) || isSilence(cause)) return undefined
  const code = codeOf(cause) ?? ''
  if (code === 'ECONNRESET' || code === 'EPIPE') return `closed the connection ${moment}`
  if (code.startsWith('ERR_SSL_')) return `TLS failed: ${code.slice(8).replaceAll('_', ' ').toLowerCase()}`
  if (CERTIFICATE_CODES.test(code)) return `certificate does not hold (${code.replace('ERR_TLS_', '').replaceAll('_', ' ').toLowerCase()})`
  return refusal(cause)
}
