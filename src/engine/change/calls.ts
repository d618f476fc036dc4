// Calls about planned changes: clusters, runbooks, and the plan of a run. They read and change nothing; run-calls.ts begins a run.
import { z } from 'zod'
import { planOf, type Accepted, type Planned } from '../../rooms/change/plan.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { factsOf, viewClusters, viewRunbooks, type ChangeCalls, type Grounds } from '../../views/change/changes.ts'
import { misunderstood, no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { groundsOf } from './grounds.ts'

const name = z.string().min(1).max(200)
/** What somebody takes upon themselves, as every call about a plan is given it. */
export const accept = z.array(z.strictObject({ code: name, reason: z.string().max(2000) })).max(100).optional()
const CHANGE_ARGS = {
  'clusters.list': z.strictObject({}), 'runbooks.list': z.strictObject({}),
  'runbooks.plan': z.strictObject({ runbook: name, host: name, accept }),
} satisfies Record<keyof ChangeCalls, z.ZodType>

export const isAboutChanges = (called: string): called is keyof ChangeCalls => Object.hasOwn(CHANGE_ARGS, called)

/** As `answer` does it for the others. */
export function answerChanges(keeper: Keeper, called: keyof ChangeCalls, args: unknown): Answer {
  const parsed = CHANGE_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  const grounds = groundsOf(keeper)
  if (called === 'clusters.list') return ok(viewClusters(grounds, keeper.config.checks))
  if (!('runbook' in parsed.data)) return ok(viewRunbooks(grounds))
  const { runbook, host, accept } = parsed.data
  const drawn = drawnFor(grounds, { runbook, host, accept })
  return drawn.is === 'plan' ? ok({ schema: 'holdfast.plan/1', ...drawn.plan }) : drawn.answer
}

interface PlanAsked {
  readonly runbook: string
  readonly host: string
  readonly accept?: readonly Accepted[] | undefined
}
/** Why there is none. */
export interface NoPlan {
  readonly is: 'none'
  readonly answer: Answer
}
const none = (answer: Answer): NoPlan => ({ is: 'none', answer })

export function runbookIn({ change }: Grounds, asked: string): Runbook | NoPlan {
  const known = change.runbooks.map((it) => it.name).slice(0, 20).join(', ') || 'none'
  return change.runbooks.find((it) => it.name === asked) ?? none(no(404, 'HF404', `no runbook is called “${asked}”`, `known: ${known}`))
}

export const planRefused = ({ why, says }: Extract<Planned, { is: 'refused' }>): NoPlan =>
  none(why === 'not-here' ? no(404, 'HF404', says) : no(409, 'HF495', says, 'a plan says under “accept” what has to be accepted: --accept CODE=reason'))

/** The plan that is asked for. */
export function drawnFor(grounds: Grounds, { runbook: asked, host, accept = [] }: PlanAsked): (Extract<Planned, { is: 'plan' }> & { readonly of: Runbook }) | NoPlan {
  const runbook = runbookIn(grounds, asked)
  if ('answer' in runbook) return runbook
  const drawn = planOf({ runbook, host, topology: grounds.change, facts: factsOf(grounds), accepted: accept })
  return drawn.is === 'plan' ? { ...drawn, of: runbook } : planRefused(drawn)
}
