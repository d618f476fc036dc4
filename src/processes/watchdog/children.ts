// The children as processes: started, heard, killed, replaced as `supervise` judges. Their output comes through pipes that are
// always emptied, so that a terminal that is paused stops no child. Secrets of the environment stay with the parent; each
// child is given what it needs, and nothing else, in its first message.
import { fork, type ChildProcess } from 'node:child_process'
import { sentence } from '../../core/fault.ts'
import { seconds, type Span } from '../../core/time.ts'
import type { Clock } from '../../ports/world.ts'
import { advances, judge, newCare, type Care, type CareEvent } from '../supervise.ts'
import { startOf, stillAlive, type Kin } from './control.ts'

export type Message = { readonly is: string } & Readonly<Record<string, unknown>>

export interface Program {
  readonly name: string
  readonly file: URL
  /** Silence after which it is replaced. */
  readonly patience: Span
  /** Its first message, made anew at each start. */
  readonly init: (start: Start) => Message
  /** How many that cannot be ended may linger beside the next one; absent: as is usual. */
  readonly mostAbandoned?: number
  /** It is started again after so long at most; absent: as is usual. */
  readonly mostPause?: Span
}

export interface Start {
  readonly safe: boolean
  /** Processes of its kind that cannot be ended and may still hold what it needs. */
  readonly beside: readonly number[]
}

export interface ChildrenPorts {
  readonly clock: Clock
  readonly say: (line: string) => void
  /** What a child writes on its output and errors. */
  readonly echo: (line: string) => void
  readonly page: (title: string, says: string) => void
  /** Anything a child tells besides its progress. */
  readonly hear: (name: string, message: Message) => void
  /** A child cannot work at all, and never could since Holdfast started. */
  readonly fatal: (name: string, says: string, exit: number) => void
  /** The set of processes changed. */
  readonly changed: (kin: readonly Kin[]) => void
}

export interface Children {
  /** Starts it and keeps it running, from now on. */
  raise(program: Program, former?: readonly Kin[]): void
  /** Ends it in order, within `within`; it is not started again. */
  dismiss(name: string, within: Span): Promise<void>
  /** False when it is not there to hear it. */
  tell(name: string, message: Message): boolean
  /** Replaces it now, with a new first message. */
  replace(name: string): void
  /** Says once more who is there: what remembered it is gone. */
  remember(): void
  /** Call it a few times a second. */
  turn(): void
  /** It reported progress within `within`. */
  advances(name: string, within: Span): boolean
  care(name: string): Care | undefined
  /** Which process it is, while it is there. */
  kin(name: string): Kin | undefined
}

interface Ward {
  readonly program: Program
  care: Care
  child: ChildProcess | undefined
  /** Who could not be ended when it was started. */
  beside: readonly number[]
  /** Those of a former Holdfast that could not be ended. */
  former: readonly Kin[]
  /** Set while it is being dismissed: its end is awaited, not answered. */
  dismissed: (() => void) | undefined
}

const MOST_ABANDONED: Readonly<Record<string, number>> = { keeper: 2 }
const PARENTS_OWN = /^(HOLDFAST_SECRET_|NOTIFY_SOCKET$|WATCHDOG_|CREDENTIALS_DIRECTORY$|NODE_CHANNEL_|npm_)/
const LONGEST_LINE = 8192

/** The environment for children: ours without secrets and without what is between the service manager and us. */
export const environmentFor = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !PARENTS_OWN.test(name)))

export function childrenOf(ports: ChildrenPorts): Children {
  const wards = new Map<string, Ward>()
  const now = () => ports.clock.now().tick
  const changed = (): void => ports.changed([...wards.values()].flatMap((ward) => [...ward.former, ...(kinOf(ward) ?? [])]))

  const take = (ward: Ward, event: CareEvent): void => {
    if (ward.dismissed) return
    const { care, moves } = judge(ward.care, event, now())
    ward.care = care
    for (const move of moves) {
      if (move.is === 'say') ports.say(move.line)
      else if (move.is === 'page') ports.page(move.title, move.says)
      else if (move.is === 'kill') kill(ward.child)
      else start(ward, move.safe)
    }
  }

  const start = (ward: Ward, safe: boolean): void => {
    leave(ward.child)
    ward.child = undefined
    let child: ChildProcess
    try {
      child = fork(ward.program.file, [], { execArgv: ['--disable-warning=ExperimentalWarning'], env: environmentFor(process.env), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    } catch (cause) {
      return take(ward, { is: 'refused', says: sentence(cause) })
    }
    const { pid } = child
    child.on('error', (cause) => {
      if (pid === undefined) take(ward, { is: 'refused', says: sentence(cause) })
    })
    if (pid === undefined) return
    ward.child = child
    ward.beside = ward.care.abandoned
    listen(ward, child, pid)
    take(ward, { is: 'started', pid })
    child.send(ward.program.init({ safe, beside: ward.beside }), () => undefined)
    changed()
  }

  const listen = (ward: Ward, child: ChildProcess, pid: number): void => {
    child.on('message', (message: Message) => {
      if (ward.child !== child) return
      if (message.is === 'alive') take(ward, { is: 'alive', progress: Number(message['progress']) })
      else if (message.is === 'blocked') take(ward, { is: 'blocked', title: String(message['title']), says: String(message['says']) })
      else if (message.is === 'fatal') giveUp(ward, String(message['says']), Number(message['exit']))
      else ports.hear(ward.program.name, message)
    })
    child.on('exit', (code, signal) => {
      if (ward.child === child) ward.child = undefined
      const { dismissed } = ward
      if (dismissed) return dismissed()
      take(ward, { is: 'exited', pid, how: signal === null ? `exit code ${code}` : signal })
      take(ward, { is: 'tick' })
      changed()
    })
    for (const stream of [child.stdout, child.stderr]) if (stream) echoLines(stream, ports.echo)
  }

  /** One that worked before, or whose place an unkillable one holds, is tried again; one that never could ends everything. */
  const giveUp = (ward: Ward, says: string, exit: number): void => {
    if (ward.dismissed) return
    // That one hangs was told when it was given up; one that a former Holdfast left behind was not.
    if (ward.beside.length > 0) return take(ward, { is: 'blocked', says, ...(ward.care.wasWell ? {} : { title: `${ward.program.name} cannot start` }) })
    if (!ward.care.wasWell) return ports.fatal(ward.program.name, says, exit)
    ports.say(`${ward.program.name}: ${says}`)
    kill(ward.child)
  }

  const lookAtFormer = (ward: Ward): void => {
    const gone = ward.former.filter((kin) => !stillAlive(kin))
    if (gone.length === 0) return
    ward.former = ward.former.filter((kin) => !gone.includes(kin))
    for (const { pid } of gone) take(ward, { is: 'exited', pid, how: 'ended' })
    changed()
  }

  return {
    remember: changed,
    raise(program, former = []) {
      const { name, patience } = program
      const care = { ...newCare({ name, patience, mostAbandoned: program.mostAbandoned ?? MOST_ABANDONED[name] ?? 4, ...(program.mostPause === undefined ? {} : { mostPause: program.mostPause }) }, now()), abandoned: former.map(({ pid }) => pid) }
      const ward: Ward = { program, care, child: undefined, beside: [], former, dismissed: undefined }
      wards.set(name, ward)
      take(ward, { is: 'tick' })
    },
    dismiss(name, within) {
      const ward = wards.get(name)
      wards.delete(name)
      const child = ward?.child
      if (!ward || !child || child.exitCode !== null) return Promise.resolve()
      return new Promise((resolve) => {
        const late = setTimeout(() => kill(child), within)
        // A process that waits for a device ends when it will; nobody waits for it here.
        const tooLate = setTimeout(() => end(), within + 500)
        const end = (): void => {
          clearTimeout(late)
          clearTimeout(tooLate)
          leave(child)
          resolve()
        }
        ward.dismissed = end
        if (!child.connected) kill(child)
        else child.send({ is: 'stop' }, () => undefined)
      })
    },
    tell(name, message) {
      const child = wards.get(name)?.child
      if (!child?.connected) return false
      child.send(message, () => undefined)
      return true
    },
    replace: (name) => kill(wards.get(name)?.child),
    turn() {
      for (const ward of wards.values()) {
        if (ward.former.length > 0) lookAtFormer(ward)
        take(ward, { is: 'tick' })
      }
    },
    advances: (name, within) => advances(wards.get(name)?.care, now(), within),
    care: (name) => wards.get(name)?.care,
    kin: (name) => kinOf(wards.get(name))?.[0],
  }
}

function kinOf(ward: Ward | undefined): [Kin] | undefined {
  const pid = ward?.child?.pid
  const start = pid === undefined ? undefined : startOf(pid)
  return ward === undefined || pid === undefined || start === undefined ? undefined : [{ name: ward.program.name, pid, start }]
}

function kill(child: ChildProcess | undefined): void {
  child?.kill('SIGKILL')
}

/** A child that is no longer ours to wait for: its end is still heard of, but keeps nothing open. */
function leave(child: ChildProcess | undefined): void {
  if (!child) return
  if (child.connected) child.disconnect()
  child.unref()
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function echoLines(stream: NodeJS.ReadableStream, echo: (line: string) => void): void {
  let left = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = `${left}${chunk}`.split('\n')
    left = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) echo(line.slice(0, LONGEST_LINE))
  })
  stream.on('end', () => {
    if (left !== '') echo(left)
  })
}

/** What a child's progress is worth to the delivery loop. */
export const KEEPER_PATIENCE: Span = seconds(30)
export const PATIENCE: Span = seconds(10)
/** One that acts on stores may wait for one of them. */
export const HAND_PATIENCE: Span = seconds(120)
/** One that is frozen has lost its lease long before; whoever thaws it then finds a process that does nothing. */
export const DOER_PATIENCE: Span = seconds(60)
