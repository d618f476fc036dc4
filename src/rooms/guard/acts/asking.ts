// The question for single keys right before something is done with them: to the catalogue, and, where something is to be removed for good, to the place of
// the second copies. A hand waits for an answer for a few seconds and no longer; what comes later is kept for when it asks again, and what never comes
// is said. No answer is no leave: nothing that destroys goes on without one.
import { isWithin, minutes, seconds, type Now, type Span } from '../../../core/time.ts'
import { sentence } from '../../../core/fault.ts'
import type { CopyWanted, Rechecked } from '../reconcile/task.ts'
import type { Recheck } from './rulings.ts'

/** A hand gives its question up after ten seconds: the answer that it has nothing to do comes before that. */
export const ANSWER_WITHIN: Span = seconds(7)
/** An answer that nobody came for is worth so long. */
const KEPT: Span = minutes(1)
/** After no answer the same is asked again after this long. */
const AGAIN: Span = seconds(30)

/** What becomes of acts, by their keys in hex; `pending`: it is not known yet, and was asked. */
export type Checked = ReadonlyMap<string, Recheck> | 'pending'

export interface Asking {
  /** `late` ends the wait. */
  ask(reconcile: string, keys: readonly string[], copies: readonly CopyWanted[], late: Promise<void>): Promise<Checked>
}

interface AskingPorts {
  readonly now: () => Now
  /** Rejects where there is no answer. */
  readonly recheck: (reconcile: string, keys: readonly string[], copies: readonly CopyWanted[]) => Promise<Rechecked>
  readonly failed: (reconcile: string, says: string) => Promise<void>
}

interface Asked {
  readonly of: string
  readonly seen: Now
  over: Promise<void>
  found?: ReadonlyMap<string, Recheck>
}

export function createAsking({ now, recheck, failed }: AskingPorts): Asking {
  // One question of each job at a time.
  const asked = new Map<string, Asked>()
  const silent = new Map<string, Now>()
  const within = (at: Now | undefined, span: Span): boolean => isWithin(at, now(), span)
  const begin = (reconcile: string, of: string, keys: readonly string[], copies: readonly CopyWanted[]): Asked => {
    // Counted from before it was asked: what came in while it was on its way is younger than that.
    const it: Asked = { of, seen: now(), over: Promise.resolve() }
    it.over = recheck(reconcile, keys, copies).then(
      ({ rows, copies: there }) => void (it.found = new Map(keys.map((key): [string, Recheck] => [key, { seen: it.seen, row: rows[key] ?? 'unknown', ...(there[key] !== undefined && { copy: there[key] }) }]))),
      async (cause: unknown) => {
        it.found = new Map()
        silent.set(reconcile, now())
        await failed(reconcile, sentence(cause))
      }).catch(() => undefined)
    asked.set(reconcile, it)
    return it
  }
  return {
    async ask(reconcile, keys, copies, late) {
      const of = JSON.stringify([keys, copies])
      const former = asked.get(reconcile)
      const isMine = former?.of === of && within(former.seen, KEPT)
      if (!isMine && within(silent.get(reconcile), AGAIN)) return new Map()
      const it = isMine && former ? former : begin(reconcile, of, keys, copies)
      await Promise.race([it.over, late])
      if (it.found === undefined) return 'pending'
      if (asked.get(reconcile) === it) asked.delete(reconcile)
      return it.found
    },
  }
}
