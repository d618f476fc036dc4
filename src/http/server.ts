// The HTTP server in front of the routes: what is bounded whoever asks. Headers and bodies must arrive in time (slowloris), headers
// have a size, an address has a share of the connections, and all together have a number; idle ones go first. Boards are
// answered before any framework is asked.
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { ms } from '../core/time.ts'
import type { Timers } from '../ports/world.ts'
import type { Door } from './access.ts'
import type { App } from './app.ts'
import { serveBoard } from './board/serve.ts'
import type { Boards } from './board/boards.ts'

export interface Limits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  /** A connection on which nothing moves is ended. */
  readonly idleTimeout: number
  readonly connections: number
  readonly connectionsOfOneAddress: number
}

export const LIMITS: Limits = { headersTimeout: 10_000, requestTimeout: 30_000, idleTimeout: 65_000, connections: 4000, connectionsOfOneAddress: 256 }

const MOST_HEADER_BYTES = 16 * 1024
const MOST_HEADERS = 100

export interface ServerOptions {
  readonly app: App
  readonly boards: Boards
  readonly via: Door['via']
  readonly timers: Timers
  readonly limits?: Limits
}

/** An IPv6 host owns a /64, an IPv4 host one address. */
function shareOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  return address.split(':').slice(0, 4).join(':')
}

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)

/** Ends what is too much: connections of one address beyond its share, and idle ones when the whole number runs out. */
function boundConnections(server: Server, limits: Limits): void {
  const byAddress = new Map<string, number>()
  let open = 0
  server.maxConnections = limits.connections
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const share = shareOf(address)
    const count = (byAddress.get(share) ?? 0) + 1
    // A proxy on this machine brings everybody's requests from one address.
    if (count > limits.connectionsOfOneAddress && !isLoopback(address)) {
      socket.destroy()
      return
    }
    byAddress.set(share, count)
    open++
    if (open > limits.connections * 0.75) server.closeIdleConnections()
    socket.once('close', () => {
      open--
      const left = (byAddress.get(share) ?? 1) - 1
      if (left > 0) byAddress.set(share, left)
      else byAddress.delete(share)
    })
  })
}

const ROUNDS = 4

/** Ends connections on which nothing moved for `idle` ms, or up to a quarter more: a look at all of them now and then. */
function endIdle(server: Server, idle: number, timers: Timers): void {
  const known = new Map<Socket, { moved: number; quiet: number }>()
  server.on('connection', (socket: Socket) => {
    known.set(socket, { moved: 0, quiet: 0 })
    socket.once('close', () => known.delete(socket))
  })
  const round = (): void => {
    for (const [socket, it] of known) {
      const moved = socket.bytesRead + socket.bytesWritten
      it.quiet = moved === it.moved ? it.quiet + 1 : 0
      it.moved = moved
      if (it.quiet >= ROUNDS) socket.destroy()
    }
    next = timers.after(ms(idle / ROUNDS), round)
  }
  let next = timers.after(ms(idle / ROUNDS), round)
  server.once('close', () => next())
}

export function serverFor({ app, boards, via, timers, limits = LIMITS }: ServerOptions): Server {
  const listener = getRequestListener((request, { incoming }) => {
    const door: Door = { via, address: via === 'tcp' ? (incoming.socket.remoteAddress ?? '') : '' }
    return app.fetch(request, door)
  })
  const server = http.createServer({
    headersTimeout: limits.headersTimeout, requestTimeout: limits.requestTimeout,
    // Idle connections are ended below: Node's own timers would be set anew for every request.
    keepAliveTimeout: 0,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeout), maxHeaderSize: MOST_HEADER_BYTES, noDelay: true,
    // A request without a body needs no stream for one: that is a tenth of what a board costs.
    optimizeEmptyRequests: true,
  }, (request: IncomingMessage, response: ServerResponse) => {
    if (!serveBoard(boards, request, response)) void listener(request, response)
  })
  server.maxHeadersCount = MOST_HEADERS
  // A ledger check or a look asked for by a person, over the socket, may take its time; nothing else stays silent for long.
  server.setTimeout(0)
  if (via === 'tcp') {
    boundConnections(server, limits)
    endIdle(server, limits.idleTimeout, timers)
  }
  return server
}
