// What a command prints. Data goes to stdout, talk to stderr; `--json` replaces the drawing by the answer itself. Texts that came
// from elsewhere lose their control characters, so that a hostile server's banner cannot steer the terminal. State is said
// by shape and word; colour only repeats it.
import type { Instant } from '../core/time.ts'
import { saySpan, zoneOf } from '../words/moment.ts'

export interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  /** Whoever read it has left. */
  readonly isUnread?: () => boolean
}

export type Tone = 'ok' | 'degraded' | 'down' | 'maintenance' | 'unknown' | 'soft' | 'strong' | 'inverse'

/** A state of something watched. */
export type Shape = Exclude<Tone, 'soft' | 'strong' | 'inverse'>

const SHAPES: Readonly<Record<Shape, string>> = { ok: '●', degraded: '▲', down: '✕', maintenance: '■', unknown: '◌' }
const ANSI: Readonly<Record<Tone, string>> = { ok: '32', degraded: '33', down: '31', maintenance: '34', unknown: '2', soft: '2', strong: '1', inverse: '97;40' }

export type Cell = string | readonly [tone: Tone, text: string]

export interface Out {
  readonly json: boolean
  /** One line of data. */
  data(line?: string): void
  /** One line of talk; silent with -q. */
  talk(line: string): void
  /** A complaint: not silent with -q. */
  complain(line: string): void
  /** The answer as JSON, or drawn. */
  answer(body: object, draw: () => void): void
  table(rows: readonly (readonly Cell[])[], heading?: readonly string[]): void
  paint(tone: Tone, text: string): string
  shape(tone: Shape): Cell
  /** A moment in the site's zone, with its day when that is not today. */
  moment(at: Instant | null): string
  /** The same, to the second. */
  exact(at: Instant): string
  ago(at: Instant | null): string
  /** Nobody reads the data any more: who only follows something may stop. */
  isUnread(): boolean
  /** The site's zone, as the server named it. */
  timezone: string
  /** One JSON value a line: for what goes on and is followed. */
  readonly lines: boolean
}

export interface OutOptions {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly json: boolean
  /** With --json: the items of the answer, one per line. */
  readonly lines: boolean
  readonly quiet: boolean
  readonly color: 'auto' | 'always' | 'never'
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => Instant
}

/** One line as a terminal may show it. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
export const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/g, ' ').toWellFormed()

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const NARROW = /^(?:\p{Mn}|\p{Me}|\u200d|\ufe0f)$/u

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const letter of text) width += NARROW.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1
  return width
}

function isPainted({ color, env, stdout }: OutOptions): boolean {
  if (color !== 'auto') return color === 'always'
  return (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && stdout.isTTY === true
}

/** The items of an answer: its one list, or itself. */
function itemsOf(body: object): readonly unknown[] {
  const lists = Object.values(body).filter((value): value is readonly unknown[] => Array.isArray(value))
  return lists.length === 1 && lists[0] ? lists[0] : [body]
}

export function outputFor(options: OutOptions): Out {
  const { stdout, stderr, json, lines, quiet, now } = options
  const painted = isPainted(options)
  const paint = (tone: Tone, text: string): string => (painted ? `\u001b[${ANSI[tone]}m${text}\u001b[0m` : text)
  const out: Out = {
    json, lines, timezone: 'UTC', paint, isUnread: () => stdout.isUnread?.() ?? false,
    data: (line = '') => void stdout.write(`${line}\n`),
    talk: (line) => void (quiet || json || stderr.write(`${line}\n`)),
    complain: (line) => void stderr.write(`${line}\n`),
    answer(body, draw) {
      if (!json) return draw()
      for (const item of lines ? itemsOf(body) : [body]) stdout.write(`${JSON.stringify(item)}\n`)
    },
    table(rows, heading) {
      const all = [...(heading && rows.length > 0 ? [heading.map((it): Cell => ['soft', it])] : []), ...rows]
      const texts = all.map((row) => row.map((cell) => plain(typeof cell === 'string' ? cell : cell[1])))
      const widths = texts.reduce<number[]>((most, row) => row.map((text, i) => Math.max(most[i] ?? 0, widthOf(text))), [])
      for (const [r, row] of all.entries()) {
        const drawn = row.map((cell, i) => {
          const text = texts[r]?.[i] ?? ''
          const pad = ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(text)))
          return (typeof cell === 'string' ? text : paint(cell[0], text)) + pad
        })
        out.data(drawn.join('  ').trimEnd())
      }
    },
    shape: (tone) => [tone, SHAPES[tone]],
    moment: (at) => (at === null ? '' : zoneOf(out.timezone).moment(at, now())),
    exact(at) {
      const zone = zoneOf(out.timezone)
      return zone.date(at) === zone.date(now()) ? zone.exactClock(at) : `${zone.day(at, now())}, ${zone.exactClock(at)}`
    },
    ago: (at) => (at === null ? '' : saySpan(Math.max(0, now() - at))),
  }
  return out
}
