// A whole listing, or none. Pages are taken one after another, each judged against the one before, and the end is asked for twice:
// a listing that repeats a cursor, goes backwards, leaves what was asked for, contradicts itself or ends early is refused in words, with
// a Fault. Only who came to the end holds a `Complete`; there is no such thing as most of a listing. Memory is one page.
import { coded, type Fault } from '../../core/fault.ts'
import { between, sayTime, type Instant, type Now, type Span } from '../../core/time.ts'
import { MOST_ITEMS, OWN_PREFIX, type Listed, type Reading, type Upload } from '../store.ts'
import { compareKeys, sayKey } from './key.ts'

export interface Walk {
  readonly prefix: string
  readonly now: () => Now
  readonly signal: AbortSignal
  /** Keys that are known to be there: a listing without one of them is no listing. Ascending by bytes. */
  readonly mustSee?: readonly string[]
  /** Where a former walk stopped: what it gave with its last page. */
  readonly resume?: Mark
  readonly pageOf?: number
  readonly limits?: Partial<Limits>
}

export interface Limits {
  readonly pages: number
  readonly items: number
  readonly within: Span
}

/** Where a walk stands after a page; small, and survives being written down. */
export interface Mark {
  readonly cursor: string
  readonly last?: string
  readonly versionId?: string
}

export interface Sheet {
  readonly items: readonly Listed[]
  /** Absent on the last. */
  readonly mark?: Mark
}

/** The proof that a listing was whole. */
export interface Complete {
  readonly is: 'complete'
  readonly pages: number
  readonly items: number
  readonly odd: number
  readonly bytes: number
  readonly began: Now
  readonly ended: Now
}

const LIMITS: Limits = { pages: 1_000_000, items: 1_000_000_000, within: 3_600_000 as Span }
/** Pages without anything on them that are taken in a row: more is a store that leads nowhere. */
const MOST_EMPTY = 3

/** The code of every refusal here, for whoever decides what to do about it. */
export const UNSOUND = 'EUNSOUND'

/** A listing that cannot be believed. */
export const unsound = (says: string): Fault => coded(UNSOUND, `the listing cannot be believed: ${says}; nothing is judged by it`)

/** Everything that begins with `prefix`, a page at a time; returns the proof that it was everything. */
export async function* walk(reading: Pick<Reading, 'page'>, it: Walk): AsyncGenerator<Sheet, Complete> {
  const began = it.now()
  const limits = { ...LIMITS, ...it.limits }
  const order = createOrder(it.prefix, it.resume)
  const sentinels = createSentinels(it.mustSee ?? [])
  // Names that cannot be asked for, since the last one that can.
  let trailing = 0
  const cursors = createCursors()
  let at = it.resume?.cursor
  let empty = 0
  const sum = { pages: 0, items: 0, odd: 0, bytes: 0 }
  for (;;) {
    if (at !== undefined) cursors.take(at)
    bound(it.now, began, sum, limits)
    const most = it.pageOf ?? MOST_ITEMS
    const page = await reading.page({ prefix: it.prefix, most, ...(at !== undefined && { cursor: at }) }, it.signal)
    sum.pages++
    if (page.items.length > most) throw unsound(`a page holds ${page.items.length} entries where at most ${most} were asked for`)
    empty = page.items.length === 0 ? empty + 1 : 0
    if (empty > MOST_EMPTY) throw unsound(`${empty} pages in a row hold nothing and say that more follows`)
    const items = page.items.filter((item) => {
      order.take(item)
      trailing = item.is === 'odd' ? trailing + 1 : 0
      // What Holdfast itself put there is nobody's backup, unless somebody asks for just that.
      return item.is === 'odd' || it.prefix.startsWith(OWN_PREFIX) || !item.key.startsWith(OWN_PREFIX)
    })
    for (const item of items) {
      sentinels.take(item)
      sum.items++
      if (item.is === 'odd') sum.odd++
      if (item.is === 'version') sum.bytes += item.bytes
    }
    const { next } = page
    yield { items, ...(next !== undefined && { mark: { cursor: next, ...order.mark() } }) }
    if (next === undefined) break
    at = next
  }
  await confirm(reading, it, { ...order.mark(), trailing })
  sentinels.end()
  bound(it.now, began, sum, limits)
  return { is: 'complete', ...sum, began, ended: it.now() }
}

function bound(now: () => Now, began: Now, sum: { pages: number; items: number }, limits: Limits): void {
  const took = now().tick - began.tick
  if (took > limits.within) throw coded('ETOOLONG', `the listing took longer than ${sayTime(limits.within)} (${sum.items} entries so far): what it began with is too old to be judged`)
  if (sum.pages >= limits.pages || sum.items > limits.items) throw coded('ETOOMUCH', `the listing has more than ${limits.pages} pages or ${limits.items} entries: raise the limit, or list a narrower prefix`, 'never')
}

/** Asks once more behind the last entry: a page that said "the end" too early is found out here. */
async function confirm(reading: Pick<Reading, 'page'>, { prefix, signal }: Walk, { last, versionId, trailing }: Omit<Mark, 'cursor'> & { readonly trailing: number }): Promise<void> {
  const page = await reading.page({ prefix, most: MOST_ITEMS, ...(last !== undefined && { after: last }), ...(versionId !== undefined && { afterVersion: versionId }) }, signal)
  const named = page.items.filter((item) => item.is !== 'odd')
  const wrong = last === undefined ? undefined : named.find((item) => compareKeys(item.key, last) < 0 || (item.key === last && item.versionId === versionId))
  if (wrong) throw unsound(`asked what comes behind “${sayKey(last ?? '')}” the store gives what comes before it`)
  if (named[0]) throw unsound(`it ended ${last === undefined ? 'without an entry' : `at “${sayKey(last)}”`}, and behind that there is “${sayKey(named[0].key)}”`)
  // Walks of folders name what has no text for a name wherever it lies: of those only what comes behind counts.
  const behind = page.items.filter((item) => last === undefined || compareKeys(item.key, last) > 0)
  if (behind.length > trailing) throw unsound(`it ended with ${trailing} names that cannot be asked for, and behind that there are more`)
  if (page.next !== undefined) throw unsound('asked for what comes behind its end it gives nothing and says that more follows')
}

function createOrder(prefix: string, resume: Mark | undefined): { take(item: Listed): void; mark(): Omit<Mark, 'cursor'> } {
  let last = resume?.last
  let versionId = resume?.versionId
  // Of the present key, from its second version on: most have one.
  let seen: Set<string | undefined> | undefined
  return {
    take(item) {
      if (item.is === 'odd') return
      if (!item.key.startsWith(prefix)) throw unsound(`asked for what begins with “${sayKey(prefix)}” it gives “${sayKey(item.key)}”`)
      const step = last === undefined ? 1 : compareKeys(item.key, last)
      if (step < 0) throw unsound(`it goes backwards: “${sayKey(item.key)}” comes after “${sayKey(last ?? '')}”`)
      if (step > 0) {
        // Also where the newest is a delete marker: something is what a plain read answers by.
        if (!item.latest) throw unsound(`of “${sayKey(item.key)}” it gives an old version and not the newest`)
        seen = undefined
      } else {
        if (item.latest) throw unsound(`of “${sayKey(item.key)}” it says twice which version is the newest`)
        seen ??= new Set([versionId])
        if (item.versionId === undefined || seen.has(item.versionId)) throw unsound(`it gives “${sayKey(item.key)}” twice`)
      }
      last = item.key
      versionId = item.versionId
      seen?.add(versionId)
      if (item.is === 'version' && !(Number.isSafeInteger(item.bytes) && item.bytes >= 0)) throw unsound(`“${sayKey(item.key)}” has a size that is none`)
    },
    mark: () => ({ ...(last !== undefined && { last }), ...(versionId !== undefined && { versionId }) }),
  }
}

function createSentinels(keys: readonly string[]): { take(item: Listed): void; end(): void } {
  const wanted = new Set(keys)
  return {
    take: (item) => void (item.is === 'version' && item.latest && wanted.delete(item.key)),
    end() {
      const [missing] = wanted
      if (missing !== undefined) throw unsound(`“${sayKey(missing)}” is known to be there and is not in it (${wanted.size} of ${keys.length} missing)`)
    },
  }
}

/** Cursors seen, bounded: the newest, and each power-of-two-th, so that a circle of any length is met. */
function createCursors(): { take(cursor: string): void } {
  let kept: string | undefined
  let n = 0
  let until = 1
  let former: string | undefined
  return {
    // Brent's way of finding a circle: memory of one cursor, and found within three times round.
    take(cursor) {
      if (cursor === kept || cursor === former) throw unsound('it gives the same cursor twice: it would never end')
      former = cursor
      if (++n < until) return
      kept = cursor
      n = 0
      until *= 2
    },
  }
}

/** Uploads in parts that are under way, all of them, oldest first within a key; bounded. */
export async function uploadsOf(reading: Pick<Reading, 'uploads'>, { prefix, now, signal, most = 100_000 }: { prefix: string; now: () => Now; signal: AbortSignal; most?: number }): Promise<readonly Upload[]> {
  const began = now()
  const cursors = createCursors()
  const all: Upload[] = []
  let cursor: string | undefined
  do {
    if (cursor !== undefined) cursors.take(cursor)
    const page = await reading.uploads({ prefix, ...(cursor !== undefined && { cursor }) }, signal)
    for (const upload of page.uploads) {
      const last = all.at(-1)
      if (!upload.key.startsWith(prefix)) throw unsound(`asked for uploads that begin with “${sayKey(prefix)}” it gives “${sayKey(upload.key)}”`)
      if (last && compareKeys(upload.key, last.key) < 0) throw unsound(`its uploads go backwards at “${sayKey(upload.key)}”`)
      all.push(upload)
    }
    if (all.length > most || now().tick - began.tick > LIMITS.within) throw coded('ETOOMUCH', `more than ${most} uploads are under way: abort old ones (a lifecycle rule does), or list a narrower prefix`, 'never')
    cursor = page.next
  } while (cursor !== undefined)
  return all
}

/** How much a sign of the store's clock says: `before` and `after` are ours, around it; HTTP dates have whole seconds. */
export function clockFrom(at: Instant, grain: number, before: Instant, after: Instant): { readonly is: 'read'; readonly at: Instant; readonly ahead: { readonly least: number; readonly most: number } } {
  return { is: 'read', at, ahead: { least: between(after, at), most: between(before, at) + grain } }
}
