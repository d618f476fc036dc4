// A conversation that is kept from one look to the next. One that broke meanwhile is opened anew within the same look, once: that a server closed
// an old connection says nothing of it yet, and whether a new one is refused says it all. With the signal everything is closed.
import { refusal } from '../../ports/refusal.ts'
import { codeOf, sentence, silence } from '../../core/fault.ts'
import { ms, sayLimit, type Span } from '../../core/time.ts'
import type { Duplex } from 'node:stream'
import type { Egress, Timers } from '../../ports/world.ts'
import type { Part } from '../../rooms/change/heard/words.ts'

export interface Kept<Of> {
  use<Result>(signal: AbortSignal, ask: (talk: Of) => Promise<Result>): Promise<Result>
  close(): void
}

/** `open` gives what is spoken over; `end` closes it, whatever it is in the middle of. */
export function kept<Of extends { end(): void }>(open: (signal: AbortSignal) => Promise<Of>): Kept<Of> {
  let talk: Of | undefined
  const close = (): void => {
    talk?.end()
    talk = undefined
  }
  return {
    async use(signal, ask) {
      const opened = async (): Promise<Of> => {
        const it = await open(signal)
        if (signal.aborted) it.end()
        return (talk = it)
      }
      signal.addEventListener('abort', close, { once: true })
      try {
        if (talk) {
          try {
            return await ask(talk)
          } catch (cause) {
            close()
            if (signal.aborted) throw cause
          }
        }
        return await ask(await opened())
      } catch (cause) {
        close()
        throw cause
      } finally {
        signal.removeEventListener('abort', close)
      }
    },
    close,
  }
}

/** Whether the host itself said that nothing listens there. */
export const isRefused = (cause: unknown): boolean => codeOf(cause) === 'ECONNREFUSED'

/** How long a part of a look may take; one that did not answer in that time is given less, until it answers again: it must not hold up the others. */
const LIMIT: Span = ms(2500)
const QUICK: Span = ms(500)

/** One of several parts of a look, with a limit of its own; what became of it is a value. */
export function partOf<Of>(timers: Timers, ask: (signal: AbortSignal) => Promise<Of>, says: (cause: unknown) => string = wordsFor): (signal: AbortSignal) => Promise<Part<Of>> {
  let limit = LIMIT
  return async (signal) => {
    const own = new AbortController()
    const late = Promise.withResolvers<never>()
    const cancel = timers.after(limit, () => {
      own.abort()
      late.reject(silence('no answer', sayLimit(limit)))
    })
    late.promise.catch(() => undefined)
    try {
      const of = await Promise.race([ask(AbortSignal.any([signal, own.signal])), late.promise])
      limit = LIMIT
      return { is: 'said', of }
    } catch (cause) {
      limit = own.signal.aborted ? QUICK : LIMIT
      return isRefused(cause) ? { is: 'refused', says: 'refused the connection' } : { is: 'silent', says: own.signal.aborted ? 'does not answer' : says(cause) }
    } finally {
      cancel()
    }
  }
}

/** What a failure of a connection says. */
export const wordsFor = (cause: unknown): string => refusal(cause) ?? sentence(cause)

/** A socket to a database, and what is spoken over it; closed where that cannot begin, also by the signal. */
export async function over<Of>(egress: Egress, { host, port }: { readonly host: string; readonly port: number }, signal: AbortSignal, speak: (socket: Duplex) => Promise<Of>): Promise<Of> {
  const { socket } = await egress.connect({ host, port, signal })
  const abandon = (): void => void socket.destroy()
  signal.addEventListener('abort', abandon, { once: true })
  try {
    return await speak(socket)
  } catch (cause) {
    socket.destroy()
    throw cause
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}
