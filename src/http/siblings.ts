// The keeper and the ringer, as the web process meets them: something is asked, and within a bound there is an answer or "away".
// A sibling that is just starting again is waited for; how many questions wait is bounded, beyond it the answer is "away" at
// once. Nothing here decides anything: a write is confirmed only by whoever made it durable.
import { ms, type Span } from '../core/time.ts'
import { stayConnected, type Link, type Wire } from '../ports/wire.ts'
import type { Clock, Timers } from '../ports/world.ts'
import type { AskRinger, RingerSays } from '../rooms/page/protocol.ts'
import type { Asker, Calls, ErrorAnswer } from '../views/answers.ts'

export type Away = { readonly is: 'away'; readonly says: string }

export type Answered<Body> =
  | { readonly is: 'answered'; readonly status: number; readonly body: Body }
  | { readonly is: 'refused'; readonly status: number; readonly error: ErrorAnswer['error'] }
  | Away

export interface Keeper {
  call<Name extends keyof Calls>(name: Name, args: Calls[Name]['args'], asker: Asker, within?: Span): Promise<Answered<Calls[Name]['body']>>
}

export interface Ringer {
  ask(ask: AskRinger): Promise<RingerSays | Away>
}

/** How long a confirmed write may take before it is answered with 503. */
export const KEEPER_WITHIN = ms(10_000)
/** An acknowledgement is repeatable, so it is tried again while the ringer is being restarted. */
const RINGER_WITHIN = ms(8_000)
/** The ringer itself waits up to 2 s for the keeper before it says "taken, not yet recorded". */
const RINGER_TRY = ms(5_000)
const MOST_WAITING = 4096

class Crowded extends Error {}

export interface Sibling {
  /** Rejects when there is no reply in time, or when too many wait already. */
  ask(message: Wire, within: Span): Promise<Wire>
  readonly open: boolean
  close(): void
}

export interface SiblingOptions {
  readonly path: string
  readonly clock: Clock
  readonly timers: Timers
  readonly onOpen?: (link: Link) => void
  readonly onMessage?: (message: Wire) => void
}

/** A sibling's socket: connected again after every loss; whoever asks meanwhile waits. */
export function siblingAt({ path, clock, timers, onOpen, onMessage }: SiblingOptions): Sibling {
  const waiting = new Set<(link: Link) => void>()
  let asked = 0
  const connection = stayConnected(path, {
    onMessage: (message) => onMessage?.(message),
    onOpen(link) {
      onOpen?.(link)
      for (const go of [...waiting]) go(link)
    },
  })
  const linkWithin = (within: Span): Promise<Link> => {
    if (connection.link) return Promise.resolve(connection.link)
    return new Promise((resolve, reject) => {
      const cancel = timers.after(within, () => {
        waiting.delete(go)
        reject(new Error('it does not answer'))
      })
      const go = (link: Link): void => {
        cancel()
        waiting.delete(go)
        resolve(link)
      }
      waiting.add(go)
    })
  }
  return {
    get open() {
      return connection.link?.open === true
    },
    async ask(message, within) {
      if (asked >= MOST_WAITING) throw new Crowded(`${MOST_WAITING} requests wait already.`)
      asked++
      try {
        const since = clock.now().tick
        const link = await linkWithin(within)
        return await link.ask(message, Math.max(1, within - (clock.now().tick - since)))
      } finally {
        asked--
      }
    },
    close: () => connection.close(),
  }
}

/** What did not come back may still have been taken in: nothing is claimed either way. */
const sayAway = (cause: unknown, within: Span): string => cause instanceof Crowded
  ? `${cause.message} Try again in a few seconds.`
  : `The memory of Holdfast did not answer within ${within / 1000} s. What was to be written may or may not be; look, then try again. Pages go out without it.`

const isError = (body: unknown): body is ErrorAnswer =>
  typeof body === 'object' && body !== null && typeof (body as ErrorAnswer).error?.message === 'string'

export function keeperOver(sibling: Sibling): Keeper {
  return {
    async call<Name extends keyof Calls>(name: Name, args: Calls[Name]['args'], asker: Asker, within: Span = KEEPER_WITHIN): Promise<Answered<Calls[Name]['body']>> {
      let reply: Wire
      try {
        reply = await sibling.ask({ is: 'call', name, args, asker }, within)
      } catch (cause) {
        return { is: 'away', says: sayAway(cause, within) }
      }
      const status = typeof reply['status'] === 'number' ? reply['status'] : 500
      const body = reply['body']
      if (reply.is === 'reply' && status < 400 && !isError(body)) return { is: 'answered', status, body: body as Calls[Name]['body'] }
      if (isError(body)) return { is: 'refused', status: status >= 400 ? status : 500, error: body.error }
      return { is: 'refused', status: 500, error: { code: 'HF-W500', message: 'The keeper could not answer this. What it says stands in its log.' } }
    },
  }
}

/** Acknowledging twice is the same as once, so a lost link is no answer: it is asked again until the time is up. */
export function ringerOver(sibling: Sibling, clock: Clock, timers: Timers): Ringer {
  const pause = (): Promise<void> => new Promise((resolve) => timers.after(ms(100), resolve))
  return {
    async ask(ask) {
      const since = clock.now().tick
      for (;;) {
        const left = ms(RINGER_WITHIN - (clock.now().tick - since))
        try {
          const reply = await sibling.ask({ ...ask }, ms(Math.min(left, RINGER_TRY)))
          if (reply.is === 'shown' || reply.is === 'did' || reply.is === 'no') return reply as unknown as RingerSays
          return { is: 'away', says: 'The ringer could not take it. Try again.' }
        } catch {
          if (clock.now().tick - since + 200 >= RINGER_WITHIN) return { is: 'away', says: `The ringer did not answer within ${RINGER_WITHIN / 1000} s. Try again; paging goes on.` }
          await pause()
        }
      }
    },
  }
}
