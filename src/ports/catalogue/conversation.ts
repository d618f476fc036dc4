// A conversation with a catalogue's database: every step has a name and a deadline of ours, whatever the server or the driver thinks, and the socket
// is destroyed at the end. However it fails, it fails as one fault in words for people, without credentials; there is no half of a conversation.
import type { Duplex } from 'node:stream'
import { codeOf, Fault, isSilence, sentence, silence } from '../../core/fault.ts'
import { sayLimit } from '../../core/time.ts'
import { unread, type CatalogueContext, type CatalogueLimits } from '../catalogue.ts'
import type { Database, Step } from '../database.ts'
import { refusal } from '../refusal.ts'

/** Waits for one step, for as long as the step may take. */
export type Wait = <Of>(step: Step, of: (signal: AbortSignal) => Promise<Of>) => Promise<Of>

export interface Talk {
  readonly database: Database
  readonly limits: CatalogueLimits
  readonly context: CatalogueContext
  readonly signal: AbortSignal
  /** What a failure says about the server; throws on what accuses nobody. */
  readonly words: (cause: unknown, step: Step) => string
}

/** Connects, talks, and leaves. */
export async function conversation<Of>({ database, limits, context, signal, words }: Talk, talk: (socket: Duplex, wait: Wait) => Promise<Of>): Promise<Of> {
  const { host, port } = database
  let doing: Step = { missing: 'no connection', moment: 'before it took the connection', limit: limits.connect }
  const wait: Wait = async (step, of) => {
    doing = step
    const { promise: over, reject } = Promise.withResolvers<never>()
    over.catch(() => undefined)
    const control = new AbortController()
    const stop = (cause: Fault): void => {
      reject(cause)
      control.abort()
    }
    const { limit } = step
    const cancel = limit === undefined ? () => undefined : context.timers.after(limit, () => stop(silence(step.missing, sayLimit(limit))))
    const onAbort = (): void => stop(unread('the run was ended before all of it was read'))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      return await Promise.race([of(control.signal), over])
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }
  try {
    const { socket } = await wait(doing, (ended) => context.egress.connect({ host, port, signal: ended }))
    // What the driver has not taken up is told to nobody.
    socket.on('error', () => undefined)
    try {
      return await talk(socket, wait)
    } finally {
      socket.destroy()
    }
  } catch (cause) {
    throw unread(`${database.name || 'the catalogue'} at ${host}:${port} ${wordsOf(cause, doing, words)}`, cause instanceof Fault ? cause.retry : 'later')
  }
}

function wordsOf(cause: unknown, step: Step, words: Talk['words']): string {
  if (codeOf(cause) === 'EUNREAD') return `was not read: ${sentence(cause)}`
  if (isSilence(cause)) return `gave ${sentence(cause)}`
  const says = refusal(cause)
  if (says !== undefined) return says
  try {
    return `said: ${words(cause, step)}`
  } catch (other) {
    return `could not be read from here: ${sentence(other)}`
  }
}
