// What happened at the ringer and is not durable yet. Of an incident's paging only the last state is kept; of its own rings at
// most 20,000, then the oldest go and are counted. What people did is kept before all: 10,000 acts, each of which changed
// something. Nothing is forgotten before the keeper said `taken`, except by these bounds.
import type { IncidentId } from '../../../core/id.ts'
import type { Journaled } from '../protocol.ts'

export interface Journal {
  /** In order of `n`. */
  readonly events: Map<number, Journaled>
  /** Where an incident's last state stands. */
  readonly stepped: Map<IncidentId, number>
  rangs: number
  acts: number
  next: number
}

/** Without its number, which the journal gives. */
export type Happened = Journaled extends infer One ? (One extends Journaled ? Omit<One, 'n'> : never) : never

const MOST_RANG = 20_000
const MOST_ACTED = 10_000


export const newJournal = (): Journal => ({ events: new Map(), stepped: new Map(), rangs: 0, acts: 0, next: 1 })

/** Writes it down and gives it its number. */
export function write(journal: Journal, happened: Happened): Journaled {
  const event = { ...happened, n: journal.next++ } as Journaled
  if (event.is === 'stepped') {
    const former = journal.stepped.get(event.incident)
    if (former !== undefined) journal.events.delete(former)
    journal.stepped.set(event.incident, event.n)
  }
  journal.events.set(event.n, event)
  if (event.is === 'rang' && ++journal.rangs > MOST_RANG) forgetOldest(journal, 'rang')
  if (event.is === 'acted' && ++journal.acts > MOST_ACTED) forgetOldest(journal, 'acted')
  return event
}

/** Everything up to `n` is durable. */
export function forget(journal: Journal, n: number): void {
  for (const [at, event] of journal.events) {
    if (at > n) return
    drop(journal, event)
  }
}

export const all = (journal: Journal): readonly Journaled[] => [...journal.events.values()]

export const lastOf = (journal: Journal): number => journal.next - 1

function forgetOldest(journal: Journal, is: Journaled['is']): void {
  for (const event of journal.events.values()) {
    if (event.is === is) return drop(journal, event)
  }
}

function drop(journal: Journal, event: Journaled): void {
  journal.events.delete(event.n)
  if (event.is === 'rang') journal.rangs--
  if (event.is === 'acted') journal.acts--
  if (event.is === 'stepped' && journal.stepped.get(event.incident) === event.n) journal.stepped.delete(event.incident)
}
