// The backup port: what an engine whose copies are drilled must look like. One file under `plugins/backups` carries what it knows about
// one kind of copy: how it is checked without restoring, how it is brought back to life in a throw-away cell, how the engine itself looks
// over what came of it, and how a person's assertions are asked. A plugin starts nothing by itself: the cell does, isolated and
// bounded. What this machine lacks (a program, room, time) is a `Fault`, and says nothing about the copy; only what the copy itself
// did wrong is a `fail`, with the engine's own words.
import type { z } from 'zod'
import type { Instant, Span } from '../core/time.ts'
import type { CopyGiven, Log, Logs, Manifest, Step } from './backup/copy.ts'
import type { Live } from './backup/live.ts'

export type { CopyGiven, Log, Logs, Manifest, Step }

/** What came of a program. Texts are bounded, and free of control characters but for line ends. */
export interface Ran {
  /** `null`: it was ended by a signal. */
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

export interface RunWant {
  /** Beyond it the program is ended, and the call throws: this machine was too slow to know. */
  readonly within: Span
  /** What the program reads. When it throws, the program is ended, and `run` throws the same. */
  readonly input?: AsyncIterable<Uint8Array>
  /** Takes the output piece by piece, as fast as it likes; `out` stays empty then. */
  readonly take?: (chunk: Buffer) => void | Promise<void>
}

export interface Served {
  /** It still runs. */
  readonly alive: () => boolean
  /** Everything it has said so far, bounded. */
  readonly said: () => string
}

/**
 * A throw-away place of our own: own user id, own namespaces (network with loopback only, processes, mounts), nothing to be seen but the
 * programs of this machine (read-only), the copy (read-only) and a folder to work in. All that runs in it ends with it, also when
 * Holdfast is killed. Each call proves first that the cell is still ours, and throws a `Fault` otherwise.
 */
export interface Cell {
  /** Random, lower-case hexadecimal. */
  readonly id: string
  /** The copy, as programs in the cell see it. */
  readonly copy: string
  /** The folder to work in, as programs in the cell see it; theirs, and empty at first. */
  readonly work: string
  /** Names in a folder of this machine's programs, such as `/usr/lib/postgresql`; none where there is no such folder. */
  look(folder: string): Promise<readonly string[]>
  /** Puts a small file beside the copy, and gives its path inside. */
  put(name: string, text: string): Promise<string>
  /** Runs a program to its end. Throws a `Fault` when it could not be run at all, or was ended by anything but itself. */
  run(argv: readonly string[], want: RunWant): Promise<Ran>
  /** Starts a program that stays, until it says that it is ready. It may have ended before: then it is not alive. */
  start(argv: readonly string[], want: { readonly ready: RegExp; readonly within: Span }): Promise<Served>
}

/** What a person wants to be true of what was restored. */
export type Assertion =
  | { readonly is: 'sql'; readonly sql: string }
  | { readonly is: 'newest'; readonly sql: string; readonly within: Span }
  | { readonly is: 'file'; readonly file: string; readonly sha256: string }
  /** What a query names in its column `key` lies in that store. */
  | { readonly is: 'references'; readonly sql: string; readonly in: string }

/** What a copy says of itself, by its engine. */
export interface Held {
  /** Of when its contents are, by the clock of who made it. */
  readonly at: Instant
  /** Which source and which folders, in a line. */
  readonly of: string
}

/** A copy that is nothing without others beside it: all of them are fetched with it. */
export interface Repository {
  /** Where its repository begins, with a slash at its end where there is a folder, and its name there. `undefined`: no copy is called so. */
  place(key: string): { readonly root: string; readonly name: string } | undefined
  /** What is listed before the rest, in this order: what refers to others before what it refers to, so that no reference leads nowhere. */
  readonly first: readonly string[]
  /** The folder below which its data lie (`data`): what is spoilt where a drill has to fail. */
  readonly heart?: string
}

/** Of some files, those that the copy holds: under which name, and where they were restored. */
export interface Some {
  readonly is: 'some'
  readonly found: ReadonlyMap<string, { readonly name: string; readonly at: string }>
}

/** A whole server, restored to live: stopped in order, and with nothing left that would make it go on as the one that it is a copy of. */
export interface Settled {
  /** Its data folder, as programs in the cell see it. */
  readonly folder: string
  /** The account that its servers usually run as. */
  readonly account: string
  /** What a person does next, in lines. */
  readonly next: readonly string[]
}

/** One drill of one copy. The steps are called in this order, each after the one before has passed. */
export interface Restoring {
  /** L3: its structure, without restoring it. */
  structure(): Promise<Step>
  /** L4: restored in the cell. */
  restore(): Promise<Step>
  /** L5: what the engine says of what was restored. */
  integrity(): Promise<Step>
  /** L6: one assertion, or one line of the manifest. */
  prove(assertion: Assertion): Promise<Step>
  /** L6: what the manifest says, beyond the assertions. Empty without a manifest. */
  manifest(): Promise<readonly { readonly text: string; readonly step: Step }[]>
  /** What is known of it after its structure was looked at. */
  held?(): Held | undefined
  /** Only these files, by their names below a folder of the copy (`below`: found out where it is not said). Called after `structure`, and instead of `restore`. */
  some?(wanted: readonly string[], below: string | undefined): Promise<Some | Step>
  /** Only these files, and folders with all that is in them, by their whole names in the copy, to `restored`. Called after `structure`, and instead of `restore`. What is not in the copy is not there afterwards. */
  part?(paths: readonly string[]): Promise<Step>
  /** What an application needs to find what was restored, by the names that stand for it in its command: `url` of a database. */
  reach?(): Promise<Readonly<Record<string, string>>>
  /** Of a whole server that was restored to live, after all else has passed: its data folder, made ready. `to`: where it will lie, as a word of a shell. Absent where the copy is none. */
  settle?: ((to: string) => Promise<Settled | Step>) | undefined
  /** The folder that holds what was restored, as programs in the cell see it; absent where it is no folder of files. */
  restored?(): string
}

export interface Engine<Config extends z.ZodObject = z.ZodObject> {
  /** The `engine` of a set in the configuration. */
  readonly kind: string
  readonly title: string
  readonly does: string
  /** Strict object: what a set of this engine may say beyond what all sets say. */
  readonly config: Config
  readonly examples: readonly z.input<Config>[]
  /** The kinds of assertions that it can ask. */
  readonly asserts: readonly Assertion['is'][]
  /** Its copies lie in repositories. */
  readonly repository?: Repository
  /** A copy may also be a folder of files: the name of the one that is written last stands for it. */
  readonly folders?: Repository
  open(config: z.output<Config>, cell: Cell, copy: CopyGiven): Restoring
  /** Its copies may be those of a whole server, which goes into a folder. */
  readonly servers?: true
  /** A server of its kind that lives, by its address; absent where its copies are no databases. */
  live?(cell: Cell, url: string): Live
}

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds engines of every configuration; each parses its own
export type AnyEngine = Engine<any>

/** Declares an engine; only there so that its configuration's type reaches `open`. */
export const engine = <Config extends z.ZodObject>(it: Engine<Config>): Engine<Config> => it

export const passed = (said?: string): Step => ({ is: 'pass', ...(said === undefined || said === '' ? {} : { said }) })
export const failed = (says: string, said?: string): Step => ({ is: 'fail', says, ...(said === undefined || said === '' ? {} : { said }) })
export const open = (says: string, said?: string): Step => ({ is: 'unknown', says, ...(said === undefined || said === '' ? {} : { said }) })
/** Unknown, and it stays so until a person changes what it says: the copy is not accused, and nobody waits in vain. */
export const refusedStep = (says: string, said?: string): Step => ({ is: 'unknown', says, refused: true, ...(said === undefined || said === '' ? {} : { said }) })

/** An assertion in a line, for people. */
export function sayAssertion(it: Assertion): string {
  if (it.is === 'sql') return it.sql
  if (it.is === 'newest') return `${it.sql} within ${it.within / 3_600_000} h of the copy`
  if (it.is === 'references') return `${it.sql}: what it names lies in ${it.in}`
  return it.sha256 === 'from-manifest' ? `${it.file} as the manifest says` : `${it.file} has sha256 ${it.sha256.slice(0, 12)}…`
}
