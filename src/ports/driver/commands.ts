// Programs as a driver may run them: on this machine or on a host of the configuration by the system's ssh, as argv, with no shell that would read a value
// as more than a word (C-9). On a host a program that must run once runs under a marker that is made there with O_EXCL: whoever comes second with
// the same name finds it, and runs nothing; past its not-after nothing is begun there either, by that host's own clock (C-16). What it
// writes is kept to its end, in bounds; it is given no input and no terminal.
import type { Span, Stamp } from '../../core/time.ts'

/** Which beginning of which run this is. Whatever can remember it out there refuses a second one of the same name. */
export interface Once {
  /** `run-4f2a.7`: the run and the number of its beginning. */
  readonly name: string
  /** Which Holdfast begins it: what another one remembers out there under the same name is not taken for it. Absent: not told apart. */
  readonly of?: string
  /** What people call it: the step, as one word. Kept where it runs, for whoever comes while it goes on. */
  readonly step?: string
  /** Runs that may have something under way in the same place. What goes on there of any other one, of which nobody has seen the end, refuses this beginning (C-16). Absent: of none is that known. */
  readonly beside?: readonly string[]
  /** No beginning of it after this moment, by the doer's own monotonic clock. */
  readonly notAfter: Stamp
  /** Asked right before the deed itself leaves, once its connection is there: false when the run was halted meanwhile, and then nothing leaves (C-15). Absent: nobody can say so. */
  readonly mayLeave?: () => boolean
}

/** What a program wrote: its end, with what looks like a secret blotted out. */
export interface Output {
  readonly tail: string
  /** Bytes that it wrote altogether. */
  readonly bytes: number
  readonly exit?: number
}

export interface Command {
  readonly argv: readonly string[]
  /** A host of the configuration, or `local`: the machine of Holdfast. */
  readonly on: string
  readonly within: Span
  /** Absent: it only looks, and may be run any number of times. */
  readonly once?: Once
  /** Its whole group is killed where it runs when the signal aborts; otherwise what was begun once is left to end by itself (C-15). */
  readonly onHalt?: 'kill'
}

export type Ran =
  | { readonly is: 'ended'; readonly output: Output & { readonly exit: number } }
  /** Nothing was begun. */
  | { readonly is: 'refused'; readonly why: 'unreachable' | 'stranger' | 'late' | 'busy'; readonly says: string }
  /** It was begun, now or before, and went out of sight or over its time. */
  | { readonly is: 'unknown'; readonly says: string; readonly output?: Output }

/** What is remembered, where it ran, of a beginning. */
export type Recalled =
  | { readonly is: 'going' }
  | { readonly is: 'ended'; readonly output: Output & { readonly exit: number } }
  /** It is over, and nobody knows with what: it was killed. */
  | { readonly is: 'gone' }
  /** No marker, or one that says it was called off: it was never begun there, or that machine has booted since. */
  | { readonly is: 'none' }

/** Why the signal of a deed was aborted, where the run was halted: a command that says so is killed then, and for no other reason. */
export const HALTED = 'halted'

export interface Commands {
  run(command: Command, signal: AbortSignal): Promise<Ran>
  /** What became of that beginning, from its marker; rejects where that cannot be asked. */
  recall(once: Pick<Once, 'name' | 'of'>, on: string, signal: AbortSignal): Promise<Recalled>
  /** Which machine that is, as it says itself now: its host key where it has one, its boot. Rejects where it cannot be asked. */
  identify(on: string, signal: AbortSignal): Promise<string>
}
