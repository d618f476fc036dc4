// What Holdfast answers about what somebody asked for and has to wait for: drills, with the reports of those that ended, the newest first; and listings.
import type { Instant } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { loadPlanted } from '../rooms/guard/drills/planted.ts'
import type { DrillReport } from '../rooms/guard/drills/report.ts'
import { loadReports } from '../rooms/guard/drills/rows.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'

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
  /** The drills of all sets that have not ended: they wait for each other. */
  readonly under_way: UnderWay
  /** Whether drills of its engine can fail: what came of the last copy that was spoilt on purpose. Null: none was tried yet. */
  readonly planted: PlantedAnswer | null
}

/** Those at work, and those that wait for their turn, in its order. */
export interface UnderWay {
  readonly at_work: readonly (DrillUnderWay & {
    readonly since: Instant
    /** When it is given up. */
    readonly until: Instant
    /** What it does just now, in words; empty where that is not known. */
    readonly says: string
  })[]
  readonly waiting: readonly DrillUnderWay[]
}

export interface DrillUnderWay {
  readonly set: string
  readonly store: string
  readonly copy: string
  /** The copy is spoilt on the way. */
  readonly planted?: true
}

/** Drills were ended before they were through; each leaves a report that says so. */
export interface DrillCancelledAnswer {
  readonly schema: 'holdfast.drill-cancelled/1'
  readonly set: string
  readonly cancelled: readonly DrillUnderWay[]
}

export interface PlantedAnswer {
  readonly engine: string
  /** When they were last proven able to fail. */
  readonly failed_at: Instant | null
  /** Since when they are not believed. */
  readonly doubted_at: Instant | null
  readonly at: Instant
  readonly verdict: 'passed' | 'failed' | 'unknown'
  readonly says: string
  readonly report: string
}

export interface DrillCalls {
  'backups.drill': { args: { set: string; store?: string; copy?: string; planted?: boolean; person?: string }; body: DrillBegunAnswer }
  'backups.cancelDrill': { args: { set: string; store?: string; person?: string }; body: DrillCancelledAnswer }
  'backups.drills': { args: { set: string; after?: number }; body: DrillsAnswer }
}

const MOST = 50

/** Those above `after`, the newest first. */
export const viewDrills = (sql: Sql, { name: set, engine }: BackupSet, after: number, underWay: UnderWay): DrillsAnswer => ({
  schema: 'holdfast.drills/1', under_way: underWay, planted: viewPlanted(sql, engine),
  drills: loadReports(sql, set, MOST).filter(({ id }) => id > after).map(({ id, takenAt, report }) => ({ ...report, id, taken_at: takenAt })),
})

export function viewPlanted(sql: Sql, engine: string): PlantedAnswer | null {
  const it = loadPlanted(sql, engine)
  return it ? { engine, failed_at: it.failedAt ?? null, doubted_at: it.doubtedAt ?? null, at: it.at, verdict: it.verdict, says: it.says, report: it.report } : null
}

/** How far listings are that somebody asked for, place by place. */
export interface LookAnswer {
  readonly schema: 'holdfast.look/1'
  readonly set: string
  /** Counts up: one with a higher number began later, and is as good. */
  readonly look: number
  readonly over: boolean
  readonly places: readonly {
    readonly store: string
    readonly state: 'waiting' | 'listing' | 'listed' | 'not-listed'
    /** What it waits for, how far it is, or why it could not be listed. */
    readonly says: string
  }[]
}

export interface LookCalls {
  /** The set is listed in all its stores as soon as that may be; answers before it is. */
  'backups.look': { args: { set: string }; body: LookAnswer }
  /** How far the one of that number is; the newest of these where none is named, or it is not known any more. */
  'backups.looked': { args: { set: string; look?: number }; body: LookAnswer }
}
