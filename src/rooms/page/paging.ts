// Paging of one incident, as plain data: what keeper stores, what the ringer holds a copy of, and what `decide` judges.
// Ids of pages are derived from (incident, step, round, person, channel), so that a page decided twice is one page.
import { derivedId, type IncidentId, type PageId } from '../../core/id.ts'
import type { Due, Instant } from '../../core/time.ts'

/** One ring: one try to reach one person by one channel within one step. */
export interface Ring {
  readonly page: PageId
  readonly person: string
  readonly channel: string
  readonly step: number
  readonly round: number
  /** When it is to go out. */
  readonly due: Due
  /** `waiting` for its time; `sent` off to the ringer; then what came of it. */
  readonly is: 'waiting' | 'sent' | 'accepted' | 'failed' | 'unknown'
  /** Why this person is rung although no step names them, such as "nobody is on call in oncall.primary: paging the fallback". */
  readonly why?: string
}

export type Phase =
  /**
   * No last round: it goes on until somebody takes it. The step has begun, and the next begins at `nextAt`; while it is
   * `fresh` the step itself has yet to begin, at `nextAt`.
   */
  | { readonly is: 'ringing'; readonly step: number; readonly round: number; readonly nextAt: Due; readonly fresh?: true }
  /** Taken; `asked` once "Still on it?" went out. An acknowledgement lapses, then it rings again. */
  | { readonly is: 'held'; readonly by: string; readonly at: Instant; readonly askAt: Due; readonly lapsesAt: Due; readonly asked: boolean }
  | { readonly is: 'over' }

export interface Paging {
  readonly incident: IncidentId
  readonly policy: string
  readonly phase: Phase
  /** Rings of this lap that still matter: waiting ones, and those of the current step with their outcome. Bounded. */
  readonly rings: readonly Ring[]
  /** Who was rung so far in this incident and by which channel a page was accepted (or last tried): who hears "Ada has it". */
  readonly rung: Readonly<Record<string, string>>
  /** Counts acknowledgements, lapses and hand-overs: part of page ids after the first lap, so that a later lap rings anew. */
  readonly lap: number
}

/** The id of a page. Same cause, same id: whoever decides it, and however often. */
export const pageId = (incident: IncidentId, lap: number, step: number, round: number, person: string, channel: string): PageId =>
  derivedId('pg', incident, lap, step, round, person, channel)
