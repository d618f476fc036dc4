// Heartbeats: jobs that report to us. A ping moves the deadline (period or cron time, plus grace); a missed deadline is down.
// A deadline that passed while Holdfast could not receive is *unknown*: the ping may have come and met nobody, so the job
// gets one further period and grace before it is called down (W-3). A restart never re-arms a deadline from "now".
import { nextCron } from '../../core/calendar.ts'
import { later, type Instant, type Span } from '../../core/time.ts'
import type { Check } from './check.ts'
import type { HeartbeatRow } from './rows.ts'

/** When nobody could ping us: from the last sign of life to the moment the door opened again. */
export interface Closed {
  readonly from: Instant
  readonly to: Instant
}

export type Signal = { readonly is: 'success' | 'start' | 'fail' | 'log' } | { readonly is: 'exit'; readonly code: number }

/** When the next success is expected, and when its absence becomes a failure. */
export function deadlineAfter(check: Check, at: Instant): { expected: Instant; due: Instant } {
  const expected = check.schedule === undefined
    ? later(at, check.every)
    : nextCron(check.schedule, check.timezone ?? 'UTC', at)
  return { expected, due: later(expected, check.grace ?? (0 as Span)) }
}

export type Pinged = { readonly row: HeartbeatRow; readonly turn: 'up' | 'down' | 'none'; readonly says: string }

/** Takes one ping in, at the server's receive time. */
export function ping(check: Check, row: HeartbeatRow, signal: Signal, rid: string | undefined, at: Instant): Pinged {
  const failed = signal.is === 'fail' || (signal.is === 'exit' && signal.code !== 0)
  if (signal.is === 'log') return { row, turn: 'none', says: 'a log line' }
  if (signal.is === 'start') {
    // A run that began must end within the grace, or the deadline of the period counts, whichever is first to come.
    return { row: { ...row, started_at: at, rid: rid ?? null }, turn: 'none', says: 'the job started' }
  }
  if (failed) {
    const code = signal.is === 'exit' ? ` with exit code ${signal.code}` : ''
    return { row: { ...row, last_at: at, started_at: null, rid: null, state: 'down', due_at: null, excused: 0 }, turn: 'down', says: `the job reported a failure${code}` }
  }
  const { due } = deadlineAfter(check, at)
  return { row: { ...row, last_at: at, started_at: null, rid: null, state: 'up', due_at: due, excused: 0 }, turn: 'up', says: 'the job reported success' }
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
  if (gap) {
    const { due } = deadlineAfter(check, gap.to)
    return { is: 'excused', dueAt: due, says: 'the deadline passed while Holdfast could not receive' }
  }
  return { is: 'down', says: row.last_at === null ? 'no ping came' : `no ping since its time; the grace is over` }
}
