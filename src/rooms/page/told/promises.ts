// What was promised to the public, and is due or overdue: whoever writes to the public is paged for it, and no more when it was kept.
import { formatTime } from '../../../core/calendar.ts'
import type { Entry } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import { endNode, openNode, type Lifecycle } from '../incidents.ts'
import { COMMUNICATIONS, type Plan } from '../plan.ts'

/** What the statements of the board, and planned work, do to incidents. */
export const fromTell = (life: Lifecycle, plan: () => Plan): NonNullable<Room['on']> => ({
  'tell.promiseNears': (tx, entry) => promised(tx, life, plan(), entry.body as { id: string; title: string; by: Instant }),
  'tell.posted': (tx, entry) => endNode(tx, life, `promise/${entry.stream}`),
  'tell.overdue': (tx, entry) => overdue(tx, life, plan(), entry.body as { id: string; components: readonly string[]; until: Instant; begun: boolean }),
  'tell.maintained': (tx, entry) => maintained(tx, life, entry),
})

/** A public update is due soon: whoever writes to the public is rung, first of all. */
function promised(tx: Tx, life: Lifecycle, { communications, site }: Plan, b: { id: string; title: string; by: Instant }): void {
  if (communications.length === 0) return
  const title = b.title.startsWith('#') ? 'our statement' : b.title
  openNode(tx, life, `promise/${b.id}`, 'A public update is due', `“${title}” promised one by ${formatTime(b.by, site.timezone)}: holdfast board post --statement ${b.id}`, COMMUNICATIONS)
}

/** Planned work whose time is over, and nobody said that it ended. */
function overdue(tx: Tx, life: Lifecycle, { communications, site }: Plan, b: { id: string; components: readonly string[]; until: Instant; begun: boolean }): void {
  if (communications.length === 0) return
  const next = b.begun ? `is not completed: holdfast board complete ${b.id}` : `never began: holdfast board cancel ${b.id}`
  openNode(tx, life, `maintenance/${b.id}`, 'Planned work is overdue on the board', `What was announced for ${b.components.join(', ')} was to end by ${formatTime(b.until, site.timezone)} and ${next}`, COMMUNICATIONS)
}

function maintained(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { id, to } = entry.body as { id: string; to: string }
  if (to === 'completed' || to === 'ended_early' || to === 'cancelled') endNode(tx, life, `maintenance/${id}`)
}
