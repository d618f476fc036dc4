// What went away without Holdfast (G-12). A set without `keep` is rotated by somebody else, and that is nobody's alarm: of the oldest copies about one goes for
// each that came. Anything beyond is one: the newest without a newer one, the last that was proven before its turn, more than came, too much at once, or other bytes under
// the name of a copy whose time is over. With `keep` nobody but Holdfast takes any away, and retention tells of each; only a run
// that is repeated writes its newest copy anew, and that, once in a month and before anybody proved it, is no loss that a person has to speak of. Pure.
import { sayKey } from '../../../ports/store/key.ts'
import { days, type Instant, type Span } from '../../../core/time.ts'
import type { Judged } from './judge.ts'

/** So many copies more than came may go before anybody wonders: whoever rotates may do so before the next one comes. */
export const FIRST_CREDIT = 1
/** A month of daily copies may be taken away together, if they are the oldest. */
const MOST_CREDIT = 31
/** Of what lay there, at once. */
const SHARE = 0.2
/** The same of the oldest alone. */
const OLDEST_SHARE = 0.5

export interface Went {
  /** As they stood before, the newest first. */
  readonly before: readonly Judged[]
  /** Keys that are not listed any more. */
  readonly gone: ReadonlySet<string>
  /** Under these names other bytes lie now. */
  readonly changed: ReadonlySet<string>
  /** New names. */
  readonly came: readonly Judged[]
  /** Keys of copies that were read whole, or restored. */
  readonly proven: ReadonlySet<string>
  readonly credit: number
  /** Names say when a copy was made. */
  readonly dated: boolean
  readonly every: Span
  readonly now: Instant
}

/** What went is older than all that stays: then it was its turn, whoever read it. */
function isTurn({ before, gone }: Pick<Went, 'before' | 'gone'>): boolean {
  const oldest = Math.min(...before.filter(({ key }) => !gone.has(key)).map(({ at }) => at ?? 0))
  return before.every(({ key, at }) => !gone.has(key) || (at ?? 0) <= oldest)
}

/** Why it is not what whoever rotates them does; nothing where it may be that. */
export function whyOdd(it: Went): string | undefined {
  return oddNewest(it) ?? oddProven(it) ?? oddMany(it) ?? oddChanged(it)
}

/** A copy that is so much smaller than the one in whose place it stands is no second run of the same. */
const SMALLER = 0.5

/** A run is repeated on its day, however seldom it comes. */
const REPEATED_WITHIN: Span = days(1)
/** After one that was repeated, the next one is a person's to judge: whoever writes junk over every copy would otherwise never be heard of. */
const REPEATED_ONCE_IN: Span = days(30)

/** The last repeated run of a set in a store. */
export interface Repeat {
  readonly key: string
  readonly at: Instant
}

/**
 * The key of the newest copy, where its run was repeated: under its dated name, and within the time of one run and of a day, lies a younger one that counts and is no fraction of it. It has to
 * prove itself anew, and is a witness for no older one before; what was made before it is not written again by any run. A copy that was proven is not written anew in silence, nor one that
 * was written anew already, nor a second one within 30 days of the `former`.
 */
export function repeatedIn({ before, listed, proven, former, dated, every, now }: Pick<Went, 'before' | 'proven' | 'dated' | 'every' | 'now'> & { readonly listed: readonly Judged[]; readonly former: Repeat | undefined }): string | undefined {
  const is = listed.find(({ counted }) => counted)
  const had = before.find(({ key, at }) => key === is?.key && at !== undefined)
  if (!dated || is === undefined || had?.at === undefined || now - had.at > Math.min(every, REPEATED_WITHIN)) return undefined
  if (proven.has(had.key) || (former !== undefined && (former.key === had.key || now - former.at < REPEATED_ONCE_IN))) return undefined
  const isNewest = !before.some(({ key, at, counted }) => key !== had.key && counted && (at ?? 0) > (had.at ?? 0))
  // What did not count yet was mostly not written to its end.
  return isNewest && is.modifiedAt > had.modifiedAt && (!had.counted || is.bytes >= had.bytes * SMALLER) ? had.key : undefined
}

/** What may go from now on without anybody wondering. */
export const creditAfter = ({ credit, came, gone }: Pick<Went, 'credit' | 'came' | 'gone'>): number => Math.max(0, Math.min(MOST_CREDIT, credit + came.length - gone.size))

function oddNewest({ before, gone, came }: Went): string | undefined {
  const newest = before.find(({ counted }) => counted)
  if (newest?.at === undefined || !gone.has(newest.key)) return undefined
  return came.some(({ counted, at }) => counted && at !== undefined && at >= (newest.at ?? 0)) ? undefined : `the newest copy, ${sayKey(newest.key)}, is gone and no newer one came`
}

/** Where copies live for a shorter time than from drill to drill, each takes its proof along as its turn comes: that is told as the age of the proof, and not as a loss. */
function oddProven({ before, gone, changed, proven }: Went): string | undefined {
  if (isTurn({ before, gone })) return undefined
  const known = before.filter(({ key }) => proven.has(key))
  const [newest] = known
  if (newest === undefined || !gone.has(newest.key) || known.some(({ key }) => !gone.has(key) && !changed.has(key))) return undefined
  return `${sayKey(newest.key)} is gone, the last copy that was read or restored`
}

function oddMany({ before, gone, came, credit }: Went): string | undefined {
  if (gone.size === 0) return undefined
  const [first] = gone
  const which = gone.size === 1 ? sayKey(first ?? '') : `${sayKey(first ?? '')} and ${gone.size - 1} more`
  if (gone.size > credit + came.length) return `${which} ${gone.size === 1 ? 'is' : 'are'} gone, more than new ones came`
  const most = Math.max(came.length + FIRST_CREDIT, Math.floor(before.length * (isTurn({ before, gone }) ? OLDEST_SHARE : SHARE)))
  return gone.size > most ? `${which} are gone, of ${before.length} at once` : undefined
}

/** A run that is repeated writes its copy anew; one of days ago is not written again. */
function oddChanged({ before, changed, dated, every, now }: Went): string | undefined {
  if (!dated) return undefined
  const odd = before.find(({ key, counted, at }) => changed.has(key) && counted && at !== undefined && now - at > every)
  return odd && `other bytes lie under the name of ${sayKey(odd.key)}, which was made long ago`
}
