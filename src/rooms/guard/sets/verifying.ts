// The duty of reading: every byte of every copy of a set is read again within the span that was promised (`verify`), part by part as the rotation says, by a
// process of its own. At its first reading a part's sum is kept; later readings are held against it. Other bytes under the same name and version are
// damage, and page. What could not be read says nothing of the copy: it stays unread, and when that lasts, or the promise is broken, people hear
// that it is not known. When the last part of a copy was read, that is a proof, as old as its oldest reading.
import { dueIn, hours, minutes, ms, sayTime, seconds, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { PartFound, PartWanted, Verified, VerifyTask } from '../protocol.ts'
import { loadCopies, loadProofs, type ProvedBody } from '../rows.ts'
import type { SetsContext } from './duty.ts'
import { judgeCopies, type Verdict } from './judge.ts'
import { addPart, dropParts, loadParts, loadReckoning, saveDiffers, saveFailed, saveRead, saveReckoning, want, type PartRow } from './reading-rows.ts'
import { dueOf, isBroken, oldestOf, partsOf, reckon } from './rotation.ts'
import type { BackupSet } from './set.ts'

export interface VerifyingContext extends Pick<SetsContext, 'sets' | 'ask'> {
  readonly lived: () => Span
  readonly consider: (tx: Tx, set: BackupSet, store: string) => void
}

export interface Verifying {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  /** A whole listing came: what is new has to be read. */
  listed(tx: Tx, set: BackupSet, store: string): void
  verified(tx: Tx, task: VerifyTask, result: Verified): void
  read(tx: Tx, set: BackupSet, what: 'all' | 'due'): void
  /** What reading says against it; nothing where all is well, or nothing was promised. */
  verdict(sql: Sql, set: BackupSet, store: string): Verdict | undefined
}

const VERIFY = 'guard.verify'
/** What one task reads at most. */
const MOST_PARTS = 64
const MOST_BYTES = 2 * 1024 ** 3
/** An answer that does not come is not waited for any longer. */
const PATIENCE: Span = minutes(70)
/** So often may a part fail before it is said. */
const MOST_FAILS = 2
/** The rung of the ladder that reading every byte reaches. */
const RUNG = 2
const MIB = 1024 * 1024

const keyOf = (set: string, store: string): string => JSON.stringify([set, store])
/** How often it is looked what is due. */
const lookOf = (allWithin: Span): Span => ms(Math.min(hours(1), Math.max(seconds(30), Math.floor(allWithin / 96))))

export function verifyingOf(context: VerifyingContext): Verifying {
  const passedAt = (tx: Tx): Span => {
    const next = reckon(loadReckoning(tx.sql), { wall: tx.now.wall, lived: context.lived() })
    saveReckoning(tx.sql, next)
    return next.passed
  }
  const isPromised = (set: BackupSet | undefined, store: string): set is BackupSet & { verify: NonNullable<BackupSet['verify']> } =>
    set?.verify !== undefined && set.in.some((it) => it.store === store)
  const soon = (tx: Tx, set: string, store: string, after: Span): void => tx.schedule(VERIFY, keyOf(set, store), dueIn(tx.now, after))

  /** Asks for what is due, and says whether there was anything. */
  const ask = (tx: Tx, set: BackupSet & { verify: NonNullable<BackupSet['verify']> }, store: string, passed: Span): boolean => {
    const parts = batchOf(wantedOf(tx, set, store, passed))
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
        const passed = passedAt(tx)
        const came = align(tx, set, store, passed)
        soon(tx, name, store, ask(tx, set, store, passed) ? PATIENCE : came ? ms(0) : lookOf(set.verify.allWithin))
        context.consider(tx, set, store)
      },
    },
    configure(tx) {
      for (const { set_, store } of tx.sql.all<{ set_: string; store: string }>('select distinct set_, store from guard_reading')) if (!isPromised(context.sets().get(set_), store)) dropParts(tx.sql, set_, store)
      for (const set of context.sets().values()) if (set.verify) for (const { store } of set.in) soon(tx, set.name, store, seconds(10))
    },
    listed(tx, set, store) {
      if (isPromised(set, store) && align(tx, set, store, passedAt(tx))) soon(tx, set.name, store, ms(0))
    },
    verified(tx, { set: name, store, parts }, result) {
      const set = context.sets().get(name)
      if (!isPromised(set, store)) return
      const passed = passedAt(tx)
      const found = result.is === 'verified' ? result.parts : []
      record(tx, set.name, store, found, passed)
      const isStuck = result.is === 'not-verified' || found.length < parts.length || found.some(({ is }) => is === 'failed')
      soon(tx, name, store, isStuck ? lookOf(set.verify.allWithin) : ms(0))
      prove(tx, set, store)
      context.consider(tx, set, store)
    },
    read(tx, set, what) {
      const passed = passedAt(tx)
      for (const { store } of set.in) {
        if (!isPromised(set, store)) continue
        align(tx, set, store, passed)
        soon(tx, set.name, store, ms(0))
      }
      if (what === 'all') want(tx.sql, set.name)
    },
    verdict(sql, set, store) {
      if (!isPromised(set, store)) return undefined
      const parts = loadParts(sql, set.name, store)
      return verdictOf(parts, loadReckoning(sql)?.passed ?? ms(0), set.verify.allWithin)
    },
  }
}

/** What reading found, the worst first. */
export function verdictOf(parts: readonly PartRow[], passed: Span, allWithin: Span): Verdict | undefined {
  const damaged = parts.filter(({ fault }) => fault === 'differs')
  const [first] = damaged
  if (first) return { side: 'unreadable', says: `${first.key} is damaged: ${first.says}${damaged.length > 1 ? `, and so are ${damaged.length - 1} more places` : ''}` }
  const failed = parts.find(({ fault, fails }) => fault === 'failed' && fails >= MOST_FAILS)
  if (failed) return { side: 'unknown', says: `${failed.key} could not be read, ${failed.fails} times: ${failed.says}` }
  const oldest = oldestOf(parts)
  if (oldest && isBroken(oldest, passed, allWithin)) return { side: 'unproven', says: `nobody read all of ${oldest.key} for ${sayTime(ms(passed - (oldest.read ?? oldest.since)))}; every byte within ${sayTime(allWithin)} was promised` }
  return undefined
}

/** So many parts come into the rows in one turn: pages never wait for a large set. */
const MOST_NEW = 2000

/** Rows for what is there, and for nothing else. True when something came. */
function align(tx: Tx, set: BackupSet, store: string, passed: Span): boolean {
  const { sql } = tx
  const known = new Map(loadParts(sql, set.name, store).filter(({ n }) => n === 0).map((part) => [part.key, part]))
  let left = MOST_NEW
  for (const copy of loadCopies(sql, set.name, store)) {
    const had = known.get(copy.key)
    known.delete(copy.key)
    if (had && had.etag === copy.etag && had.version === (copy.versionId ?? '')) continue
    if (left < 0) return true
    if (had) dropParts(sql, set.name, store, copy.key)
    const parts = partsOf(copy.bytes)
    for (const [n, part] of parts.entries()) addPart(sql, set.name, store, { key: copy.key, n, of: parts.length, etag: copy.etag, version: copy.versionId ?? '', ...part, since: passed })
    left -= parts.length
  }
  for (const key of known.keys()) dropParts(sql, set.name, store, key)
  return left < MOST_NEW
}

/** What a person wants, then what the rotation says. */
export function wantedOf(tx: Pick<Tx, 'sql' | 'now'>, set: BackupSet, store: string, passed: Span): PartRow[] {
  const lies = set.in.find((it) => it.store === store)
  if (!lies || !set.verify) return []
  const newest = judgeCopies(lies.pattern, loadCopies(tx.sql, set.name, store), tx.now.wall).find(({ counted }) => counted)?.key
  const parts = loadParts(tx.sql, set.name, store).map((part) => ({ ...part, newest: part.key === newest }))
  const due = dueOf(parts, passed, set.verify.allWithin)
  return [...parts.filter(({ wanted }) => wanted), ...due.filter(({ wanted }) => !wanted)]
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

function record(tx: Tx, set: string, store: string, found: readonly PartFound[], passed: Span): void {
  const known = new Map(loadParts(tx.sql, set, store).map((part) => [`${part.key}\0${part.n}`, part]))
  for (const it of found) {
    const part = known.get(`${it.key}\0${it.n}`)
    if (!part || part.etag !== it.etag) continue
    const at = tx.now.wall
    if (it.is === 'read') saveRead(tx.sql, set, store, part, { passed, at, sum: it.sum })
    if (it.is === 'failed') saveFailed(tx.sql, set, store, part, it.says)
    if (it.is !== 'differs') continue
    const says = `its bytes ${sayPlace(part)} are not those of when it was first read`
    saveDiffers(tx.sql, set, store, part, { passed, at, says })
    if (part.fault === 'differs') continue
    const body: ProvedBody = { set, store, key: part.key, etag: part.etag, rung: -RUNG, says, at }
    tx.append({ is: 'guard.disproved', stream: `backup:${set}`, body })
  }
}

const sayPlace = ({ from, bytes, of }: PartRow): string => (of === 1 ? '' : `at ${Math.floor(from / MIB)}–${Math.ceil((from + bytes) / MIB)} MiB`).trim()

/** Each copy of which every byte was read and none differs: that is proven, as old as its oldest reading. Told again when a quarter of the promise has passed. */
function prove(tx: Tx, set: BackupSet & { verify: NonNullable<BackupSet['verify']> }, store: string): void {
  const proofs = loadProofs(tx.sql, set.name, store).filter(({ rung }) => rung === RUNG)
  const copies = Map.groupBy(loadParts(tx.sql, set.name, store), ({ key }) => key)
  for (const [key, parts] of copies) {
    const [first] = parts
    if (!first || parts.some(({ readAt, fault }) => readAt === undefined || fault !== undefined)) continue
    const at = Math.min(...parts.map(({ readAt }) => readAt ?? 0)) as Instant
    const had = proofs.find((it) => it.key === key && it.etag === first.etag)
    if (had && at - had.at < set.verify.allWithin / 4) continue
    const body: ProvedBody = { set: set.name, store, key, etag: first.etag, rung: RUNG, says: 'every byte was read', at }
    tx.append({ is: 'guard.proved', stream: `backup:${set.name}`, body })
  }
}
