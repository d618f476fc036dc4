// Gates of a run: what a runbook wants to be so, held against what is known. Every answer has three values and names what it rests on; what nobody has
// looked at is unknown, and unknown never opens a gate. The facts are gathered elsewhere (views/change); nothing here reads anything.
import { olderOf, sayTime, type Instant, type Stamp } from '../../core/time.ts'
import type { Leaned } from './own-way.ts'
import type { Runbook, Want } from './runbook.ts'
import type { Answered, Said } from './heard/answered.ts'
import { judgeFronted, sayFronted } from './heard/fronts.ts'
import type { Sight } from './sight.ts'
import { clusterOf, type Topology } from './topology.ts'

export type { Answered, Witness } from './heard/answered.ts'

/** As `--json` has it; `from` is for rulings, and is not shown. */
export interface GateAnswer extends Answered {
  readonly want: string
}

/** What is known now, by whom it may concern. */
export interface Facts {
  readonly now: Instant
  sight(cluster: string): Sight
  /** `gone`: of these hosts nobody wants to know what they see at the other ends. */
  links(host: string, gone?: ReadonlySet<string>): Answered
  /** In which boot a host is. */
  boot(host: string): { readonly boot: string; readonly from: Stamp } | undefined
  /** Whether what runs there for its cluster has stopped, in good order. */
  stopped(host: string): Answered
  synced(cluster: string, host: string): Answered
  /** What a member said of itself lately; a sentence where nothing is known. */
  said(cluster: string, host: string): Said | string
  check(name: string): Answered
  backup(want: Extract<Want, { is: 'backup' }>): Answered
  incidents(): Answered
  /** Whether the public was told, so long before, of work on these components at this time. */
  announced(of: NonNullable<Runbook['announce']>): Answered
  /** What Holdfast itself does through a host (C-11). */
  leaned(host: string): readonly Leaned[]
}

export interface Place {
  readonly topology: Topology
  readonly facts: Facts
  /** Hosts that the run is about: the members of its cluster, or those that are named. */
  readonly hosts: readonly string[]
  readonly cluster: string | undefined
  /** Hosts that are expected to be down: that, and nothing else, is excused (C-13). */
  readonly gone: ReadonlySet<string>
  /** A step that takes a host is under way: whoever gives its data to one that joins is counted all the same. */
  readonly joins?: boolean
  readonly siblings?: Siblings
  /** Hosts that may go meanwhile, by whatever is planned for them: nobody counts on them, and nothing of them is excused. */
  readonly out?: ReadonlySet<string>
}

/** What is down just now of hosts that the same rolling run works on at the same time: excused by it is that, and nothing else (C-13). */
export interface Siblings {
  /** What steps of theirs that are under way take. */
  readonly taken: ReadonlySet<string>
  /** The same, and between steps too, until it was seen back as a member. */
  readonly away: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()
/** Where nothing is looked at nothing is known: who wrote it is told why it never will be. */
const NO_LINK_LEFT: Answered = { found: 'unknown', evidence: [{ subject: 'links', observer: 'nobody', at: null, says: 'every host of the runbook is taken, and no other one is left whose links could be looked at' }] }

/** One want, judged. */
export function judgeWant(want: Want, place: Place): GateAnswer {
  const { facts, gone, hosts, cluster, siblings, out = NONE } = place
  const { taken = NONE, away = NONE } = siblings ?? {}
  const without = (...more: readonly ReadonlySet<string>[]): Place => ({ ...place, gone: new Set([gone, ...more].flatMap((it) => [...it])), joins: place.joins === true || taken.size > 0 })
  switch (want.is) {
    case 'links': {
      const down = without(taken).gone
      const asked = hosts.filter((it) => !down.has(it))
      return all(`all links are up${asked.length < hosts.length ? `, but for ${[...down].join(', ')}` : ''}`, asked.length === 0 ? [NO_LINK_LEFT] : asked.map((host) => facts.links(host, down)))
    }
    case 'healthy': return cluster === undefined ? all('no cluster is meant', []) : { want: `every member of ${cluster} is healthy`, ...judgeMembers(without(away), cluster, undefined) }
    case 'members': return { want: `at least ${want.atLeast} members of ${want.cluster} are healthy`, ...judgeMembers(without(taken, out), want.cluster, want.atLeast) }
    case 'server': case 'record': return { want: sayFronted(want), ...judgeFronted(want, place) }
    case 'incidents': return { want: 'no incident is open', ...facts.incidents() }
    case 'checks': return all(`${want.names.join(', ')} ${want.names.length === 1 ? 'passes' : 'pass'}`, want.names.map((name) => facts.check(name)))
    case 'backup': return { want: sayBackup(want), ...facts.backup(want) }
  }
}

/** The worst of several; nothing to look at is unknown. */
export function worstOf(answers: readonly Answered[]): Answered {
  const found = (['fail', 'unknown', 'pass'] as const).find((it) => answers.some((answer) => answer.found === it)) ?? 'unknown'
  const from = olderOf(answers.map((it) => it.from))
  // Whoever asks why hears of what is to blame first.
  const [blamed, others] = [answers.filter((it) => it.found === found), answers.filter((it) => it.found !== found)]
  return { found, evidence: [...blamed, ...others].flatMap(({ evidence }) => evidence), ...(from ? { from } : {}) }
}

const all = (want: string, answers: readonly Answered[]): GateAnswer => ({ want, ...worstOf(answers) })

function judgeMembers({ topology, facts, gone, joins }: Place, name: string, atLeast: number | undefined): Answered {
  const members = clusterOf(topology, name)?.members ?? []
  const sight = facts.sight(name)
  const above = decider(name, topology, facts)
  const oldest = olderOf([sight.from, above?.from])
  const from = oldest === undefined ? {} : { from: oldest }
  // What decides for it makes it no better than it is, nor hides how it stands itself.
  const under = (own: Answered): Answered => (above === undefined || above.found === 'pass' ? own : worstOf([{ found: above.found, evidence: [above.evidence], ...(above.from ? { from: above.from } : {}) }, own]))
  const says = (found: Answered['found'], text: string): Answered => under({ found, evidence: [{ subject: name, observer: 'its members', at: sight.is === 'unknown' ? null : facts.now, says: text }], ...from })
  if (sight.is !== 'seen') return says(sight.is === 'split' ? 'fail' : 'unknown', sight.says)
  const wanted = members.filter((host) => !gone.has(host))
  const well = [...sight.healthy, ...(joins === true ? (sight.giving ?? []) : [])].filter((host) => !gone.has(host))
  const isEnough = (of: readonly string[]): boolean => (atLeast === undefined ? wanted.length > 0 && wanted.every((host) => of.includes(host)) : of.length >= atLeast)
  const found = isEnough(well) ? 'pass' : isEnough([...well, ...(sight.unheard ?? []).filter((host) => !gone.has(host))]) ? 'unknown' : 'fail'
  const parts = [`${well.length} of ${members.length} are healthy${well.length === 0 ? '' : `: ${well.join(', ')}`}`, ...(found === 'unknown' ? [`not known: ${(sight.unheard ?? []).join(', ')}`] : []), ...(found === 'pass' ? [] : (sight.amiss ?? []).map(({ host, says: why }) => `${host}: ${why}`)), ...(sight.lacks === undefined ? [] : [sight.lacks])]
  return says(found, parts.join('; '))
}

/** The cluster that decides for this one: without its majority nobody is elected, whoever is well today. */
function decider(name: string, topology: Topology, facts: Facts): { readonly found: Answered['found']; readonly evidence: Answered['evidence'][number]; readonly from?: Stamp } | undefined {
  const dcs = clusterOf(topology, clusterOf(topology, name)?.dcs ?? '')
  if (!dcs) return undefined
  const sight = facts.sight(dcs.name)
  const counted = (healthy: readonly string[]): boolean => sight.is === 'seen' && healthy.length * 2 > sight.total
  const found = sight.is === 'split' ? 'fail' : sight.is === 'unknown' ? 'unknown' : counted(sight.healthy) ? 'pass' : counted([...sight.healthy, ...(sight.unheard ?? [])]) ? 'unknown' : 'fail'
  const says = sight.is === 'seen' ? `${sight.healthy.length} of ${sight.total} members of ${dcs.name}, which says who leads in ${name}, are healthy` : `${dcs.name}, which says who leads in ${name}: ${sight.says}`
  return { found, evidence: { subject: dcs.name, observer: 'its members', at: sight.is === 'unknown' ? null : facts.now, says }, ...(sight.from ? { from: sight.from } : {}) }
}

const sayBackup = ({ set, age, rung, proven }: Extract<Want, { is: 'backup' }>): string =>
  [`a copy of ${set} that counts`, ...(age === undefined ? [] : [`not older than ${sayTime(age)}`]), ...(rung === undefined ? [] : [`proven up to ${rung}`]), ...(proven === undefined ? [] : [`within ${sayTime(proven)}`])].join(', ')
