// The listing of a bucket that is itself the copy: taken whole or not at all, written down line by line for whoever reads the objects later, and told in
// figures. Memory is one page, however many objects there are.
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, sentence } from '../../../core/fault.ts'
import { type Instant, later, ms, type Span } from '../../../core/time.ts'
import { NOT_THERE } from '../../../ports/store.ts'
import { oddKey } from '../../../ports/store/key.ts'
import { walk } from '../../../ports/store/listing.ts'
import { WHOLE } from '../../../rooms/guard/objects/judge.ts'
import type { Listed } from '../../../rooms/guard/protocol.ts'
import type { GuardContext } from '../context.ts'
import { readLines, writeLines, type LineWriter } from './lines.ts'

/** One object of a listing: key, etag, size, and its version where the store keeps any. */
export type ListedObject = readonly [key: string, etag: string, bytes: number, versionId?: string]
/** The end of a listing that was whole. */
export interface ListingSeal { readonly identity: string; readonly objects: number; readonly bytes: number }

export const listingIn = (folder: string): string => path.join(folder, 'listing')
const sealIn = (folder: string): string => path.join(folder, 'listing.seal')

/** How far ahead of our clock a write may be dated. */
const AHEAD: Span = ms(300_000)

export interface WholeListWants {
  readonly store: string
  /** What its objects begin with. */
  readonly prefix: string
  /** What it is called as a copy. */
  readonly key: string
  /** Where what is known of it is kept. */
  readonly folder: string
}

/** Never rejects for what a store does: that is `not-listed`, in its words. */
export async function listWhole({ store, prefix, key, folder }: WholeListWants, context: GuardContext, signal: AbortSignal): Promise<Listed> {
  const fresh = `${listingIn(folder)}.new`
  let file: LineWriter | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const reading = context.reading(store)
    const { id } = await reading.identify(signal)
    const declared = await reading.declared(signal)
    file = await writeLines(fresh)
    const sum = { objects: 0, odd: 0, bytes: 0, newest: undefined as Instant | undefined }
    for await (const { items } of walk(reading, { prefix, now: context.now, signal })) {
      const latest = later(context.now().wall, AHEAD)
      for (const item of items) {
        if (item.is === 'marker' || (item.is === 'version' && !item.latest)) continue
        sum.objects++
        if (item.is === 'odd' || oddKey(item.key) !== undefined) {
          sum.odd++
          continue
        }
        sum.bytes += item.bytes
        if (item.modifiedAt <= latest && item.modifiedAt > (sum.newest ?? 0)) sum.newest = item.modifiedAt
        const { key: name, etag, bytes, versionId } = item
        await file.add((versionId === undefined ? [name, etag, bytes] : [name, etag, bytes, versionId]) satisfies ListedObject)
      }
      context.say(`${sum.objects} objects listed`)
    }
    const after = await reading.identify(signal)
    if (after.id !== id) return { is: 'not-listed', says: `it became another store meanwhile (${after.says})`, lost: true }
    await file.settle()
    await keep(folder, fresh, { identity: id, objects: sum.objects - sum.odd, bytes: sum.bytes })
    return {
      is: 'listed', identity: id, clock: await reading.clock(signal), whole: { objects: sum.objects, odd: sum.odd, versioning: declared.versioning, lock: declared.lock },
      copies: sum.objects === 0 ? [] : [{ key, etag: WHOLE, bytes: sum.bytes, modifiedAt: sum.newest ?? (0 as Instant) }],
    }
  } catch (cause) {
    return { is: 'not-listed', says: sentence(cause).slice(0, 400), ...(codeOf(cause) === NOT_THERE && { lost: true }) }
  } finally {
    await file?.close().catch(() => undefined)
    await rm(fresh, { force: true }).catch(() => undefined)
  }
}

/** The seal goes first and comes last: a listing without one is none. */
async function keep(folder: string, fresh: string, seal: ListingSeal): Promise<void> {
  await rm(sealIn(folder), { force: true })
  await rename(fresh, listingIn(folder))
  const file = await writeLines(sealIn(folder))
  await file.add(seal)
  await file.settle()
  await file.close()
}

/** What the last whole listing held; nothing where there is none. */
export async function sealOf(folder: string): Promise<ListingSeal | undefined> {
  for await (const seal of readLines<ListingSeal>(sealIn(folder))) return seal
  return undefined
}
