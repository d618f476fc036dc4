// One of the two people of a run hands over in the middle of it (C-17). Both who lead it from then on agree to that: whoever takes over, and whoever stays; who leaves need not be there,
// since that is mostly why. From the moment it is asked for nothing is asked of the former two: their open links are void, and nothing begins before it is known who leads the
// run. What is under way goes on and stays watched; what both said before they were two others begins nothing.
import { hours, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { HandOver, RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { wayIn } from '../../../rooms/change/runs/run.ts'
import { loadOpen } from '../../../rooms/page/rows.ts'
import { firstOf } from '../../../rooms/page/plan.ts'
import type { ChangeKeeper } from '../grounds.ts'
import { HANDED, isOfRun } from '../incidents/subjects.ts'
import { disarm, offerNext, resolveOne } from './offers.ts'

const LAPSES: Span = hours(1)

/** Asks whoever takes over and whoever stays; a sentence where it cannot be. `may`: who may take each part now. */
export function askHandOver(keeper: ChangeKeeper, tx: Tx, row: RunRow, it: Omit<HandOver, 'as'> & { readonly by: string; readonly may: (as: HandOver['as']) => readonly string[] }): RunRow | string {
  const { change, people } = keeper.rooms
  const { plan, run, asked } = row
  const { from, to, reason, by, may } = it
  if (run.phase.is === 'over') return 'it is over'
  const as = from === plan.does ? 'does' : from === plan.checks ? 'checks' : undefined
  if (as === undefined) return `${from} is none of its two people: ${plan.does} does it, and ${plan.checks} checks it`
  const stays = as === 'does' ? plan.checks : plan.does
  if (to === from || to === stays) return `${to} is one of its two people already: somebody else takes over, and two are needed`
  if (!may(as).includes(to)) return `${to} is not named for ${as === 'does' ? 'doing' : 'checking'} it, or may not: ${may(as).filter((name) => name !== from && name !== stays).join(', ') || 'nobody else is'}`
  const way = wayIn(run)
  const under = way ? `${way.back ? 'The way back of step' : 'Step'} ${way.step + 1} (${plan.runbook.steps[way.step]?.id ?? ''}) is under way, and stays watched.` : 'No step is under way.'
  const made = people.agreements.ask(tx, {
    what: 'change.hand-over', title: `Hand-over: ${plan.runbook.title}`.slice(0, 120), asks: 'yes', alone: 'never', by, lapses: LAPSES,
    text: `${plan.runbook.title}, on ${plan.host} (${plan.id}).\n${from} hands over to ${to}, who ${as} it from then on; ${stays} stays. Why: ${reason}\n${under} ${run.halt ? `It is halted: ${run.halt.subject} ${run.halt.claim}. ` : ''}Nothing that ${from} agreed to ${plan.rolling === undefined ? 'begins any more.' : `on this host begins any more. It is of this host alone: the others stay ${from}’s.`}`,
    parties: [{ person: to, as }, { person: stays, as: as === 'does' ? 'checks' : 'does' }],
  })
  if (made.is === 'refused') return made.says
  if (asked) people.agreements.seen(tx, asked.agreement, 'handed over')
  // What the former two agreed to as a whole, the new two have not. First of all: what it began by is not refused then, it is not there any more.
  disarm(keeper, tx, plan.id, { says: `${from} hands over to ${to}` })
  if (run.phase.is === 'offered' || run.phase.is === 'pressed') change.take(tx, plan.id, { is: 'refused', says: `${from} hands over to ${to}` }, { asked: null, by })
  change.await(tx, plan.id, { agreement: made.id, purpose: 'hand-over', hands: { as, from, to, reason } })
  return loadRun(tx.sql, plan.id) ?? 'there is no such run'
}

/** Both have agreed, or it does not come about: either way it is known who leads the run, and what comes next is asked for. */
export function handOver(keeper: ChangeKeeper, tx: Tx, id: string): void {
  const { change } = keeper.rooms
  const row = loadRun(tx.sql, id)
  const { hands, failed, agreedAt } = row?.asked ?? {}
  if (!row || !hands || (failed === undefined && agreedAt === undefined)) return
  if (failed !== undefined) change.await(tx, id, undefined, `${hands.from} goes on: the hand-over to ${hands.to} did not come about (${failed})`)
  else {
    const after = change.handOver(tx, id, hands, `${hands.to} and ${hands.as === 'does' ? row.plan.checks : row.plan.does}`)
    if (after) tellAll(keeper, tx, after, hands)
  }
  const now = loadRun(tx.sql, id)
  if (now) offerNext(keeper, tx, now)
}

/** What is paged of the run rings those who lead it now; and who is at a step with their own hands hears that it is another one's. */
function tellAll(keeper: ChangeKeeper, tx: Tx, row: RunRow, { from, to }: HandOver): void {
  const { plan, run } = row
  const escalate = firstOf(plan.does, plan.checks)
  const own = loadOpen(tx.sql).filter(({ subject }) => isOfRun(subject, plan.id) && !subject.startsWith(`run:${plan.id}${HANDED}/`))
  for (const { id } of own) keeper.rooms.page.event(tx, id, { is: 'led', escalate, leaves: from }, { escalate })
  // Who comes back is to let go of nothing any more.
  resolveOne(keeper, tx, `run:${plan.id}${HANDED}/${to}`, `${from} handed over to ${to}`)
  const way = wayIn(run)
  const step = way && plan.runbook.steps[way.step]
  const act = way?.back === true ? step?.undo : step?.act
  if (act?.is === 'manual') keeper.rooms.page.open(tx, { subject: `run:${plan.id}${HANDED}/${from}`, title: 'Handed over: let go of it', says: `${plan.runbook.title}, on ${plan.host}: step ${(way?.step ?? 0) + 1} (${step?.id ?? ''}) is ${to}’s now. Whatever you are at there: stop, and talk to them.`, origin: 'change', escalate: firstOf(from), members: [] })
}
