// What Holdfast answers about drills: what was begun, and the reports of those that ended, the newest first.
import type { Instant } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import type { DrillReport } from '../rooms/guard/drills/report.ts'
import { loadReports } from '../rooms/guard/drills/rows.ts'

/** A drill was asked for. Its report is one of `backups.drills` whose id is above `after`. */
export interface DrillBegunAnswer {
  readonly schema: 'holdfast.drill-begun/1'
  readonly set: string
  readonly store: string
  readonly copy: string
  readonly after: number
}

export interface DrillAnswer extends DrillReport {
  /** Grows with each report. */
  readonly id: number
  /** When the report was taken in. */
  readonly taken_at: Instant
}

export interface DrillsAnswer {
  readonly schema: 'holdfast.drills/1'
  readonly drills: readonly DrillAnswer[]
}

export interface DrillCalls {
  'backups.drill': { args: { set: string; store?: string; copy?: string; person?: string }; body: DrillBegunAnswer }
  'backups.drills': { args: { set: string; after?: number }; body: DrillsAnswer }
}

const MOST = 50

/** Those above `after`, the newest first. */
export const viewDrills = (sql: Sql, set: string, after: number): DrillsAnswer => ({
  schema: 'holdfast.drills/1',
  drills: loadReports(sql, set, MOST).filter(({ id }) => id > after).map(({ id, takenAt, report }) => ({ ...report, id, taken_at: takenAt })),
})
