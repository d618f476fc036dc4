// Guard: backups exist, are fresh, restore; nothing is deleted on missing knowledge. This is the room's face to the engine, put together from its
// duties; each of them lives in a folder of its own.
import type { Entry } from '../../core/ledger.ts'
import type { Sql } from '../../db/sql.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { DeskPorts } from './acts/desk.ts'
import { actsPart, type Acts, type ActsContext } from './acts/index.ts'
import { endGone } from './acts/telling.ts'
import { unsettling } from './acts/unsettled.ts'
import { applyObject } from './acts/rows.ts'
import { drillDoubt, drillsOf, type DrillsContext } from './drills/duty.ts'
import { slowness } from './drills/figures.ts'
import type { DrillReport } from './drills/report.ts'
import { applyMeasured, applyMeasuredAnew, applyWholeLeft, OBJECT_PROJECTIONS, OBJECT_TABLES } from './objects/rows.ts'
import { walkingOf } from './objects/walking.ts'
import type { DrillTask, Listed, ListTask, Verified, VerifyTask, Walked, WalkTask } from './protocol.ts'
import { applyAppeared, applyCheckRemoved, applyDisproved, applyLeft, applyProved, applyTurned, applyVanished, applyWatchTurned, PROJECTIONS, TABLES } from './rows.ts'
import { reconcilesOf, type ReconcileContext, type Reconciles } from './reconcile/duty.ts'
import * as runs from './reconcile/rows.ts'
import { restores, type Restores } from './restore/restores.ts'
import { applyRestored, applyRestoring, applySwapAsked, applySwapping, RESTORE_PROJECTIONS, RESTORE_TABLES } from './restore/rows.ts'
import { atticOf, worldOf, type Life } from './retention/duty.ts'
import { evaluatingOf } from './retention/evaluating.ts'
import { parseJob } from './retention/job.ts'
import { missingOf } from './retention/missing.ts'
import * as retention from './retention/rows.ts'
import { rulesFor } from './retention/rulings.ts'
import { scheduleOf } from './retention/schedule.ts'
import { nameOf } from './retention/shelf.ts'
import type { RunReport } from './sets/manifest.ts'
import { applyBegun, applyRan, recordRun, RUN_PROJECTIONS, RUN_TABLES } from './sets/manifest-rows.ts'
import { foundAgain, setsOf, type SetsContext } from './sets/duty.ts'
import { LOCK_TABLES } from './sets/locked.ts'
import { READING_TABLES } from './sets/reading-rows.ts'
import type { BackupSet } from './sets/set.ts'
import { applyFindings, applyMissed, applyRepeated, applySilenced, applySilenceEnded, applyStandingLeft, saveRotation, STANDING_PROJECTIONS, STANDING_TABLES } from './sets/standing-rows.ts'
import { FIRST_CREDIT } from './sets/vanishing.ts'
import { verifyingOf } from './sets/verifying.ts'

export type GuardContext = Omit<SetsContext, 'onListed' | 'doubts' | 'formerOf' | 'gone' | 'took'> & Pick<DrillsContext, 'origin'> & ActsContext & Life & Omit<ReconcileContext, 'begin' | 'lived' | 'shrink'>

export interface GuardRoom extends Room {
  /** What is done to objects, and who agreed to it. */
  readonly acts: Acts
  /** Copies on their way back, as facts. */
  readonly restores: Restores
  /** Buckets held against the rows of a database. */
  readonly reconciles: Pick<Reconciles, 'task' | 'reconciled'>
  /** The public key of whoever signs for drills here. */
  signedBy(): string
  /** How the desk rules on copies of sets; nothing for jobs of another kind. */
  readonly rules: NonNullable<DeskPorts['rules']>
  configure(tx: Tx): void
  /** `more`: the same once more goes on with it. */
  listed(tx: Tx, task: ListTask, result: Listed): 'all' | 'more'
  drilled(tx: Tx, task: DrillTask, result: DrillReport | { readonly says: string }): void
  verified(tx: Tx, task: VerifyTask, result: Verified): void
  walked(tx: Tx, task: WalkTask, result: Walked): void
  /** A person wants a set to be read now: all of it, or what is due. */
  read(tx: Tx, set: BackupSet, what: 'all' | 'due'): void
  /** A person holds a copy: no rule makes it go. False where it is held already. */
  hold(tx: Tx, it: { readonly set: string; readonly key: string; readonly by: string; readonly reason: string }): boolean
  /** A person says that what vanished was meant to; gives the keys. */
  acceptGone(tx: Tx, it: { readonly set: string; readonly store: string; readonly by: string; readonly reason: string }): readonly string[]
  /** So many may go at once, a person says who has seen them; holds for a day. */
  acceptMost(tx: Tx, it: { readonly set: string; readonly store: string; readonly most: number; readonly by: string; readonly reason: string }): void
  /** False where nobody holds it. */
  endHold(tx: Tx, it: { readonly set: string; readonly key: string; readonly by: string }): boolean
  /** A command that makes copies of a set has run; false when that was known. */
  ran(tx: Tx, set: string, report: RunReport, by: string): boolean
}

const both = (...applies: readonly ((sql: Sql, entry: Entry) => void)[]) => (sql: Sql, entry: Entry): void => {
  for (const apply of applies) apply(sql, entry)
}

export function guardRoom(context: GuardContext): GuardRoom {
  const verifying = verifyingOf({ ...context, consider: (tx, set, store) => sets.consider(tx, set, store) })
  const walking = walkingOf({ ...context, consider: (tx, set, store) => sets.consider(tx, set, store) })
  const sets = setsOf({
    ...context,
    onListed(tx, set, store, { identity, clock }) {
      retention.saveShelf(tx.sql, set.name, store, identity, clock)
      judging.listed(tx, set, store)
      verifying.listed(tx, set, store)
    },
    doubts: (sql, set, store, now) => [verifying.verdict(sql, set, store), walking.verdict(sql, set, store), drillDoubt(sql, set, store, now), slowness(sql, set, now)].flatMap((it) => it ?? []),
    formerOf: (sql, set, store) => retention.loadShelf(sql, set.name, store)?.identity,
    took(sql, set, store) {
      const taken = retention.loadTaken(sql, set, store)
      return (copy) => taken.has(nameOf(copy))
    },
    gone: (sql, set, store) => retention.loadGone(sql, set.name, store).length,
  })
  const drills = drillsOf({ ...context, consider: (tx, set, store) => sets.consider(tx, set, store) })
  const acts = actsPart(context)
  const doubtful = unsettling(context)
  const keeping = scheduleOf(context, acts)
  const judging = evaluatingOf(context, acts)
  const reconciles = reconcilesOf({ ...context, begin: context.ask }, acts)
  return {
    name: 'guard',
    acts,
    restores,
    reconciles,
    signedBy: () => context.origin().signer.key,
    tables: TABLES + RUN_TABLES + READING_TABLES + OBJECT_TABLES + STANDING_TABLES + LOCK_TABLES + retention.TABLES + drills.tables + acts.tables + runs.TABLES + RESTORE_TABLES,
    projections: [...PROJECTIONS, ...RUN_PROJECTIONS, ...OBJECT_PROJECTIONS, ...STANDING_PROJECTIONS, ...retention.PROJECTIONS, ...drills.projections, ...acts.projections, ...runs.PROJECTIONS, ...RESTORE_PROJECTIONS],
    on: { ...acts.on },
    rules(tx, job) {
      const of = parseJob(job)
      if (of === undefined) return undefined
      const set = context.sets().get(of.set)
      if (set?.keep === undefined || !set.in.some(({ store }) => store === of.store)) return rulesFor(undefined)
      const world = worldOf(tx.sql, set, of.store, tx.now, context)
      return rulesFor({ set, world, attic: atticOf(tx.sql, set, of.store, tx.now, context, world) })
    },
    apply: {
      ...acts.apply, 'guard.ended': both(retention.applyReturned, applyObject, retention.applyEnded), 'guard.looked': both(retention.applyReturned, applyObject, retention.applyEnded), 'guard.reconciled': runs.applyReconciled, 'guard.caused': runs.applyCause, 'guard.reconcileLeft': runs.applyReconcileLeft,
      'guard.appeared': both(applyAppeared, drills.apply.appeared, retention.applyAppeared), 'guard.vanished': both(applyVanished, drills.apply.vanished, retention.applyVanished, applyRepeated), 'guard.proved': applyProved, 'guard.disproved': applyDisproved,
      'guard.turned': both(applyTurned, applyFindings), 'guard.missed': applyMissed, 'guard.left': both(applyLeft, retention.applyLeft, drills.apply.left, applyStandingLeft, applyWholeLeft), 'guard.measured': both(applyMeasured, drills.apply.appeared), 'guard.measuredAnew': applyMeasuredAnew, 'guard.drilled': drills.apply.drilled, 'guard.goneAccepted': retention.applyAccepted, 'guard.mostAccepted': retention.applyMost, 'guard.held': retention.applyHeld, 'guard.holdEnded': retention.applyHoldEnded, 'watch.turned': applyWatchTurned, 'watch.removed': applyCheckRemoved, 'watch.paused': applyCheckRemoved, 'watch.silenced': applySilenced, 'page.silenceEnded': applySilenceEnded,
      'guard.restoring': applyRestoring, 'guard.swapAsked': applySwapAsked, 'guard.swapping': applySwapping, 'guard.restored': applyRestored,
      'guard.planted': drills.apply.planted,
      'guard.manifest': applyRan, 'guard.backupRan': applyRan, 'guard.backupBegan': applyBegun,
    },
    due: { ...sets.due, ...verifying.due, ...walking.due, ...drills.due, ...doubtful.due, ...reconciles.due, ...keeping.due, ...judging.due },
    configure(tx) {
      sets.configure(tx)
      verifying.configure(tx)
      walking.configure(tx)
      drills.configure(tx)
      reconciles.configure(tx)
      keeping.configure(tx)
      doubtful.configure(tx)
      endGone(tx, context)
    },
    listed: (tx, task, result) => (task.what === 'everything' ? verifying.things(tx, task, result) : sets.listed(tx, task, result)),
    drilled: (tx, task, result) => drills.drilled(tx, task, result),
    verified: (tx, task, result) => verifying.verified(tx, task, result),
    walked: (tx, task, result) => walking.walked(tx, task, result),
    read(tx, set, what) {
      verifying.read(tx, set, what)
      walking.read(tx, set, what)
    },
    hold(tx, { set, key, by, reason }) {
      if (retention.loadHolds(tx.sql, set).has(key)) return false
      tx.append({ is: 'guard.held', stream: `backup:${set}`, body: { set, key, by, reason: `#${tx.keep(reason)}`, at: tx.now.wall } })
      return true
    },
    acceptGone(tx, { set, store, by, reason }) {
      const { places: gone, moved } = missingOf(tx.sql, set, store, tx.now)
      if (gone.length > 0 || moved) tx.append({ is: 'guard.goneAccepted', stream: `backup:${set}`, body: { set, store, names: gone.map(nameOf), by, reason: `#${tx.keep(reason)}`, at: tx.now.wall, ...(moved ? { moved } : {}) } })
      // What the next listing lacks was left behind.
      if (moved) saveRotation(tx.sql, set, store, { credit: FIRST_CREDIT, odd: '' })
      const its = context.sets().get(set)
      if (its) foundAgain(tx, its, store, 'a person said that it was meant to go')
      const whole = its?.in.find((it) => it.store === store && it.objects !== undefined)
      if (!its || !whole) return gone.map(({ key }) => key)
      tx.append({ is: 'guard.measuredAnew', stream: `backup:${set}`, body: { set, store, by, reason: `#${tx.keep(reason)}`, at: tx.now.wall } })
      sets.consider(tx, its, store)
      return [whole.pattern.text]
    },
    acceptMost(tx, { set, store, most, by, reason }) {
      tx.append({ is: 'guard.mostAccepted', stream: `backup:${set}`, body: { set, store, most, by, reason: `#${tx.keep(reason)}`, at: tx.now.wall } })
    },
    endHold(tx, { set, key, by }) {
      if (!retention.loadHolds(tx.sql, set).has(key)) return false
      tx.append({ is: 'guard.holdEnded', stream: `backup:${set}`, body: { set, key, by, at: tx.now.wall } })
      return true
    },
    ran(tx, named, report, by) {
      const set = context.sets().get(named)
      const isNew = recordRun(tx, { named, of: set, report, by })
      if (isNew && report.exit !== null && set) sets.lookSoon(tx, set)
      return isNew
    },
  }
}
