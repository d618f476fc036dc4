// How rolling runs are answered: the order of their hosts, how each of them stands, and what happened, line by line (`holdfast.rolling-line/1`).
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Accepted } from '../../rooms/change/plan.ts'
import type { RollingPlanDrawn } from '../../rooms/change/rolling/plan.ts'
import { loadRollingTold, type RollingRow, type RollingTold } from '../../rooms/change/rolling/record.ts'
import type { Stage } from '../../rooms/change/rolling/rolling.ts'
import { loadRun } from '../../rooms/change/runs/rows.ts'
import { viewRun, type RunAnswer } from './runs.ts'

export interface RollingPlanAnswer extends RollingPlanDrawn { readonly schema: 'holdfast.rolling-plan/1' }

/** One line of what happened. `n` counts up. */
export interface RollingLine {
  readonly schema: 'holdfast.rolling-line/1'
  readonly n: number
  readonly event: RollingTold['event']
  readonly rolling: string
  readonly host: string | null
  readonly run: string | null
  readonly by: string | null
  readonly at: string
  readonly says: string | null
}

export interface RollingHost {
  readonly host: string
  /** Counted from 1. */
  readonly batch: number
  readonly state: Stage['is']
  /** Something failed there, whatever became of it later. */
  readonly failed: boolean
  readonly run: string | null
  /** How that run stands. */
  readonly stands: RunAnswer['state'] | null
}

export interface RollingAnswer {
  readonly schema: 'holdfast.rolling/1'
  readonly rolling: string
  readonly runbook: string
  readonly title: string
  readonly hash: string
  readonly state: 'going' | 'halted' | 'done' | 'incomplete' | 'aborted'
  readonly rehearse: boolean
  readonly by: string
  readonly does: string
  readonly checks: string
  readonly since: Instant
  readonly max_failures: number
  readonly halt: string | null
  readonly hosts: readonly RollingHost[]
}

export interface RollingToldAnswer { readonly schema: 'holdfast.rolling-told/1'; readonly rolling: RollingAnswer; readonly told: readonly RollingLine[] }

export interface RollingCalls {
  /** Draws the plans of all hosts, in order; nothing is done by it. */
  'rollings.plan': { args: { runbook: string; accept?: readonly Accepted[] }; body: RollingPlanAnswer }
  'rollings.begin': { args: { runbook: string; accept?: readonly Accepted[]; does?: string; checks?: string; rehearse?: boolean; person?: string }; body: RollingAnswer }
  'rollings.show': { args: { rolling: string; after?: number }; body: RollingToldAnswer }
  'rollings.halt': { args: { rolling: string; person?: string }; body: RollingAnswer }
  'rollings.abort': { args: { rolling: string; person?: string }; body: RollingAnswer }
  'rollings.resume': { args: { rolling: string; person?: string }; body: RollingAnswer }
}

export function viewRolling(sql: Sql, { plan, rolling }: RollingRow): RollingAnswer {
  const { batches, stages, failed, halt, over, maxFailures } = rolling
  const hostOf = (host: string, batch: number): RollingHost => {
    const stage = stages[host] ?? { is: 'to-come' as const }
    const run = stage.is === 'to-come' ? undefined : loadRun(sql, stage.run)
    return { host, batch: batch + 1, state: stage.is, failed: failed.includes(host), run: run?.plan.id ?? null, stands: run ? viewRun(run).state : null }
  }
  return {
    schema: 'holdfast.rolling/1', rolling: plan.id, runbook: plan.runbook, title: plan.title, hash: plan.hash, state: over ?? (halt === undefined ? 'going' : 'halted'), rehearse: plan.rehearse,
    by: plan.by, does: plan.does, checks: plan.checks, since: plan.at, max_failures: maxFailures, halt: halt ?? null, hosts: batches.flatMap((hosts, at) => hosts.map((host) => hostOf(host, at))),
  }
}

const MOST_LINES = 1000

/** What happened after line `after`. */
export function viewRollingTold(sql: Sql, row: RollingRow, after: number): RollingToldAnswer {
  const told = loadRollingTold(sql, row.plan.id, after, MOST_LINES).map(({ n, at, told: { event, host, run, by, says } }): RollingLine => ({
    schema: 'holdfast.rolling-line/1', n, event, rolling: row.plan.id, host, run, by: by ?? null, at: new Date(at).toISOString(), says: says ?? null,
  }))
  return { schema: 'holdfast.rolling-told/1', rolling: viewRolling(sql, row), told }
}
