// When hosts that a run took were seen back, by what was told of it: from the beginning of the first step that took one to the end of the last that did.
import type { Instant } from '../../../core/time.ts'
import { awayIn } from './course.ts'
import type { RunRow } from './record.ts'
import type { ToldRow } from './rows.ts'

/** `at`: when it was seen back last. */
export interface Back {
  readonly from: Instant
  readonly at: Instant
}

/** Of a run that goes on, or came to its end; one that was aborted has seen nothing back. */
export function backIn(row: RunRow, told: readonly ToldRow[]): ReadonlyMap<string, Back> {
  const { plan: { runbook, rehearse }, run } = row
  const [away, back] = [awayIn(row), new Map<string, Back>()]
  if (rehearse || (run.phase.is === 'over' && run.phase.how === 'aborted')) return back
  for (const host of new Set(run.steps.flatMap(({ takes }) => takes))) {
    if (away.has(host)) continue
    const concerns = (id: string | null): boolean => runbook.steps.some((step) => step.id === id && (step.takes.includes(host) || step.until.some((it) => it.is === 'synced' && it.host === host)))
    const went = told.find(({ told: it }) => it.event === 'began' && concerns(it.step))
    const came = told.findLast(({ told: it }) => (it.event === 'done' || it.event === 'undone') && concerns(it.step))
    if (went && came) back.set(host, { from: went.at, at: came.at })
  }
  return back
}
