// What keeper, ringer and web say to each other. The keeper intends, the ringer performs, the keeper settles. The ringer holds
// the plan and the open incidents; when the keeper is silent it goes on from there, and hands its journal over afterwards.
//
// `term` fences a keeper that was away: the ringer raises it when it takes over, and refuses rings of an older one. A keeper
// that connects, or comes back from a gap, sends `hello`, takes the journal in, and rings nothing before that is durable.
import type { IncidentId, PageId } from '../../core/id.ts'
import type { Incident } from '../../core/incident.ts'
import type { Instant } from '../../core/time.ts'
import type { Message } from '../../ports/channel.ts'
import type { Paging } from './paging.ts'
import type { Plan } from './plan.ts'

/** An open incident as the ringer mirrors it. */
export interface Mirrored {
  readonly incident: Incident
  readonly paging: Paging
}

/** Planned work that two people lead: whoever leads it hears at once that the keeper stands still. */
export interface Led {
  /** The run. */
  readonly id: string
  /** `Add memory, on db-1`. */
  readonly title: string
  readonly people: readonly string[]
}

export type Act = 'ack' | 'pass'

/** What happened at the ringer, in order; the keeper makes it durable and says `taken`. */
export type Journaled =
  /** The ringer rang by itself: the keeper was silent. */
  | { readonly is: 'rang'; readonly n: number; readonly at: Instant; readonly incident: IncidentId; readonly page: PageId; readonly person: string; readonly channel: string; readonly step: number; readonly round: number; readonly outcome: 'accepted' | 'failed' | 'unknown'; readonly says: string }
  | { readonly is: 'acted'; readonly n: number; readonly at: Instant; readonly incident: IncidentId; readonly act: Act; readonly person: string; readonly via: string }
  /** The paging as it stood at the ringer after its own decisions. */
  | { readonly is: 'stepped'; readonly n: number; readonly at: Instant; readonly incident: IncidentId; readonly paging: Paging }
  /** It told people that the keeper is stuck. */
  | { readonly is: 'stoodIn'; readonly n: number; readonly at: Instant; readonly silentFor: number }

export type ToRinger =
  /** `store` changes when the node got a new memory (damaged database): the ringer then hands over the incidents it knows. */
  | { readonly is: 'hello'; readonly store: string; readonly pid: number }
  | { readonly is: 'plan'; readonly plan: Plan }
  /** All open incidents; replaces what was mirrored. */
  | { readonly is: 'mirror'; readonly open: readonly Mirrored[] }
  /** All planned work that somebody has pressed for, and that is not over; replaces what was known. */
  | { readonly is: 'led'; readonly led: readonly Led[] }
  /** One incident changed; `closed` when it ended. */
  | { readonly is: 'changed'; readonly mirrored: Mirrored; readonly closed: boolean }
  /** `carries`: the pages that go out together in a digest, so that none of them is rung again by the ringer. */
  | { readonly is: 'ring'; readonly term: number; readonly rings: readonly { readonly incident: IncidentId; readonly channel: string; readonly message: Message; readonly carries?: readonly PageId[] }[] }
  /** The journal up to `n` is durable. */
  | { readonly is: 'taken'; readonly n: number }
  /** At least every second, and only while turns are committed. */
  | { readonly is: 'beat' }

export type FromRinger =
  /** `open`: when the keeper's store is not the one that the ringer knew, the incidents that it knows. */
  | { readonly is: 'welcome'; readonly term: number; readonly store: string | undefined; readonly journal: readonly Journaled[]; readonly open: readonly Mirrored[] }
  | { readonly is: 'journal'; readonly events: readonly Journaled[] }
  | { readonly is: 'settled'; readonly page: PageId; readonly outcome: 'accepted' | 'failed' | 'unknown'; readonly says: string; readonly took: number }
  /** A ring of an older term was refused: say hello again. */
  | { readonly is: 'refused'; readonly term: number; readonly pages: readonly PageId[] }

/** Web (or the CLI behind it) to ringer; asked, so each has a reply. */
export type AskRinger =
  | { readonly is: 'show'; readonly token: string }
  /** `person` and `incident` stand in the token; the CLI and the API name them instead. */
  | { readonly is: 'act'; readonly act: Act; readonly token?: string; readonly incident?: string; readonly person?: string; readonly via: string }

export type RingerSays =
  | { readonly is: 'shown'; readonly view: LinkView }
  /** `recorded` false: taken, but the keeper is silent (202). */
  | { readonly is: 'did'; readonly view: LinkView; readonly recorded: boolean }
  | { readonly is: 'no'; readonly why: 'unknown-link' | 'closed' | 'unknown-incident' | 'unknown-person'; readonly says: string }

/** What the acknowledgement page shows. */
export interface LinkView {
  readonly incident: { readonly id: IncidentId; readonly number: number; readonly title: string; readonly says: string; readonly since: Instant }
  readonly person: string
  readonly state: 'ringing' | 'held' | 'over'
  readonly heldBy?: string
  readonly heldSince?: Instant
  readonly lapsesAt?: Instant
  /** Who is being rung now, by the step that is under way. */
  readonly rung?: readonly string[]
  /** Who is rung next, and when. */
  readonly next?: { readonly people: readonly string[]; readonly at: Instant }
  readonly timezone: string
}
