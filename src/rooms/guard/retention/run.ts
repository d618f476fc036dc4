// A run of retention: one set in one store, judged on schedule, as the acts desk takes it in. What people arm is the hash of all that decides what goes: the rules,
// the gates, the limits, the waits, every store that may bear witness, and which store it is that things go from (G-16). A run of what nobody has armed
// only counts how well it is. Too much at once opens the breaker of what is armed (G-5); what is not known does not, and lets nothing go either.
import { derivedId } from '../../../core/id.ts'
import type { RunEnded } from '../acts/index.ts'
import type { Job } from '../acts/job.ts'
import { coolingOf, ladderOf, step, type Ladder } from '../reconcile/breaker.ts'
import { all, type Want } from '../reconcile/margins.ts'
import { armedFound, modeOf } from '../reconcile/plan.ts'
import type { BackupSet } from '../sets/set.ts'
import { waitsOf } from './gates.ts'
import { actsOf, jobOf, marginsFor, totalsOf, type Wanted } from './job.ts'
import { hashOf, judge, LIMITS, rulesIn, type Judged, type World } from './judge.ts'

/** What arming holds for; nothing where nobody knows which store it is. */
export function bindingOf({ set, store, settings, shelves }: World, { engine, in: places }: Pick<BackupSet, 'engine' | 'in'>): string | undefined {
  const identity = shelves.find((it) => it.store === store)?.identity.now
  if (identity === undefined) return undefined
  const { age, soak, runs } = waitsOf(settings)
  return hashOf({ armed: 'retention', set, store, identity, engine, rules: rulesIn(settings), limits: { ...LIMITS }, waits: { age, soak, runs }, places: places.map(({ store: lies, pattern, repository }) => [lies, pattern.text, repository ?? '']) })
}

/** What of a plan would go. */
export function goingOf({ store, shelves }: Pick<World, 'store' | 'shelves'>, plan: Judged['plan']): Wanted[] {
  const shelf = shelves.find((it) => it.store === store)
  return shelf === undefined ? [] : actsOf(plan, shelf)
}

/** As a breaker that is half open lets it through. */
export const ladderIn = (world: Pick<World, 'store' | 'shelves'>, plan: Judged['plan']): Ladder => ladderOf(goingOf(world, plan).map(({ key }) => key))

export interface Running {
  readonly world: World
  readonly job: Job
  readonly binding: string | undefined
  /** What no copy of this set in this store may ever be touched for. */
  readonly unfit: readonly Want[]
}

/** One run, and what was judged in it. */
export function runOf({ world, job, binding, unfit }: Running): { readonly run: RunEnded; readonly judged: Judged } {
  const { set, store, settings, now, lived, shelves } = world
  const judged = judge(world)
  const { plan, healthy } = judged
  const isArmed = armedFound(job.arming, binding).is === 'pass'
  const going = goingOf(world, plan)
  const ladder = ladderOf(going.map(({ key }) => key))
  const trips = isArmed ? plan.refusals.flatMap(({ id, found, text }) => (id === 'limit' && found === 'fail' ? [text] : [])) : []
  const { breaker } = step(job.breaker, { is: 'ran', at: now.wall, lived, trips, healthy, ladder, cooling: coolingOf(settings.shrink) })
  const mode = modeOf(job.arming, breaker, binding)
  const acts = mode === 'armed' && all(unfit).is === 'pass' ? going : []
  return {
    judged,
    run: {
      plan: { id: derivedId('plan', plan.id, job.version), hash: plan.hash, reconcile: jobOf(set, store), mode, binding: binding ?? null, checks: [], refusals: plan.refusals, totals: totalsOf(acts) },
      healthy, breaker, ladder, acts, margins: marginsFor(settings.shrink), store, identity: plan.identity ?? '', objects: shelves.find((it) => it.store === store)?.copies.length ?? 0, follows: job.version,
    },
  }
}
