// Starts the children in which looks run alone. Each has a session of its own, so that killing it takes along whatever it
// started; it gets no secrets, no open files of ours, and little memory. Nothing here ever waits for an end.
import { fork, type ChildProcess } from 'node:child_process'
import { sentence } from '../core/fault.ts'
import type { Child, ChildEvents, SpawnChild } from '../rooms/watch/alone.ts'
import type { AloneSays } from './alone-child.ts'

const PROGRAM = new URL('./alone-child.ts', import.meta.url)
const MOST_MEMORY = 64

/** What a child needs of our environment; everything else (secrets among it) stays here. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'NODE_COMPILE_CACHE'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))

/** Gives a way to start children that have the probes of these kinds ready. `program` is for tests. */
export const spawnAlone = (kinds: readonly string[], program: URL = PROGRAM): SpawnChild => (events) => {
  try {
    return follow(start(kinds, program), events)
  } catch (cause) {
    // No descriptor for the channel, for example. The pool hears of it after it has the child, as always.
    setImmediate(() => events.gone(sentence(cause)))
    return { pid: 0, send: nothing, kill: nothing, abandon: nothing }
  }
}

const nothing = (): void => undefined

const start = (kinds: readonly string[], program: URL): ChildProcess => fork(program, [...kinds], {
  execArgv: [`--max-old-space-size=${MOST_MEMORY}`, '--disable-warning=ExperimentalWarning'],
  env: environment(), stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true, cwd: '/',
})

function follow(child: ChildProcess, events: ChildEvents): Child {
  let says: string | undefined
  let over = false
  const gone = (how: string): void => {
    if (over) return
    over = true
    events.gone(says ?? how)
  }
  child.on('message', (message: AloneSays) => {
    if (message.is === 'ready') events.ready()
    else if (message.is === 'seen') events.seen(message.sight)
    else says = message.says
  })
  child.on('exit', (code, signal) => gone(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`))
  // Told also when a message could not be sent; a child that is there then ends with its channel.
  child.on('error', (cause) => {
    if (child.pid === undefined) gone(sentence(cause))
  })
  return {
    pid: child.pid ?? 0,
    send: (task) => void child.send(task, nothing),
    kill() {
      try {
        if (child.pid !== undefined && !over) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It is gone already; the news of it is on its way.
      }
    },
    abandon() {
      if (child.connected) child.disconnect()
      child.unref()
    },
  }
}
