// The keeper's line to the hand: what it asks is answered by the desk of the guard room. Each connection is a holder of its own, so that two hands
// are never taken for one. Whether a hand is wanted is said with some patience: a plan is many handfuls, and a start costs more than a wait.
import { ageOf, seconds, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { createDesk, type Desk, type DeskPorts } from '../../rooms/guard/acts/desk.ts'
import type { Acts } from '../../rooms/guard/acts/index.ts'
import type { FromHand, ToHand } from '../../rooms/guard/acts/protocol.ts'

export interface HandLine extends Pick<Desk, 'probe' | 'probed'> {
  /** `link`: whose message it is; the same object for all of one connection. */
  hear(message: FromHand, link: object): Promise<ToHand>
  /** Whether the process should be there. */
  wanted(): boolean
}

interface HandLineWants {
  readonly now: () => Now
  readonly lived: () => Span
  readonly sql: () => Sql
  readonly acts: () => Acts
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  readonly storeOf: DeskPorts['storeOf']
  readonly recheck: DeskPorts['recheck']
}

/** So long it stays when there is nothing more to do. */
const LINGERS: Span = seconds(30)

export function createHandLine(wants: HandLineWants): HandLine {
  let desk: Desk | undefined
  const holders = new WeakMap<object, string>()
  let count = 0
  let busy: Now | undefined
  // Made when it is first needed: the rooms are made after the line.
  const made = (): Desk => (desk ??= createDesk({ ...wants, acts: wants.acts() }))
  const holderOf = (link: object): string => {
    const known = holders.get(link) ?? `hand-${++count}`
    holders.set(link, known)
    return known
  }
  return {
    hear: (message, link) => made().hear(message, holderOf(link)),
    probe: (store, quarantine) => made().probe(store, quarantine),
    probed: (store) => made().probed(store),
    wanted() {
      if (made().wanted()) busy = wants.now()
      const age = busy && ageOf(busy, wants.now())
      return age !== undefined && age < LINGERS
    },
  }
}
