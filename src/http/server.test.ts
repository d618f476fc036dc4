// What the server bounds whoever asks: by raw sockets, since a well-behaved client cannot be this rude. And siblings over real
// sockets: waited for, bounded, never confirmed for.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import net from 'node:net'
import { Duplex } from 'node:stream'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { fakeSiblings, pushAll, webWorld } from '../../test/web-world.ts'
import { ms } from '../core/time.ts'
import { createClock } from '../ports/world/clock.ts'
import { createTimers } from '../ports/world/timers.ts'
import { LIMITS, serverFor } from './server.ts'
import { keeperOver, ringerOver, siblingAt } from './siblings.ts'

async function up(t: TestContext, limits = LIMITS): Promise<{ port: number; server: Server; world: ReturnType<typeof webWorld> }> {
  const world = webWorld()
  pushAll(world)
  const server = serverFor({ app: world.app, boards: world.kit.boards, via: 'tcp', timers: createTimers(), limits })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as net.AddressInfo).port, server, world }
}

/** Sends bytes and gathers what comes until the other side ends, or `enough` is satisfied. */
function raw(port: number, bytes: string | readonly string[], enough: (got: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let got = ''
    const end = (): void => {
      socket.destroy()
      resolve(got)
    }
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (enough(got)) end()
    })
    socket.on('close', end)
    socket.on('error', () => undefined)
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part)
  })
}

const status = (got: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(got)?.[1] ?? 0)
const ended = (got: string): boolean => got.includes('\r\n\r\n')

test('the board goes out by the short way and by the long one with the same bytes and headers', async (t) => {
  const { port } = await up(t)
  const short = await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const long = await raw(port, 'GET /?utm=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const heads = (got: string): string[] => (got.split('\r\n\r\n')[0] ?? '').toLowerCase().split('\r\n').filter((line) => !/^(date|connection|keep-alive|http)/.test(line)).sort()
  assert.equal(status(short), 200)
  assert.deepEqual(heads(short), heads(long))
  assert.equal(short.split('\r\n\r\n')[1], long.split('\r\n\r\n')[1])
  const etag = /etag: (.*)\r/i.exec(short)?.[1] ?? ''
  const again = await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${etag}\r\nConnection: close\r\n\r\n`)
  assert.equal(status(again), 304)
  assert.equal(again.split('\r\n\r\n')[1], '')
  const head = await raw(port, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.equal(status(head), 200)
  assert.equal(head.split('\r\n\r\n')[1], '')
  assert.equal(status(await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')), 405)
})

test('requests that are malformed, smuggled or too large are refused, and the server goes on', async (t) => {
  const { port, world } = await up(t)
  const cases: readonly [string, string, readonly number[]][] = [
    ['both lengths', 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
    ['two lengths', 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde', [400]],
    ['a length that is none', 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', [400]],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c: d\r\n\r\n', [400]],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: x\n\n', [400]],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n', [400]],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', [400]],
    ['100 KB of headers', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`, [431]],
    ['a path of 100 KB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, [431]],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
    ['a wrong chunk', 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', [400]],
    ['a host that is no host', 'GET /healthz HTTP/1.1\r\nHost: a b/c\r\nConnection: close\r\n\r\n', [400]],
    ['a tunnel', 'CONNECT x:22 HTTP/1.1\r\nHost: x\r\n\r\n', [0]],
  ]
  for (const [says, bytes, expected] of cases) assert(expected.includes(status(await raw(port, bytes, ended))), `${says}: ${(await raw(port, bytes, ended)).slice(0, 40)}`)
  assert.equal(world.asked.calls.length, 0)
  assert.equal(status(await raw(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', ended)), 200)
})

test('a body without an end is cut at its limit, and the connection with it', async (t) => {
  const { port } = await up(t)
  const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
  const got = await raw(port, ['POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', ...Array.from({ length: 40 }, () => chunk)])
  assert.equal(status(got), 413)
  assert.match(got, /connection: close/i)
  const declared = await raw(port, 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx')
  assert.equal(status(declared), 413)
  const cut = new Promise<void>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"', () => socket.destroy()))
    socket.on('close', () => resolve())
  })
  await cut
  assert.equal(status(await raw(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', ended)), 200)
})

test('slowloris: headers and bodies that do not come in time end the connection', { timeout: 15_000 }, async (t) => {
  const { port } = await up(t, { ...LIMITS, headersTimeout: 300, requestTimeout: 600 })
  const [headers, body] = await Promise.all([
    raw(port, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: '),
    raw(port, 'POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{'),
  ])
  assert.equal(status(headers), 408)
  assert.equal(status(body), 408)
})

test('a connection that nobody uses is ended, and their number is bounded', { timeout: 15_000 }, async (t) => {
  const { port, server } = await up(t, { ...LIMITS, idleTimeout: 200, connections: 20 })
  const idle = await Promise.all(Array.from({ length: 30 }, () => raw(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')))
  assert(idle.length === 30)
  assert.equal(await new Promise((resolve) => server.getConnections((_, count) => resolve(count))), 0)
})

test('an address has a share of the connections, an IPv6 network one as a whole, a proxy on this machine all of them', async (t) => {
  const { server } = await up(t, { ...LIMITS, connectionsOfOneAddress: 10 })
  const connect = (remoteAddress: string): Duplex => {
    const socket = Object.assign(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }), { remoteAddress })
    server.emit('connection', socket)
    return socket
  }
  const left = (addresses: readonly string[]): number => addresses.map(connect).filter((it) => !it.destroyed).length
  const many = (address: (i: number) => string): string[] => Array.from({ length: 30 }, (_, i) => address(i))
  assert.equal(left(many(() => '203.0.113.9')), 10)
  assert.equal(left(many((i) => `203.0.113.${i + 20}`)), 30)
  assert.equal(left(many((i) => `2001:db8:1:2:${i}::1`)), 10)
  assert.equal(left(many((i) => `2001:db8:1:${i + 10}::1`)), 30)
  assert.equal(left(many(() => '127.0.0.1')), 30)
  const first = connect('198.51.100.1')
  const more = many(() => '198.51.100.1').map(connect)
  assert.equal(more.filter((it) => !it.destroyed).length, 9)
  first.destroy()
  await new Promise((resolve) => first.once('close', resolve))
  assert.equal(connect('198.51.100.1').destroyed, false, 'a closed one makes room')
})

test('siblings: whoever asks waits for one that is starting, within a bound, and is never answered for it', { timeout: 15_000 }, async (t) => {
  const runtime = mkdtempSync(path.join(tmpdir(), 'hf-siblings-'))
  t.after(() => rmSync(runtime, { recursive: true }))
  const [clock, timers] = [createClock(), createTimers()]
  const keeperLink = siblingAt({ path: path.join(runtime, 'keeper.sock'), clock, timers })
  const ringerLink = siblingAt({ path: path.join(runtime, 'ringer.sock'), clock, timers })
  t.after(() => [keeperLink, ringerLink].forEach((it) => it.close()))
  const keeper = keeperOver(keeperLink)
  const ringer = ringerOver(ringerLink, clock, timers)
  const away = await keeper.call('status', {}, { is: 'open' }, ms(100))
  assert(away.is === 'away' && /did not answer within 0.1 s/.test(away.says))
  const waiting = [keeper.call('status', {}, { is: 'open' }, ms(8000)), ringer.ask({ is: 'show', token: 'abc' })] as const
  let silent = false
  const siblings = await fakeSiblings(runtime, { call: () => (silent ? new Promise(() => undefined) : { is: 'reply', status: 404, body: { error: { code: 'HF404', message: 'no' } } }) })
  t.after(() => siblings.close())
  assert.deepEqual(await waiting[0], { is: 'refused', status: 404, error: { code: 'HF404', message: 'no' } })
  assert.equal((await waiting[1]).is, 'shown')
  silent = true
  assert.equal((await keeper.call('status', {}, { is: 'open' }, ms(100))).is, 'away')
  const many = Array.from({ length: 4200 }, () => keeper.call('status', {}, { is: 'open' }, ms(400)))
  const late = await many.at(-1)
  assert(late?.is === 'away' && /4096 requests wait already/.test(late.says))
  assert((await Promise.all(many)).every((it) => it.is === 'away'))
})
