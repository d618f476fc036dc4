// What a set's copies in one store are worth, from one whole listing. A copy counts only when nothing speaks against it: it has a time, that time
// is not to come, it is not empty, it has not shrunk, and no command that is known to have failed, or to go on, wrote it. Too few, too old, or too small is a failure; a listing that is old, or was not had,
// is unknown and accuses nobody. Pure: rows and `now` in, verdicts out.
import { later, ms, sayTime, type Instant, type Span } from '../../../core/time.ts'
import { saySize } from '../../../words/size.ts'
import type { BackupSet } from './set.ts'
import { dateOf, type Pattern } from './pattern.ts'

/** One copy as a store lists it. */
export interface Copy {
  readonly key: string
  readonly versionId?: string
  readonly etag: string
  readonly bytes: number
  /** By the store's clock. */
  readonly modifiedAt: Instant
}

/** Why a copy does not count. */
export type Flaw = 'empty' | 'undated' | 'future' | 'shrunken' | 'partial' | 'running' | 'failed'

/** What the command that wrote a copy says against it: nothing where it ended well, nobody told of it, or these very bytes were restored since. */
export type WrittenBy = (copy: Pick<Copy, 'key' | 'etag' | 'modifiedAt'>) => { readonly flaw: 'running' | 'failed'; readonly why: string } | undefined

export interface Judged extends Copy {
  /** When it was made, as late as can be believed; absent where nobody can say. */
  readonly at?: Instant
  readonly counted: boolean
  readonly why: string
  readonly flaw?: Flaw
}

/** What is wrong with a set in a store, or that it is not known. */
export type Side = 'ok' | 'missing' | 'late' | 'shrunken' | 'unreadable' | 'unproven' | 'slow' | 'unknown'

export interface Verdict {
  readonly side: Side
  /** One sentence, for people. */
  readonly says: string
}

/** A copy smaller than this share of the median of those before it does not count. */
const SHRUNKEN = 0.5
/** The median is taken of so many. */
const MEDIAN_OF = 30
/** With fewer there is no history to speak of. */
const LEAST_HISTORY = 3
/** Clocks may differ by so much before a time lies in the future. */
const AHEAD: Span = ms(300_000)
const DAY: Span = ms(86_400_000)

/** Each copy with what it is worth, the newest first; those without a time last. What a command left that failed, or goes on, is no copy, however it looks (G-2). */
export function judgeCopies(pattern: Pattern, copies: readonly Copy[], now: Instant, writtenBy: WrittenBy): Judged[] {
  const dated = copies.map((copy): Judged => {
    const read = dateOf(pattern, copy.key)
    if (read === undefined || read.is === 'impossible') return { ...copy, counted: false, why: 'its name says no time that can be', flaw: 'undated' }
    if (!Number.isFinite(copy.modifiedAt)) return { ...copy, counted: false, why: 'its store says no time that can be', flaw: 'undated' }
    if (isPartial(pattern, copy.key)) return { ...copy, counted: false, why: 'its name says that it is not whole yet', flaw: 'partial' }
    if (copy.modifiedAt > later(now, AHEAD)) return { ...copy, counted: false, why: 'its store dates it in the future', flaw: 'future' }
    if (read.is === 'dated' && read.from > later(now, AHEAD)) return { ...copy, counted: false, why: 'its name dates it in the future', flaw: 'future' }
    // What was written before the day that its name says is not of that day.
    if (read.is === 'dated' && copy.modifiedAt < read.from - DAY) return { ...copy, counted: false, why: 'its name says a day after it was written', flaw: 'future' }
    const at = read.is === 'dated' && copy.modifiedAt > read.to ? read.to : copy.modifiedAt
    if (copy.bytes === 0) return { ...copy, at, counted: false, why: 'it is empty', flaw: 'empty' }
    const broken = writtenBy(copy)
    if (broken) return { ...copy, at, counted: false, ...broken }
    return { ...copy, at, counted: true, why: '' }
  })
  const ordered = dated.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0) || (a.key < b.key ? -1 : 1))
  const history: number[] = []
  for (const [i, copy] of ordered.entries()) {
    if (!copy.counted) continue
    const before = history.slice(-MEDIAN_OF)
    const usual = before.length >= LEAST_HISTORY ? medianOf(before) : 0
    if (copy.bytes < usual * SHRUNKEN) ordered[i] = { ...copy, counted: false, why: `it has ${saySize(copy.bytes)} where ${saySize(usual)} are usual`, flaw: 'shrunken' }
    else history.push(copy.bytes)
  }
  return ordered.toReversed()
}

/**
 * What is usual before the newest copy that counts: the median of those before it that count. Absent where there are too few to speak of.
 * `judged`: the newest first, as `judgeCopies` gives them.
 */
export function usualBytes(judged: readonly Pick<Judged, 'bytes' | 'counted'>[]): number | undefined {
  const before = judged.filter(({ counted }) => counted).slice(1, 1 + MEDIAN_OF)
  return before.length < LEAST_HISTORY ? undefined : medianOf(before.map(({ bytes }) => bytes))
}

/** What programs call a file while they write it, or to go on with it later; a set whose copies are really called so says so itself. */
const UNFINISHED = /\.(?:partial|part|filepart|incomplete|inprogress|tmp|temp|checkpoint|crdownload)$/i

const isPartial = ({ text }: Pattern, key: string): boolean => UNFINISHED.test(key) && !UNFINISHED.test(text)

function medianOf(sizes: readonly number[]): number {
  const sorted = sizes.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

/** A listing: when it was begun, or why there is none. */
export interface Listing {
  /** The last whole one; absent when there was none yet. */
  readonly at?: Instant
  /** How old that is, by a clock that nobody sets. `undefined`: of another boot, or none. */
  readonly age: Span | undefined
  /** Why the last try failed, where it did. */
  readonly failed?: string
}

/** The worst first: what is lost before what is only late, and what is known before what is not. */
export const WORST: readonly Side[] = ['missing', 'unreadable', 'shrunken', 'late', 'unproven', 'slow', 'unknown', 'ok']

/** All that is wrong, each once. Where nothing was seen lately, what nobody tried says nothing more. */
export function worstFirst(verdicts: readonly Verdict[]): readonly Verdict[] {
  const found = verdicts.filter(({ side }, i) => side !== 'ok' && verdicts.findIndex((it) => it.side === side) === i).toSorted((a, b) => WORST.indexOf(a.side) - WORST.indexOf(b.side))
  const unseen = verdicts[0]?.side === 'unknown'
  return found.length > 0 ? found.filter(({ side }) => !unseen || (side !== 'unproven' && side !== 'slow')) : []
}

/** All that speaks against the set in one store, or that it is as it should be. `patience`: a listing older than that says nothing any more. */
export function judgeSet(set: Pick<BackupSet, 'every' | 'grace'>, judged: readonly Judged[], listing: Listing, it: { readonly now: Instant; readonly patience: Span }): readonly Verdict[] {
  if (listing.age === undefined || listing.age > it.patience) {
    return [{ side: 'unknown', says: listing.failed === undefined ? 'it was not listed lately' : `it cannot be listed: ${listing.failed}` }]
  }
  const newest = judged.find(({ counted }) => counted)
  const latest = judged[0]
  // The one name that is written anew each time: nothing is lost while that goes on, for as long as one may take.
  if (!newest && latest?.flaw === 'running' && it.now - latest.modifiedAt <= set.every + set.grace) return [{ side: 'ok', says: 'a copy is being written' }]
  if (!newest) return [{ side: 'missing', says: judged.length === 0 ? 'there is no copy' : `none of ${judged.length} counts: of the newest, ${latest?.why}` }]
  // As old as it was when it was looked for: what came since then nobody has seen, and what is not known accuses nobody.
  const age = it.now - listing.age - (newest.at ?? 0)
  const found: Verdict[] = []
  if (latest?.flaw === 'shrunken' || latest?.flaw === 'empty') found.push({ side: 'shrunken', says: `of the newest copy, ${latest.why}; the one before is ${sayTime(ms(age))} old` })
  if (age > set.every + set.grace) found.push({ side: 'late', says: `the newest copy was ${sayTime(ms(age))} old when it was looked for; one is due every ${sayTime(set.every)}` })
  return found.length > 0 ? found : [{ side: 'ok', says: `the newest copy is ${sayTime(ms(Math.max(0, age)))} old` }]
}
