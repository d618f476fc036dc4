// What keeper and prober say to each other. The prober keeps its timetable in memory and looks; the keeper judges.
import type { Found } from '../../core/evidence.ts'
import type { Instant, Span, Tick } from '../../core/time.ts'
import type { Phases } from '../../ports/world.ts'
import type { Check } from './check.ts'

/** One look that ended. */
export interface Looked {
  readonly check: string
  /** When the look began, by both clocks. */
  readonly at: Instant
  readonly tick: Tick
  readonly took: Span
  readonly found: Found
  readonly phases?: Phases
  readonly certDaysLeft?: number
  /** The failure is silence (the time limit passed): it counts only while the node's own horizon stands. */
  readonly silent?: boolean
  /** How late it began against its timetable, in ms. */
  readonly late: number
}

export type ToProber =
  /** The whole timetable; replaces the one before. Checks that did not change keep their phase. */
  | { readonly is: 'timetable'; readonly version: string; readonly checks: readonly Check[] }
  /** Look at these now, whatever the timetable says; the answer comes as any other. */
  | { readonly is: 'look'; readonly checks: readonly string[] }
  /** A deed may have made names lead elsewhere: what was kept of them is worth nothing any more. Answered when that is forgotten. */
  | { readonly is: 'forget-names' }

export type ToKeeper =
  | { readonly is: 'hello'; readonly prober: string; readonly boot: string }
  /** Newest result per check survives pressure; `dropped` counts older ones that did not. */
  | { readonly is: 'looked'; readonly results: readonly Looked[]; readonly dropped: number }
  /** A look that could not be ended: its child does not die. It is abandoned; a finding of its own. */
  | { readonly is: 'stuck'; readonly check: string; readonly pid: number; readonly says: string; readonly since: Instant }
  /** Its end was seen. Pid 0: the check's first answer under this prober, which ends whatever hung under a former one. */
  | { readonly is: 'unstuck'; readonly check: string; readonly pid: number }
  /** Sent every second: progress, for whoever judges whether the prober lives. */
  | { readonly is: 'beat'; readonly looks: number; readonly lateP99: number; readonly queued: number }
