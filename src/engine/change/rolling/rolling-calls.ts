// Calls about rolling runs: the plan of all hosts, to begin one, to look at it, and to stop it or let it go on. To stop takes one; to let it go on begins nothing
// by itself: each host's first step takes both people, and fresh looks.
import { z } from 'zod'
import { newId } from '../../../core/id.ts'
import { rollingPlanOf, type RollingPlanned } from '../../../rooms/change/rolling/plan.ts'
import { loadRolling, type RollingPlan, type RollingRow } from '../../../rooms/change/rolling/record.ts'
import type { Accepted } from '../../../rooms/change/plan.ts'
import type { Runbook } from '../../../rooms/change/runbook.ts'
import type { Tx } from '../../../db/room.ts'
import type { Asker } from '../../../views/answers.ts'
import { factsOf, type Grounds } from '../../../views/change/changes.ts'
import { viewRolling, viewRollingTold, type RollingCalls } from '../../../views/change/rollings.ts'
import { no, ok, type Answer } from '../../answer.ts'
import { speaker } from '../../guard/act-calls.ts'
import { whyNotTaken } from '../asking/accepting.ts'
import type { Keeper } from '../../keeper.ts'
import { claimsOf, orFault, refusalOf, refusedFor } from '../beginning.ts'
import { accept, planRefused, runbookIn, type NoPlan } from '../calls.ts'
import { groundsOf } from '../grounds.ts'
import { NAME_THEM, partiesOf } from '../parties.ts'
import { abortRolling, beginHost, haltRolling, resumeRolling } from './rollings.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
const one = z.strictObject({ rolling: name, person })
export const ROLLING_ARGS = {
  'rollings.plan': z.strictObject({ runbook: name, accept }),
  'rollings.begin': z.strictObject({ runbook: name, accept, does: name.optional(), checks: name.optional(), rehearse: z.boolean().optional(), person }),
  'rollings.show': z.strictObject({ rolling: name, after: z.int().min(-1).optional() }),
  'rollings.halt': one, 'rollings.abort': one, 'rollings.resume': one,
} satisfies Record<keyof RollingCalls, z.ZodType>
type Args<Name extends keyof RollingCalls> = z.output<(typeof ROLLING_ARGS)[Name]>

const NOT_HERE = (rolling: string): Answer => no(404, 'HF404', `no rolling run is called “${rolling}”`, 'holdfast runbooks show lists the latest runs, each with the rolling run that it is of')

interface Asked { readonly runbook: string; readonly accept?: readonly Accepted[] | undefined }

function drawnFor(grounds: Grounds, asked: Asked): (Extract<RollingPlanned, { is: 'plan' }> & { readonly of: Runbook }) | NoPlan {
  const runbook = runbookIn(grounds, asked.runbook)
  if ('answer' in runbook) return runbook
  const drawn = rollingPlanOf({ runbook, topology: grounds.change, facts: factsOf(grounds), accepted: asked.accept ?? [] })
  return drawn.is === 'plan' ? { ...drawn, of: runbook } : planRefused(drawn)
}

async function begin(keeper: Keeper, args: Args<'rollings.begin'>, asker: Asker): Promise<Answer> {
  const grounds = groundsOf(keeper)
  const { change } = grounds
  const drawn = drawnFor(grounds, args)
  if (drawn.is === 'none') return drawn.answer
  const { of: runbook, plan, hosts } = drawn
  const refusal = refusalOf(plan.plans, plan.accept)
  if (refusal) return refusal
  const by = speaker(asker, args.person)
  const nobody = whyNotTaken(keeper, args.accept, by, asker)
  if (nobody) return nobody
  const two = partiesOf(keeper, runbook, { does: args.does, checks: args.checks, asker: by })
  if (typeof two === 'string') return refusedFor(two, NAME_THEM)
  const at = keeper.now().wall
  const rehearse = args.rehearse === true
  const id = newId<'rolling'>('rol', at, keeper.random)
  const kept: RollingPlan = {
    id, runbook: runbook.name, title: runbook.title, hash: plan.hash, by, ...two, rehearse, at, claims: [...new Set(hosts.flatMap(({ drawn: { plan: { host } } }) => claimsOf(runbook, host, change)))],
    plans: Object.fromEntries(hosts.map(({ drawn: { plan: { host, hash } }, accepted }) => [host, { hash, accepted }])),
  }
  const [first] = hosts
  const began = await orFault(keeper.engine.turn('rollings.begin', (tx) => {
    const row = keeper.rooms.change.rollings.begin(tx, kept, { batches: plan.batches.map((it) => it.hosts), maxFailures: plan.max_failures })
    if (typeof row === 'string') return row
    if (first) beginHost(keeper, tx, first.drawn.plan.host, { runbook, drawn: first.drawn, topology: change, accepted: first.accepted, by, ...two, rehearse, rolling: id })
    return loadRolling(tx.sql, id) ?? row
  }))
  return typeof began === 'string' ? refusedFor(began) : ok(viewRolling(keeper.store.sql, began))
}

/** One turn on a rolling run that is there, and how it stands afterwards. */
async function onRolling(keeper: Keeper, rolling: string, act: (tx: Tx, row: RollingRow) => RollingRow | string): Promise<Answer> {
  const came = await keeper.engine.turn('rollings.act', (tx) => {
    const row = loadRolling(tx.sql, rolling)
    return row && act(tx, row)
  })
  if (came === undefined) return NOT_HERE(rolling)
  return typeof came === 'string' ? refusedFor(came, `holdfast runbooks show ${rolling}`) : ok(viewRolling(keeper.store.sql, came))
}

export const ROLLING_CALLS: { [Name in keyof RollingCalls]: (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer> } = {
  'rollings.plan': (keeper, args) => {
    const drawn = drawnFor(groundsOf(keeper), args)
    return drawn.is === 'none' ? drawn.answer : ok({ schema: 'holdfast.rolling-plan/1', ...drawn.plan })
  },
  'rollings.begin': begin,
  'rollings.show': ({ store }, { rolling, after = -1 }) => {
    const row = loadRolling(store.sql, rolling)
    return row ? ok(viewRollingTold(store.sql, row, after)) : NOT_HERE(rolling)
  },
  'rollings.halt': (keeper, { rolling, person: named }, asker) => onRolling(keeper, rolling, (tx, row) => haltRolling(keeper, tx, row, speaker(asker, named))),
  'rollings.abort': (keeper, { rolling, person: named }, asker) => onRolling(keeper, rolling, (tx, row) => abortRolling(keeper, tx, row, speaker(asker, named))),
  'rollings.resume': (keeper, { rolling, person: named }, asker) => onRolling(keeper, rolling, (tx, row) => resumeRolling(keeper, tx, row, speaker(asker, named))),
}
