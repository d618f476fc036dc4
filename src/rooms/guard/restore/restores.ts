// Restores on their way into the ledger: the intent before anything is written anywhere, the agreement that two people are asked for, its use right before
// the swap, and what came of it. The work itself is done by whoever restores, with credentials of their own; here it is permitted and recorded.
import type { Entry } from '../../../core/ledger.ts'
import type { Tx } from '../../../db/room.ts'
import { loadRestore, restoreStream, type RestoreRow, type RestoreVerdict, type RestoringBody } from './rows.ts'

/** How long each phase took, as it is kept. */
export interface RestorePhase {
  readonly name: string
  readonly ms: number
}

export interface RestoreEnd {
  readonly verdict: RestoreVerdict
  readonly says: string
  readonly phases: readonly RestorePhase[]
  /** Names of what was put in place. */
  readonly swapped: readonly string[]
  readonly sha256: string
}

export interface Restores {
  /** The intent: nothing is fetched before this is durable. */
  begin(tx: Tx, it: Omit<RestoringBody, 'at'>): void
  /** People are asked to agree to what has this hash. */
  asked(tx: Tx, id: string, it: { readonly hash: string; readonly agreement: string }): void
  /** What they agreed on is begun, once: `false` where it was begun before, or has ended. */
  swapping(tx: Tx, id: string, it: { readonly hash: string; readonly agreement: string }): boolean
  /** `false` where that was known already. */
  ended(tx: Tx, id: string, it: RestoreEnd): boolean
}

export const restores: Restores = {
  begin: (tx, it) => void tx.append({ is: 'guard.restoring', stream: restoreStream(it.id as string), follows: 0, body: { ...it, at: tx.now.wall } }),
  asked(tx, id, { hash, agreement }) {
    next(tx, known(tx, id), 'guard.swapAsked', { hash, agreement })
  },
  swapping(tx, id, { hash, agreement }) {
    const row = known(tx, id)
    if (row.swappingAt !== null || row.endedAt !== null) return false
    next(tx, row, 'guard.swapping', { hash, agreement })
    return true
  },
  ended(tx, id, { verdict, says, phases, swapped, sha256 }) {
    const row = known(tx, id)
    if (row.endedAt !== null) return false
    next(tx, row, 'guard.restored', { set: row.set, verdict, says: says.slice(0, 500), phases: phases.slice(0, 20), swapped: swapped.slice(0, 100), of: swapped.length, sha256 })
    return true
  },
}

function known(tx: Tx, id: string): RestoreRow {
  const row = loadRestore(tx.sql, id)
  if (!row) throw new Error('this restore was never begun')
  return row
}

const next = (tx: Tx, { id, version }: RestoreRow, is: string, body: Readonly<Record<string, unknown>>): void =>
  void tx.append({ is, stream: restoreStream(id), follows: version, body: { id, ...body, at: tx.now.wall } })

/** What an entry of a restore says, in a sentence, for the audit. */
export function sayRestore({ is, body }: Entry): string {
  const b = body as { readonly id: string; readonly set?: string; readonly key?: string; readonly to?: string; readonly by?: string; readonly as_superuser?: true; readonly agreement?: string; readonly verdict?: string; readonly says?: string; readonly of?: number }
  switch (is) {
    case 'guard.restoring': return `${b.by} restores ${b.key} of ${b.set} to ${b.to}${b.as_superuser ? ' with the rights of a superuser, as they said' : ''} (${b.id})`
    case 'guard.swapAsked': return `people were asked to let ${b.id} replace what is damaged (${b.agreement})`
    case 'guard.swapping': return `${b.id} begins to replace what is damaged (${b.agreement})`
    default: return `${b.id} ended: ${b.verdict}${b.of === undefined || b.of === 0 ? '' : `, ${b.of} put in place`}${b.says === '' ? '' : `; ${b.says}`}`
  }
}
