// What the public is told of a run, by itself, because its runbook says so under `announce` (T-7): the work that was announced for this very time (with its lead, or too late, where a person has
// answered for that) begins with the first run, is halted with each, and ends with the last: once its runbook was done on every host that it names, or its time was over when a run ended (of a
// run over many hosts: the whole of it, not one host's). The sentences say that much and nothing of what was seen (T-2). What nobody announced is not told, and what a person began is that person's to end.
import type { Instant } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { loadRolling, type RolledBody } from '../../rooms/change/rolling/record.ts'
import type { Told } from '../../rooms/change/runs/record.ts'
import { loadRun, loadRunsOver } from '../../rooms/change/runs/rows.ts'
import type { Planned } from '../../rooms/tell/maintenance/planned.ts'
import { loadPlanned, newestOf, type MaintenanceRow } from '../../rooms/tell/maintenance/rows.ts'
import { workNow } from '../../views/change/announced.ts'

export interface Announcing {
  /** With its first step. */
  began(tx: Tx, run: string, runbook: Pick<Runbook, 'announce'>): void
  halted(tx: Tx, run: string): void
  resumed(tx: Tx, run: string): void
  /** `part`: done on one of the hosts of a rolling run, which says itself when it is over. */
  ended(tx: Tx, run: string, how: 'done' | 'part' | 'undone' | 'aborted'): void
}

/** What a run says to the public; each of it may be said twice, and is told once. */
export function announcing(planned: Planned): Announcing {
  const own = (tx: Tx, run: string, act: (row: MaintenanceRow) => void): void => {
    for (const row of loadPlanned(tx.sql)) if (row.state === 'in_progress' && isOf(tx, row, run)) act(row)
  }
  const note = (tx: Tx, run: string, says: string): void => own(tx, run, ({ id }) => void (newestOf(tx.sql, id) === says || planned.note(tx, id, { by: as(run), says })))
  return {
    began(tx, run, { announce }) {
      const id = announce && workNow(announce, { sql: tx.sql, now: tx.now.wall })
      if (id !== undefined) planned.begin(tx, id, { by: as(run) })
    },
    halted: (tx, run) => note(tx, run, 'The work is halted.'),
    resumed: (tx, run) => note(tx, run, 'The work goes on.'),
    ended: (tx, run, how) => own(tx, run, (row) => {
      const { done, isLast } = partsOf(tx, row, run)
      // However late it is: other hosts are to come, or one has failed.
      const isOver = tx.now.wall >= row.until && how !== 'part'
      const by = as(run)
      if (how === 'aborted') return void planned.cancel(tx, row.id, { by })
      if (how === 'undone' && done === 0) return void planned.cancel(tx, row.id, { by, says: 'The work was taken back; it is not done.' })
      if (how !== 'undone' && (isOver || isLast)) return void planned.complete(tx, row.id, { by })
      if (isOver) return void planned.cancel(tx, row.id, { by })
      return note(tx, run, how === 'undone' ? 'A part of the work was taken back.' : 'A part of the work is done; the work goes on.')
    }),
  }
}

const as = (run: string): string => `run:${run}`

/** Whether work that goes on is a run's: it began it, or another run of the same runbook did, and it has done something of it itself. */
function isOf({ sql }: Tx, { begun_by: by }: MaintenanceRow, run: string): boolean {
  if (by === as(run)) return true
  const it = loadRun(sql, run)
  return by?.startsWith('run:') === true && it !== undefined && it.run.tried.length > 0 && !it.plan.rehearse && loadRun(sql, by.slice('run:'.length))?.plan.runbook.name === it.plan.runbook.name
}

/** On how many hosts its runbook was done since the work began, and whether those are all that it names. */
function partsOf({ sql }: Tx, { began }: MaintenanceRow, run: string): { readonly done: number; readonly isLast: boolean } {
  const of = loadRun(sql, run)?.plan.runbook
  const all = loadRunsOver(sql, (began ?? 0) as Instant).filter(({ plan, run: { phase } }) => plan.runbook.name === of?.name && !plan.rehearse && phase.is === 'over' && phase.how === 'done')
  const done = new Set(all.map(({ plan }) => plan.host))
  return { done: done.size, isLast: of?.hosts.names.every((name) => done.has(name)) ?? true }
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
          else if (event === 'ended' && row.run.phase.is === 'over') {
            const { how } = row.run.phase
            if (row.plan.rolling === undefined) say.ended(tx, id, how)
            else if (how === 'done') say.ended(tx, id, 'part')
          }
        }
      },
      // Where a host fails the others may go on: what was not done there ends the work only with the rolling run, and what was done, after its time.
      'change.rolled'(tx, entry) {
        const { id, stands: { over, stages }, told } = entry.body as unknown as RolledBody
        const [run] = Object.values(stages).flatMap((stage) => (stage.is === 'to-come' ? [] : [stage.run]))
        if (run === undefined || loadRolling(tx.sql, id)?.plan.rehearse !== false) return
        for (const { event } of told) {
          if (event === 'halted') say.halted(tx, run)
          else if (event === 'resumed') say.resumed(tx, run)
          else if (event === 'ended') say.ended(tx, run, over === 'done' ? 'done' : 'aborted')
        }
      },
    },
  }
}
