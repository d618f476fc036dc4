// How far something long is that runs on this machine: how much, how fast and how long yet, as far as that is known. To whoever started it, on stderr; and
// to the board, beneath a statement that is open.
import { sentence } from '../core/fault.ts'
import { sayTime } from '../core/time.ts'
import type { Progress } from '../rooms/guard/scan/pace.ts'
import type { DoneAnswer } from '../views/answers.ts'
import { saySize } from '../words/size.ts'
import { ask, type Session } from './session.ts'

const sayProgress = ({ bytes, total, speed, left }: Progress): string => {
  const of = total.is === 'known' ? `of ${saySize(total.bytes)}` : total.is === 'as last time' ? `of ${saySize(total.bytes)}, as last time` : `of at least ${saySize(total.bytes)}`
  return `${saySize(bytes)} ${of}, ${saySize(speed)}/s${left === undefined ? '' : `, ${sayTime(left)} left`}`
}

/** Whoever says how far something long is: here every few seconds, and to the board once a minute where a statement is named. */
export interface Teller {
  tell(it: Progress): void
  over(): Promise<void>
}

const SAY_EVERY = 5000
const TELL_BOARD_EVERY = 60_000

/** What is told of goes on whatever becomes of that: it is said once that the board does not hear. */
export function tellerOf(session: Session, statement: string | undefined, what: 'check' | 'restore' = 'check'): Teller {
  let said = session.now()
  let at = -Infinity
  let isSaid = false
  let last: Promise<void> = Promise.resolve()
  const send = (body: object): void => {
    last = last.then(() => ask<DoneAnswer>(session, 'POST', '/board/progress', { statement, ...body, person: session.person.name })).then(() => undefined, (cause: unknown) => {
      if (!isSaid) session.out.talk(`The board does not say how far it is: ${sentence(cause)}`)
      isSaid = true
    })
  }
  // What has come stays so while what comes after it goes on: the board forgets what nobody tells any more.
  let again: NodeJS.Timeout | undefined
  return {
    tell(it) {
      const { bytes, total, left } = it
      clearInterval(again)
      if (statement !== undefined && total.is === 'known' && bytes >= total.bytes) again = setInterval(() => send({ ...(what === 'restore' ? { what } : {}), checked: bytes, of: total.bytes }), TELL_BOARD_EVERY).unref()
      if (session.now() - said >= SAY_EVERY) {
        said = session.now()
        session.out.talk(sayProgress(it))
      }
      if (statement === undefined || session.now() - at < TELL_BOARD_EVERY) return
      at = session.now()
      // Of how much, and how long, only where that is known: what may yet grow is no promise.
      send({ ...(what === 'restore' ? { what } : {}), checked: bytes, ...(total.is === 'known' ? { of: total.bytes, ...(left === undefined ? {} : { left: Math.ceil(left) }) } : {}) })
    },
    async over() {
      clearInterval(again)
      if (at > -Infinity) send({ over: true })
      await last
    },
  }
}
