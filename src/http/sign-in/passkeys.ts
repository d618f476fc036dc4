// Passkeys by the browser: what to ask it, and what it said, as JSON for the one script of ours. Whoever signs in has a cookie of
// their own first, so that what was asked of one browser is answered by it alone; whoever is signed in sends the proof of their
// session. Everything is judged by the keeper; here nothing is trusted and nothing is kept.
import { siteFor } from '../../rooms/people/site.ts'
import type { PasskeyMade, PasskeyShown } from '../../views/people.ts'
import { html, type Markup } from '../../words/markup.ts'
import { englishPasskey as words } from '../../words/passkey.ts'
import type { Visit } from '../access.ts'
import { cleanLine, parseJson, readBody } from '../body.ts'
import { json, problem, SECURITY, QUIET_CSP } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import { beginCookie, fromOf, secretIn } from '../session.ts'
import type { Answered } from '../siblings.ts'
import { browserOf, browserIn } from './browser.ts'
import { SCRIPT, SCRIPT_PATH } from './passkey-script.ts'

/** What an authenticator says of itself is the largest of it. */
const MOST_BYTES = 96 * 1024

/** A button for a passkey, hidden until the script finds that the browser has them. Its page is served with the script. */
export interface PasskeyButton {
  readonly does: 'make' | 'enter' | 'prove'
  readonly ask: string
  readonly send: string
  readonly label: string
  readonly csrf?: string
  /** Where to go on; only what a page of ours allows. */
  readonly next?: string
  /** What is approved by it; it stands in a form then, which is sent with the proof. */
  readonly hash?: string
  /** Says what it is; hidden with the button, which then is a card of its own. */
  readonly heading?: Markup
  /** Sent with the form, as if the button had been of it. */
  readonly name?: string
  readonly value?: string
}

export const passkeyButton = ({ does, ask, send, label, csrf = '', next = '', hash = '', name = '', value = '', heading }: PasskeyButton): Markup =>
  html`<div hidden class="${(does === 'enter' || heading !== undefined) && 'card'}" data-does="${does}" data-ask="${ask}" data-send="${send}" data-csrf="${csrf}" data-next="${next}" data-hash="${hash}" data-waits="${words.waits}" data-gone="${words.gone}" data-known="${words.known}">${heading}<button type="button" class="first" name="${name}" value="${value}">${label}</button><p class="s" role="status"></p></div>`

/** Whether browsers know passkeys at this address. */
export const hasPasskeys = ({ pushed }: Kit): boolean => siteFor(pushed.site.url) !== undefined
/** For the frame of a page with such a button. */
export const scriptFor = (kit: Kit): { readonly script?: string } => (hasPasskeys(kit) ? { script: SCRIPT_PATH } : {})

/** To sign in with; where `next` is a path of ours. */
export const enterButton = (next?: string): Markup => passkeyButton({ does: 'enter', ask: '/sign-in/passkey/ask', send: '/sign-in/passkey', label: words.enter, ...(next === undefined ? {} : { next }) })
/** To add one to the account of this session. */
export const makeButton = (visit: Visit, heading?: Markup): Markup => passkeyButton({ does: 'make', ask: '/account/passkeys/ask', send: '/account/passkeys', label: words.make, csrf: visit.csrf, ...(heading === undefined ? {} : { heading }) })
/** To prove that it is them, for one hash; within the form that then is sent. */
export const proveButton = (visit: Visit, hash: string, act: { readonly label: string; readonly name: string; readonly value: string }): Markup =>
  passkeyButton({ does: 'prove', ask: '/account/proofs/ask', send: '/account/proofs', csrf: visit.csrf, hash, ...act })

type Read = Readonly<Record<string, unknown>> | Response

/** What the script sent. */
export async function readObject(ask: Ask): Promise<Read> {
  const body = await readBody(ask.req.raw, MOST_BYTES)
  if (body.is === 'too-large') return problem({ status: 413, detail: `At most ${MOST_BYTES} bytes are read here.` })
  if (body.is !== 'read') return problem({ status: 400, detail: body.says })
  if (!/^application\/json\b/i.test(ask.req.header('content-type') ?? '')) return problem({ status: 415, detail: 'JSON is expected here.' })
  const parsed = parseJson(body.bytes)
  if (parsed.is === 'bad') return problem({ status: 400, detail: parsed.says })
  return typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value) ? (parsed.value as Record<string, unknown>) : problem({ status: 400, detail: 'A JSON object is expected here.' })
}

function reply<Body>(answered: Answered<Body>, say: (body: Body) => Response | Promise<Response>): Response | Promise<Response> {
  if (answered.is === 'away') return problem({ status: 503, detail: answered.says, code: 'HF-W503' })
  if (answered.is === 'answered') return say(answered.body)
  const { code, message, help } = answered.error
  return problem({ status: answered.status, detail: message, code, ...(help === undefined ? {} : { help }) })
}

/** To whoever is nobody yet: only words of ours. */
const toStranger = <Body>(answered: Answered<Body>): Answered<Body> =>
  answered.is === 'refused' ? { ...answered, error: { code: answered.error.code, message: words.refused[answered.error.code] ?? words.other } } : answered

/** The new session's cookie; whatever session this browser had is ended. */
async function signedIn(ask: Ask, kit: Kit, secret: string): Promise<Response> {
  const former = secretIn(ask.req.raw.headers, kit.pushed.site)
  if (former !== undefined) await kit.keeper.call('people.signOut', { session: former }, { is: 'open' })
  return json({ to: '/account' }, 200, { 'set-cookie': beginCookie(kit.pushed.site, secret) })
}

const readable = (): Response => problem({ status: 409, detail: 'Nobody can sign in at this address: what the browser sends could be read on the way.', help: 'use https, or this machine itself' })

async function askToEnter(ask: Ask, kit: Kit): Promise<Response> {
  const browser = browserOf(ask, kit)
  if (!browser) return readable()
  return reply(toStranger(await kit.keeper.call('people.askPasskey', { before: browser.secret, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })), ({ options }) => json({ options }, 200, browser.sets))
}

async function enter(ask: Ask, kit: Kit): Promise<Response> {
  const before = browserIn(ask, kit)
  if (before === undefined) return problem({ status: 400, detail: 'This browser did not keep its cookie.', help: 'allow cookies for this site, and open the page again' })
  const read = await readObject(ask)
  if (read instanceof Response) return read
  return reply(toStranger(await kit.keeper.call('people.enterByPasskey', { before, shown: read['shown'] as PasskeyShown, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })), ({ secret }) => signedIn(ask, kit, secret))
}

async function add(ask: Ask, kit: Kit, visit: Visit): Promise<Response> {
  const read = await readObject(ask)
  if (read instanceof Response) return read
  const from = fromOf(ask.env, ask.req.raw.headers)
  return reply(await kit.keeper.call('people.addPasskey', { session: visit.secret, label: labelFrom(from.agent), made: read['made'] as PasskeyMade, from }, { is: 'open' }), ({ secret }) => signedIn(ask, kit, secret))
}

/** What its owner will know it by: the browser's word for the device. */
function labelFrom(agent: string): string {
  const device = ['iPhone', 'iPad', 'Android', 'Macintosh', 'Windows', 'CrOS', 'Linux'].find((it) => agent.includes(it))
  return cleanLine(device === undefined ? words.label : `${words.label} (${device === 'Macintosh' ? 'Mac' : device})`)
}

async function prove(ask: Ask, kit: Kit, visit: Visit, what: 'ask' | 'show'): Promise<Response> {
  const read = await readObject(ask)
  if (read instanceof Response) return read
  const bound = { session: visit.secret, hash: read['hash'] as string }
  if (what === 'ask') return reply(await kit.keeper.call('people.askProof', bound, { is: 'open' }), ({ options }) => json({ options }))
  return reply(await kit.keeper.call('people.prove', { ...bound, shown: read['shown'] as PasskeyShown, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' }), ({ proof, until }) => json({ proof, until }))
}

const script = (): Response => new Response(SCRIPT, { headers: { ...SECURITY, 'content-type': 'text/javascript; charset=utf-8', 'content-security-policy': QUIET_CSP, 'cache-control': 'no-cache', 'cross-origin-resource-policy': 'same-origin' } })

/** Only a session passes these; `app.ts` gives it. */
const inSession = (act: (ask: Ask, kit: Kit, visit: Visit) => Promise<Response>): Route['answer'] => (ask, kit, _asker, visit) => (visit ? act(ask, kit, visit) : problem({ status: 401, detail: 'Sign in first.' }))

export const passkeyRoutes: readonly Route[] = [
  { method: 'GET', path: SCRIPT_PATH, who: 'open', says: 'The script with which a page asks the browser for a passkey.', gives: 'text/javascript', answer: script },
  { method: 'POST', path: '/sign-in/passkey/ask', who: 'door', says: 'What to ask of the browser, to sign in by a passkey.', gives: 'application/json', answer: askToEnter },
  { method: 'POST', path: '/sign-in/passkey', who: 'door', says: 'Signs in by what the browser said of a passkey.', gives: 'application/json', answer: enter },
  {
    method: 'POST', path: '/account/passkeys/ask', who: 'account', says: 'What to ask of the browser, to add a passkey to the own account.', gives: 'application/json',
    answer: inSession(async (_ask, kit, { secret }) => reply(await kit.keeper.call('people.beginPasskey', { session: secret }, { is: 'open' }), ({ options }) => json({ options }))),
  },
  { method: 'POST', path: '/account/passkeys', who: 'account', says: 'Adds a passkey to the own account, and signs in by it anew.', gives: 'application/json', answer: inSession(add) },
  { method: 'POST', path: '/account/proofs/ask', who: 'account', says: 'What to ask of the browser, to prove for one hash that it is the person.', gives: 'application/json', answer: inSession((ask, kit, visit) => prove(ask, kit, visit, 'ask')) },
  { method: 'POST', path: '/account/proofs', who: 'account', says: 'A proof for one hash, by what the browser said of a passkey.', gives: 'application/json', answer: inSession((ask, kit, visit) => prove(ask, kit, visit, 'show')) },
]
