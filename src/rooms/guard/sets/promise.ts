// What both ways of keeping the promise "every byte is read again within so long" have in common: part by part (`verifying.ts`), or object by object of a bucket that
// is itself the copy (`objects/walking.ts`). Time is taken from one reckoning, so that each of them counts what the other has seen pass.
import { dueIn, hours, minutes, ms, seconds, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { SetsContext } from './duty.ts'
import { loadReckoning, saveReckoning } from './reading-rows.ts'
import { reckon } from './rotation.ts'
import type { BackupSet } from './set.ts'

export interface PromiseContext extends Pick<SetsContext, 'sets' | 'ask'> {
  readonly lived: () => Span
  readonly consider: (tx: Tx, set: BackupSet, store: string) => void
}

export type Promising = BackupSet & { readonly verify: NonNullable<BackupSet['verify']> }

/** An answer that does not come is not waited for any longer. */
export const PATIENCE: Span = minutes(70)
/** So often may a part or an object fail before it is said. */
export const MOST_FAILS = 2
/** The rung of the ladder that reading every byte reaches. */
export const RUNG = 2

/** How often it is looked what is due. */
export const lookOf = (allWithin: Span): Span => ms(Math.min(hours(1), Math.max(seconds(30), Math.floor(allWithin / 96))))

/** So much has passed by the reckoning, which goes on with this. */
export function passedAt(tx: Tx, lived: Span): Span {
  const next = reckon(loadReckoning(tx.sql), { wall: tx.now.wall, lived })
  saveReckoning(tx.sql, next)
  return next.passed
}

/** Looks at one set in one store after a while; `duty` reads the two names out of the key. */
export const lookAfter = (tx: Tx, duty: string, set: string, store: string, after: Span): void => tx.schedule(duty, JSON.stringify([set, store]), dueIn(tx.now, after))
