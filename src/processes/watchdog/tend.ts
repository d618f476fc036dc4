// The runtime folder is nobody's treasure: /tmp is emptied by cleaners and by people, and /run/user/<id> goes when its user logs
// out. What is missing is noticed within seconds and made again, elsewhere if need be, before anybody who dies needs it (X-8):
// the folder, the lock, and the sockets, by those who listen there.
import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, sentence } from '../../core/fault.ts'

export interface TendPorts {
  /** Makes the folder, or finds another place; gives its path. Throws what the system says. */
  readonly make: () => string
  /** Takes the lock again, where that is gone, and answers who has it. False when somebody else has it now. */
  readonly take: (runtime: string, lockIsGone: boolean) => Promise<boolean>
  /** Those who listen in the folder and work, by the name of their socket. */
  readonly listeners: () => readonly string[]
  readonly listenAgain: (name: string, runtime: string) => void
  /** The folder is another one now: whoever dials must learn it. */
  readonly moved: (runtime: string) => void
  readonly say: (line: string) => void
}

export interface Tending {
  /** Call it every second or two; nobody needs to wait for it, and it never throws. */
  turn(): Promise<void>
}


/** True when it is not there; a disk that does not answer says nothing. */
const isMissing = (file: string): Promise<boolean> => lstat(file).then(() => false, (cause: unknown) => codeOf(cause) === 'ENOENT')

export function tend(at: string, ports: TendPorts): Tending {
  let runtime = at
  let asking = false
  let said = ''
  /** A socket that is missing twice: one that is being made is not. */
  let missed: ReadonlySet<string> = new Set()

  const look = async (): Promise<void> => {
    const gone = await isMissing(runtime)
    const lock = gone || (await isMissing(path.join(runtime, 'watchdog.db')))
    const former = runtime
    if (gone) runtime = ports.make()
    if (lock || (await isMissing(path.join(runtime, 'watchdog.sock')))) await takeAgain(former, lock)
    const now = new Set<string>()
    for (const name of ports.listeners()) if (await isMissing(path.join(runtime, `${name}.sock`))) now.add(name)
    for (const name of now) if (gone || missed.has(name)) ports.listenAgain(name, runtime)
    missed = now
    if (runtime !== former) ports.moved(runtime)
  }
  const takeAgain = async (former: string, lock: boolean): Promise<void> => {
    const took = await ports.take(runtime, lock)
    say(took ? `What Holdfast needs in ${former} was removed; it is made again${runtime === former ? '' : ` in ${runtime}`}. Leave that folder to Holdfast while it runs.`
      : `What Holdfast needs in ${former} was removed, and another Holdfast has taken the place: stop one of them.`)
  }
  const say = (line: string): void => {
    if (line !== said) ports.say(line)
    said = line
  }
  return {
    turn() {
      if (asking) return Promise.resolve()
      asking = true
      return look().then(() => void (said = ''), (cause: unknown) => say(`The runtime folder ${runtime} is gone and cannot be made: ${sentence(cause)}. Pages go out; what ends cannot begin again.`)).finally(() => void (asking = false))
    },
  }
}
