// What a decision about paging consists of: the paging as it stands afterwards, the moves to make now, and one sentence for the
// log. Moves are data; whoever decided hands them to the ringer. Each has an id derived from its cause, so a move that is
// decided twice, by keeper and ringer or after a crash, is made once.
import { derivedId, type PageId } from '../../core/id.ts'
import type { Paging, Ring } from './paging.ts'
import type { Plan } from './plan.ts'
import { canBeRung, reachOf } from './steps.ts'

export type Notice = 'acknowledged' | 'reminder' | 'lapsed' | 'recovered' | 'reassigned'

export type Move =
  /** A page to send now. */
  | { readonly is: 'ring'; readonly ring: Ring; readonly why?: string }
  /** Something to tell a person that asks nothing of them, or only "still?". `by`: who took it, handed it over, or held it. */
  | { readonly is: 'notice'; readonly notice: Notice; readonly person: string; readonly channel: string; readonly key: PageId; readonly by?: string }

export interface Decision {
  /** The very object that was given when nothing changed. */
  readonly paging: Paging
  readonly moves: readonly Move[]
  /** One sentence: what was decided and why. */
  readonly says: string
}

export type PagingEvent =
  | { readonly is: 'acked'; readonly by: string; readonly via: string }
  | { readonly is: 'passed'; readonly by: string }
  | { readonly is: 'assigned'; readonly to: string; readonly by: string }
  | { readonly is: 'settled'; readonly page: PageId; readonly outcome: 'accepted' | 'failed' | 'unknown' }
  /** `by`: a person said so; else it was seen. */
  | { readonly is: 'resolved'; readonly by?: string }
  /** Others lead what is paged for: they are rung for it from now on, by `escalate`. `leaves`: who does no more. */
  | { readonly is: 'led'; readonly escalate: string; readonly leaves: string }
  /** Something else, or something worse, was found of what is paged for. */
  | { readonly is: 'worsened'; readonly why: 'more urgent' | 'another cause' }

export const unchanged = (paging: Paging, says: string): Decision => ({ paging, moves: [], says })

export const ringMove = (ring: Ring): Move => (ring.why === undefined ? { is: 'ring', ring } : { is: 'ring', ring, why: ring.why })

interface Telling {
  readonly paging: Paging
  readonly plan: Plan
  readonly notice: Notice
  readonly by?: string
}

/** Tells everybody who was rung so far, and `besides`, each once, by the channel that reached them; never `except`. */
export function tellRung(telling: Telling, besides: readonly string[], except: readonly string[]): Move[] {
  const people = [...new Set([...Object.keys(telling.paging.rung), ...besides])]
  return people.filter((person) => !except.includes(person)).flatMap((person) => tell(telling, person))
}

/** Tells one person by the channel that reached them last, or by their first. Nobody where the person is gone. */
export function tell(telling: Telling, person: string): Move[] {
  const channels = reachOf(telling.plan, person).map(({ channel }) => channel)
  const rung = Object.hasOwn(telling.paging.rung, person) ? telling.paging.rung[person] : undefined
  const channel = channels.find((it) => it === rung) ?? channels[0]
  return channel === undefined ? [] : [notice(telling, person, channel)]
}

/** Tells one person by every channel they have. */
export function tellEverywhere(telling: Telling, person: string): Move[] {
  if (!canBeRung(telling.plan, person)) return []
  return reachOf(telling.plan, person).map(({ channel }) => notice(telling, person, channel))
}

function notice({ paging, notice, by }: Telling, person: string, channel: string): Move {
  const key: PageId = derivedId('pg', paging.incident, notice, paging.lap, person, channel)
  return { is: 'notice', notice, person, channel, key, ...(by === undefined ? {} : { by }) }
}
