// What a command is given: where to ask, how to print, who it speaks for, and what only the composition knows.
import type { TallyContext, Tallying } from '../ports/tally/tally.ts'
import type { LoadWants, Plugins } from '../views/accepted.ts'
import type { RelationsReport, RelationsWants } from '../rooms/guard/scan/relations.ts'
import type { PagesReport, PagesWants, ScanReport, ScanWants } from '../rooms/guard/scan/scan.ts'
import type { RestoreTools } from '../views/restore/restoring.ts'
import type { Reply, Server } from './client.ts'
import { EXIT, Failure } from './failure.ts'
import type { Out } from './output.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface UpWants {
  readonly urls: readonly string[]
  readonly config: string | undefined
  readonly data: string
  readonly port: number | undefined
  /** The address to listen on, where one was given. */
  readonly host?: string
  readonly quiet: boolean
  /** A lab: the waits of a clean-up are divided by `shrink`, and only private addresses are reached. */
  readonly lab?: { readonly shrink: number }
}

/** What lies outside of the client: given by the composition. */
export interface Outside {
  readonly version: string
  /** Runs Holdfast here until it is stopped; resolves with the exit code. */
  up(wants: UpWants): Promise<number>
  plugins(): Promise<Plugins>
  /** Reads a folder of this machine, as `rooms/guard/scan` says; gives way to everybody else here. */
  scan(wants: ScanWants): Promise<ScanReport>
  /** Looks at the pages of a PostgreSQL cluster at rest. */
  scanPages(wants: PagesWants): Promise<PagesReport>
  /** Has a server look over its own relations, over connections. */
  scanRelations?(wants: RelationsWants): Promise<RelationsReport>
  /** What restores, on this machine. */
  restoring?(): Promise<RestoreTools>
  /** What counts in databases, for `exec`. */
  tallies?(data: string): Promise<Tallies>
}

export interface Tallies {
  of(kind: 'postgres' | 'mysql'): Tallying
  readonly context: TallyContext
  close(): void
}

export interface Session {
  readonly out: Out
  readonly server: Server
  readonly env: Environment
  readonly data: string
  readonly config: string
  /** Milliseconds, where `--timeout` was given. */
  readonly timeout: number | undefined
  /** The person who acts: `--as`, HOLDFAST_PERSON, else the name of the user. */
  readonly person: { readonly name: string; readonly said: boolean }
  readonly outside: Outside
  readonly now: () => number
  /** A message by `-m`; `-m -` reads it from stdin. */
  readonly message: (given: string) => string
}

export type Options = Readonly<Record<string, unknown>>
export type Command = (session: Session, args: readonly string[], options: Options) => Promise<number>

export const textOption = (options: Options, name: string): string | undefined => (typeof options[name] === 'string' ? options[name] : undefined)

interface Problem {
  readonly detail?: string
  readonly code?: string
  readonly help?: string
}

/** What is over or done already needs no safety rule to be refused. */
const ALREADY = ['HF412', 'HF416']

function exitOf(status: number, code: string): number {
  if (status === 401 || status === 403 || status === 503) return EXIT.unreachable
  if (status === 409) return ALREADY.includes(code) ? EXIT.failed : EXIT.refused
  return status === 400 || status === 413 || status === 415 || status === 422 ? EXIT.usage : EXIT.failed
}

export function failureOf({ status, body }: Reply, elseHelp?: string): Failure {
  const { detail, code, help = elseHelp } = (typeof body === 'object' && body !== null ? body : {}) as Problem
  const named = code ?? `HF-W${status}`
  const message = detail ?? `The server answered ${status}, which is not an answer of Holdfast.`
  return new Failure(message, { exit: exitOf(status, named), code: named, ...(help === undefined ? {} : { help }) })
}

/** Asks, and takes the site's zone from the answer; a problem is thrown as it was said. */
export async function ask<Body extends object>({ server, out }: Session, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Body> {
  const reply = await server.send(method, `/api/v1${path}`, body)
  if (reply.timezone !== undefined) out.timezone = reply.timezone
  if (reply.status >= 400 || typeof reply.body !== 'object' || reply.body === null) throw failureOf(reply)
  return reply.body as Body
}

/** Asks for something that anybody at the machine may: under the name of who is logged in, and where that is nobody's and was not said, under none. */
export async function askAsAnybody<Body extends object>(session: Session, path: string, body: object): Promise<Body> {
  const { name, said } = session.person
  try {
    return await ask<Body>(session, 'POST', path, { ...body, person: name })
  } catch (cause) {
    if (said || !(cause instanceof Failure) || cause.code !== 'HF477') throw cause
    return ask<Body>(session, 'POST', path, body)
  }
}

export const segment = (name: string): string => encodeURIComponent(name)

/** What the plugins and the environment add to reading a configuration. */
export const configWants = async ({ outside, env }: Session, file: string): Promise<LoadWants> => ({ ...await outside.plugins(), file, env })
