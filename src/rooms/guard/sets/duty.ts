// The duty of the catalogue: every set is listed in every store it lies in, what came and went is recorded, and how it stands is judged from what
// is known. Each look at the agenda judges first, so that a process that never answers makes a set unknown, not silent (W-1, G-14). What is
// down already is not accused a second time: the incident then carries the name of the check that the set is a copy of.
import { ageOf, dueIn, minutes, ms, type Instant, type Span } from '../../../core/time.ts'
import { sayUtc } from '../../../words/moment.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { judgedIn, measure, verdictsOn } from '../objects/standing.ts'
import type { Listed, ListTask, Task } from '../protocol.ts'
import {
  isDown, loadAsked, loadListing, loadSide, loadSides, markAsked, saveListed, saveNotListed, type TurnedBody,
} from '../rows.ts'
import { worstFirst, type Copy, type Verdict } from './judge.ts'
import { saveLocks } from './locked.ts'
import { record } from './recording.ts'
import { another } from '../retention/missing.ts'
import { lookEvery, type BackupSet } from './set.ts'
import { isLost, isSilenced, loadFindings, loadMissed, saveLost, saveOdd, type MissedBody } from './standing-rows.ts'

export interface SetsContext {
  /** The sets in force, by their names. */
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** Gives the process a task; what comes of it comes back as a turn. Nothing when it is not there. */
  readonly ask: (task: Task) => void
  /** What reading and drills say against a set. */
  readonly doubts: (sql: Sql, set: BackupSet, store: string, now: Instant) => readonly Verdict[]
  /** Which store it was at the last whole listing, and how many copies are missed there. */
  readonly formerOf: (sql: Sql, set: BackupSet, store: string) => string | undefined
  readonly gone: (sql: Sql, set: BackupSet, store: string) => number
  /** Whether Holdfast has set this very copy aside itself. */
  readonly took: (sql: Sql, set: string, store: string) => (copy: Copy) => boolean
  /** A whole listing was taken in. */
  readonly onListed: (tx: Tx, set: BackupSet, store: string, listed: Listed & { readonly is: 'listed' }) => void
}

export interface Sets {
  readonly due: NonNullable<Room['due']>
  /** After a configuration came into force: what is new is listed now, what is gone leaves. */
  configure(tx: Tx): void
  /** What came of a listing. `more`: there was too much for one turn; the same once more goes on with it, and only then it counts. */
  listed(tx: Tx, task: ListTask, result: Listed): 'all' | 'more'
  /** A copy was made just now, as somebody says: it is looked for at once, or a minute after the last listing. */
  lookSoon(tx: Tx, set: BackupSet): void
  /** Judges one set in one store anew, from what is known. */
  consider(tx: Tx, set: BackupSet, store: string): void
}

const LOOK = 'guard.look'
/** However often somebody says that a copy was made, no store is listed more often for that. */
const BETWEEN_LOOKS: Span = minutes(1)
/** A store that was not there is looked for so soon again; one that failed otherwise; and one where millions of objects may lie. */
const AGAIN_LOST: Span = BETWEEN_LOOKS
const AGAIN_FAILED: Span = minutes(5)
const AGAIN_OBJECTS: Span = minutes(15)
/** A listing that takes longer than this says nothing any more: see `LIMITS` of listings. */
const LONGEST_LISTING: Span = minutes(65)
const keyOf = (set: string, store: string): string => JSON.stringify([set, store])

/** How old a listing may be: three looks, and what one may take. */
export const patienceOf = (set: Pick<BackupSet, 'every' | 'in'>): Span => ms(Math.min(LONGEST_LISTING, lookEvery(set) * 3) + lookEvery(set))

export function setsOf(context: SetsContext): Sets {
  const consider = (tx: Tx, set: BackupSet, store: string): void => {
    const lies = set.in.find((it) => it.store === store)
    if (!lies) return
    const { sql, now } = tx
    const listing = loadListing(sql, set.name, store, now)
    const side = loadSide(sql, set.name, store)
    // Before the first listing there is nothing to say, for as long as a listing may take.
    if (listing.age === undefined && listing.failed === undefined && side === undefined && !isOverdue(tx, set, store)) return
    const judged = judgedIn(sql, set, lies, now.wall)
    const verdicts = verdictsOn(sql, set, lies, judged, isLost(sql, set.name, store) ? { ...listing, age: undefined } : listing, { now: now.wall, patience: patienceOf(set) })
    turn(tx, set, store, side?.side, { found: worstFirst([...verdicts, ...(judged.length === 0 ? [] : context.doubts(sql, set, store, now.wall))]), well: verdicts[0]?.says ?? '' })
  }
  return {
    consider,
    due: {
      [LOOK]: (tx, key) => {
        const [name, store] = JSON.parse(key) as [string, string]
        const set = context.sets().get(name)
        if (!set?.in.some((it) => it.store === store)) return
        markAsked(tx, name, store)
        consider(tx, set, store)
        tx.schedule(LOOK, key, dueIn(tx.now, lookEvery(set)))
        tx.afterwards(() => context.ask({ is: 'list', set: name, store }))
      },
    },
    configure(tx) {
      const sets = context.sets()
      const lies = (name: string, store: string): boolean => sets.get(name)?.in.some((it) => it.store === store) ?? false
      for (const row of loadSides(tx.sql)) {
        if (!lies(row.set_, row.store)) tx.append({ is: 'guard.left', stream: `backup:${row.set_}`, body: { set: row.set_, store: row.store, at: tx.now.wall } })
      }
      for (const set of sets.values()) for (const { store } of set.in) tx.schedule(LOOK, keyOf(set.name, store), dueIn(tx.now, ms(0)))
    },
    lookSoon(tx, set) {
      for (const { store } of set.in) {
        const age = loadListing(tx.sql, set.name, store, tx.now).age ?? BETWEEN_LOOKS
        tx.schedule(LOOK, keyOf(set.name, store), dueIn(tx.now, ms(Math.max(0, BETWEEN_LOOKS - age))))
      }
    },
    listed(tx, { set: name, store }, result) {
      const set = context.sets().get(name)
      const lies = set?.in.find((it) => it.store === store)
      if (!set || !lies) return 'all'
      const former = context.formerOf(tx.sql, set, store)
      if (result.is === 'not-listed') saveNotListed(tx.sql, name, store, tx.now, result.lost === true ? sayLost(tx, set, store, result.says) : result.says)
      // What lies in another store says nothing of this one: nothing is missed by it, and nothing is forgotten.
      else if (former !== undefined && former !== result.identity) saveNotListed(tx.sql, name, store, tx.now, another(result.identity, name, store))
      else {
        if (lies.objects !== undefined) measure(tx, set, lies, result)
        else if (!record(tx, set, lies, { copies: result.copies, took: context.took(tx.sql, name, store) })) return 'more'
        saveListed(tx.sql, name, store, tx.now, result.identity)
        saveOdd(tx.sql, name, store, result.odd)
        saveLocks(tx.sql, name, store, tx.now, result.locks ?? [])
        if (loadMissed(tx.sql, name, store) && context.gone(tx.sql, set, store) === 0) foundAgain(tx, set, store)
        context.onListed(tx, set, store, result)
      }
      lookAgain(tx, set, lies, result.is === 'not-listed' ? result.lost : former !== undefined && former !== result.identity)
      consider(tx, set, store)
      return 'all'
    },
  }
}

/** What it is a copy of is down, and people are told of that: a copy that is due meanwhile cannot have come. Of an outage that is silenced nobody hears. */
const excusing = ({ sql, now }: Tx, { of }: BackupSet): string => (of !== undefined && isDown(sql, of) && !isSilenced(sql, of, now.wall) ? of : '')

function turn(tx: Tx, set: BackupSet, store: string, had: TurnedBody['from'] | undefined, { found, well }: { readonly found: readonly Verdict[]; readonly well: string }): void {
  const root = excusing(tx, set)
  const stood = had === undefined ? [] : loadFindings(tx.sql, set.name, store).map(({ side }) => side)
  // The outage is told of, and this again when that is over; what was late before stays so.
  const findings = found.filter(({ side }) => !(side === 'late' && root !== '' && had !== undefined && had !== 'late' && !stood.includes('late')))
  // Only excused: not one thing more is known against it than before, and not that it is well either.
  if (findings.length === 0 && found.length > 0 && (had === undefined || had === 'ok')) return
  const to = findings[0]?.side ?? 'ok'
  if (had === to && (stood.length === 0 ? findings.length <= 1 : isSameAs(stood, findings.map(({ side }) => side)))) return
  const says = findings.map((it) => it.says).join('; besides, ') || well
  const body: TurnedBody = { set: set.name, store, from: had ?? 'new', to, says, findings, of: set.of ?? '', root, escalate: set.escalate, at: tx.now.wall }
  tx.append({ is: 'guard.turned', stream: `backup:${set.name}`, body })
}

/** What could not be listed may be well in a minute, and its regular look is far away. */
function lookAgain(tx: Tx, set: BackupSet, { store, objects }: BackupSet['in'][number], lost = false): void {
  const isListed = loadListing(tx.sql, set.name, store, tx.now).failed === undefined
  // One that was lost and now does not answer has not come back.
  if (isListed || lost) saveLost(tx.sql, set.name, store, { lost })
  if (isListed) return
  const soon = objects !== undefined ? AGAIN_OBJECTS : lost ? AGAIN_LOST : AGAIN_FAILED
  tx.schedule(LOOK, keyOf(set.name, store), dueIn(tx.now, ms(Math.min(soon, lookEvery(set)))))
}

/** One that was read before is mounted again, and not made anew: an empty folder that is given a marker would pass for it. */
function sayLost(tx: Tx, set: BackupSet, store: string, says: string): string {
  const { at } = loadListing(tx.sql, set.name, store, tx.now)
  return at === undefined ? `${says}; where it is new, make its marker there, once` : `${says}; it was there until ${sayUtc(at)}`
}

const isSameAs = (one: readonly string[], other: readonly string[]): boolean => one.length === other.length && one.every((it) => other.includes(it))

/** True when the first listing should have come by now. */
function isOverdue(tx: Tx, set: BackupSet, store: string): boolean {
  const asked = loadAsked(tx.sql, set.name, store)
  const waits = asked && ageOf(asked, tx.now)
  return waits !== undefined && waits > patienceOf(set)
}

/** All that was missed is there again, or a person said that it was meant to go. */
export function foundAgain(tx: Tx, set: BackupSet, store: string, says = 'all of it is there again'): void {
  if (!loadMissed(tx.sql, set.name, store)) return
  const body: MissedBody = { set: set.name, store, to: 'over', says, key: '', escalate: set.escalate, at: tx.now.wall }
  tx.append({ is: 'guard.missed', stream: `backup:${set.name}`, body })
}
