// How a restore went: how long each phase took, and what came of it where it ended early.
import { Fault, isOurs, sentence } from '../../core/fault.ts'
import type { RestoreReport } from '../../rooms/guard/restore/report.ts'
import type { RestorePhase } from '../../rooms/guard/restore/restores.ts'

/** Phases by name, timed by a clock that never goes back. */
export function timing(): { readonly phases: RestorePhase[]; timed: <T>(name: string, act: () => Promise<T>) => Promise<T> } {
  const phases: RestorePhase[] = []
  return {
    phases,
    async timed(name, act) {
      const began = performance.now()
      try {
        return await act()
      } finally {
        phases.push({ name, ms: Math.round(performance.now() - began) })
      }
    },
  }
}

export type Outcome = Pick<RestoreReport, 'verdict' | 'says' | 'checks' | 'engine_said' | 'next' | 'held'>

export const outcomeOf = (cause: unknown): Outcome => {
  if (!(cause instanceof Fault) && !isOurs(cause)) throw cause
  return { verdict: cause instanceof Fault && cause.retry === 'never' ? 'failed' : 'unknown', says: sentence(cause), checks: [], engine_said: '' }
}
