// A store whose calls may hang, as if they could not: each half lives in a child of its own, and a call that its signal ends takes the child
// along. A child that cannot even be killed (the kernel holds it) is left behind, and until its end is seen every further call is refused at
// once: one dead mount costs one process, and nobody's time. What an act that was cut off did is unknown, and said to be. A store is called silent only
// when it was asked and had time to answer: a child that came up late, or a lease that ran out, is slowness of our own.
import { fork, type ChildProcess } from 'node:child_process'
import { coded, Fault, isSilence, silence, tooLate } from '../../core/fault.ts'
import { inDoubt, type AnyStore, type Deleting, type Outcome, type Reading } from '../../ports/store.ts'
import { environment } from '../alone.ts'
import { stepBehind } from '../scan/priority.ts'
import type { LoneHears, LoneSays } from './lone-child.ts'

const PROGRAM = new URL('./lone-child.ts', import.meta.url)
/** The names in one large folder are in memory while it is listed. */
const MOST_MEMORY = 512
/** A call that was told to give up has so long to do it in an orderly way. */
const GRACE = 50

export interface LoneStore<Half> {
  readonly half: Half
  /** The child's process id, while there is one. */
  readonly pid: () => number | undefined
  close(): void
}

interface Opening {
  readonly plugin: Pick<AnyStore, 'kind'>
  readonly settings: unknown
  readonly folder: string
  /** A lab: no public address is reached. */
  readonly lab: boolean
  /** Whether nothing may be begun any more: asked right before each call. */
  readonly isOver?: () => boolean
  /** For tests. */
  readonly program?: URL
}

/** The half that looks, in a child of its own. */
export function loneReading(it: Opening): LoneStore<Reading> {
  const line = createLine(it, 'reading')
  const half: Reading = {
    identify: (signal) => line.call('identify', [], signal),
    declared: (signal) => line.call('declared', [], signal),
    clock: (signal) => line.call('clock', [], signal),
    page: (want, signal) => line.call('page', [want], signal),
    uploads: (want, signal) => line.call('uploads', [want], signal),
    head: (place, signal) => line.call('head', [place], signal),
    read: (want, signal) => line.call('read', [want], signal),
    lock: (place, signal) => line.call('lock', [place], signal),
    tags: (place, signal) => line.call('tags', [place], signal),
  }
  return { half, pid: line.pid, close: line.close }
}

/** The half that acts, in a child of its own. */
export function loneDeleting(it: Opening): LoneStore<Deleting> {
  const line = createLine(it, 'deleting')
  const act = <T>(name: string, given: unknown, signal: AbortSignal): Promise<Outcome<T>> =>
    line.call<Outcome<T>>(name, [given], signal).catch((cause: unknown): Outcome<T> => {
      if (cause instanceof Fault && 'cutOff' in cause) return inDoubt(`${cause.message}; nobody knows what it did: look before anything else is done`)
      throw cause
    })
  const half: Deleting = {
    identify: (signal) => line.call('identify', [], signal),
    probe: (signal) => line.call('probe', [], signal),
    quarantine: (what, signal) => act('quarantine', what, signal),
    release: (what, signal) => act('release', what, signal),
    purge: (what, signal) => act('purge', what, signal),
  }
  return { half, pid: line.pid, close: line.close }
}

interface Line {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what comes back is what the same method of the same port gives over there
  call<T>(name: string, given: readonly unknown[], signal: AbortSignal): Promise<T>
  pid(): number | undefined
  close(): void
}

interface Call {
  readonly since: number
  /** When the child began to ask. */
  begun?: number
  resolve(value: unknown): void
  reject(cause: Fault): void
}

type Pending = Map<number, Call>

function createLine(it: Opening, half: 'reading' | 'deleting'): Line {
  let child: ChildProcess | undefined
  let dying: ChildProcess | undefined
  const pending: Pending = new Map()
  let calls = 0

  const kill = (): void => {
    const gone = child
    child = undefined
    if (gone?.pid === undefined) return
    dying = gone
    try {
      process.kill(-gone.pid, 'SIGKILL')
    } catch {
      // It is gone already; the news of it is on its way.
    }
    if (gone.connected) gone.disconnect()
    gone.unref()
    for (const one of pending.values()) one.reject(cutOff(one))
    pending.clear()
  }
  const ready = (): ChildProcess => {
    if (child) return child
    if (dying) throw coded('ESTUCK', `a former call to this store (process ${dying.pid}) hangs in the kernel and cannot be ended: the mount behind it is dead; mend it, or unmount it by force`)
    const fresh = start(it.program ?? PROGRAM)
    stepBehind(fresh.pid)
    child = fresh
    fresh.on('message', (message: LoneSays) => settle(pending, message))
    const over = (): void => {
      if (dying === fresh) dying = undefined
      if (child === fresh) kill()
      if (dying === fresh) dying = undefined
    }
    fresh.on('exit', over)
    fresh.on('error', over)
    send(fresh, { is: 'open', kind: it.plugin.kind, half, settings: it.settings, folder: it.folder, lab: it.lab })
    return fresh
  }
  return {
    pid: () => child?.pid,
    close: kill,
    async call<T>(name: string, given: readonly unknown[], signal: AbortSignal): Promise<T> {
      if (it.isOver?.() === true) throw tooLate('its lease ran out before this was asked')
      if (signal.aborted) throw tooLate('the time for it was over before it was asked')
      const to = ready()
      const id = ++calls
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      pending.set(id, { since: performance.now(), resolve, reject })
      let timer: NodeJS.Timeout | undefined
      const giveUp = (): void => {
        send(to, { is: 'give-up', id })
        timer = setTimeout(() => (to === child ? kill() : undefined), GRACE)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      send(to, { is: 'call', id, name, given })
      try {
        return (await promise) as T
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        pending.delete(id)
        // It answered in an orderly way, and a thread of it may hang all the same.
        if (signal.aborted && to === child) kill()
      }
    },
  }
}

const cutOff = (call: Call): Fault => Object.assign(whyLate(call) ?? silence('no answer of the file system'), { cutOff: true })

/** Why it was no fault of the store's that its time is over: it was never asked, or had not even half of it. */
function whyLate({ since, begun }: Call): Fault | undefined {
  if (begun === undefined) return tooLate('the process that asks the store did not come up within the time limit, as on a machine with too much to do')
  return performance.now() - begun < (performance.now() - since) / 2 ? tooLate('the process that asks the store came up when most of the time limit was over, as on a machine with too much to do') : undefined
}

function settle(pending: Pending, message: LoneSays): void {
  const one = pending.get(message.id)
  if (!one) return
  if (message.is === 'begun') one.begun = performance.now()
  else if (message.is === 'answer') one.resolve(message.value)
  else {
    const fault = message.code === undefined ? new Fault(message.says, message.retry) : coded(message.code, message.says, message.retry)
    one.reject((isSilence(fault) && whyLate(one)) || fault)
  }
}

const send = (child: ChildProcess, message: LoneHears): void => {
  if (child.connected) child.send(message, () => undefined)
}

const start = (program: URL): ChildProcess => fork(program, [], {
  execArgv: [`--max-old-space-size=${MOST_MEMORY}`, '--disable-warning=ExperimentalWarning'], serialization: 'advanced',
  env: environment(), stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true, cwd: '/',
})
