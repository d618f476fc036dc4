// Whether a store holds what a restored database refers to: each key is asked for by name, a few beside one another, and what is not there is asked for once
// more before it is said. A store that does not answer, or a name that nobody can ask for, leaves it unknown.
import { sentence } from '../../../core/fault.ts'
import type { Reading } from '../../../ports/store.ts'
import type { Resolved, Resolve } from '../../../ports/backup/copy.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'

const AT_ONCE = 8

type Seen = 'there' | 'missing' | { readonly says: string }

/** Never rejects. */
export const resolveIn = (readingOf: (store: string) => Reading, signal: AbortSignal): Resolve => async (store, keys): Promise<Resolved> => {
  const missing: string[] = []
  let unknown: string | undefined
  let next = 0
  const one = async (reading: Reading): Promise<void> => {
    for (let i = next++; i < keys.length && unknown === undefined; i = next++) {
      const key = keys[i] ?? ''
      let seen = await look(reading, key, signal)
      if (seen === 'missing') seen = await look(reading, key, signal)
      if (seen === 'missing') missing.push(key)
      else if (seen !== 'there') unknown ??= seen.says
    }
  }
  try {
    const reading = readingOf(store)
    await Promise.all(Array.from({ length: AT_ONCE }, () => one(reading)))
  } catch (cause) {
    unknown ??= sentence(cause)
  }
  return unknown === undefined ? { is: 'looked', missing: missing.toSorted() } : { is: 'unknown', says: unknown.slice(0, 300) }
}

async function look(reading: Reading, key: string, signal: AbortSignal): Promise<Seen> {
  const odd = oddKey(key)
  if (odd !== undefined) return { says: `“${sayKey(key)}” cannot be asked for: ${odd}` }
  try {
    const found = await reading.head({ key }, signal)
    return found.is === 'version' ? 'there' : found.is === 'absent' ? 'missing' : { says: found.says }
  } catch (cause) {
    return { says: sentence(cause) }
  }
}
