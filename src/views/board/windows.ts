// When runbooks are permitted to go: every opening of their windows in the weeks to come. What stands here permits, and starts nothing (C-18).
import { addDays, dayOf } from '../../core/calendar.ts'
import { days, later, type Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { openingsOf } from '../../rooms/change/window.ts'
import type { WindowAnswer, WindowsAnswer } from './work.ts'

/** So far ahead, and so many in all. */
const AHEAD = days(56)
const MOST = 2000

/** `sql`: which configuration is in force, and since when, stands in the ledger. */
export function viewWindows(runbooks: readonly Runbook[], sql: Sql, now: Instant): WindowsAnswer {
  const windows = runbooks.flatMap((it): WindowAnswer[] => {
    if (!it.window) return []
    const { timezone } = it.window
    return openingsOf(it.window, { first: addDays(dayOf(now, timezone), -1), last: dayOf(later(now, AHEAD), timezone) }).filter(({ to }) => to > now)
      .map(({ day, from, to }) => ({ runbook: it.name, title: it.title, day, from, until: to }))
  }).toSorted((a, b) => a.from - b.from).slice(0, MOST)
  const accepted = sql.get<{ seq: number; at: number }>(`select seq, at from entry where stream = 'config' order by seq desc limit 1`)
  return { schema: 'holdfast.windows/1', windows, since: (accepted?.at ?? now) as Instant, version: accepted?.seq ?? 0 }
}
