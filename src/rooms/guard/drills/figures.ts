// How long a restore of today's size takes, by the last drills that passed: one reckoning for whoever shows it, signs it, or is paged by it. A part of a bucket
// says nothing of that: its time is mostly that of listing all of it and of reading other places beside it, and stretched to the whole it would be hundreds
// of times as wrong.
import type { Found } from '../../../core/evidence.ts'
import { between, days, sayTime, type Instant } from '../../../core/time.ts'
import type { Sql } from '../../../db/sql.ts'
import { sayBriefly } from '../../../ports/store/key.ts'
import { judgedIn } from '../objects/standing.ts'
import type { Verdict } from '../sets/judge.ts'
import { inTime, rtoOf, type Rto, type Timed } from '../sets/score.ts'
import type { BackupSet } from '../sets/set.ts'
import { lastWord } from './remembered.ts'
import type { DrillReport } from './report.ts'
import { loadDrills, loadReports } from './rows.ts'

/** Of so many drills the times are taken. */
const TIMED = 20

const timed = ({ verdict, bytes, phases, planted, sample }: DrillReport): Timed[] =>
  (verdict === 'passed' && planted === undefined && (sample === undefined || sample.objects >= sample.of.objects) ? [{ bytes, phases }] : [])

/** By the drills that are kept, and `more`, which is not yet. `bytes`: what is to be restored. */
export const rtoFor = (sql: Sql, set: string, bytes: number | undefined, more: readonly DrillReport[] = []): Rto =>
  rtoOf([...more.flatMap(timed), ...loadReports(sql, set, TIMED).flatMap(({ report }) => timed(report))].slice(0, TIMED), bytes)

/** A restore of today's size that takes longer than it may; nothing where that is not written, or nobody measured one. */
export function slowness(sql: Sql, set: BackupSet, now: Instant): Verdict | undefined {
  if (set.rto === undefined) return undefined
  const found = inTime(rtoFor(sql, set.name, bytesToday(sql, set, now)), set.rto)
  return found.is === 'fail' ? { side: 'slow', says: found.says } : undefined
}

/** How large the newest copy that counts is, in any store. */
export function bytesToday(sql: Sql, set: BackupSet, now: Instant): number | undefined {
  const newest = set.in.flatMap((lies) => judgedIn(sql, set, lies, now).find(({ counted }) => counted) ?? [])
  return newest.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))[0]?.bytes
}

/** A proof of an error-free restore is worth so long. */
const DRILL_GOOD = days(30)
const OLD = 'no drill came to an end lately'

/** Whether the last restore had no error, by the last drill of all. What passed and is gone earns nothing: it proves none of the copies that are there, but where one of those has passed too. */
export function drillFound(sql: Sql, set: BackupSet, now: Instant): Found {
  const last = set.in.flatMap(({ store }) => lastWord(sql, set.name, store) ?? []).toSorted((a, b) => b.at - a.at)[0]
  if (last === undefined) return { is: 'unknown', says: 'no copy was ever drilled' }
  // A failure that none has passed since does not pass by growing old.
  if (last.verdict === 'failed') return { is: 'fail', says: last.says }
  if (last.verdict === 'unknown' || now - last.at > DRILL_GOOD) return { is: 'unknown', says: OLD }
  // It passed, and is gone; another one that is there may have passed as well, and proves itself.
  const isThere = set.in.some(({ store }) => loadDrills(sql, set.name, store).some(({ verdict, passedAt }) => verdict === 'passed' && passedAt !== undefined && now - passedAt <= DRILL_GOOD))
  return last.gone && !isThere ? { is: 'unknown', says: `the last restore that passed was of ${sayBriefly(last.key)}, ${sayTime(between(last.at, now))} ago; that copy is gone` } : { is: 'pass' }
}
