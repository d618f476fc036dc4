// What stands between Holdfast and its servers in the lab, so that a server can change under it as an address does that leads elsewhere. `front` passes
// requests on to a real S3, each through a hand of the test that may answer by itself, change the answer, or wait; signatures stay valid, since the
// name that is signed is the name that is asked. `turnout` passes bytes on to whichever port it is told.
import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  /** With the bucket, decoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** The id of the credential that signed it. */
  readonly who: string
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

/** `dies`: the connection ends without an answer. */
export type Between = (asked: Asked, pass: () => Promise<Answer>) => Promise<Answer | 'dies'>

export interface Front {
  readonly url: string
  /** Requests that may change something, since it began. */
  readonly changing: Asked[]
  between: Between
  close(): Promise<void>
}

export const plainly: Between = (_asked, pass) => pass()

/** The same answer with another text. */
export const reworded = (answer: Answer, change: (text: string) => string): Answer => {
  const body = Buffer.from(change(answer.body.toString('utf8')))
  return { ...answer, body, headers: { ...answer.headers, 'content-length': String(body.length) } }
}

export async function front(to: string): Promise<Front> {
  const { hostname, port } = new URL(to)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const it: { -readonly [Name in keyof Front]: Front[Name] } = { url: '', changing: [], between: plainly, close: () => Promise.resolve() }
  const pass = (request: http.IncomingMessage, body: Buffer): Promise<Answer> => new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, agent, method: request.method, path: request.url, headers: request.headers }, (reply) => {
      const parts: Buffer[] = []
      reply.on('data', (part: Buffer) => parts.push(part))
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(parts) }))
      reply.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const asked = askedOf(request, body)
      if (asked.method !== 'GET' && asked.method !== 'HEAD') it.changing.push(asked)
      it.between(asked, () => pass(request, body)).then((answer) => {
        if (answer === 'dies') return void request.socket.destroy()
        const headers = without(answer.headers, 'transfer-encoding')
        response.sendDate = false
        response.writeHead(answer.status, request.method === 'HEAD' || answer.status === 204 ? headers : { ...headers, 'content-length': String(answer.body.length) })
        response.end(request.method === 'HEAD' ? undefined : answer.body)
      }, () => request.socket.destroy())
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  it.close = () => new Promise((resolve) => {
    agent.destroy()
    server.closeAllConnections()
    server.close(() => resolve())
  })
  return it
}

/** Headers without one of them. */
export const without = (headers: Answer['headers'], name: string): Answer['headers'] => Object.fromEntries(Object.entries(headers).filter(([one]) => one !== name))

function askedOf({ method = '', url = '', headers }: http.IncomingMessage, body: Buffer): Asked {
  const { pathname, searchParams: query } = new URL(url, 'http://x')
  const who = /Credential=([^/,]+)/.exec(headers.authorization ?? '')?.[1] ?? query.get('X-Amz-Credential')?.split('/')[0] ?? ''
  return { method, path: decodeURIComponent(pathname), query, who, body: body.toString('latin1', 0, 10_000) }
}

export interface Turnout {
  readonly port: number
  /** Where it leads from now on; whoever is connected is cut off. */
  to(port: number): void
  close(): Promise<void>
}

export async function turnout(first: number): Promise<Turnout> {
  let target = first
  const open = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    const on = net.connect(target, '127.0.0.1')
    for (const [one, other] of [[socket, on], [on, socket]] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const cut = (): void => {
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    to(port) {
      target = port
      cut()
    },
    close: () => new Promise((resolve) => {
      cut()
      server.close(() => resolve())
    }),
  }
}
