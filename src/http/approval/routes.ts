// The links by which people agree. GET and HEAD only show (P-5): mail scanners and previews press links. A POST decides, by the form's
// fields, and is judged by the keeper alone: 200, 403 (not you, or not proven), 409 (changed), 410 (lapsed, or over). The path is the
// credential for looking and refusing; agreeing takes a proof beside it. One cookie is read, and opens nothing: it tells one browser from another, and stands
// against the word of a second person in the same one (C-17), never for any; so there is none to ride on.
import { sha256 } from '../../core/id.ts'
import type { ApprovalLinkAnswer } from '../../views/agreements.ts'
import type { PasskeyShown } from '../../views/people.ts'
import { englishApproval as words } from '../../words/approval-screen.ts'
import { html, sentence } from '../../words/markup.ts'
import { consolePage, notice, renderFrame, CONSOLE_POLICY } from '../console/frame.ts'
import { browserIn, browserOf } from '../sign-in/browser.ts'
import { hasPasskeys, passkeyButton, readObject, scriptFor } from '../sign-in/passkeys.ts'
import { json, page, problem } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import { fromOf, readForm } from '../session.ts'
import type { Answered } from '../siblings.ts'
import { renderApprovalBody, standsFor, type ApprovalScreen } from './screen.ts'

const LONGEST_TOKEN = 512
const ACTS = ['ready', 'yes', 'no', 'stop', 'alone'] as const
type Act = (typeof ACTS)[number]
/** `passkey` is another name for `proof`. */
const FIELDS = ['hash', 'act', 'totp', 'proof', 'passkey', 'typed', 'reason']
const OPEN = { is: 'open' } as const

const wantsJson = (ask: Ask): boolean => /\bapplication\/json\b/i.test(ask.req.header('accept') ?? '')

const tokenOf = (ask: Ask): string => {
  const token = ask.req.param('token') ?? ''
  return token.length <= LONGEST_TOKEN && /^[\w-]+$/.test(token) ? token : ''
}
const pathOf = (ask: Ask): string => `/approve/${encodeURIComponent(tokenOf(ask))}`

const look = (ask: Ask, kit: Kit): Promise<Answered<ApprovalLinkAnswer>> => kit.keeper.call('approvals.look', { token: tokenOf(ask) }, OPEN)

type No = Exclude<Answered<unknown>, { is: 'answered' }>

/** There is nothing to show: the link is none of ours, or the memory does not answer. */
function nothing(ask: Ask, said: No): Response {
  const status = said.is === 'away' ? 503 : said.status
  const says = said.is === 'away' ? said.says : said.error.message
  if (wantsJson(ask)) return problem({ status, detail: says, ...(said.is === 'away' ? {} : { code: said.error.code }) })
  const title = status === 404 ? words.unknown.title : words.away
  return page(renderFrame({ title, shape: 'unknown', body: notice('down', title, status === 404 ? words.unknown.says : says) }), CONSOLE_POLICY, status, status === 503 ? { 'retry-after': '5' } : {})
}

function draw(ask: Ask, kit: Kit, view: ApprovalLinkAnswer, told: { readonly done: boolean; readonly says: string } | undefined, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  const { title, shape } = standsFor(view)
  const { approval, means } = view
  const path = pathOf(ask)
  const passkey: ApprovalScreen['passkey'] = means.passkey && hasPasskeys(kit) && approval.state === 'open'
    ? (act, label) => passkeyButton({ does: 'prove', ask: `${path}/passkey/ask`, send: `${path}/passkey`, hash: approval.hash, label, name: 'act', value: act }) : undefined
  const body = renderApprovalBody({ view, path, ...(told === undefined ? {} : { told }), ...(passkey === undefined ? {} : { passkey }) })
  return consolePage({ title, shape, lean: true, site: kit.pushed.site.name, body: html`${body}`, ...(passkey === undefined ? {} : scriptFor(kit)) }, status, headers)
}

async function show(ask: Ask, kit: Kit): Promise<Response> {
  const said = await look(ask, kit)
  if (said.is !== 'answered') return nothing(ask, said)
  return wantsJson(ask) ? json(said.body) : draw(ask, kit, said.body, undefined, 200, browserOf(ask, kit, 'hand')?.sets)
}

interface Pressed { readonly act: Act; readonly hash: string; readonly totp?: string; readonly proof?: string; readonly typed?: string; readonly reason?: string }

/** The fields of a form, each once and each known; a sentence where they are not. */
function readPress(form: URLSearchParams): Pressed | string {
  for (const name of form.keys()) {
    if (!FIELDS.includes(name)) return `“${name.slice(0, 40)}” is not a field here. Known: ${FIELDS.join(', ')}.`
    if (form.getAll(name).length > 1) return `“${name}” stands there twice.`
  }
  const act = form.get('act')
  const hash = form.get('hash')
  const isAct = (it: string | null): it is Act => it !== null && (ACTS as readonly string[]).includes(it)
  if (!isAct(act)) return `“act” says what is to be done: ${ACTS.join(', ')}.`
  if (hash === null || hash === '') return '“hash” is missing: it says what you had before your eyes.'
  const rest: Record<string, string> = {}
  for (const [from, to, most] of [['totp', 'totp', 40], ['passkey', 'proof', 100], ['proof', 'proof', 100], ['typed', 'typed', 200], ['reason', 'reason', 2000]] as const) {
    const value = form.get(from)?.trim()
    if (value !== undefined && value.length > most) return `“${from}” is too long.`
    if (value !== undefined && value !== '') rest[to] = value
  }
  return { act, hash: hash.slice(0, 200), ...rest }
}

async function press(ask: Ask, kit: Kit): Promise<Response> {
  const { raw } = ask.req
  const form = await readForm(raw)
  if (!(form instanceof URLSearchParams)) return problem({ status: form.status, detail: form.says })
  const read = readPress(form)
  if (typeof read === 'string') return problem({ status: 400, detail: read })
  const browser = browserIn(ask, kit, 'hand')
  const said = await kit.keeper.call('approvals.press', { token: tokenOf(ask), ...read, ...(browser === undefined ? {} : { browser: sha256(`hand ${browser}`) }), from: fromOf(ask.env, raw.headers) }, OPEN)
  if (said.is === 'answered') return wantsJson(ask) ? json(said.body) : draw(ask, kit, said.body, { done: true, says: said.body.says }, 200)
  if (said.is === 'away' || said.status === 404) return nothing(ask, said)
  if (wantsJson(ask)) return refused(said)
  // What was not done is said on the page as it stands now, so that nobody looks at an old one.
  const now = await look(ask, kit)
  const says = [said.error.message, said.error.help].flatMap((one) => (one ? [sentence(one)] : [])).join(' ')
  return now.is === 'answered' ? draw(ask, kit, now.body, { done: false, says }, said.status) : refused(said)
}

/** What the one script hands over of a passkey, behind this link. */
async function prove(ask: Ask, kit: Kit, what: 'ask' | 'show'): Promise<Response> {
  const read = await readObject(ask)
  if (read instanceof Response) return read
  const token = tokenOf(ask)
  const said = what === 'ask' ? await kit.keeper.call('approvals.askProof', { token }, OPEN)
    : await kit.keeper.call('approvals.prove', { token, shown: read['shown'] as PasskeyShown, from: fromOf(ask.env, ask.req.raw.headers) }, OPEN)
  if (said.is === 'away') return problem({ status: 503, detail: said.says })
  if (said.is === 'refused') return refused(said)
  return json('options' in said.body ? { options: said.body.options } : { proof: said.body.proof, until: said.body.until })
}

const refused = ({ status, error: { code, message, help } }: Extract<No, { is: 'refused' }>): Response => problem({ status, detail: message, code, ...(help === undefined ? {} : { help }) })

export const approvalRoutes: readonly Route[] = [
  { method: 'GET', path: '/approve/:token', who: 'link', says: 'Shows what a party is asked to agree to. Changes nothing.', gives: 'text/html', answer: show },
  { method: 'POST', path: '/approve/:token/passkey/ask', who: 'link', says: 'What to ask of a party’s browser, to prove by a passkey that it is they, for this very thing.', gives: 'application/json', answer: (ask, kit) => prove(ask, kit, 'ask') },
  { method: 'POST', path: '/approve/:token/passkey', who: 'link', says: 'A proof by a passkey, good behind this link alone. It decides nothing.', gives: 'application/json', answer: (ask, kit) => prove(ask, kit, 'show') },
  {
    method: 'POST', path: '/approve/:token', who: 'link', gives: 'text/html', answer: press,
    says: 'Says a party’s word, by form fields: hash, act (ready, yes, no, stop, alone), totp or proof, typed, reason. 403 not you or not proven, 409 changed, 410 lapsed or over.',
  },
]
