// One Holdfast per data folder, and a way to find it. A lock on a small file in the runtime folder is held for life: the system
// gives it back when the process dies, however it dies, and a frozen one keeps it. The socket beside it answers who holds it.
// Children that outlived a watchdog (they hang in a device) are known by process id and start time, and ended first.
import { existsSync, readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { BUSY, openSql, resultCode } from '../../db/sql.ts'
import { listen, stayConnected } from '../../ports/wire.ts'

export interface Kin {
  readonly name: string
  readonly pid: number
  /** The kernel's start time of it: ids of processes are given anew. */
  readonly start: string
}

const FILES = { lock: 'watchdog.db', pid: 'watchdog.pid', socket: 'watchdog.sock', kin: 'children.json' } as const
const ANSWER_WITHIN = 1000

/** When a process began, as the kernel counts; `undefined` when there is none, or it is only waiting to be buried. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

const alive = ({ pid, start }: Kin): boolean => startOf(pid) === start

/** Takes the runtime folder for this process, or says who has it. */
export async function takeOver(runtime: string): Promise<{ readonly is: 'taken' } | { readonly is: 'held'; readonly pid: number | undefined }> {
  try {
    const lock = openSql(path.join(runtime, FILES.lock))
    lock.exec('pragma locking_mode = exclusive; pragma journal_mode = off; begin exclusive')
    held.push(lock)
  } catch (cause) {
    if (resultCode(cause) !== BUSY) throw cause
    return { is: 'held', pid: (await askWho(runtime)) ?? readPid(runtime) }
  }
  await answerWho(runtime)
  return { is: 'taken' }
}

/** Says who this is, beside the lock. */
export async function answerWho(runtime: string): Promise<void> {
  void fs.writeFile(path.join(runtime, FILES.pid), `${process.pid}\n`, { mode: 0o600 }).catch(() => undefined)
  await listen(path.join(runtime, FILES.socket), { onMessage: (message) => (message.is === 'who' ? { is: 'watchdog', pid: process.pid } : undefined) })
}
/** Locks live as long as what holds them is not collected. */
const held: unknown[] = []

/** The process that answers on a runtime folder's socket; `undefined` when nobody does within a second. */
export function askWho(runtime: string): Promise<number | undefined> {
  const socket = path.join(runtime, FILES.socket)
  if (!existsSync(socket)) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const end = (pid: number | undefined): void => {
      clearTimeout(timer)
      connection.close()
      resolve(pid)
    }
    const timer = setTimeout(() => end(undefined), ANSWER_WITHIN)
    const connection = stayConnected(socket, {
      onMessage: () => undefined,
      onOpen: (link) => void link.ask({ is: 'who' }, ANSWER_WITHIN).then((reply) => end(typeof reply['pid'] === 'number' ? reply['pid'] : undefined), () => end(undefined)),
    })
  })
}

function readPid(runtime: string): number | undefined {
  try {
    const pid = Number(readFileSync(path.join(runtime, FILES.pid), 'utf8'))
    return Number.isInteger(pid) && pid > 0 && startOf(pid) !== undefined ? pid : undefined
  } catch {
    return undefined
  }
}

/** What is still to be written, by folder; one write at a time, the newest last. */
const unwritten = new Map<string, readonly Kin[] | undefined>()

/** Remembers the children, so that a successor of this process can end what outlived it. Never waits for the disk. */
export function rememberKin(runtime: string, kin: readonly Kin[]): void {
  const busy = unwritten.has(runtime)
  unwritten.set(runtime, kin)
  if (!busy) void writeKin(runtime)
}

async function writeKin(runtime: string): Promise<void> {
  const file = path.join(runtime, FILES.kin)
  for (let kin = unwritten.get(runtime); kin; kin = unwritten.get(runtime)) {
    unwritten.set(runtime, undefined)
    // Under its name only when it is whole; a folder that is full or gone costs the memory of kin, nothing else.
    await fs.writeFile(`${file}.new`, JSON.stringify(kin), { mode: 0o600 }).then(() => fs.rename(`${file}.new`, file)).catch(() => undefined)
  }
  unwritten.delete(runtime)
}

/** Ends what is left of a former Holdfast; gives those that did not end within `ms`: they wait for a device. */
export async function endFormerKin(runtime: string, ms: number): Promise<readonly Kin[]> {
  let left = readKin(runtime).filter(alive)
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  for (let waited = 0; left.length > 0 && waited < ms; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    left = left.filter(alive)
  }
  return left
}

export const stillAlive = alive

function readKin(runtime: string): readonly Kin[] {
  try {
    const kin: unknown = JSON.parse(readFileSync(path.join(runtime, FILES.kin), 'utf8'))
    if (!Array.isArray(kin)) return []
    return kin.filter((it): it is Kin => typeof it === 'object' && it !== null && Number.isInteger((it as Kin).pid) && (it as Kin).pid > 1 && typeof (it as Kin).start === 'string')
  } catch {
    return []
  }
}
