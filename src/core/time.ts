// Time. Wall time (`Instant`) says when something happened for people; monotonic time (`Tick`) says how long ago
// for machines. They never mix: a step of the wall clock must not age evidence, and a reboot must not rejuvenate it.
// `Now` carries both, taken together, and is handed to every pure function that judges; nothing in `core` reads a clock.
//
// What is to happen later is a `Due`: the wall instant and the tick, with the boot the tick belongs to. For paging it is
// due when either clock says so (early is better than late); for destruction when both do (see `isDue`, `isDueOnBoth`).

declare const instant: unique symbol
declare const tick: unique symbol
declare const span: unique symbol

/** Milliseconds since 1970, UTC. */
export type Instant = number & { readonly [instant]: true }
/** Milliseconds of the machine's monotonic clock; comparable within one boot, across processes. */
export type Tick = number & { readonly [tick]: true }
/** Milliseconds. */
export type Span = number & { readonly [span]: true }

/** Both clocks, read together. `boot` names the boot that `tick` belongs to. */
export interface Now {
  readonly wall: Instant
  readonly tick: Tick
  readonly boot: string
}

/** A moment to come, by both clocks. */
export interface Due {
  readonly wall: Instant
  readonly tick: Tick
  readonly boot: string
}

/** The longest timer that the runtime takes; a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

export const instantOf = (ms: number): Instant => ms as Instant
export const tickOf = (ms: number): Tick => ms as Tick
export const ms = (n: number): Span => n as Span
export const seconds = (n: number): Span => (n * 1000) as Span
export const minutes = (n: number): Span => (n * 60_000) as Span
export const hours = (n: number): Span => (n * 3_600_000) as Span
export const days = (n: number): Span => (n * 86_400_000) as Span

export const later = (at: Instant, by: Span): Instant => (at + by) as Instant
export const between = (from: Instant, to: Instant): Span => (to - from) as Span
export const laterTick = (at: Tick, by: Span): Tick => (at + by) as Tick

/** The moment `after` from now, by both clocks. */
export const dueIn = (now: Now, after: Span): Due => ({
  wall: later(now.wall, after),
  tick: laterTick(now.tick, after),
  boot: now.boot,
})

/** The moment `after` from a former `Due`, so that steps do not drift. */
export const dueAfter = (due: Due, after: Span): Due => ({
  wall: later(due.wall, after),
  tick: laterTick(due.tick, after),
  boot: due.boot,
})

/** True when either clock has reached it: early is better than late (paging). After a reboot only the wall clock counts. */
export const isDue = (due: Due, now: Now): boolean =>
  now.wall >= due.wall || (due.boot === now.boot && now.tick >= due.tick)

/** True when both clocks have reached it: late is better than early (destruction). After a reboot never by this function alone. */
export const isDueOnBoth = (due: Due, now: Now): boolean =>
  now.wall >= due.wall && due.boot === now.boot && now.tick >= due.tick

/** How long until either clock reaches it; 0 when it is due. */
export function timeTo(due: Due, now: Now): Span {
  const byWall = due.wall - now.wall
  const byTick = due.boot === now.boot ? due.tick - now.tick : Number.POSITIVE_INFINITY
  return Math.max(0, Math.min(byWall, byTick)) as Span
}

/** The earlier of two moments, by the wall clock; `undefined` stands for never. */
export function sooner(a: Due | undefined, b: Due | undefined): Due | undefined {
  if (!a) return b
  if (!b) return a
  return a.wall <= b.wall ? a : b
}

/** A moment that is due, by either clock, as soon as `a` or `b` is: each clock's earlier reading. Both of one boot; else `a`'s tick counts. */
export const earliest = (a: Due, b: Due): Due => ({
  wall: Math.min(a.wall, b.wall) as Instant,
  tick: (a.boot === b.boot ? Math.min(a.tick, b.tick) : a.tick) as Tick,
  boot: a.boot,
})

/** A tick that remembers its boot, for what is stored. */
export interface Stamp {
  readonly tick: Tick
  readonly boot: string
}

export const stampOf = ({ tick, boot }: Now): Stamp => ({ tick, boot })

/** Whether it is of that moment or later; across a reboot nobody can tell, and then it is not. */
export const isSince = (from: Stamp, at: Stamp): boolean => from.boot === at.boot && from.tick >= at.tick

/** Age by the monotonic clock; `undefined` across a reboot or when it would be negative: an age that nobody knows. */
export function ageOf(stamp: Stamp, now: Now): Span | undefined {
  if (stamp.boot !== now.boot) return undefined
  const age = now.tick - stamp.tick
  return age < 0 ? undefined : (age as Span)
}

/** The older of several, where all are of one boot; of different boots nobody can tell, and the first of another boot than the rest stands for all. */
export function olderOf(stamps: readonly (Stamp | undefined)[]): Stamp | undefined {
  const known = stamps.filter((it) => it !== undefined)
  const [first] = known
  return known.find((it) => it.boot !== first?.boot) ?? known.reduce<Stamp | undefined>((oldest, it) => (oldest === undefined || it.tick < oldest.tick ? it : oldest), undefined)
}

/** Whether it was so long ago at most; what was never, or nobody knows when, was not. */
export function isWithin(at: Stamp | undefined, now: Now, span: Span): boolean {
  const age = at && ageOf(at, now)
  return age !== undefined && age <= span
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Reads "30s", "1h30m", "800ms"; `undefined` when it is not a span with units. */
export function parseSpan(text: string): Span | undefined {
  const whole = text.trim()
  if (!/^(\d+(\.\d+)?(ms|s|min|m|h|d|w))+$/.test(whole)) return undefined
  let sum = 0
  for (const part of whole.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h|d|w)/g)) sum += Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0)
  return Number.isSafeInteger(Math.round(sum)) ? (Math.round(sum) as Span) : undefined
}

/** "2 h 5 min", "17 min", "4 s", "250 ms": the two largest units, for people. */
export function sayTime(span: Span): string {
  if (span < 1000) return `${Math.round(span)} ms`
  const total = Math.round(span / 1000)
  const parts: string[] = []
  const units: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  let rest = total
  for (const [size, name] of units) {
    const n = Math.floor(rest / size)
    if (n > 0 && parts.length < 2) parts.push(`${n} ${name}`)
    else if (parts.length > 0) break
    rest -= n * size
  }
  return parts.join(' ')
}

/** "800 ms", "1 s", "1500 ms": a limit or a measurement, where `sayTime` would round away what matters. */
export const sayLimit = (span: Span): string => (span >= 60_000 || span % 1000 === 0 ? sayTime(span) : `${Math.round(span)} ms`)
