// The port that Holdfast serves: whether it can be had, and what to say when not.
import net from 'node:net'

export interface Place {
  readonly host: string
  readonly port: number
}

/** Why it cannot be listened on; `undefined` when it can, at this moment. */
export function whyNotOpen(place: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', (cause) => resolve(sayPort(place, cause)))
    server.listen({ ...place, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** A refusal of the system, as a sentence with its cure. */
export function sayPort({ host, port }: Place, cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE': return `Port ${port} is taken by another program. Stop it, or start Holdfast on another one: holdfast up --port ${port + 1}`
    case 'EACCES': return `Port ${port} may not be opened by this user: take one above 1023 (holdfast up --port 7400) and let a proxy stand in front.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': return `${host} is not an address of this machine: correct where Holdfast is to listen (--host).`
    default: return `Holdfast cannot listen on ${host}:${port}: ${cause.message}`
  }
}
