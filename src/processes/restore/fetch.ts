// A copy on its way into a restore: read with the credential that lists and reads, by ranges, of the very version that was judged; and held against all
// that is recorded of it, the whole by the drill that passed and each part by the reading that proved it. What differs is not restored.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Fault } from '../../core/fault.ts'
import { stores as plugins } from '../../plugins/list.gen.ts'
import type { Reading } from '../../ports/store.ts'
import { createClock } from '../../ports/world/clock.ts'
import { createEgress } from '../../ports/world/egress.ts'
import { random } from '../../ports/world/random.ts'
import { createResolver } from '../../ports/world/resolver.ts'
import { createTimers } from '../../ports/world/timers.ts'
import { forReading, type StorePlace } from '../../rooms/guard/config.ts'
import { createProgress, type Progress } from '../../rooms/guard/scan/pace.ts'
import type { RestoreBegunAnswer } from '../../views/restore/restores.ts'
import { fetchCopy, type Fetched } from '../guard/drill/fetch.ts'
import { fetchRepository } from '../guard/drill/gather.ts'
import { loneReading } from '../stores/lone.ts'
import { engineOf, gatheredBy } from './given.ts'
import type { Place } from './place.ts'

export interface OpenReading {
  readonly reading: Reading
  close(): void
}

/** The half of a store that looks, opened without the credential that deletes. `folder`: where the configuration lies; `lab`: no public address is reached. */
export function openReading(place: StorePlace, folder: string, lab: boolean): OpenReading {
  const { name, kind, settings } = forReading(place)
  const plugin = plugins.find((it) => it.kind === kind)
  if (!plugin) throw new Fault(`no store is called “${name}”`, 'never')
  if (plugin.runs === 'alone') {
    const { half, close } = loneReading({ plugin, settings, folder, lab })
    return { reading: half, close }
  }
  const clock = createClock()
  const timers = createTimers()
  const resolver = createResolver({ clock, timers })
  const egress = createEgress({ clock, timers, resolver, lab })
  return { reading: plugin.reading(plugin.config.parse(settings), { egress, now: () => clock.now(), random, folder }), close: () => resolver.close() }
}

const now = (): ReturnType<ReturnType<typeof createClock>['now']> => clockOfThis.now()
const clockOfThis = createClock()

/** Brings it in, and throws a `Fault` for anything but the copy that is recorded. */
export async function fetchInto(place: Pick<Place, 'room' | 'takeIn'>, reading: Reading, begun: RestoreBegunAnswer, signal: AbortSignal, progress?: (it: Progress) => void): Promise<Fetched> {
  const { version_id, modified_at, key, etag, bytes } = begun.copy
  const copy = { key, etag, bytes, modifiedAt: modified_at, ...(version_id === null ? {} : { versionId: version_id }) }
  const engine = engineOf(begun.engine)
  const gathered = gatheredBy(engine, key)
  const counted = progress ? counting(reading, gathered ? undefined : bytes, progress) : reading
  const fetched = gathered ? await fetchRepository({ reading: counted, repository: gathered, copy, cell: place, most: Number.MAX_SAFE_INTEGER, now }, signal) : await fetchCopy(counted, copy, place, signal)
  // A repository grows with each copy in it, and checks itself.
  if (engine.repository) return fetched
  if (begun.sha256 !== null && begun.sha256 !== fetched.sha256) throw new Fault(`these are not the bytes that the last drill restored: they have sha256 ${fetched.sha256.slice(0, 12)}…, and had ${begun.sha256.slice(0, 12)}…. Verify the set, and take another copy`, 'never')
  const wrong = gathered ? undefined : await firstWrong(await place.takeIn(), begun.parts)
  if (wrong !== undefined) throw new Fault(`these are not the bytes that were read before: they differ from ${wrong} on. Verify the set, and take another copy`, 'never')
  return fetched
}

/** Says how much has come. Of a repository nobody knows how much there is before all of it is listed. */
function counting(reading: Reading, bytes: number | undefined, progress: (it: Progress) => void): Reading {
  const told = createProgress(now().tick)
  let came = 0
  return {
    ...reading,
    async read(want, signal) {
      const chunk = await reading.read(want, signal)
      if (chunk.is === 'read') {
        came += chunk.bytes.length
        progress(told(now().tick, { files: 0, bytes: came, total: bytes === undefined ? { is: 'at least', bytes: came, files: 0 } : { is: 'known', bytes, files: 1 }, readNow: came }))
      }
      return chunk
    },
  }
}

const PIECE = 4 * 1024 * 1024

/** Where the first part begins that is not what it was. */
async function firstWrong(file: string, parts: RestoreBegunAnswer['parts']): Promise<number | undefined> {
  if (parts.length === 0) return undefined
  const opened = await open(file, 'r')
  const buffer = Buffer.alloc(PIECE)
  try {
    for (const { from, bytes, sha256 } of parts) {
      const hash = createHash('sha256')
      for (let at = from; at < from + bytes;) {
        const { bytesRead } = await opened.read(buffer, 0, Math.min(PIECE, from + bytes - at), at)
        if (bytesRead === 0) return from
        hash.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
      if (hash.digest('hex') !== sha256) return from
    }
    return undefined
  } finally {
    await opened.close()
  }
}
