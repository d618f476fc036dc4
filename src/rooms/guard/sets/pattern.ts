// What copies are called: a key with places for the time in it. `{date}` is YYYY-MM-DD, `{day}` YYYYMMDD, `{time}` hours and minutes (and seconds,
// with or without colons or dashes), all in UTC; `{any}` stands for anything but a slash. A name that says a time is believed only as far
// as the store's own clock agrees; a pattern without a time is dated by the store. Pure.
import { instantOf, later, minutes, ms, hours, type Instant } from '../../../core/time.ts'

export interface Pattern {
  readonly text: string
  /** Everything that matches begins with this. */
  readonly prefix: string
}

const PLACES: Readonly<Record<string, string>> = {
  date: '(?<date>\\d{4}-\\d{2}-\\d{2})', day: '(?<day>\\d{8})', time: '(?<time>\\d{2}[:-]?\\d{2}(?:[:-]?\\d{2})?)Z?', any: '[^/]*',
}

const LONGEST = 500

/** A pattern, or why the text is none. */
export function readPattern(text: string): Pattern | { readonly says: string } {
  if (text === '' || text.length > LONGEST) return { says: `a name has 1 to ${LONGEST} characters` }
  if (text.startsWith('/')) return { says: 'names in a store do not begin with a slash' }
  if (/[\0\n\r]/.test(text) || text.split('/').some((part) => part === '.' || part === '..')) return { says: 'a name holds no “.” or “..” as a part, and no line break' }
  const places = [...text.matchAll(/\{([^}]*)\}/g)].map((found) => found[1] ?? '')
  const odd = places.find((place) => !Object.hasOwn(PLACES, place))
  if (odd !== undefined) return { says: `“{${odd}}” is no place in a name: {date}, {day}, {time}, {any}` }
  if (/[{}]/.test(text.replaceAll(/\{[^}]*\}/g, ''))) return { says: 'a brace is not closed, or not opened' }
  const twice = ['date', 'day', 'time'].find((place) => places.filter((it) => it === place).length > 1)
  if (twice !== undefined) return { says: `“{${twice}}” stands in it twice` }
  if (places.includes('date') && places.includes('day')) return { says: '“{date}” and “{day}” say the same: write one of them' }
  if (places.includes('time') && !places.includes('date') && !places.includes('day')) return { says: '“{time}” says nothing without “{date}” or “{day}”' }
  return { text, prefix: text.slice(0, text.includes('{') ? text.indexOf('{') : undefined) }
}

const built = new Map<string, RegExp>()

function matcher({ text }: Pattern): RegExp {
  const known = built.get(text)
  if (known) return known
  const parts = text.split(/\{(\w+)\}/)
  const source = parts.map((part, i) => (i % 2 === 1 ? (PLACES[part] ?? '') : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))).join('')
  const made = new RegExp(`^${source}$`)
  if (built.size > 1000) built.clear()
  built.set(text, made)
  return made
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
  const found = matcher(pattern).exec(key)
  if (!found) return undefined
  const { date, day, time } = found.groups ?? {}
  const written = date ?? (day === undefined ? undefined : `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`)
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
