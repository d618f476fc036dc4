// Hosts of one batch, which a rolling run works on at the same time: each has a run of its own, and what their steps take down is no surprise to the others
// (C-13). That is read from the runs as they stand: what a step will take is not excused before it began, and nothing is after it was seen to be done.
import type { Siblings } from '../gates.ts'
import { awayIn } from '../runs/course.ts'
import type { RunRow } from '../runs/record.ts'
import { silencedBy } from '../runs/run.ts'

/** The runs beside one, of those that are under way. */
export const runsBeside = ({ plan: { id, rolling, beside } }: Pick<RunRow, 'plan'>, going: readonly RunRow[]): RunRow[] =>
  (rolling === undefined || beside === undefined ? [] : going.filter(({ plan }) => plan.rolling === rolling && plan.id !== id && beside.hosts.includes(plan.host)))

/** What is down of them. Of one of which a step failed, or nobody knows the end of it, nothing is excused any more. */
export const siblingsOf = (runs: readonly RunRow[]): Siblings =>
  ({ taken: new Set(runs.flatMap(({ run }) => silencedBy(run))), away: new Set(runs.flatMap((row) => (hasFailed(row) ? [] : [...awayIn(row)]))) })

const hasFailed = ({ run: { begun, done, phase } }: RunRow): boolean => begun.some((step) => !done.includes(step) && !(phase.is === 'running' && phase.way.step === step))
