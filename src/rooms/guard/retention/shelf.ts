// A shelf: the copies of one set in one store, as they were listed, with all that has to be known before one of them may go. Nothing here has a default:
// what was not read is `undefined`, and each input says how many it held, so that "none" is never what was lost on the way. Whether a shelf can be
// judged by is a list of findings of three values; one that is not sound gives up nothing, and is no witness for another either (G-1, G-6, G-9, G-10).
import { read, type Found, type Observation } from '../../../core/evidence.ts'
import { minutes, type Instant, type Now, type Span } from '../../../core/time.ts'
import { sayKey } from '../../../ports/store/key.ts'
import type { Moment } from '../reconcile/margins.ts'

/** What names exactly one thing in a store, and what it was when it was judged (G-6). */
export interface Place {
  readonly key: string
  readonly versionId?: string
  readonly etag: string
}

/** One copy of the set, as the catalogue of backups gives it. */
export interface Copy {
  /** Its name within the set. */
  readonly copy: string
  /** When it was taken. */
  readonly at: Instant | undefined
  readonly bytes: number | undefined
  /** False for what is partial, running, failed (as `holdfast exec` tells), empty, undated, future-dated, shrunken or unreadable (G-2); `why` says which. */
  readonly counted: boolean
  readonly why: string
  /** The highest rung proven of this copy in this store, 0 to 8; from 2 on every byte of it was read. */
  readonly rung: number | undefined
  readonly provenAt: Instant | undefined
  readonly place: Place
  /** Since when it lies there, by the store's clock. */
  readonly modifiedAt: Instant | undefined
  /** A person, a tag or a lock says that it stays. */
  readonly held: boolean | undefined
}

/** That a copy could go, and since when: it waits, and is judged again (G-7). `runs` are healthy evaluations. */
export interface Mark {
  readonly first: Moment
  readonly last: Moment
  readonly runs: number
}

/** What is remembered of a copy between evaluations. */
export interface Known {
  readonly place: Place
  readonly since: Moment
  readonly mark?: Mark
}

export interface Shelf {
  readonly store: string
  /** Which store this is, and which it was. */
  readonly identity: { readonly now: string | undefined; readonly former: string | undefined }
  /** Passes if the listing came to its end. */
  readonly listing: Observation | undefined
  /** Passes if the store's clock and ours agree within five minutes. */
  readonly clock: Observation | undefined
  /** How many copies the listing itself gave. */
  readonly count: number | undefined
  readonly copies: readonly Copy[]
  /** All that should be there: seen before, and neither taken away by us nor accepted as gone by a person. `count` is the ledger's own. */
  readonly known: { readonly count: number; readonly copies: readonly Known[] } | undefined
  /** Of how many of these copies the ledger holds a proof. */
  readonly proofs: number | undefined
  /** The fewest copies that a healthy evaluation of the last 30 days found; `none` before the first. */
  readonly fewest: number | 'none' | undefined
  /** How many were set aside here within the last day. */
  readonly actsToday: number | undefined
}

/** From here on every byte of a copy was read and compared. */
export const READ_WHOLE = 2

/** A listing, and a comparison of clocks, is worth no more than this (G-1). */
export const FRESH: Span = minutes(15)

export interface Check {
  readonly id: 'listing' | 'whole' | 'identity' | 'clock' | 'known' | 'vanished' | 'proofs'
  readonly found: Found
  readonly cure: string
}

/** Everything that must be known of a shelf before it is judged by. */
export function checksOf(shelf: Shelf, now: Now): readonly Check[] {
  return [
    { id: 'listing', found: fresh(shelf.listing, now), cure: 'Let the store be listed again; if it stays so, see what `holdfast backups list` says of it.' },
    { id: 'whole', found: whole(shelf), cure: 'Let the store be listed again: what was listed and what is known of it do not fit together.' },
    { id: 'identity', found: same(shelf), cure: 'See whether the configuration still names the store that is meant. If it has moved on purpose, accept it.' },
    { id: 'clock', found: fresh(shelf.clock, now), cure: 'Set the clock that is off, and see whether its time is being kept.' },
    { id: 'known', found: remembered(shelf), cure: 'Let it be judged again; if it stays so, verify the ledger.' },
    { id: 'vanished', found: vanished(shelf), cure: 'Find out who takes backups away besides Holdfast (a lifecycle rule, a script, a stranger).' },
    { id: 'proofs', found: proofs(shelf), cure: 'Let it be judged again; if it stays so, verify the ledger.' },
  ]
}

export const isSound = (shelf: Shelf, now: Now): boolean => checksOf(shelf, now).every(({ found }) => found.is === 'pass')

/** The same thing in the same store, and unchanged. */
export const nameOf = ({ key, versionId, etag }: Place): string => JSON.stringify([key, versionId ?? null, etag])

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })

const fresh = (seen: Observation | undefined, now: Now): Found => read(seen && { ...seen, goodFor: Math.min(seen.goodFor, FRESH) as Span }, now)

function whole({ count, copies }: Shelf): Found {
  if (count === undefined) return unknown('how many copies the listing held is not known')
  if (count !== copies.length) return fail(`the listing held ${count} copies, and ${copies.length} of them are here`)
  const names = new Set(copies.map(({ place }) => nameOf({ ...place, etag: '' })))
  return names.size === copies.length ? pass : fail('the listing holds one copy twice')
}

function same({ identity: { now, former } }: Shelf): Found {
  if (now === undefined || former === undefined) return unknown('which store this is, or was, is not known')
  return now === former ? pass : fail('it is another store than before')
}

function remembered({ known }: Shelf): Found {
  if (known === undefined) return unknown('what was there before is not known')
  return known.count === known.copies.length ? pass : fail(`${known.count} copies were there before, and ${known.copies.length} of them are remembered`)
}

function vanished({ known, copies }: Shelf): Found {
  if (known === undefined) return unknown('what was there before is not known')
  const here = new Set(copies.map(({ place }) => nameOf(place)))
  const gone = known.copies.filter(({ place }) => !here.has(nameOf(place)))
  const [first] = gone
  return first === undefined ? pass : fail(`${gone.length} ${gone.length === 1 ? 'copy that was there is' : 'copies that were there are'} gone or changed, and it was not Holdfast: “${sayKey(first.place.key)}”${gone.length > 1 ? ' and others' : ''}`)
}

/** A proof that was lost would make a good copy look like one that nobody ever read. */
function proofs({ proofs: held, copies }: Shelf): Found {
  if (held === undefined) return unknown('how many copies were proven is not known')
  const read = copies.filter(({ rung }) => rung !== undefined && rung >= READ_WHOLE).length
  if (read >= held) return pass
  // One of which nobody knows what was proven may be the one that is missed: that is no reason to be at ease.
  const says = `the ledger holds the proofs of ${held} copies, and ${read} of them are here`
  return read + copies.filter(({ rung }) => rung === undefined).length >= held ? unknown(says) : fail(says)
}
