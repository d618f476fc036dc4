// Which run of a command made a copy. Nobody says so: it is judged by times, those of the run, that of the store, and the one that the copy's name says. In
// doubt between two runs it is of the later one, and where nothing but runs that ended badly could have made it, it is of one of those. Pure.
import { later, ms, type Instant, type Span } from '../../../../core/time.ts'
import { dateOf, type Pattern } from '../pattern.ts'

/** A run of a command, as far as it matters for whose copy it made. */
export interface Run {
  readonly hash: string
  readonly from: Instant
  readonly to: Instant
  /** `null`: it has begun, and nobody has told how it ended. */
  readonly exit: number | null
  /** Whether it has a manifest. */
  readonly manifest: boolean
}

/** `among`: it was carried on later, and any of these may have made it; they are two or more, and one at least ended well. */
export type Whose<R extends Run = Run> = { readonly is: 'none' } | { readonly is: 'of'; readonly run: R } | { readonly is: 'among'; readonly runs: readonly R[] }

/** A copy, as far as it matters whose it is. */
export interface Made {
  readonly key: string
  readonly modifiedAt: Instant
}

/** Clocks of stores and machines may differ by so much. */
const SKEW: Span = ms(300_000)
const LONGEST_UPLOAD: Span = ms(6 * 3_600_000)

/** How long after its command a copy may appear: it has to be carried to its store. Never so long that it could be of the next one. */
export const marginOf = ({ every }: { readonly every: Span }): Span => ms(Math.min(LONGEST_UPLOAD, Math.floor(every / 2)))

/**
 * The run that made a copy, for many copies. Its store wrote the copy between the beginning of the run and its end and `margin`, and the time that its name says touches that; of
 * several runs it is of the latest. Where there is none, five minutes of skew before the beginning are allowed. One that was written later was carried on from elsewhere: it is of the
 * only run that lies within what its name says. What a run that failed left behind has no manifest.
 * The runs are sorted once: thousands of copies cost no look at thousands of runs each.
 */
export function whoseOf<R extends Run>(runs: readonly R[], margin: Span): (copy: Made, pattern: Pattern) => Whose<R> {
  // Of two that began at once, the one that speaks against the copy is asked first.
  const ordered = runs.toSorted((a, b) => a.from - b.from || Number(a.exit !== 0) - Number(b.exit !== 0) || (a.hash < b.hash ? 1 : -1))
  const ends: number[] = []
  for (const { to } of ordered) ends.push(Math.max(to, ends.at(-1) ?? 0))
  /** Those that began until then, the latest first, as far as one of them or of those before may have ended after `since`. */
  function* before(until: number, since: number): Generator<R> {
    let [low, high] = [0, ordered.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ordered[middle]?.from ?? 0) <= until) low = middle + 1
      else high = middle
    }
    for (let i = low - 1; i >= 0 && (ends[i] ?? 0) >= since; i--) {
      const run = ordered[i]
      if (run !== undefined && run.to >= since) yield run
    }
  }
  return ({ key, modifiedAt }, pattern) => {
    const named = dateOf(pattern, key)
    if (named === undefined || named.is === 'impossible') return { is: 'none' }
    const fits = (run: Run): boolean => named.is === 'undated' || (named.from <= later(run.to, margin) && named.to >= run.from - SKEW)
    let skewed: R | undefined
    for (const run of before(modifiedAt + SKEW, modifiedAt - margin)) {
      if (!fits(run)) continue
      // Skew explains only what nothing else does: a run that began after the copy was written did not write it.
      if (run.from <= modifiedAt) return { is: 'of', run }
      skewed ??= run
    }
    if (skewed) return { is: 'of', run: skewed }
    if (named.is === 'undated' || modifiedAt <= named.to) return { is: 'none' }
    return amongThose(before(named.to, named.from))
  }
}

/** Of one, of the latest of many where none of them ended well, else of nobody knows which: two are enough to know that, one of them such as ended well. */
function amongThose<R extends Run>(within: Generator<R>): Whose<R> {
  let [latest, good, other]: (R | undefined)[] = []
  for (const run of within) {
    if (run.exit === 0 && good === undefined) good = run
    else other ??= run
    latest ??= run
    if (good !== undefined && other !== undefined) return { is: 'among', runs: [good, other] }
  }
  return latest === undefined ? { is: 'none' } : { is: 'of', run: latest }
}

/** The run that made one copy; nothing where there is none, or nobody knows which. */
export function runOf<R extends Run>(copy: Made, pattern: Pattern, runs: readonly R[], margin: Span): R | undefined {
  const whose = whoseOf(runs, margin)(copy, pattern)
  return whose.is === 'of' ? whose.run : undefined
}
