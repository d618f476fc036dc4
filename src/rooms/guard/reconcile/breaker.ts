// The breaker: too much at once is a mistake until two people say otherwise. A run that asks for more than these limits trips it; it stays open until two
// people close it with a reason, after a run that was healthy since; then it is half open, for the first few keys of the plan that they saw, four
// times as many after each healthy run, and closed when all fit. Numbers come from peers (rclone bisync, Swabbie) and from what Nodecraft lost.
// What a limit needs to know and nobody knows is `unknown`, and holds as a trip does, without latching.
import type { Found } from '../../../core/evidence.ts'
import { between, hours, type Instant, type Span } from '../../../core/time.ts'
import { divided, lain, type Moment } from './margins.ts'
import type { Group } from './sandwich.ts'

export const LIMITS = {
  /** New orphans in one run: the larger of the two. */
  newOrphans: 100,
  newShare: 0.005,
  newBytesShare: 0.01,
  /** Against the weighted mean of the last runs. */
  surge: 3,
  surgeRuns: 8,
  groupShare: 0.2,
  /** Flagged and quarantined together (G-18). */
  standingShare: 0.02,
  actsPerRun: 500,
  actsPerDayShare: 0.005,
  errorShare: 0.01,
  /** So many refused preconditions in one batch are no accident. */
  preconditions: 3,
  /** Shares mean something where so many objects are (G-25): what is there counts, and not how many of it have no row. */
  few: 20,
  /**
   * So many are no share yet, unless they are a fifth of all: what two people let through first. Were it less, what they closed would open again
   * with the next run, and a small store could never be cleaned.
   */
  first: 10,
} as const

/** What one run measured. `undefined`: not known. */
export interface Measures {
  readonly objects: number
  readonly bytes: number
  readonly newOrphans: number
  /** `undefined` as soon as the size of one of them is not known. */
  readonly newBytes: number | undefined
  readonly flagged: number
  readonly aside: number
  /** Those of the worst share first; a few are enough. */
  readonly groups: readonly Group[]
  /** Acts that are permitted, and those that only something unknown holds back. */
  readonly acts: number
  readonly actsToday: number | undefined
  /** New orphans of earlier healthy runs, the newest last. */
  readonly earlier: readonly number[] | undefined
  /** What came of the acts of the last batch. */
  readonly lastBatch: { readonly tried: number; readonly failed: number; readonly preconditions: number } | undefined
  /** Rows that came back for what had been put aside. */
  readonly resurrected: number
  /** Groups of which a person has said that they are really gone. */
  readonly goneGroups: readonly GoneGroup[]
}

/** A group that a person said is really gone, with as many objects as they saw there: one more is another thing. */
export interface GoneGroup {
  readonly name: string
  readonly most: number
}

export interface Limit {
  readonly id: string
  readonly found: Found
}

const NO_FOLDER = 'no folder'

/** What a person may accept of a group that trips, by the sentence that says so: `name: 37 objects`. */
export function goneSeen(says: string): string | undefined {
  const found = /^(\d+) of \d+ objects in (.*) have no row$/s.exec(says)
  return found ? `${found[2]}: ${found[1]} objects` : undefined
}

/** The group that was accepted by that; nothing where it is bound to no number. */
export function goneOf(seen: string): GoneGroup | undefined {
  const found = /^(.*): (\d{1,12}) objects$/s.exec(seen)
  return found ? { name: found[1] === NO_FOLDER ? '' : (found[1] ?? ''), most: Number(found[2]) } : undefined
}

/** Every limit, and what came of it. A failure trips. */
export function measure(it: Measures): Limit[] {
  const surge = it.earlier === undefined ? undefined : weighted(it.earlier.slice(-LIMITS.surgeRuns))
  return [
    { id: 'new-orphans', found: atMost(it.newOrphans, Math.max(LIMITS.newOrphans, LIMITS.newShare * it.objects), 'new orphans') },
    { id: 'new-bytes', found: it.objects < LIMITS.few ? pass : atMost(it.newBytes, LIMITS.newBytesShare * it.bytes, 'bytes of new orphans') },
    { id: 'surge', found: it.earlier === undefined ? unknown('earlier runs') : surge === undefined ? pass : atMost(it.newOrphans, Math.max(LIMITS.first, LIMITS.surge * surge), 'new orphans, against earlier runs') },
    { id: 'group', found: worstGroup(it) },
    { id: 'standing', found: standing(it) },
    { id: 'per-run', found: atMost(it.acts, LIMITS.actsPerRun, 'acts in one run') },
    { id: 'per-day', found: it.actsToday === undefined ? unknown('acts of the last day') : atMost(it.acts + it.actsToday, Math.max(LIMITS.first, LIMITS.actsPerDayShare * it.objects), 'acts in one day') },
    { id: 'errors', found: it.lastBatch === undefined ? unknown('the last batch of acts') : atMost(it.lastBatch.failed, LIMITS.errorShare * it.lastBatch.tried, 'failed acts') },
    { id: 'preconditions', found: it.lastBatch === undefined ? unknown('the last batch of acts') : atMost(it.lastBatch.preconditions, LIMITS.preconditions - 1, 'acts on what had changed meanwhile') },
    { id: 'resurrected', found: atMost(it.resurrected, 0, 'rows that came back for what was put aside') },
  ]
}

/**
 * `through`: the last key, in hex, that may be touched while it is half open. `most`: how many keys that was when it was chosen. `tried`: the first healthy
 * run since, from which on they can have been put aside, and come back.
 */
export type Breaker =
  | { readonly is: 'closed' }
  | { readonly is: 'open'; readonly since: Instant; readonly because: readonly string[] }
  | { readonly is: 'half'; readonly since: Instant; readonly through: string; readonly most: number; readonly tried?: Moment }

/** The keys, in hex and in byte order, at the tenth, fortieth … place of what a plan would put aside. `count`: all of them. */
export interface Ladder {
  readonly count: number
  readonly rungs: readonly { readonly most: number; readonly key: string }[]
}

export type BreakerEvent =
  | { readonly is: 'ran'; readonly at: Instant; readonly lived: Span; readonly trips: readonly string[]; readonly healthy: boolean; readonly ladder: Ladder; readonly cooling: Span }
  | { readonly is: 'close'; readonly at: Instant; readonly people: readonly string[]; readonly reason: string; readonly healthyAt: Instant | undefined; readonly ladder: Ladder }

/** The places at which a plan names a key: each four times the one before. */
export const RUNGS: readonly number[] = [10, 40, 160, 640]

/** Of keys in hex, whatever their order. */
export function ladderOf(keys: readonly string[]): Ladder {
  const sorted = [...keys].sort()
  return { count: keys.length, rungs: RUNGS.flatMap((most) => sorted.slice(most - 1, most).map((key) => ({ most, key }))) }
}

const FRESH = hours(24)
/** So long it is waited, by both clocks, for a row that comes back, before more is touched. What the application asks for in vain nobody sees (0025). */
const COOLING = hours(24)

/** The cooling-off of a half-open breaker. `shrink`: lab time divides it like the other waits. */
export const coolingOf = (shrink: number): Span => divided(COOLING, shrink)

/** What the breaker is after an event. A close that may not be leaves it as it is, and says why. */
export function step(breaker: Breaker, event: BreakerEvent): { readonly breaker: Breaker; readonly refused?: string } {
  if (event.is === 'close') return close(breaker, event)
  if (event.trips.length > 0) return { breaker: breaker.is === 'open' ? { ...breaker, because: [...new Set([...breaker.because, ...event.trips])] } : { is: 'open', since: event.at, because: event.trips } }
  if (breaker.is !== 'half') return { breaker }
  const { at, lived, healthy, ladder, cooling } = event
  if (!healthy) return { breaker }
  // What came back would have tripped it: a healthy run has seen nothing of that.
  const now: Moment = { wall: at, lived }
  if (breaker.tried === undefined) return { breaker: { ...breaker, tried: now } }
  return { breaker: lain(breaker.tried, now, cooling).is === 'pass' ? widened(ladder, breaker.most * 4, at) : breaker }
}

function close(breaker: Breaker, { people, reason, at, healthyAt, ladder }: Extract<BreakerEvent, { is: 'close' }>): { readonly breaker: Breaker; readonly refused?: string } {
  if (breaker.is !== 'open') return { breaker, refused: 'it is not open' }
  if (new Set(people).size < 2) return { breaker, refused: 'it takes two people' }
  if (reason.trim() === '') return { breaker, refused: 'it takes a reason' }
  const fresh = healthyAt !== undefined && healthyAt > breaker.since && healthyAt <= at && between(healthyAt, at) <= FRESH
  if (!fresh) return { breaker, refused: 'it takes a healthy run since it opened, within the last day' }
  return { breaker: widened(ladder, RUNGS[0] ?? 0, at) }
}

function widened({ count, rungs }: Ladder, most: number, at: Instant): Breaker {
  const rung = rungs.find((it) => it.most === most)
  if (count <= most || rung === undefined) return { is: 'closed' }
  return { is: 'half', since: at, through: rung.key, most }
}

/** Whether the breaker lets this key through, which is flagged since `first`. Nobody knows its state: nothing passes. Half open it is for what was there when people saw it. */
export function lets(breaker: Breaker | undefined, key: Uint8Array, first: Instant | undefined): Found {
  if (breaker === undefined) return { is: 'unknown', says: 'the state of the breaker is not known' }
  switch (breaker.is) {
    case 'closed': return pass
    case 'open': return { is: 'fail', says: 'the breaker is open' }
    case 'half':
      if (Buffer.from(key).toString('hex') > breaker.through) return { is: 'fail', says: 'the breaker is half open, and this comes later' }
      if (first === undefined) return unknown('the breaker is half open, and since when this is flagged')
      return first < breaker.since ? pass : { is: 'fail', says: 'the breaker is half open, and this was flagged only then' }
  }
}

/** Whether a half-open breaker has any left, of so many that went since two people closed it: no clock and no name makes the first ten more. */
export function hasRoom(breaker: Breaker | undefined, passed: number | undefined): Found {
  if (breaker?.is !== 'half') return breaker === undefined ? { is: 'unknown', says: 'the state of the breaker is not known' } : pass
  if (passed === undefined) return unknown('the breaker is half open, and how many went already')
  const most = RUNGS.filter((it) => it <= breaker.most).reduce((sum, it) => sum + it, 0)
  return passed < most ? pass : { is: 'fail', says: `the breaker is half open, and ${passed} went already, of ${most} at most` }
}

const pass: Found = { is: 'pass' }
const unknown = (what: string): Found => ({ is: 'unknown', says: `${what}: not known` })

function atMost(n: number | undefined, most: number, what: string): Found {
  if (n === undefined || !Number.isFinite(n) || !Number.isFinite(most)) return unknown(what)
  return n <= most ? pass : { is: 'fail', says: `${n} ${n === 1 ? what.replace(/\b(orphan|act|row)s\b/, '$1') : what}, at most ${Math.floor(most)}` }
}

/** What is flagged and put aside: two per cent, or the first few where that is less; but never a fifth of a store, and never all of it, however small. */
function standing({ objects, flagged, aside }: Measures): Found {
  if (objects > 1 && flagged >= objects) return { is: 'fail', says: `${flagged} of ${objects} objects have no row: all of them` }
  const first = objects < LIMITS.few ? LIMITS.first : Math.min(LIMITS.first, Math.ceil(LIMITS.groupShare * objects) - 1)
  return atMost(flagged + aside, Math.max(first, LIMITS.standingShare * objects), 'flagged and put aside')
}

/**
 * Whether a group has so many objects without a row that a tenant or a table may be missing, and nobody has said that it is gone. All of a folder is too
 * much however small it is; one single object is no share of anything, and what lies in no folder belongs to no tenant.
 */
export function isTooMuch({ name, objects, rowless }: Group, goneGroups: readonly GoneGroup[]): boolean {
  const share = objects >= LIMITS.few ? rowless >= LIMITS.groupShare * objects : name !== '' && objects > 1 && rowless >= objects
  return share && !goneGroups.some((gone) => gone.name === name && rowless <= gone.most)
}

function worstGroup({ groups, goneGroups }: Measures): Found {
  const worst = groups.find((it) => isTooMuch(it, goneGroups))
  return worst === undefined ? pass : { is: 'fail', says: `${worst.rowless} of ${worst.objects} objects in ${worst.name === '' ? NO_FOLDER : worst.name} have no row` }
}

/** Each run weighs a third of what is known after it. Nothing where there was no run. */
function weighted(runs: readonly number[]): number | undefined {
  const [first, ...rest] = runs
  return first === undefined ? undefined : rest.reduce((mean, it) => mean + (it - mean) / 3, first)
}
