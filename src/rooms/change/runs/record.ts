// What is kept of a run beside where it stands (run.ts): what was planned, by whom, who its two people are, and which word is being waited for. The runbook
// stands in it as it was filled in and agreed on, so that an edit in the middle of the work changes nothing of it; it only keeps
// the next step from beginning, since its plan has another hash then (C-5).
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Due, Instant, Stamp } from '../../../core/time.ts'
import type { Accepted, Beside } from '../plan.ts'
import type { FilledRunbook } from '../runbook.ts'
import { legIn, wayIn, type Became, type Leg, type Run, type RunEvent, type Turn } from './run.ts'

/** Never changes in the life of a run, but for its two people, where one of them handed over. */
export interface RunPlan {
  readonly id: string
  readonly host: string
  /** One run of it at a time; the host's own name where there is no cluster. */
  readonly claims: readonly string[]
  /** With every value filled in. */
  readonly runbook: FilledRunbook
  readonly hash: string
  readonly accepted: readonly Accepted[]
  readonly by: string
  /** Fixed at the start; as they are now, after a hand-over, which is an act of its own (C-17). */
  readonly does: string
  readonly checks: string
  readonly rehearse: boolean
  readonly at: Instant
  /** The rolling run that it is the run of one host of. */
  readonly rolling?: string
  /** The hosts of its batch that are worked on at the same time. */
  readonly beside?: Beside
  /** Of each step, in a line; and of its way back. */
  readonly texts: readonly { readonly host: string; readonly text: string; readonly back?: string; readonly tolerance: number | null }[]
}

export type Purpose = 'step' | 'resume' | 'decide' | 'hand-over' | 'whole'

/** One of the two hands over to somebody else. */
export interface HandOver {
  /** Whose part it is. */
  readonly as: 'does' | 'checks'
  readonly from: string
  readonly to: string
  readonly reason: string
}

/** A word that is being waited for, or was given and waits for looks that began after it. */
export interface Asked {
  readonly agreement: string
  readonly purpose: Purpose
  /** What both say became of a step of which nobody knew. */
  readonly as?: Became
  /** The second of them. */
  readonly agreedAt?: Stamp
  /** What is handed over, where that is asked; `failed`: why it does not come about. */
  readonly hands?: HandOver
  /** When it is to go by itself, where all of it is agreed to at once. */
  readonly time?: { readonly from: Instant; readonly until: Instant }
  /** Both have agreed to all of it by then, or it does not go by itself. */
  readonly agreedBy?: Due
  readonly failed?: string
  /** Typed by both: it may go although not everything passes (C-15). */
  readonly accepted?: boolean
  /** What both type that they go on despite, where they are asked whether to go on. */
  readonly despite?: readonly Despite[]
}

/** An incident of what steps took and of nothing else, that does not end by itself: both typed that they go on despite it. It is that one with those members, and no other. */
export interface Despite {
  readonly incident: string
  readonly number: number
  readonly title: string
  readonly members: readonly string[]
}

export interface RunRow {
  readonly plan: RunPlan
  readonly run: Run
  readonly version: number
  readonly asked?: Asked
  /** Boots of the hosts that the step under way was begun on. */
  readonly boots: Readonly<Record<string, string>>
  /** The last beginning of which its doer said that it was done, and when. */
  readonly acted?: { readonly token: number; readonly at: Stamp }
  /** The last beginning of which nobody knew what became of it. */
  readonly lost?: Lost
  /** Its two people since one of them handed over; they stand in `plan` as well. */
  readonly parties?: Parties
  /** Since both went on the last time. */
  readonly despite?: readonly Despite[]
}

/** The two people of a run. */
export type Parties = Pick<RunPlan, 'does' | 'checks'>

/** A beginning whose doer was lost. It is kept when people have said what became of it, since its doer may still speak up. */
export interface Lost extends Leg {
  readonly token: number
  /** What both said of it. */
  readonly as?: Became
  /** What whoever did it said of it after all. It decides nothing: people do, knowing of it. */
  readonly word?: { readonly is: 'done' | 'failed' | 'unknown'; readonly says: string }
}

/** The same without the word that was waited for. */
export function bare(row: RunRow): RunRow {
  const { asked, ...rest } = row
  return asked === undefined ? row : rest
}

/** What is known of a lost beginning after an event. */
export function lostAfter({ lost, run }: Pick<RunRow, 'lost' | 'run'>, event: RunEvent): Lost | undefined {
  const way = wayIn(run)
  if (event.is === 'lost' && way?.token === event.token) return { token: way.token, step: way.step, back: way.back }
  return event.is === 'decided' && lost?.token === event.token ? { ...lost, as: event.as } : lost
}

/** Whether what its doer says now is not what both said of it. */
export const isAgainst = ({ as, word }: Lost): boolean => as !== undefined && as !== 'unknown' && word !== undefined && word.is !== 'unknown' && (as === 'done') !== (word.is === 'done')

export interface Cause {
  readonly subject: string
  readonly claim: string
  readonly at: Instant
  /** The step, or the way back of it, that began last before it: the one under way or, between two steps, the one before. Null: none has begun. */
  readonly after_step: string | null
  /** How long before it that began. Null also where nobody knows. */
  readonly after_ms: number | null
}

export const RUN_EVENTS = ['planned', 'offered', 'pressed', 'began', 'done', 'halted', 'resumed', 'unknown', 'undone', 'aborted', 'refused', 'ended', 'acted', 'handed-over'] as const

/** One line of what happened: `holdfast.run/1`. */
export interface Told {
  readonly event: (typeof RUN_EVENTS)[number]
  readonly step: string | null
  readonly by?: string
  readonly cause?: Cause
  /** Why it was refused, or what is known of its end. */
  readonly says?: string
}

/** What two people agree on when they agree on a step, or on the way back of one: the plan, the step, its text. */
export const legHash = ({ hash, id, texts, rehearse }: Pick<RunPlan, 'hash' | 'id' | 'rehearse' | 'texts'>, { step, back }: Leg): string =>
  sha256(canonical({ run: id, plan: hash, rehearse, step, back, host: texts[step]?.host, text: back ? texts[step]?.back : texts[step]?.text }))

/** What began last, of what is not under way any more. */
export interface Began { readonly step: string; readonly at: Instant }

/** How a surprise is told: "link:db-2/eth0 lost carrier 4 s after step 3 (memory) began". */
export function causeOf({ plan: { runbook }, run }: RunRow, { subject, claim }: Turn, now: { readonly wall: Instant; readonly tick: number; readonly boot: string }, before?: Began): Cause {
  const way = wayIn(run)
  const ms = way && way.begun.boot === now.boot ? Math.max(0, Math.round(now.tick - way.begun.tick)) : null
  if (!way && before) return { subject, claim, at: now.wall, after_step: before.step, after_ms: before.at > now.wall ? null : now.wall - before.at }
  return { subject, claim, at: now.wall, after_step: way ? (runbook.steps[way.step]?.id ?? null) : null, after_ms: ms }
}

/** What of an event is told to people and machines. */
export function toldOf(before: RunRow, event: RunEvent, after: Run, more: { readonly by?: string; readonly cause?: Cause; readonly says?: string }): Told[] {
  const { steps } = before.plan.runbook
  const nameOf = (leg: Leg | undefined): string | null => (leg ? (steps[leg.step]?.id ?? null) : null)
  const [wayBefore, legBefore] = [wayIn(before.run), legIn(before.run)]
  const by = more.by === undefined ? {} : { by: more.by }
  const cause = more.cause === undefined ? {} : { cause: more.cause }
  const says = more.says === undefined || more.says === '' ? {} : { says: more.says }
  const told: Told[] = []
  switch (event.is) {
    case 'offered': told.push({ event: 'offered', step: nameOf(event.leg) }); break
    case 'pressed': case 'touched': told.push({ event: 'pressed', step: nameOf(legBefore), ...by }); break
    case 'entrusted': told.push({ event: 'pressed', step: null, ...by, ...says }); break
    case 'due': told.push({ event: 'pressed', step: nameOf(event.leg), by: 'what both agreed to once' }); break
    case 'distrusted': told.push({ event: 'refused', step: null, says: event.says }); break
    case 'refused': told.push({ event: 'refused', step: nameOf(legBefore), ...by, says: event.says }); break
    case 'ruled': told.push({ event: 'began', step: nameOf(legBefore) }); break
    case 'held': told.push({ event: wayBefore?.back === true ? 'undone' : 'done', step: nameOf(wayBefore) }); break
    case 'decided': told.push({ event: event.as !== 'done' ? 'refused' : wayBefore?.back === true ? 'undone' : 'done', step: nameOf(wayBefore), ...by, says: `both said: ${wayBefore?.back === true ? 'the way back' : 'it'} ${event.as === 'unknown' ? 'may begin once more, whatever became of it' : `was ${event.as === 'done' ? '' : 'not '}done`}` }); break
    case 'failed': told.push({ event: 'halted', step: nameOf(wayBefore), ...cause, ...says }); break
    case 'lost': told.push({ event: 'unknown', step: nameOf(wayBefore), ...says }, { event: 'halted', step: nameOf(wayBefore), ...cause }); break
    case 'turned': told.push({ event: 'halted', step: nameOf(wayBefore), ...by, ...cause }); break
    case 'resumed': told.push({ event: 'resumed', step: nameOf(wayBefore), ...says }); break
    case 'stopped': told.push({ event: 'aborted', step: nameOf(wayBefore), ...by }); break
    case 'time': break
  }
  if (after.phase.is === 'over' && before.run.phase.is !== 'over') told.push({ event: 'ended', step: null, says: after.phase.how })
  return told
}
