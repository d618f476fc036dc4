// Metrics in Prometheus' text format. Few, and each answers a question that somebody asks at night.
import type { Now } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { loadChecks } from '../rooms/watch/rows.ts'
import type { Watcher } from '../rooms/watch/watcher.ts'

/** A label's value, as the format wants it. */
export const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** What the keeper knows, as text/plain version 0.0.4. */
export function keeperMetrics(sql: Sql, watcher: Watcher, now: Now): string {
  const count = (query: string): number => sql.get<{ n: number }>(query)?.n ?? 0
  const lines = [
    '# HELP holdfast_check_up 1 up, 0 down; absent while it is not known.', '# TYPE holdfast_check_up gauge',
  ]
  for (const row of loadChecks(sql)) if (row.side === 'up' || row.side === 'down') lines.push(`holdfast_check_up{check="${escape(row.name)}"} ${row.side === 'up' ? 1 : 0}`)
  lines.push('# HELP holdfast_check_last_look_seconds Age of the newest look.', '# TYPE holdfast_check_last_look_seconds gauge')
  for (const name of watcher.checks.keys()) {
    const last = watcher.standing(name)?.last
    if (last) lines.push(`holdfast_check_last_look_seconds{check="${escape(name)}"} ${((now.tick - last.tick) / 1000).toFixed(3)}`)
  }
  lines.push(
    '# HELP holdfast_incidents_open Open incidents.', '# TYPE holdfast_incidents_open gauge', `holdfast_incidents_open ${count(`select count(*) as n from page_incident where state = 'open'`)}`,
    '# HELP holdfast_pages_waiting Pages intended and not settled.', '# TYPE holdfast_pages_waiting gauge', `holdfast_pages_waiting ${count(`select count(*) as n from deed where is_ = 'intended'`)}`,
    '# HELP holdfast_ledger_entries_total Entries in the ledger.', '# TYPE holdfast_ledger_entries_total counter', `holdfast_ledger_entries_total ${count('select coalesce(max(seq), 0) as n from entry')}`,
    '# HELP holdfast_acts_in_doubt Acts of the hand that were begun, and of which nobody knows the outcome.', '# TYPE holdfast_acts_in_doubt gauge', `holdfast_acts_in_doubt ${count(`select count(*) as n from guard_object where life_is in ('leaving', 'returning', 'removing')`)}`,
    '# HELP holdfast_turns_set_aside Turns that were set aside.', '# TYPE holdfast_turns_set_aside gauge', `holdfast_turns_set_aside ${count('select count(*) as n from set_aside')}`, '',
  )
  return lines.join('\n')
}
