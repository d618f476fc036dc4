// Takes a manifest around a command. Where the command can be given the snapshot, all is counted in that very snapshot while the command runs; else once
// before and once after it. Whatever goes wrong here is a sentence in the manifest or instead of it, and never keeps the command from running.
import { hostname } from 'node:os'
import { sentence } from '../../core/fault.ts'
import { laterTick, ms, seconds, type Instant, type Span } from '../../core/time.ts'
import type { Snapshot, Tally, TallyContext, Tallying } from '../../ports/tally/tally.ts'
import type { ManifestPlace } from '../../rooms/guard/config.ts'
import { MANIFEST_LIMIT, type CountedTable, type HashedFile, type Manifest } from '../../rooms/guard/sets/manifest.ts'
import { hashFiles, unchanged } from './hashes.ts'

export interface TakingWants {
  readonly place: ManifestPlace
  /** The command is to be given the snapshot. */
  readonly share: boolean
  readonly tallying: Tallying | undefined
  readonly context: TallyContext
  /** Ends all counting. */
  readonly signal: AbortSignal
}

export interface Taking {
  /** The name of the snapshot, for the command. */
  readonly snapshot?: string
  /** Why it has none, or what could not be begun; empty when all is well. */
  readonly says: string
  /** The command is about to begin. */
  begin(): void
  /** The command ended well. */
  taken(from: Instant, to: Instant): Promise<{ readonly manifest?: Manifest; readonly says: string }>
  leave(): void
}

/** One statement may take a fifth of it all, so that one large table leaves time for others. */
const SHARE_OF_ONE = 5
const CONNECT_WITHIN: Span = seconds(10)

type Outcome = Tally | { readonly says: string }
const isTally = (it: Outcome | undefined): it is Tally => it !== undefined && 'tables' in it

export async function beginTaking(wants: TakingWants): Promise<Taking> {
  const { place, share, context, signal } = wants
  const before = await hashed(wants)
  let snapshot: Snapshot | undefined
  let says = ''
  try {
    // The others have no snapshot that can be handed over.
    snapshot = place.database && await open({ ...wants, share: share && place.database.kind === 'postgres' })
  } catch (cause) {
    says = `nothing was counted: ${sentence(cause).slice(0, 300)}`
  }
  const shared = share && snapshot?.id !== undefined
  let first: Promise<Outcome> | undefined
  if (snapshot && !shared) {
    first = Promise.resolve(await count(wants, snapshot))
    snapshot.leave()
  }
  return {
    ...(shared && snapshot?.id !== undefined ? { snapshot: snapshot.id } : {}), says,
    begin() {
      if (shared && snapshot) first = count(wants, snapshot)
    },
    async taken(from, to) {
      const counted = await first
      const second = shared || first === undefined ? undefined : await again(wants)
      snapshot?.leave()
      const files = unchanged(before, await hashed(wants))
      const missing = [says, counted && !isTally(counted) ? counted.says : '', second && !isTally(second) ? second.says : '', sayUnhashed(files)].find((it) => it !== '') ?? ''
      const tallied = isTally(counted) && (shared || isTally(second))
      if (!tallied && files.length === 0) return { says: missing || 'nothing was counted' }
      const manifest = compose({ place, from, to, how: shared ? 'snapshot' : 'bracketed', first: tallied ? counted : undefined, second: tallied && isTally(second) ? second : undefined, files })
      return { manifest, says: signal.aborted ? 'counting was ended by a signal' : missing }
    },
    leave: () => snapshot?.leave(),
  }

  async function again(it: TakingWants): Promise<Outcome> {
    try {
      const opened = await open({ ...it, share: false })
      try {
        return await count(it, opened)
      } finally {
        opened.leave()
      }
    } catch (cause) {
      return { says: `nothing was counted after the command: ${sentence(cause).slice(0, 300)}` }
    }
  }

  function open({ tallying, share: shares }: TakingWants): Promise<Snapshot> {
    if (!tallying || !place.database) return Promise.reject(new Error('this Holdfast cannot count in such a database'))
    return tallying.open(place.database.url, { share: shares, within: CONNECT_WITHIN }, context, signal)
  }
}

async function count({ place, context }: TakingWants, snapshot: Snapshot): Promise<Outcome> {
  try {
    return await snapshot.count({
      ...(place.tables ? { tables: place.tables } : {}), ...(place.newest === undefined ? {} : { newest: place.newest }),
      statement: ms(Math.max(1000, Math.floor(place.within / SHARE_OF_ONE))), until: laterTick(context.now().tick, place.within),
    })
  } catch (cause) {
    return { says: `nothing was counted: ${sentence(cause).slice(0, 300)}` }
  }
}

/** A file that nobody could hash proves nothing of any copy, and whoever runs the command is the only one who can mend it: mostly it is looked for in another folder. */
function sayUnhashed(files: readonly HashedFile[]): string {
  const without = files.flatMap((it) => ('says' in it ? [`${it.path}: ${it.says}`] : []))
  return without.length === 0 ? '' : `no hash was taken of ${without.slice(0, 3).join('; ')}${without.length > 3 ? `; and ${without.length - 3} more` : ''} (files are looked for in the folder in which holdfast exec runs)`
}

async function hashed({ place, context, signal }: TakingWants): Promise<readonly HashedFile[]> {
  if (place.files.length === 0) return []
  const over = new AbortController()
  const cancel = context.timers.after(place.within, () => over.abort())
  try {
    return await hashFiles(place.files, AbortSignal.any([signal, over.signal]))
  } finally {
    cancel()
  }
}

interface Composing {
  readonly place: ManifestPlace
  readonly from: Instant
  readonly to: Instant
  readonly how: Manifest['how']
  readonly first: Tally | undefined
  readonly second: Tally | undefined
  readonly files: readonly HashedFile[]
}

/** Room for what stands around it. */
const AROUND = 2048

export function compose({ place, from, to, how, first, second, files }: Composing): Manifest {
  const tables = first ? bounds(first, how === 'snapshot' ? first : second) : []
  const whole: Manifest = {
    schema: 'holdfast.manifest/1', set: place.set, machine: hostname().slice(0, 300), how, from, to, taken_at: first?.at ?? null,
    server: first && place.database ? { engine: place.database.kind, ...first.server, version: first.server.version.slice(0, 300) } : null,
    whole: place.tables === undefined, left_out: Math.max(first?.leftOut ?? 0, second?.leftOut ?? 0), tables, newest: newestOf(first?.newest, how === 'snapshot' ? first?.newest : second?.newest), files: [...files],
  }
  return fitting(whole)
}

/** Of too many tables the smallest are left out, and counted. */
function fitting(manifest: Manifest): Manifest {
  let { tables, left_out } = manifest
  while (tables.length > 0 && Buffer.byteLength(JSON.stringify({ ...manifest, tables })) > MANIFEST_LIMIT - AROUND) {
    const less = Math.ceil(tables.length / 10)
    left_out += less
    tables = tables.slice(less)
  }
  return { ...manifest, tables, left_out }
}

function bounds(first: Tally, second: Tally | undefined): CountedTable[] {
  const after = new Map(second?.tables.map((it) => [it.name, it]))
  const found = first.tables.map((before): CountedTable => {
    const last = after.get(before.name)
    after.delete(before.name)
    if ('says' in before) return before
    if (last === undefined) return { name: before.name, says: 'it was there only before the command' }
    return 'says' in last ? last : { name: before.name, least: Math.min(before.rows, last.rows), most: Math.max(before.rows, last.rows) }
  })
  return [...found, ...[...after.keys()].map((name): CountedTable => ({ name, says: 'it was there only after the command' }))].slice(0, 1000)
}

function newestOf(first: Tally['newest'], second: Tally['newest']): Manifest['newest'] {
  if (first === undefined || second === undefined) return null
  if ('says' in first) return first
  if ('says' in second) return second
  const [least = null, most = null] = [first.value, second.value].toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1))
  return { least, most }
}
