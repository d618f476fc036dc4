// What counts as a failure of a host in a rolling run, read from its run as it stands: a step that failed, one of which nobody knows the end, and one that
// is not seen to be done in time, as where a host is back without its service. A surprise elsewhere halts the run, and is none of the host's.
import { isWithin, type Now } from '../../../core/time.ts'
import type { RunRow } from '../runs/record.ts'
import { wayIn } from '../runs/run.ts'

/** In words; `undefined` while nothing failed. */
export function failureIn({ plan: { runbook }, run }: Pick<RunRow, 'plan' | 'run'>, now: Now): string | undefined {
  const way = wayIn(run)
  const say = (step: number): string => `step ${step + 1} (${runbook.steps[step]?.id ?? ''})`
  if (run.phase.is === 'unknown') return `nobody knows what became of ${say(run.phase.way.step)}`
  const within = way && runbook.steps[way.step]?.within
  if (way && within !== undefined && !isWithin(way.begun, now, within)) return `${say(way.step)} is not seen to be done in time`
  const left = run.begun.find((step) => !run.done.includes(step) && way?.step !== step)
  return left === undefined ? undefined : `${say(left)} failed`
}
