// Gates of a run: what a runbook wants to be so, held against what is known. Every answer has three values and names what it rests on; what nobody has
// looked at is unknown, and unknown never opens a gate. The facts are gathered elsewhere (views/change); nothing here reads anything.
import type { Found } from '../../core/evidence.ts'
import { sayTime, type Instant } from '../../core/time.ts'
import type { Want } from './runbook.ts'
import type { Sight } from './sight.ts'
import { clusterOf, type Topology } from './topology.ts'

/** What an answer rests on. `at`: null where it was never looked at. */
export interface Witness {
  readonly subject: string
  readonly observer: string
  readonly at: Instant | null
  readonly says: string
}

export interface Answered {
  readonly found: Found['is']
  readonly evidence: readonly Witness[]
}

/** As `--json` has it. */
export interface GateAnswer extends Answered {
  readonly want: string
}

/** What is known now, by whom it may concern. */
export interface Facts {
  readonly now: Instant
  sight(cluster: string): Sight
  links(host: string): Answered
  check(name: string): Answered
  backup(want: Extract<Want, { is: 'backup' }>): Answered
  incidents(): Answered
  /** Whether the public was told, so long before. */
  announced(board: string): Answered
}

export interface Place {
  readonly topology: Topology
  readonly facts: Facts
  /** Hosts that the run is about: the members of its cluster, or those that are named. */
  readonly hosts: readonly string[]
  readonly cluster: string | undefined
  /** Hosts that are expected to be down: that, and nothing else, is excused (C-13). */
  readonly gone: ReadonlySet<string>
}

/** One want, judged. */
export function judgeWant(want: Want, place: Place): GateAnswer {
  const { facts, gone, hosts, cluster } = place
  switch (want.is) {
    case 'links': {
      const asked = hosts.filter((it) => !gone.has(it))
      return all(`all links are up${asked.length < hosts.length ? `, but for ${[...gone].join(', ')}` : ''}`, asked.map((host) => facts.links(host)))
    }
    case 'healthy': return cluster === undefined ? all('no cluster is meant', []) : { want: `every member of ${cluster} is healthy`, ...judgeMembers(place, cluster, undefined) }
    case 'members': return { want: `at least ${want.atLeast} members of ${want.cluster} are healthy`, ...judgeMembers(place, want.cluster, want.atLeast) }
    case 'incidents': return { want: 'no incident is open', ...facts.incidents() }
    case 'checks': return all(`${want.names.join(', ')} ${want.names.length === 1 ? 'passes' : 'pass'}`, want.names.map((name) => facts.check(name)))
    case 'backup': return { want: sayBackup(want), ...facts.backup(want) }
  }
}

/** The worst of several; nothing to look at is unknown. */
export function all(want: string, answers: readonly Answered[]): GateAnswer {
  const found = answers.length === 0 ? 'unknown' : (['fail', 'unknown', 'pass'] as const).find((it) => answers.some((answer) => answer.found === it))
  return { want, found: found ?? 'unknown', evidence: answers.flatMap(({ evidence }) => evidence) }
}

function judgeMembers({ topology, facts, gone }: Place, name: string, atLeast: number | undefined): Answered {
  const members = clusterOf(topology, name)?.members ?? []
  const sight = facts.sight(name)
  const says = (found: Answered['found'], text: string): Answered => ({ found, evidence: [{ subject: name, observer: 'its members', at: sight.is === 'unknown' ? null : facts.now, says: text }] })
  if (sight.is !== 'seen') return says(sight.is === 'split' ? 'fail' : 'unknown', sight.says)
  const wanted = members.filter((host) => !gone.has(host))
  const well = sight.healthy.filter((host) => !gone.has(host))
  const enough = atLeast === undefined ? wanted.length > 0 && wanted.every((host) => well.includes(host)) : well.length >= atLeast
  return says(enough ? 'pass' : 'fail', `${well.length} of ${members.length} are healthy${well.length === 0 ? '' : `: ${well.join(', ')}`}`)
}

const sayBackup = ({ set, age, rung, proven }: Extract<Want, { is: 'backup' }>): string =>
  [`a copy of ${set} that counts`, ...(age === undefined ? [] : [`not older than ${sayTime(age)}`]), ...(rung === undefined ? [] : [`proven up to ${rung}`]), ...(proven === undefined ? [] : [`within ${sayTime(proven)}`])].join(', ')
