// When a store of a set is judged: once it was listed, together with those that bear witness for it. All stores of a set are listed at the same times, and one
// listing comes before the other: judged at that moment, the first would always find the others' of last time, just too old to count, and nothing of it would
// ever ripen. So it waits for them, for less time than its own listing is worth; that it is refused is told at once.
import { dueIn, minutes, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Acts } from '../acts/index.ts'
import { loadListing } from '../rows.ts'
import type { BackupSet } from '../sets/set.ts'
import { evaluate, tellStanding, planFor, type Life } from './duty.ts'
import { FRESH } from './shelf.ts'

export interface EvaluatingContext extends Life {
  readonly sets: () => ReadonlyMap<string, BackupSet>
}

export interface Evaluating {
  readonly due: NonNullable<Room['due']>
  /** A whole listing of it was taken in. */
  listed(tx: Tx, set: BackupSet, store: string): void
}

const JUDGE = 'guard.judge'
const WAITS: Span = minutes(12)

export function evaluatingOf(context: EvaluatingContext, acts: Pick<Acts, 'well'>): Evaluating {
  // Those that wait for others; after a start whatever was due then is judged then.
  const waiting = new Set<string>()
  const judge = (tx: Tx, set: BackupSet, store: string): void => {
    const key = keyOf(set.name, store)
    if (waiting.delete(key)) tx.unschedule(JUDGE, key)
    evaluate(tx, set, store, context, acts)
  }
  return {
    due: {
      [JUDGE]: (tx, key) => {
        const [name, store] = JSON.parse(key) as [string, string]
        const set = context.sets().get(name)
        waiting.delete(key)
        if (set?.in.some((it) => it.store === store)) evaluate(tx, set, store, context, acts)
      },
    },
    listed(tx, set, store) {
      if (set.keep === undefined) return
      if (set.in.every((it) => it.store === store || isFresh(tx, set.name, it.store))) {
        for (const it of set.in) if (it.store === store || waiting.has(keyOf(set.name, it.store))) judge(tx, set, it.store)
        return
      }
      tellStanding(tx, set, store, planFor(tx.sql, set, store, tx.now, context))
      const key = keyOf(set.name, store)
      if (waiting.has(key)) return
      waiting.add(key)
      tx.schedule(JUDGE, key, dueIn(tx.now, WAITS))
    },
  }
}

const keyOf = (set: string, store: string): string => JSON.stringify([set, store])

function isFresh(tx: Tx, set: string, store: string): boolean {
  const { age } = loadListing(tx.sql, set, store, tx.now)
  return age !== undefined && age <= FRESH
}
