// What Holdfast answers about restores: which copy is taken and what is known of it, so that whoever fetches it can hold it against that; what people are
// asked to agree to; and how the last restores ended.
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { loadReports } from '../../rooms/guard/drills/rows.ts'
import { loadCopies } from '../../rooms/guard/rows.ts'
import type { RestoreEnd } from '../../rooms/guard/restore/restores.ts'
import { loadRestores, type RestoreRow } from '../../rooms/guard/restore/rows.ts'
import type { Swap } from '../../rooms/guard/restore/swap.ts'
import { forDrill } from '../../rooms/guard/sets/manifest.ts'
import { manifestOfCopy } from '../../rooms/guard/sets/manifest-rows.ts'
import { loadSums } from '../../rooms/guard/sets/reading-rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { ApprovalAnswer } from '../agreements.ts'
import type { DoneAnswer } from '../done.ts'

/** A restore may begin: with this copy, which has to be what is known of it. */
export interface RestoreBegunAnswer {
  readonly schema: 'holdfast.restore-begun/1'
  readonly id: string
  readonly set: string
  readonly engine: string
  readonly store: string
  readonly copy: { readonly key: string; readonly version_id: string | null; readonly etag: string; readonly bytes: number; readonly modified_at: Instant }
  /** When it was made, as far as it can be believed. */
  readonly at: Instant
  readonly rung: number
  readonly proven_at: Instant | null
  readonly verified: boolean
  /** What has to be said of the choice; empty when it is simply the newest. */
  readonly says: string
  /** Of the whole, by the last drill that passed; and of its parts, by the reading that proved them. */
  readonly sha256: string | null
  readonly parts: readonly { readonly from: number; readonly bytes: number; readonly sha256: string }[]
  readonly manifest: { readonly rows: Readonly<Record<string, { readonly least: number; readonly most: number; readonly exact?: boolean }>>; readonly files: Readonly<Record<string, string>> } | null
}

export interface RestoreAnswer extends Omit<RestoreRow, 'version' | 'swappingAt' | 'endedAt' | 'key'> {
  readonly copy: string
  readonly swapping_at: Instant | null
  readonly ended_at: Instant | null
}

export interface RestoresAnswer {
  readonly schema: 'holdfast.restores/1'
  readonly restores: readonly RestoreAnswer[]
}

export interface RestoreCalls {
  'backups.restore': { args: { set: string; store?: string; copy?: string; until?: number; as_superuser?: true; to: string; person?: string }; body: RestoreBegunAnswer }
  'backups.restores': { args: { set: string }; body: RestoresAnswer }
  /** Two people are asked to agree to just this. */
  'restores.ask': { args: { restore: string; swap: Swap; of?: readonly string[]; lapses?: string; person?: string }; body: ApprovalAnswer }
  /** What they agreed on begins, once. */
  'restores.swap': { args: { restore: string; hash: string; person?: string }; body: DoneAnswer }
  'restores.end': { args: Partial<RestoreEnd> & Pick<RestoreEnd, 'verdict' | 'says'> & { restore: string; person?: string }; body: DoneAnswer }
}

const MOST = 50

export const viewRestores = (sql: Sql, set: string): RestoresAnswer => ({
  schema: 'holdfast.restores/1',
  restores: loadRestores(sql, set, MOST).map(({ version: _, swappingAt, endedAt, key, ...row }) => ({ ...row, copy: key, swapping_at: swappingAt, ended_at: endedAt })),
})

/** What is recorded of one copy, for whoever fetches it. `undefined`: it is not listed any more. */
export function recordedOf(sql: Sql, set: BackupSet, store: string, key: string): Pick<RestoreBegunAnswer, 'copy' | 'sha256' | 'parts' | 'manifest'> | undefined {
  const copy = loadCopies(sql, set.name, store).find((it) => it.key === key)
  if (!copy) return undefined
  const manifest = manifestOfCopy(sql, set, store, copy)
  const drilled = loadReports(sql, set.name, 100).find(({ report }) => report.verdict === 'passed' && report.store === store && report.copy === key && report.etag === copy.etag && report.sha256 !== '')
  const whole = set.in.find((it) => it.store === store)?.repository === undefined
  return {
    copy: { key, version_id: copy.versionId ?? null, etag: copy.etag, bytes: copy.bytes, modified_at: copy.modifiedAt },
    sha256: drilled?.report.sha256 ?? null,
    parts: whole ? loadSums(sql, set.name, store, { key, etag: copy.etag }) : [],
    manifest: manifest ? forDrill(manifest) : null,
  }
}
