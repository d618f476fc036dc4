// What the keeper pushes to those who answer from memory: boards, the doors that stand open (heartbeats, integrations), tokens,
// health. "As of" stays young while nothing happens, and a change is shown within a second. What cannot be drawn is said and
// left out: neither a board nor a list of tokens ever stops the keeper, or keeps it from starting (P-17).
import { sentence } from '../core/fault.ts'
import type { Now } from '../core/time.ts'
import type { Store } from '../db/store.ts'
import { viewBoard } from '../rooms/tell/view.ts'
import type { ToWeb } from '../views/answers.ts'
import { tokensForWeb } from './access.ts'
import type { InForce } from './in-force.ts'

/** A board that did not change is pushed again this often. */
const YOUNG = 10_000

export interface Pushes {
  /** To somebody who just connected, and after a new configuration. */
  all(): void
  /** Which tokens there are changed. */
  tokens(): void
  /** Something public changed. */
  boardsChanged(): void
  tick(health: { readonly ok: boolean; readonly says: string }): void
}

export interface PushesOptions {
  readonly now: () => Now
  readonly store: () => Store
  readonly config: () => InForce
  readonly toWeb: (message: ToWeb) => void
  readonly toWorkers: (message: ToWeb) => void
  readonly boardsWanted: () => boolean
  /** A line for whoever runs Holdfast. */
  readonly say: (line: string) => void
}

export function createPushes(options: PushesOptions): Pushes {
  const { now, store, config, toWeb } = options
  let due = true
  let pushedAt = 0
  const undrawn = new Set<string>()
  const attempt = (what: string, act: () => void): void => {
    try {
      act()
      undrawn.delete(what)
    } catch (cause) {
      if (!undrawn.has(what)) options.say(`${what} cannot be drawn: ${sentence(cause)}. Pages go out all the same; look at "holdfast ledger verify".`)
      undrawn.add(what)
    }
  }
  const boards = (): void => {
    if (!options.boardsWanted()) return
    due = false
    pushedAt = now().tick
    toWeb({ is: 'boards', slugs: config().boards.map((board) => board.slug) })
    config().boards.forEach((board, i) => attempt(`The board ${board.slug}`, () => {
      const message: ToWeb = { is: 'board', slug: board.slug, first: i === 0, board: viewBoard(store().sql, board, config().site, now().wall) }
      toWeb(message)
      options.toWorkers(message)
    }))
  }
  const tokens = (): void => attempt('The list of tokens', () => toWeb({ is: 'tokens', tokens: tokensForWeb(store().sql) }))
  return {
    tokens,
    all() {
      toWeb({
        is: 'doors', heartbeats: config().checks.filter((check) => check.kind === 'heartbeat').map((check) => check.name),
        integrations: config().ingest.map(({ via, name, key }) => ({ via, name, key })),
      })
      tokens()
      boards()
    },
    boardsChanged: () => void (due = true),
    tick(health) {
      if (due || now().tick - pushedAt >= YOUNG) boards()
      toWeb({ is: 'health', ...health, at: now().wall })
    },
  }
}
