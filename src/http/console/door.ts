// The way in: name, password and code; and one-time links, which only show what they are on GET (mail scanners open links) and let
// in on POST. Whoever comes in gets a new secret, and the session that this browser had is ended (fixation). Where they go then is a
// page of ours or none.
import { z } from 'zod'
import type { Tick } from '../../core/time.ts'
import { englishConsole as words } from '../../words/console.ts'
import { englishProvider as providerWords } from '../../words/provider.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import type { DoorAnswer } from '../../views/people.ts'
import type { Answered } from '../siblings.ts'
import { needsOf } from '../access.ts'
import { page } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import { beginCookie, cookieOf, fromOf, readForm, secretIn } from '../session.ts'
import { consolePage, CONSOLE_POLICY, notice, renderRefusal } from './frame.ts'
import { choices, field, fieldsOf } from './parts.ts'
import { enterButton, hasPasskeys, scriptFor } from '../sign-in/passkeys.ts'
import { notHad, problemOf, seeThere, unreadable } from './place.ts'
import { classOf, icon } from '../../words/look.ts'

const signInSchema = z.strictObject({ named: z.string().min(1).max(254), password: z.string().min(1).max(1024), code: z.string().max(40).exactOptional(), next: z.string().max(1000).exactOptional() })
const enterSchema = z.strictObject({ person: z.string().max(63).exactOptional() })

const WHAT = { 'first-owner': 'first-owner', invite: 'invite', recover: 'recover' } as const
type What = keyof typeof WHAT

const patternOf = (path: string): RegExp => new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[\\w.-]{1,100}')}$`)

/** Where to go after signing in: a page that sessions open, by its own path; anything else is the account. */
export function nextFrom(routes: readonly Route[], asked: string | undefined | null): string {
  const own = words.signIn.badNext
  if (typeof asked !== 'string' || !/^\/[\w./-]*(\?[\w.=&%:-]*)?$/.test(asked) || asked.includes('//') || asked.includes('..')) return own
  const [path = ''] = asked.split('?')
  return routes.some((route) => route.method === 'GET' && needsOf(route.who) !== undefined && patternOf(route.path).test(path)) ? asked : own
}

interface SignInScreen { readonly kit: Kit; readonly door?: Answered<DoorAnswer>; readonly next: string; readonly named?: string; readonly problem?: Markup | false | undefined; readonly status?: number }

type Door = Answered<DoorAnswer>
const heard = new WeakMap<Kit, { readonly door: Door; readonly at: Tick }>()

/** What the keeper says of its door, asked at most every few seconds, however many strangers stand there. */
async function doorOf(kit: Kit): Promise<Door> {
  const { tick } = kit.clock.now()
  const last = heard.get(kit)
  if (last && tick - last.at < 5000) return last.door
  const door = await kit.keeper.call('people.door', {}, { is: 'open' })
  if (door.is === 'answered' && !door.body.ownerless) heard.set(kit, { door, at: tick })
  return door
}

/** The page where people sign in, with what went wrong before. */
export async function signInPage({ kit, next, named = '', problem, status = 200, door }: SignInScreen): Promise<Response> {
  const w = words.signIn
  const known = door ?? (await doorOf(kit))
  const provider = known.is === 'answered' ? known.body.oidc : undefined
  const body = html`<h1>${w.title}</h1>${problem}${hasPasskeys(kit) && enterButton(next)}${typeof provider === 'string' && html`<p class="card"><a class="go" href="/sign-in/oidc">${providerWords.go(line(provider, 40))}</a></p>`}<div class="card"><form method="post" action="/sign-in"><input type="hidden" name="next" value="${next}">${[
    field({ name: 'named', label: w.named, value: named, fills: 'username', most: 254 }),
    field({ name: 'password', label: w.password, type: 'password', fills: 'current-password', most: 1024 }),
    field({ name: 'code', label: w.code, fills: 'one-time-code', help: w.codeHelp, required: false, most: 40, isCode: true }),
  ]}<button class="first">${w.go}</button></form></div><p class="s end">${w.acknowledging}</p><details class="s"><summary>${w.lost}</summary><p>${w.lostHelp}</p><code class="secret">${w.lostCommand}</code></details>`
  // The name of the installation stands on no page that is open to all (T-2).
  return consolePage({ title: w.title, body, ...scriptFor(kit) }, status)
}

/** Where a password would travel readable, nobody is asked for one. */
function readable(kit: Kit): Response | undefined {
  if (cookieOf(kit.pushed.site)) return undefined
  const w = words.signIn.readable
  return consolePage({ title: w.title, body: html`<div class="hero d" role="alert"><h1>${icon('down')} ${w.title}</h1><p>${w.says}</p></div><p class="end">${w.next}</p>` }, 403)
}

async function showSignIn(ask: Ask, kit: Kit, routes: readonly Route[]): Promise<Response> {
  const shut = readable(kit)
  if (shut) return shut
  const query = new URL(ask.req.url).searchParams
  const door = await doorOf(kit)
  const ownerless = door.is === 'answered' && door.body.ownerless
  const problem = ownerless ? notice('degraded', words.signIn.ownerless, words.signIn.ownerlessHelp) : query.get('did') === 'out' && notice('ok', words.done['out'] ?? '')
  return signInPage({ kit, door, next: nextFrom(routes, query.get('next')), problem })
}

/** The new session's cookie; whatever session this browser had is ended. */
export async function begun(ask: Ask, kit: Kit, secret: string, to: string, did?: 'welcome'): Promise<Response> {
  const former = secretIn(ask.req.raw.headers, kit.pushed.site)
  if (former !== undefined && former !== secret) await kit.keeper.call('people.signOut', { session: former }, { is: 'open' })
  return seeThere(to, did, { 'set-cookie': beginCookie(kit.pushed.site, secret) })
}

async function signIn(ask: Ask, kit: Kit, routes: readonly Route[]): Promise<Response> {
  const shut = readable(kit)
  if (shut) return shut
  const sent = await readForm(ask.req.raw)
  if (!(sent instanceof URLSearchParams)) return unreadable(sent.says)
  const parsed = signInSchema.safeParse(fieldsOf(sent))
  if (!parsed.success) return unreadable('Give your name and your password.')
  const { named, password, code, next: asked } = parsed.data
  const next = nextFrom(routes, asked)
  const answered = await kit.keeper.call('people.signIn', { named, password, ...(code === undefined || code.trim() === '' ? {} : { code }), from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })
  if (answered.is === 'answered') return begun(ask, kit, answered.body.secret, next)
  const problem = problemOf(answered)
  return signInPage({ kit, next, named, problem: problem && notice(problem.code === 'HF431' ? 'degraded' : 'down', problem.says, problem.help), status: problem?.status ?? 500 })
}

const linkOf = (ask: Ask): { what: What; link: string } | undefined => {
  const what = ask.req.param('what') ?? ''
  const link = ask.req.param('link') ?? ''
  return Object.hasOwn(WHAT, what) && /^[\w-]{43}$/.test(link) ? { what: what as What, link } : undefined
}

function gone(says = '', status = 410): Response {
  const w = words.welcome.gone
  return consolePage({ title: w.title, body: html`<div class="hero u"><h1>${icon('unknown')} ${w.title}</h1><p>${line(says, 300)}</p></div><p class="end">${w.next}</p><p class="end"><a class="go" href="/sign-in">${words.signIn.title}</a></p>` }, status)
}

async function showLink(ask: Ask, kit: Kit, problem?: { readonly says: string; readonly help?: string; readonly status: number }): Promise<Response> {
  const shut = readable(kit)
  if (shut) return shut
  const it = linkOf(ask)
  if (!it) return gone()
  const seen = await kit.keeper.call('people.lookAtLink', it, { is: 'open' })
  if (seen.is !== 'answered') return seen.is === 'refused' && seen.status === 410 ? gone() : notHad(seen)
  const w = words.welcome
  const { person, names } = seen.body
  const site = line(kit.pushed.site.name, 60) || 'Holdfast'
  const isFirst = it.what === 'first-owner'
  const who = !isFirst ? [] : names.length > 0 ? [choices('radio', 'person', w.who, names.slice(0, 200).map((value, n) => ({ value, label: value, checked: n === 0 && names.length === 1 })))]
    : [field({ name: 'person', label: w.name, fills: 'username', help: w.nameHelp, most: 63 })]
  const title = isFirst ? w.owner : w.hello(line(person, 63))
  const body = html`<div class="hero ${classOf('ok')}"><h1>${title}</h1><p>${isFirst ? w.ownerSays(site) : it.what === 'invite' ? w.invited : w.recover}</p></div>${problem && notice('down', problem.says, problem.help)}<div class="card"><form method="post" action="/welcome/${it.what}/${it.link}">${who}<button class="first">${isFirst ? w.goOwner : w.go(line(person, 63))}</button></form></div>${!isFirst && html`<p class="s end">${w.notYou(line(person, 63))}</p>`}`
  return consolePage({ title, site: kit.pushed.site.name, body, shape: 'ok' }, problem?.status ?? 200)
}

async function enter(ask: Ask, kit: Kit): Promise<Response> {
  const shut = readable(kit)
  if (shut) return shut
  const it = linkOf(ask)
  const sent = await readForm(ask.req.raw)
  if (!(sent instanceof URLSearchParams)) return unreadable(sent.says)
  const parsed = enterSchema.safeParse(fieldsOf(sent))
  if (!it || !parsed.success) return it ? unreadable('Give your name.') : gone()
  const answered = await kit.keeper.call('people.enter', { ...it, ...parsed.data, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })
  if (answered.is === 'answered') return begun(ask, kit, answered.body.secret, '/account', 'welcome')
  const problem = problemOf(answered)
  if (problem?.status === 410) return gone()
  return problem && problem.status < 500 ? showLink(ask, kit, problem) : page(renderRefusal({ why: 'away', says: problem?.says ?? '', signIn: '/sign-in' }), CONSOLE_POLICY, 503, { 'retry-after': '5' })
}

export const doorRoutes = (all: () => readonly Route[]): readonly Route[] => [
  { method: 'GET', path: '/sign-in', who: 'open', says: 'Where people sign in.', gives: 'text/html', answer: (ask, kit) => showSignIn(ask, kit, all()) },
  { method: 'POST', path: '/sign-in', who: 'door', says: 'Signs somebody in, by password and code.', gives: 'text/html', answer: (ask, kit) => signIn(ask, kit, all()) },
  { method: 'GET', path: '/welcome/:what/:link', who: 'link', says: 'Shows a one-time link. Changes nothing.', gives: 'text/html', answer: (ask, kit) => showLink(ask, kit) },
  { method: 'POST', path: '/welcome/:what/:link', who: 'door', says: 'Signs somebody in by a one-time link, which is used up.', gives: 'text/html', answer: (ask, kit) => enter(ask, kit) },
]
