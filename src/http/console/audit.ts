// The audit, for owners: what was done about people and by them. The filter stands in the address, so that a view can be kept.
import { z } from 'zod'
import { englishConsole as words } from '../../words/console.ts'
import { html, line } from '../../words/markup.ts'
import { iso, zoneOf } from '../../words/moment.ts'
import type { Route } from '../route.ts'
import { consolePage, notice } from './frame.ts'
import { select } from './parts.ts'
import { notHad, place, problemOf, type Seen } from './place.ts'

const w = words.audit
const HERE = '/audit'
const SHOWN = 200
const spans = Object.keys(w.spans)

async function show({ kit, visit, asker, args }: Seen<{ who?: string; since?: string }>): Promise<Response> {
  const since = args.since !== undefined && spans.includes(args.since) ? args.since : '7d'
  const who = args.who === undefined || args.who === '' ? undefined : args.who
  const [answered, people] = await Promise.all([
    kit.keeper.call('people.audit', { since, ...(who === undefined ? {} : { who }) }, asker),
    kit.keeper.call('people.list', {}, asker),
  ])
  if (answered.is !== 'answered') return answered.is === 'away' ? notHad(answered) : consolePage({ title: w.title, visit, here: HERE, body: html`<h1>${w.title}</h1>${notice('down', problemOf(answered)?.says ?? '')}` }, answered.status)
  const zone = zoneOf(kit.pushed.site.timezone)
  const now = kit.clock.now().wall
  const names = new Set(people.is === 'answered' ? people.body.people.map((it) => it.person) : [])
  if (who !== undefined) names.add(who)
  const entries = answered.body.entries.toReversed()
  const rows = entries.slice(0, SHOWN).map((it) => html`<li><div><p class="s"><time datetime="${iso(it.at)}">${zone.day(it.at, now)}, ${zone.exactClock(it.at)}</time></p><p><bdi>${line(it.says, 300)}</bdi></p></div><span class="s">${w.entry(it.seq)}</span></li>`)
  const body = html`<h1>${w.title}</h1><p class="s">${w.says}</p><form class="card side" method="get" action="${HERE}">${[
    select('who', w.who, [{ value: '', label: w.everybody, checked: who === undefined }, ...[...names].sort().map((value) => ({ value, label: line(value, 63), checked: value === who }))]),
    select('since', w.since, Object.entries(w.spans).map(([value, label]) => ({ value, label, checked: value === since }))),
  ]}<button>${w.show}</button></form><div class="card">${entries.length === 0 ? html`<p>${w.none}</p>` : html`<ol class="rows">${rows}</ol>`}${entries.length > SHOWN && html`<p class="s">${w.most(SHOWN)}</p>`}</div><p class="s end">${words.times(zone.name)}</p>`
  return consolePage({ title: w.title, visit, here: HERE, site: kit.pushed.site.name, body })
}

export const auditRoutes: readonly Route[] = [
  place({ at: 'GET /audit', needs: 'admin', says: 'What was done about people and by them; `who` and `since` narrow it.', takes: z.strictObject({ who: z.string().max(200).exactOptional(), since: z.string().max(10).exactOptional() }), answer: show }),
]
