// Whether a server of PostgreSQL follows the one that leads: it streams, on the leader's timeline, and is not far behind. Each of them is looked at at a moment of its own,
// and a leader under load writes a hundred megabytes between two looks; so a follower is held against what the leader had written at least a second before, and
// what it once did is good for ten seconds more (decision 0027). Nothing is judged while nobody leads: what then streams from nobody is no fault of its own.
import { seconds, type Span, type Stamp } from '../../../core/time.ts'
import { BEHIND_MOST, FRESH, type Heard, type Report } from '../sight.ts'

type Patroni = Extract<Report, { is: 'patroni' }>
type Follows = Pick<Heard, 'followed' | 'strays'>
type Entry = { -readonly [Key in keyof Follows]: Follows[Key] }

/** How one that leads stood at some of its looks, the newest one last. */
export interface Led {
  readonly host: string
  readonly looks: readonly { readonly at: Stamp; readonly report: Patroni }[]
}

/** What the leader had written so long before a look at a follower had to be there by then. */
const BEFORE: Span = seconds(1)
/** They come each second; one that is slow takes three. */
const KEPT = 6

/** One more look at one that leads. */
export const ledBy = (led: Led | undefined, host: string, at: Stamp, report: Patroni): Led => ({ host, looks: [...(led?.host === host ? led.looks : []), { at, report }].slice(-KEPT) })

/** What is amiss with how it follows; empty: nothing. Absent: it cannot be told. */
function amissIn(it: Patroni, leader: string, led: Patroni): readonly string[] | undefined {
  const behind = it.position === undefined || led.position === undefined ? undefined : led.position - it.position
  const found = [
    ...(it.streams === false ? ['it does not stream'] : []),
    ...(it.timeline !== undefined && led.timeline !== undefined && it.timeline !== led.timeline ? [`it is on timeline ${it.timeline}, and ${leader} leads on ${led.timeline}`] : []),
    ...(behind !== undefined && behind > BEHIND_MOST ? [`it is ${behind} B behind ${leader}`] : []),
  ]
  return found.length === 0 && (it.streams === undefined || it.timeline === undefined || led.timeline === undefined || behind === undefined) ? undefined : found
}

/** One more look, taken in. Who does not run has to be seen to follow anew. */
export function takeFollowing(entry: Entry, report: Report, asked: Stamp, led: Led | undefined): void {
  if (report.is !== 'patroni' || !report.running) {
    forget(entry)
    return
  }
  if (report.leads) {
    entry.followed = asked
    delete entry.strays
    return
  }
  const against = led?.looks.findLast(({ at }) => at.boot === asked.boot && asked.tick - at.tick >= BEFORE && asked.tick - at.tick <= FRESH)
  const amiss = led && against && amissIn(report, led.host, against.report)
  if (!amiss) return
  if (amiss.length === 0) {
    entry.followed = asked
    delete entry.strays
  } else entry.strays = { since: entry.strays?.since ?? asked, says: amiss.join('; ') }
}

/** Nothing is known of how it follows. */
export function forget(entry: Entry): void {
  delete entry.followed
  delete entry.strays
}
