// Margins: how old, how often seen and how long lain something must be before it is touched, and why it is not yet. An object's age is read by the
// store's clock, which wrote it; every wait by two clocks, the wall clock and the time that Holdfast has lived through, and the later one counts
// (G-7, X-7). Each want is a finding of three values; only what passes all of them is eligible, and nothing here has a default for unknown.
import type { Found } from '../../../core/evidence.ts'
import { between, days, hours, instantOf, later, sayTime, type Instant, type Span } from '../../../core/time.ts'
import type { Listed, Lock } from './cursor.ts'

/** A moment by both clocks. `lived` is the sum of the monotonic spans that Holdfast was alive for; it survives restarts and never goes back. */
export interface Moment {
  readonly wall: Instant
  readonly lived: Span
}

/** What is kept of an orphan between runs. It belongs to one version of one object: another version begins anew. */
export interface Flag {
  readonly version: string
  readonly etag: string
  readonly first: Moment
  /** Runs that count: healthy, and far enough from the one before. */
  readonly runs: number
  readonly last: Moment
}

/** What was put aside. */
export interface Quarantine {
  readonly version: string
  readonly etag: string
  readonly since: Moment
  /** When, by the store's clock, it was put aside. */
  readonly storeSince: Instant
}

export interface Margins {
  readonly runs: number
  readonly spacing: Span
  readonly age: Span
  readonly soak: Span
  /** `undefined`: not known, and so never over. */
  readonly quarantine: Span | undefined
}

/**
 * What the margins of one reconcile come from. `oldestCopy` is the age of the oldest restorable copy of the catalogue; `unbound`: no set of backups is
 * said to hold any, so that what is declared is all that there is to go by; `undefined`: one does, and nobody knows.
 */
export interface Waits {
  readonly retention: Span
  readonly oldestCopy: Span | 'unbound' | undefined
  /** Lab time: divides these waits and nothing else; 1 outside a lab. */
  readonly shrink: number
}

const RUNS = 3
const SPACING = hours(24)
const AGE = days(7)
const SOAK = hours(24)
const QUARANTINE = days(30)
const BEYOND_RETENTION = days(7)

/** A wait as it is in a lab. A shrink below 1, or one that is no number, lengthens nothing and shortens nothing. */
export const divided = (span: number, shrink: number): Span => Math.ceil(span / (Number.isFinite(shrink) && shrink > 1 ? shrink : 1)) as Span

/** The margins in force (G-7, G-23). */
export function marginsOf({ retention, oldestCopy, shrink }: Waits): Margins {
  const shrunk = (span: number): Span => divided(span, shrink)
  const longest = oldestCopy === undefined ? undefined : Math.max(QUARANTINE, retention + BEYOND_RETENTION, (oldestCopy === 'unbound' ? retention : oldestCopy) + BEYOND_RETENTION)
  return {
    runs: RUNS, spacing: shrunk(SPACING), age: shrunk(AGE), soak: shrunk(SOAK),
    quarantine: longest === undefined || !Number.isFinite(longest) ? undefined : shrunk(longest),
  }
}

/** The flag after a run that counts; without version or etag nobody can say later that it is still the same object (G-6). */
export function flagged(before: Flag | undefined, listed: Listed, at: Moment, { spacing }: Margins): Flag | undefined {
  const { version, etag } = listed
  if (version === undefined || etag === undefined) return undefined
  if (before?.version !== version || before.etag !== etag) return { version, etag, first: at, runs: 1, last: at }
  const far = waited(before.last, at, spacing) === 'over'
  return far ? { ...before, runs: before.runs + 1, last: at } : before
}

/** One want of the margins, and what came of it. */
export interface Want {
  readonly wants: string
  readonly found: Found
}

/** All wants of somebody who would touch something, as one finding: a single failure decides, a single unknown is enough to hold. */
export function all(wants: readonly Want[]): Found {
  const failed = wants.find((it) => it.found.is === 'fail')
  const worst = failed ?? wants.find((it) => it.found.is === 'unknown')
  if (worst === undefined || worst.found.is === 'pass') return { is: 'pass', says: wants.map((it) => it.wants).join('; ') }
  return { is: worst.found.is, says: `${worst.wants}: ${worst.found.says}` }
}

/** Why not, in the words of what was found alone: behind “because” the wish before it would read as the contrary. Nothing where nothing stands in the way. */
export const whyNot = (wants: readonly Want[]): string | undefined => {
  const worst = wants.find((it) => it.found.is === 'fail') ?? wants.find((it) => it.found.is === 'unknown')
  return worst === undefined ? undefined : (worst.found.says ?? worst.wants)
}

/** Age, runs and soak, before anything is put aside. `storeNow` is the store's own clock. */
export function beforeQuarantine(flag: Flag | undefined, listed: Listed, now: { readonly at: Moment; readonly store: Instant | undefined }, margins: Margins): Want[] {
  return [
    { wants: `${sayTime(margins.age)} old by the store's clock`, found: oldEnough(listed.modifiedAt, now.store, margins.age) },
    { wants: `an orphan in ${margins.runs} counted runs`, found: seenOften(flag, margins) },
    { wants: `flagged for ${sayTime(margins.soak)}`, found: flag === undefined ? { is: 'unknown', says: 'it has no flag' } : lain(flag.first, now.at, margins.soak) },
  ]
}

/** What must hold before anything is gone for good (G-23). `copied`: read in the other place, to the last byte, and the same. */
export function beforePurge(aside: Quarantine, listed: Listed | undefined, copied: boolean | undefined, now: { readonly at: Moment; readonly store: Instant | undefined }, margins: Margins): Want[] {
  const { quarantine } = margins
  const wants: Want[] = [{ wants: 'the version that was put aside', found: sameVersion(aside, listed) }]
  wants.push({ wants: 'verified in the other place', found: copiedFound(copied) })
  if (quarantine === undefined) return [...wants, { wants: 'the quarantine', found: { is: 'unknown', says: 'how old the oldest copy of the catalogue is, is not known' } }]
  wants.push({ wants: `${sayTime(quarantine)} in quarantine`, found: lain(aside.since, now.at, quarantine) })
  wants.push({ wants: `${sayTime(quarantine)} in quarantine by the store's clock`, found: oldEnough(aside.storeSince, now.store, quarantine) })
  return wants
}

/** When it could be put aside at the earliest, by the wall clock; for people, never for a judgement. */
export const quarantineAt = (flag: Flag, listed: Listed, margins: Margins): Instant => instantOf(Math.max(
  later(flag.first.wall, margins.soak),
  later(flag.last.wall, (Math.max(0, margins.runs - flag.runs) * margins.spacing) as Span),
  listed.modifiedAt === undefined ? 0 : later(listed.modifiedAt, margins.age),
))

/** When it could be purged at the earliest; nothing where nobody knows. */
export const purgeAt = (aside: Quarantine, { quarantine }: Margins): Instant | undefined =>
  quarantine === undefined ? undefined : instantOf(Math.max(later(aside.since.wall, quarantine), later(aside.storeSince, quarantine)))

/** Free by one of the two paths. A lock that nobody could read is none that may be passed (G-17). */
export function unlocked(lock: Lock, by: string): Found {
  if (lock === 'free') return { is: 'pass' }
  return lock === 'locked' ? { is: 'fail', says: `locked, by ${by}` } : { is: 'unknown', says: `whether it is locked is not known, by ${by}` }
}

const KEEP_TAGS = ['holdfast:keep', 'hold']

/** Whether its owner has said by a tag that it stays. */
export function untagged(tags: readonly string[] | undefined): Found {
  if (tags === undefined) return { is: 'unknown', says: 'its tags were not read' }
  const kept = tags.find((tag) => KEEP_TAGS.includes(tag.toLowerCase()))
  return kept === undefined ? { is: 'pass' } : { is: 'fail', says: `tagged ${kept}` }
}

/** A wait by both clocks: over when both say so. A clock that went back makes it longer. */
function waited(since: Moment, now: Moment, wait: Span): 'over' | 'by the wall clock' | 'by the time lived through' {
  if (!(between(since.wall, now.wall) >= wait)) return 'by the wall clock'
  return now.lived - since.lived >= wait ? 'over' : 'by the time lived through'
}

/** A wait by both clocks, as a finding. */
export function lain(since: Moment, now: Moment, wait: Span): Found {
  const state = waited(since, now, wait)
  if (state === 'over') return { is: 'pass' }
  const past = state === 'by the wall clock' ? now.wall - since.wall : now.lived - since.lived
  return { is: 'fail', says: `${sayTime(Math.max(0, past) as Span) || '0 s'} so far ${state}` }
}

/** An age by the store's clock, which wrote the date. */
export function oldEnough(since: Instant | undefined, storeNow: Instant | undefined, age: Span): Found {
  if (since === undefined) return { is: 'unknown', says: 'the store did not say since when it is there' }
  if (storeNow === undefined) return { is: 'unknown', says: 'the time of the store is not known' }
  const past = between(since, storeNow)
  if (!(past >= 0)) return { is: 'unknown', says: 'it is dated in the future' }
  return past >= age ? { is: 'pass' } : { is: 'fail', says: `${sayTime(past) || '0 s'} so far` }
}

function seenOften(flag: Flag | undefined, { runs }: Margins): Found {
  if (flag === undefined) return { is: 'unknown', says: 'it has no flag' }
  return flag.runs >= runs ? { is: 'pass' } : { is: 'fail', says: `in ${flag.runs} of ${runs} so far` }
}

function sameVersion(aside: Quarantine, listed: Listed | undefined): Found {
  if (listed?.version === undefined || listed.etag === undefined) return { is: 'unknown', says: 'it was not listed with version and etag' }
  if (listed.standing !== 'hidden') return { is: 'fail', says: 'it is no longer put aside' }
  return listed.version === aside.version && listed.etag === aside.etag ? { is: 'pass' } : { is: 'fail', says: 'another version lies there now' }
}

function copiedFound(copied: boolean | undefined): Found {
  if (copied === undefined) return { is: 'unknown', says: 'nobody has read it there' }
  return copied ? { is: 'pass' } : { is: 'fail', says: 'the same bytes are not there' }
}
