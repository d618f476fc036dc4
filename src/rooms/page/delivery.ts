// From a decision to deeds. A ring becomes a deed of its own while few go out; in a storm further ones are gathered and go
// out as one digest per person and channel, with exact counts: every ring is in exactly one single or one digest (P-13).
// What is recent is judged by the monotonic clock: a wall clock that steps must not hold a digest back.
import { derivedId, type PageId } from '../../core/id.ts'
import { dueIn, seconds, type Instant } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'

/** Incidents per person and channel in a sliding minute that are told one by one; above it, digests. One incident that rings often is no storm. */
const MOST_SINGLES = 5
const MINUTE = 60_000
const FIRST_DIGEST = seconds(2)
const BETWEEN_DIGESTS = seconds(10)

export type PageEvent = 'page' | 'acknowledged' | 'reminder' | 'lapsed' | 'recovered' | 'reassigned' | 'test' | 'notice'

/** The body of a `page.ring` deed: what the ringer is to send. */
export interface RingDeed {
  readonly incident: string
  readonly page: PageId
  readonly person: string
  readonly channel: string
  readonly step: number
  readonly round: number
  readonly event: PageEvent
  readonly why?: string
  readonly by?: string
  readonly raisedAt: Instant
}

/** The body of a `page.digest` deed. */
export interface DigestDeed {
  readonly page: PageId
  readonly person: string
  readonly channel: string
  readonly rings: readonly { readonly incident: string; readonly page: PageId; readonly event: PageEvent }[]
  readonly raisedAt: Instant
}

/** Sends a ring out by itself, or lets it wait for the next digest. */
export function dispatch(tx: Tx, ring: RingDeed): void {
  const { sql, now } = tx
  const gathered = sql.get<{ n: number }>('select 1 as n from page_gathered where person = ? and channel = ? limit 1', ring.person, ring.channel)
  // What waits goes first: beside it nothing goes out by itself, however little was sent lately.
  const recent = gathered ? MOST_SINGLES : (sql.get<{ n: number }>('select count(distinct incident) as n from page_single where person = ? and channel = ? and boot = ? and at > ? and incident <> ?', ring.person, ring.channel, now.boot, now.tick - MINUTE, ring.incident)?.n ?? 0)
  // A test page is asked for by a person who waits for it.
  if (ring.event === 'test' || recent < MOST_SINGLES) {
    sql.run('insert into page_single (person, channel, incident, at, boot) values (?,?,?,?,?)', ring.person, ring.channel, ring.incident, Math.floor(now.tick), now.boot)
    tx.intend({ key: ring.page, what: 'page.ring', body: ring, repeatable: true })
    return
  }
  sql.run('insert into page_gathered (page, person, channel, incident, event, at) values (?,?,?,?,?,?) on conflict do nothing',
    ring.page, ring.person, ring.channel, ring.incident, ring.event, now.wall)
  if (!gathered) {
    const last = sql.get<{ at: number | null }>('select max(at) as at from page_single where person = ? and channel = ? and boot = ? and at > ?', ring.person, `${ring.channel}#digest`, now.boot, now.tick - BETWEEN_DIGESTS)?.at
    const wait = last === null || last === undefined ? FIRST_DIGEST : seconds(Math.ceil(Math.max(2000, last + BETWEEN_DIGESTS - now.tick) / 1000))
    tx.schedule('page.digest', JSON.stringify([ring.person, ring.channel]), dueIn(now, wait))
  }
}

/** Sends what was gathered for one person and channel as one page. */
export function sendDigest(tx: Tx, key: string): void {
  const { sql, now } = tx
  const [person, channel] = JSON.parse(key) as [string, string]
  const rows = sql.all<{ page: string; incident: string; event: string; at: number }>(
    'select page, incident, event, at from page_gathered where person = ? and channel = ? order by at, page', person, channel)
  sql.run('delete from page_gathered where person = ? and channel = ?', person, channel)
  sql.run('delete from page_single where boot <> ? or at <= ?', now.boot, now.tick - MINUTE)
  const first = rows[0]
  if (!first) return
  const page = derivedId<'page'>('pg', 'digest', person, channel, first.page, rows.length)
  sql.run('insert into page_single (person, channel, incident, at, boot) values (?,?,?,?,?)', person, `${channel}#digest`, page, Math.floor(now.tick), now.boot)
  const body: DigestDeed = {
    page, person, channel, raisedAt: first.at as Instant,
    rings: rows.map((row) => ({ incident: row.incident, page: row.page as PageId, event: row.event as PageEvent })),
  }
  tx.append({ is: 'page.digested', stream: page, body: { page, person, channel, count: rows.length, at: now.wall } })
  tx.intend({ key: page, what: 'page.digest', body, repeatable: true })
}
