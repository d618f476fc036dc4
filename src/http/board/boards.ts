// The boards as bytes. What the keeper pushed is drawn at most once per push and path, and again as its age grows (T-1: an old
// board says so by itself), so that a visitor costs one look-up and one write (T-9). Only what is in the pushed projection can
// ever be in these bytes (T-2), and a board that is not pushed does not exist (T-3).
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { later, ms, type Instant, type Now, type Tick } from '../../core/time.ts'
import type { Board } from '../../rooms/tell/board.ts'
import { QUIET_CSP, SECURITY } from '../problem.ts'

/** How often a board is drawn again for its age alone; five minutes, after which nothing is known, fall on a step. */
const AGE_STEP = 10_000
/** Smaller bodies are not worth compressing. */
const WORTH_GZIP = 1024
/** Headers and body up to 16 KiB leave in one system call without a buffer of their own. */
const SHORT = 15 * 1024

/** One way to write it. `binary` holds the same bytes as letters: what is short goes out with its headers in one write. */
export interface Shape {
  readonly body: Buffer
  readonly binary: string | undefined
  readonly head: readonly string[]
}

/** One representation, ready to be written: raw header lists as `writeHead` takes them. */
export interface Bytes extends Shape {
  readonly etag: string
  readonly gzip: Shape | undefined
  readonly unchanged: readonly string[]
}

/** What is drawn of a board in one go: the paths below the board's own (a query that asks for a variant included), and their types. */
export interface Drawing {
  readonly paths: readonly string[]
  readonly type: (path: string) => string
  /** One text per path. `base` is the board's own address, ending in '/'. */
  readonly draw: (board: Board, now: Instant, base: string) => readonly string[]
}

export interface Boards {
  /** `heardAt`: when a predecessor of this process got it; now, where none did. */
  push(slug: string, first: boolean, board: Board, heardAt?: Tick): void
  /** Boards that are not named any more are gone. */
  keep(slugs: readonly string[]): void
  /** Call it once a second: time passes. */
  turn(now: Moment): void
  /** The bytes for a path; `undefined` when no board stands there. A query counts only where it names a variant. */
  find(path: string): Bytes | undefined
  /** False until something was heard of boards at all, be it that there are none. */
  readonly known: boolean
  /** What was pushed, to be handed to a successor of this process. */
  snapshot(): readonly { readonly slug: string; readonly first: boolean; readonly board: Board; readonly heardAt: Tick }[]
}

const hashOfStyles = (html: string): string =>
  [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, css]) => `'sha256-${createHash('sha256').update(css ?? '').digest('base64')}'`).join(' ')

/** The policy for a page of ours: no script at all, its own style by hash, forms to ourselves. */
export function cspOf(html: string): string {
  const styles = hashOfStyles(html)
  return `default-src 'none'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'${styles ? `; style-src ${styles}` : ''}`
}

function bytesOf(drawn: string, type: string): Bytes {
  const body = Buffer.from(drawn)
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const isPage = type.startsWith('text/html')
  const always = [
    ...Object.entries(SECURITY).flat(), 'Content-Security-Policy', isPage ? cspOf(drawn) : QUIET_CSP, 'Cache-Control', 'no-cache', 'ETag', etag, 'Vary', 'Accept-Encoding',
    ...(isPage ? [] : ['Access-Control-Allow-Origin', '*', 'Cross-Origin-Resource-Policy', 'cross-origin']),
  ]
  const head = [...always, 'Content-Type', type]
  const small = body.length >= WORTH_GZIP ? gzipSync(body) : undefined
  return { etag, unchanged: always, ...shapeOf(body, head), gzip: small && shapeOf(small, [...head, 'Content-Encoding', 'gzip']) }
}

const shapeOf = (body: Buffer, head: readonly string[]): Shape => ({
  body, binary: body.length <= SHORT ? body.toString('latin1') : undefined, head: [...head, 'Content-Length', String(body.length)],
})

/** The paths of one drawing of one board; drawn when somebody asks. */
interface Sheet {
  readonly slug: string
  readonly base: string
  readonly drawing: Drawing
  bytes: readonly Bytes[] | undefined
}

type Moment = Pick<Now, 'wall' | 'tick'>

interface Pushed {
  readonly first: boolean
  readonly board: Board
  readonly heardAt: Tick
  readonly step: number
}

export function boardsOf(drawings: readonly Drawing[], begun: Moment): Boards {
  const boards = new Map<string, Pushed>()
  let places: ReadonlyMap<string, readonly [Sheet, number]> = new Map()
  let now = begun
  let heard = false
  // By whichever clock it is older: one that was set back makes no old board young again (T-1, X-7).
  const nowFor = ({ board, heardAt }: Pick<Pushed, 'board' | 'heardAt'>): Instant => {
    const lived = later(board.asOf, ms(Math.max(0, now.tick - heardAt)))
    return now.wall < board.asOf || now.wall > lived ? now.wall : lived
  }
  const stepOf = (it: Pick<Pushed, 'board' | 'heardAt'>): number => Math.floor((nowFor(it) - it.board.asOf - 1) / AGE_STEP)
  const lay = (): void => {
    const laid = new Map<string, readonly [Sheet, number]>()
    for (const [slug, { first }] of boards) {
      for (const base of first ? ['/', `/s/${slug}/`] : [`/s/${slug}/`]) {
        for (const drawing of drawings) {
          const sheet: Sheet = { slug, base, drawing, bytes: undefined }
          for (const [i, path] of drawing.paths.entries()) {
            laid.set(base + path, [sheet, i])
            if (base !== '/' && (path === '' || path.startsWith('?'))) laid.set(base.slice(0, -1) + path, [sheet, i])
          }
        }
      }
    }
    places = laid
  }
  const forget = (slug: string): void => {
    for (const [sheet] of places.values()) if (sheet.slug === slug) sheet.bytes = undefined
  }
  return {
    get known() {
      return heard
    },
    push(slug, first, board, heardAt = now.tick) {
      heard = true
      const had = boards.get(slug)
      boards.set(slug, { first, board, heardAt, step: stepOf({ board, heardAt }) })
      if (first) for (const [other, it] of boards) if (other !== slug && it.first) boards.set(other, { ...it, first: false })
      if (!had || had.first !== first) lay()
      else forget(slug)
    },
    keep(slugs) {
      heard = true
      const gone = [...boards.keys()].filter((slug) => !slugs.includes(slug))
      for (const slug of gone) boards.delete(slug)
      if (gone.length > 0) lay()
    },
    turn(to) {
      now = to
      for (const [slug, it] of boards) {
        const step = stepOf(it)
        if (step === it.step) continue
        boards.set(slug, { ...it, step })
        forget(slug)
      }
    },
    find(path) {
      const [sheet, i] = places.get(path) ?? []
      if (!sheet || i === undefined) return undefined
      if (!sheet.bytes) {
        const it = boards.get(sheet.slug)
        if (!it) return undefined
        const { paths, type, draw } = sheet.drawing
        sheet.bytes = draw(it.board, nowFor(it), sheet.base).map((drawn, n) => bytesOf(drawn, type(paths[n] ?? '')))
      }
      return sheet.bytes[i]
    },
    snapshot: () => [...boards].map(([slug, { first, board, heardAt }]) => ({ slug, first, board, heardAt })),
  }
}
