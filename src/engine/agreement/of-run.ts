// An agreement that was asked for by a run: until when a word counts that is not given yet, and what became of what both were asked for. Of a run the agreement alone tells too little:
// a word is used when its step begins, one for all of a run is good to the end of its time, and a run ends without them.
import type { Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { runAsked } from '../../rooms/change/runs/rows.ts'
import type { AgreementRow } from '../../rooms/people/agreement-rows.ts'
import { sayOutcome, type SaidOutcome } from '../change/words.ts'

/** When it lapses, as it stands: both have to agree to all of a run within an hour, though their links stop it to its end. */
export function lapsesAt(sql: Sql, { asked, agreement: { phase } }: AgreementRow): Instant {
  const waits = phase.is === 'open' ? runAsked(sql, asked.id)?.asked : undefined
  const by = waits?.agreement === asked.id ? waits.agreedBy?.wall : undefined
  return by === undefined || by > asked.lapsesAt.wall ? asked.lapsesAt.wall : by
}

/** What became of the run that it was asked for, in sentences; `null` where the agreement itself says it all. */
export function outcomeOf(sql: Sql, { asked, agreement: { phase }, agreedAt }: AgreementRow): SaidOutcome | null {
  const row = phase.is === 'open' ? undefined : runAsked(sql, asked.id)
  return row ? sayOutcome(row, { id: asked.id, what: asked.what, isAgreed: agreedAt !== null, ...('by' in phase ? { endedBy: phase.by } : {}) }) : null
}
