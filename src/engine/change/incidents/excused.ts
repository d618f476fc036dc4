// Which open incidents are no surprise to a run: what it pages itself, what only tells who leads another one, and what is of the hosts that its step takes
// (C-13). In doubt an incident is one: a check that leans on another host too may be down because of that one.
import type { Store } from '../../../db/store.ts'
import type { MembersHeard } from '../../../rooms/change/heard/members-heard.ts'
import type { RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { knownCounts } from '../../../rooms/change/sight.ts'
import { toleranceOf } from '../../../rooms/change/tolerance.ts'
import { clusterOf, type Topology } from '../../../rooms/change/topology.ts'
import type { IncidentRow } from '../../../rooms/page/rows.ts'
import type { Watcher } from '../../../rooms/watch/watcher.ts'
import type { Now } from '../../../core/time.ts'
import { ALONE, HANDED, LAPSED, runOf } from './subjects.ts'

/** What incidents are held against. */
export interface Around {
  readonly store: Pick<Store, 'sql'>
  readonly watcher: Pick<Watcher, 'checks'>
  readonly members: Pick<MembersHeard, 'sight'>
  readonly config: { readonly change?: Topology }
  readonly now: () => Now
}

/** A run, or the rolling run whose next host is to begin: of that one `id` is empty. */
export interface Whose { readonly plan: Pick<RunRow['plan'], 'id' | 'rolling'> }

/** Of an incident. */
export const membersOf = ({ members }: Pick<IncidentRow, 'members'>): readonly string[] => JSON.parse(members) as string[]

/** Incidents that stand in the way of nothing, where no incident is wanted; `away`: hosts that steps took. */
export const passesFor = (around: Around, whose: Whose, away: ReadonlySet<string>) => (it: IncidentRow): boolean =>
  isOwn(around, it.subject, whose) || isExcused(around, it.subject, membersOf(it), away)

/** What this run, and the rolling run that it is of, page themselves; and what tells people who leads another run now, or that nobody does: nothing turned there. */
export function isOwn({ store: { sql } }: Pick<Around, 'store'>, subject: string, { plan: { id, rolling } }: Whose): boolean {
  const of = runOf(subject)
  if (of && [LAPSED, ALONE, HANDED].some((it) => of.rest === it || of.rest.startsWith(`${it}/`))) return true
  return (of && of.run === id) || (rolling !== undefined && (subject === `rolling:${rolling}` || (of !== undefined && loadRun(sql, of.run)?.plan.rolling === rolling)))
}

/** Whether an incident, or what of it is new, is of what a step takes and of nothing else (C-13). */
export const isExcused = (around: Around, subject: string, members: readonly string[], away: ReadonlySet<string>): boolean =>
  isNamedAfter(around, subject, away) && members.length > 0 && members.every((member) => isDownBy(around, /^check:(.*)$/.exec(member)?.[1], away))

/** Where it is named after a host or a cluster, that has to be away: of a cluster, all of its members. One named otherwise tells nothing of that. */
function isNamedAfter({ config }: Pick<Around, 'config'>, subject: string, away: ReadonlySet<string>): boolean {
  const [kind, name] = [subject.slice(0, subject.indexOf(':')), subject.slice(subject.indexOf(':') + 1)]
  if (kind === 'host') return away.has(name)
  return kind !== 'cluster' || isAllAway(config.change, name, away)
}

const isAllAway = (topology: Topology | undefined, cluster: string, away: ReadonlySet<string>): boolean => {
  const { members = [] } = (topology && clusterOf(topology, cluster)) ?? {}
  return members.length > 0 && members.every((host) => away.has(host))
}

/**
 * Whether a check is down by what is away, and by nothing else: each host that it leans on is. Whether what it looks at still runs on another one, neither a boot nor a cable tells;
 * where one host is to carry it while the other is away, that it is down is the very surprise. A cluster that it leans on beside a host tells that itself: its members say that
 * enough of them are well.
 */
function isDownBy(around: Around, name: string | undefined, away: ReadonlySet<string>): boolean {
  const { config: { change }, members, now, watcher } = around
  const ground = (name === undefined ? undefined : watcher.checks.get(name)?.standsOn) ?? []
  const isWell = (on: string): boolean => {
    const cluster = change && clusterOf(change, on)
    const counts = change && cluster && knownCounts(cluster, change, (it) => {
      const of = clusterOf(change, it)
      return of ? members.sight(of, now()) : { is: 'unknown', says: '' }
    })
    return counts !== undefined && typeof counts !== 'string' && toleranceOf(counts).is === 'known'
  }
  return ground.some((on) => away.has(on) || isAllAway(change, on, away)) && ground.every((on) => away.has(on) || isAllAway(change, on, away) || isWell(on))
}
