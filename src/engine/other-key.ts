// The key of the node and the database belong together: links in pages, addresses of heartbeats and sealed secrets follow from it. A
// database that is met with another key is told of once, and once more when the former key is back.
import { sha256 } from '../core/id.ts'
import type { Keeper } from './keeper.ts'

/** At each start, before anything is judged. */
export async function tellOtherKey({ store, engine, rooms }: Keeper, key: Uint8Array): Promise<void> {
  const mark = sha256(`holdfast key ${Buffer.from(key).toString('hex')}`).slice(0, 16)
  const [first, told] = [store.meta('key'), store.meta('key told')]
  if (first === mark && told === undefined) return
  if (told === mark) return
  await engine.turn('key', (tx) => {
    if (first === undefined) return store.setMeta('key', mark)
    tx.append({ is: 'node.otherKey', stream: 'node:this', body: { same: first === mark, at: tx.now.wall } })
    if (first === mark) {
      store.sql.run('delete from meta where key = ?', 'key told')
      return rooms.page.endNode(tx, 'key')
    }
    store.setMeta('key told', mark)
    rooms.page.openNode(tx, 'key', 'node.key is another one', 'this database was used with another node.key before: links in pages that were sent do not work any more, heartbeats have new addresses, and authenticators have to be enrolled anew. Put the former node.key back, or resolve this')
  })
}
