// The keeper's side of the line to the process that reads stores. A task is given once and answered once; one that is given while the same is
// under way is that one. What is not answered within its time is dropped and counts as a fault: nobody waits for ever, and
// whoever judges takes silence for unknown. What comes back becomes a turn of the room, or answers whoever asked. A drill waits for its turn first: its time
// begins with that, and who is before it can be read.
import { days, minutes, ms, sayTime, type Instant, type Now, type Span, type Tick } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { GuardRoom } from '../../rooms/guard/index.ts'
import type { DrillReport } from '../../rooms/guard/drills/report.ts'
import type { DrillTask, FromGuard, Listed, Task, ToGuard, Verified, Walked } from '../../rooms/guard/protocol.ts'
import { LONGEST_RUN } from '../../rooms/guard/reconcile/duty.ts'
import type { ReconcileResult } from '../../rooms/guard/reconcile/task.ts'

export interface GuardLine {
  /** Has it done; what comes of it is a turn of the room. */
  ask(task: Task): void
  /** The same, for somebody who waits for what came of it (after the turn). Rejects with a sentence where nothing came. */
  wait(task: Task, within: Span, progress?: (says: string) => void): Promise<unknown>
  /** Whether the same is given already, and not answered. */
  isGiven(task: Task): boolean
  /** Drills that are given and not answered, in the order in which they were. */
  drills(): readonly DrillGiven[]
  /** Drops the drills of a set, in one store or in all; `says`: why nothing comes of them. How many there were. */
  dropDrills(of: { readonly set: string; readonly store?: string | undefined }, says: string): readonly DrillTask[]
  hear(message: FromGuard): void
  /** The process is there: what waits is given to it (anew). */
  opened(): void
  /** Once a second. */
  tick(): void
}

/** A drill under way. `since`: when its turn came; absent while it waits for that. */
export interface DrillGiven {
  readonly task: DrillTask
  readonly since?: Instant
  /** What it does just now, in words. */
  readonly says: string
}

interface GuardLineWants {
  readonly now: () => Now
  readonly send: (message: ToGuard) => boolean
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  readonly room: () => GuardRoom
  /** What has to be found out before a task is given; nothing for most. */
  readonly prepare?: (task: Task) => Promise<Task> | undefined
}

interface Pending {
  readonly task: Task
  /** As it is given, once it is. */
  ready?: Task
  readonly id: string
  until: Tick
  within: Span
  /** Of a drill: when its turn came, and what it does. */
  since?: Instant | undefined
  says: string
  readonly waiting: { resolve(value: unknown): void; reject(cause: Error): void; readonly progress: ((says: string) => void) | undefined }[]
}

/** So long a drill may wait for its turn; and so much longer than its limit it may take, to be torn down and to say what came of it. */
const TURN_WITHIN: Span = days(2)
const TEAR_DOWN: Span = minutes(30)
/** So long a task may take, where nobody says otherwise. */
const WITHIN: Readonly<Record<Task['is'], Span>> = { list: minutes(65), verify: minutes(65), walk: minutes(65), drill: TURN_WITHIN, reconcile: LONGEST_RUN, recheck: minutes(2) }
/** So many may be under way; further ones are refused, and asked for again when they fall due. */
const MOST = 2000

export function createGuardLine({ now, send, turn, room, prepare = () => undefined }: GuardLineWants): GuardLine {
  const pending = new Map<string, Pending>()
  let count = 0
  // Of this keeper alone: what comes back for one before it is nobody's.
  const mine = Math.floor(now().tick).toString(36)
  // Two runs of one reconcile would not know of each other.
  // Who asked makes no other drill of it, nor how long it may take, and a minute no other walk.
  const keyOf = (task: Task): string => (task.is === 'reconcile' ? JSON.stringify([task.is, task.reconcile]) : JSON.stringify(task, (key, value: unknown) => (key === 'by' || key === 'passed' || (key === 'within' && task.is === 'drill') ? undefined : value)))
  const timeOf = (within: Span): Pick<Pending, 'until' | 'within'> => ({ within, until: (now().tick + within) as Tick })
  const byId = (id: string): [string, Pending] | undefined => [...pending].find(([, it]) => it.id === id)

  const begin = (task: Task, within: Span): Pending | undefined => {
    const key = keyOf(task)
    const known = pending.get(key)
    if (known) return known
    if (pending.size >= MOST) return undefined
    const made: Pending = { task, id: `${mine}-${++count}`, until: (now().tick + within) as Tick, within, says: '', waiting: [] }
    pending.set(key, made)
    const prepared = prepare(task)
    if (prepared === undefined) give(made, task)
    else void prepared.then((ready) => (pending.get(key) === made ? give(made, ready) : undefined))
    return made
  }
  // Not there: it is given when the process comes.
  const give = (it: Pending, ready: Task): void => {
    it.ready = ready
    send({ is: 'task', id: it.id, task: ready })
  }
  const take = async ({ task, waiting }: Pending, result: unknown): Promise<void> => {
    try {
      while ((await turn(`guard.${task.is}`, (tx) => settle(room(), tx, task, result))) === 'more');
      for (const one of waiting) one.resolve(result)
    } catch (cause) {
      for (const one of waiting) one.reject(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }
  const fail = async ({ task, waiting }: Pending, says: string): Promise<void> => {
    await turn(`guard.${task.is} failed`, (tx) => settleFailed(room(), tx, task, says)).catch(() => undefined)
    for (const one of waiting) one.reject(new Error(says))
  }
  return {
    ask: (task) => void begin(task, WITHIN[task.is]),
    wait: (task, within, progress) => new Promise((resolve, reject) => {
      const made = begin(task, within)
      if (made) made.waiting.push({ resolve, reject, progress })
      else reject(new Error(`more than ${MOST} tasks wait already`))
    }),
    isGiven: (task) => pending.has(keyOf(task)),
    drills: () => [...pending.values()].flatMap(({ task, since, says }) => (task.is === 'drill' ? [{ task, says, ...(since === undefined ? {} : { since }) }] : [])),
    dropDrills({ set, store }, says) {
      const found = [...pending].flatMap(([key, it]) => (it.task.is === 'drill' && it.task.set === set && (store === undefined || it.task.store === store) ? [{ key, it, task: it.task }] : []))
      for (const { key, it } of found) {
        pending.delete(key)
        send({ is: 'drop', id: it.id })
        void fail(it, says)
      }
      return found.map(({ task }) => task)
    },
    hear(message) {
      const found = byId(message.id)
      if (!found) return
      const [key, it] = found
      if (message.is === 'task-begun') {
        if (it.task.is === 'drill') Object.assign(it, timeOf(ms(it.task.within + TEAR_DOWN)), { since: now().wall })
        return
      }
      if (message.is === 'task-progress') {
        it.says = message.says
        return it.waiting.forEach(({ progress }) => progress?.(message.says))
      }
      pending.delete(key)
      void (message.is === 'task-done' ? take(it, message.result) : fail(it, message.says))
    },
    opened() {
      for (const it of pending.values()) {
        // What was at work is begun anew, when its turn comes.
        if (it.since !== undefined) Object.assign(it, timeOf(TURN_WITHIN), { since: undefined, says: '' })
        if (it.ready) send({ is: 'task', id: it.id, task: it.ready })
      }
    },
    tick() {
      const { tick } = now()
      for (const [key, it] of pending) {
        if (tick < it.until) continue
        pending.delete(key)
        send({ is: 'drop', id: it.id })
        if (it.task.is === 'drill' && it.since === undefined) void fail(it, `its turn did not come within ${sayTime(it.within)}: others were before it`)
        else void fail(it, `nothing came of it within ${sayTime(it.within)}`)
      }
    },
  }
}

/** `more`: it was too much for one turn. */
function settle(room: GuardRoom, tx: Tx, task: Task, result: unknown): 'all' | 'more' {
  switch (task.is) {
    case 'list': return room.listed(tx, task, result as Listed)
    case 'drill':
      room.drilled(tx, task, result as DrillReport)
      return 'all'
    case 'verify':
      room.verified(tx, task, result as Verified)
      return 'all'
    case 'walk':
      room.walked(tx, task, result as Walked)
      return 'all'
    case 'reconcile':
      room.reconciles.reconciled(tx, task, result as ReconcileResult)
      return 'all'
    case 'recheck': return 'all'
  }
}

function settleFailed(room: GuardRoom, tx: Tx, task: Task, says: string): void {
  switch (task.is) {
    case 'list': return void room.listed(tx, task, { is: 'not-listed', says })
    case 'drill': return room.drilled(tx, task, { says })
    case 'verify': return room.verified(tx, task, { is: 'not-verified', says })
    case 'walk': return room.walked(tx, task, { is: 'not-walked', says })
    case 'reconcile': return room.reconciles.reconciled(tx, task, { is: 'failed', says })
    case 'recheck': return undefined
  }
}
