// Acts of which nobody knows what they did. Each is looked at as soon as nothing of it can still arrive; one that stays so for half an hour by either clock
// is told, whether a hand is there to look or not: nobody's silence is an outcome. As long as more come, or they stay, it is told again.
import { dueIn, minutes, seconds, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { isOpen } from './life.ts'
import { openObjects } from './rows.ts'
import { tell } from './telling.ts'

/** So long an outcome may be unknown before people hear of it. */
export const UNSETTLED: Span = minutes(30)
const LOOK = 'guard.unsettled'
const EVERY: Span = minutes(5)
/** More are not told apart. */
const MOST = 1000

export interface Unsettled {
  readonly reconcile: string
  readonly count: number
  /** When the first of them was begun. */
  readonly since: Instant
}

/** By clean-up: how many acts have been begun, and not heard of again. `atLeast`: for so long, by either clock. */
export function unsettledOf(sql: Sql, now: Pick<Now, 'wall'> & { readonly lived: Span }, atLeast: Span): readonly Unsettled[] {
  const found = new Map<string, Unsettled>()
  for (const { reconcile, life } of openObjects(sql, MOST)) {
    if (!isOpen(life) || Math.max(now.wall - life.begun.wall, now.lived - life.begun.lived) < atLeast) continue
    const had = found.get(reconcile)
    found.set(reconcile, { reconcile, count: (had?.count ?? 0) + 1, since: Math.min(had?.since ?? life.begun.wall, life.begun.wall) as Instant })
  }
  return [...found.values()]
}

export interface Unsettling { readonly due: NonNullable<Room['due']>; configure(tx: Tx): void }

export function unsettling({ lived }: { readonly lived: () => Span }): Unsettling {
  // What was told, so that it is not written down every few minutes; after a start it is told once more.
  const told = new Map<string, { readonly count: number; readonly day: number }>()
  return {
    due: {
      [LOOK]: (tx) => {
        tx.schedule(LOOK, 'all', dueIn(tx.now, EVERY))
        const day = Math.floor(tx.now.wall / 86_400_000)
        const found = unsettledOf(tx.sql, { wall: tx.now.wall, lived: lived() }, UNSETTLED)
        for (const name of told.keys()) if (!found.some(({ reconcile }) => reconcile === name)) told.delete(name)
        for (const { reconcile, count } of found) {
          const before = told.get(reconcile)
          if (before && before.day === day && count <= before.count) continue
          told.set(reconcile, { count, day })
          tell(tx, `reconcile:${reconcile}/doubt`, `${reconcile}: what an act did is not known`, `${count} ${count === 1 ? 'act was' : 'acts were'} begun more than half an hour ago, and nobody knows what came of ${count === 1 ? 'it' : 'them'}; nothing else is begun on these objects`, { weight: 3 })
        }
      },
    },
    configure: (tx) => tx.schedule(LOOK, 'all', dueIn(tx.now, seconds(30))),
  }
}
