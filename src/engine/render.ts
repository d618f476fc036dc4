// Deeds of the page room as messages: looked up as the incident stands at the moment they leave, rendered by the very function
// that the ringer uses when it goes on alone.
import type { PageId } from '../core/id.ts'
import { incidentOf, loadIncident, loadPaging } from '../rooms/page/rows.ts'
import type { DigestDeed, RingDeed } from '../rooms/page/delivery.ts'
import type { Notice } from '../rooms/page/move.ts'
import { render, type Rendering, type Telling } from '../rooms/page/ringer/render.ts'
import type { Message } from '../ports/channel.ts'
import type { Keeper } from './keeper.ts'

const rendering = (keeper: Keeper, key: Uint8Array): Rendering => ({ plan: keeper.plan, now: keeper.now(), key })

const isNotice = (event: string): event is Notice => ['acknowledged', 'reminder', 'lapsed', 'recovered', 'reassigned'].includes(event)

/** One ring or notice; undefined when its incident or person is gone. */
export function renderRing(keeper: Keeper, deed: RingDeed, key: Uint8Array): Message | undefined {
  const telling = tellingOf(keeper, deed)
  return telling && render(telling, rendering(keeper, key))
}

function tellingOf(keeper: Keeper, deed: RingDeed): Telling | undefined {
  const { page, person } = deed
  if (deed.event === 'test') return { is: 'test', page, person, channel: deed.channel }
  const row = loadIncident(keeper.store.sql, deed.incident)
  const paging = loadPaging(keeper.store.sql, deed.incident)
  if (!row || !paging) return undefined
  const incident = incidentOf(row)
  if (isNotice(deed.event)) return { is: 'notice', page, person, notice: deed.event, incident, paging, ...(deed.by === undefined ? {} : { by: deed.by }) }
  return { is: 'page', page, person, incident, paging, step: deed.step, round: deed.round, raisedAt: incident.since, ...(deed.why === undefined ? {} : { why: deed.why }) }
}

/** Many at once, as one page. */
export function renderDigest(keeper: Keeper, deed: DigestDeed, key: Uint8Array): Message | undefined {
  const rings = deed.rings.flatMap(({ incident, event }: { incident: string; page: PageId; event: string }) => {
    const row = loadIncident(keeper.store.sql, incident)
    const paging = row && loadPaging(keeper.store.sql, incident)
    return row ? [{ incident: incidentOf(row), event, ...(paging ? { paging } : {}) }] : []
  })
  if (rings.length === 0) return undefined
  return render({ is: 'digest', page: deed.page, person: deed.person, raisedAt: deed.raisedAt, rings }, rendering(keeper, key))
}
