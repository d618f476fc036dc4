// Whether the second copy holds the same bytes, found out by reading both. What has waited out its quarantine is read from where it lies aside, the copy from
// where it lies, and the two are held against each other byte for byte: an etag says what a store took down when something was written, and no more (G-23).
// That takes as long as it takes: each run reads for twenty minutes, before it looks at the catalogue; how far it came is written down with the run and the
// next one goes on there, in the middle of an object too. What could not be read is not the same; what is not the same is read once more before that is said.
import { sentence } from '../../../core/fault.ts'
import { days, minutes, type Now, type Span } from '../../../core/time.ts'
import type { Reading, Version } from '../../../ports/store.ts'
import { sayKey } from '../../../ports/store/key.ts'
import { textOf } from '../../../rooms/guard/reconcile/cursor.ts'
import { purgeAt, type Margins, type Moment, type Quarantine } from '../../../rooms/guard/reconcile/margins.ts'
import type { CopyRead, Since } from '../../../rooms/guard/reconcile/task.ts'

/** A run reads for so long: what is left of its ninety minutes is for catalogue and listing. */
const READS_FOR: Span = minutes(20)
/** What was read is worth something for so long, from its first byte on, by both clocks. */
const GOOD: Span = days(14)
/** Where there is time, it is read anew when it is so old. */
const AGAIN: Span = days(7)
/** So many objects at a time, two pieces of each: 16 MiB in all. */
const AT_ONCE = 4
const PIECE = 2 * 1024 * 1024
/** So many that cannot be read one after another are the store's fault: the rest is not tried. */
const MOST_FAILED = 3
/** So many are named. */
const MOST_SAID = 3

export interface Comparing {
  readonly own: Pick<Reading, 'head' | 'read'>
  readonly other: Pick<Reading, 'head' | 'read'>
  readonly now: () => Now
  readonly lived: Span
  readonly margins: Margins
  readonly say: (progress: string) => void
  /** Shorter in tests. */
  readonly readsFor?: Span
}

export interface Compared {
  /** Of each key that lies aside what is known of its copy; in the order of their keys. */
  readonly reads: readonly CopyRead[]
  /** For people: what differs, and what could not be read. */
  readonly said: readonly string[]
}

interface Waiting {
  readonly key: string
  readonly aside: Quarantine
}

/** Reads on where the run before stopped; nothing but what may be purged soon, and nothing twice while it is worth something. */
export async function compareCopies(since: readonly Since[], former: readonly CopyRead[], it: Comparing, signal: AbortSignal): Promise<Compared> {
  const began = it.now()
  const at: Moment = { wall: began.wall, lived: it.lived }
  const known = new Map(former.filter((one) => isWorth(one.since, at, GOOD)).map((one) => [one.key, one]))
  const aside = since.flatMap(({ key, recalled }): Waiting[] => (recalled.aside === undefined ? [] : [{ key, aside: recalled.aside }]))
  const reads = new Map(aside.flatMap((one) => (isOf(known.get(one.key), one.aside) ? [[one.key, known.get(one.key) as CopyRead]] : [])))
  const ripe = aside.filter((one) => (purgeAt(one.aside, it.margins) ?? Infinity) <= began.wall)
  const isOpen = ({ key }: Waiting): boolean => (reads.get(key)?.found ?? 'going') === 'going'
  const waiting = [...ripe.filter(isOpen), ...ripe.filter((one) => !isOpen(one))]
  const said: string[] = []
  const many = waiting.length
  let [over, failed] = [0, 0]
  const isOver = (): boolean => signal.aborted || failed >= MOST_FAILED || it.now().tick - began.tick >= (it.readsFor ?? READS_FOR)
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !isOver(); next = waiting.shift()) {
      const had = reads.get(next.key)
      const found = await compareOne(next, had, at, it, { isOver, signal }).catch((cause: unknown) => `${name(next.key)}: ${sentence(cause)}`)
      failed = typeof found === 'string' ? failed + 1 : 0
      if (typeof found === 'string') said.push(`a second copy could not be read: ${found}`)
      else if (found === undefined) reads.delete(next.key)
      // What was read to its end before stays until that very copy is read to its end again.
      else if (found.found !== 'going' || had === undefined || had.found === 'going' || had.of.etag !== found.of.etag || had.of.version !== found.of.version) reads.set(next.key, found)
      it.say(`reading second copies before a purge: ${++over} of ${many}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const all = [...reads.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const differ = all.filter(({ found }) => found === 'differs')
  if (differ.length > 0) said.push(`of ${differ.length} ${differ.length === 1 ? 'object' : 'objects'} the second copy holds other bytes than what lies aside, and ${differ.length === 1 ? 'it stays' : 'they stay'}: ${differ.slice(0, MOST_SAID).map(({ key }) => name(key)).join(', ')}${differ.length > MOST_SAID ? ' …' : ''}`)
  return { reads: all, said: said.length > MOST_SAID ? [...said.slice(0, MOST_SAID - 1), said.at(-1) ?? ''] : said }
}

/** Whether what was read is this copy, as it stands there now. */
export const isRead = ({ of }: CopyRead, there: Version): boolean => of.etag === there.etag && of.bytes === there.bytes && of.version === (there.versionId ?? '')

/** Whether it is of what lies aside. */
export const isOf = (read: CopyRead | undefined, aside: Pick<Quarantine, 'version' | 'etag'>): boolean => read?.version === aside.version && read.etag === aside.etag

/** By both clocks, the later of which counts; one that went back makes it worth nothing. */
function isWorth(since: Moment, now: Moment, span: Span): boolean {
  const [wall, lived] = [now.wall - since.wall, now.lived - since.lived]
  return wall >= 0 && lived >= 0 && Math.max(wall, lived) < span
}

const name = (hex: string): string => `“${sayKey(Buffer.from(hex, 'hex').toString())}”`

/** How far it came, on from `had` where that is of what stands there now; a sentence where it could not be read; nothing where there is none, or it is written just now. */
async function compareOne({ key: hex, aside }: Waiting, had: CopyRead | undefined, at: Moment, { own, other }: Comparing, { isOver, signal }: { readonly isOver: () => boolean; readonly signal: AbortSignal }): Promise<CopyRead | string | undefined> {
  const key = textOf(Buffer.from(hex, 'hex'))
  if (key === undefined) return `${name(hex)}: a store cannot be asked for it by this name`
  const place = { key, versionId: aside.version }
  const theirs = await other.head({ key }, signal)
  if (theirs.is === 'unknown') return theirs.says
  if (theirs.is === 'absent') return undefined
  const isStill = had !== undefined && isRead(had, theirs)
  if (isStill && had.found !== 'going' && isWorth(had.since, at, AGAIN)) return had
  const mine = await own.head(place, signal)
  if (mine.is !== 'version' || mine.etag !== aside.etag) return `${name(hex)}: what lies aside cannot be looked at${mine.is === 'unknown' ? `: ${mine.says}` : ''}`
  const of = { etag: theirs.etag, version: theirs.versionId ?? '', bytes: theirs.bytes }
  const fresh: CopyRead = isStill && had.found === 'going' ? had : { key: hex, version: aside.version, etag: aside.etag, of, read: 0, since: at, found: 'going' }
  if (mine.bytes !== theirs.bytes) return { ...fresh, found: 'differs' }
  let from = fresh.read
  const piece = async (): Promise<readonly [Buffer, Buffer] | undefined> => {
    const range = { from, bytes: Math.min(PIECE, mine.bytes - from) }
    const [a, b] = await Promise.all([own.read({ ...place, etag: mine.etag, ...range }, signal), other.read({ key, ...(theirs.versionId !== undefined && { versionId: theirs.versionId }), etag: theirs.etag, ...range }, signal)])
    return a.is === 'read' && b.is === 'read' ? [a.bytes, b.bytes] : undefined
  }
  while (from < mine.bytes) {
    if (isOver()) return { ...fresh, read: from }
    const first = await piece()
    const got = first && !isSame(first) ? await piece() : first
    if (got === undefined) return undefined
    if (!isSame(got)) return { ...fresh, read: from, found: 'differs' }
    const many = Math.min(got[0].length, got[1].length)
    if (many === 0) return `${name(hex)}: it ends at ${from} bytes, earlier than its store says`
    from += many
  }
  return { ...fresh, read: from, found: 'same' }
}

/** As far as both were given. */
const isSame = ([a, b]: readonly [Buffer, Buffer]): boolean => {
  const many = Math.min(a.length, b.length)
  return a.compare(b, 0, many, 0, many) === 0
}
