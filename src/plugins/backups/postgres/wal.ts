// Which WAL a base backup needs, and whether it is all there, by names alone: every segment from where the backup began to the last one that can be
// reached, along the newest timeline that its own one leads to. What is missing is named; what lies behind a gap is of no use to a restore. Pure.

/** A place in the WAL: the number of its segment, and the whole position. */
export interface Lsn {
  readonly at: bigint
  readonly says: string
}

export function readLsn(text: string): Lsn | undefined {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text.trim()) ?? []
  return high === undefined || low === undefined ? undefined : { at: (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`), says: text.trim() }
}

export interface Segment {
  readonly timeline: number
  /** Counted from the beginning of all WAL. */
  readonly n: bigint
}

/** The name of a segment file. `bytes`: how large segments are in that cluster. */
export function nameOf({ timeline, n }: Segment, bytes: number): string {
  const per = 0x1_0000_0000n / BigInt(bytes)
  return [BigInt(timeline), n / per, n % per].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('')
}

/** `undefined` for what is no whole segment, such as a `.partial`. */
export function segmentOf(name: string, bytes: number): Segment | undefined {
  const [, timeline, log, segment] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? []
  if (timeline === undefined || log === undefined || segment === undefined) return undefined
  return { timeline: Number.parseInt(timeline, 16), n: BigInt(`0x${log}`) * (0x1_0000_0000n / BigInt(bytes)) + BigInt(`0x${segment}`) }
}

/** A file of WAL in an archive without how it is packed: `000000010000000000000007.gz` is segment …07. */
export const plainName = (name: string): string => name.replace(/\.(?:gz|zst|lz4|xz|bz2)$/, '')
export const isSegment = (name: string): boolean => /^[0-9A-F]{24}$/.test(plainName(name))
export const isHistory = (name: string): boolean => /^[0-9A-F]{8}\.history$/.test(plainName(name))

/** One step of a timeline's history: `timeline` was left at `end`. */
export interface Left {
  readonly timeline: number
  readonly end: Lsn
}

/** What a `.history` file says, the oldest first. Lines that make no sense are none: PostgreSQL itself refuses them later. */
export const readHistory = (text: string): readonly Left[] => text.split('\n').flatMap((line): Left[] => {
  const [, timeline, end] = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line) ?? []
  const at = readLsn(end ?? '')
  return timeline === undefined || at === undefined ? [] : [{ timeline: Number(timeline), end: at }]
})

export interface Needs {
  readonly timeline: number
  readonly start: Lsn
  /** Where the backup ended: before that it is not consistent. Absent where nothing says. */
  readonly end?: Lsn
  /** Bytes of a segment. */
  readonly size: number
}

export interface Chain {
  /** Names of the segments that a restore reads, in their order, as far as there is no gap. */
  readonly wanted: readonly string[]
  /** Those that are not there, though the backup needs them or later ones lie behind them. At most `MOST_NAMED`. */
  readonly missing: readonly string[]
  /** How many there are in all. */
  readonly gap: number
  /** Segments behind the first gap. */
  readonly behind: number
  /** The timeline it leads to. */
  readonly timeline: number
  /** True when the backup itself cannot become consistent. */
  readonly fatal: boolean
}

const MOST_NAMED = 10
/** 64 TiB of WAL: what claims to need more than that is not believed to its end. */
const MOST_SEGMENTS = 4_000_000n

/** `names`: plain ones of all segments that are there. `histories`: of timelines, by their numbers. */
export function chainOf(needs: Needs, names: ReadonlySet<string>, histories: ReadonlyMap<number, readonly Left[]>): Chain {
  const { timeline, path } = leading(needs, histories)
  const size = BigInt(needs.size)
  const first = needs.start.at / size
  // The last byte of the backup lies right before its end.
  const least = needs.end === undefined ? first : (needs.end.at - 1n) / size
  const on = (n: bigint): number => path.findLast(({ from }) => from / size <= n)?.timeline ?? needs.timeline
  let last = least
  for (const name of names) {
    const found = segmentOf(name, needs.size)
    if (found && found.n > last && found.timeline === on(found.n)) last = found.n
  }
  const wanted: string[] = []
  const missing: string[] = []
  let gap = 0
  let behind = 0
  let fatal = false
  for (let n = first; n <= last && n - first < MOST_SEGMENTS; n++) {
    const name = nameOf({ timeline: on(n), n }, needs.size)
    if (!names.has(name)) {
      if (gap++ < MOST_NAMED) missing.push(name)
      fatal ||= n <= least
    } else if (gap === 0) wanted.push(name)
    else behind++
  }
  return { wanted, missing, gap, behind, timeline, fatal }
}

interface Reach {
  readonly timeline: number
  /** From here on this timeline counts. */
  readonly from: bigint
}

/** The newest timeline that was left from the backup's own one, at or behind where the backup began; and the way there. */
function leading({ timeline, start, end }: Needs, histories: ReadonlyMap<number, readonly Left[]>): { readonly timeline: number; readonly path: readonly Reach[] } {
  const floor = end?.at ?? start.at
  const fits = [...histories].filter(([number, left]) => number > timeline && left.some((it) => it.timeline === timeline && it.end.at >= floor)).map(([number]) => number)
  const newest = Math.max(timeline, ...fits)
  const path: Reach[] = [{ timeline, from: 0n }]
  const left = newest === timeline ? [] : (histories.get(newest) ?? [])
  for (const [i, it] of left.entries()) if (it.timeline >= timeline) path.push({ timeline: left[i + 1]?.timeline ?? newest, from: it.end.at })
  return { timeline: newest, path }
}

/** What is missing, for people. */
export function sayGap({ missing, gap, behind, fatal }: Chain): string {
  const named = `${missing.join(', ')}${gap > missing.length ? ` and ${gap - missing.length} more` : ''}`
  const rest = behind === 0 ? '' : `; ${behind === 1 ? 'one segment behind it is' : `${behind} segments behind it are`} of no use`
  return fatal ? `the base backup cannot become consistent, since WAL that it needs is missing: ${named}${rest}` : `the WAL has a gap: ${named} ${gap === 1 ? 'is' : 'are'} missing${rest}`
}
