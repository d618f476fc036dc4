// Tolerance: how many further failures a cluster survives, as a number, counted over what fails together. A failure takes one host, or one rack, feed or
// switch with every member in it; k are tolerated when no choice of k of them, all at once, leaves too little. A member of which nothing
// is known counts in what the majority is taken of, and among the survivors never: what is not known makes the number smaller, not larger.
//
// Quorum of Galera, by its own rule: what is left weighs strictly more than half of the last view; who left in good order is no part of that view
// any more, who fell still is until the view has changed. Of etcd and Patroni the members are fixed: who is away counts against.
// What all members hang on is left out here and named beside the number: nothing tolerates the loss of that, whatever is done.
import { clusterOf, fatesOf, hostOf, sharedByAll, type Cluster, type Topology } from './topology.ts'

export interface Member {
  readonly host: string
  readonly weight: number
  /** What takes it down with others: `rack r1`. */
  readonly fates: readonly string[]
}

/** One thing that has to survive. */
export interface Count {
  /** Strictly more than half of `total`; or one of those that are healthy. */
  readonly needs: 'majority' | 'one'
  /** The weight of all who count, healthy or not. */
  readonly total: number
  /** Those that are freshly known to be well. */
  readonly healthy: readonly Member[]
  /** Who leaves in good order makes the whole smaller. */
  readonly shrinks: boolean
}

export type Tolerance =
  | { readonly is: 'known'; readonly failures: number }
  /** There is too little now. */
  | { readonly is: 'lost' }
  | { readonly is: 'unknown'; readonly says: string }

/** How a host goes: in good order, or not. */
export type Gone = 'left' | 'fell'

/** What is searched exhaustively; with more of what may fail, the number is a lower bound. */
const EXACT = 14

/** How many further failures all of it survives; `exact` is for tests. */
export function toleranceOf(counts: readonly Count[], exact: number = EXACT): Tolerance {
  if (counts.some((it) => !survives(it, NOBODY))) return { is: 'lost' }
  const units = unitsOf(counts)
  const failures = units.length <= exact ? leastFatal(counts, units) - 1 : Math.min(...counts.map((it) => bound(it, units)))
  return { is: 'known', failures }
}

/** As a number, for `--json`: -1: too few are left, null: not known. */
export const numberOf = (it: Tolerance | undefined): number | null => (it?.is === 'known' ? it.failures : it?.is === 'lost' ? -1 : null)

/** The smaller of two; what is not known of either is not known. */
export function worseOf(a: Tolerance, b: Tolerance): Tolerance {
  const number = (it: Tolerance): number => (it.is === 'unknown' ? -2 : it.is === 'lost' ? -1 : it.failures)
  return number(b) < number(a) ? b : a
}

/** The same after hosts went. A host that is not among the healthy may still be counted in the whole: it stays there. */
export const without = (counts: readonly Count[], gone: ReadonlyMap<string, Gone>): Count[] => counts.map((count) => {
  const left = count.healthy.filter(({ host }) => gone.get(host) === 'left')
  const shrunk = count.shrinks ? left.reduce((sum, { weight }) => sum + weight, 0) : 0
  return { ...count, total: count.total - shrunk, healthy: count.healthy.filter(({ host }) => !gone.has(host)) }
})

/** A cluster as it is when all of its members are well: what it was built for. */
export const designed = (cluster: Cluster, topology: Topology): Count[] => countsOf(cluster, topology, (of) => ({ total: of.members.reduce((sum, host) => sum + weightOf(of, host), 0), healthy: of.members }))

/** What is known of one cluster: what its majority is taken of, and who is well. */
export interface Known {
  readonly total: number
  readonly healthy: readonly string[]
  /** What members weigh by their own word; of the others it is what the configuration says. */
  readonly weights?: ReadonlyMap<string, number>
}

/** What has to survive of a cluster, and of the one that decides for it. */
export function countsOf(cluster: Cluster, topology: Topology, known: (of: Cluster) => Known): Count[] {
  const besides = sharedOf(cluster, topology)
  const count = (of: Cluster, needs: Count['needs']): Count => {
    const { total, healthy, weights } = known(of)
    const members = healthy.map((host): Member => ({ host, weight: weights?.get(host) ?? weightOf(of, host), fates: fatesAt(topology, host).filter((it) => !besides.includes(it)) }))
    return { needs, total, healthy: members, shrinks: of.kind === 'galera' }
  }
  const dcs = cluster.dcs === undefined ? undefined : clusterOf(topology, cluster.dcs)
  // Of balancers and of servers of names one that is left is enough.
  if (cluster.kind === 'haproxy' || cluster.kind === 'dns') return [count(cluster, 'one')]
  return dcs ? [count(cluster, 'one'), count(dcs, 'majority')] : [count(cluster, 'majority')]
}

/** What every member hangs on, that of the cluster that decides for it included. */
export function sharedOf(cluster: Cluster, topology: Topology): string[] {
  const dcs = cluster.dcs === undefined ? undefined : clusterOf(topology, cluster.dcs)
  const of = (names: readonly string[]): string[] => sharedByAll(names.flatMap((name) => hostOf(topology, name) ?? []))
  return [...new Set([...of(cluster.members), ...of(dcs?.members ?? [])])]
}

/** What a member weighs by the configuration. */
export const weightOf = ({ kind, weights }: Cluster, host: string): number => (kind === 'galera' && Object.hasOwn(weights, host) ? (weights[host] ?? 1) : 1)
const fatesAt = (topology: Topology, host: string): string[] => {
  const found = hostOf(topology, host)
  return found ? fatesOf(found) : []
}

const NOBODY: ReadonlySet<string> = new Set()

function survives({ needs, total, healthy }: Count, dead: ReadonlySet<string>): boolean {
  const left = healthy.filter(({ host }) => !dead.has(host))
  return needs === 'one' ? left.length > 0 : left.reduce((sum, { weight }) => sum + weight, 0) * 2 > total
}

/** What may fail as one, each as the hosts that it takes; what takes only what another takes too is no failure of its own. */
function unitsOf(counts: readonly Count[]): ReadonlySet<string>[] {
  const units = new Map<string, Set<string>>()
  for (const { host, fates } of counts.flatMap(({ healthy }) => healthy)) {
    for (const name of [`host ${host}`, ...fates]) units.set(name, (units.get(name) ?? new Set()).add(host))
  }
  const all = [...units.values()]
  const within = (unit: ReadonlySet<string>, other: ReadonlySet<string>): boolean => [...unit].every((host) => other.has(host))
  return all.filter((unit, at) => !all.some((other, n) => n !== at && within(unit, other) && (other.size > unit.size || n < at)))
}

/** How few of them, at once, leave too little: tried one by one, then two by two … */
function leastFatal(counts: readonly Count[], units: readonly ReadonlySet<string>[]): number {
  const fatal = (from: number, more: number, dead: ReadonlySet<string>): boolean => {
    if (more === 0) return counts.some((it) => !survives(it, dead))
    for (let at = from; at <= units.length - more; at++) if (fatal(at + 1, more - 1, new Set([...dead, ...(units[at] ?? NOBODY)]))) return true
    return false
  }
  for (let size = 1; size <= units.length; size++) if (fatal(0, size, NOBODY)) return size
  return units.length + 1
}

/** As if the heaviest had nothing in common: never more than is true. */
function bound(count: Count, units: readonly ReadonlySet<string>[]): number {
  const weigh = ({ weight }: Member): number => (count.needs === 'one' ? 1 : weight)
  const weights = units.map((unit) => count.healthy.filter(({ host }) => unit.has(host)).reduce((sum, it) => sum + weigh(it), 0)).toSorted((a, b) => b - a)
  let left = count.healthy.reduce((sum, it) => sum + weigh(it), 0)
  for (const [k, weight] of weights.entries()) {
    left -= weight
    if (count.needs === 'one' ? left <= 0 : left * 2 <= count.total) return k
  }
  return weights.length
}

/** "1 further failure", for people. */
export const sayTolerance = (it: Tolerance): string =>
  it.is === 'known' ? `tolerates ${it.failures === 0 ? 'no' : it.failures} further ${it.failures === 1 ? 'failure' : 'failures'}` : it.is === 'lost' ? 'has too little left' : `tolerates an unknown number of further failures: ${it.says}`
