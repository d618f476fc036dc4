// Sight: what the members of a cluster say of themselves, held against each other. Each of them alone can be wrong, and green: two halves of a torn
// cluster both call themselves Primary and Synced, with the same state and the same view, and only the comparison shows that there are
// two; and for 6 s after a cable was pulled everything is green while every write hangs, which only a committed write shows. So the account is
// one on which all agree who were freshly heard; where they disagree, or nobody was heard, it is unknown.
// A member that was not heard is not healthy, and still counts in what the majority is taken of.
import { ageOf, isWithin, olderOf, seconds, type Now, type Span, type Stamp } from '../../core/time.ts'
import { countsOf, weightOf, type Count, type Known } from './tolerance.ts'
import { clusterOf, type Cluster, type Topology } from './topology.ts'

/** What one member said. */
export type Report =
  | {
    readonly is: 'galera'
    readonly primary: boolean
    readonly synced: boolean
    readonly ready: boolean
    /** It gives its data to one that joins, or is set aside (Donor/Desynced): it is not counted on meanwhile. */
    readonly donor?: boolean
    /** The state's UUID, as it writes it. */
    readonly state: string
    readonly view: string
    /** Members of its view, and what they weigh together. */
    readonly size: number
    readonly total: number
    /** What it weighs itself, as it is set just now. */
    readonly weight?: number
  }
  | {
    readonly is: 'patroni'
    /** Patroni and the server itself both answer, and both say that it runs. */
    readonly running: boolean
    /** It takes writes: by the server's own word, whatever Patroni says. */
    readonly leads: boolean
    /** What the two contradict each other in, or which of them is silent. */
    readonly odd?: string
    readonly timeline?: number
    /** Bytes of the log that it has: what it has written where it leads, and received where it follows. */
    readonly position?: number
    /** Follows: it is sent the log as that is written. */
    readonly streams?: boolean
    /** Bytes that it has received, and has not applied yet, where it follows. */
    readonly lag?: number
    /** Leads: how many servers follow it in step, so that a commit waits for them. */
    readonly inStep?: number
  }
  /** `size`: members of the cluster, as this one has them. */
  | { readonly is: 'etcd'; readonly healthy: boolean; readonly leader: string; readonly size?: number }
  /** The servers of its backend, as it balances between them. */
  | { readonly is: 'haproxy'; readonly servers: readonly Balanced[] }
  /** What an authoritative server answers: the values in order, and the zone's serial where it says one. */
  | { readonly is: 'dns'; readonly values: readonly string[]; readonly ttl?: number; readonly serial?: number }
  /** Nothing listens there: the host itself refused the connection. */
  | { readonly is: 'stopped'; readonly says: string }

export const BALANCED = ['ready', 'drain', 'maint'] as const
/** A server of a backend in HAProxy. */
export interface Balanced {
  readonly name: string
  /** `down`: its checks fail, and then HAProxy does not say whether it is drained. */
  readonly state: (typeof BALANCED)[number] | 'down'
  /** Its checks pass, or none is made. */
  readonly up: boolean
  /** With those that wait for it. */
  readonly sessions: number
}

export interface Heard {
  readonly host: string
  /** When the look began. */
  readonly at: Stamp
  readonly report: Report
  /** Since when it says without a break that it leads; absent: nobody kept count. */
  readonly since?: Stamp
  /** When the last write began that it committed. */
  readonly wrote?: Stamp
  /** Why the newest write was not committed. */
  readonly wrong?: string
  /** When the last look began at which a server of PostgreSQL led, or was seen to follow the one that does. */
  readonly followed?: Stamp
  /** Since when without a break it does not follow the one that leads, and how. */
  readonly strays?: { readonly since: Stamp; readonly says: string }
}

/** `from`: when the oldest of the looks and writes began that it rests on. */
export type Sight = { readonly from?: Stamp } & (
  | ({
    readonly is: 'seen'
    /** Members that are neither known to be well nor known not to be. */
    readonly unheard?: readonly string[]
    /** Members that give their data to one that joins, and are not Synced for that alone. */
    readonly giving?: readonly string[]
    /** What nobody looks at. */
    readonly lacks?: string
    /** Those that run and are not well, and what is amiss with them. */
    readonly amiss?: readonly { readonly host: string; readonly says: string }[]
    /** Why nobody can say how many further failures it survives, though it is known who is well. */
    readonly uncounted?: string
  } & Known)
  | { readonly is: 'unknown'; readonly says: string }
  /** Two who lead: each of them takes writes. */
  | { readonly is: 'split'; readonly hosts: readonly string[]; readonly says: string }
)

/** What is older says nothing of now (C-2). */
export const FRESH: Span = seconds(10)
/** A committed write is tried every two seconds, and says for so long that writes are committed. */
export const WROTE_FRESH: Span = seconds(6)
/** As far as a follower may be behind and still be counted among those that are left: what Patroni itself elects up to (`maximum_lag_on_failover`), in bytes. */
export const BEHIND_MOST = 1_048_576
/** So long one that followed may not: a leader that hands over, and a load that comes in gusts, are no loss of it. */
export const MAY_STRAY_FOR: Span = seconds(10)
/** What Galera gives itself after a start without its position: nothing can rejoin by it. */
const NO_STATE = /^[0-]*$/

const unknown = (says: string): Sight => ({ is: 'unknown', says })

/** The one account of a cluster, of what was heard lately. */
export function sightOf(cluster: Cluster, heard: readonly Heard[], now: Now): Sight {
  const fresh = cluster.members.flatMap((host) => {
    const last = heard.findLast((it) => it.host === host && (it.report.is === cluster.kind || it.report.is === 'stopped'))
    const age = last && ageOf(last.at, now)
    return last !== undefined && age !== undefined && age <= FRESH ? [last] : []
  })
  if (fresh.length === 0) return unknown(heard.length === 0 ? 'nothing has been observed of it yet' : 'what was observed of it is too old')
  const read = { galera: ofGalera, patroni: ofPatroni, etcd: ofEtcd, haproxy: ofHaproxy, dns: ofDns }[cluster.kind]
  const sight = read(cluster, fresh, now)
  const wrote = cluster.canary === undefined || sight.is !== 'seen' ? [] : fresh.filter(({ host }) => sight.healthy.includes(host)).map((it) => it.wrote)
  const from = olderOf([...fresh.map(({ at }) => at), ...wrote])
  const lacks = cluster.canary === undefined && (cluster.kind === 'galera' || cluster.kind === 'patroni') && sight.is === 'seen' ? { lacks: NO_CANARY } : {}
  return { ...sight, ...lacks, ...(from ? { from } : {}) }
}

const NO_CANARY = 'no write is tried: the cluster has no “canary”'

/** Whether a committed write is awaited of it, by its own word. */
export const takesWrites = (report: Report | undefined): boolean => (report?.is === 'galera' && report.primary && report.synced && report.ready) || (report?.is === 'patroni' && report.leads)

/** How one that should take writes stands with them: `wrote`, known not to, or not known. Where none is tried there is nothing to know. */
export function writingOf({ canary }: Cluster, { wrote, wrong }: Pick<Heard, 'wrote' | 'wrong'>, now: Now): 'pass' | 'fail' | 'unknown' {
  if (canary === undefined) return 'pass'
  return wrong !== undefined ? 'fail' : isWithin(wrote, now, WROTE_FRESH) ? 'pass' : 'unknown'
}

/** How one that does not lead stands with the one that does; where it cannot be judged it is not known. */
export function followingOf({ followed, strays }: Pick<Heard, 'followed' | 'strays'>, now: Now): 'pass' | 'fail' | 'unknown' {
  if (strays !== undefined) return followed !== undefined && isWithin(strays.since, now, MAY_STRAY_FOR) ? 'pass' : 'fail'
  return isWithin(followed, now, FRESH) ? 'pass' : 'unknown'
}

/** Whether both led at one and the same moment: a look at one that is older than the other's rise says nothing of two. */
const together = (a: Heard, b: Heard): boolean => a.at.boot === b.at.boot && a.at.tick >= (b.since ?? a.at).tick && b.at.tick >= (a.since ?? b.at).tick
/** Of those who cannot both be right: that they are two, where both were seen at one moment, and that nobody knows, where they were not. */
function judged(pairs: readonly (readonly [Heard, Heard])[], says: string): Sight {
  const sure = pairs.filter(([a, b]) => together(a, b))
  return sure.length === 0 ? unknown(`${says}, by looks of different moments`) : { is: 'split', hosts: [...new Set(sure.flat().map(({ host }) => host))].toSorted(), says }
}
const pairsOf = <Of>(all: readonly Of[]): (readonly [Of, Of])[] => all.flatMap((a, n) => all.slice(n + 1).map((b) => [a, b] as const))

/** What is left open: those who were not heard, and those of whom it is not known whether they commit. */
function opened({ members }: Cluster, fresh: readonly Heard[], doubtful: readonly string[]): { readonly unheard?: readonly string[] } {
  const unheard = members.filter((host) => doubtful.includes(host) || !fresh.some((it) => it.host === host))
  return unheard.length === 0 ? {} : { unheard }
}

/** What has to survive of a cluster as it is now, or why nobody can say: the cluster that decides for it has to be known too. */
export function knownCounts(cluster: Cluster, topology: Topology, sight: (cluster: string) => Sight): readonly Count[] | string {
  const seen = new Map<string, Known>()
  for (const each of [cluster, clusterOf(topology, cluster.dcs ?? '')]) {
    if (!each) continue
    const it = sight(each.name)
    if (it.is !== 'seen') return it.says
    if (it.uncounted !== undefined) return it.uncounted
    seen.set(each.name, it)
  }
  return countsOf(cluster, topology, (it) => seen.get(it.name) ?? { total: it.members.length, healthy: [] })
}

const named = (it: readonly Heard[]): string => it.map(({ host }) => host).join(' and ')

function ofGalera(cluster: Cluster, fresh: readonly Heard[], now: Now): Sight {
  const { members } = cluster
  const primaries = fresh.flatMap((it) => (it.report.is === 'galera' && it.report.primary ? [{ ...it, report: it.report }] : []))
  const [first] = primaries
  if (!first) return fresh.length < members.length ? unknown('none that was heard is Primary, and not all were heard') : { is: 'seen', total: 1, healthy: [] }
  if (primaries.some(({ report }) => NO_STATE.test(report.state))) return unknown(`the state of ${named(primaries)} has no identity: what starts without its position cannot rejoin`)
  const torn = pairsOf(primaries).filter(([a, b]) => areTorn(a.report, b.report, primaries.map(({ report }) => report)))
  if (torn.length > 0) return judged(torn, `${named(primaries)} are Primary, and not of one cluster`)
  const { view, size, total } = first.report
  if (primaries.some(({ report }) => report.view !== view || report.size !== size || report.total !== total)) return unknown(`${named(primaries)} do not agree on who belongs to them: the view is changing`)
  const able = primaries.filter(({ report }) => report.synced && report.ready)
  const of = (found: string): string[] => able.filter((it) => writingOf(cluster, it, now) === found).map(({ host }) => host)
  const giving = primaries.filter(({ report }) => report.donor === true).map(({ host }) => host)
  return { is: 'seen', total, healthy: of('pass'), ...(giving.length === 0 ? {} : { giving }), ...weighed(cluster, primaries, first.report), ...opened(cluster, fresh, of('unknown')) }
}

/** What they weigh, each by its own word, and whether that fits in with what all of them are said to weigh together: a majority of something else would be counted otherwise. */
function weighed(cluster: Cluster, primaries: readonly { readonly host: string; readonly report: Galera }[], { size, total }: Galera): { readonly weights?: ReadonlyMap<string, number>; readonly uncounted?: string } {
  const own = new Map(primaries.flatMap(({ host, report: { weight } }) => (weight === undefined ? [] : [[host, weight] as const])))
  const weights = own.size === 0 ? {} : { weights: own }
  const sum = primaries.reduce((all, { host }) => all + (own.get(host) ?? weightOf(cluster, host)), 0)
  const names = primaries.map(({ host }) => host).join(', ')
  // Of those who were not heard, and of an arbitrator, it is known only that they weigh the rest.
  const isWhole = primaries.length === size
  if (isWhole ? sum !== total : sum > total) return { ...weights, uncounted: `the weights of ${names} add up to ${sum}, and the cluster says that all of it weighs ${total}` }
  const silent = primaries.filter(({ host }) => !own.has(host)).map(({ host }) => host)
  return { ...weights, ...(isWhole || silent.length === 0 ? {} : { uncounted: `what ${silent.join(', ')} ${silent.length === 1 ? 'weighs' : 'weigh'} is not known, and not all who belong to it were heard` }) }
}

type Galera = Extract<Report, { is: 'galera' }>

/** Two halves may agree in every word but this: there are more of them than each counts. Views that differ may be one that changes, unless both fit in beside each other. */
const areTorn = (a: Galera, b: Galera, all: readonly Galera[]): boolean =>
  a.state !== b.state || (a.view === b.view ? all.filter(({ view }) => view === a.view).length > Math.min(a.size, b.size) : a.size + b.size <= all.length)

function ofPatroni(cluster: Cluster, fresh: readonly Heard[], now: Now): Sight {
  const { members } = cluster
  const said = fresh.flatMap((it) => (it.report.is === 'patroni' ? [{ ...it, report: it.report }] : []))
  const leaders = said.filter(({ report }) => report.leads)
  if (leaders.length > 1) return judged(pairsOf(leaders), `${named(leaders)} both take writes`)
  if (leaders.length === 0) return fresh.length < members.length ? unknown('none that was heard leads, and not all were heard') : { is: 'seen', total: members.length, healthy: [] }
  const odd = said.filter(({ report }) => report.running && report.odd !== undefined)
  const able = said.filter(({ report }) => report.running && report.odd === undefined)
  // Whoever follows one that is not known to commit serves nothing that could be written.
  const writing = leaders.map((it) => writingOf(cluster, it, now))
  const isCommitting = writing.includes('pass')
  const of = (...found: ReturnType<typeof followingOf>[]): string[] => able.filter((it) => found.includes(it.report.leads ? 'pass' : followingOf(it, now))).map(({ host }) => host)
  const amiss = able.flatMap(({ host, strays }) => (strays !== undefined && of('fail').includes(host) ? [{ host, says: strays.says }] : []))
  const doubtful = isCommitting ? of('unknown') : writing.includes('unknown') ? of('pass', 'unknown') : []
  return { is: 'seen', total: members.length, healthy: isCommitting ? of('pass') : [], ...(amiss.length === 0 ? {} : { amiss }), ...opened(cluster, fresh, [...doubtful, ...odd.map(({ host }) => host)]) }
}

function ofEtcd(cluster: Cluster, fresh: readonly Heard[]): Sight {
  const healthy = fresh.flatMap(({ host, report }) => (report.is === 'etcd' && report.healthy ? [{ host, ...report }] : []))
  const names = healthy.map(({ host }) => host).join(' and ')
  if (new Set(healthy.map(({ leader }) => leader)).size > 1) return unknown(`${names} do not agree on who leads`)
  if (new Set(healthy.map(({ size }) => size)).size > 1) return unknown(`${names} do not agree on who belongs to them`)
  return { is: 'seen', total: Math.max(cluster.members.length, healthy[0]?.size ?? 0), healthy: healthy.map(({ host }) => host), ...opened(cluster, fresh, []) }
}

/** One server that takes connections, so that something is served. */
export const isServing = (report: Report): boolean => report.is === 'haproxy' && report.servers.some(({ state, up }) => state === 'ready' && up)

function ofHaproxy(cluster: Cluster, fresh: readonly Heard[]): Sight {
  return { is: 'seen', total: cluster.members.length, healthy: fresh.filter(({ report }) => isServing(report)).map(({ host }) => host), ...opened(cluster, fresh, []) }
}

/** Of what a server of names says so many characters are told. */
const SAID = 300

/** Where they do not all say the same, what somebody is told depends on whom he happens to ask. */
function ofDns(cluster: Cluster, fresh: readonly Heard[]): Sight {
  const saying = fresh.flatMap(({ host, report }) => (report.is === 'dns' ? [{ host, says: report.values.join(', ') }] : []))
  if (new Set(saying.map(({ says }) => says)).size > 1) return unknown(`they do not agree: ${saying.map(({ host, says }) => `${host} says ${says === '' ? 'nothing' : says.slice(0, SAID)}`).join('; ')}`)
  return { is: 'seen', total: cluster.members.length, healthy: saying.filter(({ says }) => says !== '').map(({ host }) => host), ...opened(cluster, fresh, []) }
}
