// Tokens, for owners: which programs may what, when each was used last, and their end. The secret of a new one stands in the answer to
// the press that made it, and nowhere else.
import { z } from 'zod'
import type { TokenAnswer } from '../../views/answers.ts'
import { englishConsole as words } from '../../words/console.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import { zoneOf } from '../../words/moment.ts'
import { SCOPES, type Scope } from '../access.ts'
import { cleanLine } from '../body.ts'
import type { Route } from '../route.ts'
import { consolePage, notice } from './frame.ts'
import { choices, field, form, moment, select } from './parts.ts'
import { didOf, notHad, nothing, place, problemOf, seeThere, type Seen } from './place.ts'

const w = words.tokens
const HERE = '/tokens'

async function list(seen: Seen<unknown>, failed?: ReturnType<typeof problemOf>): Promise<Response> {
  const { ask, kit, visit, asker } = seen
  const answered = await kit.keeper.call('tokens.list', {}, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const { tokens } = answered.body
  const did = failed ? undefined : didOf(ask)
  const told = failed ? notice('down', failed.says, failed.help) : did !== undefined && notice('ok', did)
  const make = form(visit, {
    to: HERE, button: w.makeGo, kind: 'first',
    fields: [
      field({ name: 'name', label: w.name, help: w.nameHelp, most: 100 }),
      choices('radio', 'scope', w.scope, SCOPES.map((value) => ({ value, label: value, help: w.scopes[value], checked: value === 'read' }))),
      field({ name: 'from', label: w.from, help: w.fromHelp, most: 600, required: false }),
      select('expires', w.ends, Object.entries(w.endsIn).map(([value, label]) => ({ value, label, checked: value === '90d' }))),
    ],
  })
  const body = html`<h1>${w.title}</h1><p class="s">${w.says}</p>${told}<div class="card">${tokens.length === 0 ? html`<p>${w.none}</p>` : html`<ul class="rows">${tokens.map((it) => drawToken(seen, it))}</ul>`}</div>
<section class="card" aria-labelledby="make"><h2 id="make">${w.make}</h2>${make}</section><p class="s end">${words.times(zoneOf(kit.pushed.site.timezone).name)}</p>`
  return consolePage({ title: w.title, visit, here: HERE, site: kit.pushed.site.name, body }, failed?.status ?? 200)
}

function drawToken({ kit, visit }: Seen<unknown>, it: TokenAnswer): Markup {
  const now = kit.clock.now().wall
  const at = (moment_: TokenAnswer['createdAt']): Markup => moment(moment_, now, kit.pushed.site.timezone)
  const name = line(it.name, 100)
  return html`<li><div><b><bdi>${name}</bdi></b> ${it.scopes.map((scope) => html`<span class="tag">${scope}</span>`)}<p class="s">${it.lastUsedAt === null ? w.unused : html`${w.used} ${at(it.lastUsedAt)}`}</p><p class="s">${w.made} ${at(it.createdAt)}, ${it.expiresAt === null ? w.forever : html`${w.expires} ${at(it.expiresAt)}`}</p>${it.from.length > 0 && html`<p class="s">${w.onlyFrom} ${line(it.from.join(', '), 300)}</p>`}</div>${form(visit, { to: `${HERE}/revoke`, button: w.revoke, kind: 'small', about: name, hidden: { id: it.id } })}</li>`
}

async function make(seen: Seen<{ name: string; scope: Scope; expires: string; from?: string }>): Promise<Response> {
  const { kit, visit, asker, args } = seen
  const name = cleanLine(args.name)
  const from = (args.from ?? '').split(/[\s,]+/).filter(Boolean)
  const answered = await kit.keeper.call('tokens.create', { name, scopes: [args.scope], ...(from.length === 0 ? {} : { from }), ...(args.expires === '' ? {} : { expires: args.expires }) }, asker)
  if (answered.is !== 'answered') return list(seen, problemOf(answered))
  const title = w.shownTitle(line(name, 100))
  const body = html`<h1>${title}</h1><div class="card"><p>${w.shownSays}</p><code class="secret">${answered.body.secret ?? ''}</code><p class="s">${w.use}</p><code class="secret">Authorization: Bearer …</code><p><a class="go first" href="${HERE}">${w.kept}</a></p></div>`
  return consolePage({ title, visit, here: HERE, site: kit.pushed.site.name, body })
}

async function revoke(seen: Seen<{ id: string }>): Promise<Response> {
  const problem = problemOf(await seen.kit.keeper.call('tokens.revoke', { id: seen.args.id }, seen.asker))
  return problem ? list(seen, problem) : seeThere(HERE, 'revoked')
}

const spans = Object.keys(w.endsIn)

export const tokenRoutes: readonly Route[] = [
  place({ at: 'GET /tokens', needs: 'admin', says: 'API tokens, without their secrets.', takes: nothing, answer: (seen) => list(seen) }),
  place({ at: 'POST /tokens', needs: 'admin', says: 'Makes a token, shown once.', takes: z.strictObject({ name: z.string().min(1).max(100), scope: z.enum(SCOPES), from: z.string().max(600).exactOptional(), expires: z.string().max(10).refine((it) => spans.includes(it), 'is not one of those offered') }), answer: make }),
  place({ at: 'POST /tokens/revoke', needs: 'admin', fresh: false, says: 'Revokes a token at once.', takes: z.strictObject({ id: z.string().min(1).max(100) }), answer: revoke }),
]
