// What really became of a run by its story, as it is counted from outside and not as the node does: of a host of a rolling run, and who led it at a moment.
import type { HandOver } from '../../src/rooms/change/runs/record.ts'
import type { Moved, Story } from './invariants.ts'

/** What was asked of people when this became of it. */
export const askedBefore = ({ moves }: Pick<Story, 'moves'>, { seq }: Pick<Moved, 'seq'>): Moved['asked'] => moves.findLast((it) => it.seq < seq)?.asked

/** Each hand-over that came about, with what had been asked for. */
export const handedIn = (story: Pick<Story, 'moves'>): readonly (Moved & { readonly hands: HandOver; readonly agreement: string })[] => story.moves.flatMap((it) => {
  const { hands, agreement = '' } = askedBefore(story, it) ?? {}
  return it.event === 'handed-over' && hands ? [{ ...it, hands, agreement }] : []
})

/** Its two people just before that: those with whom it began, but for whoever has handed over since. */
export function leadersAt(story: Pick<Story, 'moves' | 'plan'>, seq: number): readonly string[] {
  const { does = '', checks = '' } = story.plan ?? {}
  const led = { does, checks }
  for (const { hands: { as, to } } of handedIn(story).filter((it) => it.seq < seq)) led[as] = to
  return [led.does, led.checks]
}

const isFailure = ({ event, before: was, after }: Moved): boolean => {
  const way = was.phase.is === 'running' ? was.phase.way : undefined
  return event === 'lost' || (event === 'failed' && way?.back === false && after.begun.includes(way.step))
}

/**
 * The host, where something of it had failed by then that whoever went on at `resumed` could not know: a step that failed or was lost since, or a run that was taken
 * back or ended after a beginning. Each host counts once: of one that had failed before, what is not known is how it ends.
 */
export function isTouched({ plan, moves, ledger }: Story, before: number, resumed: number): readonly string[] {
  const since = moves.filter(({ seq }) => seq < before && seq > resumed)
  // What is told of a run after its end is no second end.
  const over = moves.find(({ after }) => after.phase.is === 'over')
  const how = over?.after.phase.is === 'over' && since.includes(over) ? over.after.phase.how : undefined
  // What is not seen to be done in time, or after a boot not known to be in time, is told, and stands in no move of the run.
  const isTold = ledger.some(({ seq, is, body }) => is === 'change.rolled' && seq <= resumed && (body['told'] as readonly { event: string; run: string | null }[]).some((it) => it.event === 'failed' && it.run === plan?.id))
  const hadFailed = how === 'done' && (isTold || moves.some((it) => it.seq <= resumed && isFailure(it)))
  const hasFailed = !hadFailed && since.some(isFailure)
  const isBad = how !== undefined && how !== 'done' && (over?.after.tried.length ?? 0) > 0
  return (hasFailed || isBad) && plan ? [plan.host] : []
}
