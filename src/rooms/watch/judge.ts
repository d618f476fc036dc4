// The judge: folds one look after another into a standing, and says when something has turned. Pure; streaks live in memory
// and begin anew after a restart, so that a restart turns nothing by itself. Down needs `failAfter` failures in a row, up
// needs `recoverAfter` passes; silence is never a pass; what stays unknown for `unknownAfter` turns to unknown (W-2, W-10).
import type { Found } from '../../core/evidence.ts'
import { ageOf, type Instant, type Now, type Span, type Tick } from '../../core/time.ts'
import type { Check } from './check.ts'
import type { Looked } from './protocol.ts'

export type Side = 'new' | 'up' | 'down' | 'unknown'

export interface Standing {
  /** What is recorded: the last turn. */
  readonly side: Side
  readonly fails: number
  readonly passes: number
  /** When the present row of failures began: verdicts on what it leans on must be younger. */
  readonly firstFail: Tick | undefined
  /** When the present row of unknowns began. */
  readonly unknownSince: Tick | undefined
  readonly last: Looked | undefined
  /** When it turned lately; many turns make it flap. */
  readonly turns: readonly Tick[]
}

export const fresh = (side: Side): Standing => ({
  side, fails: 0, passes: 0, firstFail: undefined, unknownSince: undefined, last: undefined, turns: [],
})

export type Verdict =
  | { readonly is: 'nothing' }
  /** The first failure in a row: look at once at what it leans on. */
  | { readonly is: 'doubt' }
  /** Enough was seen; the turn may be recorded. */
  | { readonly is: 'turn'; readonly to: Exclude<Side, 'new'> }

/** So many turns within ten minutes are flapping: recovery then needs more passes, so that one incident covers the flutter (W-12). */
const FLAPS = 4
const FLAP_WINDOW = 10 * 60_000
const FLAP_PATIENCE = 3

export const flaps = (standing: Standing, now: Now): boolean =>
  standing.turns.filter((at) => now.tick - at <= FLAP_WINDOW).length >= FLAPS

/** How many passes end it now: more while it flaps. */
export const passesNeeded = (check: Check, standing: Standing, now: Now): number =>
  check.recoverAfter * (flaps(standing, now) ? FLAP_PATIENCE : 1)

/** Takes one finding in. */
export function fold(check: Check, standing: Standing, looked: Looked, now: Now): { standing: Standing; verdict: Verdict } {
  // A look that began before the newest known one ended late, or is told again after a reconnect: it says nothing new.
  if (standing.last && looked.tick <= standing.last.tick) return { standing, verdict: { is: 'nothing' } }
  switch (looked.found.is) {
    case 'pass': return onPass(check, standing, looked, now)
    case 'fail': return onFail(check, standing, looked)
    case 'unknown': return onUnknown(standing, looked)
  }
}

function onPass(check: Check, standing: Standing, looked: Looked, now: Now): { standing: Standing; verdict: Verdict } {
  const next: Standing = { ...standing, passes: standing.passes + 1, fails: 0, firstFail: undefined, unknownSince: undefined, last: looked }
  const enough = standing.side === 'new' || next.passes >= passesNeeded(check, standing, now)
  return { standing: next, verdict: standing.side !== 'up' && enough ? { is: 'turn', to: 'up' } : { is: 'nothing' } }
}

function onFail(check: Check, standing: Standing, looked: Looked): { standing: Standing; verdict: Verdict } {
  const next: Standing = {
    ...standing, fails: standing.fails + 1, passes: 0, firstFail: standing.firstFail ?? looked.tick, unknownSince: undefined, last: looked,
  }
  if (standing.side !== 'down' && next.fails >= check.failAfter) return { standing: next, verdict: { is: 'turn', to: 'down' } }
  return { standing: next, verdict: next.fails === 1 && standing.side !== 'down' ? { is: 'doubt' } : { is: 'nothing' } }
}

function onUnknown(standing: Standing, looked: Looked): { standing: Standing; verdict: Verdict } {
  // Unknown breaks a row of passes (UP is never inferred from it) and leaves a row of failures as it is.
  return { standing: { ...standing, passes: 0, unknownSince: standing.unknownSince ?? looked.tick, last: looked }, verdict: { is: 'nothing' } }
}

/** What time alone brings: unknown for too long, or no look came back at all (W-1). */
export function pass(check: Check, standing: Standing, now: Now, watchingSince: Tick): { standing: Standing; verdict: Verdict; stale: boolean } {
  const lastAt = standing.last ? Math.max(standing.last.tick, watchingSince) : watchingSince
  const stale = now.tick - lastAt > check.every + check.timeout + graceFor(check)
  const since = standing.unknownSince ?? (stale ? (lastAt as Tick) : undefined)
  const next = since === standing.unknownSince ? standing : { ...standing, unknownSince: since, passes: 0 }
  const tooLong = since !== undefined && now.tick - since >= check.unknownAfter && standing.side !== 'unknown' && standing.side !== 'down'
  return { standing: next, verdict: tooLong ? { is: 'turn', to: 'unknown' } : { is: 'nothing' }, stale }
}

/** Looks may be late by this much before their absence means something: the first pass after a start takes up to 30 s. */
const graceFor = (check: Check): number => Math.max(5000, Math.min(30_000, check.every))

export const turned = (standing: Standing, to: Exclude<Side, 'new'>, now: Now): Standing => ({
  ...standing,
  side: to,
  turns: [...standing.turns.filter((at) => now.tick - at <= FLAP_WINDOW), now.tick].slice(-FLAPS * 2),
})

/** What a check is worth as something that others lean on: its newest look, if it is young enough. */
export function worth(check: Check, standing: Standing | undefined, now: Now): Found {
  const last = standing?.last
  if (!last) return { is: 'unknown', says: 'not looked at yet' }
  const age = ageOf({ tick: last.tick, boot: now.boot }, now)
  if (age === undefined || age > check.every + check.timeout + graceFor(check)) return { is: 'unknown', says: 'the last look is too old' }
  return last.found
}

/** How long a turn may wait for the verdicts on what it leans on. */
export const verdictWait = (checks: readonly Check[]): Span =>
  (Math.max(0, ...checks.map((check) => check.timeout)) + 1000) as Span

export interface Turning {
  readonly check: string
  readonly to: Exclude<Side, 'new'>
  /** When it was due: the turn waits at most `verdictWait` from here. */
  readonly from: Tick
  readonly at: Instant
  readonly says: string
  /** Nobody knows because this node sees nothing far away. */
  readonly cutOff?: true
}
