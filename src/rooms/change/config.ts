// The change room's part of the configuration: hosts with what fails together, clusters, and runbooks. Every name leads somewhere, in both directions:
// a cluster names hosts, a host is named by something, the two ends of a cable name each other. Where a host or a value will stand in a
// command, nothing that begins with “-” is taken. What is given back holds no credential.
import { z } from 'zod'
import { nameKey, names, webAddress } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import { databaseText, MYSQL, POSTGRES } from '../../ports/database.ts'
import { HOST_KEY, type SshPlace } from '../../ports/world/ssh.ts'
import { readHost } from '../../ports/target.ts'
import type { Way } from './heard/asking.ts'
import type { Runbook } from './runbook.ts'
import type { AnyDriver } from '../../ports/driver/driver.ts'
import { readRunbook, type Around } from './runbook-config.ts'
import { runbookSchema } from './runbook-schema.ts'
import { namedTargets, targetsShape } from './targets.ts'
import { CLUSTERS, FATES, RECORDS, recordValue, sharedByAll, type Cluster, type ClusterKind, type Door, type Host, type Link, type Topology } from './topology.ts'

export interface ChangeConfig extends Topology {
  readonly runbooks: readonly Runbook[]
}

/** What the runbooks lean on that other rooms own: names of the file, those with findings included. */
export type Known = Pick<Around, 'checks' | 'backups' | 'people' | 'rotations' | 'boards' | 'timezone'>

/** Names that stand for what is not a host of the file. */
const TAKEN = ['local']
const MOST_MEMBERS = 32

/** One word or a few, as they will stand in a text or in a command: never something that begins like an option. */
const place = (says: string): z.ZodString => z.string().max(63).regex(/^[\p{L}\p{N}][\p{L}\p{N} _./:+-]*$/u, 'letters, digits and blanks, beginning with a letter or a digit').meta({ description: says })

const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/
const keyFile = (): z.ZodString => z.string().regex(/^[^-\p{Cc}"%$~][^\p{Cc}"%$~]{0,1000}$/u, 'a file, without % $ ~ and quotes')

const NEIGHBOUR = /^(?=.*[A-Za-z])[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62})?$/

const linkSchema = z.strictObject({
  neighbour: z.string().regex(NEIGHBOUR, 'a name, or a host and its link: db-3/eth1').optional().meta({ description: 'What is at its other end: a switch, or a host of this file, with its link where several lead there', examples: ['sw-1', 'db-3/eth1'] }),
  bond: nameKey().optional().meta({ description: 'Links of one bond stand in for each other' }),
})

const hostSchema = z.strictObject({
  ssh: z.string().max(300).optional().meta({ description: 'Where the system’s own ssh finds it', examples: ['root@10.77.0.1'] }),
  key: keyFile().optional().meta({ description: 'The private key that ssh takes for it, a file without a passphrase', examples: ['/etc/holdfast/scout.key'] }),
  host_key: z.string().regex(HOST_KEY, 'as it stands in the host’s .pub file: ssh-ed25519 AAAA…').optional().meta({ description: 'The host’s own key; without it the system’s known_hosts has to hold one' }),
  via: nameKey().optional().meta({ description: 'The host of this file through which ssh reaches it, with the user and the keys that stand there' }),
  look: z.strictObject({
    user: z.string().regex(USER, 'the name of a user').optional().meta({ description: 'The user as whom ssh looks at it, who need have no right to change anything' }),
    key: keyFile().optional().meta({ description: 'The private key that ssh takes to look, a file without a passphrase' }),
  }).optional().meta({ description: 'How it is looked at where that is by another user or key than steps are done by' }),
  sudo: z.boolean().optional().meta({ description: 'Whether commands of steps are run by sudo, which has to ask for no password' }),
  rack: place('The rack that it stands in').optional(),
  power: place('What feeds it, where that takes it down').optional(),
  switch: place('The switch that takes it down').optional(),
  links: z.record(nameKey(), linkSchema).optional().meta({ description: 'Its network interfaces, by name' }),
})

const members = (says: string): z.ZodType<string[], string | string[]> => names().meta({ description: says })

const clusterSchema = z.strictObject({
  galera: members('MariaDB or MySQL with Galera: its hosts').optional(),
  patroni: members('PostgreSQL under Patroni: its hosts').optional(),
  etcd: members('etcd: its hosts').optional(),
  haproxy: members('HAProxy: its hosts, each with the same backend').optional(),
  dns: members('Authoritative servers of one zone: all of their hosts').optional(),
  as: z.string().min(1).max(4000).optional().meta({ secret: true, description: 'How its members are asked: one address, the host is put in for each; by ${secret:…}' }),
  rest: webAddress().optional().meta({ description: 'Patroni: where its own interface answers; the host is put in for each member, and http://…:8008 is taken where it is absent', examples: ['http://any:8008'] }),
  canary: z.string().regex(/^[A-Za-z_][A-Za-z0-9_$]{0,62}\.[A-Za-z_][A-Za-z0-9_$]{0,62}$/, 'a table with its schema, such as holdfast.canary').optional().meta({ description: 'The table in which a committed write is tried' }),
  weights: z.record(nameKey(), z.int().min(0).max(255)).optional().meta({ description: 'Galera: pc.weight of members, where it is not 1' }),
  backend: z.string().max(200).regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, 'letters, digits, “_”, “.”, “:” and “-”, as HAProxy names it').optional().meta({ description: 'HAProxy: the backend whose servers and sessions are looked at' }),
  record: z.string().max(253).regex(/^(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\.)+[A-Za-z0-9_-]{1,63}\.?$/, 'a name of DNS, such as www.example.com').optional().meta({ description: 'DNS: the record that every server is asked for' }),
  type: z.enum(RECORDS).optional().meta({ description: 'DNS: its type (A)' }),
  dcs: nameKey().optional().meta({ description: 'Patroni: the etcd cluster that says who leads' }),
})

/** Top-level settings of this room, for editors. */
export const changeShape = (drivers: readonly AnyDriver[]): z.ZodRawShape => ({
  hosts: z.record(nameKey(), hostSchema).optional(),
  clusters: z.record(nameKey(), clusterSchema).optional(),
  runbooks: z.record(nameKey(), runbookSchema(drivers)).optional(),
  ...targetsShape(drivers),
})

/** What a check may lean on beside checks: names of hosts and clusters, those with findings included. */
export const standingNames = (reading: Reading): string[] => ['hosts', 'clusters'].flatMap((section) => reading.named([section]).map(([name]) => name))

/** Reads the room's sections; what is wrong is noted in the reading, and left out of what is given back. */
export function readChange(reading: Reading, known: Known, drivers: readonly AnyDriver[]): ChangeConfig {
  const named = reading.named(['hosts']).map(([name]) => name)
  const clusterNames = reading.named(['clusters']).map(([name]) => name)
  const read = throughOthers(reading, named.flatMap((name) => readHostSection(reading, name, named) ?? []), named)
  judgeCables(reading, read, named)
  const hosts = withEnds(read)
  const clusters = clusterNames.flatMap((name) => readCluster(reading, name, { named, clusterNames, hosts }) ?? [])
  const around: Around = { ...known, hosts, hostNames: named, clusters, clusterNames, drivers, targets: namedTargets(reading, drivers) }
  const runbooks = reading.named(['runbooks']).flatMap(([name]) => readRunbook(reading, name, around) ?? [])
  warnOfStrays(reading, hosts)
  return { hosts, clusters, runbooks }
}

/** How members of the accepted clusters are asked, with credentials: for the scout, and for no other process. */
export const readWays = (reading: Reading, clusters: readonly Cluster[]): Record<string, Way> => Object.fromEntries(clusters.flatMap(({ name }) => {
  const { as: written, rest, haproxy, dns } = reading.secretShape(clusterSchema, ['clusters', name]) ?? {}
  const as = written ?? (dns ? 'dns://any:53' : haproxy ? 'http://any:8404/stats' : undefined)
  return as === undefined ? [] : [[name, { as, ...(rest === undefined ? {} : { rest }) }]]
}))

/** A host as it is written: reached through `via`, and not yet by which way. */
interface Told {
  readonly host: Host
  readonly via: string | undefined
  readonly sudo: boolean
  /** What differs of the way by which it is looked at. */
  readonly look: Pick<SshPlace, 'user' | 'key'>
}

/** So many hosts one after the other. */
const MOST_DOORS = 3

/** Each is reached through those that it names, from the first that is reached directly. */
function throughOthers(reading: Reading, all: readonly Told[], named: readonly string[]): Host[] {
  const told = new Map(all.map((it) => [it.host.name, it]))
  const wayTo = ({ host, via, look }: Told, most: number, looks = false): SshPlace | string | undefined => {
    const ssh = host.ssh && { ...host.ssh, ...(looks && look) }
    if (ssh === undefined || via === undefined) return ssh
    const gate = told.get(via)
    if (most === 1) return `leads through more than ${MOST_DOORS} hosts, or in a circle`
    const way = gate && wayTo(gate, most - 1, looks)
    if (typeof way === 'object') return { ...ssh, via: way }
    // One that is named and was not taken has a finding of its own.
    return way ?? (gate || !named.includes(via) ? `leads through “${via}”, ${gate ? 'which has no ssh' : 'and there is no such host'}` : undefined)
  }
  return all.flatMap((it) => {
    const { host, via, sudo } = it
    const [way, look] = [wayTo(it, MOST_DOORS), wayTo(it, MOST_DOORS, true)]
    if (typeof way !== 'string') return [way && typeof look === 'object' ? { ...host, ssh: { ...way, ...(sudo ? { sudo } : {}) }, look } : host]
    reading.error('HF111', ['hosts', host.name, 'via'], `hosts.${host.name}.via ${way}`, { help: () => helpFor(via ?? '', named.filter((name) => name !== host.name), 'host') })
    return []
  })
}

function readHostSection(reading: Reading, name: string, named: readonly string[]): Told | undefined {
  const path = ['hosts', name]
  if (TAKEN.includes(name)) return reading.error('HF107', path, `“${name}” cannot name a host: it stands for the machine of Holdfast`, { on: 'key', help: 'choose another name' })
  if (reading.spot(['clusters', name])) return reading.error('HF121', path, `“${name}” is a host and a cluster`, { on: 'key', help: 'a check that leans on it would not say on which: choose another name for one of them' })
  const read = reading.spot(path)?.value === null ? {} : reading.shape(hostSchema, path)
  if (!read) return undefined
  const ssh = read.ssh === undefined ? undefined : readDoor(reading, [...path, 'ssh'], read.ssh)
  if (read.ssh !== undefined && ssh === undefined) return undefined
  for (const proof of ['key', 'host_key', 'via', 'sudo', 'look'] as const) if (ssh === undefined && read[proof] !== undefined) reading.error('HF110', [...path, proof], `${path.join('.')}.${proof} is for ssh, and no ssh is given`, { on: 'key', help: 'add ssh: user@host' })
  const links = Object.entries(read.links ?? {}).map(([link, { neighbour: far, bond }]) => ({ name: link, ...farOf(far), ...(bond === undefined ? {} : { bond }) }))
  for (const link of links) {
    if (link.neighbour === name) reading.error('HF104', [...path, 'links', link.name, 'neighbour'], `${path.join('.')}.links.${link.name} leads to the host itself`, { help: () => helpFor(name, named.filter((it) => it !== name), 'host') })
  }
  const fate = Object.fromEntries(FATES.flatMap((kind) => (read[kind] === undefined ? [] : [[kind, read[kind]]])))
  const { user, key } = read.look ?? {}
  const look = { ...(user === undefined ? {} : { user }), ...(key === undefined ? {} : { key }) }
  const proofs = { ...(read.key === undefined ? {} : { key: read.key }), ...(read.host_key === undefined ? {} : { hostKey: read.host_key }) }
  return { host: { name, fate, links, from: reading.place(path), ...(ssh ? { ssh: { ...ssh, ...proofs } } : {}) }, via: read.via, sudo: read.sudo === true, look }
}

/** `user@host:port`, as ssh takes it, and nothing that ssh could take for an option (`-oProxyCommand=…`). */
function readDoor(reading: Reading, path: readonly string[], text: string): Door | undefined {
  const found = /^(?:([A-Za-z_][A-Za-z0-9_.-]{0,31})@)?(\[[0-9A-Fa-f:.]+\]|[^-:@[\]][^:@[\]]*)(?::(\d{1,5}))?$/.exec(text)
  const host = readHost(found?.[2] ?? '')
  const port = found?.[3] === undefined ? undefined : Number(found[3])
  if (!found || host === undefined || host.startsWith('-') || (port !== undefined && (port < 1 || port > 65_535))) {
    return reading.error('HF104', path, `${path.join('.')} is not where ssh would find a host`, { help: 'write user@host or user@host:port, such as root@10.77.0.1' })
  }
  return { host, ...(found[1] === undefined ? {} : { user: found[1] }), ...(port === undefined ? {} : { port }) }
}

/** `sw-1`, `db-3`, `db-3/eth1`. */
function farOf(written: string | undefined): Pick<Link, 'neighbour' | 'end'> {
  const [neighbour, end] = written?.split('/') ?? []
  return { ...(neighbour === undefined ? {} : { neighbour }), ...(end === undefined ? {} : { end }) }
}

/** Of two links that may be the ends of one cable: neither says that it is another. */
const fits = (host: Host, link: Link, other: Host, far: Link): boolean =>
  link.neighbour === other.name && far.neighbour === host.name && (link.end ?? far.name) === far.name && (far.end ?? link.name) === link.name

/** A cable between two hosts is named at both ends: who is at one of them knows what may be seen at the other. */
function judgeCables(reading: Reading, hosts: readonly Host[], named: readonly string[]): void {
  for (const host of hosts) {
    for (const link of host.links) {
      const other = hosts.find(({ name }) => name === link.neighbour)
      if (link.neighbour === undefined || link.neighbour === host.name || !named.includes(link.neighbour) || other?.links.some((far) => fits(host, link, other, far)) !== false) continue
      const far = link.end === undefined ? link.neighbour : `${link.neighbour}/${link.end}`
      reading.error('HF111', ['hosts', host.name, 'links', link.name, 'neighbour'], `hosts.${host.name} has a link to “${far}”, and ${link.end === undefined ? `${link.neighbour} has none` : 'that leads not'} to ${link.end === undefined ? host.name : `${host.name}/${link.name}`}`, { help: `name the link at its other end: links: { ${link.end ?? '…'}: { neighbour: ${link.end === undefined ? host.name : `${host.name}/${link.name}`} } }` })
    }
  }
}

const withoutEnd = ({ end: _end, ...link }: Link): Link => link

/** Each link with the one at its other end, where that host is asked too. Of several between the same two hosts those that name it are sure: nobody guesses which is which. */
const withEnds = (hosts: readonly Host[]): Host[] => hosts.map((host) => ({
  ...host,
  links: host.links.map((link) => {
    const bare = withoutEnd(link)
    const other = hosts.find(({ name, ssh }) => name === link.neighbour && ssh !== undefined)
    const [far, ...more] = other?.links.filter((it) => fits(host, link, other, it)) ?? []
    if (!other || !far || more.length > 0 || host.links.some((it) => it !== link && fits(host, it, other, far))) return bare
    return { ...bare, end: far.name }
  }),
}))

interface Named {
  readonly named: readonly string[]
  readonly clusterNames: readonly string[]
  readonly hosts: readonly Host[]
}

function readCluster(reading: Reading, name: string, { named, clusterNames, hosts }: Named): Cluster | undefined {
  const path = ['clusters', name]
  if (!reading.map(path)) return undefined
  const read = reading.secretShape(clusterSchema, path)
  if (!read) return undefined
  const [kind, second] = CLUSTERS.filter((it) => read[it] !== undefined)
  if (kind === undefined) return reading.error('HF110', path, `${path.join('.')} does not say what it is`, { on: 'key', help: `add one of: ${CLUSTERS.join(', ')}, with its hosts` })
  if (second !== undefined) return reading.error('HF110', [...path, second], `${path.join('.')} says twice what it is: “${kind}” and “${second}”`, { on: 'key', help: 'write a cluster of its own for each' })
  const all = read[kind] ?? []
  const found = [
    judgeMembers(reading, [...path, kind], all, named), judgeBeside(reading, path, kind, read), judgeAddress(reading, [...path, 'as'], kind, read.as),
    ...Object.keys(read.weights ?? {}).map((host) => all.includes(host) || refuse(reading, [...path, 'weights', host], `${path.join('.')}.weights names “${host}”, which is no member of it`, () => helpFor(host, all, 'member'))),
    read.dcs === undefined || clusterNames.includes(read.dcs) || refuse(reading, [...path, 'dcs'], `${path.join('.')}.dcs names “${read.dcs}”, and there is no such cluster`, () => helpFor(read.dcs ?? '', clusterNames.filter((it) => it !== name), 'cluster')),
  ]
  if (found.includes(false)) return undefined
  if (read.dcs !== undefined && reading.spot(['clusters', read.dcs, 'etcd']) === undefined) return reading.error('HF104', [...path, 'dcs'], `${path.join('.')}.dcs names “${read.dcs}”, which is no etcd cluster`, { help: 'leave it out where Patroni runs its own' })
  const lacks = kind === 'haproxy' && read.backend === undefined ? 'backend: the one whose servers are looked at' : kind === 'dns' && read.record === undefined ? 'record: the name that every server is asked for' : undefined
  if (lacks !== undefined) return reading.error('HF105', path, `${path.join('.')} does not say what is looked at`, { on: 'key', help: `add ${lacks}` })
  const shared = sharedByAll(hosts.filter((it) => all.includes(it.name)))
  if (shared.length > 0) reading.warn('HF158', [...path, kind], `every member of ${name} hangs on ${shared.join(' and ')}: nothing tolerates the loss of that`, { on: 'key', help: 'tolerance is counted without it; a second one would be' })
  if ((kind === 'galera' || kind === 'patroni') && read.as !== undefined && read.canary === undefined) reading.warn('HF159', path, `no write is tried in ${name}: what its members say of themselves passes, also where nothing is committed any more`, { on: 'key', help: 'add canary: holdfast.canary, a table that Holdfast makes and writes to' })
  return {
    name, kind, members: all, weights: read.weights ?? {}, from: reading.place(path),
    ...(read.canary === undefined ? {} : { canary: read.canary }), ...(read.dcs === undefined ? {} : { dcs: read.dcs }),
    ...(read.backend === undefined ? {} : { backend: read.backend }), ...(read.record === undefined ? {} : { record: { name: recordValue('CNAME', read.record), type: read.type ?? 'A' } }),
  }
}

const refuse = (reading: Reading, path: readonly string[], says: string, help: () => string | undefined): false => {
  reading.error('HF111', path, says, { help })
  return false
}

function judgeMembers(reading: Reading, path: readonly string[], all: readonly string[], named: readonly string[]): boolean {
  const listed = Array.isArray(reading.spot(path)?.value)
  const at = (index: number): (string | number)[] => (listed ? [...path, index] : [...path])
  let good = true
  const wrong = (code: string, index: number, says: string, help: () => string | undefined): void => {
    good = false
    reading.error(code, at(index), says, { help })
  }
  for (const [index, host] of all.entries()) {
    if (!named.includes(host)) wrong('HF111', index, `${path.slice(0, 2).join('.')} has the member “${host.slice(0, 63)}”, and there is no such host`, () => helpFor(host, named, 'host'))
    else if (all.indexOf(host) < index) wrong('HF121', index, `“${host}” is a member of ${path.slice(0, 2).join('.')} twice`, () => 'a host counts once')
  }
  if (all.length === 0 || all.length > MOST_MEMBERS) wrong('HF104', 0, `${path.join('.')} wants 1 to ${MOST_MEMBERS} hosts`, () => 'such as [db-1, db-2, db-3]')
  return good
}

/** Settings that mean something for one kind only. */
function judgeBeside(reading: Reading, path: readonly string[], kind: ClusterKind, read: z.output<typeof clusterSchema>): boolean {
  const of = { weights: ['galera'], canary: ['galera', 'patroni'], dcs: ['patroni'], rest: ['patroni'], backend: ['haproxy'], record: ['dns'], type: ['dns'] } as const
  const odd = (Object.keys(of) as (keyof typeof of)[]).filter((setting) => read[setting] !== undefined && !of[setting].some((it) => it === kind))
  for (const setting of odd) reading.error('HF104', [...path, setting], `${path.join('.')}.${setting} means nothing for ${kind}`, { on: 'key', help: `leave it out; it is for ${of[setting].join(' and ')}` })
  return odd.length === 0
}

/** One address for all members, in the form of their kind; it holds a password, so nothing of it is repeated. */
function judgeAddress(reading: Reading, path: readonly string[], kind: ClusterKind, text: string | undefined): boolean {
  const schema = kind === 'dns' ? z.string().regex(/^dns:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?\/?$/) : kind === 'etcd' || kind === 'haproxy' ? webAddress() : databaseText('How members are asked', kind === 'galera' ? MYSQL : POSTGRES)
  if (text === undefined || schema.safeParse(text).success) return true
  const like = { galera: 'mysql://user:password@any/', patroni: 'postgres://user:password@any/postgres', etcd: 'https://any:2379', haproxy: 'http://any:8404/stats', dns: 'dns://any:53' }[kind]
  reading.error('HF104', path, `${path.join('.')} is no address by which members of a ${kind} cluster are asked`, { help: `such as ${like}: the host is put in for each member` })
  return false
}

/** A host that nothing names is mostly a slip elsewhere. */
function warnOfStrays(reading: Reading, hosts: readonly Host[]): void {
  const texts = (value: unknown): string[] => (typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [])
  const checks = reading.named(['checks']).flatMap(([name]) => texts(reading.spot(['checks', name, 'depends_on'])?.value))
  const used = new Set([...['clusters', 'runbooks'].flatMap((section) => texts(reading.spot([section])?.value)), ...checks, ...hosts.flatMap(({ name, links }) => [...texts(reading.spot(['hosts', name, 'via'])?.value), ...links.map(({ neighbour = '' }) => neighbour)])])
  for (const { name } of hosts) if (!used.has(name)) reading.warn('HF153', ['hosts', name], `nothing names the host “${name}”`, { on: 'key', help: 'name it in a cluster, in a runbook, or in depends_on of a check' })
}
