// How the copies of a set stand in one store, whatever they are: files that each are a copy, or a bucket that is itself the one copy of its set.
import type { Instant, Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { Listed } from '../protocol.ts'
import { loadCopies } from '../rows.ts'
import { judgeCopies, judgeSet, type Judged, type Listing, type Verdict } from '../sets/judge.ts'
import { writtenBy } from '../sets/manifest-rows.ts'
import type { BackupSet, Lies } from '../sets/set.ts'
import { asCopy, judgeWhole, slotOf } from './judge.ts'
import { loadWholeOf, type MeasuredBody } from './rows.ts'

/** Each copy with what it is worth, the newest first. */
export function judgedIn(sql: Sql, set: Pick<BackupSet, 'name' | 'every'>, lies: Lies, now: Instant): Judged[] {
  const { store, pattern, objects } = lies
  if (objects === undefined) return judgeCopies(pattern, loadCopies(sql, set.name, store), now, writtenBy(sql, set, lies))
  const known = loadWholeOf(sql, set.name, store)
  const copy = known && asCopy(pattern.text, known.whole, known.before)
  return copy ? [copy] : []
}

/** All that speaks against a set in one store. */
export function verdictsOn(sql: Sql, set: BackupSet, lies: Lies, judged: readonly Judged[], listing: Listing, it: { readonly now: Instant; readonly patience: Span }): readonly Verdict[] {
  return lies.objects === undefined ? judgeSet(set, judged, listing, it) : judgeWhole(set, { copy: judged[0], whole: loadWholeOf(sql, set.name, lies.store)?.whole }, listing, it)
}

/** Takes in what a whole listing found; an entry only where it is another, or a new stretch of time has begun. */
export function measure(tx: Tx, set: BackupSet, { store, pattern }: Lies, { copies: [copy], whole }: Listed & { readonly is: 'listed' }): void {
  if (!whole) return
  const had = loadWholeOf(tx.sql, set.name, store)
  const body: MeasuredBody = {
    set: set.name, store, key: pattern.text, objects: whole.objects, odd: whole.odd, bytes: copy?.bytes ?? 0, modifiedAt: copy && copy.modifiedAt > 0 ? copy.modifiedAt : null,
    versioning: whole.versioning, lock: whole.lock, slot: slotOf(set, tx.now.wall), at: tx.now.wall,
  }
  const before = had && { ...had.whole, modifiedAt: had.whole.modifiedAt ?? null, slot: had.slot }
  const same = before !== undefined && (['objects', 'odd', 'bytes', 'modifiedAt', 'versioning', 'lock', 'slot'] as const).every((name) => before[name] === body[name])
  if (!same) tx.append({ is: 'guard.measured', stream: `backup:${set.name}`, body })
}
