// Text that somebody wrote, on its way into a page, a feed or a mail. `html` escapes every value that is not markup already,
// so the only way to active content is to write it in a template of ours (T-4). `line` and `lines` take out what text uses to
// pretend: control characters, direction overrides, invisible letters, half surrogates, towers of accents; and they bound it.

/** Markup that may stand in a page as it is. */
export interface Markup {
  readonly markup: string
}

export type Piece = Markup | string | number | false | undefined | readonly Markup[]

/** A template whose values are escaped, for element content and quoted attributes alike. `false` and `undefined` leave nothing. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let markup = strings[0] ?? ''
  for (const [i, piece] of pieces.entries()) markup += shown(piece) + (strings[i + 1] ?? '')
  return { markup }
}

/** Pieces one after another. */
export const join = (pieces: readonly Markup[], between = ''): Markup => ({ markup: pieces.map((p) => p.markup).join(between) })

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Escapes for HTML and XML, in content and in quoted attributes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? '')

/** As a sentence begins. */
export const begun = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Begun as a sentence is, and ended as one. */
export const sentence = (says: string): string => `${begun(says)}${/[.!?]$/.test(says) ? '' : '.'}`

/** One line of at most `most` characters; what was longer ends in "…". */
export const line = (text: string, most: number): string => clipped(tidied(text, most).replace(/\s+/g, ' ').trim(), most)

/** Several lines, their breaks kept (never more than one empty one), of at most `most` characters. */
export const lines = (text: string, most: number): string =>
  clipped(tidied(text, most).replace(/[^\S\n]+/g, ' ').replace(/ ?\n ?/g, '\n').replace(/\n{3,}/g, '\n\n').trim(), most)

/** A name within a sentence of ours: one of a script that runs from right to left is isolated, so that it cannot turn the rest. */
export const isolated = (name: string): string => (/[\u0590-\u08ff\ufb1d-\ufdfc\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(name) ? `\u2068${name}\u2069` : name)

/** The address when it is http or https; otherwise nothing: an address of another kind may be a script. */
export function webAddress(url: string): string {
  const parsed = URL.parse(url)
  return parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:') && parsed.username === '' ? parsed.href : ''
}

function shown(piece: Piece): string {
  if (piece === undefined || piece === false) return ''
  if (typeof piece === 'string') return escaped(piece)
  if (typeof piece === 'number') return String(piece)
  return 'markup' in piece ? piece.markup : join(piece).markup
}

// Controls except tab and line feed; soft hyphen; Arabic letter mark; zero-width space, marks and overrides of direction;
// invisible operators and isolates; the byte order mark; annotations; noncharacters; tags. Joiners stay: scripts need them.
// oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these are what is taken out
const PRETENDERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffc\ufffe\uffff\u{e0000}-\u{e007f}]/gu

function tidied(text: string, most: number): string {
  // Only so much is looked at: a title of a megabyte costs no more than a long one.
  return text.slice(0, most * 4 + 64).toWellFormed().replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(PRETENDERS, '').replace(/(\p{M}{4})\p{M}+/gu, '$1')
}

function clipped(text: string, most: number): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most - 1)
  // A pair that was cut in its middle would leave half a letter.
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
