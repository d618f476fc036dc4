// What is looked at, in a process of its own: a web server that notes when each request came in and when its answer left, by the
// monotonic clock that all processes of a machine share; it fails on the paths that it is told to. Beside it the SMTP sink
// that notes when a mail was there. Started by `play` of the rig; it ends with its parent.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'

export interface Seen {
  /** The number in the path, `/c17`; and ms of the monotonic clock. */
  readonly n: number
  readonly came: number
  left: number
  readonly failed: boolean
}

export interface Mailed {
  readonly at: number
  readonly to: string
  readonly subject: string
}

const clock = (): number => {
  const [s, ns] = process.hrtime()
  return s * 1000 + ns / 1e6
}

let seen: Seen[] = []
let count = 0
let noting = false
let failing = new Set<number>()
let mails: Mailed[] = []

function serve(): Promise<number> {
  const server = http.createServer({ keepAlive: false }, (request, reply) => {
    count++
    if (!noting) {
      reply.end('ok')
      return
    }
    const n = Number(request.url?.slice(2))
    const it: Seen = { n, came: clock(), left: 0, failed: failing.has(n) }
    seen.push(it)
    if (it.failed) reply.statusCode = 500
    reply.on('finish', () => void (it.left = clock()))
    reply.end('ok')
  })
  return new Promise((resolve) => void server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port)))
}

/** Reads lines, and the mail after DATA; answers as a small relay does. */
function relay(socket: net.Socket): void {
  let buffer = ''
  let to = ''
  let inMail = false
  socket.on('error', () => undefined)
  socket.write('220 sink ESMTP\r\n')
  socket.on('data', (chunk) => {
    buffer += chunk.toString('latin1')
    for (;;) {
      const end = buffer.indexOf(inMail ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const line = buffer.slice(0, end)
      buffer = buffer.slice(end + (inMail ? 5 : 2))
      const verb = line.slice(0, 4).toUpperCase()
      if (inMail) {
        mails.push({ at: clock(), to, subject: /^Subject: (.*)$/m.exec(line)?.[1]?.trim() ?? '' })
        inMail = false
        socket.write('250 2.0.0 kept\r\n')
      } else {
        if (verb === 'RCPT') to = /<([^>]*)>/.exec(line)?.[1] ?? ''
        if (verb === 'DATA') inMail = true
        socket.write(verb === 'DATA' ? '354 go on\r\n' : verb === 'EHLO' ? '250-sink\r\n250 8BITMIME\r\n' : verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n')
        if (verb === 'QUIT') socket.end()
      }
    }
  })
}

const sink = (): Promise<number> => new Promise((resolve) => {
  const server = net.createServer(relay)
  server.listen(0, '127.0.0.1', 1024, () => resolve((server.address() as AddressInfo).port))
})

export type Order =
  | { readonly is: 'open' }
  /** Notes requests from now on, or not. */
  | { readonly is: 'note'; readonly on: boolean }
  | { readonly is: 'fail'; readonly paths: readonly number[] }
  /** What was noted since it was last asked. */
  | { readonly is: 'take' }

async function obey(order: Order): Promise<unknown> {
  switch (order.is) {
    case 'open': return { web: await serve(), smtp: await sink() }
    case 'note':
      noting = order.on
      return {}
    case 'fail':
      failing = new Set(order.paths)
      return { at: clock() }
    case 'take': {
      const taken = { seen, mails, count }
      seen = []
      mails = []
      return taken
    }
    default: return {}
  }
}

process.on('message', (order: Order) => void obey(order).then((said) => process.send?.(said)))
process.on('disconnect', () => process.exit())
