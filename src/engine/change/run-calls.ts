// Calls about runs: to begin one, to look at it, and to stop, go on, or go back. To stop takes one and is done at once, whoever asks; everything that
// begins or goes on takes two people, each behind a link of their own, and the evidence of the moment after they have said so.
import { z } from 'zod'
import { may } from '../../core/authority/role.ts'
import { Fault } from '../../core/fault.ts'
import { newId } from '../../core/id.ts'
import { isWithin, type Span } from '../../core/time.ts'
import { byHand } from '../../rooms/change/index.ts'
import { isRefused } from '../../rooms/change/plan.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { legHash, type RunPlan, type RunRow } from '../../rooms/change/runs/record.ts'
import { loadRun } from '../../rooms/change/runs/rows.ts'
import { legsOf, type RunStep } from '../../rooms/change/runs/run.ts'
import type { Topology } from '../../rooms/change/topology.ts'
import { onCall } from '../../rooms/page/oncall.ts'
import type { Asker } from '../../views/answers.ts'
import { viewRun, viewRuns, viewTold, type RunCalls } from '../../views/change/runs.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { speaker } from '../guard/act-calls.ts'
import type { Keeper } from '../keeper.ts'
import { drawnFor } from './calls.ts'
import { groundsOf } from './grounds.ts'
import { askBoth, halt, offerLeg } from './runs.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
export const RUN_ARGS = {
  'runs.list': z.strictObject({}), 'runs.show': z.strictObject({ run: name, after: z.int().min(-1).optional() }),
  'runs.begin': z.strictObject({ runbook: name, host: name, accept: z.array(z.strictObject({ code: name, reason: z.string().max(2000) })).max(100).optional(), does: name.optional(), checks: name.optional(), rehearse: z.boolean().optional(), person }),
  'runs.halt': z.strictObject({ run: name, person }), 'runs.abort': z.strictObject({ run: name, person }), 'runs.undo': z.strictObject({ run: name, person }),
  'runs.resume': z.strictObject({ run: name, as: z.enum(['done', 'not-done']).optional(), person }),
} satisfies Record<keyof RunCalls, z.ZodType>
type Args<Name extends keyof RunCalls> = z.output<(typeof RUN_ARGS)[Name]>

const refusedFor = (says: string, help?: string): Answer => no(409, 'HF496', `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`, help)
const NOT_HERE = (run: string): Answer => no(404, 'HF404', `no run is called “${run}”`, 'holdfast runbooks show lists the latest')

/** Who of those that a runbook names for a part may take it now: people, and whoever is on call in a rotation. */
function peopleFor({ plan, rooms, store, now }: Keeper, names: readonly string[], as: 'run' | 'approve'): string[] {
  const people = names.flatMap((it) => {
    const rotation = it.startsWith('oncall.') ? plan.rotations[it.slice(7)] : undefined
    return rotation ? (onCall(rotation, plan.covers, now().wall)?.person ?? []) : it.startsWith('oncall.') ? [] : it
  })
  return [...new Set(people)].filter((it) => rooms.people.isKnown(store.sql, it) && may(rooms.people.rolesOf(store.sql, it), as))
}

/** The two of a run: never one person twice, whoever the rotations name (C-17). */
function partiesOf(keeper: Keeper, { people }: Runbook, wanted: { readonly does?: string | undefined; readonly checks?: string | undefined; readonly asker: string }): { readonly does: string; readonly checks: string } | string {
  const [doing, checking] = [peopleFor(keeper, people.does, 'run'), peopleFor(keeper, people.checks, 'approve')]
  const does = wanted.does ?? (doing.includes(wanted.asker) ? wanted.asker : doing[0])
  if (does === undefined || !doing.includes(does)) return `nobody who may run it is named for doing it now: ${doing.join(', ') || people.does.join(', ')}`
  const checks = wanted.checks ?? checking.find((it) => it !== does)
  if (checks === undefined || !checking.includes(checks) || checks === does) return `nobody but ${does} is there to check it: ${checking.join(', ') || people.checks.join(', ')}`
  return { does, checks }
}

/** What one run at a time may have: the host, and every cluster that it is a member of or that the runbook speaks of. */
function claimsOf({ hosts, keep }: Runbook, host: string, { clusters }: Topology): string[] {
  const spoken = clusters.filter((it) => it.members.includes(host) || it.name === hosts.cluster || it.name === keep?.cluster).map((it) => it.name)
  // What decides who leads in one of them, and what it decides for, goes with it.
  const tied = clusters.filter((it) => clusters.some(({ name: of, dcs }) => (spoken.includes(of) && dcs === it.name) || (of === it.name && dcs !== undefined && spoken.includes(dcs)))).map((it) => it.name)
  return [...new Set([host, ...spoken, ...tied])]
}

async function begin(keeper: Keeper, args: Args<'runs.begin'>, asker: Asker): Promise<Answer> {
  const grounds = groundsOf(keeper)
  const { change } = grounds
  const drawn = drawnFor(grounds, args)
  if (drawn.is === 'none') return drawn.answer
  const { of: runbook } = drawn
  const accepted = args.accept ?? []
  const { plan } = drawn
  if (plan.accept.length > 0) return refusedFor(`it needs accepted: ${plan.accept.map(({ code, why }) => `${code} (${why})`).join('; ')}`, plan.accept.map(({ code }) => `--accept ${code}=…`).join(' '))
  if (isRefused(plan)) return refusedFor(`not everything that it wants is known and so: ${plan.steps.flatMap(({ gates }) => gates.flatMap(({ want, found }) => (found === 'pass' ? [] : `${want} (${found})`))).slice(0, 5).join('; ')}`, `holdfast runbooks plan ${plan.runbook} --host ${plan.host} shows what each gate knows and lacks`)
  const by = speaker(asker, args.person)
  const two = partiesOf(keeper, runbook, { does: args.does, checks: args.checks, asker: by })
  if (typeof two === 'string') return refusedFor(two, 'name them: --does ada --checks bo; holdfast people list shows who has which role')
  const at = keeper.now().wall
  const id = newId<'run'>('run', at, keeper.random)
  const run: RunPlan = {
    id, host: plan.host, claims: claimsOf(runbook, plan.host, change), runbook: drawn.runbook, hash: plan.hash, accepted, by, ...two, rehearse: args.rehearse === true, at,
    texts: plan.steps.map(({ host, text, tolerance }, n) => ({ host, text, tolerance, ...(drawn.backs[n] === undefined ? {} : { back: drawn.backs[n] }) })),
  }
  const steps = plan.steps.map((step, n): RunStep => ({
    id: step.id, hash: legHash(run, { step: n, back: false }), takes: run.rehearse ? [] : (drawn.runbook.steps[n]?.takes ?? []), idempotent: false,
    raises: (step.tolerance ?? 0) > (plan.steps[n - 1]?.tolerance ?? plan.tolerance ?? 0) || drawn.runbook.steps[n]?.until.some((it) => it.is === 'synced') === true,
    ...(drawn.backs[n] === undefined ? {} : { undo: legHash(run, { step: n, back: true }) }),
  }))
  const began = await keeper.engine.turn('runs.begin', (tx) => {
    const row = keeper.rooms.change.begin(tx, run, steps)
    const offered = typeof row === 'string' ? row : offerLeg(keeper, tx, id, { step: 0, back: false })
    // Of a run whose first step cannot be offered nothing stays: it would keep others from what it claims.
    if (typeof offered === 'string') throw new Fault(offered, 'never')
    return offered
  }).catch((cause: unknown) => {
    if (cause instanceof Fault) return cause.message
    throw cause
  })
  return typeof began === 'string' ? refusedFor(began) : ok(viewRun(began))
}

type Tx = Parameters<Parameters<Keeper['engine']['turn']>[1]>[0]

/** One turn on a run that is there, and how it stands afterwards. */
async function onRun(keeper: Keeper, run: string, act: (tx: Tx, row: RunRow) => RunRow | string): Promise<Answer> {
  const came = await keeper.engine.turn('runs.act', (tx) => {
    const row = loadRun(tx.sql, run)
    return row && act(tx, row)
  })
  if (came === undefined) return NOT_HERE(run)
  return typeof came === 'string' ? refusedFor(came, `holdfast runbooks show ${run}`) : ok(viewRun(came))
}

function resume(keeper: Keeper, tx: Tx, row: RunRow, { as }: Args<'runs.resume'>, by: string): RunRow | string {
  const { run, plan } = row
  const { phase } = run
  if (phase.is === 'over') return 'it is over'
  const way = phase.is === 'running' ? phase.way : undefined
  const overran = way !== undefined && !isWithin(way.begun, tx.now, plan.runbook.steps[way.step]?.within ?? (0 as Span))
  if (overran && as !== undefined) return askBoth(keeper, tx, row, { purpose: 'decide', as }, by)
  const manualBack = phase.is === 'running' && phase.way.back && plan.runbook.steps[phase.way.step]?.undo?.is === 'manual'
  if (phase.is === 'unknown' || manualBack) return as === undefined || (manualBack && as !== 'done') ? `nobody knows what became of step ${phase.way.step + 1} (${plan.runbook.steps[phase.way.step]?.id ?? ''}): look, then say --was ${manualBack ? 'done' : 'done, or --was not-done'}` : askBoth(keeper, tx, row, { purpose: 'decide', as }, by)
  if (as !== undefined) return 'what became of each step is known: nothing is to be said of it'
  const [next] = legsOf({ ...run, halt: undefined })
  if (run.halt !== undefined) return askBoth(keeper, tx, row, { purpose: 'resume' }, by)
  if (phase.is === 'running' || phase.is === 'pressed') return 'it goes on already'
  return next && !next.back ? offerLeg(keeper, tx, plan.id, next) : 'no step is left that could begin: its way back is holdfast runbooks undo'
}

const CALLS: { [Name in keyof RunCalls]: (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer> } = {
  'runs.list': ({ store }) => ok(viewRuns(store.sql)),
  'runs.show': ({ store }, { run, after = -1 }) => {
    const row = loadRun(store.sql, run)
    return row ? ok(viewTold(store.sql, row, after)) : NOT_HERE(run)
  },
  'runs.begin': begin,
  'runs.halt': (keeper, { run, person: named }, asker) => onRun(keeper, run, (tx, row) => {
    if (row.run.phase.is === 'over') return 'it is over'
    if (row.run.halt !== undefined) return row
    if (!row.run.guarded) return 'nobody has pressed anything yet: nothing goes on that could be halted (holdfast runbooks abort ends it)'
    return halt(keeper, tx, run, byHand(speaker(asker, named)), speaker(asker, named))
  }),
  'runs.abort': (keeper, { run, person: named }, asker) => onRun(keeper, run, (tx, row) => {
    if (row.asked) keeper.rooms.people.agreements.seen(tx, row.asked.agreement, 'aborted')
    return keeper.rooms.change.take(tx, run, { is: 'stopped' }, { by: speaker(asker, named), asked: null })
  }),
  'runs.resume': (keeper, args, asker) => onRun(keeper, args.run, (tx, row) => resume(keeper, tx, row, args, speaker(asker, args.person))),
  'runs.undo': (keeper, { run }) => onRun(keeper, run, (tx, row) => {
    const back = legsOf(row.run).find((it) => it.back)
    return back ? offerLeg(keeper, tx, run, back) : 'no step that began has a way back that could be gone now'
  }),
}

export const isAboutRuns = (called: string): called is keyof RunCalls => Object.hasOwn(CALLS, called)

/** Answers a call about runs. */
export async function answerRuns(keeper: Keeper, called: keyof RunCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = RUN_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as (keeper: Keeper, args: unknown, asker: Asker) => Answer | Promise<Answer>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
