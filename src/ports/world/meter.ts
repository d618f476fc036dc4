// A connection that counts: when more came in than was allowed it ends, whoever reads it and whatever lies on top of it (TLS
// included). Made for clients that would otherwise collect for as long as a hostile server sends.
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { coded } from '../../core/fault.ts'

/** The same connection, ended with a Fault (EPROTO) once more than `most` bytes were received. */
export function metered(socket: Socket, most: number): Duplex {
  let received = 0
  const counted = new Duplex({
    allowHalfOpen: false,
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, (cause) => done(cause ?? null)),
    final: (done) => void socket.end(() => done()),
    destroy(cause, done) {
      socket.destroy()
      done(cause)
    },
  })
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > most) counted.destroy(coded('EPROTO', `sent more than ${Math.round(most / 1024)} KiB`))
    else if (!counted.push(chunk)) socket.pause()
  })
  socket.on('end', () => counted.push(null))
  socket.on('error', (cause) => counted.destroy(cause))
  socket.on('close', () => counted.destroy())
  counted.on('error', () => undefined)
  return counted
}
