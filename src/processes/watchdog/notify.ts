// Talk with the service manager (systemd), through its own `systemd-notify`: ready, stopping, and a sign of life at half of the
// time it allows, which is given only while pages would go out. Where nobody asked (no NOTIFY_SOCKET) nothing is said.
import { spawn } from 'node:child_process'

export interface Notifier {
  ready(says: string): void
  stopping(): void
  /** Call it often; it gives the sign of life when one is due and `works` is true. */
  turn(nowMs: number, works: boolean): void
}

type Environment = Readonly<Record<string, string | undefined>>
type Run = (args: readonly string[], env: Environment) => void

const silent: Notifier = { ready: () => undefined, stopping: () => undefined, turn: () => undefined }

/** The service manager as the environment names it; `run` is for tests. */
export function notifierFor(env: Environment, onTrouble: (says: string) => void, run: Run = runner(onTrouble)): Notifier {
  if (!env['NOTIFY_SOCKET']) return silent
  const forUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === process.pid
  const every = forUs ? Number(env['WATCHDOG_USEC'] ?? 0) / 2000 : 0
  let lastAt = Number.NEGATIVE_INFINITY
  const tell = (...words: readonly string[]): void => run([`--pid=${process.pid}`, ...words], env)
  return {
    ready: (says) => tell('--ready', `--status=${says}`),
    stopping: () => tell('STOPPING=1'),
    turn(nowMs, works) {
      if (!(every > 0) || !works || nowMs - lastAt < every) return
      lastAt = nowMs
      tell('WATCHDOG=1')
    },
  }
}

/** One call at a time is enough: a sign of life that waits behind a hanging one would say nothing. */
function runner(onTrouble: (says: string) => void): Run {
  let under = 0
  let told = false
  return (args, env) => {
    if (under >= 3) return
    under++
    const child = spawn('systemd-notify', args, { env: { ...env }, stdio: 'ignore', timeout: 5000, killSignal: 'SIGKILL' })
    child.on('error', (cause) => {
      under--
      if (!told) onTrouble(`The service manager cannot be told anything: systemd-notify does not run (${cause.message}).`)
      told = true
    })
    child.on('exit', () => void under--)
  }
}
