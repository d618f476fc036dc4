// Hosts in network namespaces of their own, each with two cables: `eth0` by which it is reached, and `eth1` for the work, each to a switch in the hub. Cables are
// really pulled: at the switch's end, so that the host sees its own carrier gone. Each host has an sshd of its own, with keys that nothing else knows.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'

const NET = process.env['HOLDFAST_LAB_NET'] ?? `hf${process.pid % 10_000}`
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 })
/** The name that all namespaces of this test begin with. */
export const net = NET
/** A command line within a namespace: of a host, or `hub`. */
export const within = (namespace: string, ...argv: string[]): string[] => ['netns', 'exec', `${NET}-${namespace}`, ...argv]
/** Pulls the cable of the n-th host, from 0, or puts it back. */
export const cable = (n: number, eth: 0 | 1, state: 'up' | 'down'): void => void ip('-n', `${NET}-hub`, 'link', 'set', `p${n}-${eth}`, state)

/** A hub with two switches, and hosts with a cable to each: `eth0` for talking, `eth1` for the work. */
export function lay(t: TestContext, hosts: readonly string[]): void {
  t.after(() => ['hub', ...hosts].forEach((name) => {
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
  for (const [n, name] of hosts.entries()) {
    const space = `${NET}-${name}`
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    for (const eth of [0, 1]) {
      hub('link', 'add', `p${n}-${eth}`, 'type', 'veth', 'peer', 'name', `eth${eth}`, 'netns', space)
      hub('link', 'set', `p${n}-${eth}`, 'master', `sw-${eth}`, 'up')
      ip('-n', space, 'link', 'set', `eth${eth}`, 'up')
    }
    ip('-n', space, 'addr', 'add', `10.77.0.${n + 1}/24`, 'dev', 'eth0')
  }
}

/** One sshd in the namespace of each host, with keys that nothing else knows. Gives the host key. */
export function daemons(t: TestContext, folder: string, hosts: readonly string[]): string {
  const keygen = (name: string): void => void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, name)])
  for (const name of ['host.key', 'scout.key']) keygen(name)
  mkdirSync(path.join(folder, 'let-in'), { mode: 0o755 })
  writeFileSync(path.join(folder, 'let-in/root'), readFileSync(path.join(folder, 'scout.key.pub')))
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const children: ChildProcess[] = []
  t.after(() => children.forEach((child) => child.kill('SIGTERM')))
  for (const [n, name] of hosts.entries()) {
    const conf = path.join(folder, `${name}.conf`)
    writeFileSync(conf, [`ListenAddress 10.77.0.${n + 1}:22`, `HostKey ${folder}/host.key`, 'PidFile none', `AuthorizedKeysFile ${folder}/let-in/%u`, 'PermitRootLogin prohibit-password', 'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', ''].join('\n'))
    children.push(spawn('ip', within(name, '/usr/sbin/sshd', '-D', '-e', '-f', conf), { stdio: 'ignore' }))
  }
  return readFileSync(path.join(folder, 'host.key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ')
}
