// Pages of a PostgreSQL cluster, judged by the checksum that each carries (storage/checksum_impl.h: 32 FNV-1a sums side by side, folded, with the page's
// number in it, so that a page that was written to the wrong place is found too). Only for clusters at rest: a running one writes pages while they are
// read. A page that was never used is empty and has none.
const PAGE = 8192
const LANES = 32
const PRIME = 16_777_619
/** The word of the header whose lower half is the checksum; the upper one holds flags, and counts. */
const CHECKSUM_WORD = 2
/** Blocks in one file of a relation, before the next begins (1 GiB). */
const SEGMENT = 131_072

const OFFSETS = new Int32Array([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
  0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
])

/** What is wrong with a page. `unsummed`: it has none, which is right only where the cluster keeps none at all. */
export type Flaw = 'checksum' | 'unsummed' | 'header' | 'torn'

export interface BadPage {
  /** Counted from the beginning of the relation. */
  readonly block: number
  readonly flaw: Flaw
}

export interface PagesSeen {
  readonly pages: number
  /** Pages that carry a checksum. */
  readonly summed: number
  readonly bad: readonly BadPage[]
}

/** So many bad pages of one piece are named. */
const MOST_BAD = 1000

/** Sums for the lanes of one page at a time; not shared between threads. */
const sums = new Int32Array(LANES)

/** The checksum that the page at `at` has to carry as block number `block`. Words are read in the machine's order, as PostgreSQL does. */
export function checksumOf(words: Int32Array, at: number, block: number): number {
  sums.set(OFFSETS)
  const carried = words[at + CHECKSUM_WORD] ?? 0
  // It counts as nothing while it is made.
  words[at + CHECKSUM_WORD] = carried & 0xffff0000
  for (let n = at; n < at + PAGE / 4; n += LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const mixed = (sums[lane] as number) ^ (words[n + lane] as number)
      sums[lane] = Math.imul(mixed, PRIME) ^ (mixed >>> 17)
    }
  }
  words[at + CHECKSUM_WORD] = carried
  let folded = 0
  for (let lane = 0; lane < LANES; lane++) {
    let sum = sums[lane] ?? 0
    for (let round = 0; round < 2; round++) sum = Math.imul(sum, PRIME) ^ (sum >>> 17)
    folded ^= sum
  }
  return ((folded ^ block) >>> 0) % 65_535 + 1
}

/** Looks at the pages of a piece of a relation's file; `first` is the number of its first block. */
export function lookAtPages(bytes: Uint8Array, first: number): PagesSeen {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
  const whole = Math.floor(aligned.length / PAGE)
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, (whole * PAGE) / 4)
  const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, (whole * PAGE) / 2)
  const bad: BadPage[] = []
  let summed = 0
  const say = (block: number, flaw: Flaw): void => void (bad.length < MOST_BAD && bad.push({ block, flaw }))
  for (let page = 0; page < whole; page++) {
    const [at, half] = [(page * PAGE) / 4, (page * PAGE) / 2]
    const [carried, lower, upper, special] = [halves[half + 4] ?? 0, halves[half + 6] ?? 0, halves[half + 7] ?? 0, halves[half + 8] ?? 0]
    if (upper === 0) {
      if (!isEmpty(words, at)) say(first + page, 'header')
      continue
    }
    if (carried !== 0) summed++
    if (lower < 24 || lower > upper || upper > special || special > PAGE) say(first + page, 'header')
    else if (carried === 0) say(first + page, 'unsummed')
    else if (checksumOf(words, at, first + page) !== carried) say(first + page, 'checksum')
  }
  if (aligned.length % PAGE !== 0) say(first + whole, 'torn')
  return { pages: whole, summed, bad }
}

function isEmpty(words: Int32Array, at: number): boolean {
  for (let n = 0; n < PAGE / 4; n++) if (words[at + n] !== 0) return false
  return true
}

/** The number of the first block in a file of a relation; `undefined` for files that hold no pages. Paths are below the data folder. */
export function firstBlockOf(path: string): number | undefined {
  const found = /^(?:global|base\/\d+|pg_tblspc\/\d+\/PG_[^/]+\/\d+)\/\d+(?:_(?:fsm|vm|init))?(?:\.(?<segment>\d+))?$/.exec(path)
  return found ? Number(found.groups?.['segment'] ?? 0) * SEGMENT : undefined
}

export const PAGE_BYTES = PAGE
