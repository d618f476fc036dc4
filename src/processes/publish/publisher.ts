// When which board is written where. What people would notice is written at once, though never twice within a second; the rest
// once a minute, so that "as of" stays young; also when nothing comes any more, so that the files turn to "not known" by
// themselves (T-1). Targets are apart: one that fails or hangs is tried again with growing pauses, and delays no other.
// Nothing here touches a disk.
import { later, ms, type Instant, type Now, type Tick } from '../../core/time.ts'
import type { Board } from '../../rooms/tell/board.ts'

export interface Published {
  readonly is: 'published'
  readonly slug: string
  readonly target: string
  readonly outcome: 'done' | 'failed'
  readonly says: string
}

export interface PublisherPorts {
  now(): Now
  render(board: Board, now: Instant): ReadonlyMap<string, string>
  /** Writes it; settles within a bound, whatever the disk does, and never rejects. */
  copy(target: string, version: string, files: ReadonlyMap<string, string>): Promise<{ readonly outcome: 'done' | 'failed'; readonly says: string }>
  tell(published: Published): void
}

export interface BoardPlace {
  readonly slug: string
  /** Absolute folders, with or without `dir:` before them. */
  readonly publish: readonly string[]
}

export interface Publisher {
  /** The boards of the configuration; replaces what was. */
  configure(places: readonly BoardPlace[]): void
  take(slug: string, board: Board): void
  /** Call it a few times a second. */
  tick(): void
}

const LEAST_PAUSE = 1000
/** Below a minute by as much as a write may take. */
const REFRESH = 50_000
const FIRST_RETRY = 5000
const LAST_RETRY = 60_000
const MOST_BOARDS = 200

interface Held {
  readonly board: Board
  readonly gist: string
  readonly heardAt: Tick
}

/** The age of a board goes by whichever clock says more: one that was set back makes it no younger (T-1, X-7). */
function nowFor({ board, heardAt }: Held, { wall, tick }: Now): Instant {
  const lived = later(board.asOf, ms(Math.max(0, tick - heardAt)))
  return wall < board.asOf || wall > lived ? wall : lived
}

interface Target {
  readonly slug: string
  readonly folder: string
  busy: boolean
  /** When the last write began; `undefined` before the first. */
  began: Tick | undefined
  /** What was written, as far as people would notice. */
  written: string | undefined
  failures: number
}

export function createPublisher(ports: PublisherPorts): Publisher {
  const boards = new Map<string, Held>()
  let targets = new Map<string, Target>()
  let versions = 0

  const isDue = (target: Target, gist: string, tick: Tick): boolean => {
    if (target.busy) return false
    if (target.began === undefined) return true
    const since = tick - target.began
    if (target.failures > 0) return since >= Math.min(LAST_RETRY, FIRST_RETRY * 2 ** Math.min(10, target.failures - 1))
    return since >= (gist === target.written ? REFRESH : LEAST_PAUSE)
  }

  const write = (target: Target, held: Held, now: Now): void => {
    const { board, gist } = held
    const { wall, tick } = now
    target.busy = true
    target.began = tick
    const version = `v-${Math.max(0, Math.floor(wall)).toString(36)}-${process.pid.toString(36)}-${(versions++).toString(36)}`
    void ports.copy(target.folder, version, ports.render(board, nowFor(held, now))).then(({ outcome, says }) => {
      target.busy = false
      target.failures = outcome === 'done' ? 0 : target.failures + 1
      if (outcome === 'done') target.written = gist
      // A target that was taken out of the configuration meanwhile is nobody's any more.
      if (targets.get(keyOf(target)) === target) ports.tell({ is: 'published', slug: target.slug, target: target.folder, outcome, says })
    })
  }

  return {
    configure(places) {
      const next = new Map<string, Target>()
      for (const { slug, publish } of places) {
        for (const place of publish) {
          const fresh: Target = { slug, folder: place.replace(/^dir:/, ''), busy: false, began: undefined, written: undefined, failures: 0 }
          next.set(keyOf(fresh), targets.get(keyOf(fresh)) ?? fresh)
        }
      }
      targets = next
    },
    take(slug, board) {
      // One that is not configured yet may be by the next message: which of the two comes first is nobody's promise.
      if (boards.has(slug) || boards.size < MOST_BOARDS) boards.set(slug, { board, gist: gistOf(board), heardAt: ports.now().tick })
    },
    tick() {
      const now = ports.now()
      for (const target of targets.values()) {
        const it = boards.get(target.slug)
        if (it && isDue(target, it.gist, now.tick)) write(target, it, now)
      }
    },
  }
}

const keyOf = ({ slug, folder }: Pick<Target, 'slug' | 'folder'>): string => JSON.stringify([slug, folder])

/** What people would notice at once; the running minutes of a day can wait for the next refresh. */
const gistOf = (board: Board): string =>
  JSON.stringify([board.name, board.url, board.timezone, board.components.map(({ id, name, status, unknown }) => [id, name, status, unknown]), board.statements, board.maintenances])
