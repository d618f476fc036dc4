// Change: planned work, as facts. A run is a strict stream (runs/run.ts judges what may follow), so of two that judged the same version one is refused.
// People's words come in through the ledger, from the room where they agree; what is observed comes in from whoever looks (engine/change). Nothing
// is done here: a step that begins is a fact, and the one process that may do it asks for it.
import type { Phase } from '../../core/authority/agreement.ts'
import type { Entry } from '../../core/ledger.ts'
import { isWithin, stampOf, type Stamp } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Asked, Cause, Despite, HandOver, Lost, RunPlan, RunRow, Told } from './runs/record.ts'
import { applyRollings, isOneThing, rollings, type Rollings } from './rolling/acts.ts'
import { loadGoingRollings, ROLLING_PROJECTIONS, ROLLING_TABLES } from './rolling/record.ts'
import { applyBaselined, BASELINE_PROJECTION, BASELINE_TABLE } from './runs/baseline.ts'
import { bare, causeOf, lostAfter, toldOf } from './runs/record.ts'
import { applyBegan, applyMoved, isTold, lastBegan, lastBeganAt, loadGoing, loadRun, loadRuns, PROJECTIONS, runAsked, standsOf, TABLES } from './runs/rows.ts'
import { planned, stepRun, type RunEvent, type RunStep, type Turn } from './runs/run.ts'

/** What goes with an event that people are told of. */
export interface Around {
  readonly by?: string
  readonly cause?: Cause
  /** Null: nothing is waited for any more. */
  readonly asked?: Asked | null
  readonly boots?: Readonly<Record<string, string>>
  /** What is known of the end of a step. */
  readonly says?: string
  /** What both go on despite; an empty list: nothing. */
  readonly despite?: readonly Despite[]
}

export interface ChangeRoom extends Room {
  /** A run of a plan begins to wait for its first press; a sentence where another one has what it needs. */
  begin(tx: Tx, plan: RunPlan, steps: readonly RunStep[]): RunRow | string
  /** Takes an event in; a sentence where it cannot follow, and then nothing changed. */
  take(tx: Tx, id: string, event: RunEvent, around?: Around): RunRow | string
  /** Whoever does the step under way says that it was done; whether it was is still to be seen, by looks that begin at `from` or later. */
  acted(tx: Tx, id: string, token: number, from: Stamp): void
  /** What became of a step that was under way when its run was aborted, by the word of whoever did it: heard once. `isOver`: it has ended, as it should or not. */
  actedAfter(tx: Tx, id: string, token: number, it: { readonly isOver: boolean; readonly says: string }): void
  /** What whoever did a step says of it after it was taken for lost: kept, told, and nothing is made of it. The row as it is then; absent where that is no news. */
  actedLate(tx: Tx, id: string, token: number, word: NonNullable<Lost['word']>): RunRow | undefined
  /** From now on somebody else is one of its two people. */
  handOver(tx: Tx, id: string, it: HandOver, by: string): RunRow | undefined
  /** Another word is waited for, or none; `says`: why what both wanted does not come about. */
  await(tx: Tx, id: string, asked: Asked | undefined, says?: string): void
  readonly rollings: Rollings
}

export function changeRoom(): ChangeRoom {
  const move = (tx: Tx, before: RunRow, after: RunRow, event: string, told: readonly Told[]): RunRow => {
    const { id } = before.plan
    tx.append({ is: 'change.moved', stream: `run:${id}`, follows: before.version, body: { id, event, stands: standsOf(after), told, at: tx.now.wall } })
    return { ...after, version: before.version + 1 }
  }
  const room: ChangeRoom = {
    name: 'change', tables: `${TABLES}${BASELINE_TABLE}${ROLLING_TABLES}`, projections: [...PROJECTIONS, BASELINE_PROJECTION, ...ROLLING_PROJECTIONS], rollings,
    apply: { ...applyRollings, 'change.began': applyBegan, 'change.moved': applyMoved, 'change.baselined': applyBaselined },
    on: { 'agreement.pressed': (tx, entry) => heard(tx, entry, room), 'agreement.ended': (tx, entry) => heard(tx, entry, room) },
    begin(tx, plan, steps) {
      const isThere = (it: { readonly plan: { readonly claims: readonly string[] } }): boolean => isOneThing(it.plan, plan)
      const all = loadGoingRollings(tx.sql)
      const above = all.find((it) => it.plan.id !== plan.rolling && isThere(it))
      if (above) return `${above.plan.id} (${above.plan.runbook}, host after host) is under way there`
      // Of one rolling run the hosts of a batch are worked on at the same time; each of them by one run.
      const isBeside = (it: RunRow): boolean => plan.rolling !== undefined && it.plan.rolling === plan.rolling && plan.beside?.hosts.includes(it.plan.host) === true
      const other = loadGoing(tx.sql).find((it) => isThere(it) && !isBeside(it))
      if (other) return `${other.plan.id} (${other.plan.runbook.name} on ${other.plan.host}) is under way there`
      // Of a rolling run all of its hosts count, before its first one too: one may be going down just now.
      const unseen = unseenIn(tx, all.find((it) => it.plan.id === plan.rolling)?.plan ?? plan)
      if (unseen !== undefined) return unseen
      const row: RunRow = { plan, run: planned(plan.id, steps), version: 0, boots: {} }
      tx.append({ is: 'change.began', stream: `run:${plan.id}`, follows: 0, body: { id: plan.id, plan, steps, stands: standsOf(row), told: [{ event: 'planned', step: null, by: plan.by }], at: tx.now.wall } })
      return { ...row, version: 1 }
    },
    take(tx, id, event, around = {}) {
      const row = loadRun(tx.sql, id)
      if (!row) return 'there is no such run'
      const { run, wrong } = stepRun(row.run, event, tx.now)
      if (wrong !== undefined) return wrong
      if (run === row.run && event.is !== 'touched') return row
      const turn = event.is === 'turned' ? event.turn : run.halt && !row.run.halt ? run.halt : undefined
      const cause = around.cause ?? (turn && causeOf(row, turn, tx.now, lastBegan(tx.sql, id)))
      const asked = around.asked === null ? undefined : (around.asked ?? row.asked)
      const lost = lostAfter(row, event)
      const after: RunRow = { ...bare(row), run, boots: around.boots ?? row.boots, ...(asked ? { asked } : {}), ...(lost ? { lost } : {}), ...(around.despite ? { despite: around.despite } : {}) }
      return move(tx, row, after, event.is, toldOf(row, event, run, { ...around, ...(cause ? { cause } : {}) }))
    },
    acted(tx, id, token, from) {
      const row = loadRun(tx.sql, id)
      if (row && row.acted?.token !== token && row.run.phase.is === 'running' && row.run.phase.way.token === token) move(tx, row, { ...row, acted: { token, at: from } }, 'acted', [])
    },
    actedAfter(tx, id, token, { isOver, says }) {
      const row = loadRun(tx.sql, id)
      const way = row?.run.phase.is === 'over' ? row.run.phase.way : undefined
      if (!row || way?.token !== token || isTold(tx.sql, id, 'acted')) return
      move(tx, row, isOver ? { ...row, acted: { token, at: stampOf(tx.now) } } : row, 'acted', [{ event: 'acted', step: row.plan.runbook.steps[way.step]?.id ?? null, says }])
    },
    actedLate(tx, id, token, word) {
      const row = loadRun(tx.sql, id)
      const lost = row?.lost
      if (!row || lost?.token !== token || lost.word?.is === word.is) return undefined
      return move(tx, row, { ...row, lost: { ...lost, word } }, 'acted', [{ event: 'acted', step: row.plan.runbook.steps[lost.step]?.id ?? null, says: word.says }])
    },
    handOver(tx, id, { as, from, to, reason }, by) {
      const row = loadRun(tx.sql, id)
      if (!row || row.plan[as] !== from) return undefined
      const parties = { does: row.plan.does, checks: row.plan.checks, [as]: to }
      return move(tx, row, { ...bare(row), plan: { ...row.plan, ...parties }, parties }, 'handed-over', [{ event: 'handed-over', step: null, by, says: `${from} to ${to}, who ${as === 'does' ? 'does it' : 'checks it'} from now on: ${reason}` }])
    },
    await(tx, id, asked, says) {
      const row = loadRun(tx.sql, id)
      if (!row || (row.asked === asked && says === undefined)) return
      move(tx, row, { ...bare(row), ...(asked ? { asked } : {}) }, 'asked', says === undefined ? [] : [{ event: 'refused', step: null, says }])
    },
  }
  return room
}

/** So many runs back it is looked whether something of them may still go on. */
const LATEST = 50

/** What may still go on there although its run was aborted, in words. */
function unseenIn(tx: Tx, claimed: { readonly claims: readonly string[] }): string | undefined {
  const unseen = loadRuns(tx.sql, LATEST).find((it) => isOneThing(it.plan, claimed) && mayGoOn(tx, it))
  return unseen && `${unseen.plan.id} was aborted while a step of it was under way on ${unseen.plan.host}, and nobody has seen its end`
}

/** Whether what an aborted run had begun may go on: nobody has seen its end, and its time is not over. After a boot of this machine only the wall clock knows how long it has been. */
function mayGoOn({ sql, now }: Tx, { run: { phase }, plan, acted }: RunRow): boolean {
  const way = phase.is === 'over' ? phase.way : undefined
  const within = way && plan.runbook.steps[way.step]?.within
  if (way === undefined || within === undefined || acted?.token === way.token) return false
  return way.begun.boot === now.boot ? isWithin(way.begun, now, within) : now.wall - lastBeganAt(sql, plan.id) <= within
}

/** A word of one of the two: what they say of a step counts at once, what they want to go on with is looked at first. */
function heard(tx: Tx, { body }: Entry, room: ChangeRoom): void {
  const { id, phase, was, person, act } = body as unknown as { id: string; phase: Phase; was?: Phase['is']; person?: string; act?: string }
  const row = runAsked(tx.sql, id)
  const by = person === undefined ? {} : { by: person }
  // Also by the link of a step that has begun: whoever stops it there means the run. So does whoever says no to what both had agreed on and what came of it, on a page of before.
  if (row && (act === 'stop' || (act === 'no' && was === 'agreed' && row.asked?.agreement !== id))) {
    const { plan: { does, checks }, asked } = row
    // Who has handed over holds a link of before: it stops nothing any more, and that is told.
    if (person !== undefined && ![does, checks, asked?.hands?.to].includes(person)) return row.run.phase.is === 'over' ? undefined : room.await(tx, row.plan.id, asked, `${person} has handed over, and stops nothing by a link of before: holdfast runbooks halt ${row.plan.id} stops it`)
    return void room.take(tx, row.plan.id, { is: 'stopped' }, { ...by, asked: null })
  }
  if (row?.asked?.agreement !== id) return
  const { asked, plan } = row
  if (phase.is === 'open') {
    if (asked.purpose === 'step') room.take(tx, plan.id, { is: 'touched' }, by)
    return
  }
  if (phase.is !== 'agreed') {
    // A word that was taken back is no word, also when the other one was there already.
    const says = phase.is === 'refused' ? `${phase.by} said no` : phase.is === 'lapsed' ? 'it lapsed before both had pressed' : undefined
    // Who leads it is known again; what comes next is asked for by whoever looks after the run.
    if (asked.purpose === 'hand-over') return room.await(tx, plan.id, { ...asked, failed: says ?? 'something else was asked for' }, phase.is === 'changed' ? `the hand-over to ${asked.hands?.to ?? ''} is void: something else was asked for` : undefined)
    if (asked.purpose === 'step' && says !== undefined) room.take(tx, plan.id, { is: 'refused', says }, { ...by, asked: null })
    return room.await(tx, plan.id, undefined, asked.purpose === 'whole' && says !== undefined ? `it does not go by itself: ${says}` : undefined)
  }
  const given: Asked = { ...asked, agreedAt: stampOf(tx.now) }
  if (asked.purpose !== 'step') return room.await(tx, plan.id, given)
  const { seen = '' } = body as { seen?: string }
  room.take(tx, plan.id, { is: 'pressed', hash: seen, at: stampOf(tx.now) }, { ...by, asked: given })
}

/** Somebody wants everything to stop where it is. */
export const byHand = (person: string): Turn => ({ subject: 'run', is: 'other', claim: `${person} halted it`, byHand: true })
