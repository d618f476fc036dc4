// A bucket that is itself the copy, judged as a whole: how much lies there against what lay there before, and when something was last written. One
// measure stands for each stretch of time, so that neither many looks nor few make a history of their own; what had shrunk is no history. Pure.
import { ms, sayTime, type Instant, type Span } from '../../../core/time.ts'
import { saySize } from '../../../words/size.ts'
import { judgeSet, type Judged, type Listing, type Verdict } from '../sets/judge.ts'
import type { BackupSet } from '../sets/set.ts'

/** How much lay there. */
export interface Measure {
  readonly objects: number
  readonly bytes: number
}

/** What lies there, as the last whole listing found it. */
export interface Whole extends Measure {
  /** Of the objects, those whose names nobody can ask for. */
  readonly odd: number
  /** When the newest object was written, by the store's clock; absent where there is none, or none that is not dated in the future. */
  readonly modifiedAt?: Instant
  /** What the store says of itself. */
  readonly versioning: string
  readonly lock: string
}

/** Every state of the whole counts as one thing. */
export const WHOLE = 'whole'

const SHRUNKEN = 0.5
const MEDIAN_OF = 30
const LEAST_HISTORY = 3
const HOUR = 3_600_000
const DAY = 86_400_000

/** Of each stretch of time one measure is history: as long as `every`, an hour at least and a day at most. */
export const slotOf = ({ every }: Pick<BackupSet, 'every'>, at: Instant): number => Math.floor(at / Math.min(DAY, Math.max(HOUR, every)))

/** Why it is far less than usual; nothing where it is not, or nobody knows what is usual. `before`: the oldest first. */
export function whyShrunken(now: Measure, before: readonly Measure[]): string | undefined {
  const history: Measure[] = []
  for (const one of before) if (less(one, history) === undefined) history.push(one)
  return less(now, history)
}

function less(it: Measure, history: readonly Measure[]): string | undefined {
  const usual = history.slice(-MEDIAN_OF)
  if (usual.length < LEAST_HISTORY) return undefined
  const [objects, bytes] = [median(usual.map((one) => one.objects)), median(usual.map((one) => one.bytes))]
  if (it.objects < objects * SHRUNKEN) return `it holds ${sayObjects(it.objects)} where ${sayObjects(objects)} are usual`
  return it.bytes < bytes * SHRUNKEN ? `it has ${saySize(it.bytes)} where ${saySize(bytes)} are usual` : undefined
}

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[Math.floor((figures.length - 1) / 2)] ?? 0

export const sayObjects = (count: number): string => (count === 1 ? '1 object' : `${count.toLocaleString('en')} objects`)

/** The whole as the one copy of its set; nothing where nothing lies there. `key`: what the configuration calls it. */
export function asCopy(key: string, whole: Whole, before: readonly Measure[]): Judged | undefined {
  const { objects, bytes, modifiedAt } = whole
  if (objects === 0) return undefined
  const copy = { key, etag: WHOLE, bytes, modifiedAt: modifiedAt ?? (0 as Instant) }
  if (modifiedAt === undefined) return { ...copy, counted: false, why: 'its store dates all of it in the future', flaw: 'future' }
  const why = bytes === 0 ? 'all of its objects are empty' : whyShrunken(whole, before)
  return why === undefined ? { ...copy, at: modifiedAt, counted: true, why: '' } : { ...copy, at: modifiedAt, counted: false, why, flaw: bytes === 0 ? 'empty' : 'shrunken' }
}

/** All that speaks against it, or that it is as it should be; as `judgeSet`, in words for a whole. */
export function judgeWhole(set: Pick<BackupSet, 'every' | 'grace'>, { copy, whole }: { readonly copy: Judged | undefined; readonly whole: Whole | undefined }, listing: Listing, it: { readonly now: Instant; readonly patience: Span }): readonly Verdict[] {
  const seen = judgeSet(set, copy ? [{ ...copy, counted: true }] : [], listing, it)
  if (seen[0]?.side === 'unknown') return seen
  if (!copy || !whole) return [{ side: 'missing', says: 'nothing lies there' }]
  const found: Verdict[] = []
  if (copy.flaw === 'future') return [{ side: 'missing', says: copy.why }]
  if (!copy.counted) found.push({ side: 'shrunken', says: copy.why })
  const age = ms(Math.max(0, it.now - (listing.age ?? 0) - copy.modifiedAt))
  if (age > set.every + set.grace) found.push({ side: 'late', says: `the newest object was ${sayTime(age)} old when it was looked for; one is due every ${sayTime(set.every)}` })
  return found.length > 0 ? found : [{ side: 'ok', says: `${sayObjects(whole.objects)}, the newest ${sayTime(age)} old` }]
}
