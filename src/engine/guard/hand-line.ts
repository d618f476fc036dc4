// The keeper's line to the hand: what it asks is answered by the desk of the guard room. Each connection is a holder of its own, so that two hands
// are never taken for one. Whether a hand is wanted is said with some patience: a plan is many handfuls, and a start costs more than a wait.
import { ageOf, seconds, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { createDesk, type Desk, type DeskPorts } from '../../rooms/guard/acts/desk.ts'
import type { Acts } from '../../rooms/guard/acts/index.ts'
import type { Task } from '../../rooms/guard/protocol.ts'
import { marginsOf } from '../../rooms/guard/reconcile/margins.ts'
import type { Way } from '../../rooms/guard/reconcile/readings.ts'
import type { StoreSeen } from '../../rooms/guard/acts/rulings.ts'
import { loadState } from '../../rooms/guard/reconcile/rows.ts'
import type { Rechecked } from '../../rooms/guard/reconcile/task.ts'
import type { FromHand, ToHand } from '../../rooms/guard/acts/protocol.ts'

export interface HandLine {
  /** A run that was armed is told what its store was just seen to do; where nobody could find out in time, it is told that. Nothing for tasks that need none. */
  prepare(task: Task): Promise<Task> | undefined
  /** Once a second. */
  tick(): void
  /** `link`: whose message it is; the same object for all of one connection. */
  hear(message: FromHand, link: object): Promise<ToHand>
  /** Whether the process should be there. */
  wanted(): boolean
}

interface HandLineWants {
  readonly now: () => Now
  readonly lived: () => Span
  readonly sql: () => Sql
  readonly acts: () => Acts
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  readonly storeOf: DeskPorts['storeOf']
  readonly retentionOf: (reconcile: string) => Span
  /** Has a long read done, and waits for it. */
  readonly wait: (task: Task, within: Span) => Promise<unknown>
}

/** So long it stays when there is nothing more to do. */
const LINGERS: Span = seconds(30)
const RECHECK_WITHIN: Span = seconds(60)
/** So long a run waits for its store to be tried out. */
const PROBE_WITHIN: Span = seconds(90)

interface Waiting {
  readonly store: string
  readonly before: StoreSeen | undefined
  readonly since: Now
  readonly tell: (way: Way | 'none') => void
}

export function createHandLine(wants: HandLineWants): HandLine {
  let desk: Desk | undefined
  const holders = new WeakMap<object, string>()
  let count = 0
  let busy: Now | undefined
  const waiting = new Set<Waiting>()
  // Made when it is first needed: the rooms are made after the line.
  const made = (): Desk => (desk ??= createDesk({ ...wants, acts: wants.acts(), recheck: async (reconcile, keys) => new Map(Object.entries(await wants.wait({ is: 'recheck', reconcile, keys, former: loadState(wants.sql(), reconcile).former }, RECHECK_WITHIN) as Rechecked)) }))
  const holderOf = (link: object): string => {
    const known = holders.get(link) ?? `hand-${++count}`
    holders.set(link, known)
    return known
  }
  return {
    hear: (message, link) => made().hear(message, holderOf(link)),
    prepare(task) {
      const store = task.is === 'reconcile' && task.knows.arming !== 'none' ? wants.storeOf(task.reconcile) : undefined
      if (task.is !== 'reconcile' || store === undefined) return undefined
      const { oldestCopy, shrink } = task.knows
      made().probe(store, marginsOf({ retention: wants.retentionOf(task.reconcile), oldestCopy, shrink }).quarantine)
      return new Promise((resolve) => waiting.add({ store, before: made().probed(store), since: wants.now(), tell: (way) => resolve({ ...task, knows: { ...task.knows, way } }) }))
    },
    tick() {
      for (const one of waiting) {
        const seen = made().probed(one.store)
        const age = ageOf(one.since, wants.now())
        const found = seen !== undefined && seen !== one.before
        if (!found && age !== undefined && age < PROBE_WITHIN) continue
        waiting.delete(one)
        one.tell(found ? seen.way : 'none')
      }
    },
    wanted() {
      if (made().wanted()) busy = wants.now()
      const age = busy && ageOf(busy, wants.now())
      return age !== undefined && age < LINGERS
    },
  }
}
