// What plans and runs are judged by, as the keeper knows it now. `strict`: for a ruling a check counts by its last look alone, since one that just failed
// is not well, however many failures make it down.
import { later, ms, tickOf, type Now, type Span, type Stamp } from '../../core/time.ts'
import { awayIn, type Course } from '../../rooms/change/runs/course.ts'
import { runsBeside, siblingsOf } from '../../rooms/change/rolling/siblings.ts'
import type { Siblings } from '../../rooms/change/gates.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { loadGoing, loadRunsOver, loadTold } from '../../rooms/change/runs/rows.ts'
import { backIn } from '../../rooms/change/runs/back.ts'
import { factsOf, type CheckSeen, type Grounds } from '../../views/change/changes.ts'
import { viewCheck } from '../../views/checks.ts'
import type { Store } from '../../db/store.ts'
import type { ChangeRoom } from '../../rooms/change/index.ts'
import type { OwnWay } from '../../rooms/change/own-way.ts'
import type { HostsHeard } from '../../rooms/change/heard/hosts-heard.ts'
import type { ToScout } from '../../rooms/change/heard/protocol.ts'
import type { MembersHeard } from '../../rooms/change/heard/members-heard.ts'
import type { PageRoom } from '../../rooms/page/index.ts'
import { loadOpen } from '../../rooms/page/rows.ts'
import type { PeopleRoom } from '../../rooms/people/index.ts'
import type { ToProber } from '../../rooms/watch/protocol.ts'
import type { Ground, Watcher } from '../../rooms/watch/watcher.ts'
import { countsOf, toleranceOf } from '../../rooms/change/tolerance.ts'
import { clusterOf, hostOf, type Topology } from '../../rooms/change/topology.ts'
import type { Engine } from '../engine.ts'
import { setsIn, type InForce } from '../in-force.ts'
import { AT_MOST, excuseOf, membersOf, passesFor, type Taken } from './incidents/excused.ts'

/** What planned work needs of the keeper. */
export interface ChangeKeeper {
  readonly store: Pick<Store, 'node' | 'sql'>
  readonly engine: Pick<Engine, 'turn'>
  readonly rooms: { readonly change: ChangeRoom; readonly page: Pick<PageRoom, 'event' | 'open' | 'resolve'>; readonly people: Pick<PeopleRoom, 'agreements'> }
  readonly watcher: Pick<Watcher, 'checks' | 'flapping' | 'standing'>
  readonly hosts: HostsHeard
  readonly members: MembersHeard
  readonly config: InForce
  readonly ports: { readonly toProbers: (message: ToProber) => void; readonly toScout?: (message: ToScout) => boolean; readonly forgetNames?: (within: Span) => Promise<boolean>; readonly machine?: () => readonly string[] }
  readonly now: () => Now
}

export const NOTHING_PLANNED = { hosts: [], clusters: [], runbooks: [] } as const

/** As the machine and the configuration have it. */
const ownWayOf = ({ config: { site, leads }, ports }: Pick<ChangeKeeper, 'config' | 'ports'>): OwnWay =>
  ({ machine: ports.machine?.() ?? [], channels: leads ?? {}, ...(URL.canParse(site.url) ? { site: new URL(site.url).hostname } : {}) })

const FOUND_AS: Readonly<Record<string, string>> = { up: 'pass', down: 'fail', unknown: 'unknown' }

export function groundsOf(keeper: ChangeKeeper, strict = false): Grounds {
  const now = keeper.now()
  const { sql } = keeper.store
  const check = (name: string): CheckSeen | undefined => {
    const found = keeper.watcher.checks.get(name)
    if (!found) return undefined
    const seen = viewCheck(found, { sql, now: now.wall, standing: (it) => keeper.watcher.standing(it), flapping: (it) => keeper.watcher.flapping(it), pingUrl: () => '' })
    const last = keeper.watcher.standing(name)?.last
    // Of a check that this keeper has not seen looked at, what is known is of before: older than any press. A heartbeat is not looked at, it reports.
    const from: Stamp | undefined = found.kind === 'heartbeat' ? undefined : { tick: last?.tick ?? tickOf(0), boot: now.boot }
    const age = found.kind === 'heartbeat' && seen.lastLook ? Math.max(0, now.wall - seen.lastLook.at) : undefined
    const reported: Stamp | undefined = age === undefined ? undefined : { tick: tickOf(now.tick - age), boot: now.boot }
    const state = strict && last && last.found.is !== 'pass' && seen.state === 'up' ? (last.found.is === 'fail' ? 'down' : 'unknown') : seen.state
    // Of the look that it is judged by, not of the one with which it went down.
    const says = seen.lastLook && seen.lastLook.says !== '' && seen.lastLook.found === FOUND_AS[state] ? seen.lastLook.says : seen.says
    return { name, state, says, lastLook: seen.lastLook, ...(from ? { from } : {}), ...(reported ? { reported } : {}) }
  }
  return { sql, now, timezone: keeper.config.site.timezone, change: keeper.config.change ?? NOTHING_PLANNED, sets: setsIn(keeper.config), hosts: keeper.hosts, members: keeper.members, check, own: () => ownWayOf(keeper) }
}

/** What is down, and expected to be, of the hosts that the same rolling run works on beside this one. */
export const siblingsFor = ({ store: { sql } }: Pick<ChangeKeeper, 'store'>, row: Pick<RunRow, 'plan'>): Siblings => siblingsOf(row.plan.beside === undefined ? [] : runsBeside(row, loadGoing(sql)))

/** What this run took, and the others of the batch that it is of. */
const awayFor = (keeper: Pick<ChangeKeeper, 'store'>, row: RunRow): Taken['away'] => new Set([...awayIn(row), ...siblingsFor(keeper, row).away])

/** The same; and what was seen back of all that the rolling run took. */
export function takenFor(keeper: Pick<ChangeKeeper, 'now' | 'store'>, row: RunRow): Taken {
  const { plan: { id, rolling } } = row
  const others = rolling === undefined ? [] : runsLately(keeper, rolling).filter(({ plan }) => plan.id !== id)
  return { away: awayFor(keeper, row), back: backOf(keeper, [...others, row]) }
}

/** Runs of a rolling run that go on, or ended so lately that what they took may not be well again yet. */
export const runsLately = ({ store: { sql }, now }: Pick<ChangeKeeper, 'now' | 'store'>, rolling: string): RunRow[] =>
  [...loadGoing(sql), ...loadRunsOver(sql, later(now().wall, ms(0 - AT_MOST)))].filter(({ plan }) => plan.rolling === rolling)

export const backOf = ({ store: { sql } }: Pick<ChangeKeeper, 'store'>, rows: readonly RunRow[]): Taken['back'] => new Map(rows.flatMap((it) => [...backIn(it, loadTold(sql, it.plan.id, -1, MOST_TOLD))]))

/** Whether something that went down with what was taken is not well again yet, and has time to be. */
export const isRecovering = (keeper: ChangeKeeper, taken: Taken): boolean => loadOpen(keeper.store.sql).some((it) =>
  excuseOf(keeper, it, membersOf(it), taken) === 'excused' && excuseOf(keeper, it, membersOf(it), { ...taken, back: new Map() }) === 'none')

/** So many lines of a run are gone through for when its hosts were seen back. */
const MOST_TOLD = 5000

/**
 * What a run is held against now. `guard`: by what may go on; what went down with a host that is just back is no surprise. `press` and `ruling`: by what a step begins on, which that keeps
 * from beginning; for a ruling a check counts by its last look.
 */
export function courseFor(keeper: ChangeKeeper, row: RunRow, by: 'guard' | 'press' | 'ruling'): Course {
  const grounds = groundsOf(keeper, by === 'ruling')
  const { change } = grounds
  const taken = (): Taken => (by === 'guard' ? takenFor(keeper, row) : { away: awayFor(keeper, row), back: new Map() })
  return { row, topology: change, runbook: change.runbooks.find(({ name }) => name === row.plan.runbook.name), facts: factsOf({ ...grounds, passes: passesFor(keeper, row, taken, by === 'guard' ? ['excused', 'unsure'] : ['excused']) }), now: keeper.now(), ...(row.plan.beside ? { siblings: siblingsFor(keeper, row) } : {}) }
}

/** Hosts and clusters as checks lean on them. A cluster is out when it is split or has too little left, a host when none of its cables carries: by what was seen, and never by silence. */
export function groundFor(keeper: () => Pick<ChangeKeeper, 'config' | 'hosts' | 'members' | 'now'>): Ground {
  const change = (): Topology => keeper().config.change ?? NOTHING_PLANNED
  return {
    leansOn: (name) => [clusterOf(change(), name)?.dcs].filter((it) => it !== undefined),
    out(name) {
      const { hosts, members, now } = keeper()
      const host = hostOf(change(), name)
      if (host) return host.links.length > 0 && host.links.every((link) => hosts.link(host, link.name, now()).found === 'fail') ? { subject: `host:${name}`, says: 'none of its cables carries' } : undefined
      const cluster = clusterOf(change(), name)
      if (!cluster) return undefined
      const sight = members.sight(cluster, now())
      if (sight.is === 'split') return { subject: `cluster:${name}`, says: `it is split: ${sight.says}` }
      // Who was not heard may be well, and who is behind runs: only what no completion of that could save is out. The one that decides for it is asked of on its own.
      const own = sight.is === 'seen' ? countsOf(cluster, change(), () => ({ ...sight, healthy: [...sight.healthy, ...(sight.unheard ?? []), ...(sight.amiss ?? []).map(({ host: of }) => of)] })).slice(0, 1) : []
      if (sight.is !== 'seen' || toleranceOf(own).is !== 'lost') return undefined
      return { subject: `cluster:${name}`, says: `${sight.healthy.length} of its ${cluster.members.length} members are healthy${sight.healthy.length === 0 ? '' : `: ${sight.healthy.join(', ')}`}` }
    },
  }
}
