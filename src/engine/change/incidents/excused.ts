// Which open incidents are no surprise to a run: what it pages itself, what only tells who leads another one, and what is of the hosts that its step takes
// (C-13). In doubt an incident is one: a check that leans on another host too may be down because of that one.
import type { Store } from '../../../db/store.ts'
import type { MembersHeard } from '../../../rooms/change/heard/members-heard.ts'
import type { Despite, RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { knownCounts, type Sight } from '../../../rooms/change/sight.ts'
import { toleranceOf } from '../../../rooms/change/tolerance.ts'
import { clusterOf, type Topology } from '../../../rooms/change/topology.ts'
import { loadOpen, type IncidentRow } from '../../../rooms/page/rows.ts'
import type { Watcher } from '../../../rooms/watch/watcher.ts'
import type { Check } from '../../../rooms/watch/check.ts'
import { passesNeeded } from '../../../rooms/watch/judge.ts'
import { minutes, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Back } from '../../../rooms/change/runs/back.ts'
import { ALONE, HANDED, LAPSED, runOf } from './subjects.ts'

/** What incidents are held against. */
export interface Around {
  readonly store: Pick<Store, 'sql'>
  readonly watcher: Pick<Watcher, 'checks' | 'standing'>
  readonly members: Pick<MembersHeard, 'sight'>
  readonly config: { readonly change?: Topology }
  readonly now: () => Now
}

/** A run, or the rolling run whose next host is to begin: of that one `id` is empty. `despite`: what both people of it went on despite. */
export interface Whose {
  readonly plan: Pick<RunRow['plan'], 'id' | 'rolling'>
  readonly despite?: readonly Despite[]
}

/** Of an incident. */
export const membersOf = ({ members }: Pick<IncidentRow, 'members'>): readonly string[] => JSON.parse(members) as string[]

/** Hosts that steps took: those that are away, and of those that were seen back since, when. */
export interface Taken {
  readonly away: ReadonlySet<string>
  readonly back: ReadonlyMap<string, Back>
}

/** Incidents that stand in the way of nothing, where no incident is wanted; `taken` is asked for only where one is open. `as`: how they are excused, where `unsure` is judged elsewhere. */
export function passesFor(around: Around, whose: Whose, taken: () => Taken, as: readonly Excuse[] = ['excused']): (it: IncidentRow) => boolean {
  let known: Taken | undefined
  return (it) => isOwn(around, it.subject, whose) || isDespite(it, whose) || as.includes(excuseOf(around, it, membersOf(it), (known ??= taken())))
}

/** What this run, and the rolling run that it is of, page themselves; and what tells people who leads another run now, or that nobody does: nothing turned there. */
export function isOwn({ store: { sql } }: Pick<Around, 'store'>, subject: string, { plan: { id, rolling } }: Whose): boolean {
  const of = runOf(subject)
  if (of && [LAPSED, ALONE, HANDED].some((it) => of.rest === it || of.rest.startsWith(`${it}/`))) return true
  return (of && of.run === id) || (rolling !== undefined && (subject === `rolling:${rolling}` || (of !== undefined && loadRun(sql, of.run)?.plan.rolling === rolling)))
}

/** Whether both have typed that they go on despite this one; what has joined it since was nobody's word. */
export const isDespite = (it: Pick<IncidentRow, 'id' | 'members'>, { despite = [] }: Pick<Whose, 'despite'>): boolean =>
  despite.some(({ incident, members }) => incident === it.id && membersOf(it).every((member) => members.includes(member)))

/** Incidents of what steps took, and of nothing else, that should be over and are not: those that both may go on despite. */
export const lapsedIn = (around: Around, whose: Whose, taken: () => Taken): readonly Despite[] => loadOpen(around.store.sql).flatMap((it) =>
  !isOwn(around, it.subject, whose) && excuseOf(around, it, membersOf(it), taken()) === 'lapsed' ? [{ incident: it.id, number: it.number, title: it.title, members: membersOf(it) }] : [])

/** So long after a host was seen back what fell with it may take to be well again, beside the time that its looks take; and no longer in all than `AT_MOST`. */
const GRACE: Span = minutes(1)
export const AT_MOST: Span = minutes(15)

/**
 * Whether an incident, or what of it is new, is of what steps took and of nothing else (C-13). `excused`: those hosts are away, or are just back, and what went down with them has not
 * been well since, for a bounded time. `lapsed`: it should be over, and is not. `unsure`: it would be the first or the second, and a cluster that it leans on beside those hosts is not known this moment. `none`: it has to do
 * with something else.
 */
export type Excuse = 'excused' | 'lapsed' | 'unsure' | 'none'
export function excuseOf(around: Around, { subject, since }: Pick<IncidentRow, 'subject' | 'since'>, members: readonly string[], taken: Taken): Excuse {
  const near = new Set([...taken.away, ...taken.back.keys()])
  if (members.length === 0 || !isNamedAfter(around, subject, near)) return 'none'
  const each = members.map((member): Excuse => {
    const check = around.watcher.checks.get(/^check:(.*)$/.exec(member)?.[1] ?? '')
    const by = check ? downBy(around, check, near) : 'no'
    if (!check || by !== 'yes') return by === 'no' ? 'none' : 'unsure'
    if (isNamedAfter(around, subject, taken.away) && downBy(around, check, taken.away) === 'yes') return 'excused'
    return recoveryOf(around, check, since as Instant, [...taken.back].flatMap(([host, it]) => (groundOf(around, check).includes(host) ? [it] : [])))
  })
  return (['none', 'lapsed', 'unsure'] as const).find((it) => each.includes(it)) ?? 'excused'
}

/** A check that went down while its host was away, and that host is back: what fails anew since is another thing, whether it was well in between or not. */
function recoveryOf({ watcher, now }: Around, check: Check, since: Instant, backs: readonly Back[]): 'excused' | 'lapsed' | 'none' {
  const { wall, tick } = now()
  const [from, at] = [Math.min(...backs.map((it) => it.from)), Math.max(...backs.map((it) => it.at))]
  const standing = watcher.standing(check.name)
  const grace = Math.min(AT_MOST, GRACE + check.timeout + check.every * (standing ? passesNeeded(check, standing, now()) : check.recoverAfter))
  if (since < from || since > at + grace) return 'none'
  // A keeper that did not see it go down has not seen either since when it fails.
  const row = standing === undefined || standing.turns.length === 0 ? undefined : (standing.firstFail ?? standing.unknownSince)
  const isOfThen = (standing?.passes ?? 0) > 0 || (row === undefined ? since : wall - (tick - row)) <= at
  return isOfThen && wall >= at && wall - at <= grace ? 'excused' : 'lapsed'
}

const groundOf = ({ config: { change } }: Pick<Around, 'config'>, { standsOn = [] }: Pick<Check, 'standsOn'>): readonly string[] =>
  standsOn.flatMap((on) => [on, ...((change && clusterOf(change, on)?.members) ?? [])])

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
 * enough of them are well. What its members say for a moment may be nothing, or not of one mind, as when one leaves in good order: then it is not sure.
 */
function downBy({ config: { change }, members, now }: Around, { standsOn: ground = [] }: Pick<Check, 'standsOn'>, away: ReadonlySet<string>): 'yes' | 'unsure' | 'no' {
  const isTaken = (on: string): boolean => away.has(on) || isAllAway(change, on, away)
  const wellness = (on: string): 'yes' | 'unsure' | 'no' => {
    const cluster = change && clusterOf(change, on)
    if (!cluster) return 'no'
    const seen: Sight[] = []
    const counts = knownCounts(cluster, change, (it) => {
      const of = clusterOf(change, it)
      const sight: Sight = of ? members.sight(of, now()) : { is: 'unknown', says: '' }
      seen.push(sight)
      return sight
    })
    if (typeof counts === 'string') return seen.some(({ is }) => is === 'split') ? 'no' : 'unsure'
    return toleranceOf(counts).is === 'known' ? 'yes' : 'no'
  }
  if (!ground.some(isTaken)) return 'no'
  const others = ground.filter((on) => !isTaken(on)).map(wellness)
  return others.includes('no') ? 'no' : others.includes('unsure') ? 'unsure' : 'yes'
}
