// How an account is drawn: the steps of somebody who just came in by a link, else what they have, each with what can be done about it.
import { may, needsFactor } from '../../core/authority/role.ts'
import type { Instant } from '../../core/time.ts'
import type { TestAnswer } from '../../views/answers.ts'
import type { AccountAnswer, FactorAnswer, SessionOfAnswer, TotpAnswer } from '../../views/people.ts'
import { englishConsole as words } from '../../words/console.ts'
import { englishPasskey as passkeyWords } from '../../words/passkey.ts'
import { classOf, icon, type Shape } from '../../words/look.ts'
import { html, join, line, type Markup } from '../../words/markup.ts'
import { person, sayClient } from '../../words/person.ts'
import { zoneOf } from '../../words/moment.ts'
import type { Visit } from '../access.ts'
import { field, form, moment } from './parts.ts'
import { makeButton } from '../sign-in/passkeys.ts'
import { drawQr } from './qr.ts'

export interface AccountScreen {
  readonly visit: Visit
  readonly account: AccountAnswer
  readonly now: Instant
  readonly timezone: string
  /** Browsers know passkeys at this address. */
  readonly passkeys: boolean
  readonly notice?: Markup | false | undefined
}

const w = words.account

export const drawAccount = (screen: AccountScreen): Markup => (screen.account.incomplete ? drawSteps(screen) : drawWhole(screen))

/** Somebody who came in by a link, or without what their roles want: what is left to do, in order. */
function drawSteps({ visit, account, notice, passkeys }: AccountScreen): Markup {
  const wants = needsFactor(account.roles)
  const hasFactor = account.factors.length > 0
  const ready = account.factors.some(({ kind }) => kind === 'passkey') || (account.hasPassword && (hasFactor || !wants))
  const steps = [
    { says: w.steps.password, isDone: account.hasPassword, body: () => drawPasswordForm(visit, w.setPassword) },
    { says: wants ? w.steps.totp : w.steps.totpOptional, isDone: hasFactor, body: () => drawAddTotp(visit) },
    { says: w.steps.recovery, isDone: account.recoveryLeft > 0, body: () => html`<p class="s">${w.recoveryLeft(0)}</p>${form(visit, { to: '/account/recovery', button: w.makeRecovery, kind: 'first' })}` },
  ]
  const now = steps.find(({ isDone }) => !isDone)
  const draw = (it: (typeof steps)[number]): Markup => it.isDone ? html`<li class="is-done"><h2>${it.says}<span class="x-only">${w.stepDone}</span></h2></li>`
    : it === now ? html`<li class="is-now"><h2>${it.says}</h2>${account.recent && it.body()}</li>` : html`<li><h2>${it.says}</h2></li>`
  const again = html`<p><a class="go" href="/sign-in?next=/account">${words.signIn.again}</a></p>`
  const means = account.sessions.find(({ here }) => here)?.means
  const lacksCode = (means === 'oidc' || means === 'password') && account.factors.some(({ kind }) => kind === 'totp')
  const code = lacksCode && html`<div class="card"><h2>${passkeyWords.codeFirst}</h2><p class="s">${passkeyWords.codeFirstSays}</p>${form(visit, { to: '/account/code', button: passkeyWords.codeGo, kind: 'first', fields: [field({ name: 'code', label: w.codeNow, fills: 'one-time-code', help: w.confirmHelp, most: 40, isCode: true })] })}</div>`
  return html`<h1>${w.setUp(line(account.person, 63))}</h1><p>${w.setUpSays(wants)}</p>${notice}${code}${!account.recent && html`<div class="card"><p>${w.stale}</p>${again}</div>`}${account.recent && passkeys && makeButton(visit, html`<h2>${passkeyWords.quickest}</h2><p class="s">${passkeyWords.quickestSays}</p>`)}<div class="card">${account.recent && passkeys && html`<h2 class="or">${w.orSteps(wants)}</h2>`}<ol class="steps">${steps.map(draw)}<li${(ready || now === undefined) && html` class="is-now"`}><h2>${w.steps.signIn}</h2>${ready ? html`<p class="s">${w.signInSays}</p><p><a class="go${now === undefined && ' first'}" href="/sign-in?next=/account">${w.steps.signIn}</a></p>` : html`<p class="s">${w.signInWaits}</p>`}</li></ol></div>`
}

function drawWhole(screen: AccountScreen): Markup {
  const { visit, account, notice } = screen
  const roles = account.roles.length === 0 ? html`<p class="s">${w.noRole}</p>` : html`<ul>${account.roles.map((role) => html`<li><span class="tag">${role}</span> <span class="s">${words.roles[role]}</span></li>`)}</ul>`
  const stale = !account.recent && html`<div class="card"><p>${w.stale}</p><p><a class="go" href="/sign-in?next=/account">${words.signIn.again}</a></p></div>`
  return html`<h1>${person(line(account.person, 63))}</h1>${account.email !== null && html`<p class="s"><bdi>${line(account.email, 254)}</bdi></p>`}${notice}
<section class="card" aria-labelledby="roles"><h2 id="roles">${w.roles}</h2>${roles}</section>
${drawTest(visit, account)}${stale}
<section class="card" aria-labelledby="factors"><h2 id="factors">${w.factors}</h2>${account.factors.length === 0 ? html`<p>${w.noFactors}</p>` : html`<ul class="rows">${account.factors.map((factor) => drawFactor(screen, factor))}</ul>`}${account.recent && screen.passkeys && makeButton(visit)}${account.recent && html`<details><summary>${w.addTotp}</summary>${drawAddTotp(visit)}</details>`}</section>
<section class="card" aria-labelledby="recovery"><h2 id="recovery">${w.recovery}</h2><p>${w.recoveryLeft(account.recoveryLeft)}</p>${account.recent && account.factors.length > 0 && html`${account.recoveryLeft > 0 && html`<p class="s">${w.remakeHelp}</p>`}${form(visit, { to: '/account/recovery', button: account.recoveryLeft > 0 ? w.remakeRecovery : w.makeRecovery })}`}</section>
<section class="card" aria-labelledby="password"><h2 id="password">${w.password}</h2><p>${account.hasPassword ? w.hasPassword : w.noPassword}</p>${account.recent && html`<details><summary>${account.hasPassword ? w.changePassword : w.setPassword}</summary>${drawPasswordForm(visit, account.hasPassword ? w.changePassword : w.setPassword)}</details>`}</section>
<section class="card" aria-labelledby="devices"><h2 id="devices">${w.devices}</h2><ul class="rows">${account.sessions.map((session) => drawSession(screen, session))}</ul>${account.sessions.length > 1 && form(visit, { to: '/account/sessions/end', button: w.endOthers, hidden: { session: '*' } })}</section>
<p class="s end">${words.times(zoneOf(screen.timezone).name)}</p>`
}

const drawPasswordForm = (visit: Visit, button: string): Markup => form(visit, {
  to: '/account/password', button, kind: 'first',
  fields: [
    // Keepers of passwords want to know whose it is.
    html`<input hidden type="text" name="named" value="${visit.session.person}" autocomplete="username" readonly>`,
    field({ name: 'password', label: w.newPassword, type: 'password', fills: 'new-password', help: w.passwordHelp, most: 512 }),
    field({ name: 'again', label: w.again, type: 'password', fills: 'new-password', most: 512 }),
  ],
})

const drawAddTotp = (visit: Visit): Markup =>
  form(visit, { to: '/account/totp', button: w.addTotp, kind: 'first', fields: [field({ name: 'label', label: w.label, value: w.labelValue, most: 60 })] })

function drawFactor({ visit, account, now, timezone }: AccountScreen, factor: FactorAnswer): Markup {
  const label = line(factor.label, 60)
  const agrees = may(account.roles, 'approve') || may(account.roles, 'run')
  return html`<li><div><b><bdi>${label}</bdi></b> <span class="tag">${w.kinds[factor.kind]}</span><p class="s">${w.since} ${moment(factor.at, now, timezone)}${agrees && html` · ${factor.seasoned ? w.seasoned : w.notSeasoned}`}</p></div>${account.recent && form(visit, { to: '/account/factors/remove', button: w.remove, kind: 'small', about: label, hidden: { factor: factor.id } })}</li>`
}

function drawSession({ visit, now, timezone }: AccountScreen, it: SessionOfAnswer): Markup {
  const client = sayClient(it.agent) ?? w.unknownDevice
  return html`<li><div><b>${line(client, 80)}</b> ${it.here && html`<span class="tag m">${w.here}</span>`}<p class="s">${line(it.origin, 60)} · ${w.seen} ${moment(it.seen, now, timezone)}</p><p class="s">${w.begun} ${moment(it.at, now, timezone)} ${w.means[it.means] ?? ''}</p></div>${!it.here && form(visit, { to: '/account/sessions/end', button: w.end, kind: 'small', about: client, hidden: { session: it.id } })}</li>`
}

const drawTest = (visit: Visit, account: AccountAnswer): Markup =>
  html`<section class="card" aria-labelledby="test"><h2 id="test">${w.test}</h2>${account.channels.length === 0 ? html`<p>${w.noChannels}</p>` : html`<p>${w.testSays}</p>${account.channels.map((channel) => form(visit, { to: '/account/test', button: w.testBy(line(channel, 60)), hidden: { channel } }))}<p><a href="/account/test">${w.tested}</a></p>`}</section>`

export interface TestScreen { readonly tests: TestAnswer['tests']; readonly now: Instant; readonly timezone: string; readonly notice?: Markup | undefined }

const SHAPES: Readonly<Record<TestAnswer['tests'][number]['outcome'], Shape>> = { accepted: 'degraded', failed: 'down', unknown: 'unknown', waiting: 'unknown' }

/** What became of this person's test pages. */
export function drawTests({ tests, now, timezone, notice }: TestScreen): Markup {
  const rows = tests.slice(0, 20).map((it) => {
    const shape = it.receivedAt === null ? SHAPES[it.outcome] : 'ok'
    return html`<li><div><b>${line(it.channel, 60)}</b><p class="${classOf(shape)}"><b>${icon(shape)} ${it.receivedAt === null ? w.outcome[it.outcome] : w.received}</b> ${it.receivedAt !== null && moment(it.receivedAt, now, timezone)}</p>${it.outcome === 'failed' && html`<p class="s">${line(it.says, 300)}</p>`}</div></li>`
  })
  return html`<h1>${w.tested}</h1>${notice}<div class="card">${rows.length === 0 ? html`<p>${w.noTests}</p>` : html`<ul class="rows">${rows}</ul>`}<p><a class="go first" href="/account/test">${w.look}</a></p><p><a class="go" href="/account">${words.cancel}</a></p></div>`
}

/** A new authenticator: its secret as a picture, as an address for this phone, and to type in. Shown once. */
export function drawTotp(visit: Visit, { uri, secret }: TotpAnswer): Markup {
  const written = secret.replace(/(.{4})(?=.)/g, '$1 ')
  return html`<h1>${w.addTotp}</h1><div class="card"><h2>1. ${w.scan}</h2><p>${w.scanSays}</p><div>${drawQr(uri, w.qr)}</div><p><a class="go" href="${uri}">${w.onThisPhone}</a></p><details><summary>${w.byHand}</summary><code class="secret">${written}</code></details></div><div class="card"><h2>2. ${w.confirmTitle}</h2>${drawConfirm(visit)}</div><p class="end"><a class="go" href="/account">${words.cancel}</a></p>`
}

const drawConfirm = (visit: Visit): Markup =>
  form(visit, { to: '/account/totp/confirm', button: w.confirm, kind: 'first', fields: [field({ name: 'code', label: w.codeNow, fills: 'one-time-code', help: w.confirmHelp, most: 40, isCode: true })] })

/** The code did not fit: once more, without the secret, which was shown. */
export const drawConfirmAgain = (visit: Visit, notice: Markup): Markup =>
  html`<h1>${w.confirmTitle}</h1>${notice}<div class="card">${drawConfirm(visit)}</div><div class="card">${form(visit, { to: '/account/totp', button: w.startOver, hidden: { label: w.labelValue } })}<p><a class="go" href="/account">${words.cancel}</a></p></div>`

export const drawRecovery = (codes: readonly string[]): Markup =>
  html`<h1>${w.codesTitle}</h1><div class="card"><p>${w.codesSays}</p><code class="secret codes">${join(codes.map((code) => html`<span>${code}</span>`), '\n')}</code><p><a class="go first" href="/account">${w.codesKept}</a></p></div>`
