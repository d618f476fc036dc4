// What is a surprise to a run by what was known at the last look: a host that says nothing any more, an incident that was opened since, a cluster of which
// nobody knows any more how it stands. What is kept for that lives in memory, with what the run waits for; beside the run stands what its hosts said last, so
// that nothing that turns while no keeper is there goes unseen.
import { canonical } from '../../core/ledger.ts'
import { nameOf } from '../../core/subject.ts'
import { isWithin, seconds, stampOf, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Answered } from '../../rooms/change/gates.ts'
import { MAY_CHANGE_FOR } from '../../rooms/change/heard/members-heard.ts'
import { loadBaselines, type BaselinedBody, type Baselines } from '../../rooms/change/runs/baseline.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import type { Course } from '../../rooms/change/runs/course.ts'
import { firstPressAt, lastWellAt, loadGoing, loadRun } from '../../rooms/change/runs/rows.ts'
import { legIn, silencedBy, type Turn } from '../../rooms/change/runs/run.ts'
import { FRESH } from '../../rooms/change/sight.ts'
import { hostOf } from '../../rooms/change/topology.ts'
import { loadOpen } from '../../rooms/page/rows.ts'
import { loadAgreement } from '../../rooms/people/agreement-rows.ts'
import { NOTHING_PLANNED, siblingsFor, takenFor, type ChangeKeeper } from './grounds.ts'
import { excuseOf, isDespite, isOwn, membersOf, type Taken } from './incidents/excused.ts'
import type { Quiet } from './quiet.ts'

/** What was well at the last look, for one run. */
export interface Memory {
  well: Map<string, boolean>
  /** Incidents that are known, each with the members that it had then. */
  readonly incidents: Map<string, readonly string[]>
  /** When it began, and the hosts that were known before the keeper began: they are known again soon, or not any more. */
  readonly since: Stamp
  readonly before: ReadonlySet<string>
  /** Since when a want of a cluster is not known that was well before. */
  readonly unsure: Map<string, Stamp>
  /** What the doer of the step under way sees. */
  token: number
  claimed?: { readonly found: Answered['found']; readonly from: Stamp }
  overran: boolean
  /** When the first word of a new boot came, by step, host and boot. */
  readonly booted: Map<string, Stamp>
  /** What both were asked for at the last look. `isAwaited`: one of them had pressed, or a rolling run waits for it. */
  offer?: { readonly agreement: string; readonly isAwaited: boolean } | undefined
  /** For which press looks were asked for. */
  asked?: number
}

/** An incident that is a surprise; `claim`: what became of it. */
export interface Stranger {
  readonly number: number
  readonly title: string
  readonly claim: string
}

/** What turned, as it was seen: of a host, or of a cluster. `donor`: it gives its data to another one. `far`: the host at the other end of the cable. */
export type SeenTurn = Turn & { readonly cluster?: string; readonly donor?: true; readonly far?: string }

/** Runs are looked at once a second: what is older than this by a line that was told has been seen. */
const LOOKED_WITHIN: Span = seconds(2)

/** Every host that a run is about. */
export const hostsOf = ({ plan: { runbook } }: RunRow): readonly string[] => runbook.hosts.names

/** Those, and the one that the run is on. */
const watchedIn = (row: RunRow): readonly string[] => [...new Set([row.plan.host, ...hostsOf(row)])]

/**
 * The first of them that is a surprise to a run. Of a host that a step takes, its own or one beside it, the member may go; and whoever gives its data to one that joins
 * is no surprise meanwhile. A cable always is.
 */
export function turnFor(keeper: ChangeKeeper, row: RunRow, turns: readonly SeenTurn[]): Turn | undefined {
  const gone = [...silencedBy(row.run), ...siblingsFor(keeper, row).taken]
  const mine = turns.filter(({ host, far, cluster }) => [host, far].some((it) => it !== undefined && (hostsOf(row).includes(it) || row.plan.host === it)) || (cluster !== undefined && row.plan.claims.includes(cluster)))
    .find((it) => !(it.is === 'member' && it.host !== undefined && (gone.includes(it.host) || (it.donor === true && gone.length > 0))))
  return mine && { subject: mine.subject, is: mine.is, claim: mine.claim, ...(mine.host === undefined ? {} : { host: mine.host }) }
}

/** What its hosts say now, and said last where they are silent and it was known before. */
function baselinesOf({ hosts, config, store, now }: ChangeKeeper, row: RunRow): Baselines {
  const before = loadBaselines(store.sql, row.plan.id)
  return Object.fromEntries(watchedIn(row).flatMap((name) => {
    const host = hostOf(config.change ?? NOTHING_PLANNED, name)
    const isKnown = hosts.boot(name, now()) !== undefined || before[name] !== undefined
    const has = host && isKnown ? hosts.baseline(host) : undefined
    return has ? [[name, has] as const] : []
  }))
}

const note = (tx: Tx, body: BaselinedBody): void => void tx.append({ is: 'change.baselined', stream: `run:${body.id}:baseline`, body: { ...body } })

/**
 * Has it written down what the hosts of a run say, where that is another thing than what stands there: before the first press counts, and after each turn that was
 * excused. What halts the run is on its way already, and is written first: then this is not.
 */
export function keepBaseline(keeper: ChangeKeeper, row: RunRow): void {
  const { plan: { id }, run } = row
  if (run.halt !== undefined || run.phase.is === 'over') return
  const hosts = baselinesOf(keeper, row)
  if (canonical(hosts) === canonical(loadBaselines(keeper.store.sql, id))) return
  void keeper.engine.turn('change.baselined', (tx) => {
    const { run: current } = loadRun(tx.sql, id) ?? {}
    if (current && current.halt === undefined && current.phase.is !== 'over') note(tx, { id, hosts })
  }).catch(() => undefined)
}

/** A run that goes on after a halt goes on from how its hosts are now; of whom nothing is known, nothing is held against anything. */
export function baselineAnew(keeper: ChangeKeeper, tx: Tx, row: RunRow): void {
  const gone = [...silencedBy(row.run), ...siblingsFor(keeper, row).taken]
  const hosts = Object.fromEntries(Object.entries(baselinesOf(keeper, row)).filter(([name]) => gone.includes(name) || keeper.hosts.boot(name, tx.now) !== undefined))
  note(tx, { id: row.plan.id, hosts })
}

/** In which boot each host was by its last word, also of one that is silent now: what a step boots is held against that, or nobody could ever see that it was booted. */
export function bootsFor({ hosts, config }: ChangeKeeper, { row, facts }: Pick<Course, 'facts' | 'row'>): Readonly<Record<string, string>> {
  const claimed = row.plan.runbook.steps.flatMap(({ until }) => until.flatMap((claim) => (claim.is === 'boots' ? [claim.host] : [])))
  return Object.fromEntries([...new Set([...watchedIn(row), ...claimed])].flatMap((name) => {
    const host = hostOf(config.change ?? NOTHING_PLANNED, name)
    const boot = facts.boot(name)?.boot ?? (host && hosts.baseline(host)?.boot) ?? row.boots[name]
    return boot === undefined ? [] : [[name, boot] as const]
  }))
}

const recalled = new WeakSet<ChangeKeeper>()

/** What the keeper before this one had heard last, for all runs that a surprise would halt: once, before this one hears of anything. */
export function recallBaselines(keeper: ChangeKeeper): void {
  const { store: { sql }, hosts } = keeper
  if (recalled.has(keeper)) return
  recalled.add(keeper)
  for (const { plan: { id }, run } of loadGoing(sql)) {
    if (!run.guarded || run.halt !== undefined) continue
    for (const [host, baseline] of Object.entries(loadBaselines(sql, id))) hosts.recall(host, baseline)
  }
}

/** What is known of a run at the first look at it: what was there before the first press, and of one that goes on what a look must have seen before. */
export function memoryFor({ store: { sql }, now }: ChangeKeeper, { plan: { id }, run }: RunRow, carried?: Memory['incidents']): Memory {
  const seenAt = run.guarded ? Math.max(firstPressAt(sql, id), lastWellAt(sql, id) - LOOKED_WITHIN) : Number.POSITIVE_INFINITY
  const incidents = carried ?? new Map(loadOpen(sql).filter(({ since }) => since < seenAt).map((it) => [it.id, membersOf(it)]))
  const before = new Set(carried ? [] : Object.keys(loadBaselines(sql, id)))
  return { well: new Map(), since: stampOf(now()), before, incidents, unsure: new Map(), token: run.token, overran: false, booted: new Map() }
}

/** Before the first press nothing is a surprise. */
export function learn({ store: { sql } }: ChangeKeeper, { incidents, unsure }: Memory): void {
  unsure.clear()
  for (const it of loadOpen(sql)) incidents.set(it.id, membersOf(it))
}

/** Members that leave in good order, as a step has them do, do not agree on who belongs to them for a moment: what lasts is a surprise, as it is of the whole cluster. */
export function mayChange({ unsure }: Memory, key: string, now: Now): boolean {
  const since = unsure.get(key) ?? now
  unsure.set(key, since)
  return isWithin(since, now, MAY_CHANGE_FOR)
}

/**
 * An incident that was opened since, or what has joined one since, and is not of what a step has taken and none has seen back; what was excused once is known. Where that hangs on a cluster of which
 * nothing is known for a moment, it is waited for as long as for the cluster itself.
 */
export function strangerTo(keeper: ChangeKeeper, memory: Memory, row: RunRow): Stranger | undefined {
  const { incidents, unsure } = memory
  let taken: Taken | undefined
  for (const it of loadOpen(keeper.store.sql)) {
    if (isOwn(keeper, it.subject, row) || isDespite(it, row)) continue
    const members = membersOf(it)
    const known = incidents.get(it.id)
    const fresh = known ? members.filter((member) => !known.includes(member)) : members
    taken ??= takenFor(keeper, row)
    // What went down with a host that was taken, and is not up again in its time.
    if (known !== undefined && fresh.length === 0 && excuseOf(keeper, it, members, taken) === 'lapsed') return { number: it.number, title: it.title, claim: `did not end: ${it.title}, and what it leans on is back` }
    const isKnown = (known !== undefined && fresh.length === 0) || isPassedOver(it.subject, row)
    const excuse = isKnown ? 'excused' : excuseOf(keeper, it, fresh, taken)
    const key = `incident ${it.id}`
    if (excuse === 'unsure' && mayChange(memory, key, keeper.now())) continue
    unsure.delete(key)
    if (excuse !== 'excused') return { number: it.number, title: it.title, claim: known ? `grew: ${it.title}, and now ${fresh.map(nameOf).join(', ')}` : `was opened: ${it.title}` }
    incidents.set(it.id, members)
  }
  return undefined
}

/** Of two runs that have halted each other neither could ever go on: whoever goes on has seen that the other one stands. */
const isPassedOver = (subject: string, { run }: RunRow): boolean => run.halt !== undefined && /^(run|rolling):/.test(subject)

/** Whether what both were asked for has lapsed, told once: a run in which one had pressed, or that others wait for, would stand still and nobody know. */
export function hasLapsed({ store: { sql } }: ChangeKeeper, memory: Memory, { run, asked, plan }: RunRow): boolean {
  if (asked?.purpose === 'step' && legIn(run) !== undefined) memory.offer = { agreement: asked.agreement, isAwaited: run.guarded || plan.rolling !== undefined }
  const { offer } = memory
  if (offer === undefined || legIn(run) !== undefined) return false
  memory.offer = undefined
  // Time ends the offer, or the word that both were asked for: whichever comes first.
  const isLapsed = asked?.agreement === offer.agreement || loadAgreement(sql, offer.agreement)?.agreement.phase.is === 'lapsed'
  return isLapsed && offer.isAwaited && run.phase.is === 'waiting' && run.halt === undefined
}

/** A host that was known at the last look and is not any more, or is not heard any more, whatever the guard asks of it. */
export function silentHost(keeper: ChangeKeeper, { well, before, since }: Memory, row: RunRow, quiet: Pick<Quiet, 'has'>): Turn | undefined {
  const { hosts, now } = keeper
  const { taken } = siblingsFor(keeper, row)
  const turns = watchedIn(row).flatMap((host): Turn[] => {
    const [known, is] = [well.get(`host ${host}`), hosts.boot(host, now()) !== undefined]
    // What it said before the restart was good for so long too.
    if (known === undefined && !is && before.has(host) && isWithin(since, now(), FRESH)) return []
    const was = known ?? before.has(host)
    well.set(`host ${host}`, is)
    return was && (!is || quiet.has(host)) && !silencedBy(row.run).includes(host) && !taken.has(host) ? [silenceOf(keeper, host)] : []
  })
  return turns[0]
}

/** It names the cables that may be to blame: one of them is most likely that by which it is asked, and then nobody can say that it lost carrier. */
function silenceOf({ config }: ChangeKeeper, host: string): Turn {
  const names = hostOf(config.change ?? NOTHING_PLANNED, host)?.links.map(({ name }) => name) ?? []
  const [only] = names.length === 1 ? names : []
  return { subject: only === undefined ? `host:${host}` : `link:${host}/${only}`, is: 'member', host, claim: `is not known any more: nothing is heard of ${host}${names.length > 1 ? ` (${names.join(', ')})` : ''}` }
}
