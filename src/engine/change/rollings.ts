// Rolling runs as they go on, looked at every second: what became of the run of the host at work, and whether the next host may begin. What may follow is
// judged by rooms/change/rolling; here the facts are brought to it, the next run is begun, and whatever stops the rest rings both people with how
// every host stands. The gates get a minute to pass after a host has come to its end; then that is what stops the rest.
import { isWithin, minutes, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { failureIn } from '../../rooms/change/rolling/failure.ts'
import { openingFor, sayLeft, type Opening } from '../../rooms/change/rolling/opening.ts'
import { loadGoingRollings, loadRolling, type RollingRow } from '../../rooms/change/rolling/record.ts'
import { hostsIn, nextOf, sayHosts, type RollingEvent } from '../../rooms/change/rolling/rolling.ts'
import { loadRun } from '../../rooms/change/runs/rows.ts'
import { byHand } from '../../rooms/change/index.ts'
import { factsOf } from '../../views/change/changes.ts'
import { beginRun, newRunId, orFault, type Beginning, type BeginKeeper } from './beginning.ts'
import { groundsOf, type ChangeKeeper } from './grounds.ts'
import { abort, halt, page, resolveOne } from './runs.ts'
import { askLooks } from './until.ts'

const PATIENCE: Span = minutes(1)

export function createRollings(keeper: () => BeginKeeper): { tick(): void } {
  /** For which moment looks were asked for, by rolling run. */
  const asked = new Map<string, number>()
  const turn = (name: string, act: (tx: Tx) => unknown): Promise<unknown> => keeper().engine.turn(name, act).catch(() => undefined)

  const follow = ({ plan, rolling }: RollingRow, host: string): void => {
    const stage = rolling.stages[host]
    const row = stage?.is === 'at-work' ? loadRun(keeper().store.sql, stage.run) : undefined
    if (!row) return
    const { phase, tried } = row.run
    if (phase.is === 'over') return void turn('change.rolled', (tx) => rolled(keeper(), tx, plan.id, { is: 'ended', host, how: phase.how, touched: tried.length > 0 }))
    const says = rolling.failed.includes(host) ? undefined : failureIn(row, keeper().now())
    if (says !== undefined) void turn('change.rolled', (tx) => rolled(keeper(), tx, plan.id, { is: 'failed', host, says }))
  }

  const open = ({ plan, rolling }: RollingRow, host: string): void => {
    const grounds = groundsOf(keeper(), true)
    const { change } = grounds
    const runbook = change.runbooks.find(({ name }) => name === plan.runbook)
    const { [host]: planned } = plan.plans
    if (runbook && asked.get(plan.id) !== rolling.since.tick) {
      asked.set(plan.id, rolling.since.tick)
      askLooks(keeper(), runbook, change.clusters.map(({ name }) => name).filter((name) => plan.claims.includes(name)))
    }
    const gone: Opening = { is: 'shut', says: `the runbook ${plan.runbook} is not in the configuration any more` }
    const opening = runbook && planned ? openingFor({ runbook, host, topology: change, facts: factsOf(grounds) }, planned, rolling.since) : gone
    const stop = (says: string): unknown => turn('change.rolled', (tx) => (nextOf(loadRolling(tx.sql, plan.id)?.rolling ?? rolling) === host ? rolled(keeper(), tx, plan.id, { is: 'halted', says }) : undefined))
    if (opening.is === 'open') {
      if (!runbook || !planned) return
      const { by, does, checks, rehearse } = plan
      const it: Beginning = { runbook, drawn: opening.drawn, topology: change, accepted: planned.accepted, by, does, checks, rehearse, rolling: plan.id }
      void orFault(keeper().engine.turn('change.begin', (tx) => beginHost(keeper(), tx, host, it))).then((came) => (typeof came === 'string' ? stop(came) : undefined), () => undefined)
      return
    }
    if (opening.is === 'early' && isWithin(rolling.since, keeper().now(), PATIENCE)) return
    const says = opening.is === 'early' ? `${host} did not begin: ${opening.says}` : opening.says
    stop(opening.anew === true ? `${says}; ${sayLeft(plan, hostsIn(rolling, 'to-come'))}` : says)
  }

  return {
    tick() {
      const going = loadGoingRollings(keeper().store.sql)
      for (const id of asked.keys()) if (!going.some(({ plan }) => plan.id === id)) asked.delete(id)
      for (const row of going) {
        for (const host of hostsIn(row.rolling, 'at-work')) follow(row, host)
        const next = nextOf(row.rolling)
        if (next !== undefined) open(row, next)
      }
    },
  }
}

/** Begins the run of a host, where it is still the next one; throws a fault where it cannot begin, and then nothing of the turn stays. */
export function beginHost(keeper: BeginKeeper, tx: Tx, host: string, it: Beginning & { readonly rolling?: string }): void {
  const { rolling: id = '' } = it
  const row = loadRolling(tx.sql, id)
  if (!row || nextOf(row.rolling) !== host) return
  const run = newRunId(keeper)
  rolled(keeper, tx, id, { is: 'begun', host, run })
  beginRun(keeper, tx, run, it)
}

/** Takes an event in; what stops the rest rings both, and what goes on or ends takes that back. */
function rolled(keeper: ChangeKeeper, tx: Tx, id: string, event: RollingEvent, by?: string): RollingRow | string {
  const before = loadRolling(tx.sql, id)
  const after = keeper.rooms.change.rollings.take(tx, id, event, by)
  if (!before || typeof after === 'string') return after
  const { rolling, plan } = after
  const subject = `rolling:${id}`
  if (rolling.halt !== undefined && before.rolling.halt === undefined) page(keeper, tx, after, subject, `Stopped: ${plan.title}`, `${rolling.halt}. No further host begins (${sayHosts(rolling)}). holdfast runbooks show ${id}`)
  if (rolling.halt === undefined && before.rolling.halt !== undefined) resolveOne(keeper, tx, subject, rolling.over === undefined ? 'it goes on' : 'it is over')
  if (rolling.over === 'aborted' && rolling.halt !== undefined) resolveOne(keeper, tx, subject, 'it is over')
  return after
}

/** Stops everything of it: no further host begins, and what is at work is halted; a run of which nothing was pressed is ended, and its host is to come again. */
export function haltRolling(keeper: ChangeKeeper, tx: Tx, row: RollingRow, by: string): RollingRow | string {
  const halted = rolled(keeper, tx, row.plan.id, { is: 'halted', says: byHand(by).claim }, by)
  if (typeof halted === 'string') return halted
  for (const [host, run] of atWork(tx, row)) {
    if (run.run.guarded) halt(keeper, tx, run.plan.id, byHand(by), by)
    else endHost(keeper, tx, { id: row.plan.id, host, by }, run)
  }
  return loadRolling(tx.sql, row.plan.id) ?? halted
}

/** Ends it, and the run that is at work, where they are. */
export function abortRolling(keeper: ChangeKeeper, tx: Tx, row: RollingRow, by: string): RollingRow | string {
  const { id } = row.plan
  for (const [host, run] of atWork(tx, row)) endHost(keeper, tx, { id, host, by }, run)
  const left = loadRolling(tx.sql, id)
  if (left?.rolling.over === undefined) return rolled(keeper, tx, id, { is: 'stopped' }, by)
  resolveOne(keeper, tx, `rolling:${id}`, 'it is over')
  return left
}

/** Lets the next host begin, as soon as all that it wants passes; both people then press for its first step as for any other. */
export const resumeRolling = (keeper: ChangeKeeper, tx: Tx, { plan }: RollingRow, by: string): RollingRow | string => rolled(keeper, tx, plan.id, { is: 'resumed' }, by)

const atWork = (tx: Tx, { rolling }: RollingRow): (readonly [string, NonNullable<ReturnType<typeof loadRun>>])[] => hostsIn(rolling, 'at-work').flatMap((host) => {
  const stage = rolling.stages[host]
  const run = stage?.is === 'at-work' ? loadRun(tx.sql, stage.run) : undefined
  return run ? [[host, run] as const] : []
})

/** Nobody is rung for what somebody ends. */
function endHost(keeper: ChangeKeeper, tx: Tx, { id, host, by }: { readonly id: string; readonly host: string; readonly by: string }, run: NonNullable<ReturnType<typeof loadRun>>): void {
  const ended = abort(keeper, tx, run, by)
  const phase = typeof ended === 'string' ? run.run.phase : ended.run.phase
  if (phase.is === 'over') keeper.rooms.change.rollings.take(tx, id, { is: 'ended', host, how: phase.how, touched: run.run.tried.length > 0 }, by)
}
