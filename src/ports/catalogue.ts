// The catalogue port: a database whose rows say which objects are wanted. It is read whole, in one snapshot of one primary, or not at all: whatever
// goes wrong at any moment is a fault, and what was given until then is void. Keys are bytes and come ascending; rows that name one key twice are one
// row with the strictest lock. How many there are, the database counts by itself in the same snapshot, and what came must be as many.
import type { z } from 'zod'
import { coded, type Fault } from '../core/fault.ts'
import type { Instant, Now, Span } from '../core/time.ts'
import type { Egress, Timers } from './world.ts'

/** `unknown`: null, or a word that says neither; whoever judges takes it as locked. */
export type RowLock = 'locked' | 'free' | 'unknown'

export interface CatalogueRow {
  readonly key: Uint8Array
  readonly lock: RowLock
  readonly tenant: string | undefined
}

export interface CatalogueWant {
  /** A query with a column `key`, the lock column, and perhaps `tenant`. */
  readonly rows: string
  /** A query with a column `key`: uploads that have begun. */
  readonly intents: string | undefined
  readonly lockColumn: string
  /** Keys that do not begin with it are another's. */
  readonly prefix: Uint8Array
  /** Only these keys, a few at once: whether single ones have a row now. */
  readonly only?: readonly Uint8Array[]
  readonly limits: CatalogueLimits
}

/** How long each step may take. */
export interface CatalogueLimits {
  readonly connect: Span
  readonly statement: Span
  /** Waiting for somebody else's lock. */
  readonly lock: Span
}

/** Takes what comes, a part at a time, and is waited for. */
export interface CatalogueTake {
  readonly rows: (part: readonly CatalogueRow[]) => void
  readonly intents: (part: readonly Uint8Array[]) => void
}

/** How many, as the database itself counts them in the same snapshot. */
export interface Counted {
  readonly rows: number
  /** Different keys under the prefix. */
  readonly keys: number
}

/** One reading. `oids`, `fingerprint`: texts that change when what they stand for does. */
export interface CatalogueRead {
  readonly system: string
  readonly timeline: number
  readonly database: string
  readonly oids: string
  readonly position: bigint
  readonly primary: boolean | undefined
  readonly rowSecurity: boolean | undefined
  /** Every column that could hold a key, as schema.table.column type; bounded, ascending. */
  readonly columns: readonly string[]
  readonly lockColumn: boolean
  readonly rows: Counted
  readonly intents: Counted
  /** How far its clock is ahead of ours, in ms: at least and at most. */
  readonly ahead: { readonly least: number; readonly most: number }
  readonly at: Instant
}

export interface CatalogueContext {
  readonly egress: Egress
  readonly timers: Timers
  readonly now: () => Now
}

export interface Catalogue<Config extends z.ZodObject = z.ZodObject> {
  /** The key in the configuration (`postgres`). */
  readonly kind: string
  readonly title: string
  readonly does: string
  readonly config: Config
  readonly examples: readonly z.input<Config>[]
  /** Reads all of it; rejects with a fault in words for people, without credentials. Ends soon after its signal. */
  read(config: z.output<Config>, want: CatalogueWant, take: CatalogueTake, context: CatalogueContext, signal: AbortSignal): Promise<CatalogueRead>
}

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds catalogues of every configuration; each parses its own
export type AnyCatalogue = Catalogue<any>

/** Declares a catalogue; only there so that its configuration's type reaches `read`. */
export const catalogue = <Config extends z.ZodObject>(it: Catalogue<Config>): Catalogue<Config> => it

/** No object has a longer key. */
export const LONGEST_KEY = 1024
/** So many columns could hold keys, at most. */
export const MOST_COLUMNS = 50_000
const PART = 2000

const FREE = new Set(['false', 'f', '0', 'no', 'n', 'off', '\0'])
const LOCKED = new Set(['true', 't', '1', 'yes', 'y', 'on', '\u0001'])

/** What a lock column says, as text. Null and every other word say neither. */
export function lockOf(said: string | null | undefined): RowLock {
  const word = said?.trim().toLowerCase() ?? ''
  // A bit is one byte, and no blank.
  if (FREE.has(word) || said === '\0') return 'free'
  return LOCKED.has(word) || said === '\u0001' ? 'locked' : 'unknown'
}

export const unread = (says: string, retry: 'later' | 'never' = 'later'): Fault & { readonly code: string } => coded('EUNREAD', says, retry)

const STRICTEST: readonly RowLock[] = ['locked', 'unknown', 'free']

/** Takes rows as a database gives them, and gives them on as the port promises: ascending, each key once. */
export function orderly(give: (part: readonly CatalogueRow[]) => void, what: string): { add(row: CatalogueRow): void; end(counted: Counted): void } {
  let part: CatalogueRow[] = []
  let open: CatalogueRow | undefined
  let rows = 0
  let keys = 0
  const close = (): void => {
    if (open === undefined) return
    part.push(open)
    keys++
    if (part.length < PART) return
    give(part)
    part = []
  }
  return {
    add(row) {
      rows++
      if (row.key.length > LONGEST_KEY) throw unread(`one of ${what} has a key of ${row.key.length} bytes, and no object has one of more than ${LONGEST_KEY}`, 'never')
      const step = open === undefined ? 1 : Buffer.compare(row.key, open.key)
      if (step < 0) throw unread(`${what} do not come in the order of their bytes`)
      if (step > 0 || open === undefined) {
        close()
        open = row
        return
      }
      const locks = [open.lock, row.lock]
      open = { key: open.key, lock: STRICTEST.find((it) => locks.includes(it)) ?? 'unknown', tenant: open.tenant === row.tenant ? open.tenant : undefined }
    },
    end(counted) {
      close()
      if (part.length > 0) give(part)
      if (rows !== counted.rows || keys !== counted.keys) throw unread(`${what}: ${rows} came with ${keys} keys, and the database counts ${counted.rows} with ${counted.keys} in the same snapshot`)
    },
  }
}

/** One statement of a query that is read inside another: without the semicolon at its end. */
export const inner = (query: string): string => `(\n${query.trim().replace(/\s*;$/, '')}\n)`
