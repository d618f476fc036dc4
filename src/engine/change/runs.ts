// Runs as they go on, looked at every second: what turned since the last look, whether a step that both pressed may begin, whether one that began has
// brought about what it should, and what is offered next. All of it is judged by rooms/change; here the facts are brought to it, people are asked and
// paged, and what follows is written down. What is kept in memory is only what was well at the last look: after a restart
// what fails in the first look is a surprise too, and what its hosts say first is held against what they said last to the keeper before (C-14).
import { isSince, isWithin, olderOf, seconds, stampOf, tickOf, type Span, type Stamp } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Around } from '../../rooms/change/index.ts'
import { worstOf, type Answered, type GateAnswer } from '../../rooms/change/gates.ts'
import type { FromScout } from '../../rooms/change/heard/protocol.ts'
import type { FilledClaim } from '../../rooms/change/runbook.ts'
import { guardOf, isLeft, isShut, rulingFor, sayAgainst, type Course } from '../../rooms/change/runs/course.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { loadGoing, loadRun } from '../../rooms/change/runs/rows.ts'
import { FRESH } from '../../rooms/change/sight.ts'
import { hostOf } from '../../rooms/change/topology.ts'
import { silencedBy, stepRun, wayIn, type RunEvent, type Turn } from '../../rooms/change/runs/run.ts'
import { handOver } from './asking/hand-over.ts'
import { hearLate, LATE } from './asking/late.ts'
import { offerNext, page, pageAlone, resolveAll, resolveOne, type ToPeople } from './asking/offers.ts'
import { entrust, goOnAlone, isTooLate, nextAlone, type NextAlone } from './asking/unattended.ts'
import { courseFor, isRecovering, siblingsFor, takenFor, type ChangeKeeper } from './grounds.ts'
import { ALONE, isOfRun, LAPSED } from './incidents/subjects.ts'
import { createQuiet } from './quiet.ts'
import { baselineAnew, bootsFor, hasLapsed, hostsOf, keepBaseline, learn, mayChange, memoryFor, recallBaselines, silentHost, strangerTo, turnFor, type Memory, type SeenTurn } from './surprises.ts'
import { askLooks, hasClaimed, seenOf, seenSince, wasDone, whyNotDone } from './until.ts'
import { sayDespite, sayStep, saySurprise } from './words.ts'

export interface Runs {
  /** Once a second. */
  tick(): void
  /** What a host or a member of a cluster said of itself, or that it says nothing. */
  hear(message: FromScout): void
  /** Whoever asks hosts is not there any more: that they say nothing is no surprise before one of them was heard again, or what it said last is too old. */
  scoutGone(): void
  /** Whether a press may count now; a sentence where what it would begin by fails (C-14). */
  mayPress(agreement: string): string | undefined
  /** What the doer of a run was told, and what came of it; `not-begun`: it failed before anything was begun. */
  acted(run: string, token: number, is: 'done' | 'failed' | 'not-begun' | 'unknown', says: string): Promise<void>
  lost(run: string, token: number): Promise<void>
  seen(run: string, token: number, found: Answered['found'], from: Stamp): void
  /** What its driver saw last of a step; nothing where it has not looked. */
  claimed(run: string, token: number): Memory['claimed']
}

/** What both agreed on waits for fresh looks no longer than this. */
const RULED_WITHIN: Span = seconds(20)
/** What both typed against a halt, or agreed to have gone back by itself, waits no longer than this for a look that does not come: then that is not known, which they took upon themselves (C-15). */
const LOOKED_FOR: Span = seconds(15)

/** What was paged of a halt ends so when both go on. */
const GONE_ON = ['', '/unknown', '/failed', LATE, ALONE]

/** What whoever does a step says of it. */
const ACTED = { done: 'was done', failed: 'failed', 'not-begun': 'was not begun', unknown: 'is not known to be done' } as const
const byDriver = (claims: readonly FilledClaim[]): boolean => claims.some(({ is }) => is === 'driver')

const claimedIn = (memory: Memory | undefined, token: number | undefined): Memory['claimed'] => (memory?.token === token ? memory?.claimed : undefined)

export function createRuns(keeper: () => ChangeKeeper): Runs {
  const memories = new Map<string, Memory>()
  const quiet = createQuiet(keeper)
  const memoryOf = (row: RunRow): Memory => {
    const known = memories.get(row.plan.id)
    if (known) return known
    const made = memoryFor(keeper(), row)
    memories.set(row.plan.id, made)
    return made
  }
  const courseOf = (row: RunRow, by: 'guard' | 'ruling'): Course => courseFor(keeper(), row, by)
  const turn = (name: string, act: (tx: Tx) => unknown): void => void keeper().engine.turn(name, act).catch(() => undefined)
  /** The same for what was judged by a row: by another one than that it is judged again at the next look. */
  const turnOn = ({ plan: { id }, version }: RunRow, name: string, act: (tx: Tx) => unknown): void => turn(name, (tx) => (loadRun(tx.sql, id)?.version === version ? act(tx) : undefined))
  const surprise = (row: RunRow, it: Turn): void => turn('change.turned', (tx) => halt(keeper(), tx, row.plan.id, it))

  const turned = (turns: readonly SeenTurn[]): void => {
    if (turns.length === 0) return
    for (const row of loadGoing(keeper().store.sql)) {
      const mine = turnFor(keeper(), row, turns)
      if (mine) surprise(row, mine)
    }
  }

  const guard = (row: RunRow): boolean => {
    const { run } = row
    const memory = memoryOf(row)
    if (!run.guarded) learn(keeper(), memory)
    const silent = silentHost(keeper(), memory, row, quiet)
    if (!run.guarded || run.halt !== undefined) return false
    if (silent) return surprise(row, silent), true
    // Nothing further begins after it; the way back stays open (C-6, C-15).
    if (isShut(row.plan, keeper().now().wall) && isLeft(run)) return surprise(row, { subject: 'window', is: 'other', claim: 'has closed' }), true
    for (const { want, judged } of guardOf(courseOf(row, 'guard'))) {
      const key = JSON.stringify(want)
      const before = memory.well.get(key) ?? true
      if (before && judged.found === 'unknown' && (want.is === 'members' || want.is === 'healthy' || ((want.is === 'server' || want.is === 'record') && !memory.well.has(key))) && mayChange(memory, key, keeper().now())) continue
      // What hosts said to the keeper before this one was good for so long too; a cable that is seen to be down is down.
      if (want.is === 'links' && judged.found === 'unknown' && !memory.well.has(key) && memory.before.size > 0 && isWithin(memory.since, keeper().now(), FRESH)) continue
      memory.unsure.delete(key)
      memory.well.set(key, judged.found === 'pass')
      if (before && judged.found !== 'pass') {
        const culprit = judged.evidence.find((it) => it.says !== '') ?? { subject: judged.want, says: 'nobody has looked' }
        surprise(row, { subject: culprit.subject, is: 'other', claim: judged.found === 'fail' ? `fails: ${culprit.says}` : `is not known any more: ${culprit.says}` })
        return true
      }
    }
    const stranger = strangerTo(keeper(), memory, row)
    if (stranger) surprise(row, { subject: `incident ${stranger.number}`, is: 'other', claim: stranger.claim })
    return stranger !== undefined
  }

  const rule = (row: RunRow): void => {
    const { phase } = row.run
    if (phase.is !== 'pressed') return
    const memory = memoryOf(row)
    const course = courseOf(row, 'ruling')
    lookAnew(keeper(), memory, course, phase.at)
    const { id } = row.plan
    if (!isWithin(phase.at, course.now, RULED_WITHIN)) return turnOn(row, 'change.ruled', (tx) => refuse(keeper(), tx, row, 'not all of it was looked at in time'))
    // Halted, it goes on whatever the gates find; a window that closed excuses nothing else. What goes back by itself was agreed on so, but for what nobody can take back.
    const isAgainst = row.asked?.accepted === true && row.run.halt !== undefined
    const goesBack = row.run.trust?.isBack === true
    const ruling = rulingFor(course, phase.leg, phase.at, (isAgainst || goesBack) && !isWithin(phase.at, course.now, LOOKED_FOR))
    if (ruling.is === 'early') return
    turnOn(row, 'change.ruled', (tx) => {
      const { change } = keeper().rooms
      if (ruling.is === 'changed') return refuse(keeper(), tx, row, ruling.says)
      const boots = bootsFor(keeper(), course)
      const taken = change.take(tx, id, { is: 'ruled', found: ruling.found, from: ruling.from, accepted: (goesBack && !ruling.isBarred) || isAgainst, window: row.asked?.accepted === true ? 'open' : ruling.window }, { asked: null, boots })
      if (typeof taken === 'string') refuse(keeper(), tx, row, ruling.says === '' ? taken : `${taken}: ${ruling.says}`)
      else Object.assign(memory, { token: taken.run.token, claimed: undefined, overran: false })
      return undefined
    })
  }

  const watchStep = (row: RunRow): void => {
    const { phase } = row.run
    if (phase.is !== 'running') return
    const { way } = phase
    const step = row.plan.runbook.steps[way.step]
    const memory = memoryOf(row)
    if (!step) return
    const course = courseOf(row, 'ruling')
    const isMine = memory.token === way.token
    const act = way.back ? step.undo : step.act
    // Of what nobody does, nothing comes about.
    const claims = way.back || row.plan.rehearse ? [] : step.until
    const { seen, since } = seenOf(keeper(), memory, course, { claims, token: way.token, since: seenSince(row, way) })
    const done = act?.is === 'manual' || row.acted?.token === way.token
    const driver = !byDriver(claims) || (isMine && hasClaimed(memory.claimed, 'pass', since, course.now))
    // A manual way back has nothing by which it is seen: both say so.
    const canBeSeen = act?.is !== 'manual' || seen.length > 0 || row.plan.rehearse
    if (done && driver && canBeSeen && seen.every(({ found }) => found === 'pass')) {
      const froms = [...seen.flatMap(({ from }) => from ?? []), ...(byDriver(claims) && memory.claimed ? [memory.claimed.from] : [])]
      const now = stampOf(course.now)
      return turn('change.held', (tx) => {
        hold(keeper(), tx, row.plan.id, { is: 'held', token: way.token, from: olderOf([now, ...froms]) ?? now })
      })
    }
    if (!memory.overran && !isWithin(way.begun, course.now, step.within)) {
      memory.overran = true
      turn('change.overran', (tx) => page(keeper(), tx, row, `run:${row.plan.id}/overrun`, `Step ${step.id} takes too long`, `${row.plan.runbook.title}, on ${row.plan.host}: step ${way.step + 1} (${step.id}) is not seen to be done. Nothing further begins before it is.`))
    }
  }

  const resume = (row: RunRow): void => {
    const { asked, run } = row
    if (asked?.purpose === 'hand-over') return asked.agreedAt === undefined && asked.failed === undefined ? undefined : turn('change.handed', (tx) => handOver(keeper(), tx, row.plan.id))
    if (isTooLate(row, keeper().now())) return turn('change.entrusted', (tx) => entrust(keeper(), tx, loadRun(tx.sql, row.plan.id) ?? row))
    if (asked?.agreedAt === undefined || asked.purpose === 'step') return
    if (asked.purpose === 'whole') return turnOn(row, 'change.entrusted', (tx) => entrust(keeper(), tx, row))
    const at = asked.agreedAt
    const { id } = row.plan
    const despite = asked.despite ?? []
    const course = courseOf({ ...row, despite }, 'ruling')
    if (asked.purpose === 'decide') return turnOn(row, 'change.decided', (tx) => decide(keeper(), tx, row, claimedIn(memories.get(row.plan.id), wayIn(row.run)?.token)))
    const gone = new Set([...silencedBy(run), ...siblingsFor(keeper(), row).taken])
    lookAnew(keeper(), memoryOf(row), course, at)
    const answers = standingOf(keeper(), memoryOf(row), course, gone)
    const stale = answers.some(({ from }) => from !== undefined && !isSince(from, at))
    if (stale && isWithin(at, course.now, RULED_WITHIN)) return
    const worst = answers.length === 0 ? 'pass' : worstOf(answers).found
    turnOn(row, 'change.resumed', (tx) => {
      const { change } = keeper().rooms
      const taken = change.take(tx, id, { is: 'resumed', found: stale ? 'unknown' : worst, at, from: stampOf(tx.now) }, { asked: null, ...(despite.length > 0 ? { despite, says: `despite ${sayDespite(despite)}` } : row.despite ? { despite } : {}) })
      if (typeof taken === 'string') return change.await(tx, id, undefined, `it stays halted: ${stale ? 'not all of it was looked at in time' : taken}${worst === 'pass' ? '' : `: ${sayAgainst(answers)}`}`)
      baselineAnew(keeper(), tx, taken)
      memories.set(id, memoryFor(keeper(), taken, memoryOf(row).incidents))
      resolveAll(keeper(), tx, (it) => isOfRun(it, id, GONE_ON), 'both want to go on, and everything passes')
      return offerNext(keeper(), tx, taken)
    })
  }

  const one = (row: RunRow): void => {
    if (guard(row)) return
    if (row.run.guarded) keepBaseline(keeper(), row)
    if (stepRun(row.run, { is: 'time' }, keeper().now()).run !== row.run) turn('change.time', (tx) => keeper().rooms.change.take(tx, row.plan.id, { is: 'time' }))
    rule(row)
    watchStep(row)
    resume(row)
    const alone = aloneIn(keeper(), row)
    if (alone) turn('change.alone', (tx) => goOnAlone(keeper(), tx, row.plan.id, alone))
    if (hasLapsed(keeper(), memoryOf(row), row)) turn('change.lapsed', (tx) => page(keeper(), tx, row, `run:${row.plan.id}${LAPSED}`, `Lapsed: ${row.plan.runbook.title}`, `${row.plan.runbook.title}, on ${row.plan.host}: what both were asked for lapsed before both had pressed, and nothing goes on. holdfast runbooks resume ${row.plan.id} asks again, abort ends it.`))
  }
  return {
    tick() {
      recallBaselines(keeper())
      quiet.look()
      const going = loadGoing(keeper().store.sql)
      turned(keeper().members.elapsed(keeper().config.change?.clusters ?? [], keeper().now()))
      for (const row of going) one(row)
      // Of a run that is over nothing waits for anybody any more.
      for (const id of [...memories.keys()].filter((it) => !going.some(({ plan }) => plan.id === it))) {
        memories.delete(id)
        turn('change.over', (tx) => closed(keeper(), tx, id))
      }
    },
    hear: (message) => turned(turnsBy(keeper(), message)),
    scoutGone: quiet.forget,
    mayPress: (agreement) => whyNotPress(keeper(), agreement),
    async acted(run, token, is, says) {
      const row = loadRun(keeper().store.sql, run)
      const word = { is: is === 'not-begun' ? 'failed' as const : is, says: `${ACTED[is]}${says === '' ? '' : `: ${says}`}`.slice(0, 500) }
      if (row?.run.phase.is === 'over' && row.run.phase.way?.token === token) {
        await keeper().engine.turn('change.acted', (tx) => keeper().rooms.change.actedAfter(tx, run, token, { isOver: is !== 'unknown', says: word.says }))
        return
      }
      if (row?.lost?.token === token) {
        await keeper().engine.turn('change.acted', (tx) => hearLate(keeper(), tx, { run, token, word }, (it) => halt(keeper(), tx, run, it)))
        return
      }
      if (!row || row.run.phase.is !== 'running' || row.run.phase.way.token !== token) return
      const memory = memoryOf(row)
      if (is === 'done') {
        if (memory.token !== token) Object.assign(memory, { token, claimed: undefined })
        return wasDone(keeper(), run, token)
      }
      await keeper().engine.turn('change.acted', (tx) => {
        const before = loadRun(tx.sql, run)
        const taken = keeper().rooms.change.take(tx, run, is === 'unknown' ? { is: 'lost', token } : { is: 'failed', token, ...(is === 'failed' ? {} : { begun: false as const }) }, { says: says.slice(0, 500) })
        if (typeof taken === 'string') return
        // Of a halt both have heard already: what failed after it is another thing.
        if (is === 'unknown' || before?.run.halt === undefined) pageHalt(keeper(), tx, taken, says)
        else page(keeper(), tx, taken, `run:${run}/failed`, `Failed: ${taken.plan.runbook.title}`, `${sayStep(before)} ${ACTED[is]}${says === '' ? '' : `: ${says}`}. It was halted before${before.run.trust !== undefined && taken.run.trust === undefined ? ', and does not go back by itself any more' : ''}. holdfast runbooks show ${run}`)
      })
    },
    async lost(run, token) {
      await keeper().engine.turn('change.lost', (tx) => {
        const taken = keeper().rooms.change.take(tx, run, { is: 'lost', token })
        if (typeof taken !== 'string') pageHalt(keeper(), tx, taken)
      })
    },
    seen(run, token, found, from) {
      const memory = memories.get(run)
      if (memory?.token === token) memory.claimed = { found, from }
    },
    claimed: (run, token) => claimedIn(memories.get(run), token),
  }
}

/** Why a press would not count now; `undefined` where it may: then it stands written, before it counts, how the hosts of the run are. */
function whyNotPress(keeper: ChangeKeeper, agreement: string): string | undefined {
  const row = loadGoing(keeper.store.sql).find(({ asked }) => asked?.agreement === agreement)
  if (row && isTooLate(row, keeper.now())) return 'the hour is over in which both had to agree'
  if (row?.asked?.purpose !== 'step' || row.run.phase.is !== 'offered' || (row.asked.accepted === true && row.run.halt !== undefined)) return undefined
  const ruling = rulingFor(courseFor(keeper, row, 'press'), row.run.phase.leg, { tick: tickOf(0), boot: keeper.now().boot })
  if (ruling.is === 'ruled' && ruling.window === 'shut' && row.asked.accepted !== true) return 'its window is not open'
  if (ruling.is !== 'ruled' || ruling.found !== 'pass') return ruling.says
  keepBaseline(keeper, row)
  return undefined
}

/** What one that goes by itself does next. Nobody is there to judge whether what is not well yet will be: it waits for that. */
function aloneIn(keeper: ChangeKeeper, row: RunRow): NextAlone {
  const next = nextAlone(row, { now: keeper.now(), isOpen: !isShut(row.plan, keeper.now().wall) })
  return next?.is === 'due' && !next.leg.back && isRecovering(keeper, takenFor(keeper, row)) ? undefined : next
}

/** It does not begin; where nobody was asked, that is a surprise, and both hear of it. */
function refuse(keeper: ChangeKeeper, tx: Tx, { plan, run }: RunRow, says: string): void {
  const taken = keeper.rooms.change.take(tx, plan.id, { is: 'refused', says }, { asked: null })
  if (typeof taken === 'string' || run.trust === undefined) return
  if (taken.run.halt === undefined) halt(keeper, tx, plan.id, { subject: 'run', is: 'other', claim: `could not go on by itself: ${says}` })
  else pageAlone(keeper, tx, taken, `the way back did not begin: ${says}`, 'back')
}

/** What turned by this. */
function turnsBy(keeper: ChangeKeeper, message: FromScout): readonly SeenTurn[] {
  recallBaselines(keeper)
  const { hosts, members, config: { change } } = keeper
  if (message.is !== 'account' && message.is !== 'silent') return members.hear(message, change?.clusters.find(({ name }) => name === message.cluster))
  const turns = hosts.hear(message, change?.hosts.find(({ name }) => name === message.host))
  return turns.map((it): SeenTurn => ({ ...it, is: it.subject.startsWith('link:') ? 'link' : 'member', host: message.host }))
}

/** What both have said yes to rests on looks that begin now. */
function lookAnew(keeper: ChangeKeeper, memory: Memory, { row: { plan }, topology }: Course, at: Stamp): void {
  if (memory.asked === at.tick) return
  memory.asked = at.tick
  askLooks(keeper, plan.runbook, plan.claims.filter((claim) => topology.clusters.some(({ name }) => name === claim)))
}

/** All that a run is held against before it goes on: its guard, and beside it the cables of its hosts, the clusters that it claims, incidents. */
function standingOf(keeper: ChangeKeeper, memory: Memory, { row, topology, facts, siblings }: Course, gone: ReadonlySet<string>): readonly GateAnswer[] {
  const { claims } = row.plan
  const stranger = strangerTo(keeper, memory, row)
  return [
    ...guardOf({ row, topology, facts, ...(siblings ? { siblings } : {}) }).map(({ judged }) => judged),
    ...hostsOf(row).filter((host) => !gone.has(host) && (hostOf(topology, host)?.links.length ?? 0) > 0).map((host) => ({ want: `the cables of ${host} are up`, ...facts.links(host, gone) })),
    ...claims.flatMap((name) => (topology.clusters.some((it) => it.name === name) ? [accountOf(name, facts)] : [])),
    ...(isLeft(row.run) && isShut(row.plan, facts.now) ? [{ want: 'its window is open', found: 'fail' as const, evidence: [{ subject: 'window', observer: 'the calendar', at: facts.now, says: 'it has closed' }] }] : []),
    ...(stranger ? [{ want: `incident ${stranger.number} is over`, found: 'fail' as const, evidence: [{ subject: `incident ${stranger.number}`, observer: 'the keeper', at: null, says: stranger.title }] }] : []),
  ]
}

const accountOf = (name: string, facts: Course['facts']): GateAnswer => {
  const sight = facts.sight(name)
  return { want: `${name} is known, and one`, found: sight.is === 'seen' ? 'pass' : sight.is === 'split' ? 'fail' : 'unknown', evidence: sight.is === 'seen' ? [] : [{ subject: name, observer: 'its members', at: null, says: sight.says }], ...(sight.from ? { from: sight.from } : {}) }
}

/** A step was done: nobody has to look after it any more, and what comes next is offered. */
function hold(keeper: ChangeKeeper, tx: Tx, id: string, held: Extract<RunEvent, { is: 'held' }>, around: Around = {}): void {
  const taken = keeper.rooms.change.take(tx, id, held, around)
  if (typeof taken === 'string') return
  resolveOne(keeper, tx, `run:${id}/overrun`, 'it was done after all')
  if (taken.run.phase.is === 'over' && taken.asked) keeper.rooms.people.agreements.seen(tx, taken.asked.agreement, 'over')
  offerNext(keeper, tx, taken)
}

/** What both say became of a step, by looking: of one that nobody has seen the end of, or that takes too long. */
function decide(keeper: ChangeKeeper, tx: Tx, row: RunRow, claimed: Memory['claimed']): void {
  const { run, plan, asked } = row
  const { change } = keeper.rooms
  const way = wayIn(run)
  const by = `${plan.does} and ${plan.checks}`
  const against = asked?.as === 'done' ? whyNotDone(keeper, row, claimed) : undefined
  if (against !== undefined) return change.await(tx, plan.id, undefined, against)
  if (way && run.phase.is === 'running' && asked?.as === 'done' && way.begun.boot === tx.now.boot) {
    return hold(keeper, tx, plan.id, { is: 'held', token: way.token, from: stampOf(tx.now) }, { asked: null, by })
  }
  // What is under way and not seen is not known, and then it is what both say.
  if (way && run.phase.is === 'running') change.take(tx, plan.id, { is: 'lost', token: way.token })
  const taken = change.take(tx, plan.id, { is: 'decided', token: way?.token ?? 0, as: asked?.as ?? 'not-done' }, { by, asked: null })
  if (typeof taken === 'string') change.await(tx, plan.id, undefined, taken)
  else resolveOne(keeper, tx, `run:${plan.id}/overrun`, 'both have said what became of it')
}

/** Stops the run where it is, voids what was offered, and pages both. */
export function halt(keeper: ToPeople, tx: Tx, id: string, it: Turn, by?: string): RunRow | string {
  const before = loadRun(tx.sql, id)
  const taken = haltQuietly(keeper, tx, id, it, by)
  if (typeof taken !== 'string' && before?.run.halt === undefined && taken.run.halt !== undefined) pageHalt(keeper, tx, taken)
  // They were told that it goes its ways back by itself.
  else if (typeof taken !== 'string' && before?.run.trust?.isBack === true && taken.run.trust === undefined) pageAlone(keeper, tx, taken, it.claim, 'back')
  return taken
}

/** The same where both hear of it by another word. */
export function haltQuietly({ rooms: { change, people } }: ToPeople, tx: Tx, id: string, it: Turn, by?: string): RunRow | string {
  const before = loadRun(tx.sql, id)
  // Who leads it is settled all the same.
  const isHandedOver = before?.asked?.purpose === 'hand-over'
  const taken = change.take(tx, id, { is: 'turned', turn: it }, { ...(isHandedOver ? {} : { asked: null }), ...(by === undefined ? {} : { by }) })
  if (typeof taken === 'string' || !before?.asked || isHandedOver) return taken
  const { agreement, purpose } = before.asked
  if (taken.version !== before.version && taken.asked === undefined) people.agreements.seen(tx, agreement, 'halted')
  // Of a run that was halted before, a hand voids what would let it go on.
  else if (it.byHand === true && purpose === 'resume') {
    people.agreements.seen(tx, agreement, 'halted')
    change.await(tx, id, undefined, it.claim)
  }
  return taken
}

/** Ends the run where it is; what was offered is void. */
export function abort({ rooms: { change, people } }: ToPeople, tx: Tx, { plan, asked }: RunRow, by: string): RunRow | string {
  if (asked) people.agreements.seen(tx, asked.agreement, 'aborted')
  return change.take(tx, plan.id, { is: 'stopped' }, { by, asked: null })
}

function pageHalt(keeper: ToPeople, tx: Tx, row: RunRow, more = ''): void {
  const says = saySurprise(row, tx.now)
  // Of what nobody knows people hear although they know of a halt.
  const subject = `run:${row.plan.id}${row.run.phase.is === 'unknown' ? '/unknown' : ''}`
  page(keeper, tx, row, subject, `Stopped: ${row.plan.runbook.title}`, more === '' ? says : `${says} ${more}`)
}

/** What was paged of a run ends with it, but where nobody has seen the end of a step. */
function closed(keeper: ChangeKeeper, tx: Tx, id: string): void {
  const phase = loadRun(tx.sql, id)?.run.phase
  if (phase?.is !== 'over' || phase.way !== undefined) return
  resolveAll(keeper, tx, (it) => isOfRun(it, id), 'the run is over')
}
