// Metrics in Prometheus' text format. Few, and each answers a question that somebody asks at night.
import type { Now } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { bytesToday, rtoFor } from '../rooms/guard/drills/figures.ts'
import { loadPlanted } from '../rooms/guard/drills/planted.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import { loadChecks } from '../rooms/watch/rows.ts'
import type { Watcher } from '../rooms/watch/watcher.ts'
import { viewBackups } from './backups.ts'

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

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

/** How backups stand, per set and store, in the same form; a set that was not listed yet, or is not known, has no `holdfast_backup_ok`. Looks at every copy: not each second. */
export function backupMetrics(sql: Sql, sets: readonly BackupSet[], now: Now): string {
  const places = viewBackups(sql, sets, now).sets.flatMap((set) => set.places.map((place) => ({ place, labels: `{set="${escape(set.set)}",store="${escape(place.store)}"}` })))
  if (places.length === 0) return ''
  const engines = [...new Set([...sets].flatMap(({ drill, engine }) => (drill ? [engine] : [])))].map((engine) => ({ planted: loadPlanted(sql, engine), labels: `{engine="${escape(engine)}"}` }))
  const gauge = (name: string, help: string, value: (place: (typeof places)[number]['place']) => number | undefined): string[] =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...places.flatMap(({ place, labels }) => value(place) === undefined ? [] : [`${name}${labels} ${value(place)}`])]
  return `${[
    ...gauge('holdfast_backup_ok', '1 when the newest copy is as it should be, 0 when not; absent while it is not known.', ({ state }) => (state === 'new' || state === 'unknown' ? undefined : state === 'ok' ? 1 : 0)),
    ...gauge('holdfast_backup_age_seconds', 'Age of the newest copy that counts.', ({ newest }) => (typeof newest?.at === 'number' ? (now.wall - newest.at) / 1000 : undefined)),
    ...gauge('holdfast_backup_bytes', 'Size of the newest copy that counts.', ({ newest }) => newest?.bytes),
    ...gauge('holdfast_backup_copies', 'Copies that count.', ({ counted }) => counted),
    ...gauge('holdfast_backup_rung', 'The highest rung proven of the newest copy that counts.', ({ newest }) => newest?.rung),
    ...gauge('holdfast_backup_oldest_unread_seconds', 'For how long some byte of the copies was not read, where a set promises that.', ({ reading }) => (typeof reading?.oldest_unread === 'number' ? (now.wall - reading.oldest_unread) / 1000 : undefined)),
    ...gauge('holdfast_backup_damaged_parts', 'Parts whose bytes are not those of when they were first read.', ({ reading }) => reading?.damaged),
    '# HELP holdfast_backup_rto_seconds How long a restore of today\'s size takes, by the last drills that passed; absent while none did.', '# TYPE holdfast_backup_rto_seconds gauge',
    ...sets.flatMap((set) => rtoLines(sql, set, now)),
    '# HELP holdfast_backup_rto_target_seconds How long it may take.', '# TYPE holdfast_backup_rto_target_seconds gauge',
    ...sets.flatMap(({ name, rto }) => (rto === undefined ? [] : [`holdfast_backup_rto_target_seconds{set="${escape(name)}"} ${rto / 1000}`])),
    '# HELP holdfast_drills_proven_able_to_fail_seconds How long ago a drill failed on a copy that was spoilt on purpose; absent when none ever did.', '# TYPE holdfast_drills_proven_able_to_fail_seconds gauge',
    ...engines.flatMap(({ planted, labels }) => (planted?.failedAt === undefined ? [] : [`holdfast_drills_proven_able_to_fail_seconds${labels} ${(now.wall - planted.failedAt) / 1000}`])),
    '# HELP holdfast_drills_believed 0 when a drill passed a copy that was spoilt on purpose: what drills of this engine say does not count.', '# TYPE holdfast_drills_believed gauge',
    ...engines.map(({ planted, labels }) => `holdfast_drills_believed${labels} ${planted?.doubtedAt === undefined ? 1 : 0}`),
  ].join('\n')}\n`
}

function rtoLines(sql: Sql, set: BackupSet, now: Now): string[] {
  const rto = rtoFor(sql, set.name, bytesToday(sql, set, now.wall))
  return rto.is === 'unknown' ? [] : [['0.5', rto.whole.p50] as const, ['0.95', rto.whole.p95] as const].map(([quantile, span]) => `holdfast_backup_rto_seconds{set="${escape(set.name)}",quantile="${quantile}"} ${span / 1000}`)
}
