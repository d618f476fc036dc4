// The merging side of `merge.ts`, in a process of its own so that its memory is its own: walks over spools (a byte of length, then the key), block by
// block, and says what it found and what it took.
import { openSync, readSync } from 'node:fs'
import { cursorOf, type Cursor, type Listed, type Listing, type Rows } from '../src/rooms/guard/reconcile/cursor.ts'
import { sandwich, type Memory } from '../src/rooms/guard/reconcile/sandwich.ts'

const BLOCK = 1 << 18
const [catalogue = '', listing = '', count = '0', objects = '0'] = process.argv.slice(2)

/** Keys of a spool. What is left of a block moves to the front of the next one. */
function keysOf(file: string, held: number): Cursor {
  const fd = openSync(file, 'r')
  const bytes = new Uint8Array(BLOCK)
  let filled = 0
  const cursor = {
    bytes, view: new DataView(bytes.buffer), from: 0, to: 0,
    ended: () => ({ is: 'whole' as const, count: held }),
    next: () => {
      if (cursor.to + 256 > filled) refill()
      if (cursor.to >= filled) return false
      cursor.from = cursor.to + 1
      cursor.to = cursor.from + (bytes[cursor.to] ?? 0)
      return true
    },
  }
  const refill = (): void => {
    bytes.copyWithin(0, cursor.to, filled)
    filled -= cursor.to
    cursor.to = 0
    for (let got = -1; got !== 0 && filled < BLOCK;) {
      got = readSync(fd, bytes, filled, BLOCK - filled, null)
      filled += got
    }
  }
  return cursor
}

const listed: Listed = { version: 'v', etag: 'e', size: 1, modifiedAt: undefined, lock: 'free', tags: [], standing: 'live' }
const rowsOf = (): Rows => Object.assign(keysOf(catalogue, Number(count)), { lock: 'free' as const, tenant: () => undefined })
const things: Listing = Object.assign(keysOf(listing, Number(objects)), { size: 1, standing: 'live' as const, listed: () => listed })
const memory: Memory = Object.assign(cursorOf([]), { recalled: () => ({ lock: 'none' as const }) })

const started = performance.now()
let [orphans, gaps] = [0, 0]
const merged = sandwich({ before: rowsOf(), listing: things, after: rowsOf(), intents: cursorOf([]), memory, sentinels: [], prefix: new Uint8Array(0) }, {
  key: ({ verdict }) => {
    if (verdict === 'orphan') orphans++
    else if (verdict === 'gap') gaps++
  },
  group: () => undefined,
})
console.log(JSON.stringify({ is: merged.is, orphans, gaps, ms: performance.now() - started, rss: process.resourceUsage().maxRSS * 1024 }))
