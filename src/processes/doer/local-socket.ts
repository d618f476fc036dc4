// One conversation over a Unix socket of this machine: a text is said, and what the other side says until it ends is the answer, in bounds. Who is interrupted
// after anything was sent is told so (`lost`), and nobody takes that for a failure.
import net from 'node:net'
import { coded, codeOf, Fault, sentence, silence } from '../../core/fault.ts'
import type { LocalWant, Told } from '../../ports/driver/driver.ts'

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'is not there', ECONNREFUSED: 'nobody listens on', EACCES: 'may not be opened by Holdfast’s user', ENOTSOCK: 'is no socket',
}

/** Rejects before anything was sent. */
export const tellLocally = ({ path, text, mostBytes, signal, mayLeave }: LocalWant): Promise<Told> => {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  if (signal.aborted) return Promise.reject(silence(`no connection to ${path}`))
  let sent = false
  const parts: Buffer[] = []
  let bytes = 0
  const socket = net.connect({ path })
  const lost = (says: string): void => {
    if (sent) resolve({ is: 'lost', says })
    else reject(new Fault(says))
    socket.destroy()
  }
  const onAbort = (): void => lost(`no answer from ${path} in time`)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.on('connect', () => {
    if (mayLeave?.() === false) {
      reject(coded('EFENCED', `nothing may be said to ${path} any more`))
      return void socket.destroy()
    }
    sent = true
    socket.write(text)
  })
  socket.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes > mostBytes) lost(`${path} says more than ${mostBytes} bytes`)
    else parts.push(part)
  })
  socket.on('end', () => resolve({ is: 'answered', text: Buffer.concat(parts).toString('utf8') }))
  socket.on('error', (cause) => {
    const why = WHY[codeOf(cause) ?? '']
    lost(why === undefined ? sentence(cause) : why.startsWith('nobody') ? `${why} ${path}` : `${path} ${why}`)
  })
  socket.on('close', () => {
    signal.removeEventListener('abort', onAbort)
    lost(`${path} ended the conversation`)
  })
  return promise
}
