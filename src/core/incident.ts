// An incident: the fold of entries that belong together. It carries the name of its probable root; what fails because of
// the root stands under it. Its id is the hash of its subject and of the entry that ended the subject's previous incident,
// so that two processes, or two nodes, that see the same outage give it the same name.
import { derivedId, type IncidentId } from './id.ts'
import type { Instant } from './time.ts'

/** Where it came from. `watch`: a check turned. `ingest`: another system's alert. `person`: somebody paged. `node`: Holdfast itself. `guard`: backups. */
export type Origin = 'watch' | 'ingest' | 'person' | 'node' | 'guard' | 'change'

export interface Incident {
  readonly id: IncidentId
  /** Counts up on this node; for people. 0 until the keeper gave one. */
  readonly number: number
  /** `check:db`, `service:pagerduty/…`, `node:isolated`, `backup:shop`, `person:ada`. */
  readonly subject: string
  readonly title: string
  /** One sentence: what was seen. */
  readonly says: string
  readonly origin: Origin
  /** The escalation policy that pages for it. */
  readonly escalate: string
  readonly since: Instant
  /** Subjects that fail now and belong to it, the root first. */
  readonly members: readonly string[]
}

/** The id of the next incident of a subject; `after` is the hash of the entry that ended its previous one, or ''. */
export const incidentId = (subject: string, after: string): IncidentId => derivedId('inc', subject, after)
