// What a scan has done so far, so that one that was killed goes on where it was. Two files of lines, each line with a check of its own: `done` holds
// what is settled, in tree order; `open` holds what was read of the files that come next. Whatever a crash left torn at an end is cut off there, and
// a reading is taken over only for a file that is still the very same. A journal of another scan, or one too old, is not gone on with.
import { crc32 } from 'node:zlib'
import { entryFrom, entryJson, named, objectFrom, pathOf, type Entry } from './manifest.ts'
import { VERDICTS, type Verdict } from './judge.ts'

export const JOURNAL = 'holdfast.scan-journal/1'

/** Which scan it is of. `against`: the seal of the manifest that it compares with. */
export interface Charter {
  readonly root: string
  readonly began: string
  readonly whole: boolean
  readonly against: string
}

/** What is settled of one path. */
export interface Settled {
  readonly path: string
  readonly verdict: Verdict
  readonly flickered: boolean
  readonly says?: string
  readonly ranges?: readonly number[]
  /** As it is now, where it could be read. */
  readonly entry?: Entry
  /** As its manifest has it, where that must be kept: of what is damaged, missing or could not be seen. */
  readonly former?: Entry
}

/** One range that was read. */
export interface RangeRead {
  readonly path: string
  readonly dev: string
  readonly ino: string
  readonly size: number
  readonly mtime: string
  readonly n: number
  readonly sum: string
}

/** A line with a check of its own. */
export const checkedLine = (it: object): string => {
  const json = JSON.stringify(it)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** What stands in a line; `undefined` when it is torn. */
export function openedLine(text: string): Readonly<Record<string, unknown>> | undefined {
  const json = text.slice(9)
  return text[8] === ' ' && Number.parseInt(text.slice(0, 8), 16) === crc32(json) ? objectFrom(json) : undefined
}

export const writeCharter = ({ root, ...rest }: Charter): string => checkedLine({ schema: JOURNAL, root64: Buffer.from(root, 'latin1').toString('base64'), ...rest })

export function charterFrom(text: string): Charter | undefined {
  const { schema, root64, began, whole, against } = openedLine(text) ?? {}
  if (schema !== JOURNAL || typeof root64 !== 'string' || typeof began !== 'string' || typeof whole !== 'boolean' || typeof against !== 'string') return undefined
  return { root: Buffer.from(root64, 'base64').toString('latin1'), began, whole, against }
}

const OLDEST = 7 * 86_400_000

/** Whether a scan that was broken off is the one that is wanted now. `now`: milliseconds. */
export const goesOn = (left: Charter | undefined, wanted: Charter, now: number): boolean =>
  left !== undefined && left.root === wanted.root && left.whole === wanted.whole && left.against === wanted.against
  && now - Date.parse(left.began) < OLDEST && now >= Date.parse(left.began)

export const writeSettled = ({ path, entry, former, ...rest }: Settled): string =>
  checkedLine({ ...named(path), ...rest, ...(entry && { entry: entryJson(entry) }), ...(former && { former: entryJson(former) }) })

const isObject = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === 'object' && it !== null

export function settledFrom(text: string, whole: boolean): Settled | undefined {
  const it = openedLine(text)
  const path = it && pathOf(it)
  const verdict = VERDICTS.find((name) => name === it?.['verdict'])
  if (it === undefined || path === undefined || verdict === undefined) return undefined
  const entry = isObject(it['entry']) ? entryFrom(it['entry'], whole) : undefined
  const former = isObject(it['former']) ? entryFrom(it['former'], whole) : undefined
  const { says, ranges } = it
  return {
    path, verdict, flickered: it['flickered'] === true,
    ...(typeof says === 'string' && { says }), ...(Array.isArray(ranges) && { ranges: ranges.map(Number) }), ...(entry && { entry }), ...(former && { former }),
  }
}

export const writeRange = ({ path, ...rest }: RangeRead): string => checkedLine({ ...named(path), ...rest })

export function rangeFrom(text: string): RangeRead | undefined {
  const it = openedLine(text)
  const path = it && pathOf(it)
  const { dev, ino, size, mtime, n, sum } = it ?? {}
  if (path === undefined || typeof dev !== 'string' || typeof ino !== 'string' || typeof size !== 'number' || typeof mtime !== 'string' || typeof n !== 'number' || typeof sum !== 'string') return undefined
  return { path, dev, ino, size, mtime, n, sum }
}
