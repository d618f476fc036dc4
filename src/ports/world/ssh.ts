// How the system's ssh is called: never with a question to a person, never with what somebody's own configuration says, never to a host that is not
// proven to be itself. Nothing in the arguments can be read as an option that was not meant.
import path from 'node:path'
import { sentence } from '../../core/fault.ts'

export interface SshPlace {
  readonly host: string
  /** Where it is connected to in the name's place, when somebody judged that address; the key stays the name's. */
  readonly address?: string
  readonly port?: number
  readonly user?: string
  /** A file that ssh may read, without a passphrase; without it ssh takes those that it finds by itself. */
  readonly key?: string
  /** Pins the host's key; without it the system's known_hosts decides. */
  readonly hostKey?: string
  /** The host through which it is reached, proven and let in by its own keys. */
  readonly via?: SshPlace
}

const OPTIONS: readonly string[] = [
  'BatchMode=yes', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'VerifyHostKeyDNS=no', 'PasswordAuthentication=no', 'KbdInteractiveAuthentication=no', 'GSSAPIAuthentication=no', 'HostbasedAuthentication=no',
  'ForwardAgent=no', 'ForwardX11=no', 'ClearAllForwardings=yes', 'PermitLocalCommand=no', 'ControlMaster=no', 'ControlPath=none', 'EscapeChar=none',
  'ConnectTimeout=15', 'ConnectionAttempts=1', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'LogLevel=ERROR',
]

/** The whole command line; `then` is a subsystem, or one command for the other side's shell. */
export function sshArgv({ host, address, port, user, key, hostKey, via }: SshPlace, then: { readonly subsystem: string } | { readonly command: string } | { readonly forward: string }): readonly [string, ...string[]] {
  const own = key === undefined ? [] : ['IdentitiesOnly=yes', 'IdentityAgent=none']
  const pinned = hostKey === undefined ? [] : ['UserKnownHostsFile=none', 'GlobalKnownHostsFile=none', `KnownHostsCommand=/bin/echo %H ${hostKey}`]
  const through = via === undefined ? [] : [`ProxyCommand=${proxied(sshArgv(via, { forward: `${bracketed(address ?? host)}:${port ?? 22}` }))}`]
  // As ssh itself looks the key up: under the name, and under name and port where that is another than 22.
  const led = address === undefined ? [] : [`HostName=${address}`, `HostKeyAlias=${port === undefined || port === 22 ? host : `[${host}]:${port}`}`]
  const options = [...OPTIONS, ...led, ...own, ...pinned, ...through].flatMap((option) => ['-o', option])
  const by = [...(key === undefined ? [] : ['-i', key]), ...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])]
  return ['ssh', '-F', 'none', '-T', '-x', '-a', ...options, ...by, ...('subsystem' in then ? ['-s', '--', host, then.subsystem] : 'forward' in then ? ['-W', then.forward, '--', host] : ['--', host, then.command])]
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Not ProxyJump: ssh would call itself for that without a word of what stands above. A shell reads it, and ssh fills in what follows a “%”. */
const proxied = (argv: readonly string[]): string => argv.map(quoted).join(' ').replaceAll('%', '%%')

/** The same with every file of a key found from `folder`. */
export function sshFrom<T extends SshPlace>(folder: string, place: T): T {
  const { key, via } = place
  return { ...place, ...(key === undefined ? {} : { key: path.resolve(folder, key) }), ...(via === undefined ? {} : { via: sshFrom(folder, via) }) }
}

export interface Gone {
  /** `stranger`: it is not proven to be itself. `refused`: it does not let us in. Neither mends itself. */
  readonly is: 'stranger' | 'refused' | 'ended'
  readonly says: string
}

/** What ssh said when it went, for people. `via`: what it was reached through, whose ssh speaks there too, so that nobody knows of whom it spoke. */
export function whyGone(said: string, named: string, via?: SshPlace): Gone {
  const last = sentence(said.trim().split('\n').slice(-3).join('; ') || 'no reason given')
  const through: string[] = []
  for (let gate = via; gate; gate = gate.via) through.push(gate.host)
  const where = through.length === 0 ? named : `${named} (or what it is reached through: ${through.join(', ')})`
  if (/host key|REMOTE HOST IDENTIFICATION|No .* host key is known/i.test(said)) return { is: 'stranger', says: `${where} is not proven to be itself (${last}): compare its key, then write it into known_hosts` }
  if (/Permission denied|Load key|Identity file/i.test(said)) return { is: 'refused', says: `${where} does not let this key in (${last})` }
  return { is: 'ended', says: `${where} ended the conversation (${last})` }
}

/** A host's public key, as it stands in a .pub file or in known_hosts behind the name. */
export const HOST_KEY = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]{40,2000}={0,2}$/

/** One word for a POSIX shell, whatever stands in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
