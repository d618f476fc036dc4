// The duty of reading: every byte of every copy of a set is read again within the span that was promised (`verify`), part by part as the rotation says, by a
// process of its own. At its first reading a part's sum is kept; later readings are held against it. Other bytes under the same name and version are
// damage, and page. What could not be read says nothing of the copy: it stays unread, and when that lasts, or the promise is broken, people hear
// that it is not known. When the last part of a copy was read, that is a proof, as old as its oldest reading.
import { ms, sayTime, seconds, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { sayBriefly } from '../../../ports/store/key.ts'
import type { Listed, ListTask, PartFound, PartWanted, Verified, VerifyTask } from '../protocol.ts'
import { loadCopies, loadProofs, type ProvedBody } from '../rows.ts'
import { judgeCopies, type Copy, type Verdict } from './judge.ts'
import { writtenBy } from './manifest-rows.ts'
import {
  addPart, capDue, countDamaged, dropParts, loadDue, loadExtents, loadFaults, loadKnown, loadOldest, loadPart, loadReckoning, loadWhole, saveDiffers, saveFailed, saveRead, wantAll, WANTED, type Extent, type PartRow,
} from './reading-rows.ts'
import { lookAfter, lookOf, MOST_FAILS, passedAt, PATIENCE, RUNG, type Promising, type PromiseContext } from './promise.ts'
import { dueAt, isBroken, partsOf, roundOf } from './rotation.ts'
import type { BackupSet, Lies } from './set.ts'

export interface Verifying {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  /** A whole listing came: what is new has to be read. */
  listed(tx: Tx, set: BackupSet, store: string): void
  /** Everything in a repository, as it is listed. `more`: the same once more goes on with it. */
  things(tx: Tx, task: ListTask, result: Listed): 'all' | 'more'
  verified(tx: Tx, task: VerifyTask, result: Verified): void
  read(tx: Tx, set: BackupSet, what: 'all' | 'due'): void
  /** What reading says against it; nothing where all is well, or nothing was promised. */
  verdict(sql: Sql, set: BackupSet, store: string): Verdict | undefined
}

const VERIFY = 'guard.verify'
/** What one task reads at most. */
const MOST_PARTS = 64
const MOST_BYTES = 2 * 1024 ** 3
const MIB = 1024 * 1024

export function verifyingOf(context: PromiseContext): Verifying {
  const isPromised = (set: BackupSet | undefined, store: string): set is Promising =>
    set?.verify !== undefined && set.in.some((it) => it.store === store && it.objects === undefined)
  const soon = (tx: Tx, set: string, store: string, after: Span): void => lookAfter(tx, VERIFY, set, store, after)

  /** Asks for what is due, and says whether there was anything. */
  const ask = (tx: Tx, set: Promising, store: string, passed: Span): boolean => {
    const parts = batchOf(loadDue(tx.sql, set.name, store, passed, MOST_PARTS))
    if (parts.length === 0) return false
    tx.afterwards(() => context.ask({ is: 'verify', set: set.name, store, parts }))
    return true
  }
  return {
    due: {
      [VERIFY]: (tx, key) => {
        const [name, store] = JSON.parse(key) as [string, string]
        const set = context.sets().get(name)
        if (!isPromised(set, store)) return
        const passed = passedAt(tx, context.lived())
        if (liesOf(set, store)?.repository !== undefined) {
          soon(tx, name, store, PATIENCE)
          tx.afterwards(() => context.ask({ is: 'list', what: 'everything', set: name, store }))
        } else {
          const came = align(tx, set, store, { passed, copies: loadCopies(tx.sql, name, store) }) !== 'all'
          soon(tx, name, store, ask(tx, set, store, passed) ? PATIENCE : came ? ms(0) : lookOf(set.verify.allWithin))
        }
        context.consider(tx, set, store)
      },
    },
    configure(tx) {
      for (const { set_, store } of tx.sql.all<{ set_: string; store: string }>('select distinct set_, store from guard_reading')) if (!isPromised(context.sets().get(set_), store)) dropParts(tx.sql, set_, store)
      for (const set of context.sets().values()) {
        if (!set.verify) continue
        capDue(tx.sql, set.name, roundOf(set.verify.allWithin))
        for (const { store } of set.in) soon(tx, set.name, store, seconds(10))
      }
    },
    listed(tx, set, store) {
      if (!isPromised(set, store)) return
      if (liesOf(set, store)?.repository !== undefined || align(tx, set, store, { passed: passedAt(tx, context.lived()), copies: loadCopies(tx.sql, set.name, store) }) !== 'nothing new') soon(tx, set.name, store, ms(0))
    },
    things(tx, { set: name, store }, result) {
      const set = context.sets().get(name)
      if (!isPromised(set, store)) return 'all'
      const passed = passedAt(tx, context.lived())
      if (result.is === 'listed' && align(tx, set, store, { passed, copies: result.copies }) === 'more') return 'more'
      soon(tx, name, store, ask(tx, set, store, passed) ? PATIENCE : lookOf(set.verify.allWithin))
      return 'all'
    },
    verified(tx, { set: name, store, parts }, result) {
      const set = context.sets().get(name)
      if (!isPromised(set, store)) return
      const passed = passedAt(tx, context.lived())
      const found = result.is === 'verified' ? result.parts : []
      record(tx, set, store, found, passed)
      const isStuck = result.is === 'not-verified' || found.length < parts.length || found.some(({ is }) => is === 'failed')
      soon(tx, name, store, !isStuck && ask(tx, set, store, passed) ? PATIENCE : lookOf(set.verify.allWithin))
      prove(tx, set, store)
      context.consider(tx, set, store)
    },
    read(tx, set, what) {
      const passed = passedAt(tx, context.lived())
      for (const { store } of set.in) {
        if (!isPromised(set, store)) continue
        if (liesOf(set, store)?.repository === undefined) align(tx, set, store, { passed, copies: loadCopies(tx.sql, set.name, store) })
        soon(tx, set.name, store, ms(0))
      }
      if (what === 'all') wantAll(tx.sql, set.name)
    },
    verdict(sql, set, store) {
      if (!isPromised(set, store)) return undefined
      return verdictOf(sql, set, store)
    },
  }
}

/** What reading found, the worst first. */
function verdictOf(sql: Sql, { name, verify: { allWithin } }: Promising, store: string): Verdict | undefined {
  const [fault] = loadFaults(sql, name, store, 1)
  if (fault?.fault === 'differs') {
    const more = countDamaged(sql, name, store) - 1
    return { side: 'unreadable', says: `damaged: ${fault.says} (${sayBriefly(fault.key)}${more > 0 ? `, and ${more} more places` : ''})` }
  }
  if (fault && fault.fails >= MOST_FAILS) return { side: 'unknown', says: `it could not be read, ${fault.fails} times: ${fault.says} (${sayBriefly(fault.key)})` }
  const [oldest, passed] = [loadOldest(sql, name, store), loadReckoning(sql)?.passed ?? ms(0)]
  if (oldest && isBroken(oldest.base, passed, allWithin)) return { side: 'unproven', says: `not all of it was read for ${sayTime(ms(passed - oldest.base))}; every byte within ${sayTime(allWithin)} was promised (${sayBriefly(oldest.key)})` }
  return undefined
}

/** So many parts come into the rows in one turn: pages never wait for a large set. */
const MOST_NEW = 2000

/** Rows for what is there, and for nothing else; `more` where not all that came is in them yet. */
function align(tx: Tx, set: Promising, store: string, { passed, copies }: { readonly passed: Span; readonly copies: readonly Copy[] }): 'nothing new' | 'all' | 'more' {
  const { sql } = tx
  const known = loadKnown(sql, set.name, store)
  const isNewest = newestOf(tx, set, store, known.size > 0)
  let left = MOST_NEW
  for (const copy of copies) {
    const had = known.get(copy.key)
    known.delete(copy.key)
    if (had && had.etag === copy.etag && had.version === (copy.versionId ?? '')) continue
    if (left < 0) return 'more'
    if (had) dropParts(sql, set.name, store, copy.key)
    const [parts, newest] = [partsOf(copy.bytes), isNewest(copy.key)]
    for (const [n, part] of parts.entries()) {
      const it = { key: copy.key, n, etag: copy.etag, since: passed }
      addPart(sql, set.name, store, { ...it, ...part, of: parts.length, version: copy.versionId ?? '', due: dueAt(it, { allWithin: set.verify.allWithin, of: parts.length, newest }) }, newest ? WANTED.new : WANTED.no)
    }
    left -= parts.length
  }
  for (const key of known.keys()) dropParts(sql, set.name, store, key)
  return left === MOST_NEW ? 'nothing new' : 'all'
}

const liesOf = (set: BackupSet, store: string): Lies | undefined => set.in.find((it) => it.store === store)

/** What is read as soon as it is there: the newest copy; of a repository, all that comes when some of it is known. */
function newestOf(tx: Tx, set: BackupSet, store: string, isKnown: boolean): (key: string) => boolean {
  const lies = liesOf(set, store)
  if (!lies || lies.repository !== undefined) return () => isKnown
  const newest = judgeCopies(lies.pattern, loadCopies(tx.sql, set.name, store), tx.now.wall, writtenBy(tx.sql, set, lies)).find(({ counted }) => counted)?.key
  return (key) => key === newest
}

function batchOf(parts: readonly PartRow[]): PartWanted[] {
  const batch: PartWanted[] = []
  let bytes = 0
  for (const part of parts) {
    if (batch.length >= MOST_PARTS || (batch.length > 0 && bytes + part.bytes > MOST_BYTES)) break
    bytes += part.bytes
    batch.push({ key: part.key, ...(part.version !== '' && { versionId: part.version }), etag: part.etag, n: part.n, from: part.from, bytes: part.bytes, ...(part.sum !== undefined && { sum: part.sum }) })
  }
  return batch
}

function record(tx: Tx, set: Promising, store: string, found: readonly PartFound[], passed: Span): void {
  const { sql } = tx
  for (const it of found) {
    const part = loadPart(sql, set.name, store, it.key, it.n)
    if (!part || part.etag !== it.etag || it.is === 'gone') continue
    const now = { passed, at: tx.now.wall, due: dueAt({ ...part, read: passed }, { allWithin: set.verify.allWithin, of: part.of, newest: false }) }
    if (it.is === 'failed') saveFailed(sql, set.name, store, part, it.says)
    else if (it.is === 'read') saveRead(sql, set.name, store, part, { ...now, sum: it.sum })
    else {
      const says = `its bytes ${sayPlace(part)}are not those of when it was first read`
      saveDiffers(sql, set.name, store, part, { ...now, says })
      if (part.fault !== 'differs') disprove(tx, set, store, part, says)
    }
  }
}

/** The copy has lost what was proven of it; of a repository every copy has, since nobody here knows which of them needs that part. */
function disprove(tx: Tx, set: BackupSet, store: string, { key, etag }: PartRow, says: string): void {
  const proofs = liesOf(set, store)?.repository === undefined ? [] : loadProofs(tx.sql, set.name, store).map((it) => [it.key, it.etag] as const)
  for (const [of, its] of new Map([[key, etag] as const, ...proofs])) {
    const body: ProvedBody = { set: set.name, store, key: of, etag: its, rung: -RUNG, says: of === key ? says : `${key} is damaged: ${says}`, at: tx.now.wall }
    tx.append({ is: 'guard.disproved', stream: `backup:${set.name}`, body })
  }
}

const sayPlace = ({ from, bytes, of }: PartRow): string => (of === 1 ? '' : `at ${Math.floor(from / MIB)}–${Math.ceil((from + bytes) / MIB)} MiB `)

/** All of it was read and none of it differs: since when, at the oldest. */
export const provenOf = ({ parts, unread, faults, at }: Extent): Instant | undefined => (parts > 0 && unread === 0 && faults === 0 && at !== null ? at : undefined)

/** So many proofs are written in one turn. */
const MOST_PROOFS = 300

/** Each copy of which every byte was read and none differs: that is proven, as old as its oldest reading. Told again when a quarter of the promise has passed. */
function prove(tx: Tx, set: Promising, store: string): void {
  const { sql } = tx
  const together = liesOf(set, store)?.repository === undefined ? undefined : loadWhole(sql, set.name, store)
  if (together && provenOf(together) === undefined) return
  const proofs = new Map(loadProofs(sql, set.name, store).filter(({ rung }) => rung === RUNG).map((it) => [`${it.key}\0${it.etag}`, it.at]))
  const extents = together ? undefined : new Map(loadExtents(sql, set.name, store).map((it) => [it.key, it]))
  let left = MOST_PROOFS
  for (const { key, etag } of loadCopies(sql, set.name, store)) {
    const own = together ?? extents?.get(key)
    const at = own && (together || own.etag === etag) ? provenOf(own) : undefined
    const had = proofs.get(`${key}\0${etag}`)
    if (at === undefined || (had !== undefined && at - had < set.verify.allWithin / 4) || left-- <= 0) continue
    const body: ProvedBody = { set: set.name, store, key, etag, rung: RUNG, says: 'every byte was read', at }
    tx.append({ is: 'guard.proved', stream: `backup:${set.name}`, body })
  }
}
