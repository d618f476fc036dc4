// What really became of a host of a rolling run, by the story of its run: as C-20 counts it, and not as the node does.
import type { Story } from './invariants.ts'

/** The host, where something of it had failed by then: a step failed or was lost, or its run was taken back or ended after a beginning. Nothing, where whoever went on at `resumed` could know all of it. */
export function isTouched({ plan, moves }: Story, before: number, resumed: number): readonly string[] {
  const past = moves.filter(({ seq }) => seq < before)
  const over = past.find(({ after }) => after.phase.is === 'over')
  const isKnown = over !== undefined && over.seq < resumed
  const hasFailed = past.some(({ event, before: was, after }) => {
    const way = was.phase.is === 'running' ? was.phase.way : undefined
    return event === 'lost' || (event === 'failed' && way?.back === false && after.begun.includes(way.step))
  })
  const isBad = over !== undefined && over.after.phase.is === 'over' && over.after.phase.how !== 'done' && over.after.tried.length > 0
  return (hasFailed || isBad) && !isKnown && plan ? [plan.host] : []
}
