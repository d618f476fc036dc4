// An SMTP server for tests: takes every mail in, unless the test says otherwise. `answer` is asked before each command and may
// give another reply, hang (`silent`) or cut the line (`close`). It speaks EHLO, AUTH PLAIN, STARTTLS, PIPELINING and SIZE.
import net from 'node:net'
import tls from 'node:tls'
import { CERTIFICATE, KEY } from './certificate.ts'

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  /** The mail with its headers, dots unstuffed. */
  readonly raw: string
  readonly secure: boolean
  readonly user: string | undefined
  readonly at: number
}

export type Answer = string | { readonly is: 'silent' } | { readonly is: 'close' } | undefined

export interface SmtpSink {
  readonly port: number
  readonly mails: Received[]
  readonly commands: string[]
  sessions: number
  /** `(open)` before the greeting, `(content)` after the final dot, else the command. */
  answer: (command: string, session: number) => Answer
  offers: string[]
  /** Cuts every open session. */
  cut(): void
  close(): Promise<void>
}

interface Session {
  readonly n: number
  secure: boolean
  user: string | undefined
  from: string
  to: string[]
  content: string[] | undefined
}

/** `tls`: TLS from the start. */
export async function smtpSink(want: { port?: number; tls?: boolean; offers?: string[] } = {}): Promise<SmtpSink> {
  const sockets = new Set<net.Socket>()
  const take = (socket: net.Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    converse(sink, socket, { n: ++sink.sessions, secure: want.tls === true, user: undefined, from: '', to: [], content: undefined })
  }
  const server = want.tls ? tls.createServer({ key: KEY, cert: CERTIFICATE, noDelay: true }, take) : net.createServer({ noDelay: true }, take)
  await new Promise<void>((resolve) => server.listen(want.port ?? 0, '127.0.0.1', resolve))
  const sink: SmtpSink = {
    port: (server.address() as net.AddressInfo).port,
    mails: [], commands: [], sessions: 0,
    answer: () => undefined,
    offers: want.offers ?? ['PIPELINING', 'SIZE 1000000', '8BITMIME', 'AUTH PLAIN'],
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    close() {
      sink.cut()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return sink
}

function converse(sink: SmtpSink, socket: net.Socket, session: Session, greets = true): void {
  let buffered = ''
  let stopped = false
  const say = (text: string): void => void socket.write(`${text}\r\n`)
  /** True when the test had something to say instead. */
  const instead = (command: string): boolean => {
    const given = sink.answer(command, session.n)
    if (given === undefined) return false
    if (typeof given === 'string') say(given)
    else {
      stopped = true
      if (given.is === 'close') socket.destroy()
    }
    return true
  }
  const upgrade = (): void => {
    socket.removeAllListeners('data')
    const secured = new tls.TLSSocket(socket, { isServer: true, key: KEY, cert: CERTIFICATE })
    secured.on('error', () => socket.destroy())
    converse(sink, secured, { ...session, secure: true }, false)
  }
  const finish = (lines: readonly string[]): void => {
    session.content = undefined
    if (instead('(content)')) return
    sink.mails.push({ from: session.from, to: session.to, raw: lines.map((line) => line.replace(/^\./, '')).join('\r\n'), secure: session.secure, user: session.user, at: Date.now() })
    say('250 2.0.0 Ok: queued as SINK1')
  }
  const take = (line: string): void => {
    if (session.content) {
      if (line === '.') finish(session.content)
      else session.content.push(line)
      return
    }
    sink.commands.push(line)
    if (!instead(line)) obey(sink, session, line, say, upgrade)
  }
  socket.on('data', (chunk: Buffer) => {
    buffered += chunk.toString('utf8')
    for (let end = buffered.indexOf('\r\n'); end >= 0 && !stopped; end = buffered.indexOf('\r\n')) {
      const line = buffered.slice(0, end)
      buffered = buffered.slice(end + 2)
      take(line)
    }
  })
  if (greets && !instead('(open)')) say('220 sink ESMTP')
}

function obey(sink: SmtpSink, session: Session, line: string, say: (text: string) => void, upgrade: () => void): void {
  const verb = line.split(/[ :]/)[0]?.toUpperCase()
  if (verb === 'EHLO') {
    const offers = ['sink', ...sink.offers.filter((offer) => !(session.secure && offer === 'STARTTLS'))]
    offers.forEach((offer, i) => say(`250${i === offers.length - 1 ? ' ' : '-'}${offer}`))
  } else if (verb === 'STARTTLS' && sink.offers.includes('STARTTLS')) {
    say('220 go ahead')
    upgrade()
  } else if (verb === 'AUTH') {
    session.user = Buffer.from(line.split(' ')[2] ?? '', 'base64').toString().split('\0')[1]
    say('235 2.7.0 accepted')
  } else if (verb === 'MAIL') {
    session.from = /<(.*?)>/.exec(line)?.[1] ?? ''
    session.to = []
    say('250 2.1.0 Ok')
  } else if (verb === 'RCPT') {
    session.to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
    say('250 2.1.5 Ok')
  } else if (verb === 'DATA' && session.to.length === 0) say('503 5.5.1 no recipient')
  else if (verb === 'DATA') {
    session.content = []
    say('354 go ahead')
  } else if (verb === 'QUIT') say('221 2.0.0 Bye')
  else say(verb === 'RSET' || verb === 'NOOP' ? '250 2.0.0 Ok' : '500 what')
}
