// Planned work that goes on, as the ringer keeps it in mind: while the keeper stands still no step begins and no surprise halts a run, so those who lead one hear of
// that at once, and not only when something else is open (C-19).
import type { Sql } from '../../db/sql.ts'
import { loadGoing } from '../../rooms/change/runs/rows.ts'
import type { Led } from '../../rooms/page/protocol.ts'

/** From the first press to the end; before it nothing is under way that anybody would have to look after. */
export const ledIn = (sql: Sql): Led[] => loadGoing(sql).flatMap(({ plan: { id, runbook, host, does, checks }, run }) => (run.guarded ? [{ id, title: `${runbook.title}, on ${host}`, people: [does, checks] }] : []))
