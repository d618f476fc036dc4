// The gates before a copy is set aside (G-1, G-2, G-4, G-7): each want with what is known of it, by three values. What all of them rest on are the
// copies that are verified: read whole or restored from this very store, within so many days, known for a while, dated, counted. A copy that nobody
// ever read pushes out others that nobody ever read, and never one that was proven: whoever may only add copies cannot make good ones go.
import type { Found } from '../../../core/evidence.ts'
import { between, days, hours, sayTime, type Instant, type Now, type Span } from '../../../core/time.ts'
import { divided, lain, oldEnough, type Moment, type Want } from '../reconcile/margins.ts'
import { isSound, nameOf, READ_WHOLE, type Copy, type Known, type Mark, type Shelf } from './shelf.ts'
import { sortInto, type Keep } from './slots.ts'

export interface Settings {
  readonly keep: Keep
  /** A zone of the tz database; days, weeks, months and years are its own. */
  readonly zone: string
  /** So many newer verified copies must remain … */
  readonly keepVerified: number
  /** … in each of so many stores. */
  readonly locations: number
  readonly verifiedWithin: Span
  /** Lab time: divides the waits and nothing else; 1 outside a lab. */
  readonly shrink: number
}

export const DEFAULTS = { zone: 'UTC', keepVerified: 2, locations: 1, verifiedWithin: days(30), shrink: 1 } as const

export interface Waits {
  /** Younger than this nothing goes, and nothing makes others go. */
  readonly age: Span
  readonly soak: Span
  readonly runs: number
}

/** A copy that may have been taken in the future, by so much, was taken now: clocks differ. */
const AHEAD = 300_000

export function waitsOf({ shrink }: Pick<Settings, 'shrink'>): Waits {
  return { age: divided(hours(24), shrink), soak: divided(hours(24), shrink), runs: 2 }
}

/** A copy on a shelf, judged by itself. */
export interface Standing {
  readonly copy: Copy
  readonly name: string
  readonly at: Instant
  readonly known: Known | undefined
  /** Counted, dated, not of the future, and known for long enough. */
  readonly solid: boolean
  /** Solid, and at some time read whole. */
  readonly proven: boolean
  /** Nobody can say that it was never read whole. */
  readonly maybeProven: boolean
  /** Solid, and read whole not long ago (G-2). */
  readonly verified: boolean
}

/** The dated copies of a shelf, each by itself. */
export function standingsOf(shelf: Shelf, settings: Settings, now: Now, lived: Span): readonly Standing[] {
  const waits = waitsOf(settings)
  const memory = new Map(shelf.known?.copies.map((it) => [nameOf(it.place), it]))
  return shelf.copies.flatMap((copy) => {
    if (copy.at === undefined) return []
    const name = nameOf(copy.place)
    const known = memory.get(name)
    const solid = copy.counted && copy.at <= now.wall + AHEAD && known !== undefined && lain(known.since, { wall: now.wall, lived }, waits.age).is === 'pass'
    const readAt = copy.rung !== undefined && copy.rung >= READ_WHOLE && copy.provenAt !== undefined && copy.provenAt <= now.wall ? copy.provenAt : undefined
    const proven = solid && readAt !== undefined
    const verified = proven && between(readAt, now.wall) <= settings.verifiedWithin
    return [{ copy, name, at: copy.at, known, solid, proven, maybeProven: copy.rung === undefined || copy.rung >= READ_WHOLE, verified }]
  })
}

/** The verified copies of each shelf that can be believed, by store. */
export type Witnesses = ReadonlyMap<string, readonly Instant[]>

export const witnessesOf = (shelves: readonly Shelf[], settings: Settings, now: Now, lived: Span): Witnesses => new Map(
  shelves.filter((shelf) => isSound(shelf, now)).map((shelf) => [shelf.store, standingsOf(shelf, settings, now, lived).filter((it) => it.verified).map((it) => it.at)]),
)

/** Why a copy stays by the rules of the set; an empty list where it does not. */
export function sortBoth(standings: readonly Standing[], { keep, zone }: Settings): (one: Standing) => readonly string[] {
  const counted = sortInto(standings, { keep, zone, pushes: (it) => it.solid })
  const proven = sortInto(standings, { keep, zone, pushes: (it) => it.proven })
  return (one) => {
    const reasons = counted.get(one) ?? []
    if (reasons.length > 0 || !one.maybeProven) return reasons
    return (proven.get(one) ?? []).map((it) => `${it}, of those that were ever read whole`)
  }
}

/** Which copies could go if everything that is not known were as bad as can be: no loss of knowledge makes them fewer (G-5, X-9). */
export function couldGo(shelf: Shelf, { keep, zone }: Settings, now: Now): ReadonlySet<Copy> {
  const dated = shelf.copies.flatMap((copy) => (copy.at === undefined ? [] : [{ copy, name: nameOf(copy.place), at: copy.at }]))
  const kept = sortInto(dated, { keep, zone, pushes: () => true, fewer: shelf.copies.length - dated.length, anchor: now.wall })
  const stay = new Set(dated.filter((one) => (kept.get(one) ?? []).length > 0).map(({ copy }) => copy))
  return new Set(shelf.copies.filter((copy) => copy.held !== true && !stay.has(copy)))
}

export interface Judging {
  readonly shelf: Shelf
  readonly settings: Settings
  readonly witnesses: Witnesses
  readonly now: Now
  readonly lived: Span
}

/** Whether a copy is something that could ever go (G-2, G-4). */
export const touchable = ({ held, at, counted, why }: Copy, now: Now): readonly Want[] => [
  { wants: 'nobody holds it', found: held === undefined ? unknown('whether anybody holds it is not known') : held ? fail('it is held') : pass },
  { wants: 'it has a date', found: at === undefined ? unknown('when it was taken is not known') : at > now.wall + AHEAD ? fail('it is dated in the future') : pass },
  { wants: 'it counts', found: counted ? pass : fail(`it does not count (${why}): a person decides about it`) },
]

/** What newer copies must remain (G-1, G-4). */
export const covered = ({ at }: Standing, { shelf, settings, witnesses }: Judging): readonly Want[] => covering(at, { store: shelf.store, settings, witnesses })

/** The same for anything that was taken at that time. */
export function covering(at: Instant, { store: own, settings, witnesses }: { readonly store: string; readonly settings: Settings; readonly witnesses: Witnesses }): Want[] {
  const newer = (store: string): number => (witnesses.get(store) ?? []).filter((it) => it > at).length
  const { keepVerified, locations } = settings
  const stores = [...witnesses.keys()].filter((store) => newer(store) >= keepVerified)
  const best = [...witnesses.keys()].map((store) => `${store}: ${newer(store)}`).join(', ')
  return [
    { wants: `a newer verified copy in ${own}`, found: newer(own) > 0 ? pass : unknown('no newer one was read whole lately') },
    { wants: `${keepVerified} newer verified copies in ${locations === 1 ? 'a store' : `${locations} stores`}`, found: stores.length >= locations ? { is: 'pass', says: stores.join(', ') } : unknown(`not known of enough (${best === '' ? 'no store can be believed' : best})`) },
  ]
}

/** Age by the store's clock and by ours (G-4). */
export function aged({ copy, known }: Standing, { settings, now, lived }: Judging): readonly Want[] {
  const { age } = waitsOf(settings)
  const at: Moment = { wall: now.wall, lived }
  return [
    { wants: `${sayTime(age)} old by the store's clock`, found: oldEnough(copy.modifiedAt, now.wall, age) },
    { wants: `known for ${sayTime(age)}`, found: known === undefined ? unknown('it was not seen before') : lain(known.since, at, age) },
  ]
}

/** Marked long enough, and often enough (G-7). */
export function soaked(mark: Mark | undefined, { settings, now, lived }: Judging): readonly Want[] {
  const { soak, runs } = waitsOf(settings)
  if (mark === undefined) return [{ wants: `marked for ${sayTime(soak)}`, found: unknown('it is marked only now') }]
  return [
    { wants: `marked for ${sayTime(soak)}`, found: lain(mark.first, { wall: now.wall, lived }, soak) },
    { wants: `found superfluous in ${runs} healthy evaluations before`, found: mark.runs >= runs ? pass : fail(`in ${mark.runs} so far`) },
  ]
}

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })
