// What whoever did a step says of it after it was taken for lost: it is written down and told, and nothing is made of it. People say what became of the step, and
// they are asked with that before their eyes: a word for something else than what is known now is void. Where both had said otherwise before, that is a
// surprise as any other.
import type { Tx } from '../../../db/room.ts'
import { isAgainst, type Lost, type RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import type { Turn } from '../../../rooms/change/runs/run.ts'
import type { ChangeKeeper } from '../grounds.ts'
import { page } from './offers.ts'

/** What is paged of a run that both know otherwise than its doer ends so. */
export const LATE = '/late'

/** `halt`: stops the run, and rings both. */
export function hearLate(keeper: ChangeKeeper, tx: Tx, { run: id, token, word }: { readonly run: string; readonly token: number; readonly word: NonNullable<Lost['word']> }, halt: (it: Turn) => unknown): void {
  const { change, people } = keeper.rooms
  const row = change.actedLate(tx, id, token, word)
  if (!row?.lost) return
  const { run, asked, lost } = row
  if (asked?.purpose === 'decide' && run.phase.is === 'unknown' && asked.as !== undefined && isAgainst({ ...lost, as: asked.as })) {
    people.agreements.seen(tx, asked.agreement, 'its doer spoke up')
    change.await(tx, id, undefined, `what became of it is known otherwise now (it ${word.says}): holdfast runbooks resume ${id} --was …`)
  }
  if (!isAgainst(lost)) return
  const says = sayAgainst(row, lost)
  if (run.phase.is !== 'over' && run.halt === undefined) halt({ subject: 'run', is: 'other', claim: says })
  if (run.phase.is === 'over' || run.halt !== undefined) page(keeper, tx, loadRun(tx.sql, id) ?? row, `run:${id}${LATE}`, `Otherwise: ${row.plan.runbook.title}`, `${row.plan.runbook.title}, on ${row.plan.host}: ${says}. holdfast runbooks show ${id}`)
}

const sayAgainst = ({ plan }: RunRow, { step, back, as, word }: Lost): string =>
  `both said that ${back ? 'the way back of ' : ''}step ${step + 1} (${plan.runbook.steps[step]?.id ?? ''}) was ${as === 'done' ? '' : 'not '}done, and whoever did it says now that it ${word?.says ?? ''}`
