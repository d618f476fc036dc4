// The sandwich: the catalogue before (C1), the listing (L) and the catalogue after (C2), merged key by key with what is being uploaded, what former
// runs remember, and the sentinels. An orphan is in L and in neither catalogue; a gap is in both catalogues and not in L; a row in either catalogue
// protects its object, whatever else it says (G-20). Memory is constant: six keys and one group at a time. An input that is unsorted, repeats
// itself, ends early or counts differently than its source refuses the whole; whatever was visited before that is void.
import { oddKey } from '../../../ports/store/key.ts'
import { compare, compareViews, cursorOf, isSame, sayKey, shared, textOf, viewOf, type Cursor, type Listed, type Listing, type Lock, type Rows } from './cursor.ts'
import { untagged, type Flag, type Quarantine } from './margins.ts'
import { nameOf, spreadOf, type Spread } from './spread.ts'

/** What former runs know of one key. `lock: none`: no row of it was ever seen. `copied`: verified in the other place. */
export interface Recalled {
  readonly lock: Lock | 'none'
  readonly tenant?: string
  readonly flag?: Flag
  readonly aside?: Quarantine
  readonly copied?: boolean
  /** Who brought it back: no catalogue locked it then, they did. */
  readonly broughtBy?: string
  /** A person has accepted that this row has no object. */
  readonly gapAccepted?: true
}

export interface Memory extends Cursor {
  readonly recalled: () => Recalled
}

/** A key of our own. `row`: stands in catalogue and store; `orphan`: planted in the store alone; `gap`: planted in the catalogue alone. */
export interface Sentinel {
  readonly key: Uint8Array
  readonly is: 'row' | 'orphan' | 'gap'
}

export interface SentinelSeen extends Sentinel {
  readonly before: boolean
  readonly listed: boolean
  readonly after: boolean
}

export interface Inputs {
  readonly before: Rows
  readonly listing: Listing
  readonly after: Rows
  readonly intents: Cursor
  readonly memory: Memory
  readonly sentinels: readonly Sentinel[]
  readonly prefix: Uint8Array
}

/**
 * `never`: no row, but a lock or a tag says that nobody may touch it. `moving`: a row without an object in one catalogue only. `gone`: remembered,
 * and neither catalogue nor store knows it any more. `hidden`: put aside by somebody, not live, and without a row. `unseen`: in both catalogues, under
 * a name that nobody can ask a store for: whether its object is there is not known.
 */
export type Verdict = 'kept' | 'orphan' | 'gap' | 'intent' | 'never' | 'moving' | 'gone' | 'hidden' | 'unseen'

export interface Finding {
  readonly verdict: Verdict
  readonly key: Uint8Array
  readonly listed: Listed | undefined
  readonly recalled: Recalled | undefined
  /** Of all that the catalogue said, now or ever; once locked it stays locked (G-17). */
  readonly lock: Lock | 'none'
  readonly tenant: string | undefined
  readonly inCatalogue: boolean
}

/** The keys of one folder under the prefix, which sorted keys bring together; the keys without a folder are one group more. */
export interface Group {
  readonly name: string
  readonly objects: number
  /** Objects without a row, except those that a tag keeps. */
  readonly rowless: number
  readonly gaps: number
}

export interface Counts {
  readonly objects: number
  readonly before: number
  readonly after: number
  readonly bytes: number
  readonly sizesUnknown: number
}

export type Merged =
  | { readonly is: 'whole'; readonly counts: Counts; readonly sentinels: readonly SentinelSeen[]; readonly spread: Spread }
  | { readonly is: 'refused'; readonly reasons: readonly Broken[] }

/** An input that is none, and why. */
export interface Broken {
  readonly input: 'listing' | 'catalogue' | 'intents' | 'memory' | 'sentinels'
  readonly says: string
}

export interface Visitor {
  /** Every key except those that are simply kept: row, live object, no lock, nothing remembered. In byte order. */
  readonly key: (finding: Finding) => void
  readonly group: (group: Group) => void
}

/** Merges; each finding goes to the visitor as it is made. */
export function sandwich(inputs: Inputs, visit: Visitor): Merged {
  const planted = cursorOf(inputs.sentinels.map((it) => it.key))
  const [listing, before, after] = [laneOf('listing', 'the listing', inputs.listing), laneOf('catalogue', 'the catalogue before the listing', inputs.before), laneOf('catalogue', 'the catalogue after the listing', inputs.after)]
  const [intents, memory, sentinels] = [laneOf('intents', 'the list of uploads under way', inputs.intents), laneOf('memory', 'what former runs remember', inputs.memory), laneOf('sentinels', 'the list of sentinels', planted)]
  const lanes = [listing, before, after, intents, memory, sentinels]
  const counts = { objects: 0, before: 0, after: 0, bytes: 0, sizesUnknown: 0 }
  const seen: SentinelSeen[] = []
  const spread = spreadOf(inputs.sentinels.flatMap((it) => (it.is === 'row' ? [it.key] : [])), inputs.prefix)
  const groups = groupsOf(inputs.prefix, (group) => {
    spread.group(group)
    visit.group(group)
  })
  for (const lane of lanes) advance(lane)

  for (let low = lowest(lanes); low !== undefined; low = lowest(lanes)) {
    if (listing.here && !startsWith(low.cursor, inputs.prefix)) listing.wrong = `holds ${sayKey(keyOf(low.cursor))}, which lies outside the prefix`
    const isLive = listing.here && inputs.listing.standing === 'live'
    if (sentinels.here) {
      const sentinel = inputs.sentinels[planted.at()]
      if (sentinel?.is === 'row' && isLive) spread.sentinel(inputs.listing.listed())
      if (sentinel) seen.push({ ...sentinel, before: before.here, listed: isLive, after: after.here })
    } else {
      if (before.here) counts.before++
      if (after.here) counts.after++
      if (isLive) {
        countObject(counts, inputs.listing.size)
        spread.object(inputs.listing)
      }
      const plain = isLive && (before.here || after.here) && !memory.here && isFree(inputs.before, before) && isFree(inputs.after, after)
      const finding = plain ? undefined : findingOf(inputs, low, { listing, before, after, intents, memory })
      groups.take(low.cursor, isLive, finding)
      if (finding) visit.key(finding)
      if (plain && before.here && after.here) {
        stride(listing, before, after, (common) => {
          const isPlain = inputs.listing.standing === 'live' && inputs.before.lock === 'free' && inputs.after.lock === 'free' && groups.holds(inputs.listing, common) && isBelow(listing, intents) && isBelow(listing, memory) && isBelow(listing, sentinels)
          if (!isPlain) return false
          counts.before++
          counts.after++
          countObject(counts, inputs.listing.size)
          spread.object(inputs.listing)
          groups.plain()
          return true
        })
      }
    }
    let broken = false
    for (const lane of lanes) {
      if (lane.here) advance(lane)
      broken ||= lane.wrong !== undefined
    }
    if (broken) break
  }
  groups.close()
  const reasons = lanes.flatMap((lane) => wrongWith(lane).map((says) => ({ input: lane.input, says })))
  return reasons.length > 0 ? { is: 'refused', reasons } : { is: 'whole', counts, sentinels: seen, spread: spread.found() }
}

/** One input on its way, and the key that it had before. */
interface Lane {
  readonly input: Broken['input']
  readonly name: string
  readonly cursor: Cursor
  live: boolean
  /** Stands at the key that is being looked at. */
  here: boolean
  count: number
  last: Uint8Array
  lastView: DataView
  lastTo: number
  wrong: string | undefined
}

const laneOf = (input: Broken['input'], name: string, cursor: Cursor): Lane => {
  const last = new Uint8Array(256)
  return { input, name, cursor, live: true, here: false, count: 0, last, lastView: viewOf(last), lastTo: 0, wrong: undefined }
}

function keep(lane: Lane, common = 0): void {
  const { cursor } = lane
  const length = cursor.to - cursor.from
  if (length > lane.last.length) {
    const longer = new Uint8Array(length * 2)
    longer.set(lane.last)
    lane.last = longer
    lane.lastView = viewOf(lane.last)
  }
  const { lastView } = lane
  const { view, from } = cursor
  // What it has in common with the one kept before stands there already.
  let i = common
  for (; i + 4 <= length; i += 4) lastView.setInt32(i, view.getInt32(from + i))
  for (; i < length; i++) lastView.setUint8(i, view.getUint8(from + i))
  lane.lastTo = length
}

const isBelow = (lane: Lane, other: Lane): boolean => !other.live || order(lane.cursor, other.cursor) < 0

const order = (a: Cursor, b: Cursor): number => compareViews(a.view, a.from, a.to, b.view, b.from, b.to)

/**
 * All three stand at one key, which has been counted. Moves them on together, as long as they stay together and `more` takes each key: then one look at
 * the order serves all three, and nearly every key of a healthy catalogue goes this way. Leaves them where they part. `more` is told how many bytes the
 * key has in common with the one before.
 */
function stride(listing: Lane, before: Lane, after: Lane, more: (common: number) => boolean): void {
  let common = 0
  for (let together = true; together;) {
    keep(after, common)
    common = lead(after, listing)
    together = common >= 0
    together = follow(after, before, listing) && together
    together = follow(after, after, listing) && together
    together &&= more(common)
  }
}

/** Moves the lane on that is looked at first: how many bytes its key has in common with the kept one, below zero where it ends or goes back. */
function lead(kept: Lane, lane: Lane): number {
  const { cursor } = lane
  lane.here = false
  lane.live = cursor.next()
  if (!lane.live) return -1
  lane.count++
  const { view, from, to } = cursor
  const length = to - from
  const shorter = kept.lastTo < length ? kept.lastTo : length
  const common = shared(kept.lastView, 0, view, from, shorter)
  const ordered = common < shorter ? kept.lastView.getUint8(common) - view.getUint8(from + common) : kept.lastTo - length
  if (ordered < 0) return common
  complain(lane, ordered, kept.last.slice(0, kept.lastTo))
  return -1
}

/** Moves a lane on. True when it is where the leader is; only if not, its own order has to be looked at. */
function follow(kept: Lane, lane: Lane, leader: Lane): boolean {
  const { cursor } = lane
  lane.here = false
  lane.live = cursor.next()
  if (!lane.live) return false
  lane.count++
  if (leader.live && isSameKey(cursor, leader.cursor)) return true
  const ordered = compareViews(kept.lastView, 0, kept.lastTo, cursor.view, cursor.from, cursor.to)
  if (ordered >= 0) complain(lane, ordered, kept.last.slice(0, kept.lastTo))
  return false
}

function isSameKey(a: Cursor, b: Cursor): boolean {
  const length = a.to - a.from
  return length === b.to - b.from && isSame(a.view, a.from, b.view, b.from, length)
}

function complain(lane: Lane, ordered: number, last: Uint8Array): void {
  lane.wrong = ordered === 0 ? `repeats ${sayKey(keyOf(lane.cursor))}` : `goes back from ${sayKey(last)} to ${sayKey(keyOf(lane.cursor))}`
  lane.live = false
}

function advance(lane: Lane): void {
  const { cursor } = lane
  const had = lane.count > 0
  if (had) keep(lane)
  lane.here = false
  lane.live = cursor.next()
  if (!lane.live) return
  const ordered = had ? compareViews(lane.lastView, 0, lane.lastTo, cursor.view, cursor.from, cursor.to) : -1
  if (ordered >= 0) complain(lane, ordered, lane.last.slice(0, lane.lastTo))
  lane.count++
}

/** The lane with the smallest key; `here` is true for all that stand at it. */
function lowest(lanes: readonly Lane[]): Lane | undefined {
  let low: Lane | undefined
  for (const lane of lanes) {
    if (!lane.live) continue
    const ordered = low === undefined ? -1 : order(lane.cursor, low.cursor)
    if (ordered < 0) {
      for (const other of lanes) other.here = false
      low = lane
    }
    if (ordered <= 0) lane.here = true
  }
  return low
}

function wrongWith(lane: Lane): string[] {
  if (lane.wrong !== undefined) return [`${lane.name} ${lane.wrong}`]
  // Another lane broke the merge off before this one came to its end.
  if (lane.live) return []
  const ended = lane.cursor.ended()
  if (ended.is === 'early') return [`${lane.name} ended early: ${ended.says}`]
  return ended.count === lane.count ? [] : [`${lane.name} has ${lane.count} keys, and its source says ${ended.count}`]
}

function countObject(counts: { objects: number; bytes: number; sizesUnknown: number }, size: number | undefined): void {
  counts.objects++
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) counts.sizesUnknown++
  else counts.bytes += size
}

const keyOf = ({ bytes, from, to }: Cursor): Uint8Array => bytes.slice(from, to)

const isFree = (rows: Rows, { here }: Lane): boolean => !here || rows.lock === 'free'

function startsWith({ bytes, from, to }: Cursor, prefix: Uint8Array): boolean {
  return to - from >= prefix.length && compare(bytes, from, from + prefix.length, prefix, 0, prefix.length) === 0
}

/** The strictest of what is known: a lock once seen stays, and what nobody could read outweighs a "free" (G-17). */
function strictest(locks: readonly (Lock | 'none')[]): Lock | 'none' {
  return (['locked', 'unknown', 'free'] as const).find((it) => locks.includes(it)) ?? 'none'
}

function findingOf(inputs: Inputs, low: Lane, { listing, before, after, intents, memory }: Record<'listing' | 'before' | 'after' | 'intents' | 'memory', Lane>): Finding {
  const listed = listing.here ? inputs.listing.listed() : undefined
  const recalled = memory.here ? inputs.memory.recalled() : undefined
  const lock = strictest([before.here ? inputs.before.lock : 'none', after.here ? inputs.after.lock : 'none', recalled?.lock ?? 'none'])
  const tenant = (after.here ? inputs.after.tenant() : before.here ? inputs.before.tenant() : undefined) ?? recalled?.tenant
  const given = { key: keyOf(low.cursor), listed, recalled, lock, tenant, inCatalogue: before.here || after.here }
  return { ...given, verdict: verdictOf(given, { both: before.here && after.here, uploading: intents.here }) }
}

function verdictOf({ key, listed, lock, inCatalogue }: Omit<Finding, 'verdict'>, { both, uploading }: { both: boolean; uploading: boolean }): Verdict {
  if (listed === undefined || listed.standing === 'hidden') {
    if (inCatalogue) return !both ? 'moving' : isAskable(key) ? 'gap' : 'unseen'
    return uploading ? 'intent' : listed === undefined ? 'gone' : 'hidden'
  }
  if (inCatalogue) return 'kept'
  if (uploading) return 'intent'
  const never = lock === 'locked' || lock === 'unknown' || listed.lock === 'locked' || untagged(listed.tags).is === 'fail'
  return never ? 'never' : 'orphan'
}

function isAskable(key: Uint8Array): boolean {
  const text = textOf(key)
  return text !== undefined && oddKey(text) === undefined
}

const SLASH = 0x2f

/** Counts by folder: sorted keys bring a folder together, so one open group is enough. */
function groupsOf(prefix: Uint8Array, tell: (group: Group) => void) {
  let open: Uint8Array = new Uint8Array(0)
  /** The key that was taken last lies in the open folder. */
  let inside = false
  const fresh = () => ({ objects: 0, rowless: 0, gaps: 0 })
  let counts = fresh()
  const rest = fresh()
  const flush = (): void => {
    if (open.length > 0) tell({ name: nameOf(open), ...counts })
    counts = fresh()
  }
  return {
    take(cursor: Cursor, isLive: boolean, finding: Finding | undefined): void {
      inside = isInside(cursor, open)
      const into = inside ? counts : enter(cursor)
      if (isLive) into.objects++
      if (finding === undefined) return
      if (finding.verdict === 'orphan' || (finding.verdict === 'never' && untagged(finding.listed?.tags).is !== 'fail')) into.rowless++
      if (finding.verdict === 'gap' && finding.recalled?.aside === undefined && finding.recalled?.gapAccepted !== true) into.gaps++
    },
    /** The open folder holds this key, which has so many bytes in common with the one taken before. */
    holds: (cursor: Cursor, common: number): boolean => (inside && common >= open.length) || (inside = isInside(cursor, open)),
    /** One more object of the open folder, with a row. */
    plain: (): void => void counts.objects++,
    close(): void {
      flush()
      if (rest.objects + rest.gaps > 0) tell({ name: '', ...rest })
    },
  }

  function isInside(cursor: Cursor, group: Uint8Array): boolean {
    return group.length > 0 && startsWith(cursor, group)
  }

  function enter(cursor: Cursor): ReturnType<typeof fresh> {
    let slash = cursor.from + prefix.length
    while (slash < cursor.to && cursor.bytes[slash] !== SLASH) slash++
    if (slash >= cursor.to) return rest
    flush()
    open = cursor.bytes.slice(cursor.from, slash + 1)
    inside = true
    return counts
  }
}

