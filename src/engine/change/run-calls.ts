// Calls about runs: to begin one, to look at it, and to stop, go on, or go back. To stop takes one and is done at once, whoever asks; everything that
// begins or goes on takes two people, each behind a link of their own, and the evidence of the moment after they have said so.
import { z } from 'zod'
import { isWithin, type Span } from '../../core/time.ts'
import { byHand } from '../../rooms/change/index.ts'
import type { Tx } from '../../db/room.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { acceptBefore, sayUnfit, timeFor, unfitIn } from '../../rooms/change/runs/unattended.ts'
import { loadRun } from '../../rooms/change/runs/rows.ts'
import { loadAgreement } from '../../rooms/people/agreement-rows.ts'
import { isGoingAgainst, isStuck, legsOf, ONLY_IDEMPOTENT, STUCK, wayIn } from '../../rooms/change/runs/run.ts'
import type { Asker } from '../../views/answers.ts'
import type { RollingCalls } from '../../views/change/rollings.ts'
import { viewRun, viewRuns, viewTold, type RunCalls } from '../../views/change/runs.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { speaker } from '../guard/act-calls.ts'
import type { Keeper } from '../keeper.ts'
import { whyNotTaken } from './asking/accepting.ts'
import { askHandOver } from './asking/hand-over.ts'
import { askBoth, offerLeg } from './asking/offers.ts'
import { entrust } from './asking/unattended.ts'
import { beginRun, newRunId, orFault, refusalOf, refusedFor, type Beginning } from './beginning.ts'
import { accept, drawnFor } from './calls.ts'
import { groundsOf } from './grounds.ts'
import { NAME_THEM, partiesOf, peopleFor } from './parties.ts'
import { ROLLING_ARGS, ROLLING_CALLS } from './rolling/rolling-calls.ts'
import { abort, halt } from './runs.ts'
import { whyNotDone } from './until.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
type Leading = RunCalls & RollingCalls
export const RUN_ARGS = {
  ...ROLLING_ARGS,
  'runs.list': z.strictObject({}), 'runs.show': z.strictObject({ run: name, after: z.int().min(-1).optional() }),
  'runs.begin': z.strictObject({ runbook: name, host: name, accept, does: name.optional(), checks: name.optional(), rehearse: z.boolean().optional(), unattended: z.boolean().optional(), person }),
  'runs.halt': z.strictObject({ run: name, person }), 'runs.abort': z.strictObject({ run: name, person }), 'runs.undo': z.strictObject({ run: name, person }),
  'runs.resume': z.strictObject({ run: name, as: z.enum(['done', 'not-done', 'unknown']).optional(), step: name.optional(), person }),
  'runs.handOver': z.strictObject({ run: name, from: name, to: name, reason: z.string().trim().min(10, 'say why, in a sentence: it will be read').max(1000), person }),
} satisfies Record<keyof Leading, z.ZodType>
type Args<Name extends keyof Leading> = z.output<(typeof RUN_ARGS)[Name]>

const NOT_HERE = (run: string): Answer => no(404, 'HF404', `no run is called “${run}”`, 'holdfast runbooks show lists the latest')

async function begin(keeper: Keeper, args: Args<'runs.begin'>, asker: Asker): Promise<Answer> {
  const grounds = groundsOf(keeper)
  const drawn = drawnFor(grounds, args)
  if (drawn.is === 'none') return drawn.answer
  const { of: runbook } = drawn
  const unfit = args.unattended === true ? unfitIn({ plan: drawn.plan, runbook: drawn.runbook, accepted: args.accept ?? [] }) : []
  if (unfit.length > 0) return refusedFor(`it may not go by itself: ${sayUnfit(unfit)}`, 'without --unattended both people press for each step')
  const alone = args.unattended === true ? timeFor(drawn.runbook, keeper.now().wall) : undefined
  if (args.unattended === true && !alone) return refusedFor('its window does not open in the coming fortnight')
  const refusal = refusalOf([drawn.plan], alone ? acceptBefore(drawn.plan.accept) : drawn.plan.accept)
  if (refusal) return refusal
  const by = speaker(asker, args.person)
  const nobody = whyNotTaken(keeper, args.accept, by, asker)
  if (nobody) return nobody
  const two = partiesOf(keeper, runbook, { does: args.does, checks: args.checks, asker: by })
  if (typeof two === 'string') return refusedFor(two, NAME_THEM)
  const it: Beginning = { runbook, drawn, topology: grounds.change, accepted: args.accept ?? [], by, ...two, rehearse: args.rehearse === true, ...(alone ? { alone } : {}) }
  const began = await orFault(keeper.engine.turn('runs.begin', (tx) => beginRun(keeper, tx, newRunId(keeper), it)))
  return typeof began === 'string' ? refusedFor(began) : ok(viewRun(began))
}

/** One turn on a run that is there, and how it stands afterwards. */
async function onRun(keeper: Keeper, run: string, act: (tx: Tx, row: RunRow) => RunRow | string): Promise<Answer> {
  const came = await keeper.engine.turn('runs.act', (tx) => {
    const row = loadRun(tx.sql, run)
    return row && act(tx, row)
  })
  if (came === undefined) return NOT_HERE(run)
  return typeof came === 'string' ? refusedFor(came, `holdfast runbooks show ${run}`) : ok(viewRun(came))
}

function resume(keeper: Keeper, tx: Tx, row: RunRow, { as, step }: Args<'runs.resume'>, by: string): RunRow | string {
  const { run, plan } = row
  const { phase } = run
  if (phase.is === 'over') return 'it is over'
  if (step !== undefined) return as === undefined ? stepAlone(keeper, tx, row, step) : 'either a step is asked for, or it is said what became of one'
  const way = wayIn(run)
  const overran = phase.is === 'running' && way !== undefined && !isWithin(way.begun, tx.now, plan.runbook.steps[way.step]?.within ?? (0 as Span))
  const isIdempotent = way !== undefined && !way.back && run.steps[way.step]?.idempotent === true
  if (as === 'unknown' && !isIdempotent) return ONLY_IDEMPOTENT
  if (overran && as !== undefined) return (as === 'done' ? whyNotDone(keeper, row, keeper.runs.claimed(plan.id, way.token)) : undefined) ?? askBoth(keeper, tx, row, { purpose: 'decide', as }, by)
  const manualBack = phase.is === 'running' && phase.way.back && plan.runbook.steps[phase.way.step]?.undo?.is === 'manual'
  if (phase.is === 'unknown' || manualBack) return as === undefined || (manualBack && as !== 'done') ? `nobody knows what became of step ${phase.way.step + 1} (${plan.runbook.steps[phase.way.step]?.id ?? ''}): look, then say --was ${manualBack ? 'done' : `done, or --was not-done${isIdempotent ? ', or --was unknown: it may begin once more' : ''}`}${row.lost?.word ? ` (whoever did it says now that it ${row.lost.word.says})` : ''}` : askBoth(keeper, tx, row, { purpose: 'decide', as }, by)
  if (as !== undefined && phase.is === 'running' && !overran) return 'it is under way: what it should bring about is looked at, and nobody has to say that it is done'
  if (as !== undefined) return 'what became of each step is known: nothing is to be said of it'
  const [next] = legsOf({ ...run, halt: undefined })
  if (run.halt !== undefined && isStuck(run)) return STUCK
  if (run.halt !== undefined) return askBoth(keeper, tx, row, { purpose: 'resume' }, by)
  if (phase.is === 'running' || phase.is === 'pressed') return 'it goes on already'
  return next && !next.back ? offerLeg(keeper, tx, plan.id, next) : 'no step is left that could begin: its way back is holdfast runbooks undo'
}

/** One step by its name: halted, it is asked for against that, and only where it makes more failures tolerable (C-15). */
function stepAlone(keeper: Keeper, tx: Tx, { run, plan }: RunRow, id: string): RunRow | string {
  const at = run.steps.findIndex((it) => it.id === id)
  if (at < 0) return `it has no step “${id.slice(0, 63)}”: it has ${run.steps.map((it) => it.id).join(', ')}`
  const said = `step ${at + 1} (${id})`
  if (wayIn(run)) return `a step is under way: ${said} can be asked for when that has ended`
  if (run.done.includes(at)) return `${said} is done`
  const leg = legsOf({ ...run, halt: undefined }).find((it) => !it.back)
  if (leg?.step !== at) return `${said} is not what comes next`
  if (run.halt !== undefined && run.steps[at]?.raises !== true) return `it is halted, and ${said} makes no further failure tolerable: such a step waits until both want to go on and everything passes`
  return offerLeg(keeper, tx, plan.id, leg)
}

/** Who has pressed, where that is not enough for anything to go on. */
function saidBy(tx: Tx, { asked }: RunRow): string | undefined {
  const said = asked && loadAgreement(tx.sql, asked.agreement)?.agreement.assents.map(({ identity }) => identity.person)
  return said === undefined || said.length === 0 ? undefined : `only ${said.join(' and ')} has pressed`
}

const CALLS: { [Name in keyof Leading]: (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer> } = {
  ...ROLLING_CALLS,
  'runs.list': ({ store }) => ok(viewRuns(store.sql)),
  'runs.show': ({ store }, { run, after = -1 }) => {
    const row = loadRun(store.sql, run)
    return row ? ok(viewTold(store.sql, row, after)) : NOT_HERE(run)
  },
  'runs.begin': begin,
  'runs.halt': (keeper, { run, person: named }, asker) => onRun(keeper, run, (tx, row) => {
    if (row.run.phase.is === 'over') return 'it is over'
    if (row.run.halt !== undefined && !isGoingAgainst(row.run) && row.asked?.purpose !== 'resume') return row
    // Both have agreed to all of it, and nobody has written that down yet.
    if (row.asked?.purpose === 'whole' && row.asked.agreedAt !== undefined) entrust(keeper, tx, row)
    const now = loadRun(tx.sql, run) ?? row
    if (!now.run.guarded && now.run.trust === undefined) return `${saidBy(tx, now) ?? 'nobody has pressed anything'} yet: nothing goes on that could be halted (holdfast runbooks abort ends it)`
    return halt(keeper, tx, run, byHand(speaker(asker, named)), speaker(asker, named))
  }),
  'runs.abort': (keeper, { run, person: named }, asker) => onRun(keeper, run, (tx, row) => abort(keeper, tx, row, speaker(asker, named))),
  'runs.resume': (keeper, args, asker) => onRun(keeper, args.run, (tx, row) => resume(keeper, tx, row, args, speaker(asker, args.person))),
  'runs.handOver': (keeper, { run, from, to, reason, person: named }, asker) => onRun(keeper, run, (tx, row) =>
    askHandOver(keeper, tx, row, { from, to, reason, by: speaker(asker, named), may: (as) => peopleFor(keeper, row.plan.runbook.people[as], as === 'does' ? 'run' : 'approve') })),
  'runs.undo': (keeper, { run }) => onRun(keeper, run, (tx, row) => {
    const back = legsOf(row.run).find((it) => it.back)
    return back ? offerLeg(keeper, tx, run, back) : 'no step that began has a way back that could be gone now'
  }),
}

export const isAboutRuns = (called: string): called is keyof Leading => Object.hasOwn(CALLS, called)

/** Answers a call about runs. */
export async function answerRuns(keeper: Keeper, called: keyof Leading, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = RUN_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as (keeper: Keeper, args: unknown, asker: Asker) => Answer | Promise<Answer>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
