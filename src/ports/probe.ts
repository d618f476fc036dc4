// The probe port: what a check of one kind must look like. One file under `plugins/probes` carries everything about its kind:
// its settings (zod), its words, its examples, and how it looks. The runner holds the time limit and judges silence; a probe
// that throws says nothing about its target.
import type { z } from 'zod'
import type { Found } from '../core/evidence.ts'
import type { Now, Span } from '../core/time.ts'
import type { Egress, Phases } from './world.ts'

/** A finding, with what was measured on the way. */
export type Seen = Found & { readonly phases?: Phases; readonly certDaysLeft?: number }

export interface LookContext {
  readonly egress: Egress
  /** Aborted at the time limit; a probe ends within 100 ms of it. */
  readonly signal: AbortSignal
  readonly timeout: Span
  readonly now: () => Now
}

export interface Probe<Config extends z.ZodObject = z.ZodObject> {
  /** The key in the configuration (`http`), the label in metrics. */
  readonly kind: string
  readonly title: string
  readonly does: string
  /**
   * `shared`: many looks side by side in the prober. `alone`: in a child of its own that can be killed or abandoned (files,
   * spawned programs). `passive`: never looks; others report (heartbeats).
   */
  readonly runs: 'shared' | 'alone' | 'passive'
  /** Strict object whose first key is the kind; the settings common to all checks are added by the watch room. */
  readonly config: Config
  /** Full settings of a check, such as `{ tcp: 'db.internal:5432' }`: documentation and fixtures of the contract suite. */
  readonly examples: readonly z.input<Config>[]
  look(config: z.output<Config>, context: LookContext): Promise<Seen>
}

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds probes of every configuration; each parses its own
export type AnyProbe = Probe<any>

/** Declares a probe; only there so that its configuration's type reaches `look`. */
export const probe = <Config extends z.ZodObject>(it: Probe<Config>): Probe<Config> => it

export const pass = (extra: { says?: string; phases?: Phases; certDaysLeft?: number } = {}): Seen => ({ is: 'pass', ...extra })
export const fail = (says: string, extra: { phases?: Phases; certDaysLeft?: number } = {}): Seen => ({ is: 'fail', says, ...extra })
export const unknown = (says: string, extra: { phases?: Phases } = {}): Seen => ({ is: 'unknown', says, ...extra })
