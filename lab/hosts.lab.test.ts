// Hosts that are asked over real ssh, each in a network namespace of its own with two cables: one by which it is reached and one that is pulled. What the
// terminal shows is what the kernel of that host says, soon after it happens; a host that cannot be reached is not known, and never well.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ClustersAnswer } from '../src/views/change/changes.ts'
import { root, sleep } from '../test/story/world.ts'

const HOSTS = ['db-1', 'db-2', 'db-3'] as const
const NET = `hf${process.pid % 10_000}`
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 })
const within = (namespace: string, ...argv: string[]): string[] => ['netns', 'exec', `${NET}-${namespace}`, ...argv]

/** A hub with two switches, and hosts with a cable to each: `eth0` for talking, `eth1` for the work. */
function lay(t: TestContext): void {
  t.after(() => ['hub', ...HOSTS].forEach((name) => {
    try {
      ip('netns', 'del', `${NET}-${name}`)
    } catch {
      // It was not made.
    }
  }))
  ip('netns', 'add', `${NET}-hub`)
  const hub = (...args: string[]): string => ip('-n', `${NET}-hub`, ...args)
  hub('link', 'set', 'lo', 'up')
  for (const bridge of ['sw-0', 'sw-1']) {
    hub('link', 'add', bridge, 'type', 'bridge')
    hub('link', 'set', bridge, 'up')
  }
  hub('addr', 'add', '10.77.0.254/24', 'dev', 'sw-0')
  for (const [n, name] of HOSTS.entries()) {
    const space = `${NET}-${name}`
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    for (const cable of [0, 1]) {
      hub('link', 'add', `p${n}-${cable}`, 'type', 'veth', 'peer', 'name', `eth${cable}`, 'netns', space)
      hub('link', 'set', `p${n}-${cable}`, 'master', `sw-${cable}`, 'up')
      ip('-n', space, 'link', 'set', `eth${cable}`, 'up')
    }
    ip('-n', space, 'addr', 'add', `10.77.0.${n + 1}/24`, 'dev', 'eth0')
  }
}

/** One sshd in the namespace of each host, with keys that nothing else knows. Gives the host key. */
function daemons(t: TestContext, folder: string): string {
  const keygen = (name: string): void => void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, name)])
  for (const name of ['host.key', 'scout.key']) keygen(name)
  mkdirSync(path.join(folder, 'let-in'), { mode: 0o755 })
  writeFileSync(path.join(folder, 'let-in/root'), readFileSync(path.join(folder, 'scout.key.pub')))
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const children: ChildProcess[] = []
  t.after(() => children.forEach((child) => child.kill('SIGTERM')))
  for (const [n, name] of HOSTS.entries()) {
    const conf = path.join(folder, `${name}.conf`)
    writeFileSync(conf, [`ListenAddress 10.77.0.${n + 1}:22`, `HostKey ${folder}/host.key`, 'PidFile none', `AuthorizedKeysFile ${folder}/let-in/%u`, 'PermitRootLogin prohibit-password', 'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', ''].join('\n'))
    children.push(spawn('ip', within(name, '/usr/sbin/sshd', '-D', '-e', '-f', conf), { stdio: 'ignore' }))
  }
  return readFileSync(path.join(folder, 'host.key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ')
}

test('C-2 C-14 cables of hosts are seen as they are; a host that is cut off, or is another one, is not known', { timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-hosts-'))
  chmodSync(folder, 0o755)
  let said = ''
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  lay(t)
  const hostKey = daemons(t, folder)
  const host = (n: number, key = hostKey): string => `  db-${n}: { ssh: "root@10.77.0.${n}", key: scout.key, host_key: "${key}", rack: r${n}, links: { eth0: { neighbour: sw-0, bond: b }, eth1: { neighbour: sw-1, bond: b } } }\n`
  const write = (third = hostKey): void => writeFileSync(path.join(folder, 'holdfast.yaml'), `version: 1\nhosts:\n${host(1)}${host(2)}${host(3, third)}clusters:\n  shop-db: { galera: [db-1, db-2, db-3] }\nchecks:\n  self: { heartbeat: true, every: 1h, depends_on: shop-db }\n`)
  write()
  const up = spawn('ip', within('hub', path.join(root, 'bin/holdfast'), 'up', '--port', '7400', '--data', path.join(folder, 'data')), { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  t.after(async () => {
    const over = new Promise((resolve) => void up.once('exit', resolve))
    up.kill('SIGTERM')
    await over
  })
  const links = (): string[] => {
    try {
      execFileSync('ip', within('hub', path.join(root, 'bin/holdfast'), 'cluster', 'show', '--json', '--data', path.join(folder, 'data')), { cwd: folder, encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (cause) {
      // Not all well is exit 3, with the answer.
      const out = (cause as { stdout?: string }).stdout ?? ''
      if (!out.startsWith('{')) return [String((cause as { stderr?: string }).stderr)]
      const [cluster] = (JSON.parse(out) as Partial<ClustersAnswer>).clusters ?? []
      return cluster === undefined ? [out] : cluster.members.flatMap((it) => it.links.map(({ link, state }) => `${it.host}/${link} ${state}`))
    }
    return ['all well']
  }
  const all = (state: string): string[] => HOSTS.flatMap((name) => ['eth0', 'eth1'].map((link) => `${name}/${link} ${state}`))
  const shows = async (what: string, limit: number, expected: readonly string[]): Promise<void> => {
    let last: readonly string[] = []
    for (const end = Date.now() + limit; Date.now() < end; await sleep(200)) {
      last = links()
      if (JSON.stringify(last) === JSON.stringify(expected)) return
    }
    assert.fail(`${what}: ${last.join(', ')}\n${said.slice(-2000)}`)
  }
  await shows('every cable is up', 60_000, all('pass'))

  // The cable of the work is pulled at the switch's end: the host itself sees that its carrier is gone.
  ip('-n', `${NET}-hub`, 'link', 'set', 'p1-1', 'down')
  await shows('the cable of db-2 is down', 15_000, all('pass').map((it) => (it === 'db-2/eth1 pass' ? 'db-2/eth1 fail' : it)))
  ip('-n', `${NET}-hub`, 'link', 'set', 'p1-1', 'up')
  await shows('it is up again', 15_000, all('pass'))

  // The cable by which it is reached: nobody can say how it is.
  ip('-n', `${NET}-hub`, 'link', 'set', 'p2-0', 'down')
  await shows('db-3 is not known', 40_000, all('pass').map((it) => (it.startsWith('db-3') ? it.replace('pass', 'unknown') : it)))
  ip('-n', `${NET}-hub`, 'link', 'set', 'p2-0', 'up')
  await shows('db-3 is known again', 90_000, all('pass'))

  // Another machine behind the address.
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, 'other.key')])
  write(readFileSync(path.join(folder, 'other.key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' '))
  await shows('db-3 is a stranger', 40_000, all('pass').map((it) => (it.startsWith('db-3') ? it.replace('pass', 'unknown') : it)))
})
