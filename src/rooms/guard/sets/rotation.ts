// Every byte of every copy is read again within a promised span, by rotation rather than by chance: a part of a copy has its place in the round, falls due
// when the round passes it, and stays due until it was read. Reading one part in a hundred at random each day leaves a fortieth unread after a year;
// this leaves none. A round takes three quarters of what is promised, so that days that were missed are caught up within the rest. Time is counted by
// a reckoning that never runs slower than either clock: setting a clock back puts nothing off. Pure.
import { createHash } from 'node:crypto'
import { ms, type Instant, type Span } from '../../../core/time.ts'
import { rangeOf } from '../scan/manifest.ts'

/** The sum of all that may have passed; it only grows. With it, where both clocks stood then. */
export interface Reckoning {
  readonly passed: Span
  readonly wall: Instant
  /** What Holdfast has lived through, by a clock that nobody sets. */
  readonly lived: Span
}

/** Between two looks so much has passed as either clock says: what was lived through, or what the wall clock gained meanwhile, asleep or switched off. */
export const reckon = (last: Reckoning | undefined, now: { readonly wall: Instant; readonly lived: Span }): Reckoning => ({
  wall: now.wall, lived: now.lived, passed: last === undefined ? ms(0) : ms(last.passed + Math.max(0, now.wall - last.wall, now.lived - last.lived)),
})

/** A part of a copy, as long as a scan would cut it. */
export interface Part {
  readonly key: string
  readonly etag: string
  readonly n: number
}

/** When it was first known, and when it was last read, by the reckoning. */
export interface PartState extends Part {
  readonly since: Span
  readonly read?: Span
}

/** Where each part of a copy begins and how long it is; an empty copy has one. */
export function partsOf(bytes: number): readonly { readonly from: number; readonly bytes: number }[] {
  const length = rangeOf(bytes, false)
  return Array.from({ length: Math.max(1, Math.ceil(bytes / length)) }, (_, n) => ({ from: n * length, bytes: Math.max(0, Math.min(length, bytes - n * length)) }))
}

/** How long a round takes. */
export const roundOf = (allWithin: Span): Span => ms(Math.floor((allWithin * 3) / 4))

/** A part's place in the round, 0 to below 1: copies begin where their names say, and their parts follow one another once around. */
function placeOf(key: string, n: number, of: number): number {
  const at = createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32 + n / of
  return at - Math.floor(at)
}

/** The round passed its place since it was last read, or since it was known; the newest copy is read as soon as it is there. */
export function isDue(part: PartState, { passed, allWithin, of, newest }: { readonly passed: Span; readonly allWithin: Span; readonly of: number; readonly newest: boolean }): boolean {
  if (part.read === undefined && newest) return true
  const round = roundOf(allWithin)
  const place = placeOf(part.key, part.n, of) * round
  return Math.floor((passed - place) / round) > Math.floor(((part.read ?? part.since) - place) / round)
}

/** The part that was not read for the longest, counted from when it was last read or first known; nothing where there are no parts. */
export const oldestOf = <P extends PartState>(parts: readonly P[]): P | undefined =>
  parts.reduce<P | undefined>((oldest, it) => (oldest === undefined || (it.read ?? it.since) < (oldest.read ?? oldest.since) ? it : oldest), undefined)

/** What is due, what was never read of the newest first, then the longest unread. */
export function dueOf<P extends PartState & { readonly of: number; readonly newest: boolean }>(parts: readonly P[], passed: Span, allWithin: Span): P[] {
  const first = (it: P): number => (it.newest && it.read === undefined ? 0 : 1)
  return parts.filter((it) => isDue(it, { passed, allWithin, of: it.of, newest: it.newest }))
    .toSorted((a, b) => first(a) - first(b) || (a.read ?? a.since) - (b.read ?? b.since) || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.n - b.n))
}

/** The promise is broken: some byte was not read for longer than that. */
export const isBroken = (oldest: PartState | undefined, passed: Span, allWithin: Span): boolean => oldest !== undefined && passed - (oldest.read ?? oldest.since) > allWithin
