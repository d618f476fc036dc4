// Dialling: a connection to the first of the judged addresses that takes one. They are tried in their order; the next one starts when
// one fails, or when it has said nothing for half a second while the others go on, so that a dead IPv6 path does not hide a
// living IPv4 one (RFC 8305 in small). What is not needed any more is destroyed at once. A failure of our own ends it all.
import { Socket, type OnReadOpts } from 'node:net'
import { codeOf, isOurs, isSilence, refused } from '../../core/fault.ts'
import { ms } from '../../core/time.ts'
import type { Timers } from '../world.ts'
import type { Judged } from './judge.ts'

export interface Dialling {
  readonly to: readonly Judged[]
  readonly port: number
  readonly timers: Timers
  /** Where what is received goes, when not through the stream. */
  readonly onread: ((socket: () => Socket) => OnReadOpts) | undefined
  /** Called once: with the connected socket, or with the cause that says most. */
  done(cause: Error | undefined, socket?: Socket, at?: Judged): void
}

const STAGGER = ms(500)
const MOST_TRIED = 8
/** Failures that the next address will have as well. */
const HOPELESS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'])

/** Starts dialling; the returned function gives up and leaves nothing open. */
export function dial(it: Dialling): () => void {
  const [only] = it.to
  return only && it.to.length === 1 ? dialOne(it, only) : dialMany(it)
}

/** The usual case, without anything that only several addresses need. */
function dialOne(it: Dialling, at: Judged): () => void {
  let over = false
  const socket = open(it, at)
  socket.on('error', (cause) => {
    if (over) return
    over = true
    it.done(cause)
  })
  socket.on('connect', () => {
    if (over) return
    over = true
    it.done(undefined, socket, at)
  })
  return () => {
    if (over) return
    over = true
    socket.destroy()
  }
}

function open(it: Dialling, at: Judged): Socket {
  const socket: Socket = it.onread ? new Socket({ onread: it.onread(() => socket) }) : new Socket()
  return socket.connect(it.port, at.address)
}

function dialMany(it: Dialling): () => void {
  const trying = new Set<Socket>()
  const causes: Error[] = []
  let next = 0
  let over = false
  let cancelTimer: (() => void) | undefined

  const end = (winner?: Socket): void => {
    over = true
    cancelTimer?.()
    for (const socket of trying) if (socket !== winner) socket.destroy()
    trying.clear()
  }
  const fail = (socket: Socket, cause: Error): void => {
    if (over || !trying.delete(socket)) return
    causes.push(cause)
    if (HOPELESS.has(codeOf(cause) ?? '') || (next >= it.to.length && trying.size === 0)) {
      end()
      it.done(telling(causes))
    } else tryNext()
  }
  const tryNext = (): void => {
    const at = it.to[next]
    if (over || !at || next >= MOST_TRIED) return
    next++
    cancelTimer?.()
    if (next < it.to.length) cancelTimer = it.timers.after(STAGGER, tryNext)
    const socket = open(it, at)
    trying.add(socket)
    socket.once('error', (cause) => fail(socket, cause))
    socket.once('connect', () => {
      if (over) return
      end(socket)
      it.done(undefined, socket, at)
    })
  }
  tryNext()
  return () => end()
}

/** Of several failures the one that says most: a refusal over silence, and what the target did over what we lack. */
function telling(causes: readonly Error[]): Error {
  const worth = (cause: Error): number => (HOPELESS.has(codeOf(cause) ?? '') ? 5 : refused(cause) ? 4 : isOurs(cause) ? 1 : isSilence(cause) ? 2 : 3)
  return causes.reduce((best, cause) => (worth(cause) > worth(best) ? cause : best))
}
