// From a decision to deeds. A ring becomes a deed of its own while few go out; in a storm (`storm.ts`) further ones are gathered and
// go out as one digest per person and channel, with exact counts: every ring is in exactly one single or one digest (P-13), or was
// spared because somebody took its incident, or it was over, before the digest left (P-7, P-14).
import { derivedId, type PageId } from '../../core/id.ts'
import { dueIn, tickOf, type Instant, type Stamp } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Paging } from './paging.ts'
import { loadPhases } from './rows.ts'
import { called } from './steps.ts'
import { digestAfter, goesAlone, SINGLES_WITHIN, type Line } from './storm.ts'

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

/** `rest`: what a ring says beside the columns. Storms write many of these: what is of one incident stands together, so that it costs one page of the disk. */
interface WaitingRow extends Record<string, unknown> { page: string; incident: string; event: string; at: number; rest: string }

type Rest = Omit<RingDeed, 'page' | 'person' | 'channel' | 'incident' | 'event'>

const ringOf = ({ page, incident, event, rest }: WaitingRow, person: string, channel: string): RingDeed =>
  ({ incident, page: page as PageId, person, channel, event: event as PageEvent, ...(JSON.parse(rest) as Rest) })

interface LatelyRow extends Record<string, unknown> { tick: number; boot: string }

/** What the storm rule asks about one person and channel, as it stands in the working tables; read as it asks, since in a storm it asks little and often. */
function lineOf({ sql }: Tx, person: string, channel: string): Line {
  const stampOf = ({ tick, boot }: LatelyRow): Stamp => ({ tick: tickOf(tick), boot })
  return {
    singles: {
      get(incident) {
        const row = sql.get<LatelyRow>('select tick, boot from page_lately where person = ? and channel = ? and incident = ?', person, channel, incident)
        return row && stampOf(row)
      },
      values: () => sql.all<LatelyRow>('select tick, boot from page_lately where person = ? and channel = ?', person, channel).map(stampOf).values(),
    },
    gathered: {
      has: (incident) => sql.get('select 1 as one from page_gathering where person = ? and channel = ? and incident = ? limit 1', person, channel, incident) !== undefined,
      size: sql.get('select 1 as one from page_gathering where person = ? and channel = ? limit 1', person, channel) === undefined ? 0 : 1,
    },
  }
}

const remember = ({ sql, now }: Tx, person: string, channel: string, incident: string): void =>
  void sql.run(`insert into page_lately (person, channel, incident, tick, boot) values (?,?,?,?,?)
    on conflict do update set tick = excluded.tick, boot = excluded.boot`, person, channel, incident, Math.floor(now.tick), now.boot)

/** Sends a ring out by itself, or lets it wait for the next digest. */
export function dispatch(tx: Tx, ring: RingDeed): void {
  const { sql, now } = tx
  const { person, channel, incident } = ring
  // A test page is asked for by a person who waits for it.
  if (ring.event === 'test') return alone(tx, ring)
  const line = lineOf(tx, person, channel)
  if (goesAlone(line, incident, now)) {
    remember(tx, person, channel, incident)
    return alone(tx, ring)
  }
  const { page, event, step, round, why, by, raisedAt } = ring
  const rest: Rest = { step, round, raisedAt, ...(why === undefined ? {} : { why }), ...(by === undefined ? {} : { by }) }
  sql.run('insert into page_gathering (incident, person, channel, page, event, at, rest) values (?,?,?,?,?,?,?) on conflict do nothing',
    incident, person, channel, page, event, now.wall, JSON.stringify(rest))
  if (line.gathered.size === 0) tx.schedule('page.digest', JSON.stringify([person, channel]), dueIn(now, digestAfter(lastDigest(tx, person, channel), now)))
}

const alone = (tx: Tx, ring: RingDeed): void => tx.intend({ key: ring.page, what: 'page.ring', body: ring, repeatable: true })

function lastDigest({ sql }: Tx, person: string, channel: string): Stamp | undefined {
  const row = sql.get<{ tick: number; boot: string }>('select tick, boot from page_digest_at where person = ? and channel = ?', person, channel)
  return row && { tick: tickOf(row.tick), boot: row.boot }
}

/** What need not be told any more: pages of incidents that somebody has or that are over. */
function sparedOf({ sql }: Tx, rows: readonly WaitingRow[]): ReadonlySet<string> {
  const pages = rows.filter((row) => row.event === 'page')
  const phases = loadPhases(sql, pages.map((row) => row.incident))
  return new Set(pages.filter((row) => (phases.get(row.incident) ?? 'ringing') !== 'ringing').map((row) => row.page))
}

/** Sends what was gathered for one person and channel as one page. */
export function sendDigest(tx: Tx, key: string): void {
  const { sql, now } = tx
  const [person, channel] = JSON.parse(key) as [string, string]
  const all = sql.all<WaitingRow>('select page, incident, event, at, rest from page_gathering where person = ? and channel = ? order by at, page', person, channel)
  sql.run('delete from page_gathering where person = ? and channel = ?', person, channel)
  sql.run('delete from page_lately where boot <> ? or tick <= ?', now.boot, now.tick - SINGLES_WITHIN)
  const spared = sparedOf(tx, all)
  const rows = all.filter((row) => !spared.has(row.page))
  const [first] = rows
  if (spared.size > 0) tx.append({ is: 'page.spared', stream: `person:${person}`, body: { person, channel, pages: [...spared], at: now.wall } })
  if (!first) return
  if (rows.length === 1) {
    remember(tx, person, channel, first.incident)
    return alone(tx, ringOf(first, person, channel))
  }
  const page = derivedId<'page'>('pg', 'digest', person, channel, first.page, rows.length)
  sql.run('insert into page_digest_at (person, channel, tick, boot) values (?,?,?,?) on conflict do update set tick = excluded.tick, boot = excluded.boot', person, channel, Math.floor(now.tick), now.boot)
  const body: DigestDeed = {
    page, person, channel, raisedAt: first.at as Instant,
    rings: rows.map((row) => ({ incident: row.incident, page: row.page as PageId, event: row.event as PageEvent })),
  }
  tx.append({ is: 'page.digested', stream: page, body: { page, person, channel, count: rows.length, at: now.wall } })
  tx.intend({ key: page, what: 'page.digest', body, repeatable: true })
}

/**
 * Why a page that was intended need not go out any more, where it had to wait: it would tell as new what is old (P-14, P-4).
 * `hasLater`: a later page of it to the same person, by the same channel, waits as well.
 */
export function sparedRing(ring: RingDeed, paging: Paging, hasLater: () => boolean): string | undefined {
  if (ring.event !== 'page') return undefined
  const { phase, rings } = paging
  if (phase.is === 'over') return 'it was over before this was sent'
  if (phase.is === 'held') return `${called(phase.by)} has it`
  const isKnown = rings.some(({ page }) => page === ring.page)
  if (isKnown) return undefined
  const isRung = rings.some((it) => it.person === ring.person && it.channel === ring.channel && it.is !== 'waiting')
  return isRung || hasLater() ? 'a later page about it goes out in its place' : undefined
}
