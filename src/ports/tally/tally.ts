// The tally port: a database whose rows are counted while a copy of it is made, in one snapshot that others can be given the name of. Nothing
// is written. A table that could not be counted says why, and is never taken for an empty one; one that fails leaves the others as
// they are. Everything ends by the deadlines that were given, whatever the server does.
import { Fault, isOurs, isSilence, sentence } from '../../core/fault.ts'
import { ms, sayTime, type Instant, type Now, type Span, type Tick } from '../../core/time.ts'
import { step, type Database, type Step } from '../database.ts'
import { refusal } from '../refusal.ts'
import type { Connected, Egress, Timers } from '../world.ts'

export interface TallyContext {
  readonly egress: Egress
  readonly timers: Timers
  readonly now: () => Now
}

export interface TallyWant {
  /** As "schema.table" or "table"; absent: all that a dump holds. */
  readonly tables?: readonly string[]
  /** A query of one value: the time of the newest row. */
  readonly newest?: string
  /** How long one statement may take. */
  readonly statement: Span
  /** When all of it ends. */
  readonly until: Tick
}

/** A table by its name, with its rows, or why nobody knows. */
export type Counted = { readonly name: string; readonly rows: number } | { readonly name: string; readonly says: string }

/** Who the server is, by its own words; what it does not say is empty. */
export interface ServerSeen {
  readonly version: string
  /** The system identifier of a cluster, the UUID of a server. */
  readonly system: string
  readonly database: string
  readonly oid: string
  readonly replica: boolean
}

export interface Tally {
  /** When the snapshot was taken, by our clock. */
  readonly at: Instant
  readonly server: ServerSeen
  readonly tables: readonly Counted[]
  /** So many more there are, of which nothing is said. */
  readonly leftOut: number
  readonly newest?: { readonly value: string | null } | { readonly says: string }
}

/** One snapshot, held until `leave`. */
export interface Snapshot {
  /** By which other connections see the same; absent where it was not asked for. */
  readonly id?: string
  count(want: TallyWant): Promise<Tally>
  leave(): void
}

export interface Tallying {
  /** Opens a snapshot; rejects with a sentence, without credentials. `share`: others are given its name. */
  open(url: string, wants: { readonly share: boolean; readonly within: Span }, context: TallyContext, signal: AbortSignal): Promise<Snapshot>
}

/** Of a database that has more, the smallest ones are counted. */
export const MOST_TABLES = 1000

/** Waits for one answer, for as long as it may take and not longer. */
export async function patient<Of>(of: Promise<Of>, missing: string, span: Span, { timers, signal }: { readonly timers: Timers; readonly signal: AbortSignal }): Promise<Of> {
  const over = new AbortController()
  const cancel = timers.after(ms(Math.max(1, span)), () => over.abort())
  // It may fail when nobody waits any more.
  of.catch(() => undefined)
  try {
    return await step(of, { missing, moment: '' }, { signal: AbortSignal.any([signal, over.signal]), timeout: span })
  } finally {
    cancel()
  }
}

/** What came of a question, or kept it from being asked, in words; `words` are the driver's, and pass on what is no word of the server's. */
export function wordsBy(words: (cause: unknown, step: Step, database: Database) => string, cause: unknown, database: Database): string {
  try {
    return words(cause, { missing: 'no answer', moment: 'before it answered' }, database)
  } catch (other) {
    return sentence(other)
  }
}

export interface Signing<Session extends { readonly ready: Promise<unknown>; leave(): void }, Of = Snapshot> {
  readonly database: Database
  readonly within: Span
  readonly context: TallyContext
  readonly signal: AbortSignal
  readonly over: (socket: Connected['socket']) => Session
  readonly words: (cause: unknown) => string
  /** What is done with it first. */
  readonly begin: (session: Session, leave: () => void) => Promise<Of>
}

/** Connects, signs in and begins, mostly a snapshot; whatever fails on the way leaves no connection behind, and is a `Fault` that names the database. */
export async function signedIn<Session extends { readonly ready: Promise<unknown>; leave(): void }, Of = Snapshot>(it: Signing<Session, Of>): Promise<Of> {
  const { database, within, context: { egress, timers }, signal } = it
  try {
    const { socket } = await patient(egress.connect({ host: database.host, port: database.port, signal }), 'no connection', within, { timers, signal })
    // What the driver has not taken up is told to nobody.
    socket.on('error', () => undefined)
    const session = it.over(socket)
    const leave = (): void => {
      session.leave()
      socket.destroy()
    }
    try {
      await patient(session.ready, 'no answer to the sign-in', within, { timers, signal })
      return await it.begin(session, leave)
    } catch (cause) {
      leave()
      throw cause
    }
  } catch (cause) {
    throw new Fault(`${database.name || database.user} at ${database.host}:${database.port}: ${refusal(cause) ?? it.words(cause)}`, 'later')
  }
}

/** How one kind of database is asked within a snapshot. */
export interface TallyManners {
  /** One answer; rejects with what the server or the driver said. */
  ask(text: string, what: string, within: Span): Promise<readonly (readonly (string | null)[])[]>
  /** Says before each statement how long it may take. */
  limit(span: Span): Promise<void>
  /** Makes a failure of one statement leave the snapshot as it was. */
  begin(): Promise<void>
  undo(): Promise<void>
  /** True when the server itself refused, and the connection goes on. */
  isServers(cause: unknown): boolean
  words(cause: unknown): string
  quoted(name: readonly string[]): string
}

/** The server gives up first, so that it is its own words that are told. */
export const AFTER_SERVER: Span = ms(3000)

interface Counting {
  readonly manners: TallyManners
  readonly want: TallyWant
  readonly now: () => Now
}

/** Counts one table after the other until the time is up or the connection is lost; what was counted until then stands. */
export async function countTables({ manners, want, now }: Counting, tables: readonly { readonly name: string; readonly parts: readonly string[] }[]): Promise<readonly Counted[]> {
  const found: Counted[] = []
  let lost: string | undefined
  for (const { name, parts } of tables) {
    if (lost !== undefined) {
      found.push({ name, says: lost })
      continue
    }
    const said = await within({ manners, want, now }, `select count(*) from ${manners.quoted(parts)}`, `the count of ${name}`)
    if (said.is === 'value') found.push(/^\d{1,15}$/.test(said.value ?? '') ? { name, rows: Number(said.value) } : { name, says: 'the server gave no number' })
    else found.push({ name, says: said.says })
    if (said.is === 'over') lost = said.says
  }
  return found
}

/** The newest row, by the user's own query. */
export async function newestRow(counting: Counting): Promise<Tally['newest']> {
  if (counting.want.newest === undefined) return undefined
  const said = await within(counting, counting.want.newest, 'the query for the newest row')
  return said.is === 'value' ? { value: said.value } : { says: said.says }
}

type Said = { readonly is: 'value'; readonly value: string | null } | { readonly is: 'refused' | 'over'; readonly says: string }

async function within({ manners, want, now }: Counting, text: string, what: string): Promise<Said> {
  const left = want.until - now().tick
  if (left <= 0) return { is: 'over', says: 'the time for counting was over' }
  const span = ms(Math.max(1, Math.floor(Math.min(want.statement, left))))
  try {
    await manners.limit(span)
    await manners.begin()
    const rows = await manners.ask(text, what, ms(span + AFTER_SERVER))
    if (rows.length > 1 || (rows[0]?.length ?? 1) !== 1) return { is: 'refused', says: `${what} gave more than one value` }
    return { is: 'value', value: rows[0]?.[0]?.slice(0, 100) ?? null }
  } catch (cause) {
    const says = sayRefusal(manners, cause, what, span)
    if (!manners.isServers(cause)) return { is: 'over', says }
    return manners.undo().then((): Said => ({ is: 'refused', says }), (other: unknown): Said => ({ is: 'over', says: sayRefusal(manners, other, what, span) }))
  }
}

function sayRefusal(manners: TallyManners, cause: unknown, what: string, span: Span): string {
  if (isSilence(cause)) return `no answer to ${what} within ${sayTime(span)}`
  if (isOurs(cause) || cause instanceof Fault) return sentence(cause)
  try {
    return manners.words(cause).slice(0, 300)
  } catch (other) {
    return sentence(other).slice(0, 300)
  }
}
