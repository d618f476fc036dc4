// Several sorted lists of keys as one, each key once.
import { compareViews } from '../../../rooms/guard/reconcile/cursor.ts'
import { keyAt, keyBody, keysFrom } from './inputs.ts'
import { writeSpool, type Here, type Spooled } from './spool.ts'

/** All keys of all of them, in byte order. */
export function union(lists: readonly Spooled[], file: string): Spooled {
  const writer = writeSpool(file)
  let open = lists.map((it) => keysFrom(it, { is: 'whole', count: it.count })).filter((it) => it.next())
  while (open.length > 0) {
    const low = open.reduce((a, b) => (order(b, a) < 0 ? b : a))
    const key = keyAt(low)
    writer.add(key, keyBody)
    // The one that is compared with moves last.
    const same = open.filter((it) => it !== low && order(it, low) === 0)
    const over = [...same, low].filter((it) => !it.next())
    if (over.length > 0) open = open.filter((it) => !over.includes(it))
  }
  return writer.end()
}

const order = (a: Here, b: Here): number => compareViews(a.view, a.from, a.to, b.view, b.from, b.to)
