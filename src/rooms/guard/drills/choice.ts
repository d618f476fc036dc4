// Which copy is drilled next, and what the drills so far say of a set. Every second drill takes the newest copy, the others take the rest in turn:
// whatever was never drilled before whatever was drilled longest ago, drawn among equals, so that no age of copies stays unread. Pure.
import { createHash } from 'node:crypto'
import { sayTime, type Instant, type Span } from '../../../core/time.ts'
import { sayBriefly } from '../../../ports/store/key.ts'
import type { Judged } from '../sets/judge.ts'
import type { Words } from './remembered.ts'
import type { LastDrill } from './rows.ts'

/** `times`: so many drills there were here, of whatever copy. `seed` draws among equals; the same gives the same. */
export function chooseCopy(judged: readonly Judged[], drills: readonly LastDrill[], { times, seed }: { readonly times: number; readonly seed: string }): Judged | undefined {
  const counted = judged.filter((copy) => copy.counted)
  const newest = counted[0]
  if (!newest || counted.length === 1) return newest
  const lastOf = new Map(drills.map((drill) => [drill.key, drill]))
  const timeOf = ({ key, etag }: Judged): number => (lastOf.get(key)?.etag === etag ? (lastOf.get(key)?.at ?? 0) : 0)
  // Also where a new copy comes before each drill: else the older ones would never have their turn.
  if (times % 2 === 0) return newest
  const drawn = ({ key }: Judged): string => createHash('sha256').update(`${seed}\0${times}\0${key}`).digest('hex')
  return counted.slice(1).toSorted((a, b) => timeOf(a) - timeOf(b) || (drawn(a) < drawn(b) ? -1 : 1))[0]
}

/** What is said of a set when its drills do not speak for it. */
export interface Doubt {
  readonly side: 'unreadable' | 'unproven'
  readonly says: string
}

/**
 * Doubt: the last drill that came to an end failed, or that of the newest copy of which a drill knows anything, whatever older ones have passed since and
 * also where that copy is gone; or none has passed for twice as long as one is due, counted from when one might first have been. `order`: the copies that
 * are there, the newest first. `words`: of all drills, also of copies that are gone. `expectedSince`: absent where nothing was to be drilled yet.
 */
export function doubtOf(drills: readonly LastDrill[], it: { readonly every: Span; readonly now: Instant; readonly order: readonly { readonly key: string; readonly etag: string }[]; readonly words?: Words; readonly expectedSince?: Instant }): Doubt | undefined {
  const { last, failed, newest, passed } = it.words ?? {}
  const known = drills.filter(({ verdict }) => verdict !== 'unknown')
  const ofNewest = it.order.flatMap(({ key, etag }) => known.find((drill) => drill.key === key && drill.etag === etag) ?? [])[0]
  // What has passed after it may be gone: then it passed all the same.
  const latest = known[0] && passed && passed.at > known[0].at ? undefined : known[0]
  const decided = [failed, latest, newest, ofNewest].find((drill) => drill?.verdict === 'failed')
  const isThere = (drill: { readonly key: string; readonly etag: string }): boolean => drills.some(({ key, etag }) => key === drill.key && etag === drill.etag)
  if (decided) return { side: 'unreadable', says: `a drill failed: ${decided.says} (${sayBriefly(decided.key)}${isThere(decided) ? '' : ', which is gone'})` }
  const passedAt = [passed?.at, ...drills.map((drill) => drill.passedAt)].reduce<Instant | undefined>((latestAt, at) => (at !== undefined && at > (latestAt ?? 0) ? at : latestAt), undefined)
  const since = passedAt ?? it.expectedSince
  if (since === undefined || it.now - since <= it.every * 2) return undefined
  const recent = last ?? drills[0]
  const why = recent?.verdict === 'unknown' ? `: the last one could not tell, ${recent.says}` : ''
  return { side: 'unproven', says: `${passedAt === undefined ? 'no drill has ever passed' : `no drill has passed for ${sayTime((it.now - passedAt) as Span)}`}${why}` }
}
