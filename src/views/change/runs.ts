// How runs are answered: where one stands, what it waits for, and what happened, line by line (`holdfast.run/1`).
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Cause, Purpose, RunRow, Told } from '../../rooms/change/runs/record.ts'
import { loadRuns, loadTold } from '../../rooms/change/runs/rows.ts'
import { legIn, legsOf, wayIn } from '../../rooms/change/runs/run.ts'

/** One line of what happened. `n` counts up within a run. */
export interface RunLine {
  readonly schema: 'holdfast.run/1'
  readonly n: number
  readonly event: Told['event']
  readonly run: string
  readonly step: string | null
  readonly host: string
  readonly by: string | null
  readonly at: string
  /** Further failures tolerated after the step that it is about, as it was planned. */
  readonly tolerance: number | null
  readonly cause: (Omit<Cause, 'at'> & { readonly at: string }) | null
  readonly says: string | null
}

export interface RunAnswer {
  readonly schema: 'holdfast.run-state/1'
  readonly run: string
  readonly runbook: string
  readonly title: string
  readonly host: string
  /** The rolling run that it is of. */
  readonly rolling: string | null
  readonly hash: string
  readonly state: 'waiting' | 'offered' | 'pressed' | 'running' | 'unknown' | 'halted' | 'done' | 'undone' | 'aborted'
  readonly rehearse: boolean
  readonly by: string
  readonly does: string
  readonly checks: string
  readonly since: Instant
  /** What whoever began it took upon themselves, and why. */
  readonly accepted: readonly { readonly code: string; readonly reason: string }[]
  readonly halt: { readonly subject: string; readonly claim: string } | null
  readonly steps: readonly { readonly id: string; readonly text: string; readonly state: 'done' | 'running' | 'unknown' | 'offered' | 'begun' | 'waiting'; readonly tolerance: number | null }[]
  /** What whoever did the step of which nobody knows said of it after all. */
  readonly word: string | null
  /** It goes by itself, in that time; `back`: a surprise was there, and it goes the ways back. */
  readonly unattended: { readonly from: Instant; readonly until: Instant; readonly back: boolean } | null
  /** The agreement that both are asked for. */
  readonly asked: { readonly agreement: string; readonly purpose: Purpose; readonly agreed: boolean; /** Who takes over from whom, where that is asked. */ readonly hands: { readonly as: 'does' | 'checks'; readonly from: string; readonly to: string } | null } | null
  /** The step whose way back could be gone now. */
  readonly undo: string | null
  /** Halted: the step that may be asked for all the same, since it makes more failures tolerable (C-15). */
  readonly raises: string | null
}

export interface RunsAnswer { readonly schema: 'holdfast.runs/1'; readonly runs: readonly RunAnswer[] }
export interface RunTold { readonly schema: 'holdfast.run-told/1'; readonly run: RunAnswer; readonly told: readonly RunLine[] }

export interface RunCalls {
  'runs.list': { args: Record<string, never>; body: RunsAnswer }
  'runs.show': { args: { run: string; after?: number }; body: RunTold }
  'runs.begin': { args: { runbook: string; host: string; accept?: readonly { code: string; reason: string }[]; does?: string; checks?: string; rehearse?: boolean; unattended?: boolean; person?: string }; body: RunAnswer }
  'runs.halt': { args: { run: string; person?: string }; body: RunAnswer }
  'runs.abort': { args: { run: string; person?: string }; body: RunAnswer }
  'runs.resume': { args: { run: string; as?: 'done' | 'not-done' | 'unknown'; step?: string; person?: string }; body: RunAnswer }
  'runs.handOver': { args: { run: string; from: string; to: string; reason: string; person?: string }; body: RunAnswer }
  'runs.undo': { args: { run: string; person?: string }; body: RunAnswer }
}

const iso = (at: number): string => new Date(at).toISOString()

export function viewRun({ plan, run, asked, lost }: RunRow): RunAnswer {
  const { phase, halt, done, begun } = run
  const stateOf = (at: number): RunAnswer['steps'][number]['state'] => {
    if (wayIn(run)?.step === at) return phase.is === 'unknown' ? 'unknown' : 'running'
    if (legIn(run)?.step === at) return 'offered'
    return done.includes(at) ? 'done' : begun.includes(at) ? 'begun' : 'waiting'
  }
  const back = legsOf(run).find((it) => it.back)
  const raising = halt && legsOf(run).find((it) => !it.back)
  return {
    schema: 'holdfast.run-state/1', run: plan.id, runbook: plan.runbook.name, title: plan.runbook.title, host: plan.host, rolling: plan.rolling ?? null, hash: plan.hash, rehearse: plan.rehearse, by: plan.by, does: plan.does, checks: plan.checks, since: plan.at,
    accepted: plan.accepted.map(({ code, reason }) => ({ code, reason })),
    state: phase.is === 'over' ? phase.how : halt && phase.is !== 'unknown' ? 'halted' : phase.is,
    halt: halt ? { subject: halt.subject, claim: halt.claim } : null,
    steps: plan.runbook.steps.map(({ id }, at) => ({ id, text: plan.texts[at]?.text ?? '', state: stateOf(at), tolerance: plan.texts[at]?.tolerance ?? null })),
    unattended: run.trust && phase.is !== 'over' ? { from: run.trust.from.wall, until: run.trust.until.wall, back: run.trust.isBack === true } : null,
    word: phase.is === 'unknown' ? (lost?.word?.says ?? null) : null,
    asked: asked ? { agreement: asked.agreement, purpose: asked.purpose, agreed: asked.agreedAt !== undefined, hands: asked.hands ? { as: asked.hands.as, from: asked.hands.from, to: asked.hands.to } : null } : null,
    undo: back ? (plan.runbook.steps[back.step]?.id ?? null) : null,
    raises: raising ? (plan.runbook.steps[raising.step]?.id ?? null) : null,
  }
}

const MOST_LINES = 1000
const MOST_RUNS = 50

export const viewRuns = (sql: Sql): RunsAnswer => ({ schema: 'holdfast.runs/1', runs: loadRuns(sql, MOST_RUNS).map(viewRun) })

/** What happened after line `after`. */
export function viewTold(sql: Sql, row: RunRow, after: number): RunTold {
  const { plan } = row
  const told = loadTold(sql, plan.id, after, MOST_LINES).map(({ n, at, told: it }): RunLine => {
    const step = plan.runbook.steps.findIndex(({ id }) => id === it.step)
    return {
      schema: 'holdfast.run/1', n, event: it.event, run: plan.id, step: it.step, host: plan.host, by: it.by ?? null, at: iso(at), tolerance: plan.texts[step]?.tolerance ?? null,
      cause: it.cause ? { ...it.cause, at: iso(it.cause.at) } : null, says: it.says ?? null,
    }
  })
  return { schema: 'holdfast.run-told/1', run: viewRun(row), told }
}
