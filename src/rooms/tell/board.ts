// The board as plain data: everything that the public page, the JSON, the feeds and the static bundle are drawn from, and
// nothing else (T-2: one allow-listed projection). The keeper makes it, `web` and the publisher draw it.
import { minutes, type Instant, type Span } from '../../core/time.ts'

export type ComponentStatus = 'operational' | 'degraded_performance' | 'partial_outage' | 'major_outage' | 'under_maintenance'

/** One day of a component: milliseconds of each state; the rest of the day was not measured. */
export interface Day {
  /** `YYYY-MM-DD` in the site's zone. */
  readonly date: string
  readonly up: number
  readonly degraded: number
  readonly down: number
  readonly unknown: number
}

export interface BoardComponent {
  readonly id: string
  readonly name: string
  readonly status: ComponentStatus
  /** True when what makes it degraded is that nobody knows (`holdfast_state: "unknown"`). */
  readonly unknown: boolean
  /** Nobody knows because all that stands for it is paused. */
  readonly paused?: true
  readonly since: Instant
  readonly createdAt: Instant
  /** Oldest first, at most 90. Days before measuring began are absent. */
  readonly days: readonly Day[]
}

export type StatementStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved' | 'postmortem'

export interface StatementUpdate {
  readonly id: string
  readonly status: StatementStatus
  readonly body: string
  readonly at: Instant
  readonly affected: readonly { readonly code: string; readonly name: string; readonly from: ComponentStatus; readonly to: ComponentStatus }[]
}

/** A public incident. Only published ones ever stand in a `Board` (T-3). */
export interface Statement {
  readonly id: string
  readonly title: string
  readonly status: StatementStatus
  readonly impact: 'none' | 'minor' | 'major' | 'critical' | 'maintenance'
  readonly startedAt: Instant
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly monitoringAt?: Instant
  readonly resolvedAt?: Instant
  /** Newest first. */
  readonly updates: readonly StatementUpdate[]
  readonly componentIds: readonly string[]
  /** When the next update was promised. */
  readonly nextUpdateBy?: Instant
  /** How far what goes on behind it is; absent where nobody said so lately. */
  readonly progress?: StatementProgress
}

/** How much of the bytes was checked. `of` and `left` are absent where they are not known: nothing is promised then. */
export interface StatementProgress {
  /** What goes on: stored bytes are checked where nothing is said, or a copy is fetched that is restored. */
  readonly what?: 'restore'
  readonly checked: number
  readonly of?: number
  readonly left?: Span
  /** When that was so. */
  readonly at: Instant
}

/** Who is silent for longer says nothing any more. */
export const PROGRESS_GOOD: Span = minutes(3)

/** Planned work begins and ends by somebody who says so, never by the clock. */
export type MaintenanceState = 'scheduled' | 'in_progress' | 'completed' | 'ended_early' | 'cancelled'

/** Planned work, as the public was told of it. */
export interface Maintenance {
  readonly id: string
  readonly title: string
  readonly state: MaintenanceState
  /** When it is to begin and to end. */
  readonly from: Instant
  readonly until: Instant
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly beganAt?: Instant
  /** When it was said to be completed, ended early, or cancelled. */
  readonly endedAt?: Instant
  /** Newest first; `scheduled` is the announcement, and a reminder of it. */
  readonly updates: readonly { readonly id: string; readonly state: MaintenanceState; readonly body: string; readonly at: Instant }[]
  readonly componentIds: readonly string[]
  /** Grows with each change of its state: calendars tell by it which of two is newer. */
  readonly sequence: number
}

export interface Board {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly timezone: string
  /** When the keeper last knew all of this to be so. */
  readonly asOf: Instant
  readonly measuringSince: Instant
  readonly components: readonly BoardComponent[]
  /** Newest first: open ones, then those of the last 90 days, at most 50. */
  readonly statements: readonly Statement[]
  /** Planned work: what is to come and what goes on by when it begins, then what ended in the last 90 days, newest first; at most 100. */
  readonly maintenances: readonly Maintenance[]
}
