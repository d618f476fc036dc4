// The duty of retention: after each listing the copies of a set are judged by its rules and by what was proven of them. What could go is marked, waits, and
// is judged again; the plan says of every copy why it stays or may go. Nothing goes by that alone: a person permits a plan, as it stands at that
// moment, and the desk asks here again right before each act.
import type { Observation } from '../../../core/evidence.ts'
import { days, dueIn, hours, type Now, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { MOST_SKEW, type StoreClock } from '../../../ports/store.ts'
import type { Acts } from '../acts/index.ts'
import type { PlanRow } from '../acts/rows.ts'
import { actsToday, loadJob } from '../acts/rows.ts'
import { isTold, refusedOf, tellOver } from '../acts/telling.ts'
import { failedIn } from '../drills/rows.ts'
import { loadCopies, loadListing, loadProofs, loadStamp } from '../rows.ts'
import { judgeCopies } from '../sets/judge.ts'
import { writtenBy } from '../sets/manifest-rows.ts'
import type { BackupSet } from '../sets/set.ts'
import { DEFAULTS, type Settings } from './gates.ts'
import { jobOf, marginsFor, totalsOf, type Wanted } from './job.ts'
import { judge, LIMITS, saidMost, type Judged, type World } from './judge.ts'
import { purgePlan, takenAt, type Attic, type PurgePlan } from './purge.ts'
import { ladderIn } from './run.ts'
import { forgetRefused, forgetWell, loadFewest, loadHolds, loadKnown, loadMost, loadRefused, loadShelf, loadTaken, loadWell, NEVER, saveEvaluated, saveKnown, saveRefused, saveWell } from './rows.ts'
import { FRESH, nameOf, READ_WHOLE, type Place, type Shelf } from './shelf.ts'

/** What retention needs of the node. */
export interface Life {
  /** How long Holdfast has run on this store altogether. */
  readonly lived: () => Span
  /** Lab time; 1 outside a lab. */
  readonly shrink: () => number
}

const WEEK: Span = days(7)
const HALF_DAY: Span = hours(12)

export const settingsOf = (set: BackupSet, shrink: number): Settings => ({ ...DEFAULTS, ...set.retention, keep: set.keep ?? {}, shrink })

/** Everything that is known of a set, as one of its stores is judged by it. */
export function worldOf(sql: Sql, set: BackupSet, store: string, now: Now, life: Life): World {
  return {
    set: set.name, settings: settingsOf(set, life.shrink()), store, shelves: set.in.map((lies) => shelfOf(sql, set, lies, now, life.lived())), accepted: loadMost(sql, set.name, store), now, lived: life.lived(),
  }
}

/** A plan as things stand now; nothing is remembered of it. */
export const planFor = (sql: Sql, set: BackupSet, store: string, now: Now, life: Life): Judged => judge(worldOf(sql, set, store, now, life))

/** The same for what lies aside of it. */
export function atticOf(sql: Sql, set: BackupSet, store: string, now: Now, life: Life, { shelves, settings, accepted }: World = worldOf(sql, set, store, now, life)): Attic {
  const lies = set.in.find((it) => it.store === store)
  const holds = loadHolds(sql, set.name)
  const isHeld = (key: string): boolean => holds.has(key)
  const laid = [...loadTaken(sql, set.name, store).values()].flatMap(({ key, life: it }) => (it.is === 'aside' ? [{ key, aside: it.aside, at: lies && takenAt(lies.pattern, key, it.aside), held: isHeld(key) }] : []))
  return { set: set.name, store, settings, shelves, accepted, laid, margins: marginsFor(life.shrink()), now, lived: life.lived(), ...(lies?.neverRemoves === undefined ? {} : { never: lies.neverRemoves }) }
}

export const purgeFor = (sql: Sql, set: BackupSet, store: string, now: Now, life: Life): PurgePlan => purgePlan(atticOf(sql, set, store, now, life))

/** A plan as it is kept once people have said that it may be done, or are asked whether; `only`: for so long. */
export function keptPlan(world: World, plan: { readonly id: string; readonly hash: string; readonly identity: string | null; readonly binding: string | null }, acts: readonly Wanted[], only: Span): Omit<PlanRow, 'digest'> {
  const { set, store, now, settings, accepted } = world
  const { binding } = plan
  return {
    id: plan.id, reconcile: jobOf(set, store), hash: plan.hash, mode: 'armed', binding, refusals: [], totals: totalsOf(acts), store, identity: plan.identity ?? '', margins: marginsFor(settings.shrink),
    goodUntil: dueIn(now, only), ...(acts.some(({ act }) => act === 'purge') && { purgeUntil: dueIn(now, only) }), perDay: Math.max(LIMITS.perDay, saidMost(accepted, now)), at: now.wall,
  }
}

/** Judges, and remembers what could go and since when. */
export function evaluate(tx: Tx, set: BackupSet, store: string, life: Life, acts: Pick<Acts, 'well'>): void {
  if (set.keep === undefined) return
  const world = worldOf(tx.sql, set, store, tx.now, life)
  const judged = judge(world)
  const { remember, healthy, plan } = judged
  tellStanding(tx, set, store, judged)
  // What was never evaluated before is known from now on.
  const at = { wall: tx.now.wall, lived: life.lived() }
  if (remember) saveKnown(tx.sql, set.name, store, remember.map((it) => (it.since === NEVER ? { ...it, since: at } : it)))
  if (healthy) saveEvaluated(tx.sql, set.name, store, tx.now.wall, remember?.length ?? 0)
  // A breaker is closed by people only after all was found well since it opened.
  const { breaker, healthy: well } = loadJob(tx.sql, jobOf(set.name, store))
  if (healthy && breaker.is === 'open' && (well === undefined || well.at <= breaker.since || tx.now.wall - well.at > HALF_DAY)) acts.well(tx, jobOf(set.name, store), ladderIn(world, plan))
}

/**
 * Tells of a plan that is refused, and forgets it where it is not: with the second judgement in a row that refuses nothing, each by a listing of its own. What
 * comes and goes with every listing would else open an incident each time, and ring for each.
 */
export function tellStanding(tx: Tx, set: BackupSet, store: string, { plan, pages }: Pick<Judged, 'plan' | 'pages'>): void {
  const { sql } = tx
  if (pages[0]) {
    forgetWell(sql, set.name, store)
    return tellRefused(tx, set, store, { why: plan.refusals.map(({ id }) => id).join(' '), says: pages[0].says })
  }
  // Somebody else has ended it: what is refused later is news.
  if (!isTold(sql, refusedOf(set.name, store))) {
    forgetWell(sql, set.name, store)
    return forgetRefused(sql, set.name, store)
  }
  const listed = loadListing(sql, set.name, store, tx.now).at
  const first = loadWell(sql, set.name, store)
  if (listed === undefined) return
  if (first === undefined || listed < first) return saveWell(sql, set.name, store, listed)
  if (listed === first) return
  forgetWell(sql, set.name, store)
  forgetRefused(sql, set.name, store)
  tellOver(tx, refusedOf(set.name, store), 'it was judged again, twice, and nothing is refused any more')
}

/** Somebody else takes copies away, or it is another store. */
const GRAVE: readonly string[] = ['vanished', 'identity']

/** One cause, one incident; what stays so is told again weekly, and is over with the second judgement in a row that refuses nothing (G-28). */
function tellRefused(tx: Tx, set: BackupSet, store: string, { why, says }: { readonly why: string; readonly says: string }): void {
  const told = loadRefused(tx.sql, set.name, store)
  if (told?.why === why && tx.now.wall - told.wall < WEEK && tx.now.wall >= told.wall) return
  saveRefused(tx.sql, set.name, store, why, tx.now.wall)
  tx.append({ is: 'guard.alarmed', stream: refusedOf(set.name, store), body: { subject: refusedOf(set.name, store), member: refusedOf(set.name, store), title: `${set.name}: nothing more may go in ${store}`.slice(0, 120), says: says.slice(0, 500), escalate: set.escalate, at: tx.now.wall, cause: why.split(' ').toSorted().join(' '), weight: GRAVE.some((id) => why.split(' ').includes(id)) ? 3 : 1 } })
}

function shelfOf(sql: Sql, set: BackupSet, lies: BackupSet['in'][number], now: Now, lived: Span): Shelf {
  const { store } = lies
  const listing = loadListing(sql, set.name, store, now)
  const known = loadShelf(sql, set.name, store)
  const seen = loadStamp(sql, set.name, store)
  const holds = loadHolds(sql, set.name)
  // What we took away since the last listing is no copy, and no witness for another.
  const taken = loadTaken(sql, set.name, store)
  const isTaken = (it: Place): boolean => taken.size > 0 && taken.has(nameOf(it))
  const copies = loadCopies(sql, set.name, store).filter((it) => !isTaken(it))
  const gone = new Set([...taken.values()].map(({ place: { key, etag } }) => JSON.stringify([key, etag])))
  const proofs = loadProofs(sql, set.name, store).filter(({ key, etag }) => !gone.has(JSON.stringify([key, etag])))
  // Its bytes may be read without a fault and be no backup: then it is no witness for an older one either.
  const failed = failedIn(sql, set.name, store)
  const look = (subject: string, found: Observation['found']): Observation | undefined =>
    seen && listing.at !== undefined ? { subject, observer: 'guard', at: listing.at, seen, goodFor: FRESH, found } : undefined
  return {
    store, identity: { now: listing.identity, former: known?.identity },
    listing: look(`backup:${set.name}@${store}`, { is: 'pass' }), clock: known?.clock === undefined ? undefined : look(`clock of ${store}`, clockFound(known.clock)),
    count: copies.length,
    copies: judgeCopies(lies.pattern, copies, now.wall, writtenBy(sql, set, lies)).map((copy) => {
      const [proof] = proofs.filter((it) => it.key === copy.key && it.etag === copy.etag).toSorted((a, b) => b.rung - a.rung || b.at - a.at)
      const { key, etag, versionId } = copy
      const says = failed(copy)
      return {
        copy: key, at: copy.at, bytes: copy.bytes, counted: copy.counted && says === undefined, why: copy.why || (says ?? ''), rung: proof?.rung ?? 1, provenAt: proof?.at, modifiedAt: copy.modifiedAt, held: holds.has(key),
        place: { key, etag, ...(versionId === undefined ? {} : { versionId }) },
      }
    }),
    known: loadKnown(sql, set.name, store, taken), proofs: new Set(proofs.filter(({ rung }) => rung >= READ_WHOLE).map(({ key, etag }) => JSON.stringify([key, etag]))).size,
    fewest: loadFewest(sql, set.name, store, now.wall), actsToday: actsToday(sql, jobOf(set.name, store), { wall: now.wall, lived }),
  }
}

/** Whether the store's clock and ours agree (G-9). */
function clockFound(clock: StoreClock): Observation['found'] {
  if (clock.is === 'unknown') return clock.untold === true ? { is: 'pass', says: 'whoever acts measures it first' } : { is: 'unknown', says: clock.says }
  const { least, most } = clock.ahead
  if (least > MOST_SKEW || most < -MOST_SKEW) return { is: 'fail', says: `its clock differs from ours by ${Math.round(Math.min(Math.abs(least), Math.abs(most)) / 1000)} s` }
  return Math.max(Math.abs(least), Math.abs(most)) <= MOST_SKEW ? { is: 'pass' } : { is: 'unknown', says: 'how far its clock is off could not be seen closely enough' }
}
