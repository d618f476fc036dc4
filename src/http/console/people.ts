// People, for owners: who has which role, who may come in how, and links for whoever has no way in. The keeper judges once more whether
// it is an owner who asks. A link is shown once, in the answer to the press that made it.
import { z } from 'zod'
import { ROLES, type Role } from '../../core/authority/role.ts'
import type { PersonAnswer } from '../../views/people.ts'
import { englishConsole as words } from '../../words/console.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import { person } from '../../words/person.ts'
import { zoneOf } from '../../words/moment.ts'
import type { Route } from '../route.ts'
import { consolePage, notice } from './frame.ts'
import { choices, field, form, moment } from './parts.ts'
import { didOf, notHad, nothing, place, problemOf, seeThere, unreadable, type Seen } from './place.ts'

const w = words.people
const HERE = '/people'
const roles = z.array(z.enum(ROLES)).max(ROLES.length)
/** As the keeper takes names. */
const NAME = /^[\w.-]{1,63}$/

type Failed = NonNullable<ReturnType<typeof problemOf>>

const tags = (list: readonly Role[]): Markup => (list.length === 0 ? html`<span class="s">${w.noRole}</span>` : html`${list.map((role) => html`<span class="tag">${role}</span>`)}`)
const roleChoices = (legend: string, checked: readonly Role[]): Markup =>
  choices('checkbox', 'roles', legend, ROLES.map((value) => ({ value, label: value, help: words.roles[value], checked: checked.includes(value) })))

const pathOf = (who: string): string => `${HERE}/${encodeURIComponent(who)}`

async function list(seen: Seen<unknown>, failed?: Failed): Promise<Response> {
  const { kit, visit, asker } = seen
  const answered = await kit.keeper.call('people.list', {}, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const now = kit.clock.now().wall
  const { timezone } = kit.pushed.site
  const rows = answered.body.people.map((it) => html`<li><a class="whole" href="${pathOf(it.person)}"><span><b><bdi>${person(line(it.person, 63))}</bdi></b> ${tags(it.roles)}<br><span class="s">${it.seen === null ? w.never : html`${w.lastSeen} ${moment(it.seen, now, timezone)}`}</span></span></a></li>`)
  const body = html`<h1>${w.title}</h1><p class="s">${w.says}</p>${failed && notice('down', failed.says, failed.help)}<div class="card"><ul class="rows">${rows}</ul></div>
<section class="card" aria-labelledby="add"><h2 id="add">${w.add}</h2><p class="s">${w.addHelp}</p>${form(visit, { to: HERE, button: w.addGo, kind: 'first', fields: [field({ name: 'who', label: w.name, help: words.welcome.nameHelp, most: 63 }), roleChoices(words.account.roles, ['viewer'])] })}</section>`
  return consolePage({ title: w.title, visit, here: HERE, site: kit.pushed.site.name, body }, failed?.status ?? 200)
}

async function show(seen: Seen<unknown>, failed?: Failed): Promise<Response> {
  const { ask, kit, visit, asker } = seen
  const answered = await kit.keeper.call('people.list', {}, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const it = answered.body.people.find((one) => one.person === ask.req.param('who'))
  if (!it) return consolePage({ title: w.unknown, visit, here: HERE, site: kit.pushed.site.name, body: html`<h1>${w.unknown}</h1><p class="end"><a class="go" href="${HERE}">${w.all}</a></p>` }, 404)
  const did = didOf(ask)
  const told = failed ? notice('down', failed.says, failed.help) : did !== undefined && notice('ok', did)
  return consolePage({ title: person(line(it.person, 63)), visit, here: HERE, site: kit.pushed.site.name, body: drawPerson(seen, it, told) }, failed?.status ?? 200)
}

function drawPerson({ kit, visit }: Seen<unknown>, it: PersonAnswer, told: Markup | false): Markup {
  const now = kit.clock.now().wall
  const { timezone } = kit.pushed.site
  const at = pathOf(it.person)
  const card = (id: string, title: string, body: Markup): Markup => html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`
  const facts = html`<dl>${it.email !== null && html`<dt>${w.mail}</dt><dd><bdi>${line(it.email, 254)}</bdi></dd>`}<dt>${w.waysIn}</dt><dd>${it.hasPassword ? w.password : w.noPassword}, ${w.factors(it.factors)}</dd><dt>${w.lastSeen}</dt><dd>${it.seen === null ? w.never : moment(it.seen, now, timezone)} · ${w.sessions(it.sessions)}</dd>${it.configured.length > 0 && html`<dt>${w.configured}</dt><dd>${tags(it.configured)}</dd>`}</dl>`
  const isNew = !it.hasPassword && it.factors === 0
  const invite = card('invite', w.invite, html`<p class="s">${w.inviteSays}</p>${form(visit, { to: `${at}/invite`, button: w.inviteGo, kind: isNew ? 'first' : 'plain' })}`)
  return html`<h1><bdi>${person(line(it.person, 63))}</bdi></h1>${told}<div class="card">${facts}</div>${isNew && invite}
${card('roles', w.granted, html`<p class="s">${w.grantedHelp}</p>${form(visit, { to: `${at}/roles`, button: w.give, kind: isNew ? 'plain' : 'first', fields: [roleChoices(words.account.roles, it.granted)] })}`)}
${!isNew && card('recover', w.recover, html`<p class="s">${w.recoverSays}</p>${form(visit, { to: `${at}/recover`, button: w.recoverGo })}`)}
${it.sessions > 0 && card('out', w.out, html`<p class="s">${w.outSays}</p>${form(visit, { to: `${at}/sign-out`, button: w.outGo, kind: 'stop' })}`)}
<p class="s end">${words.times(zoneOf(timezone).name)}</p><p class="end"><a class="go" href="${HERE}">${w.all}</a></p>`
}

async function add(seen: Seen<{ who: string; roles: Role[] }>): Promise<Response> {
  const { kit, asker, args } = seen
  const who = args.who.trim()
  const problem = problemOf(await kit.keeper.call('people.grant', { who, roles: args.roles }, asker))
  return problem || !NAME.test(who) ? list(seen, problem) : seeThere(pathOf(who), 'roles')
}

/** Whose page it was sent from: a name as the keeper takes them, which a redirect may carry. */
const whoOf = ({ ask }: Seen<unknown>): string | undefined => {
  const who = ask.req.param('who') ?? ''
  return NAME.test(who) ? who : undefined
}

async function give(seen: Seen<{ roles: Role[] }>): Promise<Response> {
  const who = whoOf(seen)
  if (who === undefined) return unreadable(w.unknown)
  const problem = problemOf(await seen.kit.keeper.call('people.grant', { who, roles: seen.args.roles }, seen.asker))
  return problem ? show(seen, problem) : seeThere(pathOf(who), 'roles')
}

const handOut = (call: 'people.invite' | 'people.recover') => async (seen: Seen<unknown>): Promise<Response> => {
  const { kit, visit, asker } = seen
  const who = whoOf(seen)
  if (who === undefined) return unreadable(w.unknown)
  const answered = await kit.keeper.call(call, { who }, asker)
  if (answered.is !== 'answered') return show(seen, problemOf(answered))
  const { url, until } = answered.body
  const title = w.linkTitle(line(who, 63))
  const body = html`<h1>${title}</h1><div class="card"><p>${w.linkSays(zoneOf(kit.pushed.site.timezone).moment(until, kit.clock.now().wall))}</p><code class="secret">${url}</code><p><a class="go first" href="${pathOf(who)}">${w.back(line(who, 63))}</a></p></div>`
  return consolePage({ title, visit, here: HERE, site: kit.pushed.site.name, body })
}

async function signOutAll(seen: Seen<unknown>): Promise<Response> {
  const who = whoOf(seen)
  if (who === undefined) return unreadable(w.unknown)
  const problem = problemOf(await seen.kit.keeper.call('people.signOutAll', { who }, seen.asker))
  return problem ? show(seen, problem) : seeThere(pathOf(who), 'signed-out')
}

export const peopleRoutes: readonly Route[] = [
  place({ at: 'GET /people', needs: 'admin', says: 'Who is who, and who may what.', takes: nothing, answer: (seen) => list(seen) }),
  place({ at: 'POST /people', needs: 'admin', says: 'Adds somebody, with roles.', takes: z.strictObject({ who: z.string().min(1).max(63), roles }), answer: add }),
  place({ at: 'GET /people/:who', needs: 'admin', says: 'One person.', takes: nothing, answer: (seen) => show(seen) }),
  place({ at: 'POST /people/:who/roles', needs: 'admin', says: 'Gives roles, or takes them.', takes: z.strictObject({ roles }), answer: give }),
  place({ at: 'POST /people/:who/invite', needs: 'admin', says: 'Makes an invitation link, shown once.', takes: nothing, answer: handOut('people.invite') }),
  place({ at: 'POST /people/:who/recover', needs: 'admin', says: 'Makes a recovery link, shown once.', takes: nothing, answer: handOut('people.recover') }),
  place({ at: 'POST /people/:who/sign-out', needs: 'admin', fresh: false, says: 'Ends all sessions of a person.', takes: nothing, answer: signOutAll }),
]
