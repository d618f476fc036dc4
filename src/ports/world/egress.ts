// The one way out. Every connection that any part of Holdfast opens is opened here: the name is resolved as the machine does it,
// every address is judged, and the judged address is what is connected to, so that nothing can change in between. Everything
// ends with the caller's signal, within 100 ms, and leaves no socket behind.
import type { Socket } from 'node:net'
import { coded, silence } from '../../core/fault.ts'
import { oddHeader, readHttp, type HttpTarget } from '../target.ts'
import type { Address, Certificate, Clock, Connected, ConnectWant, Egress, HttpReply, HttpWant, Phases, Timers } from '../world.ts'
import { readAddress } from './address.ts'
import { dial } from './dial.ts'
import { exchange } from './exchange.ts'
import { secure } from './handshake.ts'
import { createJudge, type Judged } from './judge.ts'
import { metered } from './meter.ts'
import type { Resolver } from './resolver.ts'

export interface EgressOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly timers: Timers
  /** The ports that Holdfast itself listens on: never connected to on this machine. */
  readonly ownPorts?: Iterable<number>
  /** The machine's own addresses, when not those that the system names. */
  readonly locals?: () => ReadonlySet<string>
  /** A lab: no public address is reached. */
  readonly lab?: boolean
}

export interface RealEgress extends Egress {
  /** Forgets which class of address names led to; to be called when a new configuration comes into force. */
  forget(): void
}

const MOST_TARGETS = 10_000

export function createEgress({ resolver, clock, timers, ownPorts = [], locals, lab = false }: EgressOptions): RealEgress {
  const judge = createJudge(new Set(ownPorts), locals, { lab })

  const locate = (host: string, signal: AbortSignal): readonly Address[] | Promise<readonly Address[]> => {
    const literal = readAddress(host)
    return literal ? [literal] : (resolver.known(host) ?? resolver.resolve(host, signal))
  }

  const targets = new Map<string, HttpTarget>()
  /** The target of a request whose every part was checked. */
  const targetOf = (want: HttpWant): HttpTarget => {
    checkHeaders(want)
    const known = targets.get(want.url)
    if (known) return known
    const target = readHttp(want.url)
    if (target.is === 'refused') throw coded('EINVAL', target.says, 'never')
    if (targets.size >= MOST_TARGETS) targets.clear()
    targets.set(want.url, target)
    return target
  }

  return {
    async resolve(host, signal) {
      return locate(host, signal)
    },

    async connect(want) {
      const began = clock.now().tick
      if (want.signal.aborted) throw silence('no connection')
      const located = locate(want.host, want.signal)
      const found = located instanceof Promise ? await located : located
      const phases: Phases = { total: 0, ...(located instanceof Promise && { lookup: clock.now().tick - began }) }
      const opened = await openTo(want, judge.judge(want, found, want), { clock, timers }, phases)
      phases.total = clock.now().tick - began
      return { ...opened, phases }
    },

    request(want) {
      try {
        const target = targetOf(want)
        const began = clock.now().tick
        if (want.signal.aborted) throw silence('no connection')
        const go = (found: readonly Address[], lookup: number | undefined): Promise<HttpReply> =>
          exchange({ want, target, to: judge.judge(target, found, want), clock, timers, began, lookup })
        const located = locate(target.host, want.signal)
        // What is known already is used without waiting: most looks come this way.
        return located instanceof Promise ? located.then((found) => go(found, clock.now().tick - began)) : go(located, undefined)
      } catch (cause) {
        return Promise.reject(cause instanceof Error ? cause : new Error(String(cause)))
      }
    },

    forget: () => judge.forget(),
  }
}

function checkHeaders({ headers, method }: HttpWant): void {
  if (method !== undefined && !/^[A-Z]{1,20}$/.test(method)) throw coded('EINVAL', 'the method of a request is one word in capitals', 'never')
  for (const name in headers) {
    const odd = oddHeader(name, headers[name] ?? '')
    if (odd !== undefined) throw coded('EINVAL', odd, 'never')
  }
}

/** Opens the connection, with TLS where that is wanted, and ties it to the signal for as long as it lives. */
function openTo(want: ConnectWant, to: readonly Judged[], { clock, timers }: { clock: Clock; timers: Timers }, phases: Phases): Promise<Omit<Connected, 'phases'>> {
  const { promise, resolve, reject } = Promise.withResolvers<Omit<Connected, 'phases'>>()
  const { signal } = want
  let socket: Socket | undefined
  let since = clock.now().tick
  let stop = (): void => undefined
  const pass = (phase: 'connect' | 'tls'): void => {
    const now = clock.now().tick
    phases[phase] = now - since
    since = now
  }
  const onAbort = (): void => fail(silence(phases.connect === undefined ? 'no connection' : 'no TLS handshake'))
  const fail = (cause: unknown): void => {
    signal.removeEventListener('abort', onAbort)
    stop()
    socket?.destroy()
    reject(cause)
  }
  const give = (open: Socket, at: Judged, certificate?: Certificate): void => {
    signal.removeEventListener('abort', onAbort)
    endWith(open, signal)
    const { address, family } = at
    resolve({ socket: want.mostBytes === undefined ? open : metered(open, want.mostBytes), address: { address, family }, addressClass: at.class, ...(certificate && { certificate }) })
  }
  signal.addEventListener('abort', onAbort, { once: true })
  stop = dial({
    to,
    port: want.port,
    timers,
    onread: undefined,
    done(cause, open, at) {
      if (!open || !at) return fail(cause)
      socket = open
      // Nobody may be listening when the other side resets: that must not end the process.
      open.on('error', () => undefined)
      pass('connect')
      if (!want.tls) return give(open, at)
      socket = secure({
        socket: open,
        host: want.tls.servername ?? want.host,
        verify: want.tls.verify ?? true,
        now: () => clock.now().wall,
        done(wrong, secured, certificate) {
          if (!secured) return fail(wrong)
          secured.on('error', () => undefined)
          pass('tls')
          give(secured, at, certificate)
        },
      })
    },
  })
  return promise
}

/** Destroys the socket when the signal comes, with silence as the reason for whoever still waits. */
function endWith(socket: Socket, signal: AbortSignal): void {
  const onAbort = (): void => void socket.destroy(silence('no answer'))
  signal.addEventListener('abort', onAbort, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', onAbort))
}
