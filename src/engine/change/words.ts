// What people read of a run: what they are asked to agree on, and what stopped it.
import { sayTime, ms, type Now } from '../../core/time.ts'
import { legHash, causeOf, type Despite, type RunRow } from '../../rooms/change/runs/record.ts'
import { wayIn, type Became, type Leg } from '../../rooms/change/runs/run.ts'
import type { Wish } from '../../rooms/people/agreements.ts'

/** What both agree to once, for all of a run: the `what` of that agreement. */
export const WHOLE = 'change.unattended'

/** As it is now, beside what was planned where that was another number. */
export function sayTolerates(now: number | null, planned: number | null): string {
  const before = now === planned || planned === null ? '' : ` When it was planned: ${planned}.`
  if (now === null) return `How many further failures are tolerated is not known.${before}`
  return now < 0 ? `Too few are left.${before}` : `Afterwards ${now} further ${now === 1 ? 'failure is' : 'failures are'} tolerated.${before}`
}

/** What both would go on against: a halt. A window that closes is one within the second (C-15). */
export const goesAgainst = ({ run }: Pick<RunRow, 'run'>): string | undefined => (run.halt ? `It is halted: ${run.halt.subject} ${run.halt.claim}.` : undefined)

/** So many are read behind a link; the others by `holdfast runbooks show`. */
const MOST_ACCEPTED = 6

/** What somebody took upon themselves when it began, with why: whoever presses goes on that. */
export const sayAccepted = ({ accepted, by, id }: Pick<RunRow['plan'], 'accepted' | 'by' | 'id'>): string[] => [
  ...accepted.slice(0, MOST_ACCEPTED).map(({ code, reason }) => `Accepted by ${by}: ${code}, “${reason.trim().slice(0, 300)}”.`),
  ...(accepted.length > MOST_ACCEPTED ? [`And ${accepted.length - MOST_ACCEPTED} more: holdfast runbooks show ${id}.`] : []),
]

/** Both see the same text, target and words; `against`: it is gone although that is so, and both type the target. `tolerance`: what is tolerated after it by what is known now. */
export function askFor({ plan, run }: RunRow, leg: Leg, against: string | undefined, tolerance: number | null): Omit<Wish, 'lapses'> {
  const { runbook, texts, host, does, checks, beside } = plan
  const it = texts[leg.step]
  const step = runbook.steps[leg.step]
  const text = [
    `${runbook.title}, on ${host} (${plan.id}).`,
    ...(beside ? [`At work at the same time: ${beside.hosts.join(', ')}. Whatever halts one of them halts all.`] : []),
    ...(plan.rehearse ? ['A rehearsal: all of it but the deed. Nothing is changed.'] : []), ...sayAccepted(plan),
    `${leg.back ? 'The way back of step' : 'Step'} ${leg.step + 1} of ${runbook.steps.length}, ${step?.id ?? ''}: ${(leg.back ? it?.back : it?.text) ?? ''}`,
    ...(step && step.takes.length > 0 && !leg.back && !plan.rehearse ? [`It is expected to take down: ${step.takes.join(', ')}, and nothing else.`] : []),
    ...(leg.back ? [] : [...(runbook.keep || runbook.hosts.cluster !== undefined ? [sayTolerates(tolerance, it?.tolerance ?? null)] : []), step?.undo ? 'It can be undone.' : 'It cannot be undone.']),
    ...(step?.idempotent === true && !leg.back && run.tried.includes(leg.step) ? ['It was begun before, and begins once more: it is idempotent.'] : []),
    ...(against === undefined ? [] : [`${against} You go on against that.`]),
  ].join('\n')
  return {
    what: 'change.step', title: `${leg.back ? 'Undo' : 'Step'} ${step?.id ?? ''}: ${runbook.title}`.slice(0, 120), text, hash: legHash(plan, leg), asks: 'ready', parties: [{ person: does, as: 'does' }, { person: checks, as: 'checks' }], alone: 'never', by: plan.by,
    ...(against !== undefined || (!plan.rehearse && !leg.back && step?.undo === undefined) ? { typed: host } : {}),
  }
}

/** What both are asked of a run that stands: whether to go on, or what became of a step. */
export function askDecision({ plan, run, lost }: RunRow, { purpose, as, despite }: { readonly purpose: 'resume' | 'decide'; readonly as?: Became; readonly despite: readonly Despite[] }): Pick<Wish, 'title' | 'text'> {
  const step = (wayIn(run)?.step ?? 0) + 1
  const title = purpose === 'resume' ? `Go on: ${plan.runbook.title}` : as === 'unknown' ? `Step ${step} may begin once more` : `Step ${step} was ${as === 'done' ? '' : 'not '}done`
  const look = as === 'unknown' ? 'Nobody knows what became of it. It is idempotent: done twice it is as if it had been done once.' : 'Look first, both of you: nobody knows what became of it.'
  return {
    title: title.slice(0, 120),
    text: [
      `${plan.runbook.title}, on ${plan.host} (${plan.id}).`, ...(run.halt ? [`It is halted: ${run.halt.subject} ${run.halt.claim}.`] : []),
      ...(purpose === 'decide' && lost?.word ? [`Whoever did it spoke up after all: it ${lost.word.says}.`] : []),
      purpose === 'resume' ? `It goes on only when everything${despite.length > 0 ? ' else' : ''} passes by looks that begin after both of you have said so.` : look,
      ...(despite.length > 0 ? [`You go on despite ${sayDespite(despite)}: down with what was taken, and not up again although that is back. If a step that is still to come does not bring it back, refuse.`] : []),
    ].join('\n'),
  }
}

/** "incident 3 (node is down)" */
export const sayDespite = (despite: readonly Despite[]): string => despite.slice(0, 5).map(({ number, title }) => `incident ${number} (${title})`).join(', ') + (despite.length > 5 ? ` and ${despite.length - 5} more` : '')

/** "Step 3 (memory), on db-1," */
export const sayStep = ({ plan: { runbook, host }, run }: RunRow): string => {
  const way = wayIn(run)
  return `${way?.back === true ? 'The way back of step' : 'Step'} ${(way?.step ?? 0) + 1} (${runbook.steps[way?.step ?? 0]?.id ?? ''}), on ${host},`
}

/** "link:db-2/eth0 lost carrier 4 s after step 3 (memory) began. Nothing more begins; …" */
export function saySurprise(row: RunRow, now: Now): string {
  const { run, plan } = row
  const turn = run.halt
  if (!turn) return 'it goes on'
  const { after_step: step, after_ms: after } = causeOf(row, turn, now)
  const at = plan.runbook.steps.findIndex(({ id }) => id === step)
  const when = step === null ? '' : ` ${after === null ? '' : `${after < 1000 ? 'less than 1 s' : sayTime(ms(Math.round(after / 1000) * 1000))} `}after step ${at + 1} (${step}) began`
  const last = run.done.at(-1)
  const before = step !== null || last === undefined ? '' : `, after step ${last + 1} (${plan.runbook.steps[last]?.id ?? ''}) was done`
  return `${turn.subject} ${turn.claim}${when}${before}. ${plan.runbook.title}, on ${plan.host}: ${run.trust?.isBack === true ? 'it goes the ways back of what it began by itself' : 'nothing more begins, and nothing is killed'}. holdfast runbooks show ${plan.id}`
}

/** What became of a run: `says` in sentences. `isHalted`: it stands, and is not over. */
export interface SaidOutcome { readonly isOver: boolean; readonly isHalted: boolean; readonly says: string }

/** What became of a run since its people were asked for something; `null` where nothing more is to be said than that they were. */
export function sayOutcome(row: RunRow, it: { readonly id: string; readonly what: string; readonly isAgreed: boolean; readonly endedBy?: string }): SaidOutcome | null {
  const { plan, run: { phase, trust, halt }, asked, acted } = row
  if (phase.is === 'over') {
    const { how, way } = phase
    const under = way && acted?.token !== way.token ? ` ${way.back ? 'The way back of step' : 'Step'} ${way.step + 1} (${plan.runbook.steps[way.step]?.id ?? ''}), on ${plan.host}, was under way: it is not killed, and nobody has seen its end.` : ''
    return { isOver: true, isHalted: false, says: how === 'done' ? 'The run is done.' : how === 'undone' ? 'The run is over: all that it began was taken back.' : `The run was aborted: nothing more of it begins.${under}` }
  }
  const goes = (says: string): SaidOutcome => ({ isOver: false, isHalted: false, says })
  if (it.isAgreed && it.endedBy !== undefined && ![plan.does, plan.checks, asked?.hands?.to].includes(it.endedBy)) return goes(`The run goes on: ${it.endedBy} has handed over, and stops nothing by a link of before. holdfast runbooks halt ${plan.id} stops it.`)
  const isWhole = it.what === WHOLE && asked?.agreement !== it.id
  if (isWhole && trust?.isBack === true) return goes('A surprise halted the run: it goes the ways back of what it began by itself.')
  // Whoever comes back to a link of theirs is not to read that all is well.
  if (it.isAgreed && halt !== undefined) return { isOver: false, isHalted: true, says: `The run is halted: ${halt.subject} ${halt.claim}. ${sayWhere(row) ?? 'Nothing is under way, and nothing more begins.'}` }
  if (isWhole && trust === undefined) return goes(`It does not go by itself${it.isAgreed ? ' any more' : ''}: its people lead it.`)
  if (isWhole) return goes('The run goes by itself: nobody is asked again.')
  const where = it.isAgreed && asked?.agreement !== it.id ? sayWhere(row) : undefined
  return where === undefined ? null : goes(where)
}

/** How far a run is that is not over; `undefined`: nothing of it has begun. */
function sayWhere(row: RunRow): string | undefined {
  const { run: { phase, done, steps } } = row
  if (phase.is === 'running') return `${sayStep(row)} is under way${row.run.halt === undefined ? '' : ': it is not killed, and nothing more begins'}.`
  if (phase.is === 'unknown') return `${sayStep(row)} was under way, and nobody knows what became of it.`
  return done.length === 0 ? undefined : `${done.length} of ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} ${done.length === 1 ? 'is' : 'are'} done${row.run.halt === undefined ? '' : '; nothing is under way, and nothing more begins'}.`
}
