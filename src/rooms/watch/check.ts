// A check, as the watch room and the prober know it: plain data made from the configuration.
import type { Span } from '../../core/time.ts'

export interface Check {
  readonly name: string
  /** The probe's kind: `http`, `tcp`, `mysql`, `postgres`, `file`, `heartbeat`. */
  readonly kind: string
  /** The probe's own settings, already parsed by its schema; secrets resolved. */
  readonly settings: unknown
  readonly every: Span
  readonly timeout: Span
  /** How many consecutive failures make a turn. */
  readonly failAfter: number
  /** How many consecutive fresh passes end it. */
  readonly recoverAfter: number
  /** How many observers must see the failure; capped at the live ones. */
  readonly seenFrom: number
  /** How long "unknown" may last before it is an incident of its own. */
  readonly unknownAfter: Span
  readonly dependsOn: readonly string[]
  /** Hosts and clusters that it leans on; no looks are taken at those. */
  readonly standsOn?: readonly string[]
  /** The escalation policy. */
  readonly escalate: string
  /** Heartbeats: the grace after the period or the cron time. */
  readonly grace?: Span
  /** Heartbeats by calendar: a cron expression in `timezone`. */
  readonly schedule?: string
  readonly timezone?: string
  /** The target is on this machine: isolation never excuses it. */
  readonly loopback: boolean
  /** Where it stands in the file: `holdfast.yaml:14`. */
  readonly from: string
}
