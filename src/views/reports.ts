// Restore reports as they are answered: the signed text that is kept beside the ledger, and what a check of one found. The report itself says what
// was signed; where its entry stands in the ledger is said beside it, since that came after.
import { canonical, hashOf, type Entry } from '../core/ledger.ts'
import { sha256 } from '../core/id.ts'
import type { Instant } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { entryOf, saidOf, type EntryRow } from '../db/store.ts'
import { isAsSigned, type SignedReport } from '../rooms/guard/drills/restore-report.ts'
import { loadKept, newestKept, type KeptReport } from '../rooms/guard/drills/rows.ts'

export type ReportAnswer = SignedReport

/** Fail: it is not what was signed here, or not what the ledger holds. Unknown: that cannot be told here. */
export interface ReportCheckAnswer {
  readonly schema: 'holdfast.restore-report-check/1'
  readonly id: string
  readonly found: 'pass' | 'fail' | 'unknown'
  readonly says: string
  /** The entry of its drill. */
  readonly entry: number | null
  readonly entry_at: Instant | null
  readonly entry_hash: string | null
  /** The public key that signs here. */
  readonly signed_by: string
}

export interface ReportCalls {
  /** `of`: a set, or a drill; left out: the newest of all. */
  'backups.report': { args: { of?: string }; body: ReportAnswer }
  /** `report`: its JSON, however it is spaced. */
  'backups.checkReport': { args: { report: string }; body: ReportCheckAnswer }
}

const ID = /^drill_[0-9a-f]{16}$/

/** `gone`: there was one, and its text was taken out. */
export function viewReport(sql: Sql, of: string | undefined): ReportAnswer | 'none' | 'gone' {
  const kept = of === undefined ? newestKept(sql) : (ID.test(of) ? loadKept(sql, of) : undefined) ?? newestKept(sql, of)
  if (!kept) return 'none'
  const text = saidOf(sql, kept.text)
  return text === '' ? 'gone' : (JSON.parse(text) as SignedReport)
}

const entryAt = (sql: Sql, seq: number): Entry | undefined => {
  const row = sql.get<EntryRow>('select * from entry where seq = ?', seq)
  return row && entryOf(row)
}

/** Checks its signature, whose it is, and that the ledger holds just this report for its drill. `key`: the public key that signs here. */
export function checkReport(sql: Sql, text: string, key: string): ReportCheckAnswer {
  const report = readReport(text)
  const kept = report && loadKept(sql, report.id)
  const entry = kept && entryAt(sql, kept.seq)
  const answer = (found: ReportCheckAnswer['found'], says: string): ReportCheckAnswer => ({
    schema: 'holdfast.restore-report-check/1', id: report?.id ?? '', found, says, entry: entry?.seq ?? null, entry_at: entry?.at ?? null, entry_hash: entry?.hash ?? null, signed_by: key,
  })
  if (!report) return answer('fail', 'it is no restore report: holdfast.restore-report/1 with a signature')
  if (!isAsSigned(report)) return answer('fail', 'it is not what was signed: the signature does not fit')
  if (report.signature.key !== key) return answer('unknown', 'it is as it was signed, by another key than the one here: another installation, or node.key is another one by now')
  return inLedger(report, kept, entry, answer)
}

function inLedger(report: SignedReport, kept: KeptReport | undefined, entry: Entry | undefined, answer: (found: ReportCheckAnswer['found'], says: string) => ReportCheckAnswer): ReportCheckAnswer {
  if (!kept || !entry) return answer('fail', 'it was signed here, and the ledger holds no such drill: the ledger is another one, or has lost it')
  if (entry.body['report'] !== `#${sha256(canonical(report))}`) return answer('fail', 'the ledger holds another report for this drill')
  if (hashOf(entry) !== entry.hash) return answer('fail', 'the entry of this drill was changed: holdfast ledger verify')
  return answer('pass', 'it is as it was signed here, and the ledger holds the drill with just this report')
}

function readReport(text: string): SignedReport | undefined {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof read !== 'object' || read === null) return undefined
  const { schema, id, signature } = read as Record<string, unknown>
  if (schema !== 'holdfast.restore-report/1' || typeof id !== 'string' || typeof signature !== 'object' || signature === null) return undefined
  const { algorithm, key, value } = signature as Record<string, unknown>
  return algorithm === 'ed25519' && typeof key === 'string' && typeof value === 'string' ? (read as SignedReport) : undefined
}
