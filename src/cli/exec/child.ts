// Runs the user's own command: its arguments as they are, never a shell; stdin, stdout and stderr are its own. Signals are handed on, so that
// whoever stops Holdfast stops the command, and its exit code is ours. What a terminal's key sends goes to all of its programs by itself.
import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

export interface Ended {
  /** The command's own; of one that a signal ended, 128 and the signal's number, as shells say it; 127 or 126 for one that could not be started. */
  readonly exit: number
  /** Why it could not be started. */
  readonly says?: string
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
/** Sent by a terminal to all programs in its foreground. */
const OF_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

export const exitOfSignal = (name: NodeJS.Signals): number => 128 + constants.signals[name]

export interface Running {
  /** Starts it, and waits for its end. */
  run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<Ended>
  /** Aborted by a signal that came while no command ran. */
  readonly stopped: AbortSignal
  /** The exit code for that. */
  readonly exit: () => number
  close(): void
}

/** From now on until `close` signals are handed on, or end what is being waited for. */
export function runner(): Running {
  const control = new AbortController()
  let child: ChildProcess | undefined
  let exit = 0
  const onSignal = (name: NodeJS.Signals): void => {
    if (child !== undefined) {
      if (!OF_KEYS.includes(name) || !process.stdin.isTTY) child.kill(name)
      return
    }
    exit = exitOfSignal(name)
    control.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    stopped: control.signal,
    exit: () => exit,
    close: () => SIGNALS.forEach((name) => process.off(name, onSignal)),
    run: ([file = '', ...args], env) => new Promise((resolve) => {
      const end = (ended: Ended): void => {
        child = undefined
        resolve(ended)
      }
      child = spawn(file, args, { stdio: 'inherit', env })
      child.once('error', (cause: NodeJS.ErrnoException) => end({ exit: cause.code === 'ENOENT' ? 127 : 126, says: `${file} cannot be started: ${cause.code ?? cause.message}` }))
      child.once('exit', (code, signal) => end({ exit: signal === null ? code ?? 0 : exitOfSignal(signal) }))
    }),
  }
}
