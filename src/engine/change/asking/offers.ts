// How both people of a run are asked, and rung: for the next step or a way back, whether to go on, what became of a step. One word is waited for at a time: whoever
// asks for another one voids the one before. What is paged of a run stands here beside it, since most of it says what to ask for next.
import { dueIn, hours, minutes, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import { drawnAnew } from '../../../rooms/change/runs/course.ts'
import type { RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { legIn, legsOf, type Became, type Leg } from '../../../rooms/change/runs/run.ts'
import { loadOpen } from '../../../rooms/page/rows.ts'
import { firstOf } from '../../../rooms/page/plan.ts'
import { courseFor, takenFor, type ChangeKeeper } from '../grounds.ts'
import { lapsedIn } from '../incidents/excused.ts'
import { ALONE, LAPSED } from '../incidents/subjects.ts'
import { askDecision, askFor, goesAgainst } from '../words.ts'

/** A word for a step is good for so long. */
export const OFFER: Span = minutes(5)
const LONGEST_RESUME: Span = hours(1)
const LED = 'its people lead it'

/** What it takes to stop runs, and to tell people. */
export type ToPeople = Pick<ChangeKeeper, 'rooms'>

/** Rings both. */
export function page({ rooms }: ToPeople, tx: Tx, { plan: { does, checks } }: { readonly plan: Pick<RunRow['plan'], 'does' | 'checks'> }, subject: string, title: string, says: string): void {
  rooms.page.open(tx, { subject, title: title.slice(0, 60), says: says.slice(0, 500), origin: 'change', escalate: firstOf(does, checks), members: [] })
}

export const resolveOne = (keeper: ToPeople, tx: Tx, subject: string, reason: string): void => resolveAll(keeper, tx, (it) => it === subject, reason)

/** Ends every open incident with such a subject. */
export function resolveAll({ rooms }: ToPeople, tx: Tx, which: (subject: string) => boolean, reason: string): void {
  for (const { id, subject } of loadOpen(tx.sql)) if (which(subject)) rooms.page.resolve(tx, id, { person: 'the run', reason })
}

/** It does not go by itself any more, where it did; both hear that it is theirs now, also where they heard of a halt: with that they heard that it goes its ways back by itself. `isHeard`: there is nothing of that that they do not know. */
export function disarm(keeper: ToPeople, tx: Tx, id: string, { says, isHeard = false }: { readonly says: string; readonly isHeard?: boolean }): void {
  const trust = loadRun(tx.sql, id)?.run.trust
  if (trust === undefined) return
  const taken = keeper.rooms.change.take(tx, id, { is: 'distrusted', says: `it does not go ${trust.isBack === true ? 'back' : 'on'} by itself any more: ${says}` })
  if (typeof taken !== 'string' && !isHeard) pageAlone(keeper, tx, taken, says, trust.isBack === true ? 'back' : 'on')
}

/** Both hear that it is theirs now. `goes`: which way it went by itself. */
export function pageAlone(keeper: ToPeople, tx: Tx, row: RunRow, says: string, goes: 'on' | 'back' = 'on'): void {
  const { id, runbook, host } = row.plan
  page(keeper, tx, row, `run:${id}${ALONE}`, `Not by itself: ${runbook.title}`, `${runbook.title}, on ${host}, does not go ${goes} by itself any more: ${says}. holdfast runbooks resume ${id} goes on step by step, undo goes back, abort ends it.`)
}

/** What comes next is offered once, when what was before it has ended; what lapsed or was refused, only when somebody asks for it. */
export function offerNext(keeper: ChangeKeeper, tx: Tx, { run, plan, asked }: RunRow): void {
  // Whoever leads it from then on is asked; and of one that goes by itself nobody is.
  if (asked?.purpose === 'hand-over' || run.trust !== undefined) return
  const next = legsOf(run).find(({ back }) => !back)
  if (run.phase.is !== 'waiting' || run.halt !== undefined) return
  if (!next) return keeper.rooms.change.await(tx, plan.id, undefined, `no step is left that could begin: holdfast runbooks undo ${plan.id}, or abort`)
  const offered = offerLeg(keeper, tx, plan.id, next)
  if (typeof offered === 'string') keeper.rooms.change.await(tx, plan.id, undefined, `the next step could not be offered: ${offered}; holdfast runbooks resume ${plan.id}`)
}

/** Asks both for a step, or for the way back of one; a sentence where it cannot be asked for. */
export function offerLeg(keeper: ChangeKeeper, tx: Tx, id: string, leg: Leg): RunRow | string {
  const { change, people } = keeper.rooms
  const row = loadRun(tx.sql, id)
  if (!row) return 'there is no such run'
  // After a halt only with the target typed by both (C-15).
  const against = goesAgainst(row)
  const drawn = drawnAnew(courseFor(keeper, row, 'press'), leg)
  const wish = askFor(row, leg, against, typeof drawn === 'string' ? null : (drawn.plan.steps[leg.step]?.tolerance ?? null))
  if (!legsOf(row.run).some((it) => it.step === leg.step && it.back === leg.back)) return row.run.halt ? `it is halted: ${row.run.halt.claim}` : 'that is not what comes next'
  if (row.asked) people.agreements.seen(tx, row.asked.agreement, 'offered anew')
  const made = people.agreements.ask(tx, { ...wish, lapses: OFFER })
  if (made.is === 'refused') return made.says
  resolveOne(keeper, tx, `run:${id}${LAPSED}`, 'both are asked again')
  disarm(keeper, tx, id, { says: LED })
  return change.take(tx, id, { is: 'offered', leg, lapsesAt: dueIn(tx.now, OFFER) }, { asked: { agreement: made.id, purpose: 'step', ...(against === undefined ? {} : { accepted: true }) } })
}

/** Asks both whether to go on, or what became of a step of which nobody knows. */
export function askBoth(keeper: ChangeKeeper, tx: Tx, row: RunRow, it: { readonly purpose: 'resume' | 'decide'; readonly as?: Became }, by: string): RunRow | string {
  const { change, people } = keeper.rooms
  const { plan } = row
  // What does not end by itself may wait for a step that is still to come: going on despite it is typed (C-15).
  const despite = it.purpose === 'resume' ? lapsedIn(keeper, row, () => takenFor(keeper, row)) : []
  const { title, text } = askDecision(row, { ...it, despite })
  if (row.asked) people.agreements.seen(tx, row.asked.agreement, 'asked anew')
  const made = people.agreements.ask(tx, { what: `change.${it.purpose}`, title, text, asks: 'yes', parties: [{ person: plan.does, as: 'does' }, { person: plan.checks, as: 'checks' }], lapses: LONGEST_RESUME, alone: 'never', by, ...(despite.length > 0 ? { typed: plan.host } : {}) })
  if (made.is === 'refused') return made.says
  // Nothing of what both agreed to once goes on beside what they are asked now.
  disarm(keeper, tx, plan.id, { says: LED })
  // A way back that both had pressed is void with the words for it.
  if (legIn(row.run)) change.take(tx, plan.id, { is: 'refused', says: 'something else is asked for' }, { asked: null })
  change.await(tx, plan.id, { agreement: made.id, ...it, ...(despite.length > 0 ? { despite } : {}) })
  return loadRun(tx.sql, plan.id) ?? 'there is no such run'
}
