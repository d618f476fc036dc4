// What was set aside of a set: it lies where it was, or under .holdfast/, counts as no copy, and comes back by one person's word until it is removed for good.
import type { Instant, Now } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { purgeFor, type Life } from '../../rooms/guard/retention/duty.ts'
import { loadTaken } from '../../rooms/guard/retention/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'

/** One copy that lies aside. */
export interface AsideAnswer {
  readonly store: string
  readonly copy: string
  readonly bytes: number
  readonly since: Instant
  /** From when on two people may remove it for good, as far as time alone goes; null where nobody can say. */
  readonly eligible_at: Instant | null
  /** Whether it may be removed for good now, if two people say so. */
  readonly removable: boolean
  /** Why it may, or why not yet. */
  readonly why: string
}

/** So many are shown; `backups plan` has all of them. */
const SHOWN = 200

/** What lies aside, by store; `count`: also what is not shown. */
export function asideOf(sql: Sql, set: BackupSet, now: Now, life: Life): { readonly count: number; readonly shown: readonly AsideAnswer[] } {
  const all = set.in.flatMap(({ store }) => ([...loadTaken(sql, set.name, store).values()].some(({ life: it }) => it.is === 'aside')
    ? purgeFor(sql, set, store, now, life).items.map((it): AsideAnswer => ({ store, copy: it.key, bytes: it.bytes, since: it.since, eligible_at: it.eligible_at, removable: it.act === 'purge', why: it.why }))
    : []))
  return { count: all.length, shown: all.slice(0, SHOWN) }
}
