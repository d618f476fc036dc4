// The node's own horizon: anchors are far targets that have nothing in common with each other. When all of them are gone at
// once, it is this node that is cut off, and silence of a far target accuses nobody (W-6). A refusal is an answer, so it
// always counts; targets on this machine never depend on anchors. Without anchors isolation is not judged at all.
import type { Now, Tick } from '../../core/time.ts'
import type { Standing } from './judge.ts'

export type Horizon = 'not-judged' | 'stands' | 'gone' | 'asking'

/** What the anchors say about looks that began at `since`: only looks of theirs that began later count. */
export function horizonSince(anchors: readonly (Standing | undefined)[], since: Tick): Horizon {
  if (anchors.length === 0) return 'not-judged'
  const younger = anchors.map((standing) => standing?.last).map((last) => (last && last.tick >= since ? last.found.is : undefined))
  if (younger.includes('pass')) return 'stands'
  return younger.every((is) => is === 'fail' || is === 'unknown') ? 'gone' : 'asking'
}

/** Cut off for good: every anchor has failed at least twice in a row, or could not even be asked (no way out of this machine). */
export const isIsolated = (anchors: readonly (Standing | undefined)[]): boolean => anchors.length > 0 && anchors.every(isGone)

function isGone(standing: Standing | undefined): boolean {
  if (!standing?.last) return false
  const { fails, unknownSince, last } = standing
  return last.found.is !== 'pass' && (fails >= 2 || (unknownSince !== undefined && last.tick > unknownSince))
}

export const isBack = (anchors: readonly (Standing | undefined)[]): boolean =>
  anchors.some((standing) => standing?.last?.found.is === 'pass')

/** How long a silent look may wait for the anchors' answer before it reads as unknown. */
export const askedTooLong = (since: Tick, now: Now): boolean => now.tick - since > 6000
