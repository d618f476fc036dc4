// Storms while the ringer decides alone: what is gathered lies in memory, and every ring is in exactly one single or one digest
// (P-13). Pure: the state goes in and comes out.
import assert from 'node:assert/strict'
import { derivedId, type PageId } from '../../../core/id.ts'
import { dueIn, earliest, isDue, stampOf, type Due, type Now, type Stamp } from '../../../core/time.ts'
import { DIGEST_KNOWN_FOR, digestAfter, goesAlone, isWithin, SINGLES_WITHIN } from '../storm.ts'
import type { Carried } from './queue.ts'

export interface Digest {
  readonly person: string
  readonly channel: string
  /** Derived from the pages in it. */
  readonly key: PageId
  readonly carries: readonly Carried[]
}

/** What is known of one person and channel. */
interface Line {
  readonly person: string
  readonly channel: string
  /** Incidents told by themselves within the minute; at most five. */
  readonly singles: ReadonlyMap<string, Stamp>
  readonly gathered: readonly Carried[]
  /** When the gathered rings go out; defined exactly while there are some. */
  readonly flushAt?: Due
  readonly digestAt?: Stamp
}

/** By person and channel. Lines that have nothing to remember are left out. */
export type Storm = ReadonlyMap<string, Line>

export interface Bundled {
  readonly state: Storm
  readonly single: readonly Carried[]
  readonly digests: readonly Digest[]
  /** When to ask again though nothing new comes; undefined when nothing is gathered. */
  readonly nextAt?: Due
}

export const CALM: Storm = new Map()

/** Tells which rings go out by themselves and which together, and what is due of those gathered before. */
export function bundle(state: Storm, rings: readonly Carried[], now: Now): Bundled {
  const lines = new Map([...state].map(([key, line]): [string, Line] => [key, aged(line, now)]))
  const single: Carried[] = []
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
export function withdraw(state: Storm, isMeant: (it: Carried) => boolean): Storm {
  return new Map([...state].map(([key, line]): [string, Line] => {
    const gathered = line.gathered.filter((it) => !isMeant(it))
    if (gathered.length === line.gathered.length) return [key, line]
    const { flushAt, ...rest } = line
    return [key, gathered.length > 0 && flushAt ? { ...rest, gathered, flushAt } : { ...rest, gathered }]
  }))
}

function byLine(rings: readonly Carried[]): Map<string, Carried[]> {
  const found = new Map<string, Carried[]>()
  for (const it of rings) {
    const key = JSON.stringify([it.ring.person, it.ring.channel])
    const line = found.get(key)
    if (line) line.push(it)
    else found.set(key, [it])
  }
  return found
}

function quiet(rings: readonly Carried[]): Line {
  const [first] = rings
  assert(first, 'a line has a ring')
  return { person: first.ring.person, channel: first.ring.channel, singles: new Map(), gathered: [] }
}

function taken(line: Line, rings: readonly Carried[], now: Now): { line: Line; alone: readonly Carried[] } {
  const known = new Set(line.gathered.map(({ ring }) => ring.page))
  const waiting = new Set<string>(line.gathered.map(({ incident }) => incident))
  const singles = new Map(line.singles)
  const gathered = [...line.gathered]
  const alone: Carried[] = []
  for (const it of rings) {
    if (known.has(it.ring.page)) continue
    known.add(it.ring.page)
    if (goesAlone({ singles, gathered: waiting }, it.incident, now)) {
      singles.set(it.incident, stampOf(now))
      alone.push(it)
    } else {
      waiting.add(it.incident)
      gathered.push(it)
    }
  }
  const flushAt = line.flushAt ?? (gathered.length > 0 ? dueIn(now, digestAfter(line.digestAt, now)) : undefined)
  return { line: { ...line, singles, gathered, ...(flushAt ? { flushAt } : {}) }, alone }
}

const flush = ({ person, channel, singles }: Line, now: Now): Line => ({ person, channel, singles, gathered: [], digestAt: stampOf(now) })

function digestOf({ person, channel, gathered }: Line): Digest {
  assert(gathered.length > 0, 'a digest has a ring')
  return { person, channel, key: derivedId('pg', 'digest', person, channel, gathered.map(({ ring }) => ring.page).join()), carries: gathered }
}

/** Forgets what lies further back than it counts. */
function aged(line: Line, now: Now): Line {
  const { digestAt, ...rest } = line
  const singles = new Map([...line.singles].filter(([, stamp]) => isWithin(stamp, SINGLES_WITHIN, now)))
  return digestAt && isWithin(digestAt, DIGEST_KNOWN_FOR, now) ? { ...rest, singles, digestAt } : { ...rest, singles }
}

const isQuiet = (line: Line): boolean => line.singles.size === 0 && line.gathered.length === 0 && line.digestAt === undefined
