// A way out for tests of plugins: connects to loopback whatever the name is, and claims the address class that the test wants.
// It judges nothing; the egress of the product does, and has its own tests.
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { Fault } from '../../src/core/fault.ts'
import type { AddressClass, ConnectWant, Connected, Egress, HttpReply, HttpWant } from '../../src/ports/world.ts'

export interface Direct extends Egress {
  /** What every connection claims to lead to. */
  addressClass: AddressClass
  /** Names are not found, or never answered. */
  resolver: 'well' | 'refuses' | 'silent'
  /** Hosts that were connected to, in order. */
  readonly dialled: string[]
}

const phases = { total: 0 }

export function directEgress(addressClass: AddressClass = 'loopback'): Direct {
  const dialled: string[] = []
  const egress: Direct = {
    addressClass,
    resolver: 'well',
    dialled,
    async resolve(host, signal) {
      if (net.isIP(host) === 0 && egress.resolver === 'refuses') throw Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: 'EAI_AGAIN' })
      if (net.isIP(host) === 0 && egress.resolver === 'silent') {
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
      }
      return [{ address: '127.0.0.1', family: 4 }]
    },
    async connect(want) {
      dialled.push(want.host)
      await egress.resolve(want.host, want.signal)
      return dial(want, egress.addressClass)
    },
    async request(want) {
      const url = new URL(want.url)
      dialled.push(url.hostname)
      await egress.resolve(url.hostname, want.signal)
      return ask(want, egress.addressClass)
    },
  }
  return egress
}

function dial({ port, signal, tls: wanted }: ConnectWant, addressClass: AddressClass): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const socket = wanted ? tls.connect({ host: '127.0.0.1', port, ...(wanted.servername === undefined ? {} : { servername: wanted.servername }) }) : net.connect(port, '127.0.0.1')
    const onAbort = (): void => {
      socket.destroy()
      reject(signal.reason instanceof Error ? signal.reason : new Fault('aborted'))
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', reject)
    socket.once(wanted ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.removeListener('error', reject)
      resolve({ socket, phases, address: { address: '127.0.0.1', family: 4 }, addressClass })
    })
  })
}

function ask(want: HttpWant, addressClass: AddressClass): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const url = new URL(want.url)
    const request = http.request({ host: '127.0.0.1', port: url.port, path: url.pathname + url.search, method: want.method ?? 'GET', headers: { host: url.host, ...want.headers }, signal: want.signal, agent: false }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () => {
        const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]))
        resolve({ status: reply.statusCode ?? 0, headers, body: Buffer.concat(chunks), truncated: false, phases, addressClass })
      })
    })
    request.on('error', reject)
    request.end(want.body)
  })
}
