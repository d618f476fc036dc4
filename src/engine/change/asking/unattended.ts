// A run that goes on by itself: both agree once to all of it, step by step as it stands written down, and in its window each step begins by looks that began after its turn had come.
// The first surprise ends that: both are paged, and what follows is led by them, but for the ways back where the runbook says so. Nobody is asked in the meantime, so
// whatever is not as it was agreed on ends it too.
import { dueIn, hours, isDue, ms, type Due, type Instant, type Now, type Span } from '../../../core/time.ts'
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Tx } from '../../../db/room.ts'
import type { RunRow } from '../../../rooms/change/runs/record.ts'
import { loadRun } from '../../../rooms/change/runs/rows.ts'
import { legsOf, type Leg } from '../../../rooms/change/runs/run.ts'
import { sayUtc } from '../../../words/moment.ts'
import type { ChangeKeeper } from '../grounds.ts'
import { WHOLE, sayAccepted, sayTolerates } from '../words.ts'
import { disarm, OFFER } from './offers.ts'

/** Both have agreed by then, or nothing goes by itself. Their links live to the end of it all the same: each of them stops it, to the end. */
const AGREED_WITHIN: Span = hours(1)
/** Ways back are gone after its time too. */
const BACK: Span = hours(1)

/** Asks both for all of it; a sentence where they cannot be asked. */
export function askWhole(keeper: ChangeKeeper, tx: Tx, id: string, time: { readonly from: Instant; readonly until: Instant }): RunRow | string {
  const { change, people } = keeper.rooms
  const row = loadRun(tx.sql, id)
  if (!row) return 'there is no such run'
  const { plan } = row
  const { runbook, texts, host, does, checks } = plan
  const undoes = runbook.unattended?.onHalt === 'undo'
  const text = [
    `${runbook.title}, on ${host} (${id}).`, ...(plan.rehearse ? ['A rehearsal: all of it but the deeds. Nothing is changed.'] : []), ...sayAccepted(plan),
    `Both of you press within an hour, or nothing of it goes.`,
    `It goes by itself, between ${sayUtc(time.from)} and ${sayUtc(time.until)}. Nobody is asked again:`,
    ...runbook.steps.map((step, at) => `${at + 1}. ${step.id}: ${texts[at]?.text ?? ''}${step.takes.length > 0 ? ` (takes ${step.takes.join(', ')} down)` : ''}. ${sayTolerates(texts[at]?.tolerance ?? null, texts[at]?.tolerance ?? null)} Its way back: ${texts[at]?.back ?? ''}`),
    'Each step begins only when everything passes by looks that begin when its turn has come. The first surprise stops it and pages you both.',
    undoes ? 'Then it goes the ways back of all that it began, the last one first, by itself, also where not everything passes: for an hour, and never later than an hour after that time.' : 'Then it stays as it is, until you go on or back.',
  ].join('\n')
  const made = people.agreements.ask(tx, {
    what: WHOLE, title: `Without you: ${runbook.title}`.slice(0, 120), text, asks: 'ready', alone: 'never', by: plan.by, lapses: ms(Math.max(AGREED_WITHIN, time.until - tx.now.wall + (undoes ? BACK : 0))), typed: host,
    hash: sha256(canonical({ run: id, plan: plan.hash, rehearse: plan.rehearse, ...time, undoes, text })), parties: [{ person: does, as: 'does' }, { person: checks, as: 'checks' }],
  })
  if (made.is === 'refused') return made.says
  change.await(tx, id, { agreement: made.id, purpose: 'whole', time, agreedBy: dueIn(tx.now, AGREED_WITHIN) })
  return loadRun(tx.sql, id) ?? 'there is no such run'
}

/** Whether the hour is over in which both had to agree, and they had not; after a boot nobody knows. */
export function isTooLate({ asked }: Pick<RunRow, 'asked'>, now: Now): boolean {
  if (asked?.purpose !== 'whole' || asked.agreedBy === undefined) return false
  const { agreedBy: by, agreedAt: at } = asked
  return by.boot !== now.boot || (at === undefined ? isDue(by, now) : at.tick > by.tick)
}

/** Both have agreed, or their time to agree is over. */
export function entrust(keeper: ChangeKeeper, tx: Tx, row: RunRow): void {
  const { rooms: { change, people } } = keeper
  const { plan, asked } = row
  if (!asked?.time) return
  if (isTooLate(row, tx.now)) {
    people.agreements.seen(tx, asked.agreement, 'too late')
    return change.await(tx, plan.id, undefined, asked.agreedBy?.boot === tx.now.boot ? 'it does not go by itself: not both had agreed within an hour' : 'it does not go by itself: this machine has booted since both were asked')
  }
  const at = (wall: Instant): Due => dueIn(tx.now, ms(Math.max(0, wall - tx.now.wall)))
  const [from, until] = [at(asked.time.from), at(asked.time.until)]
  const taken = change.take(tx, plan.id, { is: 'entrusted', trust: { from, until, undoes: plan.runbook.unattended?.onHalt === 'undo' } }, { asked: null, by: `${plan.does} and ${plan.checks}`, says: `all of it, to go by itself from ${sayUtc(asked.time.from)} to ${sayUtc(asked.time.until)}` })
  if (typeof taken === 'string') change.await(tx, plan.id, undefined, taken)
}

/** What is to be done about a run that goes by itself now; nothing while it waits for its time, or a step is under way. */
export type NextAlone = { readonly is: 'due'; readonly leg: Leg } | { readonly is: 'over'; readonly says: string; /** Both have heard of it already. */ readonly isHeard?: true } | undefined

export function nextAlone({ run }: RunRow, { now, isOpen }: { readonly now: Now; readonly isOpen: boolean }): NextAlone {
  const { trust, phase } = run
  if (!trust || phase.is !== 'waiting') return undefined
  const leg = legsOf(run).find(({ back }) => back === (trust.isBack === true))
  if (trust.isBack === true && !leg) return { is: 'over', says: 'there is nothing to take back', isHeard: true }
  if (trust.until.boot !== now.boot) return { is: 'over', says: 'this machine has booted since both agreed: nobody knows how long it was away' }
  if (isDue(trust.until, now)) return { is: 'over', says: 'its time is over' }
  if (trust.isBack === true && leg) return { is: 'due', leg }
  return leg && isOpen && now.wall >= trust.from.wall && now.tick >= trust.from.tick ? { is: 'due', leg } : undefined
}

export function goOnAlone(keeper: ChangeKeeper, tx: Tx, id: string, next: NonNullable<NextAlone>): void {
  const { change } = keeper.rooms
  if (next.is === 'due') return void change.take(tx, id, { is: 'due', leg: next.leg, lapsesAt: dueIn(tx.now, OFFER) }, { asked: null })
  disarm(keeper, tx, id, { says: next.says, isHeard: next.isHeard === true })
}
