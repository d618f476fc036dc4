// How far the copies of a set in one store are read, from the guard room's tables: damage, what is due, and since when some byte was not read.
import { ms, type Instant, type Span } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { loadWalk, loadWholeOf } from '../../rooms/guard/objects/rows.ts'
import { countDamaged, loadExtents, loadFaults, loadReckoning, loadWhole, sumDue, type Extent } from '../../rooms/guard/sets/reading-rows.ts'
import type { BackupSet, Lies } from '../../rooms/guard/sets/set.ts'

/** How far a set is read in one store. */
export interface ReadingAnswer {
  readonly all_within: Span
  readonly parts: number
  /** What is to be read now. */
  readonly due: number
  readonly bytes_due: number
  /** Parts whose bytes are not those of when they were first read. */
  readonly damaged: number
  /** Since when some byte of what lies there was not read; where it never was, since when it is known. */
  readonly oldest_unread: Instant | null
  /** Of the parts, those that nobody has ever read; of a bucket that is itself the copy nobody counts them. */
  readonly never_read: number | null
  /** Why a part could not be read lately. */
  readonly failing: string | null
}

/** What reading says of a copy: damage, and since when some byte of it was not read. */
export interface ReadSoFar {
  readonly damage: string | undefined
  readonly since: (seenAt: Instant) => Instant | null
}

const NOT_READ: ReadSoFar = { damage: undefined, since: () => null }

const readSoFar = ({ unread, at }: Extent, damage: string | undefined): ReadSoFar => ({ damage, since: (seenAt) => (unread > 0 ? seenAt : at) })

/** Faults that are looked at; what is damaged beyond them is counted. */
const MOST_FAULTS = 1000

/** How far each copy is read; of a repository, all of them together. */
export function readOf(sql: Sql, set: BackupSet, { store, repository, objects }: Lies): (key: string) => ReadSoFar {
  if (!set.verify) return () => NOT_READ
  if (objects !== undefined) {
    const found = loadWalk(sql, set.name, store)?.found
    const rotten = found?.faults.find(({ is }) => is === 'differs')
    return () => ({ damage: found && found.damaged > 0 ? `${rotten?.key ?? 'an object'} is damaged: ${rotten?.says ?? ''}` : undefined, since: (seenAt) => found?.whole?.at ?? seenAt })
  }
  const faults = loadFaults(sql, set.name, store, MOST_FAULTS).filter(({ fault }) => fault === 'differs')
  if (repository !== undefined) {
    const together = loadWhole(sql, set.name, store)
    return () => (together.parts === 0 ? NOT_READ : readSoFar(together, faults[0] && `${faults[0].key} is damaged: ${faults[0].says}`))
  }
  const damaged = new Map(faults.map(({ key, says }) => [key, says]))
  const extents = new Map(loadExtents(sql, set.name, store).map((it) => [it.key, it]))
  return (key) => {
    const extent = extents.get(key)
    return extent ? readSoFar(extent, damaged.get(key)) : NOT_READ
  }
}

/** How far the copies in one store are read; null where the set promises no reading. */
export function readingOf(sql: Sql, set: BackupSet, { store, objects }: Lies, oldest: Instant | null): ReadingAnswer | null {
  if (!set.verify) return null
  if (objects !== undefined) return walkOf(sql, set.name, store, set.verify.allWithin, oldest)
  const due = sumDue(sql, set.name, store, loadReckoning(sql)?.passed ?? ms(0))
  const { parts, unread } = loadWhole(sql, set.name, store)
  const failing = loadFaults(sql, set.name, store, 1, 'failed')[0]?.says ?? null
  return { all_within: set.verify.allWithin, parts, due: due.parts, bytes_due: due.bytes, damaged: countDamaged(sql, set.name, store), oldest_unread: oldest, never_read: unread, failing }
}

/** A round that somebody asked for and that has not begun has everything before it. */
function walkOf(sql: Sql, set: string, store: string, allWithin: Span, oldest: Instant | null): ReadingAnswer {
  const [walk, there] = [loadWalk(sql, set, store), loadWholeOf(sql, set, store)?.whole]
  const found = walk?.found
  const waits = walk?.hurry !== undefined && (found === undefined || found.began < walk.hurry || !found.done)
  const [objects, bytes] = [there?.objects ?? 0, there?.bytes ?? 0]
  const isBegun = found !== undefined && walk?.hurry !== undefined && found.began >= walk.hurry
  const left = !waits ? (found?.left ?? { objects: 0, bytes: 0 }) : isBegun ? { objects: Math.max(1, found.left.objects), bytes: found.left.bytes } : { objects: Math.max(1, objects), bytes }
  return { all_within: allWithin, parts: objects, due: left.objects, bytes_due: left.bytes, damaged: found?.damaged ?? 0, oldest_unread: oldest, never_read: null, failing: null }
}
