// How a party hears that they are asked: a personal link, by the channels of their ladder, one after another as for a page: each at
// its moment, the next at once when one fails, and from the beginning when all did. Every send is a deed whose key is a page
// id, so it goes out once however often it is tried. Nobody is asked who has answered, or whose answer no longer matters.
import { derivedId, type PageId } from '../../core/id.ts'
import type { Deed, Outcome } from '../../core/deed.ts'
import { dueIn, seconds, type Instant, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'

export interface Rung { readonly channel: string; readonly after: Span }

/** The body of an `agreement.send` deed. The link is not in it: it is drawn when the message leaves. */
export interface SendDeed {
  readonly page: PageId
  readonly agreement: string
  readonly person: string
  readonly channel: string
  readonly round: number
  readonly raisedAt: Instant
}

interface Whom { readonly agreement: string; readonly person: string; readonly round: number }

export interface Reaching {
  readonly ladderOf: (person: string) => readonly Rung[]
  readonly isWanted: (sql: Sql, agreement: string, person: string, now: Now) => boolean
}

const AGAIN = seconds(30)
const MOST_ROUNDS = 20

/** Begins a round. */
export function approach(tx: Tx, whom: Whom, ladder: readonly Rung[]): void {
  for (const { channel, after } of ladder) {
    if (after <= 0) send(tx, whom, channel)
    else tx.schedule('agreement.reach', JSON.stringify([whom.agreement, whom.person, whom.round, channel]), dueIn(tx.now, after))
  }
}

function send(tx: Tx, { agreement, person, round }: Whom, channel: string): void {
  const page = derivedId<'page'>('pg', 'agreement', agreement, person, channel, round)
  const body: SendDeed = { page, agreement, person, channel, round, raisedAt: tx.now.wall }
  tx.intend({ key: page, what: 'agreement.send', body, repeatable: true })
}

/** A rung's moment has come, or that of a further round (no channel). */
export function reachDue(tx: Tx, key: string, { ladderOf, isWanted }: Reaching): void {
  const [agreement, person, round, channel] = JSON.parse(key) as [string, string, number, string | null]
  if (!isWanted(tx.sql, agreement, person, tx.now)) return
  if (channel === null) approach(tx, { agreement, person, round }, ladderOf(person))
  else if (ladderOf(person).some((rung) => rung.channel === channel)) send(tx, { agreement, person, round }, channel)
}

/** What came of a send: the next channel at once where it did not arrive, or where nobody knows. */
export function sent(tx: Tx, deed: Deed, outcome: Outcome, { ladderOf, isWanted }: Reaching): void {
  const { page, agreement, person, channel, round } = deed.body as SendDeed
  const says = outcome.is === 'done' ? outcome.receipt : outcome.says
  tx.append({ is: 'agreement.sent', stream: page, body: { page, agreement, person, channel, outcome: outcome.is === 'done' ? 'accepted' : outcome.is, says, at: tx.now.wall } })
  if (outcome.is === 'done' || !isWanted(tx.sql, agreement, person, tx.now)) return
  const ladder = ladderOf(person)
  const next = ladder[ladder.findIndex((rung) => rung.channel === channel) + 1]
  if (next) send(tx, { agreement, person, round }, next.channel)
  else if (round < MOST_ROUNDS) tx.schedule('agreement.reach', JSON.stringify([agreement, person, round + 1, null]), dueIn(tx.now, AGAIN))
}
