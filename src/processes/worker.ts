// The worker process: long work that must not delay anything else. So far it publishes the boards as files. It hears boards
// from the keeper, keeps the last of each, and has every write done by a copyist, a short-lived child: a disk that hangs takes
// a child along, never this process, and how many may linger is bounded. Should the keeper fall silent, it goes on writing,
// and what it writes says by itself that nothing is known.
import { fork, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { sentence } from '../core/fault.ts'
import { ms, type Span } from '../core/time.ts'
import { createClock } from '../ports/world/clock.ts'
import { createTimers } from '../ports/world/timers.ts'
import { stayConnected, type Wire } from '../ports/wire.ts'
import type { Timers } from '../ports/world.ts'
import type { Board } from '../rooms/tell/board.ts'
import { renderBundle } from '../rooms/tell/bundle.ts'
import type { Copied, Copy } from './publish/copyist.ts'
import { attachParent, toParent } from './parent.ts'
import { createPublisher, type BoardPlace, type PublisherPorts } from './publish/publisher.ts'

const PROGRAM = new URL('./publish/copyist.ts', import.meta.url)
/** What a write may take. */
const DEADLINE = ms(10_000)
/** Copyists per folder that could not be ended and may linger. */
const MOST_LINGERING = 2
const TICK = ms(250)

/** Has bundles written by children, at most one at work per folder; `program` and `deadline` are for tests. */
export function copyByChild(timers: Timers, program: URL = PROGRAM, deadline: Span = DEADLINE): PublisherPorts['copy'] {
  const lingering = new Map<string, number>()
  return (target, version, files) => {
    const stuck = lingering.get(target) ?? 0
    if (stuck >= MOST_LINGERING) return Promise.resolve({ outcome: 'failed', says: `${target} hangs: ${stuck} earlier tries still wait for it. Look at that disk or mount; it is tried again when one of them ends.` })
    const count = (by: number): void => void lingering.set(target, (lingering.get(target) ?? 0) + by)
    return new Promise((resolve) => {
      let child: ChildProcess
      try {
        child = fork(program, { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'], detached: true, cwd: '/' })
      } catch (cause) {
        return resolve({ outcome: 'failed', says: `No process could be started to write ${target}: ${sentence(cause)}.` })
      }
      let answer: { readonly outcome: 'done' | 'failed'; readonly says: string } | undefined
      let given = false
      const settle = (outcome: 'done' | 'failed', says: string): void => {
        cancel()
        answer ??= { outcome, says }
        resolve(answer)
      }
      const cancel = timers.after(deadline, () => {
        given = true
        count(1)
        child.kill('SIGKILL')
        if (child.connected) child.disconnect()
        child.unref()
        settle('failed', `${target} did not take the board within ${deadline / 1000} s. The earlier version stands; it is tried again.`)
      })
      child.on('message', (copied: Copied) => settle(copied.outcome, copied.says))
      child.on('exit', (code, signal) => {
        if (given) count(-1)
        settle('failed', `The process that writes ${target} ended early (${signal ?? `code ${code}`}).`)
      })
      child.on('error', (cause) => {
        if (child.pid === undefined) settle('failed', `No process could be started to write ${target}: ${sentence(cause)}.`)
      })
      const copy: Copy = { is: 'copy', target, version, files: [...files] }
      child.send(copy, () => undefined)
    })
  }
}

interface Init {
  readonly is: 'init'
  readonly runtime: string
  readonly boards: readonly BoardPlace[]
}

function main(): void {
  const clock = createClock()
  const timers = createTimers()
  let connection: ReturnType<typeof stayConnected> | undefined
  let rounds = 0
  const publisher = createPublisher({
    now: () => clock.now(),
    render: renderBundle,
    copy: copyByChild(timers),
    // A keeper that is away misses it; the next one comes within a minute.
    tell: (published) => void connection?.link?.send({ ...published }),
  })
  const turn = (): void => {
    rounds++
    publisher.tick()
    timers.after(TICK, turn)
  }
  const begin = ({ runtime, boards }: Init): void => {
    publisher.configure(boards)
    connection?.close()
    connection = stayConnected(path.join(runtime, 'keeper.sock'), {
      onOpen: (link) => void link.send({ is: 'hello', worker: 'publisher' }),
      onMessage(message: Wire) {
        if (message.is === 'board') publisher.take(String(message['slug']), message['board'] as Board)
      },
    })
    toParent({ is: 'ready' })
  }
  attachParent({
    onMessage(message) {
      if (message.is === 'init') begin(message as unknown as Init)
      if (message.is === 'config' && Array.isArray(message['boards'])) publisher.configure(message['boards'] as readonly BoardPlace[])
    },
    onStop: () => connection?.close(),
    progress: () => rounds,
  })
  turn()
}

if (process.argv[1] === import.meta.filename) main()
