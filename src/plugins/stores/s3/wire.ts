// Requests to an S3: addressed by path, signed by aws4fetch, sent through the one way out. Nothing here decides anything: a refusal comes
// back as a status with the store's own code, and `faultOf` says in words what a person must change. Secrets never stand in what is said.
import { createHash } from 'node:crypto'
import type { AwsV4Signer } from 'aws4fetch'
import { coded, codeOf, Fault, isOurs, sentence } from '../../../core/fault.ts'
import { instantOf, type Instant } from '../../../core/time.ts'
import { withoutSecrets } from '../../../ports/channel.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'
import type { StoreContext } from '../../../ports/store.ts'
import type { HttpReply } from '../../../ports/world.ts'

export interface Credential {
  readonly id: string
  readonly secret: string
}

export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly mostBytes?: number
  /** Signed into the address and good for so many seconds only, from this moment by the store's clock (G-22). */
  readonly lapses?: { readonly after: number; readonly from: Instant }
}

export interface Told {
  readonly status: number
  readonly headers: HttpReply['headers']
  readonly body: Buffer
  /** S3's word for what went wrong; empty where there is none. */
  readonly code: string
  /** The store's clock, by whole seconds, where it says so. */
  readonly at: Instant | undefined
}

export interface Wire {
  readonly bucket: string
  readonly host: string
  ask(it: Ask, signal: AbortSignal): Promise<Told>
  /** What this answer means, as a Fault. */
  faultOf(told: Told, doing: string): Fault
}

let signing: Promise<{ readonly AwsV4Signer: typeof AwsV4Signer }> | undefined

/** Reads "KEYID:SECRET". */
export function readCredential(text: string): Credential | undefined {
  const split = /^([^\s:/]{1,200}):(\S{1,400})$/.exec(text)
  return split ? { id: split[1] ?? '', secret: split[2] ?? '' } : undefined
}

const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`)
const MOST_PAGE = 16 * 1024 * 1024

export function createWire({ url, bucket, region, credential }: { url: string; bucket: string; region: string; credential: Credential }, { egress, now }: Pick<StoreContext, 'egress' | 'now'>): Wire {
  const { origin, host } = new URL(url)
  const derived = new Map<string, ArrayBuffer>()
  const clean = (says: string): string => withoutSecrets(says, [credential.secret])
  return {
    bucket,
    host,
    async ask({ method, key, query = {}, headers = {}, body, mostBytes = MOST_PAGE, lapses }, signal) {
      const odd = key === undefined ? undefined : oddKey(key)
      if (odd !== undefined) throw coded('EINVAL', `“${sayKey(key ?? '')}” is never touched: ${odd}`, 'never')
      // Loaded when a store is first asked: who has none carries nothing.
      const { AwsV4Signer: Signer } = await (signing ??= import('aws4fetch'))
      // One a day is enough; the clock may turn.
      if (derived.size > 2) derived.clear()
      const search = Object.entries({ ...query, ...(lapses && { 'X-Amz-Expires': String(lapses.after) }) }).map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
      const signer = new Signer({
        method, service: 's3', region, accessKeyId: credential.id, secretAccessKey: credential.secret, signQuery: lapses !== undefined, cache: derived,
        url: `${origin}/${bucket}${key === undefined ? '' : `/${key.split('/').map(encoded).join('/')}`}${search === '' ? '' : `?${search}`}`,
        headers: { ...headers, ...(lapses === undefined && { 'x-amz-content-sha256': createHash('sha256').update(body ?? '').digest('hex') }) },
        datetime: new Date(lapses?.from ?? now().wall).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      })
      const signed = await signer.sign()
      // What is sent is what was signed, byte for byte; an address that is written anew may differ.
      const signature = signed.url.searchParams.get('X-Amz-Signature')
      const asked = [signer.encodedSearch, ...(signature === null ? [] : [`X-Amz-Signature=${signature}`])].filter((part) => part !== '').join('&')
      const reply = await egress
        .request({ url: `${origin}${signer.encodedPath}${asked === '' ? '' : `?${asked}`}`, method, headers: Object.fromEntries(signed.headers), signal, trust: 'configured', maxBody: mostBytes, ...(body !== undefined && { body }) })
        .catch((cause: unknown): never => {
          throw rethrown(cause, `${host}: ${clean(sentence(cause))}`)
        })
      if (reply.truncated) throw new Fault(`${host} answered with more than the ${mostBytes} bytes that were asked for`, 'later')
      return { status: reply.status, headers: reply.headers, body: reply.body, at: dateOf(reply.headers['date']), code: reply.status >= 300 ? wordOf(reply.body) : '' }
    },
    faultOf: (told, doing) => judge(told, `${host} refused ${doing} of bucket ${bucket}`),
  }
}

/** The same fault in words without secrets; what tells whether the request left is kept. */
function rethrown(cause: unknown, says: string): Fault {
  const code = codeOf(cause)
  const fault = new Fault(says, cause instanceof Fault ? cause.retry : 'later')
  return Object.assign(fault, code !== undefined && { code }, { left: !neverLeft(cause) })
}

const NEVER_LEFT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EINVAL', 'EBLOCKED', 'ECERT'])
const neverLeft = (cause: unknown): boolean =>
  isOurs(cause) || NEVER_LEFT.has(codeOf(cause) ?? '') || ['no connection', 'no TLS handshake'].includes(String((cause as { missing?: unknown }).missing))

/** True when the request may have reached the store although no answer came: nobody knows what it did. */
export const mayHaveArrived = (cause: unknown): boolean => (cause as { left?: unknown } | undefined)?.left === true

const CURES: Readonly<Record<string, readonly [string, 'later' | 'never']>> = {
  SignatureDoesNotMatch: ['the secret is not the one of that key: mend the credential', 'never'],
  InvalidAccessKeyId: ['it does not know that key: mend the credential', 'never'],
  AccessDenied: ['the credential may not do that: give it the right', 'never'],
  NoSuchBucket: ['there is no such bucket: mend `bucket`, or is this another store?', 'never'],
  PermanentRedirect: ['the bucket lives elsewhere: mend the address or `region`', 'never'],
  AuthorizationHeaderMalformed: ['the bucket lies in another region: mend `region`', 'never'],
  RequestTimeTooSkewed: ['its clock and ours differ by more than 15 min: set the clocks right', 'later'],
  SlowDown: ['it asks to be asked more slowly', 'later'],
  InvalidObjectState: ['the object lies in an archive and cannot be read before it is restored from there', 'never'],
}

function judge({ status, code }: Told, what: string): Fault {
  const cure = CURES[code]
  if (cure) return coded(code, `${what} (${status} ${code}): ${cure[0]}`, cure[1])
  const later = status === 408 || status === 429 || status >= 500
  return coded(code === '' ? `HTTP${status}` : code, `${what} (${status}${code === '' ? '' : ` ${code}`})`, later ? 'later' : 'never')
}

const wordOf = (body: Buffer): string => /<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(body.toString('utf8', 0, 4_096))?.[1] ?? ''

/** An HTTP date in the one form that servers write; `undefined` where it is none. */
export function dateOf(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : instantOf(at)
}

/** An ISO date as S3 writes it, by whole seconds: the headers of an object know no finer ones. */
export function isoOf(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/.test(text)) return undefined
  const [hour, minute, second] = [two(text, 11), two(text, 14), two(text, 17)]
  if (hour > 23 || minute > 59 || second > 59) return whole(Date.parse(text))
  // Most of what lies together was written on one day.
  const date = text.slice(0, 10)
  if (date !== day.is) day = { is: date, at: Date.parse(`${date}T00:00:00Z`) }
  return whole(day.at + ((hour * 60 + minute) * 60 + second) * 1000)
}

let day = { is: '', at: Number.NaN }
const two = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
const whole = (at: number): Instant | undefined => (Number.isNaN(at) ? undefined : instantOf(Math.floor(at / 1000) * 1000))
