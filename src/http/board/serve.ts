// Serving a board: the short way, straight from Node's request to the prepared bytes, taken before any framework is asked; and
// the same answer as a Response for whoever comes the long way (a query, a test).
import type { IncomingMessage, ServerResponse } from 'node:http'
import { renderNoBoard, renderNotFound, renderNotHeard, SCREEN_POLICY } from '../../rooms/page/screen.ts'
import { page, problem, wantsPage } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import type { Boards, Bytes } from './boards.ts'

const takesGzip = (accepted: string | undefined | null): boolean => typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\b)/i.test(accepted)

/** ETags are compared weakly (RFC 9110, 13.1.2). */
const matches = (asked: string | undefined | null, etag: string): boolean =>
  typeof asked === 'string' && (asked.trim() === '*' || asked.includes(etag.slice(2)))

/** Answers from the prepared bytes when the path is a board's; false otherwise. Costs one look-up and one write. */
export function serveBoard(boards: Boards, request: IncomingMessage, response: ServerResponse): boolean {
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD') return false
  const bytes = boards.find(request.url ?? '')
  if (!bytes) return false
  const { headers } = request
  if (matches(headers['if-none-match'], bytes.etag)) {
    response.writeHead(304, bytes.unchanged as string[])
    response.end()
    return true
  }
  const shape = bytes.gzip && takesGzip(headers['accept-encoding']) ? bytes.gzip : bytes
  response.writeHead(200, shape.head as string[])
  if (method === 'HEAD') response.end()
  else if (shape.binary === undefined) response.end(shape.body)
  else response.end(shape.binary, 'latin1')
  return true
}

const pairs = (head: readonly string[]): [string, string][] => head.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, head[i + 1] ?? '']] : []))

function respond(bytes: Bytes, headers: Headers): Response {
  if (matches(headers.get('if-none-match'), bytes.etag)) return new Response(null, { status: 304, headers: pairs(bytes.unchanged) })
  const shape = bytes.gzip && takesGzip(headers.get('accept-encoding')) ? bytes.gzip : bytes
  return new Response(new Uint8Array(shape.body), { headers: pairs(shape.head) })
}

function answer(ask: Ask, kit: Kit): Response {
  const { pathname, search } = new URL(ask.req.url)
  const bytes = kit.boards.find(pathname + search) ?? kit.boards.find(pathname)
  if (bytes) return respond(bytes, ask.req.raw.headers)
  const person = wantsPage(ask.req.raw.headers)
  // No board was ever heard of here: that says nothing about which ones there are (T-1, T-3).
  if (!kit.boards.known) {
    return person ? page(renderNotHeard(), SCREEN_POLICY, 503, { 'retry-after': '5' })
      : problem({ status: 503, detail: 'Not known: this status page has only just started and nothing has been heard yet. Try again in a few seconds.' })
  }
  if (pathname === '/' && person) return page(renderNoBoard(), SCREEN_POLICY, 404)
  return person ? page(renderNotFound(), SCREEN_POLICY, 404) : problem({ status: 404, detail: 'There is nothing here.' })
}

const route = (path: string, says: string, gives: string): readonly Route[] =>
  [path, `/s/:slug${path === '/' ? '' : path}`].map((at): Route => ({ method: 'GET', path: at, who: 'open', says, gives, answer }))

export const boardRoutes: readonly Route[] = [
  ...route('/', 'The public status page.', 'text/html'),
  { method: 'GET', path: '/s/:slug/', who: 'open', says: 'A public status page.', gives: 'text/html', answer },
  ...['summary', 'status', 'components', 'incidents', 'incidents/unresolved', 'scheduled-maintenances', 'scheduled-maintenances/upcoming', 'scheduled-maintenances/active']
    .flatMap((name) => route(`/api/v2/${name}.json`, "Statuspage's public API, version 2.", 'application/json')),
  ...route('/history.atom', 'The history of incidents as an Atom feed.', 'application/atom+xml'),
  ...route('/calendar.ics', 'Planned work as a calendar (RFC 5545).', 'text/calendar'),
  ...route('/history.rss', 'The history of incidents as an RSS feed.', 'application/rss+xml'),
]
