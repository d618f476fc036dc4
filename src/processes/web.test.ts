// The real web process between fakes of its siblings: what it answers, what it hands on, and how it ends.
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { fakeSiblings, KEY, sampleBoard, sampleView, TOKENS } from '../../test/web-world.ts'
import { pingId } from '../core/link.ts'
import { instantOf } from '../core/time.ts'

interface Told { readonly is: string; readonly says?: string; readonly progress?: number }

interface Web {
  readonly child: ChildProcess
  readonly port: number
  readonly runtime: string
  readonly told: Told[]
  readonly exit: Promise<void>
}

const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as net.AddressInfo
    server.close(() => resolve(port))
  })
})

const runtimeOf = (t: TestContext): string => {
  const runtime = mkdtempSync(path.join(tmpdir(), 'hf-web-'))
  t.after(() => rmSync(runtime, { recursive: true, force: true }))
  return runtime
}

async function start(t: TestContext, runtime: string, port: number, more: object = {}): Promise<Web> {
  const child = fork(path.join(import.meta.dirname, 'web.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const told: Told[] = []
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  t.after(() => child.kill('SIGKILL'))
  const first = new Promise<void>((resolve) => child.on('message', (message: Told) => {
    told.push(message)
    if (message.is === 'ready' || message.is === 'fatal') resolve()
  }))
  child.send({ is: 'init', runtime, key: KEY.toString('base64'), host: '127.0.0.1', port, site: { name: 'Acme', url: 'http://127.0.0.1', timezone: 'Europe/Berlin' }, ...more })
  await first
  return { child, port, runtime, told, exit }
}

interface Got { readonly status: number; readonly body: string }

const ask = (at: { port?: number; socketPath?: string }, method: string, url: string, headers: Record<string, string> = {}, body = ''): Promise<Got> => new Promise((resolve, reject) => {
  const request = http.request({ ...at, ...(at.port === undefined ? {} : { host: '127.0.0.1' }), method, path: url, headers, agent: false }, (reply) => {
    let text = ''
    reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }))
  })
  request.on('error', reject)
  request.end(body)
})

/** Until it is so; a sibling is connected within moments, not at once. */
async function until(so: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    if (await so().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail('it did not come to that')
}

test('board, links, pings, alerts, API: over TCP and over the socket, by real siblings', { timeout: 120_000 }, async (t) => {
  const runtime = runtimeOf(t)
  const siblings = await fakeSiblings(runtime)
  t.after(() => siblings.close())
  const web = await start(t, runtime, await freePort())
  const tcp = { port: web.port }
  const local = { socketPath: path.join(runtime, 'web.sock') }
  await until(async () => (await ask(tcp, 'GET', '/')).status === 200)
  assert.equal(statSync(local.socketPath).mode & 0o777, 0o600)
  assert.equal((await ask(tcp, 'GET', '/healthz')).body, 'ok\n')
  assert.equal((await ask(tcp, 'GET', `/ping/${pingId(KEY, 'job')}`)).body, 'OK')
  assert.equal((await ask(tcp, 'POST', '/a/abc')).status, 200)
  assert.equal((await ask(tcp, 'GET', '/api/v1/status')).status, 401)
  assert.equal((await ask(tcp, 'GET', '/api/v1/status', { authorization: `Bearer ${TOKENS.read}` })).status, 200)
  assert.equal((await ask(local, 'GET', '/api/v1/status')).status, 200)
  const events = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(tcp, 'POST', '/v2/enqueue', {}, JSON.stringify({ routing_key: 'R'.repeat(32), event_action: 'trigger', dedup_key: `k${i}`, payload: { summary: 's', source: 's', severity: 'info' } }))))
  assert(events.every((it) => it.status === 202))
  const batches = siblings.asked.calls.filter((it) => it.name === 'triggers').map((it) => (it.args as { events: unknown[] }).events.length)
  assert.equal(batches.reduce((a, b) => a + b, 0), 40)
  const names = siblings.asked.calls.map((it) => [it.name, it.asker.is].join()).filter((it) => !it.startsWith('triggers') && !it.startsWith('tokens.noted'))
  assert.deepEqual(names, ['ping,open', 'status,token', 'status,socket'])
  web.child.send({ is: 'stop' })
  const begun = performance.now()
  await web.exit
  assert(performance.now() - begun < 10_000)
})

test('P-11 with the keeper away a link is still taken, the board stays, and writes say "not now"', { timeout: 120_000 }, async (t) => {
  const runtime = runtimeOf(t)
  const siblings = await fakeSiblings(runtime, {
    ring: (it) => (it.is === 'show' ? { is: 'shown', view: sampleView } : { is: 'did', recorded: false, view: { ...sampleView, state: 'held', heldBy: 'ada', heldSince: sampleView.incident.since } }),
  })
  t.after(() => siblings.close())
  const web = await start(t, runtime, await freePort())
  const tcp = { port: web.port }
  await until(async () => (await ask(tcp, 'GET', '/')).status === 200)
  siblings.closeKeeper()
  const taken = await ask(tcp, 'POST', '/a/abc')
  assert.equal(taken.status, 202)
  assert.match(taken.body, /Taken, not yet recorded/)
  // Ten seconds are given to the keeper (see the siblings' tests): until then nothing is confirmed.
  const ping = ask(tcp, 'GET', `/ping/${pingId(KEY, 'job')}`).then(() => 'answered', () => 'lost')
  assert.equal(await Promise.race([ping, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))]), 'waits')
  assert.equal((await ask(tcp, 'GET', '/')).status, 200)
})

test('a successor begins with the boards of its predecessor, and their age', { timeout: 120_000 }, async (t) => {
  const old = sampleBoard(instantOf(Date.now() - 400_000))
  const web = await start(t, runtimeOf(t), await freePort(), { boards: [{ is: 'board', slug: 'public', first: true, board: old }] })
  const { status, body } = await ask({ port: web.port }, 'GET', '/api/v2/status.json')
  assert.equal(status, 200)
  assert.equal((JSON.parse(body) as { status: { holdfast_state: string } }).status.holdfast_state, 'unknown')
})

test('a port that is taken is said in one sentence; whoever loses its parent ends within 2 s', { timeout: 120_000 }, async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as net.AddressInfo
  const web = await start(t, runtimeOf(t), port)
  assert.match(web.told.find((it) => it.is === 'fatal')?.says ?? '', new RegExp(`Port ${port} is taken by another program`))
  const begun = performance.now()
  web.child.kill('SIGINT')
  web.child.disconnect()
  await web.exit
  assert(performance.now() - begun < 2500)
})
