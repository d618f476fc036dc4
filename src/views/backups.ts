// What Holdfast answers about backups: each set with how it stands in each store, and each copy with the highest rung of the ladder that was
// proven of it (docs/use/backups.md) and how old that proof is. Read from the guard room's tables; nothing here judges anew.
import { ms, type Instant, type Now, type Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import type { DoneAnswer } from './done.ts'
import { loadCopies, loadListing, loadProofs, loadSide, type KnownCopy, type Proof } from '../rooms/guard/rows.ts'
import type { RunReport } from '../rooms/guard/sets/manifest.ts'
import { loadRuns, runOfCopy, type KnownRun } from '../rooms/guard/sets/manifest-rows.ts'
import { judgeCopies, type Judged, type Side } from '../rooms/guard/sets/judge.ts'
import type { Plan as RetentionPlan } from '../rooms/guard/retention/judge.ts'
import { loadParts, loadReckoning, type PartRow } from '../rooms/guard/sets/reading-rows.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import type { DrillCalls } from './drills.ts'
import { wantedOf } from '../rooms/guard/sets/verifying.ts'

export type { DoneAnswer } from './done.ts'

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
  readonly since: Instant | null
  readonly listed_at: Instant | null
  readonly copies: number
  readonly counted: number
  readonly bytes: number
  readonly newest: BackupAnswer | null
  /** How far it is read, where the set promises that. */
  readonly reading: ReadingAnswer | null
}

export interface ReadingAnswer {
  readonly all_within: Span
  readonly parts: number
  /** What is to be read now. */
  readonly due: number
  readonly bytes_due: number
  /** Parts whose bytes are not those of when they were first read. */
  readonly damaged: number
  /** Since when some byte of what lies there was not read. */
  readonly oldest_unread: Instant | null
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
  /** The newest first; only in the answer about one set. */
  readonly copies?: readonly BackupAnswer[]
  /** The newest runs of `holdfast exec` for it; only in the answer about one set, where there were any. */
  readonly runs?: readonly RunAnswer[]
}

export interface BackupsAnswer { readonly schema: 'holdfast.backups/1'; readonly sets: readonly BackupSetAnswer[] }

export interface RetentionAnswer { readonly schema: 'holdfast.retention/1'; readonly plans: readonly ({ readonly schema: 'holdfast.retention.plan/1' } & RetentionPlan)[] }

export interface BackupCalls extends DrillCalls {
  'backups.list': { args: Record<string, never>; body: BackupsAnswer }
  'backups.show': { args: { set: string }; body: BackupSetAnswer }
  /** Its bytes are read now: what is due, or all of it. */
  'backups.verify': { args: { set: string; all?: boolean }; body: BackupSetAnswer }
  /** What could go by the rules of the set, and why each copy stays; nothing is done by it. */
  'backups.plan': { args: { set: string; store?: string }; body: RetentionAnswer }
  /** `end`: nobody holds it any more. */
  'backups.hold': { args: { set: string; copy: string; reason?: string; end?: boolean; person?: string }; body: DoneAnswer }
  /** What vanished from a store, and was not taken by us, was meant to go. */
  'backups.acceptGone': { args: { set: string; store: string; reason: string; person?: string }; body: DoneAnswer }
  'backups.ran': { args: RunReport & { set: string }; body: DoneAnswer }
}

/** The worst first. */
const WORST: readonly (Side | 'new')[] = ['missing', 'unreadable', 'late', 'shrunken', 'unproven', 'unknown', 'new', 'ok']

/** So many runs are shown. */
const RUNS_SHOWN = 10

const manifestAnswer = ({ from, to, row }: KnownRun): ManifestAnswer => ({
  hash: row.manifest, from, to, how: row.how, tables: row.tables, rows: { least: row.least, most: row.most }, newest: row.newest, server: row.version, says: row.says,
})

/** `parts`: of this copy, where they are read in turn. */
function answerOf({ set, store }: { readonly set: string; readonly store: string }, copy: Judged & KnownCopy, proofs: readonly Proof[], parts: readonly PartRow[]): BackupAnswer {
  const damage = parts.find(({ fault }) => fault === 'differs')
  const counted = copy.counted && damage === undefined
  const [proof] = proofs.filter((it) => it.key === copy.key && it.etag === copy.etag).toSorted((a, b) => b.rung - a.rung || b.at - a.at)
  return {
    schema: 'holdfast.backup/1', set, store, copy: copy.key, at: copy.at ?? null, bytes: copy.bytes, rung: proof?.rung ?? (counted ? 1 : 0),
    proven_at: proof?.at ?? null, counted, why: damage?.says ?? copy.why, oldest_unread: unreadOf(parts, copy.seenAt),
  }
}

const unreadOf = (parts: readonly PartRow[], seenAt: Instant): Instant | null =>
  parts.length === 0 ? null : Math.min(...parts.map(({ readAt }) => readAt ?? seenAt)) as Instant

function readingOf(tx: { readonly sql: Sql; readonly now: Now }, set: BackupSet, store: string, it: { readonly parts: readonly PartRow[]; readonly oldest: Instant | null }): ReadingAnswer | null {
  if (!set.verify) return null
  const due = wantedOf(tx, set, store, loadReckoning(tx.sql)?.passed ?? ms(0))
  return {
    all_within: set.verify.allWithin, parts: it.parts.length, due: due.length, bytes_due: due.reduce((sum, { bytes }) => sum + bytes, 0),
    damaged: it.parts.filter(({ fault }) => fault === 'differs').length, oldest_unread: it.oldest,
  }
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

function placeOf({ sql, set, now, runs }: Seen, { store, pattern }: BackupSet['in'][number]): Place {
  const proofs = loadProofs(sql, set.name, store)
  const parts = set.verify ? loadParts(sql, set.name, store) : []
  const byKey = Map.groupBy(parts, ({ key }) => key)
  const known = loadCopies(sql, set.name, store)
  const seen = new Map(known.map((copy) => [copy.key, copy]))
  const copies = judgeCopies(pattern, known, now.wall).flatMap((copy) => {
    const of = seen.get(copy.key)
    const run = runOfCopy(set, store, copy, runs)
    return of ? [{ ...answerOf({ set: set.name, store }, { ...of, ...copy }, proofs, byKey.get(copy.key) ?? []), ...(run?.manifest === true ? { manifest: manifestAnswer(run) } : {}) }] : []
  })
  const unread = copies.flatMap(({ oldest_unread }) => oldest_unread ?? [])
  const side = loadSide(sql, set.name, store)
  const counted = copies.filter((copy) => copy.counted)
  return {
    copies,
    answer: {
      store, name: pattern.text, state: side?.side ?? 'new', says: side?.says ?? 'it was not listed yet', since: (side?.since ?? null) as Instant | null, listed_at: loadListing(sql, set.name, store, now).at ?? null,
      copies: copies.length, counted: counted.length, bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0), newest: counted[0] ?? null,
      reading: readingOf({ sql, now }, set, store, { parts, oldest: unread.length === 0 ? null : Math.min(...unread) as Instant }),
    },
  }
}

/** One set; with every copy where `whole`. */
export function viewBackupSet(sql: Sql, set: BackupSet, now: Now, whole: boolean): BackupSetAnswer {
  const runs = whole ? loadRuns(sql, set.name) : []
  const places = set.in.map((lies) => placeOf({ sql, set, now, runs }, lies))
  const newest = Math.max(...places.map(({ answer }) => answer.newest?.at ?? -Infinity))
  const states = places.map(({ answer }) => answer.state)
  return {
    schema: 'holdfast.backup-set/1', set: set.name, engine: set.engine, of: set.of ?? null, every: set.every, state: WORST.find((state) => states.includes(state)) ?? 'new', from: set.from,
    places: places.map(({ answer }) => answer), exposure: Number.isFinite(newest) ? (Math.max(0, now.wall - newest) as Span) : null,
    ...(whole ? { copies: places.flatMap(({ copies }) => copies).toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0)) } : {}),
    ...(runs.length > 0 ? { runs: runs.slice(0, RUNS_SHOWN).map(({ from, to, exit, manifest, row }) => ({ command: row.command, from, to, exit, manifest, says: row.says })) } : {}),
  }
}

/** All sets, the worst first. */
export const viewBackups = (sql: Sql, sets: Iterable<BackupSet>, now: Now): BackupsAnswer => ({
  schema: 'holdfast.backups/1',
  sets: [...sets].map((set) => viewBackupSet(sql, set, now, false)).toSorted((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state) || (a.set < b.set ? -1 : 1)),
})
