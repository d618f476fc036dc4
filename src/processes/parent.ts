// A child's side of the line to the watchdog (Node's IPC channel). The terminal's signals are the parent's alone. A child that
// lost its parent, or was told to stop and does not manage, ends by SIGKILL: an ordinary exit waits for file accesses, which
// may hang. Whoever has its own way of winding up uses `toParent` and `whenParentSays`; the rest use `attachParent`.
import { writeSync } from 'node:fs'

/** `init` comes first, `config` on each change of the configuration, `stop` once; each program has its own fields. */
export type FromParent = { readonly is: string } & Readonly<Record<string, unknown>>

export type ToParent =
  /** Each second. `progress` grows with every report as long as the child's work goes round, also when there is nothing to do; below zero while it starts. */
  | { readonly is: 'alive'; readonly progress: number }
  /** It does its work from here on. */
  | { readonly is: 'ready' }
  /** A line for the person who started Holdfast. */
  | { readonly is: 'say'; readonly line: string }
  /** The keeper alone: whether there is anything to do for the process that may delete. Told again and again. */
  | { readonly is: 'hand'; readonly stores: readonly string[] }
  /** The keeper alone: the deeds for each of which a doer should be there. Told every second. */
  | { readonly is: 'doers'; readonly deeds: readonly { readonly run: string; readonly token: number; readonly driver?: string; readonly target?: string }[] }
  /** It cannot work for now, through no fault of its own, such as: the disk is full. People are told; it is tried again. */
  | { readonly is: 'blocked'; readonly title: string; readonly says: string }
  /** It cannot work at all, such as: the port is taken. During the first start this ends everything with the sentence. */
  | { readonly is: 'fatal'; readonly says: string; readonly exit: number }

export interface Upbringing {
  onMessage(message: FromParent): void
  /** Winds up; the process ends when it is done. */
  onStop(): void | Promise<void>
  /** A number that grows while the work goes round; without it the event loop's turning counts. */
  progress?(): number
}

const REPORT_EVERY = 1000
/** Less than the 2 s within which children follow their parent, and less than the parent's own patience at a stop. */
const WIND_UP = 1500
const STOP = 2500

/** Ends this process at once, whatever its file accesses wait for. */
export function endNow(): never {
  process.kill(process.pid, 'SIGKILL')
  // Not reached on Linux; elsewhere the signal may need a moment.
  process.exit(1)
}

/** Tells the watchdog. A full or broken channel is the parent's trouble: it sees silence, or it is gone and this process ends. */
export function toParent(message: ToParent): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

let attached = false

/** Hears the watchdog. From the first call on this process ignores the terminal, and ends soon after its parent. */
export function whenParentSays(listen: (message: FromParent) => void): void {
  if (!attached) {
    attached = true
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
    process.on('disconnect', () => setTimeout(endNow, WIND_UP))
    if (!process.connected) setTimeout(endNow, WIND_UP)
  }
  process.on('message', (message: FromParent) => {
    if (message.is === 'stop') setTimeout(endNow, STOP)
    listen(message)
  })
}

/** The whole of it: reports each second, winds up when told to or when the parent is gone, ends at once on an error nobody caught. */
export function attachParent(it: Upbringing): void {
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
    void Promise.resolve()
      .then(() => it.onStop())
      .then(endNow, endNow)
  }
  const report = (): void => toParent({ is: 'alive', progress: it.progress ? it.progress() : ++rounds })
  whenParentSays((message) => {
    if (message.is === 'stop') return windUp()
    it.onMessage(message)
    if (message.is === 'init') report()
  })
  process.on('disconnect', windUp)
  setInterval(report, REPORT_EVERY)
}
