// What one look costs: CPU of this process per http look with a connection of its own, flat out and at a pace, beside a bare loop of
// node's http.get and of a raw socket against the same server in another process. Rounds alternate and the median counts, so that
// a busy machine hits all alike; compare the ratios. Run it: bin/node bench/look.ts [rounds]
import { fork } from 'node:child_process'
import http from 'node:http'
import net from 'node:net'
import { cpus } from 'node:os'
import probe from '../src/plugins/probes/http.ts'
import { ms } from '../src/core/time.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { createEgress } from '../src/ports/world/egress.ts'
import { createResolver } from '../src/ports/world/resolver.ts'
import { createTimers } from '../src/ports/world/timers.ts'

type Look = () => Promise<unknown>

const FLAT = 3000
const ABREAST = 16
const PACE = 200
const SECONDS = 3

if (process.argv[2] === 'server') serve()
else await compare(Number(process.argv[2] ?? 5))

function serve(): void {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end('ok\n')
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.((server.address() as net.AddressInfo).port))
  process.on('disconnect', () => process.exit())
}

async function compare(rounds: number): Promise<void> {
  const child = fork(import.meta.filename, ['server'])
  const port = await new Promise<number>((resolve) => child.once('message', (said) => resolve(Number(said))))
  const clock = createClock()
  const timers = createTimers()
  const resolver = createResolver({ clock, timers })
  const looks = looksAt(port, createEgress({ resolver, clock, timers }), () => clock.now())
  for (const look of Object.values(looks)) await flatOut(look, FLAT)
  const flat = await medians(looks, rounds, (look) => flatOut(look, FLAT))
  const paced = await medians(looks, Math.ceil(rounds / 2), atPace)
  print('flat out', flat)
  print(`${PACE}/s`, paced)
  console.log(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`)
  child.disconnect()
  resolver.close()
}

function looksAt(port: number, egress: Parameters<typeof probe.look>[1]['egress'], now: Parameters<typeof probe.look>[1]['now']): Record<string, Look> {
  const url = `http://127.0.0.1:${port}/`
  const settings = probe.config.parse({ http: url, expect: { status: 200, body: 'ok' } })
  const timeout = ms(10_000)
  /** As the prober's runner does it: a time limit of its own for each. */
  const limited = async (look: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), timeout)
    await look(controller.signal)
    clearTimeout(timer)
  }
  return {
    // What the loop and the clock of the measurement cost by themselves.
    nothing: () => Promise.resolve(),
    'http.get': () =>
      new Promise<void>((resolve, reject) => {
        http.get({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => response.on('end', resolve).resume()).on('error', reject)
      }),
    'raw socket': () =>
      new Promise<void>((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`, 'latin1'))
        socket.on('error', reject).once('data', () => {
          socket.destroy()
          resolve()
        })
      }),
    'egress.request': () => limited((signal) => egress.request({ url, signal })),
    'http probe': () =>
      limited(async (signal) => {
        const seen = await probe.look(settings, { egress, signal, timeout, now })
        if (seen.is !== 'pass') throw new Error(seen.says)
      }),
  }
}

function cpu(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

/** µs of CPU per look. */
async function flatOut(look: Look, count: number): Promise<number> {
  const before = process.cpuUsage()
  let begun = 0
  await Promise.all(
    Array.from({ length: ABREAST }, async () => {
      while (begun++ < count) await look()
    }),
  )
  return cpu(before) / count
}

async function atPace(look: Look): Promise<number> {
  const before = process.cpuUsage()
  const start = performance.now()
  const all: Promise<unknown>[] = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const at = performance.now() - start
      while (all.length < (at * PACE) / 1000) all.push(look())
      if (at < SECONDS * 1000) return
      clearInterval(timer)
      resolve()
    }, 1000 / PACE)
  })
  await Promise.all(all)
  return cpu(before) / all.length
}

async function medians(looks: Record<string, Look>, rounds: number, measure: (look: Look) => Promise<number>): Promise<Map<string, number>> {
  const found = new Map<string, number[]>(Object.keys(looks).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) for (const [name, look] of Object.entries(looks)) found.get(name)?.push(await measure(look))
  return new Map([...found].map(([name, values]) => [name, values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0]))
}

function print(pace: string, figures: Map<string, number>): void {
  const bare = figures.get('http.get') ?? 1
  for (const [name, µs] of figures) console.log(`${pace.padEnd(9)} ${name.padEnd(15)} ${µs.toFixed(0).padStart(5)} µs CPU per look  ${(µs / bare).toFixed(2)} × http.get`)
}
