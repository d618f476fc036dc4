// The lease: the word of the keeper that this hand, and no other, may act; good for twenty seconds. The hand counts from before it asked, the keeper
// from when it answered, both by the clock that nobody sets: so the hand always believes it to be over before the keeper does, however long either
// was frozen or the answer took. Over is over, also for a hand that wakes up again (G-8, C-7). A keeper that has just begun knows of no
// lease that the one before it gave: until the longest of them is over it gives none.
import { laterTick, seconds, type Now, type Span, type Stamp } from '../time.ts'

export const LEASE: Span = seconds(20)
/** One act may take so long; with less than this left none is begun. */
export const LEAST_LEFT: Span = seconds(6)

/** The keeper's side: who holds it, until when. `term` counts every new holder: a fence. */
export interface Grants {
  readonly term: number
  readonly holder?: string
  readonly until?: Stamp
}

export type Granted =
  | { readonly is: 'granted'; readonly term: number; readonly for: Span }
  | { readonly is: 'taken'; readonly for: Span }

/** Of a keeper that has just begun: whoever was given it by the one before may still act. */
export const firstGrants = (now: Now): Grants => ({ term: 0, holder: '', until: { tick: laterTick(now.tick, LEASE), boot: now.boot } })

/** Gives or renews it. Whoever holds it must have let it lapse before another one gets it: a lost line is no proof that its owner is dead. */
export function grant(grants: Grants, holder: string, now: Now): { readonly grants: Grants; readonly granted: Granted } {
  const left = leftOf(grants.until, now)
  if (grants.holder !== undefined && grants.holder !== holder && left > 0) return { grants, granted: { is: 'taken', for: left } }
  const term = grants.holder === holder && left > 0 ? grants.term : grants.term + 1
  return { grants: { term, holder, until: { tick: laterTick(now.tick, LEASE), boot: now.boot } }, granted: { is: 'granted', term, for: LEASE } }
}

/** Given back by its holder: the next one need not wait. */
export const giveBack = (grants: Grants, holder: string): Grants => (grants.holder === holder ? { term: grants.term } : grants)

/** Whether what came in under this term is of the present holder. */
export const isHolder = (grants: Grants, holder: string, term: number, now: Now): boolean => grants.holder === holder && grants.term === term && leftOf(grants.until, now) > 0

/** The hand's side. */
export interface Held {
  readonly term: number
  readonly until: Stamp
}

/** `asked`: the moment before the question was sent. */
export const heldSince = (asked: Now, { term, for: span }: { readonly term: number; readonly for: Span }): Held => ({ term, until: { tick: laterTick(asked.tick, Math.min(span, LEASE) as Span), boot: asked.boot } })

/** How long it may still act; 0 without a lease, after its end, and across a reboot. */
export const leftOf = (until: Stamp | undefined, now: Now): Span => (until === undefined || until.boot !== now.boot ? 0 : Math.max(0, until.tick - now.tick)) as Span

/** Whether one more act may be begun. */
export const mayBegin = (held: Held | undefined, now: Now): boolean => leftOf(held?.until, now) >= LEAST_LEFT
