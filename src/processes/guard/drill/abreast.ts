// A few at a time of many, in their order. The first that goes wrong calls the others off and is what is thrown; all are waited for before it is, since
// nothing may still be written when a cell is removed.
import { Fault } from '../../../core/fault.ts'

export async function abreast<Item>(items: readonly Item[], atOnce: number, signal: AbortSignal, take: (item: Item, n: number, ends: AbortSignal) => Promise<void>): Promise<void> {
  const wrong = new AbortController()
  const ends = AbortSignal.any([signal, wrong.signal])
  const whys: unknown[] = []
  let next = 0
  const one = async (): Promise<void> => {
    for (let n = next++; n < items.length && !ends.aborted; n = next++) await take(items[n] as Item, n, ends)
  }
  await Promise.all(Array.from({ length: atOnce }, () => one().catch((cause: unknown) => {
    // The others fail by being called off: the first says why.
    whys.push(cause)
    wrong.abort()
  })))
  const [why] = whys
  if (whys.length > 0) throw why instanceof Error ? why : new Fault(String(why), 'later')
  if (signal.aborted) throw new Fault('it was ended before it was through', 'later')
}
