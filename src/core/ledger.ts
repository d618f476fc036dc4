// The ledger: what turned, who was rung, who took it, what was permitted, done, refused. One chain of entries per node, each
// with the hash of the one before. The encoding is canonical (keys sorted, no white space), so the same entry has the
// same bytes in every version (L-9). Free text of people stands beside the chain; the entry carries its hash (`textHash`).
//
// Two kinds of stream. Open: anybody may append; folds commute and duplicates are harmless. Strict: an append names the
// version it follows and is refused if another came first.
import { sha256 } from './id.ts'
import type { Instant } from './time.ts'

export interface NewEntry {
  /** `room.pastTense`, such as `watch.turned`. */
  readonly is: string
  /** What it is about: an incident, a check, a page. Folds group by it. */
  readonly stream: string
  /** A JSON value; no clock, no randomness is needed to apply it: ids and deadlines lie in it. */
  readonly body: Readonly<Record<string, unknown>>
  /** Strict streams only: the version that this entry follows (0 for the first). */
  readonly follows?: number
}

export interface Entry extends NewEntry {
  readonly seq: number
  readonly node: string
  readonly at: Instant
  /** Hybrid logical clock: never goes back on this node, whatever the wall clock does. */
  readonly hlc: number
  readonly prev: string
  readonly hash: string
}

export const GENESIS = '0'.repeat(64)

/** Text that stands in JSON as it is. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** Canonical JSON: object keys sorted by code unit, `undefined` left out, numbers finite. Throws on what JSON cannot carry. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} cannot stand in an entry`)
    return String(value)
  }
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value as unknown[]) items += (items === '' ? '' : ',') + canonical(item === undefined ? null : item)
    return `[${items}]`
  }
  if (typeof value === 'object') {
    let fields = ''
    for (const key of Object.keys(value).sort()) {
      const field = (value as Record<string, unknown>)[key]
      if (field !== undefined) fields += (fields === '' ? '' : ',') + quoted(key) + ':' + canonical(field)
    }
    return `{${fields}}`
  }
  throw new TypeError(`a ${typeof value} cannot stand in an entry`)
}

/** The hash that closes an entry: SHA-256 over the former hash and the canonical form of everything else. */
export function hashOf(entry: Omit<Entry, 'hash'>, body: string = canonical(entry.body)): string {
  const head = canonical([entry.seq, entry.node, entry.at, entry.hlc, entry.is, entry.stream, entry.follows ?? null])
  return sha256(`${entry.prev}\n${head}\n${body}`)
}
