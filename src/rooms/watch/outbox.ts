// What the prober has seen and the keeper has not. Passes that change nothing are gathered for a moment; anything else goes at
// once. Only a few batches are under way; behind a slow or absent keeper the newest result of each check is kept and the
// others are counted, so memory is bounded by the number of checks. A keeper that comes anew is told the newest result
// of every check: it would otherwise know nothing of a check that is looked at once an hour.
import { ms } from '../../core/time.ts'
import type { Timers } from '../../ports/world.ts'
import type { Looked, ToKeeper } from './protocol.ts'

/** Passes that change nothing wait so long for company. */
const GATHER = ms(250)
/** Batches that the keeper has not answered yet. */
const MOST_UNDER_WAY = 4
/** Results in one message. */
const MOST_IN_BATCH = 2_000

/** What was seen, on its way to the keeper. */
export interface Outbox {
  add(looked: Looked): void
  /** A keeper is there that knows nothing. */
  open(): void
  /** It is gone: what it did not confirm is sent to the next one. */
  lost(): void
  /** Forgets what is known of all other checks. */
  keep(names: ReadonlySet<string>): void
  /** Results that wait. */
  readonly waiting: number
}

/** `ask` resolves when the keeper has taken the batch in, and rejects when the link was lost before. */
export interface OutboxWants {
  readonly timers: Timers
  readonly ask: (batch: Batch) => Promise<unknown>
}

type Batch = ToKeeper & { readonly is: 'looked' }

interface Pile {
  /** The newest result of each check, sent or not. */
  readonly newest: Map<string, Looked>
  /** The newest unsent result of each check, oldest first. */
  readonly unsent: Map<string, Looked>
  dropped: number
}

/** An outbox that keeps everything until it is opened. */
export function createOutbox({ timers, ask }: OutboxWants): Outbox {
  const pile: Pile = { newest: new Map(), unsent: new Map(), dropped: 0 }
  let isOpen = false
  let underWay = 0
  /** Which keeper: answers of a former one count for nothing. */
  let life = 0
  let cancel: (() => void) | undefined

  const flush = (): void => {
    cancel?.()
    cancel = undefined
    while (isOpen && pile.unsent.size > 0 && underWay < MOST_UNDER_WAY) {
      const batch = takeBatch(pile)
      const sentIn = life
      const answered = (): void => {
        if (sentIn === life) underWay -= 1
      }
      underWay += 1
      void ask(batch).finally(answered).then(flush, () => putBack(pile, batch))
    }
  }
  return {
    add(looked) {
      const before = pile.newest.get(looked.check)
      put(pile, looked)
      if (looked.found.is !== 'pass' || before?.found.is !== 'pass') flush()
      else cancel ??= timers.after(GATHER, flush)
    },
    open() {
      isOpen = true
      for (const [name, looked] of pile.newest) if (!pile.unsent.has(name)) pile.unsent.set(name, looked)
      flush()
    },
    lost() {
      isOpen = false
      life += 1
      underWay = 0
    },
    keep(names) {
      for (const name of pile.newest.keys()) {
        if (names.has(name)) continue
        pile.newest.delete(name)
        pile.unsent.delete(name)
      }
    },
    get waiting() {
      return pile.unsent.size
    },
  }
}

function put(pile: Pile, looked: Looked): void {
  pile.newest.set(looked.check, looked)
  if (pile.unsent.delete(looked.check)) pile.dropped += 1
  pile.unsent.set(looked.check, looked)
}

function takeBatch(pile: Pile): Batch {
  const results: Looked[] = []
  for (const [name, looked] of pile.unsent) {
    if (results.length === MOST_IN_BATCH) break
    results.push(looked)
    pile.unsent.delete(name)
  }
  const { dropped } = pile
  pile.dropped = 0
  return { is: 'looked', results, dropped }
}

/** The link was lost under a batch: what is still the newest goes to the next keeper, the rest is counted. */
function putBack(pile: Pile, { results, dropped }: Batch): void {
  pile.dropped += dropped
  for (const looked of results) {
    const last = pile.newest.get(looked.check)
    if (last === looked) pile.unsent.set(looked.check, looked)
    else if (last) pile.dropped += 1
  }
}
