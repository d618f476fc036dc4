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

/**
 * When it falls due, by the reckoning: as the round passes its place for the first time since it was last read, or since it was known; the newest
 * copy as soon as it is there.
 */
export function dueAt({ key, n, since, read }: PartState, { allWithin, of, newest }: { readonly allWithin: Span; readonly of: number; readonly newest: boolean }): Span {
  if (read === undefined && newest) return since
  const round = roundOf(allWithin)
  const place = Math.floor(placeOf(key, n, of) * round)
  return ms((Math.floor(((read ?? since) - place) / round) + 1) * round + place)
}

/** The promise is broken: of a part that was last read, or first known, at `base` some byte was not read for longer than that. */
export const isBroken = (base: Span, passed: Span, allWithin: Span): boolean => passed - base > allWithin
