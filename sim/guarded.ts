// What must hold of backups after every schedule, judged by what was really there: a set is known as it was last listed, what is well has no open
// incident, and what is late, or cannot be seen, has one.
import type { Entry } from '../src/core/ledger.ts'
import { KNOWN_WITHIN } from './backups.ts'
import type { World } from './schedule.ts'

type Check = (world: World, ledger: readonly Entry[]) => string[]

const isOpen = (world: World): boolean => world.keeper.sql.get(`select 1 as one from page_incident where subject = 'backup:nightly' and state = 'open'`) !== undefined

/** G-14, X-9: a job that makes no copies any more, and a process that never comes back, are told of; what went well again is over. */
const told: Check = (world) => {
  const { ends } = world.backups
  // By a clock that was set a copy of then may be one of now.
  if (ends === 'job stays broken' && world.happened.has('clock')) return []
  if (ends !== 'well') return isOpen(world) ? [] : [`G-14: ${ends}, and no incident is open ${Math.round(KNOWN_WITHIN / 1000)} s later`]
  // A clock that was set may make good copies look old, or new.
  return isOpen(world) && !world.happened.has('clock') ? ['W-10: backups are well again, and their incident is still open'] : []
}

/** G-12: what is known is what was last listed, and whatever came or went stands in the ledger. */
const known: Check = (world, ledger) => {
  const last = world.backups.told
  const rows = world.keeper.sql.all<{ key: string }>(`select key from guard_copy where set_ = 'nightly' order by key`).map(({ key }) => key)
  if (last && last.at < world.end - 5000 && world.backups.ends !== 'guard stays away' && JSON.stringify(rows) !== JSON.stringify(last.keys.toSorted())) return [`G-12: ${rows.length} copies are known, ${last.keys.length} were listed last`]
  const seen = new Set<string>()
  for (const { is, body } of ledger) {
    if (is === 'guard.appeared') seen.add(String(body['key']))
    if (is === 'guard.vanished') seen.delete(String(body['key']))
  }
  return seen.size === rows.length ? [] : [`G-12: the ledger holds ${seen.size} copies, the catalogue ${rows.length}`]
}

export const GUARDED: Readonly<Record<string, Check>> = { told, known }
