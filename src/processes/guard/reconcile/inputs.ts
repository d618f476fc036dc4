// What stands beside the keys of each spool: rows with lock and tenant, objects as the store listed them, what former runs remember. Written and read
// here and nowhere else. A byte that means nothing reads as the strictest that there is.
import { instantOf, type Instant } from '../../../core/time.ts'
import { viewOf, type Ended, type Listed, type Listing, type Lock, type Rows } from '../../../rooms/guard/reconcile/cursor.ts'
import type { Memory, Recalled } from '../../../rooms/guard/reconcile/sandwich.ts'
import { readSpool, type Here, type Spooled } from './spool.ts'

const LOCKS = ['free', 'locked', 'unknown'] as const
const NONE = new Uint8Array(0)
const utf8 = new TextEncoder()
const text = new TextDecoder()

/** A key alone: uploads and intents. */
export const keyBody = NONE

/** Holds until the next one. */
export const rowBody = (lock: Lock, tenant: string | undefined): Uint8Array => {
  const name = tenant === undefined ? NONE : nameOf(tenant)
  const body = scratchOf(2 + name.length)
  body[0] = LOCKS.indexOf(lock)
  body[1] = tenant === undefined ? 0 : 1
  body.set(name, 2)
  return body.subarray(0, 2 + name.length)
}

// Rows of one tenant come together, or there are few tenants.
const names = new Map<string, Uint8Array>()
const MOST_NAMES = 1000
function nameOf(tenant: string): Uint8Array {
  const known = names.get(tenant)
  if (known) return known
  const name = utf8.encode(tenant)
  if (names.size >= MOST_NAMES) names.clear()
  names.set(tenant, name)
  return name
}

// Bodies are copied as soon as they are made.
let scratch = Buffer.allocUnsafeSlow(4096)
let scratchView = viewOf(scratch)
const scratchOf = (length: number): Buffer => {
  if (length > scratch.length) {
    scratch = Buffer.allocUnsafeSlow(length * 2)
    scratchView = viewOf(scratch)
  }
  return scratch
}

/** A spool that is to be read is let go of when the run is over. */
export type Open<Kind> = Kind & { readonly close: () => void }

interface RowsBeside {
  lock: Lock
  readonly tenant: () => string | undefined
}

export function rowsFrom(spooled: Spooled, ended: Ended): Open<Rows> {
  const rows: Here & RowsBeside = readSpool<RowsBeside>(spooled, ended, {
    lock: 'unknown',
    tenant: (): string | undefined => (rows.bytes[rows.bodyFrom + 1] === 1 ? text.decode(rows.bytes.subarray(rows.bodyFrom + 2, rows.bodyTo)) : undefined),
  }, (at) => void (at.lock = LOCKS[at.bytes[at.bodyFrom] ?? 2] ?? 'unknown'))
  return rows
}

/** What a listing says of an object; locks and tags have to be asked for one by one. */
export interface ListedBody {
  readonly standing: 'live' | 'hidden'
  readonly version: string | undefined
  readonly etag: string | undefined
  readonly size: number | undefined
  readonly modifiedAt: Instant | undefined
}

const FIXED = 17

/** Holds until the next one. */
export function listedBody({ standing, version, etag, size, modifiedAt }: ListedBody): Uint8Array {
  const rest = JSON.stringify([version ?? null, etag ?? null])
  // No character takes more than three bytes for each of its units.
  const body = scratchOf(FIXED + 3 * rest.length)
  body[0] = standing === 'live' ? 1 : 0
  scratchView.setFloat64(1, size ?? Number.NaN)
  scratchView.setFloat64(9, modifiedAt ?? Number.NaN)
  return body.subarray(0, FIXED + body.write(rest, FIXED))
}

/** What was asked for one object, beyond what the listing says. */
export interface Asked {
  readonly lock: Lock
  readonly tags: readonly string[] | undefined
}

interface ListingBeside {
  standing: 'live' | 'hidden'
  size: number | undefined
  readonly listed: () => Listed
  readonly modifiedAt: () => number
}

/** `asked`: what is known of the object at this key, in hex; what nobody asked for is not known. */
export function listingFrom(spooled: Spooled, ended: Ended, asked: (keyHex: string) => Asked | undefined): Open<Listing> & { readonly modifiedAt: () => number } {
  const known = (n: number): number | undefined => (Number.isNaN(n) ? undefined : n)
  const listing: Here & ListingBeside = readSpool<ListingBeside>(spooled, ended, {
    standing: 'hidden', size: undefined,
    modifiedAt: (): number => listing.view.getFloat64(listing.bodyFrom + 9),
    listed: (): Listed => {
      const { bytes, view, bodyFrom, bodyTo, from, to } = listing
      const [version, etag] = JSON.parse(text.decode(bytes.subarray(bodyFrom + FIXED, bodyTo))) as (string | null)[]
      const modified = known(view.getFloat64(bodyFrom + 9))
      const { lock, tags } = asked(Buffer.from(bytes.subarray(from, to)).toString('hex')) ?? { lock: 'unknown' as const, tags: undefined }
      return { version: version ?? undefined, etag: etag ?? undefined, size: listing.size, modifiedAt: modified === undefined ? undefined : instantOf(modified), lock, tags, standing: listing.standing }
    },
  }, (at) => {
    at.standing = at.bytes[at.bodyFrom] === 1 ? 'live' : 'hidden'
    at.size = known(at.view.getFloat64(at.bodyFrom + 1))
  })
  return listing
}

export const recalledBody = (recalled: Recalled): Uint8Array => utf8.encode(JSON.stringify(recalled))

/** What former runs remember. `over`: what was done and said since, by key in hex, stands above it. */
export function memoryFrom(spooled: Spooled, ended: Ended): Open<Memory> {
  const memory: Here & { recalled: () => Recalled } = readSpool(spooled, ended, {
    recalled: (): Recalled => JSON.parse(text.decode(memory.bytes.subarray(memory.bodyFrom, memory.bodyTo))) as Recalled,
  }, () => undefined)
  return memory
}

export const keysFrom = (spooled: Spooled, ended: Ended): Here => readSpool(spooled, ended, {}, () => undefined)

/** The present key, as a copy that stays. */
export const keyAt = ({ bytes, from, to }: Pick<Here, 'bytes' | 'from' | 'to'>): Uint8Array => bytes.slice(from, to)
