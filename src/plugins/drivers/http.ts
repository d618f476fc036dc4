// A request to some API: one method, one address, an expected status. It carries the name of its beginning as Idempotency-Key, so that an API that knows
// such keys does it once. What the answer says is no proof; what can be read at another address of the same API (`look`) is.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { seconds } from '../../core/time.ts'
import { blot } from '../../ports/driver/blot.ts'
import { driver, targetIn, type DriverContext } from '../../ports/driver/driver.ts'
import { leaving, limited, outcomeOf, tooLate } from '../../ports/driver/sending.ts'
import { spelled } from '../../ports/driver/word.ts'
import { httpText, sha256Text } from '../../ports/setting.ts'
import { oddHeader } from '../../ports/target.ts'
import type { HttpReply } from '../../ports/world.ts'

/** Below the target's address, and never out of it: read by the rules of addresses, it is what is written. */
const below = (says: string): z.ZodString => z.string().max(2000).regex(/^\/(?!\/)/, 'a path such as /v1/failover').refine((path) => {
  const url = URL.canParse(`http://any${path}`) ? new URL(`http://any${path}`) : undefined
  return url?.host === 'any' && `${url.pathname}${url.search}` === path
}, 'a path such as /v1/failover, without blanks, “..” and “#”').meta({ description: says })

const config = z.strictObject({
  target: z.string().min(1).max(63).meta({ description: 'The target with the address of the API' }),
  method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET']).default('POST').meta({ description: 'How it is asked' }),
  path: below('What is asked, below the address of the target'),
  body: z.string().max(65_536).optional().meta({ description: 'What is sent' }),
  type: z.string().max(100).regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/, 'such as application/json').default('application/json').meta({ description: 'What kind of body that is' }),
  status: z.array(z.int().min(200).max(599)).min(1).max(20).optional().meta({ description: 'Which answers say that it was taken; 200 to 299 when absent' }),
  look: below('Where it is read whether it is so, with GET').optional(),
})

const claims = z.strictObject({
  status: z.int().min(100).max(599).optional().meta({ description: 'http: `look` answers with this status' }),
  holds: z.string().min(1).max(1000).optional().meta({ description: 'http: the answer of `look` holds this text' }),
  sha256: sha256Text().optional().meta({ description: 'http: the answer of `look`, as it is sent and up to 1 MiB, has this hash' }),
})

const target = z.strictObject({
  base: httpText('Address').meta({ description: 'Where the API begins, such as https://api.example.com/v1' }),
  headers: z.record(z.string(), z.string().max(8192)).default({}).refine((all) => Object.entries(all).every(([name, value]) => oddHeader(name, value) === undefined), 'names and values that headers may have').meta({ secret: 'credentials', description: 'Sent with every request' }),
  verify_tls: z.boolean().default(true).meta({ description: 'Whether its certificate has to hold' }),
})
type Target = z.output<typeof target>

const WITHIN = seconds(60)
const LOOK_WITHIN = seconds(10)
/** So much of an answer is read, whatever is looked for in it. */
const LOOK_BYTES = 1024 * 1024

export default driver({
  kind: 'http',
  title: 'HTTP request',
  does: 'Sends a request to an API.',
  config, claims, target,
  examples: [{ target: 'provider', path: '/failover/web-1', body: '{"to":"standby"}' }, { target: 'provider', method: 'DELETE', path: '/rules/7', status: [204, 404], look: '/rules' }],
  say: ({ target: of, method, path, body }) => `${method} ${path} at ${of}${body === undefined ? '' : `, with ${spelled(body, 200)}`}`,

  async observe({ look, path }, wanted, context) {
    const at = targetIn(context)
    const { tick, boot } = context.now()
    const reply = await ask(at, { method: 'GET', path: look ?? path }, look === undefined ? undefined : context)
    return { identity: identityOf(at, reply), found: judge(reply, wanted ?? {}), from: { tick, boot } }
  },

  async act({ method, path, body, type, status }, once, context) {
    const at = targetIn(context)
    const late = tooLate(once, context)
    if (late) return late
    const to = new URL(at.base).host
    const limit = limited(context, WITHIN)
    try {
      const headers = { ...at.headers, 'idempotency-key': once.name, ...(body === undefined ? {} : { 'content-type': type }) }
      const reply = await context.egress.request({ url: urlOf(at, path), method, headers, signal: limit.signal, verifyTls: at.verify_tls, ...leaving(once), ...(body === undefined ? {} : { body }) })
      const output = { tail: blot(reply.body.toString('utf8').slice(-8192), Object.values(at.headers)), bytes: reply.body.length }
      const says = `${to} answered ${reply.status}`
      if (status ? status.includes(reply.status) : reply.status >= 200 && reply.status < 300) return { is: 'done', says, output }
      // A server that failed while it did it may have done it.
      return { is: reply.status >= 500 ? 'unknown' : 'failed', says, output }
    } catch (cause) {
      return outcomeOf(cause, to)
    } finally {
      limit.end()
    }
  },
})

const urlOf = ({ base }: Target, path: string): string => `${base.replace(/[?#].*$/, '').replace(/\/$/, '')}${path}`

/** Absent: there is nothing that could be looked at. */
async function ask(at: Target, { method, path }: { readonly method: string; readonly path: string }, context: DriverContext | undefined): Promise<HttpReply | undefined> {
  if (!context) return undefined
  const limit = limited(context, LOOK_WITHIN)
  try {
    return await context.egress.request({ url: urlOf(at, path), method, headers: at.headers, signal: limit.signal, verifyTls: at.verify_tls, maxBody: LOOK_BYTES })
  } finally {
    limit.end()
  }
}

const identityOf = ({ base }: Target, reply: HttpReply | undefined): string =>
  `${new URL(base).origin}${reply?.certificate ? `, certificate of ${reply.certificate.subject} by ${reply.certificate.issuer}` : ''}`

function judge(reply: HttpReply | undefined, { status, holds, sha256 }: z.output<typeof claims>): Found {
  if (!reply) return { is: 'unknown', says: 'nothing is named where it could be looked at (look)' }
  if (status !== undefined && reply.status !== status) return { is: 'fail', says: `it answers ${reply.status} instead of ${status}` }
  if (holds !== undefined && !reply.body.includes(holds)) return reply.truncated ? { is: 'unknown', says: 'the answer is longer than what was read of it' } : { is: 'fail', says: `the answer does not hold “${holds.slice(0, 60)}”` }
  if (sha256 !== undefined && !isHashed(reply, sha256)) return reply.truncated ? { is: 'unknown', says: 'the answer is longer than what was read of it' } : { is: 'fail', says: `the answer is another one than that with the SHA-256 ${sha256.slice(0, 12)}…` }
  return status === undefined && (reply.status < 200 || reply.status > 299) ? { is: 'fail', says: `it answers ${reply.status}` } : { is: 'pass', says: `it answers ${reply.status}` }
}

/** Of what was read whole; a part of an answer is no answer. */
const isHashed = ({ body, truncated }: HttpReply, wanted: string): boolean => !truncated && createHash('sha256').update(body).digest('hex') === wanted.toLowerCase()
