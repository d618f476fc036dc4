// Inputs of a reconcile as arrays, walked over as real spools are: the key's bytes move under the reader's feet, so that whoever keeps a key
// without copying it is found out.
import type { Cursor, Ended, Listed, Listing, Lock, Rows } from '../../src/rooms/guard/reconcile/cursor.ts'
import type { Finding, Group, Inputs, Memory, Merged, Recalled, Sentinel } from '../../src/rooms/guard/reconcile/sandwich.ts'
import { sandwich } from '../../src/rooms/guard/reconcile/sandwich.ts'
import { instantOf } from '../../src/core/time.ts'

export interface Keyed { readonly key: Uint8Array }
export interface Row extends Keyed { readonly lock: Lock; readonly tenant?: string }
export interface Thing extends Keyed, Listed {}
export interface Noted extends Keyed { readonly recalled: Recalled }

/** Entries in the order in which they come; `ended` as a source that tells the truth would say it, unless told otherwise. */
export interface Spool<Entry extends Keyed> { readonly entries: readonly Entry[]; readonly ended: Ended }

export const spool = <Entry extends Keyed>(entries: readonly Entry[], ended?: Ended): Spool<Entry> => ({ entries, ended: ended ?? { is: 'whole', count: entries.length } })
export const bytes = (text: string): Uint8Array => Buffer.from(text)
export const byBytes = <Entry extends Keyed>(entries: readonly Entry[]): Entry[] => [...entries].sort((a, b) => Buffer.compare(a.key, b.key))

/** One buffer for all keys, moved and overwritten at every step. */
function walk<Entry extends Keyed, More extends object>({ entries, ended }: Spool<Entry>, more: (now: () => Entry) => More): Cursor & More {
  let at = -1
  const block = new Uint8Array(1200)
  const now = (): Entry => {
    const entry = entries[at]
    if (entry === undefined) throw new Error('nothing stands here')
    return entry
  }
  const cursor = {
    bytes: block as Uint8Array, view: new DataView(block.buffer), from: 0, to: 0, ended: () => ended,
    next: () => {
      at++
      block.fill(0xee, cursor.from, cursor.to)
      const entry = entries[at]
      if (entry === undefined) return false
      cursor.from = (at * 7) % 64
      cursor.to = cursor.from + entry.key.length
      block.set(entry.key, cursor.from)
      return true
    },
  }
  return Object.assign(cursor, more(now))
}

const nothing = (): object => ({})

export const keysOf = (from: Spool<Keyed>): Cursor => walk(from, nothing)
export const memoryOf = (from: Spool<Noted>): Memory => walk(from, (now) => ({ recalled: () => now().recalled }))

/** The lock stands beside the key, and moves with it. */
export function rowsOf(from: Spool<Row>): Rows {
  const cursor = walk(from, (now) => ({ tenant: () => now().tenant, now }))
  return {
    get bytes() { return cursor.bytes }, get view() { return cursor.view }, get from() { return cursor.from }, get to() { return cursor.to }, get lock() { return cursor.now().lock },
    next: cursor.next, ended: cursor.ended, tenant: cursor.tenant,
  }
}

export function listingOf(from: Spool<Thing>): Listing {
  const cursor = walk(from, (now) => ({ now }))
  return {
    get bytes() { return cursor.bytes }, get view() { return cursor.view }, get from() { return cursor.from }, get to() { return cursor.to }, get size() { return cursor.now().size }, get standing() { return cursor.now().standing },
    next: cursor.next, ended: cursor.ended, listed: cursor.now,
  }
}

/** A day of the year that the tests play in. */
export const ZERO = 1_795_000_000_000
export const DAY = 86_400_000

export const row = (key: string, lock: Lock = 'free', tenant?: string): Row => ({ key: bytes(key), lock, ...(tenant === undefined ? {} : { tenant }) })
export const thing = (key: string, more: Partial<Listed> = {}): Thing => ({
  key: bytes(key), version: `v-${key}`, etag: `e-${key}`, size: 10, modifiedAt: instantOf(ZERO - 60 * DAY), lock: 'free', tags: [], standing: 'live', ...more,
})
export const noted = (key: string, recalled: Recalled): Noted => ({ key: bytes(key), recalled })

export interface Spools {
  readonly before: Spool<Row>
  readonly listing: Spool<Thing>
  readonly after: Spool<Row>
  readonly intents: Spool<Keyed>
  readonly memory: Spool<Noted>
  readonly sentinels: readonly Sentinel[]
}

/** Spools out of what a test cares about; the rest is empty. Both catalogues are `rows` where nothing else is said. */
export function spools(given: { rows?: readonly Row[]; before?: readonly Row[]; after?: readonly Row[]; things?: readonly Thing[]; intents?: readonly string[]; memory?: readonly Noted[]; sentinels?: readonly Sentinel[] }): Spools {
  return {
    before: spool(byBytes(given.before ?? given.rows ?? [])), after: spool(byBytes(given.after ?? given.rows ?? [])), listing: spool(byBytes(given.things ?? [])),
    intents: spool(byBytes((given.intents ?? []).map((key) => ({ key: bytes(key) })))), memory: spool(byBytes(given.memory ?? [])), sentinels: byBytes(given.sentinels ?? []),
  }
}

export const inputsOf = (it: Spools, prefix = ''): Inputs => ({
  before: rowsOf(it.before), listing: listingOf(it.listing), after: rowsOf(it.after), intents: keysOf(it.intents), memory: memoryOf(it.memory), sentinels: it.sentinels, prefix: bytes(prefix),
})

/** Merges and keeps all that was visited. */
export function merge(it: Spools, prefix = ''): { merged: Merged; findings: Finding[]; groups: Group[] } {
  const findings: Finding[] = []
  const groups: Group[] = []
  const merged = sandwich(inputsOf(it, prefix), { key: (finding) => void findings.push(finding), group: (group) => void groups.push(group) })
  return { merged, findings, groups }
}
