// Rolling runs as they go on, looked at every second: what became of the run of the host at work, and whether the next host may begin. What may follow is
// judged by rooms/change/rolling; here the facts are brought to it, the next run is begun, and whatever stops the rest rings both people with how
// every host stands. The gates get a minute to pass after a host has come to its end; then that is what stops the rest. Of the hosts of one batch, which
// are at work at the same time, whatever halts one halts all, in the very transaction in which it is written down.
import { isSince, isWithin, minutes, stampOf, type Span, type Stamp } from '../../../core/time.ts'
import type { Entry } from '../../../core/ledger.ts'
import type { Room, Tx } from '../../../db/room.ts'
import { failureIn } from '../../../rooms/change/rolling/failure.ts'
import { openingFor, sayLeft, type Opening } from '../../../rooms/change/rolling/opening.ts'
import { besideIn } from '../../../rooms/change/rolling/plan.ts'
import { loadGoingRollings, loadRolling, type RolledBody, type RollingRow } from '../../../rooms/change/rolling/record.ts'
import { batchOf, hostsIn, nextOf, sayHosts, type RollingEvent } from '../../../rooms/change/rolling/rolling.ts'
import { siblingsOf } from '../../../rooms/change/rolling/siblings.ts'
import type { RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { byHand } from '../../../rooms/change/index.ts'
import { factsOf } from '../../../views/change/changes.ts'
import { page, resolveOne, type ToPeople } from '../asking/offers.ts'
import { beginRun, newRunId, orFault, type Beginning, type BeginKeeper } from '../beginning.ts'
import { backOf, groundsOf, isRecovering, runsLately, type ChangeKeeper } from '../grounds.ts'
import { passesFor } from '../incidents/excused.ts'
import { abort, halt, haltQuietly } from '../runs.ts'
import { askLooks } from '../until.ts'

const PATIENCE: Span = minutes(1)

export function createRollings(keeper: () => BeginKeeper): { tick(): void } {
  /** For which moment looks were asked for, by rolling run. */
  const asked = new Map<string, number>()
  /** Until when a host of the batch was last seen halted: nothing begins beside it, and the others' time counts from then on. */
  const calm = new Map<string, Stamp>()
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

  const open = ({ plan, rolling }: RollingRow, host: string, beside: readonly RunRow[]): void => {
    const quiet = calm.get(plan.id)
    // What was halted in the batch before says nothing of this one.
    const since = quiet && isSince(quiet, rolling.since) ? quiet : rolling.since
    const grounds = groundsOf(keeper(), true)
    const { change } = grounds
    const runbook = change.runbooks.find(({ name }) => name === plan.runbook)
    const { [host]: planned } = plan.plans
    if (runbook && asked.get(plan.id) !== since.tick) {
      asked.set(plan.id, since.tick)
      askLooks(keeper(), runbook, change.clusters.map(({ name }) => name).filter((name) => plan.claims.includes(name)))
    }
    const gone: Opening = { is: 'shut', says: `the runbook ${plan.runbook} is not in the configuration any more` }
    const others = runbook && besideIn(batchOf(rolling, host), host, { runbook, topology: change })
    const siblings = siblingsOf(beside)
    // What it pages itself keeps nobody from beginning, nor what is expected to be down beside it.
    const passes = passesFor(keeper(), { plan: { id: '', rolling: plan.id } }, () => ({ away: siblings.away, back: new Map() }))
    const opening = runbook && planned ? openingFor({ runbook, host, topology: change, facts: factsOf({ ...grounds, passes }), beside: others, siblings }, planned, since) : gone
    const stop = (says: string): unknown => turn('change.rolled', (tx) => (nextOf(loadRolling(tx.sql, plan.id)?.rolling ?? rolling) === host ? rolled(keeper(), tx, plan.id, { is: 'halted', says }) : undefined))
    if (opening.is === 'open') {
      if (!runbook || !planned) return
      const { by, does, checks, rehearse } = plan
      const it: Beginning = { runbook, drawn: opening.drawn, topology: change, accepted: planned.accepted, by, does, checks, rehearse, rolling: plan.id }
      void orFault(keeper().engine.turn('change.begin', (tx) => beginHost(keeper(), tx, host, it))).then((came) => (typeof came === 'string' ? stop(came) : undefined), () => undefined)
      return
    }
    if (opening.is === 'early' && (isWithin(since, keeper().now(), PATIENCE) || isRecovering(keeper(), { away: siblings.away, back: backOf(keeper(), runsLately(keeper(), plan.id)) }))) return
    const says = opening.is === 'early' ? `${host} did not begin: ${opening.says}` : opening.says
    stop(opening.anew === true ? `${says}; ${sayLeft(plan, hostsIn(rolling, 'to-come'))}` : says)
  }

  return {
    tick() {
      const going = loadGoingRollings(keeper().store.sql)
      for (const known of [asked, calm]) for (const id of known.keys()) if (!going.some(({ plan }) => plan.id === id)) known.delete(id)
      for (const row of going) {
        for (const host of hostsIn(row.rolling, 'at-work')) follow(row, host)
        const next = nextOf(row.rolling)
        if (next === undefined) continue
        const beside = atWork(keeper().store.sql, row).map(([, run]) => run).filter(({ run }) => run.phase.is !== 'over')
        // Both have heard of it, and it has no end of its own: the others wait for it as long as it takes.
        if (beside.some(({ run }) => run.halt !== undefined)) calm.set(row.plan.id, stampOf(keeper().now()))
        else open(row, next, beside)
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
function rolled(keeper: ToPeople, tx: Tx, id: string, event: RollingEvent, by?: string): RollingRow | string {
  const before = loadRolling(tx.sql, id)
  const after = keeper.rooms.change.rollings.take(tx, id, event, by)
  if (!before || typeof after === 'string') return after
  // With those that were stopped with it.
  const row = loadRolling(tx.sql, id) ?? after
  const { rolling, plan } = row
  const subject = `rolling:${id}`
  if (rolling.halt !== undefined && before.rolling.halt === undefined) {
    const others = hostsIn(rolling, 'at-work').filter((host) => !('host' in event) || host !== event.host)
    page(keeper, tx, row, subject, `Stopped: ${plan.title}`, `${rolling.halt}. No further host begins${others.length === 0 ? '' : ', and what is at work is halted'} (${sayHosts(rolling)}). holdfast runbooks show ${id}`)
  }
  if (rolling.halt === undefined && before.rolling.halt !== undefined) resolveOne(keeper, tx, subject, rolling.over === undefined ? 'it goes on' : 'it is over')
  if (rolling.over === 'aborted' && rolling.halt !== undefined) resolveOne(keeper, tx, subject, 'it is over')
  return row
}

/** Answers to what runs of one batch do: what halts one of them, and is not a failure that may be, stops the rolling run, and what stops that halts all that is at work. */
export function siblingsRoom(rooms: ToPeople['rooms']): Room {
  const keeper = { rooms }
  return {
    name: 'siblings', tables: '', projections: [], apply: {},
    on: {
      'change.moved': (tx, entry) => haltedOne(keeper, tx, entry),
      'change.rolled'(tx, entry) {
        const { id, told } = entry.body as unknown as RolledBody
        const it = told.find(({ event }) => event === 'halted')
        const row = it && loadRolling(tx.sql, id)
        // Who stops all of it by hand stops each by hand. The host that failed stands by itself.
        if (!row || it.by !== undefined) return
        for (const [host, run] of atWork(tx.sql, row)) if (host !== it.host) stopBeside(keeper, tx, { row, host, says: it.says ?? '' }, run)
      },
    },
  }
}

function haltedOne(keeper: ToPeople, tx: Tx, { body }: Entry): void {
  const { id, event, told } = body as unknown as { readonly id: string; readonly event: string; readonly told: readonly { readonly event: string }[] }
  if (!told.some((it) => it.event === 'halted')) return
  const run = loadRun(tx.sql, id)
  const row = run?.plan.rolling === undefined ? undefined : loadRolling(tx.sql, run.plan.rolling)
  if (!run || !row || batchOf(row.rolling, run.plan.host).length < 2) return
  const { plan: { host }, run: { halt: turn } } = run
  const says = `${host} is halted: ${turn?.subject ?? ''} ${turn?.claim ?? ''}`
  // It was stopped with the others.
  if (turn?.subject === row.plan.id) return
  const failure = event === 'turned' ? undefined : failureIn(run, tx.now)
  if (failure !== undefined) rolled(keeper, tx, row.plan.id, { is: 'failed', host, says: failure })
  else if (row.rolling.halt === undefined) rolled(keeper, tx, row.plan.id, { is: 'halted', says })
  // Runs of a rolling run that is halted may have gone on by the words of both: that one of them is halted stops them again, and they are told of each.
  if (row.rolling.halt !== undefined) for (const [other, beside] of atWork(tx.sql, row)) if (other !== host && beside.run.guarded) halt(keeper, tx, beside.plan.id, { subject: row.plan.id, is: 'other', claim: `was stopped: ${says}` })
}

/** Both hear of it by the word of the rolling run; where one of them has handed over, by its own too. */
function stopBeside(keeper: ToPeople, tx: Tx, { row: { plan: { id, by, does, checks } }, host, says }: { readonly row: RollingRow; readonly host: string; readonly says: string }, run: RunRow): void {
  const isTold = run.plan.does === does && run.plan.checks === checks
  if (run.run.guarded) (isTold ? haltQuietly : halt)(keeper, tx, run.plan.id, { subject: id, is: 'other', claim: `was stopped: ${says}` })
  else endHost(keeper, tx, { id, host, by }, run)
}

/** Stops everything of it: no further host begins, and what is at work is halted; a run of which nothing was pressed is ended, and its host is to come again. */
export function haltRolling(keeper: ChangeKeeper, tx: Tx, row: RollingRow, by: string): RollingRow | string {
  const halted = rolled(keeper, tx, row.plan.id, { is: 'halted', says: byHand(by).claim }, by)
  if (typeof halted === 'string') return halted
  for (const [host, run] of atWork(tx.sql, row)) {
    if (run.run.guarded) halt(keeper, tx, run.plan.id, { ...byHand(by), subject: row.plan.id }, by)
    else endHost(keeper, tx, { id: row.plan.id, host, by }, run)
  }
  return loadRolling(tx.sql, row.plan.id) ?? halted
}

/** Ends it, and the run that is at work, where they are. */
export function abortRolling(keeper: ChangeKeeper, tx: Tx, row: RollingRow, by: string): RollingRow | string {
  const { id } = row.plan
  for (const [host, run] of atWork(tx.sql, row)) endHost(keeper, tx, { id, host, by }, run)
  const left = loadRolling(tx.sql, id)
  if (left?.rolling.over === undefined) return rolled(keeper, tx, id, { is: 'stopped' }, by)
  resolveOne(keeper, tx, `rolling:${id}`, 'it is over')
  return left
}

/** Lets the next host begin, as soon as all that it wants passes; both people then press for its first step as for any other. */
export const resumeRolling = (keeper: ChangeKeeper, tx: Tx, { plan }: RollingRow, by: string): RollingRow | string => rolled(keeper, tx, plan.id, { is: 'resumed' }, by)

const atWork = (sql: Tx['sql'], { rolling }: RollingRow): (readonly [string, RunRow])[] => hostsIn(rolling, 'at-work').flatMap((host) => {
  const stage = rolling.stages[host]
  const run = stage?.is === 'at-work' ? loadRun(sql, stage.run) : undefined
  return run ? [[host, run] as const] : []
})

/** Nobody is rung for what somebody ends. */
function endHost(keeper: ToPeople, tx: Tx, { id, host, by }: { readonly id: string; readonly host: string; readonly by: string }, run: RunRow): void {
  const ended = abort(keeper, tx, run, by)
  const phase = typeof ended === 'string' ? run.run.phase : ended.run.phase
  if (phase.is === 'over') keeper.rooms.change.rollings.take(tx, id, { is: 'ended', host, how: phase.how, touched: run.run.tried.length > 0 }, by)
}
