// What must hold of a run that goes by itself: it begins only what both agreed to at once, in the time that they agreed to by both clocks, in that boot of the machine, and nothing after
// the first surprise, a hand, a hand-over or what nobody knows; but for the ways back, where they agreed to those. Who leads it hears when it does not go by itself any more.
import { begins, overlaps, rungBy, type Check, type Story } from './invariants.ts'
import { leadersAt } from './truth.ts'

/** C-5, C-6, C-15: what began by itself. */
const alone: Check = (story) => begins(story).flatMap((it) => {
  if (it.before.trust === undefined) return []
  const { world, moves, plan } = story
  const { seq, at, wall, way: { step, back } } = it
  const entrusted = moves.findLast((one) => one.event === 'entrusted' && one.seq < seq)
  const asked = moves.findLast((one) => one.seq < (entrusted?.seq ?? 0) && one.asked?.purpose === 'whole')?.asked
  const says = (name: string, why: string): string => `${name}: ${back ? 'the way back of ' : ''}step ${step + 1} began by itself at ${at}, ${why}`
  if (!entrusted || !asked?.time) return [says('C-5', 'and nobody had agreed to that')]
  const said = new Set<string>(world.people.presses.filter((one) => one.agreement === asked.agreement && one.act === 'go' && one.by === one.as && !one.refused).map(({ by }) => by))
  const since = moves.filter((one) => one.seq > entrusted.seq && one.seq < seq)
  const isHalted = since.some(({ after }) => after.halt !== undefined)
  const { time: { from, until } } = asked
  // By the clock that can be set, and by the one that cannot, from where they stood when it was agreed on.
  const [byWall, byTick] = [wall, entrusted.wall + (at - entrusted.at)]
  const isTime = [byWall, byTick].every((now) => now >= from - 2 && now < until + 2)
  const hasFailedBack = since.some(({ event, before: { phase } }) => event === 'lost' || (event === 'failed' && phase.is === 'running' && phase.way.back))
  const handed = since.some((one) => one.asked?.purpose === 'hand-over')
  const byHand = world.people.halts.some((one) => one.run === plan?.id && one.at > entrusted.at && one.at < at)
  return [
    ...(leadersAt(story, entrusted.seq).every((one) => said.has(one)) ? [] : [says('C-5', `on the word of ${[...said].join() || 'nobody'}`)]),
    ...(handed ? [says('C-5', 'and one of those who had agreed to that was to hand over')] : []),
    ...(!back && isHalted ? [says('C-6', 'and it had been halted')] : []),
    ...(back && (!isHalted || world.kind.alone?.onHalt !== 'undo') ? [says('C-15', 'and nobody had agreed to that')] : []),
    ...(byHand ? [says('C-6', 'and somebody had halted it by hand')] : []),
    ...(hasFailedBack ? [says('C-4', 'and what was before it is not known, or failed')] : []),
    ...(!back && !isTime ? [says('C-6', 'outside the time that both had agreed to')] : []),
    ...(world.happened.boots.some((one) => one > entrusted.at && one < at) ? [says('C-6', 'and the machine had booted since')] : []),
  ]
})

/** C-8: both hear of it when it is theirs again, and nothing halted it. */
const told: Check = (story) => story.moves.flatMap(({ seq, at, event, before }, n) => {
  const { world, moves } = story
  const by = at + 10_000
  const isHandedOver = moves[n + 1]?.asked?.purpose === 'hand-over'
  if (event !== 'distrusted' || before.halt !== undefined || isHandedOver || by > world.end || overlaps(world.host.away, at - 1000, by)) return []
  const rung = rungBy(story, by)
  return leadersAt(story, seq).every((it) => rung.has(it)) ? [] : [`C-8: it does not go by itself any more since ${at}, and only ${[...rung].join() || 'nobody'} was paged by ${by}`]
})

/** C-8, C-15: and both hear of it when it does not go its ways back by itself any more, by a page of its own: of the halt they had heard, and with it that it goes back. */
const toldBack: Check = (story) => story.moves.flatMap(({ seq, at, before, after, told: lines }, n) => {
  const { world, ledger, moves, plan } = story
  const by = at + 10_000
  const isEnded = before.trust?.isBack === true && after.trust === undefined && after.phase.is !== 'over' && !lines.some(({ says }) => says?.endsWith('there is nothing to take back') === true)
  if (!isEnded || moves[n + 1]?.asked?.purpose === 'hand-over' || by > world.end || overlaps(world.host.away, at - 1000, by)) return []
  const own = ledger.filter((it) => it.is === 'incident.opened' && it.seq > seq && String(it.body['subject']).startsWith(`run:${plan?.id}/`)).map(({ stream }) => stream)
  const rung = new Set(world.rings.filter((it) => it.at >= at && it.at <= by && own.includes(it.incident)).map((it) => it.person))
  return leadersAt(story, seq).every((it) => rung.has(it)) ? [] : [`C-8: it does not go back by itself any more since ${at}, and only ${[...rung].join() || 'nobody'} was paged by ${by}`]
})

/** What did not hold of how it went by itself, in sentences. */
export const judgeAlone = (story: Story): string[] => [...alone(story), ...told(story), ...toldBack(story)]
