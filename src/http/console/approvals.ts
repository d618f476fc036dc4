// What people are asked to agree to: first what waits for the one who looks, with the way to their own link, in case the message with it
// is late or lost; then the rest, for those who may read. Nothing is agreed here: that takes the link's page, and a proof.
import type { ApprovalAnswer } from '../../views/agreements.ts'
import { englishConsole as words } from '../../words/console.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import { person } from '../../words/notification.ts'
import type { Route } from '../route.ts'
import { consolePage } from './frame.ts'
import { moment } from './parts.ts'
import { notHad, nothing, place, type Seen } from './place.ts'

const w = words.approvals
const HERE = '/approvals'
const SHOWN = 50

async function show({ kit, visit, asker }: Seen<Record<string, never>>): Promise<Response> {
  const { session } = visit
  const answered = await kit.keeper.call('approvals.list', { all: true }, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const mine = (it: ApprovalAnswer): boolean => it.parties.some((party) => party.person === session.person)
  const seen = answered.body.approvals.filter((it) => mine(it) || session.rights.includes('read'))
  const waits = seen.filter((it) => it.state === 'open' && it.parties.some((party) => party.person === session.person && !party.said))
  const others = seen.filter((it) => !waits.includes(it)).slice(0, SHOWN)
  const { timezone } = kit.pushed.site
  const now = kit.clock.now().wall
  const row = (it: ApprovalAnswer): Markup => {
    const said = it.parties.map((party) => w.party(person(party.person), party.said)).join(' · ')
    const what = html`<span><b><bdi>${line(it.title, 100)}</bdi></b><span class="s"> ${it.words}</span><br><span class="s">${w.states[it.state]} · ${it.state === 'open' ? html`${w.lapses} ${moment(it.lapsesAt, now, timezone)}` : moment(it.endedAt ?? it.at, now, timezone)}<br>${line(said, 300)}</span></span>`
    // Its own path only: where it leads is never what an answer says.
    const own = it.url === null ? undefined : URL.parse(it.url)?.pathname
    return own !== undefined && own.startsWith('/approve/') ? html`<li><a class="whole" href="${own}">${what}</a></li>` : html`<li><div>${what}</div></li>`
  }
  const list = (title: string, none: string, rows: readonly ApprovalAnswer[]): Markup =>
    html`<section class="card"><h2>${title}</h2>${rows.length === 0 ? html`<p class="s">${none}</p>` : html`<ul class="rows">${rows.map(row)}</ul>`}</section>`
  const body = html`<h1>${w.title}</h1><p class="s">${w.says}</p>${list(w.waits, w.noneWait, waits)}${others.length > 0 && list(w.others, '', others)}<p class="s end">${words.times(timezone)}</p>`
  return consolePage({ title: w.title, visit, here: HERE, site: kit.pushed.site.name, body })
}

export const approvalListRoutes: readonly Route[] = [
  place({ at: 'GET /approvals', needs: 'account', says: 'What waits for the word of whoever is signed in, with their own links; for readers also the rest.', takes: nothing, answer: show }),
]
