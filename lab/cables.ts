// Hosts in network namespaces of their own, each with two cables: `eth0` by which it is reached, and `eth1` for the work, each to a switch in the hub. Cables are
// really pulled: at the switch's end, so that the host sees its own carrier gone. Each host has an sshd of its own, with keys that nothing else knows.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
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

/** Where a machine that stands apart is found, and people who reach it from the hub. */
export const APART = '10.77.0.200'
const FROM_HUB = ['10.77.0.201', '10.77.0.202', '10.77.0.203']
/** An address in the hub for the n-th person. */
export const fromHub = (n: number): string => FROM_HUB[n % FROM_HUB.length] ?? ''
/** Pulls the one cable of the machine that stands apart, or puts it back. */
export const cableApart = (state: 'up' | 'down'): void => void ip('-n', `${NET}-hub`, 'link', 'set', 'p-apart', state)

/** A machine of its own in a laid net, beside the hosts: `apart`, with one cable. */
export function layApart(t: TestContext): void {
  const space = `${NET}-apart`
  t.after(() => {
    try {
      clear('apart')
      ip('netns', 'del', space)
    } catch {
      // It was not made.
    }
  })
  ip('netns', 'add', space)
  ip('-n', space, 'link', 'set', 'lo', 'up')
  ip('-n', `${NET}-hub`, 'link', 'add', 'p-apart', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
  ip('-n', `${NET}-hub`, 'link', 'set', 'p-apart', 'master', 'sw-0', 'up')
  ip('-n', space, 'addr', 'add', `${APART}/24`, 'dev', 'eth0')
  ip('-n', space, 'link', 'set', 'eth0', 'up')
  for (const address of FROM_HUB) ip('-n', `${NET}-hub`, 'addr', 'add', `${address}/24`, 'dev', 'sw-0')
}

/** A switch in the hub is turned off, or on again: everyone keeps their carrier, and nobody hears of anybody. */
export const toggleSwitch = (n: 0 | 1, state: 'up' | 'down'): void => void ip('-n', `${NET}-hub`, 'link', 'set', `sw-${n}`, state)

/** Ends what a story that was cut off left in a namespace. */
function clear(name: string): void {
  for (const pid of ip('netns', 'pids', `${NET}-${name}`).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}

/** A hub with two switches, and hosts with a cable to each: `eth0` for talking (10.77.0.n), `eth1` for the work (10.78.0.n). The hub is .254 in both. */
export function lay(t: TestContext, hosts: readonly string[]): void {
  t.after(() => ['hub', ...hosts].forEach((name) => {
    try {
      clear(name)
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
  hub('addr', 'add', '10.78.0.254/24', 'dev', 'sw-1')
  for (const [n, name] of hosts.entries()) {
    const space = `${NET}-${name}`
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    for (const eth of [0, 1]) {
      hub('link', 'add', `p${n}-${eth}`, 'type', 'veth', 'peer', 'name', `eth${eth}`, 'netns', space)
      hub('link', 'set', `p${n}-${eth}`, 'master', `sw-${eth}`, 'up')
      ip('-n', space, 'link', 'set', `eth${eth}`, 'up')
    }
    for (const eth of [0, 1]) ip('-n', space, 'addr', 'add', `10.7${7 + eth}.0.${n + 1}/24`, 'dev', `eth${eth}`)
  }
}

/** Keys that nothing else knows: of the hosts, and of who asks and acts. Gives the host key. */
function keysIn(folder: string): string {
  for (const name of ['host.key', 'scout.key']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, name)])
  mkdirSync(path.join(folder, 'let-in'), { mode: 0o755 })
  writeFileSync(path.join(folder, 'let-in/root'), readFileSync(path.join(folder, 'scout.key.pub')))
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  return readFileSync(path.join(folder, 'host.key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ')
}

function confOf(folder: string, n: number, name: string, more: readonly string[]): string {
  const conf = path.join(folder, `${name}.conf`)
  writeFileSync(conf, [`ListenAddress 10.77.0.${n + 1}:22`, `HostKey ${folder}/host.key`, 'PidFile none', `AuthorizedKeysFile ${folder}/let-in/%u`, 'PermitRootLogin prohibit-password', 'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', ...more, ''].join('\n'))
  return conf
}

/** What is begun on one host is not begun on another, though they share a disk: each has markers of its own. */
const OWN_MARKERS = 'mkdir -p -m 700 "$1" /run/holdfast-deeds && mount --bind "$1" /run/holdfast-deeds'
const markersOf = (folder: string, name: string): string => path.join(folder, `${name}.deeds`)

/** A user whom hosts of the lab have beside those of this machine: one who may change nothing. */
export const WATCH = { name: 'watch', uid: 64_999 } as const

/** What hosts have as their list of users: this machine's, and one more. */
function usersIn(folder: string): readonly [string, string] {
  const [passwd, shadow] = [path.join(folder, 'passwd'), path.join(folder, 'shadow')]
  writeFileSync(passwd, `${readFileSync('/etc/passwd', 'utf8')}${WATCH.name}:x:${WATCH.uid}:${WATCH.uid}::/nonexistent:/bin/sh\n`)
  writeFileSync(shadow, `${readFileSync('/etc/shadow', 'utf8')}${WATCH.name}:*:20000::::::\n`, { mode: 0o600 })
  return [passwd, shadow]
}
const OWN_USERS = 'mount --bind "$3" /etc/passwd && mount --bind "$4" /etc/shadow'

/** One sshd in the namespace of each host. Gives the host key. */
export function daemons(t: TestContext, folder: string, hosts: readonly string[]): string {
  const hostKey = keysIn(folder)
  const users = usersIn(folder)
  const children: ChildProcess[] = []
  t.after(() => children.forEach((child) => child.kill('SIGTERM')))
  for (const [n, name] of hosts.entries()) children.push(spawn('ip', within(name, 'sh', '-c', `${OWN_MARKERS} && ${OWN_USERS} && exec /usr/sbin/sshd -D -e -f "$2"`, 'sh', markersOf(folder, name), confOf(folder, n, name, []), ...users), { stdio: 'ignore' }))
  return hostKey
}

/** A host that can be turned off and on: what is reached of it is its sshd, and with each start it is in another boot. */
export interface Machine {
  on(): void
  off(): void
}

/** The hosts of a laid net as machines that are turned on; what is called there finds the programs in `bin` first, and reads in NODE whose they are. */
export function machines(t: Pick<TestContext, 'after'>, folder: string, hosts: readonly string[], bin: string): { readonly hostKey: string; readonly all: readonly Machine[] } {
  const hostKey = keysIn(folder)
  const all = hosts.map((name, n): Machine => {
    const boot = path.join(folder, `${name}.boot`)
    const conf = confOf(folder, n, name, [`SetEnv NODE=${n + 1} PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`])
    let child: ChildProcess | undefined
    const it: Machine = {
      on() {
        writeFileSync(boot, `${randomUUID()}\n`)
        child = spawn('ip', within(name, 'sh', '-c', `${OWN_MARKERS} && mount --bind "$3" /proc/sys/kernel/random/boot_id && exec /usr/sbin/sshd -D -e -f "$2"`, 'sh', markersOf(folder, name), conf, boot), { stdio: 'ignore' })
      },
      off() {
        child?.kill('SIGKILL')
        // Whoever is signed in goes with it.
        const gone = ip('netns', 'pids', `${NET}-${name}`).split('\n').filter(Boolean).filter((pid) => /^sshd[:-]|^\/usr\/sbin\/sshd/.test(commandOf(pid)))
        for (const pid of gone) process.kill(Number(pid), 'SIGKILL')
      },
    }
    t.after(() => it.off())
    it.on()
    return it
  })
  return { hostKey, all }
}

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
