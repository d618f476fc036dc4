// What Holdfast answers about backups: each set with how it stands in each store, and each copy with the highest rung of the ladder that was
// proven of it (docs/use/backups.md) and how old that proof is. Read from the guard room's tables; nothing here judges anew.
import type { Instant, Now, Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import type { DoneAnswer } from './done.ts'
import { loadCopies, loadListing, loadProofs, loadSide, type KnownCopy, type Proof, type SideRow } from '../rooms/guard/rows.ts'
import type { RunReport } from '../rooms/guard/sets/manifest.ts'
import { loadRuns, runsOfCopies, type KnownRun } from '../rooms/guard/sets/manifest-rows.ts'
import { drillFound, rtoFor } from '../rooms/guard/drills/figures.ts'
import { lastPassed } from '../rooms/guard/drills/remembered.ts'
import { failedIn, loadDrills, loadReports } from '../rooms/guard/drills/rows.ts'
import { judgedIn } from '../rooms/guard/objects/standing.ts'
import { loadWholeOf } from '../rooms/guard/objects/rows.ts'
import { usualBytes, type Judged, type Side } from '../rooms/guard/sets/judge.ts'
import { immutableFound, loadLocks, loadTried } from '../rooms/guard/sets/locked.ts'
import { exposureOf, scoreOf } from '../rooms/guard/sets/score.ts'
import type { Plan as RetentionPlan } from '../rooms/guard/retention/judge.ts'
import type { PurgePlan } from '../rooms/guard/retention/purge.ts'
import type { BackupSet, Lies } from '../rooms/guard/sets/set.ts'
import { loadFindings, loadMissed, loadOdd } from '../rooms/guard/sets/standing-rows.ts'
import type { DrillCalls, LookCalls } from './drills.ts'
import type { AsideAnswer } from './guard/aside.ts'
import type { TriedAnswer } from './guard/tried.ts'
import { readingOf, readOf, type ReadingAnswer, type ReadSoFar } from './guard/reading.ts'
import type { ReportCalls } from './reports.ts'

export type { DoneAnswer } from './done.ts'
export type { ReadingAnswer } from './guard/reading.ts'

export interface BackupAnswer {
  readonly schema: 'holdfast.backup/1'
  readonly set: string
  readonly store: string
  /** Its key in the store. */
  readonly copy: string
  /** When it was made, as far as it can be believed. */
  readonly at: Instant | null
  readonly bytes: number
  /** The highest rung of the ladder that it reached: 1 it exists, … 8. */
  readonly rung: number
  readonly proven_at: Instant | null
  readonly counted: boolean
  /** Why it does not count. */
  readonly why: string
  /** Since when some byte of it was not read; null where no reading is promised. */
  readonly oldest_unread: Instant | null
  /** What came of its last drill; absent where it was never drilled. */
  readonly drill?: { readonly verdict: 'passed' | 'failed' | 'unknown'; readonly at: Instant; readonly says: string }
  /** What its source held when it was made; absent where nobody took that down. */
  readonly manifest?: ManifestAnswer
}

/** A manifest in figures. */
export interface ManifestAnswer {
  readonly hash: string
  readonly from: Instant
  readonly to: Instant
  readonly how: string
  /** So many tables were counted. */
  readonly tables: number
  readonly rows: { readonly least: number; readonly most: number }
  readonly newest: string
  readonly server: string
  /** What is missing in it. */
  readonly says: string
}

/** Half of the restores end within `p50`, nineteen of twenty within `p95`. */
export interface RtoAnswer {
  readonly p50: Span
  readonly p95: Span
  readonly drills: number
  readonly bytes_per_second: number | null
  readonly phases: readonly { readonly name: string; readonly p50: Span; readonly p95: Span }[]
}

/** A run of the command that makes copies of a set. */
export interface RunAnswer {
  readonly command: string
  readonly from: Instant
  readonly to: Instant
  readonly exit: number
  /** Whether it left a manifest, and if not, why. */
  readonly manifest: boolean
  readonly says: string
}

export interface BackupPlaceAnswer {
  readonly store: string
  readonly name: string
  readonly state: Side | 'new'
  readonly says: string
  /** All that is wrong, the worst first; empty where it is as it should be. */
  readonly findings: readonly { readonly state: Side; readonly says: string }[]
  /** Copies that went away without Holdfast, where nobody has said that it was right. */
  readonly missed: { readonly says: string; readonly since: Instant } | null
  readonly since: Instant | null
  readonly listed_at: Instant | null
  /** Why it could not be listed since then: what is said is as of `listed_at`, and how it stands now nobody knows. Null where it could. */
  readonly unseen: string | null
  /** What lies there too and is counted as nobody's copy, since nobody could ask for it by its name: so many, and the first of them. */
  readonly odd: { readonly count: number; readonly shown: readonly string[] } | null
  readonly copies: number
  readonly counted: number
  readonly bytes: number
  readonly newest: BackupAnswer | null
  /** What was usual before the newest: the median of the copies before it that count. Null where there are too few to speak of. */
  readonly usual_bytes: number | null
  /** Of the copies that count, the one that was proven highest, and of those the latest proof. Null where none was proven at all. */
  readonly proven: { readonly copy: string; readonly rung: number; readonly at: Instant } | null
  /** Whether its newest copy that counts is one that nobody can change: locked until a time ahead, in a store that was seen to refuse the delete of what is locked. */
  readonly immutable: { readonly found: 'pass' | 'fail' | 'unknown'; readonly says: string }
  /** How far it is read, where the set promises that. */
  readonly reading: ReadingAnswer | null
  /** Where what lies there is itself the copy; absent elsewhere, and before it was listed. */
  readonly whole?: WholeAnswer
}

/** A bucket that is itself the copy. */
export interface WholeAnswer {
  readonly objects: number
  /** Of them, those whose names nobody can ask for. */
  readonly odd: number
  readonly newest_write: Instant | null
  /** What the store says of itself: whether it keeps versions, and whether it locks them. */
  readonly versioning: string
  readonly lock: string
}

export interface BackupSetAnswer {
  readonly schema: 'holdfast.backup-set/1'
  readonly set: string
  readonly engine: string
  readonly of: string | null
  readonly every: Span
  /** The worst of its places. */
  readonly state: Side | 'new'
  readonly from: string
  readonly places: readonly BackupPlaceAnswer[]
  /** What would be lost if it had to be restored now: the age of the newest copy that counts, in any place. */
  readonly exposure: Span | null
  /** The same by copies that were really restored; only in the answer about one set. */
  readonly exposure_proven?: Span | null
  /** 3-2-1-1-0, point by point; only in the answer about one set. */
  readonly score?: { readonly says: string; readonly got: number; readonly points: readonly { readonly id: string; readonly found: 'pass' | 'fail' | 'unknown'; readonly says: string }[] }
  /** How long a restore of today's size takes, by the drills that passed; only in the answer about one set. */
  readonly rto?: RtoAnswer | null
  /** How long it may take, where that is written; only in the answer about one set. */
  readonly rto_within?: Span
  /** The newest drill of one of its copies, and what its signed report is called; only in the answer about one set. */
  readonly drilled?: { readonly at: Instant; readonly verdict: 'passed' | 'failed' | 'unknown'; readonly says: string; readonly report: string | null } | null
  /** The last drill that passed, also of a copy that is gone: then nothing that is there is proven by it. Only in the answer about one set. */
  readonly passed?: { readonly copy: string; readonly store: string; readonly at: Instant; readonly gone: boolean } | null
  /** The newest first; only in the answer about one set. */
  readonly copies?: readonly BackupAnswer[]
  /** What was set aside and can be brought back; only in the answer about one set, where anything is. */
  readonly aside?: { readonly count: number; readonly shown: readonly AsideAnswer[] }
  /** The newest runs of `holdfast exec` for it; only in the answer about one set, where there were any. */
  readonly runs?: readonly RunAnswer[]
}

export interface BackupsAnswer { readonly schema: 'holdfast.backups/1'; readonly sets: readonly BackupSetAnswer[] }

export interface RetentionAnswer { readonly schema: 'holdfast.retention/1'; readonly plans: readonly RetentionPlanAnswer[] }

/** How what goes on schedule stands. */
export interface ScheduleAnswer {
  readonly mode: 'report' | 'armed' | 'latched'
  /** Runs in a row that were clean, and how many it takes before anybody may arm it. */
  readonly clean: number
  readonly wants: number
  readonly armed_by: readonly string[]
  readonly armed_at: Instant | null
  readonly latest_at: Instant | null
  /** The plan of the latest run. */
  readonly latest: string | null
  /** How far apart runs are. */
  readonly every: Span
  /** Why its breaker is open; empty where it is not. */
  readonly because: readonly string[]
  /** What trying its store out on canaries has shown within the last minutes; `unknown` where nobody did: it is done when somebody asks to arm it, and again before each run and act. Absent from an older Holdfast. */
  readonly tried?: TriedAnswer
}


/** `aside`: what was set aside by earlier plans, and what of it may be removed for good. */
export interface RetentionPlanAnswer extends RetentionPlan { readonly schema: 'holdfast.retention.plan/1'; readonly aside: PurgePlan; readonly schedule: ScheduleAnswer }

export interface BackupCalls extends DrillCalls, LookCalls, ReportCalls {
  'backups.list': { args: Record<string, never>; body: BackupsAnswer }
  'backups.show': { args: { set: string }; body: BackupSetAnswer }
  /** Its bytes are read now: what is due, or all of it. */
  'backups.verify': { args: { set: string; all?: boolean }; body: BackupSetAnswer }
  /** What could go by the rules of the set, and why each copy stays; nothing is done by it. */
  'backups.plan': { args: { set: string; store?: string }; body: RetentionAnswer }
  /** `end`: nobody holds it any more. */
  'backups.hold': { args: { set: string; copy: string; reason?: string; end?: boolean; person?: string }; body: DoneAnswer }
  /** What vanished from a store, and was not taken by us, was meant to go. `seen`: what names just that; without it, it is only told. */
  'backups.acceptGone': { args: { set: string; store: string; seen?: string; reason: string; person?: string }; body: DoneAnswer }
  /** So many copies may go at once in a store; for a day. */
  'backups.acceptMost': { args: { set: string; store: string; most: number; reason: string; person?: string }; body: DoneAnswer }
  'backups.ran': { args: RunReport & { set: string }; body: DoneAnswer }
}

/** The worst first. */
const WORST: readonly (Side | 'new')[] = ['missing', 'unreadable', 'late', 'shrunken', 'unproven', 'slow', 'unknown', 'new', 'ok']

/** Among so many reports the last drill of a copy is looked for. */
const LOOKED_AT = 5
/** So many runs are shown. */
const RUNS_SHOWN = 10

const manifestAnswer = ({ from, to, row }: KnownRun): ManifestAnswer => ({
  hash: row.manifest, from, to, how: row.how, tables: row.tables, rows: { least: row.least, most: row.most }, newest: row.newest, server: row.version, says: row.says,
})

function answerOf({ set, store }: { readonly set: string; readonly store: string }, copy: Judged & KnownCopy, proofs: readonly Proof[], { damage, since }: ReadSoFar, failed: string | undefined): BackupAnswer {
  const counted = copy.counted && damage === undefined && failed === undefined
  const [proof] = proofs.filter((it) => it.key === copy.key && it.etag === copy.etag).toSorted((a, b) => b.rung - a.rung || b.at - a.at)
  return {
    schema: 'holdfast.backup/1', set, store, copy: copy.key, at: copy.at ?? null, bytes: copy.bytes, rung: proof?.rung ?? (counted ? 1 : 0),
    proven_at: proof?.at ?? null, counted, why: (damage ?? copy.why) || (failed ?? ''), oldest_unread: since(copy.seenAt),
  }
}

function wholeOf(sql: Sql, set: string, { store, objects }: Lies): WholeAnswer | undefined {
  const there = objects === undefined ? undefined : loadWholeOf(sql, set, store)?.whole
  return there && { objects: there.objects, odd: there.odd, newest_write: there.modifiedAt ?? null, versioning: there.versioning, lock: there.lock }
}

interface Place {
  readonly answer: BackupPlaceAnswer
  readonly copies: readonly BackupAnswer[]
}

interface Seen {
  readonly sql: Sql
  readonly set: BackupSet
  readonly now: Now
  readonly runs: readonly KnownRun[]
}

function placeOf({ sql, set, now, runs }: Seen, lies: Lies): Place {
  const { store, pattern } = lies
  const whole = wholeOf(sql, set.name, lies)
  const proofs = loadProofs(sql, set.name, store)
  const read = readOf(sql, set, lies)
  const known = loadCopies(sql, set.name, store)
  const seen = new Map(known.map((copy) => [copy.key, copy]))
  const failed = failedIn(sql, set.name, store)
  const runOfCopy = runsOfCopies(set, store, runs)
  const drills = new Map(loadDrills(sql, set.name, store).map((it) => [`${it.key}\0${it.etag}`, it]))
  const copies = judgedIn(sql, set, lies, now.wall).flatMap((copy) => {
    const of = seen.get(copy.key)
    const run = runOfCopy(copy)
    const drill = drills.get(`${copy.key}\0${copy.etag}`)
    return of ? [{ ...(drill ? { drill: { verdict: drill.verdict, at: drill.at, says: drill.says } } : {}), ...answerOf({ set: set.name, store }, { ...of, ...copy }, proofs, read(copy.key), failed(copy)), ...(run?.manifest === true ? { manifest: manifestAnswer(run) } : {}) }] : []
  })
  const unread = copies.flatMap(({ oldest_unread }) => oldest_unread ?? [])
  const side = loadSide(sql, set.name, store)
  const listing = loadListing(sql, set.name, store, now)
  const counted = copies.filter((copy) => copy.counted)
  const immutable = immutableFound({ newest: seen.get(counted[0]?.copy ?? ''), locks: loadLocks(sql, set.name, store, now), tried: loadTried(sql, store, now), identity: listing.identity }, now.wall)
  return {
    copies,
    answer: {
      store, name: pattern.text, state: side?.side ?? 'new', says: side?.says ?? 'it was not listed yet', findings: findingsOf(sql, set.name, store, side), missed: loadMissed(sql, set.name, store) ?? null, since: (side?.since ?? null) as Instant | null, listed_at: listing.at ?? null, unseen: listing.failed ?? null, odd: loadOdd(sql, set.name, store) ?? null,
      copies: copies.length, counted: counted.length, bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0), newest: counted[0] ?? null, usual_bytes: usualBytes(copies) ?? null, proven: bestOf(counted),
      immutable: { found: immutable.is, says: immutable.says ?? '' },
      reading: readingOf(sql, set, lies, unread.length === 0 ? null : unread.reduce((least, at) => (at < least ? at : least))), ...(whole ? { whole } : {}),
    },
  }
}

function bestOf(counted: readonly BackupAnswer[]): BackupPlaceAnswer['proven'] {
  const [best] = counted.flatMap(({ copy, rung, proven_at: at }) => (at === null ? [] : [{ copy, rung, at }])).toSorted((a, b) => b.rung - a.rung || b.at - a.at)
  return best ?? null
}

/** What was judged before all of it was kept is said as one. */
function findingsOf(sql: Sql, set: string, store: string, side: SideRow | undefined): BackupPlaceAnswer['findings'] {
  if (side === undefined || side.side === 'ok') return []
  const found = loadFindings(sql, set, store)
  return found.length > 0 ? found.map(({ side: state, says }) => ({ state, says })) : [{ state: side.side, says: side.says }]
}

/** One set; with every copy where `whole`. `without runs`: and not which run of a command made each, which costs most where there are many. */
export function viewBackupSet(sql: Sql, set: BackupSet, now: Now, whole: boolean | 'without runs'): BackupSetAnswer {
  const runs = whole === true ? loadRuns(sql, set.name) : []
  const places = set.in.map((lies) => placeOf({ sql, set, now, runs }, lies))
  const newest = Math.max(...places.map(({ answer }) => answer.newest?.at ?? -Infinity))
  const states = places.map(({ answer }) => answer.state)
  return {
    schema: 'holdfast.backup-set/1', set: set.name, engine: set.engine, of: set.of ?? null, every: set.every, state: WORST.find((state) => states.includes(state)) ?? 'new', from: set.from,
    places: places.map(({ answer }) => answer), exposure: Number.isFinite(newest) ? (Math.max(0, now.wall - newest) as Span) : null,
    ...(whole !== false ? { ...figuresOf(sql, set.name, places.flatMap(({ copies }) => copies), now), score: scoreFor(sql, set, places, now), drilled: drilledOf(sql, set.name), passed: passedOf(sql, set), ...(set.rto === undefined ? {} : { rto_within: set.rto }) } : {}),
    ...(whole !== false ? { copies: places.flatMap(({ copies }) => copies).toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0)) } : {}),
    ...(runs.length > 0 ? { runs: runs.slice(0, RUNS_SHOWN).map(({ from, to, exit, manifest, row }) => ({ command: row.command, from, to, exit, manifest, says: row.says })) } : {}),
  }
}

function drilledOf(sql: Sql, set: string): NonNullable<BackupSetAnswer['drilled']> | null {
  const report = loadReports(sql, set, LOOKED_AT).find((it) => it.report.planted === undefined)?.report
  return report ? { at: report.at, verdict: report.verdict, says: report.says, report: report.report_id ?? null } : null
}

function passedOf(sql: Sql, set: BackupSet): NonNullable<BackupSetAnswer['passed']> | null {
  const last = lastPassed(sql, set.name, set.in.map(({ store }) => store))
  return last ? { copy: last.key, store: last.store, at: last.at, gone: last.gone } : null
}

/** What would be lost, and how long it would take, by what was really restored. */
function figuresOf(sql: Sql, set: string, copies: readonly BackupAnswer[], now: Now): Pick<BackupSetAnswer, 'exposure_proven' | 'rto'> {
  // What was written after its proof is not proven by it: a bucket changes under its name.
  const { proven } = exposureOf(copies.flatMap(({ at, counted, rung, proven_at }) => (at === null ? [] : [{ upTo: Math.min(at, proven_at ?? at) as Instant, counted, rung }])), now.wall)
  const newest = copies.filter((it) => it.counted).toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))[0]
  const rto = rtoFor(sql, set, newest?.bytes)
  return {
    exposure_proven: proven.is === 'known' ? proven.span : null,
    rto: rto.is === 'known' ? { ...rto.whole, drills: rto.drills, bytes_per_second: rto.bytesPerSecond === undefined ? null : Math.round(rto.bytesPerSecond), phases: rto.phases } : null,
  }
}

function scoreFor(sql: Sql, set: BackupSet, places: readonly Place[], now: Now): NonNullable<BackupSetAnswer['score']> {
  const { points, got, says } = scoreOf({
    drill: drillFound(sql, set, now.wall), original: { domain: undefined },
    places: places.map(({ answer }, i) => ({
      store: answer.store, domain: set.in[i]?.domain, offsite: set.in[i]?.offsite, immutable: answer.immutable.found === 'pass' ? { is: 'pass' } : { is: answer.immutable.found, says: `${answer.store}: ${answer.immutable.says}` },
      holds: answer.state === 'ok' || answer.state === 'unproven' || answer.state === 'slow' ? { is: 'pass' } : { is: answer.state === 'unknown' || answer.state === 'new' ? 'unknown' : 'fail', says: answer.says },
    })),
  })
  return { says, got, points: points.map(({ id, found }) => ({ id, found: found.is, says: found.says ?? '' })) }
}

/** All sets, the worst first. */
export const viewBackups = (sql: Sql, sets: Iterable<BackupSet>, now: Now): BackupsAnswer => ({
  schema: 'holdfast.backups/1',
  sets: [...sets].map((set) => viewBackupSet(sql, set, now, false)).toSorted((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state) || (a.set < b.set ? -1 : 1)),
})
