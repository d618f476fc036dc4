// What a doer is told to do, and where its words go: from runs as they stand in the ledger, and into them. Before anything is sent, which thing it found
// there is written down; and the last word before the deed is held against the run as it is in that moment, so that whatever halted it
// between the ruling and the deed keeps the deed from beginning, and so does an edit.
import { loadGoing, loadRun } from '../../../rooms/change/runs/rows.ts'
import { drawnAnew } from '../../../rooms/change/runs/course.ts'
import type { RunRow } from '../../../rooms/change/runs/record.ts'
import type { Order } from '../../../rooms/change/runs/doing.ts'
import type { FilledAct } from '../../../rooms/change/runbook.ts'
import { hostOf } from '../../../rooms/change/topology.ts'
import { isWithin } from '../../../core/time.ts'
import { BEGIN_WITHIN, type DoerEars } from './doer-line.ts'
import { courseFor, NOTHING_PLANNED, type ChangeKeeper } from '../grounds.ts'
import type { Runs } from '../runs.ts'

const wayOf = ({ run: { phase } }: RunRow) => (phase.is === 'running' ? phase.way : undefined)

/** What the step under way does, or the way back of it, where a driver does it. */
function deedOf(row: RunRow): Extract<FilledAct, { is: 'driver' }> | undefined {
  const way = wayOf(row)
  const step = way && row.plan.runbook.steps[way.step]
  const act = way?.back === true ? step?.undo : step?.act
  return act?.is === 'driver' ? act : undefined
}

/** Nothing of it is asked before the store is open: until then no doer is served. */
export function earsOf(keeper: () => ChangeKeeper & { readonly runs: Runs }): DoerEars {
  const going = (): RunRow[] => loadGoing(keeper().store.sql)
  return {
    waiting: () => going().flatMap((row) => {
      const way = wayOf(row)
      return way && deedOf(row) ? [{ run: row.plan.id, token: way.token }] : []
    }),
    orderFor(run): Order | undefined {
      const row = loadRun(keeper().store.sql, run)
      const way = row && wayOf(row)
      const deed = row && deedOf(row)
      const step = way && row.plan.runbook.steps[way.step]
      if (!row || !way || !deed || !step) return undefined
      const topology = keeper().config.change ?? NOTHING_PLANNED
      const on = typeof deed.config['on'] === 'string' ? deed.config['on'] : row.plan.host
      const doors = Object.fromEntries([...new Set([on, row.plan.host])].flatMap((name) => { const door = hostOf(topology, name)?.ssh; return door ? [[name, door]] : [] }))
      const beside = going().map(({ plan: { id } }) => id).filter((id) => id !== run)
      const claims = way.back ? undefined : step.until.find((it) => it.is === 'driver')?.claims
      return { run, of: keeper().store.node, token: way.token, step: step.id, back: way.back, driver: deed.driver, config: deed.config, doors, within: step.within, rehearse: row.plan.rehearse, beside, ...(claims ? { claims } : {}) }
    },
    isHalted(run, token) {
      const { run: of } = loadRun(keeper().store.sql, run) ?? {}
      const way = of?.phase.is === 'running' || of?.phase.is === 'over' ? of.phase.way : undefined
      return way?.token === token && (of?.phase.is === 'over' || (of?.halt !== undefined && way.against !== true))
    },
    async identity(run, token, identity) {
      return keeper().engine.turn('change.identity', (tx) => {
        const row = loadRun(tx.sql, run)
        const way = row && wayOf(row)
        if (!row || way?.token !== token) return 'it is not under way any more'
        if (!isWithin(way.begun, tx.now, BEGIN_WITHIN)) return 'it was ruled on too long ago'
        if (row.run.halt !== undefined && way.against !== true) return `the run was halted: ${row.run.halt.claim}`
        // It is done by the addresses of now: they have to be those that both agreed on.
        const drawn = drawnAnew(courseFor(keeper(), row, 'press'), way)
        if (typeof drawn === 'string') return drawn
        tx.append({ is: 'change.identified', stream: `run:${run}:identities`, body: { id: run, token, identity: identity.slice(0, 500), at: tx.now.wall } })
        return 'go'
      })
    },
    acted: (run, token, acted, isBegun) => keeper().runs.acted(run, token, acted.is === 'failed' && (!isBegun || acted.begun === false) ? 'not-begun' : acted.is, acted.says),
    seen: async (run, token, found, from) => keeper().runs.seen(run, token, found.is, from),
    lost: (run, token) => keeper().runs.lost(run, token),
  }
}
