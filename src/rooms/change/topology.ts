// What there is to work on: hosts, how they are linked, what fails together with them, and the clusters that they form. Plain data made from
// the configuration, without a credential. What fails together is named as `rack r1`, `switch sw-1`: a host goes with each of them.
//
// A link's far end takes the host down, unless the link stands in a bond with one that leads elsewhere. That is the careful
// reading: two links of which each carries something else are two ways to lose the host, and only a bond says otherwise.
import type { SshPlace } from '../../ports/world/ssh.ts'

/** How hosts are reached, by the system's own ssh. */
export interface Door extends SshPlace {
  /** What is run there is run by sudo, which asks nobody. */
  readonly sudo?: boolean
}

export interface Link {
  readonly name: string
  /** What is at its other end: a switch, or a host of this file. */
  readonly neighbour?: string
  /** Which link of that host it is, where that one is asked too: then there are two who see one cable. */
  readonly end?: string
  /** Links of one bond stand in for each other. */
  readonly bond?: string
}

/** What fails as one, in the words of the file. */
export const FATES = ['rack', 'power', 'switch'] as const
export type Fate = (typeof FATES)[number]

export interface Host {
  readonly name: string
  /** How what changes it is done there. */
  readonly ssh?: Door
  /** How it is looked at: by the same way, but for user and keys where the file says so. */
  readonly look?: SshPlace
  readonly fate: Readonly<Partial<Record<Fate, string>>>
  readonly links: readonly Link[]
  /** `holdfast.yaml:12`. */
  readonly from: string
}

export const CLUSTERS = ['galera', 'patroni', 'etcd', 'haproxy', 'dns'] as const
export type ClusterKind = (typeof CLUSTERS)[number]

export interface Cluster {
  readonly name: string
  readonly kind: ClusterKind
  /** Names of hosts. */
  readonly members: readonly string[]
  /** Galera: what a member weighs in the count, where that is not 1. */
  readonly weights: Readonly<Record<string, number>>
  /** The table of the canary write, `schema.table`. */
  readonly canary?: string
  /** Patroni: the etcd cluster that decides who leads. Absent: its own hosts do. */
  readonly dcs?: string
  /** HAProxy: the backend whose servers and sessions are looked at. */
  readonly backend?: string
  /** DNS: the record that every authoritative server is asked for. */
  readonly record?: DnsRecord
  readonly from: string
}

export const RECORDS = ['A', 'AAAA', 'CNAME', 'TXT'] as const
export interface DnsRecord {
  /** Lower case, with its dot at the end. */
  readonly name: string
  readonly type: (typeof RECORDS)[number]
}

/** A value as servers are compared by: an IPv6 address in its one short form, a name with its dot. */
export const recordValue = (type: DnsRecord['type'], text: string): string =>
  type === 'CNAME' ? `${text.toLowerCase().replace(/\.$/, '')}.` : type === 'AAAA' && URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text

export interface Topology {
  readonly hosts: readonly Host[]
  readonly clusters: readonly Cluster[]
}

export const hostOf = ({ hosts }: Topology, name: string): Host | undefined => hosts.find((it) => it.name === name)
export const clusterOf = ({ clusters }: Topology, name: string): Cluster | undefined => clusters.find((it) => it.name === name)

/** What takes this host down with it, itself apart: `rack r1`, `switch sw-1`. */
export function fatesOf({ fate, links }: Host): string[] {
  const own = FATES.flatMap((kind) => (fate[kind] === undefined ? [] : [`${kind} ${fate[kind]}`]))
  const standsIn = (link: Link): boolean => link.bond !== undefined && links.some(({ bond, neighbour }) => bond === link.bond && neighbour !== undefined && neighbour !== link.neighbour)
  const ends = links.flatMap((link) => (link.neighbour === undefined || standsIn(link) ? [] : [`switch ${link.neighbour}`]))
  return [...new Set([...own, ...ends])]
}

/** What every one of these hosts hangs on: whatever is done to one of them, nothing tolerates the loss of that. */
export function sharedByAll(hosts: readonly Host[]): string[] {
  if (hosts.length < 2) return []
  const [first, ...rest] = hosts.map(fatesOf)
  return (first ?? []).filter((fate) => rest.every((other) => other.includes(fate)))
}
