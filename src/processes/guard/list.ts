// The listing of one set in one store: what is called as its copies are, of a listing that was whole. What stands beside it is nobody's
// copy and is left alone; a listing that is not whole is none.
import { codeOf, Fault, sentence } from '../../core/fault.ts'
import { NOT_THERE, type Lock, type Reading } from '../../ports/store.ts'
import { oddKey, sayKey } from '../../ports/store/key.ts'
import { walk } from '../../ports/store/listing.ts'
import type { CopyLock, Listed } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import { dateOf, type Pattern } from '../../rooms/guard/sets/pattern.ts'
import type { GuardContext } from './context.ts'

/** More copies of one set are a mistake in its name. */
const MOST_COPIES = 50_000
const MOST_SHOWN = 5

/** The link that pgBackRest keeps to its newest backup (`backup/<stanza>/latest`): its own, to something that is listed beside it. Nobody need hear of it for ever. */
const LATEST = /(?:^|\/)backup\/[^/]+\/latest$/

export interface ListWants {
  readonly store: string
  readonly pattern: Pattern
  /** Everything below this is wanted, however it is called. */
  readonly below?: string | undefined
}

/** Of so many of the newest copies the lock is read: the newest may be one that does not count. Three small requests each, however many copies there are. */
const LOCKS_READ = 3

/** What the store says of the locks of the newest copies. One that cannot be read is unknown, and spoils no listing. */
async function locksOf(reading: Reading, copies: readonly Copy[], signal: AbortSignal): Promise<readonly CopyLock[]> {
  const locks: CopyLock[] = []
  for (const { key, etag, versionId } of copies.toSorted((a, b) => b.modifiedAt - a.modifiedAt).slice(0, LOCKS_READ)) {
    const lock = await reading.lock({ key, ...(versionId !== undefined && { versionId }) }, signal).catch((cause: unknown): Lock => ({ is: 'unknown', says: sentence(cause).slice(0, 200) }))
    locks.push({ key, etag, lock })
  }
  return locks
}

/** Never rejects for what a store does: that is `not-listed`, in its words. */
export async function perform({ store, pattern, below }: ListWants, context: GuardContext, signal: AbortSignal): Promise<Listed> {
  try {
    const reading = context.reading(store)
    const { id } = await reading.identify(signal)
    const copies: Copy[] = []
    const shown: string[] = []
    let odd = 0
    for await (const { items } of walk(reading, { prefix: below ?? pattern.prefix, now: context.now, signal })) {
      for (const item of items) {
        if (below !== undefined && item.is === 'odd' && LATEST.test(item.key) && item.why.startsWith('is a symbolic link')) continue
        // A name that could be read in two ways is nobody's: it is counted, and told.
        const why = item.is === 'odd' ? item.why : oddKey(item.key)
        if (why !== undefined) {
          odd++
          if (shown.length < MOST_SHOWN) shown.push(`${sayKey(item.key)}: ${why}`)
          continue
        }
        if (item.is !== 'version' || !item.latest || (below === undefined && dateOf(pattern, item.key) === undefined)) continue
        if (copies.length >= MOST_COPIES) throw new Fault(below === undefined ? `more than ${MOST_COPIES} objects are called “${pattern.text}”: give it a narrower name` : `more than ${MOST_COPIES} objects lie below “${below}”: make larger packs`, 'never')
        copies.push({ key: item.key, etag: item.etag, bytes: item.bytes, modifiedAt: item.modifiedAt, ...(item.versionId === undefined ? {} : { versionId: item.versionId }) })
      }
    }
    const locks = below === undefined ? await locksOf(reading, copies, signal) : undefined
    const after = await reading.identify(signal)
    if (after.id !== id) return { is: 'not-listed', says: `it became another store meanwhile (${after.says})`, lost: true }
    return { is: 'listed', identity: id, copies, clock: await reading.clock(signal), ...(odd > 0 && { odd: { count: odd, shown } }), ...(locks && { locks }) }
  } catch (cause) {
    return { is: 'not-listed', says: sentence(cause).slice(0, 400), ...(codeOf(cause) === NOT_THERE && { lost: true }) }
  }
}
