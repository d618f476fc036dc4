// The listing of a store as an input: all versions under a prefix, one record for each key. What is newest decides: a version lives; under a delete
// marker the version right beneath is hidden, and where there is none, nothing is there. A listing that breaks off is taken up again within the run,
// from its last whole page, and begins when it began at first; it never joins a catalogue of another run. How far it has come is told as it goes on,
// so that a run that was killed can go on there.
import { codeOf, Fault, sentence } from '../../../core/fault.ts'
import { seconds, stampOf, type Now, type Span, type Stamp } from '../../../core/time.ts'
import type { Listed, Reading } from '../../../ports/store.ts'
import { UNSOUND, uploadsOf, walk, type Mark } from '../../../ports/store/listing.ts'
import type { Timers } from '../../../ports/world.ts'
import { keyBody, listedBody } from './inputs.ts'
import { writeSpool, type Spooled, type SpoolWriter, type Stands } from './spool.ts'

/** So often it is taken up again, and so long after it broke off. */
const TRIES = 6
const PAUSE = seconds(5)
/** How far it has come is noted no more often, in milliseconds. */
const NOTED_EVERY = 500
/** Keys that nobody can touch, as they are shown. */
const MOST_ODD = 20

export interface ListingWant {
  readonly reading: Pick<Reading, 'page' | 'uploads'>
  readonly prefix: string
  /** Where the spools go. */
  readonly folder: string
  readonly now: () => Now
  readonly timers: Timers
  readonly signal: AbortSignal
  readonly say?: (objects: number) => void
  /** How far it was when it was killed. */
  readonly resume?: ListingPart
  /** How far it has come, after whole pages. */
  readonly note?: (part: ListingPart) => void
}

/** A listing as far as it has come. */
export interface ListingPart {
  readonly began: Stamp
  readonly uploads: Spooled
  readonly file: string
  readonly stands: Stands
  readonly mark: Mark
  /** The key whose versions are still coming. */
  readonly open: OpenKey
  readonly odd: { readonly count: number; readonly shown: readonly string[] }
}

export interface ListingTaken {
  readonly spooled: Spooled
  /** Uploads in parts that are under way. */
  readonly uploads: Spooled
  readonly began: Stamp
  readonly ended: Stamp
  readonly resumed: number
  readonly odd: { readonly count: number; readonly shown: readonly string[] }
}

/** Lists everything under the prefix into a spool; rejects with a fault, and then there is no listing. */
export async function takeListing(want: ListingWant): Promise<ListingTaken> {
  const { folder, now, resume } = want
  const began = resume?.began ?? stampOf(now())
  const uploads = resume?.uploads ?? await takeUploads(want)
  const file = `${folder}/listing.spool`
  const writer = writeSpool(file, resume && { from: resume.stands })
  const odd = { count: resume?.odd.count ?? 0, shown: [...resume?.odd.shown ?? []] }
  const keys = byKey(writer, resume)
  let noted = Number.NEGATIVE_INFINITY
  const take = (item: Listed): void => {
    if (item.is !== 'odd') return keys.take(item)
    odd.count++
    if (odd.shown.length < MOST_ODD) odd.shown.push(`${item.key}: ${item.why}`)
  }
  const resumed = await walkThrough(want, (items, mark) => {
    for (const item of items) take(item)
    want.say?.(keys.count())
    const { tick } = now()
    if (mark === undefined || tick - noted < NOTED_EVERY) return
    noted = tick
    want.note?.({ began, uploads, file, stands: writer.stands(), mark, open: keys.open(), odd })
  })
  keys.end()
  return { spooled: writer.end(), uploads, began, ended: stampOf(now()), resumed, odd }
}

/** Before the listing: an upload that ends while it goes on was under way when it began. */
async function takeUploads({ reading, prefix, folder, now, signal }: ListingWant): Promise<Spooled> {
  const uploads = writeSpool(`${folder}/uploads.spool`, { hashed: true })
  let last: string | undefined
  for (const { key } of await uploadsOf(reading, { prefix, now, signal })) {
    if (key !== last) uploads.add(Buffer.from(key), keyBody)
    last = key
  }
  return uploads.end()
}

/** Page after page to the proven end; after a fault that trying again can mend, from the last whole page. */
async function walkThrough({ reading, prefix, now, timers, signal, resume }: ListingWant, take: (items: readonly Listed[], mark?: Mark) => void): Promise<number> {
  let mark: Mark | undefined = resume?.mark
  for (let resumed = 0; ; resumed++) {
    // The last page counts only once its end is proven: else it would come a second time.
    let last: readonly Listed[] = []
    try {
      for await (const sheet of walk(reading, { prefix, now, signal, ...(mark && { resume: mark }) })) {
        if (!sheet.mark) last = sheet.items
        else {
          take(sheet.items, sheet.mark)
          mark = sheet.mark
        }
      }
      take(last)
      return resumed
    } catch (cause) {
      const mends = cause instanceof Fault && cause.retry === 'later' && codeOf(cause) !== UNSOUND
      if (!mends || signal.aborted || resumed >= TRIES) throw cause
      await pause(timers, PAUSE, signal)
    }
  }
}

function pause(timers: Timers, span: Span, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel()
      reject(new Fault(`the listing was ended: ${sentence(signal.reason)}`))
    }
    const cancel = timers.after(span, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A key, and what is known of it by its versions so far. */
interface OpenKey {
  readonly key: string | undefined
  readonly standing: 'live' | 'hidden'
  readonly found: (Listed & { is: 'version' }) | undefined
}

/** One record for each key, out of its versions, the newest first. */
function byKey(writer: SpoolWriter, from: ListingPart | undefined): { take(item: Exclude<Listed, { is: 'odd' }>): void; end(): void; open(): OpenKey; count(): number } {
  let { key, standing, found }: { -readonly [Name in keyof OpenKey]: OpenKey[Name] } = from?.open ?? { key: undefined, standing: 'live', found: undefined }
  let count = from?.stands.count ?? 0
  const close = (): void => {
    if (key === undefined || found === undefined) return
    count++
    writer.add(Buffer.from(key), listedBody({ standing, version: found.versionId, etag: found.etag, size: found.bytes, modifiedAt: found.modifiedAt }))
  }
  return {
    take(item) {
      if (item.key !== key) {
        close()
        key = item.key
        standing = item.is === 'version' ? 'live' : 'hidden'
        found = undefined
      }
      if (item.is === 'version') found ??= item
    },
    end: close,
    open: () => ({ key, standing, found }),
    count: () => count,
  }
}
