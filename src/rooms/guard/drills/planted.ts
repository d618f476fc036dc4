// Drills are believed because they can fail. Once a month, for each engine that is drilled, a copy that passed its drill is fetched again, spoilt on the
// way into the cell (nowhere else), and drilled by the very same path. It must fail. When it passes, drills of that engine prove nothing: what they
// proved is void, and what passes from then on is unknown, until one fails again as it must. A spoilt copy is nobody's copy: it is not counted, not
// chosen, not held against its set.
import { days, dueIn, hours, ms, type Instant, type Span } from '../../../core/time.ts'
import type { Entry } from '../../../core/ledger.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { BackupSet } from '../sets/set.ts'
import type { Verdict } from './ladder.ts'
import { applyVoid as voidWords } from './remembered.ts'
import { applyReported, applyVoid as voidDrills } from './rows.ts'

export const TABLES = `
create table if not exists guard_planted (engine text primary key, at integer not null, verdict text not null, says text not null, report text not null, times integer not null, failed_at integer,
  doubted_at integer) strict, without rowid;
`

export const PROJECTIONS = ['guard_planted']

/** What came of a drill that had to fail. */
export interface PlantedBody extends Record<string, unknown> {
  readonly engine: string; readonly set: string; readonly store: string; readonly key: string; readonly verdict: Verdict; readonly says: string; readonly at: number
  readonly report: string; readonly reportId: string
  /** Every set of that engine: whose proofs go when it passed. */
  readonly sets: readonly string[]
}

/** What only a restore proves. */
const RESTORED = 3

export const applyPlanted = (sql: Sql, entry: Entry): void => {
  const b = entry.body as PlantedBody
  applyReported(sql, entry, '')
  // Until then they were proven able to fail: what passed by then had ended what it ended.
  const since = loadPlanted(sql, b.engine)?.failedAt ?? 0
  const [failedAt, doubtedAt] = [b.verdict === 'failed' ? b.at : null, b.verdict === 'passed' ? b.at : null]
  sql.run(`insert into guard_planted (engine, at, verdict, says, report, times, failed_at, doubted_at) values (?,?,?,?,?,1,?,?)
    on conflict do update set at = excluded.at, verdict = excluded.verdict, says = excluded.says, report = excluded.report, times = times + 1, failed_at = coalesce(excluded.failed_at, failed_at),
      doubted_at = case excluded.verdict when 'failed' then null when 'passed' then coalesce(doubted_at, excluded.doubted_at) else doubted_at end`,
    b.engine, b.at, b.verdict, b.says, b.reportId, failedAt, doubtedAt)
  if (b.verdict !== 'passed') return
  for (const set of b.sets) {
    sql.run('delete from guard_proof where set_ = ? and rung >= ?', set, RESTORED)
    voidDrills(sql, set, { says: sayDoubt(b.engine), since })
    voidWords(sql, set, { says: sayDoubt(b.engine), since })
  }
}

export interface Planted {
  readonly engine: string
  readonly at: Instant
  readonly verdict: Verdict
  readonly says: string
  /** What its signed report is called. */
  readonly report: string
  readonly times: number
  /** When drills of the engine were last proven able to fail. */
  readonly failedAt?: Instant
  /** Since when they are not believed. */
  readonly doubtedAt?: Instant
}

interface PlantedRow extends Record<string, unknown> { engine: string; at: number; verdict: Verdict; says: string; report: string; times: number; failed_at: number | null; doubted_at: number | null }

export function loadPlanted(sql: Sql, engine: string): Planted | undefined {
  const row = sql.get<PlantedRow>('select engine, at, verdict, says, report, times, failed_at, doubted_at from guard_planted where engine = ?', engine)
  if (!row) return undefined
  const { failed_at, doubted_at, ...rest } = row
  return { ...rest, at: row.at as Instant, ...(failed_at === null ? {} : { failedAt: failed_at as Instant }), ...(doubted_at === null ? {} : { doubtedAt: doubted_at as Instant }) }
}

/** Whether what drills of this engine say counts. */
export const isBelieved = (sql: Sql, engine: string): boolean => loadPlanted(sql, engine)?.doubtedAt === undefined

export const sayDoubt = (engine: string): string => `drills of ${engine} are not believed: one passed a copy that was spoilt on purpose`

const MONTHLY: Span = days(30)
/** While drills are not believed, or nobody could know. */
const AGAIN: Span = days(1)
/** Until a copy has passed. */
const LOOK: Span = hours(2)
const PLANT = 'guard.plant'

export interface PlantingContext {
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** Asks for a drill that has to fail; false where no copy of the engine has passed one yet. `turn`: which of several, in their order. */
  readonly plant: (tx: Tx, engine: string, turn: number) => boolean
}

export interface Planting {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  /** When it is tried next, after what came of it. */
  tried(tx: Tx, engine: string, verdict: Verdict): void
}

export function plantingOf({ sets, plant }: PlantingContext): Planting {
  const enginesOf = (): Set<string> => new Set([...sets().values()].flatMap(({ engine, drill }) => (drill ? [engine] : [])))
  return {
    due: {
      [PLANT]: (tx, engine) => {
        if (!enginesOf().has(engine)) return
        tx.schedule(PLANT, engine, dueIn(tx.now, plant(tx, engine, loadPlanted(tx.sql, engine)?.times ?? 0) ? AGAIN : LOOK))
      },
    },
    configure(tx) {
      for (const engine of enginesOf()) tx.schedule(PLANT, engine, dueIn(tx.now, untilNext(loadPlanted(tx.sql, engine), tx.now.wall)))
    },
    tried: (tx, engine, verdict) => tx.schedule(PLANT, engine, dueIn(tx.now, verdict === 'failed' ? MONTHLY : AGAIN)),
  }
}

/** After a restart it goes on where it was. */
function untilNext(last: Planted | undefined, now: Instant): Span {
  if (!last) return LOOK
  const every = last.verdict === 'failed' ? MONTHLY : AGAIN
  return ms(Math.max(LOOK, Math.min(every, last.at + every - now)))
}
