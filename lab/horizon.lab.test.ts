// W-6 with a real network: Holdfast in a network namespace of its own, the world that it watches in another, a cable between them.
// When nothing far answers any more, one page says that this node is cut off and nobody far is accused; what is near is accused as
// ever, and a refusal accuses whoever refuses. The same when the cable is pulled, when the way out is gone, and across a
// restart. When the world is back, so is everything. Needs root: ip (iproute2) makes namespaces and the cable.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'
import { createInterface } from 'node:readline'
import { folderFor, removeFolder, root, runCli, until, writeConfig, type Hook } from '../test/story/world.ts'

const HERE = `hf-here-${process.pid}`
const FAR = `hf-far-${process.pid}`
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', timeout: 10_000 })
const US = '10.91.7.1'
const [ANCHORS, SHOP, DOOR] = [['10.91.7.2', '10.91.7.3'], '10.91.7.4', '10.91.7.5'] as const

const CONFIG = `version: 1
site: { name: Acme, url: "https://hold.acme.example", timezone: UTC }
channels: { hook: { webhook: "http://127.0.0.1:9099/page" } }
people: { ada: { reach: [hook] } }
horizon: { anchors: ["${ANCHORS[0]}:53", "${ANCHORS[1]}:53"] }
defaults: { check: { every: 2s, timeout: 1s, fail_after: 2, recover_after: 2, unknown_after: 25s } }
checks:
  shop: { tcp: "${SHOP}:80" }
  door: { tcp: "${DOOR}:80" }
  near: { tcp: "127.0.0.1:8081" }
escalation: { default: [ { page: [ada], repeat: 5s } ] }
status_pages: { public: { components: { Shop: [shop], Door: [door], Near: [near] } } }
`

/** Servers that open and close their ports as they are told on their input, in a namespace; what is posted to 9099 is printed. */
const SERVERS = `
const net = require('node:net'), http = require('node:http'), open = new Map()
http.createServer((q, r) => { let b = ''; q.on('data', (c) => b += c); q.on('end', () => { console.log(b); r.end('ok') }) }).listen(9099, '127.0.0.1')
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, host, port] = line.split(' ')
  if (verb === 'close') return open.get(host).close()
  const server = net.createServer((socket) => { socket.on('error', () => {}); socket.end() }).listen(Number(port), host, () => console.log('{}'))
  open.set(host, server)
}).on('close', () => process.exit())
`

interface Place {
  tell(line: string): void
  readonly heard: unknown[]
  end(): void
}

function placeIn(namespace: string): Place {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', SERVERS], { stdio: ['pipe', 'pipe', 'inherit'] })
  const heard: unknown[] = []
  createInterface({ input: child.stdout }).on('line', (line) => void heard.push({ at: Date.now(), body: JSON.parse(line) as unknown }))
  return { heard, tell: (line) => void child.stdin.write(`${line}\n`), end: () => void child.stdin.end() }
}

/** A cable between two namespaces; taken away with them, whatever happened. */
function lay(): void {
  for (const name of [HERE, FAR]) {
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
  }
  ip('-n', HERE, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', FAR)
  for (const address of [...ANCHORS, SHOP, DOOR]) ip('-n', FAR, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  ip('-n', HERE, 'addr', 'add', `${US}/24`, 'dev', 'eth0')
  for (const name of [HERE, FAR]) ip('-n', name, 'link', 'set', 'eth0', 'up')
}

/** Answers of these addresses go nowhere: silence, as of a host behind a dead line. */
const hush = (want: boolean, addresses: readonly string[]): void => addresses.forEach((address) => void ip('-n', FAR, 'rule', want ? 'add' : 'del', 'blackhole', 'from', address))

test('W-6 cut off: one page, nobody far accused, near and refusing ones accused as ever; back with the world', { timeout: 280_000 }, async (t) => {
  const folder = folderFor('horizon')
  const places: Place[] = []
  let child: ChildProcess | undefined
  let output = ''
  const start = (): void => {
    child = spawn('ip', ['netns', 'exec', HERE, path.join(root, 'bin/holdfast'), 'up', '--port', '7400', '--data', path.join(folder, 'data')], {
      cwd: folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  }
  const stop = async (): Promise<void> => {
    if (!child) return
    const over = new Promise((resolve) => void child?.once('exit', resolve))
    child.kill('SIGTERM')
    await over
  }
  t.after(async () => {
    await stop()
    for (const place of places) place.end()
    for (const name of ip('netns').split('\n').map((line) => line.split(' ')[0] ?? '')) if (name === HERE || name === FAR) ip('netns', 'del', name)
    removeFolder(folder)
  })
  lay()
  const [here, far] = [placeIn(HERE), placeIn(FAR)]
  places.push(here, far)
  for (const address of ANCHORS) far.tell(`open ${address} 53`)
  for (const address of [SHOP, DOOR]) far.tell(`open ${address} 80`)
  here.tell('open 127.0.0.1 8081')
  await until('the world stands', 5000, () => far.heard.length === 4 && here.heard.length === 1)
  writeConfig(folder, CONFIG)
  start()

  const hooks = (): Hook[] => (here.heard as Hook[]).filter(({ body }) => body.incident !== undefined)
  const paged = (from: number): string[] => [...new Set(hooks().filter(({ at, body }) => at >= from && body.event === 'page').map(({ body }) => body.incident.title))].sort()
  const say = (cause: unknown): never => assert.fail(`${String(cause)}\npaged: ${hooks().map(({ body }) => `${body.event} ${body.incident.title}`).join(', ')}\n${output}`)
  const cli = (...args: string[]) => runCli(folder, {}, args)
  const open = async (): Promise<string[]> => (JSON.parse((await cli('incidents', 'list', '--json')).out) as { incidents: { subject: string }[] }).incidents.map(({ subject }) => subject).sort()
  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries((JSON.parse((await cli('checks', 'list', '--json')).out) as { checks: { name: string; state: string }[] }).checks.map(({ name, state }) => [name, state]))
  const allUp = async (): Promise<boolean> => Object.values(await states().catch(() => ({ none: 'new' }))).every((state) => state === 'up')
  const isOpen = (...subjects: string[]) => async (): Promise<boolean> => JSON.stringify(await open()) === JSON.stringify(subjects)
  await until('all is well', 30_000, allUp).catch(say)

  await t.test('silence of everything far: one page, for longer than anything may be unknown; near is accused', async () => {
    const at = Date.now()
    hush(true, [...ANCHORS, SHOP, DOOR])
    await until('people hear that this node is cut off', 40_000, () => paged(at).includes('This node is cut off')).catch(say)
    t.diagnostic(`said so after ${Date.now() - at} ms`)
    here.tell('close 127.0.0.1')
    await until('near is accused', 10_000, () => paged(at).includes('near is down')).catch(say)
    await until('far is not known', 40_000, async () => (await states())['shop'] === 'unknown').catch(say)
    assert.deepEqual(paged(at), ['This node is cut off', 'near is down'])
    assert.deepEqual(await open(), ['check:near', 'node:isolated'])
    here.tell('open 127.0.0.1 8081')
    await until('near is back', 15_000, isOpen('node:isolated')).catch(say)
  })

  await t.test('one that refuses while the anchors are silent is accused; the rest comes back with the world', async () => {
    const at = Date.now()
    far.tell(`close ${DOOR}`)
    hush(false, [DOOR])
    await until('door is accused', 15_000, () => paged(at).includes('door is down')).catch(say)
    assert.deepEqual(await open(), ['check:door', 'node:isolated'])
    hush(false, [...ANCHORS, SHOP])
    far.tell(`open ${DOOR} 80`)
    await until('all of it is over', 30_000, isOpen()).catch(say)
    await until('all is well', 15_000, allUp).catch(say)
    assert.equal(hooks().filter(({ body }) => body.event === 'recovered' && body.incident.title === 'This node is cut off').length, 1)
  })

  await t.test('one far target that is silent while the anchors answer is accused', async () => {
    const at = Date.now()
    hush(true, [SHOP])
    await until('shop is accused', 20_000, () => paged(at).includes('shop is down')).catch(say)
    assert.deepEqual(paged(at), ['shop is down'])
    hush(false, [SHOP])
    await until('it is over', 20_000, isOpen()).catch(say)
  })

  await t.test('the cable is pulled: the same, also across a restart', async () => {
    const at = Date.now()
    ip('-n', FAR, 'link', 'set', 'eth0', 'down')
    await until('people hear that this node is cut off', 40_000, () => paged(at).includes('This node is cut off')).catch(say)
    t.diagnostic(`said so after ${Date.now() - at} ms`)
    await stop()
    ip('-n', FAR, 'link', 'set', 'eth0', 'up')
    start()
    await until('all of it is over', 40_000, () => isOpen()().catch(() => false)).catch(say)
    assert.deepEqual(paged(at), ['This node is cut off'])
  })

  await t.test('the way out is gone on this side, so that nothing can even be sent: the same', async () => {
    const at = Date.now()
    ip('-n', HERE, 'link', 'set', 'eth0', 'down')
    await until('people hear that this node is cut off', 40_000, () => paged(at).includes('This node is cut off')).catch(say)
    t.diagnostic(`said so after ${Date.now() - at} ms`)
    await until('far is not known', 60_000, async () => (await states())['shop'] === 'unknown').catch(say)
    assert.deepEqual(await open(), ['node:isolated'])
    ip('-n', HERE, 'link', 'set', 'eth0', 'up')
    await until('all of it is over', 40_000, isOpen()).catch(say)
    assert.deepEqual(paged(at), ['This node is cut off'])
    assert.equal((await cli('ledger', 'verify')).code, 0)
  })
})
