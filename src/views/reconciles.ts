// How reconciles stand, for whoever asks: the last run with its plan and why it was refused, what people have said, and what a person could accept now.
import { minutes, type Instant, type Span } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { lapsesAt, loadAccepted, loadJob, standingOf } from '../rooms/guard/acts/rows.ts'
import { goneSeen, type Breaker } from '../rooms/guard/reconcile/breaker.ts'
import { NOT_SEEN } from '../rooms/guard/reconcile/checks.ts'
import { lossesOf } from '../rooms/guard/reconcile/duty.ts'
import type { Plan } from '../rooms/guard/reconcile/plan.ts'
import { loadCauses, loadState, seenText, settled, type Latest } from '../rooms/guard/reconcile/rows.ts'
import type { ReconcileConfig, Summary } from '../rooms/guard/reconcile/task.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import { returningOf, type Returning } from './acts.ts'
import type { TriedAnswer } from './guard/tried.ts'
import { saySpan } from '../words/moment.ts'

/** One that a person could accept, and the text to which it is bound. */
export interface Acceptable {
  readonly what: 'identity' | 'epoch' | 'schema' | 'shrink' | 'gone' | 'lost'
  readonly seen: string
  readonly says: string
}

export interface ReconcileRunAnswer {
  readonly at: Instant
  readonly healthy: boolean
  readonly plan: Plan | null
  /** Where it lies on the server's machine, items and all. */
  readonly path: string | null
  readonly summary: Summary | null
  readonly objects: number | null
  readonly rows: number | null
  readonly columns: { readonly added: readonly string[]; readonly removed: readonly string[] }
  readonly odd: { readonly count: number; readonly shown: readonly string[] }
  readonly said: readonly string[]
}

export interface ReconcileAnswer {
  readonly schema: 'holdfast.reconcile/1'
  readonly reconcile: string
  readonly store: string
  readonly prefix: string
  readonly catalogue: string
  readonly every: number
  /** Whether its last run is older than was promised (`every`, and a twelfth of it, at least 5 min): how it stands now is not known. */
  readonly late: boolean
  readonly from: string
  /** What the run that is under way says; null where there is none. */
  readonly running: string | null
  readonly breaker: Breaker
  /** What trying its store out on canaries has shown within the last minutes; `unknown` where nobody did. */
  readonly tried?: TriedAnswer
  readonly armed_by: readonly string[] | null
  readonly clean_runs: number
  readonly causes: readonly { readonly cause: string; readonly says: string; readonly since: number }[]
  readonly acceptable: readonly Acceptable[]
  /** What people have accepted and holds now. `lapses`: null where it is taken in once. */
  readonly accepted: readonly { readonly what: string; readonly seen: string; readonly by: string; readonly at: Instant; readonly lapses: Instant | null }[]
  /** What is to come back to where it was, by a row that returned or by a person, and has not yet. */
  readonly returning: readonly Returning[]
  readonly latest: ReconcileRunAnswer | null
}

export interface ReconcilesAnswer { readonly schema: 'holdfast.reconciles/1'; readonly reconciles: readonly ReconcileAnswer[] }

/** A page of the items of a plan, as they lie in its file. */
export interface PlanItemsAnswer {
  readonly schema: 'holdfast.reconcile.items/1'
  readonly reconcile: string
  readonly plan: string
  readonly items: readonly Readonly<Record<string, unknown>>[]
  /** Where the next page begins (`from`); null: there is no more. */
  readonly next: number | null
}

export interface ReconcileCalls {
  'reconcile.list': { args: Record<string, never>; body: ReconcilesAnswer }
  'reconcile.show': { args: { reconcile: string }; body: ReconcileAnswer }
  /** Begins a run, or joins the one that is under way. */
  'reconcile.run': { args: { reconcile: string }; body: ReconcileAnswer }
  'reconcile.items': { args: { reconcile: string; plan?: string; from?: number }; body: PlanItemsAnswer }
}

/** Catalogues of which nobody can see how far back their own copies go, each in a sentence. */
export const unboundIn = ({ reconciles, backups }: { readonly reconciles: readonly ReconcileConfig[]; readonly backups: readonly BackupSet[] }): string[] =>
  reconciles.filter(({ of, watchedBy = [] }) => !backups.some((set) => set.of !== undefined && (set.of === of || watchedBy.includes(set.of)))).map(({ name, catalogue, retention }) =>
    `${name}: how far back copies of the catalogue ${catalogue} go is not known, since no set of backups is bound to it; its quarantine rests on the declared retention of ${saySpan(retention)} alone. Give the set and the catalogue the same check as of.`)

/** `sets`: all that are configured; those that hold copies of its catalogue are its concern. */
export function viewReconcile(sql: Sql, config: ReconcileConfig, sets: Iterable<BackupSet>, running: string | null, now: Instant): ReconcileAnswer {
  const { name, store, prefix, catalogue, every, from } = config
  const accepted = loadAccepted(sql, name)
  const state = settled(loadState(sql, name), accepted)
  const job = loadJob(sql, name)
  return {
    schema: 'holdfast.reconcile/1', reconcile: name, store, prefix, catalogue, every, late: isLate(state.latest, every, now), from, running, breaker: job.breaker, armed_by: job.arming?.people ?? null, clean_runs: job.clean,
    causes: loadCauses(sql, name).map(({ cause, says, since }) => ({ cause, says, since })), acceptable: [...acceptablesOf(state), ...lossesOf(sql, config, sets).filter(({ seen }) => !accepted.some((it) => it.what === 'lost' && it.seen === seen)).map((it) => ({ what: 'lost' as const, ...it }))], accepted: standingOf(accepted, now).map((row) => ({ what: row.what, seen: row.what === 'gap' || row.what === 'unlock' ? Buffer.from(row.seen, 'hex').toString() : row.seen, by: row.by_, at: row.at, lapses: lapsesAt(row) ?? null })), returning: returningOf(sql, name), latest: state.latest ? runOf(state.latest) : null,
  }
}

/** A clock that was set back makes no run young. */
const isLate = (latest: Latest | undefined, every: Span, now: Instant): boolean => latest !== undefined && (now - latest.at > every + Math.max(minutes(5), every / 12) || latest.at - now > minutes(5))

const runOf = ({ at, healthy, plan, path, summary, schema, odd, said, ran }: Latest): ReconcileRunAnswer => ({
  at, healthy, plan: plan ?? null, path: path ?? null, summary: summary ?? null, objects: ran?.objects ?? null, rows: ran?.after ?? ran?.before ?? null, columns: schema ?? { added: [], removed: [] }, odd: odd ?? { count: 0, shown: [] }, said,
})

/** What the last run saw and was refused for, where a person may say that it is right. */
function acceptablesOf({ seen, former, latest, epochLatched }: ReturnType<typeof settled>): Acceptable[] {
  const failed = (id: string): string | undefined => latest?.plan?.checks.find((it) => it.id === id && it.found === 'fail')?.text
  const found: Acceptable[] = []
  if (seen && former !== 'none') {
    const texts = seenText(seen)
    const add = (what: keyof typeof texts, says: string | undefined): void => void (says !== undefined && found.push({ what, seen: texts[what], says }))
    add('identity', failed('identity'))
    const blind = latest?.plan?.checks.find(({ id, found: is, text }) => id === 'epoch' && is === 'unknown' && text.endsWith(NOT_SEEN))?.text
    add('epoch', epochLatched ? (failed('epoch') ?? 'it went back before, and nobody has acknowledged that yet') : blind)
    if (seen.fingerprint !== former.fingerprint) add('schema', failed('schema'))
  }
  const { ran } = latest ?? {}
  const shrunk = failed('floor') ?? failed('listing')
  if (shrunk !== undefined && ran?.after !== undefined && ran.before !== undefined && ran.objects !== undefined) found.push({ what: 'shrink', seen: `${Math.min(ran.before, ran.after)} rows, ${ran.objects} objects`, says: shrunk })
  const gone = latest?.plan?.refusals.find((it) => it.id === 'limit:group')?.text
  const seenGone = gone === undefined ? undefined : goneSeen(gone)
  if (gone !== undefined && seenGone !== undefined) found.push({ what: 'gone', seen: seenGone, says: gone })
  return found
}
