// Backups, for whoever may read: each set with its places, the worst first; one set with its copies, and what was proven of each. Nothing is
// done here: what destroys takes a plan, two people and their links.
import { z } from 'zod'
import type { Instant } from '../../core/time.ts'
import type { BackupAnswer, BackupPlaceAnswer, BackupSetAnswer } from '../../views/backups.ts'
import { BACKUP_SHAPES, englishBackups as w, englishReport, VERDICT_SHAPES } from '../../words/backups.ts'
import { REPORT_POLICY, renderReport } from '../../rooms/guard/drills/report-html.ts'
import { englishConsole as words } from '../../words/console.ts'
import { classOf, icon } from '../../words/look.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import { saySpan } from '../../words/moment.ts'
import { saySize } from '../../words/size.ts'
import type { Route } from '../route.ts'
import { consolePage } from './frame.ts'
import { moment } from './parts.ts'
import { page } from '../problem.ts'
import { notHad, nothing, place, type Seen } from './place.ts'

const HERE = '/backups'
const { verdicts } = englishReport
const SHOWN = 60

interface Times {
  readonly now: Instant
  readonly timezone: string
}

const timesOf = ({ kit }: Seen<unknown>): Times => ({ now: kit.clock.now().wall, timezone: kit.pushed.site.timezone })

const stateOf = (state: BackupSetAnswer['state']): Markup => html`<span class="${classOf(BACKUP_SHAPES[state])}">${icon(BACKUP_SHAPES[state])} ${w.states[state]}</span>`

const exposureOf = ({ exposure }: BackupSetAnswer): string => (exposure === null ? w.everything : w.theLast(saySpan(exposure)))

function drawPlace(it: BackupPlaceAnswer, { now, timezone }: Times): Markup {
  const newest = it.newest === null ? '' : `${saySize(it.newest.bytes)} · ${w.proven(it.newest.rung)}`
  return html`<li><div><b><bdi>${line(it.store, 63)}</bdi></b> <span class="s"><bdi>${line(it.name, 200)}</bdi></span>${it.findings.length === 0 ? html`<br>${stateOf(it.state)}<span class="s"> · ${line(it.says, 300)}</span>` : it.findings.map(({ state, says }) => html`<br>${stateOf(state)}<span class="s"> · ${line(says, 300)}</span>`)}${it.missed !== null && html`<br><span class="${classOf('down')}">${icon('down')} ${w.missed}</span><span class="s"> · ${line(it.missed.says, 300)}</span>`}<br><span class="s">${newest !== '' && html`${newest} · `}${w.counts(it.counted, it.copies)} · ${it.listed_at === null ? w.neverListed : html`${w.listed} ${moment(it.listed_at, now, timezone)}`}${it.unseen !== null && html` · ${w.unseen} ${line(it.unseen, 200)}`}${it.odd !== null && html`<br>${w.odd(it.odd.count)} ${line(it.odd.shown.join('; '), 300)}`}</span></div></li>`
}

function drawCopy(it: BackupAnswer, { now, timezone }: Times): Markup {
  const proof = it.proven_at === null ? w.proven(it.rung) : html`${w.proven(it.rung)}, ${w.provenAt} ${moment(it.proven_at, now, timezone)}`
  return html`<li><div><span class="${classOf(it.counted ? 'ok' : 'unknown')}">${icon(it.counted ? 'ok' : 'unknown')}</span> <b><bdi>${line(it.copy, 200)}</bdi></b><br><span class="s"><bdi>${line(it.store, 63)}</bdi> · ${saySize(it.bytes)} · ${it.at === null ? w.undated : moment(it.at, now, timezone)}<br>${it.counted ? proof : line(it.why, 200)}</span>${it.drill && html`<br><span class="${classOf(VERDICT_SHAPES[it.drill.verdict])}">${icon(VERDICT_SHAPES[it.drill.verdict])} ${verdicts[it.drill.verdict]}</span><span class="s"> · ${moment(it.drill.at, now, timezone)}${it.drill.says !== '' && html` · ${line(it.drill.says, 300)}`}</span>`}${it.manifest && html`<br><span class="s">${w.manifest(it.manifest.tables, it.manifest.rows.least, it.manifest.rows.most, it.manifest.how)}${it.manifest.says !== '' && html` · ${line(it.manifest.says, 200)}`}</span>`}</div></li>`
}

/** The last drill, and the way to what is signed for it. */
function drawDrill({ drilled }: BackupSetAnswer, { now, timezone }: Times): Markup | false {
  if (!drilled) return false
  return html`<section class="card"><h2>${w.lastDrill}</h2><p><span class="${classOf(VERDICT_SHAPES[drilled.verdict])}">${icon(VERDICT_SHAPES[drilled.verdict])} ${verdicts[drilled.verdict]}</span> <span class="s">· ${moment(drilled.at, now, timezone)}${drilled.says !== '' && html`<br>${line(drilled.says, 300)}`}</span></p>${drilled.report !== null && html`<p><a class="go" href="${HERE}/report?of=${encodeURIComponent(drilled.report)}">${w.report}</a></p>`}</section>`
}

async function list(seen: Seen<unknown>): Promise<Response> {
  const { kit, visit, asker } = seen
  const answered = await kit.keeper.call('backups.list', {}, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const { sets } = answered.body
  const row = (set: BackupSetAnswer): Markup => {
    const says = set.places.filter(({ state, missed }) => state !== 'ok' || missed !== null).map(({ store, says: what, missed }) => `${store}: ${what}${missed === null ? '' : `; ${missed.says}`}`).join('; ')
    return html`<li><a class="whole" href="${HERE}/set?name=${encodeURIComponent(set.set)}"><span><b><bdi>${line(set.set, 63)}</bdi></b> ${stateOf(set.state)}<br><span class="s">${says !== '' && html`${line(says, 300)}<br>`}${w.lostNow}: ${exposureOf(set)}</span></span></a></li>`
  }
  const body = html`<h1>${w.title}</h1><p class="s">${w.says}</p><section class="card">${sets.length === 0 ? html`<p>${w.none}</p>` : html`<ul class="rows">${sets.map(row)}</ul>`}</section>`
  return consolePage({ title: w.title, visit, here: HERE, site: kit.pushed.site.name, body })
}

async function show(seen: Seen<{ name?: string }>): Promise<Response> {
  const { kit, visit, asker, args } = seen
  if (args.name === undefined) return list(seen)
  const answered = await kit.keeper.call('backups.show', { set: args.name }, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const set = answered.body
  const times = timesOf(seen)
  const copies = set.copies ?? []
  const body = html`<h1><bdi>${line(set.set, 63)}</bdi></h1><p>${stateOf(set.state)}</p><p class="s">${set.engine} · ${w.every(saySpan(set.every))}${set.of !== null && html` · ${w.of} <bdi>${line(set.of, 63)}</bdi>`} · ${line(set.from, 100)}</p>
<section class="card"><h2>${w.lostNow}</h2><p>${exposureOf(set)}</p></section>
${drawDrill(set, times)}
<section class="card"><h2>${w.places}</h2><ul class="rows">${set.places.map((it) => drawPlace(it, times))}</ul></section>
${copies.length > 0 && html`<section class="card"><h2>${w.copies}</h2><ul class="rows">${copies.slice(0, SHOWN).map((it) => drawCopy(it, times))}</ul>${copies.length > SHOWN && html`<p class="s">${w.more(copies.length - SHOWN)} ${line(set.set, 63)}</p>`}</section>`}<p class="s end">${words.times(times.timezone)}</p>`
  return consolePage({ title: set.set, visit, here: HERE, site: kit.pushed.site.name, body })
}

/** The report alone, as it is sent on or printed: under a policy of its own. */
async function report(seen: Seen<{ of?: string }>): Promise<Response> {
  const { kit, asker, args } = seen
  if (args.of === undefined) return list(seen)
  const answered = await kit.keeper.call('backups.report', { of: args.of }, asker)
  return answered.is === 'answered' ? page(renderReport(answered.body), REPORT_POLICY) : notHad(answered)
}

export const backupRoutes: readonly Route[] = [
  place({ at: 'GET /backups', needs: 'read', says: 'All sets of backups, the worst first.', takes: nothing, answer: list }),
  place({ at: 'GET /backups/set', needs: 'read', says: 'One set of backups with its copies, and what was proven of each.', takes: z.strictObject({ name: z.string().min(1).max(200).exactOptional() }), answer: show }),
  place({ at: 'GET /backups/report', needs: 'read', says: 'The restore report of a drill, or of the newest of a set.', takes: z.strictObject({ of: z.string().min(1).max(200).exactOptional() }), answer: report }),
]
