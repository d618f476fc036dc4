// Storms. A person gets at most five single pages per channel in a minute; what comes beyond is gathered and goes out as one digest
// with all of it, the first 2 s after it was gathered, further ones at most every 10 s. Nothing is dropped or counted
// twice: every ring is in exactly one single or one digest (P-13). Pure: the state goes in and comes out; ages are monotonic.
import assert from 'node:assert/strict'
import { derivedId, type PageId } from '../../core/id.ts'
import { ageOf, dueIn, earliest, isDue, ms, seconds, type Due, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Ring } from './paging.ts'

export interface Digest {
  readonly person: string
  readonly channel: string
  /** Derived from the pages in it. */
  readonly key: PageId
  readonly rings: readonly Ring[]
}

/** What is known of one person and channel. */
interface Line {
  readonly person: string
  readonly channel: string
  /** When the singles of the last minute went out; at most five. */
  readonly singles: readonly Stamp[]
  readonly gathered: readonly Ring[]
  /** When the gathered rings go out; defined exactly while there are some. */
  readonly flushAt?: Due
  readonly digestAt?: Stamp
}

/** By person and channel. Lines that have nothing to remember are left out. */
export type Storm = ReadonlyMap<string, Line>

export interface Bundled {
  readonly state: Storm
  readonly single: readonly Ring[]
  readonly digests: readonly Digest[]
  /** When to ask again though nothing new comes; undefined when nothing is gathered. */
  readonly nextAt?: Due
}

export const CALM: Storm = new Map()
export const MOST_SINGLES = 5
export const SINGLES_WITHIN: Span = seconds(60)
export const FIRST_DIGEST_AFTER: Span = seconds(2)
export const BETWEEN_DIGESTS: Span = seconds(10)

/** Tells which rings go out by themselves and which together, and what is due of those gathered before. */
export function bundle(state: Storm, rings: readonly Ring[], now: Now): Bundled {
  const lines = new Map([...state].map(([key, line]): [string, Line] => [key, aged(line, now)]))
  const single: Ring[] = []
  for (const [key, coming] of byLine(rings)) {
    const { line, alone } = taken(lines.get(key) ?? quiet(coming), coming, now)
    lines.set(key, line)
    single.push(...alone)
  }
  const digests: Digest[] = []
  let nextAt: Due | undefined
  for (const [key, line] of lines) {
    const flushed = line.flushAt && isDue(line.flushAt, now) ? flush(line, now) : line
    if (flushed !== line) digests.push(digestOf(line))
    if (flushed.flushAt) nextAt = nextAt ? earliest(nextAt, flushed.flushAt) : flushed.flushAt
    if (isQuiet(flushed)) lines.delete(key)
    else lines.set(key, flushed)
  }
  return { state: lines, single, digests, ...(nextAt ? { nextAt } : {}) }
}

/** Takes gathered rings back that need not go out any more: their incident was taken or is over. */
export function withdraw(state: Storm, pages: ReadonlySet<PageId>): Storm {
  return new Map([...state].map(([key, line]): [string, Line] => {
    const gathered = line.gathered.filter(({ page }) => !pages.has(page))
    if (gathered.length === line.gathered.length) return [key, line]
    const { flushAt, ...rest } = line
    return [key, gathered.length > 0 && flushAt ? { ...rest, gathered, flushAt } : { ...rest, gathered }]
  }))
}

function byLine(rings: readonly Ring[]): Map<string, Ring[]> {
  const found = new Map<string, Ring[]>()
  for (const ring of rings) {
    const key = JSON.stringify([ring.person, ring.channel])
    const line = found.get(key)
    if (line) line.push(ring)
    else found.set(key, [ring])
  }
  return found
}

function quiet(rings: readonly Ring[]): Line {
  const [first] = rings
  assert(first, 'a line has a ring')
  return { person: first.person, channel: first.channel, singles: [], gathered: [] }
}

/** While something is gathered, what comes joins it: a single would overtake what waits. */
function taken(line: Line, rings: readonly Ring[], now: Now): { line: Line; alone: readonly Ring[] } {
  const known = new Set(line.gathered.map(({ page }) => page))
  const fresh = rings.filter(({ page }) => !known.has(page) && known.add(page))
  const room = line.gathered.length > 0 ? 0 : MOST_SINGLES - line.singles.length
  const alone = fresh.slice(0, room)
  const gathered = fresh.length > alone.length ? [...line.gathered, ...fresh.slice(alone.length)] : line.gathered
  const singles = [...line.singles, ...alone.map(() => ({ tick: now.tick, boot: now.boot }))]
  const flushAt = line.flushAt ?? (gathered.length > 0 ? dueIn(now, flushAfter(line, now)) : undefined)
  return { line: { ...line, singles, gathered, ...(flushAt ? { flushAt } : {}) }, alone }
}

function flushAfter({ digestAt }: Line, now: Now): Span {
  const age = digestAt && ageOf(digestAt, now)
  return age === undefined ? FIRST_DIGEST_AFTER : ms(Math.max(FIRST_DIGEST_AFTER, BETWEEN_DIGESTS - age))
}

const flush = ({ person, channel, singles }: Line, now: Now): Line => ({ person, channel, singles, gathered: [], digestAt: { tick: now.tick, boot: now.boot } })

function digestOf({ person, channel, gathered }: Line): Digest {
  assert(gathered.length > 0, 'a digest has a ring')
  return { person, channel, key: derivedId('pg', 'digest', person, channel, gathered.map(({ page }) => page).join()), rings: gathered }
}

/** Forgets what lies further back than it counts; of another boot's ticks nobody knows the age, so they are forgotten too. */
function aged(line: Line, now: Now): Line {
  const within = (stamp: Stamp, span: Span): boolean => {
    const age = ageOf(stamp, now)
    return age !== undefined && age < span
  }
  const { digestAt, ...rest } = line
  const singles = line.singles.filter((stamp) => within(stamp, SINGLES_WITHIN))
  return digestAt && within(digestAt, BETWEEN_DIGESTS) ? { ...rest, singles, digestAt } : { ...rest, singles }
}

const isQuiet = (line: Line): boolean => line.singles.length === 0 && line.gathered.length === 0 && line.digestAt === undefined
