// Every driver is held to what drivers promise, and those whose other side can be played in this process to what they do to it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { Fault } from '../../core/fault.ts'
import { seconds } from '../../core/time.ts'
import { CANARY, driverContract, driverPromises, once, type Laid } from '../../ports/driver/driver.contract.ts'
import type { DriverContext } from '../../ports/driver/driver.ts'
import { createClock } from '../../ports/world/clock.ts'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import { createTimers } from '../../ports/world/timers.ts'
import { tellLocally } from './local-socket.ts'
import { reachOf } from './reach.ts'
import { drivers } from '../../plugins/list.gen.ts'
import haproxy from '../../plugins/drivers/haproxy.ts'
import httpDriver from '../../plugins/drivers/http.ts'
import patroni from '../../plugins/drivers/patroni.ts'

const clock = createClock()
const context: Omit<DriverContext, 'signal' | 'target'> = {
  egress: egressWith(), timers: createTimers(), now: () => clock.now(), local: tellLocally,
  commands: { run: () => assert.fail('no command'), recall: () => assert.fail('no command'), identify: () => assert.fail('no command') },
}

driverPromises(drivers, {
  dns: { powerdns: 'http://127.0.0.1:8081', key: CANARY, authoritative: ['127.0.0.1:53'] },
  http: { base: 'http://127.0.0.1:8080/v1', headers: { authorization: `Bearer ${CANARY}` } },
  patroni: { members: ['http://127.0.0.1:8008'], user: 'admin', password: CANARY },
  galera: { as: `mysql://admin:${CANARY}@any:3306/` },
})

type Answer = (method: string, url: string, body: string, headers: http.IncomingHttpHeaders) => { status: number; body?: unknown } | 'silence'
async function api(t: TestContext, answer: Answer): Promise<string> {
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString()
    })
    request.on('end', () => {
      const said = answer(request.method ?? '', request.url ?? '', body, request.headers)
      if (said !== 'silence') response.writeHead(said.status, { connection: 'close' }).end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

driverContract('http', httpDriver, async (t): Promise<Laid> => {
  const state = { leads: 'main', keys: [] as unknown[] }
  const base = await api(t, (method, url, body, headers) => {
    if (headers.authorization !== `Bearer ${CANARY}`) return { status: 401 }
    if (method === 'GET') return { status: 200, body: { leads: state.leads, echo: headers.authorization } }
    state.leads = (JSON.parse(body) as { to: string }).to
    state.keys.push(headers['idempotency-key'])
    return { status: url === '/v1/failover/web-1' ? 200 : 404, body: { echo: headers.authorization } }
  })
  return {
    config: { target: 'api', path: '/failover/web-1', body: '{"to":"standby"}', look: '/state' }, claims: { status: 200, holds: '"leads":"standby"' },
    target: { base: `${base}/v1`, headers: { authorization: `Bearer ${CANARY}` } }, context, state: () => Promise.resolve(JSON.stringify(state)), secrets: [CANARY],
  }
})

test('http: C-12 what is known by its hash is that, and whole: another answer fails, and what is longer than what is read is not known', async (t) => {
  const [known, long] = ['customer 7: settings\n', 'x'.repeat(1024 * 1024)]
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const base = await api(t, (_, url) => ({ status: url === '/gone' ? 404 : 200, body: { '/known': known, '/whole': long, '/longer': `${long}y` }[url] ?? 'other' }))
  const look = async (at: string, wanted: string): Promise<string> => {
    const it = { ...context, signal: new AbortController().signal, target: httpDriver.target?.parse({ base }) ?? assert.fail() }
    const { found } = await httpDriver.observe(httpDriver.config.parse({ target: 'x', path: '/any', look: at }), httpDriver.claims.parse({ sha256: wanted }), it)
    return `${found.is}: ${found.says}`
  }
  assert.equal(await look('/known', sha256(known)), 'pass: it answers 200')
  assert.equal(await look('/other', sha256(known)), `fail: the answer is another one than that with the SHA-256 ${sha256(known).slice(0, 12)}…`)
  assert.equal(await look('/gone', sha256('other')), 'fail: it answers 404')
  assert.equal(await look('/whole', sha256(long)), 'pass: it answers 200')
  assert.equal(await look('/longer', sha256(long)), 'unknown: the answer is longer than what was read of it')
})

test('http: C-4 a refusal is a failure; a server that fails, or falls silent after it was asked, leaves it unknown', async (t) => {
  const seen: string[] = []
  const base = await api(t, (_method, url, _body, headers) => {
    seen.push(`${url} ${String(headers['idempotency-key'])}`)
    return url === '/hang' ? 'silence' : { status: Number(url.slice(1)) }
  })
  const act = async (path: string, more: object = {}, at = base): Promise<string> => {
    const end = new AbortController()
    const going = httpDriver.act(httpDriver.config.parse({ target: 'x', path, ...more }), once('run-9.3'), { ...context, signal: end.signal, target: httpDriver.target?.parse({ base: at }) ?? assert.fail() })
    if (path === '/hang') setTimeout(() => end.abort(), 50)
    return (await going).is
  }
  assert.deepEqual([await act('/200'), await act('/404'), await act('/302'), await act('/500'), await act('/503'), await act('/hang'), await act('/404', { status: [204, 404] })], ['done', 'failed', 'failed', 'unknown', 'unknown', 'unknown', 'done'])
  assert.equal(seen[0], '/200 run-9.3')
  assert.equal(await act('/200', {}, 'http://127.0.0.1:1'), 'failed', 'nobody listens: nothing was sent')
})

test('C-15 what still dials when the run is halted is not sent: by HTTP, to a cluster, over a socket', async (t) => {
  const seen: string[] = []
  const base = await api(t, (method, url) => {
    seen.push(`${method} ${url}`)
    return { status: 200 }
  })
  // Halted once the drivers have looked at the clock, while the connection comes to be.
  const dialling = (): typeof ONCE => {
    let asked = 0
    return { ...ONCE, mayLeave: () => asked++ === 0 }
  }
  const ONCE = once('run-9.8')
  const open = { ...context, signal: new AbortController().signal }
  const sent = await httpDriver.act(httpDriver.config.parse({ target: 'x', path: '/failover' }), dialling(), { ...open, target: httpDriver.target?.parse({ base }) ?? assert.fail() })
  assert.deepEqual([sent.is, seen], ['failed', []])
  const { members, asked } = await cluster(t)
  const switched = await patroni.act({ target: 'x', to: 'db-2' }, dialling(), { ...open, target: { members } })
  assert.deepEqual([switched.is, asked], ['failed', []])
  const { socket, state } = await proxy(t)
  await assert.rejects(haproxy.act(haproxy.config.parse({ backend: 'shop', server: 'db-1', state: 'drain', socket }), dialling(), open), /any more/)
  assert.equal(state.admin, 0)
})

test('C-9 what is put in stays in its place: no way out of a path, no second command of HAProxy, no name that is none', () => {
  const refuses = (kind: string, settings: object): boolean => !(drivers.find((it) => it.kind === kind) ?? assert.fail(kind)).config.safeParse(settings).success
  for (const bad of ['/../admin', '/a/../../b', '//evil.example', '/a b', 'a', '/a\nb', '/a#b', '/..', '/a/.', '/a\r\nx: y', 'http://evil.example/']) assert.ok(refuses('http', { target: 'x', path: bad }), bad)
  assert.ok(!refuses('http', { target: 'x', path: '/a/..b/c?d=%20' }))
  for (const bad of ['s1; shutdown sessions', 's1\nshow info', '-s1', 's1/..', '']) assert.ok(refuses('haproxy', { backend: 'b', server: bad, state: 'drain' }), bad)
  for (const bad of ['www.example.org', 'www example.com', '-x.example.com', 'a;b.example.com', 'xexample.com']) assert.ok(refuses('dns', { target: 'x', zone: 'example.com', name: bad, to: ['192.0.2.1'] }), bad)
  for (const [type, bad] of [['A', '192.0.2.256'], ['A', '1.2.3'], ['A', '1.2.3.4.'], ['A', '1.2.3.4.5'], ['AAAA', '::g'], ['AAAA', '1::2::3'], ['CNAME', 'a b'], ['TXT', 'a"b'], ['TXT', 'a\nb']]) assert.ok(refuses('dns', { target: 'x', zone: 'example.com', name: 'a.example.com', type, to: [bad] }), bad)
  for (const [type, good] of [['A', '192.0.2.25'], ['AAAA', '2001:db8::1'], ['CNAME', 'x.example.net'], ['TXT', 'v=1; a b']]) assert.ok(!refuses('dns', { target: 'x', zone: 'example.com', name: 'a.example.com', type, to: [good] }), good)
  for (const bad of ['-oProxyCommand=sh', 'a;b', 'a b', '']) assert.ok(refuses('galera', { target: 'x', host: bad, desync: true }), bad)
  for (const bad of ['a b', '{"x":1}', '-a', '']) assert.ok(refuses('patroni', { target: 'x', to: bad }), bad)
  for (const bad of [{ run: ['-c', 'x'], on: 'a' }, { run: ['x\0y'], on: 'a' }, { run: ['x'], on: '-oProxyCommand=sh' }, { run: ['x'], on: 'a b' }, { run: [], on: 'a' }]) assert.ok(refuses('run', bad), JSON.stringify(bad))
})

/** A cluster of three, as its REST interface has it. */
async function cluster(t: TestContext, { twice = false, hangs = false }: { twice?: boolean; hangs?: boolean } = {}): Promise<{ members: string[]; leader: { is: string }; asked: string[] }> {
  const leader = { is: 'db-1' }
  const asked: string[] = []
  const members: string[] = []
  for (const name of ['db-1', 'db-2', 'db-3']) {
    members.push(await api(t, (method, url, body, headers) => {
      if (url === '/patroni') return { status: 200, body: { state: 'running', role: name === leader.is || (twice && name === 'db-3') ? 'master' : 'replica', database_system_identifier: '7', patroni: { scope: 'shop', version: '3' } } }
      if (url === '/cluster') return { status: 200, body: { members: ['db-1', 'db-2', 'db-3'].map((it) => ({ name: it, role: it === leader.is ? 'leader' : 'replica' })) } }
      asked.push(`${method} ${url} ${body}`)
      if (headers.authorization !== `Basic ${Buffer.from(`admin:${CANARY}`).toString('base64')}`) return { status: 401 }
      if (hangs) return 'silence'
      leader.is = (JSON.parse(body) as { candidate: string }).candidate
      return { status: 200, body: `Successfully switched over to "${leader.is}"` }
    }))
  }
  return { members, leader, asked }
}
const patroniTarget = (members: readonly string[]): { members: string[]; user: string; password: string } => ({ members: [...members], user: 'admin', password: CANARY })

driverContract('patroni', patroni, async (t): Promise<Laid> => {
  const { members, leader, asked } = await cluster(t)
  return { config: { target: 'shop', to: 'db-2' }, claims: { leader: 'db-2' }, target: patroniTarget(members), context, state: () => Promise.resolve(JSON.stringify([leader, asked])), secrets: [CANARY] }
})

test('patroni: two that lead are never a success, and an answer that does not come is unknown', async (t) => {
  const split = await cluster(t, { twice: true })
  const open = new AbortController().signal
  const seen = await patroni.observe({ target: 'x', to: 'db-1' }, { leader: 'db-1' }, { ...context, signal: open, target: patroniTarget(split.members) })
  assert.deepEqual(seen.found, { is: 'fail', says: '2 members say that they lead' })
  const hanging = await cluster(t, { hangs: true })
  const end = new AbortController()
  const going = patroni.act({ target: 'x', to: 'db-2' }, once('run-9.4'), { ...context, signal: end.signal, target: patroniTarget(hanging.members) })
  setTimeout(() => end.abort(), 100)
  assert.deepEqual([(await going).is, hanging.asked.length], ['unknown', 1])
})

/** HAProxy's runtime socket, as far as it is asked here. */
async function proxy(t: TestContext, { silent = false }: { silent?: boolean } = {}): Promise<{ socket: string; state: { admin: number; sessions: number; queued: number }; said: string[] }> {
  const socket = path.join(os.tmpdir(), `holdfast-proxy-${process.pid}-${Math.random().toString(36).slice(2, 8)}`)
  const state = { admin: 0, sessions: 0, queued: 0 }
  const said: string[] = []
  const open = new Set<net.Socket>()
  const server = net.createServer((peer) => {
    open.add(peer)
    peer.on('error', () => undefined)
    peer.on('data', (part) => {
      const text = part.toString().trim()
      said.push(text)
      if (text === 'show info') peer.end('Name: HAProxy\nVersion: 2.6.12\nPid: 7\nStart_time_sec: 1700\nnode: lb-1\n\n')
      else if (text === 'show servers state shop') peer.end(`1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n3 shop 1 db-1 10.0.0.1 2 ${state.admin}\n\n`)
      else if (text === 'show stat') peer.end(`# pxname,svname,qcur,qmax,scur,smax\nshop,FRONTEND,,,9,9\nshop,db-1,${state.queued},0,${state.sessions},9\nshop,BACKEND,0,0,9,9\n\n`)
      else if (silent) return
      else if (text.startsWith('set server shop/db-1 state ')) {
        state.admin = { ready: 0, drain: 8, maint: 1 }[text.split(' ').at(-1) ?? ''] ?? 0
        peer.end('\n')
      } else peer.end('No such server.\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  t.after(() => {
    server.close()
    for (const peer of open) peer.destroy()
    rmSync(socket, { force: true })
  })
  return { socket, state, said }
}

driverContract('haproxy', haproxy, async (t): Promise<Laid> => {
  const { socket, state } = await proxy(t)
  return { config: { backend: 'shop', server: 'db-1', state: 'drain', socket }, claims: { sessions: 0, server: 'drain' }, context, state: () => Promise.resolve(JSON.stringify(state)) }
})

test('haproxy: drained is what takes no new session and has none, nor one that waits; a silent one leaves it unknown', async (t) => {
  const { socket, state } = await proxy(t)
  const config = haproxy.config.parse({ backend: 'shop', server: 'db-1', state: 'drain', socket })
  const open = { ...context, signal: new AbortController().signal }
  const drained = async (): Promise<string> => (await haproxy.observe(config, { sessions: 0 }, open)).found.is
  assert.equal(await drained(), 'fail', 'none by chance')
  state.admin = 8
  state.sessions = 1
  assert.equal(await drained(), 'fail')
  Object.assign(state, { sessions: 0, queued: 2 })
  assert.equal(await drained(), 'fail')
  state.queued = 0
  assert.equal(await drained(), 'pass')
  assert.match((await haproxy.observe(config, {}, open)).identity, /pid 7, up since 1700/)
  const missing = await haproxy.act({ ...config, server: 'db-9' }, once('run-9.6'), open)
  assert.deepEqual(missing, { is: 'failed', says: 'HAProxy says: No such server.' })
  const mute = await proxy(t, { silent: true })
  const end = new AbortController()
  setTimeout(() => end.abort(), 50)
  assert.equal((await haproxy.act({ ...config, socket: mute.socket }, once('run-9.5'), { ...context, signal: end.signal })).is, 'unknown')
  await assert.rejects(haproxy.act({ ...config, socket: '/nowhere/h.sock' }, once('run-9.7'), open), /is not there/)
})

test('C-4 a command that can never be begun has not left; of one that broke off it is not known', async () => {
  for (const [retry, left] of [['never', false], ['later', true]] as const) {
    const reach = reachOf({ ...context, signal: new AbortController().signal, commands: { ...context.commands, run: () => Promise.reject(new Fault('it is too long', retry)) } }, () => false)
    await assert.rejects(reach.context.commands.run({ argv: ['true'], on: 'local', within: seconds(1), once: once('run-1.1') }, new AbortController().signal), /too long/)
    assert.equal(reach.hasLeft(), left)
  }
})
