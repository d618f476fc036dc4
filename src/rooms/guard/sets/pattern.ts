// What copies are called: a key with places for the time in it. `{date}` is YYYY-MM-DD, `{day}` YYYYMMDD, `{time}` hours and minutes (and seconds,
// with or without colons or dashes), all in UTC; `{any}` stands for anything but a slash. A name that says a time is believed only as far
// as the store's own clock agrees; a pattern without a time is dated by the store. Pure.
import { instantOf, later, minutes, ms, hours, type Instant } from '../../../core/time.ts'

export interface Pattern {
  readonly text: string
  /** Everything that matches begins with this. */
  readonly prefix: string
}

/** What stands at a place, the longest first. */
const FORMS: Readonly<Record<string, readonly RegExp[]>> = {
  date: [/^\d{4}-\d{2}-\d{2}/], day: [/^\d{8}/], any: [],
  time: [/^\d{2}[:-]?\d{2}[:-]?\d{2}Z/, /^\d{2}[:-]?\d{2}[:-]?\d{2}/, /^\d{2}[:-]?\d{2}Z/, /^\d{2}[:-]?\d{2}/],
}

const LONGEST = 500
/** More of them would make a name cost more to read than it is worth. */
const MOST_ANY = 3

/** A pattern, or why the text is none. */
export function readPattern(text: string): Pattern | { readonly says: string } {
  if (text === '' || text.length > LONGEST) return { says: `a name has 1 to ${LONGEST} characters` }
  if (text.startsWith('/')) return { says: 'names in a store do not begin with a slash' }
  if (/[\0\n\r]/.test(text) || text.split('/').some((part) => part === '.' || part === '..')) return { says: 'a name holds no “.” or “..” as a part, and no line break' }
  const places = [...text.matchAll(/\{([^}]*)\}/g)].map((found) => found[1] ?? '')
  const odd = places.find((place) => !Object.hasOwn(FORMS, place))
  if (odd !== undefined) return { says: `“{${odd}}” is no place in a name: {date}, {day}, {time}, {any}` }
  if (/[{}]/.test(text.replaceAll(/\{[^}]*\}/g, ''))) return { says: 'a brace is not closed, or not opened' }
  const twice = ['date', 'day', 'time'].find((place) => places.filter((it) => it === place).length > 1)
  if (twice !== undefined) return { says: `“{${twice}}” stands in it twice` }
  if (places.filter((it) => it === 'any').length > MOST_ANY) return { says: `“{any}” stands in it more than ${MOST_ANY} times` }
  if (places.includes('date') && places.includes('day')) return { says: '“{date}” and “{day}” say the same: write one of them' }
  if (places.includes('time') && !places.includes('date') && !places.includes('day')) return { says: '“{time}” says nothing without “{date}” or “{day}”' }
  return { text, prefix: text.slice(0, text.includes('{') ? text.indexOf('{') : undefined) }
}

interface Found {
  readonly date?: string
  readonly time?: string
}

/** What a place takes at the beginning of a text, the longest first; a name is short, and `{any}` stands in it a few times at most. */
function* takenBy(place: string, text: string): Generator<{ readonly length: number; readonly found: Found }> {
  if (place === 'any') {
    const slash = text.indexOf('/')
    for (let length = slash < 0 ? text.length : slash; length >= 0; length--) yield { length, found: {} }
    return
  }
  for (const form of FORMS[place] ?? []) {
    const said = form.exec(text)?.[0]
    if (said !== undefined) yield { length: said.length, found: place === 'time' ? { time: said } : { date: place === 'date' ? said : `${said.slice(0, 4)}-${said.slice(4, 6)}-${said.slice(6)}` } }
  }
}

/** `parts`: texts and, between them, places. */
function matched(parts: readonly string[], at: number, key: string): Found | undefined {
  const text = parts[at] ?? ''
  if (!key.startsWith(text)) return undefined
  const rest = key.slice(text.length)
  const place = parts[at + 1]
  if (place === undefined) return rest === '' ? {} : undefined
  for (const { length, found } of takenBy(place, rest)) {
    const behind = matched(parts, at + 2, rest.slice(length))
    if (behind) return { ...found, ...behind }
  }
  return undefined
}

export type Dated =
  /** `from`–`to`: what the name says, as exactly as it does. */
  | { readonly is: 'dated'; readonly from: Instant; readonly to: Instant }
  | { readonly is: 'undated' }
  /** The name has the form of a date and is none. */
  | { readonly is: 'impossible' }

const DAY = hours(24)

/** What the name of a copy says about its time; `undefined` when it is no name of this pattern. */
export function dateOf(pattern: Pattern, key: string): Dated | undefined {
  const found = matched(pattern.text.split(/\{(\w+)\}/), 0, key)
  if (!found) return undefined
  const { date: written, time } = found
  if (written === undefined) return { is: 'undated' }
  const from = Date.parse(`${written}T00:00:00Z`)
  // 31 February would be read as the third of March.
  if (Number.isNaN(from) || new Date(from).toISOString().slice(0, 10) !== written) return { is: 'impossible' }
  if (time === undefined) return { is: 'dated', from: instantOf(from), to: later(instantOf(from), ms(DAY - 1)) }
  const [h = 0, m = 0, s] = (time.replaceAll(/[:-]/g, '').match(/\d\d/g) ?? []).map(Number)
  if (h > 23 || m > 59 || (s ?? 0) > 59) return { is: 'impossible' }
  const at = instantOf(from + ((h * 60 + m) * 60 + (s ?? 0)) * 1000)
  return { is: 'dated', from: at, to: s === undefined ? later(at, ms(minutes(1) - 1)) : at }
}
