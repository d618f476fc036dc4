// An animal of the zoo: what is changed, and which proof must notice it.

/** Text in a file, and what stands there instead. */
export interface Change {
  readonly file: string
  readonly find: string
  readonly put: string
}

/** What must notice it: one test of one file, or schedules of the simulator; `runs`: those of planned changes, `alone`: only of those that go by themselves. */
export type Killer =
  | { readonly is: 'test'; readonly file: string; readonly name: string }
  | { readonly is: 'sim'; readonly schedules: number; readonly seed: number; readonly runs?: true; readonly alone?: true }

export interface Mutant {
  readonly name: string
  /** The invariants that it breaks; a simulator that finds it names one of them. */
  readonly breaks: readonly string[]
  readonly changes: readonly Change[]
  readonly killer: Killer
  /** Needs Debian packages (strace): only with `--lab`. */
  readonly lab?: true
}
