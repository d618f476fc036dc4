// What the public is told of a run, by itself, because its runbook says so under `announce` (T-7): the work that was announced for this very time begins with the run, is
// halted with it, and ends with it. The sentences say that much and nothing of what was seen (T-2). What nobody announced is not told, and
// what a person began is that person's to end.
import type { Room, Tx } from '../../db/room.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import type { Told } from '../../rooms/change/runs/record.ts'
import { loadRun } from '../../rooms/change/runs/rows.ts'
import type { Planned, Refusal } from '../../rooms/tell/maintenance/planned.ts'
import { loadPlanned, newestOf } from '../../rooms/tell/maintenance/rows.ts'
import { announcedNow } from '../../views/change/announced.ts'

export interface Announcing {
  /** With its first step. */
  began(tx: Tx, run: string, runbook: Pick<Runbook, 'announce'>): void
  halted(tx: Tx, run: string): void
  resumed(tx: Tx, run: string): void
  ended(tx: Tx, run: string, how: 'done' | 'undone' | 'aborted'): void
}

const ENDS: Readonly<Record<'done' | 'undone' | 'aborted', readonly ['complete' | 'cancel', string]>> = {
  done: ['complete', 'The work is completed.'],
  undone: ['cancel', 'The work was taken back; it is not done.'],
  aborted: ['cancel', 'The work was called off before it was completed.'],
}

/** What a run says to the public; each of it may be said twice, and is told once. */
export function announcing(planned: Planned): Announcing {
  const as = (run: string): string => `run:${run}`
  const own = (tx: Tx, run: string, act: (id: string) => Refusal): void => {
    for (const row of loadPlanned(tx.sql)) if (row.state === 'in_progress' && row.begun_by === as(run)) act(row.id)
  }
  const note = (tx: Tx, run: string, says: string): void => own(tx, run, (id) => (newestOf(tx.sql, id) === says ? undefined : planned.note(tx, id, { by: as(run), says })))
  return {
    began(tx, run, { announce }) {
      const id = announce && announcedNow(announce, { sql: tx.sql, now: tx.now.wall })
      if (id !== undefined) planned.begin(tx, id, { by: as(run) })
    },
    halted: (tx, run) => note(tx, run, 'The work is halted.'),
    resumed: (tx, run) => note(tx, run, 'The work goes on.'),
    ended(tx, run, how) {
      const [act, says] = ENDS[how]
      own(tx, run, (id) => planned[act](tx, id, { by: as(run), says }))
    },
  }
}

/** Answers to what runs do; it has nothing of its own. */
export function announcingRoom(planned: Planned): Room {
  const say = announcing(planned)
  return {
    name: 'announcing', tables: '', projections: [], apply: {},
    on: {
      'change.moved'(tx, entry) {
        const { id, told } = entry.body as unknown as { readonly id: string; readonly told: readonly Told[] }
        const row = loadRun(tx.sql, id)
        // A rehearsal does nothing, so there is nothing to tell.
        if (!row || row.plan.rehearse) return
        for (const { event } of told) {
          if (event === 'began') say.began(tx, id, row.plan.runbook)
          else if (event === 'halted') say.halted(tx, id)
          else if (event === 'resumed') say.resumed(tx, id)
          else if (event === 'ended' && row.run.phase.is === 'over') say.ended(tx, id, row.run.phase.how)
        }
      },
    },
  }
}
