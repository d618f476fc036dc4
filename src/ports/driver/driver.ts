// The driver port: what changes one kind of thing out there: a server in a balancer, a record, a command on a host. One file under `plugins/drivers`
// carries everything about its kind. A driver decides nothing: it is given one deed, filled in and agreed on, by the one process that may do it
// (processes/doer), does it once, and can say afterwards what is so. Whoever is interrupted between the deed and its answer says
// `unknown`, never `failed`: nobody does it again on that word.
import type { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { Fault } from '../../core/fault.ts'
import type { Now, Stamp } from '../../core/time.ts'
import type { Commands, Once, Output } from './commands.ts'
import type { Egress, Timers } from '../world.ts'

/** The driver of commands: a step names it by `run:`. */
export const RUN = 'run'

/** What a driver's deed is given. `target`: the settings of the target that it names, with secrets; only whoever acts or looks has them. */
export interface DriverContext<Target = Record<string, unknown>> {
  readonly target?: Target
  readonly egress: Egress
  readonly timers: Timers
  readonly now: () => Now
  /** The beginning that is looked after, where there was one: what is remembered of it out there. */
  readonly begun?: Pick<Once, 'name' | 'of'>
  /** One conversation over a Unix socket of this machine. */
  readonly local: (want: LocalWant) => Promise<Told>
  /** Programs, here or on a host of the configuration: argv, never a shell's text. */
  readonly commands: Commands
  /** Aborted when the lease or the time of the step is over; nothing is begun after it, and what is under way ends within a second. */
  readonly signal: AbortSignal
}

export interface LocalWant {
  readonly path: string
  /** What is said; then it listens until the other side ends. */
  readonly text: string
  readonly mostBytes: number
  readonly signal: AbortSignal
  /** Asked once the connection is there, right before anything is said: where it may not be said any more, it rejects (EFENCED). */
  readonly mayLeave?: () => boolean
}

/** What came of it. `lost`: something was sent, and no whole answer came. Before anything was sent it rejects. */
export type Told = { readonly is: 'answered'; readonly text: string } | { readonly is: 'lost'; readonly says: string }

/** What was seen. `identity`: which thing answered, as it says itself, such as a host key, a process and its start, a zone and its serial. */
export interface Observed {
  readonly identity: string
  /** Whether all that was claimed is so. */
  readonly found: Found
  /** When the look began. */
  readonly from: Stamp
}

export type Acted =
  /** It says that it was done. Whether it was is seen by looking (`observe`), never from this. */
  | { readonly is: 'done'; readonly says: string; readonly output?: Output }
  /** It was not done, or not wholly, and nothing of it goes on. `begun: false`: the target itself refused it before anything was begun. */
  | { readonly is: 'failed'; readonly says: string; readonly output?: Output; readonly begun?: false }
  /** It was begun, and nobody knows whether it was done or goes on. */
  | { readonly is: 'unknown'; readonly says: string; readonly output?: Output }

export interface Driver<Config extends z.ZodObject = z.ZodObject, Claims extends z.ZodObject = z.ZodObject, Target extends z.ZodObject = z.ZodObject> {
  /** The key under `do:`, such as `haproxy`, and under a target's name. */
  readonly kind: string
  readonly title: string
  readonly does: string
  /** Strict. Every text in it may hold placeholders (`{{host}}`), which are filled in before it is parsed for the deed. */
  readonly config: Config
  /** What of it can be awaited in `until`, beside what every step can await; strict, every key optional. */
  readonly claims: Claims
  /** What it needs to know of where it acts and is no part of a step, credentials above all: a section of its own, named in a step as `target`. */
  readonly target?: Target
  readonly examples: readonly z.input<Config>[]
  /** What would be done and to what, in a line for people; of filled-in settings. Holds no secret. */
  say(config: z.output<Config>): string
  /** Looks, and changes nothing: without claims only at which thing it is. */
  observe(config: z.output<Config>, claims: z.output<Claims> | undefined, context: DriverContext<z.output<Target>>): Promise<Observed>
  /** Does it, once. Throws only before anything was sent. */
  act(config: z.output<Config>, once: Once, context: DriverContext<z.output<Target>>): Promise<Acted>
}

/** A list holds drivers of every configuration; each parses its own. */
export type AnyDriver = Driver

/** Declares a driver; only there so that the types of its settings reach its deeds. */
export const driver = <Config extends z.ZodObject, Claims extends z.ZodObject, Target extends z.ZodObject>(it: Driver<Config, Claims, Target>): Driver<Config, Claims, Target> => it

/** The target that it was given; throws where the one who acts knows none of that name. */
export function targetIn<Target>({ target }: DriverContext<Target>): Target {
  if (target === undefined) throw new Fault('the target is not known to the one who acts', 'never')
  return target
}
