// Traffic from a process of its own, over kept connections on plain sockets: `board` asks for one path again and again, at a pace or as
// fast as it goes, and reads of each answer no more than its length; `triggers` sends
// alerts, each with a key of its own, and waits for each answer; `cycle` resolves each as well. Asked, it says what it has done.
import net from 'node:net'

export interface Said {
  /** Answers that came, and those among them that were not what was expected. */
  readonly done: number
  readonly failed: number
  /** ms of the monotonic clock: the first request, and the last answer. */
  readonly from: number
  readonly to: number
}

const clock = (): number => {
  const [s, ns] = process.hrtime()
  return s * 1000 + ns / 1e6
}

let done = 0
let failed = 0
let from = 0
let to = 0

const connect = (port: number, take: (chunk: Buffer, bytes: number) => void): net.Socket => {
  // One buffer for all that is read: what arrives is counted, not kept.
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: Buffer.alloc(128 * 1024), callback: (bytes, chunk) => (take(chunk as Buffer, bytes), true) } })
  socket.on('error', () => failed++)
  return socket
}

/** Bytes of the answer that begins here, head and body. */
function lengthOf(chunk: Buffer, bytes: number): number {
  const end = chunk.indexOf('\r\n\r\n')
  const at = chunk.indexOf('\r\nContent-Length: ')
  if (end < 0 || end > bytes || at < 0 || at > end) throw new Error('an answer whose head is not whole, or says no length')
  return end + 4 + Number.parseInt(chunk.toString('latin1', at + 18, at + 28), 10)
}

function board(port: number, connections: number, perSecond: number): void {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  const idle: (() => void)[] = []
  for (let i = 0; i < connections; i++) {
    let left = 0
    const socket = connect(port, (chunk, read) => {
      left = (left === 0 ? lengthOf(chunk, read) : left) - read
      if (left > 0) return
      done++
      to = clock()
      if (perSecond > 0) idle.push(ask)
      else ask()
    })
    const ask = (): void => void socket.write(bytes)
    if (perSecond > 0) idle.push(ask)
    else ask()
  }
  from = clock()
  if (perSecond === 0) return
  let asked = 0
  setInterval(() => {
    for (const due = ((clock() - from) * perSecond) / 1000; asked < due && idle.length > 0; asked++) idle.shift()?.()
  }, 2)
}

interface Flood {
  /** How many in all; 0: without end. */
  readonly count: number
  readonly beginning: string
  /** Each alert is resolved after it was raised. */
  readonly resolves: boolean
}

function triggers(port: number, connections: number, { count, beginning, resolves }: Flood): void {
  let sent = 0
  from = clock()
  const one = (): void => {
    let heard = ''
    const socket = connect(port, (chunk, bytes) => {
      heard += chunk.toString('latin1', 0, bytes)
      const end = heard.indexOf('\r\n\r\n')
      if (end < 0) return
      const body = Number(/\r\ncontent-length: (\d+)/i.exec(heard)?.[1] ?? 0)
      if (heard.length < end + 4 + body) return
      if (!heard.startsWith('HTTP/1.1 202')) failed++
      heard = ''
      done++
      to = clock()
      next()
    })
    const next = (): void => {
      if (count > 0 && sent >= count) return void socket.end()
      const nth = sent++
      const key = `${beginning}-${resolves ? nth >> 1 : nth}`
      const event = JSON.stringify({ routing_key: 'benchbenchbenchbenchbenchbench00', event_action: resolves && nth % 2 === 1 ? 'resolve' : 'trigger', dedup_key: key, payload: { summary: `disk of host ${key} is full`, source: `host-${key}`, severity: 'critical' } })
      socket.write(`POST /v2/enqueue HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${event.length}\r\n\r\n${event}`)
    }
    next()
  }
  for (let i = 0; i < connections; i++) one()
}

const [way, port, connections, amount, beginning] = process.argv.slice(2)
process.on('message', () => process.send?.({ done, failed, from, to } satisfies Said))
process.on('disconnect', () => process.exit())
if (way === 'board') board(Number(port), Number(connections), Number(amount))
else triggers(Number(port), Number(connections), { count: Number(amount), beginning: beginning ?? 'a', resolves: way === 'cycle' })
