// The restore report: what one drill did and found, for people who were not there and do not take our word. It is canonical JSON, bounded, made once
// when the drill is taken in, signed by the node, and kept beside the ledger for as long as the drill's own entry, which carries its hash. What
// was not observed is null in it, never a guess.
import { canonical } from '../../../core/ledger.ts'
import { sha256 } from '../../../core/id.ts'
import { isSigned, type Signature, type Signer } from './signature.ts'
import { between, type Instant, type Span } from '../../../core/time.ts'
import type { Rto } from '../sets/score.ts'
import type { BackupSet } from '../sets/set.ts'
import type { Asserted, Phase, Verdict } from './ladder.ts'
import type { DrillReport } from './report.ts'

/** `holdfast.restore-report/1`. Times are milliseconds since 1970. */
export interface RestoreReport {
  readonly schema: 'holdfast.restore-report/1'
  /** `drill_` and 16 hex digits: the hash of the rest, without the signature. */
  readonly id: string
  /** Which installation, and which Holdfast. */
  readonly node: string
  readonly holdfast: string
  /** Whoever asked for it, or `schedule`. */
  readonly asked_by: string
  readonly set: string
  readonly engine: string
  readonly of: string | null
  readonly store: string
  readonly offsite: boolean | null
  /** With which credentials the store was read. */
  readonly credentials: 'reading' | 'break-glass'
  readonly copy: {
    readonly key: string; readonly version_id: string | null; readonly etag: string; readonly bytes: number; readonly sha256: string | null; readonly at: Instant
    readonly holds: { readonly of: string; readonly at: Instant } | null
  }
  /** What was done to a copy of the copy, so that the drill had to fail; null of every drill that is none of those. */
  readonly planted: string | null
  readonly began_at: Instant
  readonly ended_at: Instant
  readonly verdict: Verdict
  /** The highest rung proven: docs/use/drills.md. */
  readonly rung: number
  readonly says: string
  readonly phases: readonly Phase[]
  readonly asserts: readonly Asserted[]
  /** So many more there were, all of which hold. */
  readonly asserts_left_out: number
  readonly engine_said: string
  readonly torn_down: boolean
  /** Had the source been lost when the drill began: what is restored is of then. */
  readonly rpo: { readonly up_to: Instant; readonly lost: Span; readonly by: 'newest row' | 'the copy\'s own word' | 'when the copy was made' } | null
  /** How long it took, and how long it would take for a copy of today's size, by this drill and those before it. */
  readonly rto: { readonly took: Span; readonly p50: Span | null; readonly p95: Span | null; readonly drills: number; readonly target: Span | null }
}

export type SignedReport = RestoreReport & { readonly signature: Signature }

/** What a report says beyond what the drill itself saw. */
export interface ReportWants {
  readonly report: DrillReport
  readonly set: BackupSet | undefined
  readonly versionId: string | undefined
  readonly by: string | undefined
  readonly ended: Instant
  readonly rto: Rto
  readonly node: string
  readonly version: string
}

const MOST_ASSERTS = 100
const cut = (text: string, most: number): string => text.toWellFormed().slice(0, most).toWellFormed()

/** Everything that is signed. */
export function restoreReport({ report: it, set, versionId, by, ended, rto, node, version }: ReportWants): RestoreReport {
  const lies = set?.in.find(({ store }) => store === it.store)
  // What does not hold comes first, and is never left out for what does.
  const asserts = [...it.asserts.filter(({ found }) => found !== 'pass'), ...it.asserts.filter(({ found }) => found === 'pass')]
  const bare: Omit<RestoreReport, 'id'> = {
    schema: 'holdfast.restore-report/1', node, holdfast: version, asked_by: cut(by ?? 'schedule', 200), set: it.set, engine: it.engine, of: set?.of ?? null, store: it.store,
    offsite: lies?.offsite ?? null, credentials: it.credentials ?? 'reading',
    copy: {
      key: cut(it.copy, 1100), version_id: versionId ?? null, etag: cut(it.etag, 300), bytes: it.bytes, sha256: it.sha256 === '' ? null : it.sha256, at: it.copy_at,
      holds: it.held ? { of: cut(it.held.of, 500), at: it.held.at } : null,
    },
    planted: it.planted === undefined ? null : cut(it.planted, 300), began_at: it.at, ended_at: Math.floor(ended) as Instant, verdict: it.verdict, rung: it.rung, says: cut(it.says, 1000),
    phases: it.phases.slice(0, 20).map(({ name, ms }) => ({ name: cut(name, 60), ms })),
    asserts: asserts.slice(0, MOST_ASSERTS).map(({ text, found, says, at }) => ({ text: cut(text, 200), found, ...(says === undefined ? {} : { says: cut(says, 300) }), ...(at === undefined ? {} : { at }) })),
    asserts_left_out: Math.max(0, asserts.length - MOST_ASSERTS), engine_said: cut(it.engine_said, 4000), torn_down: it.torn_down, rpo: rpoOf(it),
    rto: {
      took: it.phases.reduce((sum, { ms }) => sum + ms, 0) as Span, drills: rto.is === 'known' ? rto.drills : 0, target: set?.rto ?? null,
      p50: rto.is === 'known' ? rto.whole.p50 : null, p95: rto.is === 'known' ? rto.whole.p95 : null,
    },
  }
  return { ...bare, id: `drill_${sha256(canonical(bare)).slice(0, 16)}` }
}

/** A copy that was not restored brings nothing back. */
function rpoOf({ rung, asserts, held, copy_at, at, planted }: DrillReport): RestoreReport['rpo'] {
  if (rung < 4 || planted !== undefined) return null
  const newest = asserts.flatMap((it) => (it.at === undefined ? [] : [it.at])).reduce<Instant | undefined>((latest, it) => (latest === undefined || it > latest ? it : latest), undefined)
  const upTo = newest ?? held?.at ?? copy_at
  return { up_to: upTo, lost: Math.max(0, between(upTo, at)) as Span, by: newest === undefined ? (held ? 'the copy\'s own word' : 'when the copy was made') : 'newest row' }
}

/** The text that is kept: canonical, with its signature. */
export const signedText = (report: RestoreReport, signer: Signer): string => canonical({ ...report, signature: signer.sign(canonical(report)) })

/** Whether a report is as it was signed, by the key that it names. */
export function isAsSigned({ signature, ...report }: SignedReport): boolean {
  return isSigned(canonical(report), signature)
}
