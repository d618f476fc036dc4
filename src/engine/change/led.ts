// Planned work that goes on, as the ringer keeps it in mind: while the keeper stands still no step begins and no surprise halts a run, so those who lead one hear of
// that at once, and not only when something else is open (C-19).
import type { Sql } from '../../db/sql.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { loadGoing } from '../../rooms/change/runs/rows.ts'
import { wayIn } from '../../rooms/change/runs/run.ts'
import type { Led } from '../../rooms/page/protocol.ts'

/** Something goes on, or may begin: not in a rehearsal, and not while it stands halted with nothing under way, as one does that waits for the morning. */
const goesOn = ({ plan, run }: RunRow): boolean => run.guarded && !plan.rehearse && (run.halt === undefined || run.phase.is === 'pressed' || wayIn(run) !== undefined)

/** From the first press to the end; before it nothing is under way that anybody would have to look after. */
export const ledIn = (sql: Sql): Led[] => loadGoing(sql).filter(goesOn).map(({ plan: { id, runbook, host, does, checks } }) => ({ id, title: `${runbook.title}, on ${host}`, people: [does, checks] }))
