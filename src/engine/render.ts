// Deeds of the page room as messages: looked up as the incident stands at the moment they leave, rendered by the very function
// that the ringer uses when it goes on alone.
import { incidentOf, loadIncident, loadPhases, pagingOf } from '../rooms/page/rows.ts'
import { sparedRing, type DigestDeed, type RingDeed } from '../rooms/page/delivery.ts'
import type { Notice } from '../rooms/page/move.ts'
import { MOST_PAGES, render, type Rendering, type Telling } from '../rooms/page/ringer/render.ts'
import type { Message } from '../ports/channel.ts'
import type { Keeper } from './keeper.ts'

const rendering = (keeper: Keeper, key: Uint8Array): Rendering => ({ plan: keeper.plan, now: keeper.now(), key })

const isNotice = (event: string): event is Notice => ['acknowledged', 'reminder', 'lapsed', 'recovered', 'reassigned'].includes(event)

const GONE = 'the person or the channel is no longer in the configuration'

/** One ring or notice; a sentence where it is not to be sent: its incident or person is gone, or it waited and is old. */
export function renderRing(keeper: Keeper, deed: RingDeed, key: Uint8Array): Message | string {
  const telling = tellingOf(keeper, deed)
  if (telling === undefined || typeof telling === 'string') return telling ?? GONE
  return render(telling, rendering(keeper, key)) ?? GONE
}

function tellingOf(keeper: Keeper, deed: RingDeed): Telling | string | undefined {
  const { page, person } = deed
  if (deed.event === 'test') return { is: 'test', page, person, channel: deed.channel }
  const row = loadIncident(keeper.store.sql, deed.incident)
  const paging = row && pagingOf(row)
  if (!row || !paging) return undefined
  const spared = sparedRing(deed, paging, () => hasLater(keeper, deed))
  if (spared !== undefined) return spared
  const incident = incidentOf(row)
  if (isNotice(deed.event)) return { is: 'notice', page, person, notice: deed.event, incident, paging, ...(deed.by === undefined ? {} : { by: deed.by }) }
  return { is: 'page', page, person, incident, paging, step: deed.step, round: deed.round, raisedAt: incident.since, ...(deed.why === undefined ? {} : { why: deed.why }) }
}

/** A line that was away for long lets go of all that waited at once: of several pages of one incident the latest is enough. */
const hasLater = ({ store: { sql } }: Keeper, { page, incident, person, channel }: RingDeed): boolean => sql.get(
  `select 1 as one from deed where is_ = 'intended' and what = 'page.ring' and at > (select at from deed where key = ?) and body ->> '$.incident' = ?
    and body ->> '$.person' = ? and body ->> '$.channel' = ? and body ->> '$.event' = 'page' limit 1`, page, incident, person, channel) !== undefined

/** Many at once, as one page: those that are still to be told. In a storm only those that it shows are read whole. */
export function renderDigest(keeper: Keeper, deed: DigestDeed, key: Uint8Array): Message | string {
  const { sql } = keeper.store
  const phases = loadPhases(sql, deed.rings.map(({ incident }) => incident))
  const isTold = ({ incident, event }: DigestDeed['rings'][number]): boolean => phases.has(incident) && (event !== 'page' || (phases.get(incident) ?? 'ringing') === 'ringing')
  const told = deed.rings.filter(isTold)
  if (told.length === 0) return 'all of it was taken or over before this was sent'
  const pages = told.filter(({ event }) => event === 'page')
  const shown = [...pages, ...told.filter(({ event }) => event !== 'page')].slice(0, MOST_PAGES)
  const rings = shown.flatMap(({ incident, page, event }) => {
    const row = loadIncident(sql, incident)
    const paging = row && pagingOf(row)
    return row ? [{ page, incident: incidentOf(row), event, ...(paging ? { paging } : {}) }] : []
  })
  const shownPages = Math.min(pages.length, MOST_PAGES)
  const beyond = { pages: pages.length - shownPages, others: told.length - pages.length - (shown.length - shownPages) }
  return render({ is: 'digest', page: deed.page, person: deed.person, raisedAt: deed.raisedAt, rings, ...(told.length > shown.length ? { beyond } : {}) }, rendering(keeper, key)) ?? GONE
}
