// A child's side of the line to the watchdog (Node's IPC channel): it reports progress each second, takes its messages, and
// ends with its parent. The terminal's signals are the parent's alone. A child that lost its parent, was told to stop and does
// not manage, or met an error that nobody caught, ends by SIGKILL: an ordinary exit waits for file accesses that may hang.
import { writeSync } from 'node:fs'

/** `init` comes first, `config` on each change of the configuration, `stop` once; each program has its own fields. */
export type FromParent = { readonly is: string } & Readonly<Record<string, unknown>>

export type ToParent =
  /** `progress` grows with every report as long as the child's work goes round, also when there is nothing to do. */
  | { readonly is: 'alive'; readonly progress: number }
  /** A line for the person who started Holdfast. */
  | { readonly is: 'say'; readonly line: string }
  /** It cannot work at all, such as: the port is taken. During the first start this ends everything with the sentence. */
  | { readonly is: 'fatal'; readonly says: string; readonly exit: number }

export interface Upbringing {
  onMessage(message: FromParent): void
  /** Winds up; the process ends when it is done, after 2 s at the latest. */
  onStop(): void | Promise<void>
  /** A number that grows while the work goes round; without it the event loop's turning counts. */
  progress?(): number
}

export interface Parent {
  say(line: string): void
  fatal(says: string, exit?: number): void
}

const REPORT_EVERY = 1000
const WIND_UP = 1500

/** Ends this process at once, whatever its file accesses wait for. */
export function endNow(): never {
  process.kill(process.pid, 'SIGKILL')
  // Not reached on Linux; elsewhere the signal may need a moment.
  process.exit(1)
}

/** Takes up the line to the watchdog. Call it once, first of all. */
export function attachParent(it: Upbringing): Parent {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('uncaughtException', (cause) => {
    try {
      writeSync(2, `${process.argv[1] ?? 'child'}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`)
    } catch {
      // Nobody reads it any more: ending matters more than telling.
    }
    endNow()
  })
  let ending = false
  let rounds = 0
  const windUp = (): void => {
    if (ending) return
    ending = true
    setTimeout(endNow, WIND_UP)
    void Promise.resolve()
      .then(() => it.onStop())
      .then(endNow, endNow)
  }
  const send = (message: ToParent): void => {
    // A full or broken channel is the parent's trouble: it sees silence, or it is gone and `disconnect` follows.
    if (process.connected) process.send?.(message, undefined, {}, () => undefined)
  }
  const report = (): void => send({ is: 'alive', progress: it.progress ? it.progress() : ++rounds })
  process.on('disconnect', windUp)
  process.on('message', (message: FromParent) => {
    if (message.is === 'stop') windUp()
    else it.onMessage(message)
    if (message.is === 'init') report()
  })
  setInterval(report, REPORT_EVERY)
  if (!process.connected) windUp()
  return {
    say: (line) => send({ is: 'say', line }),
    fatal: (says, exit = 1) => send({ is: 'fatal', says, exit }),
  }
}
