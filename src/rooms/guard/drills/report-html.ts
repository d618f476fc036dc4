// A restore report as one page that stands by itself: no script, nothing foreign, the same on paper. Names of copies, assertions and the words of an
// engine come from whoever made the copy, and a copy may be hostile: everything is escaped, tidied and bounded. Times are in UTC, since it
// is read by people of every zone.
import type { Instant } from '../../../core/time.ts'
import { BASE, classOf, icon, policyFor, SHAPES, tabPicture } from '../../../words/look.ts'
import { html, line, lines, type Markup } from '../../../words/markup.ts'
import { iso, saySpan } from '../../../words/moment.ts'
import { englishReport as w, RUNGS, VERDICT_SHAPES } from '../../../words/backups.ts'
import { saySize } from '../../../words/size.ts'
import type { RestoreReport, SignedReport } from './restore-report.ts'

const STYLE = `${BASE}body{max-inline-size:46rem}
header{padding:1.25rem 0 .5rem;font-weight:700}
h1{font-size:1.5rem}
h2{font-size:1.0625rem;margin-block:1.5rem .5rem}
.hero{background:var(--surface);border-radius:10px;border-inline-start:6px solid;padding:.875rem 1.125rem}
.hero p{color:var(--text);margin-block-start:.375rem}
table{inline-size:100%;border-collapse:collapse;font-size:.9375rem}
th,td{text-align:start;vertical-align:top;padding:.375rem .75rem .375rem 0;border-block-end:1px solid var(--line);overflow-wrap:anywhere}
.facts th{inline-size:34%;font-weight:400;color:var(--soft)}
th.n,td.n{text-align:end;font-variant-numeric:tabular-nums;white-space:nowrap}
thead th{font-size:.8125rem;color:var(--soft);font-weight:600}
code,pre{font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{margin:0;background:var(--surface);border-radius:10px;padding:.875rem 1rem;white-space:pre-wrap}
footer{margin-block-start:1.5rem;font-size:.875rem}
footer p{margin-block-start:.375rem}
@page{margin:16mm}
@media print{:root{color-scheme:light}body{max-inline-size:none;padding:0;font-size:10pt}h2{break-after:avoid}tr,.hero{break-inside:avoid}pre,.hero{border:1px solid var(--line);border-inline-start-width:6px}}
`

/** The policy to serve a report with. */
export const REPORT_POLICY: string = policyFor(STYLE, 'none')

type Row = readonly [string, Markup | string] | false

const facts = (label: string, rows: readonly Row[]): Markup =>
  html`<h2>${label}</h2><table class="facts" aria-label="${label}"><tbody>${rows.filter((it) => it !== false).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`

const text = (value: string, most: number): Markup => html`<bdi>${line(value, most)}</bdi>`
const code = (value: string, most = 300): Markup => html`<code><bdi>${line(value, most)}</bdi></code>`
const when = (at: Instant): Markup => html`<time datetime="${iso(at)}">${sayWhen(at)}</time>`
const sayWhen = (at: Instant): string => `${iso(at).slice(0, 19).replace('T', ' ')} UTC`
const sayMs = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : saySpan(ms))

/** The whole page. */
export function renderReport(it: SignedReport): string {
  const shape = it.planted === null ? VERDICT_SHAPES[it.verdict] : it.verdict === 'failed' ? 'ok' : it.verdict === 'passed' ? 'down' : 'unknown'
  const verdict = (it.planted === null ? w.verdicts : w.planted)[it.verdict]
  const title = w.title(line(it.set, 63))
  const body = html`<header>${title}</header><main><div class="hero ${classOf(shape)}"><h1>${icon(shape)} ${verdict}</h1><p>L${it.rung}: ${RUNGS[it.rung] ?? ''}</p>${it.says !== '' && html`<p dir="auto">${lines(it.says, 1000)}</p>`}</div>
${whatWas(it)}${whoAndWhen(it)}${figures(it)}${phases(it)}${asserts(it)}${it.engine_said !== '' && html`<h2>${w.said}</h2><pre dir="auto" tabindex="0" aria-label="${w.said}">${lines(it.engine_said, 4000)}</pre>`}
${facts(w.proof, [[w.id, code(it.id)], [w.key, code(it.signature.key)], [w.value, code(it.signature.value)]])}</main><footer class="s"><p><code>${w.check(line(it.id, 40))}</code> ${w.checkSays}</p><p>${w.times}</p></footer>`
  return html`<!doctype html><html lang="${w.language}"><head><meta charset="utf-8"><title>${title} · Holdfast</title><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">${tabPicture(shape)}<style>${{ markup: STYLE }}</style></head><body>${SHAPES}${body}</body></html>
`.markup
}

function whatWas({ set, engine, of, store, offsite, credentials, copy, planted }: RestoreReport): Markup {
  const where = [...(offsite === null ? [] : [w.offsite(offsite)]), ...(credentials === 'break-glass' ? [w.breakGlass] : [])].join(', ')
  return facts(w.whatWas, [
    [w.set, text(set, 63)], [w.engine, text(engine, 40)], of !== null && [w.of, text(of, 63)], [w.store, html`${text(store, 63)}${where !== '' && html` (${where})`}`], [w.copy, text(copy.key, 1100)],
    copy.version_id !== null && [w.version, code(copy.version_id)], [w.etag, code(copy.etag)], [w.size, `${saySize(copy.bytes)} (${copy.bytes} B)`], copy.sha256 !== null && [w.sha256, code(copy.sha256)], [w.made, when(copy.at)],
    copy.holds !== null && [w.holds, html`${text(copy.holds.of, 500)}, ${when(copy.holds.at)}`], planted !== null && [w.planted_, text(planted, 300)],
  ])
}

const whoAndWhen = (it: RestoreReport): Markup => facts(w.who, [
  [w.asked, it.asked_by === 'schedule' ? w.schedule : text(it.asked_by, 200)], [w.began, when(it.began_at)], [w.ended, when(it.ended_at)], [w.node, code(it.node)], [w.holdfast, text(it.holdfast, 60)], [w.tornDown, it.torn_down ? w.torn : w.notTorn],
])

function figures({ rpo, rto, planted }: RestoreReport): Markup | false {
  if (planted !== null) return false
  return facts(w.figures, [
    [w.rpo, rpo === null ? w.nothingBack : w.rpoSays(saySpan(rpo.lost), sayWhen(rpo.up_to), rpo.by)],
    [w.rto, rto.p50 === null || rto.p95 === null ? w.notKnown : w.rtoSays(sayMs(rto.p50), sayMs(rto.p95), rto.drills)], rto.target !== null && [w.target, saySpan(rto.target)],
  ])
}

const phases = (it: RestoreReport): Markup | false => it.phases.length > 0 &&
  html`<h2>${w.phases}</h2><table aria-label="${w.phases}"><thead><tr><th scope="col">${w.phase}</th><th scope="col" class="n">${w.took}</th></tr></thead><tbody>${it.phases.map(({ name, ms }) => html`<tr><td>${line(name, 60)}</td><td class="n">${sayMs(ms)}</td></tr>`)}<tr><td>${w.together}</td><td class="n"><b>${sayMs(it.rto.took)}</b></td></tr></tbody></table>`

function asserts({ asserts: all, asserts_left_out: more }: RestoreReport): Markup {
  if (all.length === 0) return html`<h2>${w.asserts}</h2><p>${w.noneAsked}</p>`
  const shapes = { pass: 'ok', fail: 'down', unknown: 'unknown' } as const
  return html`<h2>${w.asserts}</h2><table aria-label="${w.asserts}"><thead><tr><th scope="col">${w.assertion}</th><th scope="col">${w.found}</th></tr></thead><tbody>${all.map((it) => html`<tr><td>${code(it.text, 200)}</td><td><span class="${classOf(shapes[it.found])}">${icon(shapes[it.found])} ${w.founds[it.found]}</span>${it.says !== undefined && html`<br>${text(it.says, 300)}`}${it.at !== undefined && html`<br>${when(it.at)}`}</td></tr>`)}</tbody></table>${more > 0 && html`<p class="s">${w.leftOut(more)}</p>`}`
}
