// One request and its answer over a connection of its own. What is received is read where it lands, in one buffer that all
// connections share, because looks are what this program spends its time on. The connection is destroyed as soon as the answer is
// complete, as much of it is there as was asked for, a limit ran out, or the signal came; the phases say where the time went,
// and a fault says which phase it met.
import type { Socket } from 'node:net'
import { coded, codeOf, Fault, silence } from '../../core/fault.ts'
import { sayLimit, type Span, type Tick } from '../../core/time.ts'
import type { HttpTarget } from '../target.ts'
import type { AddressClass, Certificate, Clock, HttpReply, HttpWant, Phases, Timers } from '../world.ts'
import { dial } from './dial.ts'
import { secure } from './handshake.ts'
import { bodyOf, createReader, endOf, headersOf, take, type Reader } from './http1.ts'
import type { Judged } from './judge.ts'

export interface Exchange {
  readonly want: HttpWant
  readonly target: HttpTarget
  readonly to: readonly Judged[]
  readonly clock: Clock
  readonly timers: Timers
  /** When it began, name and all, and how long the name took. */
  readonly began: Tick
  readonly lookup: number | undefined
}

const KEPT_BODY = 64 * 1024
const FENCED = 'it may not leave any more: nothing was sent'

/** Sends the request and reads the answer. Rejects with a Fault or the system's error, at once when the signal comes. */
export function exchange(it: Exchange): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const { want, target, lookup, began } = it
    const state: State = {
      it,
      resolve,
      reject,
      reader: createReader(want.method ?? 'GET', want.maxBody ?? KEPT_BODY),
      phases: lookup === undefined ? { total: 0 } : { lookup, total: 0 },
      doing: 'connect',
      since: began + (lookup ?? 0),
      over: false,
      stop: undefined,
      cancelLimit: undefined,
      socket: undefined,
      at: undefined,
      certificate: undefined,
      onAbort: () => fail(state, silence(MISSING[state.doing])),
    }
    want.signal.addEventListener('abort', state.onAbort, { once: true })
    limit(state, want.limits?.connect)
    state.stop = dial({
      to: it.to,
      port: target.port,
      timers: it.timers,
      onread: target.secure ? undefined : (socket) => ({ buffer: SHARED, callback: (n) => received(state, SHARED.subarray(0, n), socket()) }),
      done: (cause, socket, at) => (socket ? connected(state, socket, at) : fail(state, cause)),
    })
  })
}

type Doing = 'connect' | 'tls' | 'firstByte' | 'headers' | 'body'

const MISSING: Record<Doing, string> = {
  connect: 'no connection',
  tls: 'no TLS handshake',
  firstByte: 'no first byte',
  headers: 'no complete headers',
  body: 'no complete answer',
}
const MOMENT: Record<Doing, string> = {
  connect: 'as soon as it was open',
  tls: 'during the TLS handshake',
  firstByte: 'before the first byte',
  headers: 'in the middle of the headers',
  body: 'in the middle of the body',
}

interface State {
  readonly it: Exchange
  readonly resolve: (reply: HttpReply) => void
  readonly reject: (cause: unknown) => void
  readonly reader: Reader
  readonly phases: Phases
  readonly onAbort: () => void
  doing: Doing
  /** When the phase under way began. */
  since: number
  over: boolean
  stop: (() => void) | undefined
  cancelLimit: (() => void) | undefined
  socket: Socket | undefined
  at: Judged | undefined
  certificate: Certificate | undefined
}

/** Safe to share: what lies in it is read, or copied, before anything else can be received. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024)

function connected(state: State, socket: Socket, at: Judged | undefined): void {
  const { it } = state
  state.at = at
  state.socket = socket
  follow(state, socket)
  pass(state, 'connect', it.target.secure ? 'tls' : 'firstByte')
  if (!it.target.secure) return send(state, socket)
  state.socket = secure({
    socket,
    host: it.target.host,
    verify: it.want.verifyTls ?? true,
    protocols: ['http/1.1'],
    now: () => it.clock.now().wall,
    done(cause, secured, certificate) {
      if (!secured) return fail(state, cause)
      state.certificate = certificate
      follow(state, secured)
      secured.on('close', () => ended(state))
      secured.on('data', (chunk: Buffer) => received(state, chunk, secured))
      pass(state, 'tls', 'firstByte')
      send(state, secured)
    },
  })
}

function follow(state: State, socket: Socket): void {
  socket.on('error', (cause) => fail(state, cause))
  socket.on('end', () => ended(state))
}

const OWN = [['User-Agent', 'Holdfast'], ['Accept', '*/*']] as const

function send(state: State, socket: Socket): void {
  const { want, target } = state.it
  // However long it took to come here: what must not leave any more stays here.
  if (want.mayLeave?.() === false) return fail(state, coded('EFENCED', FENCED))
  let head = `${want.method ?? 'GET'} ${target.path} HTTP/1.1\r\n`
  const given = want.headers
  if (given) {
    const names = Object.keys(given).map((name) => name.toLowerCase())
    for (const name of Object.keys(given)) head += `${name}: ${given[name]}\r\n`
    for (const [name, value] of [['Host', target.authority], ...OWN] as const) if (!names.includes(name.toLowerCase())) head += `${name}: ${value}\r\n`
  } else head += `Host: ${target.authority}\r\nUser-Agent: Holdfast\r\nAccept: */*\r\n`
  head += 'Connection: close\r\n'
  if (want.body === undefined) socket.write(`${head}\r\n`, 'latin1')
  else {
    const body = Buffer.from(want.body)
    socket.write(Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body]))
  }
}

function received(state: State, chunk: Buffer, from: Socket): boolean {
  if (state.over || from !== state.socket) return true
  if (state.doing === 'firstByte') pass(state, 'firstByte', 'headers')
  try {
    if (take(state.reader, chunk)) finish(state)
    else if (state.reader.status >= 200 && state.reader.step !== 'head') state.doing = 'body'
  } catch (cause) {
    fail(state, cause)
  }
  return true
}

function ended(state: State): void {
  if (state.over || state.doing === 'connect' || state.doing === 'tls') return
  try {
    endOf(state.reader)
    finish(state)
  } catch (cause) {
    fail(state, cause)
  }
}

/** A phase is over: notes how long it took, and starts the limit of the next one. */
function pass(state: State, over: 'connect' | 'tls' | 'firstByte', next: Doing): void {
  const now = state.it.clock.now().tick
  state.phases[over] = now - state.since
  state.since = now
  state.doing = next
  const { limits } = state.it.want
  if (limits) limit(state, next === 'tls' ? limits.tls : next === 'firstByte' ? limits.firstByte : undefined)
}

function limit(state: State, span: Span | undefined): void {
  state.cancelLimit?.()
  state.cancelLimit = span === undefined ? undefined : state.it.timers.after(span, () => fail(state, silence(MISSING[state.doing], sayLimit(span))))
}

function close(state: State): void {
  state.over = true
  state.cancelLimit?.()
  state.it.want.signal.removeEventListener('abort', state.onAbort)
  state.stop?.()
  state.socket?.destroy()
}

function finish(state: State): void {
  state.phases.total = state.it.clock.now().tick - state.it.began
  close(state)
  state.resolve(new Reply(state))
}

/** A class, because its headers are read from the text only when somebody asks: few looks do, and it costs a tenth of one. */
class Reply implements HttpReply {
  readonly status: number
  readonly body: Buffer
  readonly truncated: boolean
  readonly phases: Phases
  readonly addressClass: AddressClass
  readonly certificate?: Certificate
  readonly #reader: Reader

  constructor({ reader, phases, at, certificate }: State) {
    this.status = reader.status
    this.body = bodyOf(reader)
    this.truncated = reader.truncated
    this.phases = phases
    this.addressClass = at?.class ?? 'public'
    if (certificate) this.certificate = certificate
    this.#reader = reader
  }

  get headers(): Record<string, string> {
    return headersOf(this.#reader)
  }
}

function fail(state: State, cause: unknown): void {
  if (state.over) return
  close(state)
  const code = codeOf(cause)
  const closed = !(cause instanceof Fault) && (code === 'ECONNRESET' || code === 'EPIPE')
  state.reject(closed ? coded(code, `closed the connection ${MOMENT[state.doing]}`, 'later', cause) : cause)
}
