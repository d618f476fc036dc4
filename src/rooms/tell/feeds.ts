// History as Atom and RSS: one entry per statement and per planned work, its id the same for as long as the board keeps its host (a
// tag URI), its time that of the newest update. Everything is escaped, nothing stands in CDATA: text that holds "]]>" is text.
// The bytes change only when one of them does, so that readers and caches may compare them.
import { instantOf, type Instant } from '../../core/time.ts'
import { boardWords } from '../../words/board.ts'
import { html, line, lines, webAddress, type Markup } from '../../words/markup.ts'
import { iso, zoneOf, type Zone } from '../../words/moment.ts'
import type { Board, Maintenance, Statement } from './board.ts'
import { roomPerBody } from './reading.ts'
import { statementAddress } from './statuspage.ts'

export interface Feeds {
  readonly 'history.atom': string
  readonly 'history.rss': string
}

const BODIES = { most: 4000, whole: 100_000 }
const MOST_UPDATES = 20

/** What an entry is made of. */
interface Story extends Pick<Statement, 'id' | 'title' | 'createdAt' | 'updatedAt'> {
  readonly updates: readonly { readonly step: string; readonly body: string; readonly at: Instant }[]
  /** What stands above its updates. */
  readonly head?: string
}

const ofStatement = (it: Statement): Story => ({ ...it, updates: it.updates.map(({ status, body, at }) => ({ step: boardWords('en').step[status] ?? '', body, at })) })
function ofWork(it: Maintenance, zone: Zone): Story {
  const { work } = boardWords('en')
  const [from, until] = [it.from, it.until].map((at) => `${zone.date(at)} ${zone.clock(at)}`)
  return { ...it, head: `${work.standing[it.state === 'scheduled' ? 'upcoming' : it.state === 'in_progress' ? 'active' : it.state]}: ${work.when(from ?? '', until ?? '', zone.name)}`, updates: it.updates.map(({ state, body, at }) => ({ step: work.step[state], body, at })) }
}

/** Both feeds. */
export function renderFeeds(board: Board): Feeds {
  const words = boardWords('en')
  const zone = zoneOf(board.timezone)
  const stories = [...board.statements.map(ofStatement), ...board.maintenances.map((it) => ofWork(it, zone))]
  const body = roomPerBody(stories, MOST_UPDATES, BODIES)
  const title = words.statusOf(line(board.name, 200) || words.unnamed)
  const address = webAddress(board.url)
  const updated = instantOf(Math.max(board.measuringSince, ...stories.map((s) => s.updatedAt)))
  return {
    'history.atom': html`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>${tagOf(board, board.id, board.measuringSince)}</id><title>${title}</title><updated>${iso(updated)}</updated><author><name>${line(board.name, 200) || words.unnamed}</name></author>${address !== '' && html`<link rel="alternate" type="text/html" href="${address}"/><link rel="self" type="application/atom+xml" href="${beside(address, 'history.atom')}"/>`}
${stories.map((s) => atomEntry(board, s, body))}</feed>
`.markup,
    'history.rss': html`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>${title}</title><link>${address}</link><description>${words.past}</description><language>en</language><lastBuildDate>${mailDate(updated)}</lastBuildDate>${address !== '' && html`<atom:link rel="self" type="application/rss+xml" href="${beside(address, 'history.rss')}"/>`}
${stories.map((s) => rssItem(board, s, body))}</channel></rss>
`.markup,
  }
}

function atomEntry(board: Board, statement: Story, body: number): Markup {
  const link = statementAddress(board, statement)
  return html`<entry><id>${tagOf(board, statement.id, statement.createdAt)}</id><title>${titleOf(statement)}</title><published>${iso(statement.createdAt)}</published><updated>${iso(statement.updatedAt)}</updated>${link !== '' && html`<link rel="alternate" type="text/html" href="${link}"/>`}<content type="html">${story(board, statement, body)}</content></entry>
`
}

function rssItem(board: Board, statement: Story, body: number): Markup {
  const link = statementAddress(board, statement)
  return html`<item><title>${titleOf(statement)}</title>${link !== '' && html`<link>${link}</link>`}<guid isPermaLink="false">${tagOf(board, statement.id, statement.createdAt)}</guid><pubDate>${mailDate(statement.updatedAt)}</pubDate><description>${story(board, statement, body)}</description></item>
`
}

const titleOf = (statement: Story): string => line(statement.title, 200) || boardWords('en').unnamed

/** All updates, newest first, as HTML; the feed escapes it once more, as both formats want it. */
function story(board: Board, statement: Story, body: number): string {
  const zone = zoneOf(board.timezone)
  const head = statement.head === undefined ? '' : html`<p>${statement.head}</p>`.markup
  return head + statement.updates.slice(0, MOST_UPDATES).map((u) => {
    const paragraphs = lines(u.body, body).split('\n').map((text) => html`${text}`.markup).join('<br>')
    return html`<p><b>${u.step}</b> ${zone.date(u.at)} ${zone.clock(u.at)} (${zone.name})<br>${{ markup: paragraphs }}</p>`.markup
  }).join('')
}

/** RFC 4151: the authority is the board's host as of the day that the thing began. */
function tagOf(board: Pick<Board, 'url'>, id: string, since: Instant): string {
  const host = URL.parse(webAddress(board.url))?.hostname ?? ''
  return `tag:${host.includes('.') && !host.startsWith('[') ? host : 'holdfast.invalid'},${iso(since).slice(0, 10)}:${encodeURIComponent(id.toWellFormed())}`
}

const beside = (address: string, name: string): string => URL.parse(name, address)?.href ?? ''

/** RFC 822, as RSS wants it. */
const mailDate = (at: Instant): string => new Date(iso(at)).toUTCString()
