// Rolling runs as facts: begun, and moved on by one event at a time. What they have for themselves nobody else gets, between two of their hosts too.
import type { Room, Tx } from '../../../db/room.ts'
import { loadGoing } from '../runs/rows.ts'
import { applyRolled, loadGoingRollings, loadRolling, toldOf, type RollingPlan, type RollingRow, type RollingTold } from './record.ts'
import { plannedRolling, stepRolling, type Rolling, type RollingEvent } from './rolling.ts'

export interface Rollings {
  /** A sentence where another run has what it needs. */
  begin(tx: Tx, plan: RollingPlan, it: Pick<Rolling, 'batches' | 'maxFailures'>): RollingRow | string
  /** Takes an event in; a sentence where it cannot follow, and then nothing changed. */
  take(tx: Tx, id: string, event: RollingEvent, by?: string): RollingRow | string
}

/** Whether two want one thing for themselves. */
export const isOneThing = (a: { readonly claims: readonly string[] }, b: { readonly claims: readonly string[] }): boolean => a.claims.some((claim) => b.claims.includes(claim))

export const rollings: Rollings = {
  begin(tx, plan, { batches, maxFailures }) {
    const other = [...loadGoing(tx.sql), ...loadGoingRollings(tx.sql)].find((it) => isOneThing(it.plan, plan))
    if (other) return `${other.plan.id} is under way there`
    const row: RollingRow = { plan, rolling: plannedRolling(batches, maxFailures, tx.now), version: 0 }
    return rolled(tx, row, row.rolling, [{ event: 'planned', host: null, run: null, by: plan.by }])
  },
  take(tx, id, event, by) {
    const row = loadRolling(tx.sql, id)
    if (!row) return 'there is no such rolling run'
    const { rolling, wrong } = stepRolling(row.rolling, event, tx.now)
    if (wrong !== undefined) return wrong
    return rolling === row.rolling ? row : rolled(tx, row, rolling, toldOf(row.rolling, event, rolling, by))
  },
}

function rolled(tx: Tx, { plan, version }: RollingRow, rolling: Rolling, told: readonly RollingTold[]): RollingRow {
  tx.append({ is: 'change.rolled', stream: `rolling:${plan.id}`, follows: version, body: { id: plan.id, ...(version === 0 ? { plan } : {}), stands: rolling, told, at: tx.now.wall } })
  return { plan, rolling, version: version + 1 }
}

export const applyRollings: Room['apply'] = { 'change.rolled': applyRolled }
