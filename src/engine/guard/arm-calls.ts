// Calls that let retention go on schedule. Two people are asked with one word for a set in all its stores, in one of them, or for every set there is; what they
// agree on is the hash of the rules, gates and stores of each as its latest run saw them, all of them or none. To disarm takes one, and is done at once.
import { z } from 'zod'
import type { Tx } from '../../db/room.ts'
import { whyNotArm, type Armed } from '../../rooms/guard/acts/job.ts'
import { armedJobs, loadJob } from '../../rooms/guard/acts/rows.ts'
import { armedFound, type Refusal } from '../../rooms/guard/reconcile/plan.ts'
import { worldOf } from '../../rooms/guard/retention/duty.ts'
import { jobOf, marginsFor, parseJob } from '../../rooms/guard/retention/job.ts'
import { unfitOf } from '../../rooms/guard/retention/rulings.ts'
import { bindingOf } from '../../rooms/guard/retention/run.ts'
import type { Asker } from '../../views/answers.ts'
import { because, refusalOf, type ArmCalls } from '../../views/retention/applied.ts'
import { no, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'
import { askIn, notFit, sayTried, speaker, whoIsAsked } from './act-calls.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
/** So many jobs are armed by one word. */
const MOST = 200

export const ARM_ARGS = {
  'backups.arm': z.strictObject({ set: name.optional(), store: name.optional(), of: z.array(name).max(2).optional(), lapses: z.string().max(40).optional(), person }),
  'backups.disarm': z.strictObject({ set: name.optional(), store: name.optional(), person }),
} satisfies Record<keyof ArmCalls, z.ZodType>
type Args<Name extends keyof ArmCalls> = z.output<(typeof ARM_ARGS)[Name]>

interface Armable { readonly job: Armed; readonly says: string; readonly tried: string }

const refused = (keeper: Keeper, plan: string, reasons: readonly Refusal[]): Answer => ok(refusalOf('HF492', plan, reasons, keeper.now().wall))

/** What would be armed; or why something of it cannot be. */
function armable(tx: Tx, keeper: Keeper, { set: called, store }: Args<'backups.arm'>): { readonly jobs: readonly Armable[]; readonly reasons: readonly Refusal[] } {
  const jobs: Armable[] = []
  const reasons: Refusal[] = []
  const life = { lived: () => keeper.lived(), shrink: () => keeper.config.shrink ?? 1 }
  const passed: Refusal[] = []
  for (const set of setsIn(keeper.config).values()) {
    if (set.keep === undefined || (called !== undefined && set.name !== called)) continue
    for (const { store: lies } of set.in) {
      if (store !== undefined && store !== lies) continue
      const world = worldOf(tx.sql, set, lies, tx.now, life)
      const unfit = unfitOf({ set, world }).find(({ found }) => found.is !== 'pass')
      // Where nothing can ever go, nothing is armed, and the rest of it may be.
      if (unfit !== undefined && unfit.found.is !== 'pass') {
        passed.push(because('delete', unfit.found.says, 'Only copies that are files of their own go by a rule, and only where the hand is given delete.'))
        continue
      }
      const reconcile = jobOf(set.name, lies)
      const job = loadJob(tx.sql, reconcile)
      const binding = bindingOf(world, set)
      if (armedFound(job.arming, binding).is === 'pass') passed.push(because('armed', `${set.name} in ${lies} is armed already`, 'There is nothing to do; holdfast backups plan says by whom.'))
      else {
        const why = whyNotArm(job, binding)
        if (why !== undefined || binding === undefined) reasons.push(because('arm', `${set.name} in ${lies}: ${why ?? 'which store it is, is not known'}`, `Runs are made on schedule; holdfast backups plan ${set.name} says how it stands.`))
        else {
          const fit = keeper.hand.tried(lies, marginsFor(life.shrink()).quarantine)
          if (fit.is === 'fail') reasons.push(because('store', notFit(lies, fit.says), 'Mend what it says, and ask again: each time it is tried out anew.'))
          else jobs.push({ job: { reconcile, binding, epoch: job.epoch ?? 0 }, says: `${set.name} in ${lies} (${binding.slice(0, 16)})`, tried: sayTried(lies, fit) })
        }
      }
    }
  }
  return { jobs, reasons: reasons.length === 0 && jobs.length === 0 ? passed : reasons }
}

/** That set, or every set; in that store, or in every store of it. */
function whyUnknown(keeper: Keeper, { set: called, store }: { readonly set?: string | undefined; readonly store?: string | undefined }): Answer | undefined {
  const sets = setsIn(keeper.config)
  const set = called === undefined ? undefined : sets.get(called)
  if (called !== undefined && set === undefined) return no(404, 'HF404', `no set of backups is called “${called}”`, `known: ${[...sets.keys()].slice(0, 20).join(', ') || 'none'}`)
  if (set !== undefined && store !== undefined && !set.in.some((it) => it.store === store)) return no(404, 'HF404', `${set.name} does not lie in “${store}”`, `it lies in: ${set.in.map((it) => it.store).join(', ')}`)
  if (set !== undefined && set.keep === undefined) return no(409, 'HF480', `no rule says what is kept of ${set.name}: nothing of it ever goes`, 'write keep: { daily: 7, weekly: 4 } at the set')
  return undefined
}

export async function arm(keeper: Keeper, args: Args<'backups.arm'>, asker: Asker): Promise<Answer> {
  const unknown = whyUnknown(keeper, args)
  if (unknown) return unknown
  const whom = whoIsAsked(keeper, args)
  if ('status' in whom) return whom
  // The hand is called for whatever nobody has tried out lately, and what it finds is read before anybody is asked.
  const { reasons: before } = await keeper.engine.turn('backups.arm.look', (tx) => armable(tx, keeper, args))
  if (before.length === 0) await keeper.hand.settled()
  const came = await keeper.engine.turn('backups.arm', (tx): Answer | { readonly id: string } => {
    const { jobs: [first, ...also], reasons } = armable(tx, keeper, args)
    const on = args.set ?? 'every set'
    if (reasons.length > 0 || first === undefined || also.length >= MOST) {
      return refused(keeper, on, reasons.length > 0 ? reasons : [because('arm', also.length >= MOST ? `more than ${MOST} would be armed by one word` : 'nothing here has rules by which it could go', 'Name a set.')])
    }
    const made = askIn(tx, keeper, {
      asked: { is: 'arm', ...first.job, ...(also.length > 0 && { also: also.map(({ job }) => job) }) },
      title: `Arm the retention of ${on}`.slice(0, 120),
      text: `${[...new Set([first, ...also].map(({ tried }) => tried))].slice(0, 10).join('')}From now on copies that no rule keeps are set aside on schedule: ${[first, ...also].slice(0, 40).map(({ says }) => says).join(', ')}${also.length >= 40 ? ' …' : ''}. Newer copies that were read whole remain, each is judged again right before, and it can be brought back until it is removed for good, which takes two people again. It is bound to these rules, gates, limits and stores: any change disarms it.`,
      of: whom.of, lapses: whom.lapses, by: speaker(asker, args.person),
    })
    return made.is === 'refused' ? no(made.why === 'crowded' ? 503 : 409, made.why === 'crowded' ? 'HF473' : 'HF474', `${made.says.slice(0, 1).toUpperCase()}${made.says.slice(1)}.`, 'name two different people with the right role: holdfast people list shows who has which') : made
  })
  return 'status' in came ? came : whom.show(came.id, asker, args.person)
}

export async function disarm(keeper: Keeper, args: Args<'backups.disarm'>, asker: Asker): Promise<Answer> {
  const by = speaker(asker, args.person)
  const was = await keeper.engine.turn('backups.disarm', (tx) => {
    // What is armed can be disarmed whether it is still configured or not; and what is not armed yet, but asked for, is not armed by an older word.
    const configured = [...setsIn(keeper.config).values()].flatMap((set) => set.in.map(({ store }) => jobOf(set.name, store)))
    return [...new Set([...armedJobs(tx.sql).map(({ reconcile }) => reconcile), ...configured])].flatMap((reconcile) => {
      const of = parseJob(reconcile)
      if (of === undefined || (args.set !== undefined && of.set !== args.set) || (args.store !== undefined && of.store !== args.store)) return []
      const { arming } = loadJob(tx.sql, reconcile)
      keeper.rooms.guard.acts.disarm(tx, reconcile, by)
      return arming === undefined ? [] : [`${of.set} in ${of.store}`]
    })
  })
  if (was.length === 0) return whyUnknown(keeper, args) ?? ok({ schema: 'holdfast.done/1', says: `${args.set ?? 'Nothing of it'} was not armed.` })
  return ok({ schema: 'holdfast.done/1', says: `${was.slice(0, 20).join(', ')}${was.length > 20 ? ' …' : ''}: from now on it is only reported what could go; what lies aside stays there and can be brought back.` })
}
