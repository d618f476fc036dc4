// What really became of a host of a rolling run, by the story of its run: as C-20 counts it, and not as the node does.
import type { Story } from './invariants.ts'

/** The host, where something of it had failed by then that whoever went on at `resumed` could not know: a step that failed or was lost since, or a run that was taken back or ended after a beginning. */
export function isTouched({ plan, moves }: Story, before: number, resumed: number): readonly string[] {
  const since = moves.filter(({ seq }) => seq < before && seq > resumed)
  const over = since.find(({ after }) => after.phase.is === 'over')
  const hasFailed = since.some(({ event, before: was, after }) => {
    const way = was.phase.is === 'running' ? was.phase.way : undefined
    return event === 'lost' || (event === 'failed' && way?.back === false && after.begun.includes(way.step))
  })
  const isBad = over?.after.phase.is === 'over' && over.after.phase.how !== 'done' && over.after.tried.length > 0
  return (hasFailed || isBad) && plan ? [plan.host] : []
}
