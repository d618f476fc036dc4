// A drill that a person asks for: of one copy, or of the newest that counts. It is begun and answered at once; its report comes when it comes.
import { drillTask } from '../../rooms/guard/drills/duty.ts'
import { loadReports } from '../../rooms/guard/drills/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { DrillBegunAnswer } from '../../views/drills.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'

export function beginDrill(keeper: Keeper, set: BackupSet, { store, copy }: { readonly store?: string | undefined; readonly copy?: string | undefined }, by: string): Answer {
  const stores = set.in.map((it) => it.store)
  if (store !== undefined && !stores.includes(store)) return no(404, 'HF404', `${set.name} does not lie in “${store}”`, `it lies in: ${stores.join(', ')}`)
  const { sql } = keeper.store
  const task = stores.filter((it) => store === undefined || it === store).map((it) => drillTask(sql, set, it, { key: copy, now: keeper.now().wall, by })).find((it) => it !== undefined)
  if (!task) return no(404, 'HF404', copy === undefined ? `there is no copy of ${set.name} to drill` : `no copy of ${set.name} is called “${copy.slice(0, 200)}”`, `holdfast backups show ${set.name} names them`)
  const after = loadReports(sql, set.name, 1)[0]?.id ?? 0
  keeper.guard.ask(task)
  const begun: DrillBegunAnswer = { schema: 'holdfast.drill-begun/1', set: set.name, store: task.store, copy: task.copy.key, after }
  return ok(begun)
}
