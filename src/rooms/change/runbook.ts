// Runbooks: planned work, step by step, as the configuration says it. Plain data; texts still carry their placeholders (`{{host}}`), which are
// filled in for one host when a plan is drawn (plan.ts), each within the one text that it stands in: a value can never add a step, nor a
// word to a command (C-9).
import type { Span } from '../../core/time.ts'
import type { Balanced } from './sight.ts'

/** What has to be so before the first step, or all the time. */
export type Want =
  | { readonly is: 'links' }
  | { readonly is: 'healthy' }
  | { readonly is: 'incidents' }
  | { readonly is: 'backup'; readonly set: string; readonly age?: Span; readonly rung?: string; readonly proven?: Span }
  | { readonly is: 'checks'; readonly names: readonly string[] }
  | { readonly is: 'members'; readonly cluster: string; readonly atLeast: number }
  | Fronted

/** What is seen from outside: how a server stands in every HAProxy of a cluster, and what every authoritative server says. */
export type Fronted =
  | { readonly is: 'server'; readonly cluster: string; readonly server: string; readonly state?: Exclude<Balanced['state'], 'down'>; readonly sessions?: number }
  | { readonly is: 'record'; readonly cluster: string; readonly answers: readonly string[] }

/** Settings of a driver, filled in for one host and read by the driver's own schema, and what they mean in words. */
export interface Deed {
  readonly config: Readonly<Record<string, unknown>>
  readonly says: string
  /** The hash of the target that it names, as the configuration has it with secrets as names: another address is another deed. */
  readonly place?: string
}

/** What is done: by a driver (a command is the driver `run`), or by a person. `deeds`: by the host of the run. */
export type Act =
  | { readonly is: 'driver'; readonly driver: string; readonly deeds: Readonly<Record<string, Deed>> }
  | { readonly is: 'manual'; readonly text: string }

/** The same for one host. */
export type FilledAct = ({ readonly is: 'driver'; readonly driver: string } & Deed) | { readonly is: 'manual'; readonly text: string }

/** What has to be seen before a step counts as done. */
export type Claim =
  /** What the driver of the step looks for itself; by the host of the run. */
  | { readonly is: 'driver'; readonly claims: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  | { readonly is: 'stopped'; readonly host: string }
  | { readonly is: 'links'; readonly host: string }
  | { readonly is: 'boots'; readonly host: string }
  | { readonly is: 'synced'; readonly cluster: string; readonly host: string }
  | { readonly is: 'members'; readonly cluster: string; readonly atLeast: number }
  | { readonly is: 'checks'; readonly names: readonly string[] }
  | Fronted

export interface Step {
  readonly id: string
  readonly act: Act
  /** Hosts that it is expected to take down, until `until` holds. */
  readonly takes: readonly string[]
  readonly until: readonly Claim[]
  readonly within: Span
  readonly undo?: Act
  /** Done once more it is as if it had been done once: after it failed, or was lost, two people may have it begin again (C-4). */
  readonly idempotent?: true
}

export type FilledClaim = Exclude<Claim, { is: 'driver' }> | { readonly is: 'driver'; readonly claims: Readonly<Record<string, unknown>> }

/** A step for one host: what people agree on, and what is done. */
export interface FilledStep extends Omit<Step, 'act' | 'until' | 'undo'> {
  readonly act: FilledAct
  readonly until: readonly FilledClaim[]
  readonly undo?: FilledAct
}

/** When a run is permitted to go; never when it starts. */
export interface Window {
  /** 1 is Monday; the day on which it opens. */
  readonly days: readonly number[]
  /** Minutes since midnight; `to` before `from` is on the next day. */
  readonly from: number
  readonly to: number
  readonly timezone: string
}

export interface Runbook {
  readonly name: string
  readonly title: string
  readonly window?: Window
  /** People, and rotations as `oncall.name`. */
  readonly people: { readonly does: readonly string[]; readonly checks: readonly string[] }
  /** The hosts that it can be run on. A rolling run takes so many together (`serial`), and goes on although so many failed. */
  readonly hosts: { readonly cluster?: string; readonly names: readonly string[]; readonly serial: number | string; readonly maxFailures?: number }
  readonly preflight: readonly Want[]
  readonly keep?: { readonly cluster: string; readonly tolerate: number }
  readonly guard: readonly Want[]
  readonly announce?: { readonly board: string; readonly components: readonly string[]; readonly lead: Span }
  /** It may be agreed to once, as a whole, and go on by itself; what follows a halt then. */
  readonly unattended?: { readonly onHalt: 'stay' | 'undo' }
  readonly steps: readonly Step[]
  /** `holdfast.yaml:40`, `runbooks/grow-memory.yaml:1`. */
  readonly from: string
}

/** The same for one host: every value filled in. */
export interface FilledRunbook extends Omit<Runbook, 'steps'> {
  readonly steps: readonly FilledStep[]
}
