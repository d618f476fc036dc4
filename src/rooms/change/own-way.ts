// What Holdfast itself pages by, and what planned work takes of it (C-11): the machine that it runs on, the hosts that its channels lead to, the host through
// which people reach it, and whatever it reaches others through. Only what the configuration and this machine say by themselves is compared: addresses and names
// as they are written. A name is not looked up, and neither a router nor a relay behind one is known; what is not recognised here is not known to be harmless.
import { fatesOf, hostOf, type Host, type Topology } from './topology.ts'
import type { SshPlace } from '../../ports/world/ssh.ts'
import { readAddress } from '../../ports/world/address.ts'

export interface OwnWay {
  /** Addresses of this machine, and its names. */
  readonly machine: readonly string[]
  /** The host of `site.url`: where people reach Holdfast. */
  readonly site?: string
  /** By the name of each channel: the hosts that its messages are handed to. */
  readonly channels: Readonly<Record<string, readonly string[]>>
}

/** `here`: Holdfast runs there. `way`: it does something through it. */
export interface Leaned {
  readonly is: 'here' | 'way'
  /** What people read: `Holdfast runs there (10.77.0.9 is an address of this machine)`. */
  readonly says: string
}

const bare = (text: string): string => readAddress(text)?.address ?? text.toLowerCase().replace(/\.$/, '')
const isLoopback = (text: string): boolean => text === 'localhost' || text === '::1' || text.startsWith('127.')

/** Why Holdfast could not page, be answered, or see while this host is down, as far as it is known; nothing known gives nothing. */
export function leanedOn(host: Host, topology: Topology, way: OwnWay): readonly Leaned[] {
  const called = namesOf(host)
  const own = ownName(host, way)
  const site = way.site === undefined || isLoopback(bare(way.site)) ? undefined : bare(way.site)
  const channels = Object.entries(way.channels).flatMap(([name, hosts]) => (hosts.some((it) => !isLoopback(bare(it)) && called.includes(bare(it))) ? [name] : []))
  const through = topology.hosts.filter((it) => it.name !== host.name && host.ssh !== undefined && leadsThrough(it.ssh?.via, host.ssh)).map(({ name }) => name)
  const hangs = topology.hosts.filter((it) => it.name !== host.name && ownName(it, way) !== undefined && fatesOf(it).includes(`switch ${host.name}`)).map(({ name }) => name)
  return [
    ...(own === undefined ? [] : [{ is: 'here' as const, says: `Holdfast runs there (${own} is this machine)` }]),
    ...(channels.length === 0 ? [] : [{ is: 'way' as const, says: `pages leave through it (${channels.join(', ')})` }]),
    ...(site !== undefined && own === undefined && called.includes(site) ? [{ is: 'way' as const, says: `people answer through it (site.url is ${way.site})` }] : []),
    ...(through.length === 0 ? [] : [{ is: 'way' as const, says: `${through.join(', ')} ${through.length === 1 ? 'is' : 'are'} reached through it` }]),
    ...(hangs.length === 0 ? [] : [{ is: 'way' as const, says: `${hangs.join(', ')}, where Holdfast runs, hangs on it` }]),
  ]
}

/** The same by the name of a host. */
export function leanedOnBy(name: string, topology: Topology, way: OwnWay): readonly Leaned[] {
  const host = hostOf(topology, name)
  return host ? leanedOn(host, topology, way) : []
}

const namesOf = ({ name, ssh }: Host): readonly string[] => [bare(name), ...(ssh ? [bare(ssh.host)] : [])]

/** By which address or name it is this machine. Behind a jump host an address is one of another network, so there nothing is compared. */
function ownName(host: Host, { machine }: OwnWay): string | undefined {
  if (host.ssh?.via !== undefined) return undefined
  const [known, address] = [machine.map(bare), host.ssh && bare(host.ssh.host)]
  return namesOf(host).find((it) => known.includes(it)) ?? (address !== undefined && isLoopback(address) ? address : undefined)
}

const leadsThrough = (via: SshPlace | undefined, { host, port }: SshPlace): boolean => via !== undefined && ((bare(via.host) === bare(host) && (via.port ?? 22) === (port ?? 22)) || leadsThrough(via.via, { host, ...(port === undefined ? {} : { port }) }))
