// A look into a database, whatever its kind: connect, sign in, ask a query, and on request commit a write. Every step has a name and
// ends with the look; the socket is destroyed then, whatever the driver thinks. What differs between databases (the driver,
// how a row is written, what a failure says) is told by the probe.
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { Span } from '../core/time.ts'
import { step, tableText, type Database, type Step } from './database.ts'
import { fail, pass, type LookContext, type Seen } from './probe.ts'
import { refusal, within } from './refusal.ts'
import { spanOf, spanText } from './setting.ts'

/** So much is received in one look at most. */
export const MOST_BYTES = 1024 * 1024

/** The settings beside the address. `row`: what the operator's table for writes has, in the words of that database. */
export const questionShape = (row: string) => ({
  query: z.string().min(1).max(10_000).optional().meta({ title: 'Query', description: 'select 1 when absent' }),
  write: z.strictObject({ table: tableText('Table') }).optional().meta({ title: 'Committed write', description: `Writes a row (${row}) and commits it` }),
  limits: z
    .strictObject({ connect: spanText('Connect and sign in').optional(), query: spanText('Query').optional(), write: spanText('Write').optional() })
    .optional()
    .meta({ title: 'Limits of single steps' }),
})

export type Question = z.output<z.ZodObject<ReturnType<typeof questionShape>>>

/** What a driver makes of an open socket. */
export interface Session {
  /** Signed in; rejects with whatever ended it before. */
  readonly ready: Promise<unknown>
  /** Rows are not kept. The limit is the driver's to watch. */
  ask(sql: string, limit: Span | undefined): Promise<unknown>
  leave(): void
}

/** How one kind of database is spoken to. */
export interface Manners {
  readonly open: (socket: Duplex, limit: Span | undefined) => Session
  readonly begin: string
  /** The statement that puts a row into a table of that name. */
  readonly row: (table: string) => string
  /** Two writers met in one row, and this one is to try again. */
  readonly isConflict: (cause: unknown) => boolean
  /** What a failure says about the server; throws on what accuses nobody. */
  readonly judge: (cause: unknown, step: Step) => Seen
}

/** The name of a table as an identifier: each part of it in quotation marks. */
export const quoted = (table: string, mark: '"' | '`'): string => table.split('.').map((part) => `${mark}${part}${mark}`).join('.')

/** One look. Silence and local faults are thrown on. */
export async function dialogue({ host, port }: Database, asked: Question, manners: Manners, context: LookContext): Promise<Seen> {
  const { egress, signal, timeout } = context
  try {
    const { socket, phases } = await egress.connect({ host, port, signal, mostBytes: MOST_BYTES })
    const began = context.now().tick
    try {
      const found = await converse((limit) => manners.open(socket, limit), asked, manners, context)
      return found.is === 'pass' ? pass({ phases: { ...phases, total: phases.total + context.now().tick - began } }) : found
    } finally {
      socket.destroy()
    }
  } catch (cause) {
    const says = refusal(cause)
    if (says !== undefined) return fail(says)
    throw within(cause, timeout)
  }
}

/** The steps after the connection is open. */
async function converse(open: (limit: Span | undefined) => Session, { query, write, limits }: Question, manners: Manners, context: LookContext): Promise<Seen> {
  const doing: { step: Step } = { step: { missing: 'no answer to the sign-in', moment: 'during the sign-in', limit: spanOf(limits?.connect) } }
  const wait = <Of>(of: Promise<Of>): Promise<Of> => step(of, doing.step, context)
  try {
    const session = open(doing.step.limit)
    try {
      await wait(session.ready)
      doing.step = { missing: 'no answer to the query', moment: 'before it answered the query', limit: spanOf(limits?.query) }
      await wait(session.ask(query ?? 'select 1', doing.step.limit))
      if (write) {
        doing.step = { missing: 'no answer to the write', moment: 'before the write was committed', limit: spanOf(limits?.write) }
        await wait(commitRow(session, manners, write.table, doing.step.limit))
      }
      return pass()
    } finally {
      session.leave()
    }
  } catch (cause) {
    return manners.judge(cause, doing.step)
  }
}

/** Two writers may meet in one row, and one of them is told to try again: that shows that writes are judged, so it does, once. */
async function commitRow(session: Session, { begin, row, isConflict }: Manners, table: string, limit: Span | undefined): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await session.ask(begin, limit)
      await session.ask(row(table), limit)
      await session.ask('commit', limit)
      return
    } catch (cause) {
      if (tries > 1 || !isConflict(cause)) throw cause
      await session.ask('rollback', limit)
    }
  }
}
