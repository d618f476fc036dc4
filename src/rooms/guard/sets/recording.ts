// What a whole listing changes: what came, changed and went is recorded (G-12), bounded by turn. What went of a set that nobody rotates by `keep` is held
// against what may be expected (`vanishing.ts`), before anything of it is written; what is not is told within this very scan.
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { loadDrills } from '../drills/rows.ts'
import { loadHolds } from '../retention/rows.ts'
import { loadCopies, loadProofs, type CopyBody } from '../rows.ts'
import { judgeCopies, type Copy } from './judge.ts'
import { writtenBy } from './manifest-rows.ts'
import { dateOf } from './pattern.ts'
import type { BackupSet, Lies } from './set.ts'
import { loadRepeat, loadRotation, saveRotation, type MissedBody } from './standing-rows.ts'
import { creditAfter, FIRST_CREDIT, repeatedIn, whyOdd } from './vanishing.ts'

/** So much is recorded in one turn: pages never wait for a large set. */
const MOST_CHANGES = 300
/** The rung of the ladder from which on every byte of a copy was read. */
const READ_WHOLE = 2

/** False when not all of it is recorded yet. */
export function record(tx: Tx, set: BackupSet, lies: Lies, { copies, took }: { readonly copies: readonly Copy[]; readonly took: (copy: Copy) => boolean }): boolean {
  const { store } = lies
  let left = MOST_CHANGES
  const known = new Map(loadCopies(tx.sql, set.name, store).map((copy) => [copy.key, copy]))
  const rotated = set.keep === undefined && judgeWent(tx, set, lies, { known, copies }) ? { by: 'rotation' } : {}
  const bodyOf = (copy: Copy): CopyBody =>
    ({ set: set.name, store, key: copy.key, version: copy.versionId ?? '', etag: copy.etag, bytes: copy.bytes, modifiedAt: copy.modifiedAt, at: tx.now.wall })
  const stream = `backup:${set.name}`
  const repeated = set.keep === undefined ? undefined : repeatOf(tx, set, lies, { known, copies })
  for (const copy of copies) {
    const had = known.get(copy.key)
    known.delete(copy.key)
    if (had && isSame(had, copy)) continue
    if (left-- === 0) return false
    if (had && copy.key === repeated) tx.append({ is: 'guard.vanished', stream, body: { ...bodyOf(had), by: 'repeat', says: 'its run was repeated: a younger one stands under its name' } })
    else if (had) tx.append({ is: 'guard.vanished', stream, body: { ...bodyOf(had), ...rotated, says: 'another one stands under its name' } })
    tx.append({ is: 'guard.appeared', stream, body: bodyOf(copy) })
  }
  for (const gone of known.values()) {
    if (left-- === 0) return false
    tx.append({ is: 'guard.vanished', stream, body: { ...bodyOf(gone), ...rotated, says: took(gone) ? 'Holdfast set it aside' : 'it is not listed any more' } })
  }
  const rotation = loadRotation(tx.sql, set.name, store)
  saveRotation(tx.sql, set.name, store, { credit: rotation?.credit ?? FIRST_CREDIT, odd: undefined })
  return true
}

const isSame = (had: Copy, copy: Copy): boolean => had.etag === copy.etag && had.versionId === copy.versionId && had.bytes === copy.bytes

const isDated = ({ pattern }: Lies): boolean => /\{(?:date|day)\}/.test(pattern.text)

/** Keys of copies that were read whole or restored, also by drills that are not believed any more. */
const provenIn = (sql: Sql, set: string, store: string): ReadonlySet<string> => new Set([...loadProofs(sql, set, store), ...loadDrills(sql, set, store).filter(({ verdict }) => verdict !== 'failed')].flatMap(({ key, rung }) => (rung >= READ_WHOLE ? [key] : [])))

/** What is held stays as it is, whoever writes it anew. */
function repeatOf({ sql, now }: Tx, set: BackupSet, lies: Lies, { known, copies }: { readonly known: ReadonlyMap<string, Copy>; readonly copies: readonly Copy[] }): string | undefined {
  const { store, pattern } = lies
  const writes = writtenBy(sql, set, lies, 'ended')
  const key = repeatedIn({
    before: judgeCopies(pattern, [...known.values()], now.wall, writes), listed: judgeCopies(pattern, copies, now.wall, writes), proven: provenIn(sql, set.name, store), former: loadRepeat(sql, set.name, store),
    dated: isDated(lies), every: set.every, now: now.wall,
  })
  return key === undefined || loadHolds(sql, set.name).has(key) ? undefined : key
}

/** Whether what went may be the work of whoever rotates it; told once for each listing, by its first turn. */
function judgeWent(tx: Tx, set: BackupSet, lies: Lies, { known, copies }: { readonly known: ReadonlyMap<string, Copy>; readonly copies: readonly Copy[] }): boolean {
  const { sql, now } = tx
  const { store, pattern } = lies
  const had = loadRotation(sql, set.name, store)
  // What the first listing finds has not come since: it explains nothing that goes later.
  const rotation = had ?? { credit: FIRST_CREDIT, odd: known.size === 0 ? '' : undefined }
  if (had === undefined) saveRotation(sql, set.name, store, rotation)
  // Another turn of this listing has found it out.
  if (rotation.odd !== undefined) return rotation.odd === ''
  const listed = new Map(copies.map((copy) => [copy.key, copy]))
  // What is not called as its copies are any more went by a person's word: the configuration.
  const were = [...known.values()].filter(({ key }) => dateOf(pattern, key) !== undefined)
  const gone = new Set(were.filter(({ key }) => !listed.has(key)).map(({ key }) => key))
  const changed = new Set(were.filter((had) => !isSame(had, listed.get(had.key) ?? had)).map(({ key }) => key))
  const writes = writtenBy(sql, set, lies, 'ended')
  const came = judgeCopies(pattern, copies, now.wall, writes).filter(({ key }) => !known.has(key))
  const proven = new Set(loadProofs(sql, set.name, store).filter(({ rung }) => rung >= READ_WHOLE).map(({ key }) => key))
  const { credit } = rotation
  const says = whyOdd({ before: judgeCopies(pattern, were, now.wall, writes), gone, changed, came, proven, credit, dated: isDated(lies), every: set.every, now: now.wall })
  saveRotation(sql, set.name, store, { credit: creditAfter({ credit, came, gone }), odd: says ?? '' })
  if (says === undefined) return true
  const [key = ''] = [...gone, ...changed].toSorted().toReversed()
  const body: MissedBody = { set: set.name, store, to: 'stands', says: `${says}; Holdfast took none away`.slice(0, 500), key: key.slice(0, 200), escalate: set.escalate, at: now.wall }
  tx.append({ is: 'guard.missed', stream: `backup:${set.name}`, body })
  return false
}
