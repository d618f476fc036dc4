// Runs of commands that make backups, as `holdfast exec` tells of them. The manifest's text is kept beside the ledger, its hash in the entry; a run that
// failed is an entry without one. The same report again (its answer was lost, or it waited in a spool) is the one that is known. Of each set
// the newest runs are kept, with their texts. One that has begun is remembered until its end is told: what it writes is no copy before.
import { sha256 } from '../../../core/id.ts'
import { canonical, type Entry } from '../../../core/ledger.ts'
import { days, later, ms, type Instant } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { textOf } from '../../../db/store.ts'
import { sayUtc } from '../../../words/moment.ts'
import { manifestSchema, marginOf, runOf, type Manifest, type Run, type RunReport } from './manifest.ts'
import type { WrittenBy } from './judge.ts'
import type { BackupSet, Lies } from './set.ts'

export const RUN_TABLES = `
create table if not exists guard_run (set_ text not null, hash text not null, manifest text not null, from_ integer not null, to_ integer not null, exit_ integer not null, command text not null, says text not null,
  how text not null, tables integer not null, least integer not null, most integer not null, version text not null, newest text not null, primary key (set_, hash)) strict, without rowid;
create index if not exists guard_run_from on guard_run (set_, from_);
create table if not exists guard_run_begun (set_ text not null, from_ integer not null, command text not null, primary key (set_, from_, command)) strict, without rowid;
`

export const RUN_PROJECTIONS = ['guard_run', 'guard_run_begun']

/** So many runs of each set are kept. */
const MOST_RUNS = 500
/** So many of each set that nobody told the end of. */
const MOST_BEGUN = 50
/** What was written later than so long after a beginning whose end is never told, is of another run. */
const LONGEST_RUN = days(1)

/** `hash`: of the whole report, so that the same one is known again; `manifest`: of the text kept, empty without one. Figures are for lists. */
export interface RanBody extends Record<string, unknown> {
  readonly set: string; readonly hash: string; readonly manifest: string; readonly from: number; readonly to: number; readonly exit: number; readonly command: string; readonly says: string
  readonly how: string; readonly tables: number; readonly least: number; readonly most: number; readonly version: string; readonly newest: string; readonly by: string; readonly at: number
}

/** Both entries: a run with its manifest, and one without. */
export const applyRan = (sql: Sql, entry: Entry): void => {
  const b = entry.body as RanBody
  sql.run(`insert into guard_run (set_, hash, manifest, from_, to_, exit_, command, says, how, tables, least, most, version, newest) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict do nothing`,
    b.set, b.hash, b.manifest, b.from, b.to, b.exit, b.command, b.says, b.how, b.tables, b.least, b.most, b.version, b.newest)
  sql.run('delete from guard_run_begun where set_ = ? and from_ = ? and command = ?', b.set, b.from, b.command)
  sql.run('delete from guard_run where set_ = ? and hash in (select hash from guard_run where set_ = ? order by from_ desc, hash limit -1 offset ?)', b.set, b.set, MOST_RUNS)
}

/** A run has begun. */
export interface BegunBody extends Record<string, unknown> {
  readonly set: string; readonly from: number; readonly command: string; readonly by: string; readonly at: number
}

export const applyBegun = (sql: Sql, entry: Entry): void => {
  const { set, from, command } = entry.body as BegunBody
  sql.run('insert into guard_run_begun (set_, from_, command) values (?,?,?) on conflict do nothing', set, from, command)
  sql.run('delete from guard_run_begun where set_ = ? and from_ < (select min(from_) from (select from_ from guard_run_begun where set_ = ? order by from_ desc limit ?))', set, set, MOST_BEGUN)
}

/** Records that one has begun; false where that, or its end, was known. */
function recordBegun(tx: Tx, set: string, { command, from }: RunReport, by: string): boolean {
  const known = tx.sql.get('select 1 as one from guard_run_begun where set_ = ? and from_ = ? and command = ? union all select 1 from guard_run where set_ = ? and from_ = ? and command = ?', set, from, command, set, from, command)
  if (known) return false
  const body: BegunBody = { set, from, command, by, at: tx.now.wall }
  tx.append({ is: 'guard.backupBegan', stream: `backup:${set}`, body })
  return true
}

/** Records one run, or that one has begun; false when it was known. */
export function recordRun(tx: Tx, set: string, report: RunReport, by: string): boolean {
  if (report.exit === null) return recordBegun(tx, set, report, by)
  const hash = sha256(canonical({ set, report }))
  if (tx.sql.get('select 1 as one from guard_run where set_ = ? and hash = ?', set, hash)) return false
  const { manifest: given, command, from, to, exit, says } = report
  // What a command that failed leaves is no copy, and nothing is claimed of it.
  const manifest = exit === 0 ? given : undefined
  for (const { manifest: old } of tx.sql.all<{ manifest: string }>(`select manifest from guard_run where set_ = ? and manifest <> '' order by from_ desc, hash limit -1 offset ?`, set, MOST_RUNS - 1)) tx.sql.run('delete from text where hash = ?', old)
  const body: RanBody = {
    set, hash, manifest: manifest ? tx.keep(canonical(manifest)) : '', from, to, exit, command, says, ...figuresOf(manifest), by, at: tx.now.wall,
  }
  tx.append({ is: manifest ? 'guard.manifest' : 'guard.backupRan', stream: `backup:${set}`, body })
  return true
}

function figuresOf(manifest: Manifest | undefined): Pick<RanBody, 'how' | 'tables' | 'least' | 'most' | 'version' | 'newest'> {
  const counted = (manifest?.tables ?? []).flatMap((it) => ('says' in it ? [] : [it]))
  const newest = manifest?.newest && 'most' in manifest.newest ? (manifest.newest.most ?? '') : ''
  return {
    how: manifest?.how ?? '', tables: counted.length, least: counted.reduce((sum, { least }) => sum + least, 0), most: counted.reduce((sum, { most }) => sum + most, 0), version: manifest?.server?.version ?? '', newest,
  }
}

interface RunRow extends Record<string, unknown> {
  set_: string; hash: string; manifest: string; from_: number; to_: number; exit_: number; command: string; says: string; how: string; tables: number; least: number; most: number; version: string; newest: string
}

export interface KnownRun extends Run {
  readonly exit: number
  readonly row: RunRow
}

/** The newest first. */
export const loadRuns = (sql: Sql, set: string): KnownRun[] =>
  sql.all<RunRow>('select * from guard_run where set_ = ? order by from_ desc, hash', set).map((row) => ({
    hash: row.hash, from: row.from_ as Instant, to: row.to_ as Instant, exit: row.exit_, manifest: row.manifest !== '', row,
  }))

/** The run that made a copy in a store, by the rule of `runOf`. */
export function runOfCopy(set: BackupSet, store: string, copy: { readonly key: string; readonly modifiedAt: Instant }, runs: readonly KnownRun[]): KnownRun | undefined {
  const lies = set.in.find((it) => it.store === store)
  const run = lies && runOf(copy, lies.pattern, runs, marginOf(set))
  return runs.find(({ hash }) => hash === run?.hash)
}

/**
 * What the runs of a set say of its copies: what one left that failed is no copy, and neither is what one writes that goes on, or whose end nobody told. In doubt
 * between two runs it is of the later one, as in `runOf`. `ended`: what one writes that goes on is taken for what it may become: whoever judges what came and went asks so.
 */
export function writtenBy(sql: Sql, set: Pick<BackupSet, 'name' | 'every'>, { pattern, repository, objects }: Pick<Lies, 'pattern' | 'repository' | 'objects'>, which: 'all' | 'ended' = 'all'): WrittenBy {
  // What lies in a repository is many files of many runs: its own index says which of them are a copy.
  if (repository !== undefined || objects !== undefined) return () => undefined
  const margin = marginOf(set)
  const begun = sql.all<{ from_: Instant }>('select from_ from guard_run_begun where set_ = ? order by from_', set.name)
    .map(({ from_: from }): Run => ({ hash: '', from, to: later(from, ms(LONGEST_RUN - margin)), exit: null, manifest: false }))
  if (begun.length === 0 && !sql.get('select 1 as one from guard_run where set_ = ? and exit_ <> 0 limit 1', set.name)) return () => undefined
  const runs: readonly Run[] = [...begun, ...loadRuns(sql, set.name)]
  const bad = runs.filter(({ exit }) => exit !== 0)
  return (copy) => {
    if (runOf(copy, pattern, bad, margin) === undefined) return undefined
    const run = runOf(copy, pattern, runs, margin)
    if (run === undefined || run.exit === 0) return undefined
    if (run.exit === null && which === 'ended') return undefined
    return run.exit === null
      ? { flaw: 'running', why: `the command that writes it, begun at ${sayUtc(run.from)}, has not told its end` }
      : { flaw: 'failed', why: `it is of the hours of a command, begun at ${sayUtc(run.from)}, that ended with ${run.exit}` }
  }
}

/** The whole manifest of a copy, for its drill; nothing where there is none, or its text is not kept any more. */
export function manifestOfCopy(sql: Sql, set: BackupSet, store: string, copy: { readonly key: string; readonly modifiedAt: Instant }): Manifest | undefined {
  const run = runOfCopy(set, store, copy, loadRuns(sql, set.name))
  const kept = run?.manifest === true ? textOf(sql, run.row.manifest) : ''
  if (kept === '') return undefined
  const read = manifestSchema.safeParse(JSON.parse(kept))
  return read.success ? read.data : undefined
}
