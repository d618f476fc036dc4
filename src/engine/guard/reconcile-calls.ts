// Calls about reconciles: how they stand, and a run now. A run takes minutes: whoever asks for one is told that it is under way, and looks again.
import { z } from 'zod'
import { viewReconcile, type ReconcileCalls } from '../../views/reconciles.ts'
import { LONGEST_RUN } from '../../rooms/guard/reconcile/duty.ts'
import type { ReconcileConfig } from '../../rooms/guard/reconcile/task.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { reconcilesIn, setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'
import { triedIn } from './act-calls.ts'
import { planItems } from './plan-items.ts'

const one = z.strictObject({ reconcile: z.string().min(1).max(200) })
const itemsWanted = z.strictObject({ reconcile: z.string().min(1).max(200), plan: z.string().max(100).exactOptional(), from: z.int().min(0).exactOptional() })
const RECONCILE_ARGS = { 'reconcile.list': z.strictObject({}), 'reconcile.show': one, 'reconcile.run': one, 'reconcile.items': itemsWanted } satisfies Record<keyof ReconcileCalls, z.ZodType>

/** Runs that somebody asked for and that are under way, by keeper and name: what each says. */
const underWay = new WeakMap<Keeper, Map<string, string>>()

const runsOf = (keeper: Keeper): Map<string, string> => {
  const known = underWay.get(keeper) ?? new Map<string, string>()
  underWay.set(keeper, known)
  return known
}

const view = (keeper: Keeper, config: ReconcileConfig) => ({ ...viewReconcile(keeper.store.sql, config, setsIn(keeper.config).values(), runsOf(keeper).get(config.name) ?? null, keeper.now().wall), tried: triedIn(keeper, config.store) })

function begin(keeper: Keeper, config: ReconcileConfig): Answer {
  const runs = runsOf(keeper)
  if (!runs.has(config.name)) {
    const task = keeper.rooms.guard.reconciles.task(keeper.store.sql, keeper.now(), config.name)
    if (typeof task === 'string') return no(409, 'HF490', task, 'nothing was touched')
    runs.set(config.name, 'it begins')
    // Its result is recorded like any other's; here only its end matters.
    void keeper.guard.wait(task, LONGEST_RUN, (says) => void runs.set(config.name, says)).catch(() => undefined).finally(() => runs.delete(config.name))
  }
  return ok(view(keeper, config))
}

export const isAboutReconciles = (called: string): called is keyof ReconcileCalls => Object.hasOwn(RECONCILE_ARGS, called)

/** As `answer` does it for the others. */
export function answerReconciles(keeper: Keeper, called: keyof ReconcileCalls, args: unknown): Answer | Promise<Answer> {
  const parsed = RECONCILE_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  const all = reconcilesIn(keeper.config)
  try {
    if (!('reconcile' in parsed.data)) return ok({ schema: 'holdfast.reconciles/1', reconciles: [...all.values()].map((it) => view(keeper, it)) })
    const config = all.get(parsed.data.reconcile)
    if (!config) return no(404, 'HF404', `no reconcile is called “${parsed.data.reconcile}”`, `known: ${[...all.keys()].slice(0, 20).join(', ') || 'none'}`)
    if (called === 'reconcile.items') return planItems(keeper, { ...parsed.data, reconcile: config.name })
    return called === 'reconcile.run' ? begin(keeper, config) : ok(view(keeper, config))
  } catch (cause) {
    return notDurable(cause)
  }
}
