// The ten sanity checks before a run may mark anything. Each is a finding of three values with the evidence that it rests on and the cure for people;
// all must pass, and what is not known does not pass. Where they come from: identity, epoch, schema and sentinels from catalogues that were
// another one than everybody thought; floors from rclone, Swabbie and from ten per cent a run (G-18); freshness from Kopia #1949.
import type { Found } from '../../../core/evidence.ts'
import { ageOf, days, hours, isWithin, later, minutes, sayTime, type Instant, type Now, type Stamp } from '../../../core/time.ts'
import type { CatalogueIdentity, Former, Look, Ran, Readings, Snapshot, StoreIdentity, Tried } from './readings.ts'
import type { Broken, Merged } from './sandwich.ts'

export type CheckId = 'identity' | 'epoch' | 'schema' | 'sentinels' | 'planted' | 'listing' | 'floor' | 'fresh' | 'clock' | 'gaps'

export type Evidence = Look

export interface Check {
  readonly id: CheckId
  readonly found: Found['is']
  readonly text: string
  readonly cure: string
  readonly evidence: readonly Evidence[]
}

/** A check as it was looked at; `says` is what was found, without what was wanted: where there is room for little, a wish reads as good news. */
export interface LookedAt extends Check {
  readonly says: string | undefined
}

/** What the checks judge. `mixed`: folders with gaps that nobody accepted and objects without rows at once; `twins`: what is rather one of each in two spellings. */
export interface Looked {
  readonly readings: Readings
  readonly tried?: Tried
  readonly merged: Merged
  readonly mixed: readonly string[]
  readonly twins: readonly string[]
  /** The smallest catalogue that is believed at all. */
  readonly least: number
  readonly now: Now
}

export const FLOOR = 0.9
const LISTING_FLOOR = 0.8
const REMEMBERED = days(30)
const YOUNG = hours(1)
const SKEW = minutes(5)
const SENTINELS = 8
/** In so many folders, or in half of them where that is fewer: one more tenant is no reason to refuse, one of many that is seen no proof. */
const SENTINEL_FOLDERS = 4
/** Of the newest thousand; where there are fewer, what an application deletes in a day would else be a restore. */
const NEWEST_GONE = 0.01
const NEWEST = 1000

interface Rule {
  readonly id: CheckId
  readonly wants: string
  readonly cure: string
  readonly rests: (looks: Readonly<Record<keyof Readings, Look | undefined>>) => readonly (Look | undefined)[]
  readonly look: (looked: Looked) => Found
}

const RULES: readonly Rule[] = [
  {
    id: 'identity', wants: 'catalogue and store are the ones of the former runs', rests: (it) => [it.before, it.after, it.listing, it.former, it.history],
    cure: 'Look whether the address leads to the database and the bucket that are meant. If they have moved on purpose, arm it anew.', look: identity,
  },
  {
    id: 'epoch', wants: 'the catalogue has not gone back in time', rests: (it) => [it.before, it.after, it.former, it.newest, it.sentinelCounter, it.epochLatched],
    cure: 'Find out whether the database was restored. When its rows are right again, a person acknowledges it.', look: epoch,
  },
  {
    id: 'schema', wants: 'the tables are the approved ones, read whole from the primary', rests: (it) => [it.before, it.after, it.former],
    cure: 'Where its words are that it was not read whole, see why the database does not answer: then there is nothing to accept. Else see which table or column is new or gone. If no new one holds keys, accept the schema; if one does, name it in the query.', look: schema,
  },
  {
    id: 'sentinels', wants: `at least ${SENTINELS} sentinels, spread over folders and ages, are in both catalogues and in the listing`, rests: (it) => [it.before, it.listing, it.after],
    cure: 'Plant the sentinels again through the application, and see why some are not found. Where they stand too close together, let the command name rows in more folders, one that is long there and one just written.', look: sentinels,
  },
  {
    id: 'planted', wants: 'a planted orphan and a planted gap are found', rests: (it) => [it.before, it.listing, it.after],
    cure: 'Plant both again. If they are there and not found, the query or the prefix does not mean what it should.', look: planted,
  },
  {
    id: 'listing', wants: 'the listing is whole', rests: (it) => [it.listing, it.history],
    cure: 'Let the store be listed again. Only where it was listed whole, and so many objects are gone on purpose, accept the shrink.', look: listing,
  },
  {
    id: 'floor', wants: 'the catalogue is as full as it was', rests: (it) => [it.before, it.after, it.history],
    cure: 'See which rows are missing. If so many are gone on purpose, accept the shrink.', look: floor,
  },
  {
    id: 'fresh', wants: 'catalogue, listing and catalogue were read in this order within an hour, under a lease', rests: (it) => [it.before, it.listing, it.after, it.lease],
    cure: 'Nothing is to be done: the next run begins anew. If that is rule, see what makes reading slow.', look: fresh,
  },
  {
    id: 'clock', wants: 'the clocks of store, database and Holdfast agree within five minutes', rests: (it) => [it.clocks],
    cure: 'Set the clock that is off, and see whether its time is being kept.', look: clock,
  },
  {
    id: 'gaps', wants: 'no folder has rows without objects and objects without rows at once', rests: (it) => [it.before, it.listing, it.after],
    cure: 'Both at once is mostly a prefix or an encoding that does not fit. Mend the query; accept a gap by its key where its object is really gone.', look: gaps,
  },
]

/** What was looked at, whether it could be read or not. */
function looksOf({ tried, readings: read }: Pick<Looked, 'readings' | 'tried'>): Parameters<Rule['rests']>[0] {
  return { ...read, before: read.before ?? tried?.before, listing: read.listing ?? tried?.listing, after: read.after ?? tried?.after }
}

/** What it rests on; where that was not even tried, the look that failed before it. */
function restingOn({ tried }: Pick<Looked, 'tried'>, looks: readonly (Look | undefined)[]): Evidence[] {
  const known = looks.filter((it) => it !== undefined)
  return (known.length > 0 ? known : Object.values(tried ?? {})).map(({ subject, observer, at }) => ({ subject, observer, at }))
}

/** What else than a check rests on what was read: counts on catalogue and listing, and all else on what is named. */
export const evidenceOf = (seen: Pick<Looked, 'readings' | 'tried'>, names: readonly (keyof Readings)[]): Evidence[] => {
  const looks = looksOf(seen)
  return restingOn(seen, names.map((name) => looks[name]))
}

/** Judges all ten. */
export const check = (looked: Looked): LookedAt[] => RULES.map(({ id, wants, cure, rests, look }) => {
  const found = look(looked)
  const evidence = restingOn(looked, rests(looksOf(looked)))
  return { id, found: found.is, text: found.says === undefined ? wants : `${wants}: ${found.says}`, cure: found.is === 'pass' ? '' : cure, evidence, says: found.says }
})

/** The runs of the last 30 days, the newest first: without a hole back to an older one or to the first; nothing where a run is missing. */
export function remembered({ history }: Readings, now: Now): readonly Ran[] | undefined {
  if (history === undefined) return undefined
  const { number, runs } = history.value
  const newestFirst = [...runs].sort((a, b) => b.number - a.number)
  const whole = newestFirst.every((it, i) => it.number === number - 1 - i)
  const oldest = newestFirst.at(-1)
  const reaches = number === 1 ? oldest === undefined : oldest !== undefined && (oldest.number === 1 || later(oldest.at, REMEMBERED) <= now.wall)
  return whole && reaches ? newestFirst.filter((it) => later(it.at, REMEMBERED) > now.wall) : undefined
}

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })

/** The end of what is said of an input that was not read because of another. */
export const NOT_EITHER = 'it was not read either'

const refusedMerge = unknown('the inputs could not be merged')

function brokenIn(merged: Merged, input: Broken['input']): Found {
  const reasons = merged.is === 'refused' ? merged.reasons : []
  const causes = reasons.filter(({ says }) => !says.endsWith(NOT_EITHER))
  // What was not read because of something before it is not known, and no cause.
  const broken = (causes.length > 0 ? causes : reasons).filter((it) => it.input === input)
  if (broken.length === 0 && reasons.some((it) => it.input === input)) return unknown('it was not read, since what comes before it could not be')
  return broken.length === 0 ? pass : fail(broken.map((it) => it.says).join('; '))
}

/** The first that does not pass, failures before unknowns: what is known to be wrong is said. */
const every = (found: readonly Found[]): Found => found.find((it) => it.is === 'fail') ?? found.find((it) => it.is === 'unknown') ?? pass

const must = (wanted: boolean | undefined, isTrue: boolean, says: string, notKnown: string): Found =>
  wanted === undefined ? unknown(notKnown) : wanted === isTrue ? pass : fail(says)

/** Former values; `none` only for the very first run, or somebody has lost them. */
function formerOf({ former, history }: Readings): Former | 'none' | undefined {
  if (former === undefined || history === undefined) return undefined
  return former.value === 'none' && history.value.number !== 1 ? undefined : former.value
}

function identity({ readings }: Looked): Found {
  const { before, after, listing: list } = readings
  const former = formerOf(readings)
  if (before === undefined || after === undefined) return unknown('the catalogue was not read')
  const [a, b] = [before.value.identity, after.value.identity]
  if (!isSame(a, b)) return fail(`the catalogue was ${sayCatalogue(a)} before the listing and ${sayCatalogue(b)} after it`)
  if (list === undefined) return unknown('the store was not listed')
  if (former === undefined) return unknown('what former runs saw is not known')
  if (former === 'none') return pass
  if (!isSame(a, former.identity)) return fail(`the catalogue is ${sayCatalogue(a)}, and was ${sayCatalogue(former.identity)}`)
  const [is, was] = [list.value.store, former.store]
  return isSameStore(is, was) ? pass : fail(`the store is ${is.bucket} (${is.endpoint}), and was ${was.bucket} (${was.endpoint})`)
}

const isSameStore = (is: StoreIdentity, was: StoreIdentity): boolean => is.endpoint === was.endpoint && is.bucket === was.bucket && is.region === was.region
/** Whether the store was listed, and is the one of the former runs: only then can something be missing from it. */
export function isListed({ listing: list, former }: Readings): boolean {
  if (list === undefined || former === undefined) return false
  return former.value === 'none' || isSameStore(list.value.store, former.value.store)
}

const isSame = (a: CatalogueIdentity, b: CatalogueIdentity): boolean => a.system === b.system && a.timeline === b.timeline && a.database === b.database
const sayCatalogue = (it: CatalogueIdentity): string => `${it.database} of ${it.system} (line ${it.timeline})`

function epoch({ readings }: Looked): Found {
  const { before, after, newest, sentinelCounter, epochLatched } = readings
  const former = formerOf(readings)
  const latch = must(epochLatched?.value, false, 'it went back before, and nobody has acknowledged that yet', 'whether it went back before is not known')
  if (before === undefined || after === undefined) return every([latch, unknown('the catalogue was not read')])
  const [a, b] = [before.value, after.value]
  const moved = b.position >= a.position ? pass : fail('its history went back during the listing')
  const tables = a.oids === b.oids ? pass : fail('its tables were replaced during the listing')
  if (former === undefined) return every([latch, moved, tables, unknown('what former runs saw is not known')])
  if (former === 'none') return every([latch, moved, tables])
  const share = newest === undefined ? unknown(NOT_SEEN) : newest.value === 'none' ? notCompared : newestLeft(newest.value)
  const counter = sentinelCounter === undefined ? unknown('the sentinels\' counter was not read') : sentinelCounter.value >= former.sentinelCounter ? pass : fail(`the sentinels count ${sentinelCounter.value}, and counted ${former.sentinelCounter}`)
  const found = every([
    latch, moved, tables, share, counter,
    a.oids === former.oids ? pass : fail('its database or tables were made anew: a dump was restored'),
    a.position >= former.position ? pass : fail('its history is shorter than it was'),
  ])
  // One eye is shut: it passes, and says so.
  return found.is === 'pass' ? share : found
}

/** The end of what is said where the list of the newest keys is lost: nothing but a person leads out of that. */
export const NOT_SEEN = 'whether the newest rows are still there is not known'

/** The end of what is said while no run that was good and full has learned the newest rows: since there were any, or since a person accepted that it went back. */
export const NOT_COMPARED = 'the newest rows are not being compared yet: no run that was good and as full as it should be has learned them'
const notCompared: Found = { is: 'pass', says: NOT_COMPARED }

function newestLeft({ of, gone }: { readonly of: number; readonly gone: number }): Found {
  if (!(of > 0)) return unknown(NOT_SEEN)
  return gone > NEWEST_GONE * Math.max(of, NEWEST) ? fail(`${gone} of the newest ${of} rows are gone`) : pass
}

function schema({ readings, merged }: Looked): Found {
  const former = formerOf(readings)
  const each = [readings.before, readings.after].map((it) => (it === undefined ? unknown('the catalogue was not read') : fit(it.value, former)))
  return every([...each, brokenIn(merged, 'catalogue')])
}

function fit(it: Snapshot, former: Former | 'none' | undefined): Found {
  const approved = former === undefined ? unknown('which tables are approved is not known') : former === 'none' || former.fingerprint === it.fingerprint ? pass : fail('its tables or columns have changed')
  return every([
    must(it.primary, true, 'it was read from a replica', 'whether it is the primary is not known'),
    must(it.rowSecurity, false, 'row security hides rows', 'whether row security hides rows is not known'),
    must(it.lockColumn, true, 'the lock column is gone', 'whether there is a lock column is not known'),
    approved,
  ])
}

function sentinels({ merged }: Looked): Found {
  if (merged.is === 'refused') return refusedMerge
  const rows = merged.sentinels.filter((it) => it.is === 'row')
  if (rows.length < SENTINELS) return fail(`only ${rows.length} are planted`)
  const missing = rows.filter((it) => !(it.before && it.listed && it.after))
  if (missing.length > 0) return fail(`${missing.length} of ${rows.length} are not everywhere`)
  const { folders, held, old, young } = merged.spread
  const wanted = Math.min(SENTINEL_FOLDERS, Math.ceil(folders / 2))
  return every([
    held >= wanted ? pass : fail(`they stand in ${held} of the ${folders} folders that hold objects, and ${wanted} are wanted`),
    old === false ? fail('none of them is as old as the oldest quarter of the objects') : pass,
    young === false ? fail('none of them is as new as the newest quarter of the objects') : pass,
  ])
}

function planted({ merged }: Looked): Found {
  if (merged.is === 'refused') return refusedMerge
  const [orphans, holes] = [merged.sentinels.filter((it) => it.is === 'orphan'), merged.sentinels.filter((it) => it.is === 'gap')]
  if (orphans.length === 0 || holes.length === 0) return fail('they are not planted')
  if (!orphans.every((it) => it.listed && !it.before && !it.after)) return fail('the planted orphan is not found')
  return holes.every((it) => it.before && it.after && !it.listed) ? pass : fail('the planted gap is not found')
}

function listing(looked: Looked): Found {
  const { readings, merged, now } = looked
  if (merged.is === 'refused') return every([brokenIn(merged, 'listing'), refusedMerge])
  const whole = must(readings.listing?.value.final, true, 'its last page says that it goes on', 'whether its last page is the last is not known')
  const { objects } = merged.counts
  const runs = remembered(readings, now)
  if (runs === undefined || readings.accepted === undefined) return every([whole, unknown('what former runs counted is not known')])
  const { shrink } = readings.accepted.value
  const mostOf = (some: readonly Ran[]): number => Math.max(some.find((it) => it.objects !== undefined)?.objects ?? 0, ...some.filter((it) => it.healthy).map((it) => it.objects ?? 0))
  const most = shrunk(mostOf, runs, shrink && { at: shrink.at, to: shrink.objects })
  const found = every([whole, objects >= LISTING_FLOOR * most ? pass : fail(`${objects} objects, and ${most} were there`)])
  const odd = readings.listing?.value.odd
  return found.is === 'pass' && odd !== undefined && odd.count > 0 ? { is: 'pass', says: `beside ${objects} objects it has ${odd.count} that nobody can ask for by their names, and that are never touched: ${odd.shown.slice(0, 3).join('; ')}` } : found
}

function floor({ readings, merged, least, now }: Looked): Found {
  if (merged.is === 'refused') return refusedMerge
  const { before, after } = merged.counts
  const rows = Math.min(before, after)
  if (!(rows > 0 && rows >= least)) return fail(`${rows} rows, and at least ${Math.max(1, least)} must be there`)
  if (after < FLOOR * before) return fail(`${before} rows before the listing and ${after} after it`)
  const runs = remembered(readings, now)
  if (runs === undefined || readings.accepted === undefined) return unknown('what former runs counted is not known')
  const { shrink } = readings.accepted.value
  const mostOf = (some: readonly Ran[]): number => Math.max(0, ...some.filter((it) => it.healthy).map((it) => Math.max(it.before ?? 0, it.after ?? 0)))
  const most = shrunk(mostOf, runs, shrink && { at: shrink.at, to: shrink.rows })
  return rows >= FLOOR * most ? pass : fail(`${rows} rows, and ${most} were there within 30 days`)
}

/** A shrink that a person accepted lowers what is wanted, and never raises it. */
function shrunk(mostOf: (runs: readonly Ran[]) => number, runs: readonly Ran[], shrink: { readonly at: Instant; readonly to: number } | undefined): number {
  const most = mostOf(runs)
  return shrink === undefined ? most : Math.min(most, Math.max(shrink.to, mostOf(runs.filter((it) => it.at > shrink.at))))
}

function fresh({ readings, now }: Looked): Found {
  const { before, listing: list, after, lease } = readings
  if (before === undefined || list === undefined || after === undefined) return unknown('not all three were read')
  const stamps: readonly Stamp[] = [before.value.began, before.value.ended, list.value.began, list.value.ended, after.value.began, after.value.ended]
  const ages = stamps.map((it) => ageOf(it, now))
  if (ages.some((it) => it === undefined)) return unknown('when they were read is not known on this boot')
  const known = ages.flatMap((it) => it ?? [])
  const inOrder = known.every((age, i) => i === 0 || age <= (known[i - 1] ?? 0))
  if (!inOrder) return fail('they were not read one after the other')
  const oldest = known[0]
  if (oldest === undefined || oldest > YOUNG) return fail(`the first was read ${sayTime(oldest ?? YOUNG)} ago`)
  if (lease === undefined) return unknown('whether the lease holds is not known')
  const { boot, tick, wall } = lease.value
  return boot === now.boot && tick > now.tick && wall > now.wall ? pass : fail('the lease is over')
}

function clock({ readings: { clocks }, now }: Looked): Found {
  if (clocks === undefined) return unknown('they were not compared')
  if (!isWithin(clocks.seen, now, YOUNG)) return unknown('they were compared too long ago')
  const { storeOff, databaseOff } = clocks.value
  const off = Math.max(Math.abs(storeOff), Math.abs(databaseOff), Math.abs(storeOff - databaseOff))
  if (Number.isNaN(off)) return unknown('they were not compared')
  return off < SKEW ? pass : fail(`they are up to ${sayTime(Math.abs(off) as typeof SKEW)} apart`)
}

function gaps({ merged, mixed, twins }: Looked): Found {
  if (merged.is === 'refused') return refusedMerge
  const found = [...mixed.map((it) => (it === '' ? 'no folder' : it)), ...twins]
  return found.length === 0 ? pass : fail(found.join(', '))
}
