// What the hosts of a run said last, kept beside the run: the first word after a restart of the keeper is held against the last one before it, so that a cable that was
// lost, or a host that was booted, while nobody listened is a surprise like any other (C-14). An entry is written only where something of it is another
// than before, which is a turn already, or an excused one; looks that say what the one before said leave no trace.
import { canonical, type Entry } from '../../../core/ledger.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Baseline } from '../heard/account.ts'

/** By host; of one that is missing nothing was known. */
export type Baselines = Readonly<Record<string, Baseline>>

export const BASELINE_TABLE = `
create table if not exists change_baseline (run text primary key, hosts text not null) strict, without rowid;
`
export const BASELINE_PROJECTION = 'change_baseline'

export interface BaselinedBody { readonly id: string; readonly hosts: Baselines }

/** The newest says all of it. */
export function applyBaselined(sql: Sql, { body }: Entry): void {
  const { id, hosts } = body as unknown as BaselinedBody
  sql.run('insert into change_baseline (run, hosts) values (?,?) on conflict (run) do update set hosts = excluded.hosts', id, canonical(hosts))
}

/** Nothing of a run that is over is held against anything. */
export const forgetBaseline = (sql: Sql, run: string): void => void sql.run('delete from change_baseline where run = ?', run)

export function loadBaselines(sql: Sql, run: string): Baselines {
  const row = sql.get<{ hosts: string }>('select hosts from change_baseline where run = ?', run)
  return row ? (JSON.parse(row.hosts) as Baselines) : {}
}
