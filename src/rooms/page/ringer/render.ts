// What a page looks like when it leaves: the message for one person, with the text in its forms, the links that act, and the
// instants as others read them. Keeper and ringer render with this same function. The grammar of the links:
//   GET, HEAD  /a/<token>       shows the incident and its buttons; changes nothing
//   POST       /a/<token>       takes it (`ack_url`); confirms a test page
//   POST       /a/<token>/pass  passes it on (`pass_url`; a GET of it shows the same as above)
import { never } from '../../../core/fault.ts'
import type { Incident } from '../../../core/incident.ts'
import type { PageId } from '../../../core/id.ts'
import { makeToken, type Permit } from '../../../core/link.ts'
import { nameOf } from '../../../core/subject.ts'
import { instantOf, type Instant, type Now } from '../../../core/time.ts'
import type { Message, PageBody } from '../../../ports/channel.ts'
import * as words from '../../../words/notification.ts'
import { nextPeople } from '../decide.ts'
import type { Notice } from '../move.ts'
import type { Paging } from '../paging.ts'
import type { Plan } from '../plan.ts'
import { named } from '../steps.ts'

interface ToOne {
  readonly page: PageId
  readonly person: string
}

/** What one message tells one person. */
export type Telling =
  | (ToOne & {
      readonly is: 'page'
      readonly incident: Incident
      readonly paging: Paging
      readonly step: number
      readonly round: number
      readonly raisedAt: Instant
      /** Why this person, where no step names them. */
      readonly why?: string
      /** The keeper is silent: this is what was known then. */
      readonly knownAt?: Instant
    })
  | (ToOne & { readonly is: 'notice'; readonly notice: Notice; readonly incident: Incident; readonly paging: Paging; readonly by?: string })
  /** `beyond`: how many more it tells than those in `rings`, which are `MOST_PAGES` then. */
  | (ToOne & { readonly is: 'digest'; readonly raisedAt: Instant; readonly rings: readonly { readonly page?: PageId; readonly incident: Incident; readonly paging?: Paging; readonly event: string }[]; readonly beyond?: { readonly pages: number; readonly others: number } })
  | (ToOne & { readonly is: 'test'; readonly channel: string })
  /** Something about Holdfast itself. */
  | (ToOne & { readonly is: 'alarm'; readonly subject: string; readonly text: words.Text })

export interface Rendering {
  readonly plan: Plan
  readonly now: Now
  /** The node's key; without it there are no links. */
  readonly key: Uint8Array | undefined
}

/** The message; `undefined` when the person is not in the plan any more. */
export function render(telling: Telling, rendering: Rendering): Message | undefined {
  const person = named(rendering.plan.people, telling.person)
  if (!person) return undefined
  const to = { name: person.name, ...(person.email === undefined ? {} : { email: person.email }), ...(person.phone === undefined ? {} : { phone: person.phone }) }
  const drawn = draw(telling, rendering)
  const { plan, now } = rendering
  const body: PageBody = {
    schema: 'holdfast.page/1', id: telling.page,
    incident: incidentOf(drawn, plan, now),
    subject: drawn.subject, person: telling.person, step: telling.is === 'page' ? telling.step : 0, round: telling.is === 'page' ? telling.round : 0,
    text: { short: drawn.text.short, long: drawn.text.long },
    ...linksOf(telling, drawn, rendering),
    ...(telling.is === 'digest' ? { pages: pagesOf(telling, rendering) } : {}),
    raised_at: iso(drawn.raisedAt), sent_at: iso(now.wall), event: drawn.event,
  }
  return { key: telling.page, thread: drawn.incident?.id ?? telling.page, to, title: drawn.text.title, body }
}

/** The same message at the moment it leaves. */
export const sentAt = (message: Message, now: Now): Message => ({ ...message, body: { ...message.body, sent_at: iso(now.wall) } })

/** An incident as notifications speak of it. */
export function spokenOf(incident: Incident): words.Spoken {
  const name = incident.origin === 'watch' && incident.subject.startsWith('check:') ? nameOf(incident.subject) : `"${incident.title}"`
  return { number: incident.number, name, title: incident.title, says: incident.says, since: incident.since, under: leaningOn(incident) }
}

/** What fails because of it. Of an incident about backups or a clean-up its members are what is wrong, and nothing that leans on it. */
function leaningOn({ subject, members }: Incident): readonly string[] {
  const others = members.filter((member) => member !== subject)
  const said = others.map((member) => {
    const of = GUARDED[member.slice(0, member.indexOf(':') + 1)]
    if (of === undefined) return nameOf(member)
    const name = nameOf(member)
    const at = name.lastIndexOf('@')
    return subject.startsWith('check:') ? of(name.slice(0, at), name.slice(at + 1)) : ''
  })
  return [...new Set(said.filter((name) => name !== ''))]
}

/** As a person calls them; by the kind of the member and what stands before and behind its `@`. */
const GUARDED: Readonly<Record<string, (name: string, at: string) => string>> = {
  'backup:': (set, store) => `the backup of ${set} in ${store}`, 'vanished:': () => '', 'latched:': () => '', 'reconcile:': (name) => `the clean-up ${name}`,
}

interface Drawn {
  readonly text: words.Text
  readonly event: string
  readonly subject: string
  readonly raisedAt: Instant
  readonly incident?: Incident
  readonly paging?: Paging
  readonly acts: boolean
}

function draw(telling: Telling, { plan, now }: Rendering): Drawn {
  const moment: words.Moment = { now: now.wall, timezone: plan.site.timezone }
  switch (telling.is) {
    case 'page': {
      const { incident, paging, raisedAt, why, knownAt } = telling
      const next = nextPeople(paging, plan, now)
      const text = words.pageText(spokenOf(incident), { raisedAt, ...(next && paging.phase.is === 'ringing' ? { next } : {}), ...(why === undefined ? {} : { why }), ...(knownAt === undefined ? {} : { knownAt }) }, moment)
      return { text, event: 'page', subject: incident.subject, raisedAt, incident, paging, acts: true }
    }
    case 'notice': {
      const { incident, paging, notice } = telling
      return { text: noticeText(telling, { plan, now, key: undefined }), event: notice, subject: incident.subject, raisedAt: now.wall, incident, paging, acts: notice === 'reminder' || notice === 'lapsed' }
    }
    case 'digest': {
      const pages = telling.rings.filter(({ event }) => event === 'page')
      const told = pages.length > 0 ? pages : telling.rings
      const incidents = [...new Map(told.map(({ incident }) => [incident.id, incident])).values()]
      const { beyond = { pages: 0, others: 0 } } = telling
      const text = words.digestText(incidents.map(spokenOf), pages.length + beyond.pages, telling.rings.length - pages.length + beyond.others, moment)
      const [only] = told
      return { text, event: 'digest', subject: incidents.length === 1 ? (only?.incident.subject ?? '') : 'digest', raisedAt: telling.raisedAt, acts: incidents.length === 1 && pages.length > 0, ...(only ? { incident: only.incident } : {}), ...(only?.paging ? { paging: only.paging } : {}) }
    }
    case 'test': return { text: words.testText(telling.person, telling.channel), event: 'test', subject: `person:${telling.person}`, raisedAt: now.wall, acts: true }
    case 'alarm': return { text: telling.text, event: 'notice', subject: telling.subject, raisedAt: now.wall, acts: false }
    default: return never(telling)
  }
}

function noticeText({ notice, incident, paging, by }: Telling & { is: 'notice' }, { plan, now }: Rendering): words.Text {
  const it = spokenOf(incident)
  const moment = { now: now.wall, timezone: plan.site.timezone }
  const { phase } = paging
  switch (notice) {
    case 'acknowledged': return words.acknowledgedText(it, by ?? (phase.is === 'held' ? phase.by : 'somebody'))
    case 'reminder': {
      const next = nextPeople(paging, plan, now)
      const held = phase.is === 'held' ? { takenAt: phase.at, lapsesAt: phase.lapsesAt.wall } : { takenAt: now.wall, lapsesAt: now.wall }
      return words.reminderText(it, { ...held, ...(next ? { next: next.people } : {}) }, moment)
    }
    case 'lapsed': return words.lapsedText(it, by)
    case 'recovered': return incident.origin === 'watch' && by === undefined ? words.recoveredText(it, moment) : words.resolvedText(it)
    case 'reassigned': return words.reassignedText(it, by)
    default: return never(notice)
  }
}

function incidentOf({ incident, paging, event, text }: Drawn, { site }: Plan, now: Now): PageBody['incident'] {
  if (!incident) return { id: '', number: 0, title: text.title, since: iso(now.wall), state: 'open', url: site.url }
  const phase = event === 'recovered' ? 'over' : (paging?.phase.is ?? 'ringing')
  const state = phase === 'over' ? 'resolved' : phase === 'held' ? 'acknowledged' : 'open'
  return { id: incident.id, number: incident.number, title: incident.title, since: iso(incident.since), state, url: `${rooted(site.url)}/incidents/${incident.id}` }
}

function linksOf(telling: Telling, drawn: Drawn, { plan, key }: Rendering): Pick<PageBody, 'ack_url' | 'pass_url'> {
  if (!key || !drawn.acts) return {}
  const url = (permit: Permit): string => linkFor(permit, key, plan)
  if (telling.is === 'test') return { ack_url: url({ is: 'received', page: telling.page, person: telling.person }) }
  if (!drawn.incident) return {}
  const ack = url({ is: 'act', incident: drawn.incident.id, person: telling.person })
  return { ack_url: ack, pass_url: `${ack}/pass` }
}

/** Each page of a digest by itself, with its own link, for receivers that can do more than show a text. */
function pagesOf({ rings, person, page: digest }: Telling & { is: 'digest' }, { plan, key }: Rendering): NonNullable<PageBody['pages']> {
  return rings.slice(0, MOST_PAGES).map(({ page, incident, event }) => {
    const { id, number, title } = incident
    return { id: page ?? digest, incident: { id, number, title }, event, ...(key && event === 'page' ? { ack_url: linkFor({ is: 'act', incident: id, person }, key, plan) } : {}) }
  })
}

/** How many pages of a digest are told one by one; the others are counted. */
export const MOST_PAGES = 100

const linkFor = (permit: Permit, key: Uint8Array, { site }: Plan): string => `${rooted(site.url)}/a/${makeToken(key, permit)}`

const rooted = (url: string): string => url.replace(/\/+$/, '')

/** Instants as others read them; one that no calendar has reads as the first. */
const iso = (at: Instant): string => new Date(Math.abs(at) <= 8.64e15 ? at : instantOf(0)).toISOString()
