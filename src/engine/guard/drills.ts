// A drill that a person asks for: of one copy, of the newest that counts, or of one that is spoilt on the way so that it has to fail. It is begun and
// answered at once; its report comes when it comes. Which ones are at work or wait for their turn can be read, and one can be ended.
import { between, later, sayTime, type Instant } from '../../core/time.ts'
import { sayBriefly } from '../../ports/store/key.ts'
import { drillTask, plantTask } from '../../rooms/guard/drills/duty.ts'
import { loadReports } from '../../rooms/guard/drills/rows.ts'
import { lastPassed } from '../../rooms/guard/drills/remembered.ts'
import type { DrillTask } from '../../rooms/guard/protocol.ts'
import { loadCopies } from '../../rooms/guard/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { DrillBegunAnswer, DrillCancelledAnswer, DrillUnderWay, UnderWay } from '../../views/drills.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'

interface DrillAsked {
  readonly store?: string | undefined
  readonly copy?: string | undefined
  readonly planted?: boolean | undefined
}

export function beginDrill(keeper: Keeper, set: BackupSet, { store, copy, planted }: DrillAsked, by: string): Answer {
  const stores = set.in.map((it) => it.store)
  if (store !== undefined && !stores.includes(store)) return no(404, 'HF404', `${set.name} does not lie in “${store}”`, `it lies in: ${stores.join(', ')}`)
  if (planted === true && copy !== undefined) return no(400, 'HF400', 'which copy is spoilt is not chosen: it is the newest that passed', 'leave the copy out')
  const { sql } = keeper.store
  const now = keeper.now().wall
  const taskIn = (it: string): ReturnType<typeof drillTask> => (planted === true ? plantTask(sql, set, it, now) : drillTask(sql, set, it, { key: copy, now, by }))
  const task = stores.filter((it) => store === undefined || it === store).map(taskIn).find((it) => it !== undefined)
  if (!task && planted === true) return no(409, 'HF484', whyNone(lastPassed(sql, set.name, stores.filter((it) => store === undefined || it === store)), set.name, now), `holdfast backups drill ${set.name}`)
  const isThere = stores.some((it) => (store === undefined || it === store) && loadCopies(sql, set.name, it).length > 0)
  if (!task && copy === undefined && isThere) return no(409, 'HF484', `none of the copies of ${set.name} counts, so none was drilled`, `holdfast backups show ${set.name} says why; --copy <name> drills one all the same`)
  if (!task) return no(404, 'HF404', copy === undefined ? `there is no copy of ${set.name} to drill` : `no copy of ${set.name} is called “${copy.slice(0, 200)}”`, `holdfast backups show ${set.name} names them`)
  const after = loadReports(sql, set.name, 1)[0]?.id ?? 0
  keeper.guard.ask({ ...task, by })
  const begun: DrillBegunAnswer = { schema: 'holdfast.drill-begun/1', set: set.name, store: task.store, copy: task.copy.key, after }
  return ok(begun)
}

const PLAINLY = 'what fails when it is spoilt must pass when it is not'

/** Why there is nothing to spoil. */
function whyNone(passed: ReturnType<typeof lastPassed>, set: string, now: Instant): string {
  if (passed === undefined) return `no copy of ${set} was restored by a drill yet: ${PLAINLY}`
  const of = `the last restore of ${set} that passed was of ${sayBriefly(passed.key)} in ${passed.store}, ${sayTime(between(passed.at, now))} ago`
  return passed.gone ? `${of}; that copy is gone, and none that is there was restored: ${PLAINLY}` : `${of}; that copy does not count now, and no other was restored: ${PLAINLY}`
}

const named = ({ set, store, copy, planted }: DrillTask): DrillUnderWay => ({ set, store, copy: copy.key, ...(planted ? { planted } : {}) })

/** All drills that have not ended. */
export function underWay({ guard }: Keeper): UnderWay {
  const all = guard.drills()
  return {
    at_work: all.flatMap(({ task, since, says }) => (since === undefined ? [] : [{ ...named(task), since, until: later(since, task.within), says }])),
    waiting: all.flatMap(({ task, since }) => (since === undefined ? [named(task)] : [])),
  }
}

export function cancelDrill({ guard }: Keeper, { name: set }: BackupSet, store: string | undefined, who: string): Answer {
  const cancelled = guard.dropDrills({ set, store }, `${who} ended it before it was through`).map(named)
  if (cancelled.length === 0) return no(409, 'HF484', `no drill of ${set} ${store === undefined ? '' : `in ${store} `}is under way`, `holdfast backups drills ${set} shows what is`)
  const answer: DrillCancelledAnswer = { schema: 'holdfast.drill-cancelled/1', set, cancelled }
  return ok(answer)
}
