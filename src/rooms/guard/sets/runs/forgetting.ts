// Which runs may be forgotten. What a run that failed left behind does not count as long as somebody knows that it failed: forgotten with the run, the wreck would
// be a backup again (G-2). So a run stays as long as a copy is known that is of it, also one that ended well, since without it that copy would be taken for one of a
// worse run near by; and as long as no whole listing has shown what it may have left. What is kept beyond that is bounded. Pure.
import { later, type Instant, type Span } from '../../../../core/time.ts'
import type { Pattern } from '../pattern.ts'
import { whoseOf, type Made, type Run } from './whose.ts'

/** Where copies of the set lie that are files of their own: what is known there, and when the last whole listing was; `undefined` where there was none. */
export interface Shelved {
  readonly pattern: Pattern
  readonly copies: readonly Made[]
  readonly listedAt: Instant | undefined
}

export interface Forgetting {
  /** So many of the newest stay, whatever lies where. */
  readonly newest: number
  /** More than so many of which no listing has shown what they left are not waited for; of those that go, the ones that ended well go first. */
  readonly unseen: number
  readonly margin: Span
}

/** The runs without which a copy that is known would be of another run, or of none. */
export function neededBy<R extends Run>(runs: readonly R[], shelves: readonly Shelved[], margin: Span): ReadonlySet<R> {
  const whose = whoseOf(runs, margin)
  const needed = new Set<R>()
  for (const { pattern, copies } of shelves) {
    for (const copy of copies) {
      const it = whose(copy, pattern)
      if (it.is === 'of') needed.add(it.run)
      // Both: of one of them alone it would be taken for certain.
      if (it.is === 'among') for (const run of it.runs) needed.add(run)
    }
  }
  return needed
}

/** Those that nothing is lost with. `among`: of which some may go; all of them say whose a copy is. */
export function forgettable<R extends Run>(runs: readonly R[], among: readonly R[], shelves: readonly Shelved[], { newest, unseen, margin }: Forgetting): readonly R[] {
  if (among.length <= newest) return []
  const needed = neededBy(runs, shelves, margin)
  const old = among.toSorted((a, b) => b.from - a.from || (a.hash < b.hash ? -1 : 1)).slice(newest).filter((run) => !needed.has(run))
  const shown = (run: R): boolean => shelves.every(({ listedAt }) => listedAt !== undefined && listedAt > later(run.to, margin))
  const waits = old.filter((run) => !shown(run))
  const rest = waits.toSorted((a, b) => Number(a.exit === 0) - Number(b.exit === 0) || b.from - a.from).slice(unseen)
  return [...old.filter(shown), ...rest]
}
