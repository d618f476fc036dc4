// A page as an HTTP POST of JSON. Any 2xx is an acceptance; a redirect is not followed, since it may lead somewhere else than
// where the configuration points. The page id goes along as Idempotency-Key, and with a secret the body is signed, so that a
// receiver can tell a repeat from a new page, and ours from anybody's. Addresses of webhooks often carry a token in their
// path: what is said for people names the host and nothing else.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { codeOf, Fault, isOurs, sentence } from '../../core/fault.ts'
import { sayTime, type Span } from '../../core/time.ts'
import { channel, InDoubt, withoutSecrets } from '../../ports/channel.ts'
import { readHttp } from '../../ports/target.ts'
import type { HttpReply } from '../../ports/world.ts'

/** What a receiver may ask us to wait; more is not believed. Paging does not wait for it: another path is taken. */
const LONGEST_WAIT = 3_600_000
/** Set by the channel itself, or by the connection. */
const OURS = new Set(['content-type', 'content-length', 'host', 'connection', 'transfer-encoding', 'idempotency-key', 'x-holdfast-signature', 'expect', 'upgrade', 'te', 'trailer'])

const header = z.string().max(4096).regex(/^[\t\u0020-\u007e]*$/, 'a header value is one line of ASCII')

export default channel({
  kind: 'webhook',
  title: 'Webhook',
  does: 'Posts the page as JSON to an address of yours; any 2xx answer accepts it.',
  config: z.strictObject({
    webhook: z.string().check((given) => {
      const read = readHttp(given.value)
      if (read.is === 'refused') given.issues.push({ code: 'custom', message: read.says, input: given.value })
    }).meta({ title: 'Address', secret: true }),
    headers: z.record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'this is not the name of a header').refine((name) => !OURS.has(name.toLowerCase()), 'this header is set by Holdfast'), header).optional().meta({ title: 'Further headers', secret: 'credentials' }),
    secret: z.string().min(8).optional().meta({ title: 'Secret that signs the body', secret: true }),
  }),
  examples: [{ webhook: 'https://hooks.acme.example/page' }, { webhook: 'http://127.0.0.1:9099/page', headers: { authorization: 'Bearer some-token' }, secret: 'some-long-secret' }],
  needs: [],
  idempotent: true,
  hosts: ({ webhook }) => [new URL(webhook).hostname],

  async send(message, { webhook, headers = {}, secret }, { egress, signal }) {
    const { host, pathname, search } = new URL(webhook)
    const hidden = [webhook, pathname + search, pathname, secret, ...Object.values(headers)]
    const body = JSON.stringify(message.approve ?? message.body)
    const reply = await egress
      .request({
        url: webhook, method: 'POST', body, signal, trust: 'configured', maxBody: 4096,
        headers: {
          ...headers,
          'content-type': 'application/json; charset=utf-8',
          'idempotency-key': message.key,
          ...(secret === undefined ? {} : { 'x-holdfast-signature': `v1=${createHmac('sha256', secret).update(body).digest('hex')}` }),
        },
      })
      .catch((cause: unknown): never => {
        throw failure(host, cause, signal, hidden)
      })
    return judge(host, reply)
  },
})

function judge(host: string, { status, headers }: HttpReply): string {
  if (status >= 200 && status < 300) return `${host} answered ${status}`
  if (status >= 300 && status < 400) throw new Fault(`${host} answered ${status}, a redirect; redirects are not followed: put the final address into the configuration`, 'never')
  const wait = retryAfter(headers['retry-after'])
  const asks = wait === undefined ? '' : `, and asks to wait ${sayTime(wait)}`
  const later = status === 408 || status === 425 || status === 429 || status >= 500
  throw new Fault(`${host} answered ${status}${asks}`, later ? 'later' : 'never')
}

/** Seconds only: a date would need a clock that both sides share. Negative and odd ones say nothing. */
const retryAfter = (value: string | undefined): Span | undefined =>
  value !== undefined && /^[0-9]{1,9}$/.test(value.trim()) ? (Math.min(Number(value) * 1000, LONGEST_WAIT) as Span) : undefined

/** Refused, not found, not trusted, not permitted: it never left. Anything later may have arrived. */
const NEVER_LEFT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EINVAL', 'EBLOCKED', 'ECERT'])
const NOTHING_SENT = new Set<unknown>(['no connection', 'no TLS handshake'])

function failure(host: string, cause: unknown, signal: AbortSignal, secrets: readonly (string | undefined)[]): Fault {
  const says = withoutSecrets(`${host}: ${sentence(cause)}`, secrets)
  const { missing } = cause as { missing?: unknown }
  if (cause instanceof Fault && cause.retry === 'never') return new Fault(says, 'never')
  if (isOurs(cause) || NEVER_LEFT.has(codeOf(cause) ?? '') || NOTHING_SENT.has(missing)) return new Fault(says, 'later')
  return new InDoubt(signal.aborted ? `${host} did not answer in time` : says)
}
