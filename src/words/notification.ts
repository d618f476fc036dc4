// What people read when they are paged. The order is always: what, state, since, seen from, consequence, what happens next.
// A title has at most 40 characters; the short form fits one SMS (160 characters of the GSM alphabet); the long form is for
// mail and webhooks. Times are local to the site; the long form names the zone. No exclamation marks, nothing shouted, and
// nothing claimed that was not seen: where the text comes from memory, it says from when.
import { integrationOf } from '../core/subject.ts'
import { sayTime, type Instant, type Span } from '../core/time.ts'
import { begun } from './markup.ts'

export interface Text {
  readonly title: string
  readonly short: string
  readonly long: string
}

/** An incident, as far as a notification speaks of it. */
export interface Spoken {
  readonly number: number
  /** The bare name of its subject where a machine watches it (`db`), else its title. */
  readonly name: string
  readonly title: string
  /** One sentence: what was seen. */
  readonly says: string
  readonly since: Instant
  /** Bare names of what fails because of it. */
  readonly under: readonly string[]
}

export interface Moment {
  readonly now: Instant
  readonly timezone: string
}

export interface Next {
  readonly people: readonly string[]
  readonly at: Instant
}

export interface PageMore {
  readonly raisedAt: Instant
  readonly next?: Next
  /** Why this person, where that is not plain: the fallback. */
  readonly why?: string
  /** Present: the keeper has been silent since then, and this is what was known at that time. */
  readonly knownAt?: Instant
}

const LONGEST_TITLE = 40
const LONGEST_SHORT = 160
const LONGEST_LONG = 2000
/** From this age on a page says when it was raised (P-14). */
const OLD = 5 * 60_000

/** A page: somebody is to take it. */
export function pageText(it: Spoken, more: PageMore, moment: Moment): Text {
  const { now } = moment
  const since = clock(it.since, moment)
  const next = more.next && more.next.people.length > 0 ? more.next : undefined
  const old = now - more.raisedAt > OLD
  const long = [
    `${begun(sentence(it.says))} since ${since} ${zoneOf(it.since, moment)}.`,
    leaning(it.under),
    more.why === undefined ? '' : `${person(sentence(more.why))}.`,
    more.knownAt === undefined ? '' : `Holdfast is stuck: this is what it knew at ${clock(more.knownAt, moment)}; whether it still holds is not known.`,
    next ? `${joined(next.people)} ${next.people.length > 1 ? 'are' : 'is'} paged at ${clock(next.at, moment)}.` : '',
    old ? `Raised at ${clock(more.raisedAt, moment)}, ${sayTime((now - more.raisedAt) as Span)} ago.` : '',
  ]
  const short = [
    `Holdfast ${numbered(it.number)}${it.title}`, ` since ${since}`, ` (${sentence(it.says)})`, '.',
    old ? ` Raised ${clock(more.raisedAt, moment)}.` : '', next ? ` Next ${joined(next.people)} ${clock(next.at, moment)}.` : '',
  ]
  return text(it.title, short, long)
}

/** To those who were rung before: somebody has it. */
export const acknowledgedText = (it: Spoken, by: string): Text =>
  text(hasIt(by, it.name), [`Holdfast: ${hasIt(by, it.name)}`, ref(it), '. Nobody else is paged.'], [`${hasIt(by, it.name)}${ref(it)}.`, 'Nobody else is paged.'])

export interface Held {
  readonly takenAt: Instant
  readonly lapsesAt: Instant
  readonly next?: readonly string[]
}

/** To whoever has it, before the acknowledgement lapses. */
export function reminderText(it: Spoken, held: Held, { now }: Moment): Text {
  const ago = `You took it ${sayTime(Math.max(0, now - held.takenAt) as Span)} ago.`
  const inFor = sayTime(Math.max(0, held.lapsesAt - now) as Span)
  const otherwise = `Otherwise ${held.next && held.next.length > 0 ? joined(held.next) : 'it rings again'} in ${inFor}.`
  return text(`Still on ${it.name}?`, [`Still on ${it.name}?`, ` ${ago}`, ' Take it again to keep it.', ` ${otherwise}`], [`Still on ${it.name}${ref(it)}?`, ago, 'Take it again to keep it.', otherwise])
}

/** To whoever had it: the acknowledgement lapsed. */
export const lapsedText = (it: Spoken, by: string | undefined): Text => {
  const says = `${by === undefined ? 'The acknowledgement' : `${possessive(person(by))} acknowledgement`} of ${it.name}${ref(it)} lapsed.`
  return text(`${it.name} rings again`, [says, ' It rings again.'], [says, 'It rings again until somebody takes it.'])
}

/** Once, to everybody who was rung. */
export const recoveredText = (it: Spoken, { now }: Moment): Text => {
  const says = `${it.name} is back after ${sayTime(Math.max(0, now - it.since) as Span)}.`
  return text(`${it.name} is back`, [says, ` Incident ${it.number} is closed.`], [says, `Incident ${it.number} is closed.`])
}

/** Something without a machine that could see it come back: a person ended it. */
export const resolvedText = (it: Spoken): Text =>
  text(`${it.name} is resolved`, [`${it.name}${ref(it)} is resolved.`], [`${it.name}${ref(it)} is resolved.`, 'Nobody is paged for it any more.'])

/** It is somebody else's now. */
export const reassignedText = (it: Spoken, by: string | undefined): Text => {
  const says = by === undefined ? `${it.name}${ref(it)} was handed over.` : `${person(by)} handed ${it.name}${ref(it)} over.`
  return text(`${it.name} is handed over`, [says], [`${it.title}: ${sentence(it.says)}.`, says])
}

/** Many at once: an exact count, and the first of them. `others` counts what else it tells (recoveries, who has it). */
export function digestText(incidents: readonly Spoken[], count: number, others: number, moment: Moment): Text {
  const title = count > 0 ? `${count} ${count === 1 ? 'page' : 'pages'} at once` : `${others} ${others === 1 ? 'notice' : 'notices'} at once`
  const names = [...new Set(incidents.map((it) => it.name))]
  const beyond = Math.max(0, count + others - incidents.length)
  const lines = incidents.slice(0, 10).map((it) => `${numbered(it.number)}${it.title} since ${clock(it.since, moment)}: ${sentence(it.says)}.`)
  const more = Math.max(0, incidents.length - lines.length) + beyond
  const also = count > 0 && others > 0 ? `, and ${others} ${others === 1 ? 'notice' : 'notices'}` : ''
  const short = [`Holdfast: ${title}${also}`, `: ${few(names, 3, more > 0 ? `${count + others - Math.min(3, names.length)} more` : undefined)}`, '.']
  return text(title, short, [`${title}${also}.`, ...lines, more > 0 ? `And ${more} more.` : ''], '\n')
}

/** A test page: whoever reads it confirms it by the link. */
export const testText = (to: string, channel: string): Text =>
  text('Test page', [`Holdfast: test page for ${person(to)} by ${channel}. Open the link to confirm that it reached you.`], [`This is a test page for ${person(to)} by ${channel}.`, 'Confirm it, so that Holdfast knows that pages reach you here.', 'Nothing is wrong.'])

/** The keeper is silent; the ringer goes on alone. */
/** `led`: planned work that goes on. */
export function stuckText(open: readonly Spoken[], silentFor: Span, led: readonly string[] = []): Text {
  const silent = `No sign of life from its keeper for ${sayTime(silentFor)}.`
  // What people are about to touch comes first: the short form is cut at its end.
  const what = [led.length === 0 ? '' : `under way: ${few(led, 2)}`, open.length === 0 ? '' : `open: ${few(open.map((it) => `${it.name}${ref(it)}`), 5)}`].filter((part) => part !== '').join('; ') || 'nothing was open'
  const then = open.length === 0 ? 'Nothing is judged until it is back. See to the machine.' : 'It goes on paging for these from memory; nothing new is judged until it is back.'
  const work = led.length === 0 ? [] : [`Planned work is under way: ${few(led, 3)}. No step of it begins, and no surprise halts it, until the keeper is back; what has begun goes on to its end. Look yourselves, both of you, and pull nothing.`]
  return text('Holdfast is stuck', [`Holdfast is stuck; ${what}`, '.', ` ${silent}`], [`Holdfast is stuck; ${what}.`, silent, ...work, then])
}

/** The database could not be read: the node goes on with a new memory. */
export const damagedText = (kept: string): Text =>
  text('My memory is damaged', ['Holdfast: my memory is damaged. I go on with a new one; incidents that were open go on.'], [
    'My memory is damaged: the database could not be read.', 'I go on with a new one; incidents that were open go on, earlier history is not in it.', `The old file is kept: ${kept}.`,
  ])

/** No anchor answers: what is far away is not accused. */
export const isolatedText = (since: Instant, moment: Moment): Text =>
  text('This node is cut off', [`Holdfast is cut off since ${clock(since, moment)}: no anchor answers.`], [
    `No anchor answers since ${clock(since, moment)} ${zoneOf(since, moment)}.`, 'Nothing far away is accused while that lasts; what is near is watched as ever.',
  ])

/** Something that Holdfast has to say about itself, in the words of whoever found it. */
export const noticeText = (title: string, says: string): Text => text(title, [`Holdfast: ${sentence(title)}. `, sentence(says), '.'], [`${sentence(says)}.`])

/** Local time of the site: `02:14`, with the day where that is not today. */
export function clock(at: Instant, { now, timezone }: Moment): string {
  const format = formats(timezone)
  const time = format.time.format(at)
  return format.day.format(at) === format.day.format(now) ? time : `${format.weekday.format(at)} ${time}`
}

/** What people call the zone at that moment: `CET`, `GMT+1`. */
export const zoneOf = (at: Instant, { timezone }: Moment): string =>
  formats(timezone).zone.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? timezone

/** A name as it stands at the head of a sentence: `ada` is Ada; what no person did was another system's integration. */
export function person(name: string): string {
  const integration = integrationOf(name)
  return integration === undefined ? name.slice(0, 1).toUpperCase() + name.slice(1) : `The integration ${integration}`
}

/** Who has it, as a sentence without its end: "Ada has it", "The integration main acknowledged it". */
export const hasIt = (by: string, what = 'it'): string => `${person(by)} ${integrationOf(by) === undefined ? 'has' : 'acknowledged'} ${what}`

/** The same with the moment: "Ada has it since 02:14", "The integration main acknowledged it at 02:14". */
export const hasItSince = (by: string, moment: string): string => `${hasIt(by)} ${integrationOf(by) === undefined ? 'since' : 'at'} ${moment}`

/** "Ada", "Ada and Bo", "Ada, Bo and Cy". */
export function joined(people: readonly string[]): string {
  const names = people.map(person)
  return names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** Only characters of the GSM alphabet, at most `most` of them (those of its extension count two). */
export function plain(raw: string, most: number): string {
  let out = ''
  let length = 0
  for (const letter of flat(raw)) {
    for (const piece of gsm(letter)) {
      const cost = EXTENDED.includes(piece) ? 2 : 1
      if (length + cost > most) return out
      out += piece
      length += cost
    }
  }
  return out
}

const BASIC = '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENDED = '^{}\\[~]|€'
const TWINS: Record<string, string> = { '“': '"', '”': '"', '„': '"', '‘': "'", '’': "'", '–': '-', '—': '-', '…': '...', '×': 'x', '`': "'" }

function gsm(letter: string): string {
  if (BASIC.includes(letter) || EXTENDED.includes(letter)) return letter
  const twin = TWINS[letter] ?? letter.normalize('NFKD').replace(/\p{M}/gu, '')
  return [...twin].every((piece) => BASIC.includes(piece)) ? twin : '?'
}

/** One line without control, invisible or direction-turning characters. */
const flat = (raw: string): string => raw.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cf}\p{Cs}\p{Co}]/gu, '').replace(/ {2,}/g, ' ').trim()

const cut = (raw: string, most: number): string => {
  const letters = [...raw]
  return letters.length <= most ? raw : `${letters.slice(0, most - 1).join('').trimEnd()}…`
}

const sentence = (raw: string): string => flat(raw).replace(/[.!\s]+$/, '')
const numbered = (number: number): string => (number > 0 ? `${number}: ` : '')
const ref = (it: Spoken): string => (it.number > 0 ? ` (${it.number})` : '')
const possessive = (name: string): string => `${name}'s`

const few = (names: readonly string[], most: number, rest = names.length > most ? `${names.length - most} more` : undefined): string =>
  rest === undefined ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${rest}`

/** Names stay as they are written, also at the head of a sentence; words of ours do not. */
const leaning = (under: readonly string[]): string => (under.length === 0 ? '' : `${under[0]?.startsWith('the ') === true ? begun(few(under, 3)) : few(under, 3)} ${under.length === 1 ? 'depends' : 'depend'} on it.`)

/** The short form drops its middle parts before its end is cut: what, since and next matter more than the finding. */
function text(title: string, short: readonly string[], long: readonly string[], between = ' '): Text {
  const parts = [...short]
  const room = LONGEST_SHORT - plain(parts.join(''), 10 * LONGEST_SHORT).length
  const finding = parts.findIndex((part) => part.startsWith(' (') && part.endsWith(')'))
  if (room < 0 && finding >= 0) {
    const whole = parts[finding] as string
    const left = whole.length + room - 4
    parts[finding] = left < 12 ? '' : `${whole.slice(0, left)}...)`
  }
  const lines = long.map(flat).filter((part) => part !== '')
  return { title: cut(flat(title), LONGEST_TITLE), short: plain(parts.join(''), LONGEST_SHORT), long: cut(lines.join(between), LONGEST_LONG) }
}

interface Formats {
  readonly time: Intl.DateTimeFormat
  readonly day: Intl.DateTimeFormat
  readonly weekday: Intl.DateTimeFormat
  readonly zone: Intl.DateTimeFormat
}

const made = new Map<string, Formats>()

/** Making a format costs more than using it; a site has one zone, so few are kept. */
function formats(timezone: string): Formats {
  const has = made.get(timezone)
  if (has) return has
  if (made.size > 20) made.clear()
  const fresh = {
    time: new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    day: new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' }),
    weekday: new Intl.DateTimeFormat('en-GB', { timeZone: timezone, weekday: 'short', day: 'numeric', month: 'short' }),
    zone: new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeZoneName: 'short' }),
  }
  made.set(timezone, fresh)
  return fresh
}
