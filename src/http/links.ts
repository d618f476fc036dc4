// The links in pages. GET and HEAD of `/a/<token>` only show: mail scanners and previews press links (P-5). An empty POST takes
// the incident, one to `/pass` below it passes it on; the token in the path is the whole credential, whatever the origin of the
// request. It is the ringer that takes it, so that a link works while the keeper does not: 202 then, "taken, not yet recorded".
// `/incidents/<id>` carries no credential and gives nothing away: it says where to look, the same for every incident (T-2).
import { renderIncidentPlace, renderLink, renderNoLink, renderNotConfirmed, SCREEN_POLICY } from '../rooms/page/screen.ts'
import type { Act, LinkView, RingerSays } from '../rooms/page/protocol.ts'
import { hasIt, hasItSince, joined } from '../words/notification.ts'
import { zoneOf } from '../words/moment.ts'
import { json, page, problem } from './problem.ts'
import type { Ask, Kit, Route } from './route.ts'
import type { Away } from './siblings.ts'

/** Longer ones are not passed to the ringer. */
const LONGEST_TOKEN = 512

/** One sentence that names the effect, for programs and the terminal. */
export function sayTaken(view: LinkView): string {
  const zone = zoneOf(view.timezone)
  const lapses = view.lapsesAt === undefined ? '' : ` Asked again at ${zone.clock(view.lapsesAt)}.`
  switch (view.state) {
    case 'over': return `${view.incident.title}: it is over. Nobody is paged for it any more.`
    case 'held': {
      const by = view.heldBy ?? view.person
      return by === view.person ? `${hasIt(by)}. Nobody else is paged.${lapses}`
        : `${view.heldSince === undefined ? hasIt(by) : hasItSince(by, zone.clock(view.heldSince))}. Nobody else is paged.`
    }
    case 'ringing': {
      const others = view.rung?.filter((name) => name !== view.person)
      const now = others === undefined ? 'the next step is paged now' : others.length === 0 ? 'there is nobody else to page, so it rings again' : `${joined(others)} ${others.length === 1 ? 'is' : 'are'} paged now`
      return `Passed on: ${now}.${view.next === undefined ? '' : ` Next ${joined(view.next.people)} at ${zone.clock(view.next.at)}.`}`
    }
  }
}

const wantsJson = (ask: Ask): boolean => /\bapplication\/json\b/i.test(ask.req.header('accept') ?? '')

type No = Extract<RingerSays, { is: 'no' }> | Away

/** What is said when there is nothing to show or nothing was taken. */
function refuse(ask: Ask, said: No, path: string): Response {
  const status = said.is === 'away' ? 503 : said.why === 'closed' ? 410 : 404
  if (wantsJson(ask)) return problem({ status, detail: said.says, ...(said.is === 'no' ? { code: `HF-${said.why}` } : {}) })
  if (said.is === 'away') return page(renderNotConfirmed(said.says, path), SCREEN_POLICY, 503, { 'retry-after': '5' })
  return page(renderNoLink(said.why, said.says), SCREEN_POLICY, status)
}

const pathOf = (token: string): string => `/a/${encodeURIComponent(token)}`

const tokenOf = (ask: Ask): string | undefined => {
  const token = ask.req.param('token') ?? ''
  return token.length <= LONGEST_TOKEN && /^[\w-]+$/.test(token) ? token : undefined
}

const unknownLink: No = { is: 'no', why: 'unknown-link', says: '' }

async function show(ask: Ask, kit: Kit): Promise<Response> {
  const token = tokenOf(ask)
  const path = pathOf(token ?? '')
  const said = token === undefined ? unknownLink : await kit.ringer.ask({ is: 'show', token })
  if (said.is === 'no' || said.is === 'away') return refuse(ask, said, path)
  if (wantsJson(ask)) return json({ schema: 'holdfast.link/1', ...said.view })
  return page(renderLink({ view: said.view, path, now: kit.clock.now().wall }), SCREEN_POLICY)
}

async function press(verb: Act, ask: Ask, kit: Kit): Promise<Response> {
  const token = tokenOf(ask)
  const path = pathOf(token ?? '')
  if (token === undefined) return refuse(ask, unknownLink, path)
  // Asked in one breath: how it stood before says who is spared by it. Taking it never waits for that.
  const before = kit.ringer.ask({ is: 'show', token })
  const said = await kit.ringer.ask({ is: 'act', act: verb, token, via: 'link' })
  if (said.is === 'no' || said.is === 'away') return refuse(ask, said, path)
  const recorded = said.is === 'did' && said.recorded
  const status = recorded ? 200 : 202
  if (wantsJson(ask)) return json({ schema: 'holdfast.link/1', ...said.view, recorded, says: sayTaken(said.view) }, status)
  const stood = await before
  const spared = stood.is === 'shown' && stood.view.state === 'ringing' ? { spared: stood.view.next?.people ?? [] } : {}
  return page(renderLink({ view: said.view, path, now: kit.clock.now().wall, did: { act: verb, recorded, ...spared } }), SCREEN_POLICY, status)
}

/** No row, no sibling and no clock is asked, so that neither the answer nor its time tells which incidents there are. */
const place = (ask: Ask, kit: Kit): Response => page(renderIncidentPlace(ask.req.param('incident') ?? '', kit.boards.find('/') && '/'), SCREEN_POLICY)

export const linkRoutes: readonly Route[] = [
  { method: 'GET', path: '/incidents/:incident', who: 'open', says: 'Where to look for an incident: the same for every one, known or not.', gives: 'text/html', answer: place },
  { method: 'GET', path: '/a/:token', who: 'link', says: 'Shows the incident behind a link. Changes nothing.', gives: 'text/html', answer: show },
  { method: 'GET', path: '/a/:token/pass', who: 'link', says: 'Shows the incident behind a link. Changes nothing.', gives: 'text/html', answer: show },
  { method: 'POST', path: '/a/:token', who: 'link', says: 'Takes the incident behind a link; again, or after somebody else, is no error.', gives: 'text/html', answer: (ask, kit) => press('ack', ask, kit) },
  { method: 'POST', path: '/a/:token/pass', who: 'link', says: 'Passes the incident behind a link on.', gives: 'text/html', answer: (ask, kit) => press('pass', ask, kit) },
]
