// Retention on schedule. Each set is judged in its own rhythm, once every one of its stores was listed just now: that is a run. Runs only report, until three
// in a row were clean and two people have armed exactly these rules, gates and stores; from then on what a run finds superfluous waits for the hand, which
// has all of it judged anew right before. An edit disarms, and is told once. While something is under way or in doubt, or a person's word is being carried
// out, no run takes its place. A store that cannot be listed is waited for, and then the run is made without: it is not a clean one.
import { ageOf, dueIn, hours, isDue, isWithin, minutes, ms, seconds, type Now, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Acts } from '../acts/index.ts'
import type { Job } from '../acts/job.ts'
import { armedJobs, hasOpen, keptPlans, loadActs, loadApproval, loadJob, loadPlan } from '../acts/rows.ts'
import { latchedOf, refusedOf, tell } from '../acts/telling.ts'
import type { Task } from '../protocol.ts'
import { loadListing } from '../rows.ts'
import { divided } from '../reconcile/margins.ts'
import type { BackupSet } from '../sets/set.ts'
import { tellStanding, worldOf, type Life } from './duty.ts'
import { jobOf, parseJob } from './job.ts'
import { unfitOf } from './rulings.ts'
import { bindingOf, runOf } from './run.ts'

export interface ScheduleContext extends Life {
  /** The sets in force, by their names. */
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** Has a store listed; what comes of it comes back as a turn. */
  readonly ask: (task: Task) => void
}

export interface Schedule {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
}

const KEEP = 'guard.keep'
/** Before a run every store of the set was listed within this time; one that was not is asked for, and waited for until what was seen is worth nothing. */
const LISTED_WITHIN: Span = minutes(5)
const PATIENCE: Span = minutes(20)
const LOOK_AGAIN: Span = seconds(5)
/** While something is under way the next run is tried again after this long. */
const BUSY_FOR: Span = minutes(10)
/** Runs are never closer than this; in a lab that is divided, down to the second. */
const LEAST: Span = hours(1)
const LEAST_IN_LAB: Span = seconds(5)
/** After a start, or for a new set: its first listing comes before. */
const FIRST: Span = minutes(1)
const WEEK = 604_800_000

/** How far apart the runs of a set are. */
export const rhythmOf = ({ every }: Pick<BackupSet, 'every'>, shrink: number): Span => ms(Math.max(LEAST_IN_LAB, divided(Math.max(every, LEAST), shrink)))

export function scheduleOf(context: ScheduleContext, acts: Pick<Acts, 'ran' | 'disarm'>): Schedule {
  // Since when a run waits for its listings; after a start it waits anew.
  const waiting = new Map<string, Waiting>()
  const next = (tx: Tx, set: BackupSet, after: Span): void => tx.schedule(KEEP, set.name, dueIn(tx.now, after))
  return {
    due: {
      [KEEP]: (tx, name) => {
        const set = context.sets().get(name)
        if (set?.keep === undefined) return
        const rhythm = rhythmOf(set, context.shrink())
        const waits = waiting.get(name)
        const within = listedWithin(rhythm, waits?.since, tx.now)
        const stale = set.in.filter(({ store }) => !isListed(tx, name, store, within))
        if (stale.length > 0 && (waits === undefined || isWithin(waits.since, tx.now, PATIENCE))) {
          // A listing that failed comes again by itself, in minutes: a lab whose runs are seconds apart asks anew.
          if (waits === undefined || !isWithin(waits.asked, tx.now, rhythm)) {
            waiting.set(name, { since: waits?.since ?? tx.now, asked: tx.now })
            tx.afterwards(() => stale.forEach(({ store }) => context.ask({ is: 'list', set: name, store })))
          }
          return next(tx, set, ms(Math.min(LOOK_AGAIN, rhythm / 5)))
        }
        waiting.delete(name)
        const made = set.in.map(({ store }) => run(tx, set, store, context, acts))
        next(tx, set, made.every(Boolean) ? rhythm : ms(Math.min(rhythm, BUSY_FOR)))
      },
    },
    configure(tx) {
      for (const { reconcile } of armedJobs(tx.sql)) disarmEdited(tx, reconcile, context, acts)
      for (const set of context.sets().values()) {
        if (set.keep === undefined) continue
        const last = Math.max(0, ...set.in.map(({ store }) => loadJob(tx.sql, jobOf(set.name, store)).latest?.at ?? 0))
        const rhythm = rhythmOf(set, context.shrink())
        // What ran not long ago is not run again for every start.
        next(tx, set, ms(Math.min(rhythm, Math.max(Math.min(FIRST, rhythm), last + rhythm - tx.now.wall))))
      }
    },
  }
}

/** What a run judges is its own, also in a lab, where runs are closer than listings; what came since it was waited for will do. */
const listedWithin = (rhythm: Span, since: Now | undefined, now: Now): Span =>
  ms(Math.min(LISTED_WITHIN, Math.max(1.5 * rhythm, (since && ageOf(since, now)) ?? 0)))

function isListed(tx: Tx, set: string, store: string, within: Span): boolean {
  const { age, failed } = loadListing(tx.sql, set, store, tx.now)
  return failed === undefined && age !== undefined && age <= within
}

/** Since when a run waits for its listings, and when they were asked for last. */
interface Waiting {
  readonly since: Now
  readonly asked: Now
}

/** Makes one; false where it could not take the place of what is under way. */
function run(tx: Tx, set: BackupSet, store: string, context: ScheduleContext, acts: Pick<Acts, 'ran' | 'disarm'>): boolean {
  const name = jobOf(set.name, store)
  if (isBusy(tx, name)) return false
  disarmEdited(tx, name, context, acts)
  const world = worldOf(tx.sql, set, store, tx.now, context)
  const job = loadJob(tx.sql, name)
  const { run: ended, judged } = runOf({ world, job, binding: bindingOf(world, set), unfit: unfitOf({ set, world }) })
  const after = acts.ran(tx, name, ended)
  // A store that cannot be listed is told with its set.
  if (!judged.plan.refusals.some(({ id }) => id === 'listing')) tellStanding(tx, set, store, judged)
  tellLatched(tx, { set, store, before: job, after })
  return true
}

/** Something of it is being done, or is in doubt, or waits by a word or a run that is still worth something. */
function isBusy(tx: Tx, job: string): boolean {
  if (hasOpen(tx.sql, job)) return true
  return keptPlans(tx.sql).some(({ plan: id, reconcile }) => {
    const until = reconcile === job ? (loadApproval(tx.sql, id)?.until ?? loadPlan(tx.sql, id)?.goodUntil) : undefined
    return until !== undefined && until.boot === tx.now.boot && !isDue(until, tx.now) && loadActs(tx.sql, id).some(({ act, state }) => act === 'quarantine' && (state === 'waiting' || state === 'begun'))
  })
}

/** What was armed is not what is written now, or not the store that it was: it only reports again, and people hear of it once. */
function disarmEdited(tx: Tx, name: string, context: ScheduleContext, acts: Pick<Acts, 'disarm'>): void {
  const of = parseJob(name)
  const { arming } = loadJob(tx.sql, name)
  if (of === undefined || arming === undefined) return
  const set = context.sets().get(of.set)
  const isThere = set?.keep !== undefined && set.in.some(({ store }) => store === of.store)
  const binding = isThere ? bindingOf(worldOf(tx.sql, set, of.store, tx.now, context), set) : ''
  // Which store it is may not be known right now: then nothing is done, and nobody has edited anything.
  if (binding === undefined || binding === arming.binding) return
  acts.disarm(tx, name, 'an edit of the configuration')
  tell(tx, `retention:${of.set}@${of.store}/disarmed`, `${of.set}: nothing goes on schedule in ${of.store} any more`, `what ${arming.people.join(' and ')} armed is not what holds now: ${isThere ? 'its rules, gates or stores were changed' : 'it has no rules there any more'}. It only reports; two people arm it anew`)
}

/** The breaker of what is armed: told as it opens, in the incident of what opened it, and weekly while it stays (G-28). */
function tellLatched(tx: Tx, { set, store, before, after }: { readonly set: BackupSet; readonly store: string; readonly before: Job; readonly after: Job }): void {
  if (after.arming === undefined || after.breaker.is !== 'open') return
  const { since, because } = after.breaker
  const weeks = (at: number): number => Math.floor((at - since) / WEEK)
  if (before.breaker.is === 'open' && weeks(tx.now.wall) <= weeks(before.latest?.at ?? tx.now.wall)) return
  tell(tx, refusedOf(set.name, store), `${set.name}: its breaker is open in ${store}`, `${because.join('; ')}; nothing goes on schedule until two people close its breaker: holdfast backups close-breaker ${set.name} --store ${store} -m "why"`, { ends: latchedOf(jobOf(set.name, store)) })
}
