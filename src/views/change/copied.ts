// What the guard knows of a set's copies, held against what planned work wants of one. A copy counts where its store was listed lately: as old as a listing may be before the guard
// itself says that it does not know the set any more (C-2). A guard that died, a store that cannot be listed, and one that is not known for any other reason
// leave every copy there unknown: it may be gone since. That accuses nobody, and opens nothing.
import { sayTime, type Instant, type Now } from '../../core/time.ts'
import type { Answered } from '../../rooms/change/gates.ts'
import type { Want } from '../../rooms/change/runbook.ts'
import { loadListing } from '../../rooms/guard/rows.ts'
import { patienceOf } from '../../rooms/guard/sets/duty.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { Sql } from '../../db/sql.ts'
import { viewBackupSet, type BackupAnswer, type BackupPlaceAnswer } from '../backups.ts'

type Wanted = Extract<Want, { is: 'backup' }>

/** The best copy that a set has in a store that is known; `unknown` where there is none, and one may lie where nobody could look. */
export function copiedFact(want: Wanted, { sql, now, sets }: { readonly sql: Sql; readonly now: Now; readonly sets: ReadonlyMap<string, BackupSet> }): Answered {
  const set = sets.get(want.set)
  if (!set) return { found: 'unknown', evidence: [{ subject: want.set, observer: 'nobody', at: null, says: 'there is no such set of backups' }] }
  const { places, copies = [] } = viewBackupSet(sql, set, now, 'without runs')
  const unseen = places.flatMap((place) => unseenIn(place, { sql, set, now }) ?? [])
  const counted = copies.filter((it) => it.counted && !unseen.some(({ store }) => store === it.store))
  const whys = counted.map((copy) => whyNot(want, copy, now))
  const good = counted.find((_, at) => whys[at] === undefined)
  const shown = good ?? counted[0]
  const [hidden] = good ? [] : unseen
  if (hidden) return { found: 'unknown', evidence: unseen.map(({ store, at, says }) => ({ subject: `${store}/${want.set}`, observer: 'the guard', at, says: `${says}; holdfast backups look ${want.set} lists it now` })) }
  const says = good ? `${good.copy} in ${good.store}` : (whys[0] ?? 'no copy of it counts')
  return { found: good ? 'pass' : 'fail', evidence: [{ subject: shown ? `${shown.store}/${shown.copy}` : want.set, observer: 'the guard', at: shown?.proven_at ?? shown?.at ?? null, says }] }
}

interface Unseen { readonly store: string; readonly at: Instant | null; readonly says: string }

/** Why it is not known what lies in a store now. */
function unseenIn({ store, listed_at: at, unseen, state, says }: BackupPlaceAnswer, { sql, set, now }: { readonly sql: Sql; readonly set: BackupSet; readonly now: Now }): Unseen | undefined {
  const { age } = loadListing(sql, set.name, store, now)
  const limit = patienceOf(set)
  if (unseen !== null) return { store, at, says: `${store} cannot be listed: ${unseen}` }
  if (at === null) return { store, at, says: `${store} was not listed yet` }
  if (age === undefined) return { store, at, says: `nobody knows how long ago ${store} was listed` }
  if (age > limit) return { store, at, says: `${store} was listed ${sayTime(age)} ago (limit ${sayTime(limit)}), and what lies there now is not known` }
  return state === 'unknown' ? { store, at, says: `how the set stands in ${store} is not known: ${says}` } : undefined
}

function whyNot({ age, rung, proven }: Wanted, copy: BackupAnswer, { wall }: Now): string | undefined {
  const within = (at: Instant | null, span: number): boolean => at !== null && at <= wall && wall - at <= span
  const reached = rung === undefined ? 0 : Number(rung.slice(1))
  if (age !== undefined && !within(copy.at, age)) return `${copy.copy} is too old`
  if (copy.rung < reached) return `${copy.copy} is proven up to L${copy.rung} only`
  return proven !== undefined && !within(copy.proven_at, proven) ? `${copy.copy} was not proven lately` : undefined
}
