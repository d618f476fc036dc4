// A web address: status, body, time, certificate. Redirects are followed, each one judged anew: only http and https, never from a
// public address to a private one, and what was given to be sent (headers, body) goes to the origin it was given for and
// to no other. Of a body at most 1 MiB is read, and never unpacked.
//
// Refusals, wrong answers and certificates that do not hold fail, in words. Silence and local faults are thrown on.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { codeOf, sentence } from '../../core/fault.ts'
import { between, ms, sayLimit, type Span } from '../../core/time.ts'
import { fail, pass, probe, type LookContext, type Seen } from '../../ports/probe.ts'
import { refusal, within } from '../../ports/refusal.ts'
import { httpText, sha256Text, spanOf, spanText } from '../../ports/setting.ts'
import { oddHeader, readHttp } from '../../ports/target.ts'
import type { HttpReply, HttpWant, Phases } from '../../ports/world.ts'

const KEPT = 64 * 1024
const SEARCHED = 1024 * 1024
const DAY = 86_400_000

const status = z.int().min(100).max(599)
const config = z
  .strictObject({
    http: httpText('Address'),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional().meta({ title: 'Method' }),
    headers: z.record(z.string(), z.string().max(8192)).optional().meta({ title: 'Headers', secret: 'credentials' }),
    body: z.string().max(65_536).optional().meta({ title: 'Body to send', secret: 'credentials' }),
    expect: z
      .strictObject({
        status: z.union([status, z.array(status).min(1).max(50)]).optional().meta({ title: 'Status', description: '200 to 299 when absent' }),
        body: z.string().min(1).max(4096).optional().meta({ title: 'Text that the body contains' }),
        sha256: sha256Text().optional().meta({ title: 'SHA-256 of the body' }),
        faster_than: spanText('Faster than').optional(),
        cert_days_left: z.int().min(0).max(3650).optional().meta({ title: 'Days that the certificate is to hold at least' }),
      })
      .optional()
      .meta({ title: 'Expect' }),
    redirects: z.int().min(0).max(20).optional().meta({ title: 'Redirects to follow at most', description: '5 when absent' }),
    verify_tls: z.boolean().optional().meta({ title: 'Verify the certificate', description: 'true when absent' }),
    limits: z
      .strictObject({ connect: spanText('Connect').optional(), tls: spanText('TLS handshake').optional(), first_byte: spanText('First byte').optional() })
      .optional()
      .meta({ title: 'Limits of single phases' }),
  })
  .check(({ value, issues }) => {
    const wrong = (path: (string | number)[], message: string): void => void issues.push({ code: 'custom', path, message, input: value })
    for (const [name, held] of Object.entries(value.headers ?? {})) {
      const odd = oddHeader(name, held)
      if (odd !== undefined) wrong(['headers', name], odd)
    }
    const method = value.method ?? 'GET'
    if (value.body !== undefined && (method === 'GET' || method === 'HEAD')) wrong(['body'], `${method} sends no body: add method: POST, or leave the body out`)
    for (const name of ['body', 'sha256'] as const) {
      if (method === 'HEAD' && value.expect?.[name] !== undefined) wrong(['expect', name], 'the answer to HEAD has no body: use method: GET')
    }
    if (value.expect?.cert_days_left !== undefined && /^http:/i.test(value.http)) wrong(['expect', 'cert_days_left'], 'an http address has no certificate: write https')
  })

type Config = z.output<typeof config>

export default probe({
  kind: 'http',
  title: 'Web address',
  does: 'Passes when the address answers as expected: status, body, time, certificate.',
  runs: 'shared',
  config,
  examples: [
    { http: 'https://example.com/healthz' },
    { http: 'https://example.com/healthz', expect: { status: [200, 204], body: 'ok', faster_than: '800ms', cert_days_left: 14 } },
    { http: 'http://127.0.0.1:8081/jobs', method: 'POST', headers: { authorization: 'Bearer 6f1d' }, body: '{"dry":true}', redirects: 0, limits: { connect: '500ms' } },
  ],

  async look(settings, context) {
    const plan = planOf(settings)
    const journey: Journey = { url: settings.http, method: settings.method ?? 'GET', own: true, hops: 0, phases: { total: 0 }, certDaysLeft: undefined, from: undefined }
    for (;;) {
      let reply: HttpReply
      try {
        reply = await context.egress.request(wantOf(settings, plan, journey, context))
      } catch (cause) {
        return failed(cause, journey, context.timeout)
      }
      note(journey, reply, context)
      const next = nextOf(reply, journey, plan)
      if (next === undefined) return judge(reply, journey, plan)
      if (typeof next !== 'string') return next
      follow(journey, next, reply)
    }
  },
})

/** What the settings mean, worked out once per settings and not once per look. */
interface Plan {
  readonly statuses: readonly number[] | undefined
  readonly needle: Buffer | undefined
  readonly searched: string
  /** In small letters. */
  readonly sha256: string | undefined
  readonly fasterThan: Span | undefined
  readonly certDays: number | undefined
  readonly redirects: number
  readonly limits: NonNullable<HttpWant['limits']> | undefined
}

/** Where a look has come to. */
interface Journey {
  url: string
  method: string
  /** Still at the origin that headers and body were given for. */
  own: boolean
  hops: number
  phases: Phases
  certDaysLeft: number | undefined
  from: HttpReply['addressClass'] | undefined
}

const plans = new WeakMap<Config, Plan>()

function planOf(settings: Config): Plan {
  const known = plans.get(settings)
  if (known) return known
  const { expect = {}, redirects = 5, limits } = settings
  const [connect, tls, firstByte] = [spanOf(limits?.connect), spanOf(limits?.tls), spanOf(limits?.first_byte)]
  const plan: Plan = {
    statuses: typeof expect.status === 'number' ? [expect.status] : expect.status,
    needle: expect.body === undefined ? undefined : Buffer.from(expect.body),
    searched: expect.body ?? '',
    sha256: expect.sha256?.toLowerCase(),
    fasterThan: spanOf(expect.faster_than),
    certDays: expect.cert_days_left,
    redirects,
    limits: limits && { ...(connect && { connect }), ...(tls && { tls }), ...(firstByte && { firstByte }) },
  }
  plans.set(settings, plan)
  return plan
}

function wantOf(settings: Config, plan: Plan, journey: Journey, { signal }: LookContext): HttpWant {
  const want: { -readonly [Key in keyof HttpWant]: HttpWant[Key] } = { url: journey.url, signal, maxBody: plan.needle || plan.sha256 !== undefined ? SEARCHED : KEPT }
  if (journey.method !== 'GET') want.method = journey.method
  if (journey.own && settings.headers) want.headers = settings.headers
  if (journey.own && settings.body !== undefined && journey.method === settings.method) want.body = settings.body
  if (journey.from) want.notBeyond = journey.from
  if (settings.verify_tls === false) want.verifyTls = false
  if (plan.limits) want.limits = plan.limits
  return want
}

/** Adds what one answer took and showed to what the journey knows. */
function note(journey: Journey, { phases, certificate, addressClass }: HttpReply, { now }: LookContext): void {
  if (journey.hops === 0) journey.phases = phases
  else for (const [phase, took] of Object.entries(phases) as [keyof Phases, number][]) journey.phases = { ...journey.phases, [phase]: (journey.phases[phase] ?? 0) + took }
  // The first hop's class is the boundary; no later hop moves it inwards.
  journey.from ??= addressClass
  if (!certificate) return
  const days = Math.floor(between(now().wall, certificate.validTo) / DAY)
  journey.certDaysLeft = Math.min(days, journey.certDaysLeft ?? days)
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Where the answer sends us, `undefined` when it is the answer itself, or a finding when it sends us where nobody may go. */
function nextOf(reply: HttpReply, journey: Journey, plan: Plan): string | Seen | undefined {
  if (!REDIRECTS.has(reply.status) || plan.redirects === 0 || plan.statuses?.includes(reply.status)) return undefined
  // Headers are read from their text when they are asked for, so nobody asks without need.
  const { location } = reply.headers
  if (location === undefined) return undefined
  if (journey.hops >= plan.redirects) return ended(journey, `redirects more than ${plan.redirects} times`)
  if (!URL.canParse(location, journey.url)) return ended(journey, 'redirects to what is not an address')
  const next = new URL(location, journey.url)
  next.hash = ''
  const read = readHttp(next.href)
  return read.is === 'refused' ? ended(journey, `redirects to where nobody may follow: ${read.says}`) : next.href
}

function follow(journey: Journey, next: string, { status: is }: HttpReply): void {
  const elsewhere = new URL(next).origin !== new URL(journey.url).origin
  // As browsers do (WHATWG Fetch): 303 asks with GET, and so do 301 and 302 after POST.
  if ((is === 303 && journey.method !== 'HEAD') || (is < 303 && journey.method === 'POST')) journey.method = 'GET'
  if (elsewhere) {
    journey.own = false
    // A body is not sent to strangers, and without its body the request would be another one.
    if (journey.method !== 'HEAD') journey.method = 'GET'
  }
  journey.url = next
  journey.hops++
}

function judge(reply: HttpReply, journey: Journey, plan: Plan): Seen {
  const { statuses, needle, sha256, fasterThan, certDays } = plan
  const { certDaysLeft, phases } = journey
  const expected = statuses ? statuses.includes(reply.status) : reply.status >= 200 && reply.status < 300
  if (!expected) return ended(journey, `status ${reply.status} instead of ${statuses ? anyOf(statuses) : 200}`)
  if (needle && !reply.body.includes(needle)) return ended(journey, `${reply.truncated ? 'the first 1 MiB of the body does' : 'body does'} not contain “${shortened(plan.searched)}”`)
  const other = sha256 === undefined ? undefined : notHashed(reply, sha256)
  if (other !== undefined) return ended(journey, other)
  if (fasterThan !== undefined && phases.total > fasterThan) return ended(journey, `took ${sayLimit(ms(phases.total))}, more than ${sayLimit(fasterThan)}`)
  if (certDays !== undefined && certDaysLeft !== undefined && certDaysLeft < certDays) return ended(journey, `certificate ends in ${certDaysLeft} ${certDaysLeft === 1 ? 'day' : 'days'} (limit ${certDays})`)
  return pass(measured(journey))
}

/** What is longer than what was read is another body than one whose hash was ever taken here. */
function notHashed({ body, truncated }: HttpReply, wanted: string): string | undefined {
  if (truncated) return 'the body is longer than 1 MiB: no SHA-256 is taken of it'
  const found = createHash('sha256').update(body).digest('hex')
  return found === wanted ? undefined : `SHA-256 of the body is ${found.slice(0, 12)}… instead of ${wanted.slice(0, 12)}…`
}

const measured = ({ phases, certDaysLeft }: Journey): { phases: Phases; certDaysLeft?: number } => ({ phases, ...(certDaysLeft !== undefined && { certDaysLeft }) })
const ended = (journey: Journey, says: string): Seen => fail(says, measured(journey))

function failed(cause: unknown, journey: Journey, timeout: Span): Seen {
  const says = refusal(cause)
  if (says !== undefined) return fail(journey.hops === 0 ? says : `redirects to ${new URL(journey.url).host}, which ${says}`)
  // The target itself pointed there, so it is the target's failure and not a setting of ours.
  if (journey.hops > 0 && codeOf(cause) === 'EBLOCKED') return fail(`redirects to where nobody may follow: ${sentence(cause)}`)
  throw within(cause, timeout)
}

const anyOf = (statuses: readonly number[]): string => (statuses.length > 1 ? `${statuses.slice(0, -1).join(', ')} or ${statuses.at(-1)}` : String(statuses[0]))
const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)
