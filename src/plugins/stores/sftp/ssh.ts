// How the system's ssh is called: never with a question to a person, never with what somebody's own configuration says, never to a host that is not
// proven to be itself. Nothing in the arguments can be read as an option that was not meant.
export interface Address {
  readonly host: string
  readonly port: number
  /** From / on. */
  readonly folder: string
}

export interface Credential {
  readonly user: string
  /** A file that ssh may read, without a passphrase. */
  readonly key: string
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])$/
const FOLDER = /^\/\P{Cc}{0,1000}$/u

/** `sftp://host[:port]/folder`; nothing else means anything here. */
export function readAddress(text: string): Address | undefined {
  const parts = /^sftp:\/\/(\[[^\]/]*\]|[^/:@[\]]+)(?::(\d{1,5}))?(\/.*)$/s.exec(text)
  const [, host, port = '22', folder] = parts ?? []
  if (host === undefined || folder === undefined || !HOST.test(host) || !FOLDER.test(folder) || folder.split('/').some((part) => part === '.' || part === '..')) return undefined
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? { host: host.replace(/^\[|\]$/g, ''), port: number, folder: folder.replace(/(?<=.)\/+$/, '') } : undefined
}

/** `USER:KEYFILE`. */
export function readCredential(text: string): Credential | undefined {
  const [, user, key] = /^([A-Za-z_][A-Za-z0-9._-]{0,63}):([^\p{Cc}"%$~]{1,1000})$/u.exec(text) ?? []
  return user === undefined || key === undefined ? undefined : { user, key }
}

/** A host's public key, as it stands in a .pub file or in known_hosts behind the name. */
export const HOST_KEY = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]{40,2000}={0,2}$/

const OPTIONS: readonly string[] = [
  'BatchMode=yes', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'VerifyHostKeyDNS=no', 'PasswordAuthentication=no', 'KbdInteractiveAuthentication=no', 'GSSAPIAuthentication=no', 'HostbasedAuthentication=no',
  'IdentitiesOnly=yes', 'IdentityAgent=none', 'ForwardAgent=no', 'ForwardX11=no', 'ClearAllForwardings=yes', 'PermitLocalCommand=no', 'ControlMaster=no', 'ControlPath=none', 'EscapeChar=none',
  'ConnectTimeout=15', 'ConnectionAttempts=1', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'LogLevel=ERROR',
]

/** The whole command line. `hostKey` pins the host's key; without it the system's known_hosts decides. */
export function argvOf({ host, port }: Address, { user, key }: Credential, hostKey: string | undefined): readonly [string, ...string[]] {
  const pinned = hostKey === undefined ? [] : ['UserKnownHostsFile=none', 'GlobalKnownHostsFile=none', `KnownHostsCommand=/bin/echo %H ${hostKey}`]
  const options = [...OPTIONS, ...pinned].flatMap((option) => ['-o', option])
  return ['ssh', '-F', 'none', '-T', '-x', '-a', ...options, '-i', key, '-l', user, '-p', String(port), '-s', '--', host, 'sftp']
}
