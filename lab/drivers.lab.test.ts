// Drivers on real servers: HAProxy with connections that linger, PowerDNS and BIND with a TTL that is waited for, a Galera cluster, and commands over a real
// sshd that hang, flood, ask questions, lose their connection, or meet another host than the one that is meant.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { minutes } from '../src/core/time.ts'
import dns from '../src/plugins/drivers/dns.ts'
import galeraDriver from '../src/plugins/drivers/galera.ts'
import haproxy from '../src/plugins/drivers/haproxy.ts'
import runDriver from '../src/plugins/drivers/run.ts'
import { driverContract, once, type Laid } from '../src/ports/driver/driver.contract.ts'
import { HALTED, type Ran } from '../src/ports/driver/commands.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { createCommands } from '../src/processes/doer/commands.ts'
import { tellLocally } from '../src/processes/doer/local-socket.ts'
import type { Door } from '../src/rooms/change/topology.ts'
import { balancer, bind, folderOf, galera, powerdns, shell, type Shell } from './driving.ts'

const world = { ...createClock(), ...createTimers() }
const contextWith = (doors: Readonly<Record<string, Door>> = {}): Laid['context'] => ({
  egress: egressWith(), timers: world, now: () => world.now(), local: tellLocally, commands: createCommands({ doors, world }),
})
const open = new AbortController().signal

/** Takes connections and holds them until it is told. */
async function holding(t: TestContext): Promise<{ port: number; let(): void; held: Set<net.Socket> }> {
  const held = new Set<net.Socket>()
  const server = net.createServer((peer) => {
    held.add(peer)
    peer.on('error', () => undefined)
    peer.on('close', () => held.delete(peer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = (): void => held.forEach((peer) => peer.destroy())
  t.after(() => {
    server.close()
    drop()
  })
  return { port: (server.address() as net.AddressInfo).port, let: drop, held }
}
async function until(what: string, so: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  for (const end = Date.now() + within; Date.now() < end;) {
    if (await so()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail(`it did not come: ${what}`)
}

test('haproxy: drained is when the last session has gone; a restart forgets it, and is another process', async (t) => {
  const [one, two] = [await holding(t), await holding(t)]
  const { socket, port, restart } = await balancer(t, [one.port, two.port])
  const context = { ...contextWith(), signal: open }
  const config = haproxy.config.parse({ backend: 'shop', server: 'db-1', state: 'drain', socket })
  const peers = Array.from({ length: 4 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined))
  t.after(() => peers.forEach((peer) => peer.destroy()))
  await until('sessions', () => one.held.size === 2)
  assert.deepEqual((await haproxy.observe(config, { sessions: 0 }, context)).found, { is: 'fail', says: 'db-1 is in ready and up, with 2 sessions' })
  assert.equal((await haproxy.act(config, once('run-1.1'), context)).is, 'done')
  const draining = await haproxy.observe(config, { sessions: 0, server: 'drain' }, context)
  assert.deepEqual(draining.found, { is: 'fail', says: 'db-1 is in drain, with 2 sessions' })
  one.let()
  await until('drained', async () => (await haproxy.observe(config, { sessions: 0, server: 'drain' }, context)).found.is === 'pass')
  await restart()
  const after = await haproxy.observe(config, { server: 'drain' }, context)
  assert.deepEqual([after.found.is, after.identity === draining.identity], ['fail', false])
  assert.equal((await haproxy.act({ ...config, backend: 'shopp' }, once('run-1.2'), context)).is, 'failed')
})

driverContract('haproxy, a real one', haproxy, async (t): Promise<Laid> => {
  const [one, two] = [await holding(t), await holding(t)]
  const { socket } = await balancer(t, [one.port, two.port])
  const state = async (): Promise<unknown> => {
    const told = await tellLocally({ path: socket, text: 'show servers state shop\n', mostBytes: 100_000, signal: open })
    return told.is === 'answered' ? told.text.split('\n').filter((line) => /^\d+ shop/.test(line)).map((line) => line.split(' ').slice(3, 7).join(' ')) : told
  }
  return { config: { backend: 'shop', server: 'db-2', state: 'maint', socket }, claims: { server: 'maint', sessions: 0 }, context: contextWith(), state }
})

const WWW = { zone: 'example.test', name: 'www.example.test', to: ['192.0.2.99', '192.0.2.98'], ttl: 5 }
driverContract('dns, PowerDNS', dns, async (t): Promise<Laid> => {
  const { api, at, records } = await powerdns(t, 'c4n4ry-pdns-key')
  return { config: { target: 'acme', ...WWW }, claims: { everywhere: true }, target: { powerdns: api, key: 'c4n4ry-pdns-key', authoritative: [at] }, context: contextWith(), state: async () => records(), secrets: ['c4n4ry-pdns-key'] }
})
driverContract('dns, BIND', dns, async (t): Promise<Laid> => {
  const { at, tsig, secret, records } = await bind(t)
  return { config: { target: 'acme', ...WWW }, claims: { everywhere: true }, target: { update: at, tsig, authoritative: [at] }, context: contextWith(), state: async () => records(), secrets: [secret] }
})

test('dns: the old TTL is waited for; one server that lags, or is silent, is not everywhere; a wrong key changes nothing', async (t) => {
  const [first, second] = [await bind(t), await powerdns(t, 'key')]
  const config = dns.config.parse({ target: 'acme', ...WWW })
  const act = async (target: object, signal = open): Promise<[string, string]> => {
    const acted = await dns.act(config, once('run-2.1'), { ...contextWith(), signal, target: dns.target?.parse(target) ?? assert.fail() })
    return [acted.is, acted.says]
  }
  const at = Date.now()
  assert.deepEqual(await act({ update: first.at, tsig: first.tsig, authoritative: [first.at] }), ['done', 'every one of 1 authoritative servers answers so, and 2 s of old TTL are over'])
  assert.ok(Date.now() - at >= 2000, 'the old TTL')
  const end = new AbortController()
  setTimeout(() => end.abort(), 1500)
  const lagging = await act({ update: first.at, tsig: first.tsig, authoritative: [first.at, second.at] }, end.signal)
  assert.deepEqual([lagging[0], /not every server answered so in time: .*192\.0\.2\.1/.test(lagging[1])], ['unknown', true], lagging[1])
  const before = first.records()
  assert.equal((await act({ update: first.at, tsig: first.tsig, authoritative: [first.at, '127.0.0.1:1'] }))[0], 'failed', 'nothing was sent: it could not be seen everywhere')
  assert.match((await act({ update: first.at, tsig: `hmac-sha256:hf-key:${randomBytes(32).toString('base64')}`, authoritative: [first.at] }))[1], /refused the update/)
  assert.match((await act({ powerdns: second.api, key: 'wrong-key', authoritative: [second.at] }))[1], /PowerDNS answered 401/)
  assert.equal(first.records(), before)
})

test('galera: a member is desynced and weighed, and says so itself', async (t) => {
  const { port } = await galera(t, 'c4n4ry-word')
  const [of, context, target] = [{ target: 'shop', host: '127.0.0.1' }, contextWith(), { as: `mysql://admin:c4n4ry-word@any:${port}/` }]
  const it = { ...context, signal: open, target: galeraDriver.target?.parse(target) ?? assert.fail() }
  const config = (more: object): ReturnType<typeof galeraDriver.config.parse> => galeraDriver.config.parse({ ...of, ...more })
  const seen = async (claims: object): Promise<string> => (await galeraDriver.observe(config({ desync: true }), galeraDriver.claims.parse(claims), it)).found.is
  assert.deepEqual([await seen({ desynced: true }), await seen({ desynced: false, weighs: 1 })], ['fail', 'pass'])
  assert.equal((await galeraDriver.act(config({ weight: 3 }), once('run-3.1'), it)).is, 'done')
  assert.equal((await galeraDriver.act(config({ desync: true }), once('run-3.2'), it)).is, 'done')
  assert.deepEqual([await seen({ desynced: true, weighs: 3 }), await seen({ weighs: 1 })], ['pass', 'fail'])
  assert.equal((await galeraDriver.act(config({ desync: false }), once('run-3.3'), it)).is, 'done')
  assert.equal(await seen({ desynced: false }), 'pass')
  const stranger = await galeraDriver.act(config({ desync: true }), once('run-3.4'), { ...it, target: { as: target.as.replace('c4n4ry-word', 'wrong-word') } })
  assert.deepEqual([stranger.is, stranger.says.includes('wrong-word')], ['failed', false], stranger.says)
  assert.equal(await seen({ desynced: false }), 'pass')
})

interface Remote {
  readonly it: Shell
  readonly folder: string
  begin(argv: readonly string[], more?: { readonly name?: string; readonly signal?: AbortSignal; readonly onHalt?: 'kill'; readonly door?: Partial<Door> }): Promise<Ran>
  recall(name: string): ReturnType<ReturnType<typeof createCommands>['recall']>
  fresh(): string
}
async function remote(t: TestContext): Promise<Remote> {
  const it = await shell(t)
  const door: Door = { host: '127.0.0.1', port: it.port, user: 'root', key: it.key, hostKey: it.hostKey }
  const folder = folderOf(t)
  const name = `run-l${randomBytes(4).toString('hex')}`
  let count = 0
  t.after(() => {
    for (let n = 1; n <= count; n++) rmSync(`/run/holdfast-deeds/${name}.${n}`, { recursive: true, force: true })
  })
  const fresh = (): string => `${name}.${++count}`
  return {
    it, folder, fresh,
    begin: (argv, { name: of = fresh(), signal = open, onHalt, door: more } = {}) =>
      createCommands({ doors: { 'db-1': { ...door, ...more } }, world }).run({ argv, on: 'db-1', within: minutes(1), once: { ...once(of), beside: [name] }, ...(onHalt ? { onHalt } : {}) }, signal),
    recall: (of) => createCommands({ doors: { 'db-1': door }, world }).recall({ name: of }, 'db-1', open),
  }
}
const short = (ran: Ran): string => (ran.is === 'ended' ? `ended ${ran.output.exit}: ${ran.output.tail}` : ran.is === 'refused' ? `refused ${ran.why}` : 'unknown')

test('C-9 C-16 commands over ssh: words arrive as they are, what fails with exit 0 proves nothing, a question finds nobody, a flood is bounded', async (t) => {
  const { it, folder, begin, fresh, recall } = await remote(t)
  const words = ['; rm -rf /', '-oProxyCommand=sh', '$(reboot)', "it's", '"', '`id`', 'a\nb', '*', '', ' ', '\\', '~', '!!', 'ü']
  assert.equal(short(await begin(['printf', '[%s]', ...words])), `ended 0: ${words.map((word) => `[${word}]`).join('')}`)
  const commands = createCommands({ doors: { 'db-1': { host: '127.0.0.1', port: it.port, user: 'root', key: it.key, hostKey: it.hostKey } }, world })
  const context = { ...contextWith(), commands, signal: open, begun: { name: fresh() } }
  const failed = await runDriver.act({ run: ['sh', '-c', 'echo "ERROR: the package was not upgraded"'], on: 'db-1' }, once(context.begun.name), context)
  assert.equal(failed.is, 'done')
  assert.equal((await runDriver.observe({ run: ['x'], on: 'db-1' }, {}, context)).found.is, 'unknown', 'a command is no proof')
  assert.equal((await runDriver.observe({ run: ['x'], on: 'db-1' }, { exit: 0 }, context)).found.is, 'pass')
  assert.match(short(await begin(['sh', '-c', 'printf "Continue? [y/N] "; read -r answer; echo "[$answer] $?"; tty'])), /Continue\? \[y\/N\] \[\] 1\nnot a tty\n/)
  const memory = process.memoryUsage().rss
  const flood = await begin(['sh', '-c', 'echo first; head -c 1000000000 /dev/zero; echo last'])
  assert.ok(flood.is === 'ended')
  assert.deepEqual([flood.output.exit, flood.output.bytes, flood.output.tail.startsWith('first\n'), flood.output.tail.endsWith('last\n'), flood.output.tail.length < 70_000], [0, 1_000_000_011, true, true, true])
  assert.ok(process.memoryUsage().rss - memory < 60_000_000, 'the flood stays there')
  const name = fresh()
  assert.deepEqual((await Promise.all([1, 2, 3].map(() => begin(['sh', '-c', `echo x >>${folder}/once`], { name })))).map(short).sort(), ['ended 0: ', 'unknown', 'unknown'])
  assert.equal(readFileSync(path.join(folder, 'once'), 'utf8'), 'x\n')
  assert.deepEqual(await recall(`${name}x`), { is: 'none' })
})

test('C-4 C-16 ssh is lost while the command goes on: unknown, never begun twice, and found ended later; a hang is bounded', async (t) => {
  const { it, folder, begin, recall, fresh } = await remote(t)
  const file = path.join(folder, 'mark')
  const name = fresh()
  const going = begin(['sh', '-c', 'echo begun; touch "$0.begun"; until [ -e "$0.go" ]; do sleep 0.1; done; echo over; exit 7', file], { name })
  await until('it began', () => existsSync(`${file}.begun`))
  it.cut()
  assert.equal(short(await going), 'unknown')
  assert.deepEqual(await recall(name), { is: 'going' })
  assert.deepEqual([short(await begin(['true'], { name })), short(await begin(['true']))], ['unknown', 'refused busy'])
  await begin(['touch', `${file}.go`], { name: `${name.split('.')[0]}x.1` })
  rmSync(`/run/holdfast-deeds/${name.split('.')[0]}x.1`, { recursive: true, force: true })
  await until('it ended', async () => (await recall(name)).is === 'ended')
  assert.deepEqual(await recall(name), { is: 'ended', output: { exit: 7, bytes: 11, tail: 'begun\nover\n' } })
  const halt = new AbortController()
  const hung = fresh()
  const hanging = begin(['sh', '-c', '(sleep 60 & sleep 60); true'], { name: hung, signal: halt.signal, onHalt: 'kill' })
  await until('it hangs', async () => (await recall(hung)).is === 'going')
  const at = Date.now()
  halt.abort(HALTED)
  assert.equal(short(await hanging), 'unknown')
  assert.ok(Date.now() - at < 2000)
  await until('it was killed', async () => (await recall(hung)).is === 'gone')
})

test('C-9 C-16 through another host and by sudo: words arrive as they are; each is proven by its own key, or nothing is begun', async (t) => {
  const { it, folder, begin } = await remote(t)
  const gate = await shell(t)
  const via = { host: '127.0.0.1', port: gate.port, user: 'root', key: gate.key, hostKey: gate.hostKey }
  const words = ['; rm -rf /', "it's", '%h', '$(reboot)', 'a\nb', '', '\\']
  assert.equal(short(await begin(['printf', '[%s]', ...words], { door: { via, sudo: true } })), `ended 0: ${words.map((word) => `[${word}]`).join('')}`)
  assert.match(short(await begin(['sh', '-c', 'echo "$SUDO_USER"'], { door: { sudo: true } })), /^ended 0: root$/m)
  const file = path.join(folder, 'through')
  assert.equal(short(await begin(['touch', file], { door: { via: { ...via, hostKey: gate.otherKey } } })), 'refused stranger')
  assert.equal(short(await begin(['touch', file], { door: { via: { ...via, key: it.key } } })), 'refused unreachable')
  assert.equal(short(await begin(['touch', file], { door: { via, hostKey: it.otherKey } })), 'refused stranger')
  assert.equal(existsSync(file), false)
})

test('C-15 what forks without end, as far as its host lets it, is gone when the step says that a halt kills', async (t) => {
  const { folder, begin, recall, fresh } = await remote(t)
  const [name, user, halt] = [fresh(), '54321', new AbortController()]
  const bomb = begin(['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'prlimit', '--nproc=40', 'sh', '-c', 'b() { b | b & }; b; while :; do sleep 1; b; done'], { name, signal: halt.signal, onHalt: 'kill' })
  const many = (): number => Number(execFileSync('sh', ['-c', `ps -u ${user} -o pid= | wc -l`], { encoding: 'utf8' }))
  await until('it forks', () => many() > 10)
  halt.abort(HALTED)
  assert.equal(short(await bomb), 'unknown')
  await until('nothing is left of it', () => many() === 0)
  await until('it is known to be over', async () => ['gone', 'ended'].includes((await recall(name)).is))
  assert.equal(short(await begin(['test', '-d', folder])), 'ended 0: ')
})

test('C-9 C-16 another host behind the name, a changed key, a host that does not let us in, and one that is not there: nothing is begun', async (t) => {
  const { it, folder, begin } = await remote(t)
  const file = path.join(folder, 'never')
  const commands = createCommands({ doors: { 'db-1': { host: '127.0.0.1', port: it.port, user: 'root', key: it.key, hostKey: it.hostKey } }, world })
  assert.match(await commands.identify('db-1', open), new RegExp(`^${os.hostname()}, host key SHA256:\\S+, boot [0-9a-f-]{36}$`))
  assert.equal(short(await begin(['touch', file], { door: { hostKey: it.otherKey } })), 'refused stranger')
  const strange = mkdtempSync(path.join(folder, 'k-'))
  assert.equal(short(await begin(['touch', file], { door: { key: path.join(strange, 'none') } })), 'refused unreachable')
  assert.equal(short(await begin(['touch', file], { door: { port: 1 } })), 'refused unreachable')
  await it.swap()
  assert.equal(short(await begin(['touch', file])), 'refused stranger')
  await assert.rejects(commands.identify('db-1', open), /not proven to be itself/)
  assert.equal(existsSync(file), false)
})
