// Both halves of one store as the hand holds them, our clock beside them, and one look that both acting and looking need.
import type { Now } from '../../core/time.ts'
import { MOST_ITEMS, type Deleting, type Marker, type Reading, type Version } from '../../ports/store.ts'
import { sayKey } from '../../ports/store/key.ts'

export interface Halves {
  readonly now: () => Now
  readonly reading: Reading
  readonly deleting: Deleting
}

/** All versions and markers of one key, the newest first. */
export async function stackOf(reading: Pick<Reading, 'page'>, key: string, signal: AbortSignal): Promise<readonly (Version | Marker)[]> {
  const { items, next } = await reading.page({ prefix: key, most: MOST_ITEMS }, signal)
  const stack = items.filter((item): item is Version | Marker => item.is !== 'odd' && item.key === key)
  if (next !== undefined && stack.length === items.length) throw new Error(`“${sayKey(key)}” has too many versions to be looked at`)
  return stack
}
