// The duty of a reconcile: it runs on time, is given all that former runs left behind, and what comes of it is recorded. Each cause that a run names is
// paged once and stays until a run says otherwise (G-28). While the catalogue's own database is watched as down, that outage is what people hear of: no
// run is made, and nobody is accused a second time. A run that nobody answers is one that failed, and is told.
import { days, dueIn, hours, minutes, ms, sayTime, type Now, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { sayKey } from '../../../ports/store/key.ts'
import type { Acts } from '../acts/index.ts'
import { actsToday, lastBatch, loadAccepted, loadJob, standingOf } from '../acts/rows.ts'
import { isDown, loadCopies, loadListing } from '../rows.ts'
import { loadRestorable } from '../retention/rows.ts'
import { dateOf, type Pattern } from '../sets/pattern.ts'
import type { BackupSet } from '../sets/set.ts'
import { marginsOf } from './margins.ts'
import type { Way } from './readings.ts'
import { acceptedOf, loadCauses, loadNames, loadRuns, loadState, MOST_SINCE, settled, sinceOf, type CauseBody, type RunBody } from './rows.ts'
import type { Knows, ReconcileConfig, ReconcileResult, ReconcileTask } from './task.ts'

export interface ReconcileContext {
  /** The reconciles in force, by their names. */
  readonly reconciles: () => ReadonlyMap<string, ReconcileConfig>
  /** Gives the process a run; what comes of it comes back as a turn. */
  readonly begin: (task: ReconcileTask) => void
  readonly lived: () => Span
  /** Lab time; 1 outside a lab. */
  readonly shrink: () => number
  /** The sets of backups in force. */
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** What was last found out about a store by trying it out, where it is known. */
  readonly way: (store: string) => Way | undefined
}

export interface Reconciles {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  /** Everything that a run is told now; a sentence where it may not run. */
  readonly task: (sql: Sql, now: Now, reconcile: string) => ReconcileTask | string
  /** What came of a run. `follows`: how its job stood when it began. */
  reconciled(tx: Tx, task: ReconcileTask, result: ReconcileResult): void
}

const RUN = 'guard.reconcile'
/** Catalogue, listing and catalogue within one hour, and what is before and after it. */
export const LONGEST_RUN: Span = minutes(90)
const LEASE: Span = hours(2)
const AGAIN: Span = days(7)

export function reconcilesOf(context: ReconcileContext, acts: Pick<Acts, 'ran'>): Reconciles {
  const task = (sql: Sql, now: Now, reconcile: string): ReconcileTask | string => {
    const config = context.reconciles().get(reconcile)
    if (!config) return `no reconcile is called “${reconcile}”`
    if (config.of !== undefined && isDown(sql, config.of)) return `${config.of} is down: nothing is compared with a database that does not answer`
    const knows = knowsOf(sql, now, config, context)
    return typeof knows === 'string' ? knows : { is: 'reconcile', reconcile, knows }
  }
  return {
    task,
    due: {
      [RUN]: (tx, reconcile) => {
        const config = context.reconciles().get(reconcile)
        if (!config) return
        tx.schedule(RUN, reconcile, dueIn(tx.now, config.every))
        const made = task(tx.sql, tx.now, reconcile)
        if (typeof made !== 'string') return tx.afterwards(() => context.begin(made))
        const root = config.of !== undefined && isDown(tx.sql, config.of)
        if (!root) turn(tx, config, new Map([['refused', `no run was made: ${made}`]]), { only: 'refused' })
      },
    },
    configure(tx) {
      const reconciles = context.reconciles()
      for (const name of loadNames(tx.sql)) {
        if (!reconciles.has(name) && loadCauses(tx.sql, name).length > 0) tx.append({ is: 'guard.reconcileLeft', stream: `reconciled:${name}`, body: { reconcile: name, at: tx.now.wall } })
      }
      for (const { name, every } of reconciles.values()) {
        const last = loadState(tx.sql, name).latest?.at
        // What ran not long ago is not run again for every start.
        tx.schedule(RUN, name, dueIn(tx.now, last === undefined ? ms(0) : ms(Math.min(every, Math.max(0, last + every - tx.now.wall)))))
      }
    },
    reconciled(tx, { reconcile, knows }, made) {
      const config = context.reconciles().get(reconcile)
      if (!config) return
      // One that was given up may come to its end while another goes on: what it was told is not how things stand.
      const result: ReconcileResult = loadState(tx.sql, reconcile).number === knows.number ? made : { is: 'failed', says: 'another run came between' }
      const body = (of: RunBody['result']): Record<string, unknown> => ({ reconcile, result: of, ...(knows.held !== undefined && { held: knows.held }), at: tx.now.wall })
      if (result.is === 'failed') {
        tx.append({ is: 'guard.reconciled', stream: `reconciled:${reconcile}`, body: body({ failed: result.says }) })
        return turn(tx, config, new Map([['refused', `no run came to its end: ${result.says}`]]), { only: 'refused' })
      }
      const { acts: planned, ladder, ...rest } = result
      tx.append({ is: 'guard.reconciled', stream: `reconciled:${reconcile}`, body: body(rest) })
      acts.ran(tx, reconcile, {
        plan: result.plan, healthy: result.healthy, breaker: result.breaker, ladder, acts: planned, objects: result.objects, follows: knows.follows, ...(knows.lastBatch.through !== undefined && { through: knows.lastBatch.through }), store: config.store, identity: result.seen?.store.region ?? '',
        margins: marginsOf({ retention: config.retention, oldestCopy: knows.oldestCopy, shrink: knows.shrink }),
      })
      const refused = result.pages.some(({ cause }) => cause.endsWith(':refused'))
      turn(tx, config, new Map(result.pages.map(({ cause, says }) => [cause.split(':').at(-1) ?? cause, says])), { because: becauseOf(result), ...(refused ? { only: 'refused' } : {}) })
    },
  }
}

function knowsOf(sql: Sql, now: Now, config: ReconcileConfig, context: ReconcileContext): Knows | string {
  const { name } = config
  const accepted = standingOf(loadAccepted(sql, name), now.wall)
  const state = settled(loadState(sql, name), accepted)
  const since = sinceOf(sql, name, accepted)
  if (since === undefined) return `more than ${MOST_SINCE} objects of it lie aside: let them be purged or brought back first`
  const job = loadJob(sql, name)
  const lived = context.lived()
  const { number, former, columns, memory, newest, copies, flagsBinding, epochLatched } = state
  return {
    number, runs: loadRuns(sql, name).filter((it) => it.number < number), former, columns, memory, newest, epochLatched, since: since.since, breaker: job.breaker, follows: job.version, arming: job.arming ?? 'none', accepted: acceptedOf(accepted),
    way: context.way(config.store) ?? 'none', actsToday: actsToday(sql, name, { wall: now.wall, lived }), lastBatch: lastBatch(sql, name, job.judged), shrink: context.shrink(), lease: dueIn(now, LEASE), lived,
    ...(flagsBinding === undefined ? {} : { flagsBinding }), ...(copies === undefined ? {} : { copies }), ...oldestOf(sql, now, config, context.sets().values(), lossesIn(accepted)), ...(since.held > 0 && { held: since.held }),
  }
}

/** A listing of copies is so old at most when it says what there is. */
const LISTED_GOOD: Span = days(2)

/**
 * How far back a copy of the catalogue goes, of those that are known, whether it stands or lies aside: what it names could come back with it (G-23).
 * `unbound` where no set is said to hold any; nothing where one does and was not listed lately, or where nothing says how old one is that lies aside: then
 * nobody knows, and nothing is purged.
 */
export function oldestOf(sql: Sql, now: Now, config: Pick<ReconcileConfig, 'of' | 'watchedBy'>, sets: Iterable<BackupSet>, released: ReadonlySet<string> = new Set()): { readonly oldestCopy?: Span | 'unbound'; readonly oldestUnknown?: string } {
  const bound = boundTo(config, sets)
  if (bound.length === 0) return { oldestCopy: 'unbound' }
  let oldest = 0
  for (const set of bound) {
    for (const { store, pattern } of set.in) {
      const { age } = loadListing(sql, set.name, store, now)
      if (age === undefined || age > LISTED_GOOD) return { oldestUnknown: `${HOW_FAR}: ${set.name} in ${store} was not listed for ${sayTime(LISTED_GOOD)}` }
      for (const { key, modifiedAt } of loadCopies(sql, set.name, store)) {
        oldest = Math.max(oldest, now.wall - madeAt([pattern], key, modifiedAt))
      }
    }
    // What was set aside is brought back by one person, for as long as it lies there; in a folder that is for ever. What just came back is in no listing yet.
    for (const { key, modifiedAt, lost } of loadRestorable(sql, set.name)) {
      // A person has said of just this loss that it will not come back.
      if (lost !== undefined && released.has(lost.seen)) continue
      const at = madeAt(set.in.map(({ pattern }) => pattern), key, modifiedAt ?? Infinity)
      if (at === Infinity) return { oldestUnknown: `${HOW_FAR}: nothing says how old ${sayKey(key)} of ${set.name} is, which was set aside, or lost by its store; bring it back, let two people remove it, or accept that it is lost (${lost?.seen ?? 'where it is'})` }
      oldest = Math.max(oldest, now.wall - at)
    }
  }
  return { oldestCopy: ms(oldest) }
}

/** Sets that are said to hold copies of the catalogue. */
function boundTo({ of, watchedBy = [] }: Pick<ReconcileConfig, 'of' | 'watchedBy'>, sets: Iterable<BackupSet>): readonly BackupSet[] {
  const checks = new Set([...(of === undefined ? [] : [of]), ...watchedBy])
  return [...sets].filter((set) => set.of !== undefined && checks.has(set.of))
}

/** So many losses are shown. */
const MOST_LOSSES = 100

/** Copies of the catalogue that were lost by their stores, each by what a person may accept of it: until then it keeps anything from being purged that it may still name. */
export const lossesOf = (sql: Sql, config: Pick<ReconcileConfig, 'of' | 'watchedBy'>, sets: Iterable<BackupSet>): readonly { readonly seen: string; readonly says: string }[] =>
  boundTo(config, sets).flatMap((set) => loadRestorable(sql, set.name).flatMap(({ key, lost }) => (lost === undefined ? [] : [{ seen: lost.seen, says: `${sayKey(key)} of ${set.name}: ${lost.says}; nothing is purged that it may still name` }]))).slice(0, MOST_LOSSES)

const lossesIn = (accepted: readonly { readonly what: string; readonly seen: string }[]): ReadonlySet<string> => new Set(accepted.flatMap(({ what, seen }) => (what === 'lost' ? [seen] : [])))

const HOW_FAR = 'how far back copies of the catalogue go is not known, and nothing is purged'

/** A copy that was moved is as old as its name says. */
const madeAt = (patterns: readonly Pattern[], key: string, modifiedAt: number): number => Math.min(modifiedAt, ...patterns.flatMap((pattern) => {
  const named = dateOf(pattern, key)
  return named?.is === 'dated' ? [named.from] : []
}))

/** What makes a cause another one, for whoever has taken the incident: another check that fails, ten times as many. What is only not known is one cause. */
function becauseOf({ plan: { refusals, totals }, breaker }: Extract<ReconcileResult, { is: 'judged' }>): Readonly<Record<string, readonly string[]>> {
  const failed = refusals.filter((it) => it.found === 'fail').map(({ id }) => id)
  const size = (n: number): string[] => [`${10 ** Math.floor(Math.log10(Math.max(1, n)))} or more`]
  return { refused: failed.length > 0 ? failed.slice(0, 20) : ['not known'], gap: size(totals.gaps), gone: size(totals.gone), breaker: breaker?.is === 'open' ? breaker.because.map((it) => it.replaceAll(/\d+/g, '#').slice(0, 100)).slice(0, 20) : [] }
}

/** Causes that stand now, against those that stood. `only`: of the others this run knows nothing. */
function turn(tx: Tx, { name, escalate, of }: ReconcileConfig, causes: ReadonlyMap<string, string>, { only, because = {} }: { readonly only?: string; readonly because?: Readonly<Record<string, readonly string[]>> }): void {
  const stream = `reconciled:${name}`
  const root = of !== undefined && isDown(tx.sql, of) ? of : ''
  const append = (cause: string, to: CauseBody['to'], says: string): void =>
    void tx.append({ is: 'guard.caused', stream, body: { reconcile: name, cause, to, says: says.slice(0, 500), root, escalate, at: tx.now.wall, because: [...new Set(because[cause] ?? [])] } satisfies CauseBody })
  const stood = new Map(loadCauses(tx.sql, name).map((it) => [it.cause, it]))
  for (const [cause, says] of causes) {
    const had = stood.get(cause)
    // What stands for long is told again: somebody may have closed the incident and not the cause (G-28).
    if (had?.says !== says.slice(0, 500) || tx.now.wall - had.told >= AGAIN) append(cause, 'stands', says)
  }
  for (const cause of stood.keys()) if (!causes.has(cause) && (only === undefined || cause === only)) append(cause, 'over', 'the last run found nothing of it')
}
