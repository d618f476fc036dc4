// What was restored beside what lives, and what was not; and the date in the names under which what is damaged stays.
import type { Checked } from '../../ports/backup/live.ts'
import type { SwapUnit } from '../../rooms/guard/restore/swap.ts'

/** What was restored, and what was not. */
export interface Restored {
  readonly place: string
  readonly placeId: string
  readonly units: readonly SwapUnit[]
  readonly checks: readonly Checked[]
  readonly others: readonly string[]
  /** Something of what was to be restored could not be: it says why. */
  readonly failed: readonly string[]
}

/** `20261121_143005`: part of the name under which what is damaged stays. */
export const stampOf = (at: Date): string => at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')
