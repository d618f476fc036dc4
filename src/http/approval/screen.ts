// The page behind a party's link: what is to be agreed on, the two words, what a word is bound to, and the forms that decide. It works
// without a script; refusing takes one touch and no code. What was not done says so first.
import { sayTime, type Span } from '../../core/time.ts'
import { englishApproval as words } from '../../words/approval-screen.ts'
import { classOf, icon, type Shape } from '../../words/look.ts'
import { html, line, lines, type Markup } from '../../words/markup.ts'
import { zoneOf, type Zone } from '../../words/moment.ts'
import { person } from '../../words/notification.ts'
import type { ApprovalAnswer, ApprovalLinkAnswer } from '../../views/agreements.ts'
import { notice } from '../console/frame.ts'

export interface ApprovalScreen {
  readonly view: ApprovalLinkAnswer
  /** The link's own path: all forms post to it. */
  readonly path: string
  /** What came of a press, where there was one. */
  readonly told?: { readonly done: boolean; readonly says: string }
  /** Draws a button that asks for a passkey, to stand in the form whose word it gives. */
  readonly passkey?: (act: ApprovalAnswer['asks'] | 'alone', label: string) => Markup
}

interface Stands { readonly title: string; readonly shape: Shape; readonly says: string | undefined }

const hasSaid = ({ approval, person: who }: ApprovalLinkAnswer): boolean => approval.parties.some((it) => it.person === who && it.said)

/** How it stands, for this party. */
export function standsFor(view: ApprovalLinkAnswer): Stands {
  const { approval, outcome } = view
  const { state } = approval
  const by = approval.endedBy ?? ''
  switch (state) {
    case 'open': {
      if (!hasSaid(view)) return { title: words.states.open, shape: 'maintenance', says: undefined }
      return { title: words.states.waiting, shape: 'ok', says: words.says.waiting(approval.parties.filter(({ said }) => !said).map((it) => it.person)) }
    }
    case 'agreed': return agreedTo(outcome)
    case 'refused': case 'stopped':
      return outcome ? { title: words.states.stopped, shape: 'down', says: `${words.says.ended(by)} ${outcome.says}` } : { title: words.states[state], shape: 'down', says: words.says[state](by) }
    case 'changed': case 'lapsed':
      // Its word is used, and what it was given for goes on.
      if (outcome && !outcome.isOver && approval.agreedAt !== null) return agreedTo(outcome)
      return outcome ? { title: words.over, shape: 'unknown', says: outcome.says } : { title: words.states[state], shape: 'unknown', says: words.says[state] }
    case 'alone': return { title: words.states.alone, shape: 'degraded', says: words.says.alone(by, line(approval.reason ?? '', 400)) }
  }
}

const agreedTo = (outcome: ApprovalLinkAnswer['outcome']): Stands => ({
  title: outcome?.isOver ? words.over : outcome?.isHalted ? words.halted : words.states.agreed, shape: outcome?.isOver ? 'unknown' : outcome?.isHalted ? 'down' : 'ok', says: outcome?.says ?? words.says.agreed,
})

/** The body of the page; the frame is the console's. */
export function renderApprovalBody(screen: ApprovalScreen): Markup {
  const { view, path, told } = screen
  const { approval, now } = view
  const zone = zoneOf(view.timezone)
  const stands = standsFor(view)
  const goes = approval.state === 'open' || (approval.state === 'agreed' && view.outcome?.isOver !== true && view.outcome?.isHalted !== true)
  return html`${told && (!told.done || stands.says === undefined) && notice(told.done ? 'ok' : 'down', told.done ? told.says : `${words.notDone}. ${told.says}`)}
<div class="hero ${classOf(stands.shape)}" role="${told === undefined ? 'group' : 'status'}"><h1>${icon(stands.shape)} ${stands.title}</h1>${stands.says !== undefined && html`<p>${lines(stands.says, 600)}</p>`}${goes && html`<p>${words[approval.state === 'agreed' ? 'stoppable' : 'lapses'](zone.moment(approval.lapsesAt, now), sayTime(Math.max(0, approval.lapsesAt - now) as Span))}</p>`}</div>
${what(approval, zone, now)}
${goes && html`<div class="card"><h2>${words.compare}</h2><p class="secret">${approval.words}</p><p>${words.compareSays}</p></div>`}
${approval.state === 'open' && !hasSaid(view) && assent(screen)}
${goes && refuse(view, path)}
${approval.state === 'open' && approval.alone && alone(screen)}
<div class="card"><h2>${words.parties}</h2><ul class="rows">${approval.parties.map((it) => html`<li><span><b><bdi>${line(person(it.person), 63)}</bdi></b> <span class="s">${line(it.as, 20)}</span></span><span class="s">${it.said ? words.said : words.notYet}</span></li>`)}</ul><p class="s">${words.bound} <code>${approval.hash}</code></p><p class="s">${words.youAre(line(view.person, 63), view.as)}</p></div>`
}

const what = (approval: ApprovalAnswer, zone: Zone, now: ApprovalLinkAnswer['now']): Markup =>
  html`<div class="card"><h2><bdi>${line(approval.title, 200)}</bdi></h2>${approval.text !== '' && html`<p class="v" dir="auto">${lines(approval.text, 10_000)}</p>`}<p class="s">${words.askedBy(line(approval.by, 100), zone.moment(approval.at, now))}</p></div>`

const code = (id: string): Markup =>
  html`<div class="f"><label for="${id}">${words.code}</label><input class="code" id="${id}" name="totp" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,8}" maxlength="8" required><p class="s">${words.codeSays}</p></div>`

/** Without what a browser can do without: a page of a step has 12 kB. */
const typedField = ({ typed }: ApprovalAnswer): Markup | false =>
  typed !== null && html`<div class="f"><label>${words.typed(line(typed, 100))}<input name="typed" autocomplete="off" autocapitalize="off" required></label></div>`

const hashField = ({ hash }: ApprovalAnswer): Markup => html`<input type="hidden" name="hash" value="${hash}">`

function assent({ view: { approval, means }, path, passkey }: ApprovalScreen): Markup {
  const byPasskey = means.passkey ? passkey?.(approval.asks, words.byPasskey[approval.asks]) : undefined
  if (!means.totp && !byPasskey) return html`<div class="card"><p>${words.noWay}</p></div>`
  return html`<div class="card"><form method="post" action="${path}">${hashField(approval)}${typedField(approval)}${byPasskey}${means.totp && html`${byPasskey && html`<p class="s">${words.passkeyFirst}</p>`}${code('totp')}<button class="first" name="act" value="${approval.asks}">${words.yes[approval.asks]}</button>`}</form></div>`
}

const refuse = (view: ApprovalLinkAnswer, path: string): Markup => {
  const act = view.approval.state === 'open' && !hasSaid(view) ? 'no' : 'stop'
  return html`<div class="card"><form method="post" action="${path}">${hashField(view.approval)}<button class="stop" name="act" value="${act}">${words[act]}</button></form><p class="s">${words.noSays}</p></div>`
}

function alone({ view: { approval, means }, path, passkey }: ApprovalScreen): Markup | false {
  const byPasskey = means.passkey ? passkey?.('alone', words.aloneByPasskey) : undefined
  if (!means.totp && !byPasskey) return false
  return html`<div class="card"><details><summary>${words.alone}</summary><p>${words.aloneSays}</p><form method="post" action="${path}">${hashField(approval)}<div class="f"><label for="reason">${words.reason}</label><input id="reason" name="reason" autocomplete="off" minlength="10" maxlength="500" required></div>${typedField(approval)}${byPasskey}${means.totp && html`${code('totp-alone')}<button class="stop" name="act" value="alone">${words.goAlone}</button>`}</form></details></div>`
}
