// Messages between siblings: Unix sockets, one JSON value per line-free frame (4 bytes of length, then UTF-8). Queues are
// bounded: what does not fit is refused to the sender, never swallowed. A link that is lost says so once; whoever connected
// connects again, with a short back-off, until it is closed. Nothing here knows what the messages mean.
import { chmodSync, unlinkSync } from 'node:fs'
import net from 'node:net'

/** A message: its kind, and whatever else JSON carries. */
export type Wire = { readonly is: string } & Record<string, unknown>

/** The largest frame that is taken; a larger one ends the link. */
const LARGEST = 64 * 1024 * 1024
/** Bytes that may wait in a link's buffer before `send` refuses. */
const MOST_WAITING = 32 * 1024 * 1024

export interface Link {
  /** False when the other side is so far behind that the message was refused; the caller decides what that means. */
  send(message: Wire): boolean
  /** Sends and waits for the reply; rejects when the link is lost or `timeout` ms passed. */
  ask(message: Wire, timeout: number): Promise<Wire>
  close(): void
  readonly open: boolean
}

export interface LinkEvents {
  /** A message came; for one sent by `ask`, the returned value is the reply. */
  onMessage(message: Wire, link: Link): void | Wire | Promise<Wire | void>
  onOpen?(link: Link): void
  onLost?(link: Link): void
}

interface Frame {
  /** Present: the sender waits for a reply under this number. */
  readonly q?: number
  /** Present: this is the reply to that number. */
  readonly a?: number
  readonly m: Wire
}

function linkOver(socket: net.Socket, events: LinkEvents): Link {
  let buffered: Buffer[] = []
  let size = 0
  let count = 0
  const asked = new Map<number, { resolve: (reply: Wire) => void; reject: (cause: Error) => void; timer: NodeJS.Timeout }>()
  let corked = false
  const release = (): void => {
    corked = false
    socket.uncork()
  }
  const write = (frame: Frame): boolean => {
    if (socket.destroyed || !socket.writable || socket.writableLength > MOST_WAITING) return false
    const json = JSON.stringify(frame)
    const bytes = Buffer.byteLength(json)
    const framed = Buffer.allocUnsafe(4 + bytes)
    framed.writeUInt32BE(bytes)
    framed.write(json, 4)
    // Whatever is sent in one go leaves in one system call.
    if (!corked) {
      corked = true
      socket.cork()
      process.nextTick(release)
    }
    socket.write(framed)
    return true
  }
  const link: Link = {
    get open() {
      return !socket.destroyed
    },
    send: (message) => write({ m: message }),
    ask(message, timeout) {
      const q = ++count
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          asked.delete(q)
          reject(new Error(`no reply to ${message.is} within ${timeout} ms`))
        }, timeout)
        asked.set(q, { resolve, reject, timer })
        if (!write({ q, m: message })) {
          asked.delete(q)
          clearTimeout(timer)
          reject(new Error(`${message.is} could not be sent: the link is closed or full`))
        }
      })
    },
    close: () => socket.destroy(),
  }
  const take = (frame: Frame): void => {
    if (frame.a !== undefined) {
      const waiting = asked.get(frame.a)
      if (!waiting) return
      asked.delete(frame.a)
      clearTimeout(waiting.timer)
      waiting.resolve(frame.m)
      return
    }
    const reply = events.onMessage(frame.m, link)
    const { q } = frame
    if (q === undefined) {
      // A rejection here is a bug of the receiver: it must end the process, so it is not caught.
      return
    }
    void Promise.resolve(reply).then(
      (m) => write({ a: q, m: m ?? { is: 'ok' } }),
      (cause: unknown) => write({ a: q, m: { is: 'error', says: cause instanceof Error ? cause.message : String(cause) } }),
    )
  }
  socket.on('data', (chunk: Buffer) => {
    buffered.push(chunk)
    size += chunk.length
    for (;;) {
      if (size < 4) return
      if (buffered.length > 1 && (buffered[0]?.length ?? 0) < 4) buffered = [Buffer.concat(buffered)]
      const want = (buffered[0] as Buffer).readUInt32BE(0)
      if (want > LARGEST) {
        socket.destroy()
        return
      }
      if (size < want + 4) return
      const all = buffered.length === 1 ? (buffered[0] as Buffer) : Buffer.concat(buffered)
      const body = all.subarray(4, 4 + want)
      const rest = all.subarray(4 + want)
      buffered = rest.length > 0 ? [rest] : []
      size = rest.length
      take(JSON.parse(body.toString()) as Frame)
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const { reject, timer } of asked.values()) {
      clearTimeout(timer)
      reject(new Error('the link was lost'))
    }
    asked.clear()
    events.onLost?.(link)
  })
  return link
}

export interface Listening {
  close(): void
  /** Listens anew, there or elsewhere, when the socket was removed. Links that are open stay. */
  again(path: string): Promise<void>
}

/** Listens on a Unix socket (mode 0600), taking the path over from whoever had it before. */
export async function listen(path: string, events: LinkEvents): Promise<Listening> {
  const links = new Set<net.Socket>()
  let server: net.Server | undefined
  const again = (at: string): Promise<void> => {
    // Closing removes what has its name: before the new one is made.
    server?.close()
    try {
      unlinkSync(at)
    } catch {
      // It was not there: that is the usual case.
    }
    const next = net.createServer((socket) => {
      links.add(socket)
      socket.on('close', () => links.delete(socket))
      const link = linkOver(socket, events)
      events.onOpen?.(link)
    })
    server = next
    return new Promise((resolve, reject) => {
      next.once('error', reject)
      next.listen(at, () => {
        chmodSync(at, 0o600)
        resolve()
      })
    })
  }
  await again(path)
  return {
    again,
    close() {
      server?.close()
      for (const socket of links) socket.destroy()
    },
  }
}

/** Connects to a Unix socket and stays connected: after a loss it tries again every 50 ms to 1 s, until closed. */
export function stayConnected(path: string, events: LinkEvents): { readonly link: Link | undefined; close(): void } {
  let closed = false
  let current: Link | undefined
  let pause = 50
  let timer: NodeJS.Timeout | undefined
  const dial = (): void => {
    const socket = net.connect(path)
    const link = linkOver(socket, {
      onMessage: events.onMessage,
      onLost(lost) {
        const was = current
        current = undefined
        if (was) events.onLost?.(lost)
        if (closed) return
        timer = setTimeout(dial, pause)
        pause = Math.min(1000, pause * 2)
      },
    })
    socket.once('connect', () => {
      pause = 50
      current = link
      events.onOpen?.(link)
    })
  }
  dial()
  return {
    get link() {
      return current
    },
    close() {
      closed = true
      clearTimeout(timer)
      current?.close()
    },
  }
}

/** Whether all of these kinds have answered in time; a kind of which none is connected has not. */
export const askAll = async (kinds: readonly ReadonlySet<Pick<Link, 'ask'>>[], message: Wire, timeout: number): Promise<boolean> =>
  (await Promise.all(kinds.map(async (links) => {
    const answers = await Promise.all([...links].map((link) => link.ask(message, timeout).then((it) => it.is !== 'error', () => false)))
    return answers.length > 0 && answers.every(Boolean)
  }))).every(Boolean)
