// The duty of the catalogue: every set is listed in every store it lies in, what came and went is recorded, and how it stands is judged from what
// is known. Each look at the agenda judges first, so that a process that never answers makes a set unknown, not silent (W-1, G-14). What is
// down already is not accused a second time: the incident then carries the name of the check that the set is a copy of.
import { ageOf, dueIn, minutes, ms, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Listed, ListTask, Task } from '../protocol.ts'
import {
  isDown, loadAsked, loadCopies, loadListing, loadSide, loadSides, markAsked, saveListed, saveNotListed, type CopyBody, type TurnedBody,
} from '../rows.ts'
import { judgeCopies, judgeSet, type Copy, type Verdict } from './judge.ts'
import { lookEvery, type BackupSet } from './set.ts'

export interface SetsContext {
  /** The sets in force, by their names. */
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** Gives the process a task; what comes of it comes back as a turn. Nothing when it is not there. */
  readonly ask: (task: Task) => void
  /** What reading and drills say against a set that looks well, or only late. */
  readonly doubt: (sql: Sql, set: BackupSet, store: string, now: Instant) => Verdict | undefined
  /** A whole listing was taken in. */
  readonly onListed: (tx: Tx, set: BackupSet, store: string, listed: Listed & { readonly is: 'listed' }) => void
}

export interface Sets {
  readonly due: NonNullable<Room['due']>
  /** After a configuration came into force: what is new is listed now, what is gone leaves. */
  configure(tx: Tx): void
  /** What came of a listing. `more`: there was too much for one turn; the same once more goes on with it, and only then it counts. */
  listed(tx: Tx, task: ListTask, result: Listed): 'all' | 'more'
  /** Judges one set in one store anew, from what is known. */
  consider(tx: Tx, set: BackupSet, store: string): void
}

const LOOK = 'guard.look'
/** A listing that takes longer than this says nothing any more: see `LIMITS` of listings. */
const LONGEST_LISTING: Span = minutes(65)
const keyOf = (set: string, store: string): string => JSON.stringify([set, store])

/** How old a listing may be: three looks, and what one may take. */
export const patienceOf = (set: Pick<BackupSet, 'every'>): Span => ms(Math.min(LONGEST_LISTING, lookEvery(set) * 3) + lookEvery(set))

export function setsOf(context: SetsContext): Sets {
  const consider = (tx: Tx, set: BackupSet, store: string): void => {
    const lies = set.in.find((it) => it.store === store)
    if (!lies) return
    const { sql, now } = tx
    const listing = loadListing(sql, set.name, store, now)
    const side = loadSide(sql, set.name, store)
    // Before the first listing there is nothing to say, for as long as a listing may take.
    if (listing.age === undefined && listing.failed === undefined && side === undefined && !isOverdue(tx, set, store)) return
    const judged = judgeCopies(lies.pattern, loadCopies(sql, set.name, store), now.wall)
    const verdict = judgeSet(set, judged, listing, { now: now.wall, patience: patienceOf(set) })
    const doubt = verdict.side === 'ok' || verdict.side === 'late' ? context.doubt(sql, set, store, now.wall) : undefined
    // A copy that cannot be restored weighs more than one that is late, and one that is late more than one that nobody tried.
    turn(tx, set, store, side?.side, doubt && (verdict.side === 'ok' || doubt.side === 'unreadable') ? doubt : verdict)
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
    listed(tx, { set: name, store }, result) {
      const set = context.sets().get(name)
      if (!set?.in.some((it) => it.store === store)) return 'all'
      if (result.is === 'not-listed') saveNotListed(tx.sql, name, store, tx.now, result.says)
      else {
        if (!record(tx, set, store, result.copies)) return 'more'
        saveListed(tx.sql, name, store, tx.now, result.identity)
        context.onListed(tx, set, store, result)
      }
      consider(tx, set, store)
      return 'all'
    },
  }
}

/** So much is recorded in one turn: pages never wait for a large set. */
const MOST_CHANGES = 300

/** What came, changed and went since the last listing (G-12). False when not all of it is recorded yet. */
function record(tx: Tx, set: BackupSet, store: string, copies: readonly Copy[]): boolean {
  let left = MOST_CHANGES
  const known = new Map(loadCopies(tx.sql, set.name, store).map((copy) => [copy.key, copy]))
  const bodyOf = (copy: Copy): CopyBody =>
    ({ set: set.name, store, key: copy.key, version: copy.versionId ?? '', etag: copy.etag, bytes: copy.bytes, modifiedAt: copy.modifiedAt, at: tx.now.wall })
  const stream = `backup:${set.name}`
  for (const copy of copies) {
    const had = known.get(copy.key)
    known.delete(copy.key)
    if (had && had.etag === copy.etag && had.versionId === copy.versionId && had.bytes === copy.bytes) continue
    if (left-- === 0) return false
    if (had) tx.append({ is: 'guard.vanished', stream, body: { ...bodyOf(had), says: 'another one stands under its name' } })
    tx.append({ is: 'guard.appeared', stream, body: bodyOf(copy) })
  }
  for (const gone of known.values()) {
    if (left-- === 0) return false
    tx.append({ is: 'guard.vanished', stream, body: { ...bodyOf(gone), says: 'it is not listed any more' } })
  }
  return true
}

function turn(tx: Tx, set: BackupSet, store: string, had: TurnedBody['from'] | undefined, { side, says }: Verdict): void {
  if (had === side) return
  const root = set.of !== undefined && isDown(tx.sql, set.of) ? set.of : ''
  // What is due while its source is down cannot have come: the outage is told of, and this again when that is over.
  if (root !== '' && side === 'late' && had !== undefined) return
  const body: TurnedBody = { set: set.name, store, from: had ?? 'new', to: side, says, of: set.of ?? '', root, escalate: set.escalate, at: tx.now.wall }
  tx.append({ is: 'guard.turned', stream: `backup:${set.name}`, body })
}

/** True when the first listing should have come by now. */
function isOverdue(tx: Tx, set: BackupSet, store: string): boolean {
  const asked = loadAsked(tx.sql, set.name, store)
  const waits = asked && ageOf(asked, tx.now)
  return waits !== undefined && waits > patienceOf(set)
}
