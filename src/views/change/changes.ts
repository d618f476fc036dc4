// What Holdfast answers about planned changes: clusters as they are known, runbooks, and the plan of a run. The facts are taken from what other rooms know:
// copies and their proofs, open incidents, checks, cables, members of clusters. What nobody looked at, or too long ago, is not known, and a plan
// that asks for it is refused.
import type { Found } from '../../core/evidence.ts'
import type { Instant, Now, Stamp } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { ChangeConfig } from '../../rooms/change/config.ts'
import type { Answered, Facts, Witness } from '../../rooms/change/gates.ts'
import type { Accepted, Plan } from '../../rooms/change/plan.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import type { HostsHeard } from '../../rooms/change/heard/hosts-heard.ts'
import type { MembersHeard } from '../../rooms/change/heard/members-heard.ts'
import { leanedOnBy, type OwnWay } from '../../rooms/change/own-way.ts'
import { knownCounts } from '../../rooms/change/sight.ts'
import { designed, numberOf, sayTolerance, sharedOf, toleranceOf, weightOf, type Tolerance } from '../../rooms/change/tolerance.ts'
import { clusterOf, fatesOf, hostOf, type Cluster } from '../../rooms/change/topology.ts'
import { permitOf } from '../../rooms/change/window.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { loadOpen, type IncidentRow } from '../../rooms/page/rows.ts'
import type { Check } from '../../rooms/watch/check.ts'
import { announcedFact } from './announced.ts'
import { copiedFact } from './copied.ts'

export interface MemberAnswer {
  readonly host: string
  readonly state: Found['is']
  /** What it said of itself last, or why nothing is known. */
  readonly says: string
  readonly weight: number
  /** What takes it down with others: `rack r1`. */
  readonly fates: readonly string[]
  readonly links: readonly { readonly link: string; readonly neighbour: string | null; readonly state: Found['is']; /** Frames that were damaged or lost lately, in words. */ readonly damage: string | null }[]
}

export interface ClusterAnswer {
  readonly schema: 'holdfast.cluster/1'
  readonly cluster: string
  readonly kind: string
  /** Further failures that are tolerated now; -1: too few are left, null: not known. */
  readonly tolerance: number | null
  readonly says: string
  /** What nobody looks at, so that nothing rests on it; null: nothing. */
  readonly lacks: string | null
  /** The same with every member well. */
  readonly designed: number | null
  /** What all of it hangs on. */
  readonly shared: readonly string[]
  readonly members: readonly MemberAnswer[]
  /** Checks that lean on it, or on one of its hosts. */
  readonly checks: readonly { readonly check: string; readonly on: string; readonly state: string }[]
  readonly from: string
}

export interface ClustersAnswer { readonly schema: 'holdfast.clusters/1'; readonly clusters: readonly ClusterAnswer[] }

export interface RunbookAnswer {
  readonly runbook: string
  readonly title: string
  readonly hosts: readonly string[]
  readonly cluster: string | null
  readonly steps: readonly string[]
  readonly does: readonly string[]
  readonly checks: readonly string[]
  /** Null where it has none. `until`: it closes; `opens`: it opens next, where that is within a fortnight. */
  readonly window: { readonly open: boolean; readonly until: Instant | null; readonly opens: Instant | null } | null
  readonly from: string
}

export interface RunbooksAnswer { readonly schema: 'holdfast.runbooks/1'; readonly runbooks: readonly RunbookAnswer[] }

export interface PlanAnswer extends Plan { readonly schema: 'holdfast.plan/1' }

export interface ChangeCalls {
  'clusters.list': { args: Record<string, never>; body: ClustersAnswer }
  'runbooks.list': { args: Record<string, never>; body: RunbooksAnswer }
  /** Draws the plan of a run; nothing is done by it. */
  'runbooks.plan': { args: { runbook: string; host: string; accept?: readonly Accepted[] }; body: PlanAnswer }
}

/** How a check stands: `up`, `down`, or something that is neither. */
export interface CheckSeen {
  readonly name: string
  readonly state: string
  readonly says: string
  readonly lastLook: { readonly at: Instant } | null
  /** When that look began. */
  readonly from?: Stamp
  /** When a heartbeat reported last. */
  readonly reported?: Stamp
}

/** What is asked for the facts. */
export interface Grounds {
  readonly sql: Sql
  readonly now: Now
  /** The site's, for moments in answers. */
  readonly timezone: string
  readonly change: ChangeConfig
  readonly sets: ReadonlyMap<string, BackupSet>
  readonly check: (name: string) => CheckSeen | undefined
  /** What hosts said of themselves. */
  readonly hosts: Pick<HostsHeard, 'boot' | 'damage' | 'link' | 'links'>
  /** What members of clusters said of themselves. */
  readonly members: Pick<MembersHeard, 'member' | 'said' | 'sight' | 'stopped'>
  /** Open incidents that stand in the way of nothing: what a run that goes on pages itself, and what is of the hosts that its step takes. Absent: each does. */
  readonly passes?: (incident: IncidentRow) => boolean
  /** What Holdfast itself pages by. */
  readonly own: () => OwnWay
}

const unknown = (subject: string, says: string): Answered => ({ found: 'unknown', evidence: [{ subject, observer: 'nobody', at: null, says }] })

/** What is known now. */
export function factsOf(grounds: Grounds): Facts {
  const { sql, now, change } = grounds
  const incidents = (): Answered => {
    const open = loadOpen(sql).filter((it) => grounds.passes?.(it) !== true)
    const evidence = open.slice(0, 5).map((it): Witness => ({ subject: `incident ${it.number}`, observer: 'the keeper', at: now.wall, says: it.title }))
    return { found: open.length === 0 ? 'pass' : 'fail', evidence: open.length === 0 ? [{ subject: 'incidents', observer: 'the keeper', at: now.wall, says: 'none is open' }] : evidence }
  }
  return {
    now: now.wall, incidents,
    sight(name) {
      const cluster = clusterOf(change, name)
      return cluster ? grounds.members.sight(cluster, now) : { is: 'unknown', says: `there is no cluster “${name}”` }
    },
    links(name, gone) {
      const host = hostOf(change, name)
      return !host || host.links.length === 0 ? unknown(name, 'its links are not named in the configuration') : grounds.hosts.links(host, now, gone)
    },
    boot: (name) => grounds.hosts.boot(name, now),
    stopped(host) {
      // Where a balancer stands on the same host, it is not what a step stops there.
      const [cluster] = change.clusters.filter(({ members }) => members.includes(host)).toSorted((a, b) => Number(a.kind === 'haproxy' || a.kind === 'dns') - Number(b.kind === 'haproxy' || b.kind === 'dns'))
      return cluster ? grounds.members.stopped(cluster, host, now) : unknown(host, 'it is no member of a cluster: nobody looks whether anything runs there')
    },
    synced(name, host) {
      const cluster = clusterOf(change, name)
      return cluster ? grounds.members.member(cluster, host, now) : unknown(name, `there is no cluster “${name}”`)
    },
    said(name, host) {
      const cluster = clusterOf(change, name)
      return cluster ? grounds.members.said(cluster, host, now) : `there is no cluster “${name}”`
    },
    check: (name) => checkFact(grounds.check(name), name),
    backup: (want) => copiedFact(want, grounds),
    leaned: (host) => leanedOnBy(host, change, grounds.own()),
    announced: (of) => announcedFact(of, { sql, now: now.wall, timezone: grounds.timezone }),
  }
}

function checkFact(answer: CheckSeen | undefined, name: string): Answered {
  if (!answer) return unknown(name, 'there is no such check')
  const found = answer.state === 'up' ? 'pass' : answer.state === 'down' ? 'fail' : 'unknown'
  return { found, evidence: [{ subject: name, observer: 'the prober', at: answer.lastLook?.at ?? null, says: answer.says }], ...(answer.from ? { from: answer.from } : {}), ...(answer.reported ? { reported: answer.reported } : {}) }
}

/** All clusters, as far as they are known. */
export const viewClusters = (grounds: Grounds, checks: readonly Check[]): ClustersAnswer =>
  ({ schema: 'holdfast.clusters/1', clusters: grounds.change.clusters.map((it) => viewCluster(it, grounds, checks)) })

function viewCluster(cluster: Cluster, grounds: Grounds, checks: readonly Check[]): ClusterAnswer {
  const { change } = grounds
  const facts = factsOf(grounds)
  const known = knownCounts(cluster, change, facts.sight)
  const tolerance: Tolerance = typeof known === 'string' ? { is: 'unknown', says: known } : toleranceOf(known)
  const built = toleranceOf(designed(cluster, change))
  const sight = facts.sight(cluster.name)
  return {
    schema: 'holdfast.cluster/1', cluster: cluster.name, kind: cluster.kind, from: cluster.from, shared: sharedOf(cluster, change),
    tolerance: numberOf(tolerance), says: sayTolerance(tolerance), lacks: sight.is === 'seen' ? (sight.lacks ?? null) : null, designed: numberOf(built),
    members: cluster.members.map((host) => memberOf(cluster, host, grounds, sight.is === 'seen' ? sight.weights?.get(host) : undefined)),
    checks: checks.flatMap(({ name, standsOn = [] }) => standsOn.filter((on) => on === cluster.name || cluster.members.includes(on)).map((on) => ({ check: name, on, state: grounds.check(name)?.state ?? 'unknown' }))),
  }
}

/** `weighs`: by its own word. */
function memberOf(cluster: Cluster, name: string, { change, hosts, members, now }: Grounds, weighs: number | undefined): MemberAnswer {
  const host = hostOf(change, name)
  const { found, evidence } = members.member(cluster, name, now)
  return {
    host: name, state: found, says: evidence[0]?.says ?? '', weight: weighs ?? weightOf(cluster, name), fates: host ? fatesOf(host) : [],
    links: host ? host.links.map((it) => ({ link: it.name, neighbour: it.end === undefined ? (it.neighbour ?? null) : `${it.neighbour}/${it.end}`, state: hosts.link(host, it.name, now).found, damage: hosts.damage(name, it.name, now) ?? null })) : [],
  }
}

/** All runbooks, and whether their windows are open. */
export const viewRunbooks = ({ change, now }: Pick<Grounds, 'change' | 'now'>): RunbooksAnswer =>
  ({ schema: 'holdfast.runbooks/1', runbooks: change.runbooks.map((it) => viewRunbook(it, now)) })

function viewRunbook({ name, title, hosts, steps, people, window, from }: Runbook, { wall }: Now): RunbookAnswer {
  const permit = window && permitOf(window, wall)
  return {
    runbook: name, title, hosts: hosts.names, cluster: hosts.cluster ?? null, steps: steps.map(({ id }) => id), does: people.does, checks: people.checks, from,
    window: permit ? { open: permit.is === 'open', until: permit.is === 'open' ? permit.until : null, opens: permit.is === 'shut' ? (permit.opens ?? null) : null } : null,
  }
}
