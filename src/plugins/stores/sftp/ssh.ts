// Addresses and credentials of stores that are spoken to over the system's ssh, as they are written in the configuration.
import { sshArgv, type SshPlace } from '../../../ports/world/ssh.ts'

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

/** Where ssh is led. `hostKey` pins the host's key; without it the system's known_hosts decides. */
export const placeOf = ({ host, port }: Address, credential: Credential, hostKey: string | undefined): SshPlace =>
  ({ host, port, ...credential, ...(hostKey === undefined ? {} : { hostKey }) })

/** The whole command line. */
export const argvOf = (place: SshPlace): readonly [string, ...string[]] => sshArgv(place, { subsystem: 'sftp' })
