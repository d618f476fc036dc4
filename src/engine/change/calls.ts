// Calls about planned changes: clusters, runbooks, and the plan of a run. They read and change nothing: there is nobody yet who would carry out a step.
import { z } from 'zod'
import { planOf } from '../../rooms/change/plan.ts'
import { factsOf, viewClusters, viewRunbooks, type ChangeCalls } from '../../views/change/changes.ts'
import { misunderstood, no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { groundsOf } from './grounds.ts'

const name = z.string().min(1).max(200)
const CHANGE_ARGS = {
  'clusters.list': z.strictObject({}), 'runbooks.list': z.strictObject({}),
  'runbooks.plan': z.strictObject({ runbook: name, host: name, accept: z.array(z.strictObject({ code: name, reason: z.string().max(2000) })).max(100).optional() }),
} satisfies Record<keyof ChangeCalls, z.ZodType>

export const isAboutChanges = (called: string): called is keyof ChangeCalls => Object.hasOwn(CHANGE_ARGS, called)

/** As `answer` does it for the others. */
export function answerChanges(keeper: Keeper, called: keyof ChangeCalls, args: unknown): Answer {
  const parsed = CHANGE_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  const grounds = groundsOf(keeper)
  const { change } = grounds
  if (called === 'clusters.list') return ok(viewClusters(grounds, keeper.config.checks))
  if (!('runbook' in parsed.data)) return ok(viewRunbooks(grounds))
  const { runbook: asked, host, accept = [] } = parsed.data
  const runbook = change.runbooks.find((it) => it.name === asked)
  if (!runbook) return no(404, 'HF404', `no runbook is called “${asked}”`, `known: ${change.runbooks.map((it) => it.name).slice(0, 20).join(', ') || 'none'}`)
  const planned = planOf({ runbook, host, topology: change, facts: factsOf(grounds), accepted: accept })
  if (planned.is === 'plan') return ok({ schema: 'holdfast.plan/1', ...planned.plan })
  return planned.why === 'not-here' ? no(404, 'HF404', planned.says) : no(409, 'HF495', planned.says, 'a plan says under “accept” what has to be accepted: --accept CODE=reason')
}
