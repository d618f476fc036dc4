// A run that is under way, so that a guard that was killed goes on with it: the catalogue as it was read before the listing, and how far the listing
// has come, as one record. Neither is ever taken up without the other, so a listing joins no older catalogue and no newer one (G-24). What was left by
// another boot, by other settings, too long ago, or is not what was written, is not there, and the run begins anew. A run that ends leaves nothing.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { ageOf, minutes, type Now, type Span } from '../../../core/time.ts'
import type { Declared, Identity } from '../../../ports/store.ts'
import type { ReconcileConfig } from '../../../rooms/guard/reconcile/task.ts'
import type { CatalogueTaken } from './catalogue.ts'
import { keysFrom } from './inputs.ts'
import type { ListingPart } from './listing.ts'
import { hashOf } from './memory.ts'
import type { Planted } from './sentinels.ts'
import { endsAt, type Spooled } from './spool.ts'

/** All that a run knows while it lists. */
export interface Left {
  readonly planted: Planted
  readonly before: CatalogueTaken
  /** When the listing began, and of what store. */
  readonly at: Now
  readonly identity: Identity
  readonly declared: Declared
  readonly listing: ListingPart
}

export interface UnderWay {
  /** Where its spools lie. */
  readonly folder: string
  /** What a run that was killed has left, where it may be gone on with. */
  readonly left: Left | undefined
  note(left: Left): void
}

/** Older than this it begins anew: the rest of the hour has to do for what is still to be read. */
export const STILL_FRESH: Span = minutes(45)

const NAME = 'under-way'
const DIGEST = 32

/** `kept`: the folder of this reconcile. What cannot be gone on with is gone from it afterwards. */
export function underWay(kept: string, config: ReconcileConfig, now: Now): UnderWay {
  const folder = path.join(kept, NAME)
  const file = path.join(folder, 'left')
  const bound = createHash('sha256').update(JSON.stringify(config)).digest('hex')
  const left = leftIn(file, bound, now)
  if (left === undefined) rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    folder, left,
    note(it) {
      const bytes = serialize({ bound, left: it })
      writeFileSync(`${file}.new`, Buffer.concat([digestOf(bytes), bytes]), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}

/** Takes it away: the run is over. */
export const noLonger = (kept: string): void => rmSync(path.join(kept, NAME), { recursive: true, force: true })

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

function leftIn(file: string, bound: string, now: Now): Left | undefined {
  try {
    const bytes = readFileSync(file)
    const said = bytes.subarray(DIGEST)
    if (!digestOf(said).equals(bytes.subarray(0, DIGEST))) return undefined
    const read = deserialize(said) as { readonly bound: string; readonly left: Left }
    return read.bound === bound && isFresh(read.left, now) && isWhole(read.left) ? read.left : undefined
  } catch {
    // None, or none that can be read: the run begins anew.
    return undefined
  }
}

/** By the monotonic clock of one boot. */
function isFresh({ before }: Left, now: Now): boolean {
  const age = ageOf(before.snapshot.value.began, now)
  return age !== undefined && age >= 0 && age <= STILL_FRESH
}

const isWhole = ({ before, listing }: Left): boolean => [before.rows, before.intents, listing.uploads].every(isSame) && isListed(listing)

const isSame = ({ path: file, sha256 }: Spooled): boolean => sha256 !== undefined && hashOf(file) === sha256

/** The listing as far as it was noted; whatever was written behind that does not count. */
function isListed({ file, stands }: ListingPart): boolean {
  const cursor = keysFrom({ path: file, count: stands.count, bytes: stands.bytes }, { is: 'whole', count: stands.count })
  return endsAt(cursor, stands)
}
