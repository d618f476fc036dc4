// What is missing from a store, or that it is another one, as a person is shown it before they say that it was meant: their word holds for just that, and
// for nothing that has gone since (G-12).
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Now } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import { loadListing } from '../rows.ts'
import { loadGone } from './rows.ts'
import { nameOf, type Place } from './shelf.ts'

const ANOTHER = 'it is another store than before ('

/** What is said while a store is not the one that it was. */
export const another = (identity: string, set: string, store: string): string => `${ANOTHER}${sha256(identity).slice(0, 8)}). If that is right, a person says so: holdfast backups accept-gone ${set} ${store} -m "why"`

export interface Missing {
  readonly places: readonly Place[]
  readonly moved: boolean
  /** Of all of it: what a person's word is bound to. */
  readonly seen: string
}

export function missingOf(sql: Sql, set: string, store: string, now: Now): Missing {
  const places = loadGone(sql, set, store)
  const { failed } = loadListing(sql, set, store, now)
  const moved = failed?.startsWith(ANOTHER) === true
  return { places, moved, seen: sha256(canonical([moved ? (failed ?? '') : '', places.map(nameOf).sort()])).slice(0, 8) }
}
