// What a set of backups is worth, in figures: the 3-2-1-1-0 score, how much would be lost now (RPO exposure), and how long it would take to have it back
// (RTO). Each figure comes from what was seen and measured; what nobody has seen is unknown, and an unknown never counts as a point or as a short time.
import type { Found, Value } from '../../../core/evidence.ts'
import { between, sayTime, type Instant, type Span } from '../../../core/time.ts'

/** One store of a set, with its newest copy that counts. */
export interface Place {
  readonly store: string
  /** What fails together: a device, an account, a credential. */
  readonly domain: string | undefined
  readonly offsite: boolean | undefined
  /** What lies there cannot be changed or deleted: probed, not believed. */
  readonly immutable: Found
  /** Whether it holds a copy that counts and is not too old. */
  readonly holds: Found
}

export type PointId = 'copies' | 'domains' | 'offsite' | 'immutable' | 'errors'

export interface Point {
  readonly id: PointId
  readonly found: Found
}

export interface Score {
  readonly points: readonly Point[]
  /** Points that pass, of five. */
  readonly got: number
  /** For people: `3-2-1-0-? 3 of 5`. */
  readonly says: string
}

/**
 * 3 copies (the original is one of them, where it lives), in 2 domains, 1 of them off-site, 1 that nobody can change, 0 errors at the last restore.
 * `drill`: what came of the newest drill; its age is judged by whoever gives it.
 */
export function scoreOf({ places, original, drill }: { readonly places: readonly Place[]; readonly original: { readonly domain: string | undefined } | undefined; readonly drill: Found }): Score {
  const copies = count(places.map((it) => it.holds.is)).plus(original === undefined ? 0 : 1)
  const holding = places.filter((it) => it.holds.is === 'pass')
  const known = [...holding.map((it) => it.domain), ...(original === undefined ? [] : [original.domain])]
  const domains = new Set(known.filter((it) => it !== undefined)).size
  const perhaps = domains + known.filter((it) => it === undefined).length + places.filter((it) => it.holds.is === 'unknown').length
  const points: Point[] = [
    { id: 'copies', found: atLeast(copies.sure, copies.perhaps, 3, 'copies') },
    { id: 'domains', found: atLeast(domains, perhaps, 2, 'domains that do not fail together') },
    { id: 'offsite', found: some(places, (it) => (it.offsite === undefined ? 'unknown' : it.offsite ? 'pass' : 'fail'), 'a copy off-site') },
    { id: 'immutable', found: some(places, (it) => it.immutable.is, 'a copy that nobody can change', (it) => it.immutable) },
    { id: 'errors', found: drill },
  ]
  const got = points.filter(({ found }) => found.is === 'pass').length
  const figures = [copies.sure, domains, ...points.slice(2, 4).map(({ found }) => (found.is === 'unknown' ? '?' : found.is === 'pass' ? 1 : 0)), drill.is === 'pass' ? 0 : drill.is === 'fail' ? 'errors' : '?']
  return { points, got, says: `${figures.join('-')}: ${got} of ${points.length}` }
}

/** A point in time to which the set can be brought back. */
export interface Restorable {
  /** The newest row found in the restored copy; else when the copy was begun. */
  readonly upTo: Instant
  readonly counted: boolean
  /** Of the ladder; from 4 on it was really restored. */
  readonly rung: number | undefined
}

export type Exposure = { readonly is: 'known'; readonly span: Span } | { readonly is: 'unknown'; readonly says: string }

const RESTORED = 4

/** What would be lost if it happened now: by copies that were really restored, and by those that are only there. */
export function exposureOf(points: readonly Restorable[], now: Instant): { readonly proven: Exposure; readonly claimed: Exposure } {
  // A point of the future would make the loss look small.
  const counted = points.filter((it) => it.counted && it.upTo <= now)
  return {
    proven: newestOf(counted.filter((it) => (it.rung ?? 0) >= RESTORED), now, 'no copy of it was ever restored'),
    claimed: newestOf(counted, now, 'there is no copy that counts'),
  }
}

function newestOf(points: readonly Restorable[], now: Instant, says: string): Exposure {
  const [first, ...rest] = points
  if (first === undefined) return { is: 'unknown', says }
  return { is: 'known', span: between(rest.reduce((newest, it) => (it.upTo > newest.upTo ? it : newest), first).upTo, now) }
}

/** One restore that passed, phase by phase, and how large what was restored was. */
export interface Timed {
  readonly bytes: number
  readonly phases: readonly { readonly name: string; readonly ms: number }[]
}

/** These last longer the more there is; the others do not. */
const GROWING: readonly string[] = ['fetch', 'decrypt', 'structure', 'restore', 'replay', 'verify', 'integrity']

export interface Times {
  readonly p50: Span
  readonly p95: Span
}

export type Rto =
  | { readonly is: 'known'; readonly whole: Times; readonly phases: readonly (Times & { readonly name: string })[]; readonly drills: number; readonly bytesPerSecond: number | undefined }
  | { readonly is: 'unknown'; readonly says: string }

/** How long a restore of so many bytes takes by the drills that passed: phases that grow with the size are stretched, the others stay as measured. */
export function rtoOf(drills: readonly Timed[], bytes: number | undefined): Rto {
  if (bytes === undefined || !Number.isFinite(bytes) || bytes < 0) return { is: 'unknown', says: 'how large it is today is not known' }
  const usable = drills.filter((it) => it.bytes > 0 && it.phases.length > 0 && it.phases.every(({ ms }) => Number.isFinite(ms) && ms >= 0))
  if (usable.length === 0) return { is: 'unknown', says: 'no drill that passed was timed' }
  // What is smaller today is not promised to be faster.
  const stretched = usable.map((it) => it.phases.map(({ name, ms }) => ({ name, ms: GROWING.includes(name) ? ms * Math.max(1, bytes / it.bytes) : ms })))
  const names = [...new Set(stretched.flatMap((phases) => phases.map(({ name }) => name)))]
  const phases = names.map((name) => ({ name, ...timesOf(stretched.flatMap((all) => all.filter((it) => it.name === name).map(({ ms }) => ms))) }))
  const moved = usable.map((it) => ({ bytes: it.bytes, ms: it.phases.reduce((sum, { name, ms }) => sum + (GROWING.includes(name) ? ms : 0), 0) }))
  const took = moved.reduce((sum, { ms }) => sum + ms, 0)
  return {
    is: 'known', drills: usable.length, phases, whole: timesOf(stretched.map((all) => all.reduce((sum, { ms }) => sum + ms, 0))),
    bytesPerSecond: took > 0 ? (moved.reduce((sum, it) => sum + it.bytes, 0) / took) * 1000 : undefined,
  }
}

/** Whether it would be back in time: by the slowest of twenty. */
export function inTime(rto: Rto, target: Span): Found {
  if (rto.is === 'unknown') return { is: 'unknown', says: rto.says }
  return rto.whole.p95 <= target ? { is: 'pass' } : { is: 'fail', says: `a restore of today's size takes ${sayTime(rto.whole.p95)}, and may take ${sayTime(target)}` }
}

/** By the nearest rank: a time that was really measured. */
function timesOf(times: readonly number[]): Times {
  const sorted = [...times].sort((a, b) => a - b)
  const rank = (share: number): Span => Math.ceil(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) as Span
  return { p50: rank(0.5), p95: rank(0.95) }
}

function count(values: readonly Value[]): { plus(n: number): { readonly sure: number; readonly perhaps: number } } {
  const sure = values.filter((it) => it === 'pass').length
  const open = values.filter((it) => it === 'unknown').length
  return { plus: (n) => ({ sure: sure + n, perhaps: sure + open + n }) }
}

function atLeast(sure: number, perhaps: number, wanted: number, what: string): Found {
  if (sure >= wanted) return { is: 'pass' }
  return { is: perhaps >= wanted ? 'unknown' : 'fail', says: `${sure} of ${wanted} ${what}${perhaps > sure ? `, and of ${perhaps - sure} more it is not known` : ''}` }
}

/** One of the places has it and holds a copy. */
function some(places: readonly Place[], has: (place: Place) => Value, what: string, why: (place: Place) => Found = () => ({ is: 'pass' })): Found {
  const both = places.map((it) => [it.holds.is, has(it)] as const)
  if (both.some(([holds, it]) => holds === 'pass' && it === 'pass')) return { is: 'pass' }
  const reasons = places.flatMap((it) => why(it).says ?? []).slice(0, 5)
  const because = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
  return both.some(([holds, it]) => holds !== 'fail' && it !== 'fail') ? { is: 'unknown', says: `whether there is ${what} is not known${because}` } : { is: 'fail', says: `there is not ${what}${because}` }
}
