// The plan of a run: a runbook for one host, every value filled in, before anything is done. For each step it says what is done where, how many further
// failures are tolerated once it has taken down what it takes, and what every gate knows and lacks. What a person may take upon themselves
// (less than one failure tolerated, outside the window, not announced) has a code; everything else that does not pass refuses the plan.
//
// The hash covers all that two people will agree on: the filled-in steps with their ways back, gates, people, hosts and what was accepted. Any edit of it is
// another plan. What is observed is no part of it: that is judged anew whenever it counts.
import assert from 'node:assert/strict'
import { derivedId, sha256 } from '../../core/id.ts'
import { canonical } from '../../core/ledger.ts'
import { sayTime, type Span } from '../../core/time.ts'
import { judgeWant, type Answered, type Facts, type GateAnswer, type Place, type Siblings } from './gates.ts'
import type { Act, Claim, FilledAct, FilledClaim, FilledRunbook, FilledStep, Fronted, Runbook, Want } from './runbook.ts'
import { knownCounts } from './sight.ts'
import { fill, valuesFor } from './template.ts'
import { designed, numberOf, sayTolerance, sharedOf, toleranceOf, without, worseOf, type Gone, type Tolerance } from './tolerance.ts'
import type { SshPlace } from '../../ports/world/ssh.ts'
import { clusterOf, hostOf, type Door, type Host, type Topology } from './topology.ts'
import { permitOf } from './window.ts'

export interface PlanStep {
  readonly id: string
  readonly host: string
  readonly text: string
  /** Further failures that are tolerated once it has taken what it takes; -1: too few are left, null: not known. */
  readonly tolerance: number | null
  readonly gates: readonly GateAnswer[]
}

/** What a named person has to accept before it can be run. */
export interface Acceptable {
  readonly code: string
  readonly step: string
  readonly why: string
}

/** As `--json` has it, `holdfast.plan/1`. */
export interface Plan {
  readonly id: string
  readonly hash: string
  readonly runbook: string
  readonly host: string
  /** Now, before anything is done. */
  readonly tolerance: number | null
  readonly steps: readonly PlanStep[]
  /** What is still to be accepted. */
  readonly accept: readonly Acceptable[]
}

export interface Accepted {
  readonly code: string
  readonly reason: string
}

export interface PlanWants {
  readonly runbook: Runbook
  readonly host: string
  readonly topology: Topology
  readonly facts: Facts
  readonly accepted?: readonly Accepted[]
  /** Of a run that goes on: what was accepted when it began stays so, needed or not. */
  readonly kept?: boolean
  /** Of a run that goes on with this step: what is needed is asked from there on, since what was before it cannot be accepted any more. */
  readonly from?: number
  readonly beside?: Beside | undefined
  /** What of those is down just now, and is expected to be. */
  readonly siblings?: Siblings | undefined
}

/** The other hosts of a batch, which a rolling run works on at the same time; and every host that a step on one of them ever takes, with how it goes. */
export interface Beside {
  readonly hosts: readonly string[]
  readonly takes: Readonly<Record<string, Gone>>
}

/** `not-here`: the runbook does not run on that host. `not-accepted`: a code that this plan does not need, one twice, or no reason. */
export type Planned = {
  readonly is: 'plan'
  readonly plan: Plan
  /** With every value filled in. */
  readonly runbook: FilledRunbook
  /** The way back of each step, in a line. */
  readonly backs: readonly (string | undefined)[]
  /** Of each step, as they were judged just now. */
  readonly gates: readonly (readonly GateAnswer[])[]
  /** Of the way back of each: what has to be so before anything begins is not so any more when something has. */
  readonly backGates: readonly (readonly GateAnswer[])[]
  /** Which hosts are away at each, and how they went. */
  readonly gone: readonly ReadonlyMap<string, Gone>[]
  readonly beside?: Beside
} | { readonly is: 'refused'; readonly why: 'not-here' | 'not-accepted'; readonly says: string }

const SHORTEST_REASON = 10
const PAGING = 'paging'

/** Draws the plan; does nothing. */
export function planOf({ runbook: written, host: name, topology, facts, accepted = [], kept: goesOn = false, from = 0, beside, siblings }: PlanWants): Planned {
  const host = hostOf(topology, name)
  if (!host || !written.hosts.names.includes(name)) return { is: 'refused', why: 'not-here', says: `${written.name} does not run on “${name}”: it runs on ${written.hosts.names.join(', ')}` }
  const put = putFor(host, written.hosts.cluster)
  const runbook = { ...written, preflight: written.preflight.map((it) => wantWith(it, put)), guard: written.guard.map((it) => wantWith(it, put)) }
  const steps = filledFor(runbook, host)
  const course = courseOf({ runbook, topology, facts, beside }, steps)
  const needed = neededFor({ runbook, steps, host: name, course, facts, from })
  const wrong = goesOn ? undefined : wrongIn(accepted, needed)
  if (wrong !== undefined) return { is: 'refused', why: 'not-accepted', says: wrong }
  const hash = hashOf({ runbook, steps, host, topology, accepted, beside })
  const out = new Set(Object.keys(beside?.takes ?? {}))
  const place = (gone: ReadonlySet<string>): Place => ({ topology, facts, hosts: runbook.hosts.names, cluster: runbook.hosts.cluster, gone, ...(siblings ? { siblings } : {}) })
  const backGates = steps.map((_step, at): GateAnswer[] => [
    ...runbook.guard.map((want) => judgeWant(want, { ...place(new Set(course.gone[at]?.keys())), out })),
    ...kept(runbook, course, at, { topology, facts, beside }),
  ])
  const first = [...runbook.preflight.map((want) => judgeWant(want, { ...place(new Set()), out })), ...beforehand(runbook, steps, facts, accepted)]
  const gates = backGates.map((all, at) => (at === 0 ? [...first, ...all] : all))
  return {
    is: 'plan', gates, backGates, gone: course.gone, runbook: { ...runbook, steps }, backs: steps.map(({ undo }) => undo && sayAct(undo, topology)), ...(beside ? { beside } : {}),
    plan: {
      id: derivedId('plan', hash), hash, runbook: runbook.name, host: name, tolerance: numberOf(course.now),
      steps: steps.map((step, at) => ({ id: step.id, host: whereOf(step, name), text: sayAct(step.act, topology), tolerance: numberOf(course.after[at]), gates: (gates[at] ?? []).map(({ want, found, evidence }) => ({ want, found, evidence })) })),
      accept: needed.filter(({ code }) => !accepted.some((it) => it.code === code)),
    },
  }
}

/** Whether anything but what can be accepted stands in its way: it is refused then, whoever accepts what. */
export const isRefused = ({ steps }: Pick<Plan, 'steps'>): boolean => steps.some(({ gates }) => gates.some(({ found }) => found !== 'pass'))

/** How a host goes that a step takes: in good order only where `until` sees that it stopped. */
const goesBy = (stops: readonly string[], host: string): Gone => (stops.includes(host) ? 'left' : 'fell')
const stopsIn = (until: readonly (Claim | FilledClaim)[]): string[] => until.flatMap((it) => (it.is === 'stopped' ? [it.host] : []))

/** What the other hosts of a batch take; of one that goes in two ways, the worse one. */
export function besideOf({ hosts: { cluster }, steps }: Runbook, others: readonly string[], topology: Topology): Beside | undefined {
  const takes = new Map<string, Gone>()
  for (const name of others) {
    const host = hostOf(topology, name)
    const put = (text: string): string => (host ? fill(text, valuesFor(host, cluster)) : text)
    const mine = new Map<string, Gone>()
    for (const { takes: taken, until } of steps) for (const one of taken.map(put)) if (!mine.has(one)) mine.set(one, goesBy(stopsIn(until).map(put), one))
    for (const [one, gone] of mine) if (takes.get(one) !== 'fell') takes.set(one, gone)
  }
  return others.length === 0 ? undefined : { hosts: others, takes: Object.fromEntries(takes) }
}

/** How tolerance goes from step to step, and who is down at each. */
interface Course {
  readonly cluster: string | undefined
  readonly now: Tolerance | undefined
  readonly after: readonly (Tolerance | undefined)[]
  readonly gone: readonly ReadonlyMap<string, Gone>[]
  /** The same if every member were well: what it was built for. */
  readonly built: { readonly now: Tolerance | undefined; readonly after: readonly (Tolerance | undefined)[] }
}

/**
 * A host is gone from the beginning of the step that takes it, until a step whose `until` sees it as a member again has ended: within a step, the worst of
 * it counts. It has left in good order only where `until` sees that it stopped; otherwise it counts as fallen. What hosts beside it take may be gone at every
 * step, or not yet: the worse of both counts.
 */
function courseOf({ runbook, topology, facts, beside }: Pick<PlanWants, 'beside' | 'facts' | 'runbook' | 'topology'>, steps: readonly FilledStep[]): Course {
  const cluster = runbook.keep?.cluster ?? runbook.hosts.cluster
  const of = cluster === undefined ? undefined : clusterOf(topology, cluster)
  const known = of && knownCounts(of, topology, facts.sight)
  const tolerance = (gone: ReadonlyMap<string, Gone>): Tolerance | undefined => (known === undefined ? undefined : typeof known === 'string' ? { is: 'unknown', says: known } : toleranceOf(without(known, gone)))
  const built = (gone: ReadonlyMap<string, Gone>): Tolerance | undefined => of && toleranceOf(without(designed(of, topology), gone))
  const others = Object.entries(beside?.takes ?? {})
  const worst = (count: (gone: ReadonlyMap<string, Gone>) => Tolerance | undefined, gone: ReadonlyMap<string, Gone>): Tolerance | undefined => {
    const all = new Map([...gone, ...others.map(([host, how]): [string, Gone] => [host, gone.get(host) === 'fell' ? 'fell' : how])])
    const [alone, together] = [count(gone), count(all)]
    return alone && together && others.length > 0 ? worseOf(alone, together) : alone
  }
  const gone = new Map<string, Gone>()
  const rows = steps.map((step) => {
    for (const host of step.takes) if (!gone.has(host)) gone.set(host, goesBy(stopsIn(step.until), host))
    const row = { after: worst(tolerance, gone), built: worst(built, gone), gone: new Map(gone) }
    for (const claim of step.until) if (claim.is === 'synced') gone.delete(claim.host)
    return row
  })
  return {
    cluster, now: tolerance(new Map()), after: rows.map(({ after }) => after), gone: rows.map((it) => it.gone),
    built: { now: built(new Map()), after: rows.map((it) => it.built) },
  }
}

/** What may only be done when a named person takes it upon themselves. */
function neededFor({ runbook, steps, host, course, facts, from }: { readonly runbook: Runbook; readonly steps: readonly FilledStep[]; readonly host: string; readonly course: Course; readonly facts: Facts; readonly from: number }): Acceptable[] {
  const [first] = steps
  const needed: Acceptable[] = []
  const permit = runbook.window && permitOf(runbook.window, facts.now)
  if (permit?.is === 'shut') needed.push({ code: 'window', step: first?.id ?? '', why: 'its window is not open now' })
  const told = runbook.announce && facts.announced(runbook.announce)
  if (told && told.found !== 'pass') needed.push({ code: 'unannounced', step: first?.id ?? '', why: told.evidence[0]?.says ?? 'it is not known to be announced' })
  const own = leanedIn(steps.slice(from), host, facts)
  if (own) needed.push(own)
  let before = numberOf(course.now)
  for (const [at, step] of steps.entries()) {
    const after = numberOf(course.after[at])
    // One that leaves it as it was adds no risk that was not accepted with the step before.
    if (after !== null && after >= 0 && after < 1 && (at === 0 || before === null || after < before)) needed.push({ code: `tolerance.${step.id}`, step: step.id, why: `${course.cluster ?? ''} tolerates no further failure while and after it` })
    before = after
  }
  return needed
}

/**
 * What it takes of what Holdfast itself pages by, and that it is worked on where Holdfast runs, whatever it says to take (C-11): that a run is of that host, or a command
 * of it or of its way back is run there. What else a driver does through that host, as with a balancer on it, takes nothing of it.
 */
function leanedIn(steps: readonly FilledStep[], host: string, facts: Facts): Acceptable | undefined {
  const found = steps.flatMap((step) => [...new Set([...step.takes, host, ...ranOn(step)])].flatMap((name) =>
    facts.leaned(name).filter(({ is }) => is === 'here' || step.takes.includes(name)).map(({ says }) => ({ step: step.id, says: `${name}: ${says}` }))))
  const [first] = found
  return first && { code: PAGING, step: first.step, why: `${[...new Set(found.map(({ says }) => says))].join('; ')}. While it is down nobody may hear of a surprise` }
}

/** What is wrong with what was accepted; each is needed, once, with a reason. */
function wrongIn(accepted: readonly Accepted[], needed: readonly Acceptable[]): string | undefined {
  for (const [at, { code, reason }] of accepted.entries()) {
    const codes = needed.map((it) => it.code)
    if (!codes.includes(code)) return `“${code.slice(0, 80)}” is nothing that this plan needs accepted: ${codes.length === 0 ? 'it needs nothing' : `it needs ${codes.join(', ')}`}`
    if (accepted.findIndex((it) => it.code === code) < at) return `“${code}” is accepted twice`
    if (reason.trim().length < SHORTEST_REASON) return `say why “${code}” is accepted, in a sentence: it will be read`
  }
  return undefined
}

/** Window and announcement, where they are as they should be or somebody accepted that they are not. */
function beforehand(runbook: Runbook, steps: readonly FilledStep[], facts: Facts, accepted: readonly Accepted[]): GateAnswer[] {
  const word = (code: string): Answered | undefined => {
    const given = accepted.find((it) => it.code === code)
    return given && { found: 'pass', evidence: [{ subject: code, observer: 'a person', at: facts.now, says: `accepted: ${given.reason.trim()}` }] }
  }
  const found: GateAnswer[] = []
  const permit = runbook.window && permitOf(runbook.window, facts.now)
  const longest = steps.reduce((sum, { within }) => sum + within, 0) as Span
  const open: Answered | undefined = permit?.is === 'open' ? { found: 'pass', evidence: [{ subject: 'window', observer: 'the calendar', at: facts.now, says: `it closes in ${sayTime((permit.until - facts.now) as Span)}; all steps may take ${sayTime(longest)}` }] } : word('window')
  if (open) found.push({ want: 'its window is open', ...open })
  const told = runbook.announce && facts.announced(runbook.announce)
  const said = told?.found === 'pass' ? told : word('unannounced')
  if (runbook.announce && said) found.push({ want: `it is announced on ${runbook.announce.board}`, ...said })
  const pages = word(PAGING)
  if (pages) found.push({ want: 'Holdfast pages by nothing that is taken', ...pages })
  return found
}

/** How much is tolerated once a step has taken what it takes: never less than the runbook keeps, and never nothing at all. */
function kept({ keep }: Runbook, { cluster, after, built }: Course, at: number, { topology, facts: { now }, beside }: Pick<PlanWants, 'topology' | 'facts' | 'beside'>): GateAnswer[] {
  const it = after[at]
  if (cluster === undefined || it === undefined) return []
  const floor = keep?.tolerate ?? 0
  const of = clusterOf(topology, cluster)
  const shared = of ? sharedOf(of, topology) : []
  const found = it.is === 'unknown' ? 'unknown' : it.is === 'known' && it.failures >= floor ? 'pass' : 'fail'
  const [designedNow, designedAfter] = [built.now, built.after[at]].map((one) => (one ? sayTolerance(one) : ''))
  return [{
    want: `${cluster} tolerates at least ${floor} further ${floor === 1 ? 'failure' : 'failures'} while and after this step${beside ? `, with what goes of ${beside.hosts.join(', ')} too` : ''}`, found,
    evidence: [
      { subject: cluster, observer: 'its members', at: it.is === 'unknown' ? null : now, says: `it ${sayTolerance(it)}` },
      { subject: cluster, observer: 'the configuration', at: null, says: `with every member well it ${designedNow} now, and ${designedAfter} here` },
      ...shared.map((fate) => ({ subject: cluster, observer: 'the configuration', at: null, says: `all of it hangs on ${fate}: nothing tolerates the loss of that` })),
    ],
  }]
}

const putFor = (host: Host, cluster: string | undefined) => (text: string): string => fill(text, valuesFor(host, cluster))
const frontedWith = (it: Fronted, put: (text: string) => string): Fronted => (it.is === 'server' ? { ...it, server: put(it.server) } : { ...it, answers: it.answers.map(put) })
const wantWith = (it: Want, put: (text: string) => string): Want => (it.is === 'server' || it.is === 'record' ? frontedWith(it, put) : it)

/** The steps of a runbook for one host, every value filled in; throws where one is not known, which the configuration rules out. */
export function filledFor({ hosts: { cluster }, steps }: Runbook, host: Host): FilledStep[] {
  const put = putFor(host, cluster)
  const act = (it: Act): FilledAct => {
    if (it.is === 'manual') return { is: 'manual', text: put(it.text) }
    const deed = it.deeds[host.name]
    assert(deed, `no deed of ${it.driver} for ${host.name}`)
    return { is: 'driver', driver: it.driver, ...deed }
  }
  const claim = (it: Claim): FilledClaim => {
    if (it.is === 'driver') return { is: 'driver', claims: it.claims[host.name] ?? {} }
    if (it.is === 'checks') return { ...it, names: it.names.map(put) }
    if (it.is === 'server' || it.is === 'record') return frontedWith(it, put)
    return 'host' in it ? { ...it, host: put(it.host) } : it
  }
  return steps.map((step) => {
    const { undo, ...rest } = step
    return { ...rest, act: act(step.act), takes: step.takes.map(put), until: step.until.map(claim), ...(undo ? { undo: act(undo) } : {}) }
  })
}

/** What was filled in for a host, as a runbook again, for that host and no other: the plan of it is the same one. */
export function writtenFor(filled: FilledRunbook, host: string): Runbook {
  const act = (it: FilledAct): Act => {
    if (it.is === 'manual') return it
    const { is, driver, ...deed } = it
    return { is, driver, deeds: { [host]: deed } }
  }
  const claim = (it: FilledClaim): Claim => (it.is === 'driver' ? { is: 'driver', claims: { [host]: it.claims } } : it)
  return { ...filled, steps: filled.steps.map(({ undo, ...step }) => ({ ...step, act: act(step.act), until: step.until.map(claim), ...(undo ? { undo: act(undo) } : {}) })) }
}

/** The host that settings of a driver name, or `local`. */
const onOf = (act: FilledAct): string | undefined => (act.is === 'driver' && typeof act.config['on'] === 'string' ? act.config['on'] : undefined)

/** Where commands of a step and of its way back are run, by name. */
const ranOn = ({ act, undo }: FilledStep): string[] => [act, ...(undo ? [undo] : [])].flatMap((it) => (it.is === 'driver' && it.driver === 'run' ? (onOf(it) ?? []) : []))

const whereOf = ({ act }: FilledStep, host: string): string => onOf(act) ?? host

const sayPlace = ({ user, host, port, via }: SshPlace): string =>
  `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}${via === undefined ? '' : ` through ${sayPlace(via)}`}`
const sayDoor = (door: Door): string => `${sayPlace(door)}${door.sudo ? ', by sudo' : ''}`

/** What is done, in a line, with the identity of where. */
function sayAct(act: FilledAct, topology: Topology): string {
  if (act.is === 'manual') return act.text
  const door = hostOf(topology, onOf(act) ?? '')?.ssh
  return `${act.says}${door ? ` (${sayDoor(door)})` : ''}`
}

/** The canonical form of all that is agreed on. */
function hashOf({ runbook, steps, host, topology, accepted, beside }: { readonly runbook: Runbook; readonly steps: readonly FilledStep[]; readonly host: Host; readonly topology: Topology; readonly accepted: readonly Accepted[]; readonly beside: Beside | undefined }): string {
  const spoken = [...runbook.preflight, ...runbook.guard, ...steps.flatMap(({ until }) => until)].flatMap((it) => ('cluster' in it ? [it.cluster] : []))
  const named = [runbook.keep?.cluster, runbook.hosts.cluster, ...new Set(spoken)].flatMap((name) => (name === undefined ? [] : (clusterOf(topology, name) ?? [])))
  const clusters = topology.clusters.filter((it) => named.includes(it) || named.some(({ dcs }) => dcs === it.name))
  const hosts = topology.hosts.filter(({ name }) => name === host.name || runbook.hosts.names.includes(name) || steps.some(({ act, undo }) => onOf(act) === name || (undo !== undefined && onOf(undo) === name)) || clusters.some(({ members }) => members.includes(name)))
  // Where it stands in which file is nobody's business.
  const bare = <T extends { readonly from: string }>(it: T): object => ({ ...it, from: undefined })
  return sha256(canonical({ schema: 'holdfast.plan/1', runbook: { ...bare(runbook), steps: undefined }, steps, host: host.name, hosts: hosts.map(bare), clusters: clusters.map(bare), accepted, ...(beside ? { beside } : {}) }))
}
