// The frame of every page that people sign in for: one column for a phone, light and dark, targets of 44 px, no script, nothing
// foreign. What is drawn here is escaped; what acts is a form that POSTs and carries the session's proof.
import type { Right } from '../../core/authority/role.ts'
import { englishConsole as words } from '../../words/console.ts'
import { classOf, icon, policyFor, shapesFor, tabPicture, type Shape } from '../../words/look.ts'
import { html, line, lines, sentence, type Markup } from '../../words/markup.ts'
import type { Visit } from '../access.ts'
import { page } from '../problem.ts'
import { LEAN, STYLE } from './style.ts'

/** The policy of pages without a script. */
export const CONSOLE_POLICY: string = policyFor(STYLE, 'self')
const LEAN_POLICY: string = policyFor(LEAN, 'self')
const SCRIPTS = `; script-src 'self'; connect-src 'self'`
/** Of those few that need the one script of ours. */
export const SCRIPT_POLICY: string = CONSOLE_POLICY + SCRIPTS

/** What stands in the navigation, and which right opens it. */
const PLACES: readonly { readonly path: string; readonly label: string; readonly needs?: Right }[] = [
  { path: '/account', label: words.places.account },
  { path: '/approvals', label: words.places.approvals },
  { path: '/backups', label: words.places.backups, needs: 'read' },
  { path: '/people', label: words.places.people, needs: 'admin' },
  { path: '/tokens', label: words.places.tokens, needs: 'admin' },
  { path: '/audit', label: words.places.audit, needs: 'admin' },
]

export interface Frame {
  readonly title: string
  readonly body: Markup
  readonly visit?: Visit
  /** The place in the navigation where this is. */
  readonly here?: string
  /** The installation's name. */
  readonly site?: string
  readonly shape?: Shape
  /** The path of a script of ours. */
  readonly script?: string
  /** Carries only what a page behind a link draws with. */
  readonly lean?: true
}

/** A whole page. */
export function renderFrame({ title, body, visit, here, site, shape = 'unknown', script, lean }: Frame): string {
  const places = PLACES.filter(({ needs }) => visit !== undefined && (needs === undefined || visit.session.rights.includes(needs)))
  const nav = places.length > 1 && html`<nav aria-label="${words.navigation}"><ul>${places.map(({ path, label }) => html`<li><a href="${path}"${path === here && html` aria-current="page"`}>${label}</a></li>`)}</ul></nav>`
  const foot = visit && html`<footer><span>${words.signedInAs(line(visit.session.person, 63))}</span><form method="post" action="/sign-out">${proof(visit)}<button class="small">${words.signOut}</button></form></footer>`
  return html`<!doctype html><html lang="${words.language}"><head><meta charset="utf-8"><title>${title} · Holdfast</title><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">${tabPicture(shape)}<style>${{ markup: lean ? LEAN : STYLE }}</style>${script !== undefined && html`<script type="module" src="${script}"></script>`}</head><body${visit === undefined && html` class="door"`}>${shapesFor(lean ? body.markup : undefined)}<header><b>Holdfast</b>${site !== undefined && site !== '' && html`<span class="s"><bdi>${line(site, 60)}</bdi></span>`}</header>${nav}<main>${body}</main>${foot}</body></html>
`.markup
}

/** The hidden field by which a form shows that it is of this session. */
export const proof = (visit: Visit): Markup => html`<input type="hidden" name="csrf" value="${visit.csrf}">`

/** What was done, or went wrong, first on the page. */
export const notice = (shape: Shape, says: string, help?: string): Markup =>
  html`<div class="hero ${classOf(shape)}" role="${shape === 'ok' ? 'status' : 'alert'}"><p><b>${icon(shape)} ${line(says, 300)}</b></p>${help !== undefined && html`<p class="s">${lines(sentence(help), 300)}</p>`}</div>`

/** A page of the console as an answer. */
export const consolePage = (frame: Frame, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  page(renderFrame(frame), `${frame.lean ? LEAN_POLICY : CONSOLE_POLICY}${frame.script === undefined ? '' : SCRIPTS}`, status, headers)

export interface Refusal { readonly why: keyof typeof words.refused; readonly says: string; readonly signIn: string }

/** Why a page is not shown, and the way in. */
export function renderRefusal({ why, says, signIn }: Refusal): string {
  const title = words.refused[why]
  const shape = why === 'away' ? 'down' : 'unknown'
  const next = why === 'away' || why === 'unreadable' ? undefined : why === 'incomplete' ? html`<p><a class="go first" href="/account">${words.toAccount}</a></p>` : html`<p><a class="go first" href="${signIn}">${words.signIn.title}</a></p>`
  return renderFrame({ title, shape, body: html`<div class="hero ${classOf(shape)}"><h1>${icon(shape)} ${title}</h1><p>${lines(says, 400)}</p></div><div class="card">${next}<p><a class="go" href="/account">${words.toAccount}</a></p></div>` })
}
