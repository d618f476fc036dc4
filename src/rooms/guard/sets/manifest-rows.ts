// Runs of commands that make backups, as `holdfast exec` tells of them. The manifest's text is kept beside the ledger, its hash in the entry; a run that
// failed is an entry without one. The same report again (its answer was lost, or it waited in a spool) is the one that is known. Of each set
// the newest runs are kept, with their texts, and those that a copy is known of (`runs/forgetting.ts`); each entry says which are forgotten with it. One that has
// begun is remembered until its end is told: what it writes is no copy before.
import { sha256 } from '../../../core/id.ts'
import { canonical, type Entry } from '../../../core/ledger.ts'
import { days, later, ms, type Instant, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { textOf } from '../../../db/store.ts'
import { sayUtc } from '../../../words/moment.ts'
import { passedIn } from '../drills/rows.ts'
import { loadCopies, loadListing } from '../rows.ts'
import { forgettable, type Shelved } from './runs/forgetting.ts'
import { marginOf, whoseOf, type Made, type Run } from './runs/whose.ts'
import { manifestSchema, type Manifest, type RunReport } from './manifest.ts'
import type { WrittenBy } from './judge.ts'
import type { BackupSet, Lies } from './set.ts'

export const RUN_TABLES = `
create table if not exists guard_run (set_ text not null, hash text not null, manifest text not null, from_ integer not null, to_ integer not null, exit_ integer not null, command text not null, says text not null,
  how text not null, tables integer not null, least integer not null, most integer not null, version text not null, newest text not null, primary key (set_, hash)) strict, without rowid;
create index if not exists guard_run_from on guard_run (set_, from_);
create table if not exists guard_run_begun (set_ text not null, from_ integer not null, command text not null, primary key (set_, from_, command)) strict, without rowid;
`

export const RUN_PROJECTIONS = ['guard_run', 'guard_run_begun']

/** So many runs of each set are kept, and those that a copy is known of. */
const MOST_RUNS = 500
/** So many of each set that nobody told the end of, and the same. */
const MOST_BEGUN = 50
/** So many older ones wait for a listing that shows what they left. */
const MOST_UNSEEN = 5000
/** One entry forgets so many; the next ones the rest. */
const MOST_FORGOTTEN = 200
/** What was written later than so long after a beginning whose end is never told, is of another run. */
const LONGEST_RUN = days(1)

/** `hash`: of the whole report, so that the same one is known again; `manifest`: of the text kept, empty without one. Figures are for lists. */
export interface RanBody extends Record<string, unknown> {
  readonly set: string; readonly hash: string; readonly manifest: string; readonly from: number; readonly to: number; readonly exit: number; readonly command: string; readonly says: string
  readonly how: string; readonly tables: number; readonly least: number; readonly most: number; readonly version: string; readonly newest: string; readonly by: string; readonly at: number
  /** Runs that are known no more from here on, by their hashes; absent of entries before that was said: then all but the newest. */
  readonly forgets?: readonly string[]
}

/** Both entries: a run with its manifest, and one without. */
export const applyRan = (sql: Sql, entry: Entry): void => {
  const b = entry.body as RanBody
  sql.run(`insert into guard_run (set_, hash, manifest, from_, to_, exit_, command, says, how, tables, least, most, version, newest) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict do nothing`,
    b.set, b.hash, b.manifest, b.from, b.to, b.exit, b.command, b.says, b.how, b.tables, b.least, b.most, b.version, b.newest)
  sql.run('delete from guard_run_begun where set_ = ? and from_ = ? and command = ?', b.set, b.from, b.command)
  if (b.forgets === undefined) sql.run('delete from guard_run where set_ = ? and hash in (select hash from guard_run where set_ = ? order by from_ desc, hash limit -1 offset ?)', b.set, b.set, MOST_RUNS)
  else for (const hash of b.forgets) sql.run('delete from guard_run where set_ = ? and hash = ?', b.set, hash)
}

/** A run has begun. */
export interface BegunBody extends Record<string, unknown> {
  readonly set: string; readonly from: number; readonly command: string; readonly by: string; readonly at: number
  /** Beginnings that are known no more from here on; absent as in `RanBody`. */
  readonly forgets?: readonly { readonly from: number; readonly command: string }[]
}

export const applyBegun = (sql: Sql, entry: Entry): void => {
  const { set, from, command, forgets } = entry.body as BegunBody
  sql.run('insert into guard_run_begun (set_, from_, command) values (?,?,?) on conflict do nothing', set, from, command)
  if (forgets === undefined) sql.run('delete from guard_run_begun where set_ = ? and from_ < (select min(from_) from (select from_ from guard_run_begun where set_ = ? order by from_ desc limit ?))', set, set, MOST_BEGUN)
  else for (const it of forgets) sql.run('delete from guard_run_begun where set_ = ? and from_ = ? and command = ?', set, it.from, it.command)
}

/** A report of a run, of whose set, and who tells it. `of`: the set as it is configured. */
export interface Told {
  readonly named: string
  readonly of: Ran | undefined
  readonly report: RunReport
  readonly by: string
}

type Ran = Pick<BackupSet, 'name' | 'every' | 'in'>

/** Records that one has begun; false where that, or its end, was known. */
function recordBegun(tx: Tx, { named: set, of, report: { command, from }, by }: Told): boolean {
  const known = tx.sql.get('select 1 as one from guard_run_begun where set_ = ? and from_ = ? and command = ? union all select 1 from guard_run where set_ = ? and from_ = ? and command = ?', set, from, command, set, from, command)
  if (known) return false
  const forgets = forgottenWith(tx, of, { begun: { from, command } }).begun
  const body: BegunBody = { set, from, command, by, at: tx.now.wall, forgets }
  tx.append({ is: 'guard.backupBegan', stream: `backup:${set}`, body })
  return true
}

/** Records one run, or that one has begun; false when it was known. */
export function recordRun(tx: Tx, told: Told): boolean {
  const { named: set, of, report, by } = told
  if (report.exit === null) return recordBegun(tx, told)
  const hash = sha256(canonical({ set, report }))
  if (tx.sql.get('select 1 as one from guard_run where set_ = ? and hash = ?', set, hash)) return false
  const { manifest: given, command, from, to, exit, says } = report
  // What a command that failed leaves is no copy, and nothing is claimed of it.
  const manifest = exit === 0 ? given : undefined
  for (const { manifest: old } of tx.sql.all<{ manifest: string }>(`select manifest from guard_run where set_ = ? and manifest <> '' order by from_ desc, hash limit -1 offset ?`, set, MOST_RUNS - 1)) tx.sql.run('delete from text where hash = ?', old)
  const body: RanBody = {
    set, hash, manifest: manifest ? tx.keep(canonical(manifest)) : '', from, to, exit, command, says, ...figuresOf(manifest), by, at: tx.now.wall,
    forgets: forgottenWith(tx, of, { ran: { hash, from: from as Instant, to: to as Instant, exit, manifest: manifest !== undefined } }).ran,
  }
  tx.append({ is: manifest ? 'guard.manifest' : 'guard.backupRan', stream: `backup:${set}`, body })
  return true
}

interface BegunRun extends Run {
  readonly command: string
}

/** Beginnings whose end nobody has told: what is written until a day after one may be of it. */
const loadBegun = (sql: Sql, { name, every }: Pick<BackupSet, 'name' | 'every'>): BegunRun[] =>
  sql.all<{ from_: Instant; command: string }>('select from_, command from guard_run_begun where set_ = ? order by from_', name).map((row) => begunOf(row.from_, row.command, every))

const begunOf = (from: Instant, command: string, every: Span): BegunRun => ({ hash: '', from, to: later(from, ms(LONGEST_RUN - marginOf({ every }))), exit: null, manifest: false, command })

/** What is known no more once this is recorded too. Of a set that is not in force nobody knows what it has; then nothing is. */
function forgottenWith({ sql, now }: Tx, set: Ran | undefined, { ran, begun: new_ }: { readonly ran?: Run; readonly begun?: { readonly from: number; readonly command: string } }): { readonly ran: readonly string[]; readonly begun: readonly { readonly from: number; readonly command: string }[] } {
  if (set === undefined) return { ran: [], begun: [] }
  const count = (table: 'guard_run' | 'guard_run_begun'): number => sql.get<{ n: number }>(`select count(*) as n from ${table} where set_ = ?`, set.name)?.n ?? 0
  if (ran ? count('guard_run') < MOST_RUNS : count('guard_run_begun') < MOST_BEGUN) return { ran: [], begun: [] }
  const ended: readonly Run[] = [...(ran ? [ran] : []), ...loadRuns(sql, set.name)]
  const begun = [...(new_ ? [begunOf(new_.from as Instant, new_.command, set.every)] : []), ...loadBegun(sql, set)]
  const shelves = set.in.flatMap(({ store, pattern, repository, objects }): Shelved[] =>
    repository !== undefined || objects !== undefined ? [] : [{ pattern, copies: loadCopies(sql, set.name, store), listedAt: loadListing(sql, set.name, store, now).at }])
  const all: readonly Run[] = [...begun, ...ended]
  const wants = { unseen: MOST_UNSEEN, margin: marginOf(set) }
  return {
    ran: ran ? forgettable(all, ended, shelves, { ...wants, newest: MOST_RUNS }).slice(0, MOST_FORGOTTEN).map(({ hash }) => hash) : [],
    begun: ran ? [] : (forgettable(all, begun, shelves, { ...wants, newest: MOST_BEGUN }) as readonly BegunRun[]).slice(0, MOST_FORGOTTEN).map(({ from, command }) => ({ from, command })),
  }
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

/** The run that made each copy of a set in a store, by the rule of `whoseOf`. */
export function runsOfCopies(set: BackupSet, store: string, runs: readonly KnownRun[]): (copy: Made) => KnownRun | undefined {
  const lies = set.in.find((it) => it.store === store)
  const whose = whoseOf(runs, marginOf(set))
  return (copy) => {
    const it = lies && whose(copy, lies.pattern)
    return it?.is === 'of' ? it.run : undefined
  }
}

/**
 * What the runs of a set say of its copies: what one left that failed is no copy, and neither is what one writes that goes on, or whose end nobody told. In doubt
 * between two runs it is of the later one, as in `whoseOf`. A restore says more than times do: the very bytes that a drill has restored are a copy, whoever made them; not before it is told, or a day
 * has gone by, that nothing writes them any more. `ended`: what one writes that goes on is taken for what it may become: whoever judges what came and went asks so.
 */
export function writtenBy(sql: Sql, set: Pick<BackupSet, 'name' | 'every'>, { store, pattern, repository, objects }: Pick<Lies, 'store' | 'pattern' | 'repository' | 'objects'>, which: 'all' | 'ended' = 'all'): WrittenBy {
  // What lies in a repository is many files of many runs: its own index says which of them are a copy.
  if (repository !== undefined || objects !== undefined) return () => undefined
  const begun = loadBegun(sql, set)
  if (begun.length === 0 && !sql.get('select 1 as one from guard_run where set_ = ? and exit_ <> 0 limit 1', set.name)) return () => undefined
  const whose = whoseOf<Run>([...begun, ...loadRuns(sql, set.name)], marginOf(set))
  const passed = passedIn(sql, set.name, store)
  return (copy) => {
    const it = whose(copy, pattern)
    if (it.is !== 'of' || it.run.exit === 0) return undefined
    const { run } = it
    if (run.exit === null && which === 'ended') return undefined
    const restoredAt = passed(copy)
    if (restoredAt !== undefined && (run.exit !== null || restoredAt >= run.from + LONGEST_RUN)) return undefined
    return run.exit === null
      ? { flaw: 'running', why: `the command that writes it, begun at ${sayUtc(run.from)}, has not told its end` }
      : { flaw: 'failed', why: `it is of the hours of a command, begun at ${sayUtc(run.from)}, that ended with ${run.exit}` }
  }
}

/** The whole manifest of a copy, for its drill; nothing where there is none, or its text is not kept any more. */
export function manifestOfCopy(sql: Sql, set: BackupSet, store: string, copy: Made): Manifest | undefined {
  const run = runsOfCopies(set, store, loadRuns(sql, set.name))(copy)
  const kept = run?.manifest === true ? textOf(sql, run.row.manifest) : ''
  if (kept === '') return undefined
  const read = manifestSchema.safeParse(JSON.parse(kept))
  return read.success ? read.data : undefined
}
