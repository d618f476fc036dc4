// Heartbeats: jobs that report to us. A ping moves the deadline (period or cron time, plus grace); a missed deadline is down. A run
// that began has the grace to end, whatever the period says; runs that overlap are told apart by their ids.
// A deadline that passed while Holdfast could not receive is *unknown*: the ping may have come and met nobody, so the job
// gets one further period and grace before it is called down (W-3). A restart never re-arms a deadline from "now".
import { nextCron } from '../../core/calendar.ts'
import { later, sayTime, type Instant, type Span } from '../../core/time.ts'
import { line } from '../../words/markup.ts'
import type { Check } from './check.ts'
import type { RunRow, Signal } from './pings.ts'
import type { HeartbeatRow } from './rows.ts'

/** When nobody could ping us: from the last sign of life to the moment the door opened again. */
export interface Closed {
  readonly from: Instant
  readonly to: Instant
}

/** When the next success is expected, and when its absence becomes a failure. */
export function deadlineAfter(check: Check, at: Instant): { expected: Instant; due: Instant } {
  const expected = check.schedule === undefined
    ? later(at, check.every)
    : nextCron(check.schedule, check.timezone ?? 'UTC', at)
  return { expected, due: later(expected, check.grace ?? (0 as Span)) }
}

/** What a ping means: an end that is good, one that is bad, a beginning, or only a line for the log. */
export const meaningOf = (signal: Signal): 'good' | 'bad' | 'start' | 'log' =>
  signal.is === 'exit' ? (signal.code === 0 ? 'good' : 'bad') : signal.is === 'success' ? 'good' : signal.is === 'fail' ? 'bad' : signal.is

export interface Pinged {
  readonly row: HeartbeatRow
  readonly turn: 'up' | 'down' | 'none'
  readonly says: string
}

/** What one ping does to the deadline, at the server's receive time. `took`: how long the run that it ends took. */
export function ping(check: Check, row: HeartbeatRow, signal: Signal, at: Instant, took?: Span): Pinged {
  const after = took === undefined ? '' : ` after ${sayTime(took)}`
  switch (meaningOf(signal)) {
    case 'log': return { row, turn: 'none', says: 'a log line' }
    case 'start': return { row, turn: 'none', says: 'the job started' }
    case 'bad': {
      const code = signal.is === 'exit' ? ` with exit code ${signal.code}` : ''
      return { row: { ...row, last_at: at, state: 'down', due_at: null, excused: 0 }, turn: 'down', says: `the job reported a failure${code}${after}` }
    }
    case 'good':
      return { row: { ...row, last_at: at, state: 'up', due_at: deadlineAfter(check, at).due, excused: 0 }, turn: 'up', says: `the job reported success${after}` }
  }
}

/** The runs that an end ends: the one it names; without a name all of them, since nobody can tell which it was (as Healthchecks does). */
export const endedBy = (runs: readonly RunRow[], rid: string | undefined): readonly RunRow[] =>
  rid === undefined ? runs : runs.filter((run) => run.rid === rid)

const LONGEST_EXCERPT = 160

/** The first lines of what a failing job wrote, as a page may carry them: one line without anything that acts on a screen. */
export function excerptOf(text: string | undefined): string {
  const first = (text ?? '').split('\n').map((it) => line(it, LONGEST_EXCERPT)).filter((it) => it !== '').slice(0, 2)
  return line(first.join(' / '), LONGEST_EXCERPT)
}

export type Overdue =
  | { readonly is: 'not-yet'; readonly dueAt: Instant }
  /** The deadline passed while the door was closed: unknown, and a new deadline. */
  | { readonly is: 'excused'; readonly dueAt: Instant; readonly says: string }
  | { readonly is: 'down'; readonly says: string }

/** Judges a deadline that was reached. `closed` are the times in which pings could not be received. */
export function overdue(check: Check, row: HeartbeatRow, closed: readonly Closed[], now: Instant): Overdue {
  const dueAt = row.due_at
  if (dueAt === null) return { is: 'not-yet', dueAt: now }
  if (now < dueAt) return { is: 'not-yet', dueAt: dueAt as Instant }
  const grace = check.grace ?? 0
  // The ping was to be expected from one grace before its time until the deadline.
  const gap = row.excused === 0 ? closed.find((c) => c.from <= dueAt && c.to >= dueAt - 2 * grace && c.to > (row.last_at ?? 0)) : undefined
  if (gap) return excused(check, gap)
  return { is: 'down', says: row.last_at === null ? 'no ping came' : `no ping since its time; the grace is over` }
}

/** Judges a run whose grace is over: its end may have met nobody, whenever in that time the door was closed. */
export function overrun(check: Check, run: RunRow, closed: readonly Closed[]): Exclude<Overdue, { is: 'not-yet' }> {
  const grace = (check.grace ?? 0) as Span
  const gap = closed.findLast((c) => c.from <= run.at + grace && c.to >= run.at)
  return gap ? excused(check, gap) : { is: 'down', says: `a run that began did not end within its grace of ${sayTime(grace)}` }
}

const excused = (check: Check, gap: Closed): Overdue & { is: 'excused' } =>
  ({ is: 'excused', dueAt: deadlineAfter(check, gap.to).due, says: 'the deadline passed while Holdfast could not receive' })
