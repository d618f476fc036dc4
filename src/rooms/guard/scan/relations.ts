// The relations of a server, one after the other: how the work is cut, and what is said of each. The largest comes first, tables of PostgreSQL by ranges of pages.
// What is not well is looked at a second time before anything is said. What nobody could look at is unknown, and never well.
import type { Looked, Range, Relation, Survey } from '../../../ports/examine/examiner.ts'
import type { Progress } from './pace.ts'

/** A piece of work. */
export interface LookUnit {
  readonly relation: Relation
  readonly range: Range
  readonly bytes: number
  /** All that would make it another one. */
  readonly key: string
}

const RANGE = 64 * 1024 * 1024

/** Whole relations, or their ranges, the largest relation first and its ranges in order. The last range has no end: what grew since is looked at too. */
export function* unitsOf(relations: readonly Relation[]): Generator<LookUnit, undefined> {
  for (const relation of relations.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))) {
    const { page, bytes, database, id, state, kind } = relation
    const step = page === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(RANGE / page))
    const all = page === undefined ? 1 : Math.max(1, Math.ceil(bytes / page))
    for (let from = 0; from < all; from += step) {
      const isLast = from + step >= all
      yield {
        relation, range: isLast ? { from } : { from, to: from + step }, bytes: page === undefined ? bytes : Math.max(0, Math.min(step * page, bytes - from * page)),
        key: `${database}\0${kind}\0${id}\0${state}\0${from}\0${isLast ? 'end' : from + step}`,
      }
    }
  }
  return undefined
}

/** What is said after one look, or two. `flickered`: the first was not well and the second was. */
export function settleLook(first: Looked, second?: Looked): { readonly looked: Looked; readonly flickered: boolean } {
  const isGood = ({ is }: Looked): boolean => is === 'well' || is === 'gone' || is === 'beyond'
  if (isGood(first) || second === undefined) return { looked: first, flickered: false }
  // What could not be asked the first time says nothing against it.
  if (isGood(second)) return { looked: second, flickered: first.is === 'damaged' && second.is === 'well' }
  return { looked: second.is === 'damaged' || first.is !== 'damaged' ? second : first, flickered: false }
}

/** Whether a look is worth a second one. */
export const wantsAgain = ({ is }: Looked): boolean => is === 'damaged' || is === 'unknown' || is === 'lost'

export interface Finding {
  readonly database: string
  readonly relation: string
  readonly kind: Relation['kind']
  /** Of an index: its table. */
  readonly of?: string
  /** Of a range: its first page, and the one behind its last. */
  readonly pages?: { readonly from: number; readonly to: number | null }
  readonly says: string
}

export interface RelationsReport {
  /** `halted`: the server could not be asked any more, and `says` why. */
  readonly is: 'ended' | 'stopped' | 'halted'
  readonly says?: string
  readonly server: string
  readonly databases: readonly string[]
  /** Looked at to their ends this time or before, well or not. */
  readonly relations: number
  /** Of so many that there are. */
  readonly of: number
  readonly bytes: number
  readonly damaged: readonly Finding[]
  readonly unknown: readonly { readonly database: string; readonly relation?: string; readonly says: string }[]
  readonly beyond: Survey['beyond']
  readonly gone: number
  readonly flickered: number
  readonly resumed: boolean
  readonly tookMs: number
}

/** An address of a database; what it may take of it. */
export interface RelationsWants {
  readonly url: string
  /** At once, of what lies on one device. */
  readonly connections: number
  readonly rate?: number | undefined
  readonly yields?: boolean
  readonly journal?: string | undefined
  readonly signal: AbortSignal
  readonly progress?: (it: Progress) => void
}

/** So many connections at once, on however many devices. */
export const MOST_CONNECTIONS = 16
