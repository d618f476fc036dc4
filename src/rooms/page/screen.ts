// What a paged person sees behind the link in a page: one screen for a phone at night, below 10 kB, without a script. It only
// shows; what acts are two forms that POST (a mail scanner presses links). Buttons are large, the answer names its effect, and
// a second person's "I have it" is a success that says who was first. The token stands in the address, so nothing is sent on.
import { between, type Instant } from '../../core/time.ts'
import { BASE, classOf, icon, policyFor, SHAPES, tabPicture, type Shape } from '../../words/look.ts'
import { begun, html, line, lines, type Markup } from '../../words/markup.ts'
import { sayRunning, zoneOf, type Zone } from '../../words/moment.ts'
import { englishScreen as words } from '../../words/screen.ts'
import type { Act, LinkView } from './protocol.ts'

export interface LinkScreen {
  readonly view: LinkView
  /** The link's own path, `/a/<token>`: the forms post to it, and to `/pass` below it. */
  readonly path: string
  readonly now: Instant
  /** Present in the answer to a POST. `spared`: who would have been paged next, where that is known. */
  readonly did?: { readonly act: Act; readonly recorded: boolean; readonly spared?: readonly string[] }
}

const STYLE = `${BASE}body{max-inline-size:30rem}
header{padding:1.25rem 0 .75rem;font-weight:700}
.hero{background:var(--surface);border-radius:10px;border-inline-start:6px solid;padding:1rem 1.125rem}
h1{font-size:1.5rem}
.hero p{color:var(--text);margin-block-start:.375rem}
main>p{margin-block-start:.75rem}
.v{white-space:pre-line}
form{margin-block-start:.875rem}
button,.go{display:block;inline-size:100%;min-block-size:3.5rem;padding:.75rem 1rem;border:2px solid var(--press);border-radius:10px;background:transparent;color:var(--text);font:inherit;font-weight:700;text-align:center;text-decoration:none;cursor:pointer}
.first{background:var(--press);color:var(--pressed)}
pre{background:var(--surface);border-radius:10px;padding:.875rem 1rem;overflow-x:auto;white-space:pre-wrap}
footer{margin-block-start:1.5rem;font-size:.875rem}
footer p{margin-block-start:.25rem}
@media print{form{display:none}}
`

/** The policy to serve every screen of this file with. */
export const SCREEN_POLICY: string = policyFor(STYLE, 'self')

/** The screen behind a link, before and after a press. */
export function renderLink(screen: LinkScreen): string {
  const { view, now } = screen
  const zone = zoneOf(view.timezone)
  const told = tell(screen, zone)
  const title = line(view.incident.title, 100)
  const about = told.title === title ? undefined : html`<p><b><bdi>${title}</bdi></b></p>`
  const next = view.state === 'ringing' && screen.did?.act !== 'ack' ? view.next : undefined
  const facts = [
    ...(told.title === title || view.state === 'over' ? [] : [sayYoung(screen, zone)]),
    ...(view.incident.number > 0 ? [words.incident(view.incident.number)] : []),
    ...(next && next.people.length > 0 ? [words.nextPaged(few(next.people), zone.moment(next.at, now))] : []),
  ]
  return frame(told.title === title ? title : `${told.title} · ${title}`, told.shape, html`<main><div class="hero ${classOf(told.shape)}" role="${screen.did === undefined ? 'group' : 'status'}"><h1>${icon(told.shape)} <bdi>${told.title}</bdi></h1>${told.says.map((says) => html`<p>${says}</p>`)}</div>${about}<p class="v" dir="auto">${lines(begun(view.incident.says), 400)}</p><p class="s">${facts.join(' · ')}</p>${told.buttons}</main><footer class="s"><p>${words.zone(zone.name)}</p>${view.state !== 'over' && html`<p>${words.actsAs(line(view.person, 40))}</p>`}</footer>`)
}

/** The link cannot be used: unknown here, or its incident is over. `says` replaces the usual sentence. */
export function renderNoLink(why: 'unknown-link' | 'closed' | 'unknown-incident' | 'unknown-person', says?: string): string {
  const notice = why === 'closed' ? words.closedLink : words.unknownLink
  return renderNotice({ title: notice.title, says: says === undefined || says === '' ? notice.says : says, next: notice.next, shape: 'unknown' })
}

/** The press was not confirmed: never a false tick. `path` is shown again by a plain link. */
export const renderNotConfirmed = (says: string, path: string): string =>
  renderNotice({ title: words.notConfirmed, says, next: words.notConfirmedNext, shape: 'down', more: html`<p><a class="go first" href="${path}">${words.tryAgain}</a></p>` })

/** Nothing stands at this address. */
export const renderNotFound = (): string => renderNotice({ ...words.notFound, shape: 'unknown' })

/**
 * Where the address of an incident leads as long as nobody signs in: how to see it by other ways. The same for every incident that
 * there is and for every one that there is not. `board`: the public board's path, where one stands.
 */
export function renderIncidentPlace(incident: string, board?: string): string {
  const command = `holdfast incidents show ${/^[A-Za-z0-9_]{1,64}$/.test(incident) ? incident : '<number>'}`
  const more = html`<pre>${command}</pre>${board !== undefined && html`<p><a class="go" href="${board}">${words.incidentPlace.board}</a></p>`}`
  return renderNotice({ ...words.incidentPlace, shape: 'unknown', more })
}

/** The board is not known yet: this is neither good nor bad news. */
export const renderNotHeard = (): string => renderNotice({ ...words.notHeard, shape: 'unknown', more: html`<p><a class="go" href="">${words.again}</a></p>` })

/** Something failed on our side, or the request was wrong; `says` is for the reader. */
export const renderError = (says: string): string => renderNotice({ title: words.broken.title, says, next: words.broken.next, shape: 'down' })

/** The root address while no board is configured. Public, so it says nothing about this installation. */
export const renderNoBoard = (): string => renderNotice({ ...words.noBoard, shape: 'unknown', more: html`<pre>${words.noBoard.example}</pre>` })

interface Notice {
  readonly title: string
  readonly says: string
  readonly next: string
  readonly shape: Shape
  readonly more?: Markup
}

const renderNotice = ({ title, says, next, shape, more }: Notice): string =>
  frame(title, shape, html`<main><div class="hero ${classOf(shape)}"><h1>${icon(shape)} ${title}</h1><p class="v">${lines(says, 400)}</p></div><p>${next}</p>${more}</main>`)

const frame = (title: string, shape: Shape, body: Markup): string =>
  html`<!doctype html><html lang="${words.language}"><head><meta charset="utf-8"><title>${title} · Holdfast</title><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">${tabPicture(shape)}<style>${{ markup: STYLE }}</style></head><body>${SHAPES}<header>Holdfast</header>${body}</body></html>
`.markup

interface Told {
  readonly title: string
  readonly shape: Shape
  readonly says: readonly string[]
  readonly buttons: readonly Markup[]
}

/** What the screen says, by how the incident stands and by what was pressed. */
function tell(screen: LinkScreen, zone: Zone): Told {
  const { view, did } = screen
  switch (view.state) {
    case 'over': return { title: words.over, shape: 'ok', says: [words.overSays], buttons: [] }
    case 'held': return tellHeld(screen, zone)
    case 'ringing':
      if (did?.act === 'pass') return tellPassed(screen)
      return { title: line(view.incident.title, 100), shape: 'down', says: [sayYoung(screen, zone)], buttons: [take(screen, words.take), pass(screen)] }
  }
}

function tellHeld(screen: LinkScreen, zone: Zone): Told {
  const { view, now, did } = screen
  const lapses = view.lapsesAt === undefined ? undefined : zone.moment(view.lapsesAt, now)
  const by = view.heldBy === undefined ? undefined : line(view.heldBy, 40)
  if (by !== undefined && view.heldBy !== view.person) {
    const since = view.heldSince === undefined ? '' : zone.moment(view.heldSince, now)
    return { title: words.haveItSince(by, since), shape: 'ok', says: [words.notPaged([]), ...(lapses === undefined ? [] : [words.lapses(by, lapses)])], buttons: [] }
  }
  const again = lapses === undefined ? [] : [words.askAgain(lapses)]
  if (did && !did.recorded) return { title: words.notRecorded[did.act], shape: 'degraded', says: [words.recordedSoon[did.act], ...again], buttons: [pass(screen)] }
  const spared = few((did?.spared ?? []).filter((name) => name !== view.person))
  return { title: words.youHaveIt, shape: 'ok', says: [[words.notPaged(spared), ...again].join(' ')], buttons: did ? [pass(screen)] : [take(screen, words.keep), pass(screen)] }
}

function tellPassed(screen: LinkScreen): Told {
  const { view, did } = screen
  const others = few((view.rung ?? []).filter((name) => name !== view.person))
  const effect = view.rung !== undefined && others.length === 0 ? words.nobodyElse : words.pagedNow(others)
  const buttons = [take(screen, words.takeAfterAll)]
  if (did && !did.recorded) return { title: words.notRecorded.pass, shape: 'degraded', says: [effect, words.recordedSoon.pass], buttons }
  return { title: words.passedOn, shape: 'ok', says: [effect], buttons }
}

const few = (people: readonly string[]): string[] => people.slice(0, 5).map((name) => line(name, 40))

const sayYoung = ({ view, now }: LinkScreen, zone: Zone): string =>
  words.since(zone.moment(view.incident.since, now), sayRunning(Math.max(0, between(view.incident.since, now))))

const take = ({ path }: LinkScreen, label: string): Markup => html`<form method="post" action="${path}"><button class="first">${label}</button></form>`
const pass = ({ path }: LinkScreen): Markup => html`<form method="post" action="${path}/pass"><button>${words.passOn}</button></form>`
