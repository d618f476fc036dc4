// What measurements stand on: a real Holdfast in a folder of its own, and helpers in processes of their own that are asked by
// messages, so that what measures costs the measured nothing. Everything is stopped by process id.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { folderFor, freePorts, removeFolder, sleep, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'
import { treeOf } from './machine.ts'
import type { Mailed, Order, Seen } from './target.ts'

export { percentile } from '../test/fake-keeper.ts'
export { sleep, until }

/** One figure of a measurement. */
export interface Figure {
  readonly what: string
  readonly is: string
  readonly goal?: string
  /** `unknown`: nobody could compare it here. */
  readonly met?: boolean | 'unknown'
}

export interface Measurement {
  readonly about: string
  measure(): Promise<readonly Figure[]>
}

/** A helper in a process of its own. */
export interface Helper<Asked, Said> {
  readonly pid: number
  ask(order: Asked): Promise<Said>
  end(): void
}

const running = new Set<ChildProcess>()

/** A process that is ended with the measurements, whatever becomes of them. */
export function ours<Child extends ChildProcess>(child: Child): Child {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Starts a helper: one question at a time. */
export function play<Asked, Said>(file: string, role: readonly string[] = []): Helper<Asked, Said> {
  const child = ours(fork(new URL(file, import.meta.url), role, { execArgv: ['--disable-warning=ExperimentalWarning'] }))
  let last: Promise<unknown> = Promise.resolve()
  return {
    pid: child.pid ?? 0,
    ask(order) {
      const said = last.then(async () => {
        child.send(order as object)
        const [answer] = (await once(child, 'message')) as [Said]
        return answer
      })
      last = said.catch(() => undefined)
      return said
    },
    end: () => void child.kill('SIGKILL'),
  }
}

export interface Target {
  readonly web: number
  readonly smtp: number
  readonly pid: number
  note(on: boolean): Promise<void>
  fail(paths: readonly number[]): Promise<number>
  take(): Promise<{ readonly seen: readonly Seen[]; readonly mails: readonly Mailed[]; readonly count: number }>
  end(): void
}

/** The web server that is looked at, and the relay that takes mails. */
export async function target(): Promise<Target> {
  const helper = play<Order, Record<string, unknown>>('./target.ts')
  const { web, smtp } = (await helper.ask({ is: 'open' })) as { web: number; smtp: number }
  return {
    web, smtp, pid: helper.pid,
    note: async (on) => void (await helper.ask({ is: 'note', on })),
    fail: async (paths) => ((await helper.ask({ is: 'fail', paths })) as { at: number }).at,
    take: async () => (await helper.ask({ is: 'take' })) as unknown as Awaited<ReturnType<Target['take']>>,
    end: () => helper.end(),
  }
}

export interface Rig {
  readonly folder: string
  readonly port: number
  /** ms of the monotonic clock at its start. */
  startedAt: number
  running: Running
  tree(): number[]
  /** The process that runs this file, or 0. */
  pid(name: string): number
  restart(): void
  end(): Promise<void>
}

export const monotonic = (): number => {
  const [s, ns] = process.hrtime()
  return s * 1000 + ns / 1e6
}

/** The key that alerts come with, as `${secret:bench}`. */
export const INGEST_KEY = 'benchbenchbenchbenchbenchbench00'
const ENV = { HOLDFAST_SECRET_BENCH: INGEST_KEY }

/** Starts Holdfast on a configuration; `ready` false: without waiting until it serves. */
export async function holdfast(name: string, yaml: (port: number) => string, ready = true): Promise<Rig> {
  const [port = 0] = await freePorts(1)
  const folder = folderFor(`bench-${name}`)
  writeConfig(folder, yaml(port))
  const rig: Rig = {
    folder, port, startedAt: monotonic(), running: startHoldfast(folder, port, ENV),
    tree: () => treeOf(rig.running.child.pid ?? 0),
    pid: (of) => rig.running.pids()[of] ?? 0,
    restart() {
      rig.startedAt = monotonic()
      rig.running = startHoldfast(folder, port, ENV)
    },
    async end() {
      await rig.running.stop()
      removeFolder(folder)
    },
  }
  if (ready) await serving(rig)
  return rig
}

/** Waits until /healthz says that delivery advances. */
export async function serving(rig: Rig): Promise<void> {
  await until(`Holdfast serves on port ${rig.port}`, 60_000, () => {
    if (rig.running.child.exitCode !== null) throw new Error(rig.running.output())
    return fetch(`http://127.0.0.1:${rig.port}/healthz`).then((reply) => reply.status === 200, () => false)
  })
}

/** Ends what a measurement left behind. */
export function sweep(): void {
  for (const child of running) child.kill('SIGKILL')
}
