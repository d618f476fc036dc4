// A page as mail, handed to a relay over SMTP. Off this machine STARTTLS is required, and a password never travels in the
// clear. The Message-ID is the page id, so that a repeat is the same mail; headers ask auto-responders to stay quiet.
//
// A relay that was reached once is reached again without a resolver: its last good address is kept. A session that worked is
// kept open for 30 s. Using it again is safe, because a session that breaks before the mail's content went out has taken
// nothing: then, and only then, a new one is opened at once. Once content went out and no answer came, it is in doubt.
import SmtpConnection from 'nodemailer/lib/smtp-connection'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { Fault, refused, sentence } from '../../core/fault.ts'
import { sha256 } from '../../core/id.ts'
import { seconds, type Span } from '../../core/time.ts'
import { channel, InDoubt, withoutSecrets, type SendContext } from '../../ports/channel.ts'
import { readHost } from '../../ports/target.ts'
import type { Address, Connected } from '../../ports/world.ts'
import { compose, readSender, type Mail } from './smtp/mail.ts'

interface Relay {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly user?: string
  readonly pass?: string
  readonly starttls: 'required' | 'optional' | undefined
}

/** An SMTP session that is ready for a mail. */
interface Session {
  readonly connection: SmtpConnection
  broken: Error | undefined
}

/** By name first, that long, where another address is known to have worked. */
const BY_NAME = seconds(2)
/** Greeting, EHLO, STARTTLS and AUTH together. */
const TO_READY = seconds(6)
/** A session that was kept answers at once, or is not used. */
const KEPT_ANSWERS = seconds(2)
const KEPT_FOR = seconds(30)
const MOST_KEPT = 2
const MOST_RELAYS = 100

const lastGood = new Map<string, Address>()
const kept = new Map<string, Set<Session & { readonly forget: () => void }>>()

const config = z.strictObject({
  smtp: z.string().check((given) => {
    const read = readRelay(given.value)
    if (typeof read === 'string') given.issues.push({ code: 'custom', message: read, input: given.value })
  }).meta({ title: 'Relay', description: 'smtp://user:password@host:port, or smtps://… for TLS from the start', secret: true }),
  from: z.string().refine((from) => readSender(from) !== undefined, 'write it as name@host or as “Name <name@host>”').meta({ title: 'Sender' }),
  starttls: z.enum(['required', 'optional']).optional().meta({ title: 'STARTTLS', description: 'required unless the relay is on this machine' }),
})

export default channel({
  kind: 'smtp',
  title: 'Mail',
  does: 'Hands a mail to your relay over SMTP, with AUTH and STARTTLS.',
  config,
  examples: [{ smtp: 'smtp://127.0.0.1:2525', from: 'holdfast@acme.example' }, { smtp: 'smtps://holdfast:some-password@mail.acme.example', from: 'Holdfast <holdfast@acme.example>' }],
  needs: ['email'],
  // A relay takes the same Message-ID twice; many mailboxes show it once.
  idempotent: false,
  hosts: (settings) => [relayOf(settings).host],

  async send(message, settings, context) {
    const relay = relayOf(settings)
    const mail = await compose(message, settings.from, context.now().wall)
    const warm = takeKept(relay.id)
    if (warm) {
      try {
        return await deliver(relay, warm, mail, context, KEPT_ANSWERS)
      } catch (cause) {
        if (!(cause instanceof Stale) || context.signal.aborted) throw cause
      }
    }
    const session = await open(relay, context)
    return deliver(relay, session, mail, context)
  },
})

/** A kept session that broke before anything was taken: another one is worth opening. */
class Stale extends Fault {}

/** Reads the relay's address; a sentence where it is none. */
function readRelay(text: string): Omit<Relay, 'id' | 'starttls'> | string {
  if (text.length > 2000 || !URL.canParse(text)) return 'write it as smtp://host:port or smtps://host:port, with user:password@ before the host where the relay wants it'
  const url = new URL(text)
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') return `“${url.protocol}” is not smtp: or smtps:`
  const host = readHost(url.hostname)
  if (host === undefined) return 'the host of the relay is missing or cannot be read'
  if (url.pathname.length > 1 || url.search !== '' || url.hash !== '') return 'nothing follows the port of a relay'
  const secure = url.protocol === 'smtps:'
  const named = url.username !== ''
  let user: string, pass: string
  try {
    user = decodeURIComponent(url.username)
    pass = decodeURIComponent(url.password)
  } catch {
    return 'user name and password of a relay are written with %25 for %, %40 for @, %3A for a colon'
  }
  const port = url.port === '' ? (secure ? 465 : named ? 587 : 25) : Number(url.port)
  return { host, port, secure, ...(named ? { user, pass } : {}) }
}

function relayOf(settings: z.output<typeof config>): Relay {
  const read = readRelay(settings.smtp)
  if (typeof read === 'string') throw new Fault(read, 'never')
  return { ...read, starttls: settings.starttls, id: sha256(JSON.stringify([settings.smtp, settings.starttls])) }
}

const called = ({ host, port }: Relay): string => `${host}:${port}`

/** A Fault in plain words, with what the relay answered and without our password. */
function failure(relay: Relay, cause: unknown): Fault {
  if (cause instanceof Fault) return cause
  const { responseCode, response } = cause as { responseCode?: unknown; response?: unknown }
  const words = typeof response === 'string' ? `said ${response}` : sentence(cause)
  const says = withoutSecrets(sentence(`${called(relay)} ${words}`), [relay.pass, `\0${relay.user}\0${relay.pass}`])
  return new Fault(says, typeof responseCode === 'number' && responseCode >= 500 ? 'never' : 'later', cause)
}

/** Connects by name; where that fails for any other reason than a refusal, to the address that worked last. */
async function reach(relay: Relay, { egress, signal, timers }: SendContext): Promise<Connected> {
  const tls = relay.secure ? { tls: { servername: relay.host } } : {}
  const want = { host: relay.host, port: relay.port, trust: 'configured' as const, ...tls }
  const good = lastGood.get(called(relay))
  if (!good) return egress.connect({ ...want, signal })
  const late = new AbortController()
  const cancel = timers.after(BY_NAME, () => late.abort(new Fault(`${relay.host} was not found in time`)))
  try {
    return await egress.connect({ ...want, signal: AbortSignal.any([signal, late.signal]) })
  } catch (cause) {
    if (signal.aborted || refused(cause)) throw cause
    return await egress.connect({ ...want, host: good.address, signal })
  } finally {
    cancel()
  }
}

async function open(relay: Relay, context: SendContext): Promise<Session> {
  const connected = await reach(relay, context).catch((cause: unknown): never => {
    throw context.signal.aborted ? new Fault(`${called(relay)} could not be reached in time`) : failure(relay, cause)
  })
  const near = connected.addressClass === 'loopback'
  const starttls = relay.starttls ?? (near ? undefined : 'required')
  const connection = new SmtpConnection({
    connection: connected.socket as Socket, host: relay.host, port: relay.port, secure: relay.secure, secured: relay.secure,
    requireTLS: !relay.secure && starttls === 'required', ignoreTLS: starttls === undefined,
    tls: { minVersion: 'TLSv1.2', servername: relay.host }, socketTimeout: KEPT_FOR * 2, socketCloseTimeout: 500, maxResponseSize: 65_536, logger: false,
  })
  const session: Session = { connection, broken: undefined }
  // Without a listener an error of an idle session would end the process.
  connection.on('error', (cause: Error) => void (session.broken ??= cause))
  connection.on('end', () => (session.broken ??= new Error('the relay closed the session')))
  await upTo(relay, session, context, TO_READY, 'did not greet in time', (done) => connection.connect(done))
  if (relay.user !== undefined) {
    if (!connection.secure && !near) throw shut(session, new Fault(`${called(relay)} offers no STARTTLS: the password would travel in the clear. Use a relay with TLS, or one that wants no password`, 'never'))
    const credentials = { user: relay.user, pass: relay.pass ?? '' }
    await upTo(relay, session, context, TO_READY, 'did not answer AUTH in time', (done) => connection.login({ credentials }, done))
  }
  if (lastGood.size > MOST_RELAYS) lastGood.clear()
  lastGood.set(called(relay), connected.address)
  return session
}

type Socket = NonNullable<NonNullable<ConstructorParameters<typeof SmtpConnection>[0]>['connection']>

const shut = (session: Session, fault: Fault): Fault => {
  session.connection.close()
  return fault
}

/** One phase: ends with its callback, with the session, with its deadline or with the signal, whichever comes first. */
function upTo(relay: Relay, session: Session, { signal, timers }: SendContext, span: Span, late: string, begin: (done: (cause?: Error | null) => void) => void): Promise<void> {
  const { connection } = session
  return new Promise((resolve, reject) => {
    const end = (cause?: unknown): void => {
      cancel()
      signal.removeEventListener('abort', onLate)
      connection.off('error', end).off('end', onEnd)
      if (cause === undefined || cause === null) resolve()
      else reject(shut(session, failure(relay, cause)))
    }
    const onLate = (): void => end(new Fault(`${called(relay)} ${late}`))
    const onEnd = (): void => end(new Error('closed the session'))
    const cancel = timers.after(span, onLate)
    signal.addEventListener('abort', onLate)
    connection.on('error', end).on('end', onEnd)
    if (signal.aborted) onLate()
    else begin(end)
  })
}

/** Hands one mail over; resolves with the relay's answer. `patience` limits only what comes before the content. */
function deliver(relay: Relay, session: Session, mail: Mail, { signal, timers }: SendContext, patience?: Span): Promise<string> {
  const { connection } = session
  let begun = false
  let over = false
  // Read for the first time when the relay has taken the envelope: from then on, silence is doubt.
  const content = new Readable({
    read() {
      begun = true
      cancel?.()
      this.push(mail.content)
      this.push(null)
    },
  })
  let cancel: (() => void) | undefined
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      if (over) return
      const answered = typeof (cause as { responseCode?: unknown }).responseCode === 'number'
      const closing = (cause as { responseCode?: unknown }).responseCode === 421
      const fault = failure(relay, cause)
      end()
      connection.close()
      if (begun && !answered) reject(new InDoubt(`${called(relay)} took the mail and did not answer: ${fault.message}`, cause))
      else if (!begun && patience !== undefined && (!answered || closing)) reject(new Stale(fault.message))
      else reject(fault)
    }
    const onLate = (): void => fail(new Fault(`${called(relay)} did not answer in time`))
    // The end is told before its reason is: the reason comes within the same turn.
    const onLost = (): void => queueMicrotask(() => fail(session.broken ?? new Error('closed the session')))
    const end = (): void => {
      over = true
      cancel?.()
      signal.removeEventListener('abort', onLate)
      connection.off('error', onLost).off('end', onLost)
    }
    signal.addEventListener('abort', onLate)
    connection.on('error', onLost).on('end', onLost)
    if (patience !== undefined) cancel = timers.after(patience, onLate)
    if (signal.aborted) return onLate()
    if (session.broken) return onLost()
    connection.send({ from: mail.from, to: [mail.to], size: mail.content.length }, content, (cause, sent) => {
      if (cause) return fail(cause)
      if (over) return
      end()
      keep(relay, session, timers)
      resolve(sentence(`${called(relay)} said ${sent?.response ?? 'nothing'}`))
    })
  })
}

function keep(relay: Relay, session: Session, timers: SendContext['timers']): void {
  const sessions = kept.get(relay.id) ?? new Set()
  if (session.broken || sessions.size >= MOST_KEPT || kept.size > MOST_RELAYS) return session.connection.quit()
  const forget = (): void => {
    cancel()
    session.connection.off('end', forget).off('error', forget)
    sessions.delete(entry)
    if (sessions.size === 0) kept.delete(relay.id)
  }
  const entry = Object.assign(session, { forget })
  const cancel = timers.after(KEPT_FOR, () => {
    forget()
    session.connection.quit()
  })
  session.connection.on('end', forget).on('error', forget)
  sessions.add(entry)
  kept.set(relay.id, sessions)
}

function takeKept(id: string): Session | undefined {
  for (const entry of kept.get(id) ?? []) {
    entry.forget()
    if (!entry.broken) return entry
  }
  return undefined
}
