// A doer's life: it is made for one deed of one run, by its number, connects to the keeper, goes through the deed once, and then waits to be dismissed: the
// watchdog alone says when a doer ends, so that there are never two of them for one run. What it can do it has from who makes it: its drivers, and what
// they reach.
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import type { Now } from '../../core/time.ts'
import type { AnyDriver } from '../../ports/driver/driver.ts'
import type { Timers } from '../../ports/world.ts'
import { stayConnected } from '../../ports/wire.ts'
import type { FromDoer, Order, ToDoer } from '../../rooms/change/runs/doing.ts'
import { attachParent, endNow } from '../parent.ts'
import { course } from './course.ts'
import { journalIn, tidyJournal } from './journal.ts'
import type { AnyContext } from './reach.ts'

/** Its first message. */
export interface DoerInit {
  readonly runtime: string
  /** The data folder. */
  readonly data: string
  /** Where the configuration lies. */
  readonly folder: string
  readonly run: string
  readonly token: number
  /** Of Holdfast itself: nothing that a driver sends goes there. */
  readonly ports?: readonly number[]
  readonly lab?: boolean
  /** The settings of the one target that its deed names, with credentials. */
  readonly target?: Readonly<Record<string, unknown>>
}

export interface DoerMeans {
  readonly now: () => Now
  readonly timers: Timers
  readonly drivers: readonly AnyDriver[]
  /** What a driver is given, with which it reaches what it needs. */
  contextOf(init: DoerInit): (order: Order, signal: AbortSignal) => AnyContext
  close?(): void
}

/** The keeper commits before it answers. */
const ANSWER_WITHIN = 10_000

/** Lives as a doer in this process, from the parent's first message on. */
export function liveAsDoer({ now, timers, drivers, contextOf, close }: DoerMeans): void {
  const stopped = new AbortController()
  let over: Promise<void> = Promise.resolve()
  let hangUp = (): void => undefined
  const begin = (init: DoerInit): void => {
    let opened = 0
    const keeper = stayConnected(path.join(init.runtime, 'keeper.sock'), {
      onOpen(link) {
        opened++
        link.send({ is: 'hello', doer: true })
      },
      onMessage: () => undefined,
    })
    hangUp = () => keeper.close()
    const ask = async (message: FromDoer): Promise<ToDoer> => {
      if (!keeper.link) throw new Fault('the keeper is away')
      const told = await keeper.link.ask({ is: 'doer', message }, ANSWER_WITHIN)
      if (told.is === 'error') throw new Fault(String(told['says']))
      return told as unknown as ToDoer
    }
    const folder = path.join(init.data, 'doing')
    over = course({ run: init.run, token: init.token }, { now, timers, drivers, ask, line: () => opened, journal: journalIn(folder), contextOf: contextOf(init) }, stopped.signal)
      .then(() => tidyJournal(folder))
  }
  const end = async (): Promise<void> => {
    // Nothing more is begun; what is under way has a moment to come to its end, and what came of it is written down.
    stopped.abort()
    await over
    hangUp()
    close?.()
  }
  attachParent({
    onMessage(message) {
      if (message.is === 'init') begin(message as unknown as DoerInit)
    },
    onStop: end,
  })
  // Who stops everything may tell each process of it; the watchdog knows soon enough.
  process.on('SIGTERM', () => void end().then(endNow, endNow))
  process.title = 'holdfast doer'
}
